"""The reconstruction losses against their definitions, exact arithmetic and the standard library's
normal density.
"""
import math
from decimal import Decimal, localcontext
from functools import cache
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import check_pair, draw, seeds, silence_required, sizes
from numpyvae.errors import InvalidValueError
from numpyvae.layers import sigmoid
from numpyvae.likelihoods import Bernoulli, Gaussian

BOTH = [Bernoulli(), Gaussian(0.3)]


def kind(likelihood):
    """A name for the tests of one of both."""
    return type(likelihood).__name__


def pixels(seed, shape):
    return np.random.default_rng(seed).random(shape)


def a_mask(seed, shape):
    mask = np.random.default_rng(seed).random(shape) < 0.6
    mask.flat[0] = True                              # else it might be empty, and nothing be tested
    return mask


@given(sizes, sizes, seeds, st.booleans())
def test_bernoulli_s_gradient(N, D, seed, masked):
    mask = a_mask(seed, (N, D)) if masked else None
    args = [3 * draw(seed, (N, D))[0], pixels(seed, (N, D)), mask]
    check_pair(Bernoulli().neg_log_p, Bernoulli().neg_log_p_backward, args, (0,), seed + 1)


@given(sizes, sizes, seeds, st.booleans(), st.floats(0.05, 5))
def test_gaussian_s_gradient(N, D, seed, masked, x_std):
    mask = a_mask(seed, (N, D)) if masked else None
    args = [draw(seed, (N, D))[0], pixels(seed, (N, D)), mask]
    grey = Gaussian(x_std)
    check_pair(grey.neg_log_p, grey.neg_log_p_backward, args, (0,), seed + 1)


@pytest.mark.parametrize("likelihood", BOTH, ids=kind)
@given(sizes, sizes, seeds)
def test_the_gradient_of_every_pixel_s_cost(likelihood, N, D, seed):
    args = [3 * draw(seed, (N, D))[0], pixels(seed, (N, D))]
    check_pair(likelihood.cost, likelihood.cost_backward, args, (0,), seed + 1)


@given(sizes, sizes, seeds)
def test_bernoulli_is_minus_the_log_likelihood(N, D, seed):
    logits, x = 3 * draw(seed, (N, D))[0], pixels(seed, (N, D))
    recon = Bernoulli().neg_log_p(logits, x)
    p = 1 / (1 + np.exp(-logits))
    np.testing.assert_allclose(recon, -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=1),
                               rtol=1e-12)


@cache
def exact_surprises(logit):
    """-log p, -log(1 - p) and p = 1 / (1 + exp(-l)) to more than 50 digits."""
    with localcontext() as context:
        context.prec = 100
        e = (-abs(Decimal(logit))).exp()
        # 1 + exp(-1000) differs from 1 after 435 digits only; there two terms of the series of
        # log(1 + e) are enough.
        likely = (1 + e).ln() if e > Decimal("1e-40") else e - e * e / 2
        unlikely = likely + abs(Decimal(logit))
        return (likely, unlikely, 1 / (1 + e)) if logit > 0 else (unlikely, likely, e / (1 + e))


def some_logits():
    """Logits from -1000 to 1000, evenly; of every magnitude up to 700; and the points where the
    textbook formulas give way.
    """
    rng = np.random.default_rng(0)
    evenly = np.linspace(-1000, 1000, 201)
    points = [-745.2, -708.5, -40.0, 0.0, 36.8, 37.5, 40.0]
    of_every_magnitude = rng.choice([-1, 1], 200) * 700 * 10 ** rng.uniform(-12, 0, 200)
    return np.concatenate([evenly, points, of_every_magnitude])[:, None]


