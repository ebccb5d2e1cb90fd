"""The layers: dense and relu with their derivatives, and the sigmoid.

Everything here is a pure function. `thing_forward` returns its result and a cache; `thing_backward`
takes the gradient of the loss with respect to that result, and the cache, and returns the gradients
with respect to the arguments.
"""
import numpy as np


def dense_forward(x, W, b):
    """The dense layer y = x W + b.  (Blog 2.4: nn.Linear, whose weight is the transpose of W.)

    x: (N, I); W: (I, O); b: (O,)  ->  y: (N, O), cache
    """
    # y_no = Σ_i x_ni W_io + b_o
    return x @ W + b, (x, W)


def dense_backward(dy, cache, need_dx=True, out=(None, None)):
    """The gradients of the dense layer.

    dy: (N, O)  ->  dx: (N, I) (None unless need_dx: the first layer's input is data), dW: (I, O),
    db: (O,)
    out: the arrays that dW and db are written into; None makes fresh ones.
    """
    x, W = cache
    # ∂y_no / ∂W_io = x_ni   so  dW_io = Σ_n x_ni dy_no
    dW = np.matmul(x.T, dy, out=out[0])
    db = np.sum(dy, axis=0, out=out[1])              # ∂y_no / ∂b_o  = 1      so  db_o  = Σ_n dy_no
    # ∂y_no / ∂x_ni = W_io   so  dx_ni = Σ_o dy_no W_io
    dx = dy @ W.T if need_dx else None
    return dx, dW, db


def relu_forward(a):
    """The rectifier h = max(a, 0), element by element.

    a: any shape  ->  h: the same shape, cache
    """
    return np.maximum(a, 0), (a,)


def relu_backward(dh, cache):
    """The gradient of the rectifier: passed on where the unit was open, stopped where it was shut.

    dh: as h  ->  da: the same shape.  At the kink a = 0 the derivative is taken as 0.
    """
    a, = cache
    return dh * (a > 0)                              # ∂h / ∂a = 1 if a > 0 else 0


def sigmoid_forward(logits):
    """The logistic function p = 1 / (1 + exp(-l)), without overflow for any finite l.

    logits: any shape  ->  probs: the same shape, in [0, 1], cache
    """
    # p = exp(l)      / (1 + exp(l))     if l < 0:   both exponents are
    # p = 1           / (1 + exp(-l))    if l ≥ 0:   at most 0, and in one line
    # p = exp(min(l, 0)) / (1 + exp(-|l|)),          with |l| = l - 2 min(l, 0), which the complex step can follow
    neg = np.minimum(logits, 0)
    mag = logits - neg - neg
    probs = np.exp(neg) / (1 + np.exp(-mag))
    return probs, (logits, probs)


def sigmoid_backward(dprobs, cache):
    """The gradient of the logistic function. (The Bernoulli loss does without it: there it cancels
    against 1 / p.)

    dprobs: as probs  ->  dlogits: the same shape
    """
    logits, probs = cache
    # ∂p / ∂l = p (1 - p),   where 1 - p = sigmoid(-l) keeps its digits
    return dprobs * probs * sigmoid(-logits)


def sigmoid(logits):
    """The logistic function alone, where no gradient is needed: `sigmoid_forward` without its
    cache.
    """
    return sigmoid_forward(logits)[0]
