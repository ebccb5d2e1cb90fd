"""Runs on data of one's own: files and folders of any shape, with masks and labels or without."""
import os

import numpy as np
import pytest
from helpers_cli import FOUR, GREY, LABELS, PICTURES, SMALL, assert_same, call
from helpers_files import write_set

from numpyvae import checkpoint, datasets
from numpyvae.cli import train
from numpyvae.datasets.idx import FILES
from numpyvae.training import Run

OF_A_PRIOR = {"kl_per_dimension.png", "manifold.png", "samples.png"}


def trained_by_the_library(dataset, options):
    run = Run(dataset.x_train, dataset.x_test, dataset.mask_train, dataset.mask_test,
              **{**train.DEFAULTS_BY_DATA["mnist"], "epochs": 2, "hidden_dim": 16, "latent_dim": 2,
                 **options})
    run.train()
    return run


def images_of(figure, row, image_shape):
    """The first image in a row of a figure, as (D,), NaN where nothing was observed."""
    height, width = image_shape
    mosaic = np.ma.filled(figure.axes[row].images[0].get_array(), np.nan)
    return mosaic[1:1 + height, 1:1 + width].ravel()


@pytest.mark.parametrize("data, place, shape, options", [
    ("own.npz",    None,                    (4, 3),  {}),
    ("masked.npz", None,                    (4, 3),  {}),
    ("flat.npy",   None,                    (1, 12), {"likelihood": "gaussian"}),
    ("idx",        os.path.join("set", ""), (4, 3),  {"pixels": "resampled"}),
    ("idx",        "set",                   (4, 3),  {"model": "ae", "pixels": "fixed"})])
def test_they_are_learned_and_drawn(own, drawn, capsys, data, place, shape, options):
    title  = "set" if place else data.partition(".")[0]
    argv   = ["--data-dir", place] if place else []
    argv  += [word for name, value in options.items() for word in ("--" + name, value)]
    status, out, err = call(capsys, "train", *SMALL, "--data", data, *argv)
    folder = os.path.join("runs", title)
    assert (status, err) == (0, "") and os.listdir("runs") == [title]
    assert f" learns {title} from " in out
    assert sorted(os.listdir(folder)) == ["history.csv", "model.npz"]
    assert set(drawn) == set(PICTURES) - (OF_A_PRIOR if "model" in options else set())

    arrays, description = checkpoint.load(os.path.join(folder, "model.npz"))
    saved = description["run"]["options"]
    assert saved["image_shape"] == list(shape)
    # Both will be right wherever we are called from next time.
    assert saved["data"] == ("idx" if data == "idx" else str(own / data))
    assert saved["data_dir"] == (str(own / "set") if data == "idx" else None)
    dataset = datasets.load(data, place)
    run = trained_by_the_library(dataset, options)
    assert_same({name: arrays[name] for name in run.model.params}, run.model.params)
    assert np.array_equal(arrays["history"], run.history)

    originals = run.x_test / (255 if run.x_test.dtype == np.uint8 else 1)
    masked, labelled = dataset.mask_test is not None, dataset.labels_test is not None
    if masked:                                                   # what nobody saw is left open
        originals = np.where(dataset.mask_test, originals, np.nan)
    first = images_of(drawn["reconstructions.png"], 0, shape)
    assert any(np.allclose(first, image, rtol=1e-6, atol=0, equal_nan=True) for image in originals)
    ends = images_of(drawn["interpolation.png"], 0, shape)
    assert np.isnan(first).any() == np.isnan(ends).any() == masked
    assert len(drawn["reconstructions.png"].axes) == (2 if labelled else 1)
    assert len(drawn["latent.png"].axes[0].collections) == (3 if labelled else 1)
    assert ("guessing one half" in out) == (not masked and "likelihood" not in options)

    drawn.clear()
    status, told, err = call(capsys, "show", folder)
    assert (status, err) == (0, "") and drawn and out.endswith(told)
    if "model" not in options:
        assert call(capsys, "sample", folder, "-n", "3")[0] == 0
        axes, = drawn["sample.png"].axes
        assert axes.images[0].get_array().shape == (shape[0] + 2, 3 * (shape[1] + 1) + 1)


def test_a_run_of_mnist_is_called_so_wherever_it_lies(own, undrawn, capsys, monkeypatch):
    small = datasets.load("own.npz")

    def load(name, place, bounded):
        assert (name, place, bounded) == ("mnist", "set", True)
        return small
    monkeypatch.setattr(datasets, "load", load)
    status, out, err = call(capsys, "train", *SMALL, "--data", "mnist", "--data-dir", "set")
    assert (status, err) == (0, "") and os.listdir("runs") == ["mnist"]
    assert " learns mnist from " in out
    saved = checkpoint.load(os.path.join("runs", "mnist", "model.npz"))[1]["run"]["options"]
    assert (saved["data"], saved["data_dir"]) == ("mnist", str(own / "set"))


@pytest.mark.parametrize("n", [2, 3, 15])
def test_very_few_examples(own, drawn, capsys, n):
    np.savez("few.npz", x=GREY[:n], labels=LABELS[:n])
    status, out, err = call(capsys, "train", *SMALL, "--data", "few.npz")
    assert (status, err) == (0, "") and f"from {n - 1} images, and is tested on 1 others" in out
    assert set(drawn) == set(PICTURES) - {"interpolation.png"}   # there is but one image to go from
    titles = [axes.get_title() for axes in drawn["reconstructions.png"].axes]
    assert titles == ["test images, as they come"]


@pytest.mark.parametrize("kinds, rows", [(1, 1), (2, 2), (20, 2), (21, 1)])
def test_one_image_of_each_label_where_there_are_a_few_labels(own, drawn, capsys, kinds, rows):
    write_set(own / "set", FILES, (*FOUR[:2], GREY, (np.arange(40) % kinds).astype(np.uint8)))
    assert call(capsys, "train", *SMALL, "--data", "idx", "--data-dir", "set")[0] == 0
    axes = drawn["reconstructions.png"].axes
    assert len(axes) == rows
    columns = kinds if rows == 2 else 10
    assert axes[0].images[0].get_array().shape == (2 * 5 + 1, columns * 4 + 1)