@pytest.mark.parametrize("x", [0.0, 1.0, 0.25, 0.7, 1e-9, 1 / 255, 1 - 2.0 ** -53])
def test_bernoulli_against_exact_arithmetic_out_to_1000(x):
    logits = some_logits()
    with silence_required():
        pixel   = np.full_like(logits, x)
        recon   = Bernoulli().neg_log_p(logits, pixel)
        dlogits = Bernoulli().neg_log_p_backward(np.ones(len(logits)), logits, pixel)
    with localcontext() as context:
        context.prec = 100
        for logit, loss, gradient in zip(logits[:, 0].tolist(), recon, dlogits[:, 0]):
            white, black, p = exact_surprises(logit)
            # No term is below 0, so no digit is lost.
            exact = Decimal(x) * white + (1 - Decimal(x)) * black
            # The loss to its own last places, for black, white and grey alike. Measured: 1.3.
            assert abs(Decimal(loss) - exact) <= 4 * Decimal(np.spacing(loss))
            # p - x cancels where they are near each other: its error is that of numbers up to 1.
            # Measured: 1.9e-16.
            assert abs(Decimal(gradient) - (p - Decimal(x))) <= Decimal(4e-16)
            # With x = 0 nothing cancels, and it keeps its own last places. Measured: 1.5.
            assert x or abs(Decimal(gradient) - p) <= 4 * Decimal(np.spacing(gradient))


@given(sizes, sizes, seeds)
def test_the_probabilities_of_black_and_white_add_up_to_one(N, D, seed):
    logits = 10 * draw(seed, (N * D, 1))[0]
    black, white = (np.exp(-Bernoulli().neg_log_p(logits, np.full_like(logits, x)))
                    for x in (0, 1))
    np.testing.assert_allclose(black + white, 1, rtol=2e-15)     # measured over 100,000: 2e-16


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_losses_are_finite_silent_and_right_at_1000(dtype):
    logits = np.array([[-1000, 1000, -1000, 1000]], dtype)
    x = np.array([[0, 1, 1, 0]], dtype)
    with silence_required():
        recon   = Bernoulli().neg_log_p(logits, x)
        dlogits = Bernoulli().neg_log_p_backward(np.ones(1, dtype), logits, x)
        cost    = Gaussian(np.float64(0.1)).neg_log_p(logits, x)
        dx_mean = Gaussian(np.float64(0.1)).neg_log_p_backward(np.ones(1, dtype), logits, x)
    assert recon.tolist() == [2000] and dlogits.tolist() == [[0, 0, -1, 1]]
    density = math.log(0.1) + 0.5 * math.log(2 * math.pi)
    squares = 1000 ** 2 + 999 ** 2 + 1001 ** 2 + 1000 ** 2
    assert cost[0] == pytest.approx(0.5 * squares / 0.01 + 4 * density, rel=1e-6)
    np.testing.assert_allclose(dx_mean, (logits - x) / 0.01, rtol=1e-6)
    assert recon.dtype == dlogits.dtype == cost.dtype == dx_mean.dtype == dtype


def test_logits_of_exactly_zero_have_their_right_gradient_too():
    # NumPy orders complex numbers by their real part, then by their imaginary one: both parts of
    # the loss must turn at the same point, or the complex step finds another derivative there.
    check_pair(Bernoulli().neg_log_p, Bernoulli().neg_log_p_backward,
               [np.array([[0.0, -0.0, 0.0]]), np.array([[0.0, 0.3, 1.0]])], (0,), 0)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, bool])
def test_pixels_may_be_bytes_or_booleans(dtype):
    logits, x = draw(0, (3, 4))[0], pixels(0, (3, 4)).round()
    for likelihood in BOTH:
        whole = x.astype(dtype)
        recon, expected = likelihood.neg_log_p(logits, whole), likelihood.neg_log_p(logits, x)
        assert np.array_equal(recon, expected)
        dlogits  = likelihood.neg_log_p_backward(np.ones(3), logits, whole)
        expected = likelihood.neg_log_p_backward(np.ones(3), logits, x)
        assert np.array_equal(dlogits, expected)


def test_zero_logits_cost_the_logarithm_of_two_a_pixel():
    recon = Bernoulli().neg_log_p(np.zeros((2, 784)), pixels(0, (2, 784)))
    np.testing.assert_allclose(recon, 784 * math.log(2), rtol=1e-14)


