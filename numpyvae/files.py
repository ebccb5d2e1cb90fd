"""Files: written whole or not at all, and read without trusting what they promise.

What they hold, and what it is for, is known to the rooms that write and read them.
"""
import contextlib
import math
import os
import re

import numpy as np

from .errors import DamagedFileError

RESULTS = r".+\.(npz|csv|png)"       # the names of what is written into the folder of a run
MAX_HEADER = 2000                    # bytes before an array's data in a .npy file; ours have 128
KINDS = "fiub"                       # of arrays: floating point, whole numbers, booleans
CHUNK = 1 << 18                      # bytes read at once


# ---------------------------------------------------------------------- writing

def write_atomically(path, write):
    """Call write(file) on a temporary file beside `path`, flush it to disk, and only then rename it
    to `path`.

    Until then, and if anything fails, whatever was at `path` stays.  Raises OSError about `path`,
    and what `write` raises.
    Source: the usual protocol of temporary file, fsync, rename, fsync of the folder.
    """
    path = os.fspath(path)
    temporary = f"{path}.{os.getpid()}.tmp"      # this process's own; `stale` knows such names
    try:
        _write_to_disk(temporary, write)
        try:
            os.replace(temporary, path)
        except FileNotFoundError:                # swept away, by a process that took us for dead:
            _write_to_disk(temporary, write)     # once more
            os.replace(temporary, path)
    except BaseException as error:
        if os.path.exists(temporary):
            os.remove(temporary)
        if isinstance(error, OSError) and error.errno and error.filename in (None, temporary):
            error.filename = path                # the name the caller knows; a full disk gives none
        raise
    _sync_folder(os.path.dirname(path) or ".")


def _write_to_disk(path, write):
    with open(path, "wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder):
    if os.name != "posix":           # Windows cannot open a folder, and needs no such sync
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def stale(folder, names=RESULTS):
    """The names of the temporary files that `write_atomically` left in `folder` when it was killed.

    names: a regular expression that matches what they were to become.  Raises OSError.
    """
    return [name for name in os.listdir(folder) if re.fullmatch(rf"({names})\.\d+\.tmp", name)]


def sweep(folder):
    """Remove from `folder` the temporary files that a kill left there.  Raises OSError."""
    for name in stale(folder):
        # another process may have swept it away; on Windows, one may still hold it
        with contextlib.suppress(FileNotFoundError, PermissionError):
            os.remove(os.path.join(folder, name))


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
