"""The UCI handwritten digits, 8 by 8 pixels, which come with the package: nothing to download."""
import os

import numpy as np


def load_digits():
    """The 1,797 handwritten digits, every sixth of them kept for testing.

    ->  x_train: (1498, 64) float32 in [0, 1] (multiples of 1/16), labels_train: (1498,),
        x_test: (299, 64), labels_test: (299,), image_shape: (8, 8)
    Source: Alpaydin & Kaynak 1998; see digits.md beside this file.
    """
    with np.load(os.path.join(os.path.dirname(__file__), "digits.npz")) as file:
        images, labels = file["images"], file["labels"]
    x = images.astype(np.float32) / 16
    test = np.arange(len(x)) % 6 == 5
    return x[~test], labels[~test], x[test], labels[test], (8, 8)
