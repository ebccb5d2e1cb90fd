"""A gallery of bugs: the whole VAE as text, wrong versions of its lines, and what catches each.

A gradient check asks whether backward fits forward. Where it does not, the check says so, and often
says what is wrong. Where both are wrong together, no gradient check can see it, and something else
has to be known about the forward pass: an identity, a closed form, a statistic. Lesson 8 takes its
examples from this page, and the tests run all of it.

    python tutorials/bug_gallery.py    (5 seconds; every bug, what catches it, and what that says)
"""
import os
import sys
import textwrap

import numpy as np

from numpyvae import VAE, check_gradients
from numpyvae.narrator import OneLineParser, source

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


# ---------------------------------------------------------------------- the gallery

CHECK = "gradient check"


class Bug:
    """Wrong versions of lines, each in the place of the line that assigns to the same name.

    name: what went wrong
    wrong: the line, or a wrong line of forward and the lines of backward that fit it
    by: what catches it, the gradient check or one of ORACLES
    says: words of what the check then says
    seen: the public code in which it was read, if any
    to: lines that replace theirs first, GAUSSIAN or none
    """

    def __init__(self, name, *wrong, by=CHECK, says="", seen="", to=()):
        self.name  = name
        self.wrong = wrong
        self.by    = by
        self.says  = says
        self.seen  = seen
        self.to    = to


