"""11. Where is the variational: what is varied, and what for?  (blog, section 2)

The blog opens with the question 变分在哪里？ (where is the variational?) and answers with a figure. The
answer here: what is varied is a whole distribution, q. We would like log p(x), and cannot have it;
but every q gives a lower bound of it, the gap has a name, and where all sums can be done exactly,
one can watch the gap close. Lesson 6 explains the KL.

    python tutorials/11_where_is_the_variational.py    (3 seconds; --pause waits after every step)

It draws q_on_the_posterior.png into the folder that --out names (runs/tutorials if it names none).
"""
# %%
import math

import numpy as np

from numpyvae import VAE, plots
from numpyvae.latent import kl_divergence, kl_divergence_backward, log_posterior, log_prior
from numpyvae.narrator import ask, begin, check, check_less, end, figure, say, show, step, table

options = begin(__doc__, seed=11)
rng = np.random.default_rng(options.seed)

# %%
step("A world with four codes",
     "p(x) = Σ_z p(z) p(x given z),     p(z given x) = p(z) p(x given z) / p(x)")
say("""
A model of images is good if it gives the images that there are a high probability p(x); to make the
product of all p(x) as large as possible, or the sum of all log p(x), is called maximum likelihood.
So log p(x) is what we would like to raise. Why is that hard?

Let the code z have only four values, and let one image x lie before us. The prior says how common
each code is, the decoder how probable it makes this image. Their product is p(x, z); summed over
all codes it is p(x), how well the model explains the image. Divided by it, it is the posterior:
which codes may have made this image. With 20 real numbers for a code, as in the blog, the sum is an
integral over 20 dimensions, out of reach, and the posterior with it. Here it is four numbers.
""")
prior     = np.array([0.4, 0.3, 0.2, 0.1])
x_given_z = np.array([0.02, 0.3, 0.1, 0.4])
joint     = prior * x_given_z
px        = joint.sum()
posterior = joint / px
table(["z", "p(z)", "p(x given z)", "p(x, z)", "p(z given x)"],
      [[z, prior[z], x_given_z[z], joint[z], posterior[z]] for z in range(4)])
show("log p(x)", math.log(px))
check("the posterior sums to 1", posterior.sum(), 1.0, rtol=1e-14)

# %%
step("One identity, in four lines", """
    log p(x) = Σ_z q(z) log p(x)                               # since q sums to 1
             = Σ_z q(z) log [p(x, z) / p(z given x)]           # p(x, z) = p(z given x) p(x)
             = Σ_z q(z) log [p(x, z) / q(z)]  +  Σ_z q(z) log [q(z) / p(z given x)]
             =          the bound (ELBO)      +  KL(q, posterior)
""")
say("""
Take any distribution q over the codes that leaves none out which the image may have come from: q >
0 wherever p(x, z) > 0. It enters without harm, as the mean of a constant; then log p(x) falls into
two parts. The second is a KL divergence, and never negative. So the first is a lower bound of what
we want; it is called the ELBO, the evidence lower bound, and it needs no posterior. In the table
below, "nearly sure" is the q = (0.01, 0.97, 0.01, 0.01).
""")
guesses = {"uniform":       np.full(4, 0.25),
           "the prior":     prior,
           "nearly sure":   np.array([0.01, 0.97, 0.01, 0.01]),
           "the posterior": posterior}
others  = ["uniform", "the prior", "nearly sure"]
bounds, gaps = {}, {}
for name, q in guesses.items():
    line_1 = np.sum(q * math.log(px))
    line_2 = np.sum(q * np.log(joint / posterior))
    bounds[name] = np.sum(q * np.log(joint / q))
    gaps[name]   = np.sum(q * np.log(q / posterior))
    check(f"q {name}: all lines are log p(x)",
          [line_1, line_2, bounds[name] + gaps[name]], math.log(px), rtol=1e-14)
