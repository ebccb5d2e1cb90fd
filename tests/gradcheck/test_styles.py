"""Styles of public code that are met often: each is right, and wrong once it is spoiled."""
import pytest

NIELSEN = """
import numpy as np
def sigmoid(z): return 1 / (1 + np.exp(-z))
class Network:
    def __init__(self, sizes):
        r = np.random.default_rng(0).normal
        self.biases = [r(size=(y, 1)) for y in sizes[1:]]
        self.weights = [r(size=(y, x)) for x, y in zip(sizes[:-1], sizes[1:])]
    def cost(self, x, y):
        for b, w in zip(self.biases, self.weights): x = sigmoid(w @ x + b)
        return 0.5 * np.sum((x - y) ** 2)
    def backprop(self, x, y):
        a = [x]
        for b, w in zip(self.biases, self.weights): a.append(sigmoid(w @ a[-1] + b))
        nabla_b, nabla_w = [0, 0], [0, 0]
        delta = (a[2] - y) * a[2] * (1 - a[2])
        nabla_b[1], nabla_w[1] = delta, delta @ a[1].T
        delta = self.weights[1].T @ delta * a[1] * (1 - a[1])
        nabla_b[0], nabla_w[0] = delta, delta @ a[0].T
        return nabla_b, nabla_w
def example():
    r = np.random.default_rng(1).normal
    return Network([4, 3, 2]), r(size=(4, 1)), r(size=(2, 1))
"""
MEMBERS = """
import numpy as np
class Linear:
    def __init__(self, a, b, r): self.W, self.b = r(size=(a, b)), r(size=b)
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, dy):
        self.dW, self.db = self.x.T @ dy, dy.sum(axis=0)
        return dy @ self.W.T
class MLP:
    def __init__(self):
        r = np.random.default_rng(0).normal
        self.fc1, self.fc2 = Linear(4, 5, r), Linear(5, 2, r)
    def forward(self, x): return self.fc2.forward(np.tanh(self.fc1.forward(x)))
    def backward(self, dy):
        return self.fc1.backward(self.fc2.backward(dy) * (1 - np.tanh(self.x()) ** 2))
    def x(self): return self.fc1.x @ self.fc1.W + self.fc1.b
def example(): return MLP(), np.random.default_rng(1).normal(size=(3, 4))
"""
TENSORS = """
import numpy as np
class Tensor:
    def __init__(self, data): self.data, self.grad = data, np.zeros_like(data)
class Linear:
    def __init__(self):
        r = np.random.default_rng(0).normal
        self.W, self.b = Tensor(r(size=(4, 5))), Tensor(r(size=5))
    def forward(self, x):
        self.x = x
        return x @ self.W.data + self.b.data
    def backward(self, dy):
        self.W.grad += self.x.T @ dy
        self.b.grad += dy.sum(axis=0)
        return dy @ self.W.data.T
def example(): return Linear(), np.random.default_rng(1).normal(size=(3, 4))
"""
LAYER = """
import numpy as np
class Dense:
    def __init__(self):
        r = np.random.default_rng(0).normal
        self.W, self.b = r(size=(4, 5)), r(size=5)
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, dy):
        dx, dW, db = dy @ self.W.T, self.x.T @ dy, dy.sum(axis=0)
        return dx, dW, db
layer = Dense()
def example(): return layer, np.random.default_rng(1).normal(size=(3, 4))
"""
UPDATES = [("dy):", "dy, lr):"), ("return dx, dW, db",
                                 "self.W -= lr * dW; self.b -= lr * db; return dx")]
