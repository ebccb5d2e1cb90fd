"""A class with forward and backward: where its parameters are, and what its forward keeps."""
import pytest

# joelnet's style: params and grads, and a constructor with arguments
JOEL = """
import numpy as np
class Layer:
    def __init__(self): self.params, self.grads = {}, {}
class Linear(Layer):
    def __init__(self, rows, columns):
        super().__init__()
        self.params["w"] = np.random.randn(rows, columns)
        self.params["b"] = np.random.randn(columns)
    def forward(self, inputs):
        self.inputs = inputs
        return inputs @ self.params["w"] + self.params["b"]
    def backward(self, grad):
        self.grads["b"] = grad.sum(axis=0)
        self.grads["w"] = self.inputs.T @ grad
        return grad @ self.params["w"].T
class Tanh(Layer):
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y
    def backward(self, grad):
        return grad * (1 - self.y ** 2)
class Net:
    def __init__(self): self.layers = [Linear(4, 5), Tanh(), Linear(5, 2)]
    def forward(self, x):
        for layer in self.layers: x = layer.forward(x)
        return x
    def backward(self, grad):
        for layer in reversed(self.layers): grad = layer.backward(grad)
        return grad
def example(): return Linear(4, 5), np.random.default_rng(0).standard_normal((3, 4))
"""
# numpy-ml's: made by the first forward, added up over calls, and a list after two forwards
ML = """
import numpy as np
class FullyConnected:
    def __init__(self, n_out):
        self.n_out, self.ready, self.xp = n_out, False, np
        self.X, self.derived = [], {"Z": []}
        self.parameters = {"W": None, "b": None}
        self.gradients = {}
    def _init_params(self, n_in):
        self.parameters = {"W": np.random.randn(n_in, self.n_out), "b": np.zeros((1, self.n_out))}
        self.gradients = {name: np.zeros_like(p) for name, p in self.parameters.items()}
        self.ready = True
    def flush_gradients(self):
        self.X = []
        for name, gradient in self.gradients.items():
            self.gradients[name] = np.zeros_like(gradient)
    def forward(self, X, retain_derived=True):
        if not self.ready: self._init_params(X.shape[1])
        if retain_derived: self.X.append(X)
        return np.tanh(X @ self.parameters["W"] + self.parameters["b"])
    def backward(self, dLdy, retain_grads=True):
        dX = []
        for x in self.X:
            W, b = self.parameters["W"], self.parameters["b"]
            dZ = dLdy * (1 - np.tanh(x @ W + b) ** 2)
            dX.append(dZ @ W.T)
            self.gradients["W"] += x.T @ dZ
            self.gradients["b"] += dZ.sum(axis=0, keepdims=True)
        return dX[0] if len(self.X) == 1 else dX
def example(): return FullyConnected(5), np.random.default_rng(0).standard_normal((3, 4))
"""
# attributes
AFFINE = """
import numpy as np
class Affine:
    def __init__(self, W, b): self.W, self.b, self.mean = W, b, np.zeros(4)
    def forward(self, x):
        self.x = x
        self.mean = 0.9 * self.mean + 0.1 * x.mean(axis=0)
        return x @ self.W + self.b
    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T
class Loss:
    def forward(self, p, y):
        self.e = p - y
        return 0.5 * np.sum(self.e ** 2)
    def backward(self, dout=1.0): return dout * self.e, -dout * self.e
def example():
    r = np.random.default_rng(0).standard_normal
    return Affine(r((4, 5)), r(5)), r((3, 4))
"""
# that of nnfs: forward and backward return nothing
NNFS = """
import numpy as np
class Dense:
    def __init__(self, rows, columns):
        self.weights = np.random.randn(rows, columns)
        self.biases = np.zeros((1, columns))
    def forward(self, inputs):
        self.inputs = inputs
        self.output = inputs @ self.weights + self.biases
    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues
        self.dbiases = dvalues.sum(axis=0, keepdims=True)
        self.dinputs = dvalues @ self.weights.T
def example(): return {"layer": Dense(4, 5), "inputs": np.ones((3, 4))}
"""
LAYER_LINE = "return Linear(4, 5), np"
LINEAR, CONNECTED, OF_AFFINE = "my.py:Linear", "my.py:FullyConnected", "my.py:Affine"


@pytest.mark.parametrize("text, target, changes, names", [
    (JOEL, LINEAR, [], ["inputs", "w", "b"]),
    (JOEL, "my.py:Net", [(LAYER_LINE, "return Net(), np")],
     ["x", "0.w", "0.b", "2.w", "2.b"]),
    (JOEL, "my.py:Tanh", [(LAYER_LINE, "return np")], ["x"]),
    (JOEL, LINEAR, [('self.params["b"] = np.random.randn(columns)',
                     'self.b = self.params["b"] = np.zeros(columns)'),
                    ('+ self.params["b"]', "+ self.b")], ["inputs", "w", "b"]),
    (JOEL, LINEAR, [('self.grads["b"]', 'self.grads["db"]'),
                    ("self.params, self.grads = {}, {}", "self.params, self.grads = {}, {'db': 0}")
                    ], ["inputs", "w", "b"]),
    (JOEL, LINEAR, [('return grad @ self.params["w"].T', 'return {"inputs": grad @ '
                     'self.params["w"].T, **self.grads}')], ["w", "b", "inputs"]),
    (ML, CONNECTED, [], ["X", "W", "b"]),
    (ML, CONNECTED, [("def flush_gradients", "def other")], ["X", "W", "b"]),
    (ML, CONNECTED, [("def example(): return FullyConnected(5), np.random",
                      "def example():\n    layer = FullyConnected(5)\n"
                      "    layer.forward(np.ones((3, 4)), retain_derived=False)\n"
                      "    return layer, np.random")], ["X", "W", "b"]),
    (AFFINE, OF_AFFINE, [], ["x", "W", "b"]),
    (NNFS, "my.py:Dense", [], ["inputs", "weights", "biases"]),
    (AFFINE, OF_AFFINE, [("return dout @ self.W.T", "return dout @ self.W.T, self.dW, self.db"),
                         ("self.W, self.b,", "self.params, self.grads = [W, b], [W * 0, b * 0]; "
                          "self.W, self.b,")], ["x", "params[0]", "params[1]"]),
    (AFFINE, "my.py:Loss", [("Affine(r((4, 5)), r(5)), r((3, 4))", "r(3), r(3)")], ["p", "y"])])