table(["q", "bound", "KL(q, posterior)", "their sum"],
      [[name, bounds[name], gaps[name], bounds[name] + gaps[name]] for name in guesses])
check_less("every other q has a gap", 0, [gaps[name] for name in others])
check("the posterior has none", gaps["the posterior"], 0, atol=1e-15)

# %%
step("What is varied", """
    ∂bound / ∂q(z) = log p(x, z) - log q(z) - 1
    the same number for every z     where     q(z) = p(x, z) / p(x)
""")
say("""
In school one varies a number until a function is at its best: slope 0. The calculus of variations
varies a function: here q, with the bound for its score. As q must go on summing to 1, what one code
gains, others lose. At the best q no such exchange pays, so all slopes are equal: q is proportional
to p(x, z), it is the posterior. To search for a q, rather than do the sum: that is the variational
in the name. And searching is what gradients are good at.
""")
ask("""
Start from the best q, the posterior, and shift a hundredth of probability from one code to another.
How much of the bound is lost: about a hundredth, or much less?
""", """
Much less: at the best place all slopes are equal, so that to first order nothing changes, and what
is lost is of the order of the square. A good q need not be perfect.
""")
slopes = {name: np.log(joint) - np.log(q) - 1 for name, q in guesses.items()}
table(["slope by q(z), at q", "z = 0", "1", "2", "3"],
      [[name, *slope] for name, slope in slopes.items()])
check("at the posterior, all slopes are equal", slopes["the posterior"], slopes["the posterior"][0],
      rtol=1e-14)
check_less("elsewhere they are not", 0.1, [np.ptp(slopes[name]) for name in others])
exchanges = rng.uniform(-0.01, 0.01, (1000, 4))
moved = posterior + exchanges - exchanges.mean(axis=1, keepdims=True)
check_less("not one of a thousand exchanges raises the bound",
           np.sum(moved * np.log(joint / moved), axis=1), math.log(px))

# %%
step("The bound is what a VAE is trained on", """
    the bound  =  E_q log [p(x, z) / q(z given x)]
               =  E_q log p(x given z)  -  KL(q, prior)
               =  -(recon + kl)                           # minus the loss
""")
say("""
Lesson 6 found the same three lines from the other end. p(x, z) is p(z) times p(x given z): one
factor meets q in a KL, the other is the reconstruction. So to lower the loss of a VAE is to raise a
lower bound of log p(x); to raise it by the decoder makes images more probable, to raise it by the
encoder closes the gap. Here is an untrained network, its bound from 20,000 draws of z for each of
three images, and its loss.
""")
x       = rng.random((3, 7)).round()                      # black and white: p(x) is a probability
vae     = VAE(7, 5, 2, rng=options.seed)
many    = np.repeat(x, 20_000, axis=0)
eps     = rng.standard_normal((len(many), 2))
mu, logvar = vae.encode(many)
z       = vae.reparameterize(mu, logvar, eps)
log_w   = log_prior(z) - vae.neg_log_p(z, many) - log_posterior(logvar, eps)
loss, recon, kl = vae.loss(many, eps)
error   = np.std(log_w + vae.neg_log_p(z, many)) / np.sqrt(len(many))
table(["", "nats"], [["E_q log [p(x, z) / q(z given x)], by samples", log_w.mean()],
                     ["its standard error, beside recon's", error],
                     ["-(recon + kl) of VAE.loss", -(recon + kl)], ["-loss", -loss]])
check("the bound is minus the loss, to five standard errors", log_w.mean(), -loss, atol=5 * error)

