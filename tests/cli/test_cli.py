"""The command line, through real processes: what it leaves behind, what it refuses, and how it says
so.
"""
import io
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from importlib import metadata

import numpy as np
import pytest

from helpers_files import write_set

import numpyvae
from numpyvae import VAE, checkpoint, cli, datasets
from numpyvae.autoencoder import Autoencoder
from numpyvae.datasets.idx import FILES, find_files
from numpyvae.evaluate import mean_kl_per_dim
from numpyvae.training import Run

RUN = os.path.join("runs", "digits")
SMALL = ("--epochs", "2", "--hidden-dim", "16", "--latent-dim", "2")
REAL = os.environ.get("NUMPYVAE_DATA", "")
REAL = REAL if os.path.isdir(REAL) and len(find_files(REAL)) == 4 else ""
PICTURES = ["interpolation.png", "kl_per_dimension.png", "latent.png", "loss.png", "manifold.png",
            "reconstructions.png", "samples.png"]
ENV = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(numpyvae.__file__))}

posix = pytest.mark.skipif(os.name != "posix", reason="signals, terminals and closed pipes are "
                           "other things there")

installed = pytest.mark.skipif("numpyvae" not in metadata.packages_distributions(), reason="its "
                               "version is known when it is installed, not in a mere checkout")

# A child that runs the command line after these lines, which make it deterministic.
CHILD = "import os, signal, sys\nfrom numpyvae import cli, training\n{}\nsys.exit(cli.main(sys.argv[1:]))"


def numpyvae_in(folder, *argv, **options):
    """Run the command line as a process of its own."""
    return subprocess.run([sys.executable, "-m", "numpyvae", *argv], cwd=folder,
                          capture_output=True, **{"env": ENV, "encoding": "utf-8", **options})


def child(code, *argv):
    return [sys.executable, "-c", CHILD.format(code), *argv]


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
    assert status == 2
    assert err.startswith("numpyvae") and err.endswith("\n") and err.count("\n") == 1 and "Traceback" not in err
    for word in words:
        assert word in err


@pytest.fixture(scope="module")
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
def undrawn(monkeypatch):
    """Leave the pictures away, where they are not what the test is about."""
    monkeypatch.setattr(cli, "_draw_pictures", lambda *args: None)


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are drawn, by their names; they are not made into files, which takes the
    most time.
    """
    figures = {}
    monkeypatch.setattr("numpyvae.plots.save", lambda figure,
                        path: figures.update({os.path.basename(path): figure}))
    return figures


# ---------------------------------------------------------------------- train

def test_a_run_leaves_these_files_and_nothing_else(home):
    assert sorted(os.listdir(home)) == ["runs", "stdout"] and os.listdir(home
                                                                         / "runs") == ["digits"]
    assert sorted(os.listdir(home / RUN)) == sorted(["model.npz", "history.csv", *PICTURES])
    for name in PICTURES:
        assert (home / RUN / name).read_bytes().startswith(b"\x89PNG")


def test_a_second_run_has_a_folder_of_its_own_and_the_same_bits(home, work):
    """In another process. What it would draw is known by the network and the folder; `show` draws
    it a second time.
    """
    before = contents(work)
    done = subprocess.run(child("cli._draw_pictures = lambda run, dataset, folder: print(folder)",
                                "train", *SMALL, "--seed", "0"), cwd=work, env=ENV,
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
    # six digits after the point each
    assert float(rows[-1][4]) == pytest.approx(recon + kl, abs=2e-6)
    # better than a guess, no miracle
    assert 20 < recon + kl < 64 * np.log(2) - 5
    for name in PICTURES:
        assert os.path.join(RUN, name) in out


def test_it_is_the_network_of_the_library(home):
    data = datasets.load("digits")
    run = Run(data.x_train, data.x_test, **{**cli.DEFAULTS, **cli.DEFAULTS_BY_DATA["digits"],
                                            "epochs": 2, "hidden_dim": 16, "latent_dim": 2})
    run.train()
    saved = VAE.load(home / RUN / "model.npz")
    assert all(np.array_equal(saved.params[name], run.model.params[name])
               for name in run.model.params)


def test_another_seed_gives_another_network(work, undrawn, capsys):
    assert call(capsys, "train", *SMALL, "--seed", "1")[0] == 0
    assert (work / "runs" / "digits-2" / "history.csv").read_bytes() != (
        work / RUN / "history.csv").read_bytes()


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
    assert found == {**options, "data_dir": None, "image_shape": [28, 28]}
    assert set(options) | {"data_dir"} == set(cli.OPTIONS)
    defaults = {**cli.DEFAULTS, **cli.DEFAULTS_BY_DATA["digits"]}
    assert all(options[name] != defaults[name] for name in options if name != "model")


def test_an_empty_folder_will_do(work, undrawn, capsys):
    (work / "empty").mkdir()
    assert call(capsys, "train", *SMALL, "--out", "empty")[0] == 0
    assert sorted(os.listdir("empty")) == ["history.csv", "model.npz"]


def test_the_pictures_of_more_dimensions_and_grey_values(work, drawn, capsys):
    status, out, err = call(capsys, "train", "--epochs", "1", "--hidden-dim", "8", "--latent-dim",
                            "3", "--beta", "0.5", "--likelihood", "gaussian", "--out", "grey")
    assert (status, err) == (0, "") and sorted(os.listdir("grey")) == ["history.csv", "model.npz"]
    assert set(drawn) == set(PICTURES) - {"manifold.png"}
    # The closing line is the ELBO, not the loss with its weight.
    row = (work / "grey" / "history.csv").read_text().splitlines()[-1].split(",")
    assert f"-ELBO = {float(row[5]) + float(row[6]):.2f} nats" in out


# ---------------------------------------------------------------------- resume

def test_resume_goes_on_exactly(work, undrawn, capsys):
    assert call(capsys, "train", *SMALL, "--epochs", "4", "--out", "whole")[0] == 0
    status, _, err = call(capsys, "train", "--resume", RUN, "--epochs", "4", "--lr", "2e-3",
                          "--hidden-dim", "16", "--out", os.path.join(".", RUN))
    assert (status, err) == (0, "")
    for name in ("model.npz", "history.csv"):
        assert (work / RUN / name).read_bytes() == (work / "whole" / name).read_bytes()
    assert sorted(os.listdir(RUN)) == sorted(["model.npz", "history.csv", *PICTURES])


def test_a_finished_run_is_left_as_it_is(work, undrawn, capsys):
    before = contents(work)
    (work / RUN / "history.csv").unlink()          # as a kill between the two files would leave it
    status, out, err = call(capsys, "train", "--resume", RUN)
    assert (status, err) == (0, "") and "--epochs" in out
    assert contents(work) == before


INTERRUPT_ITSELF = """
minibatches, epochs = training.minibatches, []
def interrupted(*args):
    epochs.append(1)
    for i, batch in enumerate(minibatches(*args)):
        if len(epochs) == 2 and i == 5:
            signal.raise_signal(signal.SIGINT)
        yield batch
