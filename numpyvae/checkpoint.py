"""Checkpoints: a network on disk, written atomically and checked before it is believed. It knows no
model.

A checkpoint is named arrays and a description: an .npz archive (np.load reads its arrays) with one
more member, description.json. Members are stored, not compressed, so that none can be larger than
the file; equal contents give equal bytes.
"""
import math
import os

import numpy as np

from .errors import CheckpointError, InvalidTypeError, InvalidValueError
from .files import KINDS, MAX_HEADER, open_archive, read_npy, reason, write_atomically

FORMAT = "numpyvae checkpoint 1"
DESCRIPTION = "description.json"
# bytes; ours have a few thousand; parsed, they may take thirty times the memory
MAX_DESCRIPTION = 100_000


def save(path, arrays, description):
    """Write `arrays` (a dictionary) and `description` (what JSON can hold) to `path`: all of it, or
    none.

    Until the new file is complete on disk, what was at `path` stays.  Raises OSError; TypeError or
    ValueError for what `load` would not take back.
    """
    import json
    import zipfile

    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    for name, array in arrays.items():
        # refused here, while the file that `load` can read is still there
        if array.dtype.kind not in KINDS:
            raise InvalidTypeError(f"{name}: expected an array of numbers or booleans, got dtype "
                                   f"{array.dtype}")
    declared = {name: [str(array.dtype), list(array.shape)] for name, array in arrays.items()}
    description = json.dumps({**description, "format": FORMAT, "arrays": declared}).encode()
    if len(description) > MAX_DESCRIPTION:
        raise InvalidValueError(f"description: expected at most {MAX_DESCRIPTION} bytes, got "
                                f"{len(description)}")

    def write(file):
        with zipfile.ZipFile(file, "w") as archive:
            with archive.open(_member(DESCRIPTION), "w") as member:
                member.write(description)
            for name, array in arrays.items():
                with archive.open(_member(name + ".npy"), "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)

    write_atomically(path, write)


def load(path):
    """Read what `save` wrote  ->  arrays, description.  Raises CheckpointError for any other file,
    and OSError.
    """
    path = os.fspath(path)
    if os.path.isdir(path):
        raise CheckpointError(f"{path}: expected a checkpoint file, got a folder")
    with open(path, "rb") as file:
        try:
            with open_archive(file) as archive:
                return _read(archive)
        except MemoryError:
            raise
        # zipfile, JSON and NumPy raise a dozen kinds for damaged files: all mean this one
        except Exception as error:
            raise CheckpointError(f"{path}: not a whole numpyvae checkpoint ({reason(error)}); it "
                                  "is damaged, cut short, or another program's: take another copy, "
                                  "or make it again") from error


def _member(name):
    import zipfile
    # no clock in it: equal contents, equal bytes
    return zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))


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
    arrays = {name: _read_array(archive, members[name + ".npy"], *declared[name])
              for name in declared}
    return arrays, description


def _read_array(archive, info, dtype, shape):
    with archive.open(info) as member:
        array = read_npy(member, info.file_size, info.filename)
    if array.dtype != np.dtype(dtype) or array.shape != tuple(shape):
        raise CheckpointError(f"{info.filename} is not the array that it declares")
    return array