# %%
step("A model where everything is known", """
    x             = z W + b + x_std noise,     z ~ N(0, I)      # linear, with Gaussian pixels
    p(x)          = N(b, Wᵀ W + x_std² I)                       # sums of Gaussians are Gaussian
    log p(x, z)   = -½ z P zᵀ + z W (x - b)ᵀ / x_std² + …       # with P = I + W Wᵀ / x_std²
                  = -½ (z - m) P (z - m)ᵀ + …                   # m = (x - b) Wᵀ P⁻¹ / x_std²
    p(z given x)  = N(m, P⁻¹)                                   # log p(x, z) - log p(x)
""")
say("""
Here both can be had exactly: p(x), and the posterior. As a function of z, log p(x, z) is a
parabola; the fourth line completes its square, and what has the logarithm of a bell curve is one,
with mean m and with the inverse of P for its covariance. Is it right? log p(x, z) - log p(z given
x) has to be the same number for every z, log p(x). A parabola over the plane has six coefficients;
so if that holds at six places z, it holds at all.
""")
N, D, Z = 4, 5, 2
x_std   = 0.7
W = np.array([[1.0, 0.5, 0.0, 0.3, 0.2],
              [0.6, 0.0, 0.4, -0.5, 0.3]])
b = np.array([0.1, -0.2, 0.3, 0.0, 0.5])
x = rng.standard_normal((N, Z)) @ W + b + x_std * rng.standard_normal((N, D))


def log_normal(v, mean, cov):
    """The log density of N(mean, cov) at every row of v."""
    away    = v - mean
    log_det = np.linalg.slogdet(2 * np.pi * cov).logabsdet
    return -0.5 * (np.sum(away * np.linalg.solve(cov, away.T).T, axis=-1) + log_det)


P       = np.eye(Z) + W @ W.T / x_std ** 2
S_post  = np.linalg.inv(P)
mu_post = (x - b) @ W.T @ S_post / x_std ** 2                # of all images at once
log_px  = log_normal(x, b, W.T @ W + x_std ** 2 * np.eye(D))
show("the posterior's covariance, for every image", S_post)
show("log p(x)", log_px)
found = []
for z in 2 * rng.standard_normal((6, Z)):
    log_joint = log_normal(z, 0, np.eye(Z)) + log_normal(x, z @ W + b, x_std ** 2 * np.eye(D))
    found.append(log_joint - log_normal(z, mu_post, S_post))
check("log p(x, z) - log p(z given x) is log p(x) at six places z", found, np.tile(log_px, (6, 1)),
      rtol=1e-12)

# %%
step("Five q, and what each of them loses", """
    log p(x)              = E_q log p(x given z) - KL(q, prior)  +  KL(q, posterior)
    E_q log p(x given z)  = log N(x; mu W + b, x_std² I) - trace(Wᵀ S W) / (2 x_std²)
    KL(N(mu, S), N(m, P⁻¹)) = ½ [trace(P S) + (mu - m) P (mu - m)ᵀ - Z - log det(P S)]
""")
say("""
For q = N(mu, S) both parts have formulas. The average of a quadratic, E_q (z - m) P (z - m)ᵀ, is
its value at mu plus trace(P S): the cross terms vanish, and each E (z_i - mu_i)(z_j - mu_j) is
S_ij. That gives the second line; and the third, as the average of log q - log p, is lesson 6's line
6 with matrices in the place of numbers (there P is 1, and S is σ²). The image is the first of four.
""")


def kl_gauss(mu, S, m, P):
    """KL(N(mu, S), N(m, P⁻¹)), in nats."""
    log_det = np.linalg.slogdet(P @ S).logabsdet
    return 0.5 * (np.trace(P @ S) + (mu - m) @ P @ (mu - m) - len(mu) - log_det)


def bound_of(x, mu, S):
    """E_q log p(x given z) - KL(q, prior) of one image, q = N(mu, S)."""
    at_mean = log_normal(x, mu @ W + b, x_std ** 2 * np.eye(D))
    spread  = np.trace(W.T @ S @ W) / (2 * x_std ** 2)
    return at_mean - spread - kl_gauss(mu, S, np.zeros(Z), np.eye(Z))


mu_off, var_off = mu_post[0] + [0.5, -0.4], np.array([0.6, 0.5])
qs = {"prior":         (np.zeros(Z), np.eye(Z)),
      "too sure":      (mu_post[0], 0.02 * np.eye(Z)),
      "off centre":    (mu_off, np.diag(var_off)),
      "best diagonal": (mu_post[0], np.diag(1 / np.diag(P))),
      "posterior":     (mu_post[0], S_post)}
