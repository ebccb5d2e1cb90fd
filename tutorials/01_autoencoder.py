"""1. A point for every image: why can one not draw new digits from an ordinary auto-encoder?  (blog, section 2.1)

The blog begins with a network that squeezes an image through a narrow place and unfolds it again.
What passes is the code, and the space of all codes is the latent space. If every code stood for
some image, one could draw a code at
random and decode it: a new image. Here such a network learns handwritten digits with a code of two
numbers, so that its latent space fits on a page, and then we draw. It disappoints twice: nobody
knows where to draw, and there are holes.

    python tutorials/01_autoencoder.py               (ten seconds; --seed N for other networks and other draws)

It draws autoencoder_rebuilt.png, autoencoder_codes.png and autoencoder_holes.png into the folder
that --out names (runs/tutorials if it names none).
"""
# %%
import copy

import numpy as np

from numpyvae import VAE, Adam, Autoencoder, datasets, numeric_gradient, plots
from numpyvae.layers import sigmoid
from numpyvae.training import minibatches
from numpyvae.narrator import begin, check, check_less, end, figure, progress, say, show, step, table

options = begin(__doc__, seed=0)
rng = np.random.default_rng(options.seed)
epochs = 1 if options.quick else 60

# %%
step("Through a narrow place", """
    encoder   x (64 pixels)   →  h1 (128)  →  z (2 numbers)
    decoder   z (2 numbers)   →  h3 (128)  →  probs (64 probabilities of ink)
    loss      the mean over the images of  -log p(x given z),  a sum over the pixels
""")
say("""
The first half of the network, the encoder, is to extract what matters about an image; the second,
the decoder, is to rebuild the image from that alone. The data are handwritten digits of 8 by 8
pixels, each pixel between 0 (paper) and 1 (ink). The decoder says for every pixel how probable ink
is, and the loss is the price of the true pixels under these probabilities, in nats. (Lesson 5
derives it; here it is enough that less is better.)

Three prices tell what a loss is worth. Who knows nothing says ½ for every pixel, and pays log 2 for
each, whatever the image. A better answer is the average image. And who could copy each image
exactly would still pay something: a grey pixel of 0.3 is a coin that shows ink in three cases of
ten, and of a coin one cannot be sure.
""")
data = datasets.load("digits")
x, x_test, labels, labels_test = data.x_train, data.x_test, data.labels_train, data.labels_test
show("x", x)
answers = {"½ for every pixel": np.full(64, 0.5), "the average training image": x.mean(axis=0),
           "itself": x_test}
# no log of 0
answers = {name: np.clip(probs.astype(float), 1e-12, 1 - 1e-12) for name, probs in answers.items()}
chance, average, perfect = (-(x_test * np.log(probs) + (1 - x_test)
                              * np.log(1 - probs)).sum(axis=1).mean() for probs in answers.values())
table(["answer to every test image", "nats an image"], [*zip(answers, (chance, average, perfect))])
check("½ for every pixel costs 64 log 2", chance, 64 * np.log(2), rtol=1e-14)
check_less("each price is below the one above it, and none is 0", (0, perfect, average),
           (perfect, average, chance))

# %%
step("What it learns from: one term", "loss = 1/N Σ -log p(x given z)      dlogits = (probs - x) / "
     "N")