GALLERY = {
    "The gradient of the loss": [
        Bug("the error's sign",
            "dlogits = drecon * (x - probs) * mask",
            says="W4, b4, W3, b3: the sign is flipped"),
        Bug("1/N forgotten",
            "drecon = 1",
            says="N = 3 times the numeric gradient"),
        Bug("pixels averaged, but not in the loss",
            "drecon = 1 / N / D",
            says="1/D (D = 7) of the numeric gradient"),
        Bug("the loss a sum over the batch, its gradient a mean",
            "loss = np.sum(recon + beta * kl)",
            says="1/N (N = 3) of the numeric gradient"),
        Bug("the sigmoid's slope once too often",
            "dlogits = drecon * (probs - x) * probs * (1 - probs) * mask",
            says="the error enters at W4"),
        Bug("hidden pixels send gradients",
            "dlogits = drecon * (probs - x)",
            says="b4: 3 of its 7 elements are wrong"),
        Bug("log(p + 1e-7) in the loss, 1/p in its gradient: only the complex step sees it",
            "cost = -x * np.log(probs + 1e-7) - (1 - x) * np.log(1 - probs + 1e-7)",
            says="a small constant slipped in", seen="kwj2104/Simple-Variational-Autoencoder"),
        Bug("Gaussian: the ½ of the squared error forgotten",
            "dlogits = 2 * drecon * (logits - x) / x_std ** 2 * mask",
            says="twice the numeric gradient", to=GAUSSIAN),
        Bug("Gaussian: σ for σ²",
            "dlogits = drecon * (logits - x) / x_std * mask",
            says="0.6 times the numeric gradient", to=GAUSSIAN)],

    "Dense layers": [
        Bug("dW transposed",
            "dW4 = dlogits.T @ h3",
            says="W4: expected a gradient of shape (5, 7), got (7, 5): it is the transpose"),
        Bug("a mean for a sum in db",
            "db4 = dlogits.mean(axis=0)",
            says="b4: 1/N (N = 3) of the numeric gradient"),
        Bug("db summed along the wrong axis",
            "db4 = dlogits.sum(axis=1)",
            says="b4: expected a gradient of shape (7,), got (3,)"),
        Bug("db not summed",
            "db3 = da3",
            says="b3: expected a gradient of shape (5,), got (3, 5): "
                 "it was not summed over the batch"),
        Bug("db summed over everything, and broadcast",
            "db_mu = np.full(Z, dmu.sum())",
            says="b_mu: every element is the sum of all of them"),
        Bug("db with an axis too many",
            "db_logvar = dlogvar.sum(axis=0, keepdims=True)",
            says="b_logvar: expected a gradient of shape (2,), got (1, 2): "
                 "the right numbers in another shape"),
        Bug("1/N once more",
            "dh3 = dlogits @ W4.T / N",
            says="W3, b3: 1/N (N = 3) of the numeric gradient"),
        Bug("μ for z in dW3",
            "dW3 = mu.T @ da3",
            says="the error enters at W3 and goes no further"),
        Bug("relu's input for its output in dW_mu",
            "dW_mu = a1.T @ dmu",
            says="the error enters at W_mu and goes no further"),
        Bug("the input that the network did not see",
            "dW1 = x.T @ da1",
            says="the error enters at W1 and goes no further"),
        Bug("a gradient never filled in",
            "db1 = np.zeros_like(b1)",
            says="b1: the gradient is zero")],

    "The rectifier": [
        Bug("relu's slope left out",
            "da3 = dh3",
            says="the error enters at W3"),
        Bug("relu's mask from dh",
            "da3 = dh3 * (dh3 > 0)",
            says="the error enters at W3"),
        Bug("the other layer's mask",
            "da1 = dh1 * (a3 > 0)",
            says="the error enters at W1"),
        Bug("relu's slope as 0 / 0",
            "da1 = dh1 * (h1 / h1)",
            says="NaN"),
        Bug("relu skipped on the way back",
            "dz = dh3 @ W3.T",
            says="the error enters at W_mu")],

    "The noise": [
        Bug("one noise stored, another one used",
            "z = mu + std * rng.standard_normal(eps.shape)",
            says="f is not deterministic", seen="kwj2104/Simple-Variational-Autoencoder"),
        Bug("the noise drawn again",
            "dstd = dz * rng.standard_normal(eps.shape)",
            says="grads is not deterministic"),
        Bug("the ½ of std forgotten",
            "dlogvar = dstd * std + dlogvar_kl",
            says="W_logvar, b_logvar: the term recon of the loss is counted twice"),
        Bug("σ² for σ in d log σ²",
            "dlogvar = dstd * 0.5 * np.exp(logvar) + dlogvar_kl",
            says="the error enters at W_logvar"),
        Bug("z written over μ, which the KL still needs",
            "z = np.add(mu, std * eps, out=mu)",
            says="the error enters at W_logvar"),
        Bug("no gradient through the sample",
            "dlogvar = dlogvar_kl",
            says="W_logvar, b_logvar: the term recon of the loss is missing")],

    "The gradient of the KL term": [
        Bug("no KL term in dμ",
            "dmu = dz",
            says="W_mu, b_mu: the term kl of the loss is missing"),
        Bug("the KL term's sign",
            "dkl = -beta / N",
            says="W_mu, b_mu, W_logvar, b_logvar, W1, b1: "
                 "the term kl of the loss has the wrong sign"),
        Bug("the KL term a sum over the batch, recon a mean",
            "dkl = beta",
            says="the term kl of the loss counts for N = 3 times what it should"),
        Bug("β forgotten",
            "dkl = 1 / N",
            says="the term kl of the loss counts for 1.42857 times what it should"),
        Bug("the ½ of ½ μ² forgotten",
            "dmu_kl = dkl * 2 * mu",
            says="W_mu, b_mu: the term kl of the loss is counted twice"),
        Bug("¼ for ½ in the KL term",
            "dlogvar_kl = dkl * 0.25 * (np.exp(logvar) - 1)",
            says="W_logvar, b_logvar: the term kl of the loss counts for half what it should"),
        Bug("σ for σ² in the KL term",
            "dlogvar_kl = dkl * 0.5 * (std - 1)",
            says="the error enters at W_logvar"),
        Bug("a clamp that only forward has",
            "kl = 0.5 * np.sum(mu ** 2 + np.exp(np.minimum(logvar, 0)) - 1 "
            "- np.minimum(logvar, 0), axis=1)",
            says="the error enters at W_logvar", seen="Mathews-Tom/no-magic, microvae.py")],

    "Where paths meet, and where things are kept": [
        Bug("one of two paths lost",
            "dh1 = dmu @ W_mu.T",
            says="the error enters at W1"),
        Bug("dμ for d log σ²",
            "dW_logvar = h1.T @ dmu",
            says="W_logvar: it is the gradient of W_mu"),
        Bug("dz overwritten before its second use",
            "dmu = np.add(dz, dmu_kl, out=dz)",
            says="the error enters at W_logvar"),
        Bug("one buffer for two gradients",
            "dW_logvar = np.matmul(h1.T, dlogvar, out=dW_mu)",
            says="W_mu: its gradient shares memory with that of W_logvar"),
        Bug("a gradient written into its parameter",
            "db4 = np.sum(dlogits, axis=0, out=b4)",
            says="grads changes its arguments: a call leaves other numbers in b4"),
        Bug("weights that shrink in every forward pass",
            "logits = h3 @ np.multiply(W4, 0.99, out=W4) + b4",
            says="f changes its arguments: a call leaves other numbers in W4"),
        Bug("single precision on the way: only the complex step sees it",
            "dlogits = np.float32(drecon * (probs - x) * mask)",
            says="single precision"),
        Bug("two names exchanged",
            "heads = dict(W_mu=dW_logvar, b_mu=db_logvar, W_logvar=dW_mu, b_logvar=db_mu)",
            says="W_mu: it is the gradient of W_logvar: are two of them exchanged?"),
        Bug("a name misspelt",
            "decoder = dict(W4=dW4, b4=db4, W3=dW3, b_3=db3)",
            says="b_3: no parameter has this name; is it meant for b3?"),
        Bug("half of the gradients left out",
            "grads = decoder",
            says="no gradient was given")],

    "No gradient check can see: the noise and the KL term": [
        Bug("exp(log σ²) for σ",
            "std = np.exp(logvar)", "dlogvar = dstd * std + dlogvar_kl",
            by="Var[z] = σ²", seen="ddbourgin/numpy-ml, vae.py"),
        Bug("one noise for the whole batch",
            "z = mu + std * eps[0]", "dstd = dz * eps[0]",
            by="Var[z] = σ²"),
        Bug("one noise for all latent variables",
            "z = mu + std * eps[:, :1]", "dstd = dz * eps[:, :1]",
            by="Cov[z] = 0"),
        Bug("only the noise's size",
            "z = mu + std * np.sqrt(eps ** 2)", "dstd = dz * np.sqrt(eps ** 2)",
            by="E[z] = μ"),
        Bug("relu on μ",
            "mu = np.maximum(h1 @ W_mu + b_mu, 0)", "dmu = (dz + dmu_kl) * (mu > 0)",
            by="minus W_mu gives minus μ"),
        Bug("log σ taken for log σ²",
            "kl = 0.5 * np.sum(mu ** 2 + np.exp(2 * logvar) - 1 - 2 * logvar, axis=1)",
            "dlogvar_kl = dkl * (np.exp(2 * logvar) - 1)",
            by="KL as an integral"),
        Bug("the sign of log σ²",
            "kl = 0.5 * np.sum(mu ** 2 + np.exp(logvar) - 1 + logvar, axis=1)",
            "dlogvar_kl = dkl * 0.5 * (np.exp(logvar) + 1)",
            by="KL as an integral"),
        Bug("latent variables averaged",
            "kl = 0.5 * np.mean(mu ** 2 + np.exp(logvar) - 1 - logvar, axis=1)",
            "dmu_kl = dkl * mu / Z", "dlogvar_kl = dkl * 0.5 * (np.exp(logvar) - 1) / Z",
            by="KL as an integral"),
        Bug("the -1 forgotten, which has no gradient",
            "kl = 0.5 * np.sum(mu ** 2 + np.exp(logvar) - logvar, axis=1)",
            by="KL(prior) = 0"),
        Bug("a prior with σ = e",
            "kl = 0.5 * np.sum((mu ** 2 + np.exp(logvar)) / np.e ** 2 + 1 - logvar, axis=1)",
            "dmu_kl = dkl * mu / np.e ** 2",
            "dlogvar_kl = dkl * 0.5 * (np.exp(logvar) / np.e ** 2 - 1)",
            by="KL(prior) = 0", seen="HIPS/autograd, before its pull request 266")],

    "No gradient check can see: the loss": [
        Bug("the KL term subtracted",
            "loss = np.mean(recon - beta * kl)", "dkl = -beta / N",
            by="loss = recon + β KL"),
        Bug("the KL term left out",
            "loss = np.mean(recon)", "dkl = 0",
            by="loss = recon + β KL"),
        Bug("a weight hidden in the loss",
            "loss = np.mean(recon + beta * 0.00025 * kl)", "dkl = 0.00025 * beta / N",
            by="loss = recon + β KL", seen="AntixK/PyTorch-VAE, issue 56"),
        Bug("a sum over the batch",
            "loss = np.sum(recon + beta * kl)", "drecon = 1", "dkl = beta",
            by="two copies cost the same"),
        Bug("the input centred with the batch's mean",
            "x_seen = (x - x.mean(axis=0)) * mask",
            by="each example alone"),
        Bug("pixels averaged",
            "recon = np.mean(cost * mask, axis=1)", "drecon = 1 / N / D",
            by="chance = D log 2"),
        Bug("dark pixels cost nothing",
            "cost = x * np.log(1 + np.exp(-logits))", "dlogits = drecon * x * (probs - 1) * mask",
            by="Σ p(x) = 1"),
        Bug("grey pixels made black and white in the loss",
            "cost = np.log(1 + np.exp(logits)) - np.round(x) * logits",
            "dlogits = drecon * (probs - np.round(x)) * mask",
            by="the best loss is the entropy"),
        Bug("the logarithm of a rounded probability",
            "cost = -x * np.log(probs) - (1 - x) * np.log(1 - probs)",
            by="a logit of 100 costs 100",
            seen="hwalsuklee/tensorflow-mnist-VAE, issue 4 (1 - 1e-8 is 1 in float32)"),
        Bug("hidden pixels reach the encoder",
            "x_seen = x",
            by="hidden pixels do not matter"),
        Bug("Gaussian: the constant left out",
            "cost = 0.5 * ((x - logits) / x_std) ** 2",
            by="∫ p(x) dx = 1", to=GAUSSIAN),
        Bug("Gaussian: σ for σ², forward and back",
            "cost = 0.5 * (x - logits) ** 2 / x_std + np.log(x_std) + 0.5 * np.log(2 * np.pi)",
            "dlogits = drecon * (logits - x) / x_std * mask",
            by="∫ p(x) dx = 1", to=GAUSSIAN)],

    "No gradient check can see: what comes after the gradient": [
        Bug("Adam without bias correction",
            "m_hat = m", "v_hat = v",
            by="Adam's steps have size lr", seen="Mathews-Tom/no-magic, microvae.py"),
        Bug("Adam counts epochs, not steps",
            "t = epoch",
            by="Adam's steps have size lr", seen="y0ast/Variational-Autoencoder"),
        Bug("Adam's constant under the root",
            "move = lr * m_hat / np.sqrt(v_hat + adam_eps)",
            by="Adam's steps have size lr"),
        Bug("Adam's moments kept for each slot of the batch",
            "grad = each", "move = np.mean(lr * m_hat / (np.sqrt(v_hat) + adam_eps), axis=0)",
            by="the order does not matter", seen="kwj2104/Simple-Variational-Autoencoder"),
        Bug("images generated from uniform codes",
            "z_new = rng.random((S, Z))",
            by="new codes have variance 1"),
        Bug("the mean of the logarithms for log p(x)",
            "log_p = np.mean(log_w)",
            by="log p(x) where z tells nothing",
            seen="arahuja/generative-tf, issue 1 (there a weighted mean, as the objective)")]}

