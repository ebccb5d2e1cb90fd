"""Runs on disk: resumed to the bit however often they were interrupted, and never mistaken."""
import copy
import io
import os
import platform
import re
import shutil
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from helpers_training import (BYTES, M_TEST, M_TRAIN, MODES, SMALL, X_TEST, X_TRAIN, same_params,
                              start)

from numpyvae import VAE, CheckpointError, DivergedError, checkpoint, cli, datasets, runs
from numpyvae.errors import BusyError
from numpyvae.autoencoder import Autoencoder
from numpyvae.runs import THREADS, SavedRun, environment, load_trained
from numpyvae.training import HISTORY, Run

KINDS = [(optimizer, dtype, likelihood) for optimizer in ("adam", "sgd")
         for dtype in ("float32", "float64") for likelihood in ("bernoulli", "gaussian")]

FIRST_EDITION = Path(__file__).parent / "reference" / "first_edition_run"


def save(folder, run, *origin):
    folder.mkdir(exist_ok=True)
    SavedRun(run, folder, *origin).save()


def train_in(folder, run):
    """Train, saving before the first epoch and after each, as the command line does  ->  the bytes
    of both files.
    """
    save(folder, run)
    run.train(on_epoch=lambda: save(folder, run))
    return contents(folder)


def contents(folder):
    assert sorted(os.listdir(folder)) == ["history.csv", "model.npz"]
    return [(folder / name).read_bytes() for name in ("model.npz", "history.csv")]


def load(folder, *examples):
    return SavedRun.load(folder, *(examples or (X_TRAIN, X_TEST)))


def resume(folder, epochs):
    run = load(folder).run
    run.epochs = epochs
    return run


# ---------------------------------------------------------------------- the same bits

@pytest.mark.parametrize("optimizer, dtype, likelihood", KINDS)
def test_three_epochs_and_three_more_are_six_to_the_bit(tmp_path, optimizer, dtype, likelihood):
    kind = {"optimizer": optimizer, "dtype": dtype, "likelihood": likelihood, "beta": 0.5,
            "x_std": 0.3, "seed": 4}
    six = train_in(tmp_path / "six", start(**kind, epochs=6))
    three = train_in(tmp_path / "three", start(**kind))
    assert three[0] != six[0]
    assert train_in(tmp_path / "three", resume(tmp_path / "three", 6)) == six


@pytest.mark.parametrize("model, pixels, masked", MODES)
def test_one_epoch_and_two_more_are_three_to_the_bit(tmp_path, model, pixels, masked):
    x = [*(BYTES if masked else (X_TRAIN, X_TEST)), *((M_TRAIN, M_TEST) if masked else ())]
    three, one = (Run(*x, **{**SMALL, "epochs": epochs}, model=model, pixels=pixels)
                  for epochs in (3, 1))
    three.train()
    one.train()
    save(tmp_path, one)
    run = load(tmp_path, *x).run
    assert type(run.model) is {"vae": VAE, "ae": Autoencoder}[model]
    assert run.x_train.dtype == one.x_train.dtype
    run.epochs = 3
    run.train()
    save(tmp_path, run)
    resumed = contents(tmp_path)
    save(tmp_path, three)
    assert resumed == contents(tmp_path)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_run_interrupted_in_every_epoch_ends_the_same(tmp_path, optimizer):
    whole = train_in(tmp_path / "whole", start(optimizer=optimizer))
    folder = tmp_path / "torn"
    save(folder, start(optimizer=optimizer))

    def stop_after_two_batches_of_the_second_epoch(done):
        if done == 16 and len(run.history) == before + 1:
            raise KeyboardInterrupt
    for before in range(3):
        run = resume(folder, 3)
        assert len(run.history) == before                # the unfinished epoch is dropped
        if before < 2:
            with pytest.raises(KeyboardInterrupt):
                run.train(stop_after_two_batches_of_the_second_epoch, lambda: save(folder, run))
    run.train(on_epoch=lambda: save(folder, run))
    assert contents(folder) == whole


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(tmp_path):
    first, again, other = (train_in(tmp_path / name, start(seed=seed))
                           for name, seed in [("a", 5), ("b", 5), ("c", 6)])
    assert first == again
    assert first[1] != other[1]


