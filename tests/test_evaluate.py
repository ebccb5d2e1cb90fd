"""What a network is worth: the loss over a data set does not depend on how it is cut into batches.
"""
import tracemalloc

import numpy as np
import pytest

from helpers import exact, silence_required, spoil
from numpyvae import IWAE, VAE, Autoencoder, ConditionalVAE, evaluate
from numpyvae.evaluate import (accuracy, active_units, encode, impute, log_likelihood,
                               mean_kl_per_dim, mean_loss, neg_elbo, reconstruction_loss)

# Measured over 200 networks, both likelihoods, five batch sizes: 5e-16, and 3e-7 in float32.
TOLERANCE = {"float64": 5e-15, "float32": 2e-6}


def network(likelihood="bernoulli", dtype="float64"):
    return VAE(7, 5, 3, likelihood, x_std=0.5, rng=1, dtype=dtype)


def images(n=23):
    return np.random.default_rng(2).random((n, 7))


def noise(n=23, seed=7):
    return np.random.default_rng(seed).standard_normal((n, 3))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("batch_size", [1, 4, 8, 22, 23, 1000])
def test_it_is_the_loss_of_the_whole_set(batch_size, likelihood, dtype):
    vae = network(likelihood, dtype)
    found = neg_elbo(vae, images(), rng=7, batch_size=batch_size)
    expected = vae.loss(images(), noise())
    assert all(type(value) is float for value in found)
    np.testing.assert_allclose(found, np.array(expected, float), rtol=TOLERANCE[dtype])
    assert mean_loss(vae, images(), rng=7, batch_size=batch_size) == found


@pytest.mark.parametrize("batch_size", [1, 4, 6, 12])
def test_batches_that_divide_the_set(batch_size):
    vae = network()
    expected = vae.loss(images(12), noise(12))
    np.testing.assert_allclose(neg_elbo(vae, images(12), 7, batch_size=batch_size), expected,
                               rtol=5e-15)


def test_an_odd_image_in_the_last_batch_counts_once():
    """Twenty white images and one of huge numbers: as a batch of its own, it would count for twenty
    if not weighted.
    """
    vae = network("gaussian")
    x = np.vstack([np.zeros((20, 7)), np.full((1, 7), 1000.0)])
    loss, recon, kl = neg_elbo(vae, x, 7, batch_size=20)
    alone = vae.loss(x[20:], noise(21)[20:])
    others = vae.loss(x[:20], noise(21)[:20])
    assert alone[1] > 1e6 * others[1]                        # so the weights are all that matters
    np.testing.assert_allclose((loss, recon, kl), (np.array(alone) + 20 * np.array(others)) / 21,
                               rtol=5e-15)


def test_the_noise_is_the_seeds_or_the_generators():
    vae, x = network(), images()
    assert neg_elbo(vae, x, 3) == neg_elbo(vae, x, 3) == neg_elbo(vae, x, np.random.default_rng(3))
    assert neg_elbo(vae, x) == neg_elbo(vae, x, 0) != neg_elbo(vae, x, 1)
    rng = np.random.default_rng(3)
    assert neg_elbo(vae, x, rng) != neg_elbo(vae, x, rng)        # a generator goes on


def test_nothing_is_changed():
    vae, x = network(), images()
    params, kept = {name: param.copy() for name, param in vae.params.items()}, x.copy()
    neg_elbo(vae, x, batch_size=5)
    mean_kl_per_dim(vae, x)
    assert np.array_equal(x, kept)
    assert all(np.array_equal(vae.params[name], params[name]) for name in params)


def test_the_kl_of_the_dimensions_sums_to_the_kl():
    vae = network()
    per_dim = mean_kl_per_dim(vae, images())
    assert per_dim.shape == (3,) and (per_dim > 0).all()
    np.testing.assert_allclose(per_dim.sum(), neg_elbo(vae, images())[2], rtol=5e-15)


def test_an_encoder_that_says_nothing_has_no_kl():
    vae = network()
    for name in ("W_mu", "b_mu", "W_logvar", "b_logvar"):
        vae.params[name][...] = 0
    assert mean_kl_per_dim(vae, images()).tolist() == [0, 0, 0]
    loss, recon, kl = neg_elbo(vae, images())
    assert kl == 0 and loss == recon > 0


