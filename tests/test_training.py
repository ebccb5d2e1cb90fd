"""Training: the same bits every time, from examples of every kind, and a history that means what it
says.
"""
import copy
import platform
import subprocess
import sys

import numpy as np
import pytest
from helpers_training import (BYTES, M_TEST, M_TRAIN, MODES, SMALL, X_TEST, X_TRAIN, same_params,
                              start)

from numpyvae import VAE, Adam, DivergedError, datasets
from numpyvae.autoencoder import Autoencoder
from numpyvae.datasets.pixels import sampled
from numpyvae.training import Run, minibatches


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

def test_what_is_reported_between_does_not_change_the_bits():
    quiet, told, done, epochs = start(), start(), [], []
    quiet.train()
    told.train(done.append, lambda: epochs.append(len(told.history)))
    assert done == 3 * [8, 16, 24, 30] and epochs == [1, 2, 3]
    assert np.array_equal(quiet.history, told.history) and same_params(quiet, told)


def test_one_seed_gives_independent_streams():
    """Another batch size or data set changes neither the initial network nor the noise of the test.
    """
    run, other = start(), Run(X_TEST, X_TRAIN[:11], **{**SMALL, "batch_size": 5})
    assert same_params(run, other)
    streams = [np.random.default_rng(noise).random(9)
               for noise in (run.test_noise, other.test_noise)]
    streams += [rng.random(9) for rng in run.rngs.values()]
    assert np.array_equal(streams[0], streams[1])
    assert len(np.unique(streams)) == 36                         # what one draws, no other does


def test_the_data_are_not_changed():
    x_train, x_test = X_TRAIN.copy(), X_TEST.copy()
    Run(x_train, x_test, **SMALL, dtype="float64").train()
    assert np.array_equal(x_train, X_TRAIN) and np.array_equal(x_test, X_TEST)


@pytest.mark.parametrize("model", ["vae", "ae"])
def test_all_batches_of_all_epochs_fill_the_same_gradients(model):
    """Fresh ones would be the slowest part of a step."""
    run, given = start(model=model), []
    step = run.optimizer.step

    def watched(grads):
        given.append(dict(grads))
        step(grads)
    run.optimizer.step = watched
    run.train()
    assert len(given) == 3 * 4
    assert all(grads[name] is given[0][name] for grads in given for name in run.model.params)


# ---------------------------------------------------------------------- the options

def test_options_start_another_run_like_it():
    run = start(optimizer="sgd", lr=0.02, beta=2.0, likelihood="gaussian", x_std=0.5,
                dtype="float64", seed=9)
    twin = Run(X_TRAIN, X_TEST, **run.options)
    assert twin.options == run.options == {
        **SMALL, "model": "vae", "pixels": "grey", "optimizer": "sgd", "lr": 0.02, "beta": 2.0,
        "x_std": 0.5, "likelihood": "gaussian", "dtype": "float64", "seed": 9,
        "num_classes": 10, "num_samples": 5}
    run.train()
    twin.train()
    assert np.array_equal(run.history, twin.history) and same_params(run, twin)


def test_options_are_plain_values_whatever_came():
    given = {"epochs": np.int64(2), "lr": np.float32(0.5), "beta": 2, "dtype": np.float64,
             "seed": np.uint8(7)}
    options = start(**given).options
    assert {name: options[name] for name in given} == {
        "epochs": 2, "lr": 0.5, "beta": 2.0, "dtype": "float64", "seed": 7}
    assert {type(value) for value in options.values()} == {str, int, float}


def test_what_a_run_takes_when_nobody_says():
    assert Run(X_TRAIN, X_TEST).options == {
        "model": "vae", "epochs": 10, "hidden_dim": 400, "latent_dim": 20,
        "likelihood": "bernoulli", "x_std": 1.0, "dtype": "float32", "num_classes": 10,
        "num_samples": 5, "pixels": "grey", "optimizer": "adam", "lr": 1e-3, "beta": 1.0,
        "batch_size": 128, "seed": 0}


def test_what_may_be_changed_between_epochs():
    run, kept = start(), start()
    for each in (run, kept):
        each.epochs = 2
        each.train()
    run.epochs, run.beta, run.optimizer.lr = 4, 3.0, 1e-4
    run.train()
    kept.epochs = 4
    kept.train()
    assert np.array_equal(run.history[:2], kept.history[:2])
    loss, recon, kl = run.history[2:, 3:].T
    np.testing.assert_allclose(loss, recon + 3 * kl, rtol=1e-15)
    assert (run.history[2:] != kept.history[2:]).all()
    changed = {"epochs": 4, "beta": 3.0, "lr": 1e-4}
    assert run.options == {**start().options, **changed}


