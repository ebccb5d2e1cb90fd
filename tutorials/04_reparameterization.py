"""4. Reparameterization: how does a gradient pass through a random number?  (blog, section 2.4)

Between encoder and decoder the blog's network throws dice: z is a sample of N(μ, σ²). The encoder
is to learn from what the decoder did with that sample; but what is the derivative of a throw of
dice? The blog's answer is one line of code, mu + eps * std. This lesson shows what is wrong without
that line, why it is right, and how much it is worth beside the other way of differentiating through
a sample, the score function.

    python tutorials/04_reparameterization.py    (5 seconds; --pause waits after every step)

It draws reparameterization.png into the folder that --out names (runs/tutorials if it names none).
"""
# %%
from statistics import NormalDist

import numpy as np

from numpyvae import VAE, datasets, numeric_gradient, plots
from numpyvae.latent import reparameterize, reparameterize_backward
from numpyvae.narrator import (begin, check, check_less, end, figure, progress, say, show, step,
                               table)

options = begin(__doc__)
rng = np.random.default_rng(4)
many = 20_000 if options.quick else 400_000


def off(samples, expected):
    """How far the mean of samples lies from what is expected, in standard errors of that mean."""
    return abs(samples.mean() - expected) / (samples.std() / np.sqrt(len(samples)))


# %%
step("A sample blocks the gradient",
     "z ~ N(μ, σ²),     cost f(z) = ½ (z - 3)²,     ∂ cost / ∂μ = ?")
say("""
One latent variable, and for a decoder the simplest there is: it wants z to be 3, and f(z) is what
it costs to miss. Here is the attempt to find the slope by moving μ a little and drawing again, five
times. The answers have nothing to do with each other: from draw to draw z changes by about σ, while
we moved μ by a millionth. What we drew is not a function of μ at all: asked twice, it says two
different things. Here and below μ = 1 and σ = 0.5.
""")
mu, std, h = 1.0, 0.5, 1e-6


def f(z):
    """What it costs when the sample is z."""
    return 0.5 * (z - 3) ** 2


slopes = np.array([(f(rng.normal(mu + h, std)) - f(rng.normal(mu - h, std))) / (2 * h)
                   for _ in range(5)])
table(["attempt", "(f(z drawn at μ + h) - f(z drawn at μ - h)) / 2h"],
      [[i, f"{slope:,.0f}"] for i, slope in enumerate(slopes, 1)])
check_less("five attempts disagree by more than a hundred thousand", 1e5, np.ptp(slopes))

# %%
step("What we want is the slope of an average", """
    E f(z)      = ½ (μ - 3)² + ½ σ²          # the average of ½ (z - 3)² over z ~ N(μ, σ²)
    ∂ E f / ∂μ  = μ - 3
    ∂ E f / ∂σ  = σ
""")
say("""
The *average* cost does depend on μ smoothly. Of this simple f it has a formula, so that in what
follows we know what has to come out; with a neural network for f there is no such formula, and
samples are all one has. The first line holds since (z - 3)² = (z - μ)² + 2 (z - μ)(μ - 3) + (μ -
3)², and the average of z - μ is 0, that of (z - μ)² is σ².
""")
average    = 0.5 * (mu - 3) ** 2 + 0.5 * std ** 2
wanted_mu  = mu - 3
wanted_std = std
draws = f(rng.normal(mu, std, many))
show("½ (μ - 3)² + ½ σ²", average)
show(f"mean of f over {many:,} samples", draws.mean())
check_less("they agree, to 5 standard errors", off(draws, average), 5)

# %%
step("The trick: draw first, then shift and stretch", "z = μ + σ ε,     ε ~ N(0, 1)")
say("""
Any normal variable is a standard one, stretched by σ and shifted by μ. So we may draw ε first, from
a distribution that nobody can change, and compute z from it. The samples are as good as before. But
now z is an ordinary function of μ and σ, with ε as one more input, like a pixel.
""")
eps = rng.standard_normal(many)
z = mu + std * eps
for t in (0.3, 1.0, 1.8):
    share = NormalDist(mu, std).cdf(t)
    check_less(f"of the z below {t} there are as many as N(μ, σ²) has, {share:.4f}, to 5 standard "
               "errors", off((z < t).astype(float), share), 5)

# %%
step("Its derivatives", """
    ∂z / ∂μ      = 1
    ∂z / ∂σ      = ε
    σ            = exp(½ log σ²)      so   ∂σ / ∂ log σ² = ½ σ
    ∂z / ∂log σ² = ½ σ ε
""")
say("""
The network does not put out σ but log σ², called logvar: any number is allowed there, so that no
step of training can make a variance negative. The factor ½ comes from there, and is easily
forgotten. Below, three examples with two latent variables each; dz is what the decoder hands back.
""")
mus, logvars, noise, dz = rng.standard_normal((4, 3, 2))
zs = reparameterize(mus, logvars, noise)
dmu, dlogvar = reparameterize_backward(dz, logvars, noise)
show(mu=mus, logvar=logvars, eps=noise, z=zs, dz=dz)
show("dmu = dz", dmu)
show("dlogvar = dz ½ σ ε", dlogvar)
check("dlogvar is ½ σ ε for every unit of dz", dlogvar, dz * 0.5 * np.exp(0.5 * logvars) * noise,
      rtol=1e-15)
