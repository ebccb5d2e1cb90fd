"""Runs on data of one's own: files and folders of any shape, with masks and labels or without."""
import os

import numpy as np
import pytest
from helpers_cli import (FOUR, GREY, LABELS, PICTURES, SEEN, SMALL, assert_one_sentence,
                         assert_same, call)
from helpers_files import write_set

from numpyvae import checkpoint, datasets
from numpyvae.cli import train
from numpyvae.datasets.idx import FILES
from numpyvae.runs import load_trained
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


# ---------------------------------------------------------------------- pixels outside [0, 1]

def shown_in(figure):
    """The pixels of all images of a figure, without the gaps between them."""
    pixels = np.concatenate([np.ma.filled(axes.images[0].get_array(), np.nan).ravel()
                             for axes in figure.axes if axes.images])
    return pixels[~np.isnan(pixels)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_gaussian_takes_standardised_pixels_and_they_are_drawn_from_white_to_black(
        own, drawn, capsys, dtype):
    x = np.where(SEEN, 3 * GREY / 255.0 - 1, np.nan).astype(dtype)
    x[0, 0, 0] = 50                                              # an outlier takes no contrast away
    mask = SEEN.copy()
    mask[0, 0, 0] = True
    np.savez("standard.npz", x=x, labels=LABELS, mask=mask)
    status, out, err = call(capsys, "train", *SMALL, "--data", "standard.npz", "--likelihood",
                            "gaussian", "--lr", "0.01", "--out", "run")
    model, about, _ = load_trained("run")
    low, high = about["pixel_range"]
    assert (status, err) == (0, "") and 2 < high < 15
    assert f"\n  white: {low:.3g} and below, black: {high:.3g} and above\n" in out
    dataset = datasets.load("standard.npz", bounded=False)
    assert low == dataset.x_train[dataset.mask_train].astype(np.float32).min()
    scaled = np.where(dataset.mask_test, (dataset.x_test - low) / (high - low), np.nan)
    first  = images_of(drawn["reconstructions.png"], 0, (4, 3))
    assert any(np.allclose(first, image, rtol=0, atol=1e-6, equal_nan=True) for image in scaled)
    assert call(capsys, "sample", "run", "-n", "64", "--seed", "0")[0] == 0
    invented = (model.generate(64, rng=0) - low) / (high - low)
    for name in ("sample.png", "samples.png"):
        assert np.allclose(np.sort(shown_in(drawn[name])), np.sort(invented.ravel()), atol=1e-6)
    for command in (("show", "run"), ("train", "--resume", "run", "--epochs", "3")):
        assert call(capsys, *command)[0] == 0                    # which load the data again


def test_what_lies_outside_is_refused_unless_a_gaussian_takes_it(own, capsys):
    np.save("standard.npy", GREY / 100.0 - 1)
    for options in ((), ("--likelihood", "gaussian", "--pixels", "threshold")):
        status, out, err = call(capsys, "train", *SMALL, "--data", "standard.npy", *options)
        assert_one_sentence(status, err, "standard.npy: x: expected values in [0, 1], got -1 to 1.",
                            "--likelihood gaussian and --pixels grey")
        assert out == "" and not os.path.exists("runs")


def test_what_was_clipped_is_said_before_the_training(own, undrawn, capsys):
    x = GREY / np.float32(255)
    x[3, 0, 0] = np.nextafter(np.float32(1), np.float32(2))
    np.save("hair.npy", x)
    status, out, err = call(capsys, "train", *SMALL, "--data", "hair.npy", "--out", "run")
    assert (status, err) == (0, "")
    assert "\nClipped 1 pixel that rounding had left outside [0, 1], by 1e-07 at most.\n\n" in out
    assert call(capsys, "show", "run") == (0, "", "")


@pytest.mark.parametrize("part", ["train", "test"])
def test_bytes_of_which_one_part_is_dark(own, undrawn, capsys, part):
    kept = np.isin(np.arange(40), np.random.default_rng(0).permutation(40)[:4])
    dark = kept if part == "test" else ~kept
    np.save("dark.npy", np.where(dark[:, None, None], GREY & 1, GREY))
    assert call(capsys, "train", *SMALL, "--data", "dark.npy")[0] == 0


def test_a_folder_of_emnist_s(own, undrawn, capsys):
    names = [f"emnist-digits-{name.replace('t10k', 'test')}.gz" for name in FILES]
    write_set(own / "emnist", names, FOUR)
    for options in (("--out", "a", "--data-dir", "emnist"), ("--out", "b", "--data-dir", "set")):
        assert call(capsys, "train", *SMALL, "--data", "idx", *options)[0] == 0
    assert_same(*(checkpoint.load(os.path.join(run, "model.npz"))[0] for run in "ab"))
    status, _, err = call(capsys, "train", "--data", "mnist", "--data-dir", ".")
    assert_one_sentence(status, err, ".: expected a folder with train-images", "missing: train-im")
