"""6. The KL term: where does its formula come from, and what is it for?  (blog, section 2.3.2)

The blog asks of its second loss term "why?", and strikes its own answer out, to stay concise. Here
is the derivation, an integral of six lines, each of which is computed by brute force as well; the
gradient; why only N(0, I) costs nothing; and what happens to a network that is trained without the
term.

    python tutorials/06_kl_divergence.py    (15 seconds; --pause waits for Enter after every step)

It draws two_bells.png, tug_of_war_on_a_code.png, with_and_without_kl.png and kl_landscape.png into
the folder that --out names (runs/tutorials if it names none).
"""
# %%
import numpy as np

from numpyvae import VAE, Adam, datasets, numeric_gradient, plots
from numpyvae.latent import (kl_divergence, kl_divergence_backward, kl_per_dim, reparameterize,
                             reparameterize_backward)
from numpyvae.narrator import (ask, begin, check, check_less, end, figure, progress, say, show,
                               step, table)
from numpyvae.training import minibatches

options = begin(__doc__, seed=6)
rng = np.random.default_rng(options.seed)

# %%
step("What it measures: the price of a wrong expectation", "KL(q, p) = Σ_i q_i log(q_i / p_i)")
say("""
Forget Gaussians for a moment. A die shows its three symbols with probabilities q; somebody believes
they are p. Call -log p_i the surprise when symbol i comes: rare things surprise more. On average
the believer's surprise is -Σ q log p, and that of somebody who knows the truth is -Σ q log q. The
difference is the Kullback-Leibler divergence: what it costs, on average, to believe p where q is
true. Papers write KL(q‖p); natural logarithms count it in nats.
""")
ask("""
Can it be negative: is there a belief p that is less surprised, on average, than the truth?
""", """
No. log t ≤ t - 1 for every t (a line that touches the curve at t = 1 and lies above it), so that
-KL = Σ q log(p / q) ≤ Σ q (p / q - 1) = Σ p - Σ q = 0, and equal only where p = q. It is no
distance, though: the two directions differ.
""")
q = np.array([0.5, 0.25, 0.25])
p = np.array([0.2, 0.4, 0.4])
table(["symbol", "q", "p", "surprise of who knows q", "of who believes p"],
      [[i, q[i], p[i], -np.log(q[i]), -np.log(p[i])] for i in range(3)])
surprise = -np.sum(q * np.log(p))
least    = -np.sum(q * np.log(q))
kl_qp    = surprise - least
kl_pq    = np.sum(p * np.log(p / q))
show("average surprise of the believer", surprise)
show("average surprise of who knows", least)
show("KL(q, p)", kl_qp)
show("KL(p, q)", kl_pq)
check("the difference is Σ q log(q / p)", kl_qp, np.sum(q * np.log(q / p)), rtol=1e-14)
check_less("the two directions differ by more than 0.01", 0.01, abs(kl_qp - kl_pq))
t = rng.uniform(0, 5, 1000)
check_less("log t < t - 1 at a thousand places", np.log(t), t - 1)
others = rng.dirichlet(np.ones(3), 1000)
check_less("every one of a thousand other beliefs costs something", 0,
           (q * np.log(q / others)).sum(axis=1))

# %%
step("Now z is a number, and the sum an integral", """
    q = N(μ, σ²)   log q = -½ log 2π  - ½ log σ²  - ½ (z - μ)² / σ²  # the encoder's answer
    p = N(0, 1)    log p = -½ log 2π              - ½ z²             # what the decoder was promised
    KL(q, p) = ∫ q (log q - log p) dz
""")
say("""
p is called the prior. q is the encoder's answer to one image, an approximate posterior: papers
write q(z|x), and lesson 11 says of what. The decoder will one day be given z from the prior, to
invent images. So what the encoder sends must look like that, and the loss charges for the
difference. In the picture below it is an area: where q is above p it is paid for, where q is below
p some is given back.
""")
mu, std = 0.9, 0.6
figure(plots.two_bells(mu, std), "two_bells", "Above, two bell curves: q, narrow, around 0.9, and "
       "p, the wide one around 0. Below, q log(q/p): a large orange area where q is above p, a "
       "small blue one where it is below; the difference of both is 0.596 nats.")
say("""
To have something to compare the formula with, add up that area by brute force, in ten thousand thin
strips. (For a smooth function that dies out at both ends this is exact to the last digits.)
""")
dz = 1 / 256
z  = dz * np.arange(-5000, 5001)


def integral(values):
    """∫ values dz over the strips."""
    return np.sum(values) * dz


