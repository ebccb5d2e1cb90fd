"""Bad input: it is refused in one sentence, and nothing is lost."""
import os

import numpy as np
import pytest
from helpers_cli import FOUR, GREY, LABELS, RUN, assert_one_sentence, call, contents, numpyvae_in
from helpers_files import write_set

from numpyvae.datasets.idx import FILES
from numpyvae.training import Run

REFUSED = [
    # numbers and names
    (("train", "--epochs", "0"), "--epochs", "0"),
    (("train", "--epochs", "-1"), "--epochs", "-1"),
    (("train", "--epochs", "1.5"), "--epochs", "1.5"),
    (("train", "--epochs", "many"), "--epochs", "many"),
    (("train", "--epochs", "2147483648"), "--epochs"),
    (("train", "--batch-size", "0"), "--batch-size"),
    (("train", "--batch-size", "-64"), "--batch-size"),
    (("train", "--hidden-dim", "0"), "--hidden-dim"),
    (("train", "--hidden-dim", "99999999999"), "--hidden-dim"),
    (("train", "--latent-dim", "-2"), "--latent-dim"),
    (("train", "--latent-dim", ""), "--latent-dim"),
    (("train", "--lr", "0"), "--lr"),
    (("train", "--lr", "-0.1"), "--lr", "-0.1"),
    (("train", "--lr", "nan"), "--lr", "nan"),
    (("train", "--lr", "inf"), "--lr", "inf"),
    (("train", "--lr", "1e-400"), "--lr", "0.0"),
    (("train", "--lr", "fast"), "--lr", "fast"),
    (("train", "--lr", "a\nb"), "--lr"),
    (("train", "--beta", "-1"), "--beta"),
    (("train", "--beta", "nan"), "--beta"),
    (("train", "--x-std", "0"), "--x-std"),
    (("train", "--seed", "-1"), "--seed"),
    (("train", "--seed", "1.0"), "--seed"),
    (("train", "--data", "minst"), "--data", "digits"),
    (("train", "--likelihood", "poisson"), "--likelihood", "bernoulli", "gaussian"),
    (("train", "--optimizer", "lion"), "--optimizer", "adam", "sgd"),
    (("train", "--dtype", "float16"), "--dtype", "float32", "float64"),
    (("train", "--beta", "1e39"), "--beta", "float32", "1e+39", "smaller"),
    (("train", "--beta", "1e30"), "--beta", "float32", "1e+30"),
    (("train", "--beta", "1e200", "--dtype", "float64"), "--beta", "float64"),
    (("train", "--likelihood", "gaussian", "--x-std", "1e-46"), "--x-std", "1e-46", "larger"),
    (("train", "--likelihood", "gaussian", "--x-std", "1e-20"), "--x-std", "1e-20", "larger"),
    (("train", "--model", "ae", "--likelihood", "gaussian", "--x-std", "1e-300"), "--x-std"),
    (("train", "--model", "iwae", "--likelihood", "gaussian", "--x-std", "1e-30"), "--x-std"),
    # commands and words
    (("trian",), "trian", "train", "show", "sample", "check"),
    (("",), "train"),
    (("tra",), "tra"),
    (("--vers",), "--vers"),
    (("train", "--epoch", "3"), "--epoch"),
    (("train", "--no-such-thing"), "--no-such-thing"),
    (("train", "--no\nsuch\nthing"), "--no"),
    (("train", "digits"), "digits"),
    (("train", "--lr"), "--lr"),
    (("--epochs", "3"), "numpyvae"),
    (("show",), "RUN"),
    (("sample",), "RUN"),
    (("show", RUN, "--seed", "1"), "--seed"),
    (("train", "--x-std", "0.5"), "--x-std", "gaussian"),
    (("check", RUN), RUN),
    (("check", "--seed", "-1"), "seed", "-1"),
    # folders
    (("train", "--out", RUN), RUN, "--resume"),
    (("train", "--out", "full"), "full", "empty"),
    (("train", "--out", "file"), "file"),
    (("train", "--out", os.path.join("file", "below")), "file"),
    (("train", "--out", ""), "--out", "an empty one"),
    (("sample", RUN, "--out", ""), "--out", "an empty one"),
    (("train", "--data", "idx", "--data-dir", ""), "--data-dir", "an empty one"),
    (("show", RUN, "--data-dir", ""), "--data-dir", "an empty one"),
    (("show", RUN, "--data", ""), "--data", "an empty one"),
    (("export", RUN, ""), ".npz"),
    (("train", "--resume", ""), "model.npz"),
    (("show", "a\0b"), "NUL"),
    (("train", "--out", "a\0b"), "NUL"),
    (("train", "--data", "a\0.npz"), "NUL"),
    (("check", "a\0.py:f,g"), "NUL"),
    (("show", "\x1b[31m\x7f\x9b"), "show: ?[31m??: expected"),
    (("show", "missing"), "missing", "model.npz"),
    (("show", "runs"), "runs", "model.npz"),
    (("show", "two\nlines"), "two lines", "model.npz"),
    (("show", ""), "model.npz"),
    (("show", "file"), "file"),
    (("show", os.path.join(RUN, "model.npz")), "folder"),
    (("sample", "missing"), "missing"),
    (("train", "--resume", "missing"), "missing"),
    # resume
    (("train", "--resume", RUN, "--lr", "0.1"), "--lr", "0.1", "0.002"),
    (("train", "--resume", RUN, "--epochs", "1"), "--epochs", "1", "2"),
    (("train", "--resume", RUN, "--epochs", "0"), "--epochs"),
    (("train", "--resume", RUN, "--epochs", "2147483648"), "--epochs"),
    (("train", "--resume", RUN, "--seed", "1"), "--seed"),
    (("train", "--resume", RUN, "--beta", "nan"), "--beta"),
    (("train", "--resume", RUN, "--hidden-dim", "17", "--epochs", "9"), "--hidden-dim", "17", "16"),
    (("train", "--resume", RUN, "--likelihood", "gaussian"), "--likelihood"),
    (("train", "--resume", RUN, "--dtype", "float64"), "--dtype"),
    (("train", "--resume", RUN, "--optimizer", "sgd"), "--optimizer"),
    (("train", "--resume", RUN, "--out", "elsewhere"), "--out", "elsewhere"),
    # sample
    (("sample", RUN, "-n", "0"), "-n", "0"),
    (("sample", RUN, "-n", "-5"), "-n"),
    (("sample", RUN, "-n", "1e3"), "-n"),
    (("sample", RUN, "-n", "4097"), "-n", "4096"),
    (("sample", RUN, "--seed", "-1"), "seed", "-1"),
    (("sample", RUN, "--out", os.path.join(RUN, "samples.png")), "--out", "new"),
    (("sample", RUN, "--out", os.path.join(RUN, "model.npz")), "--out"),
    (("sample", RUN, "--out", RUN), "--out"),
    (("sample", RUN, "--out", "new.jpg"), "--out", ".png"),
    (("sample", RUN, "--out", "missing/new.png"), "missing"),
    (("sample", RUN, "--out", "file/new.png"), "file"),
    # models and pixels
    (("train", "--model", "gan"), "--model", "vae", "ae"),
    (("train", "--model", "ae", "--beta", "1"), "--beta", "--model ae"),
    (("train", "--model", "iwae", "--beta", "1"), "--beta", "--model iwae"),
    (("train", "--num-samples", "5"), "--num-samples", "--model iwae"),
    (("train", "--model", "iwae", "--num-samples", "0"), "--num-samples", "got 0"),
    (("train", "--model", "iwae", "--num-samples", "2.5"), "--num-samples", "2.5"),
    (("train", "--resume", RUN, "--num-samples", "7"), "--num-samples 7", "has 5"),
    (("train", "--model", "cvae", "--data", "own.npz"), "--model cvae", "labels", "none"),
    (("train", "--model", "cvae", "--data", "from_one.npz"), "--model cvae", "3", "from 1 to 3"),
    (("train", "--model", "cvae", "--data", "negative.npz"), "--model cvae", "from -1 to 1"),
    (("train", "--model", "cvae", "--data", "gap.npz"), "--model cvae", "3", "from 0 to 4"),
    (("train", "--model", "cvae", "--data", "unseen.npz"), "y_test", "0 to 2", "3 to 3"),
    (("sample", RUN, "--label", "3"), "--label", "--model cvae", RUN),
    (("sample", RUN, "--label", "three"), "--label", "three"),
    (("train", "--pixels", "black"), "--pixels", "grey", "threshold", "fixed", "resampled"),
    (("train", "--resume", RUN, "--model", "ae"), "--model", "ae", "vae"),
    (("train", "--resume", RUN, "--pixels", "fixed"), "--pixels", "fixed", "grey"),
    (("train", "--resume", RUN, "--data", "faces"), "--data", "faces", "digits"),
    # data
    (("train", "--data", "idx"), "--data-dir", "four files"),
    (("train", "--data", "idx", "--data-dir", "full"), "full", "missing: train-images-idx3-ubyte"),
    (("train", "--data", "idx", "--data-dir", "no"), "no", "missing: the folder itself"),
    (("train", "--data", "idx", "--data-dir", "file"), "file", "folder"),
    (("train", "--data", "mnist", "--data-dir", "set"),
     os.path.join("set", "train-images-idx3-ubyte"), "--data idx"),
    (("train", "--data-dir", "set"), "--data-dir", "'digits'"),
    (("train", "--data", "faces", "--data-dir", "set"), "--data-dir", "'faces'"),
    (("train", "--data", "own.npz", "--data-dir", "set"), "--data-dir", "'own.npz'"),
    (("train", "--data", "no.npz"), "no.npz"),
    (("train", "--data", "no.npy"), "no.npy"),
    (("train", "--data", ""), "--data", ".npz"),
    (("train", "--data", "set"), "--data", "'set'", ".npz"),
    (("train", "--data", "ones.npz"), "ones.npz", "floats"),
    (("train", "--data", "bad.npz"), "bad.npz", "x: expected values in [0, 1]"),
    (("train", "--data", "letter.npz"), "letter.npz", "another copy"),
    (("train", "--data", "own.npz", "--x-std", "0.5"), "--x-std"),
    # export
    (("export",), "RUN", "FILE.npz"),
    (("export", RUN), "FILE.npz"),
    (("export", "missing", "new.npz"), "missing"),
    (("export", RUN, os.path.join(RUN, "model.npz")), "model.npz", "new file"),
    (("export", RUN, "new.npy"), "new.npy", ".npz"),
    (("export", RUN, "new"), ".npz"),
    (("export", RUN, os.path.join("missing", "new.npz")), os.path.join("missing", "new.npz")),
    (("export", RUN, os.path.join("file", "new.npz")), "file")]


