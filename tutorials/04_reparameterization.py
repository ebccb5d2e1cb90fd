"""4. Reparameterization: how does a gradient pass through a random number?  (blog, section 2.4)

Between encoder and decoder the blog's network throws dice: z is a sample of N(μ, σ²). The encoder
is to learn from what the decoder did with that sample; but what is the derivative of a throw of
dice? The blog's answer is one line of code, mu + eps * std. This lesson shows what is wrong without
that line, and why it is right; then, for a second reading, how much it is worth beside the other
way of differentiating through a sample, the score function.

    python tutorials/04_reparameterization.py    (5 seconds; --pause waits after every step)

It draws blocked_or_not.png and reparameterization.png into the folder that --out names
(runs/tutorials if it names none).
"""
# %%
from statistics import NormalDist

import numpy as np

from numpyvae import VAE, datasets, numeric_gradient, plots
from numpyvae.latent import reparameterize, reparameterize_backward
from numpyvae.narrator import (ask, begin, check, check_less, end, figure, progress, say, show,
                               step, table)

options = begin(__doc__, seed=4)
rng  = np.random.default_rng(options.seed)
many = 20_000 if options.quick else 400_000


def off(samples, expected):
    """How far the mean of samples lies from what is expected, in standard errors."""
    return abs(samples.mean() - expected) / (samples.std() / np.sqrt(len(samples)))


# %%
step("A sample blocks the gradient",
     "z ~ N(μ, σ²),     cost f(z) = ½ (z - 3)²,     ∂ cost / ∂μ = ?")
say("""
One latent variable, and the simplest decoder there is: it wants z to be 3, and f(z) is what it
costs to miss. Let us look for the slope by moving μ a little (by δ = a millionth) to either side,
and drawing again. Five attempts, at μ = 1 and σ = 0.5.
""")
mu, std, delta = 1.0, 0.5, 1e-6


def f(z):
    """What it costs when the sample is z."""
    return 0.5 * (z - 3) ** 2


def table_of(slopes):
    """Five attempts at a slope."""
    table(["attempt", "(f(z at μ + δ) - f(z at μ - δ)) / 2δ"],
          [[i, f"{slope:,.6f}"] for i, slope in enumerate(slopes, 1)])


slopes = np.array([(f(rng.normal(mu + delta, std)) - f(rng.normal(mu - delta, std))) / (2 * delta)
                   for _ in range(5)])
table_of(slopes)
check_less("five attempts disagree by more than a hundred thousand", 1e5, np.ptp(slopes))
say("""
The answers have nothing to do with each other: from draw to draw z changes by about σ, while we
moved μ by a millionth. What we drew is not a function of μ at all: ask twice, and it says two
different things. The left half of the picture: the gradient arrives at z, and finds no way on.
""")
figure(plots.blocked_or_not(), "blocked_or_not", "Left: mu and sigma lead into a node that draws "
       "z; the gradient of the loss comes back to z and is crossed out behind it. Right: z = mu + "
       "sigma epsilon is a formula; its gradient goes on to mu as dz and to sigma as dz epsilon.")

# %%
step("The trick: draw first, then shift and stretch", "z = μ + σ ε,     ε ~ N(0, 1)")
say("""
Any normal variable is a standard one, stretched by σ and shifted by μ. So draw ε first, from a
distribution that nobody can change, and compute z from it: the right half of the picture. The
samples are as good as before.
""")
ask("""
Repeat the five attempts: draw ε once for each, and use the same ε at μ + δ and at μ - δ. Will the
five answers agree with each other now?
""", """
They make sense, which is what matters: each is f′(z) = z - 3 at its own z. They still differ, as
their z do, by about σ, and no longer by hundreds of thousands. Their average is the slope that we
want.
""")
five = rng.standard_normal(5)
same = (f(mu + delta + std * five) - f(mu - delta + std * five)) / (2 * delta)
table_of(same)
check("each is z - 3, the slope of f at its own sample", same, mu + std * five - 3, rtol=1e-8)
check_less("they disagree by less than ten σ", np.ptp(same), 10 * std)

eps    = rng.standard_normal(many)
z      = mu + std * eps
levels = np.array([0.3, 1.0, 1.8])
shares = np.array([NormalDist(mu, std).cdf(level) for level in levels])
found  = np.array([(z < level).mean() for level in levels])
table(["level", "share of z below it", "of N(μ, σ²)"], zip(levels, found, shares))
errors = np.sqrt(shares * (1 - shares) / many)
check_less("z is distributed as N(μ, σ²): the shares agree to five standard errors",
           abs(found - shares), 5 * errors)
say("""
(The standard error is how far the mean of n samples is off, usually: their standard deviation over
√n. To be off by more than five of them happens once in a million times.)
""")

