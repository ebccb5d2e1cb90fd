"""The data sets: arrays of examples, split once and for all into a training and a test set."""
from collections import namedtuple

from ..errors import InvalidValueError
from .digits import load_digits
from .faces import load_faces
from .idx import load_idx
from .mnist import load_mnist
from .own import load_array

# x_train, x_test            (N, D) pixels in [0, 1], or bytes; one image a row
# labels_train, labels_test  (N,) whole numbers, or None
# image_shape                (H, W), with H * W = D
# mask_train, mask_test      (N, D) booleans, True where a pixel was observed, or None
# note                       what was changed in the pixels, a sentence, or None
Dataset = namedtuple("Dataset", "x_train labels_train x_test labels_test image_shape "
                                "mask_train mask_test note", defaults=(None, None, None))

NAMES = ("digits", "mnist", "faces", "idx")
FACES = 8000, 1000                   # to train on and to test with, always the same ones


def load(name, data_dir=None, bounded=True):
    """The data set of that name, or in that file of the user's own, as a `Dataset`.

    name: one of NAMES, or a path that ends in .npy or .npz;
    data_dir: the folder of "mnist" or "idx"
    bounded: whether the pixels in a file of the user's own have to lie in [0, 1]
    Raises ValueError for an unknown or a damaged one, and OSError.
    """
    if data_dir is not None and name not in ("mnist", "idx"):
        raise InvalidValueError("data_dir: expected it with the data mnist or idx only, got it "
                                f"with {name!r}")
    if name == "digits":
        return Dataset(*load_digits())
    if name == "mnist":
        return Dataset(*load_mnist(data_dir))
    if name == "faces":
        x_train, _ = load_faces(FACES[0], rng=0)
        x_test, _  = load_faces(FACES[1], rng=1)
        return Dataset(x_train, None, x_test, None, (28, 28))
    if name == "idx":
        if data_dir is None:
            raise InvalidValueError("data: idx needs the folder with its four files, data_dir "
                                    "(--data-dir)")
        return Dataset(*load_idx(data_dir))
    if isinstance(name, str) and name.lower().endswith((".npy", ".npz")):
        return Dataset(*load_array(name, bounded))
    raise InvalidValueError(f"data: expected one of {', '.join(NAMES)}, or a file that ends in "
                            f".npy or .npz, got {name!r}")
