"""The optimisers, against tables worked by hand and against the formulas without blocks."""
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given

from helpers import draw, seeds, sizes
from numpyvae import SGD, Adam
from numpyvae.errors import InvalidTypeError, InvalidValueError
from numpyvae.optim import BLOCK


def follow(optimizer, table, *states):
    """Take the four steps of a table; after each, compare the parameter and its states with a row.

    table: {name: for each element a list of (gradient, parameter, state, …), one a step}
    """
    for t in range(4):
        rows = {name: np.array([steps[t] for steps in elements]).T
                for name, elements in table.items()}
        optimizer.step({name: row[0] for name, row in rows.items()})
        for name, row in rows.items():
            kept = [getattr(optimizer, state)[name] for state in states]
            found = [optimizer.params[name], *kept]
            np.testing.assert_allclose(found, row[1:], rtol=2e-15, atol=2e-16)       # 2e-16


def test_adam_against_a_table_worked_by_hand():
    # lr 1/10, β1 9/10, β2 3/4, adam_eps 1/2: m and v are finite decimals, m̂ = m / (1 - β1^t) and
    # v̂ = v / (1 - β2^t) are fractions, and the step is m̂ / (10 (√v̂ + ½)). Worked in fractions,
    # except for the roots, which were taken to 50 digits.
    #     gradient  parameter            m         v                 m̂             v̂
    W0 = [( 2,       0.9200000000000000,  0.2,      1),             # 2             4
          (-1,       0.8990714526485441,  0.08,     1),             # 8/19          16/7
          ( 0,       0.8828613035632296,  0.072,    0.75),          # 72/271        48/37
          ( 4,       0.8390289212383486,  0.4648,   4.5625)]        # 4648/3439     1168/175
    W1 = [(-0.5,    -1.9500000000000000, -0.05,     0.0625),        # -1/2          1/4
          (-0.5,    -1.9000000000000000, -0.095,    0.109375),      # -1/2          1/4
          ( 0.25,   -1.8754941983650192, -0.0605,   0.09765625),    # -121/542      25/148
          ( 0,      -1.8563565488434061, -0.05445,  0.0732421875)]  # -1089/6878    3/28
    b0 = [( 0,       0.5,                 0,        0),             # 0             0
          ( 3,       0.4429527105660198,  0.3,      2.25),          # 30/19         36/7
          ( 1,       0.3843723941445464,  0.37,     1.9375),        # 370/271       124/37
          (-2,       0.3682202056080309,  0.133,    2.453125)]      # 70/181        628/175
    params = {"W": np.array([1.0, -2.0]), "b": np.array([0.5])}
    follow(Adam(params, lr=0.1, beta1=0.9, beta2=0.75, adam_eps=0.5), {"W": [W0, W1], "b": [b0]},
           "m", "v")


def test_adams_constant_stands_beside_the_root_and_is_not_corrected():
    # The first step is lr g / (|g| + adam_eps): half the learning rate where |g| is adam_eps.
    params = {"p": np.zeros(2)}
    Adam(params, lr=0.01).step({"p": np.array([1e-8, -3e-8])})
    np.testing.assert_allclose(params["p"], [-0.005, 0.0075], rtol=2e-15)       # measured: 1e-16


def test_adams_first_step_is_the_learning_rate_whatever_the_gradient():
    # Without the correction of the bias it would be three times as long: (1 - β1) / √(1 - β2).
    params = {"p": np.zeros(4)}
    Adam(params, lr=0.01).step({"p": np.array([1e-3, -2.0, 300.0, 0.0])})
    np.testing.assert_allclose(params["p"], [-0.01, 0.01, -0.01, 0.0], rtol=2e-5)


def test_sgd_against_a_table_worked_by_hand():
    # lr 0.1, momentum 0.5: velocity = ½ velocity + gradient, parameter = parameter - velocity / 10
    #     gradient  parameter  velocity
    W0 = [( 2.00,    0.80000,   2.0000),
          (-1.00,    0.80000,   0.0000),
          ( 0.00,    0.80000,   0.0000),
          ( 4.00,    0.40000,   4.0000)]
    W1 = [(-0.50,   -1.95000,  -0.5000),
          (-0.50,   -1.87500,  -0.7500),
          ( 0.25,   -1.86250,  -0.1250),
          ( 0.00,   -1.85625,  -0.0625)]
    b0 = [( 0.00,    0.50000,   0.0000),
          ( 3.00,    0.20000,   3.0000),
          ( 1.00,   -0.05000,   2.5000),
          (-2.00,    0.02500,  -0.7500)]
    params = {"W": np.array([1.0, -2.0]), "b": np.array([0.5])}
    follow(SGD(params, lr=0.1, momentum=0.5), {"W": [W0, W1], "b": [b0]}, "velocity")


