"""The data sets by their names; and the embedded digits: all of them, as they were published, split
for good.
"""
import hashlib
import os

import numpy as np
import pytest

from test_idx import arrays, write_set

from numpyvae import datasets
from numpyvae.datasets import idx
from numpyvae.datasets.own import load_array
from numpyvae.errors import DataFormatError


# anew for each test, so that every one of them puts the loading to the test
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
        # exact in binary: no rounding anywhere
        assert np.array_equal(np.unique(x), np.arange(17) / 16)


def test_every_digit_is_learned_and_tested(digits):
    counts = np.bincount(digits.labels_train) + np.bincount(digits.labels_test)
    # as the data's authors counted
    assert counts.tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert np.bincount(digits.labels_test).min() >= 25                       # of 299: none is rare


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
    assert digits.labels_train[:10].tolist() == [0, 1, 2, 3, 4, 6, 7, 8, 9,
                                                 0] and digits.labels_test[0] == 5


def test_nothing_is_in_both_halves_and_nothing_is_lost(digits):
    train, test = ({row.tobytes() for row in x} for x in (digits.x_train, digits.x_test))
    # no image appears twice
    assert len(train) == 1498 and len(test) == 299 and not train & test
    everything = np.empty((1797, 65))
    everything[5::6] = np.column_stack([digits.x_test, digits.labels_test])
    everything[np.arange(1797) % 6 != 5] = np.column_stack([digits.x_train, digits.labels_train])
    with np.load(os.path.join(os.path.dirname(datasets.__file__), "digits.npz")) as file:
        assert np.array_equal(everything[:, :64] * 16, file["images"])
        assert np.array_equal(everything[:, 64], file["labels"])


def test_the_split_never_changes(digits):
    digest = hashlib.sha256()
    for array in (digits.x_train * 16, digits.labels_train, digits.x_test * 16, digits.labels_test):
        digest.update(array.astype(np.uint8).tobytes())
    assert digest.hexdigest() == "ea28cd5866a26e344f601adfb50a381bb1cbc310259664f91faf6da15706b0cf"


def test_every_call_gives_arrays_of_its_own(digits):
    again = datasets.load("digits")
    kept = digits.x_train.copy()
    again.x_train[...] = 0
    assert np.array_equal(digits.x_train, kept) and np.array_equal(datasets.load("digits").x_train,
                                                                   kept)


def test_where_they_come_from_is_told_beside_them():
    with open(os.path.join(os.path.dirname(datasets.__file__), "digits.md"),
              encoding="utf-8") as file:
        text = file.read()
    for needed in ("Alpaydin", "Kaynak", "1998", "UCI Machine Learning Repository",
                   "10.24432/C50P49", "CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/",
                   "Changes"):
        assert needed in text


@pytest.mark.parametrize("name", ["Digits", "", "x.csv", None, 3])
def test_an_unknown_name_is_refused_in_a_sentence(name):
    with pytest.raises(ValueError) as caught:
        datasets.load(name)
    assert str(caught.value) == ("data: expected one of digits, mnist, faces, idx, or a file that "
                                 f"ends in .npy or .npz, got {name!r}")


@pytest.mark.parametrize("name", ["digits", "faces", "own.npz", "OWN.NPY"])
def test_a_folder_is_for_the_data_that_lie_in_one(name):
    with pytest.raises(ValueError, match="^data_dir: is for the data mnist and idx alone, got it "
                       "with "):
        datasets.load(name, data_dir=".")


def test_the_faces_are_always_the_same():
    faces = datasets.load("faces")
    assert faces.x_train.shape == (8000, 784) and faces.x_test.shape == (1000, 784) and faces.image_shape == (28, 28)
    assert np.array_equal(faces.x_train[:9], datasets.load_faces(9, 0)[0])
    assert np.array_equal(faces.x_test[-9:], datasets.load_faces(1000, 1)[0][-9:])
    assert faces.labels_train is faces.labels_test is faces.mask_train is faces.mask_test is None


def test_four_files_of_one_s_own(tmp_path):
    write_set(tmp_path / "set", idx.FILES, arrays())
    train, labels_train, test, labels_test = arrays()
    found = datasets.load("idx", str(tmp_path / "set"))
    expected = (train.reshape(len(train), -1), labels_train, test.reshape(len(test), -1),
                labels_test)
    assert all(map(np.array_equal, found[:4], expected)) and found[4:] == (train.shape[1:], None,
                                                                           None)
    with pytest.raises(ValueError, match="^data: idx needs the folder that its four files lie in, "
                       "data_dir"):
        datasets.load("idx")


def test_a_folder_may_hold_mnist_s_kin_but_is_not_taken_for_it(tmp_path):
    write_set(tmp_path / "set", idx.FILES, arrays())
    with pytest.raises(DataFormatError, match="expected MNIST's own file, .* take --data idx "
                       "--data-dir"):
        datasets.load("mnist", tmp_path / "set")


@pytest.mark.parametrize("ending", [".npz", ".NPZ", ".npy"])
def test_a_file_of_one_s_own(tmp_path, ending):
    x, labels = np.random.default_rng(0).random((20, 2, 3)), np.arange(20)
    mask, path = x < 0.8, str(tmp_path / ("own" + ending))
    with open(path, "wb") as file:
        np.save(file, x) if ending == ".npy" else np.savez(file, x=x, labels=labels, mask=mask)
    found, expected = datasets.load(path), load_array(path)
    assert len(found) == len(expected) == 7
    for part, same in zip(found, expected):
        assert part is None and same is None or np.array_equal(part, same)
    assert found.image_shape == (2, 3) and found.x_train.shape == (18,
                                                                   6) and found.x_test.shape == (2,
                                                                                                 6)
    assert (found.mask_test is None) == (found.labels_train is None) == (ending == ".npy")
    if ending != ".npy":
        assert found.mask_train.shape == (18, 6) and found.mask_test.shape == (2, 6)
        assert sorted([*found.labels_train, *found.labels_test]) == list(range(20))
