"""13. Ask for a digit: can one tell a VAE which digit to draw?  (blog, section 4: its source's end)

A VAE draws digits, but whichever it likes. The text that the blog recommends ends with a way to ask
for one: give every class a prior of its own, N(M_y, I), with a mean that is learned. One term of
the loss changes, one gradient is new, and what comes with it is a classifier that nobody trained.
Lesson 6 explains the KL, lesson 11 the bound.

    python tutorials/13_ask_for_a_digit.py    (12 seconds; --pause waits for Enter after every step)

It draws ask_for_a_digit.png, class_means.png and misread.png into the folder that --out names
(runs/tutorials if it names none).
"""
# %%
import numpy as np

from numpyvae import VAE, Adam, ConditionalVAE, datasets, numeric_gradient, plots
from numpyvae.evaluate import encode, neg_elbo
from numpyvae.latent import kl_divergence, kl_to_class, kl_to_class_backward
from numpyvae.narrator import (ask, begin, check, check_less, end, figure, progress, say, show,
                               step, table)
from numpyvae.training import minibatches

options = begin(__doc__, seed=13)
rng = np.random.default_rng(options.seed)

# %%
step("A place for every class", """
    p(z)         = N(0, I)                                 # the VAE: one prior for all images
    p(z given y) = N(M_y, I)                               # one for each label y, its mean learned
    loss         = -E_q log p(x given z) + KL(q, N(M_y, I))
""")
say("""
The VAE's prior says where codes lie: around the origin, all of them. Decode a draw from it, and you
get some digit. If every class had a region of its own, one could draw from that region, and would
know what comes. So let the prior depend on the label: still a round bell of width 1, but around a
mean M_y that belongs to the class. M has ten rows, one for each digit, and is learned like any
weight. Nothing else changes: the encoder sees the image alone, and so does the decoder its code.
""")
ask("""
M is free to move anywhere. What will pull the means apart, and what could pull them together?
""", """
The decoder pulls them apart: where the regions of two classes overlap, it must draw a mixture of
both, and pays for it. What pulls a mean is the KL term alone, towards the codes of its own class:
M_y sits where these are. So nothing pulls the means together: step 8 watches them drift apart.
""")
N, Z, C = 5, 2, 3
y = np.array([2, 0, 2, 1, 0])
M = np.array([[1.5, 0.0], [-1.0, 1.2], [0.3, -1.4]])
show(y=y, M=M)
show("M[y], a prior mean for each of the five images", M[y])
check("M[y] picks one row for each label", M[y], np.eye(C)[y] @ M)

# %%
step("The KL to such a prior", """
    KL(N(μ, σ²), N(m, 1)) = ∫ q(z) log [q(z) / N(z; m, 1)] dz
                          = KL(N(μ - m, σ²), N(0, 1))      # let z = m + t: both bells move by m
                          = ½ ((μ - m)² + σ² - 1 - log σ²)
""")
say("""
No new integral is needed. Slide both bells by the same amount, and the area between them stays what
it was; slide them so far that the prior arrives at 0, and it is lesson 6's formula, with μ - m in
the place of μ. So the code no longer pays for its distance from the origin, but for its distance
from the mean of its class. By strips again, to be sure.
""")
mu, std, m = 0.9, 0.6, 1.5
dz      = 1 / 256
z       = dz * np.arange(-5000, 5001)
log_q   = -0.5 * ((z - mu) / std) ** 2 - np.log(std)
log_p   = -0.5 * (z - m) ** 2
density = np.exp(log_q) / np.sqrt(2 * np.pi)
brute   = np.sum(density * (log_q - log_p)) * dz
formula = 0.5 * ((mu - m) ** 2 + std ** 2 - 1 - np.log(std ** 2))
table(["KL(N(0.9, 0.6²), N(m, 1))", "by strips", "by the formula"],
      [["m = 1.5", f"{brute:.14f}", f"{formula:.14f}"]])
check("the integral is the formula", brute, formula, rtol=1e-14)
mus     = rng.standard_normal((N, Z))
logvars = rng.standard_normal((N, Z))
kl      = kl_to_class(mus, logvars, M, y)
check("the package's kl_to_class is lesson 6's, moved", kl, kl_divergence(mus - M[y], logvars))

