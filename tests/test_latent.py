"""The reparameterization against its moments, the KL divergences against quadrature and exact
arithmetic, the densities against the standard library's.
"""
from decimal import Decimal, getcontext
from math import log
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import check_pair, draw, seeds, silence_required, sizes
from numpyvae.latent import (kl_divergence, kl_divergence_backward, kl_per_dim, kl_to_class,
                             kl_to_class_backward, log_posterior, log_posterior_backward, log_prior,
                             log_prior_backward, reparameterize, reparameterize_backward)


@given(sizes, sizes, seeds)
def test_reparameterize_backward(N, Z, seed):
    # The noise is a constant: the backward has gradients for the first two arguments only.
    check_pair(reparameterize, reparameterize_backward, draw(seed, (N, Z), (N, Z), (N, Z)),
               (0, 1), seed + 1)


@given(sizes, sizes, seeds)
def test_kl_divergence_backward(N, Z, seed):
    args = draw(seed, (N, Z), (N, Z))
    check_pair(kl_divergence, kl_divergence_backward, args, (0, 1), seed + 1)


@given(sizes, sizes, st.integers(1, 4), seeds)
def test_kl_to_class_backward(N, Z, C, seed):
    mu, logvar, M = draw(seed, (N, Z), (N, Z), (C, Z))
    y = np.random.default_rng(seed).integers(0, C, N)
    check_pair(kl_to_class, kl_to_class_backward, (mu, logvar, M, y), (0, 1, 2), seed + 1)


@given(sizes, sizes, seeds)
def test_log_prior_and_log_posterior_backward(N, Z, seed):
    z, logvar, eps = draw(seed, (N, Z), (N, Z), (N, Z))
    check_pair(log_prior, log_prior_backward, (z,), (0,), seed + 1)
    check_pair(log_posterior, log_posterior_backward, (logvar, eps), (0,), seed + 1)


@given(sizes, sizes, seeds)
def test_noise_of_exact_moments_shows_mean_and_covariance_exactly(N, Z, seed):
    # The 2 Z noises ±√Z e_j have mean 0 and covariance I, so their samples have mean μ and
    # covariance diag(σ²).
    mu, logvar = draw(seed, (N, Z), (N, Z))
    noises = np.sqrt(Z) * np.vstack([np.eye(Z), -np.eye(Z)])
    z = np.array([reparameterize(mu, logvar, np.tile(eps, (N, 1))) for eps in noises])
    tight = {"rtol": 9e-15, "atol": 9e-15}           # measured over 3,000: 9e-16, both
    np.testing.assert_allclose(z.mean(axis=0), mu, **tight)
    for n in range(N):
        np.testing.assert_allclose(np.cov(z[:, n].T, bias=True).reshape(Z, Z),
                                   np.diag(np.exp(logvar[n])), **tight)


def test_samples_have_the_posteriors_mean_and_variance():
    n = 200_000
    eps = np.random.default_rng(0).standard_normal((n, 1))
    for mu, logvar in [(0.0, 0.0), (1.5, -2.0), (-3.0, 1.3)]:
        z = reparameterize(np.full((n, 1), mu), np.full((n, 1), logvar), eps)
        variance = np.exp(logvar)
        assert abs(z.mean() - mu) < 4 * np.sqrt(variance / n)        # four standard errors
        assert abs(z.var() - variance) < 4 * variance * np.sqrt(2 / n)


def kl_by_quadrature(mu, logvar, prior_mean=0.0):
    """KL = ∫ q (log q - log p) dz, by the trapezoid rule over ± 12 standard deviations, where it
    converges fast.

    z = μ + σ t, so that the rule's nodes t are the same for any σ, and q dz = φ(t) dt
    """
    std = np.exp(0.5 * logvar)
    t = np.linspace(-12, 12, 1201)
    z = mu + std * t
    log_q = -0.5 * t ** 2 - np.log(std) - 0.5 * np.log(2 * np.pi)
    log_p = -0.5 * (z - prior_mean) ** 2 - 0.5 * np.log(2 * np.pi)
    return np.sum(np.exp(-0.5 * t ** 2) / np.sqrt(2 * np.pi) * (log_q - log_p)) * 0.02