WHOLE = [(0, ValueError), (-1, ValueError), (2 ** 31, ValueError), (2.5, TypeError),
         ("3", TypeError), (True, TypeError), (None, TypeError), (np.nan, TypeError)]
REAL  = [(np.nan, ValueError), (np.inf, ValueError), (-1.0, ValueError), ("0.1", TypeError),
         (None, TypeError), (True, TypeError), (1j, TypeError)]
BAD_OPTIONS  = [(name, *bad) for name in ("epochs", "batch_size", "hidden_dim", "latent_dim")
                for bad in WHOLE]
BAD_OPTIONS += [(name, *bad) for name in ("lr", "beta", "x_std") for bad in REAL]
BAD_OPTIONS += [
    ("lr", 0, ValueError),
    pytest.param("lr", 10 ** 400, ValueError, id="lr-huge"),
    ("x_std", 0.0, ValueError),
    ("seed", -1, ValueError), ("seed", 1.5, TypeError), ("seed", "0", TypeError),
    ("seed", True, TypeError), ("seed", None, TypeError),
    ("optimizer", "lion", ValueError), ("optimizer", None, ValueError),
    pytest.param("optimizer", np.array(["adam", "sgd"]), ValueError, id="optimizer-array"),
    ("likelihood", "poisson", ValueError), ("likelihood", [], ValueError),
    ("dtype", "float16", TypeError), ("dtype", int, TypeError), ("dtype", None, TypeError),
    ("model", "gan", ValueError), ("model", None, ValueError), ("model", ["vae"], ValueError),
    ("pixels", "black", ValueError), ("pixels", None, ValueError), ("pixels", 0, ValueError)]


@pytest.mark.parametrize("name, value, error", BAD_OPTIONS)
def test_a_bad_option_is_named(name, value, error):
    with pytest.raises(error, match=f"^{name}: expected .*, got "):
        start(**{name: value})


@pytest.mark.parametrize("name", ["momentum", "batchsize", "learning_rate"])
def test_an_unknown_option(name):
    with pytest.raises(TypeError, match=name):
        start(**{name: 1})


# ---------------------------------------------------------------------- written out once more

def by_hand(x_train, x_test, m_train, m_test, model, pixels, dtype="float32", beta=0.5, seed=4):
    """What a run of the options SMALL should do  ->  its history, its network."""
    seeds = np.random.SeedSequence(seed).spawn(5)
    init, shuffle, noise, test_noise, ink = map(np.random.default_rng, seeds)
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
    return np.array(history), network


@pytest.mark.parametrize("model, pixels, masked", MODES)
def test_a_run_does_what_is_written_out_here_to_the_bit(model, pixels, masked):
    masks, dtype = ((M_TRAIN, M_TEST), "float64") if masked else ((None, None), "float32")
    for x in ((X_TRAIN, X_TEST), BYTES):
        kind = {"model": model, "pixels": pixels, "dtype": dtype, "beta": 0.5, "seed": 4}
        run = Run(*x, *masks, **SMALL, **kind)
        run.train()
        history, network = by_hand(*x, *masks, **kind)
        np.testing.assert_allclose(run.history, history, rtol=1e-15)         # measured: equal
        assert same_params(run, network)


# ---------------------------------------------------------------------- an ordinary auto-encoder

def test_an_auto_encoder_has_no_kl_and_no_use_for_beta():
    runs = [start(model="ae", beta=beta) for beta in (1.0, 7.0)]
    for run in runs:
        run.train()
        assert (run.history[:, [2, 5]] == 0).all()
        assert np.array_equal(run.history[:, [0, 3]], run.history[:, [1, 4]])
        assert (run.history[:, 0] > 0).all()
        assert run.history[-1, 3] == float(run.model.loss(X_TEST))
    assert np.array_equal(runs[0].history, runs[1].history)


# ---------------------------------------------------------------------- masks