# %%
step("The gradient of M, by hand", """
    ∂KL / ∂μ   =  μ - M_y
    ∂KL / ∂M_y = -(μ - M_y)                                # it enters through the difference alone
    dM_c       = -Σ_{n: y_n = c} dμ_kl_n                   # every image of the class pulls at it
    dM         = -Yᵀ dμ_kl                                 # the same, Y = the labels one-hot
""")
say("""
μ and M_y meet in a difference, so that what pulls one pulls the other, the opposite way: the spring
of lesson 6 now has two loose ends. A row of M is used by every image of its class, so its gradient
is a sum over them. As a product: Y has a row for each image, with a 1 in the column of its class;
M[y] is Y M, and lesson 3's rule for W makes it Yᵀ times what comes back. The gradient of log σ² is
what it was.
""")
dkl = rng.standard_normal(N)
dmu, dlogvar, dM = kl_to_class_backward(dkl, mus, logvars, M, y)
Y = np.eye(C)[y]
show(Y=Y, dmu=dmu, dM=dM)
check("dM is -Yᵀ dμ", dM, -Y.T @ dmu, rtol=1e-15)
by_loop = np.array([-dmu[y == c].sum(axis=0) for c in range(C)])
check("and the sum over the images of each class", dM, by_loop, rtol=1e-15)
slope = numeric_gradient(lambda M: dkl @ kl_to_class(mus, logvars, M, y), M, "complex")
check("and the slope, by the complex step", dM, slope, rtol=1e-15)

# %%
step("Ask", "z ~ N(M_y, I),     probs = decode(z)")
say("""
Train it on the digits: 64 pixels, 128 hidden units, 8 latent dimensions. Then ask, ten times for
each digit.
""")
digits  = datasets.load("digits")
x, y    = digits.x_train, digits.labels_train
x_test  = digits.x_test.astype(float)
y_test  = digits.labels_test
pauses  = (1, 2, 3) if options.quick else (30, 60, 120)      # the epochs after which we look


def train(model, look, **labels):
    """Train a model, with the labels if it wants them  ->  what `look` saw after each pause."""
    noise = np.random.default_rng(options.seed + 1)
    adam  = Adam(model.params, lr=3e-3)
    seen  = []
    for epoch in progress(range(1, pauses[-1] + 1), f"training the {model.TITLE}"):
        for batch in minibatches(len(x), 64, noise):
            of_batch = {name: label[batch] for name, label in labels.items()}
            _, grads = model.sample_loss_and_grads(x[batch], noise, **of_batch)
            adam.step(grads)
        if epoch in pauses:
            seen.append(look(model))
    return seen


def means(model):
    """A copy of M."""
    return model.params["M"].copy()


cvae   = ConditionalVAE(64, 128, 8, num_classes=10, rng=options.seed, dtype="float32")
M_seen = train(cvae, means, y=y)
asked  = np.repeat(np.arange(10), 50)
drawn  = cvae.generate(asked, rng)
rows   = {str(c): drawn[asked == c][:10] for c in range(10)}
figure(plots.image_rows(rows, digits.image_shape, "Ten of each digit that was asked for"),
       "ask_for_a_digit", "Ten rows of ten drawn digits. Each row shows the digit that was asked "
       "for, from 0 to 9, in ten different hands; a few are hard to read.")
say("""
Did it obey? Let the nearest training image say what each of 500 draws is: it reads 98 of 100 test
images rightly.
""")


def read_by_the_nearest(images):
    """The label of the training image that is nearest to each."""
    squares = (images ** 2).sum(axis=1)[:, None] - 2 * images @ x.T + (x ** 2).sum(axis=1)
    return y[squares.argmin(axis=1)]


ruler   = (read_by_the_nearest(x_test) == y_test).mean()
obeyed  = (read_by_the_nearest(drawn) == asked).mean()
show("test images that the nearest training image reads rightly", ruler)
show("draws that it reads as what was asked for", obeyed)
check_less("the ruler is a good one", 0.95, ruler)
check_less("at least 85 of 100 draws are what was asked for", 0.85, obeyed, full_size=True)

