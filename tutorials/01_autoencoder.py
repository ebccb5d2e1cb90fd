"""1. A point for every image: why can an auto-encoder not draw new digits?  (blog, section 2.1)

The blog begins with a network that squeezes an image through a narrow place and unfolds it again.
What passes through is the code, and the space of all codes is the latent space. If every code stood
for some image, one could pick a code at random, decode it, and have a new image. We train such a
network on handwritten digits, with a code of two numbers, so that its latent space fits on a page.
Then we draw. It disappoints twice: nobody knows where to draw, and there are holes.

    python tutorials/01_autoencoder.py    (10 seconds; --pause waits for Enter after every step)

It draws bottleneck.png, autoencoder_rebuilt.png, autoencoder_codes.png, autoencoder_twins.png,
autoencoder_holes.png and autoencoder_draws.png into the folder that --out names (runs/tutorials if
it names none).
"""
# %%
import copy

import numpy as np

from numpyvae import VAE, Adam, Autoencoder, datasets, numeric_gradient, plots
from numpyvae.layers import sigmoid
from numpyvae.narrator import (ask, begin, check, check_less, end, figure, progress, say, show,
                               step, table)
from numpyvae.training import minibatches

options = begin(__doc__, seed=0)
rng = np.random.default_rng(options.seed)
epochs = 1 if options.quick else 60

# %%
step("Through a narrow place", """
    z     = encode(x)                                     # 64 pixels become 2 numbers
    probs = decode(z)                                     # and these become 64 probabilities of ink
""")
say("""
The first half of the network, the encoder, has to extract what matters about an image. The second
half, the decoder, has to rebuild the image from that alone.
""")
figure(plots.bottleneck(64, 128, 2), "bottleneck", "The auto-encoder as boxes from left to right: "
       "x with 64 pixels, h1 with 128 units, the narrow place z with 2 numbers, h3 with 128 "
       "units, and 64 probabilities.")
say("""
The data are handwritten digits of 8 by 8 pixels, each pixel between 0 (paper) and 1 (ink).
""")
data = datasets.load("digits")
x, x_test, labels, labels_test = data.x_train, data.x_test, data.labels_train, data.labels_test
show("x", x)
ae = Autoencoder(64, 128, 2, rng=rng, dtype="float32")
probs = ae.decode(ae.encode(x))
show("z", ae.encode(x))
show("probs", probs)
check("each image has a code of two numbers, and 64 probabilities",
      [ae.encode(x).shape, probs.shape], [(1498, 2), (1498, 64)])
check_less("and these lie between 0 and 1", [0, probs.max()], [probs.min(), 1])

# %%
step("What is a loss worth?",
     "loss = -log p(x given z)     # summed over pixels, averaged over images")
say("""
The decoder says how probable ink is at every pixel, and the loss is the price of the true pixels
under these probabilities, in nats (lesson 5 derives it; less is better). How much is little? Here
are three answers that need no network. Whoever says ½ for every pixel pays log 2 for each, whatever
the image. The average of all training images is a better answer. And the best answer, the image
itself, is still not free: a grey pixel of 0.3 counts as a coin that shows ink three times in ten,
and nobody can predict a coin.
""")


def price(probs):
    """What the test images cost under these probabilities of ink: nats an image."""
    probs = np.clip(probs.astype(float), 1e-12, 1 - 1e-12)   # no log of 0
    costs = -x_test * np.log(probs) - (1 - x_test) * np.log(1 - probs)
    return costs.sum(axis=1).mean()


guess   = price(np.full(64, 0.5))
average = price(x.mean(axis=0))
perfect = price(x_test)
table(["answer to every test image", "nats an image"],
      [["½ for every pixel", guess],
       ["the average training image", average],
       ["the image itself", perfect]])
check("½ for every pixel costs 64 log 2", guess, 64 * np.log(2), rtol=1e-14)
check_less("each price is below the one above it, and none is 0", [0, perfect, average],
           [perfect, average, guess])

# %%
step("Training")
say("""
Sixty times through the training images, in batches of 64. All of it is a loop around two lines: the
gradient of a batch, and a step against it. (Adam chooses the length of the step: lesson 9.)
""")


