"""10. Latent space: what does a code know, and where does it keep it?  (blog, sections 2.1 to 2.3)

The blog says that an encoder extracts the features of a portrait: expression, skin tone, hair.
Nobody tells it which. The drawn faces come from four factors that we know, so here one can measure
what a code holds, walk through it, and do sums with it. Each question goes to the VAE and to the
ordinary auto-encoder (AE). Some famous tricks turn out to work in both, and one does not.

    python tutorials/10_latent_space.py    (half a minute to a minute; --seed S for other faces)

It draws latent_manifold.png, latent_traversal.png, latent_arithmetic.png and latent_samples.png
into the folder that --out names (runs/tutorials if it names none).
"""
# %%
from statistics import NormalDist

import numpy as np

from numpyvae import VAE, Adam, Autoencoder, datasets, plots
from numpyvae.datasets.faces import FACTORS, draw_faces, load_faces, mouth_mask
from numpyvae.evaluate import mean_kl_per_dim
from numpyvae.narrator import (begin, check, check_less, end, figure, progress, say, show, step,
                               table)
from numpyvae.training import minibatches

options = begin(__doc__, seed=0)
rng = np.random.default_rng(options.seed)
FACE = 28, 28
if options.quick:
    count, unseen, epochs, passes = 192, 100, 1, 1
else:
    count, unseen, epochs, passes = 4000, 1000, 32, 100


def train(name, model, x, epochs, beta=1.0):
    """Train a network of either kind on batches of 64; beta weighs the KL term, if there is one."""
    adam, grads = Adam(model.params, lr=3e-3), None
    for _ in progress(range(epochs), "training " + name):
        for batch in minibatches(len(x), 64, rng):
            _, grads = model.sample_loss_and_grads(x[batch], rng, beta, out=grads)
            adam.step(grads)
    return model


def apart(a, b):
    """How far images are apart, each pair: the root mean square difference of their pixels."""
    return np.sqrt(((a - b) ** 2).mean(axis=-1))


# %%
step("A map of all digits", "x (64 numbers)  →  μ (2 numbers)  →  image")
say("""
If a code has two numbers, all of latent space is a plane, and a plane can be drawn whole. We train
a VAE with Z = 2 on the small digits and decode a grid of codes. The labels stay in the drawer: the
network never sees them.

Such a surface, bent through the space of all images, is called a manifold. The map is of use if
neighbours on it look alike, and if unseen digits land among their own kind. How far apart two
images are, here and in all that follows: the root mean square difference of their pixels.
""")
digits = datasets.load("digits")
planar = train("the map", VAE(64, 128, 2, rng=rng, dtype="float32"), digits.x_train, passes)
normal = NormalDist()
line   = [normal.inv_cdf((i + 0.5) / 16) for i in range(16)]
places = planar.decode(np.array([(z1, z2) for z2 in line for z1 in line]))
on_map = places.reshape(16, 16, 64)
next_door = apart(on_map[:, 1:], on_map[:, :-1]).mean()
far_away  = apart(places, rng.permutation(places)).mean()
mu_train, _ = planar.encode(digits.x_train)
mu_test, _  = planar.encode(digits.x_test)
nearest = ((mu_test[:, None] - mu_train) ** 2).sum(axis=2).argmin(axis=1)
same = (digits.labels_train[nearest] == digits.labels_test).mean()
check("the steps of the grid are equally probable", np.diff([normal.cdf(z1) for z1 in line]),
      1 / 16, rtol=1e-12)
check_less("neighbours look alike: less than half as different as two places at random",
           next_door, far_away / 2, full_size=True)
check_less("most unseen digits lie nearest to one of their own kind (by chance, one in ten)", 0.5,
           same, full_size=True)
figure(plots.manifold(planar.decode, (8, 8)), "latent_manifold",
       seen="A square of 225 images, each decoded from the place in the latent plane where it "
            "stands: digits that turn into one another without a break, such as 6 into 4 and 0 "
            "into 9.")

# %%
step("Three networks look at faces",
     "loss = recon + β kl,   β = 1,   β = 20    # and an AE, which has no kl")
say("""
Now the faces. Each is drawn from four factors between -1 and 1, but the code has Z = 6 numbers:
more than needed. What becomes of the other two?

A rule of thumb (of linear networks and principal directions it is a theorem: probabilistic PCA,
Tipping and Bishop 1999): a feature gets a latent dimension if the variance that it causes, summed
over the pixels, is above β x_std². Below, its KL costs more than it saves. We know how much each
factor moves the ink: so predict. Here x_std = 0.1.
""")
x, factors = load_faces(count, rng)
x_test, factors_test = load_faces(unseen, rng)
ink = np.array([draw_faces(np.outer(np.linspace(-1, 1, 99), axis)).var(axis=0).sum()
                for axis in np.eye(4)])
