"""The conditional VAE and the IWAE at the command line: trained, resumed, drawn, exported."""
import os
import re

import numpy as np
import pytest
from helpers_cli import (GREY, PICTURES, SMALL, assert_one_sentence, assert_same, call, contents)

from numpyvae import IWAE, ConditionalVAE, checkpoint, datasets
from numpyvae.evaluate import accuracy, log_likelihood, mean_loss, neg_elbo
from numpyvae.runs import load_trained
from numpyvae.training import Run

MODELS = {"cvae": ConditionalVAE, "iwae": IWAE}


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A working folder with a run of each kind in it: cvae and iwae."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def train(capsys, model, *argv):
    """Train one of them on the digits  ->  what was said."""
    samples = ("--num-samples", "3") if model == "iwae" else ()
    status, out, err = call(capsys, "train", *SMALL, "--model", model, *samples, "--out", model,
                            *argv)
    assert (status, err) == (0, "")
    return out


def test_a_conditional_vae_learns_and_says_how_many_images_its_means_name(work, drawn, capsys):
    out = train(capsys, "cvae")
    data = datasets.load("digits")
    run = Run(*data[0:4:2], None, None, data.labels_train, data.labels_test, model="cvae",
              epochs=2, hidden_dim=16, latent_dim=2, batch_size=64, lr=2e-3)
    run.train()
    assert_same(checkpoint_params("cvae"), run.model.params)
    assert "A 64-16-2 conditional VAE learns digits from 1498 images" in out
    assert "loss = recon + KL, in nats per image\n" in out
    share = accuracy(run.model, data.x_test, data.labels_test)
    assert f"The nearest class mean names {share:.1%} of the 299 test images right" in out
    loss, _, _ = neg_elbo(run.model, data.x_test, np.random.default_rng(run.test_noise),
                          y=data.labels_test)
    assert f"test -ELBO = {loss:.2f} nats" in out
    assert set(drawn) == set(PICTURES)


def checkpoint_params(folder):
    return MODELS[folder].load(os.path.join(folder, "model.npz")).params


def test_the_pictures_of_a_conditional_vae_show_its_classes(work, drawn, capsys):
    train(capsys, "cvae")
    model, _, _ = load_trained("cvae")
    rows = drawn["samples.png"].axes
    assert [axes.texts[0].get_text() for axes in rows] == [str(label) for label in range(10)]
    images = model.generate(np.repeat(range(10), 16), rng=0)
    picture = np.ma.filled(rows[7].images[0].get_array(), np.nan)
    assert np.array_equal(picture[1:9, 1:9], images[7 * 16].reshape(8, 8))
    crosses = [line for line in drawn["latent.png"].axes[0].lines if line.get_marker() == "X"]
    assert np.array_equal([line.get_xydata()[0] for line in crosses], model.params["M"])
    assert drawn["loss.png"].axes[2].get_title() == "KL(q(z | x), p(z | y))"
    # The plane that is decoded is where the class means lie.
    ticks = [float(tick.get_text().replace("−", "-"))
             for tick in drawn["manifold.png"].axes[0].get_xticklabels()]
    M = model.params["M"][:, 0]
    assert (ticks[0] + ticks[-1]) / 2 == pytest.approx(M.mean(), abs=0.06)
    assert ticks[-1] - ticks[0] == pytest.approx(2 * 1.8627 * np.sqrt(1 + M.var()), abs=0.11)


def test_an_iwae_learns_and_tells_both_bounds_and_log_p(work, drawn, capsys):
    out = train(capsys, "iwae", "--pixels", "fixed")
    model, about, arrays = load_trained("iwae")
    assert isinstance(model, IWAE) and about["options"]["num_samples"] == model.num_samples == 3
    assert "A 64-16-2 IWAE learns digits from 1498 images" in out
    assert "loss = -L, the bound of K = 3, in" in out and "recon + KL is the VAE's" in out
    bound, recon, kl = arrays["history"][-1, 3:]
    assert bound < recon + kl - 0.05
    # Each line of the table has the VAE's bound, too.
    lines = [re.findall(r"[\d.]+", line) for line in out.splitlines()
             if re.match(r" +\d+ \|", line)]
    assert [len(line) for line in lines] == [8, 8] and lines[-1][4] == f"{bound:.2f}"
    assert lines[-1][7] == f"{recon + kl:.2f}"
    assert out.splitlines()[3].endswith("|    -ELBO")
    assert f"test -ELBO = {recon + kl:.2f} nats per image" in out
    assert f"\nThe bound of K = 3 is {bound:.2f} nats.\n" in out
    run = Run(*datasets.load("digits")[0:4:2], model="iwae", num_samples=3, epochs=2, hidden_dim=16,
              latent_dim=2, batch_size=64, lr=2e-3, pixels="fixed")
    run.train()
    assert np.array_equal(run.history, arrays["history"])
    found = mean_loss(model, run.x_test, np.random.default_rng(run.test_noise))
    assert found == tuple(arrays["history"][-1, 3:])
    log_p = log_likelihood(model, run.x_test, 500).mean()
    assert f"-log p(x) = {-log_p:.2f} nats: a mean over the 299 test images" in out
    assert "grey" not in out and set(drawn) == set(PICTURES)
    assert drawn["loss.png"].get_suptitle().endswith(f"with K = 3,  {bound:.1f}")
    assert "the bound of K = 3" in drawn["loss.png"].axes[0].get_title()