def test_the_kl_of_a_dimension_in_closed_form():
    """KL(N(m, s^2), N(0, 1)) = (m^2 + s^2 - 1)/2 - ln s, in the order of the latent dimensions."""
    vae, m, s = network(), np.array([0.0, 1.5, -2.0]), np.array([0.5, 1.0, 3.0])
    vae.params["W_mu"][...] = vae.params["W_logvar"][...] = 0
    vae.params["b_mu"][...], vae.params["b_logvar"][...] = m, np.log(s ** 2)
    expected = (m ** 2 + s ** 2 - 1) / 2 - np.log(s)
    found = mean_kl_per_dim(vae, images())
    np.testing.assert_allclose(found, expected, rtol=2e-15)      # measured: 2e-16


# ---------------------------------------------------------------------- samples, masks and bytes

def pixels(seed=4, n=23):
    """Bytes, as the data sets hold them, and a mask with a hidden row among them."""
    rng = np.random.default_rng(seed)
    mask = rng.random((n, 7)) < 0.6
    mask[3] = False
    return rng.integers(0, 256, (n, 7), np.uint8), mask


def test_the_mean_over_samples_is_the_mean_over_calls_with_one_generator():
    vae, x, rng = network(), images(), np.random.default_rng(7)
    one_by_one = [neg_elbo(vae, x, rng) for _ in range(5)]
    assert len({loss for loss, _, _ in one_by_one}) == 5
    found = neg_elbo(vae, x, 7, num_samples=5)
    np.testing.assert_allclose(found, np.mean(one_by_one, axis=0), rtol=4e-15)  # measured: 4e-16


def test_a_single_batch_in_float32_loses_no_more_digits():
    vae, x = network(dtype="float32"), images()
    expected = np.array(vae.loss(x, noise()), float)
    np.testing.assert_allclose(neg_elbo(vae, x, 7), expected, rtol=1e-15)       # measured: 1e-16


@pytest.mark.parametrize("batch_size", [1, 4, 22, 1000])
def test_several_samples_in_batches_are_weighted_like_one(batch_size):
    """With so narrow a posterior that the noise is gone, neither samples nor batches can change
    anything.
    """
    vae, x = network("gaussian"), images() ** 4 * 100
    vae.params["b_logvar"][...] = -100
    vae.params["W_logvar"][...] = 0
    expected = np.array(vae.loss(x, np.zeros((23, 3))))
    found = neg_elbo(vae, x, 7, batch_size, num_samples=3)
    np.testing.assert_allclose(found, expected, rtol=9e-15)      # measured: 1e-15


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("batch_size", [1, 4, 1000])
def test_the_mask_of_a_row_stays_with_the_row(batch_size, likelihood):
    vae, (x, mask) = network(likelihood), pixels()
    x = np.where(mask, x / 255, np.nan)                          # nobody looks there
    expected = vae.loss(x, noise(), mask=mask)
    found = neg_elbo(vae, x, 7, batch_size, mask=mask)
    np.testing.assert_allclose(found, expected, rtol=4e-15)      # measured: 4e-16
    autoencoder = Autoencoder(**vae.settings)
    expected = autoencoder.loss(x, mask)
    assert expected != autoencoder.loss(np.nan_to_num(x))
    found = reconstruction_loss(autoencoder, x, batch_size, mask)
    np.testing.assert_allclose(found, expected, rtol=4e-15)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_bytes_are_divided_by_255(dtype):
    vae, (x, mask) = network(dtype=dtype), pixels()
    autoencoder, floats = Autoencoder(**vae.settings), (x / 255).astype(dtype)
    assert neg_elbo(vae, x, 7, 10, 2, mask) == neg_elbo(vae, floats, 7, 10, 2, mask)
    expected = reconstruction_loss(autoencoder, floats, 10, mask)
    assert reconstruction_loss(autoencoder, x, 10, mask) == expected
    assert np.array_equal(encode(autoencoder, x), encode(autoencoder, floats))
    assert np.array_equal(mean_kl_per_dim(vae, x), mean_kl_per_dim(vae, floats))
    assert np.array_equal(log_likelihood(vae, x, 10), log_likelihood(vae, floats, 10))
    assert np.array_equal(impute(vae, x, mask), impute(vae, floats, mask))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch_size", [1, 4, 22, 23, 1000])
def test_the_loss_of_an_autoencoder_is_that_of_the_whole_set(batch_size, dtype):
    autoencoder, x = Autoencoder(7, 5, 3, "gaussian", x_std=0.5, dtype=dtype), images() ** 4 * 10
    found = reconstruction_loss(autoencoder, x, batch_size)
    assert type(found) is float
    assert mean_loss(autoencoder, x, batch_size=batch_size) == (found, found, 0.0)
    np.testing.assert_allclose(found, autoencoder.loss(x), rtol=TOLERANCE[dtype])


