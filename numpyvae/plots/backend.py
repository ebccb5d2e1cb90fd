"""matplotlib, imported whatever backend MPLBACKEND names: a picture in a file needs none.

A notebook hands that variable on to its `!` lines; where the backend is not installed, matplotlib
could not even be imported.
"""
import os
import sys


def _import_matplotlib():
    """Import it, then choose that backend, for windows  ->  its name, if there is no such one."""
    if "matplotlib" in sys.modules:
        return None
    chosen = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib
    finally:
        if chosen is not None:
            os.environ["MPLBACKEND"] = chosen
    try:
        if chosen:
            matplotlib.rcParams["backend"] = chosen
    except ValueError:
        return chosen
    return None


UNKNOWN = _import_matplotlib()