def as_name(argv):
    return " ".join(argv).encode("unicode_escape").decode() or "''"


@pytest.mark.parametrize("argv, words",
                         [pytest.param(argv, words, id=as_name(argv)) for argv, *words in REFUSED])
def test_it_is_refused_in_one_sentence(work, capsys, monkeypatch, argv, words):
    monkeypatch.setattr(Run, "train", lambda *args: pytest.fail("it was accepted, and trains"))
    (work / "file").write_text("precious")
    (work / "full").mkdir()
    (work / "full" / "letter").write_text("precious")
    (work / "letter.npz").write_text("precious")
    np.savez("own.npz", x=GREY)
    np.savez("ones.npz", x=GREY & 1)
    held_out = np.random.default_rng(0).permutation(40)[:4]
    unseen   = np.where(np.isin(np.arange(40), held_out), 3, LABELS)
    for name, labels in (("from_one", LABELS + 1), ("negative", LABELS - 1), ("gap", 2 * LABELS),
                         ("unseen", unseen)):
        np.savez(f"{name}.npz", x=GREY, labels=labels)
    np.savez("bad.npz", x=GREY.astype(float))
    write_set(work / "set", FILES, FOUR)
    before = contents(work)
    status, out, err = call(capsys, *argv)
    assert_one_sentence(status, err, *words)
    assert out == "" and contents(work) == before