@pytest.mark.parametrize("model", ["vae", "ae"])
@pytest.mark.parametrize("junk", [np.nan, -np.inf, 7.0, 254])
def test_what_lies_under_the_mask_cannot_matter(junk, model):
    clean = BYTES if junk == 254 else (X_TRAIN, X_TEST)
    runs = []
    for value in (0, junk):
        x = [np.where(mask, pixels, value).astype(pixels.dtype)
             for pixels, mask in zip(clean, (M_TRAIN, M_TEST))]
        kept = [array.copy() for array in (*x, M_TRAIN, M_TEST)]
        runs.append(Run(*x, M_TRAIN, M_TEST, **SMALL, model=model))
        runs[-1].train()
        assert all(np.array_equal(*pair, equal_nan=True)
                   for pair in zip((*x, M_TRAIN, M_TEST), kept))
    assert np.array_equal(runs[0].history, runs[1].history)
    assert runs[0].data_sha256 == runs[1].data_sha256
    assert same_params(*runs)


@pytest.mark.parametrize("masks", [(M_TRAIN, None), (None, M_TEST)])
def test_one_part_may_be_masked_and_the_other_not(masks):
    run = Run(X_TRAIN, X_TEST, *masks, **SMALL, model="ae", dtype="float64")
    run.train()
    expected = run.model.loss(X_TEST, masks[1])
    np.testing.assert_allclose(run.history[-1, 3], expected, rtol=1e-15)
    history, _ = by_hand(X_TRAIN, X_TEST, *masks, "ae", "grey", dtype="float64", seed=0)
    np.testing.assert_allclose(run.history, history, rtol=1e-15)             # measured: equal


BAD_MASKS = {"of numbers":    (M_TRAIN.astype(int), TypeError,  "booleans"),
             "None of it":    ([None],              TypeError,  "booleans"),
             "too short":     (M_TRAIN[1:],         ValueError, "shape of x"),
             "transposed":    (M_TRAIN.T,           ValueError, "shape of x"),
             "for one image": (M_TRAIN[0],          ValueError, "shape of x")}


@pytest.mark.parametrize("name", BAD_MASKS)
def test_a_bad_mask_is_refused(name):
    mask, error, message = BAD_MASKS[name]
    for x_train, x_test, masks in ((X_TRAIN, X_TEST, (mask, None)),
                                   (X_TEST, X_TRAIN, (None, mask)),
                                   (*BYTES, (mask, None))):
        with pytest.raises(error, match=f"^mask: expected .*{message}"):
            Run(x_train, x_test, *masks, **SMALL)


def test_whose_mask_it_is_and_its_shape_belong_to_the_fingerprint():
    x, mask = np.zeros((5, 6)), np.ones((5, 6), bool)
    flat = x.reshape(6, 5)
    assert Run(x, x, **SMALL).data_sha256 != Run(flat, flat, **SMALL).data_sha256
    first, second = Run(x, x, mask, None, **SMALL), Run(x, x, None, mask, **SMALL)
    assert first.data_sha256 != second.data_sha256


# ---------------------------------------------------------------------- bytes

@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("masks", [(None, None), (M_TRAIN, M_TEST)], ids=["whole", "masked"])
def test_bytes_train_to_the_bits_of_the_numbers_that_they_mean(dtype, masks):
    numbers = [x.astype(dtype) / np.array(255, dtype) for x in BYTES]
    runs = [Run(*x, *masks, **SMALL, dtype=dtype) for x in (BYTES, numbers)]
    for run in runs:
        run.train()
    assert runs[0].x_train.dtype == runs[0].x_test.dtype == np.uint8     # a fraction of the memory
    assert runs[1].x_train.dtype == dtype
    assert np.array_equal(runs[0].history, runs[1].history)
    assert same_params(*runs)


def test_bytes_of_0_and_1_are_taken_for_a_mistake():
    ones = [(x > 127).astype(np.uint8) for x in BYTES]
    with pytest.raises(ValueError, match="^x_train and x_test: expected bytes up to 255, which "
                       "become 1, got none above 1; .* make them floats"):
        Run(*ones, **SMALL)
    for x in ((ones[0], BYTES[1]), (BYTES[0], ones[1])):
        Run(*x, **SMALL)                     # dark in one part alone: that is their look
    for lowest in (0, 2):                    # all white, or pixels of next to nothing: so be it
        Run(np.minimum(BYTES[0], lowest), BYTES[1], **SMALL)


