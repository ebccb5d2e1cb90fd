"""Where runs lie: the folder of a new one, the folder of one that is there, and unused names."""
import os

from .. import files
from ..errors import InvalidValueError
from .words import quoted


def new_folder(out, data):
    """Make the folder of a new run  ->  its path.

    out: its path, if the user chose one; it may exist if it is empty
    data: the title of the data, after which it is named otherwise: runs/digits, runs/digits-2, …
    """
    if out is None:
        return _next_folder(os.path.join("runs", data))
    if not out:
        raise InvalidValueError("--out: expected the name of a folder, got an empty one")
    if os.path.exists(os.path.join(out, "model.npz")):
        raise InvalidValueError(f"--out {out}: already holds a model.npz; name a new folder, or, "
                                f"if it is a run, resume it with --resume {quoted(out)}")
    if os.path.isdir(out) and set(os.listdir(out)) == set(files.stale(out)):
        files.sweep(out)                     # all that a kill leaves during the very first save
    if os.path.exists(out) and not (os.path.isdir(out) and not os.listdir(out)):
        raise InvalidValueError(f"--out {out}: expected a new or an empty folder, but there is "
                                "something in its place or inside it")
    os.makedirs(out, exist_ok=True)
    return out


def _next_folder(stem):
    while True:
        folder = unused(stem)
        try:
            os.makedirs(folder)
            return folder
        except FileExistsError:              # another run was faster, or `runs` is no folder
            if not os.path.isdir(os.path.dirname(stem)):
                raise


def run_folder(path):
    """`path`, if it is the folder of a run; or raise."""
    if not os.path.isfile(os.path.join(path, "model.npz")):
        raise InvalidValueError(f"{path or 'an empty name'}: expected the folder of a run, with "
                                "its model.npz; `numpyvae train` makes one")
    return path


def unused(stem, ending=""):
    """`stem` + `ending`, or the first that does not exist with -2, -3, … between them."""
    path, number = stem + ending, 2
    while os.path.lexists(path):
        path, number = f"{stem}-{number}{ending}", number + 1
    return path