NETWORK = """
import numpy as np
class Net:
    def __init__(self):
        r = np.random.default_rng(1).normal
        self.params = {"W1": r(size=(4, 5)), "W2": r(size=(5, 3))}
    def loss(self, X, y=None):
        W1, W2 = self.params["W1"], self.params["W2"]
        h = np.maximum(0, X @ W1)
        s = h @ W2
        if y is None: return s
        p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
        rows = np.arange(len(X))
        loss = -np.log(p[rows, y]).mean()
        p[rows, y] -= 1
        p /= len(X)
        grads = {"W2": h.T @ p, "W1": X.T @ (p @ W2.T * (h > 0))}
        return loss, grads
def example():
    return Net(), np.random.default_rng(0).normal(size=(6, 4)), np.array([0, 2, 1, 0, 2, 1])
"""
VAE = """
import numpy as np
class Model:
    def __init__(self):
        r = np.random.default_rng(0).normal
        self.params, self.grads = {"V": r(size=(6, 2)), "W": r(size=(2, 6))}, {}
        self.rng = np.random.default_rng(3)
    def forward(self, x):
        self.x, self.mu = x, x @ self.params["V"]
        self.z = self.mu + 0.3 * self.rng.normal(size=self.mu.shape)
        self.e = self.z @ self.params["W"] - x
        return 0.5 * np.sum(self.e ** 2) + 0.5 * np.sum(self.mu ** 2)
    def backward(self):
        self.grads["W"] = self.z.T @ self.e
        dmu = self.e @ self.params["W"].T + self.mu
        self.grads["V"] = self.x.T @ dmu
def example(): return Model(), np.random.default_rng(1).uniform(size=(3, 6))
"""
LOSSES = """
import numpy as np
class MSE:
    def loss(self, y, y_pred): return 0.5 * np.sum((y_pred - y) ** 2)
    def grad(self, y, y_pred): return y_pred - y
class Entropy:
    def __call__(self, y, p): return self.loss(y, p)
    @staticmethod
    def loss(y, p): return -np.sum(y * np.log(p))
    @staticmethod
    def grad(y, y_pred): return -y / y_pred
class Sigmoid:
    def __call__(self, z): return self.fn(z)
    def fn(self, z): return 1 / (1 + np.exp(-z))
    def grad(self, x): return self.fn(x) * (1 - self.fn(x))
class Kept:
    def forward(self, p, y):
        self.e = p - y
        return np.mean(self.e ** 2)
    def backward(self): return 2 * self.e / self.e.size
class Remembered:
    def __call__(self, x):
        self.y = np.tanh(x)
        return self.y
    def gradient(self, x): return 1 - self.y ** 2
def tanh(x): return np.tanh(x)
def tanh_prime(y): return 1 - y ** 2
def tanh_grad(x): return 1 - np.tanh(x) ** 2
def scaled(x, a): return np.sin(a * x)
def scaled_prime(x, a): return a * np.cos(a * x)
def example():
    r = np.random.default_rng(0).uniform
    return np.eye(4)[[0, 2, 1]], r(0.1, 0.9, (3, 4))
"""
ONE = ("return np.eye(4)[[0, 2, 1]], r(0.1, 0.9, (3, 4))", "return r(0.1, 0.9, (3, 4))")
TWO = (ONE[0], "return r(0.1, 0.9, (3, 4)), 1.5")
PARAMS = """
from __future__ import annotations
from collections import namedtuple
from dataclasses import dataclass
from types import SimpleNamespace as Names
import numpy as np
@dataclass(frozen=True)
class Params:
    W: np.ndarray
    b: np.ndarray
    name: str = "dense"
class Plain:
    def __init__(self, W, b): self.W, self.b = W, b
Pair = namedtuple("Pair", "W b")
def forward(x, params): return np.tanh(x @ params.W + params.b)
def backward(dy, x, params):
    da = dy * (1 - forward(x, params) ** 2)
    return da @ params.W.T, Params(W=x.T @ da, b=da.sum(axis=0))
def example():
    r = np.random.default_rng(0).normal
    return r(size=(3, 4)), Params(W=r(size=(4, 2)), b=r(size=2))
"""
MLP = """
import numpy as np
def loss(params, x, y):
    for W, b in params: x = np.tanh(x @ W + b)
    return 0.5 * np.sum((x - y) ** 2)
def loss_backward(params, x, y):
    h = [x]
    for W, b in params: h.append(np.tanh(h[-1] @ W + b))
    dh, grads = h[-1] - y, []
    for k in (1, 0):
        da = dh * (1 - h[k + 1] ** 2)
        grads.insert(0, (h[k].T @ da, da.sum(axis=0)))
        dh = da @ params[k][0].T
    return grads
def example():
    r = np.random.default_rng(0).normal
    params = [(r(size=(4, 5)), r(size=5)), (r(size=(5, 2)), r(size=2))]
    return params, r(size=(3, 4)), r(size=(3, 2))
"""
KEPT = """
import numpy as np
kept = {}
def forward(x):
    kept["x"] = x
    return np.tanh(x)
def backward(dy): return dy * (1 - np.tanh(kept["x"]) ** 2)
def example(): return np.random.default_rng(0).normal(size=(3, 4))
"""
CALLS = "my.py:Network.cost,Network.backprop"
OF_PARAMS = ("Params(W=r(size=(4, 2)), b=r(size=2))", "{}(W=r(size=(4, 2)), b=r(size=2))")


