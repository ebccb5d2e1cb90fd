"""9. Training: what do the two terms of the loss do to each other?  (blog, sections 2.3 and 2.4)

The blog shows the network and leaves the training out. Here it is trained, on 1,498 handwritten
digits of 8 by 8 pixels, and the loss is watched while it falls. Its two terms want different
things: the reconstruction wants a code that says much, the KL term one that says nothing. β weighs
them. We turn it from 0 to 8 and look at the images. Then, for a second reading, we ask what a nat
of code is worth, ruin a network on purpose until its code is empty ("posterior collapse"), learn to
recognise that, and cure it.

    python tutorials/09_train.py    (20 seconds; --pause waits for Enter after every step)

It draws planes_over_epochs.png, tug_of_war.png, beta_images.png, price.png and collapse.png into
the folder that --out names (runs/tutorials if it names none).
"""
# %%
import numpy as np

from numpyvae import VAE, Adam, datasets, plots
from numpyvae.evaluate import active_units, encode, mean_kl_per_dim, neg_elbo
from numpyvae.narrator import (ask, begin, check, check_less, end, figure, progress, say, show,
                               step, table)
from numpyvae.training import Run, minibatches

options = begin(__doc__, seed=9)
quick   = options.quick
short   = 2 if quick else None       # --quick: epochs of every training
rng     = np.random.default_rng(options.seed)
digits  = datasets.load("digits")
x       = digits.x_train[:128] if quick else digits.x_train
x_test  = digits.x_test[:50] if quick else digits.x_test
labels, labels_test = digits.labels_train[:len(x)], digits.labels_test[:len(x_test)]
D = 64
H = 16 if quick else 200
Z = 10
sizes = {"hidden_dim": H, "latent_dim": Z, "lr": 2e-3, "batch_size": 64, "seed": options.seed}

# %%
step("A training loop is five lines",
     "parameters  ←  parameters - step     # against the gradient of a few examples")
say("""
For every epoch; for every batch of 64 examples, in random order: draw fresh noise, take the loss
and its gradient, let Adam move the parameters. There is nothing else to it. The class Run of the
package, which we use from here on since it keeps a history of losses, does the same: from the same
seed both reach the same numbers.
""")
seeds   = np.random.SeedSequence(options.seed).spawn(5)      # as Run splits its seed
init    = np.random.default_rng(seeds[0])
shuffle = np.random.default_rng(seeds[1])
noise   = np.random.default_rng(seeds[2])

vae  = VAE(D, H, Z, rng=init, dtype="float32")
adam = Adam(vae.params, lr=2e-3)
for _ in range(2):
    for batch in minibatches(len(x), 64, shuffle):
        eps = noise.standard_normal((len(batch), Z))
        (loss, recon, kl), grads = vae.loss_and_grads(x[batch], eps)
        adam.step(grads)
show("loss, recon, kl of the last batch, in nats per image", [loss, recon, kl])
check("the loss is recon + kl", loss, recon + kl, rtol=1e-6)
run = Run(x, x_test, epochs=2, **sizes)
run.train()
check("Run reaches the same W1", vae.params["W1"], run.model.params["W1"], rtol=1e-6)

# %%
step("How far to step?", "w  ←  w - lr g    # plain descent: w is a parameter, g its gradient")
say("""
One lr has to fit all parameters, and their gradients differ: in a fresh VAE those of W4 are ten
times as large as those of W1. A valley with two parameters shows what that does. Its cost is
½ (100 w_1² + w_2²), and its gradient (100 w_1, w_2); we start at w_1 = w_2 = 1. A step multiplies
w_1 by 1 - 100 lr, so that lr must stay below 0.02, or w_1 explodes. But w_2 is multiplied by
1 - lr, and creeps.
""")
exact    = VAE(D, H, Z, rng=options.seed)                    # in float64, for the sake of digits
eps      = rng.standard_normal((len(x), Z))
_, grads = exact.loss_and_grads(x, eps)
usual    = {name: np.sqrt(np.mean(grad ** 2)) for name, grad in grads.items()}
show("root mean square of the gradient of W4, in a fresh VAE", usual["W4"])
show("of W1", usual["W1"])
check_less("eight times as large, or more", 8 * usual["W1"], usual["W4"], full_size=True)
steepness = np.array([100.0, 1.0])
plain     = [np.ones(2)]
for _ in range(100):
    g = steepness * plain[-1]
    plain.append(plain[-1] - 0.019 * g)