say("""
The whole gradient, on a network so small that it could be done by hand (N = 3 images, D = 7 pixels,
H = 5, Z = 2). At the output it is probability minus pixel (lesson 5 says why); from there one goes
back through four dense layers and two relus, by the rules of lesson 3. Mark what is *not* in it:
nothing pulls at z but the wish to rebuild x.
""")
tiny, t = Autoencoder(7, 5, 2, rng=9), np.random.default_rng(4).random((3, 7))
p = tiny.params
h1 = np.maximum(t @ p["W1"] + p["b1"], 0)
z = h1 @ p["W_z"] + p["b_z"]
h3 = np.maximum(z @ p["W3"] + p["b3"], 0)
probs = sigmoid(h3 @ p["W4"] + p["b4"])
dlogits = (probs - t) / len(t)                               # and back, the last line first
dh3, dW4, db4 = dlogits @ p["W4"].T, h3.T @ dlogits, dlogits.sum(axis=0)
da3 = dh3 * (h3 > 0)
dz, dW3, db3 = da3 @ p["W3"].T, z.T @ da3, da3.sum(axis=0)
dh1, dW_z, db_z = dz @ p["W_z"].T, h1.T @ dz, dz.sum(axis=0)
da1 = dh1 * (h1 > 0)
dW1, db1 = t.T @ da1, da1.sum(axis=0)
show("z", z)
show("probs - x", probs - t)
show(dz=dz, dW_z=dW_z)
_, theirs = tiny.loss_and_grads(t)
for name, ours in zip(p, (dW1, db1, dW_z, db_z, dW3, db3, dW4, db4)):
    slope = numeric_gradient(lambda T, name=name: tiny.loss(t, params={**p, name: T}), p[name],
                             "complex")
    check(f"d{name} of these lines is the package's, and the slope of the loss (against both)",
          np.array([ours, ours]), np.array([theirs[name], slope]), rtol=1e-14)

# %%
step("Training")
say("""
Sixty times through the training images, in batches of 64, with Adam (lesson 9): a few seconds of
NumPy. Two numbers
for an image are few, and yet far better than one average image for all.
""")


def train(model):
    """Train a model on the digits.  ->  the mean training loss of every epoch."""
    adam, grads, losses = Adam(model.params, lr=3e-3), None, []
    for _ in progress(range(epochs), f"training, {type(model).__name__} with a code of "
                      f"{model.latent_dim}"):
        total = 0.0
        for batch in minibatches(len(x), 64, rng):
            # Only a VAE, in the last step of this lesson, has noise on its code, and a loss of more
            # than one term.
            noise = [rng.standard_normal((len(batch), model.latent_dim))] if isinstance(model,
                                                                                        VAE) else []
            terms, grads = model.loss_and_grads(x[batch], *noise, out=grads)
            adam.step(grads)
            total += len(batch) * float(np.ravel(terms)[0])
        losses.append(total / len(x))
    return losses


ae = Autoencoder(64, 128, 2, rng=rng, dtype="float32")
table(["epoch", "training loss, nats"],
      [[epoch, f"{loss:.2f}"] for epoch, loss in enumerate(train(ae), 1)
       if epoch in (1, 2, 5, 20, 60)])
loss_test = float(ae.loss(x_test))
show("loss of the test images", loss_test, digits=2)
check_less("test images cost less than by chance, more than the least", (loss_test, perfect),
           (chance, loss_test))
check_less("and less than if one answers with the average image", loss_test, average,
           full_size=True)
first = [int(np.flatnonzero(labels_test == digit)[0]) for digit in range(10)]
figure(plots.reconstructions({"": (x_test[first], ae.reconstruct(x_test[first]))}, data.image_shape,
                             "its code"), "autoencoder_rebuilt")

# %%
step("What the latent space looks like")
say("""
Every test image has become a point of the plane. Nobody told the network what a 3 is: the labels
only colour the picture. Yet images of one digit lie together, since a continuous decoder has to
draw similar things from neighbouring codes. Take the training image with the closest code: how
often is it the same digit? (By chance, one time in ten.)
""")
z, z_test = ae.encode(x), ae.encode(x_test)
neighbour = np.square(z_test[:, None] - z).sum(axis=2).argmin(axis=1)
same = (labels[neighbour] == labels_test).mean()
table(["", "z1", "z2"], [[name, *f(z, axis=0)] for name, f in (("mean", np.mean), ("standard "
                                                                                   "deviation",
                                                                                   np.std),
                                                               ("least", np.min),
                                                               ("greatest", np.max))])
show("part of the test images whose neighbour is the same digit", same)
check_less("more than half have a neighbour of the same digit", 0.5, same, full_size=True)
figure(plots.latent_scatter(z_test, labels_test, "its code"), "autoencoder_codes")

