"""Your own examples, from one .npy or .npz file."""
import math
import os

import numpy as np

from ..files import open_archive, read_npy, reason
from ..errors import DataFormatError, NumpyvaeError, check_mask

KNOWN = ("x", "labels", "mask")      # the arrays that an .npz file may hold


def load_array(path):
    """The examples in FILE.npy, or in FILE.npz with the arrays x and, if you like, labels and mask.

    x: (N, D) or (N, H, W), bytes (255 becomes 1) or floating point in [0, 1]; labels: (N,) whole
    numbers;
    mask: booleans of the shape of x, True where a pixel was observed; where it was not, x becomes 0
    ->  x_train: (n, D), labels_train: (n,) or None, x_test, labels_test, image_shape: (H, W),
        mask_train: (n, D) or None, mask_test
    A tenth of the examples, always the same, is kept for testing.  Raises DataFormatError and
    OSError.
    """
    path = os.fspath(path)
    try:
        x, labels, mask = map(_read(path).get, KNOWN)
        _check_kind(x)
        if labels is not None:
            _check_labels(labels, len(x))
        if mask is not None:
            x[~check_mask(mask, x.shape)] = 0
        _check_range(x)
    except NumpyvaeError as error:
        raise DataFormatError(f"{path}: {error}") from error
    side = math.isqrt(x.shape[1])
    image_shape = x.shape[1:] if x.ndim == 3 else (side, side) if side * side == x.shape[1] else (1, x.shape[1])
    x_train, x_test = _split(x.reshape(len(x), -1))
    labels_train, labels_test = (None, None) if labels is None else _split(labels)
    mask_train, mask_test = (None, None) if mask is None else _split(mask.reshape(len(x), -1))
    return x_train, labels_train, x_test, labels_test, image_shape, mask_train, mask_test


def _read(path):
    """The arrays in the file, by name."""
    ending = os.path.splitext(path)[1].lower()
    if os.path.isdir(path):
        raise DataFormatError("expected a file, got a folder")
    if ending not in (".npy", ".npz"):
        raise DataFormatError("expected a name that ends in .npy or .npz, got "
                              f"{ending or 'no ending'}; save the examples with np.save or "
                              "np.savez")
    with open(path, "rb") as file:
        try:
            return {"x": read_npy(file, os.path.getsize(path),
                                  "x")} if ending == ".npy" else _read_npz(file)
        except (MemoryError, NumpyvaeError):
            raise
        except Exception as error:   # zipfile, zlib and NumPy raise a dozen kinds for damaged files
            raise DataFormatError(f"not a whole {ending} file ({reason(error)}); it is damaged, "
                                  "cut short, or another program's: take another copy, or save it "
                                  "again") from error


def _read_npz(file):
    import zipfile

    arrays = {}
    with open_archive(file) as archive:
        for info in archive.infolist():
            name = info.filename.removesuffix(".npy")
            if name not in KNOWN or name == info.filename:
                raise DataFormatError(f"expected no arrays but {', '.join(KNOWN)}, got "
                                      f"{info.filename!r}; save them with np.savez(path, x=x, "
                                      "labels=labels, mask=mask)")
            if name in arrays:
                raise DataFormatError(f"{name}: expected one array of this name, got another")
            # others may expand at will
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise DataFormatError(f"{name}: expected the compression of np.savez_compressed, "
                                      "got another")
            # NumPy writes none: damage that swallowed the rest of the list, such as a mask
            if info.comment:
                raise zipfile.BadZipFile("its list of members is damaged")
            with archive.open(info) as member:
                arrays[name] = read_npy(member, info.file_size, name)
    if "x" not in arrays:
        raise DataFormatError(f"expected an array x, got {' and '.join(arrays) or 'none'}; "
                              "save it with np.savez(path, x=x)")
    return arrays


def _check_kind(x):
    if x.dtype != np.uint8 and (x.dtype.kind != "f" or x.dtype.itemsize > 8):
        raise DataFormatError("x: expected bytes (uint8) or floating point of 16, 32 or 64 bits, "
                              f"got dtype {x.dtype}; save pixels from 0 to 255 as uint8, others as "
                              "floats in [0, 1]")
    if x.ndim not in (2, 3) or len(x) < 2 or x.size == 0:
        raise DataFormatError("x: expected shape (N, D) or (N, H, W), two examples or more, got "
                              f"{x.shape}")


def _check_labels(labels, count):
    if labels.dtype.kind not in "iu" or labels.shape != (count,):
        raise DataFormatError(f"labels: expected whole numbers, one for each of the {count} "
                              f"examples, got shape {labels.shape} and dtype {labels.dtype}")


def _check_range(x):
    low, high = x.min(), x.max()
    if x.dtype == np.uint8 and high == 1:
        raise DataFormatError("x: expected bytes from 0 to 255, got none above 1, which would be "
                              "nearly black; save pixels of 0 and 1 as floats")
    if x.dtype != np.uint8 and not (low >= 0 and high <= 1):
        found = "NaN" if np.isnan(low) else f"{low:g} to {high:g}"
        raise DataFormatError(f"x: expected values in [0, 1], got {found}; rescale them, or leave "
                              "them out by a mask")


def _split(array):
    """The rows to train on and those to test with, in this machine's order of bytes."""
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    test = np.zeros(len(array), bool)
    test[np.random.default_rng(0).permutation(len(array))[:max(1, len(array) // 10)]] = True
    return array[~test], array[test]