slope = numeric_gradient(lambda m: np.sum(reparameterize(m, logvars, noise) * dz), mus, "complex")
check("dmu is the slope of Σ z dz by the complex step", dmu, slope, rtol=1e-15)
slope = numeric_gradient(lambda v: np.sum(reparameterize(mus, v, noise) * dz), logvars, "complex")
check("dlogvar is, too", dlogvar, slope, rtol=1e-15)
check_less("for any log σ² from -100 to 100, σ is above 0", 0,
           np.exp(0.5 * np.linspace(-100, 100, 9)))

# %%
step("So the slope of the average is an average of slopes", """
    E f(z)     = ∫ f(μ + σ ε) N(ε; 0, 1) dε               # no μ and no σ in the density any more
    ∂ E f / ∂μ = ∫ f′(μ + σ ε) · 1 N(ε; 0, 1) dε = E f′(z)
    ∂ E f / ∂σ = ∫ f′(μ + σ ε) · ε N(ε; 0, 1) dε = E f′(z) ε
""")
say("""
The derivative may go under the integral because what μ and σ move now is only the inside of f
(which must be continuous, smooth but for kinks such as relu's, and must not grow too fast). Each
draw of ε gives one estimate of the slope, f′(z): backpropagation through the sample, called the
*path* estimate, since the gradient goes the way that z goes. One estimate is off, their average is
right.
""")
slope = z - 3                                                # f′(z)
by_path = {"μ": slope, "σ": slope * eps}
wanted = {"μ": wanted_mu, "σ": wanted_std}
for name, estimates in by_path.items():
    show(f"∂ E f / ∂{name}, the first five estimates", estimates[:5])
    check_less(f"the mean of all, {estimates.mean():.4f}, is {wanted[name]}, to 5 standard errors",
               off(estimates, wanted[name]), 5)

# %%
step("The other way: the score function", """
    ∂/∂μ ∫ f(z) q(z) dz = ∫ f(z) ∂q(z)/∂μ dz
                        = ∫ f(z) q(z) ∂log q(z)/∂μ dz     # since ∂q = q ∂log q
                        = E[f(z) (z - μ) / σ²]
    ∂/∂σ ∫ f(z) q(z) dz = E[f(z) ((z - μ)² - σ²) / σ³]
    log q(z)            = -½ (z - μ)² / σ² - log σ - ½ log 2π
""")
say("""
∂log q/∂μ is called the score of q. Nobody needs the derivative of f for this one, only its value,
and f need not even be continuous: that is why it is what reinforcement learning uses, where f is a
game. It says: make samples more likely that cost little. In terms of ε the two factors are ε / σ
and (ε² - 1) / σ. It too is right on average.
""")
cost = f(z)
by_score = {"μ": cost * eps / std, "σ": cost * (eps * eps - 1) / std}
for name, estimates in by_score.items():
    show(f"∂ E f / ∂{name}, the first five estimates", estimates[:5])
    check_less(f"the mean of all, {estimates.mean():.4f}, is {wanted[name]}, to 5 standard errors",
               off(estimates, wanted[name]), 5)

# %%
step("Both are right on average; how far is one draw off?", """
    path:    Var f′(z)        = σ²
    score:   Var(f(z) ε / σ)  = (a⁴ + 18 a² σ² + 15 σ⁴) / 4σ² - a²,       a = μ - 3
""")
say("""
These are the variances of the slope by μ. Both formulas come from the averages of ε², ε⁴ and ε⁶,
which are 1, 3 and 15 (odd powers average to 0). The path's estimates scatter by σ: the less noise,
the better. Those of the score function blow up as σ gets small: it has to find out by comparing
costs what f′ would have told, and in a small neighbourhood all costs are alike. To make up for a
variance ten times as large, one has to draw ten times as many samples. To subtract the mean of f
from f (a "baseline") leaves the score function's average as it is, and helps, but not enough.
""")


def variances(std):
    """The exact variance of one estimate of ∂ E f / ∂μ: by path, by score."""
    a = mu - 3
    return std ** 2, (a ** 4 + 18 * a ** 2 * std ** 2 + 15 * std ** 4) / (4 * std ** 2) - a ** 2


stds, rows = np.array([0.1, 0.2, 0.5, 1.0, 2.0]), []
for s in stds:
    path  = mu + s * eps - 3
    score = f(mu + s * eps) * eps / s
    path_var, score_var = variances(s)
    rows.append([float(s), path.var(), score.var(), score.var() / path.var(),
                 score_var / path_var])
