"""Where runs lie: the folder of a new one, the folder of one that is there, and unused names."""
import contextlib
import errno
import os
import stat

from .. import files
from ..errors import BusyError, InvalidValueError
from ..locks import FILE, Lock
from .words import quoted


def new_folder(out, data):
    """Make the folder of a new run  ->  its path, and the `Lock` that makes it this process's own.

    out: its path, if the user chose one; it may exist if it is empty
    data: the title of the data, after which it is named otherwise: runs/digits, runs/digits-2, …
    """
    if out is None:
        return _next_folder(os.path.join("runs", data))
    _require_room(out)
    try:
        os.makedirs(out, exist_ok=True)
    except RecursionError:                   # it goes down thousands of folders
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG), out) from None
    return out, _locked(out)


def _require_room(out):
    """Raise unless there is nothing at `out`, or a folder that is empty.

    Raises OSError where one may not look, or no name can be so long.
    """
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        os.stat(out)
    if os.path.exists(os.path.join(out, "model.npz")):
        raise taken(out)
    if os.path.lexists(out) and not (os.path.isdir(out) and _is_empty(out)):
        raise InvalidValueError(f"--out {out}: expected a new or an empty folder, but there is "
                                "something in its place or inside it")


def taken(out):
    """The error that says that a folder has a run in it already."""
    return InvalidValueError(f"--out {out}: already holds a model.npz; name a new folder, or, if "
                             f"it is a run, resume it with --resume {quoted(out)}")


def _is_empty(folder):
    """Whether there is nothing in a folder but what a kill leaves during the very first save."""
    return set(os.listdir(folder)) <= {FILE, *files.stale(folder)}


def _locked(folder):
    """The `Lock` of a folder that was empty, if it still is, now that nobody else can fill it."""
    lock = Lock(folder)
    try:
        _require_room(folder)
        files.sweep(folder)
    except BaseException:
        lock.release()
        raise
    return lock


def _next_folder(stem):
    while True:
        folder = unused(stem)
        try:
            os.makedirs(folder)
            return folder, _locked(folder)
        except FileExistsError:              # another run was faster, or `runs` is no folder
            if not os.path.isdir(os.path.dirname(stem)):
                raise
        except (BusyError, InvalidValueError):           # another run's --out names this folder
            continue


def run_folder(path):
    """`path`, if it is the folder of a run; or raise.  Raises OSError where one may not look."""
    try:
        mode = os.stat(os.path.join(path, "model.npz")).st_mode
    except (FileNotFoundError, NotADirectoryError):
        mode = 0
    if not stat.S_ISREG(mode):
        raise InvalidValueError(f"{path or 'an empty name'}: expected the folder of a run, with "
                                "its model.npz; `numpyvae train` makes one")
    return path


def unused(stem, ending=""):
    """`stem` + `ending`, or the first that does not exist with -2, -3, … between them."""
    path, number = stem + ending, 2
    while os.path.lexists(path):
        path, number = f"{stem}-{number}{ending}", number + 1
    return path