@given(seeds)
def test_grey_pixels_have_an_entropy_floor_at_their_own_logit(seed):
    x = 0.01 + 0.98 * pixels(seed, (1, 5))
    own = np.log(x / (1 - x))
    floor = -(x * np.log(x) + (1 - x) * np.log(1 - x)).sum()
    recon = Bernoulli().neg_log_p(own, x)
    assert recon[0] == pytest.approx(floor, rel=1e-12) and floor > 0
    dlogits = Bernoulli().neg_log_p_backward(np.ones(1), own, x)
    np.testing.assert_allclose(dlogits, 0, atol=1e-15)
    elsewhere = Bernoulli().neg_log_p(own + draw(seed, (1, 5))[0], x)
    assert elsewhere[0] > floor


def test_what_a_grey_pixel_costs_above_its_floor_is_the_kl_divergence_from_it_to_the_probability():
    # loss = H(x) + KL(x, p), and KL is above 0 but at p = x: the entropy is the floor, and only the
    # own logit is on it.
    x = np.array([1e-6, 1 / 255, 0.1, 0.5, 0.77, 254 / 255])[:, None]
    own = np.log(x / (1 - x))
    entropy = -(x * np.log(x) + (1 - x) * np.log1p(-x))
    offsets = np.array([-30.0, -3.0, -0.1, -1e-3, 0.0, 1e-3, 0.1, 3.0, 30.0])
    p, not_p = 1 / (1 + np.exp(-own - offsets)), 1 / (1 + np.exp(own + offsets))
    kl = x * np.log(x / p) + (1 - x) * np.log((1 - x) / not_p)
    logits, pixel = (np.broadcast_to(array, p.shape).reshape(-1, 1) for array in (own + offsets, x))
    loss = Bernoulli().neg_log_p(logits, pixel).reshape(p.shape)
    np.testing.assert_allclose(loss, entropy + kl, rtol=2e-15, atol=2e-15)       # measured: 2e-16
    assert np.all((loss > entropy * (1 + 1e-9))[:, offsets != 0])
    # Black and white have no floor but 0.
    for certain in (0.0, 1.0):
        logits = np.array([[(2 * certain - 1) * 800]])
        loss = Bernoulli().neg_log_p(logits, np.array([[certain]]))
        assert loss[0] == 0


@given(sizes, sizes, seeds, st.floats(0.05, 5))
def test_gaussian_is_minus_the_log_of_the_normal_density(N, D, seed, x_std):
    x_mean, x = x_std * draw(seed, (N, D))[0], pixels(seed, (N, D)) * x_std
    recon = Gaussian(x_std).neg_log_p(x_mean, x)
    for n in range(N):
        expected = -sum(math.log(NormalDist(x_mean[n, d], x_std).pdf(x[n, d])) for d in range(D))
        assert recon[n] == pytest.approx(expected, rel=1e-13, abs=1e-13)         # measured: 1e-15


@pytest.mark.parametrize("x_mean, x_std", [(0.0, 1.0), (0.3, 0.05), (-4.0, 2.5)])
def test_the_gaussian_density_integrates_to_one_with_its_mean_and_standard_deviation(x_mean, x_std):
    x = x_mean + x_std * np.linspace(-12, 12, 1201)[:, None]
    density = np.exp(-Gaussian(x_std).neg_log_p(np.full_like(x, x_mean), x))
    moments = [np.sum(density * (x[:, 0] - x_mean) ** power) * 0.02 * x_std for power in (0, 1, 2)]
    # Measured: 4e-16.
    np.testing.assert_allclose(moments, [1, 0, x_std ** 2], rtol=4e-15, atol=4e-15)


def test_squared_errors_are_gaussian_losses_with_a_chosen_variance():
    D = 7
    x_mean, other, = draw(0, (3, D), (3, D))
    x = pixels(0, (3, D))
    squared = [((x - mean) ** 2).sum(axis=1) for mean in (x_mean, other)]
    # The loss is half the sum of the squares, or their mean over the pixels.
    for x_std, scale in [(1.0, 0.5), (math.sqrt(D / 2), 1 / D)]:
        recon = [Gaussian(x_std).neg_log_p(mean, x) for mean in (x_mean, other)]
        np.testing.assert_allclose(recon[0] - recon[1], scale * (squared[0] - squared[1]),
                                   rtol=1e-12)


