"""The IDX format, in which MNIST and its relatives come: a short header, then one byte for every
pixel or label.
"""
import math
import os

import numpy as np

from ..files import read_up_to, reason
from ..errors import DataFormatError

# The names that MNIST gave to its files, each with the number of its dimensions.
FILES = {"train-images-idx3-ubyte": 3, "train-labels-idx1-ubyte": 1,
         "t10k-images-idx3-ubyte": 3, "t10k-labels-idx1-ubyte": 1}

GZIP = b"\x1f\x8b"                   # what every gzip file starts with
EXPANSION = 1032                     # at most so many bytes come out of each byte of it
PIECE = 4096                         # bytes of it that are unpacked at once
UBYTE = 8                            # IDX's number for elements of one byte
KINDS = {1: "labels", 3: "images"}   # what a file of so many dimensions holds


def load_idx(folder):
    """The data set in the four files of `folder`, each plain or gzip'd.

    ->  x_train: (N, D) uint8, labels_train: (N,) uint8, x_test, labels_test, image_shape: (H, W),
    with D = H * W
    Raises DataFormatError for files that are missing, damaged, or not of one data set, and OSError.
    """
    folder = os.fspath(folder)
    paths = find_files(folder)
    missing = [name for name in FILES if name not in paths] if os.path.isdir(folder) else ["the "
                                                                                           "folder "
                                                                                           "itself"]
    if missing:
        raise DataFormatError(f"{folder}: expected a folder with {', '.join(FILES)}, each plain or "
                              f"ending in .gz; missing: {', '.join(missing)}")
    train, labels_train, test, labels_test = (read_idx(paths[name], ndim) for name,
                                              ndim in FILES.items())
    for images, labels, part in ((train, labels_train, "train"), (test, labels_test, "t10k")):
        if len(images) != len(labels):
            raise DataFormatError(f"{folder}: expected one label for each image, got {len(images)} "
                                  f"images and {len(labels)} labels in {part}; take all files from "
                                  "one data set")
    height, width = train.shape[1:]
    if test.shape[1:] != (height, width):
        raise DataFormatError(f"{folder}: expected images of one shape, got {height} by {width} in "
                              f"train and {test.shape[1]} by {test.shape[2]} in t10k; take all "
                              "files from one data set")
    return train.reshape(len(train), -1), labels_train, test.reshape(len(test),
                                                                     -1), labels_test, (height,
                                                                                        width)


def find_files(folder):
    """Where in `folder` the four files are, by the name of each; the result lacks those that are
    not there.
    """
    found = {}
    for name in FILES:
        for spelling in (name, name + ".gz", name.replace("-idx", ".idx"), name.replace("-idx",
                                                                                        ".idx")
                         + ".gz"):
            path = os.path.join(folder, spelling)
            if os.path.isfile(path):
                found.setdefault(name, path)
    return found


def read_idx(path, ndim):
    """What an IDX file holds, plain or gzip'd  ->  uint8, (N, H, W) for ndim=3 or (N,) for ndim=1.

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
    """`read_idx` of an open file, which its complaints do not name.  Raises DataFormatError."""
    import zlib

    most = file.seek(0, os.SEEK_END)
    file.seek(0)
    zipped = file.read(2) == GZIP                # by the content: names may lie
    file.seek(0)
    if not zipped:
        return _parse(file, ndim, most)
    try:
        return _parse(_Unzipped(file), ndim, most * EXPANSION)
    except (zlib.error, EOFError) as error:
        # without zlib's "Error -3 while decompressing data: "
        what = reason(error).rpartition(": ")[2]
        raise DataFormatError("expected a whole gzip file, got one that is cut short or damaged "
                              f"({what}); take another copy") from error


class _Unzipped:
    """What an open gzip file holds, part after part.

    Python's own reader takes long names in a header, and the zeros that may follow a part, byte for
    byte.
    """

    def __init__(self, file):
        self._file, self._part, self._left = file, None, b""

    def read(self, nbytes):
        """The next `nbytes` bytes, or as many as there are.  Raises zlib.error and EOFError."""
        import zlib

        data = bytearray()
        while len(data) < nbytes:
            self._left = self._left or self._file.read(PIECE)
            if not self._left:
                if self._part:
                    raise EOFError("it ends too early")
                break
            if not self._part:
                self._left = self._left.lstrip(b"\0")
                # 31: with gzip's header
                self._part = zlib.decompressobj(wbits=31) if self._left else None
                continue
            data += self._part.decompress(self._left, nbytes - len(data))
            self._left = self._part.unused_data if self._part.eof else self._part.unconsumed_tail
            self._part = None if self._part.eof else self._part
        return data


def _parse(file, ndim, most):
    """most: how many bytes there can be in `file`; a header that promises more is not believed."""
    header = file.read(4 + 4 * ndim)
    _check_kind(header, ndim)
    if len(header) < 4 + 4 * ndim:
        raise DataFormatError(f"expected a header of {4 + 4 * ndim} bytes, got {len(header)}; "
                              "the file is cut short: take another copy")
    shape = tuple(map(int, np.frombuffer(header, ">u4", offset=4)))
    size = math.prod(shape)
    if size == 0:
        raise DataFormatError(f"expected {KINDS[ndim]}, got none: its header says {_by(shape)}")
    data = b"" if len(header) + size > most else read_up_to(file, size + 1)
    if len(data) != size:
        raise DataFormatError(f"expected {size} bytes after its header, which says {_by(shape)}, "
                              "got " + ("more" if len(data) > size else "fewer") + "; take another "
                              "copy")
    return np.frombuffer(data, np.uint8).reshape(shape)


def _check_kind(header, ndim):
    """Raise unless the file that starts with `header` has bytes for elements and `ndim` dimensions.
    """
    if not header:
        raise DataFormatError("expected an IDX file, got an empty one; take another copy")
    if header.startswith(GZIP):
        raise DataFormatError("expected an IDX file, got one that was compressed twice; unpack it "
                              "once")
    if header.lstrip(b"\xef\xbb\xbf\r\n\t ").startswith(b"<"):
        raise DataFormatError("expected an IDX file, got a web page, perhaps of an error; take "
                              "another copy")
    if len(header) < 4 or header[:2] != b"\0\0":
        raise DataFormatError(f"expected an IDX file, which starts with 00 00 08 {ndim:02x}, "
                              f"got one that starts with {header[:4].hex(' ')}; take another copy")
    if header[2] != UBYTE:
        raise DataFormatError("expected elements of one byte (IDX's type 08), got type "
                              f"{header[2]:02x}; make them bytes from 0 to 255")
    if header[3] != ndim:
        raise DataFormatError(f"expected {KINDS[ndim]} (dimensions: {ndim}), got "
                              f"{KINDS.get(header[3], 'something else')} (dimensions: "
                              f"{header[3]}); give each file the name of what it holds")


def _by(shape):
    return " by ".join(map(str, shape))