def test_what_lies_under_the_mask_cannot_make_bytes_refused_or_accepted():
    mask = np.ones((30, 6), bool)
    mask[0, 0] = False
    ink = np.multiply(X_TRAIN > 0.5, 1, dtype=np.uint8)
    for hidden in (0, 255):
        ink[0, 0] = hidden
        with pytest.raises(ValueError, match="got none above 1"):
            Run(ink, X_TEST, mask, **SMALL)


def test_bytes_and_booleans_are_numbers_too():
    whole = (X_TRAIN > 0.5), (X_TEST > 0.5)
    runs = [Run(whole[0].astype(kind), whole[1].astype(kind), **SMALL)
            for kind in (bool, np.int64, np.float64)]
    runs.append(Run(*(np.multiply(x, 255, dtype=np.uint8) for x in whole), **SMALL))
    for run in runs:
        run.train()
    assert all(np.array_equal(run.history, runs[0].history) for run in runs)
    assert runs[3].x_train.dtype == np.uint8                     # bytes stay bytes


# ---------------------------------------------------------------------- white and black

GREY_VALUES = {**SMALL, "likelihood": "gaussian", "dtype": "float64"}


def test_a_picture_of_examples_in_the_unit_range_goes_from_0_to_1():
    for x in (BYTES, (X_TRAIN, X_TEST), (0.5 * X_TRAIN, X_TEST + 3)):
        assert Run(*x, **GREY_VALUES).pixel_range == (0, 1)


@pytest.mark.parametrize("scale, shift", [(2, -1), (1, 0.5), (255, 0), (0.1, 9), (1, -7)])
def test_a_picture_of_others_goes_from_their_least_to_their_greatest(scale, shift):
    x = scale * X_TRAIN + shift
    assert Run(x, X_TEST, **GREY_VALUES).pixel_range == (x.min(), x.max())


def test_but_not_farther_than_three_standard_deviations():
    x = np.random.default_rng(0).standard_normal((30, 6))
    x[0, 0] = 1000
    low, high = Run(x, X_TEST, **GREY_VALUES).pixel_range
    assert low == x.min() and high == pytest.approx(x.mean() + 3 * x.std(), rel=1e-12)
    mask = np.ones(x.shape, bool)
    mask[0, :4], x[1, 1] = False, -20
    seen = x[mask]
    low, high = Run(x, X_TEST, mask, **GREY_VALUES).pixel_range
    assert low == pytest.approx(seen.mean() - 3 * seen.std(), rel=1e-12) and high == seen.max()


def test_pixels_that_are_all_alike_have_a_range_too():
    assert Run(np.full((30, 6), 7.0), X_TEST, **GREY_VALUES).pixel_range == (0, 1)


def test_a_mask_that_observes_nothing_is_refused():
    with pytest.raises(ValueError, match="^mask_train: .*False everywhere, so there is nothing to"):
        Run(X_TRAIN, X_TEST, M_TRAIN & False, **SMALL)
    assert Run(X_TRAIN, X_TEST, M_TRAIN, M_TEST & False, **SMALL).mask_test.sum() == 0


# ---------------------------------------------------------------------- black and white

@pytest.mark.parametrize("pixels", ["fixed", "resampled"])
def test_the_one_draw_is_the_same_for_every_seed_and_every_number_of_images(pixels):
    first, second = start(pixels=pixels), start(pixels=pixels, seed=1, model="ae")
    assert np.array_equal(first.x_test, second.x_test)
    assert np.array_equal(first.x_train, second.x_train)
    more = Run(np.vstack([X_TRAIN, X_TEST]), X_TEST, **SMALL, pixels=pixels)
    assert np.array_equal(more.x_train[:30], first.x_train)
    assert np.array_equal(more.x_test, first.x_test)
    more = Run(X_TRAIN, np.vstack([X_TEST, X_TRAIN]), **SMALL, pixels=pixels)
    assert np.array_equal(more.x_test[:11], first.x_test)
    drawn = sampled(X_TEST.astype(np.float32), np.random.default_rng(0))
    assert np.array_equal(first.x_test, drawn) and set(np.unique(drawn)) == {0, 255}


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
    grey[:, :5] = np.eye(5)                  # by which they can be told apart: 0 and 1 stay
    for pixels in ("fixed", "resampled", "threshold", "grey"):
        epochs = seen_in_training(Run(grey, grey, **{**SMALL, "epochs": 9}, model=model,
                                      pixels=pixels))
        marks, inside = epochs[:, :, :5], epochs[:, :, 5:]
        assert (marks.max(axis=1) == 1).all() and (marks.sum(axis=(1, 2)) == 5).all()
        images = [{tuple(image) for epoch in epochs for image in epoch if image[i]}
                  for i in range(5)]
        assert [len(own) for own in images] == [9 if pixels == "resampled" else 1] * 5
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
    off  = epochs.mean(axis=1) - X_TRAIN.mean(axis=0)
    off /= np.sqrt((X_TRAIN * (1 - X_TRAIN)).sum(axis=0)) / 30           # in standard errors
    assert np.abs(off.mean(axis=0)).max() < 4 / np.sqrt(200)
    np.testing.assert_allclose(off.var(axis=0), 1, rtol=0, atol=4 * np.sqrt(2 / 200))