# %%
step("Nobody says where the codes should lie", """
    z = h1 W_z + b_z        a3 = z W3 + b3
    W_z, b_z times c, and W3 divided by c:     z becomes c z,     a3 = (c z) (W3 / c) + b3  stays
    slope of the loss along c = Σ W_z dW_z + Σ b_z db_z - Σ W3 dW3 = 0
""")
say("""
The codes in the table have some centre and some width, but nothing in the loss asked for these.
Make the encoder's last layer c times as large and divide the decoder's first weights by c: every
code moves, and every output, so also every loss, stays; with c a power of two, to the last bit. (In
the same way the codes can be shifted, turned and sheared: any matrix A with an inverse does what c
did.)

So along this path through the parameters the loss is level, and its slope is 0: a sum over the
gradients that were done by hand above, each times how fast its parameter moves as c grows from 1.
""")
twins = {c: copy.deepcopy(ae) for c in ("1/16", "1", "16")}
for twin, c in zip(twins.values(), (1 / 16, 1, 16)):
    for name, factor in (("W_z", c), ("b_z", c), ("W3", 1 / c)):
        twin.params[name] *= factor
table(["c", "standard deviation of z1", "of z2", "test loss"],
      [[c, *map("{:.3f}".format, twin.encode(x).std(axis=0)), twin.loss(x_test)] for c,
       twin in twins.items()])
for c, factor in (("1/16", 1 / 16), ("16", 16)):
    check(f"with c = {c} all codes are c times as large", twins[c].encode(x_test),
          np.float32(factor) * z_test)
    check("and every output is the same", twins[c].reconstruct(x_test), ae.reconstruct(x_test))
A, shift = np.array([[2.0, 0.5], [-1.0, 1.5]]), np.array([3.0, -4.0])
moved = {**p, "W_z": p["W_z"] @ A, "b_z": p["b_z"] @ A + shift, "W3": np.linalg.inv(A) @ p["W3"],
         "b3": p["b3"] - shift @ np.linalg.inv(A) @ p["W3"]}
check("shifted, turned and sheared codes: the same loss", tiny.loss(t, params=moved), tiny.loss(t),
      rtol=1e-14)
parts = [np.sum(dW_z * p["W_z"]), np.sum(db_z * p["b_z"]), -np.sum(dW3 * p["W3"])]
show("the three parts of the slope along c", parts, digits=6)
check("they cancel: the gradient has no opinion on the size of the codes", sum(parts), 0,
      atol=1e-15)

# %%
step("A ruler: how far is an image from any digit?", "distance = the length of (image - the "
     "nearest training image)")
say("""
How bad is a drawing? As bad as it is far from the nearest of the 1,498 training images. Three marks
on this ruler: real digits that the network has never seen; the grey average of all digits, which is
none; and noise. What the network rebuilds from test images is as near to the digits as real ones
are.
""")


def nearest(images):
    """How far each image is from the nearest training image, and which digit that one is: (N,),
    (N,).
    """
    images, real = np.asarray(images, float), x.astype(float)
    squares = np.square(images).sum(axis=1)[:, None] - 2 * images @ real.T + np.square(real).sum(axis=1)
    # |a - b|² = a² - 2ab + b²
    return np.sqrt(squares.min(axis=1).clip(0)), labels[squares.argmin(axis=1)]


def far(images):
    """The mean distance of these images from the nearest training image."""
    return nearest(images)[0].mean()


unseen, rebuilt = far(x_test), far(ae.reconstruct(x_test))
bland, noise = far(x.mean(axis=0, keepdims=True)), far(rng.random((300, 64)))
table(["images", "mean distance"],
      [[name, f"{value:.3f}"] for name,
       value in (("test images", unseen), ("test images, rebuilt", rebuilt),
                 ("the average digit", bland), ("noise", noise))])
check("rebuilt images are as near as real ones, within a tenth", rebuilt, unseen, rtol=0.1,
      full_size=True)
