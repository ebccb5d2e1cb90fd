"""14. A tighter bound: what do several samples of z buy?  (blog, section 2: beyond 变分在哪里？)

The loss of a VAE is a bound, and what it loses has a name: KL(q, posterior). Draw several z for
each image and average before the logarithm, and less is lost, whatever q is. This lesson derives
the bound and its gradient, says how fast the gap closes, trains with it, and finds that a tighter
bound is not in every way a better teacher. Lesson 11 has the identity that it starts from.

    python tutorials/14_a_tighter_bound.py    (25 seconds; --pause waits for Enter after every step)

It draws closing_the_gap.png and who_learns.png into the folder that --out names (runs/tutorials if
it names none).
"""
# %%
import numpy as np

from numpyvae import IWAE, VAE, Adam, datasets, numeric_gradient, plots
from numpyvae.evaluate import log_likelihood, neg_elbo
from numpyvae.importance import log_mean_exp, log_mean_exp_backward, normalized_weights
from numpyvae.latent import (kl_divergence, kl_divergence_backward, log_posterior, log_prior,
                             reparameterize, reparameterize_backward)
from numpyvae.layers import dense, dense_backward, relu, relu_backward
from numpyvae.likelihoods import Bernoulli
from numpyvae.narrator import (ask, begin, check, check_less, end, figure, progress, say, show,
                               step, table)
from numpyvae.training import minibatches

options = begin(__doc__, seed=14)
rng   = np.random.default_rng(options.seed)
draws = 100_000 if options.quick else 2_000_000              # samples of z, all groups together

# %%
step("A world where everything is known", """
    z ~ N(0, 1),   x = W z + s noise                         # one pixel, one code
    p(x)         = N(x; 0, W² + s²)
    p(z given x) = N(z; W x / (W² + s²), s² / (W² + s²))
    q            = N(z; μ, σ²)                               # an encoder that is a little wrong
""")
say("""
Lesson 11's linear model, in one dimension. We look at one image, x = 2, and at an encoder whose
answer is off: its mean is too large, its bell too wide. What is lost by that?
""")
W, s, x = 1.2, 0.7, 2.0
var_x   = W ** 2 + s ** 2
log_px  = -0.5 * x ** 2 / var_x - 0.5 * np.log(2 * np.pi * var_x)
mu_post, std_post = W * x / var_x, s / np.sqrt(var_x)
mu, std = mu_post + 0.4, 0.7


def log_weights(eps, W=W, mu=mu, std=std):
    """log w of z = μ + σ ε, for the image x.  eps: any shape  ->  log_w, z: the same"""
    z     = mu + std * eps
    recon = 0.5 * ((x - W * z) / s) ** 2 + np.log(s) + 0.5 * np.log(2 * np.pi)
    return 0.5 * (eps ** 2 - z ** 2) + np.log(std) - recon, z


gap  = np.log(std_post / std) + 0.5 * (std ** 2 + (mu - mu_post) ** 2) / std_post ** 2 - 0.5
eps  = rng.standard_normal(draws)
L_1  = log_weights(eps)[0].mean()
error = log_weights(eps)[0].std() / np.sqrt(draws)
table(["", "nats"], [["log p(x)", log_px], ["the VAE's bound, mean of log w", L_1],
                     ["their difference", log_px - L_1], ["KL(q, posterior), by formula", gap]])
check("the bound loses KL(q, posterior)", log_px - L_1, gap, atol=5 * error)

# %%
step("The log of a mean, and the mean of the logs", """
    w = p(x, z) / q(z),   z ~ q:     mean of w = p(x)
    L_K = E log [(w_1 + … + w_K) / K]                        # K samples: their mean, then the log
    log p(x) - L_K = E [r - 1 - log r],   r = (w_1 + … + w_K) / (K p(x))
""")
say("""
A single w scatters, and the logarithm punishes low values more than it rewards high ones: that is
Jensen's loss. The mean of K weights scatters less. The last line is exact, since the mean of r is
1; and r - 1 - log r is never negative: it is lesson 6's t - 1 - log t.
""")
ask("""
Twice as many samples: how much of the gap will be left? Half? A quarter? 1/√2?
""", """
About half, once K is large: r - 1 - log r is about ½ (r - 1)², and the variance of a mean of K is
1/K of that of one. Step 3 says which constant.
""")
Ks = [1, 2, 4, 8, 16, 32, 64]


