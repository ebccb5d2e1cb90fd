"""9. Training: what do the two terms of the loss do to each other?  (blog, sections 2.3 and 2.4)

The blog shows the network and leaves the training out. Here it is trained, on 1,498 handwritten
digits of 8 by 8 pixels, and the loss is watched while it falls. Its two terms want different
things: the reconstruction wants a code that says much, the KL term one that says nothing. β weighs
them. We turn it from 0 to 8, look at the images, then ruin a network on purpose until its code is
empty ("posterior collapse"), learn to recognise that, and cure it.

    python tutorials/09_train.py    (half a minute; --pause waits for Enter after every step)

It draws tug_of_war.png, beta_images.png, price.png and collapse.png into the folder of --out
(runs/tutorials).
"""
# %%
import numpy as np

from numpyvae import VAE, Adam, datasets, plots
from numpyvae.evaluate import active_units, encode, mean_kl_per_dim, neg_elbo
from numpyvae.narrator import (begin, check, check_less, end, figure, progress, say, show, step,
                               table)
from numpyvae.training import Run, minibatches

quick  = begin(__doc__).quick
short  = 2 if quick else None        # --quick: epochs of every training
digits = datasets.load("digits")
x      = digits.x_train[:128] if quick else digits.x_train
x_test = digits.x_test[:50] if quick else digits.x_test
labels = digits.labels_test[:len(x_test)]
D = 64
H = 16 if quick else 200
Z = 10
options = {"hidden_dim": H, "latent_dim": Z, "lr": 2e-3, "batch_size": 64}

# %%
step("A training loop is five lines",
     "parameters  ←  parameters - step     # along the gradient of a few examples")
say("""
For every epoch; for every batch of 64 examples, in random order; draw fresh noise; take the loss
and its gradient; let Adam move the parameters. There is nothing else, and the class Run of the
package, which we use from here on, with its history of losses, does the same: from the same seed
both reach the same numbers.
""")
seeds   = np.random.SeedSequence(0).spawn(5)                 # as Run splits its seed
init    = np.random.default_rng(seeds[0])
shuffle = np.random.default_rng(seeds[1])
noise   = np.random.default_rng(seeds[2])
vae = VAE(D, H, Z, rng=init, dtype="float32")
adam = Adam(vae.params, lr=2e-3)
for _ in range(2):
    for batch in minibatches(len(x), 64, shuffle):
        eps = noise.standard_normal((len(batch), Z))
        (loss, recon, kl), grads = vae.loss_and_grads(x[batch], eps)
        adam.step(grads)
show("loss, recon, kl of the last batch", [loss, recon, kl])
check("the loss is recon + kl", loss, recon + kl, rtol=1e-6)
run = Run(x, x_test, epochs=2, seed=0, **options)
run.train()
check("Run does the same: here is the same W1", vae.params["W1"], run.model.params["W1"], rtol=1e-6)

# %%
step("Two pulls on one code", """
    loss       = recon + β kl
    d loss     = d recon + β d kl              # for every parameter of the encoder
    d loss     = d recon                       # for the decoder, which the KL does not see
    ∂kl/∂μ = μ/N       ∂kl/∂log σ² = ½ (σ² - 1)/N     # so downhill for the KL is μ → 0, σ → 1
""")
say("""
A gradient is linear in what it is taken of. So the same noise with β = 0 and with β = 1 gives two
gradients, and their difference is the pull of the KL alone. To compare two pulls take the cosine of
the angle between them: +1 if they point the same way, 0 if they have nothing to do with each other,
-1 if they point against each other.
""")


def of_head(grads, head):
    """The gradient by all parameters of a head of the encoder, "_mu" or "_logvar", as one vector.
    """
    return np.append(grads["W" + head], grads["b" + head])