signal.signal(signal.SIGINT, signal.default_int_handler)
training.minibatches = interrupted
"""


def test_what_ctrl_c_interrupts_can_be_taken_up_as_if_it_had_not(home, tmp_path):
    """In another process; its pictures are left away: what is saved, they are drawn from (see
    `show`).
    """
    command = child(INTERRUPT_ITSELF, "train", *SMALL)
    done = subprocess.run(command, cwd=tmp_path, env=ENV, capture_output=True, text=True)
    assert done.returncode == 130 and done.stderr.count("\n") == 1
    assert "stopped in epoch 2" in done.stderr and "after epoch 1" in done.stderr
    assert sorted(os.listdir(tmp_path / RUN)) == ["history.csv", "model.npz"]
    told, = re.findall(r"numpyvae (train --resume .*)$", done.stderr, re.MULTILINE)
    again = subprocess.run(child("cli._draw_pictures = lambda *args: None", *told.split()),
                           cwd=tmp_path, env=ENV, capture_output=True, text=True)
    assert (again.returncode, again.stderr) == (0, "")
    for name, content in contents(tmp_path / RUN).items():
        assert content == (home / RUN / name).read_bytes()


@posix
def test_ctrl_c_at_any_time(tmp_path):
    command = [sys.executable, "-m", "numpyvae", "train", *SMALL, "--epochs", "1000000"]
    # A background job of a shell starts with SIGINT ignored, and its children inherit that.
    process = subprocess.Popen(command, cwd=tmp_path, env=ENV, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    try:
        while not process.stdout.readline().startswith("      1 |"):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130 and err.count("\n") == 1
    assert f"python -m numpyvae train --resume {RUN}\n" in err
    assert sorted(os.listdir(tmp_path / RUN)) == ["history.csv", "model.npz"]

    data = datasets.load("digits")
    kept = Run.load(tmp_path / RUN, lambda name, place: (data.x_train, data.x_test))
    whole = Run(data.x_train, data.x_test, **{**kept.options, "epochs": len(kept.history)})
    whole.train()
    assert len(kept.history) > 0 and np.array_equal(kept.history, whole.history)
    assert all(np.array_equal(kept.model.params[name], whole.model.params[name])
               for name in kept.model.params)


def test_how_to_go_on_can_be_typed(work, capsys, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt
    monkeypatch.setattr("numpyvae.training.minibatches", interrupt)
    status, out, err = call(capsys, "train", *SMALL, "--out", "my first run")
    assert status == 130 and err.count("\n") == 1 and "after epoch 0" in err
    told, = re.findall(r"numpyvae (train --resume .*)$", err, re.MULTILINE)
    assert shlex.split(told) == ["train", "--resume", "my first run"]


@pytest.mark.parametrize("command", [("show", RUN), ("sample", RUN)])
def test_ctrl_c_while_drawing(work, capsys, monkeypatch, command):
    def interrupt(*args):
        raise KeyboardInterrupt
    before = contents(work)
    monkeypatch.setattr("numpyvae.plots.save", interrupt)
    status, _, err = call(capsys, *command)
    assert status == 130 and err.startswith(f"numpyvae {command[0]}: stopped") and err.count("\n") == 1
    assert f"show {RUN}\n" in err or command[0] == "sample"
    assert contents(work) == before


def test_divergence_keeps_the_last_checkpoint_and_suggests_a_smaller_lr(tmp_path):
    done = numpyvae_in(tmp_path, "train", *SMALL, "--optimizer", "sgd", "--lr", "1000")
    assert_one_sentence(done.returncode, done.stderr, "--lr", "1000", "epoch", RUN)
    assert sorted(os.listdir(tmp_path / RUN)) == ["history.csv", "model.npz"]
    kept = VAE.load(tmp_path / RUN / "model.npz")
    assert np.isfinite(kept.generate(3)).all()


def test_a_kill_s_leftovers_are_swept_when_the_run_is_opened_again(work, drawn, capsys):
    for name, command in (("model.npz.1.tmp", ("show", RUN)), ("loss.png.2.tmp", ("train",
                                                                                  "--resume",
                                                                                  RUN))):
        (work / RUN / name).write_bytes(b"half")
        drawn.clear()
        assert call(capsys, *command)[0] == 0
        assert not (work / RUN / name).exists() and set(drawn) == set(PICTURES)


@pytest.mark.parametrize("command", [("show", "other"), ("train", "--resume", "other"), ("sample",
                                                                                         "other")])
def test_a_folder_that_holds_no_run_is_not_swept(work, capsys, command):
    (work / "other").mkdir()
    for name in ("model.npz", "model.npz.1.tmp", "notes.tmp"):
        (work / "other" / name).write_bytes(b"somebody else's")
    before = contents(work)
    status, _, err = call(capsys, *command)
    assert_one_sentence(status, err, "other")
    assert contents(work) == before


def test_what_was_learned_names_a_collapsed_posterior(work, drawn, capsys):
    status, out, _ = call(capsys, "train", *SMALL, "--beta", "1000", "--out", "collapsed")
    assert status == 0 and "uses 0 of 2 latent dimensions" in out and "collapsed onto the prior" in out
    status, out, _ = call(capsys, "show", RUN)
    used = int(re.search(r"uses (\d) of 2 latent dimensions", out).group(1))
    kl = mean_kl_per_dim(VAE.load(os.path.join(RUN, "model.npz")), datasets.load("digits").x_test)
    assert used == (kl > 0.1).sum() > 0
    assert "collapsed" not in out


# ---------------------------------------------------------------------- an ordinary auto-encoder

def test_an_auto_encoder_s_run(own, drawn, capsys):
    status, out, err = call(capsys, "train", *SMALL, "--data", "own.npz", "--model", "ae", "--out",
                            "ae")
    assert (status, err) == (0, "") and sorted(os.listdir("ae")) == ["history.csv", "model.npz"]
    # none needs a prior
    assert set(drawn) == {"interpolation.png", "latent.png", "loss.png", "reconstructions.png"}
    head, end = out.partition("\n")[0], out.rpartition("Learned")[2]
    assert head == "A 12-16-2 ordinary auto-encoder learns own from 36 images, tested on 4 others."
    assert "\nloss = recon, in nats per image\n" in out
    loss = checkpoint.load(os.path.join("ae", "model.npz"))[0]["history"][-1, 3]
    assert end.startswith(f" in 2 epochs: a test image costs {loss:.2f} nats (every pixel guessed "
                          "at one half: 8.32).")
    assert not any(word in end for word in ("ELBO", "KL", "latent dimensions", "prior"))
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
    assert drawn["reconstructions.png"].get_suptitle() == "Test images, and each rebuilt from its own code"
    assert drawn["latent.png"].get_suptitle() == "4 test images in latent space, each at its code"
    assert len(drawn["loss.png"].axes) == 1 and "KL" not in drawn["loss.png"].get_suptitle()
    x = datasets.load("own.npz").x_test / np.float32(255)
    points, = drawn["latent.png"].axes[0].collections
    codes = Autoencoder.load(os.path.join("runs", "own", "model.npz")).encode(x)
    assert np.array_equal(points.get_offsets(), codes)


# ---------------------------------------------------------------------- data of one's own

def assert_same(found, expected):
    assert found.keys() == expected.keys()
    assert all(found[name].dtype == array.dtype and np.array_equal(found[name], array)
               for name, array in expected.items())


GREY = np.random.default_rng(0).integers(0, 256, (40, 4, 3), np.uint8)
SEEN = np.random.default_rng(1).random((40, 4, 3)) < 0.7
LABELS = np.arange(40) % 3
FOUR = GREY[:30], LABELS[:30].astype(np.uint8), GREY[30:], LABELS[30:].astype(np.uint8)


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A working folder with examples of one's own: bytes, numbers under a mask with labels, and
    four files in set.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NUMPYVAE_DATA", raising=False)
    np.savez("own.npz", x=GREY)
    np.savez("masked.npz", x=np.where(SEEN, GREY / 255, np.nan), labels=LABELS, mask=SEEN)
    np.save("flat.npy", GREY.reshape(40, 12) / 255)
    write_set(tmp_path / "set", FILES, FOUR)
    return tmp_path


def trained_by_the_library(data, data_dir=None, **options):
    dataset = datasets.load(data, data_dir)
    run = Run(dataset.x_train, dataset.x_test, dataset.mask_train, dataset.mask_test,
              **{**cli.DEFAULTS_BY_DATA["mnist"], "epochs": 2, "hidden_dim": 16, "latent_dim": 2,
                 **options})
    run.train()
    return run


@pytest.mark.parametrize("data, place, shape, options", [
    ("own.npz", None, (4, 3), {}),
    ("masked.npz", None, (4, 3), {}),
    ("flat.npy", None, (1, 12), {"likelihood": "gaussian"}),
    ("idx", os.path.join("set", ""), (4, 3), {"pixels": "resampled"}),
    ("idx", "set", (4, 3), {"model": "ae", "pixels": "fixed"})])
def test_data_of_one_s_own_are_learned_and_drawn(own, drawn, capsys, data, place, shape, options):
    title, argv = data.partition(".")[0] if place is None else "set", ["--data-dir",
                                                                       place] if place else []
    for flag, value in options.items():
        argv += ["--" + flag, value]
    status, out, err = call(capsys, "train", *SMALL, "--data", data, *argv)
    folder = os.path.join("runs", title)
    assert (status, err) == (0, "") and os.listdir("runs") == [title] and f" learns {title} from " in out
    assert sorted(os.listdir(folder)) == ["history.csv", "model.npz"]
    of_a_prior = {"kl_per_dimension.png", "manifold.png", "samples.png"}
    assert set(drawn) == set(PICTURES) - (of_a_prior if "model" in options else set())
    arrays, description = checkpoint.load(os.path.join(folder, "model.npz"))
    saved = description["run"]["options"]
    assert saved["image_shape"] == list(shape)
    # wherever we are called from next time
    assert saved["data"] == (data if data == "idx" else str(own / data))
    assert saved["data_dir"] == (str(own / "set") if data == "idx" else None)
    run = trained_by_the_library(data, place, **options)
    assert_same({name: arrays[name] for name in run.model.params}, run.model.params)
    assert np.array_equal(arrays["history"], run.history)
    dataset = datasets.load(data, place)
    originals = run.x_test / (255 if run.x_test.dtype == np.uint8 else 1)
    if dataset.mask_test is not None:
        # what nobody saw is left open
        originals = np.where(dataset.mask_test, originals, np.nan)
    rows = drawn["reconstructions.png"].axes
    first = np.ma.filled(rows[0].images[0].get_array(), np.nan)[1:1 + shape[0], 1:1
                                                                + shape[1]].ravel()
    assert any(np.allclose(first, image, rtol=1e-6, atol=0, equal_nan=True) for image in originals)
    ends = drawn["interpolation.png"].axes[0].images[0].get_array()[1:1 + shape[0], 1:1 + shape[1]]
    assert np.isnan(first).any() == np.isnan(np.ma.filled(ends, np.nan)).any() == (dataset.mask_test is not None)
    assert len(rows) == (1 if dataset.labels_test is None else 2)
    assert len(drawn["latent.png"].axes[0].collections) == (1 if dataset.labels_test is None else 3)
    assert ("guessed at one half" in out) == (dataset.mask_test is None
                                              and "likelihood" not in options)
    drawn.clear()
    status, told, err = call(capsys, "show", folder)
    assert (status, err) == (0, "") and drawn and out.endswith(told)
    if "model" not in options:
        assert call(capsys, "sample", folder, "-n", "3")[0] == 0
        axes, = drawn["sample.png"].axes
        assert axes.images[0].get_array().shape == (shape[0] + 2, 3 * (shape[1] + 1) + 1)


def test_a_run_of_mnist_is_called_so_wherever_it_lies(own, undrawn, capsys, monkeypatch):
    small = datasets.load("own.npz")
    monkeypatch.setattr(datasets, "load", lambda name, place: small if (name, place) == ("mnist",
                                                                                         "set")
                        else None)
    status, out, err = call(capsys, "train", *SMALL, "--data", "mnist", "--data-dir", "set")
    assert (status, err) == (0, "") and os.listdir("runs") == ["mnist"] and " learns mnist from " in out
    saved = checkpoint.load(os.path.join("runs", "mnist", "model.npz"))[1]["run"]["options"]
    assert (saved["data"], saved["data_dir"]) == ("mnist", str(own / "set"))


@pytest.mark.parametrize("n", [2, 3, 15])
def test_very_few_examples(own, drawn, capsys, n):
    np.savez("few.npz", x=GREY[:n], labels=LABELS[:n])
    status, out, err = call(capsys, "train", *SMALL, "--data", "few.npz")
    assert (status, err) == (0, "") and f"from {n - 1} images, tested on 1 others" in out
    assert set(drawn) == set(PICTURES) - {"interpolation.png"}   # there is but one image to go from
    assert [axes.get_title() for axes in drawn["reconstructions.png"].axes] == ["test images, as "
                                                                                "they come"]


@pytest.mark.parametrize("kinds, rows", [(1, 1), (2, 2), (20, 2), (21, 1)])
def test_one_image_of_each_label_where_there_are_a_few_labels(own, drawn, capsys, kinds, rows):
    write_set(own / "set", FILES, (*FOUR[:2], GREY, (np.arange(40) % kinds).astype(np.uint8)))
    assert call(capsys, "train", *SMALL, "--data", "idx", "--data-dir", "set")[0] == 0
    axes = drawn["reconstructions.png"].axes
    assert len(axes) == rows
    assert axes[0].images[0].get_array().shape == (2 * 5 + 1, (kinds if rows == 2 else 10) * 4 + 1)


def test_the_faces(tmp_path, monkeypatch, undrawn, capsys):
    monkeypatch.chdir(tmp_path)
    shown = []
    monkeypatch.setattr(datasets, "FACES", (300, 50))
    monkeypatch.setattr(cli, "_draw_pictures", lambda run, dataset,
                        folder: shown.append((run, dataset, folder)))
    status, out, err = call(capsys, "train", "--data", "faces", "--epochs", "1")
    assert (status, err) == (0, "")
    defaults = cli.DEFAULTS_BY_DATA["faces"]
    sizes = f"784-{defaults['hidden_dim']}-{defaults['latent_dim']}"
    assert out.startswith(f"A {sizes} VAE learns faces from 300 images, tested on 50 others.")
    (run, dataset, folder), = shown
    assert folder == os.path.join("runs",
                                  "faces") and os.listdir(folder) and dataset.labels_test is None
    assert run.options == {**cli.DEFAULTS, **defaults, "data": "faces", "epochs": 1,
                           "image_shape": (28, 28)}


# ---------------------------------------------------------------------- data that were moved,
# changed, lost

MOVED = {"file": (("--data", "own.npz"), "own.npz", "moved.npz", "--data", "own"),
         "folder": (("--data", "idx", "--data-dir", "set"), "set", "moved", "--data-dir", "set")}


@pytest.mark.parametrize("kind", MOVED)
def test_a_run_goes_on_from_another_folder_and_with_data_that_were_moved(own, undrawn, capsys,
                                                                         monkeypatch, kind):
    place, old, new, flag, title = MOVED[kind]
    assert call(capsys, "train", *SMALL, "--epochs", "6", *place, "--out", "whole")[0] == 0
    assert call(capsys, "train", *SMALL, *place)[0] == 0
    (own / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    run = os.path.join(os.pardir, "runs", title)
    status, out, err = call(capsys, "train", "--resume", run, "--epochs", "4")
    assert (status, err) == (0, "") and f" learns {title} from " in out
    os.rename(own / old, new)                                    # into the folder that we are in
    before = contents(own)
    for command in (("show", run), ("train", "--resume", run, "--epochs", "6")):
        status, out, err = call(capsys, *command)
        assert_one_sentence(status, err, str(own / old))
        assert kind == "folder" or "--data or --data-dir says where they lie now" in err
        assert out == "" and contents(own) == before
    assert call(capsys, "show", run, flag, new)[0] == 0
    assert contents(own) == before                               # looking changes nothing
    # remembered since then
    for command in (("train", "--resume", run, "--epochs", "6", flag, new), ("show", run)):
        status, out, err = call(capsys, *command)
        assert (status, err) == (0, "")
    assert " learns moved from " in call(capsys, "train", "--resume", run)[1]
    whole, found = own / "whole", own / "runs" / title
    assert (found / "history.csv").read_bytes() == (whole / "history.csv").read_bytes()
    (expected, wanted), (arrays, description) = (checkpoint.load(folder / "model.npz")
                                                 for folder in (whole, found))
    assert_same(arrays, expected)
    wanted["run"]["options"][flag.strip("-").replace("-", "_")] = str(own / "elsewhere" / new)
    assert description == wanted


@pytest.mark.parametrize("kind", MOVED)
def test_a_run_is_refused_other_data_than_it_learned_from(own, undrawn, capsys, kind):
    place, old, new, flag, title = MOVED[kind]
    assert call(capsys, "train", *SMALL, *place)[0] == 0
    run, changed = os.path.join("runs", title), GREY.copy()
    changed[7, 0, 0] ^= 1
    np.savez("other.npz", x=changed)
    write_set(own / "other", FILES, (changed[:30], *FOUR[1:]))
    for place in ((flag, "other" + old[3:]), ()):
        before = contents(own)
        for command in (("show", run), ("train", "--resume", run, "--epochs", "3")):
            status, out, err = call(capsys, *command, *place)
            assert_one_sentence(status, err, run, "not the ones it was trained on")
            assert out == "" and contents(own) == before
        # and now they were changed where they lie
        shutil.copy("other.npz", "own.npz")
        write_set(own / "set", FILES, (changed[:30], *FOUR[1:]))


def test_only_a_file_can_be_moved(own, work, capsys, undrawn):
    assert call(capsys, "train", *SMALL, "--data", "own.npz")[0] == 0
    before = contents(work)
    for run, data in ((RUN, "own.npz"), (RUN, "faces"), (os.path.join("runs", "own"), "digits")):
        status, out, err = call(capsys, "show", run, "--data", data)
        assert_one_sentence(status, err, "--data", data, run, "leave --data away")
        assert out == "" and contents(work) == before
    assert call(capsys, "show", RUN, "--data", "digits")[0] == 0             # what it has anyway


@pytest.mark.parametrize("kind", MOVED)
def test_samples_and_an_export_need_no_data(own, drawn, capsys, kind):
    place, old, _, _, title = MOVED[kind]
    assert call(capsys, "train", *SMALL, *place)[0] == 0
    os.rename(old, "gone")
    run = os.path.join("runs", title)
    drawn.clear()
    assert call(capsys, "sample", run, "-n", "2")[0] == 0 and list(drawn) == ["sample.png"]
    assert call(capsys, "export", run, "own-torch.npz")[0] == 0


# ---------------------------------------------------------------------- show, sample

def test_show_draws_the_same_again(home, work, capsys):
    before = contents(work)
    for name in PICTURES[1:]:
        (work / RUN / name).unlink()
    (work / RUN / PICTURES[0]).write_bytes(b"damaged")
    status, out, err = call(capsys, "show", RUN)
    assert (status, err) == (0, "")
    assert contents(work) == before                              # which another process had drawn
    told = (home / "stdout").read_text(encoding="utf-8").replace("python -m numpyvae", cli._me())
    assert out.startswith("\nDrawing\n") and told.endswith(out)


def test_show_of_a_network_that_has_learned_nothing_yet(work, drawn, capsys):
    data = datasets.load("digits")
    (work / "new").mkdir()
    Run(data.x_train, data.x_test, data="digits", hidden_dim=4, latent_dim=1).save(work / "new")
    status, out, err = call(capsys, "show", "new")
    assert (status, err) == (0, "") and "Learned" not in out
    assert set(drawn) == set(PICTURES) - {"loss.png", "manifold.png"}


def test_sample_draws_a_new_picture_every_time(work, capsys):
    before = contents(work)
    done = numpyvae_in(work, "sample", RUN, "-n", "4")
    assert (done.returncode, done.stderr) == (0, "")
    status, out, err = call(capsys, "sample", RUN, "-n", "4")
    assert (status, err) == (0, "")
    assert done.stdout.startswith(os.path.join(RUN, "sample.png") + ": 4 images")
    assert out.startswith(os.path.join(RUN, "sample-2.png") + ": 4 images")
    after = contents(work)
    new = {name: after.pop(name) for name in set(after) - set(before)}
    assert after == before
    assert {os.path.basename(name) for name in new} == {"sample.png", "sample-2.png"}
    assert len(set(new.values())) == 2


def test_samples_of_a_run_that_knows_no_shape(work, drawn, capsys):
    (work / "library").mkdir()
    Run(GREY.reshape(40, 12), GREY[:3].reshape(3, 12), hidden_dim=4, latent_dim=2).save(work
                                                                                        / "library")
    assert call(capsys, "sample", "library", "-n", "2")[0] == 0
    axes, = drawn["sample.png"].axes
    assert axes.images[0].get_array().shape == (3, 2 * 13 + 1)               # each image is a row


def test_samples_come_again_by_their_seed(work, drawn, capsys):
    _, out, _ = call(capsys, "sample", RUN, "-n", "1")
    seed, = re.findall(r"--seed (\d+)", out)
    for argv in (("--seed", seed, "--out", "again.png"), ("--seed", str(int(seed) + 1), "--out",
                                                          "other.PNG")):
        assert call(capsys, "sample", RUN, "-n", "1", *argv)[0] == 0
    assert list(drawn) == ["sample.png", "again.png", "other.PNG"]
    first, again, other = (np.ma.filled(figure.axes[0].images[0].get_array(), -1)
                           for figure in drawn.values())
    assert np.array_equal(first, again) and not np.array_equal(first, other)


# ---------------------------------------------------------------------- export

def test_an_export_holds_the_parameters_under_pytorch_s_names(work, capsys):
    before = contents(work)
    status, out, err = call(capsys, "export", RUN, "torch.npz")
    expected = VAE.load(os.path.join(RUN, "model.npz")).to_torch_names()
    assert (status, err) == (0, "") and out.startswith("torch.npz: fc1.weight, fc1.bias, "
                                                       "fc21.weight, ")
    assert_same(dict(np.load("torch.npz")), expected)
    assert_same(VAE.from_torch_names(np.load("torch.npz")).params, VAE.load(os.path.join(RUN, "model.npz")).params)
    assert contents(work).keys() - before.keys() == {"torch.npz"}
    first = (work / "torch.npz").read_bytes()
    status, _, err = call(capsys, "export", RUN, "torch.npz")
    assert_one_sentence(status, err, "torch.npz", "new file")
    assert (work / "torch.npz").read_bytes() == first


def test_an_export_that_cannot_be_written(work, capsys, monkeypatch):
    def forbidden(path, mode="r", *rest, **options):
        if "w" in mode:
            raise PermissionError(13, "Permission denied", str(path))
        return open(path, mode, *rest, **options)
    monkeypatch.setattr("numpyvae.checkpoint.open", forbidden, raising=False)
    before = contents(work)
    status, out, err = call(capsys, "export", RUN, os.path.join("runs", "torch.npz"))
    assert_one_sentence(status, err, os.path.join("runs", "torch.npz: Permission denied"))
    assert ".tmp" not in err and out == "" and contents(work) == before


# ---------------------------------------------------------------------- the real MNIST

@pytest.mark.skipif(not REAL, reason="NUMPYVAE_DATA names no folder with MNIST's four files")
def test_mnist_from_end_to_end(tmp_path, monkeypatch, drawn, capsys):
    monkeypatch.chdir(tmp_path)
    status, out, err = call(capsys, "train", "--data", "mnist", "--epochs", "1", "--hidden-dim",
                            "16", "--latent-dim", "2")
    folder = os.path.join("runs", "mnist")
    assert (status, err) == (0, "") and sorted(os.listdir(folder)) == ["history.csv", "model.npz"]
    assert set(drawn) == set(PICTURES)
    assert out.startswith("A 784-16-2 VAE learns mnist from 60000 images, tested on 10000 others.")
    # measured with three seeds: 203 to 212
    assert float(re.search(r"test -ELBO = ([\d.]+) nats", out).group(1)) < 215
    options = checkpoint.load(os.path.join(folder, "model.npz"))[1]["run"]["options"]
    # not where it happened to lie
    assert (options["data"], options["data_dir"]) == ("mnist", None)


# ---------------------------------------------------------------------- check

def test_check_finds_every_gradient_right(tmp_path):
    done = numpyvae_in(tmp_path, "check")
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.isascii()
    assert "784-400-20" in done.stdout and "7-5-2" in done.stdout
    vae, autoencoder = VAE(2, 2, 2).params, Autoencoder(2, 2, 2).params
    for name in {**vae, **autoencoder}:
        assert done.stdout.count(f"\n{name} ") == 4 * (name in vae) + (name in autoencoder)
    assert "NO" not in done.stdout
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("backward, wrong", [
    ("kl_backward", lambda dmu, dlogvar: (dmu, 0.5 * dlogvar)),
    ("reparameterize_backward", lambda dmu, dlogvar: (dmu, 0 * dlogvar)),
    ("relu_backward", lambda da: 1.001 * da)])
def test_check_finds_a_wrong_backward(capsys, monkeypatch, backward, wrong):
    right = getattr(numpyvae.vae, backward)

    def spoiled(*args):
        found = right(*args)
        return wrong(*found) if isinstance(found, tuple) else wrong(found)

    # diagnosing a large network takes seconds
    def smaller(seed, title, settings, *rest, **options):
        large = settings["input_dim"] == 784
        sizes = {"input_dim": 100, "hidden_dim": 40, "latent_dim": 9} if large else {}
        return check_network(seed, title, {**settings, **sizes}, *rest, **options)
    check_network = cli._check_network
    monkeypatch.setattr(cli, "_check_network", smaller)
    monkeypatch.setattr(numpyvae.vae, backward, spoiled)
    status, out, err = call(capsys, "check")
    assert (status, err) == (1, "")
    assert "NO" in out and "wrong" in out.splitlines()[-1]


# ---------------------------------------------------------------------- bad input: one sentence,
# and nothing is lost

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
    (("train", "--out", ""), "train"),
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
    (("train", "--pixels", "black"), "--pixels", "grey", "threshold", "fixed", "resampled"),
    (("train", "--resume", RUN, "--model", "ae"), "--model", "ae", "vae"),
    (("train", "--resume", RUN, "--pixels", "fixed"), "--pixels", "fixed", "grey"),
    (("train", "--resume", RUN, "--data", "faces"), "--data", "faces", "digits"),
    # data
    (("train", "--data", "idx"), "--data-dir", "four files"),
    (("train", "--data", "idx", "--data-dir", "full"), "full", "missing: train-images-idx3-ubyte"),
    (("train", "--data", "idx", "--data-dir", "no"), "no", "missing: the folder itself"),
    (("train", "--data", "idx", "--data-dir", "file"), "file", "folder"),
    (("train", "--data", "mnist", "--data-dir", "set"), os.path.join("set", "train-images-idx3-ubyte"), "--data idx"),
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


def _as_name(argv):
    return " ".join(argv).encode("unicode_escape").decode() or "''"


@pytest.mark.parametrize("argv, words",
                         [pytest.param(argv, words, id=_as_name(argv)) for argv, *words in REFUSED])
def test_it_is_refused_in_one_sentence(work, capsys, monkeypatch, argv, words):
    monkeypatch.setattr(Run, "train", lambda *args: pytest.fail("it was accepted, and trains"))
    (work / "file").write_text("precious")
    (work / "full").mkdir()
    (work / "full" / "letter").write_text("precious")
    (work / "letter.npz").write_text("precious")
    np.savez("own.npz", x=GREY)
    np.savez("ones.npz", x=GREY & 1)
    np.savez("bad.npz", x=GREY.astype(float))
    write_set(work / "set", FILES, FOUR)
    before = contents(work)
    status, out, err = call(capsys, *argv)
    assert_one_sentence(status, err, *words)
    assert out == "" and contents(work) == before


# one of each way to end: by the parser, and by either kind of error
@pytest.mark.parametrize("argv", [
    ("trian",), ("train", "--lr", "nan"), ("train", "--data", "no.npz")], ids=" ".join)
def test_it_is_refused_by_a_real_process_too(work, argv):
    before = contents(work)
    done = numpyvae_in(work, *argv)
    assert_one_sentence(done.returncode, done.stderr)
    assert done.stdout == "" and contents(work) == before


def _text(path):
    path.write_text("loss,recon,kl\n")


def _cut(path):
    path.write_bytes(path.read_bytes()[:5000])


def _flip(path):
    content = bytearray(path.read_bytes())
    # among its numbers: local headers are stored twice
    content[content.index(b"W1.npy") + 300] ^= 1
    path.write_bytes(content)


def _network_alone(path):
    VAE.load(path).save(path)


def _other_images(path):
    rng = np.random.default_rng(0)
    Run(rng.random((9, 64)), rng.random((4, 64)), data="digits", hidden_dim=4,
        latent_dim=2).save(path.parent)


def _unknown_data(path):
    rng = np.random.default_rng(0)
    Run(rng.random((9, 64)), rng.random((4, 64)), data="mine", hidden_dim=4,
        latent_dim=2).save(path.parent)


DAMAGES = [(_text, "checkpoint"), (_cut, "checkpoint"), (_flip, "checkpoint"), (_network_alone,
                                                                                "a training run"),
           (_other_images, "not the ones"), (_unknown_data, "mine"),
           (lambda path: np.savez(path, W1=np.ones((64, 16))), "checkpoint"),
           (lambda path: path.write_bytes(b""), "checkpoint"),
           (lambda path: (path.unlink(), path.mkdir()), "model.npz")]


@pytest.mark.parametrize("command, damage, word", [
    (command, damage, word) for command in ("show RUN", "sample RUN", "train --resume RUN", "export RUN new.npz")
    for damage, word in DAMAGES
    # they need no data
    if command.startswith(("show", "train")) or damage not in (_other_images, _unknown_data)])
def test_a_damaged_or_foreign_run_is_refused_and_kept(work, capsys, command, damage, word):
    damage(work / RUN / "model.npz")
    before = contents(work)
    status, out, err = call(capsys, *command.replace("RUN", RUN).split())
    assert_one_sentence(status, err, RUN, word)
    assert out == "" and contents(work) == before


@pytest.mark.parametrize("build", [lambda: open("runs", "w").close(), lambda: os.symlink("nowhere",
                                                                                         "runs")])
def test_something_else_is_called_runs(tmp_path, monkeypatch, capsys, build):
    monkeypatch.chdir(tmp_path)
    try:
        build()
    except OSError:
        pytest.skip("no links here")
    status, out, err = call(capsys, "train", *SMALL)
    assert_one_sentence(status, err, "runs")
    assert out == "" and os.listdir(tmp_path) == ["runs"]


def test_a_folder_that_may_not_be_written(work, capsys, monkeypatch):
    # in words of the system, since an administrator may
    def forbidden(path, *rest, **options):
        raise PermissionError(13, "Permission denied", str(path))
    (work / "locked").mkdir()
    before = contents(work)
    for function, out in (("os.makedirs", "new"), ("numpyvae.checkpoint.open", "locked")):
        with monkeypatch.context() as patch:
            patch.setattr(function, forbidden, raising=False)
            status, _, err = call(capsys, "train", *SMALL, "--out", out)
        assert_one_sentence(status, err, out, "Permission denied")
        assert ".tmp" not in err                                 # a name that the user never gave
        assert contents(work) == before


def test_a_full_disk_loses_nothing(work, capsys, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr("numpyvae.checkpoint.os.fsync", full)
    monkeypatch.setattr("numpyvae.plots.paper._pixels",
                        lambda figure: np.zeros((1, 1, 4), np.uint8))
    before = contents(work)
    for argv in (("train", "--resume", RUN, "--epochs", "3"), ("show", RUN), ("sample", RUN, "-n",
                                                                              "1"), ("export", RUN,
                                                                                     "new.npz")):
        status, _, err = call(capsys, *argv)
        assert_one_sentence(status, err, "No space left on device")
        assert contents(work) == before


def test_sizes_that_do_not_fit_in_memory(work, capsys, monkeypatch):
    def too_large(*args, **options):
        raise MemoryError
    monkeypatch.setattr(cli, "Run", too_large)
    before = contents(work)
    status, _, err = call(capsys, "train", "--hidden-dim", "1000000000")
    assert_one_sentence(status, err, "memory")
    assert contents(work) == before


# ---------------------------------------------------------------------- terminals and pipes

FAKE_CLOCK = """
import itertools, types
cli.time = types.SimpleNamespace(monotonic=itertools.count().__next__)
cli._draw_pictures = lambda *args: None
"""


@posix
@pytest.mark.parametrize("columns", ["80", "60"])
def test_a_bar_grows_on_a_terminal(tmp_path, columns):
    import pty
    outer, inner = pty.openpty()
    process = subprocess.Popen(child(FAKE_CLOCK, "train", *SMALL), cwd=tmp_path, env={**ENV, "COLUMNS": columns},
                               stdout=inner, stderr=inner)
    os.close(inner)
    seen = b""
    while True:
        try:
            part = os.read(outer, 4096)
        # how Linux says that the other end is closed
        except OSError:
            break
        if not part:
            break
        seen += part
    os.close(outer)
    assert process.wait(timeout=60) == 0
    bars = re.findall(r"\r *\[([#.]{20})\] epoch (\d) of 2, about \d+ s left", seen.decode())
    lengths = [bar.count("#") for bar, _ in bars]
    assert lengths == sorted(lengths) and lengths[0] < 3 and lengths[-1] == 20
    # one for every batch
    assert {epoch for _, epoch in bars} == {"1", "2"} and len(bars) == 2 * 24
    assert seen.decode().count("     1 |") == 1                  # and the lines between them
    assert max(len(text) for text in seen.decode().split("\r") if "[" in text
               or not text.strip()) < int(columns)


def test_no_bar_in_a_pipe(tmp_path):
    done = subprocess.run(child(FAKE_CLOCK, "train", *SMALL), cwd=tmp_path, env=ENV,
                          capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"     2 |" in done.stdout and b"[" not in done.stdout and b"\r" not in done.stdout.replace(b"\r\n", b"\n")


@posix
@pytest.mark.parametrize("argv, unbuffered",
                         [(("check",), ""), (("check",), "1"), (("--help",), ""),
                          (("--help",), "1"), (("train", "--help"), ""),
                          pytest.param(("--version",), "", marks=installed)])
def test_a_reader_that_has_seen_enough(tmp_path, argv, unbuffered):
    """As in `numpyvae check | head -1`, but whoever is slower: the pipe is closed from the start.
    """
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-m", "numpyvae", *argv],
                          env={**ENV, "PYTHONUNBUFFERED": unbuffered}, stdout=writer,
                          stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    os.close(writer)
    # As SIGPIPE ends a program, 128 + 13; but argparse swallows the error when it meets it while
    # printing its help.
    assert done.returncode in ((141, 0) if "--help" in argv else (141,)) and done.stderr == ""


def test_the_first_line_alone(tmp_path):
    process = subprocess.Popen([sys.executable, "-m", "numpyvae", "check"], cwd=tmp_path, env=ENV,
                               text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    # as SIGPIPE ends a program: 128 + 13
    assert (process.wait(timeout=60), err) == (141, "")


@posix
@pytest.mark.parametrize("argv", [("check",), ("train", *SMALL), ("show", "missing")],
                         ids=lambda argv: argv[0])
def test_no_standard_output_at_all(tmp_path, argv):
    """As `numpyvae check >&-` and some schedulers start it."""
    done = subprocess.run(child("cli._draw_pictures = lambda *args: None", *argv), cwd=tmp_path,
                          env=ENV, text=True, stderr=subprocess.PIPE,
                          preexec_fn=lambda: os.close(1))
    assert "Traceback" not in done.stderr
    assert done.returncode == (2 if "missing" in argv else 0)


def test_a_terminal_without_the_letters_of_a_path(work):
    os.rename(RUN, "runs/Läufe ✓")
    done = numpyvae_in(work, "export", os.path.join("runs", "Läufe ✓"), os.path.join("runs",
                                                                                     "Läufe ✓",
                                                                                     "torch.npz"),
                       encoding="ascii", env={**ENV, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "") and "L?ufe ?" in done.stdout
    assert "torch.npz" in os.listdir("runs/Läufe ✓")
    done = numpyvae_in(work, "show", "Löwe", encoding="ascii",
                       env={**ENV, "PYTHONIOENCODING": "ascii"})
    assert_one_sentence(done.returncode, done.stderr, "L?we")


def test_a_stream_that_cannot_be_reconfigured(monkeypatch):
    """As notebooks put in the place of standard output."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    assert cli.main([]) == 0
    assert "numpyvae train" in stream.getvalue()