def train(model):
    """Train a model on the digits.  ->  the mean training loss of every epoch."""
    adam, losses = Adam(model.params, lr=3e-3), []
    doing = f"training, {type(model).__name__} with a code of {model.latent_dim}"
    for _ in progress(range(epochs), doing):
        total = 0.0
        for batch in minibatches(len(x), 64, rng):
            (loss, _, _), grads = model.sample_loss_and_grads(x[batch], rng)
            adam.step(grads)
            total += len(batch) * float(loss)
        losses.append(total / len(x))
    return losses


losses = train(ae)
table(["epoch", "training loss, nats"],
      [[epoch, f"{loss:.2f}"] for epoch, loss in enumerate(losses, 1) if epoch in (1, 5, 20, 60)])
loss_test = float(ae.loss(x_test))
show("loss of the test images", loss_test, digits=2)
check_less("test images cost more than the least and less than guessing", [perfect, loss_test],
           [loss_test, guess])
check_less("and less than the average image as an answer", loss_test, average, full_size=True)
first = [int(np.flatnonzero(labels_test == digit)[0]) for digit in range(10)]
figure(plots.reconstructions({"": (x_test[first], ae.reconstruct(x_test[first]))}, data.image_shape,
                             "its code"), "autoencoder_rebuilt",
       "Ten test images, a 0 to a 9, and below each what the decoder makes of its two numbers. "
       "Most are the same digit, blurred; a 2 has become a 9, and a 0 and an 8 are hard to read.")
say("""
Two numbers are few for an image. Most digits survive, blurred; some come back as another digit.
""")

# %%
step("What the latent space looks like")
say("""
Every test image has become a point of the plane. Nobody told the network what a 3 is: the labels
only colour the picture.
""")
ask("""
No label was ever used in training. Why, then, do the points of one digit lie together?
""", """
Because they look alike. The decoder is continuous, so it draws nearly the same image from two codes
that lie close together. If these belong to images that look different, it has to draw a blend of
both, and pays for both. If they look alike, the blend is hardly worse than either. So the loss
pushes unlike images apart, and lets like ones share a place. It sorts by looks, not by digits: what
is written in two ways, as the 1 is here, forms two groups.
""")
z, z_test = ae.encode(x), ae.encode(x_test)
table(["", "z1", "z2"],
      [["mean", *z.mean(axis=0)],
       ["standard deviation", *z.std(axis=0)]])
figure(plots.latent_scatter(z_test, labels_test, "its code"), "autoencoder_codes",
       "299 coloured dots in a plane, one colour for each digit. Most digits form a group of their "
       "own; the 1s form two or more; 5 and 8 overlap in the middle.")
say("""
Two measurements. Take the training image with the closest code: how often is it the same digit? (By
chance, one time in ten.) And among images of one digit: do those with close codes look more alike?
""")


def squares(images, others):
    """The square of the distance of each image from each of the others: (N, M)."""
    a, b = np.asarray(images, float), np.asarray(others, float)
    # |a - b|² = |a|² - 2 a·b + |b|²
    return (a ** 2).sum(axis=1)[:, None] - 2 * a @ b.T + (b ** 2).sum(axis=1)


def nearest(images, others):
    """How far the nearest of the others is from each image, and its index: both (N,)."""
    squared = squares(images, others)
    return np.sqrt(squared.min(axis=1).clip(0)), squared.argmin(axis=1)


def same_digit(images, others):
    """The share of the test images whose nearest neighbour is of the same digit."""
    return (labels[nearest(images, others)[1]] == labels_test).mean()


pairs = rng.integers(0, len(x_test), (2, 20_000))
pairs = pairs[:, pairs[0] != pairs[1]]
is_alike = labels_test[pairs[0]] == labels_test[pairs[1]]
alike = pairs[:, is_alike]
other = pairs[:, ~is_alike]
in_codes  = np.linalg.norm(z_test[alike[0]] - z_test[alike[1]], axis=1)
in_pixels = np.linalg.norm(x_test[alike[0]] - x_test[alike[1]], axis=1)
tenth = len(in_codes) // 10
close = in_pixels[np.argsort(in_codes)[:tenth]].mean()
apart = in_pixels[np.argsort(in_codes)[-tenth:]].mean()
by_code = same_digit(z_test, z)
show("share of test images whose closest code is of the same digit", by_code)
table(["pairs of images of the same digit", "mean distance of their pixels"],
      [["the tenth with the closest codes", f"{close:.2f}"],
       ["the tenth with the codes farthest apart", f"{apart:.2f}"]])