def test_saving_does_not_change_the_bits(tmp_path):
    quiet, saved = start(), start()
    quiet.train()
    saved.train(on_epoch=lambda: save(tmp_path, saved))
    assert np.array_equal(quiet.history, saved.history) and same_params(quiet, saved)


def test_a_finished_run_does_nothing_more(tmp_path):
    before = train_in(tmp_path / "run", start())
    assert train_in(tmp_path / "run", load(tmp_path / "run").run) == before


# ---------------------------------------------------------------------- a run of the first edition

# Two epochs on the digits, as the program saved them before the house had wings; and where it came
# to after four in one go. Measured: equal to the bit with the processor and the library that it was
# made with, under NumPy 1.26 and 2.4; with OpenBLAS told to be on others, from Core 2 to Haswell,
# off by at most 9e-8 in the history (relative) and 1.8e-7 in the parameters (absolute).
TOLERANCE = 1e-6


def test_a_run_of_the_first_edition_is_resumed():
    data  = datasets.load("digits")
    saved = SavedRun.load(FIRST_EDITION, data.x_train, data.x_test)
    assert (saved.data, saved.data_dir, saved.image_shape) == ("digits", None, (8, 8))
    resumed = saved.run
    two = resumed.history.copy()
    resumed.epochs = 4
    resumed.train()
    assert len(two) == 2 and np.array_equal(resumed.history[:2], two)
    whole = Run(data.x_train, data.x_test, **resumed.options)
    whole.train()
    with np.load(FIRST_EDITION / "four_epochs.npz") as expected:
        for run in (resumed, whole):
            params = np.concatenate([param.ravel() for param in run.model.params.values()])
            np.testing.assert_allclose(run.history, expected["history"], rtol=TOLERANCE)
            np.testing.assert_allclose(params, expected["params"], rtol=0, atol=TOLERANCE)


def test_a_run_of_the_first_edition_is_drawn(tmp_path, capsys):
    shutil.copytree(FIRST_EDITION, tmp_path / "run")
    assert cli.main(["show", str(tmp_path / "run")]) == 0
    out, err = capsys.readouterr()
    assert err == "" and "Learned in 2 epochs: test -ELBO = 41.23 nats per image" in out
    pictures = {path.name for path in (tmp_path / "run").glob("*.png")}
    assert pictures == {"interpolation.png", "kl_per_dimension.png", "latent.png", "loss.png",
                        "manifold.png", "reconstructions.png", "samples.png"}


# ---------------------------------------------------------------------- what is saved

def test_history_csv_says_the_same(tmp_path):
    run = start()
    train_in(tmp_path / "run", run)
    header, *rows = (tmp_path / "run" / "history.csv").read_text().splitlines()
    assert header == "epoch,train_loss,train_recon,train_kl,test_loss,test_recon,test_kl"
    assert header == ",".join(("epoch", *HISTORY))
    numbers = np.array([[float(cell) for cell in row.split(",")] for row in rows])
    assert numbers[:, 0].tolist() == [1, 2, 3]
    np.testing.assert_allclose(numbers[:, 1:], run.history, rtol=0, atol=5.1e-7)   # six decimals


def test_before_the_first_epoch_there_is_a_checkpoint_without_history(tmp_path):
    run = start()
    save(tmp_path, run)
    assert (tmp_path / "history.csv").read_text().count("\n") == 1
    assert load(tmp_path).run.history.shape == (0, 6)
    assert same_params(run, VAE.load(tmp_path / "model.npz"))


def test_the_network_of_a_run_is_loaded_as_what_it_is(tmp_path):
    run = start(model="ae")
    run.train()
    save(tmp_path, run)
    assert type(load(tmp_path).run.model) is Autoencoder
    assert same_params(run, Autoencoder.load(tmp_path / "model.npz"))
    with pytest.raises(CheckpointError, match="expected a saved VAE, got Autoencoder"):
        VAE.load(tmp_path / "model.npz")


