"""5. The reconstruction loss: why cross entropy, and why from logits?  (blog, section 2.3.1)

"The generated result should differ little from the input", says the blog. How much is little, and
measured how? Here the answer is built from one black or white pixel upwards: a probability, its
logarithm, its gradient, and what a computer makes of them far out. You need logarithms and the
chain rule. (Grey pixels, the squared error, sum or mean: lesson 15.)

    python tutorials/05_reconstruction_loss.py    (3 seconds; --pause waits after every step)

It draws reconstruction_loss.png into the folder that --out names (runs/tutorials if it names none).
"""
# %%
import math
from decimal import Decimal, getcontext

import numpy as np

from numpyvae import numeric_gradient, plots
from numpyvae.layers import sigmoid
from numpyvae.likelihoods import Bernoulli
from numpyvae.narrator import ask, begin, check, check_less, end, figure, say, show, step, table

options = begin(__doc__, seed=5)
rng  = np.random.default_rng(options.seed)
N, D = 3, 7

# %%
step("One pixel, black or white", "p(x) = p^x (1 - p)^(1 - x)")
say("""
The decoder does not paint a pixel. It says how probable ink is: p. If there is ink (x = 1), that
had the probability p; if there is none, 1 - p. The formula (the Bernoulli distribution) writes both
cases in one line, since anything to the power 0 is 1. What was thought improbable should cost much:
the cost is minus the logarithm of that probability, in nats.
""")
ask("""
The decoder says p = 0.8, and there is no ink. It pays -log 0.2 = 1.61 nats. What would it pay for p
= 0.99? And what for p = 1?
""", """
-log 0.01 = 4.61 nats; and for p = 1 no finite number is enough: whoever is certain and wrong pays
infinitely much. So a decoder learns never to be more certain than it can afford.
""")
likelihood = {x: 0.8 ** x * (1 - 0.8) ** (1 - x) for x in (0, 1)}
table(["pixel x", "p(x) for p = 0.8", "-log p(x)"],
      [[x, value, -math.log(value)] for x, value in likelihood.items()])
check("with ink it is p, without 1 - p", np.array([likelihood[1], likelihood[0]]),
      np.array([0.8, 1 - 0.8]))
check_less("the less probable pixel costs more", -math.log(likelihood[1]), -math.log(likelihood[0]))

# %%
step("A whole image: a product, and why nobody computes it", """
    p(x)      = Π_d p_d^x_d (1 - p_d)^(1 - x_d)
    -log p(x) = Σ_d [-x_d log p_d - (1 - x_d) log(1 - p_d)]          # the binary cross entropy
""")
say("""
Given the code z, the decoder treats the pixels as independent, so their probabilities multiply. The
logarithm turns the product into a sum, and since it only ever rises, the most probable image is
still the cheapest. The product itself is too small for a computer: of the blog's 784 pixels, each
of probability ½, it is below the smallest number of 32 bits; of probability 0.3, below that of 64
bits. It becomes 0, and its logarithm minus infinity. The sum has no such trouble.
""")
x = np.array([1, 0, 0, 1, 1, 0, 1])
p = rng.random(D)
product = np.prod(p ** x * (1 - p) ** (1 - x))
check("7 pixels: minus the log of the product is the sum", -np.log(product),
      np.sum(-x * np.log(p) - (1 - x) * np.log(1 - p)), rtol=1e-14)


def product_of_784(p, dtype):
    """p to the power 784, one factor after the other."""
    return np.prod(np.full(784, p, dtype))


table(["784 pixels of probability", "product, 32 bits", "product, 64 bits", "sum of -log"],
      [[p, product_of_784(p, "float32"), product_of_784(p, "float64"), -784 * math.log(p)]
       for p in (0.5, 0.3)])
check("in 32 bits the product of halves is 0", product_of_784(0.5, "float32"), 0)
check("in 64 bits that of 0.3", product_of_784(0.3, "float64"), 0)