# %%
step("What we want is the slope of an average", """
    E f(z)      = ½ (μ - 3)² + ½ σ²          # the average of ½ (z - 3)² over z ~ N(μ, σ²)
    ∂ E f / ∂μ  = μ - 3
    ∂ E f / ∂σ  = σ
""")
say("""
One draw costs this, another that. What training lowers is the *average* cost, and that depends on μ
smoothly. Of this simple f it has a formula, so that we know what has to come out; with a neural
network for f there is none, and samples are all one has. The first line holds since (z - 3)² = (z -
μ)² + 2 (z - μ)(μ - 3) + (μ - 3)², and the average of z - μ is 0, that of (z - μ)² is σ².
""")
average    = 0.5 * (mu - 3) ** 2 + 0.5 * std ** 2
wanted_mu  = mu - 3
wanted_std = std
show("½ (μ - 3)² + ½ σ²", average)
show(f"mean of f over {many:,} samples", f(z).mean())
check_less("they agree to five standard errors", off(f(z), average), 5)

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
table(["slope", "wanted", "mean of the estimates"],
      [[f"∂ E f / ∂{name}", wanted[name], by_path[name].mean()] for name in wanted])
check_less("both means are right, to five standard errors",
           [off(by_path[name], wanted[name]) for name in wanted], 5)

