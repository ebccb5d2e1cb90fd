"""A student's forward and backward as f and grads: what they are tried with, and that nothing they
do reaches the originals.
"""
import numpy as np
import pytest

from numpyvae.gradcheck.conventions import Convention
from numpyvae.gradcheck.student import File
from numpyvae.gradcheck.trial import Trial, example_arguments, run


def functions_of(text):
    names = {"np": np}
    exec(text, names)
    file = File("my.py", text, names)
    return [file.function(name) for name in names if name in ("forward", "backward", "example")]


# ---------------------------------------------------------------------- arguments

@pytest.mark.parametrize("parameters, returned, arguments", [
    ("x", "1.5", {"x": 1.5}),
    ("x", "(1.5,)", {"x": 1.5}),
    ("x, W", "[1.5, 2.5]", {"x": 1.5, "W": 2.5}),
    ("x, /, W", "1.5, 2.5", {"x": 1.5, "W": 2.5}),
    ("x, W=3.5", "1.5", {"x": 1.5, "W": 3.5}),
    ("x, *, W=3.5, b=None", "1.5", {"x": 1.5, "W": 3.5, "b": None}),
    ("x, *rest, **more", "1.5", {"x": 1.5})])
def test_the_arguments_have_forward_s_names(parameters, returned, arguments):
    forward, example = functions_of(f"def forward({parameters}): return x * 2\n"
                                    f"def example(): return {returned}")
    assert example_arguments(forward, example) == arguments
    assert run(forward, arguments) == [3.0]


@pytest.mark.parametrize("change, words", [
    ((", rng.random(5)", ""),
     "expected example() to return the arguments of forward (x, W, b), got 2\n"),
    (("rng.random(5)", "rng.random(5), 1"),
     "expected example() to return the arguments of forward (x, W, b), got 4\n"),
    (("rng.random((3, 7)), ", "rng.random((3, 7)); "), "of forward (x, W, b), got 1\n"),
    (("forward(x, W, b)", "forward()"),
     "expected example() to return the arguments of forward (none), got 3\n"),
    (("forward(x, W, b)", "forward(x, *others)"),
     "expected forward to have a name for each argument, got *others; if it is decorated, ")])
def test_arguments_that_are_not_forward_s(judged, layer, change, words):
    status, out, err = judged(layer, change)
    assert status == 2 and not out and err.startswith("numpyvae check: my.py: ") and words in err
    assert err.count("\n") == 1


# ---------------------------------------------------------------------- f and grads

TWICE = """
calls = []
def forward(x, n):
    calls.append("forward")
    return x * n, np.sum(x) ** 2, calls
def backward(dy, ds, {rest}):
    calls.append("backward")
    return {gradient}
def example(): return np.arange(3.0), 5
"""


def trial_of(convention, rest, gradient, seed=0):
    forward, backward, example = functions_of(TWICE.format(rest=rest, gradient=gradient))
    arguments = example_arguments(forward, example)
    things = run(forward, arguments)
    things[2].clear()
    return Trial(forward, backward, arguments, things, convention, seed), things[2]


BY_NAME = Convention(["dy", "ds"], ["x", "n"])
CACHED  = Convention(["dy", "ds"], cache="calls")


@pytest.mark.parametrize("convention", [BY_NAME, CACHED])
def test_backward_is_called_after_a_forward_of_the_same_arguments(convention):
    trial, calls = trial_of(convention, "x, n" if convention is BY_NAME else "calls", "dy")
    assert calls == []
    trial.f({})
    assert calls == ["forward"]
    trial.grads({})
    assert calls == ["forward", "forward", "backward"]


def test_f_is_the_sum_of_all_outputs_times_their_douts():
    trial, _ = trial_of(BY_NAME, "x, n", "n * dy + 2 * x.sum() * ds")
    dy, ds = trial.douts
    assert dy.shape == (3,) and ds.shape == () and np.abs(dy).min() > 0 and ds != 0
    x = np.array([0.5, -2.0, 7.0])
    for params, x in (({}, np.arange(3.0)), ({"x": x}, x)):
        expected = np.sum(5 * x * dy) + x.sum() ** 2 * ds
        np.testing.assert_allclose(trial.f(params), expected, rtol=1e-14)
        np.testing.assert_array_equal(trial.grads(params)["x"], 5 * dy + 2 * x.sum() * ds.item())


def test_the_douts_come_of_the_seed():
    douts = [trial_of(BY_NAME, "x, n", "dy", seed)[0].douts for seed in (1, 1, 2)]
    assert np.array_equal(douts[0][0], douts[1][0]) and douts[0][1] == douts[1][1]
    assert not np.any(douts[0][0] == douts[2][0]) and douts[0][1] != douts[2][1]


