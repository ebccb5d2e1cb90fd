"""15. What a nat is worth: which loss did I choose without noticing?  (blog, section 2.3.1)

Grey pixels, a squared error, a mean in the place of a sum: each looks like a detail, and each
changes what the two terms of the loss weigh against each other. This lesson says by how much, and
shows a network that a mean has ruined. Lessons 5 and 6 have the two terms.

    python tutorials/15_what_a_nat_is_worth.py    (6 seconds; --pause waits after every step)

It draws grey_and_gaussian.png and (in the full run) sum_or_mean.png into the folder that --out
names (runs/tutorials if it names none).
"""
# %%
import math
from collections import namedtuple

import numpy as np

from numpyvae import SGD, VAE, Adam, datasets, numeric_gradient, plots
from numpyvae.evaluate import neg_elbo
from numpyvae.likelihoods import Gaussian
from numpyvae.narrator import (ask, begin, check, check_less, end, figure, progress, say, show,
                               step, table)
from numpyvae.training import minibatches

options = begin(__doc__, seed=15)
rng = np.random.default_rng(options.seed)
N, D, H, Z = 3, 7, 5, 2              # all different, so that no two axes can be confused

# %%
step("Grey pixels, and the floor", """
    cost(x, p) = -x log p - (1 - x) log(1 - p)              # now for any x from 0 to 1
    ∂cost/∂p   = (p - x) / (p (1 - p)) = 0 where p = x
    cost(x, x) = -x log x - (1 - x) log(1 - x) = H(x)       # the entropy of the pixel
""")
say("""
Scanned digits are grey. Read x as the chance of ink, and the formula as the average cost of the two
outcomes, ink and none. (It is then no density of x itself: its integral over x is not 1. What the
loss bounds is the average log p of black-and-white images that are drawn with these chances.) The
cheapest p is still p = x, so the loss still asks for the right image. But its price is H(x), not 0.
""")
ask("""
A decoder that rebuilds every pixel exactly: what does it pay for the package's digits, 64 pixels of
which many are white and some are grey? Nothing? A tenth of what guessing costs? More?
""", """
About a third of it: 13.7 nats of 44.4, as the table says. That is why the loss of a VAE on grey
images never comes near 0, however long one trains.
""")
say("""
For the digits of the package (8 by 8, the mean over all test images) this floor lies here:
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
half    = SE / 2 + 0.5 * D * math.log(2 * math.pi)
average = SE / D + 0.5 * D * math.log(D * math.pi)
check("x_std = 0.3: minus the logarithm of the density", Gaussian(0.3).neg_log_p(x_mean, x),
      -np.log(density).sum(axis=1), rtol=1e-13)
check("x_std = 1: ½ SE, and a constant", Gaussian(1.0).neg_log_p(x_mean, x), half, rtol=1e-13)
check("x_std² = D/2: SE / D, and a constant",
      Gaussian(math.sqrt(D / 2)).neg_log_p(x_mean, x), average, rtol=1e-13)
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
""", second=True)
say("""
This package takes the mean of a batch, the PyTorch example its sum: N times the loss, N times the
gradient. Plain descent must then divide lr by N. Adam divides by the gradient's own size, and does
not even notice, up to adam_eps.
""")


def moved(optimizer, scale, **settings):
    """How far each parameter has moved after 4 steps along scale times the gradient of the mean."""
    vae   = VAE(64, 16, Z, rng=options.seed)
    start = {name: param.copy() for name, param in vae.params.items()}
    steps = optimizer(vae.params, **settings)
    noise = np.random.default_rng(options.seed).standard_normal((128, Z))
    for _ in range(4):
        _, grads = vae.loss_and_grads(x_train[:128], noise)
        steps.step({name: scale * grad for name, grad in grads.items()})
    return np.concatenate([(vae.params[name] - start[name]).ravel() for name in start])


check("plain: sum with lr/128, mean with lr", moved(SGD, 128, lr=0.01 / 128),
      moved(SGD, 1, lr=0.01), rtol=1e-12)
check("Adam: sum and mean, the same lr, to a hundredth", moved(Adam, 128), moved(Adam, 1),
      rtol=1e-2)
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
ask("""
The KL term weighs 64 times as much in the second. What will its reconstructions look like?
""", """
All alike: the mean image. No code is worth 64 times its price, so none is sent, and the decoder
knows nothing of the image. Its own loss looks splendid all the same.
""")
Result = namedtuple("Result", "recon kl loss own spread")


def train(name, beta):
    """A VAE with this weight of the KL term  ->  the network, and what the test images cost it."""
    vae   = VAE(64, 64, 6, rng=options.seed, dtype="float32")
    adam  = Adam(vae.params, lr=5e-3)
    noise = np.random.default_rng(options.seed)
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
say("""
Grey has a floor: the dots, where p = x. And a Gaussian has a best x_std: the root mean square
error.
""")
p = 1 / (1 + np.exp(-np.linspace(-9, 9, 200)))
check_less("no price lies below the floor", costs(0.25, 0.25) - 1e-15, costs(0.25, p))
greys = {"lines":  {f"x = {x:g}": (p, costs(x, p)) for x in (0.0, 0.25, 0.5)},
         "points": {f"_x = {x:g}": (x, costs(x, x)) for x in (0.0, 0.25, 0.5)},
         "title": "grey pixels have a floor", "xlabel": "p", "ylabel": "cost, nats",
         "ylim": (-0.02, 2)}
width = {"lines": {"_": (around, widths)}, "upright": {"root mean square error": rms},
         "title": "a Gaussian's best x_std", "xlabel": "x_std", "ylabel": "-log p, nats"}
figure(plots.curves([greys, width], "What a pixel costs at least, and which width suits it"),
       "grey_and_gaussian", "Left: the cost of a pixel against p, for x of 0, 0.25 and 0.5; the "
       "last two have their lowest point above 0, at p = x. Right: -log p against x_std, lowest at "
       "the root mean square error.")
if not options.quick:                            # where they have trained for too short a time
    shown = x_test[[np.flatnonzero(data.labels_test == digit)[0] for digit in range(10)]]
    figure(plots.image_rows({"images": shown,
                             "pixels\nsummed": summing.reconstruct(shown),
                             "pixels\naveraged": averaging.reconstruct(shown)}, data.image_shape,
                            "Average the pixels, and every image comes back the same"),
           "sum_or_mean", "Three rows of ten digits. The images; the same rebuilt where pixels are "
           "summed, nearly as they were; and where pixels are averaged: ten times one grey blur.")
ask("""
Faces are learned with x_std = 0.1 in lesson 2. Whoever writes the loss as SE + β kl, without the ½:
which β would that be?
""", """
x_std² (recon + kl) = ½ SE + x_std² kl, and twice that is SE + 2 x_std² kl: β = 2 · 0.01 = 0.02.
""")

# %%
end()