def test_defaults_are_the_usual_ones():
    adam, sgd = Adam({"p": np.zeros(1)}), SGD({"p": np.zeros(1)})
    assert (adam.lr, adam.beta1, adam.beta2, adam.adam_eps) == (1e-3, 0.9, 0.999, 1e-8)
    assert (sgd.lr, sgd.momentum) == (0.01, 0.9)


# Measured: 2e-16 and 2e-7.
@pytest.mark.parametrize("dtype, rtol", [(np.float64, 2e-15), (np.float32, 2e-6)])
@pytest.mark.parametrize("size", [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 7])
def test_blocks_do_not_show(size, dtype, rtol):
    start, *gradients = [array.astype(dtype) for array in draw(size, *[(size,)] * 4)]
    params   = {"p": start.copy()}
    adam     = Adam(params)
    expected = start.astype(np.float64)
    m = v = 0.0
    for t, g in enumerate(gradients, 1):
        adam.step({"p": g})
        g = g.astype(np.float64)
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g ** 2
        expected -= 1e-3 * (m / (1 - 0.9 ** t)) / (np.sqrt(v / (1 - 0.999 ** t)) + 1e-8)
    np.testing.assert_allclose(params["p"], expected, rtol=rtol, atol=rtol * 1e-1)
    assert params["p"].dtype == adam.m["p"].dtype == adam.v["p"].dtype == dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimizer", [SGD, Adam])
def test_a_step_takes_the_memory_of_one_block_however_large_the_parameter(optimizer, dtype):
    params = {"p": np.ones(8 * BLOCK, dtype)}
    opt, grads = optimizer(params), {"p": np.ones(8 * BLOCK, dtype)}
    tracemalloc.start()
    try:
        opt.step(grads)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    block = BLOCK * np.dtype(dtype).itemsize
    assert block <= peak < 1.5 * block           # measured: at most 1.05; a second array makes two


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
    with pytest.raises(InvalidValueError, match="^optimiser's (velocity|m): .*missing: W"):
        other.set_state({}, numbers)


def test_a_state_of_another_precision_takes_that_of_the_parameters():
    for optimizer, states in [(SGD, ["velocity"]), (Adam, ["m", "v"])]:
        opt = optimizer({"W": np.ones(3, np.float32)})
        opt.set_state({f"{state}.W": np.full(3, 0.1) for state in states}, {"t": 1})
        for state in states:
            assert getattr(opt, state)["W"].dtype == np.float32


@pytest.mark.parametrize("t, error", [(-1, InvalidValueError), (1.5, InvalidTypeError)])
def test_a_state_whose_count_of_steps_is_none_is_refused_by_name(t, error):
    adam = Adam({"W": np.ones(3)})
    with pytest.raises(error, match="^t: expected a whole number"):
        adam.set_state(adam.state()[0], {"t": t})


@pytest.mark.parametrize("optimizer, option, value, error", [
    (SGD,  "lr",       0,        InvalidValueError),
    (SGD,  "lr",       -1,       InvalidValueError),
    (SGD,  "momentum", 1.0,      InvalidValueError),
    (SGD,  "momentum", -0.1,     InvalidValueError),
    (Adam, "lr",       0,        InvalidValueError),
    (Adam, "lr",       math.nan, InvalidValueError),
    (Adam, "lr",       math.inf, InvalidValueError),
    (Adam, "lr",       "fast",   InvalidTypeError),
    (Adam, "lr",       True,     InvalidTypeError),
    (Adam, "beta1",    1,        InvalidValueError),
    (Adam, "beta1",    -0.1,     InvalidValueError),
    (Adam, "beta2",    1,        InvalidValueError),
    (Adam, "beta2",    -0.1,     InvalidValueError),
    (Adam, "adam_eps", 0,        InvalidValueError)])
def test_options_out_of_range_are_refused_by_name(optimizer, option, value, error):
    with pytest.raises(error, match=f"{option}: expected"):
        optimizer({"p": np.zeros(2)}, **{option: value})


@pytest.mark.parametrize("optimizer", [SGD, Adam])
def test_gradients_of_other_keys_or_shapes_are_refused_before_anything_changes(optimizer):
    params = {"W": np.ones((2, 3)), "b": np.ones(3)}
    opt = optimizer(params)
    W, b = np.ones((2, 3)), np.ones(3)
    for grads, message in [({"W": W},                      "missing: b"),
                           ({"W": W,   "b": b, "c": 1},    "unknown: c"),
                           ({"W": W.T, "b": b},            r"\(2, 3\), got \(3, 2\)"),
                           ({"W": W,   "b": np.ones(())},  r"\(3,\), got \(\)")]:
        with pytest.raises(InvalidValueError, match="^grads.*" + message):
            opt.step(grads)
    assert (params["W"] == 1).all() and (params["b"] == 1).all()


def test_a_parameter_that_could_not_be_changed_in_place_is_refused():
    strided   = np.ones((4, 4))[:, ::2]
    columns   = np.ones((4, 4), order="F")
    broadcast = np.broadcast_to(np.ones(3), (2, 3))
    for W in (strided, columns, broadcast):
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