check_less("two of three, or more, have a neighbour of the same digit", 2 / 3, by_code,
           full_size=True)
check_less("images of one digit whose codes lie far apart look different, by half or more",
           1.5 * close, apart, full_size=True)

# %%
step("A ruler: how far is an image from any digit?",
     "distance = the length of (image - the nearest training image)")
say("""
We are about to judge drawings, and need a ruler: how far is a drawing from the nearest of the 1,498
training images? Try it first on images that we know. Test images are real digits that the network
has never seen. The grey average of all digits is no digit, and noise is none at all.
""")


def far(images):
    """The mean distance of these images from the nearest training image."""
    return nearest(images, x)[0].mean()


rebuilt = far(ae.reconstruct(x_test))
unseen  = far(x_test)
bland   = far(x.mean(axis=0, keepdims=True))
noise   = far(rng.random((300, 64)))
right, kept = same_digit(x_test, x), same_digit(ae.reconstruct(x_test), x)
table(["images", "mean distance", "the nearest is the right digit"],
      [["test images", f"{unseen:.3f}", f"{right:.0%}"],
       ["test images, rebuilt", f"{rebuilt:.3f}", f"{kept:.0%}"],
       ["the average digit", f"{bland:.3f}", ""],
       ["noise", f"{noise:.3f}", ""]])
say("""
Mind what the ruler does not see. By distance, rebuilt images are as near to digits as real ones
are. But near to *which* digit? One in five has become another one: a 2 rebuilt as a good 9 is near
to the nines. The ruler asks whether an image looks like a digit, not whether it is the right one.
Nor does it ask whether a hundred drawings are a hundred times the same.
""")
check("rebuilt images are as near as real ones, within a tenth", rebuilt, unseen, rtol=0.1,
      full_size=True)
check_less("yet one in ten or more is nearest to a wrong digit, five times as many as of real ones",
           [0.1, 5 * (1 - right)], 1 - kept, full_size=True)
check_less("test images are nearer than the average digit, and that is nearer than noise",
           [unseen, bland], [bland, noise])

# %%
step("Nobody says where the codes should lie", """
    z  = h1 W_z + b_z
    a3 = z W3 + b3
    W_z, b_z times c, and W3 divided by c:     a3 = (c z) (W3 / c) + b3  stays
""")
say("""
The codes in the table above have some centre and some width, but nothing in the loss asked for
these. Make the encoder's last layer c times as large, and divide the decoder's first weights by c:
every code moves, and every output stays, so every loss does. With c a power of two this holds to
the last bit. Here are two twins of our network.
""")


def scaled(c):
    """The auto-encoder with codes c times as large, and a decoder that expects them so."""
    twin = copy.deepcopy(ae)
    twin.params["W_z"] *= c
    twin.params["b_z"] *= c
    twin.params["W3"]  /= c
    return twin


twins = {"1/16": scaled(1 / 16), "1": scaled(1), "16": scaled(16)}
rows = []
for c, twin in twins.items():
    std1, std2 = twin.encode(x).std(axis=0)
    rows.append([c, f"{std1:.3f}", f"{std2:.3f}", twin.loss(x_test)])
table(["c", "standard deviation of z1", "of z2", "test loss"], rows)
small, large = twins["1/16"], twins["16"]
check("the twins' codes are 1/16 of the original's, and 16 times as large",
      [small.encode(x_test), large.encode(x_test)], [z_test / 16, z_test * 16])
check("and all three rebuild the same images",
      [small.reconstruct(x_test), large.reconstruct(x_test)], [ae.reconstruct(x_test)] * 2)