bounds = {name: bound_of(x[0], mu, S) for name, (mu, S) in qs.items()}
gaps   = {name: kl_gauss(mu, S, mu_post[0], P) for name, (mu, S) in qs.items()}
table(["q", "mu", "variances, covariance", "bound", "KL(q, posterior)", "sum"],
      [[name, f"{mu[0]:.2f}, {mu[1]:.2f}", f"{S[0, 0]:.2f}, {S[1, 1]:.2f}, {S[0, 1]:.2f}",
        f"{bounds[name]:.4f}", f"{gaps[name]:.4f}", f"{bounds[name] + gaps[name]:.4f}"]
       for name, (mu, S) in qs.items()])
check("bound + KL is log p(x), for every q", [bounds[name] + gaps[name] for name in qs], log_px[0],
      rtol=1e-13)
check("for the posterior the bound is tight", bounds["posterior"], log_px[0], rtol=1e-13)
check("the package's KL(q, prior) is the same formula",
      kl_divergence(mu_off[None], np.log(var_off)[None]).item(),
      kl_gauss(mu_off, np.diag(var_off), np.zeros(Z), np.eye(Z)), rtol=1e-14)
figure(plots.ellipses_on_posterior(mu_post[0], S_post, qs), "q_on_the_posterior", "A tilted, "
       "shaded hill: the true posterior of one image. Over it five ellipses: the prior, wide; one "
       "too small; one off centre; the best upright one; and the posterior itself.")

# %%
step("What is varied in the blog's network, and where", """
    fc21, fc22       q(z given x) = N(mu, exp(logvar))   # here q is put out
    reparameterize   z = mu + eps * std                  # here it is sampled
    loss.backward()  dmu, dlogvar, …                     # here it is varied
""")
say("""
变分在哪里？ The encoder's two last layers answer every image with a q: its mean by fc21, the logarithm of
its variance by fc22. That is the function which is varied; all bell curves without tilt are its
range. reparameterize draws a z from it, so that the bound can be estimated. And every backward pass
varies it: dmu and dlogvar say how to move q, so that the bound rises; the weights follow. Nothing
else is variational about the variational auto-encoder. In the linear model the two gradients have
formulas; descend along them from the prior, for four images at once, and see where q comes to rest.
""")
ask("""
q has no tilt: S is diagonal. Where will its mean come to rest, and which variance will it have?
""", """
The mean at the posterior's, m. The variance at 1 / P_jj, which is less than the posterior's own
variance (P⁻¹)_jj if that is tilted: of all upright bells the best one fits inside the tilted one.
""")
mu, logvar = np.zeros((N, Z)), np.zeros((N, Z))
for _ in range(300):
    dmu_kl, dlogvar_kl = kl_divergence_backward(np.ones(N), mu, logvar)
    dmu     = dmu_kl - (x - b - mu @ W) @ W.T / x_std ** 2
    dlogvar = dlogvar_kl + 0.5 * np.exp(logvar) * np.sum(W * W, axis=1) / x_std ** 2
    mu      = mu - 0.2 * dmu
    logvar  = logvar - 0.2 * dlogvar
show("mu, found", mu)
show("the posterior's mean", mu_post)
show("variance, found", np.exp(logvar[0]))
show("1 / P_jj", 1 / np.diag(P))
show("the posterior's variance", np.diag(S_post))
check("the mean rests at the posterior's, for all four images", mu, mu_post, rtol=1e-10)
check("the variance at 1 / P_jj", np.exp(logvar), np.tile(1 / np.diag(P), (N, 1)), rtol=1e-10)
check_less("which is less than the posterior's", 1 / np.diag(P), np.diag(S_post))