@pytest.mark.parametrize("batch_size", [1, 4, 22, 23, 1000])
def test_codes_come_in_the_order_of_the_rows(batch_size):
    vae, x = network(), images()
    mu, logvar = encode(vae, x, batch_size)
    autoencoder = Autoencoder(7, 5, 3)
    z = encode(autoencoder, x, batch_size)
    np.testing.assert_allclose([mu, logvar], vae.encode(x), rtol=0, atol=2e-15)      # 2e-16
    np.testing.assert_allclose(z, autoencoder.encode(x), rtol=0, atol=2e-15)


# ---------------------------------------------------------------------- active units

def copying(D, dtype="float64"):
    """A VAE whose mu is x itself, to the bit: H holds max(x, 0) and max(-x, 0)."""
    vae = VAE(D, 2 * D, D, "gaussian", dtype=dtype)
    for param in vae.params.values():
        param[...] = 0
    vae.params["W1"][...] = np.hstack([np.eye(D), -np.eye(D)])
    vae.params["W_mu"][...] = vae.params["W1"].T
    return vae


def test_a_unit_is_active_where_the_variance_of_its_mean_is_above_one_hundredth():
    scales = np.array([0.0, 0.09999, 0.10001, 0.0, 3.0])
    x = np.array([[-1.0], [1.0], [1.0], [-1.0]]) * scales + np.array([0.0, 5.0, 5.0, 5.0, 0.0])
    vae = copying(5)
    assert np.array_equal(vae.encode(x)[0], x)
    found = active_units(vae, x)
    assert found.dtype == bool and found.tolist() == [False, False, True, False, True]
    at = 0.02 ** 0.5 * np.array([[-1.0], [1.0], [0.0], [0.0]])
    assert at.var() == 0.01 and not active_units(copying(1), at).any()           # above, not at


def test_a_constant_unit_is_inactive_though_float32_cannot_add_it_up():
    x = np.tile(np.float32([100_000.1, 0.11]), (20_000, 1))
    x[::2, 1] = -0.11
    assert x.var(axis=0)[0] > 0.1                                # in float32
    assert active_units(copying(2, "float32"), x).tolist() == [False, True]


def test_active_units_are_those_of_the_means_by_hand():
    vae, x = network(), images()
    vae.params["W_mu"][...] *= [1, 3, 0]
    expected = [np.mean((mu - np.mean(mu)) ** 2) > 0.01 for mu in vae.encode(x)[0].T]
    assert active_units(vae, x).tolist() == expected == [False, True, False]


# ---------------------------------------------------------------------- log p(x)

@pytest.mark.parametrize("num_samples", [1, 2, 23, 300])         # even for one, whatever its noise
def test_it_is_exact_for_any_number_of_samples_where_the_posterior_is(num_samples):
    for seed in range(4):
        vae, log_p, x = exact(seed=seed)
        found = log_likelihood(vae, x, num_samples, rng=seed)
        assert found.shape == (250,) and found.dtype == np.float64 and np.ptp(found) > 5
        np.testing.assert_allclose(found, log_p(x), rtol=0, atol=1e-12)  # measured over 50: 1.4e-13


@pytest.mark.parametrize("seed", range(4))
def test_the_elbo_is_log_p_less_the_kl_to_the_true_posterior(seed):
    # log p(x) - ELBO = KL(q(z given x), p(z given x)) (Kingma & Welling 2014, equation 1). The loss
    # is of the second degree in eps, so the 2 Z noises ±√Z e_j, whose mean is 0 and whose
    # covariance is I, give its expectation exactly.
    vae, log_p, x = exact(seed=seed)
    noises = 3 ** 0.5 * np.vstack([np.eye(3), -np.eye(3)])
    kl = 0.0    # first round: q is the exact posterior, so the bound is tight
    for _ in range(2):
        for rows in (x[:1], x):
            elbo = -np.mean([vae.loss(rows, np.tile(eps, (len(rows), 1)))[0] for eps in noises])
            expected = log_p(rows).mean() - kl
            assert elbo == pytest.approx(expected, rel=0, abs=1e-12)      # measured: 4e-14
        kl, _ = spoil(vae)


