"""8. The gradient check: what does it see, and what can it never see?  (blog, section 2.4: what autograd spares it)

A gradient written by hand is only worth something once it has been compared with one that nobody wrote. First comes
how good such a comparison can be at all; then a dozen backward passes of the whole VAE, each with one wrong line, and
what the check says of every one; and at the end three programs that are wrong and pass it all the same.

    python tutorials/08_gradient_check.py              (5 seconds; --pause waits for Enter after every step)

It draws step_sizes.png and (not if --quick) wrong_lines.png into the folder that --out names (else runs/tutorials).
"""
# %%
import re

import numpy as np

from numpyvae import VAE, check_gradients, numeric_gradient, plots
from numpyvae.gradcheck import STEP
from numpyvae.layers import relu_backward
from numpyvae.walkthrough import begin, check, check_less, end, figure, say, show, step, table

options = begin(__doc__)
rng = np.random.default_rng(0)
N, D, H, Z = 3, 7, 5, 2                                      # all different, so that no two axes can be confused

# %%
step("What a difference cuts off", """
    f(l + h) = f + h f′ + ½ h² f″ + …              so   (f(l + h) - f(l)) / h       =  f′ + ½ h f″ + …
    f(l ± h) = f ± h f′ + ½ h² f″ ± h³ f‴/6 + …    so   (f(l + h) - f(l - h)) / 2h  =  f′ + h² f‴/6 + …
""")
say("""
Our f is the loss of one pixel with x = 0 and logit l, f = log(1 + exp(l)). On paper f′ = p, the sigmoid of l, then f″
= p (1 - p) and f‴ = p (1 - p) (1 - 2p). The forward difference is wrong by an amount that falls with h, the central
one by an amount that falls with h²: ½ h² f″ is the same on both sides and drops out. We take 500 logits from 1 to 2:
an error, or a size like |f″|, is the root of the mean square over them.
""")
logit = np.linspace(1, 2, 500)
p = 1 / (1 + np.exp(-logit))
f    = lambda l: np.log(1 + np.exp(l))
size = lambda errors: np.sqrt(np.mean(errors ** 2))
f0, f2, f3 = size(f(logit)), size(p * (1 - p)), size(p * (1 - p) * (1 - 2 * p))
slope_errors = lambda h: [size(slope - p) for slope in ((f(logit + h) - f(logit)) / h,
                                                        (f(logit + h) - f(logit - h)) / (2 * h),
                                                        f(logit + 1j * h).imag / h)]
rows = [[h, slope_errors(h)[0], h * f2 / 2, slope_errors(h)[1], h * h * f3 / 6] for h in (1e-1, 1e-2, 1e-3, 1e-4)]
table(["h", "forward", "½ h |f″|", "central", "h² |f‴|/6"], [[f"{value:.2e}" for value in row] for row in rows])
check("h = 0.001, forward: the error in units of ½ h |f″|", rows[2][1] / rows[2][2], 1.0, rtol=2e-3)
check("h = 0.001, central: the error in units of h² |f‴|/6", rows[2][3] / rows[2][4], 1.0, rtol=6e-5)