@pytest.mark.parametrize("likelihood", BOTH, ids=kind)
@given(sizes, sizes, seeds)
def test_unseen_pixels_cost_nothing_and_send_no_gradient(likelihood, N, D, seed):
    (logits, drecon), x, mask = draw(seed, (N, D), N), pixels(seed, (N, D)), a_mask(seed, (N, D))
    recon   = likelihood.neg_log_p(logits, x, mask)
    dlogits = likelihood.neg_log_p_backward(drecon, logits, x, mask)
    for n in range(N):                               # as if the unseen pixels had never been there
        seen  = logits[n:n + 1, mask[n]], x[n:n + 1, mask[n]]
        alone = likelihood.neg_log_p(*seen)
        dseen = likelihood.neg_log_p_backward(drecon[n:n + 1], *seen)
        assert recon[n] == pytest.approx(alone[0], rel=1e-13, abs=1e-14)
        np.testing.assert_allclose(dlogits[n, mask[n]], dseen[0], rtol=1e-14)
    assert not dlogits[~mask].any()
    for anything in (0.5, np.nan, np.inf):
        hidden = np.where(mask, x, anything)
        with np.errstate(invalid="ignore"):
            assert np.array_equal(likelihood.neg_log_p(logits, hidden, mask), recon)
            again = likelihood.neg_log_p_backward(drecon, logits, hidden, mask)
        assert np.array_equal(again, dlogits)


@pytest.mark.parametrize("likelihood", BOTH, ids=kind)
def test_a_mask_that_hides_nothing_changes_nothing(likelihood):
    logits, x, every = draw(0, (3, 7))[0], pixels(0, (3, 7)), np.ones((3, 7), bool)
    bare, full = likelihood.neg_log_p(logits, x), likelihood.neg_log_p(logits, x, every)
    assert np.array_equal(bare, full)
    bare = likelihood.neg_log_p_backward(np.ones(3), logits, x)
    full = likelihood.neg_log_p_backward(np.ones(3), logits, x, every)
    assert np.array_equal(bare, full)


def test_the_gradient_of_a_pixel_is_probability_minus_pixel():
    logits, x = draw(1, (2, 5))[0], pixels(1, (2, 5))
    dlogits = Bernoulli().neg_log_p_backward(np.ones(2), logits, x)
    np.testing.assert_allclose(dlogits, sigmoid(logits) - x, rtol=1e-15)


@pytest.mark.parametrize("likelihood", BOTH, ids=kind)
@given(sizes, sizes, seeds)
def test_an_example_costs_the_sum_of_its_pixels(likelihood, N, D, seed):
    logits, x = draw(seed, (N, D))[0], pixels(seed, (N, D))
    cost = likelihood.cost(logits, x)
    assert cost.shape == (N, D)
    by_sums = [sum(row) for row in cost.tolist()]
    np.testing.assert_allclose(likelihood.neg_log_p(logits, x), by_sums, rtol=1e-13, atol=1e-14)


def test_the_mean_of_a_pixel_is_what_it_is_on_average():
    # Of a Bernoulli pixel Σ_x x p(x) over black and white; of a Gaussian one ∫ x p(x) dx, by a sum.
    logits = draw(2, (5, 1))[0]
    black = np.exp(-Bernoulli().neg_log_p(logits, np.ones((5, 1))))
    np.testing.assert_allclose(Bernoulli().mean(logits)[:, 0], black, rtol=1e-14)
    grid = np.linspace(-8, 8, 1601)
    for logit in logits[:, 0]:
        density = np.exp(-Gaussian(0.3).cost(logit, grid))
        assert np.sum(grid * density) * 0.01 == pytest.approx(Gaussian(0.3).mean(logit), abs=1e-14)


def test_the_standard_deviation_is_one_unless_another_is_given():
    error = np.array([[2.0]])
    assert Gaussian().cost(error, 0 * error) == Gaussian(1.0).cost(error, 0 * error)


def test_what_a_pixel_may_be():
    with pytest.raises(InvalidValueError, match=r"x: expected values in \[0, 1\]"):
        Bernoulli().check("x", np.array([1.5]))
    Bernoulli().check("x", np.array([0.0, 1.0]))
    Gaussian().check("x", np.array([-3.0, 1.5]))