def test_the_elbo_the_importance_weighted_bounds_and_log_p_stand_in_this_order():
    vae, log_p, x = exact()
    kl, variance = spoil(vae)
    runs = range(30)
    bounds = [[-neg_elbo(vae, x, seed)[0] for seed in runs]]
    bounds += [[log_likelihood(vae, x, K, rng=1000 * K + seed).mean() for seed in runs]
               for K in (1, 2, 5, 20, 100)]
    # The last of the means is log p(x) itself, which has no error.
    means = np.append(np.mean(bounds, axis=1), log_p(x).mean())
    errors = np.append(np.std(bounds, axis=1, ddof=1) / np.sqrt(len(runs)), 0)
    apart = np.hypot(errors[1:], errors[:-1])
    assert np.all(np.diff(means) > -4 * apart), (means, errors)
    # The bound rises with K: the order is no coincidence.
    assert np.all(np.diff(means)[1:-1] > 8 * apart[1:-1])
    # One sample makes the ELBO of it; K leave Var w / (2 K (E w)²) to log p, up to 1/K² (Nowozin
    # 2018, proposition 1).
    below, band = means[-1] - means, 4 * errors
    assert abs(below[0] - kl) < band[0] < kl / 4 and abs(below[1] - kl) < band[1] < kl / 4
    assert abs(below[4] - variance / 40) < band[4] < variance / 80


def log_normal(x, mean, std):
    return -0.5 * ((x - mean) / std) ** 2 - np.log(std) - 0.5 * np.log(2 * np.pi)


def log_p_of_pixels(vae, x, z):
    """log p(x given z) by the definitions: x (N, D), z (…, Z)  ->  (…, N)"""
    probs = vae.decode(z.reshape(-1, vae.latent_dim)).reshape(*z.shape[:-1], 1, -1)
    if vae.likelihood == "bernoulli":
        return (x * np.log(probs) + (1 - x) * np.log(1 - probs)).sum(axis=-1)
    return log_normal(x, probs, vae.x_std).sum(axis=-1)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("latent_dim, step", [(1, 0.01), (2, 0.06)])
def test_it_is_the_integral_over_the_latent_plane(latent_dim, step, likelihood):
    vae, K = VAE(4, 6, latent_dim, likelihood, x_std=0.8, rng=8), 20_000
    for name in ("W_mu", "W3", "W4"):
        vae.params[name][...] *= 3
    vae.params["b_logvar"][...] = 0.3                        # wide enough for the weights to vary
    x = np.random.default_rng(2).random((8, 4))
    line = np.arange(-9, 9, step)
    z = np.stack(np.meshgrid(*[line] * latent_dim), axis=-1).reshape(-1, latent_dim)
    mu, logvar = vae.encode(x)
    log_p_xz = log_p_of_pixels(vae, x, z) + log_normal(z, 0, 1).sum(axis=1)[:, None]
    log_q = log_normal(z[:, None], mu, np.exp(0.5 * logvar)).sum(axis=-1)
    cell = step ** latent_dim
    expected = np.log(np.exp(log_p_xz).sum(axis=0) * cell)       # ∫ p(x, z) dz
    second = np.log(np.exp(2 * log_p_xz - log_q).sum(axis=0) * cell)     # ∫ p(x, z)² / q dz
    # relative standard error of the mean weight = standard error of its logarithm
    error = np.sqrt(np.expm1(second - 2 * expected) / K)
    # Over 20 seeds, (found - expected) / error has a root mean square of 0.85 to 1.05; the grid is
    # off by 3e-5 at most.
    assert np.all(error < 0.015) and np.ptp(expected) > 20 * error.max()
    found = log_likelihood(vae, x, K, rng=1)
    assert np.all(np.abs(found - expected) < 4 * error)
    assert np.any(np.abs(found - expected) > 0.1 * error)        # an estimate, not a coincidence


@pytest.mark.parametrize("batch", [1, 50, 1000, 10 ** 9])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_it_is_the_mean_weight_however_the_samples_are_cut(batch, likelihood, monkeypatch):
    # The batch sizes make it draw 1, 2, 43 (with a rest of 14) or all 100 samples at a time.
    monkeypatch.setattr("numpyvae.evaluate.BATCH", batch)
    vae, x, K = network(likelihood), images(), 100
    mu, logvar = vae.encode(x)
    std = np.exp(0.5 * logvar)
    z = mu + std * np.random.default_rng(5).standard_normal((K, 23, 3))
    log_pixels = np.stack([log_p_of_pixels(vae, x[n:n + 1], z[:, n])[:, 0] for n in range(23)],
                          axis=1)
    log_w = log_pixels + (log_normal(z, 0, 1) - log_normal(z, mu, std)).sum(axis=-1)
    assert np.all(np.std(log_w, axis=0) > 0.4)           # otherwise the mean would not be tested
    found, expected = log_likelihood(vae, x, K, rng=5), np.log(np.exp(log_w).mean(axis=0))
    np.testing.assert_allclose(found, expected, rtol=3e-15)      # measured: 3e-16


