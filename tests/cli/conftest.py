"""Working folders with runs and data in them, and commands that draw nothing, or no files."""
import os
import shutil

import numpy as np
import pytest

from helpers_cli import FOUR, GREY, LABELS, SEEN, SMALL, numpyvae_in
from helpers_files import write_set

from numpyvae.cli import pictures
from numpyvae.datasets.idx import FILES


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """A folder where a small network was trained once; tests must not change it."""
    folder = tmp_path_factory.mktemp("home")
    done = numpyvae_in(folder, "train", *SMALL)
    assert (done.returncode, done.stderr) == (0, "")
    (folder / "stdout").write_text(done.stdout, encoding="utf-8")
    return folder


@pytest.fixture
def work(home, tmp_path, monkeypatch):
    """A working folder of the test's own, with a copy of that run in runs/digits."""
    shutil.copytree(home / "runs", tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A working folder with examples of one's own: bytes, floats under a mask with labels, flat
    floats, and four IDX files in set.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NUMPYVAE_DATA", raising=False)
    np.savez("own.npz", x=GREY)
    np.savez("masked.npz", x=np.where(SEEN, GREY / 255, np.nan), labels=LABELS, mask=SEEN)
    np.save("flat.npy", GREY.reshape(40, 12) / 255)
    write_set(tmp_path / "set", FILES, FOUR)
    return tmp_path


@pytest.fixture
def undrawn(monkeypatch):
    """Spare a test the pictures that it is not about."""
    for name in ("draw", "import_plots_before_training"):
        monkeypatch.setattr(pictures, name, lambda *args: None)


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are drawn, by name; no files are made of them, which takes the most time."""
    figures = {}

    def keep(figure, path, new=False):
        figures[os.path.basename(path)] = figure
    monkeypatch.setattr("numpyvae.plots.save", keep)
    return figures