def gap_of(log_w):
    """log p(x) - L_K, estimated: its mean and standard error.  log_w: (groups, K)"""
    log_r = log_mean_exp(log_w) - log_px
    lost  = np.expm1(log_r) - log_r
    return lost.mean(), lost.std() / np.sqrt(len(lost))


eps   = rng.standard_normal(draws)
log_w = log_weights(eps)[0]
found = [gap_of(log_w[:draws - draws % K].reshape(-1, K)) for K in Ks]
gaps, errors = np.array(found).T
table(["K", "log p(x) - L_K", "standard error", "K times the gap"],
      zip(Ks, gaps, errors, Ks * gaps))
check("the mean of w is p(x)", np.exp(log_w - log_px).mean(), 1,
      atol=5 * np.exp(log_w - log_px).std() / np.sqrt(draws))
check("at K = 1 the gap is KL(q, posterior)", gaps[0], gap, atol=5 * errors[0])
check_less("it shrinks with every doubling", gaps[1:], gaps[:-1])

# %%
step("Why more samples never hurt", """
    mean of K + 1 weights  =  mean over i of (mean of all but w_i)
    log of it              ≥  mean over i of log (mean of all but w_i)       # Jensen
    take E of both sides:  L_{K+1} ≥ L_K
""")
say("""
No approximation here, and no condition on q: leave out each of the weights in turn, and the K + 1
means of the rest average to the mean of all. The inequality holds for every single draw, and so we
check it draw by draw.
""")
for K in (1, 2, 5):
    w       = np.exp(log_w[:1000 * (K + 1)]).reshape(1000, K + 1)
    without = (w.sum(axis=1, keepdims=True) - w) / K
    check(f"the {K + 1} means without one weight average to the mean of all", without.mean(axis=1),
          w.mean(axis=1), rtol=1e-14)
    check_less(f"the mean of their logs is less, in 1,000 draws of {K + 1}",
               np.log(without).mean(axis=1), np.log(w.mean(axis=1)))

# %%
step("How fast the gap closes", """
    K (log p(x) - L_K)  →  ½ χ²                              # χ² = ∫ p(z given x)² / q(z) dz - 1
""")
say("""
The variance of w / p(x) is χ², how differently q and the posterior weigh the codes: half of it,
over K, is what is left of the gap. For two bells it is an integral with a closed form; finite only
where q is wide enough, σ² > half the posterior's variance. An encoder that is too sure of itself
has weights whose variance is infinite, and no such law.
""")
a = 2 / std_post ** 2 - 1 / std ** 2                         # p² / q is a bell, too: complete the
b = 2 * mu_post / std_post ** 2 - mu / std ** 2              # square of -½ (a z² - 2 b z + c)
c = 2 * mu_post ** 2 / std_post ** 2 - mu ** 2 / std ** 2
chi2  = std / std_post ** 2 / np.sqrt(a) * np.exp(0.5 * (b ** 2 / a - c)) - 1
strip = np.arange(-12, 12, 1 / 256)
p_z   = np.exp(-0.5 * ((strip - mu_post) / std_post) ** 2) / std_post / np.sqrt(2 * np.pi)
q_z   = np.exp(-0.5 * ((strip - mu) / std) ** 2) / std / np.sqrt(2 * np.pi)
show("½ χ²", chi2 / 2)
show("K times the gap, K = 64", Ks[-1] * gaps[-1])
check("χ² by strips", np.sum(p_z ** 2 / q_z) / 256 - 1, chi2, rtol=1e-12)
check("at K = 64 it is ½ χ², within five standard errors and one part in 16", Ks[-1] * gaps[-1],
      chi2 / 2, atol=5 * Ks[-1] * errors[-1] + chi2 / 32)
lines = {"log p(x) - L_K": (Ks, gaps), "½ χ² / K": (Ks, chi2 / 2 / np.array(Ks))}
figure(plots.curves([{"lines": lines,
                      "xlabel": "K, samples of z for each image", "ylabel": "nats",
                      "xscale": "log", "yscale": "log"}],
                    "What is lost by K samples: soon ½ χ² / K"),
       "closing_the_gap", "The gap between log p(x) and the bound of K samples, falling from K = 1 "
       "to 64 on logarithmic axes, and the straight line ½ χ² / K, which it meets by K = 8.")