log_q   = -0.5 * np.log(2 * np.pi) - 0.5 * np.log(std ** 2) - 0.5 * (z - mu) ** 2 / std ** 2
log_p   = -0.5 * np.log(2 * np.pi) - 0.5 * z ** 2
density = np.exp(log_q)
brute = integral(density * (log_q - log_p))
show("∫ q (log q - log p) dz, by strips", brute, digits=12)
check("q is a density: it integrates to 1", integral(density), 1, rtol=1e-13)

# %%
step("The integral, line by line", """
    1   KL = ∫ q (log q - log p) dz
    2      = ∫ q (½ z² - ½ (z - μ)² / σ² - ½ log σ²) dz         # the two ½ log 2π cancel
    3      = ½ ∫ q z² dz - ½ (∫ q (z - μ)² dz) / σ² - ½ log σ²  # constants come out, and ∫ q dz = 1
    4      = ½ (μ² + σ²) - ½ (∫ q (z - μ)² dz) / σ² - ½ log σ²  # z² = μ² + 2 μ (z - μ) + (z - μ)²
    5      = ½ (μ² + σ²) - ½ - ½ log σ²                         # ∫ q (z - μ)² dz = σ² by definition
    6      = ½ (μ² + σ² - 1 - log σ²)
""")
say("""
No line uses more than the line before it and the note beside it. In line 4, the cross term
vanishes: ∫ q 2 μ (z - μ) dz is 0, since μ is the mean of q. Read the lines against the numbers:
every one is computed as it stands, with strips wherever it still has an integral.
""")
var    = std ** 2
second = integral(density * z ** 2)
spread = integral(density * (z - mu) ** 2)
cross  = integral(density * 2 * mu * (z - mu))
lines  = [integral(density * (log_q - log_p)),
          integral(density * (0.5 * z ** 2 - 0.5 * (z - mu) ** 2 / var - 0.5 * np.log(var))),
          0.5 * second - 0.5 * spread / var - 0.5 * np.log(var),
          0.5 * (mu ** 2 + var) - 0.5 * spread / var - 0.5 * np.log(var),
          0.5 * (mu ** 2 + var) - 0.5 - 0.5 * np.log(var),
          0.5 * (mu ** 2 + var - 1 - np.log(var))]
table(["line", "value in nats"], [[i, f"{line:.14f}"] for i, line in enumerate(lines, 1)])
check("the cross term is 0", cross, 0, atol=1e-15)
check("∫ q z² dz is μ² + σ²", second, mu ** 2 + var, rtol=1e-13)
check("∫ q (z - μ)² dz is σ²", spread, var, rtol=1e-13)
check("all six lines are one number", lines, brute, rtol=1e-13)

# %%
step("Several latent variables: their terms add up", "KL = ½ Σ_j (μ_j² + σ_j² - 1 - log σ_j²)")
say("""
The encoder's latent variables are independent of each other, given the image, and so are the
prior's. Then both densities are products, the logarithm of a product is a sum, and the integral
falls apart into one for each variable. Below for Z = 2, with a double integral over the plane. The
package's kl_divergence does this for every row of a batch.
""")
mus     = rng.standard_normal((3, 2))
logvars = rng.uniform(-2, 2, (3, 2))
kl = kl_divergence(mus, logvars)
show(mu=mus, logvar=logvars, kl=kl)
grid = np.linspace(-28, 28, 701)
z1, z2 = grid[:, None], grid[None, :]


def log_normal(z, mu, logvar):
    """log N(z; mu, exp(logvar))."""
    return -0.5 * (np.log(2 * np.pi) + logvar + (z - mu) ** 2 / np.exp(logvar))


by_integral = []
for n in range(3):
    joint = log_normal(z1, mus[n, 0], logvars[n, 0]) + log_normal(z2, mus[n, 1], logvars[n, 1])
    ratio = joint - log_normal(z1, 0, 0) - log_normal(z2, 0, 0)
    by_integral.append(np.sum(np.exp(joint) * ratio) * (grid[1] - grid[0]) ** 2)
check("each double integral is the sum of two terms", by_integral, kl, rtol=1e-12)

# %%
step("Its gradient", """
    ∂ ½ (μ² + …) / ∂μ              = μ
    ∂ ½ (exp(v) - 1 - v) / ∂v      = ½ (exp(v) - 1) = ½ (σ² - 1)        # with v = log σ²
""")
say("""
There is no need for samples here, and no noise: both slopes are formulas. The first pulls every
mean to 0, as a spring does; the second lets a variance below 1 grow and one above 1 shrink.
""")
dmu, dlogvar = kl_divergence_backward(np.ones(3), mus, logvars)
show(dmu=dmu, dlogvar=dlogvar)
slope = numeric_gradient(lambda m: kl_divergence(m, logvars).sum(), mus, "complex")
check("dmu by the complex step", dmu, slope, rtol=1e-15)
slope = numeric_gradient(lambda v: kl_divergence(mus, v).sum(), logvars, "complex")
check("dlogvar by the complex step", dlogvar, slope, rtol=1e-15)

