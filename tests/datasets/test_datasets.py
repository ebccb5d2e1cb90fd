"""The data sets by their names."""
import numpy as np
import pytest
from helpers_files import savez, npy, small_set, write_set

from numpyvae import datasets
from numpyvae.datasets import idx
from numpyvae.datasets.own import load_array
from numpyvae.errors import DataFormatError


@pytest.mark.parametrize("name", ["Digits", "", "x.csv", None, 3])
def test_an_unknown_name_is_refused_in_a_sentence(name):
    with pytest.raises(ValueError) as caught:
        datasets.load(name)
    assert str(caught.value) == ("data: expected one of digits, mnist, faces, idx, or a file that "
                                 f"ends in .npy or .npz, got {name!r}")


@pytest.mark.parametrize("name", ["digits", "faces", "own.npz", "OWN.NPY"])
def test_a_folder_is_only_for_data_that_lie_in_one(name):
    with pytest.raises(ValueError) as caught:
        datasets.load(name, data_dir=".")
    assert str(caught.value) == ("data_dir: expected it with the data mnist or idx only, got it "
                                 f"with {name!r}")


def test_the_faces_are_always_the_same():
    faces = datasets.load("faces")
    assert faces.x_train.shape == (8000, 784) and faces.x_test.shape == (1000, 784)
    assert faces.image_shape == (28, 28)
    assert np.array_equal(faces.x_train[:9], datasets.load_faces(9, 0)[0])
    assert np.array_equal(faces.x_test[-9:], datasets.load_faces(1000, 1)[0][-9:])
    assert faces.labels_train is faces.labels_test is faces.mask_train is faces.mask_test is None


def test_four_files_of_the_user_s_own(tmp_path):
    train, labels_train, test, labels_test = small_set()
    write_set(tmp_path / "set", idx.FILES, small_set())
    found = datasets.load("idx", str(tmp_path / "set"))
    assert np.array_equal(found.x_train, train.reshape(len(train), -1))
    assert np.array_equal(found.x_test, test.reshape(len(test), -1))
    assert np.array_equal(found.labels_train, labels_train)
    assert np.array_equal(found.labels_test, labels_test)
    assert found.image_shape == train.shape[1:]
    assert found.mask_train is found.mask_test is None
    with pytest.raises(ValueError, match="^data: idx needs the folder with its four files, "
                       "data_dir"):
        datasets.load("idx")


def test_a_folder_may_hold_mnist_s_kin_but_is_not_taken_for_it(tmp_path):
    write_set(tmp_path / "set", idx.FILES, small_set())
    with pytest.raises(DataFormatError, match="expected MNIST's own file, .* use --data idx "
                       "--data-dir"):
        datasets.load("mnist", tmp_path / "set")


@pytest.mark.parametrize("ending", [".npz", ".NPZ", ".npy"])
def test_a_file_of_the_user_s_own(tmp_path, ending):
    x, labels = np.random.default_rng(0).random((20, 2, 3)), np.arange(20)
    mask, alone = x < 0.8, ending == ".npy"
    path = tmp_path / ("own" + ending)
    path.write_bytes(npy(x) if alone else savez(x=x, labels=labels, mask=mask))
    found = datasets.load(str(path))
    for part, same in zip(found, load_array(path), strict=True):
        assert part is None and same is None or np.array_equal(part, same)
    assert found.image_shape == (2, 3)
    assert found.x_train.shape == (18, 6) and found.x_test.shape == (2, 6)
    if alone:
        assert found.labels_train is found.labels_test is None
        assert found.mask_train is found.mask_test is None
    else:
        assert found.mask_train.shape == (18, 6) and found.mask_test.shape == (2, 6)
        assert sorted([*found.labels_train, *found.labels_test]) == list(range(20))