def test_of_grey_or_masked_images_less_is_said_of_log_p(work, drawn, capsys, monkeypatch):
    monkeypatch.setattr("numpyvae.cli.pictures.LIKELY", 7)
    monkeypatch.setattr("numpyvae.cli.pictures.SAMPLES", 5)
    out = train(capsys, "iwae")
    assert "over the first 7 test images, by 5 importance samples of each; of grey images" in out
    np.savez("masked.npz", x=GREY, mask=np.random.default_rng(1).random(GREY.shape) < 0.7)
    status, out, err = call(capsys, "train", *SMALL, "--model", "iwae", "--data", "masked.npz")
    assert (status, err) == (0, "") and "log p(x)" not in out.partition("Learned")[2]


@pytest.mark.parametrize("model", MODELS)
def test_it_is_resumed_to_the_bit_and_shown_again(work, undrawn, capsys, model):
    train(capsys, model)
    before = contents(work / model)
    status, out, err = call(capsys, "train", "--resume", model, "--epochs", "3")
    assert (status, err) == (0, "")
    call(capsys, "train", *SMALL[2:], "--epochs", "3", "--model", model, "--out", "whole",
         *(("--num-samples", "3") if model == "iwae" else ()))
    resumed, whole = (checkpoint.load(os.path.join(folder, "model.npz"))[0]
                      for folder in (model, "whole"))
    assert_same(resumed, whole)
    assert (work / model / "history.csv").read_bytes() == \
        (work / "whole" / "history.csv").read_bytes()
    assert call(capsys, "show", model)[0] == 0
    assert before.keys() == contents(work / model).keys()


def test_other_labels_are_other_data(work, undrawn, capsys):
    labels = np.arange(40) % 3
    np.savez("own.npz", x=GREY, labels=labels)
    for model in ("cvae", "vae"):
        assert call(capsys, "train", *SMALL, "--model", model, "--data", "own.npz",
                    "--out", model)[0] == 0
    np.savez("own.npz", x=GREY, labels=(labels + 1) % 3)
    status, _, err = call(capsys, "train", "--resume", "cvae", "--epochs", "3")
    assert_one_sentence(status, err, "own.npz", "are not the ones it was trained on")
    assert call(capsys, "train", "--resume", "vae", "--epochs", "3")[0] == 0


def test_a_digit_can_be_asked_for(work, drawn, capsys):
    train(capsys, "cvae")
    model, _, _ = load_trained("cvae")

    def image(name, row, column):
        picture = np.ma.filled(drawn[name].axes[0].images[0].get_array(), np.nan)
        return picture[9 * row + 1:9 * row + 9, 9 * column + 1:9 * column + 9].ravel()

    status, out, err = call(capsys, "sample", "cvae", "--label", "3", "-n", "20", "--seed", "5")
    assert (status, err) == (0, "")
    assert out == (os.path.join("cvae", "sample.png") + ": 20 images from z ~ N(M[3], I), label 3, "
                   "with --seed 5\n")
    assert np.array_equal(image("sample.png", 1, 2), model.generate(np.full(20, 3), 5)[18])
    assert "z ~ N(M[3], I)" in drawn["sample.png"].get_suptitle()
    # Without a label all of them come in turn, each in a column of its own.
    status, out, err = call(capsys, "sample", "cvae", "-n", "23", "--seed", "5", "--out", "all.png")
    assert (status, err) == (0, "")
    assert out == "all.png: 23 images from z ~ N(M[y], I), all labels in turn, with --seed 5\n"
    images = model.generate(np.arange(23) % 10, 5)
    assert np.array_equal(image("all.png", 1, 7), images[17])
    assert np.array_equal(image("all.png", 2, 2), images[22])
    before = contents(work)
    for label in ("-1", "10"):
        status, out, err = call(capsys, "sample", "cvae", "--label", label)
        assert_one_sentence(status, err, f"--label: expected one from 0 to 9, got {label}")
    assert contents(work) == before


def test_an_iwae_invents_what_its_vae_would(work, drawn, capsys):
    train(capsys, "iwae")
    status, out, _ = call(capsys, "sample", "iwae", "-n", "2", "--seed", "5")
    assert status == 0 and "2 images from z ~ N(0, I), with --seed 5" in out
    status, _, err = call(capsys, "sample", "iwae", "--label", "3")
    assert_one_sentence(status, err, "--label", "--model cvae", "IWAE", "iwae")


@pytest.mark.parametrize("model", MODELS)
def test_its_parameters_are_exported_under_pytorchs_names(work, undrawn, capsys, model):
    train(capsys, model)
    status, out, _ = call(capsys, "export", model, "weights.npz")
    assert status == 0 and ("class_mean.weight" in out) == (model == "cvae")
    trained, _, _ = load_trained(model)
    assert_same(dict(np.load("weights.npz")), trained.to_torch_names())


@pytest.mark.parametrize("model", MODELS)
def test_without_a_screen_explore_draws_its_traversal(work, drawn, capsys, monkeypatch, model):
    train(capsys, model)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    status, out, err = call(capsys, "explore", model)
    assert (status, err) == (0, "") and "traversal.png" in out and "traversal.png" in drawn


def test_of_many_classes_the_first_twenty_are_drawn(work, drawn, capsys):
    np.savez("own.npz", x=np.tile(GREY, (2, 1, 1)), labels=np.arange(80) % 25)
    status, _, err = call(capsys, "train", *SMALL, "--model", "cvae", "--data", "own.npz")
    assert (status, err) == (0, "") and len(drawn["samples.png"].axes) == 20
    status, _, err = call(capsys, "sample", os.path.join("runs", "own"), "-n", "30")
    assert (status, err) == (0, "")
    assert drawn["sample.png"].axes[0].images[0].get_array().shape == (2 * 5 + 1, 25 * 4 + 1)
