"""The embedded digits: all of them, as they were published, split once and for all."""
import hashlib
import os

import numpy as np
import pytest

from numpyvae import datasets

FOLDER = os.path.dirname(datasets.__file__)


# Loaded anew for each test, so that every test examines the loading.
@pytest.fixture
def digits():
    return datasets.load("digits")


def test_shapes_and_dtypes(digits):
    assert digits.x_train.shape == (1498, 64) and digits.labels_train.shape == (1498,)
    assert digits.x_test.shape == (299, 64) and digits.labels_test.shape == (299,)
    assert digits.x_train.dtype == digits.x_test.dtype == np.float32
    assert digits.image_shape == (8, 8)


def test_pixels_are_sixteenths_of_full_ink(digits):
    for x in (digits.x_train, digits.x_test):
        assert x.min() == 0 and x.max() == 1
        assert np.array_equal(np.unique(x), np.arange(17) / 16)      # exact in binary: no rounding


def test_every_digit_is_learned_and_tested(digits):
    train, test = np.bincount(digits.labels_train), np.bincount(digits.labels_test)
    # The data's authors counted the same.
    assert (train + test).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert test.min() >= 25                                          # of 299: none is rare


def test_the_first_image_is_the_one_that_was_published(digits):
    assert (16 * digits.x_train[0].reshape(8, 8)).astype(int).tolist() == [
        [0, 0,  5, 13,  9,  1, 0, 0],
        [0, 0, 13, 15, 10, 15, 5, 0],
        [0, 3, 15,  2,  0, 11, 8, 0],
        [0, 4, 12,  0,  0,  8, 8, 0],
        [0, 5,  8,  0,  0,  9, 8, 0],
        [0, 4, 11,  0,  1, 12, 7, 0],
        [0, 2, 14,  5, 10, 12, 0, 0],
        [0, 0,  6, 13, 10,  0, 0, 0]]
    assert digits.labels_train[:10].tolist() == [0, 1, 2, 3, 4, 6, 7, 8, 9, 0]
    assert digits.labels_test[0] == 5


def test_nothing_is_in_both_halves_and_nothing_is_lost(digits):
    train, test = ({row.tobytes() for row in x} for x in (digits.x_train, digits.x_test))
    assert len(train) == 1498 and len(test) == 299 and not train & test      # no image comes twice
    everything = np.empty((1797, 65))
    everything[5::6] = np.column_stack([digits.x_test, digits.labels_test])
    everything[np.arange(1797) % 6 != 5] = np.column_stack([digits.x_train, digits.labels_train])
    with np.load(os.path.join(FOLDER, "digits.npz")) as file:
        assert np.array_equal(everything[:, :64] * 16, file["images"])
        assert np.array_equal(everything[:, 64], file["labels"])


def test_the_split_never_changes(digits):
    digest = hashlib.sha256()
    for array in (digits.x_train * 16, digits.labels_train, digits.x_test * 16, digits.labels_test):
        digest.update(array.astype(np.uint8).tobytes())
    assert digest.hexdigest() == "ea28cd5866a26e344f601adfb50a381bb1cbc310259664f91faf6da15706b0cf"


def test_every_call_gives_arrays_of_its_own(digits):
    kept = digits.x_train.copy()
    datasets.load("digits").x_train[...] = 0
    assert np.array_equal(digits.x_train, kept)
    assert np.array_equal(datasets.load("digits").x_train, kept)


def test_where_they_come_from_is_stated_beside_them():
    with open(os.path.join(FOLDER, "digits.md"), encoding="utf-8") as file:
        text = file.read()
    for needed in ("Alpaydin", "Kaynak", "1998", "UCI Machine Learning Repository",
                   "10.24432/C50P49", "CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/",
                   "Changes"):
        assert needed in text
