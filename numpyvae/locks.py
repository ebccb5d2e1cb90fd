"""Locks of the operating system: one process at a time works in a folder.

Such a lock is advisory, and it dies with its process, however that ends: it is never stale. A
process that is suspended keeps it. It holds between containers that share a disk. Where a file
system has no locks, nobody is kept out, and those who write have to look before they do.
"""
import os

from .errors import BusyError

FILE = "run.lock"                    # in the folder, under Windows, where no folder can be locked


def try_lock(descriptor):
    """Lock an open file  ->  True; False, another process has locked it; None, no locks here."""
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
    except ImportError:              # not under Windows
        return _try_lock_a_byte(descriptor)
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:                  # ENOTSUP, ENOLCK, EINVAL, EBADF, …: file systems differ
        return None
    return True


def _try_lock_a_byte(descriptor):
    try:
        from msvcrt import LK_NBLCK, locking
    except ImportError:              # neither, on some systems within a browser
        return None
    try:
        locking(descriptor, LK_NBLCK, 1)
    except PermissionError:
        return False
    except OSError:
        return None
    return True


class Lock:
    """A folder that is this process's own until `release`, or for the length of a `with`.

    Raises BusyError if it is another's.
    """

    def __init__(self, folder):
        self._descriptor = _opened(folder)
        if self._descriptor is not None and try_lock(self._descriptor) is False:
            self.release()
            raise BusyError(f"{folder}: another process is working on it, or was suspended in the "
                            "middle (Ctrl-Z); let it come to its end, or end it, and try again")

    def release(self):
        """Let others in."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.release()


def _opened(folder):
    """A descriptor to lock, or None where there can be none."""
    try:
        if os.name == "posix":
            return os.open(folder, os.O_RDONLY)
        return os.open(os.path.join(folder, FILE), os.O_RDWR | os.O_CREAT)
    except OSError:                  # it may be written to but not be read, for instance
        return None