# %%
step("The weight in the names of the heart", """
    log w = log p(x given z) + log p(z) - log q(z given x)
          = -recon + ½ Σ_j (ε_j² - z_j² + log σ_j²)          # both log 2π cancel, (z - μ) / σ = ε
""")
say("""
Where the VAE has the closed form of the KL, this bound has the two log densities, at the sample. At
K = 1 nothing else has changed: the mean of the last line's sum is minus that closed form.
""")
N, K, Z = 3, 4, 2
model  = IWAE(7, 5, Z, rng=options.seed, num_samples=K)
images = rng.random((N, 7))
eps    = rng.standard_normal((N, K, Z))
mus, logvars = model.encode(images)
each   = np.repeat(np.arange(N), K)                          # which image a sample belongs to
z      = mus[each] + np.exp(0.5 * logvars[each]) * eps.reshape(-1, Z)
recon  = model.neg_log_p(z, images[each])
short  = 0.5 * (eps.reshape(-1, Z) ** 2 - z ** 2 + logvars[each]).sum(axis=1)
log_w  = (short - recon).reshape(N, K)
show(log_w=log_w)
check("the short form is log p(z) - log q(z)", short,
      log_prior(z) - log_posterior(logvars[each], eps.reshape(-1, Z)), atol=1e-14)

# %%
step("The gradient: every sample by its weight", """
    bound  = log [1/K Σ_k exp(log w_k)]
    ∂bound / ∂(log w_k) = w_k / (Σ w)  =  weights_k          # they add up to 1: a softmax
    dbound = Σ_k weights_k d(log w_k)
""")
say("""
The logarithm of a mean of exponentials: large numbers inside, so the largest is taken out first.
Its derivative is each weight's share of the sum. So the K samples vote on the gradient, and those
that explain the image well have more votes. The rest of the backward pass is the VAE's.
""")
weights = normalized_weights(log_w)
show(weights=weights)
check("each image's weights add up to 1", weights.sum(axis=1), 1, rtol=1e-14)
dbound = rng.standard_normal(N)
slope  = numeric_gradient(lambda log_w: dbound @ log_mean_exp(log_w), log_w, "complex")
check("the gradient by the complex step", log_mean_exp_backward(dbound, log_w), slope, rtol=1e-14)
loss = model.loss(images, eps)[0]
check("IWAE.loss is minus the mean bound", loss, -log_mean_exp(log_w).mean(), rtol=1e-14)

# %%
step("K = 1, against the closed form", """
    VAE:        loss = recon + KL(q, N(0, I))                # the KL's mean over z, by formula
    IWAE, K=1:  loss = recon + log q(z given x) - log p(z)   # the KL's value at one z
""")
say("""
On average they are the same. But where one can do an integral, sampling it instead is a waste:
here is the variance of the gradient at fresh noise, for both, untrained and trained. This is why
the blog computes the KL, and samples only what has no formula.
""")
digits  = datasets.load("digits")
x_train = (digits.x_train > 0.5).astype(float)               # in black and white: log p(x) is then
x_test  = (digits.x_test  > 0.5).astype(float)               # the logarithm of a probability
epochs  = 2 if options.quick else 60


def train(model, doing):
    """Train a model on the digits  ->  the model."""
    noise = np.random.default_rng(options.seed + 1)
    adam  = Adam(model.params, lr=3e-3)
    for _ in progress(range(epochs), doing):
        for batch in minibatches(len(x_train), 64, noise):
            _, grads = model.sample_loss_and_grads(x_train[batch], noise)
            adam.step(grads)
    return model


def scatter(model):
    """At 300 fresh noises: the mean loss, its standard deviation, the variance of the gradient."""
    noise  = np.random.default_rng(options.seed + 2)
    losses, slopes = [], []
    for _ in range(300):
        (loss, _, _), grads = model.sample_loss_and_grads(x_test[:64], noise)
        losses.append(loss)
        slopes.append(np.concatenate([grads["W_mu"].ravel(), grads["W_logvar"].ravel()]))
    return np.mean(losses), np.std(losses), np.var(slopes, axis=0).sum()


