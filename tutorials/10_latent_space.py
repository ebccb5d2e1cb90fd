"""10. Latent space: what does a code know, and where does it keep it?  (blog, sections 2.1 to 2.3)

The blog says that an encoder extracts the features of a portrait: expression, skin tone, hair.
Nobody tells it which. The drawn faces come from four factors that we know, so here one can measure
what a code holds, do sums with it, and draw faces that nobody drew. Each question goes to the VAE
and to the ordinary auto-encoder (AE). Some famous tricks turn out to work in both, and one does
not. For a second reading: when a feature is worth a dimension, and whether the axes mean anything.

    python tutorials/10_latent_space.py    (20 seconds; --seed S for other faces)

It draws latent_manifold.png, latent_factors.png, latent_arithmetic.png, latent_half_way.png,
latent_samples.png and latent_traversal.png into the folder that --out names (runs/tutorials if it
names none).
"""
# %%
from statistics import NormalDist

import numpy as np

from numpyvae import VAE, Adam, Autoencoder, datasets, plots
from numpyvae.datasets.faces import FACTORS, draw_faces, load_faces, mouth_mask
from numpyvae.evaluate import mean_kl_per_dim
from numpyvae.latent import kl_divergence
from numpyvae.narrator import (ask, begin, check, check_less, end, figure, progress, say, show,
                               step, table)
from numpyvae.training import minibatches

options = begin(__doc__, seed=10)
rng  = np.random.default_rng(options.seed)
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
a VAE with Z = 2 on the small digits and decode a grid of codes. The network never sees the labels.

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
same    = (digits.labels_train[nearest] == digits.labels_test).mean()
check("the steps of the grid are equally probable", np.diff([normal.cdf(z1) for z1 in line]),
      1 / 16, rtol=1e-12)
check_less("neighbours look alike: less than half as different as two places at random",
           next_door, far_away / 2, full_size=True)
check_less("more than half of unseen digits lie nearest to one of their own kind (by chance, a "
           "tenth)", 0.5, same, full_size=True)
figure(plots.manifold(planar.decode, (8, 8)), "latent_manifold",
       seen="A grid of 16 by 16 decoded digits, which change gradually from one to the next: "
            "the plane is divided into regions of zeros, sixes, fours and so on.")

# %%
step("Faces whose factors we know", """
    x = face(expression, skin tone, face shape, hair)    # each uniform between -1 and 1
    AE:   loss = error / (2 x_std²) + const              # error: squared, summed over pixels
    VAE:  loss = error / (2 x_std²) + const + kl         # x_std = 0.1
""")
say("""
Now the faces. The networks see the pixels only; the four factors we keep, to measure by. The code
has Z = 6 numbers, two more than there are factors. Pixels are grey here, so that the reconstruction
term is a squared error (lesson 15): x_std says how large an error is tolerated.
""")
turns = np.linspace(-1, 1, 9)
rows  = {name: draw_faces(np.outer(turns, axis)).reshape(-1, 784)
         for name, axis in zip(FACTORS, np.eye(4))}
figure(plots.image_rows(rows, FACE, "Four factors: one is turned in each row, the others stay at 0",
                        [f"{turn:+g}" if turn else "0" for turn in turns]), "latent_factors",
       seen="Four rows of nine drawn faces. The expression goes from frown to smile, the skin "
            "from pale to dark, the head from round to long, the hair from short to long.")
x, factors           = load_faces(count, rng)
x_test, factors_test = load_faces(unseen, rng)
sizes = dict(input_dim=784, hidden_dim=128, latent_dim=6, likelihood="gaussian", x_std=0.1, rng=rng,
             dtype="float32")
networks = {"VAE": train("the VAE", VAE(**sizes), x, epochs),
            "AE":  train("the AE", Autoencoder(**sizes), x, epochs)}


def encode(name, x):
    """The codes that a network gives these images: the means, where it gives distributions."""
    found = networks[name].encode(x)
    return found if name == "AE" else found[0]


