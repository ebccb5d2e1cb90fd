"""The pictures of a run, and what is said of it, by `numpyvae show` and at the end of training."""
import os
import re

import numpy as np
import pytest
from helpers_cli import PICTURES, RUN, SMALL, assert_one_sentence, assert_same, call, contents

from numpyvae import Autoencoder, VAE, checkpoint, datasets, plots
from numpyvae.cli import pictures, words
from numpyvae.evaluate import mean_kl_per_dim
from numpyvae.runs import SavedRun
from numpyvae.training import Run


def test_show_draws_the_same_again(home, work, capsys):
    before = contents(work)
    for name in PICTURES[1:]:
        (work / RUN / name).unlink()
    (work / RUN / PICTURES[0]).write_bytes(b"damaged")
    status, out, err = call(capsys, "show", RUN)
    assert (status, err) == (0, "")
    assert contents(work) == before                              # which another process had drawn
    told = (home / "stdout").read_text(encoding="utf-8")
    told = told.replace("python -m numpyvae", words.this_program())
    assert out.startswith("\nDrawing\n") and told.endswith(out)


def test_show_of_a_network_that_has_learned_nothing_yet(work, drawn, capsys):
    data = datasets.load("digits")
    (work / "new").mkdir()
    SavedRun(Run(data.x_train, data.x_test, hidden_dim=4, latent_dim=1), "new", "digits").save()
    status, out, err = call(capsys, "show", "new")
    assert (status, err) == (0, "") and "Learned" not in out
    assert set(drawn) == set(PICTURES) - {"loss.png", "manifold.png"}


def test_the_pictures_of_more_dimensions_and_grey_values(work, drawn, capsys):
    status, out, err = call(capsys, "train", "--epochs", "1", "--hidden-dim", "8", "--latent-dim",
                            "3", "--beta", "0.5", "--likelihood", "gaussian", "--out", "grey")
    assert (status, err) == (0, "") and sorted(os.listdir("grey")) == ["history.csv", "model.npz"]
    assert set(drawn) == set(PICTURES) - {"manifold.png"}
    # The closing line is the ELBO, not the loss with its weight.
    row = (work / "grey" / "history.csv").read_text().splitlines()[-1].split(",")
    assert f"-ELBO = {float(row[5]) + float(row[6]):.2f} nats" in out


@pytest.mark.parametrize("chosen, pairs", [
    ("", ""), ("a", ""), ("ab", "ab"), ("abc", "ac"), ("abcd", "ac bd"), ("abcde", "ad be"),
    ("abcdefghij", "af bg ch di ej"), ("abcdefghijklmno", "ai bj ck dl em")])
def test_each_path_leads_from_the_first_half_of_the_images_to_the_second(chosen, pairs):
    starts, ends = pictures._starts_and_ends(np.array(list(chosen)))
    assert len(starts) == len(ends)
    assert " ".join(map("".join, zip(starts, ends))) == pairs


def test_samples_are_the_seed_s_and_paths_lead_from_each_image_to_another(
        work, drawn, capsys, monkeypatch):
    asked = {}

    def listen(name, draw):
        def drawing(*args):
            asked[name] = args
            return draw(*args)
        return drawing
    for name in ("samples", "interpolation"):
        monkeypatch.setattr(plots, name, listen(name, getattr(plots, name)))
    assert call(capsys, "train", *SMALL, "--seed", "3", "--out", "run")[0] == 0
    vae, data = VAE.load(os.path.join("run", "model.npz")), datasets.load("digits")
    assert np.array_equal(asked["samples"][0], vae.generate(64, rng=3))

    starts, paths, ends, shape = asked["interpolation"]
    assert len(starts) == len(paths) == len(ends) == 5 and shape == (8, 8)
    mu, _ = vae.encode(data.x_test)
    for k, (start, path, end) in enumerate(zip(starts, paths, ends)):
        i, = np.flatnonzero((data.x_test == start).all(axis=1))
        j, = np.flatnonzero((data.x_test == end).all(axis=1))
        assert (data.labels_test[i], data.labels_test[j]) == (k, k + 5)
        expected = vae.decode(np.array([mu[i], (mu[i] + mu[j]) / 2, mu[j]]))
        np.testing.assert_allclose(path[[0, 5, 10]], expected, rtol=2e-6)    # measured: 2.1e-7


