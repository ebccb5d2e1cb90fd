"""A function that returns a loss and its gradients together; parameters that are global arrays."""
import pytest

TOGETHER = """
import numpy as np
def f(W, b, x, y):
    p = np.tanh(x @ W + b)
    e = p - y
    loss = 0.5 * np.sum(e * e)
    da = e * (1 - p * p)
    dW = x.T @ da
    db = da.sum(axis=0)
    return loss, dW, db
def example():
    r = np.random.default_rng(0).normal
    return r(size=(4, 3)), r(size=3), r(size=(5, 4)), r(size=(5, 3))
"""
RETURN = "return loss, dW, db"
LATE   = ("def f(W, b, x, y)", "def f(x, y, W, b)")
EARLY  = ("return r(size=(4, 3)), r(size=3), r(size=(5, 4)), r(size=(5, 3))",
          "return r(size=(5, 4)), r(size=(5, 3)), r(size=(4, 3)), r(size=3)")
DICTIONARY = [("def f(W, b, x, y):", "def f(params, x, y):\n    W, b = params['W'], params['b']"),
              ("return r(size=(4, 3)), r(size=3), r",
               "return {'W': r(size=(4, 3)), 'b': r(size=3)}, r")]
CHAR_RNN = """
import numpy as np
r = np.random.default_rng(0).normal
Wxh, Whh, Why = r(size=(5, 4)), r(size=(5, 5)), r(size=(4, 5))
bh, by, unused = np.zeros((5, 1)), np.zeros((4, 1)), np.ones(3)
def lossFun(inputs, targets, hprev):
    xs, hs, ps, loss = {}, {-1: hprev}, {}, 0
    for t, (i, j) in enumerate(zip(inputs, targets)):
        xs[t] = np.eye(4)[:, [i]]
        hs[t] = np.tanh(Wxh @ xs[t] + Whh @ hs[t - 1] + bh)
        ps[t] = np.exp(Why @ hs[t] + by)
        ps[t] /= ps[t].sum()
        loss += -np.log(ps[t][j, 0])
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby, dhnext = np.zeros_like(bh), np.zeros_like(by), 0
    for t in reversed(range(len(inputs))):
        dy = ps[t].copy()
        dy[targets[t]] -= 1
        dWhy += dy @ hs[t].T
        dby += dy
        dh = Why.T @ dy + dhnext
        da = (1 - hs[t] * hs[t]) * dh
        dbh += da
        dWxh += da @ xs[t].T
        dWhh += da @ hs[t - 1].T
        dhnext = Whh.T @ da
    return loss, dWxh, dWhh, dWhy, dbh, dby, hs[len(inputs) - 1]
def example(): return [0, 1, 2], [1, 2, 3], np.zeros((5, 1))
"""


def rows(out):
    return [line.split()[0] for line in out.splitlines() if line.endswith(("| yes", "| NO"))]


@pytest.mark.parametrize("changes, grads", [
    ([], "[1:3]"),
    ([(RETURN, "return loss, (dW, db)")], "[1]"), ([(RETURN, "return loss, [dW, db]")], "[1]"),
    ([(RETURN, 'return loss, {"W": dW, "b": db}')], "[1]"),
    ([(RETURN, 'return {"dW": dW, "db": db}, loss')], "[0]"),
    ([(RETURN, "return dW, db, loss")], "[0:2]"),
    ([(RETURN, 'return loss, 0.5, (1, 2), {"grad_W": dW, "b_grad": db}')], "[3]"),
    ([(RETURN, "return np.array([[loss]]), dW, db")], "[1:3]"),
    ([(RETURN, "return loss, dW, db, p, 0.9")], "[1:3]"),
    ([LATE, EARLY], "[1:3]"), ([LATE, EARLY, (RETURN, "return loss, 1 * dW, 1 * db")], "[1:3]"),
    ([*DICTIONARY, (RETURN, 'return loss, {"W": dW, "b": db}')], "[1]")])
