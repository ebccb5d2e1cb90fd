"""matplotlib that cannot be imported: a training goes on, every other command says so."""
import os
import subprocess
import sys

import pytest
from helpers_cli import ENV, PICTURES, RUN, SMALL, assert_one_sentence, contents, numpyvae_in

DAMAGED = "raise ImportError('numpy.core.multiarray\\nfailed to import')"


@pytest.fixture
def broken(tmp_path):
    """Replaces matplotlib by these lines of code  ->  the environment that finds them."""
    def install(code):
        (tmp_path / "broken" / "matplotlib").mkdir(parents=True)
        (tmp_path / "broken" / "matplotlib" / "__init__.py").write_text(code)
        places = str(tmp_path / "broken"), ENV["PYTHONPATH"]
        return {**ENV, "PYTHONPATH": os.pathsep.join(places)}
    return install


@pytest.mark.parametrize("code", [DAMAGED, "raise AttributeError"])
def test_a_training_says_so_before_and_goes_on_without_pictures(tmp_path, broken, code):
    done = subprocess.run([sys.executable, "-u", "-m", "numpyvae", "train", *SMALL, "--out", "run"],
                          env=broken(code), cwd=tmp_path, encoding="utf-8",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0
    before, sentence, after = done.stdout.partition("numpyvae train: matplotlib: expected a whole ")
    assert "epoch" not in before and "Traceback" not in done.stdout
    assert after.partition("\n")[0].endswith("; the training goes on without pictures")
    assert "Drawing" not in after and "\nLearned in 2 epochs: test -ELBO = " in after
    assert after.endswith("\nNo pictures were drawn. Once matplotlib can be imported, this draws "
                          "them: python -m numpyvae show run\n")
    assert sorted(os.listdir(tmp_path / "run")) == ["history.csv", "model.npz"]


@pytest.mark.parametrize("command, code, words", [
    ("show",    DAMAGED,                r"(numpy.core.multiarray\nfailed to import)"),
    ("sample",  "def:",                 "invalid syntax"),
    ("explore", "from . import figure", "cannot import name 'figure'")])
def test_what_is_nothing_but_a_picture_is_refused(work, broken, command, code, words):
    env = broken(code)
    before = contents(work)
    done = numpyvae_in(work, command, RUN, env=env)
    assert_one_sentence(done.returncode, done.stderr, "matplotlib: expected a whole one", words,
                        "install it again")
    assert done.stdout == "" and contents(work) == before


def test_what_draws_nothing_needs_none(work, broken):
    done = numpyvae_in(work, "export", RUN, "new.npz", env=broken(DAMAGED))
    assert (done.returncode, done.stderr) == (0, "")


# ---------------------------------------------------------------------- what matplotlib says

ODD = {"no settings":   b"nonsense\nfoo: 3\nfont.size: big\nbackend: broken\nimage.lut: -3\n",
       "another draws": b"image.origin: lower\ntext.usetex: True\nfont.family: no such font\n"}


@pytest.mark.parametrize("kind", ODD)
def test_settings_of_matplotlib_are_no_matter_of_ours(work, kind):
    """Neither are pictures other ones, nor is there a word of what is wrong with the settings."""
    before = contents(work)
    (work / "matplotlibrc").write_bytes(ODD[kind])               # where it is looked for first
    env = {**ENV, "MPLBACKEND": "no such backend", "PATH": "/nowhere"}
    done = numpyvae_in(work, "show", RUN, env=env)
    (work / "matplotlibrc").unlink()
    assert (done.returncode, done.stderr) == (0, "")
    assert contents(work) == before and PICTURES[0] in done.stdout


def test_a_folder_of_settings_that_cannot_be_written_is_no_matter_either(work):
    (work / "file").write_text("")
    before = contents(work)
    env = {**ENV, "MPLCONFIGDIR": str(work / "file" / "below")}
    done = numpyvae_in(work, "show", RUN, env=env)
    assert (done.returncode, done.stderr) == (0, "") and contents(work) == before


def test_settings_that_cannot_be_read_are_named(work):
    (work / "matplotlibrc").write_bytes(b"\xff\xfe")
    before = contents(work)
    done = numpyvae_in(work, "show", RUN)
    assert_one_sentence(done.returncode, done.stderr, "matplotlib: expected", "utf-8")
    assert contents(work) == before