def test_it_starts_at_the_elbo_and_rises_with_the_number_of_samples():
    vae, x = network("gaussian"), np.random.default_rng(3).random((400, 7))
    vae.params["b_mu"][...] = 1                                  # an encoder that is far off
    elbos = np.concatenate([log_likelihood(vae, x, 1, rng=seed) for seed in range(20)])
    error = elbos.std() / np.sqrt(elbos.size)
    assert abs(elbos.mean() + neg_elbo(vae, x, num_samples=20)[0]) < 4 * 2 ** 0.5 * error
    means = [elbos.mean()] + [log_likelihood(vae, x, K).mean() for K in (5, 50, 500)]
    assert np.all(np.diff(means) > [10 * error, 10 * error, 2 * error]), (means, error)


def test_weights_that_no_float_can_hold_are_no_matter():
    vae, log_p, x = exact(D=300, Z=2, x_std=0.001)
    found = log_likelihood(vae, x[:2], 5)
    assert np.all(found > 1000)                                  # exp of which is infinite
    np.testing.assert_allclose(found, log_p(x[:2]), rtol=5e-12)  # measured: 6e-13
    vae.params["b_logvar"][...] += 12                            # weights that lie thousands apart
    rng = np.random.default_rng(7)
    one_by_one = np.concatenate([log_likelihood(vae, x[:1], 1, rng) for _ in range(5)])
    assert np.ptp(one_by_one) > 2000
    with silence_required():
        found = log_likelihood(vae, x[:1], 5, rng=7)
    expected = np.logaddexp.reduce(one_by_one) - np.log(5)
    np.testing.assert_allclose(found, expected, rtol=2e-12)      # measured: 2e-13


def test_in_float32_it_is_nearly_the_same_and_still_reported_in_float64():
    vae, single = network(), network(dtype="float32")
    found = log_likelihood(single, images(), 100, rng=1)
    assert found.dtype == np.float64
    expected = log_likelihood(vae, images(), 100, rng=1)
    np.testing.assert_allclose(found, expected, rtol=1e-6)       # measured: 1.1e-7


def test_in_float32_one_sample_weighs_what_its_loss_says_to_the_bit():
    vae, x = network(dtype="float32"), images()
    eps = np.random.default_rng(5).standard_normal((1, 3)).astype("float32")
    for alone in x[:, None]:
        mu, logvar = vae.encode(alone)
        z = vae.reparameterize(mu, logvar, eps)
        _, recon, _ = vae.loss(alone, eps)
        weight = 0.5 * np.sum(eps * eps - z * z + logvar, dtype=np.float64) - recon
        assert log_likelihood(vae, alone, 1, rng=5).tolist() == [weight]
    assert np.array_equal(log_likelihood(vae, x, 9), log_likelihood(vae, x.astype("float32"), 9))


def test_what_is_drawn_when_nobody_says_how():
    vae, x, (_, mask) = network(), images(), pixels()
    assert np.array_equal(log_likelihood(vae, x), log_likelihood(vae, x, num_samples=500, rng=0))
    assert np.array_equal(impute(vae, x, mask), impute(vae, x, mask, num_samples=1, rng=0))


def test_it_reports_how_far_it_is():
    vae, log_p, x = exact(D=2, Z=1)
    for n, K, expected in ((250, 3, [100, 200, 250]), (1, 3, [1]), (6, 200_000, [5, 6]),
                           (2, 1_000_001, [1, 2])):
        counts = []
        found = log_likelihood(vae, x[:n], K, on_batch=counts.append)
        assert counts == expected and len(found) == n
        np.testing.assert_allclose(found, log_p(x[:n]), rtol=0, atol=1e-12)


# Measured: 6e6 and 24e6.
@pytest.mark.parametrize("n, K, D, bound", [(200, 2_000, 50, 20e6), (8, 250_000, 2, 40e6)])
def test_its_memory_is_bounded(n, K, D, bound):
    vae, x = VAE(D, 4, 1), np.full((n, D), 0.5)
    tracemalloc.start()
    try:
        log_likelihood(vae, x, K)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < bound


# ---------------------------------------------------------------------- imputation