BUGS = [bug for group in GALLERY.values() for bug in group]


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


# ---------------------------------------------------------------------- what else catches bugs

ALL     = np.ones((N, D))                                    # a mask that hides nothing
CORNERS = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])     # noise: mean 0, covariance I
UNTOLD  = {"W4": 0 * PARAMS["W4"], "b4": 0 * PARAMS["b4"]}   # a decoder that is not told z
BLIND   = {"W1": 0 * PARAMS["W1"]}                           # an encoder that does not see x


def variance_of_z(*wrong):
    """The samples z of one x have variance σ² = exp(log σ²)."""
    names = forward(*wrong, **_copies(DATA["x"][:1], CORNERS))
    return names["z"].var(axis=0).sum(), np.exp(names["logvar"][0]).sum(), 1e-14


def covariance_of_z(*wrong):
    """The samples z of one x are uncorrelated: the noise of one variable tells nothing of another.
    """
    z = forward(*wrong, **_copies(DATA["x"][:1], CORNERS))["z"]
    return np.mean(np.prod(z - z.mean(axis=0), axis=1)), 0.0, 1e-15


def mean_of_z(*wrong):
    """The samples z of one x have mean μ."""
    names = forward(*wrong, **_copies(DATA["x"][:1], CORNERS))
    return names["z"].mean(axis=0).sum(), names["mu"][0].sum(), 1e-15


