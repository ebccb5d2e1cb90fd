"""How a student's backward is called: by name, with a cache, with a gradient for each of several
outputs; and what is said if nothing fits.
"""
import pytest

LAYER = """
import numpy as np

def forward(x, W, b):
    return x @ W + b

def backward({parameters}):
    return dy @ W.T, x.T @ dy, dy.sum(axis=0)

def example():
    rng = np.random.default_rng(0)
    return rng.random((3, 7)), rng.random((7, 5)), rng.random(5)
"""
CELL = """
import numpy as np

def forward(x, W, c):
    h = np.tanh(x @ W)
    return {returned}

def backward({parameters}):
    {begin}
    da = (dh + dc * c) * (1 - h * h)
    return da @ W.T, x.T @ da, dc * h

def example():
    rng = np.random.default_rng(0)
    return rng.standard_normal((3, 7)), rng.standard_normal((7, 5)), rng.standard_normal((3, 5))
"""
AGAIN = "h = np.tanh(x @ W)"
LINE = """
import numpy as np
def forward(x): return {returned}
def backward({parameters}): return {gradient}
def example(): return np.random.default_rng(0).standard_normal((3, 4))
"""


def cell(returned, parameters, begin=AGAIN):
    return CELL.format(returned=returned, parameters=parameters, begin=begin)


def line(returned, parameters, gradient):
    return LINE.format(returned=returned, parameters=parameters, gradient=gradient)


# ---------------------------------------------------------------------- by name

@pytest.mark.parametrize("parameters", [
    "dy, x, W", "dy, W, x", "dy, b, W, x", "dy, *, W, x", "*, dy, x, W", "dy, x, W, /",
    "dy, x, /, W", "dy=None, x=None, W=None", "dy, x, W=None, out=(None, None)",
    "dy, x, W, *rest, **more", "dy, x, W, need_dx=True, *, loud=False",
    "dy: 'array', x: 'array', W"])
def test_arguments_are_given_by_name_in_any_order_and_number(judged, parameters):
    status, out, err = judged(LAYER.format(parameters=parameters))
    assert status == 0 and not err and "backward is right: 3 gradients agree" in out


def test_a_default_gives_way_to_an_argument_of_its_name_and_else_stays(judged):
    text = LAYER.format(parameters="dy, x, W, b=None, scale=1.0, loud=False")
    use = ("return dy @ W.T", "assert b is not None and not loud; return scale * dy @ W.T")
    assert judged(text, use)[0] == 0
    assert judged(text, use, ("scale=1.0", "scale=2.0"))[0] == 1


def test_a_default_of_forward_s_is_an_argument_too(judged):
    text = LAYER.format(parameters="dy, x, W, gain")
    forward = ("def forward(x, W, b)", "def forward(x, W, b, gain=3.0, *, shift=1.0, **more)")
    changes = forward, ("x @ W + b", "gain * (x @ W + b) + shift")
    wrong = judged(text, *changes)
    right = judged(text, *changes, ("dy @ W.T, x.T @ dy, dy.sum(axis=0)",
                                    "gain * dy @ W.T, gain * x.T @ dy, gain * dy.sum(axis=0)"))
    assert wrong[0] == 1 and right[0] == 0
    assert "f     = sum(forward(x, W, ..., shift) * dy)\n" in right[1]
    assert "grads = backward(dy, x, W, gain)\n" in right[1]


def test_backward_may_need_nothing_but_the_gradient(judged):
    text = LAYER.format(parameters="dy").replace("x @ W + b", "x.T + 0 * b.sum()")
    status, out, _ = judged(text, ("dy @ W.T, x.T @ dy, dy.sum(axis=0)", "dy.T"))
    assert status == 0 and "grads = backward(dy)\n" in out


@pytest.mark.parametrize("parameters, got", [
    ("dy, foo", "got foo"), ("dy, x, w", "got w"), ("dy, x, W, B, c", "got B, c"),
    ("dy, *, foo", "got foo"), ("dy, foo, loud=False", "got foo"),
    ("dy, cache", "got cache (to give it a cache, forward has to return one)"),
    ("x, W", "got backward(x, W)"), ("W", "got backward(W)"), ("", "got backward()"),
    ("cache", "got backward(cache)"), ("dy, *args", "got backward(dy, *args)"),
    ("*args, **kwargs", "got backward(*args, **kwargs)")])