# %%
step("What a difference rounds: the V", """
    f(l) is right to ½ u |f|, a difference of two to u |f|, where u = 2.2e-16
    forward    ½ h |f″|  + u |f| / h     is smallest at  h = √(2 u |f| / |f″|),    a size like √u
    central    h² |f‴|/6 + u |f| / 2h    is smallest at  h = ∛(3 u |f| / 2 |f‴|),  a size like ∛u
""")
say("""
Then the smallest h is best? No. The two values agree in ever more digits; the subtraction removes those and leaves
the rounding, blown up by 1/h. The best h is where the derivative of the sum is 0: ½ |f″| = u |f| / h² forward, h
|f‴|/3 = u |f| / 2h² central. On a log scale a power of h is a straight line, its exponent the slope: we predict +1
and -1 forward, +2 and -1 central, and fit them. u |f| / h counts the rounding of f's value, but not that inside f.
""")
u, h = np.finfo(float).eps, np.logspace(-1, -12, 45)
forward, central, sideways = np.array([slope_errors(each) for each in h]).T
for error, largest, smallest, slope in ((forward, 1e-2, 1e-6, 1), (forward, 1e-9, 1e-12, -1),
                                        (central, 1e-1, 1e-4, 2), (central, 1e-7, 1e-12, -1)):
    part = (h < 1.01 * largest) & (h > 0.99 * smallest)
    fitted = np.polyfit(np.log(h[part]), np.log(error[part]), 1)[0]
    check(f"{'forward' if error is forward else 'central'}, h from {largest:.0e} to {smallest:.0e}: slope {slope:+d}",
          fitted, slope, atol=0.001 if slope > 0 else 0.1)                                       # rounding scatters
ratio = np.array([forward / (u * f0 / h), central / (u * f0 / 2 / h)])[:, h < 1e-9]
check_less("below h = 1e-9 the error is between a tenth of that and twice", np.maximum(ratio / 2, 0.1 / ratio), 1.0)
best = np.array([np.sqrt(2 * u * f0 / f2), np.cbrt(1.5 * u * f0 / f3)])
found = np.array([h[forward.argmin()], h[central.argmin()]])
table(["", "forward", "central"], [[name, *(f"{value:.1e}" for value in row)] for name, row in (
    ("best h, predicted", best), ("measured", found), ("its error", (min(forward), min(central))))])
check_less("best h and prediction: the larger is below 3 times the smaller", np.maximum(found / best, best / found), 3)
check("the package's central step is ∛u", STEP["central"], np.cbrt(u), rtol=0.02)
figure(plots.step_sizes(h, {"forward": (forward, {"½ h f″": h * f2 / 2, "u |f| / h": u * f0 / h}),
                            "central": (central, {"h² f‴/6": h * h * f3 / 6, "u |f| / 2h": u * f0 / 2 / h}),
                            "complex": (sideways, {})}), "step_sizes")

# %%
step("Sideways there is nothing to subtract", "Im f(l + i h) / h = f′ - h² f‴/6 + …")
say("""
The complex step of lesson 3 cuts off as much as the central difference, but its V has no second branch: nothing is
subtracted, so nothing cancels. One makes h so small that h² is gone, and stops thinking about it.
""")
tiny = [1e-1, 1e-4, 1e-8, 1e-16, 1e-100, 1e-300]
table(["h", "error of the complex step"], [[f"{each:.0e}", f"{slope_errors(each)[2]:.1e}"] for each in tiny])
check("at h = 0.1 it is the central difference's", slope_errors(0.1)[2], slope_errors(0.1)[1], rtol=0.01)
check_less("from 1e-8 down to 1e-300 it is below one u", [slope_errors(each)[2] for each in tiny[2:]], u)

# %%
step("At a kink the numeric slope is the one in doubt", "h = max(a, 0):   slope 0 for a < 0,  1 for a > 0,  none at 0")
say("""
All of this took f to be smooth, and relu is not. Here are four units: shut, on the kink, beside it (nearer than the
step 6e-6), open. The loss is their sum; the package's slope at the kink is 0.
""")
a = np.array([-1.0, 0.0, 2e-6, 0.5])
da, summed = relu_backward(np.ones(4), (a,)), lambda params: np.sum(np.maximum(params["a"], 0))
numeric = numeric_gradient(lambda a: summed({"a": a}), a)
show("a", a, 6), show("da", da), show("central difference", numeric)
check("½ on the kink; beside it, at a = 2e-6 with h = 6e-6, (a + h) / 2h = 8/12", numeric[1:3], [1/2, 8/12], rtol=1e-6)
say("The check does not loosen its tolerance for that. It looks closer, and says what it saw:\n    "
    + "\n    ".join(check_gradients(summed, {"a": a}, {"a": da}, show=False).findings))