@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_missing_pixels_are_decoded_from_samples_given_the_observed_ones(likelihood, dtype):
    vae, (x, mask) = network(likelihood, dtype), pixels()
    x = (x / 255).astype(dtype)
    found = impute(vae, np.where(mask, x, np.nan), mask, num_samples=4, rng=5)
    assert found.shape == (4, 23, 7) and found.dtype == dtype
    assert np.array_equal(found[:, mask], np.tile(x[mask], (4, 1)))  # observed: to the bit
    mu, logvar = vae.encode(np.where(mask, x, 0))
    for sample, eps in zip(found, np.random.default_rng(5).standard_normal((4, 23, 3))):
        assert np.array_equal(sample[~mask], vae.decode(vae.reparameterize(mu, logvar, eps))[~mask])
    assert np.all(np.ptp(found[:, ~mask], axis=0) > 0)           # another in every sample
    again = impute(vae, np.where(mask, x, -np.inf), mask, 4, np.random.default_rng(5))
    assert np.array_equal(found, again)
    assert not np.array_equal(found, impute(vae, x, mask, 4, 6))
    assert np.array_equal(impute(vae, x, mask, rng=5), found[:1])


def test_nothing_is_imputed_where_everything_was_observed():
    x, mask = pixels()
    assert np.array_equal(impute(network(), x, np.ones_like(mask), 2), np.stack([x / 255] * 2))


# ---------------------------------------------------------------------- bad input

@pytest.mark.parametrize("function", [
    neg_elbo, mean_kl_per_dim, encode, active_units, log_likelihood,
    lambda vae, x: reconstruction_loss(Autoencoder(**vae.settings), x),
    lambda vae, x: impute(vae, x, np.ones(np.shape(x), bool))])
@pytest.mark.parametrize("x, message", [
    (np.zeros((0, 7)), "at least one example"),
    (np.zeros((4, 6)), r"\(4, 6\)"),
    (np.zeros(7), r"\(7,\)"),
    (np.array(0.5), r"\(\)"),
    (np.full((4, 7), np.nan), "NaN"),
    (np.full((4, 7), 1.5), r"\[0, 1\]")])
def test_data_that_cannot_be_used(function, x, message):
    with pytest.raises(ValueError, match=message):
        function(network(), x)


def test_a_bad_image_beyond_the_first_batch():
    x = images()
    x[-1, -1] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        neg_elbo(network(), x, batch_size=5)


@pytest.mark.parametrize("options, error", [
    ({"batch_size": 0}, ValueError),
    ({"batch_size": -5}, ValueError),
    ({"batch_size": 2.5}, TypeError),
    ({"rng": -1}, TypeError),
    ({"rng": "seven"}, TypeError)])
def test_options_that_cannot_be_used(options, error):
    with pytest.raises(error, match=next(iter(options))):
        neg_elbo(network(), images(), **options)


@pytest.mark.parametrize("call, error, message", [
    (lambda vae, x, mask: neg_elbo(vae, x, num_samples=0), ValueError,
     "num_samples: expected a whole"),
    (lambda vae, x, mask: neg_elbo(vae, x, num_samples=1.5), TypeError, "num_samples"),
    (lambda vae, x, mask: neg_elbo(vae, x, mask=mask * 1), TypeError, "mask: expected booleans"),
    (lambda vae, x, mask: neg_elbo(vae, x, mask=mask[:-1]), ValueError,
     r"mask: expected the shape of x, \(23, 7\)"),
    (lambda vae, x, mask: neg_elbo(vae, x[:-1], batch_size=22, mask=mask), ValueError,
     r"of x, \(22, 7\), got \(23, 7"),
    (lambda vae, x, mask: reconstruction_loss(Autoencoder(7, 5, 3), x, mask=mask[:, 1:]),
     ValueError, "mask: expected"),
    (lambda vae, x, mask: reconstruction_loss(Autoencoder(7, 5, 3), x, batch_size=0), ValueError,
     "batch_size"),
    (lambda vae, x, mask: encode(vae, x, 2.5), TypeError, "^batch_size: "),
    (lambda vae, x, mask: log_likelihood(vae, x, 0), ValueError, "^num_samples: "),
    (lambda vae, x, mask: log_likelihood(vae, x, True), TypeError, "num_samples"),
    (lambda vae, x, mask: log_likelihood(vae, x, 5, "seven"), TypeError, "rng: expected a seed"),
    (lambda vae, x, mask: impute(vae, x, mask, 0), ValueError, "^num_samples: "),
    (lambda vae, x, mask: impute(vae, x, mask, rng=-1), TypeError, "rng: expected a seed"),
    (lambda vae, x, mask: impute(vae, x, mask.astype(np.uint8)), TypeError,
     "mask: expected booleans"),
    (lambda vae, x, mask: impute(vae, x, mask[0]), ValueError,
     r"mask: expected the shape of x, \(23, 7\), got"),
    (lambda vae, x, mask: impute(vae, np.where(mask, np.nan, x), mask), ValueError,
     "x: expected finite")])