# One of each way to end: by the parser, and by either kind of error.
@pytest.mark.parametrize("argv", [("trian",), ("train", "--lr", "nan"),
                                  ("train", "--data", "no.npz")], ids=" ".join)
def test_it_is_refused_by_a_real_process_too(work, argv):
    before = contents(work)
    done = numpyvae_in(work, *argv)
    assert_one_sentence(done.returncode, done.stderr)
    assert done.stdout == "" and contents(work) == before


@pytest.mark.parametrize("name", ["data", "model", "seed"])
def test_a_folder_that_is_called_like_an_option_is_no_option(work, capsys, name):
    status, _, err = call(capsys, "show", name)
    assert_one_sentence(status, err, f"show: {name}: expected the folder of a run")


def test_a_full_disk_loses_nothing(work, capsys, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(os, "fsync", full)
    pixel = np.zeros((1, 1, 4), np.uint8)
    monkeypatch.setattr("numpyvae.plots.paper._pixels", lambda figure: pixel)
    before = contents(work)
    for argv in (("train", "--resume", RUN, "--epochs", "3"), ("show", RUN),
                 ("sample", RUN, "-n", "1"), ("export", RUN, "new.npz")):
        status, _, err = call(capsys, *argv)
        assert_one_sentence(status, err, "No space left on device")
        assert contents(work) == before