def rows(out):
    return [line.split()[0] for line in out.splitlines() if line.endswith(("| yes", "| NO"))]


def both(judged, text, target, changes, names, spoil):
    """Whether a text is right for these names, and wrong once it is spoiled."""
    status, out, err = judged(text, *changes, target=target)
    assert status == 0 and not err and rows(out) == names, out + err
    status, out, err = judged(text, *changes, spoil, target=target)
    assert status == 1 and not err and "| NO" in out and " is wrong: " in out, out + err


@pytest.mark.parametrize("text, target, names, spoil", [
    (NIELSEN, CALLS, ["biases[0]", "biases[1]", "weights[0]", "weights[1]"],
     ("delta @ a[1].T", "delta @ (1 - a[1]).T")),
    (MEMBERS, "my.py:MLP", ["x", "fc1.W", "fc1.b", "fc2.W", "fc2.b"], ("dy.sum(", "dy.mean(")),
    (TENSORS, "my.py:Linear", ["x", "W", "b"], ("dy.sum(", "dy.mean(")),
    (NETWORK, "my.py:Net", ["W2", "W1"], ("p /= len(X)", "p /= 1")),
    (NETWORK, "my.py:Net.loss", ["W2", "W1"], ("p /= len(X)", "p /= 1")),
    (VAE, "my.py:Model", ["V", "W"], ("T + self.mu", "T")),
    (MLP, "my.py:loss,loss_backward", ["params[0][0]", "params[0][1]", "params[1][0]",
                                       "params[1][1]"], ("h[k].T @ da", "-h[k].T @ da")),
    (KEPT, "my.py:forward,backward", ["x"], ("- np.tanh", "+ np.tanh"))])
def test_networks(judged, text, target, names, spoil):
    both(judged, text, target, [], names, spoil)


@pytest.mark.parametrize("changes, names", [
    ([], ["x", "W", "b"]), ([("return dx, dW, db", "return dW, db")], ["W", "b"]),
    ([("return dx, dW, db", "return 1 * dW, 1 * db")], ["W", "b"]),
    ([("return dx, dW, db", "return {'db': db, 'dW': dW, 'x': dx}")], ["b", "W", "x"]),
    (UPDATES, ["x", "W", "b"]),
    ([("def forward", "def __call__")], ["x", "W", "b"])])
def test_a_layer_that_keeps_no_gradients(judged, changes, names):
    for target in ("my.py:Dense", "my.py:layer"):
        both(judged, LAYER, target, changes, names, ("dy.sum(", "-dy.sum("))


def test_the_methods_may_have_any_names(judged):
    changes = [("def forward", "def ahead"), ("def backward", "def back")]
    status, _, err = judged(LAYER, *changes, target="my.py:Dense")
    assert status == 2 and "ask for them: my.py:Dense.forward,Dense.backward\n" in err
    assert judged(LAYER, *changes, target="my.py:Dense.ahead,Dense.back")[0] == 0
    status, _, err = judged(LAYER, *changes, target="my.py:Dense.ahead,Dense.bak")
    assert status == 2 and "expected a function Dense.bak in it" in err