def test_a_parameter_that_nothing_is_known_to_be_given(judged, parameters, got):
    status, out, err = judged(LAYER.format(parameters=parameters))
    assert status == 2 and not out
    assert err == ("numpyvae check: my.py: expected backward to take the gradient of what forward "
                   f"returns, then arguments of forward by name (x, W, b); {got}\n")


# ---------------------------------------------------------------------- several outputs, and caches

@pytest.mark.parametrize("returned, parameters, begin", [
    ("h, h * c", "dh, dc, x, W, c", AGAIN),
    ("h, h * c", "dh, dc, c, W, x", AGAIN),
    ("h, h * c", "dh, dc, *, x, W, c, loud=False", AGAIN),
    ("h, h * c, None", "dh, dc, x, W, c", AGAIN),
    ("h, h * c, (x, W, c, h)", "dh, dc, cache", "x, W, c, h = cache"),
    ("[h, h * c, {3: (x, W, c, h)}]", "dh, dc, d, loud=False", "x, W, c, h = d[3]"),
    ("h, h * c, (x, W, c, h)", "*args", "dh, dc, (x, W, c, h) = args")])
def test_each_of_two_outputs_has_a_gradient_of_its_own(judged, returned, parameters, begin):
    text = cell(returned, parameters, begin)
    status, out, err = judged(text)
    dh, dc = ("dout1", "dout2") if parameters == "*args" else ("dh", "dc")
    assert status == 0 and not err and "backward is right: 3 gradients agree" in out
    assert out.startswith(f"my.py, with random {dh} and {dc}: grads should be the slopes of f\n"
                          f"    f     = sum(forward(x, W, c)[0] * {dh}) + "
                          f"sum(forward(x, W, c)[1] * {dc})\n")
    for wrong in (("(dh + dc", "(dh + 2 * dc"), (", dc * h", ", dc"), ("(dh + dc", "(dc")):
        assert judged(text, wrong)[0] == 1


def test_a_cache_of_several_things_that_are_arguments(judged):
    text = LINE.format(returned="x * w, x, w", parameters="dy, x, w", gradient="dy * w, dy * x")
    status, out, _ = judged(text, ("forward(x)", "forward(x, w=2.0 * np.ones((3, 4)))"))
    assert status == 0 and "grads = backward(dy, x, w)\n" in out


@pytest.mark.parametrize("returned, parameters, gradient, grads", [
    ("np.tanh(x), None, x", "dy, n, s", "dy / np.cosh(s) ** 2", "(dy, *forward(x)[1:])"),
    ("3 * x, x > 0, 3.0", "dy, m, s", "dy * s", "(dy, *forward(x)[1:])"),
    ("3 * x, x, 3.0", "dy, s, k", "dy * k", "(dy, *forward(x)[1:])"),
    ("x * x, 3 * x, x", "dy, dz, s", "2 * s * dy + 3 * dz", "(dy, dz, forward(x)[2])"),
    ("x * x, x, x", "dy, s, t", "(s + t) * dy", "(dy, *forward(x)[1:])"),
    ("x * x, None, x", "dy, x", "2 * x * dy", "(dy, x)")])
def test_a_cache_in_parts(judged, returned, parameters, gradient, grads):
    status, out, err = judged(line(returned, parameters, gradient))
    assert status == 0 and not err and f"grads = backward{grads}\n" in out
    assert judged(line(returned, parameters, "2 * " + gradient.replace("+", "-")))[0] == 1


def test_what_is_done_with_two_douts(judged):
    text = cell("h, h * c", "dh, dc, x, W, c")
    status, out, _ = judged(text, (", dc * h", ", dh * h"))
    assert status == 1 and "| NO" in out and "depend" not in out
    status, out, _ = judged(text, (", dc * h", ", h"))
    assert status == 1 and "c: it does not depend on dh or dc, which the chain rule" in out
    status, out, _ = judged(text, ("da = (", "dc *= 2; dc = dc / 2; da = ("))
    assert status == 1 and "backward changes dc, which it was given" in out
    status, out, _ = judged(text, ("da = (", "dh *= 2; dc *= 2; dh, dc = dh / 2, dc / 2; da = ("))
    assert status == 1 and "backward changes dh and dc, which it was given" in out


