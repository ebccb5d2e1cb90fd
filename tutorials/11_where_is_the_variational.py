"""11. Where is the variational: what is varied, and what for?  (blog, section 2)

The blog opens with the question 变分在哪里？ (where is the variational?) and answers with a figure. The
answer here: what is varied is a whole distribution, q. We would like log p(x), and cannot have it;
but every q gives a lower bound of it, the gap has a name, and where all sums can be done exactly,
one can watch the gap close. Lesson 6 explains the KL.

    python tutorials/11_where_is_the_variational.py    (10 seconds; --pause waits after every step)

It draws where_is_the_variational.png and amortisation.png into the folder of --out
(runs/tutorials).
"""
# %%
import math

import numpy as np

from numpyvae import VAE, Adam, datasets, numeric_gradient, plots
from numpyvae.evaluate import log_likelihood
from numpyvae.latent import (kl_divergence, kl_divergence_backward, reparameterize,
                             reparameterize_backward)
from numpyvae.layers import dense, dense_backward, relu, relu_backward
from numpyvae.likelihoods import Bernoulli
from numpyvae.narrator import (begin, check, check_less, end, figure, progress, say, show, step,
                               table)
from numpyvae.training import minibatches

options = begin(__doc__)
rng  = np.random.default_rng(11)
size = 10 if options.quick else 100          # of the groups of noise

# %%
step("A world with four codes",
     "p(x) = Σ_z p(z) p(x given z),     p(z given x) = p(z) p(x given z) / p(x)")
