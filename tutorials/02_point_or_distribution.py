"""2. A point or a distribution: does the Mona Lisa smile?  (blog, section 2.2)

The blog says: to give the feature "smile" one value, when a portrait leaves it open, is worse than
to give it a range. Here both are trained, an ordinary auto-encoder (a point) and a VAE (a
distribution), on faces whose mouths are often covered, and are asked how much a face smiles whose
mouth nobody sees.

    python tutorials/02_point_or_distribution.py    (two minutes; --seed N for other faces)

It draws point_or_distribution.png into the folder that --out names (runs/tutorials if it names
none).
"""
# %%
import numpy as np

from numpyvae import VAE, Adam, Autoencoder, plots
from numpyvae.datasets.faces import FACTORS, draw_faces, load_faces, mouth_mask
from numpyvae.narrator import (begin, check, check_less, end, figure, progress, say, show, step,
                               table)
from numpyvae.training import minibatches

options = begin(__doc__, seed=0)
count, epochs = (400, 3) if options.quick else (8000, 60)
rng = np.random.default_rng(options.seed)

# %%
step("The blog's argument, as a wager", """
    answer      # a bell curve, with a middle m and a width s
    it costs    -log of its density at the truth t
    on average  log s + ½ log 2π + (m² + ⅓) / 2s²        # if t may be anything between -1 and 1
""")
say("""
Suppose that a portrait is determined by the values of a few features: expression, skin tone, hair.
An ordinary auto-encoder writes down one value for each, and paints the portrait anew from these.
Now take the Mona Lisa. Whoever writes "she smiles", or "she does not", has decided what the
painting leaves open. The blog's advice is to write down a *range* that holds both, and, when a
portrait is to be painted, to draw the smile from that range.

Why is that better? Make it a wager. Let a frown be -1 and a smile 1; somebody who has not seen the
mouth answers with a bell curve, and pays little if the truth lies where the curve is high. To claim
that one knows the smile to a tenth (s = 0.1) is dear on average, wherever one puts the middle. The
cheapest answer of all has its middle at 0, and is as wide as the truth is uncertain: s² = ⅓, the
variance of t. So an answer should be narrow where one sees, and wide where one does not.
""")


def price(m, s):
    """What the answer costs on average, in nats: over all t, the mean of (t - m)² is m² + ⅓."""
    return np.log(s) + 0.5 * np.log(2 * np.pi) + (m * m + 1 / 3) / (2 * s * s)


point = price(np.linspace(-1, 1, 41), 0.1)
best  = price(0, 3 ** -0.5)
table(["answer", "nats"],
      [["sure of a smile:    m = 1, s = 0.1", point[-1]],
       ["sure of neither:    m = 0, s = 0.1", point[20]],
       ["open:               m = 0, s = 0.58", best]])
t = np.random.default_rng(0).uniform(-1, 1, 100_000)
costs = 0.5 * (t / 0.1) ** 2 + np.log(0.1 * (2 * np.pi) ** 0.5)
# They have a standard deviation of 15, so that the standard error of their mean is 0.05: 0.25 is
# five of these.
check("the formula is the mean cost over many truths", np.mean(costs), point[20], atol=0.25)
check_less("a sure answer costs more than the open one, whatever it is sure of", best, point)
m, s = np.meshgrid(np.linspace(-1, 1, 41), np.geomspace(0.05, 3, 200))
check_less("and of 8,200 answers none is cheaper", best, price(m, s))

# %%
step("Faces of which we know what a code should hold")
say("""
To see whether a network finds this out, we need portraits whose smile is known. These are drawn, 28
by 28 pixels, from four numbers between -1 and 1, much as in the blog's example: how the mouth
bends, the skin tone, the shape of the face, the length of the hair. The networks see the pixels
alone.
""")
x, factors = load_faces(count, rng)
x_test, factors_test = load_faces(100, rng)
show("x", x)
table(["face", *FACTORS],
      [[f"x[{n}]", *(f"{value:+.2f}" for value in factors[n])] for n in range(3)])
check("one image a row", x.shape, (count, 784))
check("every pixel lies between 0 and 1", x, np.clip(x, 0, 1))
check("and every number that a face is drawn from between -1 and 1", factors,
      np.clip(factors, -1, 1))