def pulls(vae, head):
    """The pulls of recon and of kl on a head, each a mean over noise: (2, parameters)."""
    recons, kls = [], []
    for eps in np.random.default_rng(2).standard_normal((1 if quick else 4, len(x), Z)):
        _, zero = vae.loss_and_grads(x, eps, beta=0)
        _, one  = vae.loss_and_grads(x, eps, beta=1)
        recons.append(of_head(zero, head))
        kls.append(of_head(one, head) - of_head(zero, head))
    return np.array([np.mean(recons, axis=0), np.mean(kls, axis=0)], float)


def cosine(pair):
    """Of the angle between two vectors."""
    one, other = pair
    return one @ other / (np.linalg.norm(one) * np.linalg.norm(other))


exact = VAE(D, H, Z, rng=1)          # in float64, for the sake of the digits
eps   = np.random.default_rng(1).standard_normal((len(x), Z))
_, zero  = exact.loss_and_grads(x, eps, beta=0)
_, one   = exact.loss_and_grads(x, eps, beta=1)
_, three = exact.loss_and_grads(x, eps, beta=3)
mu, logvar = exact.encode(x)
check("the pull grows in proportion to β",
      three["W_mu"] - zero["W_mu"], 3 * (one["W_mu"] - zero["W_mu"]), rtol=1e-12)
check("on b_mu the KL's pull is the mean of μ",
      one["b_mu"] - zero["b_mu"], mu.mean(axis=0), rtol=1e-12)
check("on b_logvar, of ½ (σ² - 1)",
      one["b_logvar"] - zero["b_logvar"], np.expm1(logvar).mean(axis=0) / 2, rtol=1e-12)
check("the decoder's gradient is the same for every β", zero["W4"], three["W4"])

# %%
step("Training, live",
     "64 log 2 = 44.36 nats    # what an image costs whoever says ½ of each of its 64 pixels")
say("""
A row is printed when its epoch is done. Row 0 is the network before it has learned anything. All
losses are in nats per image; the last two columns are the cosines between the pulls, on the head
for μ and on the head for log σ².
""")


def train_to(run, epoch):
    """Go on with a training until so many epochs are done."""
    for _ in progress(range(epoch - len(run.history)), f"training to epoch {epoch}"):
        run.epochs = len(run.history) + 1
        run.train()


def costs(run, data):
    """loss, recon, kl of a network at its own β, in nats per image."""
    _, recon, kl = neg_elbo(run.model, data, rng=1)
    return [recon + run.beta * kl, recon, kl]


def print_row(cells, names, between=" │ "):
    """A row of the table below, each cell as wide as the name of its column."""
    cells = [f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in cells]
    padded = [cell.rjust(len(name)) for cell, name in zip(cells, names)]
    print("    " + between.join(padded), flush=True)


def live(run, stops, names, measure):
    """Train, and print a row at each of these epochs  ->  the rows.

    measure(vae) gives the numbers of the last columns, which have these names.
    """
    names = ["epoch", "train: loss", " recon", "    kl", "test: loss", " recon", "    kl", *names]
    print()
    print_row(names, names)
    print_row(["─" * len(name) for name in names], names, between="─┼─")
    if quick:
        stops = range(len(run.history), len(run.history) + 3)
    rows = []
    for stop in stops:
        train_to(run, stop)
        rows.append([stop, *costs(run, x), *costs(run, x_test), *measure(run.model)])
        print_row(rows[-1], names)
    return np.array(rows)


def cosines(vae):
    """Of the two pulls, on the head for μ and on the head for log σ²."""
    return [cosine(pulls(vae, "_mu")), cosine(pulls(vae, "_logvar"))]


run = Run(x, x_test, seed=0, **options)
rows = live(run, [*range(6), 7, 10, 15, 20, 30, 40, 50, 60], ["cos, μ", "cos, log σ²"], cosines)
check_less("row 0: recon is 64 log 2, by 2 nats; KL below 0.3",
           [abs(rows[0, 5] - D * np.log(2)), rows[0, 6]], [2, 0.3])
check_less("every later row is better than row 0", rows[1:, 4], rows[0, 4])