say("""
Let the code z have only four values, and let one image x lie before us. The prior says how common
each code is, the decoder how probable it makes this image. Their product is p(x, z); summed over
all codes it is p(x), how well the model explains the image. Divided by it, it is the posterior:
which codes may have made this image. With 20 real numbers for a code, as in the blog, the sum is an
integral over 20 dimensions, out of reach. Here it is four numbers.
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
             = Σ_z q(z) log [p(x, z) / p(z given x)]           # since p(x, z) = p(z given x) p(x)
             = Σ_z q(z) log [p(x, z) / q(z)]  +  Σ_z q(z) log [q(z) / p(z given x)]
             =          the bound (ELBO)      +  KL(q, posterior)
""")
say("""
Take any q over the codes (0 where p(x, z) is). It enters without harm, as the mean of a constant;
then log p(x) falls into two parts. The second is a KL divergence, and never negative. So the first
is a lower bound, and it needs no posterior. In the table below, "nearly sure" is the q = (0.01,
0.97, 0.01, 0.01).
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
    check(f"q {name}: the lines agree",
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
slopes = {name: np.log(joint) - np.log(q) - 1 for name, q in guesses.items()}
table(["slope by q(z), at q", "z = 0", "1", "2", "3"],
      [[name, *slope] for name, slope in slopes.items()])
check("at the posterior, all slopes are equal", slopes["the posterior"], slopes["the posterior"][0],
      rtol=1e-14)
check_less("elsewhere they are not", 0.1, [np.ptp(slopes[name]) for name in others])
exchanges = rng.uniform(-0.01, 0.01, (1000, 4))
moved = posterior + exchanges - exchanges.mean(axis=1, keepdims=True)
check_less("a thousand exchanges, and none of them pays",
           np.sum(moved * np.log(joint / moved), axis=1), math.log(px))

# %%
step("The same from Jensen", """
    w = p(x, z) / q(z),  z ~ q:     log p(x) = log (mean of w)  ≥  mean of (log w) = the bound
    because log t ≤ t - 1, with t = w / p(x):
    mean of log w  ≤  log p(x) + (mean of t) - 1 = log p(x)
""")
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
step("A model where everything is known", """
    x             = z W + b + x_std noise,             z ~ N(0, I)  # linear, with Gaussian pixels
    p(x)          = N(b, Wᵀ W + x_std² I)                           # sums of Gaussians are Gaussian
    p(z given x)  = N((x - b) Wᵀ M⁻¹ / x_std², M⁻¹),  M = I + W Wᵀ / x_std²
    log p(x)      = log p(z) + log p(x given z) - log p(z given x)  # by Bayes' rule, for every z
""")
say("""
As a function of z, log p(x, z) is -½ z M zᵀ + z W (x - b)ᵀ / x_std² + …, a parabola; completing its
square gives the third line. The fourth proves it: whatever z one puts in, the log p(x) of the
second line must come out.
""")
N, D, Z = 4, 5, 2
x_std   = 0.7
W = np.array([[1.0, 0.5, 0.0, 0.3, 0.2],
              [0.6, 0.0, 0.4, -0.5, 0.3]])
b = np.array([0.1, -0.2, 0.3, 0.0, 0.5])
x = rng.standard_normal((N, Z)) @ W + b + x_std * rng.standard_normal((N, D))


def log_normal(v, mean, cov):
    """The log density of N(mean, cov) at every row of v."""
    e = v - mean
    log_det = np.linalg.slogdet(2 * np.pi * cov).logabsdet
    return -0.5 * (np.sum(e * np.linalg.solve(cov, e.T).T, axis=-1) + log_det)


M       = np.eye(Z) + W @ W.T / x_std ** 2
S_post  = np.linalg.inv(M)
mu_post = (x - b) @ W.T @ S_post / x_std ** 2                # of all images at once
log_px  = log_normal(x, b, W.T @ W + x_std ** 2 * np.eye(D))
show("the posterior's covariance, of every image", S_post)
show("log p(x)", log_px)
for z in 2 * rng.standard_normal((3, Z)):
    log_joint = log_normal(z, 0, np.eye(Z)) + log_normal(x, z @ W + b, x_std ** 2 * np.eye(D))
    check(f"log p(x) at z = ({z[0]:.2f}, {z[1]:.2f})", log_joint - log_normal(z, mu_post, S_post),
          log_px, rtol=1e-13)

# %%
step("The identity again, for Gaussians", """
    bound            = E_q[log p(x given z)] - KL(q, prior)                     # minus a VAE's loss
    E_q              = log N(x; mu W + b, x_std²) - trace(Wᵀ S W) / (2 x_std²)  # for q = N(mu, S)
    KL(q, N(m, P⁻¹)) = ½ [trace(P S) + (mu - m) P (mu - m)ᵀ - Z - log det(P S)]
""")
say("""
As log p(x, z) is log p(x given z) + log p(z), q may meet the prior instead. Nothing is sampled
here. Five q:
""")


def kl_gauss(mu, S, m, P):
    """KL(N(mu, S), N(m, P⁻¹)), in nats."""
    log_det = np.linalg.slogdet(P @ S).logabsdet
    return 0.5 * (np.trace(P @ S) + (mu - m) @ P @ (mu - m) - len(mu) - log_det)


def bound_of(x, mu, S):
    """E_q[log p(x given z)] - KL(q, prior) of one image, q = N(mu, S)."""
    at_mean = log_normal(x, mu @ W + b, x_std ** 2 * np.eye(D))
    spread  = np.trace(W.T @ S @ W) / (2 * x_std ** 2)
    return at_mean - spread - kl_gauss(mu, S, np.zeros(Z), np.eye(Z))


mu_off  = mu_post[0] + [0.5, -0.4]
var_off = np.array([0.6, 0.5])
qs = {"prior":         (np.zeros(Z), np.eye(Z)),
      "too sure":      (mu_post[0], 0.02 * np.eye(Z)),
      "off centre":    (mu_off, np.diag(var_off)),
      "best diagonal": (mu_post[0], np.diag(1 / np.diag(M))),
      "posterior":     (mu_post[0], S_post)}
bounds = {name: bound_of(x[0], mu, S) for name, (mu, S) in qs.items()}
gaps   = {name: kl_gauss(mu, S, mu_post[0], M) for name, (mu, S) in qs.items()}
table(["q", "bound", "KL(q, posterior)", "sum"],
      [[name, bounds[name], gaps[name], bounds[name] + gaps[name]] for name in qs])
check("bound + KL is log p(x), for every q", [bounds[name] + gaps[name] for name in qs],
      log_px[0], rtol=1e-13)
check("for the posterior the bound is tight", bounds["posterior"], log_px[0], rtol=1e-13)
check("the package's KL(q, prior) is the same formula",
      kl_divergence(mu_off[None], np.log(var_off)[None]).item(),
      kl_gauss(mu_off, np.diag(var_off), np.zeros(Z), np.eye(Z)), rtol=1e-14)

# %%
step("The blog's q is diagonal: what that costs",
     "smallest gap of any diagonal q  =  ½ [Σ_j log M_jj - log det M]")
say("""
The encoder of a VAE gives one μ and one log σ² for each latent dimension, and no correlations: a
diagonal S. The best one has the posterior's mean, and σ_j² = 1 / M_jj (set ½ M_jj - ½ / σ_j² to
zero). If the posterior is tilted, a gap remains that no training of the encoder can close. But the
decoder can turn the latent space so that nothing is tilted, without changing p(x) at all: a VAE has
a reason to align its axes.
""")
tilt = 0.5 * (np.log(np.diag(M)).sum() - np.linalg.slogdet(M).logabsdet)
check_less("the posterior is tilted, so a gap remains", 0.01, tilt)
check("it is the formula's", gaps["best diagonal"], tilt, rtol=1e-12)
others = [bound_of(x[0], mu_post[0], np.diag(np.exp(0.5 * u) / np.diag(M)))
          for u in rng.standard_normal((500, Z))]
check_less("500 other diagonals all do worse, by", 0, bounds["best diagonal"] - np.array(others))
_, axes = np.linalg.eigh(M)
turned  = axes.T @ W
check("a turned decoder has the same p(x)", turned.T @ turned, W.T @ W, rtol=1e-14)
check("and no tilt", (turned @ turned.T)[0, 1], 0, atol=1e-14)

# %%
step("A better bound from more samples", """
    L_K = E[log 1/K Σ_k w_k],     w_k = p(x, z_k) / q(z_k),     z_1 … z_K ~ q
    bound = L_1 ≤ L_2 ≤ … → log p(x)                          # Burda, Grosse and Salakhutdinov 2016
