"""What catches the bugs that no gradient check can see: identities, closed forms, statistics."""
import numpy as np

from .bugs import CHECK
from .programs import (ADAM, AFTERWARDS, BACKWARD, DATA, FORWARD, PARAMS, D, N, Z, examine, forward,
                       lines, run)

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


def right_lines(bug):
    """The program that a bug is a bug of, by the names that its lines assign to."""
    return lines(FORWARD + BACKWARD + ADAM + AFTERWARDS, *bug.to)
