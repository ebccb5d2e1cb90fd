"""Files: written whole or not at all, and read without trusting what they promise. It knows no
format of ours.
"""
import contextlib
import math
import os
import re

import numpy as np

from .errors import CheckpointError

MAX_HEADER = 2000                    # bytes before an array's data in its member; ours have 128
KINDS = "fiub"                       # of arrays: floating point, whole numbers, booleans
CHUNK = 1 << 18                      # bytes read at once


def write_atomically(path, write, again=True):
    """Call write(file) on a temporary file beside `path`, bring it to disk, and only then give it
    the name `path`.

    again: whether it is all done once more if somebody else removes the temporary file meanwhile
    Source: the usual protocol of temporary file, fsync, rename, fsync of the folder.
    """
    path = os.fspath(path)
    # of this process alone; what a kill leaves of it, `sweep` removes
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.replace(temporary, path)
        # another process that looks at this folder took it for a dead one's, and swept it
        except FileNotFoundError:
            if not again:
                raise
            return write_atomically(path, write, again=False)
    except BaseException as error:
        if os.path.exists(temporary):
            os.remove(temporary)
        if isinstance(error, OSError) and error.errno and error.filename in (None, temporary):
            # the name that the caller knows; a full disk names no file at all
            error.filename = path
        raise
    if os.name == "posix":           # Windows cannot open a folder, and needs no such sync
        folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def stale(folder):
    """The names of the temporary files that a kill left in `folder`.  Raises OSError."""
    return [name for name in os.listdir(folder)
            if re.fullmatch(r".+\.(npz|csv|png)\.\d+\.tmp", name)]


def sweep(folder):
    """Remove the temporary files that a kill left in `folder`, known by their names; no others.
    Raises OSError.
    """
    for name in stale(folder):
        # swept by another; in use, under Windows
        with contextlib.suppress(FileNotFoundError, PermissionError):
            os.remove(os.path.join(folder, name))


def open_archive(file):
    """The zip archive in an open file.  Raises ValueError and zipfile.BadZipFile.

    A table of contents that takes more memory than a few of CHUNK is not read, nor are members that
    share their bytes. """
    import zipfile
    size = file.seek(0, os.SEEK_END)
    archive = zipfile.ZipFile(_Wary(file))
    if sum(info.compress_size for info in archive.infolist()) > size:
        raise CheckpointError("its members are larger than itself")
    return archive


class _Wary:
    """An open file that gives at most CHUNK bytes at once, which a table of contents would be read
    in.
    """

    def __init__(self, file):
        self._file = file

    def __getattr__(self, name):
        return getattr(self._file, name)

    def read(self, nbytes=-1):
        if nbytes > CHUNK:
            raise CheckpointError("its table of contents is too long")
        return self._file.read(nbytes)


def read_npy(file, size, name):
    """The array in an open .npy file of `size` bytes; `name` stands in front of complaints.  Raises
    ValueError.

    Nothing is read, and no memory taken, beyond what both the header and `size` promise.
    """
    version = np.lib.format.read_magic(file)
    if version != (1, 0):            # NumPy writes others for arrays that are not of plain numbers
        raise CheckpointError(f"{name}: expected version 1.0 of the .npy format, got "
                              f"{version[0]}.{version[1]}")
    try:
        shape, columns_first, dtype = np.lib.format.read_array_header_1_0(file, max_header_size=MAX_HEADER)
    # Python's parser says so when a text is nested too deeply, such as ((((… or ----…
    except MemoryError as error:
        raise CheckpointError(f"{name}: its header is too complicated; it is damaged") from error
    if dtype.kind not in KINDS:
        raise CheckpointError(f"{name}: expected an array of numbers or booleans, got dtype "
                              f"{dtype}")
    nbytes, found = math.prod(shape) * dtype.itemsize, size - file.tell()
    if found == nbytes:
        # and so to the end, where an archive compares its checksum
        data = read_up_to(file, nbytes + 1)
        found = len(data)
    if found != nbytes:
        raise CheckpointError(f"{name}: expected {nbytes} bytes after its header, got {found}; it "
                              "is damaged")
    return np.ndarray(shape, dtype, data, order="F" if columns_first else "C")


def read_up_to(file, nbytes):
    """The next `nbytes` bytes of `file`, or as many as there are, in memory that grows only with
    what comes.
    """
    data = bytearray()
    while len(data) < nbytes and (chunk := file.read(min(CHUNK, nbytes - len(data)))):
        data += chunk
    return data


def reason(error):
    """What `error` says, as one line that can stand in a sentence; if it says nothing, the name of
    its kind.
    """
    import json
    return json.dumps(str(error) or type(error).__name__, ensure_ascii=False)[1:-1]
