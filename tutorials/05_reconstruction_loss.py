"""5. The reconstruction loss: why cross entropy, and why from logits?  (blog, section 2.3.1)

"The generated result should differ little from the input", says the blog. How much is little, and
measured how? Here the answer is built from one black or white pixel upwards: a likelihood, its
logarithm, its gradient, what a computer makes of them far out; then grey pixels, the squared error,
and sum or mean. You need logarithms and the chain rule.

    python tutorials/05_reconstruction_loss.py    (5 seconds; --pause waits after every step)

It draws reconstruction_loss.png and (in the full run) sum_or_mean.png into the folder of --out
(runs/tutorials).
"""
# %%
import math
from collections import namedtuple
from decimal import Decimal, getcontext

import numpy as np

from numpyvae import SGD, VAE, Adam, datasets, numeric_gradient, plots
from numpyvae.evaluate import neg_elbo
from numpyvae.layers import sigmoid
from numpyvae.likelihoods import Bernoulli, Gaussian
from numpyvae.narrator import (begin, check, check_less, end, figure, progress, say, show, step,
                               table)
from numpyvae.training import minibatches

options = begin(__doc__)
rng = np.random.default_rng(5)
N, D, H, Z = 3, 7, 5, 2              # all different, so that no two axes can be confused

# %%
step("One pixel, black or white", "p(x) = p^x (1 - p)^(1 - x)")
say("""
The decoder does not paint a pixel. It says how probable ink is: p. If there is ink (x = 1), that
had the probability p; if there is none, 1 - p. The formula (the Bernoulli distribution) writes both
cases in one line, since anything to the power 0 is 1. What was improbable shall cost much: its cost
is minus the logarithm, in nats.
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
logarithm makes a sum of it, and only ever rises: the most probable image is the cheapest. Of the
blog's 784 pixels, a product of halves is below any number of 32 bits; for 0.3, 64 are too few. It
becomes 0, its log minus infinity. The sum does not mind.
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
check("32 bits fail for halves", product_of_784(0.5, "float32"), 0)
check("64 bits fail for 0.3", product_of_784(0.3, "float64"), 0)

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
Two logarithms of a fraction have become one function and one product. Line by line, at 3 by 7
random logits:
""")
logits   = 2 * rng.standard_normal((N, D))
x        = rng.integers(0, 2, (N, D)).astype(float)
p        = 1 / (1 + np.exp(-logits))
softplus = np.log(1 + np.exp(logits))
check("log p = l - softplus(l)", np.log(p), logits - softplus, rtol=1e-14)
check("log(1 - p) = -softplus(l)", np.log(1 - p), -softplus, rtol=1e-14)
through_p   = -x * np.log(p) - (1 - x) * np.log(1 - p)
second_line = -x * (logits - softplus) + (1 - x) * softplus
third_line  = softplus - x * logits
check("the cross entropy, its second line", through_p, second_line, rtol=1e-14)
check("and its third", through_p, third_line, rtol=1e-14)
recon = Bernoulli().neg_log_p(logits, x)
check("the package sums it over the pixels", recon, through_p.sum(axis=1), rtol=1e-14)

# %%
step("The gradient, in two ways: p - x", """
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
      slope_of(lambda p: -x * np.log(p) - (1 - x) * np.log(1 - p), p), rtol=1e-14)
check("∂p/∂l", p * (1 - p), slope_of(lambda l: 1 / (1 + np.exp(-l)), logits), rtol=1e-14)
check("their product is p - x", dprobs * (p * (1 - p)), dlogits, rtol=1e-14)
check("directly, by the complex step", dlogits,
      slope_of(lambda l: np.log(1 + np.exp(l)) - x * l, logits), rtol=1e-14)
check("and the package's", Bernoulli().neg_log_p_backward(np.ones(N), logits, x), dlogits,
      rtol=1e-14)
check_less("no entry exceeds 1", np.abs(dlogits), 1.0)

# %%
step("Far out: ±40 and ±1000", "cost = l ([l > 0] - x) + log1p(exp(-|l|))")
say("""
On paper these forms are equal; in a computer they are not. At l = 40 the sigmoid is 1 - 4e-18, and
the nearest number of 64 bits is 1 itself: log(1 - p) is the logarithm of 0. At -1000 an exponential
overflows, and 0 times infinity is "not a number". Even softplus(l) - x l loses a small cost: 40 +
4e-18 - 40 is 0. The package subtracts the large parts first, as in the line above. The truth is
computed with 460 digits, and may be trusted.
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
       "package"],
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
""")
say("""
A common bandage keeps p away from 0 and 1, and no cost is infinite any more. But take a pixel
without ink where the decoder is ever more certain of ink. Its slope should be nearly 1: "down with
it". Clipped, the cost is flat beyond l = 16.1; padded, its slope fades away. The worst mistakes
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