def test_the_dout_of_one_number_is_a_number():
    trial, _ = trial_of(BY_NAME, "x, n", "isinstance(ds, float), isinstance(dy, np.ndarray)")
    assert trial.grads({}) == {"x": True, "n": True}


def test_gradients_belong_to_the_first_arguments_or_to_their_names():
    for gradient, grads, order in (("dy", ["x"], None), ("(dy, ds)", ["x", "n"], None),
                                   ("{'n': ds, 'x': dy}", ["n", "x"], ["n", "x"]),
                                   ("{'x': dy, 'n': ds}", ["x", "n"], None)):
        trial, _ = trial_of(BY_NAME, "x, n", gradient)
        assert list(trial.grads({})) == grads and trial.order == order


def test_what_backward_does_to_its_arguments_does_not_reach_them():
    trial, _ = trial_of(BY_NAME, "x, n", "np.multiply(dy, 2, out=dy), x.fill(9)")
    dy, moved = trial.douts[0].copy(), np.array([1.0, np.nan, 3.0])
    trial.grads({"x": moved})
    assert np.array_equal(trial.douts[0], dy) and moved[2] == 3.0
    assert trial.changed == {"forward": set(), "backward": {"x"}}
    assert np.array_equal(trial.arguments["x"], np.arange(3.0))


@pytest.mark.parametrize("x, new, changed", [
    (np.array([1.0, np.nan]), "x + 0", False), (np.array([1.0, np.nan]), "x - x", True),
    (np.array(["a", "b"]), "x", False), (np.array([1, 2]), "x[::-1].copy()", True),
    (np.array([None, "a"]), "'b'", True), (np.float64(2.0), "x", False)])
def test_what_counts_as_a_change(x, new, changed):
    forward, backward = functions_of("def forward(x):\n"
                                     f"    if np.ndim(x): x[:] = {new}\n"
                                     "    return 1.0\n"
                                     "def backward(dy): return dy")
    trial = Trial(forward, backward, {"x": x}, [1.0], Convention(["dy"]), 0)
    trial.f({})
    assert trial.changed["forward"] == ({"x"} if changed else set())


@pytest.mark.parametrize("name, forward, depends", [
    ("x", "x * 2", True), ("x", "x * 0", False), ("m", "x * 2", False), ("m", "x / 0", True)])
def test_what_f_depends_on(name, forward, depends):
    forward, backward = functions_of(f"def forward(x, m): return {forward}\n"
                                     "def backward(dy): return dy")
    trial = Trial(forward, backward, {"x": 2.0, "m": np.ones(3)}, [4.0], Convention(["dy"]), 0)
    assert trial.depends_on(name) is depends


def test_a_loss_without_a_dout_has_the_dout_1():
    forward, backward = functions_of("def forward(x): return np.sum(x ** 2)\n"
                                     "def backward(x): return 2 * x")
    x = np.arange(3.0)
    trial = Trial(forward, backward, {"x": x}, [5.0], Convention([], ["x"]), 0)
    assert trial.f({}) == 5.0 and np.array_equal(trial.grads({})["x"], 2 * x)


@pytest.mark.parametrize("returned, arguments", [
    ("{'W': 2.5, 'x': 1.5}", {"x": 1.5, "W": 2.5}),
    ("{'x': 1.5}", {"x": 1.5, "W": 3.5}),
    ("{'V': 1.5}", {"x": {"V": 1.5}, "W": 3.5}),
    ("({'x': 1.5},)", {"x": {"x": 1.5}, "W": 3.5})])
def test_an_example_may_return_a_dictionary(returned, arguments):
    forward, example = functions_of("def forward(x, W=3.5): return x\n"
                                    f"def example(): return {returned}")
    assert example_arguments(forward, example) == arguments


def test_an_example_without_a_number(judged, layer):
    status, out, err = judged(layer, ("return rng.random((3, 7)), ", "return rng.random((0, 7)), "))
    assert status == 2 and not out and err.count("\n") == 1
    assert "expected example() to return numbers for x, got an empty array of shape (0, 7)" in err


def test_a_dictionary_that_is_not_forward_s(judged, layer):
    status, _, err = judged(layer, ("return rng.random((3, 7)), rng.random((7, 5)), rng.random(5)",
                                    "return {'x': rng.random((3, 7)), 'V': 1.0}"))
    assert status == 2 and "the arguments of forward (x, W, b), got x, V\n" in err