table(["σ", "variance by path", "by score", "times as large", "by the formula"], rows)
measured, exact = np.array(rows)[:, 3:].T
off_by = np.abs(measured / exact - 1)            # over 12 seeds of the full size 0.035 at most
check_less("measured and exact ratio agree, each of them", off_by, 0.5 if options.quick else 0.1)
check_less("the smaller σ, the larger the ratio", exact[1:], exact[:-1])
check_less("at σ = 0.1 the score function needs more than 10,000 times the samples", 1e4, exact[0])
check_less("and even at σ = 2, more than a few", 4, exact[-1])
baseline = (cost - cost.mean()) * eps / std
check_less("a baseline, f less its mean, helps the score function", baseline.var(),
           by_score["μ"].var())
check_less("but does not bring it to the path's", 10 * by_path["μ"].var(), baseline.var())

# %%
step("In a real VAE", """
    path:    dmu_n = ∂recon_n / ∂z                     # what vae.loss_and_grads does
    score:   dmu_n = recon_n ε_n / σ_n
""")
say("""
Sixteen handwritten digits and a fresh network. We take the gradient of the reconstruction term by
b_mu, the bias of the encoder's mean, many times, with new noise each time; first as numpyvae
computes it, then by the score function. Both means agree, as far as the score function's can be
told: look at its standard error after all these draws. From one draw of it nothing could be
learned. By the path, one sample for each example is enough for a step.
""")
x = datasets.load("digits").x_train[:16]
vae = VAE(64, 32, 2, rng=1)
mus, logvars = vae.encode(x)
draws = 300 if options.quick else 2000
path, score = np.empty((2, draws, 2))
for i in progress(range(draws), "drawing gradients"):
    eps_x = rng.standard_normal(mus.shape)
    _, grads = vae.loss_and_grads(x, eps_x, beta=0)
    path[i] = grads["b_mu"]
    probs = vae.decode(vae.reparameterize(mus, logvars, eps_x))
    recon = -(x * np.log(probs) + (1 - x) * np.log(1 - probs)).sum(axis=1)
    score[i] = (recon[:, None] * eps_x * np.exp(-0.5 * logvars)).mean(axis=0)
path_mean, score_mean = path.mean(axis=0), score.mean(axis=0)
error = np.sqrt((path.var(axis=0) + score.var(axis=0)) / draws)
show("mean by path", path_mean)
show("mean by score", score_mean)
show("standard error of the latter", score.std(axis=0) / np.sqrt(draws))
check_less("the means agree, to 5 standard errors", np.abs(path_mean - score_mean) / error, 5)
ratio = score.var(axis=0) / path.var(axis=0)
show("variance by score / variance by path", ratio, digits=0)
check_less("the score function's variance is more than a thousand times the path's", 1000, ratio)

# %%
step("The picture")
say("""
To the left, single estimates of the slope, whose true value is -2, at σ = 0.5: the path's are all
about there, the score function's reach far below, and half of them even have the wrong sign, since
ε / σ has either sign and f only one. To the right, how many times as many samples the score
function needs: the curve is the formula, the dots were measured above.
""")
check("half of the score function's estimates are positive", (by_score["μ"] > 0).mean(), 0.5,
      atol=0.02)
path_width, score_width = (np.ptp(np.quantile(estimates["μ"], [0.05, 0.95]))
                           for estimates in (by_path, by_score))
check_less("the middle nine tenths of the score function's are at least five times as wide",
           5 * path_width, score_width)
edges = np.linspace(-14, 6, 101)


def density(estimates):
    """How many estimates lie in each bin, as a curve of area 1."""
    return edges[1:] - 0.1, np.histogram(estimates, edges)[0] / many / 0.2


grid = np.geomspace(0.08, 2.5, 100)
path_var, score_var = variances(grid)
left = {"lines": {"by path": density(by_path["μ"]), "by score function": density(by_score["μ"])},
        "upright": {"the true slope": wanted_mu}, "yticks": [], "xlim": (edges[0], edges[-1]),
        "title": "one estimate of the slope", "xlabel": "∂ E f / ∂μ"}
right = {"lines": {"by the formula": (grid, score_var / path_var)},
         "points": {"measured": (stds, measured)}, "xscale": "log", "yscale": "log",
         "title": "variance by score / variance by path", "xlabel": "σ"}
figure(plots.curves([left, right],
                    "Both are right on average, but the path's estimate is far less off",
                    height=6.5), "reparameterization",
       seen="Left, histograms of one estimate of the slope: a narrow bell around the true slope "
            "by path, and by the score function a spike with a long tail to the left. Right, how "
            "many times larger the score function's variance is, over the standard deviation: it "
            "falls from a hundred thousand to less than ten, as the formula says.")
say("""
To think about: what would you have to know about f to use each of the two ways, if z were not a
number but a coin?
""")

# %%
end()