table(["steps of lr 0.019", "w_1", "w_2"],
      [[t, *(f"{value:.4f}" for value in plain[t])] for t in (0, 1, 2, 10, 100)])
check("every step multiplies w_1 by -0.9, and w_2 by 0.981", plain[-1],
      [0.9 ** 100, 0.981 ** 100], rtol=1e-13)
check_less("after 100 steps w_2 has still more than a tenth of its way to go", 0.1, plain[-1][1])

# %%
step("Adam: divide by what is usual", """
    m  ←  0.9 m + 0.1 g                                # a running mean of the gradient
    v  ←  0.999 v + 0.001 g²                           # and of its square
    w  ←  w - lr m̂ / √v̂
    m̂ = m / (1 - 0.9ᵗ),     v̂ = v / (1 - 0.999ᵗ)       # after t steps; step 11 says why
""")
say("""
√v̂ says how large the gradients of a parameter usually are. Adam divides by it. What is left is a
number between about -1 and 1, and lr says how far a step goes in the parameter's own units,
whatever the steepness.
""")
ask("""
How far does Adam's first step move w_1, and how far w_2?
""", """
Both by lr, exactly: at t = 1, m̂ is g and √v̂ is |g|, and their quotient is 1 or -1. A parameter
whose gradients are all 100 times as large takes the same steps; so w_1 and w_2 go down together.
""")
lr    = 0.05
w     = np.ones(2)
m = v = np.zeros(2)
path  = [w]
for t in range(1, 101):
    g = steepness * w
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g ** 2
    m_hat = m / (1 - 0.9 ** t)
    v_hat = v / (1 - 0.999 ** t)
    w = w - lr * m_hat / np.sqrt(v_hat)
    path.append(w)
path = np.array(path)
table(["steps of lr 0.05", "w_1", "w_2"],
      [[t, *(f"{value:.4f}" for value in path[t])] for t in (0, 1, 2, 10, 100)])
check("the first step moves both by lr", path[1], 1 - lr, rtol=1e-14)
check("w_1 and w_2 take the same path", path[:, 0], path[:, 1], rtol=1e-12)
check_less("after 100 steps both have less than a fiftieth of their way to go", abs(path[-1]), 0.02)
params = {"w": np.ones(2)}
adam   = Adam(params, lr=0.05)
for _ in range(100):
    adam.step({"w": steepness * params["w"]})
check("the package's Adam arrives at the same place", params["w"], path[-1], atol=1e-7)

# %%
step("Two pulls on one code", """
    loss       = recon + β kl
    d loss     = d recon + β d kl                  # for the parameters of the encoder
    d loss     = d recon                           # for the decoder, which the KL does not see
    ∂kl/∂μ = μ / N,     ∂kl/∂log σ² = ½ (σ² - 1) / N
""")
say("""
The gradient of a sum is the sum of the gradients. So take the gradient with β = 0 and with β = 1,
with the same noise: their difference is the pull of the KL alone. Downhill, it leads to μ = 0 and
σ = 1 (lesson 6). The encoder ends in two dense layers side by side, both of which read h1: one puts
out μ, the other log σ². Such a last layer is called a *head*, and we look at the pulls on these
two.
""")
_, zero  = exact.loss_and_grads(x, eps, beta=0)
_, one   = exact.loss_and_grads(x, eps, beta=1)
_, three = exact.loss_and_grads(x, eps, beta=3)
mu, logvar = exact.encode(x)
check("the pull grows in proportion to β",
      three["W_mu"] - zero["W_mu"], 3 * (one["W_mu"] - zero["W_mu"]), rtol=1e-12)
check("on b_mu the KL's pull is the mean of μ",
      one["b_mu"] - zero["b_mu"], mu.mean(axis=0), rtol=1e-12)
check("on b_logvar, the mean of ½ (σ² - 1)",
      one["b_logvar"] - zero["b_logvar"], np.expm1(logvar).mean(axis=0) / 2, rtol=1e-12)
check("the decoder's gradient is the same for every β", zero["W4"], three["W4"])

