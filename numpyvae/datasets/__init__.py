"""The data sets: arrays of examples, split once and for all into images to train on and images to
test with.
"""
from collections import namedtuple

from ..errors import InvalidValueError
from .digits import load_digits
from .faces import load_faces
from .idx import load_idx
from .mnist import load_mnist
from .own import load_array

# x_train, x_test: (N, D) pixels in [0, 1], or bytes, one image a row; labels_train, labels_test:
# (N,) whole numbers, or None; image_shape: (height, width), with height * width = D; mask_train,
# mask_test: (N, D) booleans, True where a pixel was observed, or None
Dataset = namedtuple("Dataset", "x_train labels_train x_test labels_test image_shape mask_train "
                     "mask_test", defaults=(None, None))

NAMES = ("digits", "mnist", "faces", "idx")
FACES = 8000, 1000                   # drawn for training and for testing, always the same ones


def load(name, data_dir=None):
    """The data set of that name, or in that file of a user's own, as a `Dataset`.

    name: one of NAMES, or a path that ends in .npy or .npz; data_dir: the folder of "mnist" or
    "idx"
    Raises ValueError for an unknown one or one that is damaged, OSError.
    """
    if data_dir is not None and name not in ("mnist", "idx"):
        raise InvalidValueError("data_dir: is for the data mnist and idx alone, got it with "
                                f"{name!r}")
    if name == "digits":
        return Dataset(*load_digits())
    if name == "mnist":
        return Dataset(*load_mnist(data_dir))
    if name == "faces":
        (x_train, _), (x_test, _) = (load_faces(n, rng) for rng, n in enumerate(FACES))
        return Dataset(x_train, None, x_test, None, (28, 28))
    if name == "idx":
        if data_dir is None:
            raise InvalidValueError("data: idx needs the folder that its four files lie in, "
                                    "data_dir (--data-dir)")
        return Dataset(*load_idx(data_dir))
    if isinstance(name, str) and name.lower().endswith((".npy", ".npz")):
        return Dataset(*load_array(name))
    raise InvalidValueError(f"data: expected one of {', '.join(NAMES)}, or a file that ends in "
                            f".npy or .npz, got {name!r}")