# %%
step("Put the sigmoid in, and it gets simpler", """
    p          = 1 / (1 + exp(-l))                      # the decoder's last line; l is the logit
    log p      = -log(1 + exp(-l)) = l - softplus(l)    # with softplus(l) = log(1 + exp(l))
    log(1 - p) = -softplus(l)                           # since 1 - p = 1 / (1 + exp(l))
    -log p(x)  = -x log p - (1 - x) log(1 - p)
               = -x (l - softplus(l)) + (1 - x) softplus(l)
               = softplus(l) - x l
""")
say("""
A probability has to lie between 0 and 1, and a dense layer gives any number: the logit l, which the
sigmoid squeezes into p. Put it in: two logarithms of a fraction become one function and one
product. Line by line, at 3 by 7 random logits:
""")
logits   = 2 * rng.standard_normal((N, D))
x        = rng.integers(0, 2, (N, D)).astype(float)
p        = 1 / (1 + np.exp(-logits))
softplus = np.log(1 + np.exp(logits))
check("log p = l - softplus(l), log(1 - p) = -softplus(l)", [np.log(p), np.log(1 - p)],
      [logits - softplus, -softplus], rtol=1e-13)
through_p   = -x * np.log(p) - (1 - x) * np.log(1 - p)
second_line = -x * (logits - softplus) + (1 - x) * softplus
third_line  = softplus - x * logits
check("the cross entropy is its second line, and its third", [second_line, third_line],
      [through_p, through_p], rtol=1e-13)
recon = Bernoulli().neg_log_p(logits, x)
check("the package sums it over the pixels", recon, through_p.sum(axis=1), rtol=1e-13)

# %%
step("The gradient, derived in two ways: p - x", """
    through p:  ∂cost/∂p = -x/p + (1 - x)/(1 - p) = (p - x) / (p (1 - p)),    ∂p/∂l = p (1 - p)
                ∂cost/∂l = (p - x) / (p (1 - p)) · p (1 - p) = p - x
    directly: ∂/∂l [softplus(l) - x l] = exp(l) / (1 + exp(l)) - x = p - x
""")
say("""
The dangerous fraction cancels against the slope of the sigmoid. What is left is as plain as can be:
how far the probability lies from the pixel. It is never larger than 1, and 0 only where the decoder
is right.
""")


def slope_of(f, at):
    """The slope of Σ f(…) in every entry, by the complex step."""
    return numeric_gradient(lambda value: np.sum(f(value)), at, "complex")


dprobs  = (p - x) / (p * (1 - p))
dlogits = p - x
show("dlogits = p - x", dlogits)
check("∂cost/∂p, by the complex step", dprobs,
      slope_of(lambda p: -x * np.log(p) - (1 - x) * np.log(1 - p), p), rtol=1e-13)
check("∂p/∂l, by the complex step", p * (1 - p), slope_of(sigmoid, logits), rtol=1e-14)
check("their product is p - x", dprobs * (p * (1 - p)), dlogits, rtol=1e-14)
check("directly, by the complex step", dlogits,
      slope_of(lambda l: np.log(1 + np.exp(l)) - x * l, logits), rtol=1e-14)
check("and the package's", Bernoulli().neg_log_p_backward(np.ones(N), logits, x), dlogits,
      rtol=1e-14)
check_less("no entry exceeds 1", np.abs(dlogits), 1.0)

# %%
step("Far out: ±40 and ±1000", """
    softplus(l) = log(1 + exp(l)) = max(l, 0) + log1p(exp(-|l|))   # log1p(t) is log(1 + t)
    cost = softplus(l) - x l      = l ([l > 0] - x) + log1p(exp(-|l|))
    [l > 0]                       = 1 if l > 0, else 0             # so that max(l, 0) = l [l > 0]
""", second=True)
say("""
On paper all forms are equal; in a computer they are not. At l = 40 the sigmoid is 1 - 4e-18, and
the nearest number of 64 bits is 1 itself: log(1 - p) is the logarithm of 0. At -1000 an exponential
overflows, and 0 times infinity is "not a number". The first line has no large exponent: for l > 0
take exp(l) out of the logarithm. And the second subtracts the large parts, l [l > 0] and x l,
before the small logarithm is added, which their difference would lose: 40 + 4e-18 - 40 is 0. The
truth in the table is computed with 460 digits.
""")
getcontext().prec = 460
far, x = np.array([(l, x) for l in (40.0, -40.0, 1000.0, -1000.0) for x in (0.0, 1.0)]).T
truth = np.array([float((1 + Decimal(l).exp()).ln() - Decimal(x) * Decimal(l))
                  for l, x in zip(far, x)])