# %%
step("Grey pixels, and the floor", """
    cost(x, p) = -x log p - (1 - x) log(1 - p)              # now for any x from 0 to 1
    ∂cost/∂p   = (p - x) / (p (1 - p)) = 0 where p = x
    cost(x, x) = -x log x - (1 - x) log(1 - x) = H(x)       # the entropy of the pixel
""")
say("""
Scanned digits are grey. Read x as the chance of ink: the formula is then the average cost of the
two outcomes, ink and none. The cheapest p is still p = x, so the loss still asks for the right
image. But its price is H(x), not 0. That is why the loss of a VAE on grey images never comes near
0, however long one trains. For the digits of the package (8 by 8, the mean over all test images)
this floor lies here:
""")


def costs(x, p):
    """-x log p - (1 - x) log(1 - p), where 0 log 0 is 0."""
    return -x * np.log(np.where(x > 0, p, 1)) - (1 - x) * np.log(np.where(x < 1, 1 - p, 1))


grey  = np.array([[0.0], [0.25], [0.5], [0.9]])
trial = np.linspace(0.001, 0.999, 999)
check("the average of the two outcomes", grey * costs(1, trial) + (1 - grey) * costs(0, trial),
      costs(grey, trial), rtol=1e-15)
check("of 999 values of p, the cheapest is the nearest to x",
      trial[costs(grey, trial).argmin(axis=1)], np.clip(grey[:, 0], 0.001, 0.999), rtol=1e-12)
data = datasets.load("digits")
x_train, x_test = data.x_train.astype(float), data.x_test.astype(float)
mean_image = np.clip(x_train.mean(axis=0), 1e-12, 1 - 1e-12)     # some pixels never have ink
no_idea  = 64 * math.log(2)
constant = costs(x_test, mean_image).sum(axis=1).mean()
floor    = costs(x_test, x_test).sum(axis=1)
table(["a decoder that", "nats per image"],
      [["has no idea, p = ½: 64 log 2", no_idea],
       ["always paints the mean training image", constant],
       ["is perfect: the floor", floor.mean()]])
check_less("no image has a floor near 0", 5, floor)
check_less("one fixed image saves more than half of what there is to save", constant,
           (no_idea + floor.mean()) / 2)

# %%
step("The squared error is a Gaussian in disguise", """
    p(x)      = Π_d 1/(√(2π) x_std) exp(-(x_d - x_mean_d)² / (2 x_std²))
    -log p(x) = SE / (2 x_std²) + D log x_std + ½ D log 2π,              SE = Σ_d (x_d - x_mean_d)²
    best x_std:  -SE / x_std³ + D / x_std = 0 at x_std² = SE / D
    x_std² (recon + kl) = ½ SE + x_std² kl + constant
""")
say("""
Measure the difference by its square, and you have said that pixels scatter around x_mean as a
Gaussian, with a standard deviation that you chose without noticing. Half the squared error means
x_std = 1; the mean squared error, SE / D, means x_std² = D/2. You need not guess: the third line
asks the likelihood, which answers with the root mean square error. And it matters: by the fourth,
x_std² is a weight of the KL term, called β: loss = recon + β kl, with ½ SE for recon.
""")
x, x_mean = rng.random((N, D)), rng.random((N, D))
SE = ((x - x_mean) ** 2).sum(axis=1)
density = np.exp(-(x - x_mean) ** 2 / (2 * 0.3 ** 2)) / (math.sqrt(2 * math.pi) * 0.3)
for x_std, name, error in [
        (0.3, "the logarithm of the density", -np.log(density).sum(axis=1)),
        (1.0, "½ SE", SE / 2 + 0.5 * D * math.log(2 * math.pi)),
        (math.sqrt(D / 2), "SE / D", SE / D + 0.5 * D * math.log(D * math.pi))]:
    check(f"x_std = {x_std:.2f}: {name} (and its constant)",
          Gaussian(x_std).neg_log_p(x_mean, x), error, rtol=1e-13)
