"""Training: the same bits every time, however often it was interrupted; and a history that means
what it says.
"""
import copy
import io
import os
import platform
import re
import sys
import warnings

import numpy as np
import pytest

from numpyvae import VAE, Adam, CheckpointError, DivergedError, checkpoint, cli, datasets, training
from numpyvae.autoencoder import Autoencoder
from numpyvae.datasets.pixels import sampled
from numpyvae.errors import DataFormatError
from numpyvae.training import HISTORY, THREADS, Run, environment, load_trained, minibatches

X_TRAIN = np.random.default_rng(1).random((30, 6))
X_TEST = np.random.default_rng(2).random((11, 6))
M_TRAIN, M_TEST = np.random.default_rng(3).random((30, 6)) < 0.7, np.random.default_rng(4).random((11, 6)) < 0.7
BYTES = [np.rint(255 * x).astype(np.uint8) for x in (X_TRAIN, X_TEST)]
SMALL = {"epochs": 3, "hidden_dim": 8, "latent_dim": 2, "batch_size": 8, "lr": 0.01}

KINDS = [(optimizer, dtype, likelihood) for optimizer in ("adam", "sgd") for dtype in ("float32",
                                                                                       "float64")
         for likelihood in ("bernoulli", "gaussian")]


def load_data(name, place=None):
    return X_TRAIN, X_TEST


def start(**options):
    return Run(X_TRAIN, X_TEST, **{**SMALL, **options})


def train_in(folder, run):
    """Train, saving before the first and after every epoch, as the command line does  ->  the bytes
    of both files.
    """
    folder.mkdir(exist_ok=True)
    run.save(folder)
    run.train(on_epoch=lambda: run.save(folder))
    return contents(folder)


def contents(folder):
    assert sorted(os.listdir(folder)) == ["history.csv", "model.npz"]
    return [(folder / name).read_bytes() for name in ("model.npz", "history.csv")]


def resume(folder, epochs):
    run = Run.load(folder, load_data)
    run.epochs = epochs
    return run


# ---------------------------------------------------------------------- minibatches

@pytest.mark.parametrize("n, batch_size",
                         [(12, 4), (13, 4), (3, 4), (4, 4), (1, 1), (100, 7), (5, 1)])
def test_every_example_comes_once_per_epoch(n, batch_size):
    batches = list(minibatches(n, batch_size, np.random.default_rng(0)))
    assert sorted(np.concatenate(batches)) == list(range(n))
    *full, last = [len(batch) for batch in batches]
    assert full == [batch_size] * len(full) and last == n - sum(full) <= batch_size


def test_the_order_is_random_new_every_epoch_and_the_seeds():
    rng, twin = np.random.default_rng(3), np.random.default_rng(3)
    first, second = (np.concatenate(list(minibatches(50, 8, rng))).tolist() for _ in range(2))
    assert first != list(range(50)) and first != second
    assert np.concatenate(list(minibatches(50, 8, twin))).tolist() == first


# ---------------------------------------------------------------------- the same bits

@pytest.mark.parametrize("optimizer, dtype, likelihood", KINDS)
def test_three_epochs_and_three_more_are_six_to_the_bit(tmp_path, optimizer, dtype, likelihood):
    kind = {"optimizer": optimizer, "dtype": dtype, "likelihood": likelihood, "beta": 0.5,
            "x_std": 0.3, "seed": 4}
    six = train_in(tmp_path / "six", start(**kind, epochs=6))
    three = train_in(tmp_path / "three", start(**kind))
    assert three[0] != six[0]
    assert train_in(tmp_path / "three", resume(tmp_path / "three", 6)) == six


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_run_interrupted_in_every_epoch_ends_the_same(tmp_path, optimizer):
    whole = train_in(tmp_path / "whole", start(optimizer=optimizer))
    folder = tmp_path / "torn"
    folder.mkdir()
    start(optimizer=optimizer).save(folder)

    def stop_after_two_batches_of_the_second_epoch(done):
        if done == 16 and len(run.history) == before + 1:
            raise KeyboardInterrupt
    for before in range(3):
        run = resume(folder, 3)
        assert len(run.history) == before                # the unfinished epoch is dropped
        if before < 2:
            with pytest.raises(KeyboardInterrupt):
                run.train(stop_after_two_batches_of_the_second_epoch, lambda: run.save(folder))
    run.train(on_epoch=lambda: run.save(folder))
    assert contents(folder) == whole


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(tmp_path):
    first, again, other = (train_in(tmp_path / name, start(seed=seed)) for name,
                           seed in [("a", 5), ("b", 5), ("c", 6)])
    assert first == again
    assert first[1] != other[1]


def test_what_is_reported_and_saved_between_does_not_change_the_bits(tmp_path):
    quiet, told, done = start(), start(), []
    quiet.train()
    told.train(done.append, lambda: told.save(tmp_path))
    assert done == 3 * [8, 16, 24, 30]
    assert np.array_equal(quiet.history, told.history)
    assert all(np.array_equal(quiet.model.params[name], told.model.params[name])
               for name in quiet.model.params)


def test_one_seed_gives_independent_streams():
    """Another batch size or data set changes neither the initial network nor the noise of the test.
    """
    run, other = start(), Run(X_TEST, X_TRAIN[:11], **{**SMALL, "batch_size": 5})
    assert all(np.array_equal(run.model.params[name], other.model.params[name])
               for name in run.model.params)
    streams = [np.random.default_rng(noise).random(9)
               for noise in (run.test_noise, other.test_noise)]
    streams += [rng.random(9) for rng in run.rngs.values()]
    assert np.array_equal(streams[0], streams[1])
    # and what one of them draws, no other does
    assert len(np.unique(streams)) == 36


def test_the_data_are_not_changed():
    x_train, x_test = X_TRAIN.copy(), X_TEST.copy()
    Run(x_train, x_test, **SMALL, dtype="float64").train()
    assert np.array_equal(x_train, X_TRAIN) and np.array_equal(x_test, X_TEST)


def test_options_start_another_run_like_it(tmp_path):
    run = start(optimizer="sgd", lr=0.02, beta=2.0, likelihood="gaussian", x_std=0.5,
                dtype="float64", seed=9, data="mine")
    twin = Run(X_TRAIN, X_TEST, **run.options)
    assert twin.options == run.options == {**SMALL, "data_dir": None, "image_shape": None,
                                           "model": "vae", "pixels": "grey", "optimizer": "sgd",
                                           "lr": 0.02, "beta": 2.0, "x_std": 0.5,
                                           "likelihood": "gaussian", "dtype": "float64", "seed": 9,
                                           "data": "mine"}
    assert train_in(tmp_path / "a", run) == train_in(tmp_path / "b", twin)