# ---------------------------------------------------------------------- help, version

@pytest.mark.parametrize("argv", [(), ("--help",), ("-h",)])
def test_a_newcomer_is_told_where_to_start(capsys, argv):
    status, out, err = call(capsys, *argv)
    assert (status, err) == (0, "") and out.isascii()
    for word in ("usage: numpyvae", "train", "show", "sample", "export", "check", "start here"):
        assert word in out


@pytest.mark.parametrize("command", ["train", "show", "sample", "export", "check"])
def test_every_command_explains_itself(capsys, command):
    status, out, err = call(capsys, command, "--help")
    assert (status, err) == (0, "") and out.isascii() and f"usage: numpyvae {command}" in out
    if command == "train":
        assert all(f"--{name.replace('_', '-')} " in out for name in cli.OPTIONS)
        text = " ".join(out.split())
        assert all(f"(default {value})" in text for value in cli.DEFAULTS.values()
                   if value is not None)
        assert "(default 256; mnist 400)" in text and "(default bernoulli; faces gaussian)" in text
        assert "(default 200; mnist 10, faces 60)" in text
        assert "--model {vae,ae}" in text and "--pixels {grey,threshold,fixed,resampled}" in text
        assert "digits, mnist, faces, idx, or your own, a file .npy or .npz" in text and "NUMPYVAE_DATA" in text
        assert "None" not in text and "--data-dir" in text
    if command == "show":
        assert "--data FILE" in out and "--data-dir DIR" in out


@installed
def test_the_version_and_the_installed_script(tmp_path):
    version = metadata.version("numpyvae")
    done = numpyvae_in(tmp_path, "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"numpyvae {version}\n", "")
    script = shutil.which("numpyvae", path=os.path.dirname(sys.executable))
    if script is None:
        pytest.skip("its script is not installed beside this Python")
    done = subprocess.run([script, "--version"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"numpyvae {version}\n", "")
