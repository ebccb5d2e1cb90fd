"""Files: written atomically, and checked before they are believed. It knows no model.

A checkpoint is named arrays and a description: an .npz archive (np.load reads its arrays) with one more member,
description.json. Members are stored, not compressed, so that none can be larger than the file; equal contents give
equal bytes.
"""
import contextlib
import math
import os
import re

import numpy as np

from .errors import CheckpointError, InvalidTypeError, InvalidValueError

FORMAT = "numpyvae checkpoint 1"
DESCRIPTION = "description.json"
MAX_DESCRIPTION = 100_000            # bytes; ours have a few thousand; parsed, they may take thirty times the memory
MAX_HEADER = 2000                    # bytes before an array's data in its member; ours have 128
KINDS = "fiub"                       # of arrays: floating point, whole numbers, booleans
CHUNK = 1 << 18                      # bytes read at once


def save(path, arrays, description):
    """Write `arrays` (a dictionary) and `description` (what JSON can hold) to `path`: all of it, or none.

    Until the new file is complete on disk, what was at `path` stays.  Raises OSError; TypeError or ValueError for what
    `load` would not take back.
    """
    import json
    import zipfile

    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    for name, array in arrays.items():
        if array.dtype.kind not in KINDS:        # refused here, while the file that `load` can read is still there
            raise InvalidTypeError(f"{name}: expected an array of numbers or booleans, got dtype {array.dtype}")
    declared = {name: [str(array.dtype), list(array.shape)] for name, array in arrays.items()}
    description = json.dumps({**description, "format": FORMAT, "arrays": declared}).encode()
    if len(description) > MAX_DESCRIPTION:
        raise InvalidValueError(f"description: expected at most {MAX_DESCRIPTION} bytes, got {len(description)}")

    def write(file):
        with zipfile.ZipFile(file, "w") as archive:
            with archive.open(_member(DESCRIPTION), "w") as member:
                member.write(description)
            for name, array in arrays.items():
                with archive.open(_member(name + ".npy"), "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)

    write_atomically(path, write)


def load(path):
    """Read what `save` wrote  ->  arrays, description.  Raises CheckpointError for any other file, and OSError."""
    path = os.fspath(path)
    if os.path.isdir(path):
        raise CheckpointError(f"{path}: expected a checkpoint file, got a folder")
    with open(path, "rb") as file:
        try:
            with open_archive(file) as archive:
                return _read(archive)
        except MemoryError:
            raise
        except Exception as error:   # zipfile, JSON and NumPy raise a dozen kinds for damaged files: all mean this one
            raise CheckpointError(f"{path}: not a whole numpyvae checkpoint ({reason(error)}); "
                                  "it is damaged, cut short, or another program's: take another copy, or make it again"
                                  ) from error


def write_atomically(path, write, again=True):
    """Call write(file) on a temporary file beside `path`, bring it to disk, and only then give it the name `path`.

    again: whether it is all done once more if somebody else removes the temporary file meanwhile
    Source: the usual protocol of temporary file, fsync, rename, fsync of the folder.
    """
    path = os.fspath(path)
    temporary = f"{path}.{os.getpid()}.tmp"      # of this process alone; what a kill leaves of it, `sweep` removes
    try:
        with open(temporary, "wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.replace(temporary, path)
        except FileNotFoundError:    # another process that looks at this folder took it for a dead one's, and swept it
            if not again:
                raise
            return write_atomically(path, write, again=False)
    except BaseException as error:
        if os.path.exists(temporary):
            os.remove(temporary)
        if isinstance(error, OSError) and error.errno and error.filename in (None, temporary):
            error.filename = path                # the name that the caller knows; a full disk names no file at all
        raise
    if os.name == "posix":           # Windows cannot open a folder, and needs no such sync
        folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def stale(folder):
    """The names of the temporary files that a kill left in `folder`.  Raises OSError."""
    return [name for name in os.listdir(folder) if re.fullmatch(r".+\.(npz|csv|png)\.\d+\.tmp", name)]


def sweep(folder):
    """Remove the temporary files that a kill left in `folder`, known by their names; no others.  Raises OSError."""
    for name in stale(folder):
        with contextlib.suppress(FileNotFoundError, PermissionError):    # swept by another; in use, under Windows
            os.remove(os.path.join(folder, name))


def open_archive(file):
    """The zip archive in an open file.  Raises ValueError and zipfile.BadZipFile.

    A table of contents that takes more memory than a few of CHUNK is not read, nor are members that share their bytes.
    """
    import zipfile
    size = file.seek(0, os.SEEK_END)
    archive = zipfile.ZipFile(_Wary(file))
    if sum(info.compress_size for info in archive.infolist()) > size:
        raise CheckpointError("its members are larger than itself")
    return archive


class _Wary:
    """An open file that gives at most CHUNK bytes at once, which a table of contents would be read in."""

    def __init__(self, file):
        self._file = file

    def __getattr__(self, name):
        return getattr(self._file, name)

    def read(self, nbytes=-1):
        if nbytes > CHUNK:
            raise CheckpointError("its table of contents is too long")
        return self._file.read(nbytes)


def read_npy(file, size, name):
    """The array in an open .npy file of `size` bytes; `name` stands in front of complaints.  Raises ValueError.

    Nothing is read, and no memory taken, beyond what both the header and `size` promise.
    """
    version = np.lib.format.read_magic(file)
    if version != (1, 0):            # NumPy writes others for arrays that are not of plain numbers
        raise CheckpointError(f"{name}: expected version 1.0 of the .npy format, got {version[0]}.{version[1]}")
    try:
        shape, columns_first, dtype = np.lib.format.read_array_header_1_0(file, max_header_size=MAX_HEADER)
    except MemoryError as error:     # Python's parser says so when a text is nested too deeply, such as ((((… or ----…
        raise CheckpointError(f"{name}: its header is too complicated; it is damaged") from error
    if dtype.kind not in KINDS:
        raise CheckpointError(f"{name}: expected an array of numbers or booleans, got dtype {dtype}")
    nbytes, found = math.prod(shape) * dtype.itemsize, size - file.tell()
    if found == nbytes:
        data = read_up_to(file, nbytes + 1)      # and so to the end, where an archive compares its checksum
        found = len(data)
    if found != nbytes:
        raise CheckpointError(f"{name}: expected {nbytes} bytes after its header, got {found}; it is damaged")
    return np.ndarray(shape, dtype, data, order="F" if columns_first else "C")


def read_up_to(file, nbytes):
    """The next `nbytes` bytes of `file`, or as many as there are, in memory that grows only with what comes."""
    data = bytearray()
    while len(data) < nbytes and (chunk := file.read(min(CHUNK, nbytes - len(data)))):
        data += chunk
    return data


def reason(error):
    """What `error` says, as one line that can stand in a sentence; if it says nothing, the name of its kind."""
    import json
    return json.dumps(str(error) or type(error).__name__, ensure_ascii=False)[1:-1]


def _member(name):
    import zipfile
    return zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))       # no clock in it: equal contents, equal bytes