verdict = {slope: check_gradients(summed, {"a": a}, {"a": np.array([0, slope, 1, 1])}, show=False).rows[0].ok
           for slope in (0.0, 0.5, 1.0, 1.5, -0.5)}
table(["da on the kink", "verdict"], list(verdict.items()))
check("0, ½ and 1 pass alike there, and slopes outside do not", [*verdict.values()], ["kink"] * 3 + ["NO"] * 2)

# %%
step("The whole VAE, as text")
FORWARD = """
    a1         = x @ W1 + b1
    h1         = np.maximum(a1, 0)
    mu         = h1 @ W_mu + b_mu
    logvar     = h1 @ W_logvar + b_logvar
    std        = np.exp(0.5 * logvar)
    z          = mu + std * eps
    a3         = z @ W3 + b3
    h3         = np.maximum(a3, 0)
    logits     = h3 @ W4 + b4
    recon      = np.sum(np.log(1 + np.exp(logits)) - x * logits, axis=1)
    kl         = 0.5 * np.sum(mu ** 2 + np.exp(logvar) - 1 - logvar, axis=1)
    loss       = np.mean(recon + kl)
"""
BACKWARD = """
    dlogits    = (1 / (1 + np.exp(-logits)) - x) / N
    dW4        = h3.T @ dlogits
    db4        = dlogits.sum(axis=0)
    dh3        = dlogits @ W4.T
    da3        = dh3 * (a3 > 0)
    dW3        = z.T @ da3
    db3        = da3.sum(axis=0)
    dz         = da3 @ W3.T
    dmu_kl     = mu / N
    dlogvar_kl = 0.5 * (np.exp(logvar) - 1) / N
    dmu        = dz + dmu_kl
    dlogvar    = dz * eps * 0.5 * std + dlogvar_kl
    dW_mu      = h1.T @ dmu
    db_mu      = dmu.sum(axis=0)
    dW_logvar  = h1.T @ dlogvar
    db_logvar  = dlogvar.sum(axis=0)
    dh1        = dmu @ W_mu.T + dlogvar @ W_logvar.T
    da1        = dh1 * (a1 > 0)
    dW1        = x.T @ da1
    db1        = da1.sum(axis=0)
"""
say("To change single lines of a program, we need it as text. This is the text, and it is what runs.\n"
    + FORWARD + "\nAnd back, each gradient in its turn:\n" + BACKWARD)


def lines(text, *wrong):
    """{name: its line} of a text, with wrong lines in the place of those that assign to the same name."""
    return {line.split()[0]: line for line in [*map(str.strip, text.split("\n")), *wrong] if line}


def run(text, names):
    """All names after the program has run."""
    exec(text, names := {"np": np, "rng": rng, "N": N, "D": D, **names})
    return names


def examine(forward, backward, params, method="complex", tolerance=None):
    """What the gradient check says of a pair of programs."""
    names = run(backward, run(forward, {**data, **params}))
    return check_gradients(lambda params: run(forward, {**data, **params})["loss"], params,
                           {name: names["d" + name] for name in params}, method, tolerance=tolerance, show=False)


program = lambda text, *wrong: compile("\n".join(lines(text, *wrong).values()), "lesson 8", "exec")
BLOCKS = "W4 b4 W3 b3 W_mu b_mu W_logvar b_logvar W1 b1".split()           # as the backward pass comes to them
vae = VAE(D, H, Z, rng=0)
params = {name: vae.params[name] for name in BLOCKS}
data = {"x": rng.random((N, D)), "eps": rng.standard_normal((N, Z))}
names, grads = run(program(BACKWARD), run(program(FORWARD), {**data, **params})), vae.loss_and_grads(*data.values())[1]
check_less("no entry of its gradient is further than 1e-15 from the package's",
           [np.abs(names["d" + name] - grads[name]).max() for name in BLOCKS], 1e-15)
check_less("the check is content with it", examine(program(FORWARD), program(BACKWARD), params).max_error, 1e-14)