# %%
step("A classifier that nobody trained", """
    log r(y given x) = log π_y - ½ |μ - M_y|² + const      # π_y: how common the class is
""")
say("""
Here is an image without a label. Which class explains its code best? The one whose prior would
charge the least: compute the KL to all ten. The terms of σ are the same for each, and cancel; what
is left is the distance from μ to the means. The nearest mean wins.
""")
ask("""
Nothing in the loss asks for a good classifier. Digits are read by one rightly in what share of the
cases, do you think: 1 in 10, by chance? Half? Nine in ten?
""", """
More than nine in ten, as the step measures. The labels were there in training, if only to say which
mean pulls; to keep the classes apart is what pays, and then the nearest mean can tell them.
""")
mu, logvar = encode(cvae, x_test)
KL = np.array([kl_to_class(mu, logvar, cvae.params["M"], np.full(len(mu), c))
               for c in range(10)]).T
read  = cvae.classify(x_test)
right = read == y_test
check("the smallest of ten KLs is the nearest mean", KL.argmin(axis=1), read)
show("test images read rightly", right.mean())
check_less("more than 0.9", 0.9, right.mean(), full_size=True)
wrong = np.flatnonzero(~right)[:10]
if len(wrong) and not options.quick:
    words = [f"{y_test[i]} as {read[i]}" for i in wrong]
    figure(plots.image_rows({"": x_test[wrong]}, digits.image_shape, "What it misreads", words),
           "misread", "The test images that are misread, each with its label and with what it was "
           "taken for; most are written carelessly.")

# %%
step("All means equal: the VAE again", "M_y = 0 for all y:     KL(q, N(M_y, I)) = KL(q, N(0, I))")
say("""
Set every row of M to 0, and the label is forgotten: the loss is the VAE's, to the bit. And 0 is
nothing special: move all means by c, let the encoder's mean follow (b_mu + c), and let the decoder
take c off again (b3 - c W3): no image costs more or less. Only the differences between the means
say anything.
""")
plain  = VAE(64, 128, 8, rng=options.seed)
same   = ConditionalVAE(64, 128, 8, num_classes=10, rng=options.seed)
some   = slice(0, 20)
eps    = rng.standard_normal((20, 8))
at_0   = {**same.params, "M": np.zeros((10, 8))}
check("with M = 0 loss, recon and kl are the VAE's",
      same.loss(x_test[some], y_test[some], eps, params=at_0), plain.loss(x_test[some], eps))
c      = rng.standard_normal(8)
moved  = {**same.params, "M": same.params["M"] + c, "b_mu": same.params["b_mu"] + c,
          "b3": same.params["b3"] - c @ same.params["W3"]}
check("all of it moved by c: the same loss", same.loss(x_test[some], y_test[some], eps,
      params=moved), same.loss(x_test[some], y_test[some], eps), rtol=1e-13)

# %%
step("Where the best mean lies", """
    Σ_n ∂KL_n / ∂M_c = 0     →     M_c = mean of μ_n over the class c
    saved, against M = 0:          ½ Σ_c π_c |M_c|²        # nats per image
""", second=True)
say("""
The spring is at rest where the pulls of a class cancel: at the mean of its codes. A mean of squares
is smallest around the mean, and what it is smaller by is the square of the mean itself, so we can
say beforehand how many nats a class prior saves on codes that stay where they are.
""")
mu_train, logvar_train = encode(cvae, x)
mu_train, logvar_train = mu_train.astype(float), logvar_train.astype(float)
M_best = np.array([mu_train[y == c].mean(axis=0) for c in range(10)])
pi     = np.bincount(y) / len(y)
dM     = kl_to_class_backward(np.full(len(y), 1 / len(y)), mu_train, logvar_train, M_best, y)[2]
check("there the gradient of M is 0", dM, 0, atol=1e-14)
around_0    = kl_divergence(mu_train, logvar_train).mean()
around_best = kl_to_class(mu_train, logvar_train, M_best, y).mean()
saved       = 0.5 * np.sum(pi * (M_best ** 2).sum(axis=1))
table(["prior", "mean KL, nats"], [["N(0, I)", around_0], ["N(M_y, I), best M", around_best],
                                   ["saved, by the formula", saved]])
check("what is saved is ½ Σ π |M|²", around_0 - around_best, saved, rtol=1e-12)

# %%
step("Nothing holds the means", second=True)
say("""
The VAE's prior holds all codes near the origin. Here codes are held near their class's mean, and
that follows the codes: the spring has two loose ends. Distance is good for the decoder, and free.
""")


def distances(M):
    """The distances of all pairs of means."""
    pairs = np.triu_indices(len(M), 1)
    return np.linalg.norm(M[:, None] - M, axis=2)[pairs]