def test_bad_arguments_are_refused_by_name(call, error, message):
    with pytest.raises(error, match=message):
        call(network(), images(), pixels()[1])


@pytest.mark.parametrize("batch_size", [1, 4, 22])
def test_the_batch_size_does_not_say_who_gets_which_noise(batch_size):
    np.testing.assert_allclose(neg_elbo(network(), images(), 7, batch_size, num_samples=3),
                               neg_elbo(network(), images(), 7, num_samples=3), rtol=5e-15)


@pytest.mark.parametrize("function", [neg_elbo, mean_kl_per_dim, active_units, log_likelihood,
                                      lambda model, x: impute(model, x, x > 0)])
def test_what_needs_a_distribution_refuses_an_ordinary_auto_encoder(function):
    with pytest.raises(TypeError, match="expected a network of the class VAE, got Autoencoder"):
        # With two rows, its codes could be mistaken for (mu, logvar).
        function(Autoencoder(7, 5, 3), images()[:2])
    with pytest.raises(TypeError, match="expected a network of the class Autoencoder, got VAE"):
        reconstruction_loss(network(), images())


# ---------------------------------------------------------------------- the relatives of the VAE

def conditional(dtype="float64"):
    """A conditional VAE whose means and codes lie apart, with labels for `images()`."""
    cvae = ConditionalVAE(7, 5, 3, 4, x_std=0.5, rng=1, dtype=dtype)
    cvae.params["M"] *= 10
    cvae.params["W_mu"] *= 3
    return cvae, np.random.default_rng(3).integers(0, 4, 23)


@pytest.mark.parametrize("batch_size", [1, 4, 22, 1000])
def test_every_example_keeps_its_label(batch_size):
    (cvae, y), x, (_, mask) = conditional(), images(), pixels()
    found = neg_elbo(cvae, x, 7, batch_size, mask=mask, y=y)
    np.testing.assert_allclose(found, cvae.loss(x, y, noise(), mask=mask), rtol=5e-15)
    assert mean_loss(cvae, x, 7, batch_size, mask=mask, y=y) == found
    per_dim = mean_kl_per_dim(cvae, x, y)
    np.testing.assert_allclose(per_dim.sum(), neg_elbo(cvae, x, y=y)[2], rtol=5e-15)
    assert per_dim.sum() != mean_kl_per_dim(cvae, x, np.roll(y, 1)).sum()
    # no other model has any use for labels
    assert neg_elbo(network(), x, 7, batch_size, y=y) == neg_elbo(network(), x, 7, batch_size)


def test_the_log_likelihood_of_a_conditional_vae_is_that_of_x_given_y():
    # p(x given y) = N(c + M_y A, ·), and q is its exact posterior once μ has moved by V M_y.
    vae, log_p, x = exact()
    cvae = ConditionalVAE(6, 6, 3, 2, "gaussian", vae.x_std)
    M = np.array([[0.3, -0.2, 0.1], [-0.1, 0.0, 0.2]])
    A = vae.decode(np.eye(3)) - vae.decode(np.zeros((1, 3)))
    V = np.exp(vae.params["b_logvar"])
    for label in (0, 1):
        cvae.params = {**vae.params, "M": M, "b_mu": vae.params["b_mu"] + V * M[label]}
        y = np.full(len(x), label)
        found = log_likelihood(cvae, x, 3, y=y)
        np.testing.assert_allclose(found, log_p(x - M[label] @ A), rtol=0, atol=1e-12)
        assert np.abs(found - log_likelihood(cvae, x, 3, y=1 - y)).max() > 1
    cvae.params["M"][...] = 0
    twin = with_params(vae, cvae)
    assert np.array_equal(log_likelihood(cvae, x, 9, y=y), log_likelihood(twin, x, 9))


def with_params(vae, other):
    """A VAE with the parameters of a relative."""
    twin = VAE(**vae.settings)
    twin.params = {name: other.params[name] for name in twin.params}
    return twin


@pytest.mark.parametrize("batch_size", [1, 5, 1000])
def test_the_accuracy_is_the_share_of_examples_whose_nearest_mean_is_their_classs(batch_size):
    (cvae, y), x = conditional(), images()
    mu, _ = cvae.encode(x)
    right = [min(range(4), key=lambda c: sum((m - cvae.params["M"][c]) ** 2)) == label
             for m, label in zip(mu, y)]
    assert accuracy(cvae, x, y, batch_size) == sum(right) / 23
    assert 0 < sum(right) < 23
    bytes_of_x = pixels()[0]
    assert accuracy(cvae, bytes_of_x, y) == accuracy(cvae, bytes_of_x / 255, y)
    named = cvae.classify(x)
    assert accuracy(cvae, x, named) == 1 and accuracy(cvae, x, (named + 1) % 4) == 0