""")
say("""
Jensen loses because a single w scatters. The mean of K of them scatters less, so its logarithm
loses less. Here are many samples of the q that is off centre, averaged in groups of K.
(`evaluate.log_likelihood` does the same.)
""")
z = mu_off + rng.standard_normal((2 * size, 1024, Z)) * np.sqrt(var_off)
log_x_given_z = (-0.5 * (((x[0] - b - z @ W) / x_std) ** 2).sum(axis=2)
                 - 0.5 * D * math.log(2 * np.pi * x_std ** 2))
log_p_over_q  = 0.5 * ((z - mu_off) ** 2 / var_off - z ** 2 + np.log(var_off)).sum(axis=2)
log_w = log_x_given_z + log_p_over_q


def bounds_in_groups(K):
    """L_K, estimated from each of the runs: log of the mean of K samples, a mean over groups."""
    w = np.exp(log_w).reshape(2 * size, -1, K)
    return np.log(w.mean(axis=2)).mean(axis=1)


Ks    = 2 ** np.arange(11)
runs  = np.array([bounds_in_groups(K) for K in Ks])
L     = runs.mean(axis=1)
error = runs.std(axis=1) / math.sqrt(2 * size)
table(["K", "L_K", "log p(x) - L_K", "standard error"], zip(Ks.tolist(), L, log_px[0] - L, error))
# Beyond five standard errors: one seed in a million (--quick: in 10,000). That L_K rises is sure:
# Jensen in each group.
check("L_1 is the bound, within five standard errors", L[0], bounds["off centre"],
      atol=5 * error[0])
check_less("L_K rises (in nested groups of samples it must)", L[:-1], L[1:])
check_less("and stays below log p(x), but for five standard errors", L, log_px[0] + 5 * error)
check_less("at K = 1024 less than 1/50 of the gap is left",
           log_px[0] - L[-1], gaps["off centre"] / 50, full_size=True)
figure(plots.bound_and_gap(bounds, gaps, log_px[0], Ks, L), "where_is_the_variational",
       seen="Left, five bars for five q, each made of the bound and of KL(q, posterior), and all "
            "equally high: together they reach log p(x). Right, for the q off centre, the bound "
            "of K samples, which rises towards log p(x) as K grows.")

# %%
step("Amortised: one encoder for all images", """
    ∂(-bound)/∂mu       = -(x - b - mu W) Wᵀ / x_std²  +  mu             # in both, the second terms
    ∂(-bound)/∂log σ_j² = ½ σ_j² (W Wᵀ)_jj / x_std²    +  ½ (σ_j² - 1)   # are the KL term's