# %%
step("Do they pull the same way?", "cosine of the angle  =  a·b / (|a| |b|)")
say("""
+1: the two pulls point the same way; -1: they point against each other; 0: they have nothing to do
with each other. In a fresh network the cosine is chance. There all images are alike to the encoder,
so that a pull is in effect ten numbers, one for each latent dimension; and two random directions in
ten dimensions have a cosine of about ±1/√10 = ±0.3. Here it is for twenty fresh networks.
""")
four_noises = rng.standard_normal((1 if quick else 4, len(x), Z))


def pulls(vae, head, noises=four_noises, x=x):
    """The pulls of recon and of kl on a head, means over noise: (2, numbers)."""
    found = np.zeros((2, vae.params["W" + head].size + Z))
    for eps in noises:
        _, zero = vae.loss_and_grads(x, eps, beta=0)
        _, one  = vae.loss_and_grads(x, eps, beta=1)
        recon   = np.append(zero["W" + head], zero["b" + head])
        both    = np.append(one["W" + head],  one["b" + head])
        found  += np.array([recon, both - recon]) / len(noises)
    return found


def cosine(pair):
    """Of the angle between two vectors."""
    one, other = pair
    return one @ other / (np.linalg.norm(one) * np.linalg.norm(other))


fresh   = [VAE(D, H, Z, rng=rng) for _ in range(20)]
at_once = [cosine(pulls(vae, "_mu", four_noises[:1, :64], x[:64])) for vae in fresh]
show("cosines on the head for μ, fresh networks", np.sort(at_once), digits=2)
check_less("either sign occurs", [min(at_once), 0], [0, max(at_once)])
check("they scatter by about 0.3, to half of that", np.std(at_once), np.sqrt(0.1), rtol=0.5)

# %%
step("Training, watched", "64 log 2 = 44.36 nats    # what it costs to say ½ of each of 64 pixels")
say("""
A row for every few epochs; row 0 is the network before it has learned anything. All losses are in
nats per image; the last two columns are the cosines between the two pulls, on the head for μ and on
the head for log σ².
""")
ask("""
At the start the code says nothing, and the decoder nothing about digits. Which of the two terms
will training lower first, and will the other one rise or fall meanwhile?
""", """
The reconstruction, and the KL hardly moves: the first thing worth learning is which pixels are
often dark, and for that the decoder needs no code. Only when this is learned does it pay to say
which digit it is, and then the KL rises.
""")


def train_to(run, epoch):
    """Go on with a training until so many epochs are done."""
    for _ in progress(range(epoch - len(run.history)), f"training to epoch {epoch}"):
        run.epochs = len(run.history) + 1
        run.train()


def costs(run, data):
    """loss, recon, kl of a network at its own β, in nats per image."""
    _, recon, kl = neg_elbo(run.model, data, rng=options.seed)
    return [recon + run.beta * kl, recon, kl]


def watch(run, stops, names, measure):
    """Train, and look at each of these epochs  ->  the rows of the table.

    measure(vae) gives the numbers of the last columns, which have these names.
    """
    if quick:
        stops = range(len(run.history), len(run.history) + 3)
    rows = []
    for stop in stops:
        train_to(run, stop)
        rows.append([stop, *costs(run, x), *costs(run, x_test), *measure(run.model)])
    table(["epoch", "train: loss", "recon", "kl", "test: loss", "recon", "kl", *names],
          [[*(value if isinstance(value, int) else f"{value:.2f}" for value in row)]
           for row in rows])
    return np.array(rows)


def cosines(vae):
    """Of the two pulls, on the head for μ and on the head for log σ²."""
    return [cosine(pulls(vae, "_mu")), cosine(pulls(vae, "_logvar"))]


run  = Run(x, x_test, **sizes)
rows = watch(run, [0, 1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45, 60], ["cos, μ", "cos, log σ²"], cosines)
check_less("row 0: recon is 64 log 2, to 2 nats", abs(rows[0, 5] - D * np.log(2)), 2)
check_less("row 0: the code says next to nothing, the KL is below 0.3", rows[0, 6], 0.3)
check_less("every later row has a lower test loss than row 0", rows[1:, 4], rows[0, 4])