vae = VAE(64, 128, 8, rng=options.seed)
one = IWAE(64, 128, 8, rng=options.seed, num_samples=1)
one.params = vae.params                                      # one network, two losses
formula_0, sample_0 = scatter(vae), scatter(one)
train(vae, "training the VAE")
formula_1, sample_1 = scatter(vae), scatter(one)
table(["network", "the KL", "mean loss", "its std", "variance of the gradient"],
      [["untrained", "by formula", *formula_0],
       ["untrained", "by one sample", *sample_0],
       ["trained", "by formula", *formula_1],
       ["trained", "by one sample", *sample_1]])
for when, one_way, other in (("untrained", formula_0, sample_0), ("trained", formula_1, sample_1)):
    error = np.hypot(one_way[1], other[1]) / np.sqrt(300)
    check(f"{when}: the same mean, within five standard errors", one_way[0], other[0],
          atol=5 * error)
check_less("untrained, the sampled KL's gradient varies ten times as much", 10 * formula_0[2],
           sample_0[2])
check_less("trained, still more", formula_1[2], sample_1[2], full_size=True)
check_less("and yet the trained loss itself scatters less", sample_1[1], formula_1[1],
           full_size=True)
say("""
The last line is no mistake. Where q is nearly the posterior, log w is nearly the same for every z:
what recon loses at a poor z, the other terms gain. The value is steady there; its gradient is not.
""")

# %%
step("Training with K samples", "loss = -L_K     with K = 1, 5, 20")
say("""
Three networks from the same start, each on its own bound, the digits in black and white. L_1, L_5
and L_20 are three rulers, so we hold all of them against a fourth: log p(x) of the test images, by
500 samples. What it exceeds the VAE's bound by is KL(q, posterior).
""")
ask("""
The network that was trained with K = 20: will its q be nearer to the posterior than the VAE's, or
farther away?
""", """
Farther. The bound of 20 samples forgives a bad q, as long as one sample in 20 is good. So the
encoder is no longer asked for the best q, only for one that is good to draw from: a wide one. The
table shows a KL(q, posterior) that is several times the VAE's, under a better log p(x).
""")
log_p, kl_q = {}, {}
for K in (1, 5, 20):
    model    = IWAE(64, 128, 8, rng=options.seed, num_samples=K)
    model    = train(model, f"training with K = {K}")
    log_p[K] = log_likelihood(model, x_test, 500, rng=1).mean()
    kl_q[K]  = log_p[K] + neg_elbo(model, x_test, rng=1, num_samples=20)[0]
table(["K", "log p(x)", "the VAE's bound", "KL(q, posterior)"],
      [[K, log_p[K], log_p[K] - kl_q[K], kl_q[K]] for K in log_p])
check_less("K = 5 explains the images better than K = 1", log_p[1], log_p[5], full_size=True)
check_less("and K = 20, too", log_p[1], log_p[20], full_size=True)
check_less("with a q that is farther from the posterior", kl_q[1], kl_q[5], full_size=True)
check_less("the farther, the larger K", kl_q[5], kl_q[20], full_size=True)

# %%
step("What the decoder learns, and what the encoder", """
    ∂L_K / ∂W = E Σ_k weights_k [z_k (x - W z_k) / s²]             →  ∂(log p(x)) / ∂W
    ∂L_K / ∂μ = E Σ_k weights_k [W (x - W z_k) / s² - z_k]         →  0
""", second=True)
say("""
Back to the small world, where we know what should come out. As K grows, L_K becomes log p(x). That
depends on the decoder, and its gradient arrives. It does not depend on q at all: the encoder's
gradient fades as 1/K, while its noise fades as 1/√K only. So the more samples, the less the encoder
can tell what its gradient is (Rainforth et al. 2018). And see the first row: with one sample of so
poor a q, the decoder is even sent the wrong way.
""")
Ks        = [1, 4, 16, 64]
d_log_px  = W * x ** 2 / var_x ** 2 - W / var_x
eps       = rng.standard_normal(draws)


def slopes(K):
    """∂L_K/∂W and ∂L_K/∂μ of each group of K samples; and the parts of the next step."""
    noise    = eps[:draws - draws % K].reshape(-1, K)
    log_w, z = log_weights(noise)
    weights  = normalized_weights(log_w)
    dz       = W * (x - W * z) / s ** 2 - z                  # of log p(x, z)
    at_fixed_q = dz + noise / std                            # of log w, where μ and σ stay put
    return {"W":       (weights * z * (x - W * z) / s ** 2).sum(axis=1),
            "μ":       (weights * dz).sum(axis=1),
            "dropped": (weights * at_fixed_q).sum(axis=1),
            "doubly":  (weights ** 2 * at_fixed_q).sum(axis=1)}