def mirror(*wrong):
    """μ is linear in W_mu and b_mu, so it changes its sign with them."""
    mirrored = forward(*wrong, W_mu=-PARAMS["W_mu"], b_mu=-PARAMS["b_mu"])["mu"]
    return mirrored.sum(), -forward(*wrong)["mu"].sum(), 1e-15


def integral(*wrong):
    """The KL term is the mean of log q - log p = ½ (z² - t² - log σ²), z = μ + σ t, on a grid of t.
    """
    names = forward(*wrong)
    mu, logvar = names["mu"], names["logvar"]
    t = np.linspace(-12, 12, 2001)[:, None, None]
    z = mu + np.exp(logvar / 2) * t
    weight = 0.012 * np.exp(-t * t / 2) / np.sqrt(2 * np.pi)
    return names["kl"].mean(), np.sum(weight * (z * z - t * t - logvar) / 2) / N, 1e-14


def prior(*wrong):
    """Where the posterior is the prior, μ = 0 and log σ² = 0, the KL term is 0."""
    nothing = {name: 0 * PARAMS[name] for name in ("W_mu", "b_mu", "W_logvar", "b_logvar")}
    return forward(*wrong, **nothing)["kl"].mean(), 0.0, 1e-15


def terms(*wrong):
    """The loss is the sum of its terms, each a mean over the batch."""
    names = forward(*wrong)
    return names["loss"], names["recon"].mean() + DATA["beta"] * names["kl"].mean(), 1e-14