@pytest.mark.parametrize("first", ["h.sum()", "float(h.sum())", "np.float64(h.sum())"])
def test_outputs_that_are_one_number_each(judged, first):
    status, out, _ = judged(cell(f"{first}, np.sum(h * c)", "dh, dc, x, W, c"))
    assert status == 0 and "f     = forward(x, W, c)[0] * dh + forward(x, W, c)[1] * dc\n" in out


@pytest.mark.parametrize("returned, parameters", [
    ("h, h * c", "dh"), ("h, h * c", "dh, x, W"), ("h, h * c", "dh, dc, foo"),
    ("h, h * c", "dh, x, cache"), ("h, h * c, h", "dh, dc, x, W")])
def test_fewer_gradients_than_outputs(judged, returned, parameters):
    status, out, err = judged(cell(returned, parameters))
    count = returned.count(",") + 1
    assert status == 2 and not out
    assert err == (
        "numpyvae check: my.py: expected backward to take a gradient for each of the "
        f"{count} things that forward returns, then arguments of forward by name (x, W, c); or, if "
        "the last thing is a cache, a gradient for each of the others, then the cache; got "
        f"backward({parameters})\n")


@pytest.mark.parametrize("parameters", [
    "cache", "dh", "dh, x, foo", "dh, cache, x", "dh, *, cache", "dh, **more"])
def test_a_cache_that_nothing_takes(judged, parameters):
    status, out, err = judged(cell("h, (x, W)", parameters))
    got = parameters.replace("*, ", "")
    assert status == 2 and not out
    assert err == (
        "numpyvae check: my.py: expected backward to take a gradient for each thing that forward "
        "returns before its cache, then that cache, or arguments of forward by name (x, W, c); got "
        f"backward({got})\n")


@pytest.mark.parametrize("returned, got", [
    ("'a'", "str"), ("None", "None; is its return missing?"),
    ("()", "an empty tuple"), ("3", "int"),
    ("(x @ W).astype(np.int64)", "int64 numbers"), ("h > 0, (x, W)", "bool numbers, tuple"),
    ("'a', (x, W)", "str, tuple"), ("h + 1j", "complex128 numbers")])
def test_what_has_no_slopes_is_no_output(judged, returned, got):
    status, out, err = judged(cell(returned, "dh, x, W"))
    assert status == 2 and not out
    assert err == ("numpyvae check: my.py: expected forward to return floating-point numbers (one "
                   f"value or several, and after them perhaps a cache), got {got}\n")


# ---------------------------------------------------------------------- where both fit

@pytest.mark.parametrize("returned, parameters, gradient, grads", [
    # two outputs that are linear in x: backward needs no argument, and its last might be a cache
    ("2 * x, 3 * x", "dh, dc", "2 * dh + 3 * dc", "backward(dh, dc)"),
    ("2 * x, 3 * x", "dh, c", "2 * dh + 3 * c", "backward(dh, c)"),
    ("2 * x, x.sum()", "g, h", "2 * g + h", "backward(g, h)"),
    # one output, and a cache that might be another
    ("x ** 2, x", "dy, s", "2 * s * dy", "backward(dy, forward(x)[1])"),
    ("x ** 2, x", "dy, dcache", "2 * dcache * dy", "backward(dy, forward(x)[1])"),
    ("np.exp(x), np.exp(x)", "dy, y=None", "y * dy", "backward(dy, forward(x)[1])"),
    # a cache that has the name of an argument
    ("np.tanh(x), np.tanh(x)", "dy, x", "dy * (1 - x ** 2)", "backward(dy, forward(x)[1])"),
    ("np.tanh(x), [x]", "dy, x", "dy * (1 - np.tanh(x[0]) ** 2)", "backward(dy, forward(x)[1])"),
    ("x ** 2, {3: x}", "dy, x", "2 * x[3] * dy", "backward(dy, forward(x)[1])"),
    # an argument, and a cache that backward does not ask for
    ("np.tanh(x), (np.tanh(x),)", "dy, x", "dy * (1 - np.tanh(x) ** 2)", "backward(dy, x)"),
    ("np.maximum(x, 0), x > 0", "dy, x", "dy * x.clip(0) / x", "backward(dy, x)"),
    ("x ** 2, None", "dy, x=None", "2 * x * dy", "backward(dy, x)")])