def signal_to_noise(slope):
    """|mean| / standard deviation of an estimate."""
    return abs(slope.mean()) / slope.std()


found = {K: slopes(K) for K in Ks}
table(["K", "∂L_K/∂W", "signal / noise", "∂L_K/∂μ", "signal / noise"],
      [[K, found[K]["W"].mean(), signal_to_noise(found[K]["W"]),
        found[K]["μ"].mean(), signal_to_noise(found[K]["μ"])] for K in Ks])
show("∂log p(x) / ∂W", d_log_px)
to_noise = {name: [signal_to_noise(found[K][name]) for K in Ks] for name in ("W", "μ", "doubly")}
off      = [abs(found[K]["W"].mean() - d_log_px) for K in Ks]
check_less("at K = 1 the decoder is sent the wrong way", found[1]["W"].mean() * d_log_px, 0)
check_less("its gradient comes nearer to that of log p(x)", off[1:], off[:-1])
check_less("and stands out of its noise ever better", to_noise["W"][1:3], to_noise["W"][2:])
check_less("the encoder's fades", np.abs([found[K]["μ"].mean() for K in Ks])[1:],
           np.abs([found[K]["μ"].mean() for K in Ks])[:-1])
check_less("and drowns", to_noise["μ"][1:], to_noise["μ"][:-1])

# %%
step("An encoder's gradient that does not drown", """
    ∂L_K / ∂μ = E Σ_k weights_k² ∂log w_k / ∂z_k             # μ and σ within log q held fixed
""", second=True)
say("""
log w depends on μ twice: through z, and through log q. One may drop the second part where K = 1,
since its mean is 0; not beyond, where the weights depend on it. Tucker et al. (2018) reparameterize
it once more: what comes out has the same mean, with each weight squared; and where q is the
posterior every term of it is 0, noise and all.
""")
table(["K", "the gradient", "second part dropped", "doubly reparameterized", "its signal / noise"],
      [[K, *(found[K][name].mean() for name in ("μ", "dropped", "doubly")), noise]
       for K, noise in zip(Ks, to_noise["doubly"])])
for K in Ks:
    a, b  = found[K]["μ"], found[K]["doubly"]
    error = np.std(a - b) / np.sqrt(len(a))
    check(f"K = {K}: the same mean, within five standard errors", a.mean(), b.mean(),
          atol=5 * error)
check("dropping a part is right for K = 1", found[1]["dropped"].mean(), found[1]["μ"].mean(),
      atol=5 * np.std(found[1]["dropped"] - found[1]["μ"]) / np.sqrt(draws))
check_less("and wrong beyond: at K = 16 by more than a factor of 3",
           3 * abs(found[16]["μ"].mean()), abs(found[16]["dropped"].mean()))
check_less("its signal grows out of the noise", to_noise["doubly"][1:3], to_noise["doubly"][2:])
log_w, z = log_weights(eps[:1000], mu=mu_post, std=std_post)
at_fixed_q = W * (x - W * z) / s ** 2 - z + eps[:1000] / std_post
check("at the posterior every w is p(x)", log_w, log_px, rtol=1e-13)
check("and there is no gradient, and no noise", at_fixed_q, 0, atol=1e-12)
figure(plots.curves([{"lines": {"the decoder's": (Ks, to_noise["W"]),
                                "the encoder's": (Ks, to_noise["μ"]),
                                "the encoder's, doubly reparameterized": (Ks, to_noise["doubly"])},
                      "xlabel": "K, samples of z for each image",
                      "ylabel": "signal / noise", "xscale": "log", "yscale": "log"}],
                    "A tighter bound teaches the decoder, and drowns the encoder"),
       "who_learns", "Signal over noise of three gradients against K, on logarithmic axes. The "
       "decoder's rises, the encoder's falls; doubly reparameterized, the encoder's rises, too.")