def copies(*wrong):
    """A batch of two copies of every example costs as much as the batch."""
    twice = {name: np.concatenate([DATA[name]] * 2) for name in ("x", "eps", "mask")}
    return forward(*wrong, **twice)["loss"], forward(*wrong)["loss"], 1e-14


def alone(*wrong):
    """The loss of a batch is the mean of what its examples cost alone."""
    single = [forward(*wrong, **{name: DATA[name][[i]] for name in ("x", "eps", "mask")})["loss"]
              for i in range(N)]
    return forward(*wrong)["loss"], np.mean(single), 1e-14


def chance(*wrong):
    """Where all logits are 0, each of D pixels costs log 2."""
    return forward(*wrong, **UNTOLD, mask=ALL)["recon"].mean(), D * np.log(2), 1e-14


def sums_to_one(*wrong):
    """The probabilities of all 2^D black and white images, given one z, sum to 1."""
    images = np.array([[i >> d & 1 for d in range(D)] for i in range(2 ** D)])
    names = forward(*wrong, **BLIND, **_copies(images, DATA["eps"][:1]))
    return np.exp(-names["recon"]).sum(), 1.0, 1e-13


def integrates_to_one(*wrong):
    """The density of one Gaussian pixel, given one z, has the integral 1: a sum over a fine grid.
    """
    grid = np.linspace(-8, 8, 801)[:, None]
    data = {**_copies(grid * np.ones(D), DATA["eps"][:1]), "mask": np.arange(D) == 0}
    names = forward(*wrong, **BLIND, **data)
    return np.exp(-names["recon"]).sum() * 0.02, 1.0, 1e-13