def test_what_was_learned_names_a_collapsed_posterior(work, drawn, capsys):
    status, out, _ = call(capsys, "train", *SMALL, "--beta", "1000", "--out", "collapsed")
    assert status == 0 and "uses 0 of 2 latent dimensions" in out
    assert "collapsed onto the prior" in out
    status, out, _ = call(capsys, "show", RUN)
    used = int(re.search(r"uses (\d) of 2 latent dimensions", out).group(1))
    kl = mean_kl_per_dim(VAE.load(os.path.join(RUN, "model.npz")), datasets.load("digits").x_test)
    assert used == (kl > 0.1).sum() > 0
    assert "collapsed" not in out


@pytest.mark.parametrize("command", [("show", RUN), ("sample", RUN)])
def test_ctrl_c_while_drawing(work, capsys, monkeypatch, command):
    def interrupt(*args, **options):
        raise KeyboardInterrupt
    before = contents(work)
    monkeypatch.setattr("numpyvae.plots.save", interrupt)
    status, _, err = call(capsys, *command)
    assert status == 130 and err.startswith(f"numpyvae {command[0]}: stopped")
    assert err.count("\n") == 1
    assert f"show {RUN}\n" in err or command[0] == "sample"
    assert contents(work) == before


# ---------------------------------------------------------------------- an ordinary auto-encoder

def test_an_auto_encoder_s_run(own, drawn, capsys):
    status, out, err = call(capsys, "train", *SMALL, "--data", "own.npz", "--model", "ae",
                            "--out", "ae")
    assert (status, err) == (0, "") and sorted(os.listdir("ae")) == ["history.csv", "model.npz"]
    # None that needs a prior.
    assert set(drawn) == {"interpolation.png", "latent.png", "loss.png", "reconstructions.png"}
    head, end = out.partition("\n")[0], out.rpartition("Learned")[2]
    assert head == ("A 12-16-2 ordinary auto-encoder learns own from 36 images, and is tested on 4 "
                    "others.")
    assert "\nloss = recon, in nats per image\n" in out
    loss = checkpoint.load(os.path.join("ae", "model.npz"))[0]["history"][-1, 3]
    assert end == (f" in 2 epochs: a test image costs {loss:.2f} nats (guessing one half for every "
                   "pixel: 8.32).\nThe pictures are in ae.\n")
    assert call(capsys, "show", "ae") == (0, out[out.index("\nDrawing"):], "")
    before = contents(own)
    status, _, err = call(capsys, "sample", "ae")
    assert_one_sentence(status, err, "ae", "ordinary auto-encoder")
    assert contents(own) == before
    assert call(capsys, "export", "ae", "ae.NPZ")[0] == 0
    assert_same(dict(np.load("ae.NPZ")),
                Autoencoder.load(os.path.join("ae", "model.npz")).to_torch_names())
    assert contents(own).keys() - before.keys() == {"ae.NPZ"}


def test_the_pictures_of_an_auto_encoder_say_so(own, drawn, capsys):
    assert call(capsys, "train", *SMALL, "--data", "own.npz", "--model", "ae")[0] == 0
    titles = {name: figure.get_suptitle() for name, figure in drawn.items()}
    assert titles["reconstructions.png"] == "Test images, and each rebuilt from its own code"
    assert titles["latent.png"] == "4 test images in latent space, each at its code"
    assert len(drawn["loss.png"].axes) == 1 and "KL" not in titles["loss.png"]
    x = datasets.load("own.npz").x_test / np.float32(255)
    points, = drawn["latent.png"].axes[0].collections
    codes = Autoencoder.load(os.path.join("runs", "own", "model.npz")).encode(x)
    assert np.array_equal(points.get_offsets(), codes)