# %%
step("The same from Jensen", """
    w = p(x, z) / q(z),  z ~ q:     log p(x) = log (mean of w)  ≥  mean of (log w) = the bound
    because log t ≤ t - 1, with t = w / p(x):
    mean of log w  ≤  log p(x) + (mean of t) - 1 = log p(x)
""", second=True)
say("""
Papers often begin here. The mean of w under q is p(x), for every q. The logarithm bends downwards,
so the mean of the logarithms is less than the logarithm of the mean (Jensen's inequality). Where w
is the same for every z, both are equal and the bound is tight: q is then the posterior.
""")
mean_of_w, mean_of_log, spread = {}, {}, {}
for name, q in guesses.items():
    w = joint / q
    mean_of_w[name]   = np.sum(q * w)
    mean_of_log[name] = np.sum(q * np.log(w))
    spread[name]      = np.ptp(w)
table(["q", "mean of w", "log of the mean", "mean of the logs", "largest w - smallest"],
      [[name, mean_of_w[name], math.log(mean_of_w[name]), mean_of_log[name], spread[name]]
       for name in guesses])
check("the mean of w is p(x) for every q", list(mean_of_w.values()), px, rtol=1e-14)
check_less("the mean of the logs is less", [mean_of_log[name] for name in others], math.log(px))
check("but for the posterior, whose w are all alike", spread["the posterior"], 0, atol=1e-15)
t = np.linspace(0.015, 5, 500)                               # not t = 1, where both are 0
check_less("log t < t - 1", np.log(t), t - 1)

# %%
step("What a q without tilt costs",
     "smallest gap of any diagonal q  =  ½ [Σ_j log P_jj - log det P]", second=True)
say("""
Put the best diagonal q into the KL of two steps before: the trace is Z, the means agree, and this
is left. If the posterior is tilted, a gap remains that no training of the encoder can close. But
the decoder can turn the latent space so that nothing is tilted, without changing p(x) at all: a VAE
has a reason to align its axes with what is independent.
""")
tilt = 0.5 * (np.log(np.diag(P)).sum() - np.linalg.slogdet(P).logabsdet)
check_less("the posterior is tilted, so a gap remains", 0.01, tilt)
check("it is the formula's", gaps["best diagonal"], tilt, rtol=1e-12)
others = [bound_of(x[0], mu_post[0], np.diag(np.exp(0.5 * u) / np.diag(P)))
          for u in rng.standard_normal((500, Z))]
check_less("each of 500 other diagonals has a lower bound", others, bounds["best diagonal"])
_, axes = np.linalg.eigh(P)
turned  = axes.T @ W
check("a turned decoder has the same p(x)", turned.T @ turned, W.T @ W, rtol=1e-14)
check("and no tilt", (turned @ turned.T)[0, 1], 0, atol=1e-14)

# %%
step("Amortised: one encoder for all images", "mu_n = (x_n - b) W_enc,     W_enc = Wᵀ P⁻¹ / x_std²",
     second=True)
say("""
One could search mu and logvar for each image on its own, as above. A VAE trains an encoder instead,
which answers for every image at once: the search is paid for once, hence amortised. In the linear
model the best mu is linear in x, and the best logvar is one for all: a dense layer is as good as
any search. A real decoder is bent, and its encoder only nearly right: lesson 14 measures what is
left on the table.
""")
W_enc = W.T @ S_post / x_std ** 2
fresh = rng.standard_normal((100, Z)) @ W + b + x_std * rng.standard_normal((100, D))
best  = (fresh - b) @ W_enc
slope = best - (fresh - b - best @ W) @ W.T / x_std ** 2
check("for a hundred images that nobody has searched for, the slope by mu is 0", slope, 0,
      atol=1e-12)
ask("""
A better q for a test image changes nothing in the decoder. In training, would it?
""", """
Yes. The decoder is trained on the codes that q hands it: a q that is nearer to the posterior makes
the bound tighter, and its gradient more nearly that of log p(x). Lesson 14 has both in numbers.
""")

# %%
end()