rms = math.sqrt(SE.mean() / D)
around = rms * np.linspace(0.5, 2.5, 201)
widths = np.array([Gaussian(x_std).neg_log_p(x_mean, x).mean() for x_std in around])
show("the root mean square error", rms)
check("of 201 values of x_std it is the best", around[widths.argmin()], rms, rtol=1e-12)
eps = rng.standard_normal((N, Z))
_, grads      = VAE(D, H, Z, "gaussian", x_std=0.3, rng=1).loss_and_grads(x, eps, beta=1.0)
_, beta_grads = VAE(D, H, Z, "gaussian", x_std=1.0, rng=1).loss_and_grads(x, eps, beta=0.3 ** 2)
for name in ("W1", "W4"):
    check(f"0.09 d{name} at x_std = 0.3 is d{name} of ½ SE + 0.09 kl", 0.09 * grads[name],
          beta_grads[name], rtol=1e-13)

# %%
step("Sum or mean over the batch: only the size of the step", """
    Adam's step for N times the gradient:
    lr N m / (N √v + adam_eps)  =  lr m / (√v + adam_eps / N)
""")
say("""
This package takes the mean of a batch, the PyTorch example its sum: N times the loss, N times the
gradient. Plain descent must then divide lr by N. Adam divides by the gradient's own size, and does
not even notice, up to adam_eps.
""")


def moved(optimizer, scale, **settings):
    """How far each parameter has moved after 4 steps along scale times the gradient of the mean."""
    vae   = VAE(64, 16, Z, rng=2)
    start = {name: param.copy() for name, param in vae.params.items()}
    steps = optimizer(vae.params, **settings)
    noise = np.random.default_rng(6).standard_normal((128, Z))
    for _ in range(4):
        _, grads = vae.loss_and_grads(x_train[:128], noise)
        steps.step({name: scale * grad for name, grad in grads.items()})
    return np.concatenate([(vae.params[name] - start[name]).ravel() for name in start])


check("plain: sum with lr/128, mean with lr", moved(SGD, 128, lr=0.01 / 128),
      moved(SGD, 1, lr=0.01), rtol=1e-12)
check("Adam: sum and mean, the same lr", moved(Adam, 128), moved(Adam, 1), rtol=3e-4)
check("and exactly, if adam_eps grows as well", moved(Adam, 128, adam_eps=128e-8), moved(Adam, 1),
      rtol=1e-12)

# %%
step("Sum or mean over the pixels: another model", "1/D recon + kl  =  1/D (recon + D kl)")
say("""
To average over the pixels as well looks as harmless. But the KL term has no pixels and stays as it
was. So it is the loss with β = D, divided by D, which Adam does not notice: for the blog's 784
pixels, β = 784.
""")
tiny = VAE(D, H, Z, rng=1)


def averaged_loss(name, T):
    """The loss with pixels averaged, and with T in the place of one parameter."""
    _, recon, kl = tiny.loss(x, eps, params={**tiny.params, name: T})
    return recon / D + kl


_, grads = tiny.loss_and_grads(x, eps, beta=D)
for name in ("W1", "W_mu", "W4"):
    slope = numeric_gradient(lambda T: averaged_loss(name, T), tiny.params[name], "complex")
    check(f"d{name} with pixels averaged is that with β = D, over D", slope, grads[name] / D,
          rtol=1e-13)

# %%
step("What goes wrong", "summed: β = 1     averaged: β = D = 64")
say("""
Two VAEs on the digits, everything else equal: the same start, the same batches, the same noise, the
same Adam.
""")
Result = namedtuple("Result", "recon kl loss own spread")