ask("""
Could one give the codes a place by adding a penalty, the mean of Σ z², to the loss?
""", """
Not that way. The twin with c = 1/16 rebuilds just as well, and pays 1/256 of the penalty; c =
1/1000 pays less still. So the codes shrink without end, and the penalty fixes no size. Something
has to stop them. In a VAE that is noise: a code that shrinks is drowned in it (lesson 6). And a
penalty on single points does nothing about the holes between them, which are the second
disappointment.
""")
check("the small twin would pay 1/256 of a penalty on Σ z²", np.square(small.encode(x_test)),
      np.square(z_test) / 256)

# %%
step("First disappointment: where to draw?", "z ~ N(0, I),    probs = decode(z)")
say("""
To draw, we need random codes. The usual choice is the standard normal distribution, N(0, I): a
round cloud of points around 0, of width 1. We hand the same thousand draws to the original and to
its twins.
""")
ask("""
To the loss, the three networks are one. What will you see in the images drawn by the twin whose
codes are 16 times as large? And in those of the twin whose codes are 16 times as small?
""", """
c = 16: beside such codes the cloud is a speck, and all draws decode to nearly one image. c = 1/16:
the cloud reaches far beyond the codes, to places where nobody trained the decoder. What it draws is
hard black and white, and far from any digit. Where the original stands between the two is luck.
""")
draws = rng.standard_normal((1000, 2))
distance, spread, count = {}, {}, {}
for c, twin in twins.items():
    images = twin.decode(draws)
    drawn_as    = labels[nearest(images, x)[1]]
    distance[c] = far(images)
    spread[c]   = np.sqrt(images.var(axis=0).sum())          # the root of the pixels' variance
    count[c]    = (np.bincount(drawn_as, minlength=10) >= 10).sum()
spread_x = np.sqrt(x.var(axis=0, dtype=float).sum())
figure(plots.image_rows({f"c = {c}": twin.decode(draws[:12]) for c, twin in twins.items()},
                        data.image_shape, "The same twelve draws from N(0, I), decoded by the "
                        "twins"), "autoencoder_twins",
       "Three rows of twelve images. c = 1/16: hard black and white shapes, some like digits, some "
       "like none. c = 1: soft digits, only a few of the ten. c = 16: the same grey blur twelve "
       "times.")
table(["c", "distance to a digit", "spread of the images", "digits that appear in 1 % or more"],
      [*([c, f"{distance[c]:.3f}", f"{spread[c]:.3f}", count[c]] for c in twins),
       ["(training images)", "0.000", f"{spread_x:.3f}", 10]])
check_less("c = 16: draws differ less than a quarter as much as digits",
           spread["16"], spread_x / 4, full_size=True)
check_less("c = 1/16: draws are farther off than the average digit is", bland, distance["1/16"],
           full_size=True)
check_less("c = 1: draws are farther from any digit than rebuilt images", rebuilt, distance["1"],
           full_size=True)
check_less("and some of the ten digits hardly ever come", count["1"], 10, full_size=True,
           own_seed=True)

# %%
step("Second disappointment: holes", "half way between two codes:     z = ½ z_i + ½ z_j")
say("""
So let us draw only where codes are: half way between those of two test images. If both show the
same digit, what is decoded there is as near to digits as at the ends. If they show different
digits, the way leads across land that belongs to neither, and half way the decoder draws a little
of both. The table follows five hundred ways of each kind from one end (0) to the middle (0.5).
""")
many  = 50 if options.quick else 500
alike = alike[:, :many]
other = other[:, :many]


def on_the_way(model, code, pairs, part=0.5):
    """What is decoded at this part of the way between the codes of each pair of test images."""
    return model.decode((1 - part) * code[pairs[0]] + part * code[pairs[1]])


parts = np.linspace(0, 0.5, 6)
way_alike = [far(on_the_way(ae, z_test, alike, part)) for part in parts]
way_other = [far(on_the_way(ae, z_test, other, part)) for part in parts]
table(["part of the way", *(f"{part:.1f}" for part in parts)],
      [["same digit", *(f"{distance:.3f}" for distance in way_alike)],
       ["different digits", *(f"{distance:.3f}" for distance in way_other)]])
# Means over 500 ways with a standard error below 0.01 each: the two middles are ten of these apart.
check("between images of one digit, the middle is as good as the end, within a tenth",
      way_alike[-1], way_alike[0], rtol=0.1, full_size=True)
check_less("between two digits it is farther off, by 5 % or more",
           1.05 * way_alike[-1], way_other[-1], full_size=True)