@pytest.mark.parametrize("target, changes, names, spoil", [
    ("MSE", [], ["y_pred"], ("return y_pred - y", "return 2 * y_pred - y")),
    ("Entropy", [], ["p"], ("-y / y_pred", "y / y_pred")),
    ("Sigmoid", [ONE], ["z"], ("* (1 - self.fn(x))", "* (1 + self.fn(x))")),
    ("Kept", [], ["p"], ("2 * self.e", "self.e")),
    ("Remembered", [ONE], ["x"], ("1 - self.y ** 2", "1 + self.y ** 2")),
    ("tanh,tanh_prime", [ONE], ["x"], ("(y): return 1 -", "(y): return 2 -")),
    ("tanh,tanh_grad", [ONE], ["x"], ("return 1 - np", "return 2 - np")),
    ("scaled,scaled_prime", [TWO], ["x"], ("return a * np.cos", "return np.cos"))])
def test_losses_and_derivatives(judged, target, changes, names, spoil):
    both(judged, LOSSES, f"my.py:{target}", changes, names, spoil)


@pytest.mark.parametrize("target, grads", [
    ("tanh,tanh_prime", "dout * tanh_prime(tanh(x))"), ("tanh,tanh_grad", "dout * tanh_grad(x)"),
    ("Sigmoid", "dout * Sigmoid.grad(z)")])
def test_how_a_derivative_was_called(judged, target, grads):
    assert f"    grads = {grads}\n" in judged(LOSSES, ONE, target=f"my.py:{target}")[1]


def test_both_ways_to_call_a_derivative_are_told_if_neither_is_right(judged):
    out = judged(LOSSES, ONE, ("return 1 - np", "return 2 - np"), target="my.py:tanh,tanh_grad")[1]
    assert "(It was called as dout * tanh_grad(tanh(x)) too: that is not right either.)" in out


def test_a_wrong_gradient_may_be_meant_for_another_argument(judged):
    status, out, _ = judged(LOSSES, ("-y / y_pred", "y / y_pred"), target="my.py:Entropy")
    assert status == 1 and out.endswith("(It was taken for the gradient of y. As that of p, it is "
                                        "not right either.)\n")
    out = judged(LOSSES, ("return y_pred - y", "return y_pred + y, 0 * y"), target="my.py:MSE")[1]
    assert "either" not in out


@pytest.mark.parametrize("kind", ["Params", "Plain", "Pair", "Names", "dict"])
@pytest.mark.parametrize("grads", ["Params", "Plain", "Pair", "Names", "dict"])
def test_parameters_as_an_object(judged, kind, grads):
    changes = [(OF_PARAMS[0], OF_PARAMS[1].format(kind)), ("Params(W=x.T", f"{grads}(W=x.T")]
    if kind == "dict":
        changes += [("def forward(x, params): ",
                     "def forward(x, p):\n    params = Names(**p)\n    "),
                    ("x, params):\n    da", "x, p):\n    params = Names(**p)\n    da"),
                    ("forward(x, params) **", "forward(x, p) **")]
    status, out, err = judged(PARAMS, *changes)
    assert status == 0 and not err and rows(out) == ["x", "W", "b"], out + err
    status, out, _ = judged(PARAMS, *changes, ("x.T @ da", "-x.T @ da"))
    assert status == 1 and "W: the sign is flipped" in out


LABELS = """
import numpy as np
def forward(logits, y):
    m = logits - logits.max(axis=1, keepdims=True)
    return -(y * (m - np.log(np.exp(m).sum(axis=1, keepdims=True)))).sum()
def backward(dloss, logits, y):
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    dlogits = dloss * (p - y)
    return dlogits, None
def example(): return np.random.default_rng(0).normal(size=(3, 4)), np.eye(4)[[0, 2, 1]]
"""


@pytest.mark.parametrize("returned", [
    "return dlogits, None", 'return {"logits": dlogits, "y": None}',
    "grads = [dlogits, None]; return grads"])