def test_where_the_data_lie_and_how_large_an_image_is_are_kept(tmp_path):
    saved = SavedRun(start(), tmp_path, "mine", "/somewhere", [2, 3])
    assert saved.image_shape == (2, 3) and saved.elsewhere == []
    assert saved.options == {"data": "mine", "data_dir": "/somewhere", "image_shape": (2, 3),
                             **saved.run.options}
    saved.save()
    assert load_trained(tmp_path)[1]["options"] == {**saved.options, "image_shape": [2, 3]}
    loaded = load(tmp_path)
    assert loaded.folder == tmp_path and loaded.options == saved.options
    unknown = SavedRun(start(), tmp_path)
    assert (unknown.data, unknown.data_dir, unknown.image_shape) == ("your own", None, None)
    assert SavedRun(start(), tmp_path, image_shape=(np.int64(1), 6)).image_shape == (1, 6)


@pytest.mark.parametrize("shape, error", [
    (5, TypeError), ("23", TypeError), ((2.0, 3), TypeError), ((True, 6), TypeError),
    ((2, 4), ValueError), ((2, 2), ValueError), ((6,), ValueError), ((), ValueError),
    ((1, 2, 3), ValueError), ((-2, -3), ValueError), ((0, 6), ValueError)])
def test_a_bad_image_shape(tmp_path, shape, error):
    with pytest.raises(error, match="^image_shape: expected .*, got "):
        SavedRun(start(), tmp_path, image_shape=shape)


@pytest.mark.parametrize("data, data_dir", [(None, None), (5, None), (b"x", None), ("mine", 5),
                                            ("mine", b"folder"), ("mine", ["folder"])])
def test_a_name_or_a_folder_that_is_no_text(tmp_path, data, data_dir):
    with pytest.raises(TypeError, match="^data: expected a name, and a folder or None, got "):
        SavedRun(start(), tmp_path, data, data_dir)


@pytest.mark.parametrize("model", ["vae", "ae"])
def test_a_trained_network_can_be_had_without_its_data(tmp_path, model):
    run = start(model=model)
    run.train()
    save(tmp_path, run, "mine", None, (2, 3))
    network, about, arrays = load_trained(tmp_path)
    assert type(network) is type(run.model) and network.settings == run.model.settings
    assert same_params(run, network)
    assert about["options"] == {**run.options, "data": "mine", "data_dir": None,
                                "image_shape": [2, 3]}
    assert about["data_sha256"] == run.data_sha256
    assert np.array_equal(arrays["history"], run.history)


# ---------------------------------------------------------------------- divergence

# One batch: the loss is finite, the step after it is not.
@pytest.mark.parametrize("batch_size", [30, 8])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("lr", [1e4, 1e20, 1e38, 1e39, 1e300])
def test_divergence_is_told_in_silence_and_keeps_the_last_checkpoint(
        tmp_path, lr, optimizer, dtype, likelihood, batch_size):
    run = start(lr=lr, optimizer=optimizer, dtype=dtype, likelihood=likelihood,
                batch_size=batch_size, epochs=20)
    save(tmp_path, run)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DivergedError, match="diverged in epoch .*smaller lr"):
            run.train(on_epoch=lambda: save(tmp_path, run))
    kept = load(tmp_path).run
    assert len(kept.history) == len(run.history) < 20
    assert np.isfinite(kept.history).all()
    assert all(np.isfinite(param).all() for param in kept.model.params.values())
    assert np.isfinite(kept.model.generate(3)).all()


def test_divergence_after_some_good_epochs(tmp_path):
    run = start(optimizer="sgd", epochs=6)
    save(tmp_path, run)

    def save_and_spoil():
        save(tmp_path, run)
        if len(run.history) == 2:
            run.model.params["W1"][0, 0] = np.nan
    done = []
    with pytest.raises(DivergedError, match="in epoch 3"):
        run.train(done.append, save_and_spoil)
    assert done == 2 * [8, 16, 24, 30]       # the first batch with a NaN is the last
    whole = train_in(tmp_path / "whole", start(optimizer="sgd", epochs=6))
    shutil.move(tmp_path / "whole", tmp_path.parent / "whole")
    assert train_in(tmp_path, resume(tmp_path, 6)) == whole


