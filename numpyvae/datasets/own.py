"""The user's own examples, from one .npy or .npz file."""
import math
import os

import numpy as np

from ..errors import DataFormatError, NumpyvaeError, check_mask, one_line
from ..files import open_archive, read_npy

KNOWN = ("x", "labels", "mask")      # the arrays that an .npz file may hold
ROUNDING = 1e-6                      # how far outside [0, 1] rounding may take a pixel


def load_array(path, bounded=True):
    """The examples in FILE.npy, or in FILE.npz with the arrays x and, optionally, labels and mask.

    x: (N, D), (N, H, W) or, with one channel, (N, H, W, 1) or (N, 1, H, W); bytes (255 becomes 1)
        or floating point in [0, 1]; a pixel outside by less than 1e-6 is clipped;
    labels: (N,) whole numbers;
    mask: booleans of the shape of x, True where a pixel was observed; elsewhere x becomes 0
    bounded: whether x has to lie in [0, 1]; if not, it may be any finite floats
    ->  x_train: (n, D), labels_train: (n,) or None, x_test, labels_test, image_shape: (H, W),
        mask_train: (n, D) or None, mask_test, note: what was changed in them, in words, or None
    A tenth of the examples, always the same, is kept for testing.  Raises DataFormatError and
    OSError.
    """
    path = os.fspath(path)
    try:
        x, labels, mask, note = _read_checked(path, bounded)
    except NumpyvaeError as error:
        raise DataFormatError(f"{path}: {error}") from error
    x_train, x_test           = _split(_flat(x))
    labels_train, labels_test = _split(labels)
    mask_train, mask_test     = _split(_flat(mask))
    return (x_train, labels_train, x_test, labels_test, _image_shape(x.shape),
            mask_train, mask_test, note)


def _read_checked(path, bounded):
    """x, labels or None, mask or None, and a note or None; x is 0 where it was not observed."""
    arrays = _read(path)
    x, labels, mask = [arrays.get(name) for name in KNOWN]
    _check_kind(x)
    x = _without_channel(x)
    _check_shape(x)
    if labels is not None:
        _check_labels(labels, len(x))
    if mask is not None:
        mask = _check_some(check_mask(_without_channel(mask), x.shape))
        x[~mask] = 0
    note = _clip(x)
    _check_range(x, bounded)
    return x, labels, mask, note


# ---------------------------------------------------------------------- the file

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
            if ending == ".npz":
                return _read_npz(file)
            return {"x": read_npy(file, os.path.getsize(path), "x")}
        except (MemoryError, NumpyvaeError):
            raise
        except Exception as error:   # zipfile, zlib and NumPy raise a dozen kinds for damaged files
            raise DataFormatError(f"not a complete {ending} file ({one_line(error)}); it is "
                                  "damaged, cut short, or another program's: get another copy, or "
                                  "save it again") from error


def _read_npz(file):
    arrays = {}
    with open_archive(file) as archive:
        for info in archive.infolist():
            name = info.filename.removesuffix(".npy")
            _check_member(info, name)
            if name in arrays:
                raise DataFormatError(f"{name}: expected one array of this name, got another")
            with archive.open(info) as member:
                arrays[name] = read_npy(member, info.file_size, name)
    if "x" not in arrays:
        raise DataFormatError(f"expected an array x, got {' and '.join(arrays) or 'none'}; "
                              "save it with np.savez(path, x=x)")
    return arrays


def _check_member(info, name):
    import zipfile

    if name not in KNOWN or name == info.filename:
        raise DataFormatError(f"expected no arrays but {', '.join(KNOWN)}, got {info.filename!r}; "
                              "save them with np.savez(path, x=x, labels=labels, mask=mask)")
    # other compressions may expand without limit
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise DataFormatError(f"{name}: expected the compression of np.savez_compressed, got "
                              "another")
    # NumPy writes no comments: damage made one of the rest of the list, of a mask for instance
    if info.comment:
        raise zipfile.BadZipFile("its list of members is damaged")


# ---------------------------------------------------------------------- the arrays