# %%
step("A tug of war, on one latent variable", """
    loss(μ, σ²) = E[½ (z - 3)² / s²] + KL(N(μ, σ²), N(0, 1))       # z ~ N(μ, σ²)
    E[(z - 3)²] = (μ - 3)² + σ²                                    # as in line 4
    ∂/∂μ        = (μ - 3) / s² + μ             = 0   →   μ  = 3 / (1 + s²)
    ∂/∂log σ²   = ½ σ² / s² + ½ (σ² - 1)       = 0   →   σ² = s² / (1 + s²)
""")
say("""
What does the spring pull against? Let one image want z = 3, and let s (here 0.7) say how much it
minds to miss it. The KL term wants z ~ N(0, 1).
""")
ask("""
Where will the mean rest, and how wide will the bell be: at 0, at 3, between? Narrower than 1,
wider?
""", """
Between: at 3 / (1 + s²) = 2.01, nearer to 3 the less s is. And narrower than 1: σ² = s² / (1 + s²),
0.33. Who knows Bayes' rule finds it here: this is the posterior of z when the prior is N(0, 1) and
3 was observed with an error of s. Without the KL term the mean would go all the way, and nothing
would hold the variance up.
""")
figure(plots.two_pulls(3, 0.7), "tug_of_war_on_a_code", "Three parabolas over μ: the price of "
       "missing 3, lowest at 3; the KL, lowest at 0; and their sum, lowest at a dot at 2.01.")
s = 0.7
mu1, logvar1 = np.zeros((1, 1)), np.zeros((1, 1))
# three ε whose first five moments are N(0, 1)'s
nodes, weights = np.polynomial.hermite_e.hermegauss(3)
weights = weights / weights.sum()
for _ in range(400):
    dmu1, dlogvar1 = kl_divergence_backward(np.ones(1), mu1, logvar1)
    for eps, weight in zip(nodes, weights):
        z1 = reparameterize(mu1, logvar1, eps)
        dz = weight * (z1 - 3) / s ** 2
        dmu_z, dlogvar_z = reparameterize_backward(dz, logvar1, eps)
        dmu1     = dmu1 + dmu_z
        dlogvar1 = dlogvar1 + dlogvar_z
    mu1     = mu1 - 0.2 * dmu1
    logvar1 = logvar1 - 0.2 * dlogvar1
mu_found,  var_found  = mu1.item(), np.exp(logvar1).item()
mu_wanted, var_wanted = 3 / (1 + s * s), s * s / (1 + s * s)
table(["", "by gradient descent", "by the formula"],
      [["μ", f"{mu_found:.12f}", f"{mu_wanted:.12f}"],
       ["σ²", f"{var_found:.12f}", f"{var_wanted:.12f}"]])
check("μ is what the formula says", mu_found, mu_wanted, rtol=1e-14)
check("and σ²", var_found, var_wanted, rtol=1e-14)

# %%
step("Training without the term",
     "loss = recon + β kl,     β = 0 against β = 1    # all else the same; the digits, Z = 2")
say("""
Two networks, with the same initial weights, see the same batches and the same noise. Only one of
them pays for its codes. Watch the standard deviations of the posteriors and how far the means have
spread.
""")
digits = datasets.load("digits")
x, x_test = digits.x_train, digits.x_test
epochs = 4 if options.quick else 120


def codes(vae):
    """The means and the standard deviations of the test images' posteriors, and their mean KL."""
    mu, logvar = (code.astype(float) for code in vae.encode(x_test))
    return mu, np.exp(0.5 * logvar), kl_divergence(mu, logvar).mean()