@pytest.mark.parametrize("function", [neg_elbo, mean_loss, mean_kl_per_dim, log_likelihood,
                                      lambda cvae, x, y: accuracy(cvae, x, y)])
@pytest.mark.parametrize("y, error, message", [
    (None, ValueError, "^y: expected a label for each example, got none"),
    (np.zeros(22, int), ValueError, r"^y: expected shape \(23,\), one label .*, got \(22,\)"),
    (np.full(23, 4), ValueError, "^y: expected labels from 0 to 3, got 4 to 4"),
    (np.zeros(23), TypeError, "^y: expected labels that are whole numbers, got dtype float64")])
def test_a_conditional_vae_is_not_judged_without_its_labels(function, y, error, message):
    with pytest.raises(error, match=message):
        function(conditional()[0], images(), y=y)


def test_a_network_without_class_means_has_no_accuracy():
    with pytest.raises(TypeError, match="expected a network of the class ConditionalVAE, got VAE"):
        accuracy(network(), images(), np.zeros(23, int))


def test_codes_units_and_missing_pixels_of_a_conditional_vae_are_those_of_its_encoder():
    (cvae, _), x, (_, mask) = conditional(), images(), pixels()
    vae = with_params(network(), cvae)
    assert np.array_equal(encode(cvae, x), encode(vae, x))
    assert np.array_equal(active_units(cvae, x), active_units(vae, x))
    assert np.array_equal(impute(cvae, x, mask), impute(vae, x, mask))


@pytest.mark.parametrize("batch_size", [1, 4, 10, 1000])
def test_the_loss_of_an_iwae_is_its_own_bound_and_its_elbo_the_vaes(batch_size):
    iwae, x, (_, mask) = IWAE(7, 5, 3, rng=1, num_samples=6), images(), pixels()
    iwae.params["W3"] *= 3
    eps = np.random.default_rng(7).standard_normal((23, 6, 3))
    loss, recon, kl = iwae.loss(x, eps, mask)
    found = mean_loss(iwae, x, 7, batch_size, mask=mask)
    np.testing.assert_allclose(found, (loss, recon, kl), rtol=5e-15)
    bound = neg_elbo(iwae, x, 7, batch_size, mask=mask)
    np.testing.assert_allclose(bound, (recon + kl, recon, kl), rtol=5e-15)
    assert loss < recon + kl - 0.01
    vae = with_params(network(), iwae)
    samples = [vae.loss(x, eps[:, k], mask=mask)[0] for k in range(6)]
    np.testing.assert_allclose(bound[0], np.mean(samples), rtol=5e-15)
    for function in (log_likelihood, mean_kl_per_dim, active_units, encode):
        assert np.array_equal(function(iwae, x), function(vae, x))
    assert np.array_equal(impute(iwae, x, mask), impute(vae, x, mask))


def test_the_memory_of_an_iwae_s_loss_is_that_of_a_vae_s():
    x = np.full((1000, 200), 0.5)
    peaks = []
    for model in (VAE(200, 4, 1), IWAE(200, 4, 1, num_samples=50)):
        tracemalloc.start()
        try:
            mean_loss(model, x)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0]                               # not fifty times


# ---------------------------------------------------------------------- large images

def test_of_large_images_few_are_floats_at_a_time(monkeypatch):
    """As many as have so many pixels; the results are the same but for rounding."""
    vae, x, rows = network(), images(), []
    as_they_are = vae.encode
    expected = mean_kl_per_dim(vae, x), neg_elbo(vae, x, 7), encode(vae, x)
    monkeypatch.setattr(evaluate, "PIXELS", 30)                  # of 7 each: 4 images
    monkeypatch.setattr(vae, "encode", lambda x: rows.append(len(x)) or as_they_are(x))
    found = mean_kl_per_dim(vae, x), neg_elbo(vae, x, 7), encode(vae, x)
    for one, other in zip(found, expected):
        np.testing.assert_allclose(one, other, rtol=1e-13)       # measured: 3e-15
    log_likelihood(vae, x, 20, rng=5)
    assert max(rows) == 4 and sum(rows) == 3 * 23                # the loss encodes in its own way
    monkeypatch.setattr(evaluate, "PIXELS", 1)                   # less than one image
    log_likelihood(vae, x, 20, rng=5)
    assert max(rows[-23:]) == 1 and sum(rows) == 4 * 23