def test_the_range_of_its_pixels_is_kept_for_those_who_have_no_examples(tmp_path):
    for run in (start(), Run(5 * X_TRAIN - 2, X_TEST, **{**SMALL, "likelihood": "gaussian"})):
        save(tmp_path, run)
        assert load_trained(tmp_path)[1]["pixel_range"] == run.pixel_range
    arrays, description = described(tmp_path)
    del description["run"]["pixel_range"]                        # as it was saved formerly
    checkpoint.save(tmp_path / "model.npz", arrays, description)
    assert load_trained(tmp_path)[1]["pixel_range"] == (0, 1)


# ---------------------------------------------------------------------- elsewhere

def described(folder):
    """The arrays of a checkpoint, and what it says of itself but for its format: to be changed."""
    arrays, description = checkpoint.load(folder / "model.npz")
    del description["format"], description["arrays"]
    return arrays, copy.deepcopy(description)


def change_environment(folder, environment):
    arrays, description = described(folder)
    if environment is None:
        del description["run"]["environment"]
    else:
        description["run"]["environment"] = environment
    checkpoint.save(folder / "model.npz", arrays, description)


def test_a_checkpoint_records_where_it_was_made(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("MKL_NUM_THREADS", "")                    # as good as not set
    save(tmp_path, start())
    saved = load_trained(tmp_path)[1]["environment"]
    assert saved == environment()
    assert saved["NumPy"] == np.__version__
    assert saved["Python"] == ".".join(map(str, sys.version_info[:3]))
    assert saved["OMP_NUM_THREADS"] == "3" and saved["MKL_NUM_THREADS"] is None
    assert 1 <= saved["usable processors"] <= os.cpu_count()
    assert saved["machine"] == platform.machine() and saved["system"] == platform.system()
    assert set(saved) == {"NumPy", "Python", *THREADS, "usable processors", "processor", "machine",
                          "system"}
    assert platform.node() not in saved.values()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"),
                    reason="this system does not let a process be bound")
def test_the_processors_that_count_are_those_that_may_be_used(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {5})
    assert environment()["usable processors"] == 1
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 77)
    assert environment()["usable processors"] == 77


def test_the_processor_is_called_what_the_system_calls_it(monkeypatch):
    monkeypatch.setattr(runs, "_processor", runs._processor.__wrapped__)     # which forgets
    monkeypatch.setattr(platform, "processor", lambda: "another")

    def called(content):
        def opened(path, **options):
            if content is None or path != "/proc/cpuinfo":
                raise FileNotFoundError(2, "No such file or directory", path)
            return io.TextIOWrapper(io.BytesIO(content), **options)
        monkeypatch.setattr(runs, "open", opened, raising=False)
        return environment()["processor"]
    two = b"processor\t: 0\nmodel name\t: Ada\xff 9: fast\nprocessor\t: 1\nmodel name\t: Bea\n"
    assert called(two) == "Ada\ufffd 9: fast"
    assert called(b"processor\t: 0\n") == called(None) == "another"
    monkeypatch.setattr(platform, "processor", lambda: "")
    assert called(None) is None


def test_a_run_that_goes_on_elsewhere_knows_in_what_it_differs(tmp_path, monkeypatch):
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    save(tmp_path, start())
    assert load(tmp_path).elsewhere == []
    now = environment()
    change_environment(tmp_path, {**now, "NumPy": "1.0", "usable processors": 64, "later": 1})
    assert load(tmp_path).elsewhere == [
        f"NumPy (was 1.0, is {np.__version__})",
        f"usable processors (was 64, is {now['usable processors']})"]
    change_environment(tmp_path, {"MKL_NUM_THREADS": "4\n"})
    assert load(tmp_path).elsewhere == [r"MKL_NUM_THREADS (was 4\n, is not set)"]
    load(tmp_path).save()                                        # from now on it is this one's
    assert load(tmp_path).elsewhere == []
    change_environment(tmp_path, None)                           # of before it was recorded
    assert load(tmp_path).elsewhere == []


# ---------------------------------------------------------------------- other examples

def one_pixel_changed():
    x = X_TRAIN.copy()
    x[7, 3] += 1e-12
    return x


