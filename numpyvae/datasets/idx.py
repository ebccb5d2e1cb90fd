"""The IDX format of MNIST and its relatives: a short header, then one byte for each pixel or label.
"""
import math
import os
import re

import numpy as np

from ..errors import DataFormatError, one_line
from ..files import read_up_to

# The names that MNIST gave to its files, each with its number of dimensions.
FILES = {"train-images-idx3-ubyte": 3, "train-labels-idx1-ubyte": 1,
         "t10k-images-idx3-ubyte":  3, "t10k-labels-idx1-ubyte":  1}

# How they may be spelled elsewhere.
SPELLING = (r"((?P<set>.+)[-_])?(?P<part>train|t10k|test)-(?P<rest>(images|labels)[-.]idx\d-ubyte)"
            r"(\.gz)?")

GZIP = b"\x1f\x8b"                   # what every gzip file starts with
EXPANSION = 1032                     # each byte of it unpacks to at most so many
PIECE = 4096                         # bytes of it that are unpacked at once
UBYTE = 8                            # IDX's number for elements of one byte
KINDS = {1: "labels", 3: "images"}   # what a file of so many dimensions holds


# ---------------------------------------------------------------------- a folder of four files

def load_idx(folder):
    """The data set in the four files of `folder`, each plain or gzipped.

    ->  x_train: (N, D) uint8, labels_train: (N,) uint8, x_test, labels_test,
        image_shape: (H, W), with D = H * W
    Raises DataFormatError for files that are missing, damaged, or not of one data set, and OSError.
    """
    folder = os.fspath(folder)
    paths  = find_files(folder)
    _check_complete(folder, paths)
    train, labels_train, test, labels_test = [read_idx(paths[name], ndim)
                                              for name, ndim in FILES.items()]
    _check_counts(folder, "train", train, labels_train)
    _check_counts(folder, "t10k", test, labels_test)
    if train.shape[1:] != test.shape[1:]:
        raise DataFormatError(f"{folder}: expected images of one shape, got {_by(train.shape[1:])} "
                              f"in train and {_by(test.shape[1:])} in t10k; use the four files of "
                              "one data set")
    x_train = train.reshape(len(train), -1)
    x_test  = test.reshape(len(test), -1)
    return x_train, labels_train, x_test, labels_test, train.shape[1:]


def find_files(folder):
    """The paths of the four files, by name; of those alone that are in `folder`.

    They may have a dot for the second dash, as some programs unpack them, lie in a folder of their
    own name, as Kaggle has them, or begin with the name of their set, as EMNIST's do.
    Raises DataFormatError if there are several such sets and none without a name, and OSError.
    """
    sets = _sets(folder)
    whole = [name for name, paths in sets.items() if len(paths) == len(FILES)]
    if len(whole) > 1 and "" not in whole:
        raise DataFormatError(f"{folder}: expected the four files of one data set, got those of "
                              f"{', '.join(sorted(whole))}; move one set to a folder of its own")
    name = "" if "" in whole or not whole else whole[0]
    return sets.get(name, {})


def _sets(folder):
    """{name of the set: {name of the file: its path}}; of two spellings, the shorter is taken."""
    sets = {}
    for entry in sorted(_entries(folder), key=lambda entry: (len(entry), entry)):
        match = re.fullmatch(SPELLING, entry)
        path  = match and _file_at(os.path.join(folder, entry))
        if path:
            part = "t10k" if match["part"] == "test" else match["part"]
            name = f"{part}-{match['rest'].replace('.', '-')}"
            if name in FILES:
                sets.setdefault(match["set"] or "", {}).setdefault(name, path)
    return sets


def _entries(folder):
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _file_at(path):
    """`path`, or the file in the folder `path` that is called like it; None if there is neither."""
    name   = os.path.basename(path)
    inside = [os.path.join(path, alike) for alike
              in (name, name.replace("-idx", ".idx"), name.replace(".idx", "-idx"))]
    return next(filter(os.path.isfile, (path, *inside)), None)


def _check_complete(folder, paths):
    missing = [name for name in FILES if name not in paths]
    if not os.path.isdir(folder):
        missing = ["the folder itself"]
    if missing:
        raise DataFormatError(f"{folder or 'an empty name'}: expected a folder with "
                              f"{', '.join(FILES)}, each plain or ending in .gz; missing: "
                              f"{', '.join(missing)}")


def _check_counts(folder, part, images, labels):
    if len(images) != len(labels):
        raise DataFormatError(f"{folder}: expected one label for each image, got {len(images)} "
                              f"images and {len(labels)} labels in {part}; use the four files of "
                              "one data set")


# ---------------------------------------------------------------------- a file