def entropy(*wrong):
    """The best loss of a grey pixel is its entropy, reached where the probability is the pixel."""
    x = DATA["x"][:1]
    names = forward(*wrong, **_copies(x, DATA["eps"][:1]), W4=UNTOLD["W4"],
                    b4=np.log(x[0] / (1 - x[0])))
    return names["recon"][0], -np.sum(x * np.log(x) + (1 - x) * np.log(1 - x)), 1e-14


def large_logit(*wrong):
    """A pixel of 0 costs its logit if that is large, and one of 1 nothing."""
    x = np.arange(D)[None] % 2
    names = forward(*wrong, **_copies(x, DATA["eps"][:1]), W4=UNTOLD["W4"], b4=np.full(D, 100.0))
    return names["recon"][0], 100.0 * np.sum(1 - x), 1e-12


def hidden(*wrong):
    """What stands under the mask cannot change the loss."""
    other = np.where(DATA["mask"], DATA["x"], 0.5)
    return forward(*wrong, x=other)["loss"], forward(*wrong)["loss"], 1e-15


def adam_steps(*wrong):
    """If the gradient is g every time, m̂ = g and v̂ = g²: ten steps, ten times lr."""
    g, lr, names = -0.001, 0.01, _adam_start()
    for i in range(10):
        names = run(ADAM, {**names, "each": np.full((N, 1), g), "epoch": 1 + i // 5}, *wrong)
    return float(names["param"][0]), 10 * lr * -g / (-g + 1e-8), 1e-15


def adam_batches(*wrong):
    """The order of the examples in a batch does not matter to Adam."""
    first, second = np.random.default_rng(1).standard_normal((2, N, 1))
    begun    = run(ADAM, {**_adam_start(), "each": first}, *wrong)
    straight = run(ADAM, {**begun, "each": second}, *wrong)
    reversed = run(ADAM, {**begun, "each": second[::-1]}, *wrong)
    return float(straight["param"][0]), float(reversed["param"][0]), 1e-15


def new_codes(*wrong):
    """Codes from N(0, I) have a mean square of 1, here to five standard errors of 20,000 numbers.
    """
    names = {**forward(), "rng": np.random.default_rng(8), "S": 10_000}
    z = run(AFTERWARDS, names, *wrong)["z_new"]
    return np.mean(z ** 2), 1.0, 5 * np.sqrt(2 / 20_000)


def log_likelihood(*wrong):
    """Where the decoder is not told z, log p(x) is -recon, here to five standard errors of 40,000
    samples.
    """
    eps = np.random.default_rng(8).standard_normal((40_000, Z))
    names = forward(*wrong, **UNTOLD, **_copies(DATA["x"][:1], eps))
    names = run(AFTERWARDS, {**names, "S": 1}, *wrong)
    weights = np.exp(names["log_w"])
    return names["log_p"], -names["recon"][0], 5 * weights.std() / weights.mean() / 200


def _copies(x, eps):
    """Data in which each of x meets each of eps, and every pixel is seen."""
    x, eps = np.repeat(x, len(eps), axis=0), np.tile(eps, (len(x), 1))
    return {"x": x, "eps": eps, "mask": np.ones(x.shape)}


def _adam_start():
    return {"param": np.zeros(1), "m": 0.0, "v": 0.0, "t": 0, "epoch": 1,
            "lr": 0.01, "beta1": 0.9, "beta2": 0.999, "adam_eps": 1e-8}


# Each takes wrong lines and returns what it found, what is right, and how far apart the two may be.
ORACLES = {"Var[z] = σ²":                    variance_of_z,
           "Cov[z] = 0":                     covariance_of_z,
           "E[z] = μ":                       mean_of_z,
           "minus W_mu gives minus μ":       mirror,
           "KL as an integral":              integral,
           "KL(prior) = 0":                  prior,
           "loss = recon + β KL":            terms,
           "two copies cost the same":       copies,
           "each example alone":             alone,
           "chance = D log 2":               chance,
           "Σ p(x) = 1":                     sums_to_one,
           "∫ p(x) dx = 1":                  integrates_to_one,
           "the best loss is the entropy":   entropy,
           "a logit of 100 costs 100":       large_logit,
           "hidden pixels do not matter":    hidden,
           "Adam's steps have size lr":      adam_steps,
           "the order does not matter":      adam_batches,
           "new codes have variance 1":      new_codes,
           "log p(x) where z tells nothing": log_likelihood}


def ask(oracle, *wrong):
    """Ask an oracle about wrong lines  ->  whether it is content, what it found, what is right."""
    found, expected, tolerance = ORACLES[oracle](*wrong)
    return bool(abs(found - expected) <= tolerance), found, expected


def catch(bug):
    """Try a bug on what should catch it  ->  whether it was caught, and what was said of it.

    A bug that the gradient check is said to be unable to see must have passed it, too.
    """
    report = examine(*bug.to, *bug.wrong)
    if bug.by == CHECK:
        # the finding with the foretold words, if there is one
        findings = sorted(report.findings, key=lambda finding: bug.says not in finding)
        return not report.ok, "".join(findings[:1])
    content, found, expected = ask(bug.by, *bug.to, *bug.wrong)
    return report.ok and not content, f"{found:.6g} instead of {expected:.6g}"


# ---------------------------------------------------------------------- the gallery, printed

def main():
    """Print every bug and what catches it  ->  exit status: 0, or 1 if a bug got away."""
    OneLineParser(description=f"Print {len(BUGS)} wrong versions of a VAE's lines, and for each of "
                  "them what catches it and what that says.").parse_args()
    return print_gallery(GALLERY, catch, right_lines)


def right_lines(bug):
    """The right program, by the names that its lines assign to."""
    return lines(FORWARD + BACKWARD + ADAM + AFTERWARDS, *bug.to)


def print_gallery(groups, catch, right_lines):
    """Print every bug of some groups and what catches it  ->  exit status.

    groups: {heading: bugs}
    catch: takes a bug, returns whether it was caught, and what was said of it
    right_lines: takes a bug, returns the lines of its program by name
    """
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace", **({} if stream.isatty() else {"encoding": "utf-8"}))
    escaped = []
    for heading, bugs in groups.items():
        print(f"\n{heading}\n{'─' * len(heading)}")
        for bug in bugs:
            caught, said = catch(bug)
            if not caught:
                escaped.append(bug.name)
            _print(bug, said, right_lines(bug))
    bugs     = [bug for group in groups.values() for bug in group]
    by_check = sum(bug.by == CHECK for bug in bugs)
    others   = len({bug.by for bug in bugs} - {CHECK})
    summary  = (f"{len(bugs)} bugs: {by_check} caught by the {CHECK}, {len(bugs) - by_check} that "
                f"it cannot see, by {others} others")
    if escaped:
        summary += f"; not caught: {', '.join(escaped)}"
    print(f"\n{summary}")
    return 1 if escaped else 0


def _print(bug, said, right):
    print(f"\n{bug.name}")
    for line in bug.wrong:
        _entry("right", " ".join(right[line.split()[0]].split()))
        _entry("wrong", line)
    _entry("caught", f"by the {CHECK}" if bug.by == CHECK else f"by {bug.by}")
    _entry("says", said)
    if bug.seen:
        _entry("seen", bug.seen)


def _entry(what, text):
    """A text beside one word, filled to the width of a page."""
    print(textwrap.fill(text, 100, initial_indent=f"    {what:<8}", subsequent_indent=" " * 12,
                        break_on_hyphens=False, break_long_words=False))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:                                  # a reader who left is no error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
