"""2. A point or a distribution: does the Mona Lisa smile?  (blog, section 2.2)

The blog says: when a portrait leaves the smile open, it is worse to give the feature "smile" one
value than a range. Here an ordinary auto-encoder (a point) and a VAE (a distribution) are trained
on faces whose mouths are often covered. Then both are asked how much a face smiles whose mouth
nobody sees, and what their answers are worth.

    python tutorials/02_point_or_distribution.py    (50 seconds; --pause waits after every step)

It draws faces.png, wager.png, price_of_doubt.png and point_or_distribution.png into the folder that
--out names (runs/tutorials if it names none).
"""
# %%
import numpy as np

from numpyvae import VAE, Adam, Autoencoder, plots
from numpyvae.datasets.faces import draw_faces, load_faces, mouth_mask
from numpyvae.latent import kl_per_dim
from numpyvae.narrator import (ask, begin, check, check_less, end, figure, progress, say, show,
                               step, table)
from numpyvae.training import minibatches

options = begin(__doc__, seed=0)
count, epochs = (400, 3) if options.quick else (8000, 60)
asked = 50 if options.quick else 500                         # faces that both networks are asked of
rng = np.random.default_rng(options.seed)

# %%
step("Faces whose smile we know")
say("""
To see what a network knows about a smile, we need portraits whose smile is known. These are drawn,
28 by 28 pixels, from four numbers between -1 and 1, much as in the blog's example: how the mouth
bends, the skin tone, the shape of the face, the length of the hair. The networks see the pixels
alone. Below, one face with five smiles; and what is left when its mouth is covered.
""")
outside = mouth_mask()                                       # True where a pixel is not the mouth's
smiles  = np.array([-1, -0.5, 0, 0.5, 1])
five    = draw_faces(np.outer(smiles, [1, 0, 0, 0])).reshape(5, -1)
figure(plots.image_rows({"seen": five, "covered": np.where(outside, five, np.nan)}, (28, 28),
                        "One face, and five smiles; the mouth covered, they are one picture",
                        ["-1, a frown", "-0.5", "0, neither", "0.5", "1, a smile"]), "faces",
       "Two rows of five drawn faces. Above, the mouth bends from a frown to a smile; below, a "
       "rectangle covers the mouth, and all five look the same.")
check("covered, the five are the same, to the last bit", five * outside, five[[0] * 5] * outside)

# %%
step("The blog's argument, as a wager", """
    answer        # a bell curve, with a middle m and a width s
    cost at t     = -log N(t; m, s²) = log s + ½ log 2π + (t - m)² / (2 s²)
    E cost        = log s + ½ log 2π + E[(t - m)²] / (2 s²)
""")
say("""
An ordinary auto-encoder writes down one value for each feature. Whoever writes "she smiles", or
"she does not", has decided what the painting leaves open. The blog's advice is to write down a
*range* that holds both, and, when a portrait is to be painted, to draw the smile from that range.

Why is that better? Make it a wager. A frown is -1, a smile 1, and the truth t lies anywhere between
them, uniformly: no value is more probable than another. Somebody who has not seen the mouth answers
with a bell curve, and pays -log of its height at the truth: little where the curve is high.
""")
ask("""
What is the cheapest answer, on average: "a smile, give or take 0.1"? "Neither, give or take 0.1"?
Something wider: how wide?
""", """
The middle at 0, and as wide as the truth is uncertain: s = 1/√3 = 0.58, the standard deviation of
t. It costs 0.87 nats. To be sure to a tenth costs 15 nats even in the middle, and more elsewhere.
""")


def cost(t, m, s):
    """What the answer costs when t comes true, in nats."""
    return np.log(s) + 0.5 * np.log(2 * np.pi) + (t - m) ** 2 / (2 * s * s)


truths  = rng.uniform(-1, 1, 100_000)
answers = {"sure of a smile: m = 1, s = 0.1":  (1.0, 0.1),
           "sure of neither: m = 0, s = 0.1":  (0.0, 0.1),
           "open: m = 0, s = 0.58":            (0.0, 3 ** -0.5)}
measured = {name: cost(truths, m, s).mean() for name, (m, s) in answers.items()}
table(["answer", "mean cost over 100,000 truths, nats"],
      [[name, f"{nats:.2f}"] for name, nats in measured.items()])
