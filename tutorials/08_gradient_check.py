"""8. The gradient check: what does it see, and what can it never see?  (blog, section 2.4: what autograd spares it)

A gradient written by hand is only worth something once it has been compared with one that nobody
wrote. First comes
how good such a comparison can be at all; then backward passes of the whole VAE, each with one wrong
line out of the gallery of bugs, and what the check says of every one; and at the end programs that
are wrong and pass it all the same.

    python tutorials/08_gradient_check.py              (15 seconds; --pause waits for Enter after every step)

It draws step_sizes.png and (not if --quick) wrong_lines.png into the folder that --out names (else
runs/tutorials).
"""
# %%
import re
import textwrap
from collections import Counter

import numpy as np
from bug_gallery import (BACKWARD, BLOCKS, BUGS, CHECK, DATA, FORWARD, ORACLES, PARAMS, D, H, Z,
                         ask, backward, catch, examine, lines)

from numpyvae import VAE, check_gradients, numeric_gradient, plots
from numpyvae.gradcheck import STEP
from numpyvae.layers import relu_backward
from numpyvae.narrator import begin, check, check_less, end, figure, progress, say, show, step, table

options = begin(__doc__)

# %%
step("What a difference cuts off", """
    f(l + h) = f + h f′ + ½ h² f″ + …              so   (f(l + h) - f(l)) / h       =  f′ + ½ h f″ + …
    f(l ± h) = f ± h f′ + ½ h² f″ ± h³ f‴/6 + …    so   (f(l + h) - f(l - h)) / 2h  =  f′ + h² f‴/6 + …
""")
say("""
Our f is the loss of one pixel with x = 0 and logit l, f = log(1 + exp(l)). On paper f′ = p, the
sigmoid of l, then f″
= p (1 - p) and f‴ = p (1 - p) (1 - 2p). The forward difference is wrong by an amount that falls
with h, the central
one by an amount that falls with h²: ½ h² f″ is the same on both sides and drops out. We take 500
logits from 1 to 2:
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
rows = [[h, slope_errors(h)[0], h * f2 / 2, slope_errors(h)[1], h * h * f3 / 6]
        for h in (1e-1, 1e-2, 1e-3, 1e-4)]
table(["h", "forward", "½ h |f″|", "central", "h² |f‴|/6"],
      [[f"{value:.2e}" for value in row] for row in rows])
check("h = 0.001, forward: the error in units of ½ h |f″|", rows[2][1] / rows[2][2], 1.0, rtol=2e-3)
check("h = 0.001, central: the error in units of h² |f‴|/6", rows[2][3] / rows[2][4], 1.0,
      rtol=6e-5)

# %%
step("What a difference rounds: the V", """
    f(l) is right to ½ u |f|, a difference of two to u |f|, where u = 2.2e-16
    forward    ½ h |f″|  + u |f| / h     is smallest at  h = √(2 u |f| / |f″|),    a size like √u
    central    h² |f‴|/6 + u |f| / 2h    is smallest at  h = ∛(3 u |f| / 2 |f‴|),  a size like ∛u
""")
say("""
Then the smallest h is best? No. The two values agree in ever more digits; the subtraction removes
those and leaves
the rounding, blown up by 1/h. The best h is where the derivative of the sum is 0: ½ |f″| = u |f| /
h² forward, h
|f‴|/3 = u |f| / 2h² central. On a log scale a power of h is a straight line, its exponent the
slope: we predict +1
and -1 forward, +2 and -1 central, and fit them. u |f| / h counts the rounding of f's value, but not
that inside f.
""")
u, h = np.finfo(float).eps, np.logspace(-1, -12, 45)
forward, central, sideways = np.array([slope_errors(each) for each in h]).T
for error, largest, smallest, slope in ((forward, 1e-2, 1e-6, 1), (forward, 1e-9, 1e-12, -1),
                                        (central, 1e-1, 1e-4, 2), (central, 1e-7, 1e-12, -1)):
    part = (h < 1.01 * largest) & (h > 0.99 * smallest)
    fitted = np.polyfit(np.log(h[part]), np.log(error[part]), 1)[0]
    check(f"{'forward' if error is forward else 'central'}, h from {largest:.0e} to {smallest:.0e}: slope {slope:+d}",
          # rounding scatters
          fitted, slope, atol=0.001 if slope > 0 else 0.1)
ratio = np.array([forward / (u * f0 / h), central / (u * f0 / 2 / h)])[:, h < 1e-9]
check_less("below h = 1e-9 the error is between a tenth of that and twice",
           np.maximum(ratio / 2, 0.1 / ratio), 1.0)
best = np.array([np.sqrt(2 * u * f0 / f2), np.cbrt(1.5 * u * f0 / f3)])
found = np.array([h[forward.argmin()], h[central.argmin()]])
table(["", "forward", "central"], [[name, *(f"{value:.1e}" for value in row)] for name, row in (
    ("best h, predicted", best), ("measured", found), ("its error", (min(forward), min(central))))])
check_less("best h and prediction: the larger is below 3 times the smaller",
           np.maximum(found / best, best / found), 3)
check("the package's central step is ∛u", STEP["central"], np.cbrt(u), rtol=0.02)
figure(plots.step_sizes(h, {"forward": (forward, {"½ h |f″|": h * f2 / 2, "u |f| / h": u * f0 / h}),
                            "central": (central,
                                        {"h² |f‴|/6": h * h * f3 / 6, "u |f| / 2h": u * f0 / 2
                                         / h}), "complex": (sideways, {})}), "step_sizes")

# %%
step("Sideways there is nothing to subtract", "Im f(l + i h) / h = f′ - h² f‴/6 + …")
say("""
The complex step of lesson 3 cuts off as much as the central difference, but its V has no second
branch: nothing is subtracted, so nothing cancels. One makes h so small that h² is gone, and stops
thinking about it.
""")
tiny = [1e-1, 1e-4, 1e-8, 1e-16, 1e-100, 1e-300]
table(["h", "error of the complex step"],
      [[f"{each:.0e}", f"{slope_errors(each)[2]:.1e}"] for each in tiny])
check("at h = 0.1 it is the central difference's", slope_errors(0.1)[2], slope_errors(0.1)[1],
      rtol=0.01)
check_less("from 1e-8 down to 1e-300 it is below one u",
           [slope_errors(each)[2] for each in tiny[2:]], u)

# %%
step("At a kink the numeric slope is the one in doubt", "h = max(a, 0):   slope 0 for a < 0,  1 "
     "for a > 0,  none at 0")
say("""
All of this took f to be smooth, and relu is not. Here are four units: shut, on the kink, beside it
(nearer than the step 6e-6), open. The loss is their sum; the package's slope at the kink is 0.
""")
a = np.array([-1.0, 0.0, 2e-6, 0.5])
da, summed = relu_backward(np.ones(4), (a,)), lambda params: np.sum(np.maximum(params["a"], 0))
numeric = numeric_gradient(lambda a: summed({"a": a}), a)
show("a", a, 6)
show("da", da)
show("central difference", numeric)
check("½ on the kink; beside it, at a = 2e-6 with h = 6e-6, (a + h) / 2h = 8/12", numeric[1:3],
      [1/2, 8/12], rtol=1e-6)
say("The check does not loosen its tolerance for that. It looks closer, and says what it saw:\n    "
    + "\n    ".join(check_gradients(summed, {"a": a}, {"a": da}, show=False).findings))
verdict = {slope: check_gradients(summed, {"a": a}, {"a": np.array([0, slope, 1, 1])},
                                  show=False).rows[0].ok for slope in (0.0, 0.5, 1.0, 1.5, -0.5)}
table(["da on the kink", "verdict"], list(verdict.items()))
check("0, ½ and 1 pass alike there, and slopes outside do not", [*verdict.values()], ["kink"] * 3
      + ["NO"] * 2)

# %%
step("The whole VAE, as text")
say(f"""
To change single lines of a program, we need it as text. This is the text, and it is what runs. Here
some
pixels are hidden by the mask, and the KL term has the weight β = 0.7: of a factor 1 nobody sees
that it is missing. {FORWARD}
And back, each gradient in its turn. The sizes are N = 3, D = 7, H = 5 and Z = 2, all different, so
that no two axes can be confused.
{BACKWARD}""")
vae = VAE(D, H, Z, rng=0)
grads = vae.loss_and_grads(*(DATA[name] for name in ("x", "eps", "beta", "mask")))[1]
check_less("no entry of its gradient is further than 1e-15 from the package's",
           [np.abs(grad - grads[name]).max() for name, grad in backward().items()], 1e-15)
report = examine()
check_less("the check is content with it", report.max_error, 1e-14)
check("and has nothing to say", report.findings, [])

# %%
step("Fifteen wrong lines, and what the check says of them")
say("""
The gallery of bugs, bug_gallery.py, beside this lesson, holds wrong versions of all these lines.
Each of the fifteen that we take here stands in the place of one line above. Beside the loss we tell
the check what it can use: the loss's terms by name, recon and kl; the order in which backward comes
to the blocks; and N and D, so that it can recognise them. It then says not only that a gradient is
wrong. It tries what common mistakes would have made of the right one, and names a mistake if that
explains the numbers. The error is that of the worst block, relative.
""")
CHOSEN = ["the error's sign", "1/N forgotten", "dW transposed", "a mean for a sum in db",
          "db not summed", "1/N once more", "relu's mask from dh", "the other layer's mask",
          "the noise drawn again", "the ½ of std forgotten", "no KL term in dμ",
          "¼ for ½ in the KL term", "σ for σ² in the KL term", "one of two paths lost",
          "dμ for d log σ²"]
WRONG = {bug.name: bug for name in CHOSEN for bug in BUGS if bug.name == name}
reports = {name: examine(*bug.wrong) for name, bug in WRONG.items()}
# what the line assigns to
spoiler = {name: bug.wrong[0].split()[0] for name, bug in WRONG.items()}
beside = lambda word, text: "\n" + textwrap.fill(text, 98, initial_indent=f"    {word:<7}",
                                                 subsequent_indent=" " * 11)
for name, bug in WRONG.items():
    line = " ".join(lines(BACKWARD)[spoiler[name]].split())
    say(f"{name}: error {reports[name].max_error:.2g}" + beside("right", line)
        + beside("wrong", bug.wrong[0])
        + "".join(beside("check", finding) for finding in reports[name].findings))
check_less("all fifteen are caught, and not by a hair", 0.1,
           [report.max_error for report in reports.values()])
check("and every time the words are among the findings that the gallery foretells",
      [any(bug.says in finding for finding in reports[name].findings) for name,
       bug in WRONG.items()], [True] * 15)
check("of four it can only say where the error enters, for they follow no simple rule",
      sum(all(re.search("error enters|no simple rule", finding) for finding in report.findings)
          for report in reports.values()), 4)

# %%
step("Where it went wrong")
say("""
Where a mistake has no name, its place can still be told: a wrong dT spoils all that is computed
from it, and nothing else. Who is computed from whom can be read off the text: so for every wrong
line we know beforehand which of the ten blocks must be wrong, and which must be right. The check
uses the same fact where it says at which block the error enters.
""")
words = {name: set(re.findall(r"\w+", line)) for name, line in lines(BACKWARD).items()}
spoilt = {name: {name} for name in words}
for found in spoilt.values():
    # they are in order: once through them is enough
    for name in words:
        found |= {name} if found & words[name] else set()
foretold = {name: ["d" + block not in found for block in BLOCKS] for name, found in spoilt.items()}
right = {name: [{row.name: row.ok for row in report.rows}[block] != "NO" for block in BLOCKS]
         for name, report in reports.items()}
table(["", *BLOCKS], [[name, *row] for name, row in right.items()])
check("in all 150 cases the check says what the text foretells", np.array(list(right.values())),
      np.array([foretold[name] for name in spoiler.values()]))
check("and it says that the error enters at the first block that is wrong", *zip(*(
    (any(f"the error enters at {BLOCKS[row.index(False)]}" in finding for finding in reports[name].findings), True)
    for name, row in right.items())))
if not options.quick:
    figure(plots.verdicts([*right.values()], [*right], BLOCKS,
                          "Wrong blocks point at the wrong line"), "wrong_lines")

# %%
step("Where one checks matters, too")
say("""
So far W and b were the usual random ones. Now those of μ and log σ² are multiplied by 0.0001, then
by 0: μ = 0, σ =
1. How many of the fifteen do the complex step (tolerance 1e-11) and a central difference with a
generous 1e-2 catch? """)
caught, scales = [], () if options.quick else (1, 1e-4, 0)
for scale in progress(scales, "checking fifteen programs in three places"):
    there = {name: param * (scale if name in BLOCKS[4:8] else 1) for name, param in PARAMS.items()}
    caught.append([sum(not examine(*bug.wrong, params=there, method=method, tolerance=tolerance).ok
                       for bug in WRONG.values()) for method,
                   tolerance in (("complex", None), ("central", 1e-2))])
if caught:
    table(["times", "complex, 1e-11", "central, 1e-2"],
          [[scale, *row] for scale, row in zip(scales, caught)])
check("near 0 the generous one lets some pass, the strict one none; at 0 both let some pass",
      np.array(caught), np.array([[15, 15], [15, 12], [10, 10]]), full_size=True)
say("""
At 0 the sign of μ does not matter, σ is σ², and nothing flows back into the first layer: no
tolerance helps. So check where the parameters are random and not small, biases included.
""")

# %%
step("What no gradient check can see", "it asks if backward fits forward, not if forward is right")
say("""
Of these five the wrong forward line has a backward line that fits it, or there is no gradient in it
at all.
""")
UNSEEN = {bug.name: bug for name in ("exp(log σ²) for σ", "the sign of log σ²", "pixels averaged",
                                     "a weight hidden in the loss", "Adam counts epochs, not steps")
          for bug in BUGS if bug.name == name}
for name, bug in UNSEEN.items():
    say(f"{name}" + (f" (seen in public code: {bug.seen})" if bug.seen else "") + "\n    "
        + "\n    ".join(bug.wrong))
say("What sees them is a fact from elsewhere, an oracle that one asks about the program. These are "
    "the five:"
    + "".join(beside(i, f"{bug.by}: {ORACLES[bug.by].__doc__}") for i,
              bug in enumerate(UNSEEN.values(), 1)))
rows, content = [], []
for name, bug in {"all right": None, **UNSEEN}.items():
    wrong = bug.wrong if bug else ()
    asked = [ask(other.by, *wrong) for other in UNSEEN.values()]
    content.append([examine(*wrong).ok, *(good for good, _, _ in asked)])
    rows.append([name, *(f"{'✗✓'[good]} {found:.4f}" for good, found, _ in asked),
                 "✗✓"[content[-1][0]]])
table(["found by", *map(str, range(1, 6)), "the gradient check"], rows)
check("the gradient check passes all six", np.array(content)[:, 0], True)
check("each oracle sees its own bug, and passes the rest", np.array(content)[:, 1:],
      np.eye(6, 5, -1) == 0)

# %%
step("The whole gallery")
known = [bug for bug in BUGS if bug.seen]
counts = Counter(bug.by for bug in BUGS), Counter(bug.by for bug in known)
say(f"""
There are {len(BUGS)} bugs in it. Who catches how many, and how many of them were seen in public
code? (Print it with python tutorials/bug_gallery.py, and read it as a list of what to look for in
code of your own.)
""")
table(["who", "catches", "seen in public code"],
      [[who, number, counts[1][who]] for who, number in counts[0].items()])
escaped = [] if options.quick else [bug.name for bug in progress(BUGS,
                                                                 "putting every bug before who "
                                                                 "should catch it")
                                    if not catch(bug)[0]]
check("every one is caught by the one named there, and what is not the gradient check's passes "
      "that", escaped, [], full_size=True)
check_less("of those seen in public code, more than twice as many are such as no gradient check "
           "can see", 2 * counts[1][CHECK], len(known) - counts[1][CHECK])
say("""
So a program needs both: a check that backward fits forward, and facts that forward has to obey.

To think about: with the sign of log σ² wrong, what is the KL term for μ = 0, σ = 1, and would a
test at that one
point have seen the bug? Why does a network whose pixels are averaged learn as if β were D?
""")

# %%
end()