OTHER_DATA = {"a pixel":                 (one_pixel_changed(), X_TEST),
              "a test image":            (X_TRAIN, np.vstack([X_TEST[1:], X_TEST[:1]])),
              "swapped":                 (X_TEST, X_TRAIN),
              "the order":               (X_TRAIN[::-1], X_TEST),
              "fewer":                   (X_TRAIN[:-1], X_TEST),
              "the border between both": (np.vstack([X_TRAIN, X_TEST[:1]]), X_TEST[1:]),
              "narrower":                (X_TRAIN[:, :5], X_TEST[:, :5]),
              "reshaped":                (X_TRAIN.reshape(60, 3), X_TEST.reshape(22, 3)),
              "none":                    (X_TRAIN[:0], X_TEST),
              "nothing":                 (None, None),
              "out of range":            (2 * X_TRAIN, X_TEST)}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained") / "run"
    train_in(folder, start(dtype="float64"))
    return folder


@pytest.mark.parametrize("other", OTHER_DATA)
def test_other_data_than_it_was_trained_on_are_refused(trained, other):
    before = contents(trained)
    with pytest.raises(CheckpointError) as caught:
        load(trained, *OTHER_DATA[other])
    assert str(caught.value).startswith(f"{trained / 'model.npz'}: ")
    assert contents(trained) == before


@pytest.mark.parametrize("narrow", [(X_TRAIN[:, :5], X_TEST[:, :5]), (X_TRAIN[:, :5], X_TEST)])
def test_data_of_another_width_are_told_before_a_network_is_built_for_them(tmp_path, narrow):
    save(tmp_path, start(), "mine", None, (2, 3))                # a shape that would not fit it
    message = "the data called 'mine' are not the ones it was trained on"
    with pytest.raises(CheckpointError, match=message):
        load(tmp_path, *narrow)


def test_the_same_data_in_another_layout_are_the_same(trained):
    swapped = X_TRAIN.astype(">f8"), np.asfortranarray(X_TEST)
    assert len(load(trained, *swapped).run.history) == 3


def test_a_run_is_not_gone_on_with_under_another_mask(tmp_path):
    x_train, x_test = np.where(M_TRAIN, X_TRAIN, 0), np.where(M_TEST, X_TEST, 0)
    save(tmp_path, Run(x_train, x_test, M_TRAIN, M_TEST, **SMALL))
    assert load(tmp_path, x_train, x_test, M_TRAIN, M_TEST).run.mask_test is not None
    unseen = np.argwhere(~M_TRAIN)[0]
    one_more = M_TRAIN.copy()
    one_more[tuple(unseen)] = True                               # where x is 0, seen or not
    for masks in ((), (one_more, M_TEST), (M_TRAIN, None), (None, M_TEST),
                  (M_TRAIN, M_TEST | True)):
        with pytest.raises(CheckpointError, match="not the ones it was trained on"):
            load(tmp_path, x_train, x_test, *masks)


# ---------------------------------------------------------------------- whose run it is

def test_what_another_process_saved_is_not_replaced(tmp_path):
    train_in(tmp_path / "run", start(epochs=1))
    mine, theirs = load(tmp_path / "run"), load(tmp_path / "run")
    theirs.run.epochs = 3
    theirs.run.train(on_epoch=theirs.save)
    finished = contents(tmp_path / "run")
    mine.run.epochs = 2
    with pytest.raises(BusyError, match="another process has gone on with the run"):
        mine.run.train(on_epoch=mine.save)
    with pytest.raises(BusyError):
        mine.save_history()
    assert contents(tmp_path / "run") == finished
    theirs.save()                                                # its own it may replace
    assert contents(tmp_path / "run") == finished


@pytest.mark.parametrize("change", [
    lambda path: path.unlink(),
    lambda path: os.utime(path, (1, 1)),
    lambda path: shutil.move(shutil.copy(path, path.with_name("copy")), path)])
def test_a_checkpoint_that_is_gone_or_was_only_touched_is_no_one_else_s(tmp_path, change):
    saved = SavedRun(start(), tmp_path)
    saved.save()
    before = contents(tmp_path)
    change(tmp_path / "model.npz")
    saved.save()
    assert contents(tmp_path) == before


