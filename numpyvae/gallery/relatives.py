"""The conditional VAE and the IWAE as text, and how they are run with wrong lines in them."""
from typing import NamedTuple

import numpy as np

from ..conditional import ConditionalVAE
from ..gradcheck import check_gradients
from ..importance import IWAE
from .programs import BACKWARD, FORWARD, lines, run

# The conditional VAE is the VAE of programs.py, but for these lines.
KL = """
    kl         = 0.5 * np.sum((mu - M[y]) ** 2 + np.exp(logvar) - 1 - logvar, axis=1)
"""
KL_BACKWARD = """
    dmu_kl     = dkl * (mu - M[y])
    dM         = -np.eye(C)[y].T @ dmu_kl
    grads      = {**decoder, **heads, "W1": dW1, "b1": db1, "M": dM}
"""
# What it is good for: codes of a class; the class of an image; the weights of log p(x given y).
ASKED = """
    z_new      = M[label] + rng.standard_normal((S, Z))
    named      = np.argmin(np.sum((mu[:, None] - M) ** 2, axis=2), axis=1)
    log_w      = 0.5 * np.sum(eps ** 2 - (z - M[y]) ** 2 + logvar, axis=1) - recon
"""

# The IWAE in full: from mu_k on, every example has K rows.
SAMPLES = """
    x_seen     = x * mask
    a1         = x_seen @ W1 + b1
    h1         = np.maximum(a1, 0)
    mu         = h1 @ W_mu + b_mu
    logvar     = h1 @ W_logvar + b_logvar
    mu_k       = np.repeat(mu, K, axis=0)
    logvar_k   = np.repeat(logvar, K, axis=0)
    x_k        = np.repeat(x, K, axis=0)
    mask_k     = np.repeat(mask, K, axis=0)
    eps_k      = eps.reshape(N * K, Z)
    std        = np.exp(0.5 * logvar_k)
    z          = mu_k + std * eps_k
    a3         = z @ W3 + b3
    h3         = np.maximum(a3, 0)
    logits     = h3 @ W4 + b4
    probs      = 1 / (1 + np.exp(-logits))
    cost       = np.log(1 + np.exp(logits)) - x_k * logits
    recon      = np.sum(cost * mask_k, axis=1)
    log_pz     = -0.5 * np.sum(z ** 2 + np.log(2 * np.pi), axis=1)
    log_q      = -0.5 * np.sum(eps_k ** 2 + logvar_k + np.log(2 * np.pi), axis=1)
    log_w      = (log_pz - log_q - recon).reshape(N, K)
"""
BOUND = """
    largest    = log_w.max(axis=1, keepdims=True)
    w          = np.exp(log_w - largest)
    bound      = largest[:, 0] + np.log(w.mean(axis=1))
    loss       = -np.mean(bound)
"""
SAMPLES_BACKWARD = """
    weights    = w / w.sum(axis=1, keepdims=True)
    dlog_w     = -weights.reshape(N * K, 1) / N
    dlogits    = -dlog_w * (probs - x_k) * mask_k
    dW4        = h3.T @ dlogits
    db4        = dlogits.sum(axis=0)
    dh3        = dlogits @ W4.T
    da3        = dh3 * (a3 > 0)
    dW3        = z.T @ da3
    db3        = da3.sum(axis=0)
    dz_prior   = dlog_w * -z
    dz         = da3 @ W3.T + dz_prior
    dstd       = dz * eps_k
    dlogvar_q  = -dlog_w * -0.5
    dlogvar_k  = dstd * 0.5 * std + dlogvar_q
    dmu        = dz.reshape(N, K, Z).sum(axis=1)
    dlogvar    = dlogvar_k.reshape(N, K, Z).sum(axis=1)
    dW_mu      = h1.T @ dmu
    db_mu      = dmu.sum(axis=0)
    dW_logvar  = h1.T @ dlogvar
    db_logvar  = dlogvar.sum(axis=0)
    dh1        = dmu @ W_mu.T + dlogvar @ W_logvar.T
    da1        = dh1 * (a1 > 0)
    dW1        = x_seen.T @ da1
    db1        = da1.sum(axis=0)
    decoder    = dict(W4=dW4, b4=db4, W3=dW3, b3=db3)
    heads      = dict(W_mu=dW_mu, b_mu=db_mu, W_logvar=dW_logvar, b_logvar=db_logvar)
    grads      = {**decoder, **heads, "W1": dW1, "b1": db1}
"""


class Program(NamedTuple):
    """The text of a model, with the parameters and the data that it is tried on."""

    forward: str
    backward: str
    params: dict                         # by name, as backward comes to them
    data: dict
    sizes: dict                          # what the check calls the numbers that a sum may lack


def _text(base, changes):
    """A text with other lines in the place of its own; those that are new stand before its last."""
    own, other = lines(base), lines(changes)
    last = list(own)[-1]
    new  = {name: line for name, line in other.items() if name not in own}
    kept = {name: other.get(name, line) for name, line in own.items() if name != last}
    return "\n".join([*kept.values(), *new.values(), other.get(last, own[last])])


N, D, H, Z, C, K = 3, 7, 5, 2, 4, 6      # all different, so that no two axes can be confused
BLOCKS = "W4 b4 W3 b3 W_mu b_mu W_logvar b_logvar W1 b1".split()
_rng = np.random.default_rng(0)
_x, _mask = _rng.random((N, D)), _rng.random((N, D)) < 0.8
_cvae, _iwae = ConditionalVAE(D, H, Z, C, rng=0), IWAE(D, H, Z, rng=0)
_cvae.params["M"] *= 10

CONDITIONAL = Program(_text(FORWARD, KL), _text(BACKWARD, KL_BACKWARD),
                      {name: _cvae.params[name] for name in [*BLOCKS, "M"]},
                      {"x": _x, "y": np.array([3, 1, 3]), "eps": _rng.standard_normal((N, Z)),
                       "mask": _mask, "beta": 0.7}, {"N": N, "D": D})
IMPORTANCE  = Program(SAMPLES + BOUND, SAMPLES_BACKWARD,
                      {name: _iwae.params[name] for name in BLOCKS},
                      {"x": _x, "eps": _rng.standard_normal((N, K, Z)), "mask": _mask},
                      {"N": N, "D": D, "K": K})


# ---------------------------------------------------------------------- how they are run

def forward(program, *wrong, **other):
    """All names after the forward pass; other: data or parameters in the place of the usual ones.
    """
    names = {**program.data, **program.params, **other}
    sizes = {"N": len(names["x"]), "D": D, "Z": Z, "C": C, "K": np.shape(names["eps"])[1]}
    return run(program.forward, {**names, **sizes}, *wrong)


def backward(program, *wrong, **other):
    """The gradients after both passes, a dictionary like the parameters."""
    return run(program.backward, forward(program, *wrong, **other), *wrong)["grads"]


def examine(program, *wrong, method="complex"):
    """What the gradient check says of a program with wrong lines  ->  its report."""
    def loss(params):
        return forward(program, *wrong, **params)["loss"]

    def gradient(params):
        return backward(program, *wrong, **params)

    return check_gradients(loss, program.params, gradient, method, show=False,
                           order=list(program.params), sizes=program.sizes)