def read_idx(path, ndim):
    """What an IDX file holds, plain or gzipped  ->  uint8, (N, H, W) for ndim=3 or (N,) for ndim=1.

    Raises DataFormatError and OSError.
    Source: the description of the format on MNIST's page, by LeCun, Cortes & Burges.
    """
    path = os.fspath(path)
    if os.path.isdir(path):
        raise DataFormatError(f"{path}: expected an IDX file, got a folder")
    with open(path, "rb") as file:
        try:
            return parse_idx(file, ndim)
        except DataFormatError as error:
            raise DataFormatError(f"{path}: {error}") from error


def parse_idx(file, ndim):
    """`read_idx` for an open file, which complaints do not name.  Raises DataFormatError."""
    import zlib

    most = file.seek(0, os.SEEK_END)
    file.seek(0)
    zipped = file.read(2) == GZIP                # known by the content: names may lie
    file.seek(0)
    if not zipped:
        return _parse(file, ndim, most)
    try:
        return _parse(_Unzipped(file), ndim, most * EXPANSION)
    except (zlib.error, EOFError) as error:
        what = one_line(error).rpartition(": ")[2]       # without "Error -3 while decompressing: "
        raise DataFormatError("expected a complete gzip file, got one that is cut short or damaged "
                              f"({what}); get another copy") from error


class _Unzipped:
    """What an open gzip file holds, part after part.

    Python's own reader would go through the long name that a header may have, and through the zeros
    that may follow a part, byte by byte.
    """

    def __init__(self, file):
        self._file = file
        self._left = b""             # what was read, and is not unpacked yet
        self._part = None            # what unpacks the current part

    def read(self, nbytes):
        """The next `nbytes` bytes, or all that are left.  Raises zlib.error and EOFError."""
        data = bytearray()
        while len(data) < nbytes and self._more():
            data += self._part.decompress(self._left, nbytes - len(data))
            self._left = self._part.unconsumed_tail
            if self._part.eof:
                self._left, self._part = self._part.unused_data, None
        return data

    def _more(self):
        """Whether there is something to unpack, in `_left`, and something to unpack it, `_part`."""
        import zlib

        self._left = self._left or self._file.read(PIECE)
        while self._left and not self._part:
            self._left = self._left.lstrip(b"\0")
            if self._left:
                self._part = zlib.decompressobj(wbits=31)        # 31: with gzip's header
            else:
                self._left = self._file.read(PIECE)
        if self._part and not self._left:
            raise EOFError("it ends too early")
        return bool(self._left)


def _parse(file, ndim, most):
    """most: how many bytes `file` can hold; a header that promises more is not believed."""
    header = file.read(4 + 4 * ndim)
    _check_kind(header, ndim)
    if len(header) < 4 + 4 * ndim:
        raise DataFormatError(f"expected a header of {4 + 4 * ndim} bytes, got {len(header)}; "
                              "the file is cut short: get another copy")
    shape = tuple(map(int, np.frombuffer(header, ">u4", offset=4)))
    size  = math.prod(shape)
    if size == 0:
        raise DataFormatError(f"expected {KINDS[ndim]}, got none: its header says {_by(shape)}")
    data = b"" if len(header) + size > most else read_up_to(file, size + 1)
    if len(data) != size:
        found = "more" if len(data) > size else "fewer"
        raise DataFormatError(f"expected {size} bytes after its header, which says {_by(shape)}, "
                              f"got {found}; get another copy")
    return np.frombuffer(data, np.uint8).reshape(shape)


def _check_kind(header, ndim):
    """Raise unless a file that starts so holds bytes as its elements, in `ndim` dimensions."""
    if not header:
        raise DataFormatError("expected an IDX file, got an empty one; get another copy")
    if header.startswith(GZIP):
        raise DataFormatError("expected an IDX file, got one that was compressed twice; unpack it "
                              "once")
    if header.lstrip(b"\xef\xbb\xbf\r\n\t ").startswith(b"<"):
        raise DataFormatError("expected an IDX file, got a web page, perhaps an error page; get "
                              "another copy")
    if len(header) < 4 or header[:2] != b"\0\0":
        raise DataFormatError(f"expected an IDX file, which starts with 00 00 08 {ndim:02x}, "
                              f"got one that starts with {header[:4].hex(' ')}; get another copy")
    if header[2] != UBYTE:
        raise DataFormatError("expected elements of one byte (IDX's type 08), got type "
                              f"{header[2]:02x}; make them bytes from 0 to 255")
    if header[3] != ndim:
        found = KINDS.get(header[3], "something else")
        raise DataFormatError(f"expected {KINDS[ndim]} (dimensions: {ndim}), got {found} "
                              f"(dimensions: {header[3]}); name each file after what it holds")


def _by(shape):
    return " by ".join(map(str, shape))