# %%
step("A dozen wrong lines")
WRONG = {
    "the error's sign":       "dlogits = (x - 1 / (1 + np.exp(-logits))) / N",
    "1/N forgotten":          "dlogits = 1 / (1 + np.exp(-logits)) - x",
    "a mean for a sum":       "db4 = dlogits.mean(axis=0)",
    "relu's mask from dh":    "da3 = dh3 * (dh3 > 0)",
    "the KL's sign in dμ":    "dmu_kl = -mu / N",
    "the KL's dμ forgotten":  "dmu = dz",
    "σ for σ²":               "dlogvar_kl = 0.5 * (std - 1) / N",
    "½ forgotten":            "dlogvar = dz * eps * std + dlogvar_kl",
    "noise drawn again":      "dlogvar = dz * rng.standard_normal(eps.shape) * 0.5 * std + dlogvar_kl",
    "transposed":             "dW_mu = dmu.T @ h1",
    "one of two paths lost":  "dh1 = dmu @ W_mu.T",
    "the other layer's mask": "da1 = dh1 * (a3 > 0)"}
say("""
Each of these takes the place of one line above. Below it stands what the check finds first; the error is that of the
worst block, relative, and infinite where not even the shape is right.
""")
reports = {name: examine(program(FORWARD), program(BACKWARD, wrong), params) for name, wrong in WRONG.items()}
spoiler = {name: wrong.split()[0] for name, wrong in WRONG.items()}                       # what the line assigns to
for name, wrong in WRONG.items():
    line = " ".join(lines(BACKWARD)[spoiler[name]].split())
    say(f"{name}: error {reports[name].max_error:.2g}\n    right  {line}\n    wrong  {wrong}\n"
        f"    check  {reports[name].findings[0]}")
check_less("all twelve are caught, and not by a hair", 0.1, [report.max_error for report in reports.values()])

# %%
step("Where it went wrong")
say("""
A wrong dT spoils all that is computed from it, and nothing else. Who is computed from whom can be read off the text:
so for every wrong line we know beforehand which of the ten blocks must be wrong, and which must be right.
""")
words = {name: set(re.findall(r"\w+", line)) for name, line in lines(BACKWARD).items()}
spoilt = {name: {name} for name in words}
for found in spoilt.values():
    for name in words:                                       # they are in order: once through them is enough
        found |= {name} if found & words[name] else set()
foretold = {name: ["d" + block not in found for block in BLOCKS] for name, found in spoilt.items()}
right = {name: [row.ok != "NO" for row in report.rows] for name, report in reports.items()}
table(["", *BLOCKS], [[name, *row] for name, row in right.items()])
check("in all 120 cases the check says what the text foretells", np.array(list(right.values())),
      np.array([foretold[name] for name in spoiler.values()]))
check_less("so the pattern alone leaves at most two of the 20 lines as suspects",
           [list(foretold.values()).count(row) for row in right.values()], 3)
if not options.quick:
    figure(plots.verdicts([*right.values()], [*right], BLOCKS, "Wrong blocks point at the wrong line"), "wrong_lines")

# %%
step("Where one checks matters, too")
say("""
So far W and b were the usual random ones. Now those of μ and log σ² are multiplied by 0.0001, then by 0: μ = 0, σ =
1. How many of the dozen do the complex step (tolerance 1e-11) and a central difference with a generous 1e-2 catch?
""")
caught, scales = [], () if options.quick else (1, 1e-4, 0)
for scale in scales:
    there = {name: param * (scale if name in BLOCKS[4:8] else 1) for name, param in params.items()}
    caught.append([sum(not examine(program(FORWARD), program(BACKWARD, wrong), there, *how).ok
                       for wrong in WRONG.values()) for how in (("complex",), ("central", 1e-2))])
if caught:
    table(["times", "complex, 1e-11", "central, 1e-2"], [[scale, *row] for scale, row in zip(scales, caught)])