# %%
step("The tug of war: act one and two", """
    m            = the mean image    # the best answer of a decoder that is told nothing
    cost of m    = -Σ_d [m_d log m_d + (1 - m_d) log(1 - m_d)]
""")
say("""
Act one: everyone looks like the mean. After two epochs the network costs about what the mean image
costs, and its KL is still small: the decoder has learned which pixels are often dark, and the code
says next to nothing. Act two: the code opens. The KL rises, and the reconstruction falls by more
than that: the code earns more than it costs.
""")
m = x.mean(axis=0, dtype=float)
varies = (m > 0) & (m < 1)           # the other pixels cost nothing: they are always the same
m, ink = m[varies], x[:, varies]
mean_cost = -np.sum(m * np.log(m) + (1 - m) * np.log(1 - m))


def cost_of(answer):
    """What the training images cost on average if each gets this answer."""
    return -(ink @ np.log(answer) + (1 - ink) @ np.log(1 - answer)).mean()


greyer = 0.9 * m + 0.05              # nearer to ½
check("to answer m to every training image costs the entropy of m", cost_of(m), mean_cost,
      rtol=1e-6)
check_less("to answer m a little greyer costs more", mean_cost, cost_of(greyer))
check_less("act one: after 2 epochs recon is within 1.5 nats of it", abs(rows[2, 2] - mean_cost),
           1.5, full_size=True)
check_less("and with a KL below half a nat", rows[1:3, 3], 0.5, full_size=True)
rise = rows[-1, 3] - rows[2, 3]
fall = rows[2, 2] - rows[-1, 2]
check_less("act two: the KL rises, and recon falls by more", [0, rise], [rise, fall],
           full_size=True)

# %%
step("Act three: a stalemate", "∂recon/∂W + β ∂kl/∂W  →  0")
say("""
Where the loss is smallest its gradient is 0, so the two pulls are as strong as each other, and
opposite. From the first epoch on they do pull against each other. To see how nearly they cancel,
without the shaking of Adam's steps, we go on for ten epochs with a step twenty times as small.
""")
run.optimizer.lr = 1e-4
run.epochs += short or 10
run.train()
settled = {"μ": pulls(run.model, "_mu"), "log σ²": pulls(run.model, "_logvar")}
table(["head", "|pull of recon|", "|pull of kl|", "cosine", "|what is left|"],
      [[name, *np.linalg.norm(pair, axis=1), cosine(pair), np.linalg.norm(pair.sum(axis=0))]
       for name, pair in settled.items()])
check_less("from row 1 of the training on, both cosines are negative", rows[1:, 7:], 0,
           full_size=True)
for name, pair in settled.items():
    check_less(f"settled, on {name}: almost exactly opposite", cosine(pair), -0.9, full_size=True)
    check("and as strong as each other", *np.linalg.norm(pair, axis=1), rtol=0.15, full_size=True)
figure(plots.tug_of_war(rows[:, 0], rows[:, 2:4], mean_cost, rows[:, 7:]), "tug_of_war",
       seen="Left, the two terms over the epochs: recon falls steeply to the cost of the mean "
            "image and then, as the KL begins to rise, falls below it. Right, the cosine between "
            "the pulls of the two terms: positive before training, and close to -1 from the first "
            "epoch on.")

# %%
step("β from 0 to 8", "loss = recon + β kl,     β = 0, ¼, 1, 2, 4, 8")
say("""
The same network, from the same seed, six times. "active" counts the latent dimensions whose μ moves
with the image (variance above 0.01); "σ" is the mean posterior standard deviation. A sample is z ~
N(0, I), decoded; "to a digit" is its distance to the nearest training image, a crude ruler: small
says "looks like a digit", not "all kinds of digits".

At β = 0 nothing keeps σ up and nothing keeps the codes near 0. The posteriors shrink to points, and
reconstructions are the best of all; but a draw from the prior falls between the points, where the
decoder never was. At large β it is the other way round: reconstructions grow alike, until the
decoder says the mean image whatever it is shown.
""")
betas = [0, 0.25, 1, 2, 4, 8]
models, facts = {}, []