table(["epochs", "mean distance of two class means"],
      [[epoch, distances(M).mean()] for epoch, M in zip(pauses, M_seen)])
check_less("they go on drifting apart", distances(M_seen[0]).mean(), distances(M_seen[1]).mean(),
           full_size=True)
check_less("and on", distances(M_seen[1]).mean(), distances(M_seen[2]).mean(), full_size=True)
figure(plots.latent_scatter(mu, y_test, M=cvae.params["M"]), "class_means",
       "The codes of the test images in a plane, in the colours of their digits, with a cross at "
       "each class's mean: ten groups, each around its own cross.")

# %%
step("Is it the better model of digits?", """
    log p(x) = log Σ_y π_y p(x given y)  ≥  log π_y + log p(x given y)       # of whichever y
    so that    -log p(x)                 ≤  log 10  - log p(x given y)       # π_y = 1/10
""", second=True)
say("""
Its loss is lower than the VAE's by two nats. Not so fast: it was told the label, and a label is
worth log 10 = 2.30 nats, if all digits are equally common. The loss of a conditional VAE bounds
-log p(x given y); add the price of the label before comparing.
""")
vae = VAE(64, 128, 8, rng=options.seed, dtype="float32")
train(vae, look=id)
loss_vae,  _, _ = neg_elbo(vae, x_test, rng=1, num_samples=20)
loss_cvae, _, _ = neg_elbo(cvae, x_test, rng=1, num_samples=20, y=y_test)
with_label      = loss_cvae + np.log(10)
table(["test images", "nats per image"],
      [["VAE", f"{loss_vae:.2f}"],
       ["conditional VAE, label given", f"{loss_cvae:.2f}"],
       ["conditional VAE, label paid for", f"{with_label:.2f}"]])
check_less("with the label given it looks better by more than a nat", 1, loss_vae - loss_cvae,
           full_size=True)
check("with the label paid for, they are alike to within a third of a nat", with_label, loss_vae,
      atol=1 / 3, full_size=True)
say("""
So the gain is not a better description of digits: it is that one may ask.
""")

# %%
step("What the marginal prior has become", """
    p(z) = Σ_y π_y N(z; M_y, I)                            # a mixture of ten bells
    KL(q, p(z)) ≤ -log Σ_y π_y exp(-KL_y)                  # KL_y = KL(q, N(M_y, I))
""", second=True)
say("""
Somebody who does not know the label sees a prior with ten humps. The KL to a mixture has no closed
form, but a bound: by the formula, from ten KLs that we have. Here it stands beside an estimate from
a thousand samples of q for each image.
""")
some   = slice(0, 100)
mu_q, std_q = mu[some].astype(float), np.exp(0.5 * logvar[some].astype(float))
bound  = -np.log(np.sum(pi * np.exp(-KL[some]), axis=1))
z      = mu_q + std_q * rng.standard_normal((1000, *mu_q.shape))
log_q  = -0.5 * (((z - mu_q) / std_q) ** 2 + 2 * np.log(std_q)).sum(axis=2)
bells  = [np.log(pi[c]) - 0.5 * ((z - cvae.params["M"][c]) ** 2).sum(axis=2) for c in range(10)]
log_pz = np.logaddexp.reduce(bells)
exact  = (log_q - log_pz).mean()
error  = (log_q - log_pz).mean(axis=1).std() / np.sqrt(1000)
table(["mean of 100 images", "nats"], [["KL(q, mixture), by samples", exact],
                                       ["its standard error", error], ["the bound", bound.mean()]])
check_less("the bound holds, by more than five standard errors", exact + 5 * error, bound.mean())

# %%
step("What it is not", "p(x given z, y) = p(x given z)", second=True)
say("""
The conditional VAE that papers mean (Sohn, Lee and Yan 2015) hands the label to the encoder and to
the decoder. There z is free to carry the handwriting alone, and one can keep it and change the
digit. Here the label says only where z is drawn from: given z, it says nothing more about x. Which
digit it is, stands in z; to change it is to go elsewhere.
""")
z      = np.repeat(cvae.params["M"][[3]] + 0.5, 10, axis=0)
probs  = cvae.decode(z)
check("the decoder has no place to put a label: one z, one image", probs, probs[:1].repeat(10, 0))

# %%
end()