def train(name, beta):
    """A VAE with this weight of the KL term  ->  the network, and what the test images cost it."""
    vae   = VAE(64, 64, 6, rng=0, dtype="float32")
    adam  = Adam(vae.params, lr=5e-3)
    noise = np.random.default_rng(0)
    for _ in progress(range(5 if options.quick else 60), f"training, pixels {name}"):
        for batch in minibatches(len(x_train), 64, noise):
            _, grads = vae.sample_loss_and_grads(x_train[batch], noise, beta)
            adam.step(grads)
    loss, recon, kl = neg_elbo(vae, x_test)
    spread = vae.reconstruct(x_test).std(axis=0).mean()
    return vae, Result(recon, kl, loss, recon / beta + kl, spread)


summing, summed     = train("summed", beta=1)
averaging, averaged = train("averaged", beta=64)
images = x_test.std(axis=0).mean()
table(["pixels", "recon", "kl", "recon + kl", "its own loss", "spread of reconstructions"],
      [["summed", *summed], ["averaged", *averaged]])
check_less("summed: the code says something, more than 1 nat", 1, summed.kl, full_size=True)
check_less("averaged: it says nothing", averaged.kl, 0.01)
check_less("averaged: reconstructions are alike, to a hundredth of the images' spread",
           averaged.spread, images / 100)
check_less("summed: they differ, by more than a third of it", images / 3, summed.spread,
           full_size=True)
check("averaged: a reconstruction costs what the mean image costs", averaged.recon, constant,
      rtol=0.02)
check_less(f"its own loss is less than a tenth of {summed.own:.2f}, the other's", averaged.own,
           summed.own / 10)
check_less("but it is the worse model: its recon + kl is higher", summed.loss, averaged.loss)
say("""
No code was worth its price, so none is sent: whatever comes in, the mean image comes out. If all
your reconstructions look alike, look for a mean first.
""")

# %%
step("The pictures")
left_out = " (which --quick leaves out)" if options.quick else ""
say(f"""
What one pixel costs: clipping flattens it, grey gives it a floor (dots). Below them, in the second
figure, ten digits rebuilt by both networks of step 11{left_out}.
""")
l = np.linspace(-5, 40, 200)
p = sigmoid(np.linspace(-9, 9, 200))
clipped = -np.log(1 - np.minimum(sigmoid(l), 1 - 1e-7))
check_less("clipped, no mistake costs more than log 1e7, 16.12 nats", clipped, 16.12)
mistake = {"lines": {"from logits": (l, Bernoulli().cost(l, 0)), "p clipped": (l, clipped)},
           "title": "no ink, but the logit is l", "xlabel": "l", "ylabel": "nats"}
greys   = {"lines":  {f"x = {x:g}": (p, costs(x, p)) for x in (0.0, 0.25, 0.5)},
           "points": {f"_x = {x:g}": (x, costs(x, x)) for x in (0.0, 0.25, 0.5)},
           "title": "grey pixels have a floor", "xlabel": "p", "ylim": (-0.02, 2)}
width   = {"lines": {"_": (around, widths)}, "upright": {"root mean square error": rms},
           "title": "a Gaussian's best x_std", "xlabel": "x_std"}
figure(plots.curves([mistake, greys, width],
                    "The cost has to grow with the mistake, and grey has a floor"),
       "reconstruction_loss",
       seen="Three panels. The cost of a wrong logit grows on in a straight line, but stays level "
            "where p is clipped. The cost of a pixel over p has its minimum at p = x, which lies "
            "above 0 for grey pixels. A Gaussian's cost over x_std is lowest where x_std is the "
            "root mean square error.")
if not options.quick:                            # where they have trained for too short a time
    shown = x_test[[np.flatnonzero(data.labels_test == digit)[0] for digit in range(10)]]
    figure(plots.image_rows({"images": shown,
                             "pixels\nsummed": summing.reconstruct(shown),
                             "pixels\naveraged": averaging.reconstruct(shown)}, data.image_shape,
                            "Average the pixels, and every image comes back the same"),
           "sum_or_mean",
           seen="Ten digits, and what two networks make of them: where pixels were summed they "
                "are rebuilt, where they were averaged all ten come back as the same grey blot.")
say("""
To think about: faces are learned with x_std = 0.1 in lesson 2. Beside SE, without the ½, which β
would that be?
""")

# %%
end()
