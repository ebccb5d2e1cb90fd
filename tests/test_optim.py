"""The optimisers against steps worked by hand, and against the formulas without blocks."""
import math

import numpy as np
import pytest
from hypothesis import given

from helpers import draw, seeds, sizes
from numpyvae import SGD, Adam
from numpyvae.errors import InvalidTypeError, InvalidValueError
from numpyvae.optim import BLOCK


def test_adam_by_hand():
    # lr 0.1, β1 0.9, β2 0.99, adam_eps 0.5; the gradient is 2, then -1.
    #   t = 1: m = 0.2, v = 0.04, m̂ = 2, v̂ = 4:         0.1 · 2 / (2 + 0.5) = 0.08           1 - 0.08 = 0.92
    #   t = 2: m = 0.08, v = 0.0496, m̂ = 0.08 / 0.19, v̂ = 0.0496 / 0.0199
    params = {"p": np.array([1.0])}
    adam = Adam(params, lr=0.1, beta1=0.9, beta2=0.99, adam_eps=0.5)
    adam.step({"p": np.array([2.0])})
    assert params["p"][0] == pytest.approx(0.92, rel=1e-15)
    adam.step({"p": np.array([-1.0])})
    by_hand = 0.92 - 0.1 * (0.08 / 0.19) / (math.sqrt(0.0496 / 0.0199) + 0.5)
    assert params["p"][0] == pytest.approx(by_hand, rel=1e-14)
    assert params["p"][0] == pytest.approx(0.8997449, rel=1e-7)


def test_adams_first_step_is_the_learning_rate_whatever_the_gradient():
    # Without the correction of the bias it would be three times as long: (1 - β1) / √(1 - β2).
    params = {"p": np.zeros(4)}
    Adam(params, lr=0.01).step({"p": np.array([1e-3, -2.0, 300.0, 0.0])})
    np.testing.assert_allclose(params["p"], [-0.01, 0.01, -0.01, 0.0], rtol=2e-5)


def test_sgd_by_hand():
    # lr 0.1, momentum 0.5; gradients 2, then 4: velocities 2, 5; steps 0.2, 0.5
    params = {"p": np.array([1.0])}
    sgd = SGD(params, lr=0.1, momentum=0.5)
    sgd.step({"p": np.array([2.0])})
    assert params["p"][0] == pytest.approx(0.8, rel=1e-15)
    sgd.step({"p": np.array([4.0])})
    assert params["p"][0] == pytest.approx(0.3, rel=1e-14)


def test_defaults_are_the_usual_ones():
    adam, sgd = Adam({"p": np.zeros(1)}), SGD({"p": np.zeros(1)})
    assert (adam.lr, adam.beta1, adam.beta2, adam.adam_eps) == (1e-3, 0.9, 0.999, 1e-8)
    assert (sgd.lr, sgd.momentum) == (0.01, 0.9)


@pytest.mark.parametrize("dtype, rtol", [(np.float64, 2e-15), (np.float32, 2e-6)])       # measured: 2e-16 and 2e-7
@pytest.mark.parametrize("size", [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 7])
def test_blocks_do_not_show(size, dtype, rtol):
    start, *gradients = [array.astype(dtype) for array in draw(size, *[(size,)] * 4)]
    params = {"p": start.copy()}
    adam, m, v, expected = Adam(params), 0.0, 0.0, start.astype(np.float64)
    for t, g in enumerate(gradients, 1):
        adam.step({"p": g})
        g = g.astype(np.float64)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g ** 2
        expected -= 1e-3 * (m / (1 - 0.9 ** t)) / (np.sqrt(v / (1 - 0.999 ** t)) + 1e-8)
    np.testing.assert_allclose(params["p"], expected, rtol=rtol, atol=rtol * 1e-1)
    assert params["p"].dtype == adam.m["p"].dtype == adam.v["p"].dtype == dtype


@pytest.mark.parametrize("optimizer", [SGD, Adam])
@given(sizes, sizes, seeds)
def test_a_step_changes_the_parameters_in_place_and_nothing_else(optimizer, rows, columns, seed):
    start, grad = draw(seed, (rows, columns), (rows, columns))
    params = {"W": start.copy(), "b": np.ones(3)}
    grads = {"W": grad.copy(), "b": np.zeros(3)}
    W, opt = params["W"], optimizer(params)
    opt.step(grads)
    assert params["W"] is W and not np.array_equal(W, start)
    assert np.array_equal(grads["W"], grad) and np.array_equal(params["b"], np.ones(3))