def test_of_two_that_fit_the_right_one_is_taken(judged, returned, parameters, gradient, grads):
    status, out, err = judged(line(returned, parameters, gradient))
    assert status == 0 and not err and f"\n    grads = {grads}\n" in out
    assert out.splitlines()[-1].startswith("backward is right: 1 gradient agrees")
    assert out.count("name  ") == 1


def test_an_array_that_backward_does_not_ask_for_may_be_an_output(judged):
    status, out, _ = judged(line("np.tanh(x), np.tanh(x)", "dy, x", "dy * (1 - np.tanh(x) ** 2)"))
    assert status == 0
    assert "\n    f     = sum(forward(x)[0] * dy)\n    grads = backward(dy, x)\n" in out
    assert out.endswith("\n(The last thing that forward returns was taken for a cache, which "
                        "backward does not ask for. As an output, it needs a gradient too.)\n")


@pytest.mark.parametrize("returned, parameters, gradient, taken, other", [
    ("2 * x, 3 * x", "dh, dc", "2 * dh - 3 * dc", "(dh, dc)", "(dh, forward(x)[1])"),
    ("x ** 2, x", "dy, s", "s * dy", "(dy, forward(x)[1])", "(dy, s)"),
    ("np.tanh(x), (x,)", "dy, x", "x * dy", "(dy, x)", "(dy, forward(x)[1])"),
    # one runs, and the other stops
    ("x ** 2, x ** 2", "dy, s", "dy * [s][int(s.min() >= 0)]", "(dy, s)", "(dy, forward(x)[1])"),
    ("np.tanh(x), {3: x}", "dy, x", "dy * x[3]", "(dy, forward(x)[1])", "(dy, x)")])
def test_if_neither_is_right_both_are_told(judged, returned, parameters, gradient, taken, other):
    status, out, err = judged(line(returned, parameters, gradient))
    assert status == 1 and not err and f"\n    grads = backward{taken}\n" in out
    assert out.endswith(
        "\nbackward is wrong: see the rows that say NO, and the sentences below them.\n"
        f"(It was called as backward{other} too: that is not right either.)\n")


def test_if_both_stop_the_likelier_is_told(judged):
    status, out, _ = judged(line("x ** 2, x", "dy, s", "nothing"))
    assert status == 1
    assert out == ("my.py, line 4: NameError: name 'nothing' is not defined\n"
                   "backward stops there: nothing is called nothing when that line is reached.\n"
                   "(It was called as backward(dy, s) too: that is not right either.)\n")


@pytest.mark.parametrize("gradient, words", [
    ("...", "still blank: x\nBegin with x: "), ("[..., 3 * dy]", "begin with x: "),
    ("z * dy", "line 4: z is still blank: "),
    ("later()\ndef later(): raise NotImplementedError", "backward is still blank: write it")])
@pytest.mark.parametrize("returned, parameters", [
    ("2 * x, 3 * x", "dy, dc"), ("x ** 2, x", "dy, s"), ("np.tanh(x), (x,)", "dy, x"),
    ("np.tanh(x), np.tanh(x)", "dy, x")])
def test_of_a_blank_only_the_blank_is_told(judged, returned, parameters, gradient, words):
    text = line(returned, parameters, gradient).replace("return z", "z = ...; return z")
    status, out, _ = judged(text, ("forward(x)", "forward(x, y=1.0)"))
    assert status == 1 and words in out and "too" not in out


@pytest.mark.parametrize("returned, parameters", [
    ("x ** 2, None", "dy, s"), ("x ** 2, (x,)", "dy, s"), ("x ** 2, x > 0", "dy, s=None"),
    ("x ** 2, x", "dy, cache")])
def test_a_cache_that_can_be_nothing_else_is_tried_as_nothing_else(judged, returned, parameters):
    status, out, _ = judged(line(returned, parameters, "dy"))
    assert status == 1 and out.endswith("below them.\n")