# %%
step("The holes, on a map")
say("""
The darker the plane, the farther from any digit is what is decoded there. Up to four ways are drawn
on it, with their ends; to the right is what is decoded at the one end, in the middle, and at the
other end. They are the worst of those five hundred, among ways whose ends come back as the right
digits, and in whose middle the ten nearest training images do not agree on a digit. Not every
middle is such a hole: half way between two digits may lie a third.
""")


def agreement(images):
    """How many of the ten nearest training images are of one digit: (N,), 10 if all are."""
    ten = labels[np.argsort(squares(images, x), axis=1)[:, :10]]
    return np.array([np.bincount(row).max() for row in ten])


margin = 0.04 * np.ptp(z_test, axis=0)
low    = z_test.min(axis=0) - margin
high   = z_test.max(axis=0) + margin
side   = 20 if options.quick else 90
grid   = np.stack(np.meshgrid(*np.linspace(low, high, side).T), axis=-1)
land   = nearest(ae.decode(grid.reshape(-1, 2)), x)[0].reshape(side, side)

ends      = z_test[other]                                    # (2, ways, 2)
middles   = ends.mean(axis=0)
half_way  = ae.decode(middles)
distances = nearest(half_way, x)[0]
survived  = labels[nearest(ae.reconstruct(x_test), x)[1]] == labels_test
is_hole   = (agreement(half_way) <= 5) & survived[other].all(axis=0)
chosen    = []                       # the farthest of all holes, but no two at one place
for i in np.argsort(-distances):
    gaps = [np.linalg.norm((middles[i] - middles[k]) / (high - low)) for k in chosen]
    if is_hole[i] and len(chosen) < 4 and min(gaps, default=1) > 0.15:
        chosen.append(i)
chosen  = chosen or [int(distances.argmax())]
ways    = ends[:, chosen].swapaxes(0, 1)                     # (4, 2, 2)
triples = [ae.decode(np.stack([one, (one + two) / 2, two])) for one, two in ways]
figure(plots.holes(z_test, labels_test, land, (low, high), ways, triples, distances[chosen],
                   rebuilt, data.image_shape), "autoencoder_holes",
       "A map of the latent plane: pale around the groups of codes, dark between them. Up to four "
       "lines lead from a digit to another, across darker land; to the right of the map, the "
       "images decoded in their middles are blends of two digits.")
sure_ends   = (agreement(ae.reconstruct(x_test)) == 10).mean()
sure_middle = (agreement(half_way) == 10).mean()
table(["all of the ten nearest training images are of one digit", "share"],
      [["test images, rebuilt", f"{sure_ends:.0%}"],
       ["middles between different digits", f"{sure_middle:.0%}"]])
check_less("middles are unclear more often than rebuilt images are", sure_middle, sure_ends,
           full_size=True)

# %%
step("More room, and a first taste of the VAE")
say("""
Two numbers may simply be too few. Give the code eight. Beside it, two VAEs of the same sizes: in
place of a code, their encoder gives a range for each number, from which the code is drawn; and one
more term in the loss wants all these ranges to lie where N(0, I) lies (lessons 4 and 6).
""")
ask("""
With eight numbers, the auto-encoder rebuilds far better than with two. Will its draws be better,
too?
""", """
No, they are the worst of all. In eight dimensions there is far more room around the same 1,498
codes, so that a draw from N(0, I) falls into the emptiness nearly always. To rebuild well and to
draw well are two different things.
""")
ae8, vae2, vae8 = (kind(64, 128, Z, rng=rng, dtype="float32")
                   for kind, Z in ((Autoencoder, 8), (VAE, 2), (VAE, 8)))
models = {"AE, 2": ae, "AE, 8": ae8, "VAE, 2": vae2, "VAE, 8": vae8}
for model in (ae8, vae2, vae8):
    train(model)
model_loss = {name: model.sample_loss(x_test, rng)[0] for name, model in models.items()}
table(["network, numbers in its code", "loss of the test images"],
      [[name, f"{loss:.2f}"] for name, loss in model_loss.items()])