def to_a_digit(images):
    """The mean distance of these images to the nearest training image."""
    # |a - b|² = |a|² + |b|² - 2 a·b
    squares = (images**2).sum(axis=1)[:, None] + (x**2).sum(axis=1) - 2 * images @ x.T
    return np.sqrt(squares.min(axis=1)).mean()


for beta in progress(betas, "six trainings"):
    run = Run(x, x_test, epochs=short or 60, beta=beta, seed=0, **options)
    run.train()
    models[beta] = vae = run.model
    _, recon, kl = neg_elbo(vae, x_test, rng=1)
    _, logvar    = encode(vae, x_test)
    facts.append([beta, recon, kl, active_units(vae, x_test).sum(), np.exp(0.5 * logvar).mean(),
                  to_a_digit(vae.generate(300, rng=4))])
table(["β", "recon", "kl", "active", "σ", "to a digit"],
      [[f"{value:.4g}" for value in row] for row in facts])
_, recon, kl, active, std, to_digit = np.array(facts).T
check_less("up to β = 4, recon grows with β", recon[:4], recon[1:5], full_size=True)
check_less("and the KL falls", kl[1:5], kl[:4], full_size=True)
check_less("the active units never grow more", active[1:], active[:-1] + 0.5, full_size=True)
check_less("β = 0: the posteriors are points, against those of β = 1", 20 * std[0], std[2],
           full_size=True)
check_less("and samples are far worse than at β = 1", 1.3 * to_digit[2], to_digit[0],
           full_size=True)
check_less("β = 4 and 8: no active unit is left, and next to no KL", [active[4:], kl[4:]], 0.05,
           full_size=True)

# %%
step("Side by side")
say("""
Left: the top row again, rebuilt from the means of the codes. Right: draws from the prior, the same
z in every row. Go down the left side and watch sharpness go, and then identity. Go down the right
side and watch order arrive, and then variety leave. "Variety" has a number: the variance of a pixel
over the images, summed over the pixels.
""")
one_of_each = x_test[[np.flatnonzero(labels == digit)[0] for digit in range(10)]]


def variety(images):
    """The variance of a pixel over the images, summed over the pixels."""
    return images.var(axis=0).sum()


rebuilt = np.array([variety(vae.reconstruct(x_test)) for vae in models.values()])
drawn   = np.array([variety(vae.generate(300, rng=4)) for vae in models.values()])
show("test images", variety(x_test))
show("rebuilt, β = 0 to 8", rebuilt)
show("draws", drawn)
check_less("reconstructions lose variety with every step up to β = 4", rebuilt[1:5], rebuilt[:4],
           full_size=True)
check_less("draws at β = 4 and 8 have less than 5% of β = 1's", 20 * drawn[4:], drawn[2],
           full_size=True)
pairs = {beta: (vae.reconstruct(one_of_each), vae.generate(10, rng=11))
         for beta, vae in models.items()}
figure(plots.beta_images(one_of_each, pairs, active, digits.image_shape), "beta_images",
       seen="Ten digits rebuilt, and ten draws from the prior, one row for each β. As β grows "
            "from 0 to 8 reconstructions lose sharpness and then identity; the draws turn from "
            "noise into digits, and both end as the same grey blot.")

# %%
step("Each network is the best at its own β",
     "recon + b kl    # the costs of one network, over b: a line with slope kl")
say("""
Charge every network's KL at every price b. If training works, the cheapest network at price b is
the one that was trained at β = b. In the plane of KL and reconstruction this says: the points lie
on a curve that bends towards the origin, and at each of them the curve has the slope -β. So β is a
price: how many nats of reconstruction a nat of code must earn. At b = 1 the sum is the negative
ELBO, an upper bound of -log p(x), and of the six β = 1 has the lowest. (β = 4 and 8 are the same
empty code, so between them only chance decides; checked up to b = 2.)
""")
at_price = recon + np.array(betas)[:, None] * kl
table(["price b", *(f"β = {beta:g}" for beta in betas)],
      [[f"{b:g}", *(f"{cost:.2f}" for cost in row)] for b, row in zip(betas, at_price)])
