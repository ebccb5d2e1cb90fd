"""What tests of files share: the bytes of small files of every format, and what reading one costs.
"""
import gzip
import io
import struct
import tracemalloc
import warnings
import zipfile

import numpy as np


# ---------------------------------------------------------------------- NumPy's formats

def npy(array, **options):
    """The bytes of an .npy file."""
    file = io.BytesIO()
    np.lib.format.write_array(file, array, **options)
    return file.getvalue()


def npy_header(shape, descr="<f8"):
    """The bytes of an .npy file without its data."""
    file = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue()


def savez(save=np.savez, **arrays):
    """The bytes of an .npz file, as NumPy makes it."""
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


def npz(members, compression=zipfile.ZIP_STORED):
    """The bytes of an archive of these (name, content); a name may appear twice, the clock does not
    matter.
    """
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w") as archive:
        warnings.simplefilter("ignore")                          # of a name that appears twice
        for name, content in members:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = compression
            archive.writestr(info, content)
    return file.getvalue()


def forged(archive, place, kind, value):
    """An archive with another number at this place of the last entry in its table of contents."""
    place += archive.rindex(b"PK\1\2")
    return archive[:place] + struct.pack(kind, value) + archive[place + struct.calcsize(kind):]


class Bomb:
    """What a pickle may do to whoever loads it: this one leaves a file called "exploded" in the
    working folder.
    """

    def __reduce__(self):
        return open, ("exploded", "w")


# ---------------------------------------------------------------------- IDX

def idx_file(array):
    """The bytes of an IDX file."""
    return idx_header(*array.shape) + array.tobytes()


def idx_header(*shape, kind=8):
    """The bytes of an IDX file without its data; kind 8: elements of one byte."""
    return struct.pack(f">4B{len(shape)}I", 0, 0, kind, len(shape), *shape)


def small_set(n=5, n_test=3, height=2, width=3):
    """Random images and labels for training, images and labels for testing, as MNIST has them."""
    rng = np.random.default_rng(0)
    shapes = (n, height, width), n, (n_test, height, width), n_test
    return [rng.integers(0, 256, shape, np.uint8) for shape in shapes]


def write_set(folder, names, four):
    """Write these arrays as IDX files of these names into `folder`, compressed if a name ends in
    .gz.
    """
    folder.mkdir(exist_ok=True)
    for name, array in zip(names, four):
        pack = gzip.compress if name.endswith(".gz") else bytes
        (folder / name).write_bytes(pack(idx_file(array)))
    return folder


# ---------------------------------------------------------------------- what comes of reading them

def same(found, expected):
    """Whether two arrays, or None, or plain values agree to the byte."""
    if not isinstance(expected, np.ndarray):
        return found is expected if expected is None else found == expected
    return (isinstance(found, np.ndarray) and found.dtype == expected.dtype
            and found.shape == expected.shape and found.tobytes() == expected.tobytes())


def peak_of(function, *args):
    """The most memory, in bytes, that Python and NumPy took during a call."""
    tracemalloc.start()
    try:
        function(*args)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