table(["factor", "variance of the ink", "above 0.01 (β = 1)", "above 0.2 (β = 20)"],
      [[name, f"{variance:.3f}", "yes" if variance > 0.01 else "no",
        "yes" if variance > 0.2 else "no"] for name, variance in zip(FACTORS, ink)])
check_less("at β = 1 every factor is worth a dimension", 0.01, ink)
check("at β = 20 all are but the expression, since a mouth is a few thin lines", ink > 0.2,
      np.arange(4) > 0)
sizes = dict(input_dim=784, hidden_dim=128, latent_dim=6, likelihood="gaussian", x_std=0.1, rng=rng,
             dtype="float32")
vae = train("the VAE, β = 1", VAE(**sizes), x, epochs)
strict = train("the VAE, β = 20", VAE(**sizes), x, epochs, beta=20.0)
ae = train("the AE", Autoencoder(**sizes), x, epochs)
networks = {"VAE, β = 1": vae, "VAE, β = 20": strict, "AE": ae}


def encode(name, x):
    """The codes that a network gives these images: the means, where it gives distributions."""
    found = networks[name].encode(x)
    return found if name == "AE" else found[0]


codes      = {name: encode(name, x) for name in networks}
codes_test = {name: encode(name, x_test) for name in networks}

# %%
step("Which dimensions are used", "KL of dimension j    # a mean over unseen faces")
say("""
A dimension whose KL is near 0 holds the prior, whatever the face: the decoder learns nothing from
it. We call it used above 0.1 nats.
""")
kl_1  = mean_kl_per_dim(vae, x_test)
kl_20 = mean_kl_per_dim(strict, x_test)
used  = kl_20 > plots.USED
show("KL per dimension, β = 1 ", kl_1, 2)
show("KL per dimension, β = 20", kl_20, 2)
check("β = 1: all six are used, though four would do", (kl_1 > plots.USED).sum(), 6,
      full_size=True)
check("β = 20: as many are used as there are factors above the price", used.sum(),
      (ink > 0.2).sum(), full_size=True)
say("""
At β = 1 the two spare dimensions are not idle. A head that grows longer moves its edge, so the
faces form no flat sheet with four directions but a bent one. Principal component analysis finds
more than six directions that pass the rule at β = 1. (And four at β = 20, one more than are used:
for a bent sheet the rule is no theorem.)
""")
spread = np.sort(np.linalg.eigvalsh(np.cov(x.T)))[::-1]
check_less("seven principal directions have more than 0.01, and four more than 0.2", (0.01, 0.2),
           spread[[6, 3]])

# %%
step("Which dimension holds which factor",
     "R² = 1 - missed variance / variance    # of one dimension: correlation²")
say("""
First the best dimension alone, over a thousand unseen faces. Then all six together: how well does
the best weighted sum of them (a linear regression, fitted on the training faces) tell the factor?
""")


def ruler(inputs):
    """The linear regression from inputs to factors, as a function; a touch of ridge, since some
    pixels never change.
    """
    centre = inputs.mean(axis=0)
    A = (inputs - centre).astype(float)
    W = np.linalg.solve(A.T @ A + 1e-2 * np.eye(A.shape[1]), A.T @ factors)
    return lambda some: (some - centre) @ W + factors.mean(axis=0)


def r2(read, inputs):
    """Of unseen faces: the share of each factor's variance that the ruler tells."""
    return 1 - ((read(inputs) - factors_test) ** 2).mean(axis=0) / factors_test.var(axis=0)


def r2_of_the_best(name):
    """The same of the one dimension, for each factor, that tells it best."""
    single = np.corrcoef(codes_test[name].T, factors_test.T)[:6, 6:]
    if name == "VAE, β = 20":
        single[~used] = np.nan                   # the little that moves there is no code
    return np.nanmax(single ** 2, axis=0)


best        = {name: r2_of_the_best(name) for name in networks}
together    = {name: r2(ruler(codes[name]), codes_test[name]) for name in networks}
pixel_ruler = ruler(x)
by_pixels   = r2(pixel_ruler, x_test)
told_by = {**{f"{name}, the best one": best[name] for name in networks},
           **{f"{name}, all six": together[name] for name in networks},
           "all 784 pixels": by_pixels}
table(["R² of", *FACTORS],
      [[name, *(f"{value:.2f}" for value in row.round(2) + 0.0)] for name, row in told_by.items()])
