"""What tests of the command line share: ways to call it, and what it must keep to."""
import os
import subprocess
import sys
from importlib import metadata

import numpy as np
import pytest

import numpyvae
from numpyvae import cli

RUN      = os.path.join("runs", "digits")
SMALL    = ("--epochs", "2", "--hidden-dim", "16", "--latent-dim", "2")
PICTURES = ["interpolation.png", "kl_per_dimension.png", "latent.png", "loss.png", "manifold.png",
            "reconstructions.png", "samples.png"]
ENV      = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(numpyvae.__file__))}

# A few images of one's own: bytes, which of them were seen, and labels; and the same in four parts.
GREY   = np.random.default_rng(0).integers(0, 256, (40, 4, 3), np.uint8)
SEEN   = np.random.default_rng(1).random((40, 4, 3)) < 0.7
LABELS = np.arange(40) % 3
FOUR   = GREY[:30], LABELS[:30].astype(np.uint8), GREY[30:], LABELS[30:].astype(np.uint8)

posix = pytest.mark.skipif(os.name != "posix",
                           reason="signals, terminals, closed pipes, modes and links are different "
                                  "elsewhere")
installed = pytest.mark.skipif("numpyvae" not in metadata.packages_distributions(),
                               reason="the version is known only when the package is installed")

# A child that runs the command line after some lines of a test's own, and the line that spares it
# the pictures, where a test is not about them: they take the most time.
CHILD = """
import os, signal, sys
from numpyvae import cli, progress, training
from numpyvae.cli import pictures, train
{}
sys.exit(cli.main(sys.argv[1:]))
"""
UNDRAWN = "pictures.draw = pictures.import_plots_before_training = lambda *args: None"


def child(code, *argv):
    """The command of such a child."""
    return [sys.executable, "-c", CHILD.format(code), *argv]


def numpyvae_in(folder, *argv, **options):
    """Run the command line as a process of its own."""
    return subprocess.run([sys.executable, "-m", "numpyvae", *argv], cwd=folder,
                          capture_output=True, **{"env": ENV, "encoding": "utf-8", **options})


def call(capsys, *argv):
    """Run the command line in this process  ->  exit status, standard output, standard error."""
    capsys.readouterr()
    try:
        status = cli.main(list(argv))
    except SystemExit as stop:
        status = stop.code
    return (status, *capsys.readouterr())


def contents(folder):
    """Every file under `folder` with its bytes, and every folder."""
    return {str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
            for path in sorted(folder.rglob("*"))}


def assert_one_sentence(status, err, *words):
    """Assert that bad input ended with status 2 and one sentence that has these words in it."""
    assert status == 2
    assert err.startswith("numpyvae") and "Traceback" not in err
    assert err.endswith("\n") and err.count("\n") == 1
    for word in words:
        assert word in err


def assert_same(found, expected):
    """Assert that two dictionaries of arrays are the same, to the bit."""
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype and np.array_equal(found[name], array)


def forbid_writing(monkeypatch, room):
    """Let the system refuse, in its own words, to open files for writing in this room; no mode of a
    folder would stop an administrator.
    """
    def forbidden(path, mode="r", *rest, **options):
        if "w" in mode:
            raise PermissionError(13, "Permission denied", str(path))
        return open(path, mode, *rest, **options)
    monkeypatch.setattr(f"numpyvae.{room}.open", forbidden, raising=False)
