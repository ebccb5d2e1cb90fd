"""8. The gradient check: what does it see, and what can it never see?  (blog, section 2.4)

A gradient written by hand is only worth something once it has been compared with one that nobody
wrote. First comes how good such a comparison can be at all; then backward passes of the whole VAE,
each with one wrong line out of the gallery of bugs, and what the check says of every one; and at
the end programs that are wrong and pass it all the same.

    python tutorials/08_gradient_check.py    (15 seconds; --pause waits for Enter after every step)

It draws step_sizes.png and (not if --quick) wrong_lines.png into the folder that --out names (else
runs/tutorials).
"""
# %%
import re
import textwrap
from collections import Counter

import numpy as np

from numpyvae import VAE, check_gradients, numeric_gradient, plots
from numpyvae.gallery import oracles
from numpyvae.gallery.bugs import BUGS
from numpyvae.gallery.oracles import ORACLES, catch
from numpyvae.gallery.programs import (BACKWARD, BLOCKS, DATA, FORWARD, D, H, Z, backward, examine,
                                       lines)
from numpyvae.gradcheck import STEP
from numpyvae.layers import relu_backward
from numpyvae.narrator import (ask, begin, check, check_less, end, figure, progress, say, show,
                               step, table)

options = begin(__doc__, seed=0)

# %%
step("What a difference cuts off", """
    f(l + δ) = f + δ f′ + ½ δ² f″ + …             so  (f(l + δ) - f(l)) / δ      = f′ + ½ δ f″ + …
    f(l ± δ) = f ± δ f′ + ½ δ² f″ ± δ³ f‴/6 + …   so  (f(l + δ) - f(l - δ)) / 2δ = f′ + δ² f‴/6 + …
""")
say("""
Our f is the loss of one pixel with x = 0 and logit l, f = log(1 + exp(l)). On paper f′ = p, the
sigmoid of l, then f″ = p (1 - p) and f‴ = p (1 - p) (1 - 2p). The forward difference is wrong by an
amount that falls with δ, the central one by an amount that falls with δ²: ½ δ² f″ is the same on
both sides and drops out. We take 500 logits from 1 to 2: an error, or a size like |f″|, is the root
of the mean square over them.
""")
logit = np.linspace(1, 2, 500)
p = 1 / (1 + np.exp(-logit))


def f(l):
    """What a pixel without ink costs."""
    return np.log(1 + np.exp(l))


def size(errors):
    """The root of their mean square."""
    return np.sqrt(np.mean(errors ** 2))


def forward_error(delta):
    return size((f(logit + delta) - f(logit)) / delta - p)


def central_error(delta):
    return size((f(logit + delta) - f(logit - delta)) / (2 * delta) - p)


f0 = size(f(logit))
f2 = size(p * (1 - p))
f3 = size(p * (1 - p) * (1 - 2 * p))
table(["δ", "forward", "½ δ |f″|", "central", "δ² |f‴|/6"],
      [[f"{delta:.2e}", f"{forward_error(delta):.2e}", f"{delta * f2 / 2:.2e}",
        f"{central_error(delta):.2e}", f"{delta * delta * f3 / 6:.2e}"]
       for delta in (1e-1, 1e-2, 1e-3, 1e-4)])
delta = 1e-3
check("δ = 0.001, forward: the error in units of ½ δ |f″|",
      forward_error(delta) / (delta * f2 / 2), 1.0, rtol=2e-3)
check("δ = 0.001, central: the error in units of δ² |f‴|/6",
      central_error(delta) / (delta * delta * f3 / 6), 1.0, rtol=6e-5)