with np.errstate(all="ignore"):                  # overflow, log(0) and 0/0 are what is shown here
    p = 1 / (1 + np.exp(-far))
    naive = -x * np.log(p) - (1 - x) * np.log(1 - p)
    naive_slope = (p - x) / (p * (1 - p)) * (p * (1 - p))
textbook = np.logaddexp(0, far) - x * far        # this is softplus(l) - x l, without overflow
ours     = Bernoulli().cost(far, x)
slope    = Bernoulli().cost_backward(np.ones(8), far, x)
table(["l", "x", "cost through p", "softplus(l) - x l", "package", "truth", "slope through p",
       "package's slope"],
      [[f"{v:.4g}" for v in row]
       for row in zip(far, x, naive, textbook, ours, truth, naive_slope, slope)])
check("through p, two costs of eight are finite, and two slopes",
      np.isfinite([naive, naive_slope]).sum(axis=1), np.array([2, 2]))
check_less("the textbook's form has lost the small cost at l = 40, x = 1", textbook[1], truth[1])
check("the package's largest relative error",
      np.max(np.abs(ours - truth) / np.maximum(truth, 5e-324)), 0, atol=1e-15)
check("its slopes are sigmoid(l) - x", slope, sigmoid(far) - x, atol=1e-15)

# %%
step("Clipping is no cure", """
    clipped:  p ← min(max(p, 1e-7), 1 - 1e-7)
    padded:   -x log(p + 1e-7) - (1 - x) log(1 - p + 1e-7)
""", second=True)
say("""
A common bandage keeps p away from 0 and 1, and no cost is infinite any more. But take a pixel
without ink where the decoder is ever more certain of ink. Its slope should be nearly 1: down with
it! Clipped, the cost is flat beyond l = 16.1; padded, its slope fades away. The worst mistakes
teach least. And who clips the cost, but still writes p - x for its gradient, has the gradient of
another function.
""")
wrong   = np.array([2.0, 10.0, 20.0, 35.0])                  # logits, all with x = 0
clipped = slope_of(lambda l: -np.log(1 - np.minimum(sigmoid(l), 1 - 1e-7)), wrong)
padded  = slope_of(lambda l: -np.log(1 - sigmoid(l) + 1e-7), wrong)
table(["l, with x = 0", "slope: p - x", "clipped", "padded"],
      [[f"{v:.4g}" for v in row] for row in zip(wrong, sigmoid(wrong), clipped, padded)])
check("clipping changes nothing before 16.1", clipped[:2], sigmoid(wrong[:2]), rtol=1e-11)
check("beyond, the gradient is dead", clipped[2:], 0.0)
check_less("padded, less than a fortieth is left", padded[2:], sigmoid(wrong[2:]) / 40)
l = np.linspace(-5, 40, 200)
flat = -np.log(1 - np.minimum(sigmoid(l), 1 - 1e-7))
check_less("clipped, no mistake costs more than log 1e7, 16.12 nats", flat, 16.12)
lines = {"from logits": (l, Bernoulli().cost(l, 0)), "p clipped": (l, flat)}
figure(plots.curves([{"lines": lines, "xlabel": "the logit l, where there is no ink",
                      "ylabel": "cost, nats"}], "The cost has to grow with the mistake"),
       "reconstruction_loss", "The cost of a pixel without ink against its logit. From logits it "
       "rises in a straight line; with p clipped it follows until 16 and stays flat from there.")

# %%
end()
