"""The reconstruction losses against their definitions, exact arithmetic and the standard library's normal density."""
import math
from decimal import Decimal, getcontext
from functools import cache
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import check_pair, draw, seeds, silence_required, sizes
from numpyvae.layers import sigmoid
from numpyvae.losses import (bernoulli_loss_backward, bernoulli_loss_forward, gaussian_loss_backward,
                             gaussian_loss_forward)


def pixels(seed, shape):
    return np.random.default_rng(seed).random(shape)


def a_mask(seed, shape):
    mask = np.random.default_rng(seed).random(shape) < 0.6
    mask.flat[0] = True                                          # else it might be empty, and nothing be tested
    return mask


@given(sizes, sizes, seeds, st.booleans())
def test_bernoulli_backward(N, D, seed, masked):
    mask = a_mask(seed, (N, D)) if masked else None
    args = [3 * draw(seed, (N, D))[0], pixels(seed, (N, D)), mask]
    check_pair(bernoulli_loss_forward, bernoulli_loss_backward, args, (0,), seed + 1)


@given(sizes, sizes, seeds, st.booleans(), st.floats(0.05, 5))
def test_gaussian_backward(N, D, seed, masked, x_std):
    mask = a_mask(seed, (N, D)) if masked else None
    args = [draw(seed, (N, D))[0], pixels(seed, (N, D)), x_std, mask]
    check_pair(gaussian_loss_forward, gaussian_loss_backward, args, (0,), seed + 1)


@given(sizes, sizes, seeds)
def test_bernoulli_is_minus_the_log_likelihood(N, D, seed):
    logits, x = 3 * draw(seed, (N, D))[0], pixels(seed, (N, D))
    recon, _ = bernoulli_loss_forward(logits, x)
    p = 1 / (1 + np.exp(-logits))
    np.testing.assert_allclose(recon, -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=1), rtol=1e-12)


@cache
def exact_softplus_and_sigmoid(logit):
    getcontext().prec = 500                                      # 1 + exp(-1000) needs 435 digits to differ from 1
    return (1 + Decimal(logit).exp()).ln(), 1 / (1 + Decimal(-logit).exp())


@pytest.mark.parametrize("x", [0.0, 1.0, 0.25, 0.7, 1e-9])
def test_bernoulli_against_exact_arithmetic_out_to_1000(x):
    getcontext().prec = 500
    logits = np.concatenate([np.linspace(-1000, 1000, 201), [-40.0, -1e-9, 0.0, 1e-9, 40.0]])[:, None]
    with silence_required():
        recon, kept = bernoulli_loss_forward(logits, np.full_like(logits, x))
        dlogits = bernoulli_loss_backward(np.ones(len(logits)), kept)
    for logit, loss, gradient in zip(logits[:, 0].tolist(), recon, dlogits[:, 0]):
        softplus, sigmoid_of_it = exact_softplus_and_sigmoid(logit)
        exact = softplus - Decimal(x) * Decimal(logit)
        # Measured: at most 2 units in the last place, 1e-16 of 1 for the gradient (a difference of numbers up to 1).
        assert abs(Decimal(loss) - exact) <= 4 * Decimal(np.spacing(loss))
        assert abs(Decimal(gradient) - (sigmoid_of_it - Decimal(x))) <= Decimal(4e-16)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_losses_are_finite_silent_and_right_at_1000(dtype):
    logits = np.array([[-1000, 1000, -1000, 1000]], dtype)
    x = np.array([[0, 1, 1, 0]], dtype)
    with silence_required():
        recon, cache = bernoulli_loss_forward(logits, x)
        dlogits = bernoulli_loss_backward(np.ones(1, dtype), cache)
        cost, cache = gaussian_loss_forward(logits, x, np.float64(0.1))
        dx_mean = gaussian_loss_backward(np.ones(1, dtype), cache)
    assert recon.tolist() == [2000] and dlogits.tolist() == [[0, 0, -1, 1]]
    density = math.log(0.1) + 0.5 * math.log(2 * math.pi)
    assert cost[0] == pytest.approx(0.5 * (1000 ** 2 + 999 ** 2 + 1001 ** 2 + 1000 ** 2) / 0.01 + 4 * density, rel=1e-6)
    np.testing.assert_allclose(dx_mean, (logits - x) / 0.01, rtol=1e-6)
    assert recon.dtype == dlogits.dtype == cost.dtype == dx_mean.dtype == dtype


def test_logits_of_exactly_zero_have_their_right_gradient_too():
    # NumPy orders complex numbers by their real part, then by their imaginary one: both parts of the loss must turn at
    # the same point, or the complex step finds another derivative there.
    check_pair(bernoulli_loss_forward, bernoulli_loss_backward,
               [np.array([[0.0, -0.0, 0.0]]), np.array([[0.0, 0.3, 1.0]])], (0,), 0)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool])