# %%
step("What one encoder for all leaves on the table", """
    log p(x) - bound(encoder's q)  =  log p(x) - bound(best q)              # its diagonal gap
                                    + bound(best q) - bound(encoder's q)    # the amortisation gap
""", second=True)
say("""
KL(q, posterior) has two parts. No q without tilt can be the posterior (lesson 11); and the encoder,
which answers for all images at once, does not even give the best one of those. To tell them apart,
freeze the VAE's decoder, and let twenty test images search a mu and a logvar of their own, starting
from the encoder's answer. The gradient is the second half of VAE.loss_and_grads, by hand, averaged
over K draws of the noise.
""")
W3, b3, W4, b4 = (vae.params[name] for name in ("W3", "b3", "W4", "b4"))
few = x_test[:20]


def neg_bound(mu, logvar, eps):
    """-bound of each of the few, a mean over noise eps (K, N, Z)  ->  (N,), dmu and dlogvar."""
    K      = len(eps)
    x_k    = np.tile(few, (K, 1))                            # each image meets K draws of the noise
    z      = reparameterize(mu, logvar, eps)                 # (K, N, Z)
    z_flat = z.reshape(-1, z.shape[-1])
    a3     = dense(z_flat, W3, b3)
    h3     = relu(a3)
    logits = dense(h3, W4, b4)
    recon  = Bernoulli().neg_log_p(logits, x_k)
    kl     = kl_divergence(mu, logvar)

    drecon             = np.full(len(recon), 1 / K)
    dmu_kl, dlogvar_kl = kl_divergence_backward(np.ones(len(few)), mu, logvar)
    dlogits            = Bernoulli().neg_log_p_backward(drecon, logits, x_k)
    dh3, _, _          = dense_backward(dlogits, h3, W4)
    da3                = relu_backward(dh3, a3)
    dz_flat, _, _      = dense_backward(da3, z_flat, W3)
    dz                 = dz_flat.reshape(z.shape)
    dmu_z, dlogvar_z   = reparameterize_backward(dz, logvar, eps)
    dlogvar            = dlogvar_z.sum(axis=0) + dlogvar_kl
    dmu                = dmu_z.sum(axis=0) + dmu_kl
    return recon.reshape(K, -1).mean(axis=0) + kl, dmu, dlogvar


mus, logvars = vae.encode(few)
noise = rng.standard_normal((3, *mus.shape))
slope = numeric_gradient(lambda m: neg_bound(m, logvars, noise)[0].sum(), mus, "complex")
check("dmu by the complex step", neg_bound(mus, logvars, noise)[1], slope, rtol=1e-12)
slope = numeric_gradient(lambda v: neg_bound(mus, v, noise)[0].sum(), logvars, "complex")
check("dlogvar by the complex step", neg_bound(mus, logvars, noise)[2], slope, rtol=1e-12)

own  = {"mu": mus.copy(), "logvar": logvars.copy()}
adam = Adam(own, lr=0.03)
for _ in progress(range(10 if options.quick else 100), "searching"):
    _, dmu, dlogvar = neg_bound(**own, eps=rng.standard_normal((20, *mus.shape)))
    adam.step({"mu": dmu, "logvar": dlogvar})

# %%
step("The two gaps, measured", second=True)
say("""
Both q are judged on the same fresh noise, in 20 groups of draws; log p(x) is the bound of 5,000
samples.
""")
judges   = rng.standard_normal((20, 10 if options.quick else 100, *mus.shape))
encoders = -np.array([neg_bound(mus, logvars, eps)[0] for eps in judges])
searched = -np.array([neg_bound(**own, eps=eps)[0] for eps in judges])
gain     = searched - encoders                               # (groups, images)
error    = gain.mean(axis=1).std(ddof=1) / np.sqrt(20)
log_p_x  = log_likelihood(vae, few, 500 if options.quick else 5000, rng=1).mean()
table(["mean of the 20 images", "nats"],
      [["log p(x)", log_p_x], ["bound of the q that was searched", searched.mean()],
       ["bound of the encoder's q", encoders.mean()],
       ["diagonal gap, about", log_p_x - searched.mean()],
       ["amortisation gap, at least", gain.mean()], ["its standard error", error]])
check_less("a q of its own gains, by more than five standard errors", 5 * error, gain.mean(),
           full_size=True)
check_less("at least 15 of the 20 images gain", 14, (gain.mean(axis=0) > 0).sum(), full_size=True)
check_less("and still q is not the posterior", 0.02, log_p_x - searched.mean(), full_size=True)

# %%
end()