# %%
step("What a difference rounds: the V", """
    u = 2.2e-16    # f(l) is right to ½ u |f|, a difference of two to u |f|
    forward    ½ δ |f″|   + u |f| / δ     is smallest at δ = √(2 u |f| / |f″|)      # a size like √u
    central    δ² |f‴|/6  + u |f| / 2δ    is smallest at δ = ∛(3 u |f| / (2 |f‴|))  # a size like ∛u
""")
say("""
A value is stored to half of u, the spacing of the numbers next to 1. Is the smallest δ the best,
then? No. The two values agree in ever more digits; the subtraction removes those and leaves the
rounding, blown up by 1/δ. The best δ is where the derivative of the sum is 0: ½ |f″| = u |f| / δ²
forward, δ |f‴|/3 = u |f| / 2δ² central. On a log scale a power of δ is a straight line, its
exponent the slope: we predict +1 and -1 forward, +2 and -1 central, and fit them. u |f| / δ counts
the rounding of f's value, but not that inside f.
""")
u = np.finfo(float).eps
delta = np.logspace(-1, -12, 45)
forward_errors = np.array([forward_error(each) for each in delta])
central_errors = np.array([central_error(each) for each in delta])


def check_slope(name, errors, largest, smallest, slope, atol):
    """Fit a straight line to this part of the V, on a log scale, and check its slope."""
    part = (delta < 1.01 * largest) & (delta > 0.99 * smallest)
    fitted, _ = np.polyfit(np.log(delta[part]), np.log(errors[part]), 1)
    check(f"{name}, δ from {largest:.0e} to {smallest:.0e}: slope {slope:+d}", fitted, slope,
          atol=atol)


check_slope("forward", forward_errors, 1e-2, 1e-6,  slope=1,  atol=0.001)
check_slope("forward", forward_errors, 1e-9, 1e-12, slope=-1, atol=0.1)          # rounding scatters
check_slope("central", central_errors, 1e-1, 1e-4,  slope=2,  atol=0.001)
check_slope("central", central_errors, 1e-7, 1e-12, slope=-1, atol=0.1)
small = delta < 1e-9
ratio = np.array([forward_errors / (u * f0 / delta), central_errors / (u * f0 / 2 / delta)])
ratio = ratio[:, small]
check_less("below δ = 1e-9 the error is between a tenth of that and twice",
           np.maximum(ratio / 2, 0.1 / ratio), 1.0)
best  = np.array([np.sqrt(2 * u * f0 / f2), np.cbrt(1.5 * u * f0 / f3)])
found = np.array([delta[forward_errors.argmin()], delta[central_errors.argmin()]])
table(["", "forward", "central"],
      [["best δ, predicted", *(f"{value:.1e}" for value in best)],
       ["measured", *(f"{value:.1e}" for value in found)],
       ["its error", f"{min(forward_errors):.1e}", f"{min(central_errors):.1e}"]])
check_less("best δ and prediction: the larger is below 3 times the smaller",
           np.maximum(found / best, best / found), 3)
check("the package's central step is ∛u", STEP["central"], np.cbrt(u), rtol=0.02)


def complex_error(delta):
    return size(f(logit + 1j * delta).imag / delta - p)


forward_laws = {"½ δ |f″|": delta * f2 / 2, "u |f| / δ": u * f0 / delta}
central_laws = {"δ² |f‴|/6": delta * delta * f3 / 6, "u |f| / 2δ": u * f0 / 2 / delta}
complex_errors = np.array([complex_error(each) for each in delta])
figure(plots.step_sizes(delta, {"forward": (forward_errors, forward_laws),
                            "central": (central_errors, central_laws),
                            "complex": (complex_errors, {})}), "step_sizes",
       seen="The error of three slopes over the size of the step, on logarithmic scales. Forward "
            "and central differences each make a V: too large a step cuts off, too small a one "
            "rounds. The complex step only falls, to 1e-16, and stays there.")

# %%
step("Sideways there is nothing to subtract", "(Im f(l + i δ)) / δ = f′ - δ² f‴/6 + …")
say("""
The complex step of lesson 3 cuts off as much as the central difference, but its V has no second
branch: nothing is subtracted, so nothing cancels. One makes δ so small that δ² is gone, and stops
thinking about it.
""")
steps = (1e-1, 1e-4, 1e-8, 1e-16, 1e-100, 1e-300)
table(["δ", "error of the complex step"],
      [[f"{each:.0e}", f"{complex_error(each):.1e}"] for each in steps])
check("at δ = 0.1 it is the central difference's", complex_error(0.1), central_error(0.1),
      rtol=0.01)