@pytest.mark.parametrize("content", [b"", b"hello"])
def test_what_somebody_else_put_in_its_place_is_not_replaced(tmp_path, content):
    saved = SavedRun(start(), tmp_path)
    saved.save()
    (tmp_path / "model.npz").write_bytes(content)
    with pytest.raises(BusyError):
        saved.save()
    assert (tmp_path / "model.npz").read_bytes() == content


def test_a_new_run_replaces_none(tmp_path):
    SavedRun(start(), tmp_path).save(new=True)
    before = contents(tmp_path)
    with pytest.raises(FileExistsError):
        SavedRun(start(seed=1), tmp_path).save(new=True)
    assert contents(tmp_path) == before


def test_a_run_of_before_there_were_checksums_is_gone_on_with(tmp_path):
    shutil.copy(FIRST_EDITION / "model.npz", tmp_path)
    data = datasets.load("digits")
    mine, theirs = (SavedRun.load(tmp_path, data.x_train, data.x_test) for _ in range(2))
    assert checkpoint.checksum(tmp_path / "model.npz") is None
    theirs.save()
    with pytest.raises(BusyError):
        mine.save()
    assert checkpoint.checksum(tmp_path / "model.npz") is not None
    assert len(load_trained(tmp_path)[2]["history"]) == 2


# ---------------------------------------------------------------------- checkpoints without a run

both_loads = pytest.mark.parametrize("load", [load, load_trained], ids=["load", "load_trained"])


@both_loads
@pytest.mark.parametrize("model", [VAE, Autoencoder])
def test_a_network_without_a_run(tmp_path, load, model):
    model(6, 8, 2).save(tmp_path / "model.npz")
    message = f"expected a training run, got a network .*; read it with {model.__name__}.load"
    with pytest.raises(CheckpointError, match=message):
        load(tmp_path)


@both_loads
def test_no_file_and_a_foreign_file(tmp_path, load):
    with pytest.raises(FileNotFoundError):
        load(tmp_path)
    (tmp_path / "model.npz").write_text("hello")
    with pytest.raises(CheckpointError):
        load(tmp_path)


def test_a_run_cut_short(trained, tmp_path):
    whole = (trained / "model.npz").read_bytes()
    for length in range(0, len(whole), 997):
        (tmp_path / "model.npz").write_bytes(whole[:length])
        with pytest.raises(CheckpointError):
            load(tmp_path)


# ---------------------------------------------------------------------- checkpoints meddled with

def setting(*keys_and_value):
    *keys, last, value = keys_and_value

    def change(arrays, description):
        for key in keys:
            description = description[key]
        description[last] = value
    return change


def without(name):
    return lambda arrays, description: arrays.pop(name)


def without_option(name):
    return lambda arrays, description: description["run"]["options"].pop(name)


def replacing(name, array):
    return lambda arrays, description: arrays.update({name: array})


def without_the_generator_of_pixels(arrays, description):
    del description["run"]["generators"]["pixels"]


GENERATOR = ("run", "generators", "shuffle")

# What concerns the network or its images: nobody can decode with it.
OF_THE_NETWORK = {
    "another model":        setting("model", "Autoencoder"),
    "no settings":          setting("settings", None),
    "another size":         setting("settings", "hidden_dim", 9),
    "an absurd size":       setting("settings", "hidden_dim", 2 ** 31 - 1),
    "no options":           setting("run", "options", None),
    "options of a list":    setting("run", "options", [1]),
    "another width":        setting("run", "options", "hidden_dim", 5),
    "another likelihood":   setting("run", "options", "likelihood", "gaussian"),
    "the other model":      setting("run", "options", "model", "ae"),
    "an unknown model":     setting("run", "options", "model", "gan"),
    "models":               setting("run", "options", "model", ["vae"]),
    "another shape":        setting("run", "options", "image_shape", [2, 4]),
    "a shape of text":      setting("run", "options", "image_shape", "23"),
    "a number for a shape": setting("run", "options", "image_shape", 6),
    "no shape":             without_option("image_shape"),
    "a number for a name":  setting("run", "options", "data", 5),
    "no name":              without_option("data"),
    "a number for a place": setting("run", "options", "data_dir", 5),
    "no place":             without_option("data_dir"),
    "pixels of one grey":   setting("run", "pixel_range", [1.0, 1.0]),
    "pixels without end":   setting("run", "pixel_range", [0.0, float("inf")]),
    "pixels of text":       setting("run", "pixel_range", "01"),
    "one end of pixels":    setting("run", "pixel_range", [0.0]),
    "no ends of pixels":    setting("run", "pixel_range", None),
    "no W1":                without("W1"),
    "a wrong W1":           replacing("W1", np.zeros((8, 6))),
    "a NaN in W1":          replacing("W1", np.full((6, 8), np.nan))}