check_less("the open answer is by far the cheapest", 10 + measured["open: m = 0, s = 0.58"],
           [measured[name] for name in list(answers)[:2]])

# %%
step("The cheapest answer, by calculus", """
    E t             = 0        E t² = ∫ ½ t² dt from -1 to 1 = ⅓
    E[(t - m)²]     = E t² - 2 m E t + m² = ⅓ + m²
    E cost          = log s + ½ log 2π + (⅓ + m²) / (2 s²)
    ∂ E cost / ∂s   = 1 / s - (⅓ + m²) / s³ = 0     →     s² = ⅓ + m²
""")
say("""
A uniform t has the density ½ between -1 and 1. Wherever the middle is, the best width is what one
is off by on average; and the best middle is 0, where that is least. So an answer should be narrow
where one sees, and wide where one does not: whoever did see the mouth, and is off by 0.1, pays less
than nothing with s = 0.1, since a density may be above 1.
""")


def mean_cost(m, s):
    """What the answer costs on average, over all truths."""
    return np.log(s) + 0.5 * np.log(2 * np.pi) + (1 / 3 + m * m) / (2 * s * s)


best_s = 3 ** -0.5
best   = mean_cost(0, best_s)
seen   = np.log(0.1) + 0.5 * np.log(2 * np.pi) + 0.1 ** 2 / (2 * 0.1 ** 2)
table(["", "nats"],
      [["mouth covered, the cheapest answer: m = 0, s = 0.58", best],
       ["mouth seen, off by 0.1, and s = 0.1", seen]])
figure(plots.wager({name.split(":")[0]: answer for name, answer in answers.items()}), "wager",
       "Left: two narrow bell curves, around 1 and around 0, and a wide one over all truths from "
       "-1 to 1. Right: the mean cost against the width, for three middles; each curve falls "
       "steeply to a lowest point and rises slowly; the lowest of all is that of m = 0, at 0.58.")
errors = [cost(truths, m, s).std() / np.sqrt(len(truths)) for m, s in answers.values()]
exact  = [mean_cost(m, s) for m, s in answers.values()]
check_less("the formula agrees with all three mean costs, to five standard errors",
           abs(np.array(list(measured.values())) - exact), 5 * np.array(errors))
m, s = np.meshgrid(np.linspace(-1, 1, 41), np.geomspace(0.05, 3, 200))
check_less("none of 8,200 other answers is cheaper", best, mean_cost(m, s))

# %%
step("A ruler for smiles",
     "smile(image) = that of the drawn mouth which resembles the image's mouth most")
say("""
How much does a decoded face smile? We draw 49 mouths, from a frown to a smile and a little beyond
(-1.2 to 1.2), and ask which of them the image's mouth resembles most: the largest inner product,
once each is centred (so that skin tone says nothing) and of length 1. Before a ruler is used, it is
tried on faces whose smile is known.
""")
x, _ = load_faces(count, rng)
x_test, factors_test = load_faces(asked, rng)
truth  = factors_test[:, 0]
ruler  = np.linspace(-1.2, 1.2, 49)
mouths = draw_faces(np.outer(ruler, [1, 0, 0, 0])).reshape(len(ruler), -1)[:, ~outside]
mouths = mouths - mouths.mean(axis=1, keepdims=True)
mouths = mouths / np.linalg.norm(mouths, axis=1, keepdims=True)


def smile(images):
    """How much each image smiles: (N, 784) -> (N,), from -1.2 to 1.2."""
    likeness = images[:, ~outside] @ mouths.T
    return ruler[likeness.argmax(axis=1)]


error = abs(smile(x_test) - truth)
show("error of the ruler on drawn faces, on average and at worst", [error.mean(), error.max()],
     digits=3)
check_less("on average it is off by less than 0.06, and at worst by less than 0.4",
           [error.mean(), error.max()], [0.06, 0.4])

