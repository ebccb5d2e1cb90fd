"""What a network is worth: the loss over a data set does not depend on how it is cut into batches."""
import numpy as np
import pytest

from numpyvae import VAE
from numpyvae.evaluate import mean_kl_per_dim, neg_elbo

# Measured over 200 networks, both likelihoods and five batch sizes: 5e-16 in float64, 3e-7 in float32.
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


@pytest.mark.parametrize("batch_size", [1, 4, 6, 12])
def test_batches_that_divide_the_set(batch_size):
    vae = network()
    expected = vae.loss(images(12), noise(12))
    np.testing.assert_allclose(neg_elbo(vae, images(12), 7, batch_size=batch_size), expected, rtol=5e-15)


def test_an_odd_image_in_the_last_batch_counts_once():
    """Twenty white images and one of huge numbers: as a batch of its own, it would count for twenty if not weighted."""
    vae = network("gaussian")
    x = np.vstack([np.zeros((20, 7)), np.full((1, 7), 1000.0)])
    loss, recon, kl = neg_elbo(vae, x, 7, batch_size=20)
    alone = vae.loss(x[20:], noise(21)[20:])
    others = vae.loss(x[:20], noise(21)[:20])
    assert alone[1] > 1e6 * others[1]                            # so that the weights are all that matters
    np.testing.assert_allclose((loss, recon, kl), (np.array(alone) + 20 * np.array(others)) / 21, rtol=5e-15)


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
    assert np.array_equal(x, kept) and all(np.array_equal(vae.params[name], params[name]) for name in params)


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
    # measured: 2e-16
    np.testing.assert_allclose(mean_kl_per_dim(vae, images()), (m ** 2 + s ** 2 - 1) / 2 - np.log(s), rtol=2e-15)


# ---------------------------------------------------------------------- bad input

@pytest.mark.parametrize("function", [neg_elbo, mean_kl_per_dim])
@pytest.mark.parametrize("x, message", [
    (np.zeros((0, 7)), "at least one example"),
    (np.zeros((4, 6)), r"\(4, 6\)"),
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
    ({"batch_size": 0}, ValueError), ({"batch_size": -5}, ValueError), ({"batch_size": 2.5}, TypeError),
    ({"rng": -1}, TypeError), ({"rng": "seven"}, TypeError)])
def test_options_that_cannot_be_used(options, error):
    with pytest.raises(error, match=next(iter(options))):
        neg_elbo(network(), images(), **options)