# What concerns only its training.
OF_THE_TRAINING = {
    "an unknown option":    setting("run", "options", "zoom", 1),
    "an unknown optimizer": setting("run", "options", "optimizer", "lion"),
    "another optimizer":    setting("run", "options", "optimizer", "sgd"),
    "a negative lr":        setting("run", "options", "lr", -1.0),
    "no epochs":            setting("run", "options", "epochs", 0),
    "a negative seed":      setting("run", "options", "seed", -1),
    "unknown pixels":       setting("run", "options", "pixels", "blue"),
    "no optimizer":         setting("run", "optimizer", None),
    "text for Adam's t":    setting("run", "optimizer", "t", "x"),
    "no end for Adam's t":  setting("run", "optimizer", "t", float("inf")),
    "half a step of Adam":  setting("run", "optimizer", "t", 1.5),
    "a step before Adam":   setting("run", "optimizer", "t", -1),
    "no m.W1":              without("m.W1"),
    "a wrong m.W1":         replacing("m.W1", np.zeros((8, 6))),
    "a huge t":             setting("run", "optimizer", "t", 10 ** 400),
    "a step too many":      setting("run", "optimizer", "t", 4 * 4),
    "an epoch too few":     setting("run", "optimizer", "t", 3 * 4 - 1),
    "a NaN in m.W1":        replacing("m.W1", np.full((6, 8), np.nan)),
    "a NaN in v.W1":        replacing("v.W1", np.full((6, 8), np.nan)),
    "a negative v.W1":      replacing("v.W1", np.full((6, 8), -1e-300)),
    "m.W1 of float32":      replacing("m.W1", np.zeros((6, 8), np.float32)),
    "v.W1 of booleans":     replacing("v.W1", np.zeros((6, 8), bool)),
    "a shorter history":    replacing("history", np.ones((2, 6))),
    "no generators":        setting("run", "generators", None),
    "no pixels' generator": without_the_generator_of_pixels,
    "another generator":    setting(*GENERATOR, "bit_generator", "MT19937"),
    "text for a state":     setting(*GENERATOR, "state", "state", "x"),
    "a huge state":         setting(*GENERATOR, "state", "state", 2 ** 200),
    "no hash":              setting("run", "data_sha256", None),
    "no history":           without("history"),
    "half a row":           replacing("history", np.zeros(9)),
    "rows of three":        replacing("history", np.zeros((2, 3))),
    "a NaN in the history": replacing("history", np.full((1, 6), np.nan)),
    "no environment":       setting("run", "environment", None),
    "a list of versions":   setting("run", "environment", ["2.0"]),
    "a version of two":     setting("run", "environment", "NumPy", [2, 0]),
    "half a processor":     setting("run", "environment", "usable processors", 0.5)}

CHANGES = {**OF_THE_NETWORK, **OF_THE_TRAINING}


@pytest.mark.parametrize("name", CHANGES)
def test_a_run_that_was_meddled_with(trained, tmp_path, name):
    arrays, description = described(trained)
    CHANGES[name](arrays, description)
    checkpoint.save(tmp_path / "model.npz", arrays, description)
    path = re.escape(str(tmp_path / "model.npz"))
    with pytest.raises(CheckpointError, match=f"^{path}: "):
        load(tmp_path)
    if name in OF_THE_NETWORK:
        with pytest.raises(CheckpointError, match=f"^{path}: "):
            load_trained(tmp_path)
    else:
        assert load_trained(tmp_path)[0].input_dim == 6
