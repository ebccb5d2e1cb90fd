"""A folder for one process at a time, and what there is where nothing can be locked."""
import errno
import os
import signal
import subprocess
import sys
import types

import pytest
from helpers_cli import ENV, posix

from numpyvae import locks
from numpyvae.errors import BusyError
from numpyvae.locks import Lock, try_lock

HOLD = """
import sys
from numpyvae.locks import Lock
lock = Lock(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process, which holds the lock of a folder."""
    (tmp_path / "run").mkdir()
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "run")], env=ENV,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline().strip() == b"held"
        yield process
        process.kill()


def refused(folder):
    with pytest.raises(BusyError) as caught:
        Lock(folder)
    assert str(caught.value) == (f"{folder}: another process is working on it, or was suspended in "
                                 "the middle (Ctrl-Z); let it come to its end, or end it, and try "
                                 "again")
    return True


def test_a_folder_is_one_process_s_until_it_ends_however_it_does(holder, tmp_path):
    folder = tmp_path / "run"
    assert refused(folder)
    with Lock(tmp_path):                                         # another folder is free
        pass
    if os.name == "posix":
        os.symlink("run", tmp_path / "link")
        assert refused(tmp_path / "link")                        # by whatever name
        holder.send_signal(signal.SIGSTOP)
        assert refused(folder)                                   # Ctrl-Z
        assert os.listdir(folder) == []                          # it needs no file
    holder.kill()
    holder.wait()
    with Lock(folder):
        assert refused(folder)


def test_a_lock_is_released_once(tmp_path):
    lock = Lock(tmp_path)
    lock.release()
    with Lock(tmp_path):
        lock.release()                                           # not somebody else's descriptor
        assert refused(tmp_path)


# ---------------------------------------------------------------------- no locks

@posix
@pytest.mark.parametrize("code", ["ENOTSUP", "ENOLCK", "EINVAL", "EPERM", "EBADF", "ENOSYS", "EIO"])
def test_a_file_system_without_locks(tmp_path, monkeypatch, code):
    def flock(*args):
        raise OSError(getattr(errno, code), "no")
    monkeypatch.setattr("fcntl.flock", flock)
    with open(tmp_path / "file", "wb") as file:
        assert try_lock(file.fileno()) is None
    with Lock(tmp_path), Lock(tmp_path):                         # nobody is kept out
        pass


@pytest.mark.parametrize("error", [PermissionError, FileNotFoundError])
def test_a_folder_that_cannot_be_opened(tmp_path, monkeypatch, error):
    def forbidden(path, *args):
        raise error(1, "no", path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", forbidden)
        lock = Lock(tmp_path)
    lock.release()


# ---------------------------------------------------------------------- Windows

class Windows:
    """What locks.py asks of Windows: `msvcrt`, which locks the first byte of a file."""

    LK_NBLCK = 2

    def __init__(self):
        self.locked = set()
        self.error = None

    def locking(self, descriptor, mode, nbytes):
        """As msvcrt does it, for this process: a file can be locked once."""
        assert (mode, nbytes) == (self.LK_NBLCK, 1)
        if self.error:
            raise self.error
        inode = os.fstat(descriptor).st_ino
        if inode in self.locked:
            raise PermissionError(errno.EACCES, "Permission denied")
        self.locked.add(inode)


@pytest.fixture
def windows(monkeypatch):
    """locks.py as it is under Windows, where no fcntl can be imported."""
    msvcrt = Windows()
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", msvcrt)
    monkeypatch.setattr(locks, "os", types.SimpleNamespace(**{**vars(os), "name": "nt"}))
    return msvcrt


def test_under_windows_a_file_is_locked(tmp_path, windows):
    with Lock(tmp_path):
        assert os.listdir(tmp_path) == [locks.FILE]
        assert refused(tmp_path)
    windows.locked.clear()                                       # as closing it does
    with Lock(tmp_path):
        pass
    windows.error = OSError(errno.EINVAL, "no")
    with Lock(tmp_path), Lock(tmp_path):
        pass


def test_neither_fcntl_nor_msvcrt(tmp_path, monkeypatch):
    for name in ("fcntl", "msvcrt"):
        monkeypatch.setitem(sys.modules, name, None)
    with open(tmp_path / "file", "wb") as file:
        assert try_lock(file.fileno()) is None
    with Lock(tmp_path), Lock(tmp_path):
        pass