earned = (recon[1:5] - recon[:4]) / (kl[:4] - kl[1:5])
show("what a nat of code earns, from each β to the next", earned)
check_less("more than the smaller β, less than the larger", [betas[:4], earned],
           [earned, betas[1:5]], full_size=True)
check("up to b = 2 the cheapest network is the one of β = b", at_price[:4].argmin(axis=1),
      np.arange(4), full_size=True)
figure(plots.price_of_code(betas[1:], kl[1:], recon[1:], outside=(0, kl[0])), "price",
       seen="Reconstruction against KL, a point for each β: they lie on a curve that falls and "
            "bends towards the origin, and at each point the dotted line of slope -β is close to "
            "the curve's own.")

# %%
step("Posterior collapse, provoked", """
    loss = 1/D recon + kl   =   1/D (recon + D kl)      # averaged over pixels: D = 64, so β = 64
""")
say("""
A common way to ruin a VAE: average the pixels, as "mean" reductions do, and add the KL as it is.
That is β = 64, but for a factor in front of everything, and Adam divides factors out (but for
adam_eps, felt where gradients are tiny). The table shows D times this loss, recon + 64 kl, so that
recon can be compared with the table above.
""")
averaged = zero["W_mu"] / D + (one["W_mu"] - zero["W_mu"])
by_beta  = exact.loss_and_grads(x, eps, beta=D)[1]["W_mu"]
check("the gradient of the averaged loss is that of β = 64, divided by 64", averaged, by_beta / D,
      rtol=1e-12)


def two_steps(grad):
    """Where two steps of Adam lead from 0, the second along other numbers than the first."""
    params = {"W_mu": np.zeros_like(grad)}
    adam = Adam(params)
    adam.step({"W_mu": grad})
    adam.step({"W_mu": grad[::-1]})
    return params["W_mu"]


check("and two steps of Adam are the same to 5 %, where adam_eps is felt", two_steps(averaged),
      two_steps(by_beta), rtol=0.05)


def count_active(vae):
    """How many latent dimensions the images use."""
    return [active_units(vae, x_test).sum()]


collapsed = Run(x, x_test, beta=D, seed=0, **options)
live(collapsed, [0, 1, 2, 5, 10, 20], ["active"], count_active)
ruined = collapsed.model.reconstruct(one_of_each)

# %%
step("Recognised", "q(z given x) = p(z) for every x     ⇔     KL = 0")
say("""
The loss looks tame, and that is the danger: nothing diverges. Four symptoms, next to a healthy
network. No active unit. No KL, in any dimension. The same reconstruction for every image. And a
cost that is no better than the mean image's.
""")
SYMPTOMS = ["active units", "largest KL of a dimension", "variety when rebuilt",
            "recon minus the mean image's"]


def symptoms(vae):
    """The four, in this order."""
    _, recon, _ = neg_elbo(vae, x, rng=1)
    return [active_units(vae, x_test).sum(), mean_kl_per_dim(vae, x_test).max(),
            variety(vae.reconstruct(x_test)), recon - mean_cost]


healthy = symptoms(models[1])
ill     = symptoms(collapsed.model)
table(["symptom", "β = 1", "averaged pixels"],
      [[name, f"{one:.4g}", f"{other:.4g}"] for name, one, other in zip(SYMPTOMS, healthy, ill)])
check("no unit is active", ill[0], 0, full_size=True)
check_less("no dimension has 0.01 nats; a healthy one has 0.1", [ill[1], 0.1], [0.01, healthy[1]],
           full_size=True)
check_less("the reconstructions vary a thousand times less", 1000 * ill[2], healthy[2],
           full_size=True)
check_less("recon is within 0.3 of the mean image's; healthy, 4 below", [abs(ill[3]), healthy[3]],
           [0.3, -4], full_size=True)

