"""What catches the bugs of the VAE's relatives that no gradient check can see."""
import numpy as np

from .bugs import CHECK
from .oracles import CORNERS, UNTOLD
from .programs import lines, run
from .relatives import ASKED, BOUND, CONDITIONAL, IMPORTANCE, C, D, N, Z, examine, forward
from .relatives_bugs import program_of


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
    x = IMPORTANCE.data["x"][:1]
    names = forward(IMPORTANCE, *wrong, **UNTOLD, x=x, eps=eps, mask=np.ones((1, D)))
    w = np.exp(names["log_w"])
    return names["bound"][0], -names["recon"][0], 5 * w.std() / w.mean() / 200


def repeated(*wrong):
    """K times the same sample is one sample."""
    eps = IMPORTANCE.data["eps"][:, :1]
    found = forward(IMPORTANCE, *wrong, eps=np.repeat(eps, 5, axis=1))["loss"]
    return found, forward(IMPORTANCE, *wrong, eps=eps)["loss"], 1e-14


def samples_differ(*wrong):
    """The K samples z of one x have variance σ² = exp(log σ²)."""
    x, mask = IMPORTANCE.data["x"][:1], IMPORTANCE.data["mask"][:1]
    names = forward(IMPORTANCE, *wrong, x=x, eps=CORNERS[None], mask=mask)
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


def right_lines(bug):
    """The right program, by the names that its lines assign to."""
    program = program_of(bug)
    after = ASKED if program is CONDITIONAL else ""
    return lines("\n".join([program.forward, program.backward, after]))