check("near 0 the generous one lets three pass, the strict one none; at 0 both let five pass", np.array(caught),
      np.array([[12, 12], [12, 9], [7, 7]]), full_size=True)
say("""
At 0 the sign of μ does not matter, σ is σ², and nothing flows back into the first layer: no tolerance helps. So check
where the parameters are random and not small, biases included.
""")

# %%
step("Three bugs that no gradient check can see", "it asks if backward fits forward, not if forward is right")
UNSEEN = {"exp(log σ²) for σ":  ("std = np.exp(logvar)", "dlogvar = dz * eps * std + dlogvar_kl"),
          "pixels averaged":    ("recon = np.mean(np.log(1 + np.exp(logits)) - x * logits, axis=1)",
                                 "dlogits = (1 / (1 + np.exp(-logits)) - x) / N / D"),
          "sign of log σ²":     ("kl = 0.5 * np.sum(mu ** 2 + np.exp(logvar) - 1 + logvar, axis=1)",
                                 "dlogvar_kl = 0.5 * (np.exp(logvar) + 1) / N")}
for name, pair in UNSEEN.items():
    say(f"{name}: the forward line is wrong, and the backward line fits it\n    " + "\n    ".join(pair))
say("""
What sees them is a fact about the forward pass, from elsewhere. We take three. The samples z of one example have the
variance σ² = exp(log σ²). A network whose logits are all 0 pays log 2 for each of D pixels. And a KL divergence is an
integral, the mean of log q - log p under q, which a sum over a fine grid of noise gives to many digits.
""")


def variance_of_z(forward):
    """With 20,000 samples for one x, right to five standard errors, 5 √(2 / 20,000) = 5 %."""
    eps = np.random.default_rng(8).standard_normal((20_000, Z))
    names = run(forward, {**data, **params, "x": data["x"][[0] * 20_000], "eps": eps})
    return names["z"].var(axis=0).mean(), np.exp(names["logvar"][0]).mean(), 0.05


def chance(forward):
    """The reconstruction loss of logits that are all 0."""
    names = run(forward, {**data, **params, "W4": 0 * params["W4"], "b4": 0 * params["b4"]})
    return names["recon"].mean(), D * np.log(2), 1e-14


def integral(forward):
    """With z = μ + σ t, log q - log p = ½ (z² - t² - log σ²), and t is standard normal."""
    names, t = run(forward, {**data, **params}), np.linspace(-12, 12, 2001)[:, None, None]
    z, density = names["mu"] + np.exp(names["logvar"] / 2) * t, np.exp(-t * t / 2) / np.sqrt(2 * np.pi) * 0.012
    return names["kl"].mean(), np.sum(density * (z * z - t * t - names["logvar"]) / 2) / N, 1e-12


ORACLES = {"Var[z]": variance_of_z, "chance": chance, "KL integral": integral}
rows, passed = [], []
for name, (ahead, back) in {"all right": ("", ""), **UNSEEN}.items():
    forward = program(FORWARD, ahead)
    found = [oracle(forward) for oracle in ORACLES.values()]
    passed.append([examine(forward, program(BACKWARD, back), params).ok, *(abs(a - b) <= r * b for a, b, r in found)])
    rows.append([name, *(f"{'✗✓'[int(good)]} {a:.4f} for {b:.4f}" for (a, b, _), good in zip(found, passed[-1][1:]))])
table(["found for true", *ORACLES, "gradients"], [[*row, ok] for row, (ok, *_) in zip(rows, passed)])
check("the gradient check passes all four", np.array(passed)[:, 0], True)
check("each oracle sees its own bug, and passes the rest", np.array(passed)[:, 1:], np.eye(4, 3, -1) == 0)
say("""
To think about: with the sign of log σ² wrong, what is the KL term for μ = 0, σ = 1, and would a test at that one
point have seen the bug? Why does a network whose pixels are averaged learn as if β were D?
""")

# %%
end()
