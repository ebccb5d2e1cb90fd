"""The whole VAE as text, one statement a line, and how it is run with wrong lines in it."""
import numpy as np

from ..gradcheck import check_gradients
from ..narrator import source
from ..vae import VAE

# ---------------------------------------------------------------------- the programs

FORWARD = """
    x_seen     = x * mask
    a1         = x_seen @ W1 + b1
    h1         = np.maximum(a1, 0)
    mu         = h1 @ W_mu + b_mu
    logvar     = h1 @ W_logvar + b_logvar
    std        = np.exp(0.5 * logvar)
    z          = mu + std * eps
    a3         = z @ W3 + b3
    h3         = np.maximum(a3, 0)
    logits     = h3 @ W4 + b4
    probs      = 1 / (1 + np.exp(-logits))
    cost       = np.log(1 + np.exp(logits)) - x * logits
    recon      = np.sum(cost * mask, axis=1)
    kl         = 0.5 * np.sum(mu ** 2 + np.exp(logvar) - 1 - logvar, axis=1)
    loss       = np.mean(recon + beta * kl)
"""
BACKWARD = """
    drecon     = 1 / N
    dkl        = beta / N
    dlogits    = drecon * (probs - x) * mask
    dW4        = h3.T @ dlogits
    db4        = dlogits.sum(axis=0)
    dh3        = dlogits @ W4.T
    da3        = dh3 * (a3 > 0)
    dW3        = z.T @ da3
    db3        = da3.sum(axis=0)
    dz         = da3 @ W3.T
    dmu_kl     = dkl * mu
    dlogvar_kl = dkl * 0.5 * (np.exp(logvar) - 1)
    dmu        = dz + dmu_kl
    dstd       = dz * eps
    dlogvar    = dstd * 0.5 * std + dlogvar_kl
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

# These two lines in the place of theirs make the pixels Gaussian, with the logits as their means.
GAUSSIAN = ("cost = 0.5 * ((x - logits) / x_std) ** 2 + np.log(x_std) + 0.5 * np.log(2 * np.pi)",
            "dlogits = drecon * (logits - x) / x_std ** 2 * mask")

# A step of Adam: `each` holds the gradients of the examples, a row for each; m, v, t start at 0.
ADAM = """
    t          = t + 1
    grad       = each.mean(axis=0)
    m          = beta1 * m + (1 - beta1) * grad
    v          = beta2 * v + (1 - beta2) * grad ** 2
    m_hat      = m / (1 - beta1 ** t)
    v_hat      = v / (1 - beta2 ** t)
    move       = lr * m_hat / (np.sqrt(v_hat) + adam_eps)
    param      = param - move
"""

# What a trained network is good for: codes to generate from, and log p(x) of one x, of which
# forward was given many copies.
AFTERWARDS = """
    z_new      = rng.standard_normal((S, Z))
    log_w      = 0.5 * np.sum(eps ** 2 - z ** 2 + logvar, axis=1) - recon
    log_p      = np.log(np.mean(np.exp(log_w)))
"""


# ---------------------------------------------------------------------- how they are run

N, D, H, Z = 3, 7, 5, 2              # all different, so that no two axes can be confused
BLOCKS = "W4 b4 W3 b3 W_mu b_mu W_logvar b_logvar W1 b1".split()     # as backward comes to them
PARAMS = {name: VAE(D, H, Z, rng=0).params[name] for name in BLOCKS}
_rng = np.random.default_rng(0)
DATA = {"x": _rng.random((N, D)), "eps": _rng.standard_normal((N, Z)),
        "mask": _rng.random((N, D)) < 0.8, "beta": 0.7, "x_std": 0.6}


def lines(text, *wrong):
    """{name: the line that assigns to it} of a text, with wrong lines in the place of its own."""
    found = {line.split()[0]: line.strip() for line in text.split("\n") if line.strip()}
    for line in wrong:
        name = line.split()[0]
        if name in found:
            found[name] = line
    return found


def run(text, names, *wrong):
    """All names after the text has run, with wrong lines in the place of its own."""
    code = "\n".join(lines(text, *wrong).values())
    with np.errstate(all="ignore"):                          # NaN is to be found, not announced
        return source.run(code, {"np": np, "rng": _rng, "Z": Z, **names})


def forward(*wrong, **other):
    """All names after the forward pass; other: data or parameters in the place of the usual ones.
    """
    names = {**DATA, **PARAMS, **other}
    return run(FORWARD, {**names, "N": len(names["x"]), "D": D}, *wrong)


def backward(*wrong, **other):
    """The gradients after both passes, a dictionary like the parameters."""
    return run(BACKWARD, forward(*wrong, **other), *wrong)["grads"]


def examine(*wrong, params=PARAMS, method="complex", **options):
    """What the gradient check says of the network with wrong lines  ->  its report."""
    last = lines(FORWARD, *wrong)["loss"]

    def loss(params):
        return forward(*wrong, **params)["loss"]

    def recon(params):                                       # what is left of the loss if β is 0
        return forward(*wrong, **params, beta=0.0)["loss"]

    def kl(params):                                          # what β adds to it
        names = forward(*wrong, **params)
        return names["loss"] - run(last, {**names, "beta": 0.0})["loss"]

    return check_gradients(loss, params, lambda params: backward(*wrong, **params), method,
                           show=False, terms={"recon": recon, "kl": kl}, order=BLOCKS,
                           sizes={"N": N, "D": D}, **options)
