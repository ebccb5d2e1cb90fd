"""The data sets: arrays of examples, split once and for all into images to train on and images to test with."""
from collections import namedtuple

from ..errors import check_choice
from .digits import load_digits

# x_train, x_test: (N, D) pixels in [0, 1], one image a row; labels_train, labels_test: (N,) whole numbers;
# image_shape: (height, width), with height * width = D
Dataset = namedtuple("Dataset", "x_train labels_train x_test labels_test image_shape")

NAMES = ("digits",)


def load(name):
    """The data set of that name, as a `Dataset`.  Raises ValueError for an unknown one."""
    check_choice("data", name, NAMES)
    return Dataset(*load_digits())