def test_what_a_run_takes_when_nobody_says():
    assert Run(X_TRAIN, X_TEST).options == {"data": "your own", "data_dir": None,
                                            "image_shape": None, "model": "vae", "epochs": 10,
                                            "hidden_dim": 400, "latent_dim": 20,
                                            "likelihood": "bernoulli", "x_std": 1.0,
                                            "pixels": "grey", "dtype": "float32",
                                            "optimizer": "adam", "lr": 1e-3, "beta": 1.0,
                                            "batch_size": 128, "seed": 0}


@pytest.mark.parametrize("model", ["vae", "ae"])
def test_all_batches_of_all_epochs_fill_the_same_gradients(model):
    """Fresh ones would be the slowest part of a step."""
    run, given = start(model=model), []
    step = run.optimizer.step
    run.optimizer.step = lambda grads: (given.append(dict(grads)), step(grads))
    run.train()
    assert len(given) == 3 * 4
    assert all(grads[name] is given[0][name] for grads in given for name in run.model.params)


# ---------------------------------------------------------------------- all of it, written out once
# more

def by_hand(x_train, x_test, m_train, m_test, model, pixels, dtype="float32", beta=0.5, seed=4):
    """What a run of the options SMALL should do  ->  its history, its parameters."""
    init, shuffle, noise, test_noise, ink = map(np.random.default_rng,
                                                np.random.SeedSequence(seed).spawn(5))
    network = {"vae": VAE, "ae": Autoencoder}[model](6, 8, 2, rng=init, dtype=dtype)
    adam, once, history = Adam(network.params, 0.01), np.random.default_rng(0), []
    eps_test = test_noise.standard_normal((len(x_test), 2))

    def prepared(x, mask, rng=None):
        x = x.astype(dtype) / np.array(255, dtype) if x.dtype == np.uint8 else np.array(x, dtype)
        x = x if mask is None else np.where(mask, x, 0)
        if pixels == "threshold":
            return np.where(x >= 0.5, 1, 0).astype(dtype)
        return x if rng is None else (rng.random(x.shape, np.float32) < x).astype(dtype)

    x_test = prepared(x_test, m_test, once if pixels in ("fixed", "resampled") else None)
    x_train = prepared(x_train, m_train, once if pixels == "fixed" else None)
    for _ in range(SMALL["epochs"]):
        order, rows = shuffle.permutation(len(x_train)), []
        for batch in np.split(order, range(8, len(order), 8)):
            x, mask = x_train[batch], None if m_train is None else m_train[batch]
            if pixels == "resampled":
                x = (ink.random(x.shape, np.float32) < x).astype(dtype)
            if model == "vae":
                eps = noise.standard_normal((len(x), 2))
                terms, grads = network.loss_and_grads(x, eps, beta, mask)
            else:
                loss, grads = network.loss_and_grads(x, mask)
                terms = loss, loss, 0
            adam.step(grads)
            rows.append(len(x) * np.array(terms, float))
        if model == "vae":
            _, recon, kl = map(float, network.loss(x_test, eps_test, mask=m_test))
        else:
            recon, kl = float(network.loss(x_test, m_test)), 0.0
        history.append([*np.sum(rows, axis=0) / len(x_train), recon + beta * kl, recon, kl])
    return np.array(history), network.params


MODES = [(model, pixels, masked) for model in ("vae", "ae") for pixels in ("grey", "threshold",
                                                                           "fixed", "resampled")
         for masked in (False, True)]


@pytest.mark.parametrize("model, pixels, masked", MODES)
def test_a_run_does_what_is_written_out_here_to_the_bit(model, pixels, masked):
    masks, dtype = (M_TRAIN, M_TEST) if masked else (None, None), "float64" if masked else "float32"
    for x in ((X_TRAIN, X_TEST), BYTES):
        kind = {"model": model, "pixels": pixels, "dtype": dtype, "beta": 0.5, "seed": 4}
        run = Run(*x, *masks, **SMALL, **kind)
        run.train()
        history, params = by_hand(*x, *masks, **kind)
        np.testing.assert_allclose(run.history, history, rtol=1e-15)         # measured: equal
        assert all(np.array_equal(run.model.params[name], params[name]) for name in params)


@pytest.mark.parametrize("model, pixels, masked", MODES)
def test_one_epoch_and_two_more_are_three_to_the_bit(tmp_path, model, pixels, masked):
    x = [*(BYTES if masked else (X_TRAIN, X_TEST)), *((M_TRAIN, M_TEST) if masked else ())]
    three, one = (Run(*x, **{**SMALL, "epochs": epochs}, model=model, pixels=pixels)
                  for epochs in (3, 1))
    three.train()
    one.train()
    one.save(tmp_path)
    run = Run.load(tmp_path, lambda name, place: x)
    assert type(run.model) is {"vae": VAE,
                               "ae": Autoencoder}[model] and run.x_train.dtype == one.x_train.dtype
    run.epochs = 3
    run.train()
    run.save(tmp_path)
    resumed = contents(tmp_path)
    three.save(tmp_path)
    assert resumed == contents(tmp_path)


# ---------------------------------------------------------------------- elsewhere

def meddled(folder, change):
    """Change the environment that the checkpoint in `folder` records."""
    path = folder / "model.npz"
    arrays, description = checkpoint.load(path)
    change(description["run"])
    checkpoint.save(path, arrays,
                    {key: value for key, value in description.items() if key not in ("format",
                                                                                     "arrays")})


def test_a_checkpoint_records_where_it_was_made(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("MKL_NUM_THREADS", "")                    # as good as not set
    run = start()
    run.save(tmp_path)
    saved = load_trained(tmp_path)[1]["environment"]
    assert saved == run.environment == environment()
    assert saved["NumPy"] == np.__version__ and saved["Python"] == ".".join(map(str, sys.version_info[:3]))
    assert saved["OMP_NUM_THREADS"] == "3" and saved["MKL_NUM_THREADS"] is None
    assert 1 <= saved["usable processors"] <= os.cpu_count() and saved["machine"] == platform.machine()
    assert saved["system"] == platform.system()
    assert set(saved) == {"NumPy", "Python", *THREADS, "usable processors", "processor", "machine",
                          "system"}
    assert platform.node() not in saved.values()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not let a "
                    "process be bound")
def test_the_processors_that_count_are_those_that_may_be_used(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {5})
    assert environment()["usable processors"] == 1
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 77)
    assert environment()["usable processors"] == 77


