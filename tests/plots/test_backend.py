"""matplotlib is imported whatever backend MPLBACKEND names, and windows still open in the user's.
"""
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import numpyvae


def printed(code, backend):
    """The lines that code prints in a process of its own, whose environment names a backend."""
    env = {**os.environ, "PYTHONPATH": str(Path(numpyvae.__file__).parent.parent),
           "MPLBACKEND": backend}
    done = subprocess.run([sys.executable, "-c", dedent(code)], env=env, capture_output=True,
                          text=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize("named, chosen, unknown", [
    ("svg",                     "svg",                     "None"),
    ("module://no_such_module", "module://no_such_module", "None"),
    ("no such backend",         "None",                    "no such backend"),
    ("",                        "None",                    "None")])
def test_the_backend_that_is_named_is_chosen_if_there_is_such_a_one(named, chosen, unknown):
    assert printed("""
        import os
        from numpyvae import plots
        from matplotlib import rcParams
        plots.kl_per_dimension([1, 2])
        chosen = dict.__getitem__(rcParams, "backend")           # rcParams[...] would look for one
        print(os.environ["MPLBACKEND"], chosen if isinstance(chosen, str) else None,
              plots.backend.UNKNOWN, sep="\\n")
        """, named) == [named, chosen, unknown]


def test_a_program_that_has_imported_matplotlib_has_made_its_choice():
    assert printed("""
        import matplotlib
        matplotlib.use("pdf")
        from numpyvae import plots
        print(matplotlib.get_backend(), plots.backend.UNKNOWN)
        """, "svg") == ["pdf None"]