codes      = {name: encode(name, x) for name in networks}
codes_test = {name: encode(name, x_test) for name in networks}
rebuilt    = {name: apart(networks[name].reconstruct(x_test), x_test).mean() for name in networks}
bland      = apart(x.mean(axis=0), x_test).mean()
table(["", "mean error of an unseen face"],
      [*([name, error] for name, error in rebuilt.items()), ["the mean face", bland]])
check_less("both rebuild unseen faces with a fifth of the mean face's error, or less",
           [5 * error for error in rebuilt.values()], bland, full_size=True)

# %%
step("Does the code know the factors?", """
    guess = c + Σ_j w_j z_j                # of a factor; c and w fitted by least squares
    R²    = 1 - missed / variance          # the guess's mean squared error; the factor's variance
""")
say("""
How to ask a code what it knows? Fit the best weighted sum of its six numbers to a factor, on the
faces of the training; then guess the factor of unseen faces. R² is the share of the variance that
is told: 1 if every guess is right, 0 if one might as well have guessed the mean.
""")
ask("""
We can ask the 784 pixels in the same way. Will they tell more about the four factors than the six
numbers of a code, or less?
""", """
More, as the table says: to be dark is to have dark pixels, and to smile is ink in certain places. A
code adds no knowledge. The factors were never hidden; a code makes them *small*.
""")


def ruler(inputs):
    """The best weighted sums of the inputs for all four factors, as a function."""
    centre = inputs.mean(axis=0)
    A      = (inputs - centre).astype(float)
    # Least squares: (AᵀA) W = Aᵀ factors. Some pixels never change, and have a row of zeros in AᵀA;
    # a little on its diagonal (a "ridge") gives them the weight 0.
    W = np.linalg.solve(A.T @ A + 1e-2 * np.eye(A.shape[1]), A.T @ factors)
    return lambda some: (some - centre) @ W + factors.mean(axis=0)


def r2(read, inputs):
    """Of unseen faces: the share of each factor's variance that the ruler tells."""
    return 1 - ((read(inputs) - factors_test) ** 2).mean(axis=0) / factors_test.var(axis=0)


together    = {name: r2(ruler(codes[name]), codes_test[name]) for name in networks}
pixel_ruler = ruler(x)
by_pixels   = r2(pixel_ruler, x_test)
table(["R² of", *FACTORS],
      [[name, *(f"{value:.2f}" for value in row)] for name, row in
       [*together.items(), ("784 pixels", by_pixels)]])
both = np.array([together["VAE"], together["AE"]])
check_less("VAE and AE: the code tells more than 0.7 of every factor", 0.7, both, full_size=True)
check_less("neither tells much more than the other: a mean over the factors, to 0.1",
           abs(both[0].mean() - both[1].mean()), 0.1, full_size=True)
check_less("no code beats the pixels by 0.02", both, by_pixels + 0.02, full_size=True)