# %%
step("The tug of war, in three acts", """
    m            = the mean image    # the best answer of a decoder that is told nothing
    cost of m    = -Σ_d [m_d log m_d + (1 - m_d) log(1 - m_d)]
""")
say("""
Act one: everyone looks like the mean. After two epochs the network costs about what the mean image
costs, and its KL is still small: the decoder has learned which pixels are often dark, and the code
says next to nothing. Act two: the code opens. The KL rises, and the reconstruction falls by more
than that: the code earns more than it costs. Act three: nearly a stalemate. The pulls point against
each other from the first epoch on, and now they are as strong as each other, too; what is still
gained comes slowly. (Step 12 measures how nearly they cancel.)
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
check_less("act one: after 2 epochs recon is within 1.5 nats of that", abs(rows[2, 2] - mean_cost),
           1.5, full_size=True)
check_less("with a KL below half a nat", rows[1:3, 3], 0.5, full_size=True)
rise = rows[-1, 3] - rows[2, 3]
fall = rows[2, 2] - rows[-1, 2]
check_less("act two: the KL rises by more than two nats", 2, rise, full_size=True)
check_less("and recon falls by more than the KL rises", rise, fall, full_size=True)
check_less("from row 1 on, both cosines are negative", rows[1:, 7:], 0, full_size=True)
acts = {"act one": 0, "act two": 2, "act three": 20}
figure(plots.tug_of_war(rows[:, 0], rows[:, 2:4], mean_cost, rows[:, 7:], acts), "tug_of_war",
       seen="Over the epochs, in three acts. Above left, recon: down to the line of the mean "
            "image, and then below it. Below left, the KL: near 0 in act one, then rising to "
            "about 3. Right, the cosines between the pulls: about 0 at first, from then on "
            "near -1.")

# %%
step("The latent plane, epoch by epoch", "Z = 2:     every test image at its μ")
say("""
The same story, seen in latent space: another network, whose code has two numbers, so that all of it
fits on a page. In act one its codes are a speck in the middle, where they cost nothing. Then they
spread, digit by digit, as far as the prior reaches, and no farther. Labels only colour the picture:
the network never sees them.
""")
plane   = Run(x, x_test, **{**sizes, "latent_dim": 2})
moments = {}
for stop in (0, 1, 2) if quick else (0, 1, 3, 5, 20, 60):
    train_to(plane, stop)
    moments[f"epoch {stop}"] = encode(plane.model, x_test)[0]
codes, _ = encode(plane.model, x)
first, *_, last = moments.values()
nearest = ((last[:, None] - codes) ** 2).sum(axis=2).argmin(axis=1)
alike   = (labels[nearest] == labels_test).mean()
show("spread of μ, at the end", last.std(axis=0))
show("share of test images whose nearest training code is of the same digit", alike)
check_less("at first the means spread less than a tenth as far as in the end",
           10 * first.std(axis=0), last.std(axis=0), full_size=True)
check_less("in the end they spread by 0.75 to 1.25, as the prior does", abs(last.std(axis=0) - 1),
           0.25, full_size=True)
check_less("and more than half lie next to one of their own kind (by chance, a tenth)", 0.5, alike,
           full_size=True)
figure(plots.planes(moments, labels_test), "planes_over_epochs",
       seen="Six pictures of the latent plane: at epochs 0 and 1 all codes are a speck at the "
            "origin; then they spread, and groups of one digit come apart, until they fill a "
            "disc of radius 2.")

# %%
step("β from 0 to 8", "loss = recon + β kl,     β = 0, ¼, 1, 2, 4, 8")
say("""
The same network, from the same seed, six times. "active" counts the latent dimensions whose μ moves
with the image (variance above 0.01); "σ" is the mean posterior standard deviation. A sample is z ~
N(0, I), decoded; "to a digit" is its distance to the nearest training image, a crude ruler: small
says "looks like a digit", not "all kinds of digits".
""")
ask("""
At β = 0 a code costs nothing, and reconstructions are the best of all. What will its samples look
like?
""", """
Grey clouds, hardly any digit. Nothing keeps σ up, so the posteriors shrink to points, and nothing
keeps the codes near 0. A draw from the prior falls between the points, where the decoder never was.
At large β it is the other way round: reconstructions grow alike, until the decoder says the mean
image whatever it is shown.
""")
betas = [0, 0.25, 1, 2, 4, 8]
models, facts = {}, []
z_drawn = rng.standard_normal((300, Z))                      # the same for each


def to_a_digit(images):
    """The mean distance of these images to the nearest training image."""
    # |a - b|² = |a|² + |b|² - 2 a·b
    squares = (images**2).sum(axis=1)[:, None] + (x**2).sum(axis=1) - 2 * images @ x.T
    return np.sqrt(squares.min(axis=1)).mean()


for beta in progress(betas, "six trainings"):
    run_b = Run(x, x_test, epochs=short or 60, beta=beta, **sizes)
    run_b.train()
    models[beta] = vae = run_b.model
    _, recon, kl = neg_elbo(vae, x_test, rng=options.seed)
    _, logvar    = encode(vae, x_test)
    facts.append([beta, recon, kl, active_units(vae, x_test).sum(), np.exp(0.5 * logvar).mean(),
                  to_a_digit(vae.decode(z_drawn))])
table(["β", "recon", "kl", "active", "σ", "to a digit"],
      [[f"{value:.4g}" for value in row] for row in facts])
_, recon, kl, active, std, to_digit = np.array(facts).T
check_less("up to β = 4, recon grows with β", recon[:4], recon[1:5], full_size=True)
check_less("and the KL falls", kl[1:5], kl[:4], full_size=True)
check_less("β = 0: σ is a twentieth of what it is at β = 1, or less", 20 * std[0], std[2],
           full_size=True)
check_less("and samples are farther from any digit than at β = 1, by 30 % or more",
           1.3 * to_digit[2], to_digit[0], full_size=True)
check("β = 4 and 8: no unit is active", active[4:], 0.0, full_size=True)
check_less("and there is next to no KL", kl[4:], 0.05, full_size=True)

# %%
step("Side by side")
say("""
Left: the top row again, rebuilt from the means of the codes. Right: draws from the prior, the same
z in every row. Go down the left side and watch sharpness go, and then identity. Go down the right
side and watch order arrive, and then variety leave. "Variety" has a number: the variance of a pixel
over the images, summed over the pixels.
""")
one_of_each = x_test[[np.flatnonzero(labels_test == digit)[0] for digit in range(10)]]
six         = one_of_each[[0, 2, 3, 4, 6, 7]]


def variety(images):
    """The variance of a pixel over the images, summed over the pixels."""
    return images.var(axis=0).sum()


rebuilt = np.array([variety(vae.reconstruct(x_test)) for vae in models.values()])
drawn   = np.array([variety(vae.decode(z_drawn)) for vae in models.values()])
show("variety of the test images", variety(x_test))
table(["variety, β =", *(f"{beta:g}" for beta in betas)],
      [["rebuilt", *(f"{value:.2f}" for value in rebuilt)],
       ["draws",   *(f"{value:.2f}" for value in drawn)]])
check_less("reconstructions lose variety with every step up to β = 4", rebuilt[1:5], rebuilt[:4],
           full_size=True)
check_less("draws at β = 4 and 8 have less than a tenth of β = 1's", 10 * drawn[4:], drawn[2],
           full_size=True)
pairs = {beta: (vae.reconstruct(six), vae.decode(z_drawn[:6])) for beta, vae in models.items()}
figure(plots.beta_images(six, pairs, active, digits.image_shape), "beta_images",
       seen="Two blocks of images with a row for each β. Left, rebuilt digits: sharp at β = 0, "
            "blurred at 2, all the same grey figure at 4 and 8. Right, draws: grey clouds at "
            "β = 0, digits at 0.25 and 1, again one figure at 4 and 8.")

# %%
step("Why Adam wears hats", """
    m after t steps  =  (1 - 0.9ᵗ) g,     v after t steps  =  (1 - 0.999ᵗ) g²     # if g is constant
    m / √v           =  ±(1 - 0.9ᵗ) / √(1 - 0.999ᵗ),     but     m̂ / √v̂  =  ±1
""", second=True)
say("""
Both running means start at 0, and know too little at first: after one step m is 0.1 g, and v is
0.001 g². (In general: what is missing shrinks by 0.9, or 0.999, with each step.) Dividing by 1 -
0.9ᵗ and 1 - 0.999ᵗ makes the means exact. Without that the root of v would be too small by more
than m is, and so the steps too long, for thousands of steps, and just at the start, where it hurts.
""")
t = np.arange(1, 5001)
m = v = 0.0
too_long = []
for _ in t:
    m = 0.9 * m + 0.1 * 3.0                                  # a constant gradient, of 3
    v = 0.999 * v + 0.001 * 3.0 ** 2
    too_long.append(m / np.sqrt(v))
too_long = np.array(too_long)
formula  = (1 - 0.9 ** t) / np.sqrt(1 - 0.999 ** t)
table(["after steps", "length of a step without hats, in lr"],
      [[n, f"{too_long[n - 1]:.2f}"] for n in (1, 10, 100, 1000, 5000)])
check("the running means give the formula", too_long, formula, rtol=1e-9)
check_less("for a thousand steps, more than a quarter too long", 1.25, too_long[:1000])
say("""
And where the gradient keeps changing its sign, as it does near the bottom, or when batches
disagree, its mean is small beside its root mean square: the steps shrink by themselves.
""")
m = v = 0.0
for n in range(1, 1001):
    g = (-1.0) ** n
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g ** 2
m_hat = m / (1 - 0.9 ** 1000)
v_hat = v / (1 - 0.999 ** 1000)
check("g = 1, -1, 1, …: a step has 0.1 / 1.9 of lr", m_hat / np.sqrt(v_hat), 0.1 / 1.9, rtol=1e-9)

# %%
step("The stalemate, measured", "∂recon/∂W + β ∂kl/∂W  →  0", second=True)
say("""
Where the loss is smallest its gradient is 0, so the two pulls are as strong as each other, and
opposite. To see how nearly they cancel, without the shaking of Adam's steps, we go on with the
network of step 6 for ten epochs, with steps a twentieth as long.
""")
run.optimizer.lr = 1e-4
run.epochs += short or 10
run.train()
settled = {"μ": pulls(run.model, "_mu"), "log σ²": pulls(run.model, "_logvar")}
table(["head", "|pull of recon|", "|pull of kl|", "cosine", "|what is left|"],
      [[name, *np.linalg.norm(pair, axis=1), cosine(pair), np.linalg.norm(pair.sum(axis=0))]
       for name, pair in settled.items()])
check_less("on both heads the pulls are almost exactly opposite: a cosine below -0.9",
           [cosine(pair) for pair in settled.values()], -0.9, full_size=True)
lengths = np.array([np.linalg.norm(pair, axis=1) for pair in settled.values()])
check("and as strong as each other, to 15 %", lengths[:, 0], lengths[:, 1], rtol=0.15,
      full_size=True)

# %%
step("Each network is the best at its own β", "recon + b kl    # the costs of one network, over b",
     second=True)
say("""
Charge every network's KL at every price b. If training works, the cheapest network at price b is
the one that was trained at β = b. At b = 1 the sum is the loss of lesson 6, and of the six β = 1
has the lowest. (β = 4 and 8 are the same empty code, so between them only chance decides; checked
up to b = 2.)
""")
at_price = recon + np.array(betas)[:, None] * kl
table(["price b", *(f"β = {beta:g}" for beta in betas)],
      [[f"{b:g}", *(f"{cost:.2f}" for cost in row)] for b, row in zip(betas, at_price)])
check("up to b = 2 the cheapest network is the one of β = b", at_price[:4].argmin(axis=1),
      np.arange(4), full_size=True)

# %%
step("So β is a price", """
    R_1 + b_1 K_1 ≤ R_2 + b_1 K_2                    # R: recon, K: kl; at b_1 network 1 is the best
    R_2 + b_2 K_2 ≤ R_1 + b_2 K_1                    # at b_2, network 2
    b_1 ≤ (R_2 - R_1) / (K_1 - K_2) ≤ b_2            # both, solved for the price
""", second=True)
say("""
What stands in the middle is what a nat of code earns: by how much recon falls, per nat of KL, from
one network to the next. It lies between their two prices. Now let these come together: the points
(K, R) of all networks lie on a curve that bends towards the origin, and at each of them its slope
dR/dK is -β. So β is a price: what a nat of code must earn in reconstruction.
""")
earned = (recon[1:5] - recon[:4]) / (kl[:4] - kl[1:5])
table(["from β to β", *(f"{one:g} to {two:g}" for one, two in zip(betas[:4], betas[1:5]))],
      [["a nat earns", *(f"{value:.2f}" for value in earned)]])
check_less("a nat earns more than the smaller β", betas[:4], earned, full_size=True)
check_less("and less than the larger", earned, betas[1:5], full_size=True)
figure(plots.price_of_code(betas[1:], kl[1:], recon[1:], outside=(0, kl[0])), "price",
       seen="Recon over KL: a falling curve that bends towards the origin, with a point for "
            "each β; through each point a dotted line of slope -β, which touches the curve "
            "there.")

# %%
step("Posterior collapse, provoked", """
    loss = 1/D recon + kl   =   1/D (recon + D kl)      # averaged over pixels: D = 64, so β = 64
""", second=True)
say("""
A common way to ruin a VAE: average the pixels, as "mean" reductions do, and add the KL as it is.
That is β = 64, but for a factor in front of everything, and Adam divides factors out (but for
adam_eps, felt where gradients are tiny). The table shows D times this loss, recon + 64 kl, so that
recon can be compared with the tables above.
""")
ask("""
To average over pixels divides recon by 64, so that the loss looks splendid. What would you print
beside it, to notice? And how far would β have to be raised for the last unit to go out?
""", """
The KL, or the active units: step 16 has four symptoms. As to β: near the mean image the decoder
gains from a direction of the pixels what (x - m) / √(m (1 - m)) varies along it, and a dimension
opens if that is above β (lesson 10 derives this rule). The widest direction has 3.4: so units go
out one after the other, and the last fades near β = 3.4, gently; 64 was far beyond.
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
m      = x.mean(axis=0, dtype=float)[varies]
scaled = (x[:, varies] - m) / np.sqrt(m * (1 - m))
widest = np.linalg.eigvalsh(scaled.T @ scaled / len(x))[-1]
show("variance of (x - m) / √(m (1 - m)) along its widest direction", widest)
check_less("β = 2 is below it, β = 4 above", [2, widest], [widest, 4], full_size=True)


def count_active(vae):
    """How many latent dimensions the images use."""
    return [int(active_units(vae, x_test).sum())]


collapsed = Run(x, x_test, beta=D, **sizes)
watch(collapsed, [0, 1, 2, 5, 10, 20], ["active"], count_active)
ruined = collapsed.model.reconstruct(one_of_each)

# %%
step("Recognised", "q(z given x) = p(z) for every x     ⇔     KL = 0", second=True)
say("""
The loss looks tame, and that is the danger: nothing diverges. Four symptoms, next to a healthy
network. No active unit. No KL, in any dimension. The same reconstruction for every image. And a
cost that is no better than the mean image's.
""")
SYMPTOMS = ["active units", "largest KL of a dimension", "variety when rebuilt",
            "recon minus the mean image's"]


def symptoms(vae):
    """The four, in this order."""
    _, recon, _ = neg_elbo(vae, x, rng=options.seed)
    return [active_units(vae, x_test).sum(), mean_kl_per_dim(vae, x_test).max(),
            variety(vae.reconstruct(x_test)), recon - mean_cost]


healthy = symptoms(models[1])
ill     = symptoms(collapsed.model)
table(["symptom", "β = 1", "averaged pixels"],
      [[name, f"{one:.4g}", f"{other:.4g}"] for name, one, other in zip(SYMPTOMS, healthy, ill)])
check("no unit is active", ill[0], 0, full_size=True)
check_less("no dimension has 0.01 nats", ill[1], 0.01, full_size=True)
check_less("the reconstructions vary a thousand times less", 1000 * ill[2], healthy[2],
           full_size=True)
check_less("recon is within 0.3 of the mean image's", abs(ill[3]), 0.3, full_size=True)
check_less("where the healthy network is 4 nats below", healthy[3], -4, full_size=True)

# %%
step("Cured: sums over pixels, β = 1", "loss = recon + kl    # from the ruined parameters on",
     second=True)
say("""
The loss is taken over the same pixels, now summed, and nothing else is changed: the same parameters
open their code again. At first hardly anything happens, since a code that says next to nothing is
hardly listened to; then it opens, as in act two. So this collapse was not a trap. It was the best
answer to the wrong question.
""")
collapsed.beta = 1.0
cured = watch(collapsed, [21, 22, 25, 30, 40, 50], ["active"], count_active)
check_less("one epoch later there is a tenth of a nat of KL, or less", cured[0, 3], 0.1,
           full_size=True)
check_less("at least four units are active again", 3.5, cured[-1, 7], full_size=True)
check_less("and recon is 4 nats below the mean image's cost", cured[-1, 2], mean_cost - 4,
           full_size=True)

# %%
step("Too rough a start, and warm-up", """
    β  = min(1, epoch / 10)                        # KL warm-up: the price rises for ten epochs
    lr = 0.03 · min(1, epoch / 10)                 # lr warm-up: the steps lengthen for ten epochs
""", second=True)
say("""
Another way to lose the code: steps fifteen times as long as ours (lr 0.03). Most relus of the
encoder end below 0 for every image; such a unit gets no gradient, and is dead. μ varies in no more
directions than there are units alive. A remedy that is often recommended is KL warm-up: let the
code fill first, and ask its price later. Does it help because the *price* is low at first? The
rival explanation is that any gentle start would do. So we warm up either β or lr, and for a fourth
try do neither, and take shorter steps (lr 0.01). Thirty epochs each.
""")


def start(lr, warm_beta=False, warm_lr=False):
    """Thirty epochs at β = 1, where β or lr may be warmed up over the first ten."""
    first = {"lr": lr / 10 if warm_lr else lr, "beta": 0 if warm_beta else 1}
    run   = Run(x, x_test, epochs=short or 30, **{**sizes, **first})

    def warm_up():
        done = len(run.history)
        run.beta         = min(1, done / 10) if warm_beta else 1
        run.optimizer.lr = lr * min(1, (done + 1) / 10) if warm_lr else lr

    run.train(on_epoch=warm_up)
    return run.model


def report(vae):
    """loss, recon, kl, active units, units alive; whether dead ones do what is said of them."""
    alive    = (x @ vae.params["W1"] + vae.params["b1"]).max(axis=0) > 0
    mu, _    = vae.encode(x)
    _, grads = vae.loss_and_grads(x, eps)
    directions = np.linalg.matrix_rank(mu - mu[0])
    as_said    = (grads["b1"][~alive] == 0).all() and directions <= alive.sum()
    return [*neg_elbo(vae, x_test, rng=options.seed), active_units(vae, x_test).sum(),
            alive.sum(), as_said]


STARTS  = {"lr 0.03 at once":       (0.03, False, False),
           "lr 0.03, β warmed up":  (0.03, True,  False),
           "lr 0.03, lr warmed up": (0.03, False, True),
           "lr 0.01 at once":       (0.01, False, False)}
started = {name: start(*STARTS[name]) for name in progress(list(STARTS), "four trainings")}
reports = {name: report(vae) for name, vae in started.items()}
table(["start", "loss", "recon", "kl", "active", "alive"],
      [[name, *row[:-1]] for name, row in reports.items()])
rough, warm_beta, warm_lr, gentle = reports.values()
check("dead units get no gradient, and μ has no more directions than units are alive",
      [row[-1] for row in reports.values()], [True] * 4)
check_less("lr 0.03 at once: nearly all of the 200 units die", rough[4], 10, full_size=True)
check_less("either warm-up keeps more units alive, and more active", [rough[3:5]] * 2,
           [warm_beta[3:5], warm_lr[3:5]], full_size=True)
check_less("and lowers the loss by more than a third of a nat", [warm_beta[0], warm_lr[0]],
           rough[0] - 1 / 3, full_size=True)
check_less("lr 0.01, with no warm-up at all, does at least as well: to a tenth of a nat",
           gentle[0] - 0.1, [warm_beta[0], warm_lr[0]], full_size=True)
say(f"""
So warm-up helps; but it need not be β that is warmed up. Whatever softens the rough start keeps
units alive. And the plainest cure is not to start so roughly: without any warm-up lr 0.01 costs
{gentle[0]:.2f} nats, and the network of step 6, with lr 0.002, cost {rows[-1, 4]:.2f} after 60
epochs.
""")
figure(plots.image_rows({"test images": one_of_each,
                         "pixels averaged": ruined,
                         "then summed": collapsed.model.reconstruct(one_of_each),
                         "lr 0.03": started["lr 0.03 at once"].reconstruct(one_of_each),
                         "warmed up": started["lr 0.03, β warmed up"].reconstruct(one_of_each)},
                        digits.image_shape,
                        "Collapse: one answer for every image; and two ways out of it"), "collapse",
       seen="Five rows of ten digits. The test images; rebuilt with averaged pixels, ten times "
            "the same grey figure; then with sums, ten digits again; after long steps, two or "
            "three kinds of blur; with warm-up, ten digits.")

# %%
end()