@pytest.mark.parametrize("optimizer", [SGD, Adam])
def test_a_state_taken_over_goes_on_to_the_bit(optimizer):
    start, *gradients = draw(0, *[(5, 3)] * 7)
    straight = {"W": start.copy()}
    opt = optimizer(straight)
    for g in gradients[:3]:
        opt.step({"W": g})
    resumed = {"W": straight["W"].copy()}
    arrays, numbers = opt.state()
    other = optimizer(resumed)
    other.set_state({name: array.copy() for name, array in arrays.items()}, dict(numbers))
    for g in gradients[3:]:
        opt.step({"W": g})
        other.step({"W": g})
    assert np.array_equal(straight["W"], resumed["W"])
    with pytest.raises(InvalidValueError, match="missing: W"):
        other.set_state({}, numbers)


@pytest.mark.parametrize("optimizer, option, value, error", [
    (SGD, "lr", 0, InvalidValueError), (SGD, "lr", -1, InvalidValueError), (SGD, "momentum", 1.0, InvalidValueError),
    (SGD, "momentum", -0.1, InvalidValueError), (Adam, "lr", math.nan, InvalidValueError),
    (Adam, "lr", math.inf, InvalidValueError), (Adam, "lr", "fast", InvalidTypeError),
    (Adam, "beta1", 1, InvalidValueError), (Adam, "beta2", -1, InvalidValueError),
    (Adam, "adam_eps", 0, InvalidValueError), (Adam, "lr", True, InvalidTypeError)])
def test_options_out_of_range_are_refused_by_name(optimizer, option, value, error):
    with pytest.raises(error, match=f"{option}: expected"):
        optimizer({"p": np.zeros(2)}, **{option: value})


@pytest.mark.parametrize("optimizer", [SGD, Adam])
def test_gradients_of_other_keys_or_shapes_are_refused_before_anything_changes(optimizer):
    params = {"W": np.ones((2, 3)), "b": np.ones(3)}
    opt = optimizer(params)
    for grads, message in [({"W": np.ones((2, 3))}, "missing: b"),
                           ({"W": np.ones((2, 3)), "b": np.ones(3), "c": 1}, "unknown: c"),
                           ({"W": np.ones((3, 2)), "b": np.ones(3)}, r"\(2, 3\), got \(3, 2\)"),
                           ({"W": np.ones((2, 3)), "b": np.ones(())}, r"\(3,\), got \(\)")]:
        with pytest.raises(InvalidValueError, match=message):
            opt.step(grads)
    assert (params["W"] == 1).all() and (params["b"] == 1).all()


def test_a_strided_parameter_is_refused_since_it_could_not_be_changed():
    for W in (np.ones((4, 4))[:, ::2], np.ones((4, 4), order="F"), np.broadcast_to(np.ones(3), (2, 3))):
        with pytest.raises(InvalidValueError, match="changed in place"):
            Adam({"W": W})
    for W in (np.ones(3, int), np.float64(1), [1.0, 2.0], np.ones(2) * 1j):
        with pytest.raises(InvalidTypeError, match="expected an array of floating point numbers"):
            Adam({"W": W})
    params = {"W": np.ones((2, 3))}
    adam = Adam(params)
    params["W"] = np.ones((2, 3), order="F")                     # put in its place later
    with pytest.raises(InvalidValueError, match="changed in place"):
        adam.step({"W": np.ones((2, 3))})
    assert adam.t == 0


def test_a_state_is_a_snapshot_and_is_copied_when_it_is_taken_over():
    params = {"W": np.ones(3)}
    adam, other = Adam(params), Adam({"W": np.ones(3)})
    adam.step({"W": np.ones(3)})
    arrays, numbers = adam.state()
    other.set_state(arrays, numbers)
    kept = arrays["m.W"].copy()
    adam.step({"W": np.ones(3)})
    other.step({"W": np.ones(3)})
    assert np.array_equal(arrays["m.W"], kept)