check_less("from 1e-8 down to 1e-300 it is below one u",
           [complex_error(each) for each in steps[2:]], u)

# %%
step("At a kink the numeric slope is the one in doubt",
     "h = max(a, 0):   slope 0 for a < 0,  1 for a > 0,  none at 0")
say("""
All of this took f to be smooth, and relu is not. Here are four units: shut, on the kink, beside it
(nearer than the step 6e-6), open. The loss is their sum; the package's slope at the kink is 0.
""")
a = np.array([-1.0, 0.0, 2e-6, 0.5])
da = relu_backward(np.ones(4), a)
numeric = numeric_gradient(lambda a: np.sum(np.maximum(a, 0)), a)
show("a", a, 6)
show("da", da)
show("central difference", numeric)
check("½ on the kink; beside it, at a = 2e-6 with δ = 6e-6, (a + δ) / 2δ = 8/12", numeric[1:3],
      [1/2, 8/12], rtol=1e-6)


def summed(params):
    """The loss, as the gradient check wants it: a function of a dictionary."""
    return np.sum(np.maximum(params["a"], 0))


report = check_gradients(summed, {"a": a}, {"a": da}, show=False)
findings = "\n    ".join(report.findings)
say(f"""
The check does not loosen its tolerance for that. It looks closer, and says what it saw:
    {findings}
""")
verdicts = []
for slope in (0.0, 0.5, 1.0, 1.5, -0.5):
    report = check_gradients(summed, {"a": a}, {"a": np.array([0, slope, 1, 1])}, show=False)
    verdicts.append([slope, report.rows[0].ok])
table(["da on the kink", "verdict"], verdicts)
check("0, ½ and 1 pass alike there, and slopes outside do not",
      [verdict for _, verdict in verdicts], ["kink", "kink", "kink", "NO", "NO"])

# %%
step("The whole VAE, as text")
say(f"""
To change single lines of a program, we need it as text. This is the text, and it is what runs. Here
some pixels are hidden by the mask, and the KL term has the weight β = 0.7: of a factor 1 nobody
sees that it is missing.
{FORWARD}
And back, each gradient in its turn. The sizes are N = 3, D = 7, H = 5 and Z = 2, all different, so
that no two axes can be confused.
{BACKWARD}""")
vae    = VAE(D, H, Z, rng=options.seed)
PARAMS = {name: vae.params[name] for name in BLOCKS}         # in the order of the backward pass
_, grads = vae.loss_and_grads(DATA["x"], DATA["eps"], DATA["beta"], DATA["mask"])
check_less("no entry of its gradient is further than 1e-15 from the package's",
           [np.abs(grad - grads[name]).max() for name, grad in backward(**PARAMS).items()], 1e-15)
report = examine(params=PARAMS)
check_less("the check is content with it", report.max_error, 1e-14)
check("and has nothing to say", report.findings, [])

# %%
step("Fifteen wrong lines, and what the check says of them")
say("""
The gallery of bugs, numpyvae/gallery/bugs.py, holds wrong versions of all these lines. Each of the
fifteen that we take here stands in the place of one line above. Beside the loss we tell the check
what it can use: the loss's terms by name, recon and kl; the order in which backward comes to the
blocks; and N and D, so that it can recognise them. It then says not only that a gradient is wrong.
It tries what common mistakes would have made of the right one, and names a mistake if that explains
the numbers. The error is relative: |analytic - numeric| / max(|analytic|, |numeric|), with the
Euclidean norm of a whole block for | |; told is that of the worst block. A right gradient has about
1e-7 or less by differences, 1e-15 by the complex step; 1e-2 is a mistake, even where a network
would still learn with it.
""")
CHOSEN = ["the error's sign", "1/N forgotten", "dW transposed", "a mean for a sum in db",
          "db not summed", "1/N once more", "relu's mask from dh", "the other layer's mask",
          "the noise drawn again", "the ½ of std forgotten", "no KL term in dμ",
          "¼ for ½ in the KL term", "σ for σ² in the KL term", "one of two paths lost",
          "dμ for d log σ²"]
