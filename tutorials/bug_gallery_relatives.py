"""The gallery of bugs, continued: the conditional VAE and the IWAE as text, wrong versions of the
lines that are theirs, and what catches each.

The method is bug_gallery.py's: a gradient check asks whether backward fits forward, and where both
are wrong together, something else has to be known.

    python tutorials/bug_gallery_relatives.py    (2 seconds)
"""
import os
import sys
from typing import NamedTuple

import numpy as np
from bug_gallery import BACKWARD, CHECK, FORWARD, Bug, lines, print_gallery, run

from numpyvae import IWAE, ConditionalVAE, check_gradients
from numpyvae.narrator import OneLineParser

# ---------------------------------------------------------------------- the programs

# The conditional VAE is the VAE of bug_gallery.py, but for these lines.
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


# ---------------------------------------------------------------------- the gallery

GALLERY = {
    "The conditional VAE: the gradient of the KL term": [
        Bug("dM's sign",
            "dM = np.eye(C)[y].T @ dmu_kl",
            says="M: the sign is flipped"),
        Bug("M[y] -= … with a label that comes twice: the last example alone counts",
            "dM = -np.array([np.vstack([np.zeros((1, Z)), dmu_kl[y == c]])[-1] for c in range(C)])",
            says="M: 2 of its 8 elements are wrong"),
        Bug("a mean over the examples of a class",
            "dM = -np.eye(C)[y].T @ dmu_kl / np.maximum(1, np.bincount(y, minlength=C)[:, None])",
            says="M: 2 of its 8 elements are wrong"),
        Bug("a gradient for every class from every example",
            "dM = -np.ones((C, N)) @ dmu_kl",
            says="the error enters at M:"),
        Bug("all of dμ, not the KL term's part",
            "dM = -np.eye(C)[y].T @ dmu",
            says="the error enters at M:"),
        Bug("β and 1/N forgotten for M",
            "dM = np.eye(C)[y].T @ (M[y] - mu)",
            says="times the numeric gradient"),
        Bug("μ pulled to the origin, not to its class",
            "dmu_kl = dkl * mu",
            says="the error enters at W_mu"),
        Bug("the labels sorted on the way back",
            "dM = -np.eye(C)[np.sort(y)].T @ dmu_kl",
            says="the error enters at M:"),
        Bug("M left out",
            'grads = {**decoder, **heads, "W1": dW1, "b1": db1}',
            says="M: no gradient was given")],

    "The conditional VAE: what no gradient check can see": [
        Bug("μ + M",
            "kl = 0.5 * np.sum((mu + M[y]) ** 2 + np.exp(logvar) - 1 - logvar, axis=1)",
            "dmu_kl = dkl * (mu + M[y])", "dM = np.eye(C)[y].T @ dmu_kl",
            by="KL as an integral around M_y"),
        Bug("labels from 1, classes from 0",
            "kl = 0.5 * np.sum((mu - M[y - 1]) ** 2 + np.exp(logvar) - 1 - logvar, axis=1)",
            "dmu_kl = dkl * (mu - M[y - 1])", "dM = -np.eye(C)[y - 1].T @ dmu_kl",
            by="KL as an integral around M_y"),
        Bug("one prior for all classes: their mean",
            "kl = 0.5 * np.sum((mu - M.mean(axis=0)) ** 2 + np.exp(logvar) - 1 - logvar, axis=1)",
            "dmu_kl = dkl * (mu - M.mean(axis=0))", "dM = -np.ones((C, N)) @ dmu_kl / C",
            by="KL as an integral around M_y"),
        Bug("M_y added to z, too, though the posterior has moved there already",
            "z = mu + M[y] + std * eps", "dM = np.eye(C)[y].T @ (dz - dmu_kl)",
            by="a common shift changes nothing"),
        Bug("new codes around 0, whatever the label",
            "z_new = rng.standard_normal((S, Z))",
            by="draws have the mean of their class"),
        Bug("the class of the largest product, not the nearest",
            "named = np.argmax(mu @ M.T, axis=1)",
            by="the class of the smallest KL"),
        Bug("log p(x given y) by the prior N(0, I)",
            "log_w = 0.5 * np.sum(eps ** 2 - z ** 2 + logvar, axis=1) - recon",
            by="log w where the posterior is the prior")],

    "The IWAE: the gradient of the bound": [
        Bug("the sign of the weights",
            "dlog_w = weights.reshape(N * K, 1) / N",
            says="the sign is flipped"),
        Bug("every sample weighs the same, as in a VAE",
            "weights = np.full((N, K), 1 / K)",
            says="the error enters at W4"),
        Bug("weights that add up to 1 over the batch",
            "weights = w / w.sum()",
            says="the error enters at W4"),
        Bug("the weights not normalised",
            "weights = np.exp(log_w)",
            says="the error enters at W4"),
        Bug("the best sample takes all",
            "weights = np.eye(K)[log_w.argmax(axis=1)]",
            says="the error enters at W4"),
        Bug("no gradient through log p(z)",
            "dz_prior = 0 * z",
            says="the error enters at W_mu"),
        Bug("no gradient through log q",
            "dlogvar_q = 0 * dlog_w",
            says="the error enters at W_logvar"),
        Bug("the sign of log q",
            "dlogvar_q = dlog_w * -0.5",
            says="the error enters at W_logvar"),
        Bug("log q as if z stood still: the score counted once too often",
            "dmu = (dz - dlog_w * eps_k / std).reshape(N, K, Z).sum(axis=1)",
            says="the error enters at W_mu"),
        Bug("a mean over the samples, whose weights add up to 1 already",
            "dmu = dz.reshape(N, K, Z).mean(axis=1)",
            says="W_mu, b_mu: 1/K (K = 6) of the numeric gradient"),
        Bug("the samples of other examples added up",
            "dmu = dz.reshape(K, N, Z).sum(axis=0)",
            says="the error enters at W_mu"),
        Bug("the first sample alone",
            "dlogvar = dlogvar_k.reshape(N, K, Z)[:, 0]",
            says="the error enters at W_logvar"),
        Bug("the loss a sum over the batch, its gradient a mean",
            "loss = -np.sum(bound)",
            says="1/N (N = 3) of the numeric gradient")],

    "The IWAE: what no gradient check can see": [
        Bug("the mean of the logarithms",
            "bound = log_w.mean(axis=1)", "weights = np.full((N, K), 1 / K)",
            by="the mean of the weights is p(x)"),
        Bug("a sum for the mean of the weights",
            "bound = largest[:, 0] + np.log(w.sum(axis=1))",
            by="a sample K times is one"),
        Bug("the prior left out",
            "log_pz = 0 * recon", "dz_prior = 0 * z",
            by="the mean of the weights is p(x)"),
        Bug("log q of a variance of 1",
            "log_q = -0.5 * np.sum(eps_k ** 2 + np.log(2 * np.pi), axis=1)",
            "dlogvar_q = 0 * dlog_w",
            by="the mean of the weights is p(x)"),
        Bug("log σ² taken for log σ in log q",
            "log_q = -0.5 * np.sum(eps_k ** 2 + 2 * logvar_k + np.log(2 * np.pi), axis=1)",
            "dlogvar_q = dlog_w",
            by="the mean of the weights is p(x)"),
        Bug("one noise for all K samples",
            "eps_k = np.repeat(eps[:, 0], K, axis=0)",
            by="the samples of one x differ"),
        Bug("images tiled, codes repeated",
            "x_k = np.tile(x, (K, 1))",
            by="each example alone"),
        Bug("the largest weight of the batch taken out",
            "largest = np.full((N, 1), log_w.max())",
            by="weights that no float can hold"),
        Bug("the weights themselves, which underflow",
            "bound = np.log(np.exp(log_w).mean(axis=1))",
            by="weights that no float can hold")]}