check_less("of the two auto-encoders, that with eight numbers has the smaller loss, by three nats",
           model_loss["AE, 8"] + 3, model_loss["AE, 2"], full_size=True)
drawn = {name: model.decode(rng.standard_normal((1000, model.latent_dim)))
         for name, model in models.items()}
rows = {"real": x[rng.choice(len(x), 12)]} | {name: images[:12] for name, images in drawn.items()}
figure(plots.image_rows(rows, data.image_shape,
                        "Real digits, and twelve draws from N(0, I) by each network"),
       "autoencoder_draws",
       "Five rows of twelve images. Real digits; the auto-encoder with a code of 2, soft digits of "
       "few kinds; that with 8, pale and broken shapes; the VAE with 2, blurred digits of many "
       "kinds; the VAE with 8, digits of many kinds, less blurred.")

# %%
step("The ruler, read from both ends")
say("""
The picture is plain, and the ruler should agree. It does not, read from one end: by the first
column, an auto-encoder with two numbers draws about as well as the best VAE. It draws passable
digits, but ever the same few. So read the ruler from the other end, too: how far is a *real* digit
from the nearest of a thousand draws? What is never drawn now counts.
""")
to_digit = {name: far(images) for name, images in drawn.items()}
to_draw  = {name: nearest(x_test, images)[0].mean() for name, images in drawn.items()}
table(["network", "from a draw to the nearest digit", "from a digit to the nearest draw"],
      [[name, f"{to_digit[name]:.3f}", f"{to_draw[name]:.3f}"] for name in models])
check_less("the auto-encoder's draws are farther off with eight numbers, by a quarter or more",
           1.25 * to_digit["AE, 2"], to_digit["AE, 8"], full_size=True)
best, rest = "VAE, 8", ["AE, 2", "AE, 8", "VAE, 2"]
check_less("the VAE with eight numbers comes nearest to all real digits, by a tenth or more",
           1.1 * to_draw[best], [to_draw[name] for name in rest], full_size=True)
check_less("no other's draws are nearer to digits by as much as 5 %", to_digit[best],
           [1.05 * to_digit[name] for name in rest], full_size=True)
say("""
The VAE pays for this: its loss is larger than the auto-encoder's, since noise on the code costs
sharpness, and the term on the ranges costs nats. What it buys is a latent space in which one knows
where to draw, and where neighbours decode alike.
""")

# %%
step("What an auto-encoder learns from: one term",
     "loss = 1/N Σ -log p(x given z)      dlogits = (probs - x) / N", second=True)
say("""
The whole gradient, on a network so small that it could be done by hand (N = 3 images, D = 7 pixels,
H = 5, Z = 2). dT is short for ∂ loss / ∂ T. At the output it is probability minus pixel (lesson 5);
from there one goes back through four dense layers and two relus (lesson 3). Note what is *not* in
it: nothing pulls at z but the wish to rebuild x.
""")
tiny = Autoencoder(7, 5, 2, rng=options.seed + 9)
t = rng.random((3, 7))                                       # its batch
p = tiny.params
h1    = np.maximum(t @ p["W1"] + p["b1"], 0)
z     = h1 @ p["W_z"] + p["b_z"]
h3    = np.maximum(z @ p["W3"] + p["b3"], 0)
probs = sigmoid(h3 @ p["W4"] + p["b4"])

dlogits = (probs - t) / len(t)                               # and back, the last line first
dh3     = dlogits @ p["W4"].T
da3     = dh3 * (h3 > 0)
dz      = da3 @ p["W3"].T
dh1     = dz @ p["W_z"].T
da1     = dh1 * (h1 > 0)
by_hand = {"W1":  t.T @ da1,      "b1":  da1.sum(axis=0),
           "W_z": h1.T @ dz,      "b_z": dz.sum(axis=0),
           "W3":  z.T @ da3,      "b3":  da3.sum(axis=0),
           "W4":  h3.T @ dlogits, "b4":  dlogits.sum(axis=0)}
show("probs - x", probs - t)
show("dz", dz)


def loss_with(name, T):
    """The loss with T in the place of one parameter."""
    return tiny.loss(t, params={**p, name: T})


def flat(grads):
    """All numbers of a gradient in a row."""
    return np.concatenate([np.ravel(grads[name]) for name in p])