def test_the_processor_is_called_what_the_system_calls_it(monkeypatch):
    # which remembers nothing
    monkeypatch.setattr(training, "_processor", training._processor.__wrapped__)
    monkeypatch.setattr(platform, "processor", lambda: "another")

    def called(content):
        def opened(path, **options):
            if content is None or path != "/proc/cpuinfo":
                raise FileNotFoundError(2, "No such file or directory", path)
            return io.TextIOWrapper(io.BytesIO(content), **options)
        monkeypatch.setattr(training, "open", opened, raising=False)
        return environment()["processor"]
    two = b"processor\t: 0\nmodel name\t: Ada\xff 9: fast\n" + b"processor\t: 1\nmodel name\t: Bea\n"
    assert called(two) == "Ada\ufffd 9: fast"
    assert called(b"processor\t: 0\n") == called(None) == "another"
    monkeypatch.setattr(platform, "processor", lambda: "")
    assert called(None) is None


def test_a_run_that_goes_on_elsewhere_knows_in_what_it_differs(tmp_path, monkeypatch):
    start().save(tmp_path)
    assert Run.load(tmp_path, load_data).elsewhere == start().elsewhere == []
    now = environment()
    meddled(tmp_path,
            lambda run: run["environment"].update({"NumPy": "1.0", "usable processors": 64,
                                                   "later": 1}))
    found = Run.load(tmp_path, load_data).elsewhere
    assert found == [f"NumPy (was 1.0, is {np.__version__})",
                     f"usable processors (was 64, is {now['usable processors']})"]
    meddled(tmp_path, lambda run: run.update(environment={"MKL_NUM_THREADS": "4\n"}))
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    assert Run.load(tmp_path, load_data).elsewhere == [r"MKL_NUM_THREADS (was 4\n, is not set)"]
    # from now on it is this environment's
    Run.load(tmp_path, load_data).save(tmp_path)
    assert Run.load(tmp_path, load_data).elsewhere == []
    meddled(tmp_path, lambda run: run.pop("environment"))        # before such things were recorded
    assert Run.load(tmp_path, load_data).elsewhere == []