@pytest.mark.parametrize("pixels", ["threshold", "fixed", "resampled"])
def test_only_grey_values_can_become_ink(pixels):
    with pytest.raises(ValueError, match=r"x_train: expected values in \[0, 1\]"):
        Run(5 * X_TRAIN - 2, X_TEST, **SMALL, likelihood="gaussian", pixels=pixels)


# ---------------------------------------------------------------------- it learns

def entropy(x):
    """What grey pixels cost at least: the entropy of a Bernoulli pixel of each value, summed, in
    nats per image.
    """
    inner = np.where((x > 0) & (x < 1), x, 0.5)
    nats = -(inner * np.log(inner) + (1 - inner) * np.log(1 - inner))
    return np.where((x > 0) & (x < 1), nats, 0).sum(axis=1).mean()


# What the last 50 of 600 epochs lie above the entropy, in nats, measured with five seeds: 0.009 to
# 0.011; with β = 1 the code has its price, too, and at least log 8 = 2.08 for telling eight images
# apart: 5.16 to 5.35.
@pytest.mark.parametrize("beta, least, most", [(0.0, 0.0, 0.05), (1.0, 2.08, 5.7)])
def test_eight_images_are_learned_by_heart(beta, least, most):
    x = datasets.load("digits").x_train[:8].astype(np.float64)
    run = Run(x, x, epochs=600, hidden_dim=64, latent_dim=5, lr=1e-2, batch_size=8, beta=beta,
              dtype="float64")
    run.train()
    floor = entropy(x)                                           # 13.96
    assert run.history[0, 0] > floor + 29    # at first every pixel is a guess: 64 log 2 = 44.4
    assert floor + least < run.history[-50:, 0].mean() < floor + most
    assert (run.history[:, 1] >= floor).all()                    # no reconstruction costs less


@pytest.mark.parametrize("optimizer, lr", [("adam", 0.01), ("sgd", 0.001)])
def test_it_learns_with_either_optimiser(optimizer, lr):
    x = datasets.load("digits")
    run = Run(x.x_train[:256], x.x_test[:64], epochs=8, hidden_dim=32, latent_dim=4, lr=lr,
              optimizer=optimizer, batch_size=32)
    run.train()
    # Measured with four seeds: 33.5 -> 26.8 (adam, the smallest gain: 6.5), 43.8 -> 32.0 (sgd).
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
        np.testing.assert_allclose(run.history[epoch, :3], expected, rtol=1e-15)   # measured: equal
        # The weights matter.
        assert not np.allclose(run.history[epoch, :3], np.mean(terms, axis=1), rtol=1e-9)


# Measured: equal.
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
        np.testing.assert_allclose(loss, recon + 3 * kl, rtol=1e-6)      # measured: 2.4e-7, float32


def test_a_network_that_does_not_move_is_tested_alike_in_every_epoch():
    """The test noise is the same in every epoch, so that only the network can change the test
    columns.
    """
    run = start(optimizer="sgd", lr=1e-30)
    run.train()
    assert len(np.unique(run.history[:, 3:], axis=0)) == 1
    assert len(np.unique(run.history[:, :3], axis=0)) == 3       # the training noise is always new


# ---------------------------------------------------------------------- divergence

def test_an_infinity_that_no_loss_shows():
    """A bias of -inf before a relu: the unit is dead for every image, and every loss is finite."""
    run = start()

    def spoil(done):
        if done == 30:
            run.model.params["b1"][0] = -np.inf
    with pytest.raises(DivergedError, match="in epoch 1"):
        run.train(spoil)


