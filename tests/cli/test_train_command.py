"""`numpyvae train`: what it leaves behind and says, and that every option arrives."""
import io
import itertools
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from helpers_cli import (ENV, PICTURES, RUN, SMALL, UNDRAWN, assert_one_sentence, call, child,
                         contents, numpyvae_in, posix)

from numpyvae import VAE, checkpoint, cli, datasets
from numpyvae.cli import pictures, train
from numpyvae.datasets.idx import find_files
from numpyvae.training import Run, minibatches

REAL = os.environ.get("NUMPYVAE_DATA", "")
REAL = REAL if os.path.isdir(REAL) and len(find_files(REAL)) == 4 else ""


def test_a_run_leaves_these_files_and_nothing_else(home):
    assert sorted(os.listdir(home)) == ["runs", "stdout"]
    assert os.listdir(home / "runs") == ["digits"]
    assert sorted(os.listdir(home / RUN)) == sorted(["model.npz", "history.csv", *PICTURES])
    for name in PICTURES:
        assert (home / RUN / name).read_bytes().startswith(b"\x89PNG")


def test_a_second_run_has_a_folder_of_its_own_and_the_same_bits(home, work):
    """The second run has a process of its own. The network and the folder tell what it would draw;
    `show` draws it a second time.
    """
    before = contents(work)
    code = "pictures.draw = lambda run, dataset, folder, plots: print(folder)"
    done = subprocess.run(child(code, "train", *SMALL, "--seed", "0"), cwd=work, env=ENV,
                          capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    after = contents(work)
    assert {name: after.pop(name) for name in before} == before
    second = {name.replace("digits-2", "digits", 1): content for name, content in after.items()}
    assert set(before) - set(second) == {"runs", *(os.path.join(RUN, name) for name in PICTURES)}
    assert all(content == before[name] for name, content in second.items())
    learning = (home / "stdout").read_text(encoding="utf-8").partition("\nDrawing\n")[0]
    assert done.stdout == f"{learning}{RUN}-2\n"


def test_what_is_said_is_what_was_learned(home):
    out = (home / "stdout").read_text(encoding="utf-8")
    assert out.isascii() and "\r" not in out and "64-16-2" in out
    rows = [line.split(",") for line in (home / RUN / "history.csv").read_text().splitlines()[1:]]
    table = [re.findall(r"[\d.]+", line) for line in out.splitlines()
             if re.match(r" +\d+ \|", line)]
    assert table == [[row[0], *(f"{float(cell):.2f}" for cell in row[1:])] for row in rows]
    recon, kl = float(rows[-1][5]), float(rows[-1][6])
    shown = re.search(r"= ([\d.]+) nats per image = ([\d.]+) recon \+ ([\d.]+) KL", out).groups()
    assert [float(term) for term in shown] == pytest.approx([recon + kl, recon, kl], abs=0.0101)
    assert f"{float(shown[1]) + float(shown[2]):.2f}" == shown[0] == f"{recon + kl:.2f}"
    assert float(rows[-1][4]) == pytest.approx(recon + kl, abs=2e-6)     # each has six decimals
    assert 20 < recon + kl < 64 * np.log(2) - 5                  # better than a guess, no miracle
    for name in PICTURES:
        assert os.path.join(RUN, name) in out


def test_it_is_the_network_of_the_library(home):
    data    = datasets.load("digits")
    options = {**train.DEFAULTS, **train.DEFAULTS_BY_DATA["digits"],
               "epochs": 2, "hidden_dim": 16, "latent_dim": 2}
    del options["data"], options["data_dir"]
    run = Run(data.x_train, data.x_test, **options)
    run.train()
    saved = VAE.load(home / RUN / "model.npz")
    assert all(np.array_equal(saved.params[name], run.model.params[name])
               for name in run.model.params)


def test_another_seed_gives_another_network(work, undrawn, capsys):
    assert call(capsys, "train", *SMALL, "--seed", "1")[0] == 0
    first, second = (work / "runs" / name / "history.csv" for name in ("digits", "digits-2"))
    assert first.read_bytes() != second.read_bytes()


def test_every_option_arrives(work, undrawn, capsys, monkeypatch):
    monkeypatch.setattr(datasets, "FACES", (300, 50))
    options = {"hidden_dim": 5, "latent_dim": 3, "beta": 2.5, "likelihood": "gaussian",
               "x_std": 0.5, "epochs": 1, "batch_size": 100, "lr": 0.0001, "optimizer": "sgd",
               "seed": 7, "dtype": "float64", "data": "faces", "model": "vae",
               "pixels": "threshold"}
    argv = [word for name, value in options.items()
            for word in ("--" + name.replace("_", "-"), str(value))]
    status, out, err = call(capsys, "train", *argv, "--out", "new/deeper")
    assert (status, err) == (0, "") and "recon + 2.5 KL" in out
    found = checkpoint.load("new/deeper/model.npz")[1]["run"]["options"]
    assert found == {**options, "data_dir": None, "image_shape": [28, 28], "num_samples": 5,
                     "num_classes": 10}
    assert set(options) | {"data_dir", "num_samples"} == set(train.OPTIONS)    # see test_relatives
    defaults = {**train.DEFAULTS, **train.DEFAULTS_BY_DATA["digits"]}
    assert all(options[name] != defaults[name] for name in options if name != "model")


def test_the_faces(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    shown = []
    monkeypatch.setattr(datasets, "FACES", (300, 50))
    monkeypatch.setattr(pictures, "draw", lambda *what: shown.append(what))
    status, out, err = call(capsys, "train", "--data", "faces", "--epochs", "1")
    assert (status, err) == (0, "")
    defaults = train.DEFAULTS_BY_DATA["faces"]
    sizes = f"784-{defaults['hidden_dim']}-{defaults['latent_dim']}"
    assert out.startswith(f"A {sizes} VAE learns faces from 300 images, and is tested on 50 ")
    (run, dataset, folder, _), = shown
    assert folder == os.path.join("runs", "faces") and os.listdir(folder)
    assert dataset.labels_test is None
    options = {**train.DEFAULTS, **defaults, "epochs": 1, "num_classes": 10}
    del options["data"], options["data_dir"]
    assert run.options == options
    saved = checkpoint.load(os.path.join(folder, "model.npz"))[1]["run"]["options"]
    assert saved == {**options, "data": "faces", "data_dir": None, "image_shape": [28, 28]}


@pytest.mark.skipif(not REAL, reason="NUMPYVAE_DATA names no folder with MNIST's four files")
def test_mnist_from_end_to_end(tmp_path, monkeypatch, drawn, capsys):
    monkeypatch.chdir(tmp_path)
    status, out, err = call(capsys, "train", "--data", "mnist", "--epochs", "1",
                            "--hidden-dim", "16", "--latent-dim", "2")
    folder = os.path.join("runs", "mnist")
    assert (status, err) == (0, "") and sorted(os.listdir(folder)) == ["history.csv", "model.npz"]
    assert set(drawn) == set(PICTURES)
    assert out.startswith("A 784-16-2 VAE learns mnist from 60000 images, and is tested on 10000 "
                          "others.")
    # Measured with three seeds: 203 to 212.
    assert float(re.search(r"test -ELBO = ([\d.]+) nats", out).group(1)) < 215
    options = checkpoint.load(os.path.join(folder, "model.npz"))[1]["run"]["options"]
    assert (options["data"], options["data_dir"]) == ("mnist", None)     # wherever it was found


def test_divergence_keeps_the_last_checkpoint_and_suggests_a_smaller_lr(tmp_path):
    done = numpyvae_in(tmp_path, "train", *SMALL, "--optimizer", "sgd", "--lr", "1000")
    assert_one_sentence(done.returncode, done.stderr, "--lr", "1000", "epoch", RUN)
    assert sorted(os.listdir(tmp_path / RUN)) == ["history.csv", "model.npz"]
    kept = VAE.load(tmp_path / RUN / "model.npz")
    assert np.isfinite(kept.generate(3)).all()


def test_sizes_that_do_not_fit_in_memory(work, capsys, monkeypatch):
    def too_large(*args, **options):
        raise MemoryError
    monkeypatch.setattr(train, "Run", too_large)
    before = contents(work)
    status, _, err = call(capsys, "train", "--hidden-dim", "1000000000")
    assert_one_sentence(status, err, "memory")
    assert contents(work) == before


# ---------------------------------------------------------------------- the table and its bar

FAKE_CLOCK = f"""
import itertools, types
progress.time = train.time = types.SimpleNamespace(monotonic=itertools.count().__next__)
{UNDRAWN}
"""


@posix
@pytest.mark.parametrize("columns", ["80", "60"])
def test_a_bar_grows_on_a_terminal(tmp_path, columns):
    import pty
    outer, inner = pty.openpty()
    process = subprocess.Popen(child(FAKE_CLOCK, "train", *SMALL), cwd=tmp_path,
                               env={**ENV, "COLUMNS": columns}, stdout=inner, stderr=inner)
    os.close(inner)
    seen = b""
    while True:
        try:
            part = os.read(outer, 4096)
        except OSError:                      # how Linux says that the other end is closed
            break
        if not part:
            break
        seen += part
    os.close(outer)
    assert process.wait(timeout=60) == 0
    seen = seen.decode()
    bars = re.findall(r"\r *\[([#.]{20})\] epoch (\d) of 2, about \d+ s left", seen)
    lengths = [bar.count("#") for bar, _ in bars]
    assert lengths == sorted(lengths) and lengths[0] < 3 and lengths[-1] == 20
    assert {epoch for _, epoch in bars} == {"1", "2"}
    assert len(bars) == 2 * 24                                   # one for each batch
    assert seen.count("     1 |") == 1                           # and the lines between them
    drawn_over = [text for text in seen.split("\r") if "[" in text or not text.strip()]
    assert max(map(len, drawn_over)) < int(columns)


def test_no_bar_in_a_pipe(tmp_path):
    done = subprocess.run(child(FAKE_CLOCK, "train", *SMALL), cwd=tmp_path, env=ENV,
                          capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"     2 |" in done.stdout and b"[" not in done.stdout
    assert b"\r" not in done.stdout.replace(b"\r\n", b"\n")


class Terminal(io.StringIO):
    """Standard output, as if it were a terminal's."""

    def isatty(self):
        return True


def test_the_bar_of_a_resumed_run_starts_anew_and_is_wiped_off_when_it_stops(work, monkeypatch):
    def interrupted(*args):
        for i, batch in enumerate(minibatches(*args)):
            if i == 5:
                raise KeyboardInterrupt
            yield batch
    monkeypatch.setattr("numpyvae.training.minibatches", interrupted)
    clock = SimpleNamespace(monotonic=itertools.count().__next__)
    monkeypatch.setattr("numpyvae.progress.time", clock)
    monkeypatch.setattr(train, "time", clock)
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert cli.main(["train", "--resume", RUN, "--epochs", "4"]) == 130
    # Five of the 48 batches that were left to do.
    assert re.search(r"\[##\.{18}\] epoch 3 of 4, about \d+ s left *\r +\r$",
                     sys.stdout.getvalue())


# The time between two epochs: none at all, or more than ten seconds.
@pytest.mark.parametrize("clock, due", [
    ("lambda: 0.0", [1, *range(2, 45, 2), 45]),
    ("itertools.count(step=11).__next__", list(range(1, 46)))])
def test_about_twenty_lines_are_printed_unless_that_takes_too_long(tmp_path, clock, due):
    code = (f"import itertools, types\nprogress.time = train.time = types.SimpleNamespace("
            f"monotonic={clock})\n{UNDRAWN}")
    done = subprocess.run(child(code, "train", *SMALL, "--epochs", "45"), cwd=tmp_path, env=ENV,
                          capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    epochs = [int(number) for number in re.findall(r"^ +(\d+) \|", done.stdout, re.MULTILINE)]
    assert epochs == due
