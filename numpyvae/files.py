"""Files: written whole or not at all, and read without trusting what they promise.

What they hold, and what it is for, is known to the rooms that write and read them.
"""
import contextlib
import errno
import math
import os
import re
import stat
import time

import numpy as np

from . import locks
from .errors import DamagedFileError

RESULTS = r".+\.(npz|csv|png)"       # the names of what is written into the folder of a run
MOST_OF_A_NAME = 60                  # bytes of a file's name in that of its temporary file
ATTEMPTS = 3                         # to write a file whose temporary file is swept away
STALE = 60                           # seconds without a change after which nobody is writing
CANNOT_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF}
MAX_HEADER = 2000                    # bytes before an array's data in a .npy file; ours have 128
KINDS = "fiub"                       # of arrays: floating point, whole numbers, booleans
CHUNK = 1 << 18                      # bytes read at once


# ---------------------------------------------------------------------- writing

def write_atomically(path, write, new=False, check=None):
    """Call write(file) on a temporary file beside `path`, flush it to disk, and only then let it
    take its place at `path`.

    new: whether there must be nothing at `path`, not even a link that leads nowhere: of two
        processes, one gets the name. Otherwise a link is followed, and the new file has the owner
        and the mode of the old one.
    check: called when all is written, just before it takes its place; what it raises prevents that
    Until then, and if anything fails, whatever was at `path` stays.  Raises OSError about `path`
    (FileExistsError, if it was to be new), and what `write` and `check` raise.
    Source: the usual protocol of temporary file, fsync, rename, fsync of the folder.
    """
    path = os.fspath(path)
    try:
        target = path if new else _behind_a_link(path)
        for attempt in range(ATTEMPTS):
            try:
                _write_once(target, write, new, check)
                break
            except FileNotFoundError:        # swept away, by a process that took us for dead?
                if attempt == ATTEMPTS - 1:
                    raise
        _sync_folder(os.path.dirname(target) or ".")
    except OSError as error:
        if error.errno:
            error.filename, error.filename2 = path, None         # the name that the caller knows
        raise


def _write_once(target, write, new, check):
    temporary, descriptor = _create_beside(target)
    try:
        with open(descriptor, "wb") as file:
            write(file)
            file.flush()
            _sync(descriptor)
            if not new:
                _keep_rights(descriptor, target)
            if os.name != "posix":
                file.close()                 # elsewhere it is its lock, until it has its name
            if check:
                check()
            (_claim if new else os.replace)(temporary, target)
    finally:
        with contextlib.suppress(OSError):
            os.remove(temporary)             # it is still there if anything failed, or was linked


def _create_beside(target):
    """A temporary file that is this process's own, and locked while it is open  ->  its path, its
    descriptor.
    """
    stem  = os.path.join(os.path.dirname(target), _shortened(os.path.basename(target)))
    mode  = 0o600 if os.path.exists(target) else 0o666
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    while True:
        path = f"{stem}.{os.getpid()}-{os.urandom(8).hex()}.tmp"         # `stale` knows such names
        descriptor = os.open(path, flags, mode)
        if os.name != "posix":
            return path, descriptor          # while it is open, nobody can remove it
        if locks.try_lock(descriptor) is not False and os.path.exists(path):
            return path, descriptor
        os.close(descriptor)                 # a sweep came before it was locked
        with contextlib.suppress(OSError):
            os.remove(path)


def _shortened(name):
    """A file's name, of which the middle is left out if it is long: most systems allow 255 bytes.
    """
    stem, ending = os.path.splitext(name)
    if len(ending) > 10:                     # a long name with a dot in it
        stem, ending = name, ""
    while len(os.fsencode(stem + ending)) > MOST_OF_A_NAME:
        stem = stem[:-1]
    return stem + ending


def _behind_a_link(path):
    """`path`, or, if that is a link, where it leads to: a file, or nothing yet; or raise."""
    target = os.path.realpath(path) if os.path.islink(path) else path
    if os.path.isdir(target):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if os.path.lexists(target) and not os.path.isfile(target):
        raise OSError(errno.EINVAL, "expected a file or nothing in its place, got something else",
                      path)
    return target


def _keep_rights(descriptor, target):
    """Give a file the owner and the mode of the one that it is going to replace, if there is one.
    """
    if not hasattr(os, "fchown") or not os.path.exists(target):
        return
    old = os.stat(target)
    with contextlib.suppress(OSError):
        os.fchown(descriptor, old.st_uid, old.st_gid)
    mode = stat.S_IMODE(old.st_mode)
    if os.fstat(descriptor).st_gid != old.st_gid:        # what its group may, another may not
        mode &= ~stat.S_IRWXG
    with contextlib.suppress(OSError):
        os.fchmod(descriptor, mode)