check_less("the ruler's marks are in order", np.array([unseen, bland]), np.array([bland, noise]))

# %%
step("First disappointment: where to draw?", "z ~ N(0, I),    probs = decode(z)")
say("""
Draw a thousand codes from the standard normal distribution, the usual cloud around 0, and hand the
very same draws to the original and its two twins (c = 1/16, c = 16). To the loss they are one
network. But for c = 16 the cloud is a speck among the codes, and all draws decode to nearly one
image: their spread, the root of the pixels' summed variance, is small. For c = 1/16 it reaches far
beyond the codes, where nobody trained the decoder, and lands farther from digits.

Where the original stands is luck: nothing has fitted its codes to the cloud, and some digits hardly
ever come.
""")
draws, rows, spread_x = rng.standard_normal((1000, 2)), [], np.sqrt(x.var(axis=0,
                                                                          dtype=float).sum())
for c, twin in twins.items():
    images = twin.decode(draws)
    counts = np.bincount(nearest(images)[1], minlength=10)
    rows.append([c, far(images), np.sqrt(images.var(axis=0).sum()), int((counts >= 10).sum())])
rows.append(["(training images)", 0, spread_x, 10])
table(["c", "distance to a digit", "spread of the images", "digits that appear in 1 % or more"],
      [[c, f"{distance:.3f}", f"{width:.3f}", count] for c, distance, width, count in rows])
(_, wide_far, _, _), (_, own_far, _, own_count), (_, _, narrow_spread, _), _ = rows
check_less("c = 16: draws differ less than a quarter as much as digits", narrow_spread, spread_x
           / 4, full_size=True)
check_less("the original's are farther from any digit than rebuilt images, those for c = 1/16 "
           "farther still", (rebuilt, own_far), (own_far, wide_far), full_size=True)
check_less("and among the original's not all of the ten digits appear", own_count, 10,
           full_size=True)

# %%
step("Second disappointment: holes", "half way between two codes:   z = ½ z_i + ½ z_j")
say("""
So let us draw only where codes are: half way between those of two test images. If both show the
same digit, what is decoded there is as near to the digits as at the ends. If they show two
different digits, the way leads across land that belongs to neither, and half way the decoder draws
a little of both, which is farther from any digit. The table follows five hundred ways of each kind
from one end (0) to the middle (0.5).
""")
pairs, many = rng.integers(0, len(x_test), (2, 20_000)), 50 if options.quick else 500
alike = labels_test[pairs[0]] == labels_test[pairs[1]]
alike, other = (pairs[:, chosen][:, :many] for chosen in (alike & (pairs[0] != pairs[1]), ~alike))


def on_the_way(model, code, pairs, part=0.5):
    """What is decoded at this part of the way between the codes of each pair of test images."""
    return model.decode((1 - part) * code[pairs[0]] + part * code[pairs[1]])


parts = np.linspace(0, 0.5, 6)
ways = [[far(on_the_way(ae, z_test, some, part)) for part in parts] for some in (alike, other)]
table(["part of the way", *(f"{part:.1f}" for part in parts)],
      [[name, *(f"{d:.3f}" for d in way)] for name,
       way in zip(("same digit", "different digits"), ways)])
# Means over 500 ways with a standard error below 0.01 each: the two middles are ten of these apart.
check("between images of one digit, the middle is as good as the end, within a tenth", ways[0][-1],
      ways[0][0], rtol=0.1, full_size=True)
check_less("between two digits it is farther off, by 5 % or more", 1.05 * ways[0][-1], ways[1][-1],
           full_size=True)