def train(beta):
    """A VAE with this weight of the KL term  ->  the network, and rows about its codes."""
    vae   = VAE(64, 64, 2, rng=0, dtype="float32")
    adam  = Adam(vae.params, lr=3e-3)
    noise = np.random.default_rng(1)
    rows  = []
    for epoch in progress(range(epochs + 1), f"training with β = {beta:g}"):
        if epoch > 0:
            for batch in minibatches(len(x), 64, noise):
                _, grads = vae.sample_loss_and_grads(x[batch], noise, beta)
                adam.step(grads)
        if epoch in (0, epochs // 4, epochs):
            mu, std, kl = codes(vae)
            rows.append([f"{beta:g}", epoch, np.median(std), mu.std(), kl])
    return vae, rows


vae_0, rows_0 = train(beta=0.0)
vae_1, rows_1 = train(beta=1.0)
table(["β", "epoch", "median σ", "spread of μ", "KL, nats"], rows_0 + rows_1)
check("at epoch 0 both are the same network", rows_0[0][2:], rows_1[0][2:])

# %%
step("What came of it")
say("""
Without the term σ has collapsed: every image is a point, as in an ordinary auto-encoder. And the
codes have drifted apart, to places of which N(0, I) knows nothing, with empty space between the
points. With it the posteriors overlap, around the origin. That is what the blog's section 2.3.2
wants, and it is why one may draw z from N(0, I) and decode it: nearly wherever it falls, some
image's posterior is near.

We measure the gaps: how far is a draw from the prior from the nearest code, in units of that code's
own σ?
""")
draws = rng.standard_normal((500, 2))


def gaps(mu, std):
    """How far each draw from the prior is from the nearest code, in that code's σ."""
    squares = ((draws[:, None] - mu) / std) ** 2
    return np.sqrt(squares.sum(axis=2).min(axis=1))


mu_0, std_0, _ = codes(vae_0)
mu_1, std_1, _ = codes(vae_1)
gaps_0 = gaps(mu_0, std_0)
gaps_1 = gaps(mu_1, std_1)
within_0, within_1 = (gaps_0 < 1).mean(), (gaps_1 < 1).mean()
table(["β", "median gap", "draws within 1 σ of a code"],
      [["0", np.median(gaps_0), f"{within_0:.0%}"],
       ["1", np.median(gaps_1), f"{within_1:.0%}"]])
check_less("without the term σ is less than a tenth of what it is with it",
           10 * np.median(std_0), np.median(std_1), full_size=True)
check_less("the means spread more than three times as far", 3 * mu_1.std(), mu_0.std(),
           full_size=True)
check_less("with the term more than eight draws of ten lie within a σ of some code",
           0.8, within_1, full_size=True)
check_less("without it half of them are more than five σ away from any", 5, np.median(gaps_0),
           full_size=True)
check("with the term all codes together are about N(0, I): mean 0", mu_1.mean(axis=0), 0, atol=0.3,
      full_size=True)
total = mu_1.var(axis=0) + (std_1 ** 2).mean(axis=0)
check("and variance, of the means and within, 1", total, 1, rtol=0.25, full_size=True)
figure(plots.posteriors({"trained without the KL term, β = 0": (mu_0, std_0),
                         "trained with it, β = 1": (mu_1, std_1)}, digits.labels_test),
       "with_and_without_kl",
       "The posteriors of the test images as ellipses, coloured by digit. Without the KL term they "
       "are tiny points spread over twenty units, with empty space between them. With it they are "
       "wide, overlap, and fill the two dashed circles of the prior.")

# %%
step("Where both terms come from, in three lines", """
    E_q log [p(x, z) / q(z given x)]  =  E_q [log p(x given z) + log p(z) - log q(z given x)]
                                      =  E_q log p(x given z)  -  KL(q, prior)
                                      =  -(recon + kl)
""")
say("""
The two terms are one. p(x, z) = p(z) p(x given z) is how the model makes an image: draw a code,
decode it. The left side asks how probable a pair of image and code is to the model, measured
against how readily the encoder names that code. Its logarithm is a sum; the first part is minus the
reconstruction loss, the other two are minus the KL, with exactly the weight 1, and with q first,
since q is what z is drawn from. Lesson 11 shows why one wants this quantity, the ELBO, as large as
possible: it is a lower bound of log p(x). Here it is, from 2,000 draws of z for each of five
images, beside the loss of the package.
""")
L      = 2000
few    = np.tile(x_test[:5].astype(float), (L, 1))
mu, logvar = vae_1.encode(few)
eps    = rng.standard_normal(mu.shape)
z      = reparameterize(mu, logvar, eps)
log_p_x_given_z = -vae_1.neg_log_p(z, few)
log_p_z         = log_normal(z, 0, 0).sum(axis=1)
log_q           = log_normal(z, mu, logvar).sum(axis=1)
log_w           = log_p_x_given_z + log_p_z - log_q
loss, recon, kl = vae_1.loss(few, eps)
error           = np.std(log_p_z - log_q) / np.sqrt(len(log_w))
table(["", "nats per image"],
      [["E_q log [p(x, z) / q(z given x)]", log_w.mean()], ["-(recon + kl)", -(recon + kl)],
       ["-loss", -loss], ["standard error of the first", error]])
check("the first is minus the loss, within five standard errors", log_w.mean(), -loss,
      atol=5 * error)

# %%
step("All codes together", """
    KL(aggregate posterior, N(0, I))     # aggregate: the mixture of all images' q
    mean KL of an image  =  KL(aggregate, N(0, I)) + how much z tells about which image it was
""", second=True)
say("""
The KL is charged for each image alone, and no image's q is N(0, I). Yet all of them together nearly
are: that is what makes draws from the prior decode well. The last line says how both can be. What
an image pays falls into two parts: how far the mixture of all q is from the prior, and how well a
code names its image. Only the second is of use to the decoder, so only the second survives.
""")


def two_parts(vae):
    """From 4,000 draws of z: KL(aggregate, N(0, I)); what z tells about its image; the error."""
    mu, std, _  = codes(vae)
    image       = rng.integers(len(mu), size=4000)
    z           = mu[image] + std[image] * rng.standard_normal((4000, 2))
    log_each    = log_normal(z[:, None], mu, 2 * np.log(std)).sum(axis=2)    # (4000, images)
    log_own     = log_each[np.arange(4000), image]
    log_mixture = np.logaddexp.reduce(log_each, axis=1) - np.log(len(mu))
    log_prior   = log_normal(z, 0, 0).sum(axis=1)
    error       = np.std(log_own - log_prior) / np.sqrt(4000)
    return (log_mixture - log_prior).mean(), (log_own - log_mixture).mean(), error


apart_0, names_0, error_0 = two_parts(vae_0)
apart_1, names_1, error_1 = two_parts(vae_1)
kl_0, kl_1 = codes(vae_0)[2], codes(vae_1)[2]
table(["β", "KL(aggregate, N(0, I))", "what z tells", "their sum", "mean KL of an image"],
      [["0", apart_0, names_0, apart_0 + names_0, kl_0],
       ["1", apart_1, names_1, apart_1 + names_1, kl_1]])
check("β = 0: the two parts add up, within five standard errors", apart_0 + names_0, kl_0,
      atol=5 * error_0)
check("β = 1: they do, too", apart_1 + names_1, kl_1, atol=5 * error_1)
check_less("with the term the aggregate is within a quarter of a nat of the prior", apart_1, 0.25,
           full_size=True)
check_less("without it, it is more than ten nats away", 10, apart_0, full_size=True)

# %%
step("Zero only at N(0, I)", "μ² ≥ 0,     σ² - 1 - log σ² ≥ 0    # equal for μ = 0, and for σ = 1",
     second=True)
say("""
The second is step 1's log t ≤ t - 1, with t = σ². So whatever an encoder says about an image, it
pays for saying it; only an encoder that says N(0, I) of everything, and so tells the decoder
nothing, has it for free. The picture is a map: 0 at the star alone, and every arrow, a step against
the gradient, leads that way.
""")
m, v   = np.linspace(-3, 3, 121), np.linspace(-4, 2.4, 121)
M, V   = np.meshgrid(m, v)
dM, dV = M, 0.5 * np.expm1(V)
here   = kl_per_dim(M, V)
there  = kl_per_dim(M - 0.1 * dM, V - 0.1 * dV)
check_less("a step against the gradient lowers it wherever it is not 0", there[here > 1e-9],
           here[here > 1e-9])
figure(plots.kl_landscape(here, dM, dV, m, v), "kl_landscape", "A map of the KL divergence over μ "
       "and log σ²: rings of equal height around a star at 0, 0, and arrows that all lead there.")

# %%
step("A word on digits", "σ² - 1 - log σ² = expm1(v) - v    # with v = log σ²", second=True)
say("""
Near σ = 1 the two large parts of σ² - 1 - log σ² nearly cancel. NumPy's expm1(v) is exp(v) - 1
without the loss; with it the package keeps eight digits where the plain form has none left.
""")
tiny   = 1e-8
plain  = 0.5 * (np.exp(tiny) - 1 - tiny)
stable = kl_per_dim(0.0, tiny)
exact  = 0.5 * (tiny ** 2 / 2 + tiny ** 3 / 6)
table(["log σ² = 1e-8", "KL"],
      [["plain", f"{plain:.12e}"],
       ["expm1", f"{stable:.12e}"],
       ["series", f"{exact:.12e}"]])
check("expm1 keeps eight digits", stable, exact, rtol=1e-7)
check_less("the plain form is off by more than half", 0.5, abs(plain / exact - 1))

# %%
end()