def test_pixels_may_be_bytes_or_booleans(dtype):
    logits, x = draw(0, (3, 4))[0], pixels(0, (3, 4)).round()
    for forward, backward, rest in LOSSES.values():
        expected, c_expected = forward(logits, x, *rest)
        found, c_found = forward(logits, x.astype(dtype), *rest)
        assert np.array_equal(found, expected)
        assert np.array_equal(backward(np.ones(3), c_found), backward(np.ones(3), c_expected))


def test_zero_logits_cost_the_logarithm_of_two_a_pixel():
    recon, _ = bernoulli_loss_forward(np.zeros((2, 784)), pixels(0, (2, 784)))
    np.testing.assert_allclose(recon, 784 * math.log(2), rtol=1e-14)


@given(seeds)
def test_grey_pixels_have_an_entropy_floor_at_their_own_logit(seed):
    x = 0.01 + 0.98 * pixels(seed, (1, 5))
    own = np.log(x / (1 - x))
    floor = -(x * np.log(x) + (1 - x) * np.log(1 - x)).sum()
    recon, cache = bernoulli_loss_forward(own, x)
    assert recon[0] == pytest.approx(floor, rel=1e-12) and floor > 0
    np.testing.assert_allclose(bernoulli_loss_backward(np.ones(1), cache), 0, atol=1e-15)
    elsewhere, _ = bernoulli_loss_forward(own + draw(seed, (1, 5))[0], x)
    assert elsewhere[0] > floor


@given(sizes, sizes, seeds, st.floats(0.05, 5))
def test_gaussian_is_minus_the_log_of_the_normal_density(N, D, seed, x_std):
    x_mean, x = x_std * draw(seed, (N, D))[0], pixels(seed, (N, D)) * x_std
    recon, _ = gaussian_loss_forward(x_mean, x, x_std)
    for n in range(N):
        expected = -sum(math.log(NormalDist(x_mean[n, d], x_std).pdf(x[n, d])) for d in range(D))
        assert recon[n] == pytest.approx(expected, rel=1e-13, abs=1e-13)         # measured: 1e-15


def test_squared_errors_are_gaussian_losses_with_a_chosen_variance():
    D = 7
    x_mean, other, = draw(0, (3, D), (3, D))
    x = pixels(0, (3, D))
    squared = [((x - mean) ** 2).sum(axis=1) for mean in (x_mean, other)]
    for x_std, scale in [(1.0, 0.5), (math.sqrt(D / 2), 1 / D)]:             # half the sum, and the mean over pixels
        recon = [gaussian_loss_forward(mean, x, x_std)[0] for mean in (x_mean, other)]
        np.testing.assert_allclose(recon[0] - recon[1], scale * (squared[0] - squared[1]), rtol=1e-12)


LOSSES = {"bernoulli": (bernoulli_loss_forward, bernoulli_loss_backward, []),
          "gaussian": (gaussian_loss_forward, gaussian_loss_backward, [0.3])}


@pytest.mark.parametrize("loss", LOSSES)
@given(sizes, sizes, seeds)
def test_unseen_pixels_cost_nothing_and_send_no_gradient(loss, N, D, seed):
    forward, backward, rest = LOSSES[loss]
    (logits, drecon), x, mask = draw(seed, (N, D), N), pixels(seed, (N, D)), a_mask(seed, (N, D))
    recon, cache = forward(logits, x, *rest, mask)
    gradient = backward(drecon, cache)
    for n in range(N):                                           # as if the unseen pixels had never been there
        seen = mask[n]
        alone, cache = forward(logits[n:n + 1, seen], x[n:n + 1, seen], *rest)
        assert recon[n] == pytest.approx(alone[0], rel=1e-13, abs=1e-14)
        np.testing.assert_allclose(gradient[n, seen], backward(drecon[n:n + 1], cache)[0], rtol=1e-14)
    assert not gradient[~mask].any()
    for anything in (0.5, np.nan, np.inf):
        with np.errstate(invalid="ignore"):
            hidden, cache = forward(logits, np.where(mask, x, anything), *rest, mask)
            assert np.array_equal(hidden, recon) and np.array_equal(backward(drecon, cache), gradient)


def test_a_mask_that_hides_nothing_changes_nothing():
    logits, x = draw(0, (3, 7))[0], pixels(0, (3, 7))
    for forward, backward, rest in LOSSES.values():
        bare, c_bare = forward(logits, x, *rest)
        full, c_full = forward(logits, x, *rest, np.ones((3, 7), bool))
        assert np.array_equal(bare, full)
        assert np.array_equal(backward(np.ones(3), c_bare), backward(np.ones(3), c_full))


def test_the_gradient_of_a_pixel_is_probability_minus_pixel():
    logits, x = draw(1, (2, 5))[0], pixels(1, (2, 5))
    _, cache = bernoulli_loss_forward(logits, x)
    np.testing.assert_allclose(bernoulli_loss_backward(np.ones(2), cache), sigmoid(logits) - x, rtol=1e-15)