# %%
step("The picture: the plane, and what its holes decode to")
say("""
The darker the plane, the farther from any digit is what is decoded there. The letters are five of
the farthest middles, each drawn to the right between what its two ends decode to.
""")
margin = 0.04 * np.ptp(z_test, axis=0)
low, high, side = z_test.min(axis=0) - margin, z_test.max(axis=0) + margin, 20 if options.quick else 90
grid = np.stack(np.meshgrid(*(np.linspace(a, b, side) for a, b in zip(low, high))), axis=-1)
land = nearest(ae.decode(grid.reshape(-1, 2)))[0].reshape(side, side)
middles = z_test[other].mean(axis=0)
# the farthest of all middles, but not two at one place
distances, spots = nearest(ae.decode(middles))[0], []
for i in np.argsort(-distances):
    if len(spots) < 5 and all(np.linalg.norm((middles[i] - middles[k]) / (high - low)) > 0.15
                              for k in spots):
        spots.append(i)
triples = [ae.decode(np.stack([z_test[a], middles[i], z_test[b]])) for i in spots for a,
           b in [other[:, i]]]
figure(plots.holes(z_test, labels_test, land, (low, high), middles[spots], triples,
                   distances[spots], rebuilt, data.image_shape), "autoencoder_holes")
usual = np.quantile(nearest(ae.reconstruct(x_test))[0], 0.9)
check_less("half way it is farther from any digit than nine of ten rebuilt images are", usual,
           distances[spots], True)

# %%
step("More dimensions, more emptiness; and a first taste of the VAE")
say("""
Give the code eight numbers: images are rebuilt better, but draws from N(0, I) go farther astray
than in the plane. It helps to measure centre and covariance of the codes first, and to draw from a
normal distribution that has these.

A VAE of the same sizes learns with one term more, which wants the codes to look like N(0, I)
(lesson 6 derives it), and with noise on every code, so that neighbours must decode alike (lesson
4). Its codes do have a standard deviation near 1. It rebuilds a little worse; but its draws are
nearer to digits.
""")
ae8, vae = (model(64, 128, 8, rng=rng, dtype="float32") for model in (Autoencoder, VAE))
train(ae8)
train(vae)
z8, (mu, logvar) = ae8.encode(x), vae.encode(x)
fitted = rng.multivariate_normal(z8.mean(axis=0), np.cov(z8.T.astype(float)), 1000)
between = far(on_the_way(ae8, ae8.encode(x_test), other)), far(on_the_way(vae,
                                                                          vae.encode(x_test)[0],
                                                                          other))
found = {"rebuilt test images": (far(ae8.reconstruct(x_test)), far(vae.reconstruct(x_test))),
         "z drawn from N(0, I)": (far(ae8.decode(rng.standard_normal((1000, 8)))),
                                  far(vae.generate(1000, rng))),
         "z drawn from a normal fitted to the codes": (far(ae8.decode(fitted)), None),
         "half way between two different digits": between}
table(["distance to a digit", "auto-encoder", "VAE"],
      [[name, *(f"{value:.3f}" if value else "" for value in pair)] for name,
       pair in found.items()])
(ae_rebuilt, vae_rebuilt), (ae_drawn, vae_drawn), (ae_fitted, _), _ = found.values()
# over images and noise together
std_codes = np.sqrt(mu.var(axis=0) + np.exp(logvar).mean(axis=0))
show("standard deviation of the VAE's codes", std_codes)
check_less("all eight are near 1: off by less than a fifth", np.abs(std_codes - 1), 0.2,
           full_size=True)
check_less("with eight numbers the auto-encoder's loss is smaller", ae8.loss(x_test), loss_test,
           full_size=True)
check_less("yet its draws are farther off than in the plane, by a quarter", 1.25 * own_far,
           ae_drawn, full_size=True)
check_less("those from a fitted normal less so, the VAE's least",
           (ae_fitted, vae_drawn), (ae_drawn, ae_fitted), full_size=True)
check_less("the VAE's rebuilt images are the farther ones", ae_rebuilt, vae_rebuilt, full_size=True)
check("half way between two digits both are alike, within a tenth", between[1], between[0],
      rtol=0.1, full_size=True)
say("""
To think about. The VAE does not close every hole, as the last row says; why do its draws fall into
them less often?
And: could one repair the auto-encoder by adding Σ z² to its loss? Which of the two disappointments
would that mend? """)

# %%
end()