@pytest.mark.parametrize("options, name", [
    ({"beta": 1e39},                                                   "beta"),
    ({"beta": 1e30},                                                   "beta"),
    ({"beta": 1e300, "dtype": "float64"},                              "beta"),
    ({"likelihood": "gaussian", "x_std": 1e-46},                       "x_std"),
    ({"likelihood": "gaussian", "x_std": 1e-20},                       "x_std"),
    ({"likelihood": "gaussian", "x_std": 1e-200, "dtype": "float64"},  "x_std"),
    ({"likelihood": "gaussian", "x_std": 1e-46, "model": "ae"},        "x_std")])
def test_what_cannot_start_at_all_is_not_blamed_on_the_learning_rate(options, name):
    run = start(**{"dtype": "float32", **options})
    before = copy.deepcopy({key: rng.bit_generator.state for key, rng in run.rngs.items()})
    with pytest.raises(ValueError, match=f"^{name}: expected a number with which the first loss"):
        run.check_start()
    assert before == {key: rng.bit_generator.state for key, rng in run.rngs.items()}


@pytest.mark.parametrize("options", [{}, {"beta": 1e6}, {"beta": 0}, {"lr": 1e30},
                                     {"likelihood": "gaussian", "x_std": 1e-4},
                                     {"likelihood": "gaussian", "x_std": 1e30}, {"model": "ae"},
                                     {"model": "iwae"}, {"pixels": "resampled"}])
def test_what_can_start(options):
    start(**{"dtype": "float32", **options}).check_start()


def test_one_pixel_among_many_may_be_too_large():
    x = X_TRAIN.copy()
    x[20, 3] = -1e25
    run = Run(x, X_TEST, **SMALL, likelihood="gaussian", dtype="float32")
    with pytest.raises(ValueError, match=r"^x_std: .*pixels of up to 1e\+25"):
        run.check_start()


def test_the_steps_of_an_epoch():
    for batch_size, steps in ((30, 1), (31, 1), (29, 2), (8, 4), (1, 30)):
        assert start(batch_size=batch_size).steps_per_epoch == steps


def test_an_infinite_kl_ends_it_at_once():
    """A posterior so far off that its square overflows, which a decoder without weights does not
    notice.
    """
    run, done = start(dtype="float64"), []
    run.model.params["W3"][...], run.model.params["b_mu"][...] = 0, 1e200
    with np.errstate(over="ignore"):
        terms = run.model.loss(X_TRAIN, np.zeros((30, 2)))
    assert [np.isfinite(term) for term in terms] == [False, True, False]
    with pytest.raises(DivergedError):
        run.train(done.append)
    assert done == []                        # before a step that would make the weights NaN, too


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
        terms = run.model.loss(run.x_test, np.zeros((11, 2)))[1:]
    assert [np.isfinite(term) for term in terms] == finite
    with pytest.raises(DivergedError, match="in epoch 1"):
        run.train()


# ---------------------------------------------------------------------- bad examples

def spoiled(x, value):
    x = x.copy()
    x[-1, -1] = value
    return x