_, package = tiny.loss_and_grads(t)
slopes = {name: numeric_gradient(lambda T: loss_with(name, T), p[name], "complex") for name in p}
check("these lines give the package's gradient, of all eight parameters", flat(by_hand),
      flat(package), rtol=1e-14)
check("and the slope of the loss, by the complex step (lesson 3)", flat(by_hand), flat(slopes),
      rtol=1e-14)

# %%
step("The loss is level along c, and along more", """
    slope of the loss along c = Σ W_z dW_z + Σ b_z db_z - Σ W3 dW3 = 0
    z A + s in the place of z:     W_z A,     b_z A + s,     A⁻¹ W3,     b3 - s A⁻¹ W3
""", second=True)
say("""
As c grows from 1, W_z moves by W_z, b_z by b_z, and W3 by -W3. Each movement times its gradient,
added up, is the slope of the loss along this path through the parameters: 0, since the loss stays.
And c is one of many: any matrix A with an inverse, and any shift s, does what c did. Codes can be
turned and sheared, too.
""")
parts = [np.sum(by_hand["W_z"] * p["W_z"]), np.sum(by_hand["b_z"] * p["b_z"]),
         -np.sum(by_hand["W3"] * p["W3"])]
show("the three parts of the slope along c", parts, digits=6)
check("they cancel: the gradient has no opinion on the size of the codes", sum(parts), 0,
      atol=1e-15)
A     = np.array([[2.0, 0.5], [-1.0, 1.5]])
s     = np.array([3.0, -4.0])
A_inv = np.linalg.inv(A)
moved = {**p,
         "W_z": p["W_z"] @ A,
         "b_z": p["b_z"] @ A + s,
         "W3":  A_inv @ p["W3"],
         "b3":  p["b3"] - s @ A_inv @ p["W3"]}
check("shifted, turned and sheared codes: the same loss", tiny.loss(t, params=moved), tiny.loss(t),
      rtol=1e-14)

# %%
step("A rival: fit the cloud to the codes", "z ~ N(mean of the codes, their covariance)",
     second=True)
say("""
There is another cure for the first disappointment. Train the auto-encoder, measure the centre and
the covariance of its codes, and draw from a normal distribution that has these.
""")
z8     = ae8.encode(x)
fitted = ae8.decode(rng.multivariate_normal(z8.mean(axis=0), np.cov(z8.T.astype(float)), 1000))
fitted_to_digit = far(fitted)
fitted_to_draw  = nearest(x_test, fitted)[0].mean()
halfway = [far(on_the_way(ae8, ae8.encode(x_test), other)),
           far(on_the_way(vae8, vae8.encode(x_test)[0], other))]
table(["eight numbers", "a draw to a digit", "a digit to a draw", "half way between two digits"],
      [["AE, draws from N(0, I)", to_digit["AE, 8"], to_draw["AE, 8"], halfway[0]],
       ["AE, draws from the fit", fitted_to_digit, fitted_to_draw, ""],
       ["VAE, draws from N(0, I)", to_digit["VAE, 8"], to_draw["VAE, 8"], halfway[1]]])
say("""
It helps a great deal, and here the VAE stays ahead. That is a finding about these digits, not a
law: on the faces of lesson 10 the fitted auto-encoder wins. Nor does the VAE close every hole: half
way between two digits both draw about as badly. But the VAE's draws fall there less often.
""")
check_less("the fit brings draws nearer to digits, and digits to draws",
           [fitted_to_digit, fitted_to_draw], [to_digit["AE, 8"], to_draw["AE, 8"]],
           full_size=True)
check_less("the VAE's are nearer still, both ways", [to_digit[best], to_draw[best]],
           [fitted_to_digit, fitted_to_draw], full_size=True)
check("half way between two digits both are alike, within a tenth", *halfway, rtol=0.1,
      full_size=True)
mu, logvar = vae8.encode(x)
std_codes  = np.sqrt(mu.var(axis=0) + np.exp(logvar).mean(axis=0))      # over images and noise
show("standard deviation of the VAE's codes", std_codes)
check_less("all eight are near 1: off by less than a fifth", np.abs(std_codes - 1), 0.2,
           full_size=True)

# %%
end()
