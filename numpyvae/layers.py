"""The layers: dense, relu and sigmoid, each beside its derivative.

The mathematics of this package comes in pairs of pure functions. `thing(args)` returns a value.
`thing_backward(dvalue, args)` takes the gradient of the loss with respect to that value, then those
of the same arguments that it needs, under the same names, and returns the gradients with respect
to them. Nothing is cached, nothing that was given is changed.
"""
import numpy as np


def dense(x, W, b):
    """The dense layer y = x W + b.

    x: (N, I); W: (I, O); b: (O,)  ->  y: (N, O)
    Source: blog 2.4, nn.Linear, whose weight is the transpose of W.
    """
    return x @ W + b                                 # y_no  = Σ_i x_ni W_io + b_o


def dense_backward(dy, x, W, out=(None, None)):
    """The gradients of the dense layer.

    dy: (N, O)  ->  dx: (N, I), dW: (I, O), db: (O,)
    W: None if x is data; then no dx is computed, and None is returned for it
    out: the arrays that dW and db are written into; None makes a fresh one
    """
    dx = None if W is None else dy @ W.T             # dx_ni = Σ_o dy_no W_io
    dW = np.matmul(x.T, dy, out=out[0])              # dW_io = Σ_n x_ni dy_no
    db = np.sum(dy, axis=0, out=out[1])              # db_o  = Σ_n dy_no
    return dx, dW, db


def relu(a):
    """The rectifier h = max(a, 0), element by element.

    a: any shape  ->  h: the same shape
    """
    return np.maximum(a, 0)


def relu_backward(dh, a):
    """The gradient of the rectifier: passed on where the unit is open, stopped where it is shut.

    dh: as h  ->  da: the same shape.  At the kink, a = 0, the derivative is taken to be 0.
    """
    return dh * (a > 0)                              # ∂h / ∂a = 1 if a > 0 else 0


def magnitude(a):
    """|a|, element by element, in a form that the complex step can follow (np.abs drops it).

    a: any shape  ->  the same shape
    """
    return np.maximum(a, -a)


def sigmoid(logits):
    """The logistic function p = 1 / (1 + exp(-l)), without overflow for any finite l.

    logits: any shape  ->  probs: the same shape, in [0, 1]
    """
    # p = 1 / (1 + exp(-l))         if l > 0; otherwise both are multiplied by exp(l),
    # p = exp(l) / (exp(l) + 1)     so that no exponent is ever above 0
    small = np.exp(-magnitude(logits))
    # the numerator is np.where(logits > 0, 1, small), in a third of the time
    return np.maximum(logits > 0, small) / (1 + small)


def sigmoid_backward(dprobs, logits):
    """The gradient of the logistic function.

    dprobs: as probs  ->  dlogits: the same shape
    (The Bernoulli loss does without it: there p (1 - p) cancels against the logarithm's 1 / p.)
    """
    # ∂p / ∂l = p (1 - p),     and 1 - p = sigmoid(-l) keeps its digits when p is near 1
    return dprobs * sigmoid(logits) * sigmoid(-logits)