def _read(archive):
    import json
    members = {info.filename: info for info in archive.infolist()}
    if len(members) != len(archive.infolist()):
        raise CheckpointError("a member appears twice")
    if DESCRIPTION not in members:
        raise CheckpointError("it has no description")
    if any(info.compress_type or info.compress_size != info.file_size for info in members.values()):
        raise CheckpointError("a member is compressed")
    if members[DESCRIPTION].file_size > MAX_DESCRIPTION:
        raise CheckpointError("its description is too long")
    description = json.loads(archive.read(DESCRIPTION))
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise CheckpointError(f"its format is not {FORMAT!r}")
    declared = description["arrays"]
    if set(members) != {DESCRIPTION} | {name + ".npy" for name in declared}:
        raise CheckpointError("its members are not the ones that it declares")
    for name, (dtype, shape) in declared.items():
        header = members[name + ".npy"].file_size - math.prod(shape) * np.dtype(dtype).itemsize
        if not 0 < header <= MAX_HEADER:
            raise CheckpointError(f"{name}.npy has not the size that it declares")
    arrays = {name: _read_array(archive, members[name + ".npy"], *declared[name]) for name in declared}
    return arrays, description


def _read_array(archive, info, dtype, shape):
    with archive.open(info) as member:
        array = read_npy(member, info.file_size, info.filename)
    if array.dtype != np.dtype(dtype) or array.shape != tuple(shape):
        raise CheckpointError(f"{info.filename} is not the array that it declares")
    return array