# %%
step("A covered mouth is not charged", """
    the encoder sees    x * mask
    the loss counts     the pixels where the mask is True, and no others
""")
say("""
In every batch of 64 faces we cover the mouths of 32. A covered pixel is 0 in what the encoder sees,
and is left out of the loss: nobody is punished for what could not be known. So nothing that lies
under the cover can matter, neither to the code nor to the loss. Try it: paint there what you like.
""")
half    = np.arange(64) < 32         # of each batch of 64, the faces whose mouths are covered
covers  = np.where(half[:, None], outside, True)
vae     = VAE(784, 256, 6, likelihood="gaussian", x_std=0.1, rng=rng, dtype="float32")
eps     = rng.standard_normal((64, 6))
painted = np.where(covers, x[:64], rng.random((64, 784)))
as_drawn   = vae.loss(x[:64], eps, mask=covers)[0]
as_painted = vae.loss(painted, eps, mask=covers)[0]
uncovered  = vae.loss(x[:64], eps)[0]
table(["loss of 64 faces, untrained", "nats"],
      [["32 mouths covered", as_drawn],
       ["noise painted under the covers", as_painted],
       ["no mouth covered", uncovered]])
check("the loss with noise under the covers is the loss without", as_drawn, as_painted)
check_less("with no mouth covered, it is another", 1, abs(uncovered - as_drawn))

# %%
step("Two networks, one training", """
    auto-encoder    z = h1 W_z + b_z                      loss = recon
    VAE             z = μ + σ ε,    ε ~ N(0, I)           loss = recon + kl
""")
say("""
Both have 784 - 256 - 6 - 256 - 784 units, and are trained on the same faces with the same covers.
They differ in one thing. The auto-encoder's code is six numbers. The VAE's is six bell curves, each
with a mean μ and a standard deviation σ that the encoder chooses for this very face; the decoder
gets a sample. A wide curve makes the code noisy, which costs in recon; a narrow one costs in kl
(lesson 6). Nobody tells the VAE what a smile is, or when it should be in doubt.
""")
ask("""
One of the VAE's six numbers will hold the smile. When the mouth is covered, what will pull at the σ
of that number, and where to?
""", """
The KL alone, and to 1. The pixels of a covered mouth are not charged, so a noisy smile costs
nothing in recon, and nothing holds σ down. The KL's slope, ½ (σ² - 1), is left, and it opens σ
until it is 1, the width of N(0, 1). That is how the VAE comes to say "I do not know".
""")
ae = Autoencoder(784, 256, 6, likelihood="gaussian", x_std=0.1, rng=rng, dtype="float32")


def train(name, model, epochs):
    """Train on batches with half of the mouths covered  ->  the mean loss of every epoch."""
    adam, grads, losses = Adam(model.params, lr=3e-3), None, []
    for epoch in progress(range(epochs), f"training the {name}"):
        if epoch >= 0.7 * epochs:
            adam.lr = 6e-4                                   # small steps, to settle
        total = 0.0
        for batch in minibatches(count, 64, rng):
            mask = covers[:len(batch)]
            (loss, _, _), grads = model.sample_loss_and_grads(x[batch], rng, mask=mask, out=grads)
            adam.step(grads)
            total += len(batch) * float(loss)
        losses.append(total / count)
    return losses