# %%
step("A ruler for smiles",
     "smile(image) = that of the drawn mouth which resembles the image's mouth most")
say("""
How much does a decoded face smile? We draw 49 mouths, from a frown to a smile and a little beyond,
and ask which of them the image's mouth resembles most: the largest inner product, once each is
centred (so that skin tone says nothing) and of length 1. Before a ruler is used, it is tried on
faces whose smile is known.
""")
outside = mouth_mask()               # True where a pixel is not the mouth's
ruler = np.linspace(-1.2, 1.2, 49)
mouths = draw_faces(np.outer(ruler, [1, 0, 0, 0])).reshape(len(ruler), -1)[:, ~outside]
mouths = mouths - mouths.mean(axis=1, keepdims=True)
mouths = mouths / np.linalg.norm(mouths, axis=1, keepdims=True)


def smile(images):
    """How much each image smiles: (N, 784) -> (N,), from -1.2 to 1.2."""
    likeness = images[:, ~outside] @ mouths.T
    return ruler[likeness.argmax(axis=1)]


error = np.abs(smile(x_test) - factors_test[:, 0])
show("error of the ruler on drawn faces, on average and at worst",
     np.array([error.mean(), error.max()]), digits=3)
check_less("on average it is off by less than 0.05, and at worst by less than 0.35",
           (error.mean(), error.max()), (0.05, 0.35))

# %%
step("A covered mouth", """
    the encoder sees    x * mask
    the loss counts     the pixels where the mask is True, and no others
""")
say("""
In every batch of 64 faces we cover the mouths of 32. A covered pixel is 0 in what the encoder sees,
and is left out of the loss: nobody is punished for what could not be known. So nothing that lies
under the cover can matter, neither to the code nor to the loss. That is easily tried: paint there
what you like.

(The pixels have a Gaussian likelihood with x_std = 0.1, lesson 5. Its density can be above 1, so
its -log may well be below 0.)
""")
half = np.arange(64) < 32            # of each batch of 64, the faces whose mouths are covered
covered = np.where(half[:, None], outside, True)
vae = VAE(784, 256, 6, likelihood="gaussian", x_std=0.1, rng=rng, dtype="float32")
eps = rng.standard_normal((64, 6))
painted = np.where(covered, x[:64], rng.random((64, 784)))
as_drawn   = vae.loss(x[:64], eps, mask=covered)[0]
as_painted = vae.loss(painted, eps, mask=covered)[0]
uncovered  = vae.loss(x[:64], eps)[0]
check_less("noise was painted over thousands of pixels", 1000, (painted != x[:64]).sum())
check("the loss with noise under the cover is the loss without", as_drawn, as_painted)
check("if the mouths are not covered, it is another", as_drawn != uncovered, True)

# %%
step("Two networks, one training", """
    auto-encoder    z = h1 W_z + b_z                      loss = recon
    VAE             z = μ + σ ε,    ε ~ N(0, I)           loss = recon + kl
""")
say("""
Both have 784 - 256 - 6 - 256 - 784 units, and are trained on the same faces with the same covers.
They differ in one thing: the auto-encoder's code is six numbers, the VAE's is six bell curves, each
with a mean μ and a standard deviation σ that the encoder chooses for this very face. The decoder
gets a sample of them. A wide curve means a noisy code, which costs in recon; a narrow one costs in
kl (lesson 6). So σ stays narrow only where it pays. Nobody says to the VAE what a smile is, or when
it should be in doubt. (The auto-encoder gets a third of the epochs: without noise it has settled by
then, as the table shows.)
""")
autoencoder = Autoencoder(784, 256, 6, likelihood="gaussian", x_std=0.1, rng=rng, dtype="float32")


def train(name, model, epochs):
    """Train on batches with half of the mouths covered  ->  rows of the loss as it falls."""
    adam, grads, rows = Adam(model.params, lr=3e-3), None, []
    for epoch in progress(range(1, epochs + 1), f"training the {name}"):
        total = 0.0
        for batch in minibatches(count, 64, rng):
            mask = np.where(half[:len(batch), None], outside, True)
            (loss, _, _), grads = model.sample_loss_and_grads(x[batch], rng, mask=mask, out=grads)
            adam.step(grads)
            total += len(batch) * float(loss)
        if epoch in (1, 10, 20, 40, epochs):
            rows.append([name, epoch, f"{total / count:.2f}"])
    return rows