both = np.array([together["VAE, β = 1"], together["AE"]])
check_less("VAE and AE: six numbers tell more than half of the variance of every factor", 0.5, both,
           full_size=True)
check_less("neither reads much better, a mean over the factors",
           abs(both[0].mean() - both[1].mean()), 0.1, full_size=True)
check_less("β = 20 lost the expression, as predicted", together["VAE, β = 20"][0], 0.35,
           full_size=True)
check_less("and kept the others, each mostly in one dimension", 0.6, best["VAE, β = 20"][1:],
           full_size=True)
others = [best[name][1:].mean() for name in ("VAE, β = 1", "AE")]
check_less("where single dimensions tell less in the other two",
           others, best["VAE, β = 20"][1:].mean(), full_size=True)
check_less("no code beats the pixels by 0.02",
           list(together.values()), by_pixels + 0.02, full_size=True)
say("""
So the codes of the AE and of β = 1 know all four factors, and spread them over their six numbers.
At β = 20 each factor that is left has, mostly, a drawer to itself. How tidy the drawers are depends
on the seed: try --seed 3.

Mind the last row of the table, too. Six numbers are no easier to read than 784 pixels are. The
factors were never hidden; a code makes them small.

Why? Turn the AE's codes by any rotation Q, let the decoder turn them back, and nothing has changed:
its axes mean nothing. The VAE's prior is round and does not mind either, so the KL stays as it is.
But σ_j belongs to axis j: after a turn the noise points in directions where it hurts, and the
reconstruction pays. (Rolínek et al. 2019 found this; it is a tendency and no promise, say Locatello
et al. 2019.)
""")
Q, _ = np.linalg.qr(rng.standard_normal((6, 6)))
Q    = Q.astype("float32")
p, a = strict.params, ae.params
turned_vae = p | {"W_mu": p["W_mu"] @ Q, "b_mu": p["b_mu"] @ Q, "W3": Q.T @ p["W3"]}
turned_ae  = a | {"W_z": a["W_z"] @ Q, "b_z": a["b_z"] @ Q, "W3": Q.T @ a["W3"]}
eps = rng.standard_normal((unseen, 6))
_, recon, kl               = strict.loss(x_test, eps)
_, turned_recon, turned_kl = strict.loss(x_test, eps, params=turned_vae)
check("the AE does not notice a turn", ae.loss(x_test), ae.loss(x_test, params=turned_ae),
      rtol=1e-6)
check("nor does the KL of the VAE", kl, turned_kl, rtol=1e-6)
check_less("but its reconstruction does: it gets worse", recon, turned_recon, full_size=True)

# %%
step("A traversal: turn one knob", "z = (0, …, z_j, …, 0),   z_j from -2 to 2")
say("""
Now in the other direction: move one number, leave the rest at 0, decode, and read the factors back
with the linear regression on all 784 pixels of step 4. We turn the knobs of β = 20, some of which
should be dead.
""")
turns = np.linspace(-2, 2, 9)
walks = [strict.decode(np.outer(turns, axis)) for axis in np.eye(6)]
read   = np.array([pixel_ruler(walk) for walk in walks])         # the factors, along each walk
change = read[:, -1] - read[:, 0]
ends   = np.array([apart(walk[0], walk[-1]) for walk in walks])


def signed(value):
    """With its sign, and 0 without one."""
    return f"{value:+.1f}" if value else "0.0"


table(["knob", "KL", "ends differ by", *FACTORS],
      [[f"z{j + 1}", f"{kl_20[j]:.2f}", f"{ends[j]:.3f}", *map(signed, change[j].round(1))]
       for j in range(6)])
check_less("used knobs change a drawing five times as much as dead ones",
           5 * ends[~used].max(initial=0), ends[used], full_size=True)
check_less("each used knob moves some factor by at least 0.8",
           0.8, np.abs(change[used]).max(axis=1, initial=0), full_size=True)
rows = {f"z{j + 1}  (KL {kl_20[j]:.2f})": walks[j] for j in np.argsort(-kl_20)[:4]}
figure(plots.image_rows(rows, FACE,
                        "Three knobs that draw, and one of the three that do nothing (β = 20)",
                        [f"{turn:+g}" if turn else "0" for turn in turns]), "latent_traversal",
       seen="One face, with one latent variable turned from -2 to 2 in each row: three of them "
            "change the hair, the shape of the face and the skin tone, one at a time, and the "
            "fourth changes nothing.")