# %%
step("The other way: the score function", """
    ∂/∂μ ∫ f(z) q(z) dz = ∫ f(z) ∂q(z)/∂μ dz
                        = ∫ f(z) q(z) ∂log q(z)/∂μ dz     # since ∂q = q ∂log q
                        = E[f(z) (z - μ) / σ²]
    ∂/∂σ ∫ f(z) q(z) dz = E[f(z) ((z - μ)² / σ² - 1) / σ]
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
table(["slope", "wanted", "mean of the estimates"],
      [[f"∂ E f / ∂{name}", wanted[name], by_score[name].mean()] for name in wanted])
check_less("both means are right, to five standard errors",
           [off(by_score[name], wanted[name]) for name in wanted], 5)

# %%
step("How far is one draw off?", """
    f(z)   = ½ (a + σ ε)² = ½ a² + a σ ε + ½ σ² ε²                 # with a = μ - 3
    path:  f′(z)      = a + σ ε                                    # mean a, variance σ²
    score: f(z) ε / σ = ½ a² ε / σ + a ε² + ½ σ ε³                 # mean a
           Var = (a⁴ + 18 a² σ² + 15 σ⁴) / 4σ² - a²                # E ε² = 1, E ε⁴ = 3, E ε⁶ = 15
""", second=True)
say("""
Square the third line and average: odd powers of ε vanish, the others give the fourth. The path's
estimates scatter by σ: the less noise, the better. The score function's blow up as σ gets small,
because of one term: ½ a² ε / σ. It comes from the level of f, what every draw costs alike; that has
nothing to do with the slope, its mean is 0, and it drowns the rest. To make up for a variance ten
times as large, one has to draw ten times as many samples.
""")
stds  = np.array([0.1, 0.2, 0.5, 1.0, 2.0])
a     = mu - 3
path_var  = stds ** 2
score_var = (a ** 4 + 18 * a ** 2 * stds ** 2 + 15 * stds ** 4) / (4 * stds ** 2) - a ** 2
by_draws  = np.array([np.var(f(mu + s * eps) * eps / s) / np.var(mu + s * eps - 3) for s in stds])
table(["σ", "variance by path", "by score", "times as large", "measured"],
      zip(stds, path_var, score_var, score_var / path_var, by_draws))
check_less("measured and exact ratio agree, each of them, to a tenth",
           abs(by_draws / (score_var / path_var) - 1), 0.5 if options.quick else 0.1)
check_less("the smaller σ, the larger the ratio", (score_var / path_var)[1:],
           (score_var / path_var)[:-1])
check_less("at σ = 0.1 the score function needs more than 10,000 times the samples", 1e4,
           score_var[0] / path_var[0])

# %%
step("A baseline: take the level away", """
    (f(z) - E f) ε / σ = a ε² + ½ σ (ε³ - ε)                       # mean a, as before
    Var = 2 a² + (5/2) σ²                                          # bounded, however small σ is
""", second=True)
say("""
Since E ε = 0, a constant may be subtracted from f without harm: a *baseline*. With the mean cost
for a baseline the term that blew up is gone. That is how the score function is used in practice. It
still cannot tell one draw's slope: it has to find out by comparing costs what f′ would have told.
""")
exact    = 2 * a ** 2 + 2.5 * stds ** 2
centred  = [np.var((f(mu + s * eps) - 0.5 * a ** 2 - 0.5 * s ** 2) * eps / s) for s in stds]
table(["σ", "by path", "by score, with a baseline", "measured"],
      zip(stds, path_var, exact, centred))
check("measured and exact variance agree, each of them, to 3 %", np.divide(centred, exact), 1,
      rtol=0.15 if options.quick else 0.03)
check_less("at σ = 0.1 the path is still more than 500 times better", 500 * path_var[0], exact[0])
check_less("at σ = 2 less than 5 times", exact[-1], 5 * path_var[-1])

# %%
step("In a real VAE", """
    path:   dmu_n = ∂recon_n / ∂z                                  # what vae.loss_and_grads does
    score:  dmu_n = (recon_n - baseline_n) ε_n / σ_n
""", second=True)
say("""
Sixteen handwritten digits and a fresh network. We take the gradient of the reconstruction term for
b_mu, the bias of the encoder's mean, many times, with new noise each time: as numpyvae computes it;
by the score function; and by the score function with a baseline for each image, its mean cost.
""")
x   = datasets.load("digits").x_train[:16]
vae = VAE(64, 32, 2, rng=options.seed)
mus, logvars = vae.encode(x)
draws = 300 if options.quick else 2000
path  = np.empty((draws, 2))
noise = rng.standard_normal((draws, *mus.shape))
recon = np.empty((draws, len(x)))
for i in progress(range(draws), "drawing gradients"):
    _, grads = vae.loss_and_grads(x, noise[i], beta=0)
    path[i]  = grads["b_mu"]
    recon[i] = vae.neg_log_p(vae.reparameterize(mus, logvars, noise[i]), x)
over_std = noise * np.exp(-0.5 * logvars)                    # ε / σ
centred  = recon - recon.mean(axis=0)
score    = (recon[:, :, None] * over_std).mean(axis=1)
with_baseline = (centred[:, :, None] * over_std).mean(axis=1)
rows = [["path", path], ["score function", score], ["with a baseline", with_baseline]]
table(["", "mean, by b_mu[0]", "its standard error", "variance", "times the path's"],
      [[name, one[:, 0].mean(), one[:, 0].std() / np.sqrt(draws), one[:, 0].var(),
        one[:, 0].var() / path[:, 0].var()] for name, one in rows])
gap   = path.mean(axis=0) - with_baseline.mean(axis=0)
error = np.std(path - with_baseline, axis=0) / np.sqrt(draws)
check_less("path and score with a baseline agree, to five standard errors", abs(gap) / error, 5)
check_less("whose errors are small beside the slope: less than a fifth of it", 5 * error.max(),
           np.linalg.norm(path.mean(axis=0)), full_size=True)
check_less("without a baseline the variance is more than a thousand times the path's",
           1000 * path.var(axis=0), score.var(axis=0))
check_less("with one, less than twenty times", with_baseline.var(axis=0), 20 * path.var(axis=0))

# %%
step("The picture", second=True)
say("""
To the left, single estimates of the slope, whose true value is -2, at σ = 0.5. The path's are all
about there. The score function's reach far below, and half of them have the wrong sign, since ε / σ
has either sign and f only one; with a baseline they come closer. To the right, how many times as
many samples each needs: curves are the formulas, dots were measured.
""")
by_baseline = (f(z) - f(z).mean()) * eps / std
check("half of the score function's estimates are positive", (by_score["μ"] > 0).mean(), 0.5,
      atol=0.02)
width = {name: np.ptp(np.quantile(estimates, [0.05, 0.95])) for name, estimates in
         (("path", by_path["μ"]), ("score", by_score["μ"]), ("baseline", by_baseline))}
check_less("nine tenths of the score function's spread five times as wide as the path's",
           5 * width["path"], width["score"])
check_less("with a baseline, less wide", width["baseline"], width["score"])
edges = np.linspace(-14, 6, 101)


def density(estimates):
    """How many estimates lie in each bin, as a curve of area 1."""
    return edges[1:] - 0.1, np.histogram(estimates, edges)[0] / many / 0.2


grid  = np.geomspace(0.08, 2.5, 100)
plain = (a ** 4 + 18 * a ** 2 * grid ** 2 + 15 * grid ** 4) / (4 * grid ** 2) - a ** 2
left = {"lines": {"by path": density(by_path["μ"]), "by score function": density(by_score["μ"]),
                  "with a baseline": density(by_baseline)},
        "upright": {"the true slope": wanted_mu}, "yticks": [], "xlim": (edges[0], edges[-1]),
        "title": "one estimate of the slope", "xlabel": "∂ E f / ∂μ"}
right = {"lines": {"score function": (grid, plain / grid ** 2),
                   "with a baseline": (grid, (2 * a ** 2 + 2.5 * grid ** 2) / grid ** 2)},
         "points": {"measured": (stds, by_draws)}, "xscale": "log", "yscale": "log",
         "title": "variance / variance by path", "xlabel": "σ"}
figure(plots.curves([left, right], "All are right on average; the path's estimate is least off",
                    height=6.5), "reparameterization", "Left: the densities of three estimates of "
       "a slope around -2; by path a narrow peak, by score function wide, with a baseline between. "
       "Right: their variances over the path's against sigma, falling, on logarithmic axes.")
ask("""
What would you have to know about f to use each of the two ways, if z were not a number but a coin?
""", """
For the path, a derivative by z, and a coin has none: it cannot be shifted and stretched. For the
score function only the cost of heads and the cost of tails, and how their probabilities depend on
what is learned. That is why networks with discrete codes use it, or replace the coin by something
that can be differentiated.
""")

# %%
end()