by_name = {bug.name: bug for bug in BUGS}
WRONG   = [by_name[name] for name in CHOSEN]
reports = [examine(*bug.wrong, params=PARAMS) for bug in WRONG]
spoiled = [bug.wrong[0].split()[0] for bug in WRONG]             # what the line assigns to


def beside(word, text):
    """A text beside one word, filled to the width of the page."""
    return textwrap.fill(text, 98, initial_indent=f"    {word:<7}", subsequent_indent=" " * 11)


for bug, report, name in zip(WRONG, reports, spoiled):
    right = " ".join(lines(BACKWARD)[name].split())
    say("\n".join([f"{bug.name}: error {report.max_error:.2g}",
                   beside("right", right),
                   beside("wrong", bug.wrong[0]),
                   *(beside("check", finding) for finding in report.findings)]))
check_less("all fifteen are caught: the smallest error is above 0.02", 0.02,
           [report.max_error for report in reports])
foretold, unnamed = 0, 0
for bug, report in zip(WRONG, reports):
    foretold += any(bug.says in finding for finding in report.findings)
    unnamed  += all(re.search("error enters|no simple rule", finding)
                    for finding in report.findings)
check("and every time the words are among the findings that the gallery foretells", foretold, 15,
      own_seed=True)
check("for four of them it can only say where the error enters: they follow no simple rule",
      unnamed, 4, own_seed=True)

# %%
step("Where it went wrong")
say("""
Where a mistake has no name, its place can still be told: a wrong dT spoils all that is computed
from it, and nothing else. Who is computed from whom can be read off the text: so for every wrong
line we know beforehand which of the ten blocks must be wrong, and which must be right. The check
uses the same fact where it says at which block the error enters.
""")
words = {name: set(re.findall(r"\w+", line)) for name, line in lines(BACKWARD).items()}


def spoils(wrong):
    """The names that are wrong if this one is: it, and all that is computed from it."""
    names = {wrong}
    for name, used in words.items():             # they are in order: once through them is enough
        if names & used:
            names.add(name)
    return names


foretold = [["d" + block not in spoils(name) for block in BLOCKS] for name in spoiled]
right = []
for report in reports:
    verdict = {row.name: row.ok for row in report.rows}
    right.append([verdict[block] != "NO" for block in BLOCKS])
table(["", *BLOCKS], [[bug.name, *row] for bug, row in zip(WRONG, right)])
check("in all 150 cases the check says what the text foretells", np.array(right),
      np.array(foretold), own_seed=True)
located = 0
for report, row in zip(reports, right):
    first = BLOCKS[row.index(False)]
    located += any(f"the error enters at {first}" in finding for finding in report.findings)
check("and it says that the error enters at the first block that is wrong", located, 15,
      own_seed=True)
if not options.quick:
    figure(plots.verdicts(right, CHOSEN, BLOCKS, "Wrong blocks point at the wrong line"),
           "wrong_lines",
           seen="A table of fifteen mistakes by ten blocks of the gradient, with the wrong blocks "
                "marked: a mistake late in the backward pass spoils one or two blocks, an early "
                "one spoils all of them.")

# %%
step("Where one checks matters, too", second=True)
say("""
So far W and b were the usual random ones. Now those of μ and log σ² are multiplied by 0.0001, then
by 0: μ = 0, σ = 1. How many of the fifteen do the complex step (tolerance 1e-11) and a central
difference with a generous 1e-2 catch?
""")
ask("""
At μ = 0 and σ = 1 some of the fifteen pass even the strictest check. Which kind of mistake can hide
there?
""", """
Mistakes in what is 0 there. The KL's own gradients are: μ = 0 and σ² - 1 = 0. So no KL term in dμ,
¼ for ½, and σ for σ² cost nothing; and where the heads are 0, nothing flows back into the first
layer, so that another layer's mask and a path that is lost cannot be seen either.
""")


def caught(scale, method, tolerance):
    """How many of the fifteen are caught where the encoder's heads are multiplied by `scale`."""
    there = {name: param * (scale if name in BLOCKS[4:8] else 1) for name, param in PARAMS.items()}
    return sum(not examine(*bug.wrong, params=there, method=method, tolerance=tolerance).ok
               for bug in WRONG)