BUGS = [bug for group in GALLERY.values() for bug in group]


def program_of(bug):
    """Which of the two programs a bug is of."""
    heading, = [heading for heading, bugs in GALLERY.items() if bug in bugs]
    return CONDITIONAL if heading.startswith("The conditional") else IMPORTANCE


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


# ---------------------------------------------------------------------- what else catches bugs

CORNERS = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])     # noise: mean 0, covariance I
UNTOLD  = {"W4": np.zeros((H, D)), "b4": np.zeros(D)}        # a decoder that is not told z


def integral(*wrong):
    """The KL term is the mean of log q - log p = ½ ((z - M_y)² - t² - log σ²), z = μ + σ t, on a
    grid of t.
    """
    names = forward(CONDITIONAL, *wrong)
    mu, logvar, mean = names["mu"], names["logvar"], names["M"][names["y"]]
    t = np.linspace(-12, 12, 2001)[:, None, None]
    z = mu + np.exp(logvar / 2) * t
    weight = 0.012 * np.exp(-t * t / 2) / np.sqrt(2 * np.pi)
    expected = np.sum(weight * ((z - mean) ** 2 - t * t - logvar) / 2) / N
    return names["kl"].mean(), expected, 1e-14


def shift(*wrong):
    """Where all means and all codes move, and the decoder takes it back, the loss stays."""
    p, c = CONDITIONAL.params, np.array([0.7, -1.3])
    moved = {"M": p["M"] + c, "b_mu": p["b_mu"] + c, "b3": p["b3"] - c @ p["W3"]}
    there = forward(CONDITIONAL, *wrong, **moved)["loss"]
    return there, forward(CONDITIONAL, *wrong)["loss"], 1e-14


def draws(*wrong):
    """Codes of class 2 have the mean M[2], here to five standard errors of 20,000 numbers."""
    names = {**forward(CONDITIONAL), "rng": np.random.default_rng(8), "S": 10_000, "label": 2}
    found = run(ASKED, names, *wrong)["z_new"].mean()
    return found, CONDITIONAL.params["M"][2].mean(), 5 / np.sqrt(20_000)