# %%
step("Arithmetic with faces", "z(pale face)  +  [mean z of dark faces - mean z of pale faces]")
say("""
No single number of a code need be "skin tone". But a *direction* may be. Take the mean code of the
faces whose factor is above 0.5, minus that of those below -0.5: a step of 1.5. Add it to the code
of an unseen face from the low end, and decode. Since we can draw, we know the truth: what ought to
come out. A third rival does the same sum with the pixels themselves.
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


check("the two groups differ by 1.5", np.diag(steps(factors)), 1.5,
      atol=0.2 if options.quick else 0.05)
sums   = {"no shift": before,
          "pixels":   [start + way for start, way in zip(before, steps(x))],
          "AE":       add("AE"),
          "VAE":      add("VAE")}
errors = {}
for name, images in sums.items():
    errors[name] = np.array([apart(one, other).mean() for one, other in zip(images, wanted)])
table(["mean error of", *FACTORS],
      [[name, *(f"{value:.3f}" for value in error)] for name, error in errors.items()])
by_code = np.array([errors["VAE"], errors["AE"]])
check_less("VAE and AE: the sum takes at least a quarter off the error", by_code,
           0.75 * errors["no shift"], full_size=True)
check_less("for shape and hair, both beat the pixels' sum", by_code[:, 2:], errors["pixels"][2:],
           full_size=True)
check_less("but pixels add a smile at least as well, to a fifth", errors["pixels"][0],
           1.2 * by_code[:, 0], full_size=True)
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
        "VAE":    three_of_each(sums["VAE"]),
        "truth":  three_of_each(wanted)}
figure(plots.image_rows(rows, FACE, "Adding a feature: in pixels, ghosts; in a code, a face",
                        [word for name in FACTORS for word in ("", f"+ {name}", "")]),
       "latent_arithmetic",
       seen="Five rows of twelve faces, three for each factor: before; with the feature added "
            "in pixels, where hair and heads have pale doubles; added in the codes of AE and "
            "VAE; and the truth, which these two come close to.")

# %%
step("Half way between two faces", "decode(½ z_a + ½ z_b)     against     ½ x_a + ½ x_b")
say("""
The mean of two images is a double exposure, a cross-fade. The mean of two codes should be one face:
the one drawn from the factors half way. That face we can draw, and measure who comes nearer, over
five hundred pairs of unseen faces. (And fairness demands a case that the cross-fade wins.)
""")
a, b   = np.split(x_test, 2)
f_a, f_b = np.split(factors_test, 2)
middle = draw_faces((f_a + f_b) / 2).reshape(-1, 784)


def half_way(name):
    """What a network decodes half way between the codes of a and b."""
    return networks[name].decode((encode(name, a) + encode(name, b)) / 2)


ways   = {"cross-fade": (a + b) / 2, "AE": half_way("AE"), "VAE": half_way("VAE")}
off    = {name: apart(images, middle) for name, images in ways.items()}
nearer = {name: (error < off["cross-fade"]).mean() for name, error in off.items()}
table(["", "mean error", "nearer than the cross-fade"],
      [[name, f"{off[name].mean():.4f}", f"{nearer[name]:.0%}"] for name in off])
check_less("VAE and AE are nearer than the cross-fade, on average",
           [off["VAE"].mean(), off["AE"].mean()], off["cross-fade"].mean(), full_size=True)
check_less("and in at least six pairs of ten", 0.6, [nearer["VAE"], nearer["AE"]], full_size=True)
pale, dark, true = draw_faces([[0.3, tone, 0.5, 0.2] for tone in (-1, 1, 0)])
check("where only the skin differs, the cross-fade *is* the face half way", (pale + dark) / 2, true,
      rtol=1e-6)
far  = np.argsort(-np.linalg.norm(f_a - f_b, axis=1))[:12]        # the most different pairs
rows = {"one face": a[far], "the other": b[far]}
rows |= {name: images[far] for name, images in ways.items()}
rows["truth"] = middle[far]
figure(plots.image_rows(rows, FACE, "Half way between two faces that differ much"),
       "latent_half_way",
       seen="Twelve pairs of very different faces; below them the cross-fades, on which two "
            "outlines and two mouths can be seen; what AE and VAE decode half way, single "
            "faces; and the truth.")

# %%
step("A face that nobody drew", "z ~ N(0, I),     x = decode(z)")
say("""
So far the AE kept up. Now the question that it was never asked: where in its space do faces lie at
all? The VAE's KL term pulls all codes towards N(0, I), so one knows where to draw. For the AE we
try the same; and then, to be fair, a normal distribution fitted to its own codes, with their mean
and their covariance. We measure how far a decoded draw is from the nearest of 8,000 drawn faces.
""")
ask("""
Three ways to draw: the VAE from N(0, I), the AE from N(0, I), the AE from its fitted normal. Which
one draws best here, and which one worst? (In lesson 1 the VAE won.)
""", """
The fitted AE is the best of the three, and the AE from N(0, I) the worst. The VAE stands between:
its codes do not lie where N(0, I) is, as the next step shows. Lesson 1's VAE won since there the KL
weighed enough.
""")
gallery, _ = load_faces(2 * count, rng)


def to_nearest(images):
    """The mean distance of these images to the nearest drawn face, as `apart` measures it."""
    # |a - b|² = |a|² + |b|² - 2 a·b
    squares = ((images ** 2).sum(axis=1)[:, None] + (gallery ** 2).sum(axis=1)
               - 2 * images @ gallery.T)
    return np.sqrt(np.maximum(squares.min(axis=1), 0) / 784).mean()


def fitted(z):
    """400 draws from the normal distribution that has the mean and the covariance of z."""
    return rng.multivariate_normal(z.mean(axis=0), np.cov(z.T.astype(float)), 400)


vae, ae  = networks["VAE"], networks["AE"]
z        = rng.standard_normal((400, 6))
drawn    = {"VAE, N(0, I)": vae.decode(z),
            "AE, N(0, I)":  ae.decode(z),
            "AE, fitted":   ae.decode(fitted(codes["AE"]))}
distance = {name: to_nearest(images) for name, images in drawn.items()}
real     = to_nearest(x_test[:400])
table(["", "to the nearest face"],
      [[name, f"{value:.3f}"] for name, value in [*distance.items(), ("unseen faces", real)]])
check("a face of the gallery is at distance 0, to rounding", to_nearest(gallery[:9]), 0.0,
      atol=5e-3)
check_less("the AE decodes N(0, I) more than 1.5 times as badly as the VAE",
           1.5 * distance["VAE, N(0, I)"], distance["AE, N(0, I)"], full_size=True)
check_less("but with a fitted normal its draws are nearer to faces than the VAE's, by a third",
           1.5 * distance["AE, fitted"], distance["VAE, N(0, I)"], full_size=True)

# %%
step("Why the VAE lost", """
    earned  = recon of the mean face - recon               # what the code is worth
    paid    = kl
""")
say("""
Its codes are not where we draw: over all faces z has a standard deviation clearly below 1. Help it
as we helped the AE, with a normal distribution fitted to its own z, and it draws as well.

So why did the KL term not do its work? Look at what a code earns here, and what it pays: at such
wages nobody minds the price. On digits a code earned 6 nats and paid 3 (lesson 9), and there the
codes spread as the prior does. That is why the VAE won in lesson 1.
""")


def sample(vae, x):
    """z for each image, drawn from its posterior."""
    mu, logvar = vae.encode(x)
    return vae.reparameterize(mu, logvar, rng.standard_normal(mu.shape))


def half_square(x, probs):
    """Σ (x - probs)² / (2 x_std²), a mean over the images: recon but for a constant."""
    return ((x - probs) ** 2).sum(axis=1).mean() / (2 * 0.1 ** 2)


def earned_and_paid(vae):
    """What the codes of unseen faces are worth, and their KL, in nats."""
    mean_face = half_square(x_test, x.mean(axis=0))
    rebuilt   = half_square(x_test, vae.decode(sample(vae, x_test)))
    return mean_face - rebuilt, kl_divergence(*vae.encode(x_test)).mean()


z_vae = sample(vae, x)
drawn["VAE, fitted"] = vae.decode(fitted(z_vae))
loose        = distance["VAE, N(0, I)"]
loose_fitted = to_nearest(drawn["VAE, fitted"])
earned, paid = earned_and_paid(vae)
show("standard deviation of z over all faces", z_vae.std(axis=0), 2)
table(["earned, nats", "paid", "draws from N(0, I)", "from a fitted normal"],
      [[f"{earned:.0f}", f"{paid:.0f}", f"{loose:.3f}", f"{loose_fitted:.3f}"]])
check_less("z has a standard deviation below 0.9, on average", z_vae.std(axis=0).mean(), 0.9,
           full_size=True)
check_less("draws from the fitted normal are nearer by a third", 1.5 * loose_fitted, loose,
           full_size=True)
check("as good as the AE's, to a third", loose_fitted, distance["AE, fitted"], rtol=1 / 3,
      full_size=True)
check_less("a code earns more than ten times what it pays", 10 * paid, earned, full_size=True)

# %%
step("A higher price", "loss = recon + β kl,     β = 20")
say("""
So raise the price, to twenty times as much, and train once more. Now the codes have to be where
N(0, I) is.
""")
strict = networks["VAE, β = 20"] = train("the VAE, β = 20", VAE(**sizes), x, epochs, beta=20.0)
codes["VAE, β = 20"]      = encode("VAE, β = 20", x)
codes_test["VAE, β = 20"] = encode("VAE, β = 20", x_test)
z_strict = sample(strict, x)
drawn["VAE, β = 20, N(0, I)"] = strict.decode(z)
tight        = to_nearest(drawn["VAE, β = 20, N(0, I)"])
tight_fitted = to_nearest(strict.decode(fitted(z_strict)))
earned, paid = earned_and_paid(strict)
show("standard deviation of z over all faces", z_strict.std(axis=0), 2)
table(["earned, nats", "paid", "draws from N(0, I)", "from a fitted normal"],
      [[f"{earned:.0f}", f"20 · {paid:.1f}", f"{tight:.3f}", f"{tight_fitted:.3f}"]])
check_less("every standard deviation is 1, to 0.15", abs(z_strict.std(axis=0) - 1), 0.15,
           full_size=True)
check("to fit a normal changes nothing, to a tenth", tight_fitted, tight, rtol=0.1, full_size=True)
check_less("draws from N(0, I) are better than all those before", tight,
           [loose, loose_fitted, distance["AE, fitted"]], full_size=True)
shown = ("AE, N(0, I)", "AE, fitted", "VAE, N(0, I)", "VAE, fitted", "VAE, β = 20, N(0, I)")
rows  = {name: drawn[name][:10] for name in shown}
figure(plots.image_rows(rows, FACE, "Only where codes lie does the decoder know what to draw"),
       "latent_samples",
       seen="Five rows of ten draws. The AE from N(0, I): torn, black and white. The AE "
            "fitted: faces. The VAE from N(0, I): faces, some torn. The VAE fitted: faces. The "
            "VAE with β = 20: clean faces, all with the same grey bar for a mouth.")
say("""
What does the KL term buy, then? Not a code that knows more, nor sums that the AE cannot do. It buys
a *known place*: one may draw from N(0, I) without having looked at a single code. But only where it
weighs enough to be obeyed, and then it is paid for with detail. Look at the last row: at β = 20
every mouth is a grey bar. The smile is gone, as step 11 predicts.
""")
ask("""
The AE's codes could be fitted by one normal distribution. When would that fail?
""", """
When the codes do not look like one bell: if they lie in separate groups, as those of digits do, or
along a ring. Then a normal of the right mean and covariance covers empty land, too. In lesson 1 the
fitted normal helped the AE, and still lost to the VAE.
""")

# %%
step("What does a blurred code cost, and what does it miss?", """
    x               = √v t                       # a feature t ~ N(0, 1) moves x, with variance v
    z               = √(1 - s) t + √s ε          # its code, blurred by noise of variance s
    x̂               = √v √(1 - s) z              # the decoder's best answer
    mean of (x-x̂)²  = v s
    mean of kl      = ½ ((1 - s) + s - 1 - log s)  =  -½ log s
""", second=True)
say("""
The simplest world in which a code has to be paid for: a feature t moves the image along one
direction, with a variance of v, and one latent dimension tells it. Its mean is μ = √(1 - s) t, its
blur σ² = s, so that z has a variance of (1 - s) + s = 1 over all images; any other costs more KL
(lesson 6: T - 1 - log T ≥ 0) and gains nothing. No blur: no error, but an infinite KL. All blur, s
= 1: an error of v, and a KL of 0.
""")
t, eps = rng.standard_normal((2, 400_000))
v, s   = 1.7, 0.3
mu_t   = np.sqrt(1 - s) * t
z_t    = mu_t + np.sqrt(s) * eps
square = (np.sqrt(v) * t - np.sqrt(v * (1 - s)) * z_t) ** 2
kl_t   = kl_divergence(mu_t[:, None], np.full((len(t), 1), np.log(s)))
table(["v = 1.7, s = 0.3", "400,000 samples", "formula"],
      [["squared error", square.mean(), v * s], ["KL", kl_t.mean(), -0.5 * np.log(s)]])
for name, found, formula in (("error", square, v * s), ("KL", kl_t, -0.5 * np.log(s))):
    check(f"the mean {name} is the formula's, to five standard errors", found.mean(), formula,
          atol=5 * found.std() / np.sqrt(len(t)))

# %%
step("When is a feature worth a dimension?", """
    loss      = v s / (2 x_std²) - ½ β log s
    ∂loss/∂s  = ½ v / x_std² - ½ β / s  =  0     →     s = β x_std² / v
""", second=True)
say("""
The less blur the better the picture, and the dearer the code. Where both balance, s = β x_std² / v.
But if v is less than β x_std², that is more than 1, and the best is to tell nothing: the dimension
stays shut. So here is the rule. A feature is worth a dimension if the variance that it causes is
above β x_std², and then it costs ½ log (v / (β x_std²)) nats. (For networks without relus, and
features that are directions, this is a theorem: Tipping and Bishop 1999, Lucas et al. 2019.)
""")
blur  = np.linspace(0.001, 1, 1000)
least = [blur[(v * blur / (2 * 0.01) - 10 * np.log(blur)).argmin()] for v in (0.1, 0.4, 2.0)]
table(["β = 20, x_std = 0.1: v", "the loss is least at s", "β x_std² / v"],
      [[v, s, 0.2 / v] for v, s in zip((0.1, 0.4, 2.0), least)])
check("the loss is least at s = β x_std² / v, or at 1", least, [1, 0.5, 0.1], atol=1e-9)

# %%
step("The rule predicts", "variance of the ink, summed over the pixels, against β x_std² = 0.2",
     second=True)
say("""
We know how much ink each factor moves: draw it alone, from -1 to 1. So predict, for β = 20, which
factors get a dimension and what it costs; then look at the KL of each dimension, a mean over unseen
faces. A dimension whose KL is near 0 holds the prior, whatever the face, and tells the decoder
nothing. We call it used above 0.1 nats.
""")
ink = np.array([draw_faces(np.outer(np.linspace(-1, 1, 99), axis)).var(axis=0).sum()
                for axis in np.eye(4)])
predicted = np.maximum(0, 0.5 * np.log(ink / 0.2))
table(["factor", "variance of the ink", "above 0.2", "KL, predicted"],
      [[name, f"{variance:.3f}", "yes" if variance > 0.2 else "no", f"{nats:.2f}"]
       for name, variance, nats in zip(FACTORS, ink, predicted)])
kl_20 = mean_kl_per_dim(strict, x_test)
used  = kl_20 > plots.USED
show("KL per dimension, β = 20", kl_20, 2)
check("all factors but the expression are above 0.2, since a mouth is a few thin lines", ink > 0.2,
      np.arange(4) > 0)
check("β = 20: as many dimensions are used as there are factors above the price", used.sum(),
      (ink > 0.2).sum(), full_size=True)
check_less("in order of size, each of their KLs is the predicted one, to 0.4 nats",
           abs(np.sort(kl_20)[3:] - np.sort(predicted)[1:]), 0.4, full_size=True)
ask("""
What would you have to do to the faces for β = 20 to keep the smile, and to lose the hair?
""", """
Give the smile more ink, and the hair less: lips so thick and dark that the expression moves more
than 0.2 (it is 0.15 now), and hair so pale that it moves less (2.45 now). What a smile means to us
is nothing to the loss; it counts ink.
""")

# %%
step("Four factors, six dimensions", "β = 1:     the price is x_std² = 0.01", second=True)
say("""
At β = 1 the two spare dimensions are not idle. A head that grows longer moves its edge, so that the
faces form no flat sheet with four directions, but a bent one, and a bent sheet reaches into more
directions of the pixels. Principal component analysis counts them: it finds the straight directions
along which the pixels vary most (the eigenvectors of their covariance), and how much (the
eigenvalues). More than six pass the rule.

At β = 20 four directions do, and yet three dimensions are used. The rule takes every feature for a
straight direction, and for a bent sheet it is a rule of thumb: most of the fourth direction is the
bend of the first three, so that a decoder with relus can draw it without being told more.
""")
kl_1 = mean_kl_per_dim(vae, x_test)
spread, directions = np.linalg.eigh(np.cov(x.T))             # the largest last
spread, fourth     = spread[::-1], directions[:, -4]
show("KL per dimension, β = 1", kl_1, 2)
show("variance along the first eight principal directions", spread[:8], 3)
check("all six dimensions are used, though four would do", (kl_1 > plots.USED).sum(), 6,
      full_size=True)
check_less("more than six principal directions are above the price at β = 1", 0.01, spread[:7])
check_less("and four above that at β = 20", 0.2, spread[:4])
there  = x_test @ fourth
missed = ((strict.reconstruct(x_test) - x_test) @ fourth).var() / there.var()
show("share of the fourth direction that β = 20 draws, with its three dimensions", 1 - missed, 2)
check_less("more than 0.8", 0.8, 1 - missed, full_size=True)

# %%
step("Which dimension holds which factor?", "R² of one dimension = correlation²", second=True)
say("""
Now each dimension alone: how much of a factor does the one that tells it best tell? (For a single
number the best R² is the square of the correlation.)
""")


def r2_of_the_best(name):
    """The R² of the dimension that tells it best, for each factor."""
    single = np.corrcoef(codes_test[name].T, factors_test.T)[:6, 6:]
    if name == "VAE, β = 20":
        single[~used] = np.nan                   # the little that moves there is no code
    return np.nanmax(single ** 2, axis=0)


best    = {name: r2_of_the_best(name) for name in networks}
all_six = r2(ruler(codes["VAE, β = 20"]), codes_test["VAE, β = 20"])
rows    = [*((f"{name}, the best one", row) for name, row in best.items()),
        ("VAE, β = 20, all six", all_six)]
table(["R² of", *FACTORS],
      [[name, *(f"{value:.2f}" for value in row.round(2) + 0.0)] for name, row in rows])
check_less("β = 20 lost the expression, as predicted", all_six[0], 0.35, full_size=True)
check_less("and kept the others: all six tell 0.9 of each", 0.9, all_six[1:], full_size=True)
check_less("one dimension alone tells 0.8 of the skin tone", 0.8, best["VAE, β = 20"][1],
           full_size=True, own_seed=True)
check_less("and no dimension of the other two tells as much of it", [best["VAE"][1], best["AE"][1]],
           best["VAE, β = 20"][1], full_size=True, own_seed=True)
say("""
The codes of the AE and of the VAE with β = 1 know all four factors, and spread them over their six
numbers. At β = 20 the skin tone has a drawer to itself. Shape and hair share two drawers: with some
seeds each has one, with others they are mixed. (Of ten seeds, one mixed all three.)
""")

# %%
step("Do the axes mean anything?", """
    z → z Q,     decoder's W3 → Qᵀ W3              # Q: a rotation; the decoder turns it back
""", second=True)
say("""
Why should a factor get an axis of its own? Turn the AE's codes by any rotation Q and let the
decoder turn them back: nothing has changed. Its axes mean nothing. The VAE's prior is round and
does not mind either, so the KL stays as it is. But there is noise on the code, and σ_j belongs to
axis j: if the means turn and the noise does not, it points in other directions than before, where
more is at stake. Unless all σ are alike: then the noise is round, too, and the turn is free.

So at β = 20 the network cares about its axes, as far as their σ differ. We turn only dimensions
that are used (the others hold nothing but noise), two at a time, by 45°.
""")


def turned(params, Q, *names):
    """A network's parameters with its codes turned by Q, and a decoder that turns them back.

    names: the parameters of the layer that puts out the code
    """
    Q = Q.astype("float32")
    return params | {name: params[name] @ Q for name in names} | {"W3": Q.T @ params["W3"]}


def by_45_degrees(i, j):
    """The rotation by 45° in the plane of two dimensions."""
    Q = np.eye(6)
    Q[[i, i, j, j], [i, j, i, j]] = np.array([1, -1, 1, 1]) / np.sqrt(2)
    return Q


eps = rng.standard_normal((unseen, 6))


def rise(vae, i, j):
    """By how much recon rises, and the KL, if these two dimensions are turned by 45°."""
    params = turned(vae.params, by_45_degrees(i, j), "W_mu", "b_mu")
    before = vae.loss(x_test, eps)
    after  = vae.loss(x_test, eps, params=params)
    return np.subtract(after, before)[1:]


std_20 = np.exp(0.5 * strict.encode(x_test)[1]).mean(axis=0)
pairs  = [(i, j) for i in np.flatnonzero(used) for j in np.flatnonzero(used) if i < j]
rises  = np.array([rise(strict, i, j) for i, j in pairs]).reshape(-1, 2)
ratios = np.array([max(std_20[[i, j]]) / min(std_20[[i, j]]) for i, j in pairs])
table(["turned", "σ of the one", "of the other", "recon rises by", "the KL by"],
      [[f"z{i + 1} and z{j + 1}", f"{std_20[i]:.2f}", f"{std_20[j]:.2f}", f"{recon:.2f}",
        f"{abs(kl):.2f}"] for (i, j), (recon, kl) in zip(pairs, rises)])
at_beta_1 = np.mean([rise(vae, i, j)[0] for i in range(6) for j in range(i)])
show("at β = 1, recon rises by, a mean over all pairs", at_beta_1, 2)
Q, _ = np.linalg.qr(rng.standard_normal((6, 6)))
check("the AE does not notice any turn", ae.loss(x_test),
      ae.loss(x_test, params=turned(ae.params, Q, "W_z", "b_z")), rtol=1e-6)
check_less("nor does the KL of the VAE: less than a thousandth of a nat", abs(rises[:, 1]), 1e-3,
           full_size=True)
by_ratio = rises[np.argsort(ratios), 0]          # the pair whose σ are most alike comes first
check_less("the pair whose σ differ most pays for a turn: more than a nat", 1, by_ratio[-1:],
           full_size=True, own_seed=True)
check_less("more than the pair whose σ are most alike", by_ratio[:1], by_ratio[-1:],
           full_size=True, own_seed=True)
check_less("at β = 1 a turn costs something, too", 0, at_beta_1, full_size=True)
say("""
Skin tone moves less ink than shape and hair, so that by the rule of step 10 its σ is larger (σ² =
s), and it has an axis to itself. Shape and hair have nearly the same σ: little keeps them apart,
and so they are mixed with some seeds. It is a tendency and no promise (Rolínek et al. 2019 found
the argument, Locatello et al. 2019 its limits): if once all three are mixed, their σ are alike,
too, and nothing pulls them apart. At β = 1 a turn costs a little as well. But that axes are not
free does not make them *our* factors; there the network settles on axes that mix them.
""")

# %%
step("A traversal: turn one knob", "z = (0, …, z_j, …, 0),     z_j from -2 to 2", second=True)
say("""
Now in the other direction: move one number, leave the rest at 0, decode, and read the factors back
from all 784 pixels, as in step 3. We turn the knobs of β = 20, some of which should be dead.
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
rows = {f"z{j + 1}\n(KL {kl_20[j]:.2f})": walks[j] for j in np.argsort(-kl_20)[:4]}
figure(plots.image_rows(rows, FACE,
                        "Three knobs that draw, and one of the three that do nothing (β = 20)",
                        [f"{turn:+g}" if turn else "0" for turn in turns]), "latent_traversal",
       seen="Four rows of nine decoded faces, one for each knob. Three change the hair, the "
            "shape of the head, the skin, or two of these at once; in the fourth all faces are "
            "the same. All mouths are a grey bar.")
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
end()