# %%
step("Cured: sums over pixels, β = 1", "loss = recon + kl    # from the ruined parameters on")
say("""
The loss is taken over the same pixels, now summed, and nothing else is changed: the same parameters
open their code again. At first hardly anything happens, since a code that says next to nothing is
hardly listened to; then it opens, as in act two. So this collapse was not a trap. It was the best
answer to the wrong question.
""")
collapsed.beta = 1.0
cured = live(collapsed, [21, 22, 25, 30, 40, 50], ["active"], count_active)
check_less("at first hardly anything happens: a tenth of a nat of KL, or less", cured[0, 3], 0.1)
check_less("at least four units are active again", 3.5, cured[-1, 7], full_size=True)
check_less("and recon is 4 nats below the mean image's cost", cured[-1, 2], mean_cost - 4,
           full_size=True)

# %%
step("Cured before it happens: warm-up", "β = epoch / 10    # for the first ten epochs, then 1")
say("""
Sometimes β = 1 is right and the start is too rough. Take steps fifteen times as long (lr 0.03).
Most relus of the encoder end below 0 for every image; such a unit gets no gradient and is dead. μ
varies in no more directions than there are units "alive". KL warm-up lets the code fill first and
asks its price later: more units survive.
""")
rough = {**options, "lr": 0.03, "epochs": short or 30, "seed": 0}


def train_roughly(warm_up):
    """Train with long steps, at β = 1 at once or after a warm-up of ten epochs."""
    run = Run(x, x_test, beta=0 if warm_up else 1, **rough)

    def raise_beta():
        run.beta = max(run.beta, min(1, len(run.history) / 10))

    run.train(on_epoch=raise_beta)
    return run.model


def report(name, vae):
    """Check what dead units do  ->  loss, recon, kl, active units, units alive."""
    alive    = (x @ vae.params["W1"] + vae.params["b1"]).max(axis=0) > 0
    mu, _    = vae.encode(x)
    _, grads = vae.loss_and_grads(x, eps)
    check(f"{name}: the units that are not alive get no gradient", grads["b1"][~alive], 0.0)
    check_less("and μ has no more directions than units alive", np.linalg.matrix_rank(mu - mu[0]),
               alive.sum() + 1)
    return [*neg_elbo(vae, x_test, rng=1), active_units(vae, x_test).sum(), alive.sum()]


at_once, warmed_up = (train_roughly(warm_up)
                      for warm_up in progress([False, True], "two trainings with long steps"))
cold = report("β = 1 at once", at_once)
warm = report("warm-up", warmed_up)
table(["start", "loss", "recon", "kl", "active", "alive"],
      [["β = 1 at once", *cold], ["warm-up", *warm]])
check_less("most units of the encoder are dead, either way", [cold[4], warm[4]], H / 2,
           full_size=True)
check_less("at once: three active units or fewer", cold[3], 3.5, full_size=True)
check_less("with warm-up there are more, and more units alive", cold[3:], warm[3:],
           full_size=True)
check_less("and the loss, both at β = 1, is lower by 0.2 or more", warm[0], cold[0] - 0.2,
           full_size=True)
figure(plots.image_rows({"test images": one_of_each,
                         "pixels averaged": ruined,
                         "then summed": collapsed.model.reconstruct(one_of_each),
                         "too rough a start": at_once.reconstruct(one_of_each),
                         "with warm-up": warmed_up.reconstruct(one_of_each)}, digits.image_shape,
                        "Collapse: one answer for every image; and two ways out of it"),
       "collapse",
       seen="Ten digits and what four networks make of them. Where pixels were averaged all come "
            "back as one grey blot; once they are summed, as digits again. After too rough a "
            "start many are blurred and alike; with a warm-up more of them are told apart.")
say("""
To think about. Where between β = 2 and 4 does the last unit go out, and does it go out suddenly?
And: to average over pixels divides recon by 64, so that the loss looks splendid. What would you
print beside it, to notice?
""")

# %%
end()
