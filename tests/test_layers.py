"""The layers against loops, exact arithmetic and the complex step."""
from decimal import Decimal, getcontext

import numpy as np
import pytest
from hypothesis import assume, given

from helpers import check_pair, draw, seeds, silence_required, sizes
from numpyvae.layers import (dense, dense_backward, magnitude, relu, relu_backward, sigmoid,
                             sigmoid_backward)


@given(sizes, sizes, sizes, seeds)
def test_dense_is_the_sum_written_out(N, n_in, n_out, seed):
    x, W, b = draw(seed, (N, n_in), (n_in, n_out), n_out)
    y = dense(x, W, b)
    for n in range(N):
        for o in range(n_out):
            expected = sum(x[n, i] * W[i, o] for i in range(n_in)) + b[o]
            assert y[n, o] == pytest.approx(expected, rel=1e-13, abs=1e-14)


@given(sizes, sizes, sizes, seeds)
def test_dense_backward(N, n_in, n_out, seed):
    args = draw(seed, (N, n_in), (n_in, n_out), n_out)
    check_pair(dense, dense_backward, args, (0, 1, 2), seed + 1)


def test_dense_backward_without_dx_and_into_given_arrays():
    x, W, b, dy = draw(0, (3, 7), (7, 5), 5, (3, 5))
    dx, dW, db = dense_backward(dy, x, W)
    into = np.full_like(W, np.nan), np.full_like(b, np.nan)
    none, dW_into, db_into = dense_backward(dy, x, None, into)
    assert dx is not None and none is None
    assert dW_into is into[0] and db_into is into[1]
    assert np.array_equal(dW_into, dW) and np.array_equal(db_into, db)


@given(sizes, sizes, seeds)
def test_relu_and_its_backward(N, H, seed):
    a, = draw(seed, (N, H))
    h = relu(a)
    assert all(h[i] == (a[i] if a[i] > 0 else 0) for i in np.ndindex(a.shape))
    assume((a > 0).any())                            # else nothing flows, and nothing is tested
    check_pair(relu, relu_backward, [a], (0,), seed + 1)


def test_relu_is_shut_at_its_kink():
    a = np.array([0.0, -0.0, 1e-300, -1e-300])
    assert relu_backward(np.ones(4), a).tolist() == [0, 0, 1, 0]


@given(sizes, sizes, seeds)
def test_magnitude_is_the_absolute_value_and_keeps_the_complex_step(N, D, seed):
    a, = draw(seed, (N, D))
    assert np.array_equal(magnitude(a), np.abs(a))
    slope = magnitude(a + 1e-30j).imag / 1e-30
    np.testing.assert_allclose(slope, np.sign(a), rtol=1e-15)


@given(sizes, sizes, seeds)
def test_sigmoid_backward(N, D, seed):
    check_pair(sigmoid, sigmoid_backward, [3 * draw(seed, (N, D))[0]], (0,), seed + 1)


def test_sigmoid_against_exact_arithmetic_out_to_1000():
    getcontext().prec = 60
    logits = np.concatenate([np.linspace(-1000, 1000, 401),
                             [-745.2, -708.5, -1e-9, 0.0, 1e-9, 36.8, 37.5]])
    with silence_required():
        probs = sigmoid(logits)
    for logit, prob in zip(logits, probs):
        exact = 1 / (1 + Decimal(-logit).exp())
        # Measured: 2 units in the last place; where the result is subnormal (below 2e-308), its own
        # last place counts.
        assert abs(Decimal(prob) - exact) <= 4 * Decimal(np.spacing(prob))
    with silence_required():
        extremes = sigmoid(np.array([-1.7e308, -1000.0, 0.0, 1000.0, 1.7e308]))
    assert extremes.tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]


def test_the_sigmoid_s_gradient_keeps_its_digits_where_p_is_near_one():
    logits = np.array([20.0, 30.0, 40.0, 700.0, -700.0])
    gradient = sigmoid_backward(np.ones(5), logits)
    # p (1 - p) = e^-|l| + O(e^-2|l|)
    np.testing.assert_allclose(gradient, np.exp(-np.abs(logits)), rtol=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_is_finite_and_silent_at_1000_with_its_gradient(dtype):
    logits = np.array([-1000, 1000], dtype)
    with silence_required():
        probs   = sigmoid(logits)
        dlogits = sigmoid_backward(np.ones(2, dtype), logits)
    assert probs.tolist() == [0, 1] and dlogits.tolist() == [0, 0]
    assert probs.dtype == dlogits.dtype == dtype