def test_a_loss_and_its_gradients(judged, changes, grads):
    status, out, err = judged(TOGETHER, *changes, target="my.py:f")
    assert status == 0 and not err and rows(out) == ["W", "b"], out + err
    index = {"[0:2]": "[2]", "[0]": "[1]"}.get(grads, "[0]")
    names = out.splitlines()[1].split("(")[1].split(")")[0]
    assert f"\n    f     = f({names}){index}\n    grads = f({names}){grads}\n" in out
    wrong = ("da = e * (1 - p * p)", "da = e * (1 + p * p)")
    status, out, err = judged(TOGETHER, *changes, wrong, target="my.py:f")
    assert status == 1 and not err and "f is wrong: see " in out and out.count("| NO") == 2


def test_only_some_gradients(judged):
    status, out, _ = judged(TOGETHER, (RETURN, "return loss, dW"), target="my.py:f")
    assert status == 0 and rows(out) == ["W"]


@pytest.mark.parametrize("returned, got", [
    ("dW, db", "ndarray, ndarray"), ("loss", "float64"), ("loss,", "float64"),
    ("None", "NoneType")])
def test_no_loss_or_nothing_else(judged, returned, got):
    status, out, err = judged(TOGETHER, (RETURN, f"return {returned}"), target="my.py:f")
    assert status == 2 and not out
    assert err == ("numpyvae check: my.py: expected f to return a loss, which is one number, and "
                   f"its gradients, got {got}; or name a backward too, as in my.py:f,backward\n")


def test_what_it_changes_is_told_once(judged):
    status, out, _ = judged(TOGETHER, ("e = p - y", "e = p - y; x *= 1.5; p = np.tanh(x @ W)"),
                            target="my.py:f")
    assert status == 1 and out.count("f changes x, which it was given") == 1


def test_where_it_stops(judged):
    status, _, err = judged(TOGETHER, ("da = e * (1", "da = e @ (1"), target="my.py:f")
    assert status == 2 and "in the product e @ (1 - p * p), the shapes (5, 3) and (5, 3) do" in err


# ---------------------------------------------------------------------- global arrays

NAMES = ["Wxh", "Whh", "Why", "bh", "by"]


def test_parameters_that_are_global_arrays(judged):
    status, out, err = judged(CHAR_RNN, target="my.py:lossFun")
    assert status == 0 and not err and rows(out) == NAMES
    status, out, _ = judged(CHAR_RNN, ("Why.T @ dy + dhnext", "Why.T @ dy"), target="my.py:lossFun")
    assert status == 1 and rows(out) == NAMES and out.count("| NO") == 3
    assert "gradient of the loss itself" not in out


def test_parameters_that_are_arguments(judged):
    status, out, err = judged(CHAR_RNN, ("hprev):", "hprev, Wxh, Whh, Why, bh, by):"),
                              ("3], np.zeros((5, 1))",
                               "3], np.zeros((5, 1)), Wxh, Whh, Why, bh, by"),
                              target="my.py:lossFun")
    assert status == 0 and not err and rows(out) == NAMES


PAIR = """
import numpy as np
W, other = np.random.default_rng(1).normal(size=(4, 2)), np.ones(3)
def forward(x): return np.tanh(x @ W){cache}
def backward(dy, {takes}):
    da = dy * (1 - np.tanh(x @ W) ** 2)
    dx, dW = da @ W.T, x.T @ da
    return dx, dW
def example(): return np.random.default_rng(0).normal(size=(3, 4))
"""


@pytest.mark.parametrize("cache, takes", [("", "x"), ("", "x, **more"), (", x", "x"),
                                          ("", "x, W=W")])
def test_a_global_array_of_two_functions(judged, cache, takes):
    text = PAIR.format(cache=cache, takes=takes)
    status, out, err = judged(text)
    assert status == 0 and not err and rows(out) == ["x", "W"]
    assert judged(text, ("x.T @ da", "2 * x.T @ da"))[0] == 1
    assert judged(text, ("return dx, dW", "return dx, dx @ W"))[0] == 2