def _check_kind(x):
    if x.dtype != np.uint8 and (x.dtype.kind != "f" or x.dtype.itemsize > 8):
        raise DataFormatError("x: expected bytes (uint8) or floating point of 16, 32 or 64 bits, "
                              f"got dtype {x.dtype}; save pixels from 0 to 255 as uint8, others as "
                              "floats in [0, 1]")


def _without_channel(array):
    """(N, H, W, 1) and (N, 1, H, W) as (N, H, W); any other array as it is."""
    if array.ndim == 4 and 1 in (array.shape[3], array.shape[1]):
        return array.squeeze(3 if array.shape[3] == 1 else 1)
    return array


def _check_shape(x):
    if x.ndim == 4 and 3 in (x.shape[3], x.shape[1]):
        axis = 3 if x.shape[3] == 3 else 1
        raise DataFormatError("x: expected one value for each pixel, (N, H, W), got shape "
                              f"{x.shape}, with three colour channels; make it grey, with "
                              f"x.mean(axis={axis}).astype(x.dtype), or keep the colours as so "
                              "many more pixels, with x.reshape(len(x), -1)")
    if x.ndim > 3:
        raise DataFormatError("x: expected shape (N, D) or (N, H, W), two examples or more, got "
                              f"{x.shape}; choose one channel, or flatten each example, with "
                              "x.reshape(len(x), -1)")
    if x.ndim < 2 or len(x) < 2 or x.size == 0:
        raise DataFormatError("x: expected shape (N, D) or (N, H, W), two examples or more, got "
                              f"{x.shape}")


def _check_labels(labels, count):
    if labels.dtype.kind not in "iu" or labels.shape != (count,):
        raise DataFormatError(f"labels: expected whole numbers, one for each of the {count} "
                              f"examples, got shape {labels.shape} and dtype {labels.dtype}")


def _check_some(mask):
    if not mask.any():
        raise DataFormatError("mask: expected True where a pixel was observed, got False "
                              "everywhere; if it says what is missing, save ~mask")
    return mask


def _clip(x):
    """Clip, in place, floats that lie outside [0, 1] by no more than rounding  ->  a note or None.
    """
    excess = max(-x.min(), x.max() - 1) if x.dtype.kind == "f" else 0
    if not 0 < excess <= ROUNDING:
        return None
    count = np.count_nonzero((x < 0) | (x > 1))
    np.clip(x, 0, 1, out=x)
    pixels = "pixel" if count == 1 else "pixels"
    return (f"Clipped {count} {pixels} that rounding had left outside [0, 1], by {excess:.1g} at "
            "most.")


def _check_range(x, bounded):
    low, high = x.min(), x.max()
    if x.dtype == np.uint8 and high == 1:
        raise DataFormatError("x: expected bytes from 0 to 255, got none above 1, which would be "
                              "nearly black; save pixels of 0 and 1 as floats")
    finite = np.isfinite(low) and np.isfinite(high)
    if x.dtype == np.uint8 or (low >= 0 and high <= 1) or (finite and not bounded):
        return
    wanted = "values in [0, 1]" if bounded else "finite numbers"
    found  = "NaN" if np.isnan(low) else f"{low:.7g} to {high:.7g}"
    what   = "mask those that you do not know"
    if finite:
        what = "divide them by 255" if low >= 0 and 2 < high <= 255 else "rescale or clip them"
        what += ", or train with --likelihood gaussian and --pixels grey, which take any numbers"
    raise DataFormatError(f"x: expected {wanted}, got {found}; {what}")


def _image_shape(shape):
    """(H, W): as it is in (N, H, W); of (N, D), a square if D is one, or else a single row."""
    if len(shape) == 3:
        return shape[1:]
    side = math.isqrt(shape[1])
    return (side, side) if side * side == shape[1] else (1, shape[1])


def _flat(array):
    return None if array is None else array.reshape(len(array), -1)


def _split(array):
    """The rows to train on and those to test with, in this machine's byte order; of None, None."""
    if array is None:
        return None, None
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    test  = np.zeros(len(array), bool)
    order = np.random.default_rng(0).permutation(len(array))
    test[order[:max(1, len(array) // 10)]] = True
    return array[~test], array[test]