def _claim(temporary, target):
    """Give a file its name, unless there is anything of that name.  Raises FileExistsError."""
    if os.name != "posix":
        os.rename(temporary, target)                     # which replaces nothing there
        return
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:                                      # no hard links on this file system
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        try:
            os.replace(temporary, target)
        except BaseException:
            os.remove(target)                            # empty, and ours
            raise


def _sync(descriptor):
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in CANNOT_SYNC:               # some file systems have no such thing
            raise


def _sync_folder(folder):
    if os.name != "posix":           # Windows cannot open a folder, and needs no such sync
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:          # it may be written to, but not be read
        return
    try:
        _sync(descriptor)
    finally:
        os.close(descriptor)


# ---------------------------------------------------------------------- what a kill leaves

def stale(folder, names=RESULTS):
    """The names of the temporary files in `folder`, whether or not somebody still writes to them.

    names: a regular expression that matches what they were to become.  Raises OSError.
    """
    ours = rf"({names})\.\d+(-[0-9a-f]{{16}})?\.tmp"
    return [name for name in os.listdir(folder) if re.fullmatch(ours, name, re.DOTALL)]


def sweep(folder, names=RESULTS):
    """Remove from `folder` the temporary files that a kill left there, but none that is in use."""
    with contextlib.suppress(OSError):                   # what cannot be listed cannot be swept
        for name in stale(folder, names):
            with contextlib.suppress(OSError):           # another process was faster, or holds it
                _remove_unless_in_use(os.path.join(folder, name))


def _remove_unless_in_use(path):
    if os.name != "posix":
        os.remove(path)                                  # which Windows refuses while it is open
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        free   = locks.try_lock(descriptor)
        if free is None:                                 # no locks here: its age has to tell
            free = time.time() - status.st_mtime > STALE
        if free and stat.S_ISREG(status.st_mode):
            os.remove(path)
    finally:
        os.close(descriptor)


# ---------------------------------------------------------------------- reading

def open_archive(file):
    """The zip archive in an open file.  Raises DamagedFileError and zipfile.BadZipFile.

    A table of contents longer than CHUNK is refused: as Python objects it takes many times the
    memory. So are members that share their bytes, as those of a zip bomb may.
    """
    import zipfile

    size = file.seek(0, os.SEEK_END)
    archive = zipfile.ZipFile(_Wary(file))
    if sum(info.compress_size for info in archive.infolist()) > size:
        raise DamagedFileError("its members are larger than itself")
    return archive


class _Wary:
    """An open file that refuses to read more than CHUNK bytes at once (a table of contents)."""

    def __init__(self, file):
        self._file = file

    def __getattr__(self, name):
        return getattr(self._file, name)

    def read(self, nbytes=-1):
        if nbytes > CHUNK:
            raise DamagedFileError("its table of contents is too long")
        return self._file.read(nbytes)


def read_npy(file, size, name):
    """The array in an open .npy file of `size` bytes; complaints begin with `name`.

    Nothing is read, and no memory taken, beyond what the header and `size` both promise.
    Raises DamagedFileError, or, if NumPy cannot make sense of a header, whatever it raises then.
    """
    shape, columns_first, dtype = _read_npy_header(file, name)
    nbytes = math.prod(shape) * dtype.itemsize
    found  = size - file.tell()
    if found == nbytes:
        data  = read_up_to(file, nbytes + 1)     # to the end, where an archive checks its checksum
        found = len(data)
    if found != nbytes:
        raise DamagedFileError(f"{name}: expected {nbytes} bytes after its header, got {found}; it "
                               "is damaged")
    return np.ndarray(shape, dtype, data, order="F" if columns_first else "C")


def _read_npy_header(file, name):
    version = np.lib.format.read_magic(file)
    if version != (1, 0):            # NumPy writes others for arrays that are not of plain numbers
        raise DamagedFileError(f"{name}: expected version 1.0 of the .npy format, got "
                               f"{version[0]}.{version[1]}")
    try:
        header = np.lib.format.read_array_header_1_0(file, max_header_size=MAX_HEADER)
    except MemoryError as error:     # Python's parser raises it where signs are nested too deeply
        raise DamagedFileError(f"{name}: its header is too complicated; it is damaged") from error
    dtype = header[-1]
    if dtype.kind not in KINDS:
        raise DamagedFileError(f"{name}: expected an array of numbers or booleans, got dtype "
                               f"{dtype}")
    return header


def read_up_to(file, nbytes):
    """The next `nbytes` bytes of `file`, or all that are left, in memory that grows with them."""
    data = bytearray()
    while len(data) < nbytes and (chunk := file.read(min(CHUNK, nbytes - len(data)))):
        data += chunk
    return data