""")
say("""
One could search mu and logvar for each image on its own. A VAE trains an encoder instead, which
answers for every image at once: the search is paid for once, hence amortised. In the linear model
the best mu is linear in x, the best logvar one for all: a dense layer is as good as any search. To
see it, here is one, plain descent from the prior.
""")
W_mu        = W.T @ S_post / x_std ** 2                      # the best encoder
mu_best     = (x - b) @ W_mu
logvar_best = np.tile(-np.log(np.diag(M)), (N, 1))


def slopes_of(mu, logvar):
    """The gradients of -bound, summed over the images."""
    dmu_recon          = -(x - b - mu @ W) @ W.T / x_std ** 2
    dlogvar_recon      = 0.5 * np.exp(logvar) * np.sum(W * W, axis=1) / x_std ** 2
    dmu_kl, dlogvar_kl = kl_divergence_backward(np.ones(N), mu, logvar)
    return dmu_recon + dmu_kl, dlogvar_recon + dlogvar_kl


mu, logvar = np.zeros((N, Z)), np.zeros((N, Z))
dmu, _ = slopes_of(mu, logvar)
check_less("at the prior there is a slope", 0.1, np.linalg.norm(dmu, axis=1))
check("at the linear encoder's answer, none", slopes_of(mu_best, logvar_best), 0, atol=1e-13)
for _ in range(300):
    dmu, dlogvar = slopes_of(mu, logvar)
    mu     = mu - 0.2 * dmu
    logvar = logvar - 0.2 * dlogvar
check("the search ends where the encoder is", [mu, logvar], [mu_best, logvar_best], rtol=1e-10)

# %%
step("The digits: what the encoder leaves on the table", """
    log p(x) - bound(encoder's q)  = log p(x) - bound(best q)            # the best diagonal q's gap
                                   + bound(best q) - bound(encoder's q)  # the amortisation gap
""")
say("""
A real decoder is bent, and its encoder only nearly right. Train a VAE on the digits, freeze the
decoder, and let twenty test images search a mu and a logvar of their own, starting from the
encoder's answer. The gradient is the second half of VAE.loss_and_grads, by hand, averaged over K
samples of the noise.
""")
data = datasets.load("digits")
x    = data.x_test[:20].astype(float)
vae  = VAE(64, 64, 6, rng=0)
adam = Adam(vae.params, lr=5e-3)
for _ in progress(range(3 if options.quick else 60), "training"):
    for batch in minibatches(len(data.x_train), 64, rng):
        _, grads = vae.sample_loss_and_grads(data.x_train[batch], rng)
        adam.step(grads)
W3, b3, W4, b4 = (vae.params[name] for name in ("W3", "b3", "W4", "b4"))


def neg_bound(mu, logvar, eps):
    """-bound of every image in x, a mean over noise eps (K, N, Z)  ->  (N,), dmu and dlogvar."""
    K      = len(eps)
    x_K    = np.tile(x, (K, 1))                              # each image meets K draws of the noise
    z      = reparameterize(mu, logvar, eps)                 # (K, N, Z)
    z_flat = z.reshape(-1, 6)
    a3     = dense(z_flat, W3, b3)
    h3     = relu(a3)
    logits = dense(h3, W4, b4)
    recon  = Bernoulli().neg_log_p(logits, x_K)
    kl     = kl_divergence(mu, logvar)

    drecon             = np.full(len(recon), 1 / K)
    dmu_kl, dlogvar_kl = kl_divergence_backward(np.ones(len(x)), mu, logvar)
    dlogits            = Bernoulli().neg_log_p_backward(drecon, logits, x_K)
    dh3, _, _          = dense_backward(dlogits, h3, W4)
    da3                = relu_backward(dh3, a3)
    dz_flat, _, _      = dense_backward(da3, z_flat, W3)
    dz                 = dz_flat.reshape(z.shape)
    dmu_z, dlogvar_z   = reparameterize_backward(dz, logvar, eps)
    dlogvar            = dlogvar_z.sum(axis=0) + dlogvar_kl
    dmu                = dmu_z.sum(axis=0) + dmu_kl
    return recon.reshape(K, -1).mean(axis=0) + kl, dmu, dlogvar


mu, logvar = vae.encode(x)
judge = rng.standard_normal((2 * size, 20, 6))
_, dmu, dlogvar = neg_bound(mu, logvar, judge[:3])
slope = numeric_gradient(lambda m: neg_bound(m, logvar, judge[:3])[0].sum(), mu, "complex")
check("dmu by the complex step", dmu, slope, rtol=1e-13)
slope = numeric_gradient(lambda v: neg_bound(mu, v, judge[:3])[0].sum(), logvar, "complex")
check("dlogvar by the complex step", dlogvar, slope, rtol=1e-13)

own  = {"mu": mu.copy(), "logvar": logvar.copy()}
adam = Adam(own, lr=0.03)
path = []
for _ in progress(range(size), "searching"):
    neg_bounds, _, _ = neg_bound(**own, eps=judge)
    path.append(-neg_bounds.mean())
    _, dmu, dlogvar = neg_bound(**own, eps=rng.standard_normal((20, 20, 6)))
    adam.step({"mu": dmu, "logvar": dlogvar})

# %%
step("The gaps, measured")
say("""
Both q are judged on the same fresh noise, 20 groups of samples an image; log p(x) is step 8's bound
with many samples. (The picture keeps one noise throughout the search, the table has fresh noise.)
""")
noise    = rng.standard_normal((20, size, 20, 6))
encoders = -np.array([neg_bound(mu, logvar, eps)[0] for eps in noise])
searched = -np.array([neg_bound(own["mu"], own["logvar"], eps)[0] for eps in noise])
gain   = searched - encoders                                 # (repeats, images)
error  = gain.mean(axis=1).std(ddof=1) / math.sqrt(20)
log_px = log_likelihood(vae, x, 50 * size).mean()
table(["mean of the 20 images", "nats"],
      [["log p(x)", log_px],
       ["bound, q searched", searched.mean()],
       ["bound, encoder's q", encoders.mean()],
       ["diagonal gap, about", log_px - searched.mean()],
       ["amortisation gap, from", gain.mean()],
       ["its error", error]])
check_less("a q of its own gains, by more than five standard errors", 5 * error, gain.mean(),
           full_size=True)
check_less("at least 15 of the 20 images gain", 14, (gain.mean(axis=0) > 0).sum(), full_size=True)
check_less("and still q is not the posterior", 0.02, log_px - searched.mean(), full_size=True)
if not options.quick:
    steps = range(100)
    lines = {"log p(x)":            (steps, [log_px] * 100),
             "q searched for each": (steps, path),
             "the encoder's q":     (steps, path[:1] * 100)}
    figure(plots.curves([{"lines": lines, "ylabel": "nats per image",
                          "xlabel": "steps of the search"}],
                        "A q searched for each image beats the encoder's, and still falls short"),
           "amortisation",
           seen="Three lines over the steps of the search: log p(x) above, the encoder's bound "
                "below, and between them the bound of the q that is searched for each image, "
                "which rises from the encoder's most of the way to log p(x), and then no further.")
say("""
To think about: a better q for a test image changes nothing in the decoder. In training, would it?
""")

# %%
end()