say("""
At β = 20 two knobs are idle that four factors do not need; the third idle one is the one that the
smile would have had. Look at the face that all knobs share at 0: its mouth is a grey bar. Made to
draw one mouth for every expression, the decoder takes the one with the smallest squared error,
their mean.

Nothing said that a knob must move one factor only. Read along the rows of the table: where two
factors move, the network has mixed them. Does another --seed mix the same ones?
""")
mouth  = ~mouth_mask()
mouths = draw_faces(np.outer(np.linspace(-1, 1, 99), np.eye(4)[0])).reshape(99, 784)[:, mouth]
shared = walks[0][4][mouth]                      # where the knob is at 0
check_less("that mouth is nearer to the mean of all than to a straight one",
           apart(shared, mouths.mean(axis=0)), apart(shared, mouths[49]), full_size=True)

# %%
step("Arithmetic with faces", "z(pale face)  +  [mean z of dark faces - mean z of pale faces]")
say("""
Where no dimension is "skin tone", a *direction* may be. Take the mean code of the faces whose
factor is above 0.5, minus that of those below -0.5: a step of 1.5. Add it to the code of an unseen
face from the low end, and decode. Since we can draw, we know what ought to come out. Two rivals:
the AE, and the same sum done with the pixels themselves.
""")
starts = [factors_test[column < -0.5] for column in factors_test.T]
before = [draw_faces(f).reshape(-1, 784) for f in starts]
wanted = [draw_faces(f + 1.5 * axis).reshape(-1, 784) for f, axis in zip(starts, np.eye(4))]


def steps(inputs):
    """For each factor, the mean of the high group minus that of the low one."""
    return [inputs[column > 0.5].mean(axis=0) - inputs[column < -0.5].mean(axis=0)
            for column in factors.T]


def add(name):
    """The sums, done in the codes of a network."""
    return [networks[name].decode(encode(name, start) + way)
            for start, way in zip(before, steps(codes[name]))]


BOTH = ("VAE, β = 1", "AE")
check("the two groups differ by 1.5", np.diag(steps(factors)), 1.5,
      atol=0.2 if options.quick else 0.05)
sums = {"no shift": before,
        "pixels": [start + way for start, way in zip(before, steps(x))],
        **{name: add(name) for name in BOTH}}
errors = {}
for name, images in sums.items():
    errors[name] = np.array([apart(one, other).mean() for one, other in zip(images, wanted)])
table(["mean error of", *FACTORS],
      [[name, *(f"{value:.3f}" for value in error)] for name, error in errors.items()])
for name in BOTH:
    check_less(f"{name}: the sum takes at least a third off the error",
               1.5 * errors[name], errors["no shift"], full_size=True)
    check_less(f"{name}: for shape and hair, it beats the pixels' sum",
               errors[name][2:], errors["pixels"][2:], full_size=True)
check_less("but pixels add a smile as well (to a fifth)",
           errors["pixels"][0], 1.2 * errors["VAE, β = 1"][0], full_size=True)
say("""
A smile is a matter of a pixel or two, and can be added as ink. Hair and edges that travel further
cannot: there the pixels leave ghosts, and a code earns its keep. But it need not be a VAE's. The AE
does it too.
""")


def three_of_each(images):
    """The first three images for each factor, in one row."""
    return np.concatenate([some[:3] for some in images])


rows = {"before": three_of_each(before),
        "pixels": three_of_each(sums["pixels"]),
        "AE":     three_of_each(sums["AE"]),
        "VAE":    three_of_each(sums["VAE, β = 1"]),
        "drawn":  three_of_each(wanted)}
figure(plots.image_rows(rows, FACE, "Adding a feature: in pixels, ghosts; in a code, a face",
                        [word for name in FACTORS for word in ("", f"+ {name}", "")]),
       "latent_arithmetic",
       seen="Twelve faces before a feature is added, and after, in pixels, in the codes of an "
            "auto-encoder and of a VAE, and as it should be drawn. Added in pixels the old "
            "feature shows through like a ghost; added in a code there is one face.")

# %%
step("Half way between two faces", "decode(½ z_a + ½ z_b)     against     ½ x_a + ½ x_b")
say("""
The mean of two images is a double exposure. The mean of two codes should be one face: the one drawn
from the factors half way. That face we can draw, and measure who comes nearer, over five hundred
pairs of unseen faces. (And fairness demands a case that the cross-fade wins.)
""")
a, b   = np.split(x_test, 2)
middle = draw_faces(np.mean(np.split(factors_test, 2), axis=0)).reshape(-1, 784)


def half_way(name):
    """What a network decodes half way between the codes of a and b."""
    return networks[name].decode((encode(name, a) + encode(name, b)) / 2)