BAD_DATA = {
    "NaN":             (spoiled(X_TRAIN, np.nan), X_TEST, ValueError, "NaN or infinity"),
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
    "narrow bytes":    (BYTES[0], BYTES[1][:, :5], ValueError, r"x_test: .*\(N, 6\).*\(11, 5\)"),
    "no bytes":        (BYTES[0], BYTES[1][:0], ValueError, "x_test: .*at least one example"),
    "bytes in a row":  (BYTES[0], BYTES[1][0], ValueError, r"x_test: .*\(6,\)"),
    "bytes in 3D":     (BYTES[0], BYTES[1][..., None], ValueError, r"x_test: .*\(11, 6, 1\)"),
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


# ---------------------------------------------------------------------- the relatives of the VAE

Y_TRAIN = np.random.default_rng(5).integers(0, 3, 30)
Y_TEST  = np.random.default_rng(6).integers(0, 3, 11)


def labelled(y_train=Y_TRAIN, y_test=Y_TEST, **options):
    """A run of a conditional VAE."""
    options = {**SMALL, "model": "cvae", "num_classes": 3, **options}
    return Run(X_TRAIN, X_TEST, None, None, y_train, y_test, **options)


def test_every_example_learns_under_its_own_label():
    run = labelled(batch_size=30, epochs=1, dtype="float64", optimizer="sgd", lr=1e-9)
    eps = run.rngs["noise"].bit_generator.state
    order = np.random.default_rng(np.random.SeedSequence(0).spawn(5)[1]).permutation(30)
    noise = np.random.default_rng(0)
    noise.bit_generator.state = eps
    expected = run.model.loss(X_TRAIN[order], Y_TRAIN[order], noise.standard_normal((30, 2)))
    run.train()
    # measured: the same to the bit
    np.testing.assert_allclose(run.history[0, :3], expected, rtol=1e-14)
    other = labelled(np.roll(Y_TRAIN, 1), batch_size=30, epochs=1, dtype="float64")
    other.train()
    assert other.history[0, 2] != run.history[0, 2]
    test_noise = np.random.default_rng(run.test_noise).standard_normal((11, 2))
    tested = run.model.loss(X_TEST, Y_TEST, test_noise)
    np.testing.assert_allclose(run.history[0, 3:], tested, rtol=1e-14)


def test_labels_belong_to_the_data_of_a_conditional_vae_alone():
    run, kinds = labelled(), [np.uint8, np.int32, np.int64]
    assert {labelled(Y_TRAIN.astype(kind)).data_sha256 for kind in kinds} == {run.data_sha256}
    others = [labelled((Y_TRAIN + 1) % 3), labelled(y_test=(Y_TEST + 1) % 3), start()]
    assert len({run.data_sha256, *(other.data_sha256 for other in others)}) == 4
    for model in ("vae", "ae", "iwae"):
        ignored = labelled("nonsense", None, model=model)
        assert ignored.data_sha256 == start().data_sha256 and ignored.y_train is None


@pytest.mark.parametrize("spoil, error, message", [
    ({"y_train": None}, ValueError, "^y_train: expected a label for each example, got none"),
    ({"y_test": None}, ValueError, "^y_test: expected a label for each example, got none"),
    ({"y_train": Y_TRAIN[:-1]}, ValueError, r"^y_train: expected shape \(30,\), .*got \(29,\)"),
    ({"y_test": Y_TEST + 0.0}, TypeError, "^y_test: expected labels that are whole numbers"),
    ({"y_test": Y_TEST + 1}, ValueError, "^y_test: expected labels from 0 to 2, got 1 to 3"),
    ({"num_classes": 2}, ValueError, "^y_train: expected labels from 0 to 1, got 0 to 2"),
    ({"num_classes": 0}, ValueError, "^num_classes: expected a whole number above 0"),
    ({"num_samples": 0}, ValueError, "^num_samples: expected a whole number above 0"),
    ({"model": "iwae", "beta": 0.5}, ValueError, "^beta: expected 1 .*, got 0.5")])
def test_what_a_relative_cannot_learn_from_is_refused(spoil, error, message):
    with pytest.raises(error, match=message):
        labelled(**spoil)


def test_the_test_loss_of_an_iwae_is_its_own_bound():
    run = start(model="iwae", num_samples=4, dtype="float64")
    run.train()
    loss, recon, kl = run.history[:, 3:].T
    assert (loss < recon + kl).all()
    eps = np.random.default_rng(run.test_noise).standard_normal((11, 4, 2))
    np.testing.assert_allclose(run.history[-1, 3:], run.model.loss(X_TEST, eps), rtol=1e-14)
    run.beta, run.epochs = 0.5, 4
    with pytest.raises(ValueError, match="^beta: expected 1"):
        run.train()


@pytest.mark.parametrize("model", ["cvae", "iwae"])
def test_a_relative_s_options_start_its_twin(model):
    run = labelled(model=model, num_samples=4)
    twin = Run(X_TRAIN, X_TEST, None, None, Y_TRAIN, Y_TEST, **run.options)
    run.train()
    twin.train()
    assert np.array_equal(run.history, twin.history) and same_params(run, twin)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc's allocator")
def test_the_arrays_of_a_step_are_reused_by_the_next():
    # Without `keep_freed_memory` the system hands out 4,500 pages anew for every such step.
    code = """
import resource
from numpyvae.training import np, IWAE, keep_freed_memory
keep_freed_memory()
rng, x = np.random.default_rng(0), np.ones((128, 784), np.float32)
iwae = IWAE(dtype="float32")
out = {name: np.empty_like(param) for name, param in iwae.params.items()}
for step in range(6):
    if step == 3:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    iwae.sample_loss_and_grads(x, rng, out=out)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 300                                # of three steps; measured: 0