losses = {"VAE": train("VAE", vae, epochs),                  # without noise one settles sooner
          "auto-encoder": train("auto-encoder", ae, max(2, epochs // 3))}
table(["network", "epochs", "training loss: the first", "the last"],
      [[name, len(falling), f"{falling[0]:.1f}", f"{falling[-1]:.1f}"]
       for name, falling in losses.items()])
check_less("both have learned: the training loss fell", [losses[name][-1] for name in losses],
           [losses[name][0] for name in losses])
say("""
(A loss below 0 is no mistake: a density may be above 1, as in the wager. A second reading reckons
it.)
""")

# %%
step("The question: how much does she smile?", "z = μ + σ ε again and again,    smile(decode(z))")
say("""
Five hundred faces that neither network has seen, first with their mouths, then with their mouths
covered. For each we take the VAE's six bell curves, draw z from them a hundred times, decode, and
hold the ruler to every answer. Here -1 is a frown and 1 a smile; the ruler ends at ±1.2.
""")


def decoded_smiles(mu, std):
    """The smiles that a hundred samples of each code decode to: (100, N)."""
    return np.array([smile(vae.decode(mu + std * rng.standard_normal(mu.shape).astype("float32")))
                     for _ in range(100)])


def encode(images):
    """The mean and the standard deviation of each image's bell curves, both (N, Z)."""
    mu, logvar = vae.encode(images)
    return mu, np.exp(0.5 * logvar)


mu_seen,    std_seen    = encode(x_test)
mu_covered, std_covered = encode(x_test * outside)
visible = decoded_smiles(mu_seen, std_seen)
hidden  = decoded_smiles(mu_covered, std_covered)
spread_visible = visible.std(axis=0).mean()
spread_hidden  = hidden.std(axis=0).mean()
table(["decoded smiles", "standard deviation for one face", "least of all", "greatest of all"],
      [["mouth visible", f"{spread_visible:.2f}", f"{visible.min():.2f}", f"{visible.max():.2f}"],
       ["mouth covered", f"{spread_hidden:.2f}", f"{hidden.min():.2f}", f"{hidden.max():.2f}"],
       ["the wager's best answer", f"{best_s:.2f}", "", ""]])
check_less("covered, the standard deviation is 2.5 times as large, or more", 2.5 * spread_visible,
           spread_hidden, full_size=True)
check_less("and answers reach from a frown below -0.8 to a smile above 0.8", [hidden.min(), 0.8],
           [-0.8, hidden.max()], full_size=True)

# %%
step("What the code itself says", "std of z:   σ_j = exp(½ log σ_j²),   j = 1 … 6")
say("""
The doubt is not only in the pictures. The encoder states it: six standard deviations for each face.
When the mouth is covered, one of the six opens towards 1, the width of N(0, 1), which a code has
that was told nothing. That is where this network keeps the smile, as its mean shows when the mouth
is visible; nobody said which of the six to take. The others change little, since skin, shape and
hair are seen as well as before. (One that is near 1 even when all is visible is not used at all.)

Why one, and all of the smile? Each number has a bell curve of its own, so a number can open only if
it holds nothing else that is seen. The network starts with everything mixed, and it takes some
dozens of epochs until the smile has a number to itself.
""")
growth = std_covered.mean(axis=0) / std_seen.mean(axis=0)
j      = growth.argmax()
table(["", *(f"z{i + 1}" for i in range(6))],
      [["std, mouth visible", *(f"{value:.2f}" for value in std_seen.mean(axis=0))],
       ["std, mouth covered", *(f"{value:.2f}" for value in std_covered.mean(axis=0))],
       ["times as wide", *(f"{value:.2f}" for value in growth)]])
correlated = abs(np.corrcoef(mu_seen[:, j], truth)[0, 1])
show(f"correlation of the mean of z{j + 1} with the true smile, up to its sign", correlated)
check_less(f"z{j + 1} opens, at least 2.5 times", 2.5 * std_seen[:, j].mean(),
           std_covered[:, j].mean(), full_size=True)
check_less("and comes near to 1, the width of N(0, 1)", 0.7, std_covered[:, j].mean(),
           full_size=True)
check_less("the others less than twice", np.delete(growth, j), 2, full_size=True)
check_less(f"z{j + 1} holds the smile: its mean is correlated with it", 0.8, correlated,
           full_size=True)

# %%
step("Why it opens", """
    ∂ loss / ∂ log σ_j² = ∂ recon / ∂ log σ_j²  +  ½ (σ_j² - 1)       # lesson 6
    mouth covered:        the first part nearly vanishes, and σ_j goes to 1
""")
say(f"""
This is the sentence that matters: *covered pixels are not charged, so only the KL acts on σ, and it
opens.* Look at the prices themselves. Set σ of z{j + 1} by hand, from narrow to wide, for all five
hundred faces, and leave everything else as it is. What does the noise cost in recon, and what does
the narrowness cost in kl?
""")
sigmas = np.arange(1, 25) / 20                               # 0.05, 0.1, ... 1.2
noise  = rng.standard_normal((4, *mu_seen.shape)).astype("float32")


def recon_at(sigma, mu, std, mask):
    """The mean recon of the faces with this σ in the dimension of the smile, over the noise."""
    std = std.copy()
    std[:, j] = sigma
    return np.mean([vae.neg_log_p(mu + std * eps, x_test, mask) for eps in noise])


kl_j = 0.5 * (sigmas ** 2 - 1) - np.log(sigmas)              # its part with σ
whole = np.ones((asked, 784), bool)
cover = np.tile(outside, (asked, 1))
costs = {"mouth visible": np.array([recon_at(s, mu_seen, std_seen, whole) for s in sigmas]),
         "mouth covered": np.array([recon_at(s, mu_covered, std_covered, cover) for s in sigmas])}
costs = {name: recon - recon[0] for name, recon in costs.items()}
rises  = {name: recon[sigmas == 1].item() for name, recon in costs.items()}
lowest = {name: sigmas[(recon + kl_j).argmin()] for name, recon in costs.items()}
chosen = {"mouth visible": std_seen[:, j].mean(), "mouth covered": std_covered[:, j].mean()}
table(["", "σ from 0.05 to 1: recon rises by", "σ of the least sum", "σ that the encoder chose"],
      [[name, f"{rises[name]:.2f} nats", f"{lowest[name]:.2f}", f"{chosen[name]:.2f}"]
       for name in costs])
figure(plots.price_of_doubt(sigmas, kl_j, costs, chosen, f"z{j + 1}"), "price_of_doubt",
       "Two panels. Mouth visible: recon rises steeply with sigma, the KL falls, and their sum is "
       "least at a narrow sigma. Mouth covered: recon is nearly flat, and the sum is the KL, least "
       "near 1. A dashed line marks the sigma that the encoder chose, each time near the lowest "
       "point.")
check("the KL's curve is the package's", kl_j, kl_per_dim(0, 2 * np.log(sigmas)), rtol=1e-12)
check_less("visible, noise on the smile costs more than ten times what it costs when covered",
           10 * rises["mouth covered"], rises["mouth visible"], full_size=True)
check_less("the encoder's σ is within 0.25 of the σ of the least sum, both times",
           [abs(lowest[name] - chosen[name]) for name in costs], 0.25, full_size=True)

# %%
step("Both answers, priced", """
    E[(t - m)²]  = ⅓ + m²                     # the squared error of a point, m
    E[(t - u)²]  = E[(t - m)²] + s²           # of u, a sample from a range: middle m, width s
    cost at t    = -log N(t; m, s²)           # the log score of a range, in nats
""")
say("""
Now both pay. The VAE's answer for a face is a bell curve: mean and standard deviation of its
hundred smiles. The auto-encoder has one smile, and says nothing of a width. Give it the width that
it has earned where it could see: its typical error on visible mouths.
""")
answer_seen    = smile(ae.reconstruct(x_test))
answer_covered = smile(ae.reconstruct(x_test * outside))
typical        = np.sqrt(np.mean((answer_seen - truth) ** 2))
step_of_ruler  = ruler[1] - ruler[0]


def scores(m, s):
    """The mean squared error of these middles, and the mean cost of these bell curves."""
    return np.mean((truth - m) ** 2), cost(truth, m, np.maximum(s, step_of_ruler)).mean()


def row(name, m, s):
    """A row of the table below."""
    squared, nats = scores(m, s)
    return [name, f"{np.mean(s):.2f}", f"{squared:.3f}", f"{nats:.2f}"]


one_sample = np.mean((truth - hidden) ** 2)
table(["mouth", "answer", "width", "squared error", "nats"],
      [["visible", *row("auto-encoder", answer_seen, typical)],
       ["visible", *row("VAE", visible.mean(axis=0), visible.std(axis=0))],
       ["covered", *row("auto-encoder", answer_covered, typical)],
       ["covered", *row("VAE", hidden.mean(axis=0), hidden.std(axis=0))],
       ["covered", "one sample of the VAE", "", f"{one_sample:.3f}", ""],
       ["covered", "the wager's best", f"{best_s:.2f}", f"{1 / 3:.3f}", f"{best:.2f}"]])
check("a sample's squared error is its mean's, and its own variance on top", one_sample,
      scores(hidden.mean(axis=0), 1)[0] + hidden.var(axis=0).mean(), rtol=1e-12)
say("""
By squared error, the point is *not* the worse answer. The auto-encoder's covered mouths are all
nearly neutral (though nothing asked for that: they are not charged), and a point in the middle is
the best that squared error knows: ⅓. A sample from the range has nearly twice that error, since it
adds its own spread to that of the truth. By log score, the point is a disaster: it is as sure of a
mouth that it cannot see as of one that it can.

So this is what a range is good for: not to be nearer to the truth, but to say how near one is. And
the VAE loses nothing by it: who wants a point may take the mean of its range.
""")
vae_nats = scores(hidden.mean(axis=0), hidden.std(axis=0))[1]
ae_nats  = scores(answer_covered, typical)[1]
show("spread of the auto-encoder's smiles, mouths covered", answer_covered.std(), digits=2)
check_less("covered, the auto-encoder's smiles are all nearly one: their spread is below 0.2",
           answer_covered.std(), 0.2, full_size=True)
check("its squared error is nearly the least possible, ⅓, to 15 %",
      np.mean((truth - answer_covered) ** 2), 1 / 3, rtol=0.15, full_size=True)
check_less("one sample of the VAE is farther off, by a third or more",
           4 / 3 * np.mean((truth - answer_covered) ** 2), one_sample, full_size=True)
check_less("but the VAE's range costs less than the point, by a nat or more", 1 + vae_nats, ae_nats,
           full_size=True)

# %%
step("The wager, settled", "best: m = 0, s = 0.58        found: the VAE's own m and s")
say(f"""
The wager is settled. Nobody told the VAE about it, and yet it has found the open answer: the middle
near 0, and a width of {spread_hidden:.2f}, where 0.58 is best. The width comes from the KL. Where
σ opens to 1, z is drawn from the prior, and the prior decodes to smiles as they occur among the
faces: anything from -1 to 1. What is missing of the 0.58 is what σ lacks of 1, and a little that
the decoder and the ruler lose at the ends.
""")
m_found, s_found = hidden.mean(axis=0), hidden.std(axis=0)
table(["mouth covered", "middle", "width", "nats"],
      [["the wager's best", "0.00", f"{best_s:.2f}", f"{best:.2f}"],
       ["the VAE, mean of 500 faces", f"{m_found.mean():.2f}", f"{s_found.mean():.2f}",
        f"{vae_nats:.2f}"]])
check_less("the middle is within 0.2 of the wager's", abs(m_found.mean()), 0.2, full_size=True)
check_less("the width within 0.2", abs(s_found.mean() - best_s), 0.2, full_size=True)
check_less("and it costs less than half a nat more than the wager's best", vae_nats, best + 0.5,
           full_size=True)
ask("""
What would both networks answer if the loss did count the covered pixels: if they were shown a
covered face, and charged for the true mouth?
""", """
Both would draw one mouth from the middle. A pixel's cost is a squared error, and by squared error a
sample loses against the point: every sample that is not the middle adds its spread to the price. So
recon would hold σ down, and the VAE's doubt would be gone from its samples. The range needs a loss
that does not charge for what nobody could know.
""")

# %%
step("The picture: one face, two kinds of answer")
say("""
One test face that does smile. Above, its mouth is visible, and both networks see the smile. In the
second row it is covered: the VAE's samples show the same person, and differ mostly in the mouth;
the auto-encoder settles for one mouth. Below, five hundred of the VAE's samples as a histogram, and
the auto-encoder's two answers as dotted lines.
""")
smiling = abs(truth - 0.7).argmin()                          # a face that does smile
face    = x_test[smiling]
pair    = np.stack([face, face * outside])
mu, std = encode(pair)
draws   = np.array([vae.decode(mu + std * rng.standard_normal(mu.shape).astype("float32"))
                    for _ in range(500)])
points  = ae.reconstruct(pair)
found   = [smile(draws[:, 0]), smile(draws[:, 1])]
shown   = np.stack([face, np.where(outside, face, np.nan)])
figure(plots.point_or_distribution(shown, draws.swapaxes(0, 1), points, found, smile(points),
                                   truth[smiling], (28, 28)),
       "point_or_distribution", "A face, and what both networks make of it. Mouth visible: eight "
       "samples of the VAE and the auto-encoder's answer all smile. Mouth covered: the VAE's "
       "samples go from a frown to a smile, the auto-encoder's mouth is straight. Below, two "
       "histograms of smiles, one narrow, one that reaches from end to end.")
check_less("mouth visible: both see a smile", 0, [found[0].mean(), smile(points)[0]],
           full_size=True)
check_less("mouth covered: the spread is wider", found[0].std(), found[1].std(), full_size=True)
wobble = draws[:, 1].std(axis=0)                             # of every pixel
check_less("and sits in the mouth: its pixels differ at least twice as much as the others, on "
           "average", 2 * wobble[outside].mean(), wobble[~outside].mean(), full_size=True)

# %%
step("Losses below zero",
     "-log N(x; x, x_std²) = log x_std + ½ log 2π     # a pixel hit in the middle", second=True)
say("""
The training loss was about -990. Without covers, the same network on the same faces has about
-1070. Why so much less?
""")
after  = vae.loss(x[:64], eps, mask=covers)[0]
opened = vae.loss(x[:64], eps)[0]
pixel  = np.log(0.1) + 0.5 * np.log(2 * np.pi)
table(["the VAE, the first 64 faces", "nats"],
      [["untrained, 32 mouths covered", as_drawn],
       ["trained, 32 mouths covered", after],
       ["trained, no mouth covered", opened]])
say(f"""
Costs below 0 are no mistake: a pixel's density is a narrow bell curve (x_std = 0.1, lesson 15), and
a pixel hit in the middle costs log 0.1 + ½ log 2π = {pixel:.2f} nats. So each pixel that is counted
lowers the sum, and losses can be compared only over the same pixels. With no mouth covered, 112
more pixels are counted in every second face, 56 a face on average, worth about {56 * pixel:.0f}
nats.
""")
check("the mouths of the other 32 add what 56 pixels a face are worth, to 15 %", opened - after,
      56 * pixel, rtol=0.15, full_size=True)

# %%
step("Is the range an honest one?", """
    share = the samples below the truth / all samples     # calibrated: uniform from 0 to 1
    χ²    = Σ ((found - expected)² / expected)            # ten boxes: about 9 if calibrated
""", second=True)
say("""
A range is honest, or calibrated, if the truth behaves like one more sample: it lies above none of
the hundred samples as often as above all of them, or above any number between. Count, for every
face, what share of its samples lies below the truth, and sort the shares into ten boxes. Fifty of
the five hundred should be in each.
""")
share = (hidden < truth).mean(axis=0) + 0.5 * (hidden == truth).mean(axis=0)
boxes = np.histogram(share, np.linspace(0, 1, 11))[0]
chi2  = np.sum((boxes - asked / 10) ** 2 / (asked / 10))
low, high = np.quantile(hidden, [0.1, 0.9], axis=0)
inside    = ((low <= truth) & (truth <= high)).mean()
table(["", *(f"{b / 10:.1f}" for b in range(10))], [["faces, by share from", *boxes]])
show("χ²", chi2, digits=1)
show("truths within the middle 80 of 100 samples", inside, digits=2)
say("""
The more the truths crowd into the first and the last box, the more often they lie outside the range
altogether: it is too narrow. A χ² above 28 would be chance once in a thousand times. With this
lesson's own seed it is about 16, with others 30 or 50. So the range is a little too narrow, and we
do not show that it is honest. We show that it is wide where it should be, and narrow where it
should be. (Train half as long, or take large steps to the end, and σ stops near 0.85; χ² is then
about 100.)
""")
check_less("at least 60 of 100 truths lie within the middle 80 of the samples", 0.6, inside,
           full_size=True)

# %%
step("Where the rest of the width is lost",
     "z_j ~ N(0, 1), the others as the encoder says", second=True)
say("""
The wager's best width is 0.58, the VAE's a little less. Is that the encoder's fault, for not
opening all the way? Set the number that holds the smile to N(0, 1) by hand, and compare with all
smiles that are decoded from visible mouths, over all faces.
""")
mu_open, std_open = mu_covered.copy(), std_covered.copy()
mu_open[:, j]  = 0
std_open[:, j] = 1
fully = decoded_smiles(mu_open, std_open).std(axis=0).mean()
table(["smiles", "standard deviation"],
      [["mouth covered, as the encoder says", f"{spread_hidden:.3f}"],
       [f"mouth covered, z{j + 1} ~ N(0, 1)", f"{fully:.3f}"],
       ["mouth visible, all faces together", f"{visible.std():.3f}"],
       ["the true smiles", f"{truth.std():.3f}"],
       ["the wager's best", f"{best_s:.3f}"]])
say("""
Hardly. Opened all the way, the range is as wide as everything that this decoder draws. The rest is
lost between the true smiles and the decoded ones: the decoder draws the strongest a little weaker,
or the ruler reads them so.
""")
check("opened all the way, it is as wide as all visible smiles together, to a tenth", fully,
      visible.std(), rtol=0.1, full_size=True)
check("and as wide as the wager's best answer, to 15 %", fully, best_s, rtol=0.15, full_size=True)

# %%
end()