@given(st.floats(-4, 4), st.floats(-4, 4))
def test_kl_against_quadrature_of_its_definition(mu, logvar):
    kl = kl_per_dim(np.array([[mu]]), np.array([[logvar]]))[0, 0]
    # Measured over 3,000: 7e-16, relative or absolute.
    assert kl == pytest.approx(kl_by_quadrature(mu, logvar), rel=7e-15, abs=7e-15)


def test_kl_on_a_grid_out_to_extreme_means_and_variances_against_quadrature():
    means   = np.array([-1e6, -30.0, -3.0, -0.5, 0.0, 1e-3, 1.0, 8.0, 1000.0])
    logvars = np.array([-80.0, -20.0, -4.0, -1.0, -1e-2, 0.0, 1e-2, 0.7, 5.0, 20.0, 80.0])
    mu, logvar = np.meshgrid(means, logvars, indexing="ij")
    expected = np.array([[kl_by_quadrature(m, v) for v in logvars] for m in means])
    found = kl_per_dim(mu, logvar)
    # Measured: 4e-16, relative or absolute.
    np.testing.assert_allclose(found, expected, rtol=4e-15, atol=4e-15)
    np.testing.assert_allclose(kl_divergence(mu, logvar), expected.sum(axis=1), rtol=4e-15)


@given(sizes, st.integers(1, 4), st.integers(1, 4), seeds)
def test_kl_to_class_is_the_integral_with_the_mean_of_the_examples_own_class(N, Z, C, seed):
    mu, logvar, M = draw(seed, (N, Z), (N, Z), (C, Z))
    y = np.random.default_rng(seed).integers(0, C, N)
    expected = [sum(kl_by_quadrature(mu[n, j], logvar[n, j], M[y[n], j]) for j in range(Z))
                for n in range(N)]
    # measured over 3,000: 7e-16
    np.testing.assert_allclose(kl_to_class(mu, logvar, M, y), expected, rtol=7e-15, atol=7e-15)
    assert np.array_equal(kl_to_class(mu, logvar, 0 * M, y), kl_divergence(mu, logvar))


def test_the_gradient_of_a_class_mean_is_the_sum_over_its_examples_and_zero_without_any():
    mu, logvar, M = draw(0, (6, 2), (6, 2), (4, 2))
    y, dkl = np.array([3, 0, 3, 3, 0, 1]), np.arange(1.0, 7.0)
    _, _, dM = kl_to_class_backward(dkl, mu, logvar, M, y)
    expected = np.zeros((4, 2))
    for n in range(6):
        expected[y[n]] -= dkl[n] * (mu[n] - M[y[n]])
    np.testing.assert_allclose(dM, expected, rtol=1e-14)
    assert not dM[2].any() and dM[[0, 1, 3]].all()
    out = np.full((4, 2), np.nan)
    assert kl_to_class_backward(dkl, mu, logvar, M, y, out)[2] is out
    assert np.array_equal(out, dM)


def test_the_best_mean_of_a_class_is_that_of_its_codes_and_saves_half_its_square():
    # Σ_n ½ |μ_n - M_c|² is least at the mean of the class's μ, by ½ π_c |M_c|² less than at 0.
    mu, logvar = draw(0, (50, 3), (50, 3))
    y = np.arange(50) % 4
    best = np.stack([mu[y == c].mean(axis=0) for c in range(4)])
    _, _, dM = kl_to_class_backward(np.ones(50), mu, logvar, best, y)
    assert np.abs(dM).max() < 1e-14                          # measured: 2e-15
    saved = (kl_divergence(mu, logvar) - kl_to_class(mu, logvar, best, y)).mean()
    shares = np.bincount(y) / 50
    assert saved == pytest.approx(0.5 * shares @ (best ** 2).sum(axis=1), rel=1e-13)