off = {**{name: apart(half_way(name), middle) for name in BOTH},
       "cross-fade": apart((a + b) / 2, middle)}
nearer = {name: (error < off["cross-fade"]).mean() for name, error in off.items()}
table(["", "mean error", "nearer than the cross-fade"],
      [[name, f"{off[name].mean():.4f}", f"{nearer[name]:.0%}"] for name in off])
for name in BOTH:
    check_less(f"{name}: nearer than the cross-fade on average",
               off[name].mean(), off["cross-fade"].mean(), full_size=True)
    check_less(f"{name}: and in at least six pairs of ten", 0.6, nearer[name], full_size=True)
pale, dark, true = draw_faces([[0.3, tone, 0.5, 0.2] for tone in (-1, 1, 0)])
check("where only the skin differs, the cross-fade *is* the face half way", (pale + dark) / 2, true,
      rtol=1e-6)

# %%
step("A face that nobody drew",
     "z ~ N(0, I),  decoded    # how far to the nearest of 8,000 drawn faces?")
say("""
So far the AE kept up. Now the question that it was never asked: where in its space do faces lie at
all? The VAE's KL term pulled all codes towards N(0, I), so one knows where to draw. For the AE we
try the same, and then, to be fair, a second way: N(mean, covariance) of its own codes, measured
after training.
""")
gallery, _ = load_faces(2 * count, rng)


def to_nearest(images):
    """The distance of each image to the nearest drawn face, as `apart` measures it."""
    # |a - b|² = |a|² + |b|² - 2 a·b
    squares = ((images ** 2).sum(axis=1)[:, None] + (gallery ** 2).sum(axis=1)
               - 2 * images @ gallery.T)
    return np.sqrt(np.maximum(squares.min(axis=1), 0) / 784)


z = rng.standard_normal((400, 6))
fitted = rng.multivariate_normal(codes["AE"].mean(axis=0), np.cov(codes["AE"].T), 400)
drawn = {"VAE, β = 1":  vae.decode(z),
         "VAE, β = 20": strict.decode(z),
         "AE, N(0, I)": ae.decode(z),
         "AE, fitted":  ae.decode(fitted)}
distance = {name: to_nearest(images).mean() for name, images in drawn.items()}
real     = to_nearest(x_test[:400]).mean()
eps = rng.standard_normal((count, 6))
std = {"VAE, β = 1":  vae.reparameterize(*vae.encode(x), eps).std(axis=0),
       "VAE, β = 20": strict.reparameterize(*strict.encode(x), eps).std(axis=0),
       "AE":          codes["AE"].std(axis=0)}
for name in std:
    show(f"std of z over all faces, {name}", std[name], 2)
table(["", "to the nearest face"],
      [*([name, f"{value:.3f}"] for name, value in distance.items()),
       ["unseen faces", f"{real:.3f}"]])
check("a face of the gallery is at distance 0, to rounding", to_nearest(gallery[:9]), 0.0,
      atol=5e-3)
check_less("the AE's codes fill a corner of N(0, I): every std is below 0.75", std["AE"], 0.75,
           full_size=True)
check("the codes of β = 20 fill N(0, I): every std is 1, to a fifth", std["VAE, β = 20"], 1.0,
      atol=0.2, full_size=True)
check_less("the AE decodes N(0, I) twice as badly",
           2 * distance["VAE, β = 1"], distance["AE, N(0, I)"], full_size=True)
check_less("and its own normal four times better",
           4 * distance["AE, fitted"], distance["AE, N(0, I)"], full_size=True)
check_less("the stricter VAE comes nearer than the looser",
           distance["VAE, β = 20"], distance["VAE, β = 1"], full_size=True)
rows = {name: images[:12] for name, images in drawn.items()}
figure(plots.image_rows(rows, FACE, "Only where codes lie does the decoder know what to draw"),
       "latent_samples",
       seen="Rows of twelve draws: from the prior, the VAE with β = 1 draws some faces and some "
            "blots, with β = 20 faces without an expression; the auto-encoder draws distorted "
            "faces from N(0, I), and sound ones from a Gaussian that was fitted to its codes.")
say("""
What does the KL term buy, then? Not a code that knows more, nor sums that the AE cannot do. It buys
a *known place*: one may draw from N(0, I) without having looked at a single code. At β = 1 the
draws are less like faces; at β = 20 they are like them, but the smile is gone. That is the bargain
which β strikes.

To think about: what would you have to do to the faces for β = 20 to keep the smile, and to lose the
hair? And the AE's codes were fitted by one normal distribution after training: when would that
fail?
""")

# %%
end()