counts = []
scales = () if options.quick else (1, 1e-4, 0)
for scale in progress(scales, "checking fifteen programs in three places"):
    counts.append([caught(scale, "complex", tolerance=None),
                   caught(scale, "central", tolerance=1e-2)])
if counts:
    table(["times", "complex, 1e-11", "central, 1e-2"],
          [[scale, *row] for scale, row in zip(scales, counts)])
check("near 0 the generous one lets some pass, the strict one none; at 0 both let some pass",
      np.array(counts), np.array([[15, 15], [15, 12], [10, 10]]), full_size=True, own_seed=True)
hidden = ["no KL term in dμ", "¼ for ½ in the KL term", "σ for σ² in the KL term",
          "the other layer's mask", "one of two paths lost"]
at_0   = {name: param * (name not in BLOCKS[4:8]) for name, param in PARAMS.items()}
passed = [name for name in CHOSEN if examine(*by_name[name].wrong, params=at_0).ok]
check("at 0 these five pass: " + ", ".join(hidden), sorted(passed), sorted(hidden))
say("""
No tolerance helps there. So check where the parameters are random and not small, biases included.
""")

# %%
step("What no gradient check can see", "it asks if backward fits forward, not if forward is right")
say("""
Of these five the wrong forward line has a backward line that fits it, or there is no gradient in it
at all.
""")
UNSEEN = [by_name[name] for name in ("exp(log σ²) for σ", "the sign of log σ²", "pixels averaged",
                                     "a weight hidden in the loss",
                                     "Adam counts epochs, not steps")]
for bug in UNSEEN:
    seen = f" (seen in public code: {bug.seen})" if bug.seen else ""
    say("\n    ".join([bug.name + seen, *bug.wrong]))
facts = [beside(i, f"{bug.by}: {ORACLES[bug.by].__doc__}") for i, bug in enumerate(UNSEEN, 1)]
say("""
What sees them is a fact from elsewhere, an oracle that one asks about the program. Each names a
number, which the table gives with what it should be. These are the five:
""" + "\n".join(facts))
MARKS = {True: "✓", False: "✗"}
rows, passed, content = [], [], []
for name, wrong in [("all right", ()), *((bug.name, bug.wrong) for bug in UNSEEN)]:
    passes  = examine(*wrong, params=PARAMS).ok
    answers = [oracles.ask(bug.by, *wrong) for bug in UNSEEN]
    passed.append(passes)
    content.append([good for good, _, _ in answers])
    rows.append([name, *(f"{MARKS[good]} {found:.4f}" for good, found, _ in answers),
                 MARKS[passes]])
wanted = [oracles.ask(bug.by)[2] for bug in UNSEEN]
rows.append(["should be", *(f"{value:.4f}" for value in wanted), ""])
table(["found by", "1", "2", "3", "4", "5", "the gradient check"], rows)
check("the gradient check passes all six", np.array(passed), True)
check("each oracle sees its own bug, and passes the rest", np.array(content),
      np.eye(6, 5, -1) == 0)

# %%
step("The whole gallery")
say(f"""
There are {len(BUGS)} bugs in it. What catches how many? (Print it with python
tutorials/bug_gallery.py, and read it as a list of what to look for in code of your own.)
""")
table(["caught by", "bugs"], [*Counter(bug.by for bug in BUGS).items()])
escaped = []
for bug in progress([] if options.quick else BUGS, "trying every bug on what should catch it"):
    caught_it, _ = catch(bug)
    if not caught_it:
        escaped.append(bug.name)
check("every one is caught by the one named there, and what is not the gradient check's passes "
      "that", escaped, [], full_size=True)
say("""
So a program needs both: a check that backward fits forward, and facts that forward has to obey.
""")
ask("""
With the sign of log σ² wrong, what is the KL term for μ = 0, σ = 1, and would a test at that one
point have seen the bug?
""", """
½ (0 + 1 - 1 + 0) = 0, as it should be: log σ² is 0 there, whatever its sign. No. One point is not a
test; two random ones are.
""")

# %%
end()