@given(sizes, sizes, seeds)
def test_log_densities_are_those_of_the_standard_library(N, Z, seed):
    mu, logvar, eps = draw(seed, (N, Z), (N, Z), (N, Z))
    z   = reparameterize(mu, logvar, eps)
    std = np.exp(0.5 * logvar)
    log_p = [sum(log(NormalDist().pdf(z[n, j])) for j in range(Z)) for n in range(N)]
    log_q = [sum(log(NormalDist(mu[n, j], std[n, j]).pdf(z[n, j])) for j in range(Z))
             for n in range(N)]
    # measured over 3,000: 4e-16, 9e-16
    np.testing.assert_allclose(log_prior(z), log_p, rtol=4e-15, atol=4e-15)
    np.testing.assert_allclose(log_posterior(logvar, eps), log_q, rtol=9e-15, atol=9e-15)


@given(sizes, sizes, seeds)
def test_kl_adds_up_over_dimensions_and_is_positive_but_at_the_prior(N, Z, seed):
    mu, logvar = draw(seed, (N, Z), (N, Z))
    kl = kl_divergence(mu, logvar)
    assert kl.shape == (N,)
    np.testing.assert_allclose(kl, [sum(row) for row in kl_per_dim(mu, logvar)], rtol=1e-14)
    assert (kl > 0).all()
    assert not kl_divergence(0 * mu, 0 * logvar).any()


def test_kl_keeps_its_digits_near_the_prior():
    getcontext().prec = 60
    for exponent in range(-9, 3):
        for logvar in (10.0 ** exponent, -10.0 ** exponent):
            exact = (Decimal(logvar).exp() - 1 - Decimal(logvar)) / 2
            kl = kl_per_dim(np.zeros((1, 1)), np.array([[logvar]]))[0, 0]
            # expm1(v) - v loses as many digits as v is small: half of them at 1e-8, where exp(v) -
            # 1 - v loses all.
            assert abs(Decimal(kl) - exact) <= Decimal(4e-16) * max(abs(Decimal(logvar)), exact)


def test_the_gradient_of_kl_keeps_its_digits_near_the_prior():
    logvar = np.array([[1e-9, -1e-12, 1e-15]])
    _, dlogvar = kl_divergence_backward(np.ones(1), 0 * logvar, logvar)
    np.testing.assert_allclose(dlogvar, logvar / 2 + logvar ** 2 / 4, rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_everything_is_finite_silent_and_right_for_logvar_from_minus_80_to_80(dtype):
    logvar = np.linspace(-80, 80, 161).astype(dtype)[:, None]
    mu, eps = np.full_like(logvar, 2), np.full_like(logvar, 1.5)
    with silence_required():
        z  = reparameterize(mu, logvar, eps)
        kl = kl_divergence(mu, logvar)
        of_z  = reparameterize_backward(np.ones_like(z), logvar, eps)
        of_kl = kl_divergence_backward(np.ones_like(kl), mu, logvar)
    exact = logvar[:, 0].astype(np.float64)
    tight = {"rtol": 20 * np.finfo(dtype).eps}
    np.testing.assert_allclose(z[:, 0], 2 + 1.5 * np.exp(exact / 2), **tight)
    np.testing.assert_allclose(kl, 0.5 * (4 + np.exp(exact) - 1 - exact), **tight)
    np.testing.assert_allclose(of_z[1][:, 0], 0.75 * np.exp(exact / 2), **tight)
    np.testing.assert_allclose(of_kl[1][:, 0], 0.5 * np.expm1(exact), **tight)
    for array in (z, kl, *of_z, *of_kl):
        assert array.dtype == dtype and np.isfinite(array).all()