def test_none_for_labels_that_are_floats(judged, returned):
    status, out, err = judged(LABELS, ("return dlogits, None", returned))
    assert status == 0 and not err and "blank" not in out
    assert out.endswith("\n(Not tested: y, for which backward returned None.)\n")


@pytest.mark.parametrize("returned, words", [
    ("dy = None; return dlogits, dy", "still blank: dy (line 9)\nSo far it is right; now begin"),
    ("dlogits, dy = dlogits, None; return dlogits, dy", "still blank: dy (line 9)\n"),
    ("return None, None", "still blank: logits, y\nBegin with logits"),
    ("grads = {}; grads['logits'] = dlogits; grads['y'] = blank(); return grads",
     "still blank: y\n")])
def test_none_that_stands_for_a_formula(judged, returned, words):
    status, out, _ = judged(LABELS + "def blank(): pass\n", ("return dlogits, None", returned))
    assert status == 1 and words in out


SINGLE = """
import numpy as np
def forward(x, W): return np.tanh(x.astype(np.float32) @ W.astype(np.float32)){last}
def backward(dy, x, W):
    da = dy * (1 - np.tanh(x @ W) ** 2)
    return da @ W.T, x.T @ da
def example():
    r = np.random.default_rng(0).normal
    return r(size=(3, 4)), r(size=(4, 2))
"""


@pytest.mark.parametrize("last", ["", ".astype(np.float64)", "* 2.0", ".astype(float).tolist()"])
def test_single_precision_is_told_and_no_rule_is_sought(judged, last):
    last = last.replace(".astype(float).tolist()", ".astype(float) + 0")
    status, out, _ = judged(SINGLE.format(last=last))
    assert status == 1 and "simple rule" not in out and "| yes" not in out
    assert "\nforward computes in single precision, though its arguments are float64\n" in out
    assert "\nforward is wrong: see the rows" in out


def test_double_precision_is_not_taken_for_single(judged):
    text = SINGLE.format(last="").replace(".astype(np.float32)", "")
    assert judged(text)[0] == 0
    for whole in ("np.round(x @ W)", "(x @ W > 0) * 1.0"):
        out = judged(text.replace("np.tanh(x @ W)\ndef", f"{whole}\ndef"))[1]
        assert "single precision" not in out


RECURRENT = """
import numpy as np
def forward(p, xs, ys):
    h, loss = np.zeros(3), 0.0
    for x, y in zip(xs, ys):
        h = np.tanh(p["Wx"] @ x + p["Wh"] @ h)
        loss = loss + 0.5 * np.sum((h - y) ** 2)
    return loss
def backward(p, xs, ys):
    hs = [np.zeros(3)]
    for x in xs: hs.append(np.tanh(p["Wx"] @ x + p["Wh"] @ hs[-1]))
    dWh, dWx, dh = np.zeros((3, 3)), np.zeros((3, 4)), 0
    for t in reversed(range(len(xs))):
        da = (hs[t + 1] - ys[t] + dh) * (1 - hs[t + 1] ** 2)
        dWh = dWh + np.outer(da, hs[t])
        dWx {adds} np.outer(da, xs[t])
        dh = p["Wh"].T @ da
    return {returned}
def example():
    r = np.random.default_rng(0).normal
    return {{"Wx": r(size=(3, 4)), "Wh": r(size=(3, 3))}}, r(size=(5, 4)), r(size=(5, 3))
"""


@pytest.mark.parametrize("adds", ["+=", "= dWx +"])
@pytest.mark.parametrize("returned", ['{"Wh": dWh, "Wx": dWx}', '{"Wx": dWx, "Wh": dWh}'])
def test_the_loss_is_not_accused_where_blocks_are_shared_over_time(judged, adds, returned):
    text = RECURRENT.format(adds=adds, returned=returned)
    assert judged(text)[0] == 0
    status, out, _ = judged(text, ("dh = p[", "dh = 0 * p["))
    assert status == 1 and "the loss itself" not in out and "the error enters" not in out