def test_a_right_one(judged, text, target, changes, names):
    status, out, err = judged(text, *changes, target=target)
    assert status == 0 and not err, out + err
    assert [line.split()[0] for line in out.splitlines() if "| yes" in line] == names


@pytest.mark.parametrize("text, target, change, words", [
    (JOEL, LINEAR, ("self.inputs.T @ grad", "-self.inputs.T @ grad"), "w: the sign is flipped"),
    (JOEL, LINEAR, ("grad @ self.params", "2 * grad @ self.params"), "inputs: "),
    (JOEL, LINEAR, ('        self.grads["b"] = grad.sum(axis=0)\n', ""), "still blank: b\n"),
    (JOEL, LINEAR, ("self.inputs.T @ grad", "..."), "still blank: w\n"),
    (JOEL, LINEAR, ("self.inputs.T @ grad", "self.inputs @ grad"),
     "in the product self.inputs @ grad, the shapes (3, 4) and (3, 5) do not fit"),
    (ML, CONNECTED, ("x.T @ dZ", "2 * x.T @ dZ"), "W: "),
    (ML, CONNECTED, ("+= dZ.sum", "-= dZ.sum"), "b: the sign is flipped"),
    (NNFS, "my.py:Dense", ("dvalues @ self.weights.T", "dvalues @ self.weights.T / 3"), "inputs: "),
    (AFFINE, OF_AFFINE, ("dout.sum(axis=0)", "dout.mean(axis=0)"), "b: 1/N (N = 3)"),
    (AFFINE, OF_AFFINE, ("self.x.T @ dout", "0 * self.W"), "W: the gradient is zero")])
def test_a_wrong_one(judged, text, target, change, words):
    status, out, err = judged(text, change, target=target)
    assert status == 1 and not err and words in out and "is right:" not in out


def test_it_is_said_what_is_called(judged):
    assert judged(JOEL, target=LINEAR)[1].startswith(
        "my.py, with a random grad: grads should be the slopes of f\n"
        "    f     = sum(Linear.forward(inputs) * grad)\n    grads = Linear.backward(grad)\n")
    out = judged(AFFINE, ("Affine(r((4, 5)), r(5)), r((3, 4))", "r(3), r(3)"),
                 target="my.py:Loss")[1]
    assert out.startswith("my.py: grads should be the slopes of f\n"
                          "    f     = Loss.forward(p, y)\n    grads = Loss.backward()\n")


def test_a_state_of_its_own_is_told_and_does_not_fail_it(judged):
    status, out, _ = judged(AFFINE, target=OF_AFFINE)
    assert status == 0 and out.endswith("(Affine.forward changes its own state: mean. "
                                        "Each call was given a copy of it.)\n")
    status, out, _ = judged(AFFINE, ("self.mean = 0.9 * self.mean +", "self.mean += 0.9; 0 *"),
                            target=OF_AFFINE)
    assert status == 0 and "state: mean." in out
    assert "state" not in judged(JOEL, target=LINEAR)[1]


@pytest.mark.parametrize("target, change, words", [
    (LINEAR, (LAYER_LINE, "return np"),
     "expected example() to return the layer, a Linear, and then its inputs, got ndarray\n"),
    (LINEAR, ("self.inputs = inputs", "nothing"), "my.py, line 11: NameError: name 'nothing' is"),
    ("my.py:Layer", (LAYER_LINE, "return np"),
     "expected the class Layer to have the methods forward and backward; if they have other names, "
     "ask for them: my.py:Layer.forward,Layer.backward\n"),
    ("my.py:example", (LAYER_LINE, "return np"), "of example (none), got 1\n")])
def test_what_cannot_be_used(judged, target, change, words):
    status, out, err = judged(JOEL, change, target=target)
    assert status == 2 and not out and words in err and err.count("\n") == 1


def test_an_array_without_a_gradient_is_told(judged):
    status, out, _ = judged(NNFS, ("self.dbiases =", "dbiases ="), target="my.py:Dense")
    assert status == 0 and "Dense.backward is right: 2 gradients agree" in out
    assert "\n(Not tested: biases, on which Dense.forward depends. If it is a parameter, " in out
    for text, target in ((NNFS, "my.py:Dense"), (JOEL, LINEAR), (AFFINE, OF_AFFINE)):
        assert "Not tested" not in judged(text, target=target)[1]