def nearest(*wrong):
    """The share of 200 images whose name is the class of the smallest KL divergence: all of them.
    """
    x = np.random.default_rng(8).random((200, D))
    data = {"x": x, "eps": np.zeros((200, Z)), "mask": np.ones_like(x)}
    kl = [forward(CONDITIONAL, **data, y=np.full(200, c))["kl"] for c in range(C)]
    names = {**forward(CONDITIONAL, **data, y=np.zeros(200, int)), "S": 1, "label": 0,
             "rng": np.random.default_rng(8)}
    return np.mean(run(ASKED, names, *wrong)["named"] == np.argmin(kl, axis=0)), 1.0, 0.0


def at_the_prior(*wrong):
    """Where the posterior is the prior N(M_y, I), log p(x, z given y) - log q is -recon."""
    heads = {name: 0 * CONDITIONAL.params[name] for name in ("W_mu", "W_logvar", "b_logvar")}
    names = forward(CONDITIONAL, **heads, b_mu=CONDITIONAL.params["M"][3], y=np.full(N, 3))
    names = run(ASKED, {**names, "S": 1, "label": 0, "rng": np.random.default_rng(8)}, *wrong)
    return names["log_w"].sum(), -names["recon"].sum(), 1e-13


def mean_weight(*wrong):
    """Where the decoder is not told z, the bound of 40,000 samples is log p(x) = -recon, to five
    standard errors.
    """
    eps = np.random.default_rng(8).standard_normal((1, 40_000, Z))
    names = forward(IMPORTANCE, *wrong, **UNTOLD, x=_x[:1], eps=eps, mask=np.ones((1, D)))
    w = np.exp(names["log_w"])
    return names["bound"][0], -names["recon"][0], 5 * w.std() / w.mean() / 200


def repeated(*wrong):
    """K times the same sample is one sample."""
    eps = IMPORTANCE.data["eps"][:, :1]
    found = forward(IMPORTANCE, *wrong, eps=np.repeat(eps, 5, axis=1))["loss"]
    return found, forward(IMPORTANCE, *wrong, eps=eps)["loss"], 1e-14


def samples_differ(*wrong):
    """The K samples z of one x have variance σ² = exp(log σ²)."""
    names = forward(IMPORTANCE, *wrong, x=_x[:1], eps=CORNERS[None], mask=_mask[:1])
    return names["z"].var(axis=0).sum(), np.exp(names["logvar"][0]).sum(), 1e-14


def alone(*wrong):
    """The loss of a batch is the mean of what its examples cost alone."""
    single = [forward(IMPORTANCE, *wrong, **{name: IMPORTANCE.data[name][[i]]
                                             for name in ("x", "eps", "mask")})["loss"]
              for i in range(N)]
    return forward(IMPORTANCE, *wrong)["loss"], np.mean(single), 1e-14


def float_range(*wrong):
    """The bounds of weights around e^1000 and of the same around e^-1000 lie 2000 apart."""
    log_w = np.array([[1000.0], [-1000.0]]) + np.log([1, 3])
    return np.ptp(run(BOUND, {"log_w": log_w, "N": 2, "K": 2}, *wrong)["bound"]), 2000.0, 1e-11


# Each takes wrong lines and returns what it found, what is right, and how far apart the two may be.
ORACLES = {"KL as an integral around M_y":           integral,
           "a common shift changes nothing":         shift,
           "draws have the mean of their class":     draws,
           "the class of the smallest KL":           nearest,
           "log w where the posterior is the prior": at_the_prior,
           "the mean of the weights is p(x)":        mean_weight,
           "a sample K times is one":                repeated,
           "the samples of one x differ":            samples_differ,
           "each example alone":                     alone,
           "weights that no float can hold":         float_range}


def catch(bug):
    """Try a bug on what should catch it  ->  whether it was caught, and what was said of it.

    A bug that the gradient check is said to be unable to see must have passed it, too.
    """
    report = examine(program_of(bug), *bug.wrong)
    if bug.by == CHECK:
        findings = sorted(report.findings, key=lambda finding: bug.says not in finding)
        return not report.ok, "".join(findings[:1])
    found, expected, tolerance = ORACLES[bug.by](*bug.wrong)
    content = abs(found - expected) <= tolerance
    return bool(report.ok and not content), f"{found:.6g} instead of {expected:.6g}"


def main():
    """Print every bug and what catches it  ->  exit status: 0, or 1 if a bug got away."""
    OneLineParser(description=f"Print {len(BUGS)} wrong versions of the lines of a conditional VAE "
                  "and an IWAE, and for each of them what catches it and what that says."
                  ).parse_args()
    return print_gallery(GALLERY, catch, right_lines)


def right_lines(bug):
    """The right program, by the names that its lines assign to."""
    program = program_of(bug)
    after = ASKED if program is CONDITIONAL else ""
    return lines("\n".join([program.forward, program.backward, after]))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:                                  # a reader who left is no error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