vae_before, ae_before = vae.loss(x[:64], eps)[0], autoencoder.loss(x[:64])
rows = train("VAE", vae, epochs)
rows += train("auto-encoder", autoencoder, epochs // 3)
table(["network", "epoch", "training loss, nats"], rows)
vae_after, ae_after = vae.loss(x[:64], eps)[0], autoencoder.loss(x[:64])
table(["the first 64 faces, nats", "untrained", "trained"],
      [["VAE", f"{vae_before:.2f}", f"{vae_after:.2f}"],
       ["auto-encoder", f"{ae_before:.2f}", f"{ae_after:.2f}"]])
check_less("both have learned", (vae_after, ae_after), (vae_before, ae_before))
check_less("the auto-encoder has settled: its last ten epochs bring less than 3 nats",
           float(rows[-2][2]) - float(rows[-1][2]), 3, full_size=True)

# %%
step("The question: how much does she smile?", "z = μ + σ ε again and again,    smile(decode(z))")
say("""
A hundred faces that neither network has seen, first with their mouths, then with their mouths
covered. For each face we take the VAE's six bell curves, draw z from them a hundred times, decode,
and hold the ruler to every answer. Is the answer always the same?
""")


def decoded_smiles(images, samples):
    """The standard deviations of each image's bell curves (N, Z), and the smiles that samples
    decode to (samples, N).
    """
    mu, logvar = vae.encode(images)
    zs = [vae.reparameterize(mu, logvar, rng.standard_normal(mu.shape)) for _ in range(samples)]
    return np.exp(0.5 * logvar), np.array([smile(vae.decode(z)) for z in zs])


def row(name, smiles, spread):
    return [name, f"{spread:.3f}", f"{smiles.min():.2f}", f"{smiles.max():.2f}"]


std_visible, visible = decoded_smiles(x_test, 100)
std_covered, hidden  = decoded_smiles(x_test * outside, 100)
spread_visible = visible.std(axis=0).mean()
spread_covered = hidden.std(axis=0).mean()
table(["decoded smiles", "standard deviation for one face", "least of all", "greatest of all"],
      [row("mouth visible", visible, spread_visible),
       row("mouth covered", hidden, spread_covered)])
say("""
Here -1 is a frown and 1 a smile; ±1.20 is the end of the 49 mouths, and no answer can lie beyond.
The standard deviation is that of the hundred answers for one face, a mean over the faces.
""")
check_less("covered, the standard deviation is 2.5 times as large, or more", 2.5 * spread_visible,
           spread_covered, full_size=True)
check_less("and answers reach from a frown below -0.8 to a smile above 0.8", (hidden.min(), 0.8),
           (-0.8, hidden.max()), full_size=True)

# %%
step("What the code itself says", "std of z:   σ_j = exp(½ log σ_j²),   j = 1 … 6")
say("""
The doubt is not only in the pictures. The encoder states it: six standard deviations for each face.
When the mouth is covered, one of the six opens towards 1, the width of N(0, 1), which a code has
that was told nothing. That is where this network keeps the smile, as its mean shows when the mouth
is visible; nobody said which of the six to take. The others change little, since skin, shape and
hair are seen as well as before. (One that is near 1 even when all is visible is not used at all.)
""")
std_visible = std_visible.mean(axis=0)
std_covered = std_covered.mean(axis=0)
growth = std_covered / std_visible
opened = growth.argmax()
table(["", *(f"z{j + 1}" for j in range(6))],
      [["std, mouth visible", *(f"{value:.2f}" for value in std_visible)],
       ["std, mouth covered", *(f"{value:.2f}" for value in std_covered)],
       ["times as wide", *(f"{value:.2f}" for value in growth)]])
check_less(f"z{opened + 1} opens, at least three times", 3 * std_visible[opened],
           std_covered[opened], full_size=True)
check_less("and comes near to 1, the width of N(0, 1)", 0.7, std_covered[opened], full_size=True)
check_less("the others less than twice", np.delete(growth, opened), 2, full_size=True)
mu, _ = vae.encode(x_test)
correlated = abs(np.corrcoef(mu[:, opened], factors_test[:, 0])[0, 1])
check_less(f"z{opened + 1} holds the smile: its mean is correlated with the true smile, up to its "
           "sign", 0.8, correlated, full_size=True)

# %%
step("The ordinary auto-encoder's answer", "smile(decode(z))    # z is one vector for each image")
say("""
It has one answer for each face, and no way to say that it does not know. Of a visible mouth it
reads the smile well. Of a covered one it still names a smile, as firmly as before; but over two
thousand new faces this has next to nothing to do with the truth. It decides what the picture leaves
open, and that is the blog's complaint.
""")
answers = np.array([smile(autoencoder.reconstruct(x_test * outside)) for _ in range(3)])
x_many, factors_many = load_faces(2000, rng)


def correlation(images):
    """Of the smiles that the auto-encoder decodes with the true ones; 0 if they are all alike."""
    found, true = smile(autoencoder.reconstruct(images)), factors_many[:, 0]
    covariance = ((found - found.mean()) * (true - true.mean())).mean()
    return covariance / max(found.std() * true.std(), 1e-9)


seen, unseen = correlation(x_many), correlation(x_many * outside)
table(["auto-encoder", "correlation of its smile with the truth"],
      [["mouth visible", f"{seen:.2f}"],
       ["mouth covered", f"{unseen:.2f}"]])
check("there is no noise in it: asked three times it answers the same, a spread of 0",
      np.ptp(answers, axis=0).max(), 0)
check_less("of a covered mouth its answers say nearly nothing about the truth", abs(unseen), 0.12)
check_less("of a visible one it reads the smile", 0.9, seen, full_size=True)

# %%
step("The picture: one face, two kinds of answer")
say("""
One test face that does smile. Above, its mouth is visible, and both networks see the smile. In the
second row it is covered: the VAE's samples show the same person, and differ mostly in the mouth;
the auto-encoder settles for one mouth. Below, five hundred of the VAE's samples as a histogram, and
the auto-encoder's two answers as dotted lines.
""")
chosen = np.abs(factors_test[:, 0] - 0.7).argmin()               # a face that does smile
face = x_test[chosen]
pair = np.stack([face, np.where(outside, face, 0)])
mu, logvar = vae.encode(pair)
draws = np.array([vae.decode(vae.reparameterize(mu, logvar, rng.standard_normal(mu.shape)))
                  for _ in range(500)])
answers = autoencoder.reconstruct(pair)
visible, hidden = smile(draws[:, 0]), smile(draws[:, 1])
shown = np.stack([face, np.where(outside, face, np.nan)])
figure(plots.point_or_distribution(shown, draws.swapaxes(0, 1), answers, [visible, hidden],
                                   smile(answers), factors_test[chosen, 0], (28, 28)),
       "point_or_distribution",
       seen="A smiling face, once with its mouth visible and once covered, with eight answers of "
            "the VAE to each and one of the auto-encoder: only the VAE's answers to the covered "
            "mouth differ, from a frown to a smile. Below, histograms of how much the answers "
            "smile: narrow and near the face as it was drawn if the mouth is visible, wide if it "
            "is covered.")
check_less("mouth visible: both see a smile", 0, (visible.mean(), smile(answers)[0]),
           full_size=True)
check_less("mouth covered: the spread is wider", visible.std(), hidden.std(), full_size=True)
wobble = draws[:, 1].std(axis=0)                                 # of every pixel
check_less("and sits in the mouth: its pixels differ at least twice as much as the others, on "
           "average", 2 * wobble[outside].mean(), wobble[~outside].mean(), full_size=True)
say("""
To think about. What would the best bell curves be if the loss counted the covered pixels too (leave
`mask` out, and give both networks x * mask)? Try it, and look at the standard deviations again. And
if the auto-encoder had to pay for its wrong mouths, which single mouth should it draw?
""")

# %%
end()