def test_a_resume_elsewhere_says_so_in_one_sentence(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(cli, "_draw_pictures", lambda *args: None)
    folder, small = str(tmp_path / "run"), ("--hidden-dim", "4", "--latent-dim", "2")
    assert cli.main(["train", "--out", folder, "--epochs", "1", *small]) == 0
    for change, words in ((lambda run: None, ""), (lambda run: run.pop("environment"), ""),
                          (lambda run: run["environment"].update(NumPy="1.0"),
                           "NumPy (was 1.0, is ")):
        meddled(tmp_path / "run", change)
        capsys.readouterr()
        epochs = len(load_trained(folder)[2]["history"])
        # nothing is left to do
        assert cli.main(["train", "--resume", folder, "--epochs", str(epochs)]) == 0
        assert "may differ" not in capsys.readouterr().out
        assert cli.main(["train", "--resume", folder, "--epochs", str(epochs + 1)]) == 0
        out, err = capsys.readouterr()
        told = [line for line in out.splitlines() if "may differ" in line]
        assert err == "" and len(told) == bool(words) and all(words in line for line in told)


# ---------------------------------------------------------------------- an ordinary auto-encoder

def test_an_auto_encoder_has_no_kl_and_no_use_for_beta(tmp_path):
    runs = [start(model="ae", beta=beta) for beta in (1.0, 7.0)]
    for run in runs:
        run.train()
        assert (run.history[:, [2, 5]] == 0).all()
        assert np.array_equal(run.history[:, [0, 3]], run.history[:, [1, 4]]) and (run.history[:, 0]
                                                                                   > 0).all()
        assert run.history[-1, 3] == float(run.model.loss(X_TEST))
    assert np.array_equal(runs[0].history, runs[1].history)
    runs[0].save(tmp_path)
    assert type(Run.load(tmp_path, load_data).model) is Autoencoder
    loaded = Autoencoder.load(tmp_path / "model.npz")
    assert all(np.array_equal(loaded.params[name], runs[0].model.params[name])
               for name in loaded.params)
    with pytest.raises(CheckpointError, match="expected a saved VAE, got Autoencoder"):
        VAE.load(tmp_path / "model.npz")


# ---------------------------------------------------------------------- masks

@pytest.mark.parametrize("model", ["vae", "ae"])
@pytest.mark.parametrize("junk", [np.nan, -np.inf, 7.0, 254])
def test_what_lies_under_the_mask_cannot_matter(junk, model):
    runs = []
    for value in (0, junk):
        x = [(np.where(mask, 255 * x if junk == 254 else x, value)).astype(np.uint8 if junk == 254
                                                                           else float) for x,
             mask in ((X_TRAIN, M_TRAIN), (X_TEST, M_TEST))]
        kept = [array.copy() for array in (*x, M_TRAIN, M_TEST)]
        runs.append(Run(*x, M_TRAIN, M_TEST, **SMALL, model=model))
        runs[-1].train()
        assert all(np.array_equal(*pair, equal_nan=True)
                   for pair in zip((*x, M_TRAIN, M_TEST), kept))
    assert np.array_equal(runs[0].history,
                          runs[1].history) and runs[0].data_sha256 == runs[1].data_sha256
    assert all(np.array_equal(param, runs[1].model.params[name]) for name,
               param in runs[0].model.params.items())


def test_a_run_is_not_gone_on_with_under_another_mask(tmp_path):
    x_train, x_test = np.where(M_TRAIN, X_TRAIN, 0), np.where(M_TEST, X_TEST, 0)
    Run(x_train, x_test, M_TRAIN, M_TEST, **SMALL).save(tmp_path)
    assert Run.load(tmp_path, lambda name,
                    place: (x_train, x_test, M_TRAIN, M_TEST)).mask_test is not None
    unseen = np.argwhere(~M_TRAIN)[0]
    one_more = M_TRAIN.copy()
    one_more[tuple(unseen)] = True                               # where x is 0, seen or not
    for masks in ((), (one_more, M_TEST), (M_TRAIN, None), (None, M_TEST),
                  (M_TRAIN, M_TEST | True)):
        with pytest.raises(CheckpointError, match="not the ones it was trained on"):
            Run.load(tmp_path, lambda name, place: (x_train, x_test, *masks))


@pytest.mark.parametrize("masks", [(M_TRAIN, None), (None, M_TEST)])
def test_one_part_may_be_masked_and_the_other_not(masks):
    run = Run(X_TRAIN, X_TEST, *masks, **SMALL, model="ae", dtype="float64")
    run.train()
    expected = run.model.loss(X_TEST, masks[1])
    np.testing.assert_allclose(run.history[-1, 3], expected, rtol=1e-15)
    history, _ = by_hand(X_TRAIN, X_TEST, *masks, "ae", "grey", dtype="float64", seed=0)
    np.testing.assert_allclose(run.history, history, rtol=1e-15)             # measured: equal


BAD_MASKS = {"of numbers": (M_TRAIN.astype(int), TypeError, "booleans"),
             "None of it": ([None], TypeError, "booleans"), "too short": (M_TRAIN[1:], ValueError,
                                                                          "shape of x"),
             "transposed": (M_TRAIN.T, ValueError, "shape of x"),
             "for one image": (M_TRAIN[0], ValueError, "shape of x")}


@pytest.mark.parametrize("name", BAD_MASKS)
def test_a_bad_mask_is_refused(name):
    mask, error, message = BAD_MASKS[name]
    for x_train, x_test, masks in ((X_TRAIN, X_TEST, (mask, None)), (X_TEST, X_TRAIN, (None, mask)),
                                   (*BYTES, (mask, None))):
        with pytest.raises(error, match=f"^mask: expected .*{message}"):
            Run(x_train, x_test, *masks, **SMALL)


# ---------------------------------------------------------------------- bytes

@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("masks", [(None, None), (M_TRAIN, M_TEST)], ids=["whole", "masked"])
def test_bytes_train_to_the_bits_of_the_numbers_that_they_mean(dtype, masks):
    numbers = [x.astype(dtype) / np.array(255, dtype) for x in BYTES]
    runs = [Run(*x, *masks, **SMALL, dtype=dtype) for x in (BYTES, numbers)]
    for run in runs:
        run.train()
    # a quarter or an eighth of the memory
    assert runs[0].x_train.dtype == runs[0].x_test.dtype == np.uint8
    assert runs[1].x_train.dtype == dtype
    assert np.array_equal(runs[0].history, runs[1].history)
    assert all(np.array_equal(param, runs[1].model.params[name]) for name,
               param in runs[0].model.params.items())


def test_bytes_of_0_and_1_are_taken_for_a_mistake():
    ones = [(x > 127).astype(np.uint8) for x in BYTES]
    for x, name in (((ones[0], BYTES[1]), "x_train"), ((BYTES[0], ones[1]), "x_test")):
        with pytest.raises(ValueError, match=f"^{name}: expected bytes up to 255, .*make pixels of "
                           "0 and 1 floats"):
            Run(*x, **SMALL)
    # all white, or one pixel of next to nothing: so be it
    for lowest in (0, 2):
        Run(np.minimum(BYTES[0], lowest), BYTES[1], **SMALL)


# ---------------------------------------------------------------------- black and white

@pytest.mark.parametrize("pixels", ["fixed", "resampled"])
def test_the_one_draw_is_the_same_for_every_seed_and_every_number_of_images(pixels):
    runs = [start(pixels=pixels, seed=seed, model=model) for seed, model in ((0, "vae"), (1, "ae"))]
    assert np.array_equal(runs[0].x_test, runs[1].x_test) and np.array_equal(runs[0].x_train,
                                                                             runs[1].x_train)
    more = Run(np.vstack([X_TRAIN, X_TEST]), X_TEST, **SMALL, pixels=pixels)
    assert np.array_equal(more.x_train[:30], runs[0].x_train) and np.array_equal(more.x_test,
                                                                                 runs[0].x_test)
    more = Run(X_TRAIN, np.vstack([X_TEST, X_TRAIN]), **SMALL, pixels=pixels)
    assert np.array_equal(more.x_test[:11], runs[0].x_test)
    assert np.array_equal(runs[0].x_test,
                          sampled(X_TEST.astype(np.float32), np.random.default_rng(0)))
    assert set(np.unique(runs[0].x_test)) == {0, 255}


def seen_in_training(run):
    """What the network learns from  ->  (epochs, N, D), in the order that they came in."""
    seen, compute = [], run.model.loss_and_grads

    def listen(x, *args, **kwargs):
        seen.append(x.copy())
        return compute(x, *args, **kwargs)
    run.model.loss_and_grads = listen
    run.train()
    return np.concatenate(seen).reshape(run.epochs, len(run.x_train), -1)


@pytest.mark.parametrize("model", ["vae", "ae"])
def test_resampled_images_are_new_in_every_epoch_and_fixed_ones_are_not(model):
    grey = np.full((5, 40), 0.5)
    # by which they can be told apart: 0 and 1 stay
    grey[:, :5] = np.eye(5)
    for pixels in ("fixed", "resampled", "threshold", "grey"):
        epochs = seen_in_training(Run(grey, grey, **{**SMALL, "epochs": 9}, model=model,
                                      pixels=pixels))
        assert (np.sort(epochs[:, :, :5], axis=1)[:, -1]
                == 1).all() and (epochs[:, :, :5].sum(axis=(1, 2)) == 5).all()
        images = [{tuple(image) for epoch in epochs for image in epoch if image[i]}
                  for i in range(5)]
        assert [len(own) for own in images] == [9 if pixels == "resampled" else 1] * 5
        inside = epochs[:, :, 5:]
        if pixels in ("fixed", "resampled"):
            assert set(np.unique(inside)) == {0, 1} and 0.4 < inside.mean() < 0.6
        else:
            assert (inside == (1 if pixels == "threshold" else 0.5)).all()


def test_grey_images_are_resampled_from_what_they_were():
    """What is kept is the grey image, not its last sample: over many epochs its grey can be counted
    again.
    """
    epochs = seen_in_training(Run(X_TRAIN, X_TEST, **{**SMALL, "epochs": 200, "batch_size": 30},
                                  pixels="resampled"))
    off = epochs.mean(axis=1) - X_TRAIN.mean(axis=0)
    # in standard errors of one epoch
    off /= np.sqrt((X_TRAIN * (1 - X_TRAIN)).sum(axis=0)) / 30
    assert np.abs(off.mean(axis=0)).max() < 4 / np.sqrt(200)
    np.testing.assert_allclose(off.var(axis=0), 1, rtol=0, atol=4 * np.sqrt(2 / 200))


# ---------------------------------------------------------------------- names, places and shapes

def test_where_the_data_lie_and_how_large_an_image_is_are_kept(tmp_path):
    run = start(data="mine", data_dir="/somewhere", image_shape=[2, 3])
    assert run.image_shape == (2, 3)
    run.save(tmp_path)
    asked = []
    loaded = Run.load(tmp_path, lambda *place: (asked.append(place), load_data(*place))[1])
    assert asked == [("mine", "/somewhere")]
    assert loaded.options == run.options and loaded.image_shape == (2, 3) and loaded.data_dir == "/somewhere"
    assert start().image_shape is None and start(image_shape=(np.int64(1),
                                                              6)).options["image_shape"] == (1, 6)


# ---------------------------------------------------------------------- it learns

def entropy(x):
    """What grey pixels cost at least: the entropy of a Bernoulli pixel of each value, summed, in
    nats per image.
    """
    inner = np.where((x > 0) & (x < 1), x, 0.5)
    nats = -(inner * np.log(inner) + (1 - inner) * np.log(1 - inner))
    return np.where((x > 0) & (x < 1), nats, 0).sum(axis=1).mean()


@pytest.mark.parametrize("beta, least, most", [
    # What the last 50 of 600 epochs lie above the entropy, in nats, measured with five seeds: 0.009 to 0.011.
    (0.0, 0.0, 0.05),
    # Here the code has its price, too, and at least log 8 = 2.08 for telling eight images apart: 5.16 to 5.35.
    (1.0, 2.08, 5.7)])
def test_eight_images_are_learned_by_heart(beta, least, most):
    x = datasets.load("digits").x_train[:8].astype(np.float64)
    run = Run(x, x, epochs=600, hidden_dim=64, latent_dim=5, lr=1e-2, batch_size=8, beta=beta,
              dtype="float64")
    run.train()
    floor = entropy(x)                                           # 13.96
    # at first every pixel is a guess: 64 log 2 = 44.4
    assert run.history[0, 0] > floor + 29
    assert floor + least < run.history[-50:, 0].mean() < floor + most
    # no reconstruction costs less than the entropy
    assert (run.history[:, 1] >= floor).all()


@pytest.mark.parametrize("optimizer, lr", [("adam", 0.01), ("sgd", 0.001)])
def test_it_learns_with_either_optimiser(optimizer, lr):
    x = datasets.load("digits")
    run = Run(x.x_train[:256], x.x_test[:64], epochs=8, hidden_dim=32, latent_dim=4, lr=lr,
              optimizer=optimizer, batch_size=32)
    run.train()
    # measured with four seeds: 33.5 -> 26.8 (adam, the smallest gain: 6.5), 43.8 -> 32.0 (sgd)
    assert run.history[-1, 3] < run.history[0, 3] - 5


# ---------------------------------------------------------------------- the history

def test_the_training_columns_are_means_over_examples():
    run, seen = start(beta=2.0, epochs=2), []
    compute = run.model.loss_and_grads

    def listen(x, *args, **kwargs):
        terms, grads = compute(x, *args, **kwargs)
        seen.append((len(x), *map(float, terms)))
        return terms, grads
    run.model.loss_and_grads = listen
    run.train()
    assert [batch[0] for batch in seen] == 2 * [8, 8, 8, 6]
    for epoch in range(2):
        counts, *terms = np.array(seen[4 * epoch:4 * epoch + 4]).T
        expected = [(counts * term).sum() / 30 for term in terms]
        # measured: equal
        np.testing.assert_allclose(run.history[epoch, :3], expected, rtol=1e-15)
        # the weights matter
        assert not np.allclose(run.history[epoch, :3], np.mean(terms, axis=1), rtol=1e-9)


# measured: equal
@pytest.mark.parametrize("dtype, tolerance", [("float32", 1e-7), ("float64", 1e-15)])
def test_the_test_columns_can_be_computed_again(dtype, tolerance):
    run = start(beta=2.0, dtype=dtype)
    run.train()
    eps = np.random.default_rng(run.test_noise).standard_normal((len(X_TEST), 2))
    np.testing.assert_allclose(run.history[-1, 3:],
                               np.array(run.model.loss(X_TEST, eps, 2.0), float), rtol=tolerance)


def test_a_loss_is_its_reconstruction_and_beta_times_its_kl():
    run = start(beta=3.0)
    run.train()
    assert run.history.shape == (3, 6) and (run.history[:, [2, 5]] > 0).all()
    for loss, recon, kl in (run.history[:, :3].T, run.history[:, 3:].T):
        # measured in float32: 2.4e-7
        np.testing.assert_allclose(loss, recon + 3 * kl, rtol=1e-6)


def test_a_network_that_does_not_move_is_tested_alike_in_every_epoch():
    """The test noise is the same in every epoch, so that only the network can change the test
    columns.
    """
    run = start(optimizer="sgd", lr=1e-30)
    run.train()
    assert len(np.unique(run.history[:, 3:], axis=0)) == 1
    # the training noise is always new
    assert len(np.unique(run.history[:, :3], axis=0)) == 3


def test_history_csv_says_the_same(tmp_path):
    run = start()
    train_in(tmp_path / "run", run)
    header, *rows = (tmp_path / "run" / "history.csv").read_text().splitlines()
    assert header == "epoch,train_loss,train_recon,train_kl,test_loss,test_recon,test_kl"
    assert header == ",".join(("epoch", *HISTORY))
    numbers = np.array([[float(cell) for cell in row.split(",")] for row in rows])
    assert numbers[:, 0].tolist() == [1, 2, 3]
    # six digits after the point
    np.testing.assert_allclose(numbers[:, 1:], run.history, rtol=0, atol=5.1e-7)


def test_before_the_first_epoch_there_is_a_checkpoint_without_history(tmp_path):
    run = start()
    run.save(tmp_path)
    assert (tmp_path / "history.csv").read_text().count("\n") == 1
    assert Run.load(tmp_path, load_data).history.shape == (0, 6)
    assert all(np.array_equal(VAE.load(tmp_path / "model.npz").params[name], run.model.params[name])
               for name in run.model.params)


def test_a_finished_run_does_nothing_more(tmp_path):
    before = train_in(tmp_path / "run", start())
    assert train_in(tmp_path / "run", Run.load(tmp_path / "run", load_data)) == before


# ---------------------------------------------------------------------- divergence

# one batch: the loss is finite, the step after it is not
@pytest.mark.parametrize("batch_size", [30, 8])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("lr", [1e4, 1e20, 1e38, 1e39, 1e300])
def test_divergence_is_told_in_silence_and_keeps_the_last_checkpoint(tmp_path, lr, optimizer, dtype,
                                                                     likelihood, batch_size):
    run = start(lr=lr, optimizer=optimizer, dtype=dtype, likelihood=likelihood,
                batch_size=batch_size, epochs=20)
    run.save(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DivergedError, match="diverged in epoch .*smaller lr"):
            run.train(on_epoch=lambda: run.save(tmp_path))
    kept = Run.load(tmp_path, load_data)
    assert len(kept.history) == len(run.history) < 20
    assert np.isfinite(kept.history).all()
    assert all(np.isfinite(param).all() for param in kept.model.params.values())
    assert np.isfinite(kept.model.generate(3)).all()


def test_divergence_after_some_good_epochs(tmp_path):
    run = start(optimizer="sgd", epochs=6)
    run.save(tmp_path)

    def save_and_spoil():
        run.save(tmp_path)
        if len(run.history) == 2:
            run.model.params["W1"][0, 0] = np.nan
    done = []
    with pytest.raises(DivergedError, match="in epoch 3"):
        run.train(done.append, save_and_spoil)
    # the first batch with a NaN is the last
    assert done == 2 * [8, 16, 24, 30]
    assert train_in(tmp_path, resume(tmp_path, 6)) == train_in(tmp_path / "whole",
                                                               start(optimizer="sgd", epochs=6))


def test_an_infinity_that_no_loss_shows():
    """A bias of -inf before a relu: the unit is dead for every image, and every loss is finite."""
    run = start()

    def spoil(done):
        if done == 30:
            run.model.params["b1"][0] = -np.inf
    with pytest.raises(DivergedError, match="in epoch 1"):
        run.train(spoil)


def test_an_infinite_kl_ends_it_at_once():
    """A posterior so far off that its square overflows, which a decoder without weights does not
    notice.
    """
    run, done = start(dtype="float64"), []
    run.model.params["W3"][...], run.model.params["b_mu"][...] = 0, 1e200
    with np.errstate(over="ignore"):
        assert [np.isfinite(term) for term in run.model.loss(X_TRAIN, np.zeros((30, 2)))] == [False,
                                                                                              True,
                                                                                              False]
    with pytest.raises(DivergedError):
        run.train(done.append)
    # before a step that would make the weights NaN, too
    assert done == []


@pytest.mark.parametrize("likelihood, finite",
                         [("gaussian", [False, True]), ("bernoulli", [True, False])])
def test_either_term_of_the_test_loss_may_be_what_diverges(likelihood, finite):
    """A pixel that is 0 wherever the network learns, so that its weights stay what they are."""
    x_train, x_test = np.where(np.arange(6) == 0, 0, X_TRAIN), X_TEST.copy()
    run = Run(x_train, x_test, **{**SMALL, "lr": 1e-200}, likelihood=likelihood, dtype="float64")
    run.model.params["W_logvar"][...] = 0
    run.model.params["W1"][0] = 0 if likelihood == "gaussian" else 1e160
    run.x_test[0, 0] = 1e200 if likelihood == "gaussian" else 1
    assert np.isfinite(run.model.loss(x_train, np.zeros((30, 2)))).all()
    with np.errstate(over="ignore"):
        assert [np.isfinite(term)
                for term in run.model.loss(run.x_test, np.zeros((11, 2)))[1:]] == finite
    with pytest.raises(DivergedError, match="in epoch 1"):
        run.train()


# ---------------------------------------------------------------------- checkpoints that cannot be
# gone on with

def one_pixel_changed():
    x = X_TRAIN.copy()
    x[7, 3] += 1e-12
    return x, X_TEST


OTHER_DATA = {"a pixel": one_pixel_changed,
              "a test image": lambda: (X_TRAIN, np.vstack([X_TEST[1:], X_TEST[:1]])),
              "swapped": lambda: (X_TEST, X_TRAIN),
              "the order": lambda: (X_TRAIN[::-1], X_TEST),
              "fewer": lambda: (X_TRAIN[:-1], X_TEST),
              "the border between both": lambda: (np.vstack([X_TRAIN, X_TEST[:1]]), X_TEST[1:]),
              "narrower": lambda: (X_TRAIN[:, :5], X_TEST[:, :5]),
              "reshaped": lambda: (X_TRAIN.reshape(60, 3), X_TEST.reshape(22, 3)),
              "none": lambda: (X_TRAIN[:0], X_TEST),
              "nothing": lambda: None,
              "out of range": lambda: (2 * X_TRAIN, X_TEST)}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained") / "run"
    train_in(folder, start(data="mine", dtype="float64"))
    return folder


@pytest.mark.parametrize("other", OTHER_DATA)
def test_other_data_than_it_was_trained_on_are_refused(trained, other):
    before = contents(trained)
    with pytest.raises(CheckpointError) as caught:
        Run.load(trained, lambda name, place: OTHER_DATA[other]())
    assert str(caught.value).startswith(f"{trained / 'model.npz'}: ")
    assert contents(trained) == before


def test_data_of_another_width_are_told_before_a_network_is_built_for_them(tmp_path):
    # which such a network would not fit
    start(image_shape=(2, 3)).save(tmp_path)
    for narrow in ((X_TRAIN[:, :5], X_TEST[:, :5]), (X_TRAIN[:, :5], X_TEST)):
        with pytest.raises(CheckpointError, match="the data called 'your own' are not the ones it "
                           "was trained on"):
            Run.load(tmp_path, lambda name, place: narrow)


def test_the_same_data_in_another_layout_are_the_same(trained):
    swapped = X_TRAIN.astype(">f8"), np.asfortranarray(X_TEST)
    assert len(Run.load(trained, lambda name, place: swapped).history) == 3


def test_data_are_asked_for_by_name(trained):
    asked = []
    Run.load(trained, lambda name, place: (asked.append(name), load_data(name))[1])
    assert asked == ["mine"]

    def unknown(name, place):
        raise ValueError("no such data")
    with pytest.raises(CheckpointError, match="no such data"):
        Run.load(trained, unknown)


@pytest.mark.parametrize("error", [DataFormatError("own.npz: damaged"), CheckpointError("another"),
                                   FileNotFoundError(2, "No such file", "own.npz"), MemoryError()])
def test_what_is_wrong_with_the_data_is_not_blamed_on_the_checkpoint(trained, error):
    def load_data(name, place):
        raise error
    with pytest.raises(type(error)) as caught:
        Run.load(trained, load_data)
    assert caught.value is error


LOADS = [lambda folder: Run.load(folder, load_data), load_trained]
both_loads = pytest.mark.parametrize("load", LOADS, ids=["Run.load", "load_trained"])


@pytest.mark.parametrize("model", ["vae", "ae"])
def test_a_trained_network_can_be_had_without_its_data(tmp_path, model):
    run = start(model=model, data="mine", image_shape=(2, 3))
    train_in(tmp_path / "run", run)
    network, saved, arrays = load_trained(tmp_path / "run")
    assert type(network) is type(run.model) and network.settings == run.model.settings
    assert all(np.array_equal(network.params[name], run.model.params[name])
               for name in run.model.params)
    assert saved["options"] == {**run.options,
                                "image_shape": [2, 3]} and saved["data_sha256"] == run.data_sha256
    assert np.array_equal(arrays["history"], run.history)


@both_loads
@pytest.mark.parametrize("model", [VAE, Autoencoder])
def test_a_network_without_a_run(tmp_path, load, model):
    model(6, 8, 2).save(tmp_path / "model.npz")
    with pytest.raises(CheckpointError, match="expected a training run, got a network .*; "
                       f"{model.__name__}.load"):
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
            Run.load(tmp_path, load_data)


def setting(*keys_and_value):
    *keys, last, value = keys_and_value

    def change(arrays, description):
        for key in keys:
            description = description[key]
        description[last] = value
    return change


def without(name):
    return lambda arrays, description: arrays.pop(name)


def replacing(name, array):
    return lambda arrays, description: arrays.update({name: array})


GENERATOR = ("run", "generators", "shuffle")
CHANGES = {"another model":        setting("model", "Autoencoder"),
           "no settings":          setting("settings", None),
           "another size":         setting("settings", "hidden_dim", 9),
           "an absurd size":       setting("settings", "hidden_dim", 2 ** 31 - 1),
           "options of a list":    setting("run", "options", [1]),
           "another width":        setting("run", "options", "hidden_dim", 5),
           "an unknown option":    setting("run", "options", "zoom", 1),
           "an unknown optimizer": setting("run", "options", "optimizer", "lion"),
           "a negative lr":        setting("run", "options", "lr", -1.0),
           "no epochs":            setting("run", "options", "epochs", 0),
           "a negative seed":      setting("run", "options", "seed", -1),
           "another optimizer":    setting("run", "options", "optimizer", "sgd"),
           "no optimizer":         setting("run", "optimizer", None),
           "text for Adam's t":    setting("run", "optimizer", "t", "x"),
           "no end for Adam's t":  setting("run", "optimizer", "t", float("inf")),
           "no generators":        setting("run", "generators", None),
           "another generator":    setting(*GENERATOR, "bit_generator", "MT19937"),
           "text for a state":     setting(*GENERATOR, "state", "state", "x"),
           "a huge state":         setting(*GENERATOR, "state", "state", 2 ** 200),
           "no hash":              setting("run", "data_sha256", None),
           "no history":           without("history"),
           "half a row":           replacing("history", np.zeros(9)),
           "rows of three":        replacing("history", np.zeros((2, 3))),
           "a NaN in the history": replacing("history", np.full((1, 6), np.nan)),
           "another likelihood":   setting("run", "options", "likelihood", "gaussian"),
           "half a step of Adam":  setting("run", "optimizer", "t", 1.5),
           "a step before Adam":   setting("run", "optimizer", "t", -1),
           "no W1":                without("W1"), "no m.W1":              without("m.W1"),
           "a wrong m.W1":         replacing("m.W1", np.zeros((8, 6))),
           "a wrong W1":           replacing("W1", np.zeros((8, 6))),
           "a NaN in W1":          replacing("W1", np.full((6, 8), np.nan)),
           "no options":           setting("run", "options", None),
           "the other model":      setting("run", "options", "model", "ae"),
           "an unknown model":     setting("run", "options", "model", "gan"),
           "models":               setting("run", "options", "model", ["vae"]),
           "another shape":        setting("run", "options", "image_shape", [2, 4]),
           "a shape of text":      setting("run", "options", "image_shape", "23"),
           "a number for a shape": setting("run", "options", "image_shape", 6),
           "unknown pixels":       setting("run", "options", "pixels", "blue"),
           "a number for a place": setting("run", "options", "data_dir", 5),
           "no environment":       setting("run", "environment", None),
           "a list of versions":   setting("run", "environment", ["2.0"]),
           "a version of two":     setting("run", "environment", "NumPy", [2, 0]),
           "half a processor":     setting("run", "environment", "usable processors", 0.5),
           "no pixels' generator": lambda arrays,
           description: description["run"]["generators"].pop("pixels")}
# What has nothing to do with the network: it is not needed to decode with it.
OF_TRAINING = {"an unknown option", "an unknown optimizer", "a negative lr", "no epochs",
               "a negative seed", "another optimizer", "no optimizer", "text for Adam's t",
               "no end for Adam's t", "no generators", "another generator", "text for a state",
               "a huge state", "no hash", "no history", "half a row", "rows of three",
               "a NaN in the history", "half a step of Adam", "a step before Adam", "no m.W1",
               "a wrong m.W1", "unknown pixels", "a number for a place", "no pixels' generator",
               "no environment", "a list of versions", "a version of two", "half a processor"}


@pytest.mark.parametrize("name", CHANGES)
def test_a_run_that_was_meddled_with(trained, tmp_path, name):
    arrays, description = checkpoint.load(trained / "model.npz")
    description = {key: copy.deepcopy(value) for key, value in description.items()
                   if key not in ("format", "arrays")}
    CHANGES[name](arrays, description)
    checkpoint.save(tmp_path / "model.npz", arrays, description)
    path = re.escape(str(tmp_path / "model.npz"))
    with pytest.raises(CheckpointError, match=f"^{path}: "):
        Run.load(tmp_path, load_data)
    if name not in OF_TRAINING:
        with pytest.raises(CheckpointError, match=f"^{path}: "):
            load_trained(tmp_path)


# ---------------------------------------------------------------------- bad input

WHOLE = [(0, ValueError), (-1, ValueError), (2 ** 31, ValueError), (2.5, TypeError),
         ("3", TypeError), (True, TypeError), (None, TypeError), (np.nan, TypeError)]
REAL = [(np.nan, ValueError), (np.inf, ValueError), (-1.0, ValueError), ("0.1", TypeError),
        (None, TypeError), (True, TypeError), (1j, TypeError)]
BAD_OPTIONS = [(name, *bad) for name in ("epochs", "batch_size", "hidden_dim", "latent_dim")
               for bad in WHOLE]
BAD_OPTIONS += [(name, *bad) for name in ("lr", "beta", "x_std") for bad in REAL]
BAD_OPTIONS += [("lr", 0, ValueError), ("x_std", 0.0, ValueError),
                pytest.param("lr", 10 ** 400, ValueError, id="lr-huge"), ("seed", -1, ValueError),
                ("seed", 1.5, TypeError), ("seed", "0", TypeError), ("seed", True, TypeError),
                ("seed", None, TypeError), ("optimizer", "lion", ValueError),
                ("optimizer", None, ValueError), ("likelihood", "poisson", ValueError),
                ("likelihood", [], ValueError), ("dtype", "float16", TypeError),
                ("dtype", int, TypeError), ("dtype", None, TypeError), ("data", None, TypeError),
                ("data", 5, TypeError),
                pytest.param("optimizer", np.array(["adam", "sgd"]), ValueError,
                             id="optimizer-array"), ("model", "gan", ValueError),
                ("model", None, ValueError), ("model", ["vae"], ValueError),
                ("pixels", "black", ValueError), ("pixels", None, ValueError),
                ("pixels", 0, ValueError), ("data", b"x", TypeError),
                ("image_shape", (2, 4), ValueError), ("image_shape", (6,), ValueError),
                ("image_shape", (), ValueError), ("image_shape", (1, 2, 3), ValueError),
                ("image_shape", (-2, -3), ValueError), ("image_shape", (0, 6), ValueError),
                ("image_shape", (2.0, 3), TypeError), ("image_shape", "23", TypeError),
                ("image_shape", (True, 6), TypeError)]


@pytest.mark.parametrize("name, value, error", BAD_OPTIONS)
def test_a_bad_option_is_named(name, value, error):
    with pytest.raises(error, match=f"^{name}: expected .*, got "):
        start(**{name: value})


@pytest.mark.parametrize("place", [5, b"folder", ["folder"]])
def test_a_folder_that_is_no_text(place):
    with pytest.raises(TypeError, match="^data: expected a name, and its folder or None, got "):
        start(data_dir=place)


@pytest.mark.parametrize("name", ["momentum", "batchsize", "learning_rate"])
def test_an_unknown_option(name):
    with pytest.raises(TypeError, match=name):
        start(**{name: 1})


def spoiled(x, value):
    x = x.copy()
    x[-1, -1] = value
    return x


BAD_DATA = {"NaN":             (spoiled(X_TRAIN, np.nan), X_TEST, ValueError, "NaN or infinity"),
            "infinity":        (spoiled(X_TRAIN, np.inf), X_TEST, ValueError, "NaN or infinity"),
            "NaN to test":     (X_TRAIN, spoiled(X_TEST, np.nan), ValueError, "NaN or infinity"),
            "bytes":           (255 * X_TRAIN, X_TEST, ValueError, r"\[0, 1\].*divide by 255"),
            "below 0":         (spoiled(X_TRAIN, -1e-3), X_TEST, ValueError, r"\[0, 1\]"),
            "above 1 to test": (X_TRAIN, spoiled(X_TEST, 1.001), ValueError, r"\[0, 1\]"),
            "other widths":    (X_TRAIN, X_TEST[:, :5], ValueError, r"\(N, 6\).*\(11, 5\)"),
            "nothing":         (X_TRAIN[:0], X_TEST, ValueError, "at least one example"),
            "nothing to test": (X_TRAIN, X_TEST[:0], ValueError, "at least one example"),
            "no pixels":       (X_TRAIN[:, :0], X_TEST[:, :0], ValueError, "at least one example"),
            "one image":       (X_TRAIN[0], X_TEST, ValueError, r"\(6,\)"),
            "images in 2D":    (X_TRAIN.reshape(30, 2, 3), X_TEST.reshape(11, 2, 3), ValueError,
                                r"\(30, 2, 3\)"),
            "text":            (X_TRAIN.astype(str), X_TEST, TypeError, "real numbers"),
            "objects":         (X_TRAIN.astype(object), X_TEST, TypeError, "real numbers"),
            "complex":         (X_TRAIN + 0j, X_TEST, TypeError, "real numbers"),
            "narrow bytes":    (BYTES[0], BYTES[1][:, :5], ValueError,
                                r"x_test: .*\(N, 6\).*\(11, 5\)"),
            "no bytes":        (BYTES[0], BYTES[1][:0], ValueError,
                                "x_test: .*at least one example"),
            "bytes in a row":  (BYTES[0], BYTES[1][0], ValueError, r"x_test: .*\(6,\)"),
            "bytes in 3D":     (BYTES[0], BYTES[1][..., None], ValueError,
                                r"x_test: .*\(11, 6, 1\)"),
            "None":            (None, X_TEST, ValueError, "x_train"),
            "None to test":    (X_TRAIN, None, TypeError, "real numbers")}


@pytest.mark.parametrize("name", BAD_DATA)
def test_bad_data(name):
    x_train, x_test, error, message = BAD_DATA[name]
    with pytest.raises(error, match=message):
        Run(x_train, x_test, **SMALL)


def test_any_finite_pixels_will_do_for_the_gaussian():
    run = Run(5 * X_TRAIN - 2, 5 * X_TEST - 2, **SMALL, likelihood="gaussian")
    run.train()
    assert np.isfinite(run.history).all()


def test_bytes_and_booleans_are_numbers_too():
    whole = (X_TRAIN > 0.5), (X_TEST > 0.5)
    runs = [Run(whole[0].astype(kind), whole[1].astype(kind), **SMALL)
            for kind in (bool, np.int64, np.float64)]
    runs.append(Run(*(np.multiply(x, 255, dtype=np.uint8) for x in whole), **SMALL))
    for run in runs:
        run.train()
    assert all(np.array_equal(run.history, runs[0].history) for run in runs)
    assert runs[3].x_train.dtype == np.uint8                     # bytes stay bytes


def test_what_lies_under_the_mask_cannot_make_bytes_refused_or_accepted():
    mask = np.ones((30, 6), bool)
    mask[0, 0] = False
    ink = np.multiply(X_TRAIN > 0.5, 1, dtype=np.uint8)
    for hidden in (0, 255):
        ink[0, 0] = hidden
        with pytest.raises(ValueError, match="got none above 1"):
            Run(ink, X_TEST, mask, **SMALL)


def test_whose_mask_it_is_and_its_shape_belong_to_the_fingerprint():
    x, mask = np.zeros((5, 6)), np.ones((5, 6), bool)
    assert Run(x, x, **SMALL).data_sha256 != Run(x.reshape(6, 5), x.reshape(6, 5),
                                                 **SMALL).data_sha256
    assert Run(x, x, mask, None, **SMALL).data_sha256 != Run(x, x, None, mask, **SMALL).data_sha256


@pytest.mark.parametrize("shape, error",
                         [(5, TypeError), ("23", TypeError), ((6,), ValueError),
                          ((2, 2), ValueError), ((0, 6), ValueError), ((2.0, 3), TypeError),
                          ((1, 2, 3), ValueError)])
def test_a_bad_image_shape(shape, error):
    with pytest.raises(error, match="image_shape: expected"):
        start(image_shape=shape)


@pytest.mark.parametrize("pixels", ["threshold", "fixed", "resampled"])
def test_only_grey_values_can_become_ink(pixels):
    with pytest.raises(ValueError, match=r"x_train: expected values in \[0, 1\]"):
        Run(5 * X_TRAIN - 2, X_TEST, **SMALL, likelihood="gaussian", pixels=pixels)
