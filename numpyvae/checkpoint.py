"""Checkpoints: a network on disk, written atomically and checked before it is believed.

A checkpoint is named arrays and a description, of whatever model: an .npz archive (np.load reads
its arrays) with one more member, description.json. Members are stored, not compressed, so that none
can be larger than the file; equal contents give equal bytes. A checksum over all of it tells if
anything was changed, or exchanged with something else, after it was saved.
"""
import math
import os

import numpy as np

from .errors import (CheckpointError, DamagedFileError, InvalidTypeError, InvalidValueError,
                     one_line)
from .files import KINDS, MAX_HEADER, open_archive, read_npy, write_atomically

FORMAT = "numpyvae checkpoint 1"
DESCRIPTION = "description.json"
MAX_DESCRIPTION = 100_000            # bytes (ours: thousands); parsed, they may take 30 times that


def save(path, arrays, description, new=False, check=None):
    """Write `arrays` (a dictionary) and `description` (a dictionary that JSON can hold) to `path`:
    all of it, or none  ->  its checksum.

    new, check: see `files.write_atomically`
    Until the new file is complete on disk, whatever was at `path` stays.  Raises OSError; TypeError
    or ValueError for what `load` would refuse.
    """
    import zipfile

    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    content, total = _description_of(arrays, description)

    def write(file):
        with zipfile.ZipFile(file, "w") as archive:
            with archive.open(_member(DESCRIPTION), "w") as member:
                member.write(content)
            for name, array in arrays.items():
                with archive.open(_member(name + ".npy"), "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)

    write_atomically(path, write, new, check)
    return total


def _description_of(arrays, description):
    """The bytes of description.json, the checksum.  Raises now, not too late, what `load` would."""
    import json

    for name, array in arrays.items():
        if array.dtype.kind not in KINDS:
            raise InvalidTypeError(f"{name}: expected an array of numbers or booleans, got dtype "
                                   f"{array.dtype}")
    declared = {name: [str(array.dtype), list(array.shape)] for name, array in arrays.items()}
    description = {**description, "format": FORMAT, "arrays": declared}
    description = json.loads(json.dumps(description))            # as `load` is going to see it
    total = description["checksum"] = _checksum(arrays, description)
    content = json.dumps(description).encode()
    if len(content) > MAX_DESCRIPTION:
        raise InvalidValueError(f"description: expected at most {MAX_DESCRIPTION} bytes, got "
                                f"{len(content)}")
    return content, total


def _checksum(arrays, description):
    """The SHA-256 of all that a checkpoint holds, but for a checksum in its description."""
    import hashlib
    import json

    rest = {name: value for name, value in description.items() if name != "checksum"}
    digest = hashlib.sha256(json.dumps(rest).encode())
    for array in arrays.values():            # whose names, dtypes and shapes the description has
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _member(name):
    import zipfile

    return zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))    # equal contents, equal bytes


def load(path):
    """Read what `save` wrote  ->  arrays, description.

    Raises CheckpointError for any other file, and OSError.
    """
    return _read(path, _contents)


def checksum(path):
    """The checksum of the checkpoint at `path`; None if it was saved before there were any.

    Nothing but its description is read.  Raises CheckpointError, OSError.
    """
    return _read(path, _description).get("checksum")


def _read(path, read):
    """What `read` makes of the archive at `path` and its members by name."""
    path = os.fspath(path)
    if os.path.isdir(path):
        raise CheckpointError(f"{path}: expected a checkpoint file, got a folder")
    with open(path, "rb") as file:
        try:
            with open_archive(file) as archive:
                return read(archive, _members(archive))
        except MemoryError:
            raise
        except Exception as error:   # zipfile, JSON and NumPy raise a dozen kinds for damaged files
            raise CheckpointError(f"{path}: not a complete numpyvae checkpoint "
                                  f"({one_line(error)}); it is damaged, cut short, or another "
                                  "program's: get another copy, or make it again") from error


def _members(archive):
    members = {info.filename: info for info in archive.infolist()}
    if len(members) != len(archive.infolist()):
        raise DamagedFileError("a member appears twice")
    if any(info.compress_type or info.compress_size != info.file_size for info in members.values()):
        raise DamagedFileError("a member is compressed")
    return members


def _contents(archive, members):
    description = _description(archive, members)
    declared = description["arrays"]
    _check_sizes(members, declared)
    arrays = {name: _read_array(archive, members[name + ".npy"], *declared[name])
              for name in declared}
    if "checksum" in description and description["checksum"] != _checksum(arrays, description):
        raise DamagedFileError("it was changed after it was saved")
    return arrays, description


def _description(archive, members):
    import json

    if DESCRIPTION not in members:
        raise DamagedFileError("it has no description")
    if members[DESCRIPTION].file_size > MAX_DESCRIPTION:
        raise DamagedFileError("its description is too long")
    description = json.loads(archive.read(DESCRIPTION))
    if not isinstance(description, dict) or description.get("format") != FORMAT:
        raise DamagedFileError(f"its format is not {FORMAT!r}")
    return description


def _check_sizes(members, declared):
    """Raise unless the archive declares what it holds; no array is read before that is known."""
    if set(members) != {DESCRIPTION} | {name + ".npy" for name in declared}:
        raise DamagedFileError("its members are not the ones that it declares")
    for name, (dtype, shape) in declared.items():
        header = members[name + ".npy"].file_size - math.prod(shape) * np.dtype(dtype).itemsize
        if not 0 < header <= MAX_HEADER:
            raise DamagedFileError(f"{name}.npy is not of the size that it declares")


def _read_array(archive, info, dtype, shape):
    with archive.open(info) as member:
        array = read_npy(member, info.file_size, info.filename)
    if array.dtype != np.dtype(dtype) or array.shape != tuple(shape):
        raise DamagedFileError(f"{info.filename} is not the array that it declares")
    return array
