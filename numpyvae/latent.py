"""The latent variable: the reparameterization trick, and what the prior thinks of its posterior."""
import math

import numpy as np

LOG_2PI = math.log(2 * math.pi)


def reparameterize(mu, logvar, eps):
    """A sample of N(mu, diag(exp(logvar))) as a differentiable function of mu and logvar.

    mu, logvar, eps: (N, Z), eps drawn from N(0, I) by the caller  ->  z: (N, Z)
    Source: Kingma & Welling 2014, section 2.4; blog 2.4, `reparameterize`.
    """
    std = np.exp(0.5 * logvar)                       # σ = exp(½ log σ²)
    return mu + std * eps                            # z = μ + σ ε


def reparameterize_backward(dz, logvar, eps):
    """The gradients of the sample: the noise is a constant, so they flow through mu and std alone.

    dz: (N, Z)  ->  dmu, dlogvar: (N, Z)
    """
    std     = np.exp(0.5 * logvar)
    dmu     = dz                                     # ∂z / ∂μ      = 1
    dstd    = dz * eps                               # ∂z / ∂σ      = ε
    dlogvar = dstd * 0.5 * std                       # ∂σ / ∂log σ² = ½ σ
    return dmu, dlogvar


def kl_per_dim(mu, logvar):
    """KL(N(μ, σ²), N(0, 1)) of every latent variable, in nats.

    mu, logvar: (N, Z)  ->  kl: (N, Z)
    Source: Kingma & Welling 2014, appendix B; blog 2.3.2 (which leaves the derivation out).
    """
    # KL = ½ (μ² + σ² - 1 - log σ²),     with σ² - 1 = expm1(log σ²), exact when σ² is near 1
    return 0.5 * (mu * mu + (np.expm1(logvar) - logvar))


def kl_divergence(mu, logvar):
    """KL(q(z given x), N(0, I)) of every example, in nats: independent dimensions add up.

    mu, logvar: (N, Z)  ->  kl: (N,)
    Source: Kingma & Welling 2014, appendix B.
    """
    return kl_per_dim(mu, logvar).sum(axis=1)        # kl_n = Σ_j KL_nj


def kl_divergence_backward(dkl, mu, logvar):
    """The gradients of the KL divergence.

    dkl: (N,)  ->  dmu, dlogvar: (N, Z)
    """
    dkl     = dkl[:, None]                           # the same for every dimension of an example
    dmu     = dkl * mu                               # ∂KL / ∂μ      = μ
    dlogvar = dkl * 0.5 * np.expm1(logvar)           # ∂KL / ∂log σ² = ½ (σ² - 1)
    return dmu, dlogvar


def kl_to_class(mu, logvar, M, y):
    """KL(q(z given x), N(M[y], I)) of every example, in nats: each class has a mean of its own.

    mu, logvar: (N, Z); M: (C, Z), a mean for each class; y: (N,), the class of each example
    ->  kl: (N,)
    Source: Su 2018, spaces.ac.cn/archives/5253, the conditional VAE (blog 4).
    """
    # KL = ½ Σ_j ((μ - M_y)² + σ² - 1 - log σ²):  as from N(0, I), once M_y is the origin
    return kl_divergence(mu - M[y], logvar)


def kl_to_class_backward(dkl, mu, logvar, M, y, out=None):
    """The gradients of the KL divergence from the class's prior.

    dkl: (N,)  ->  dmu, dlogvar: (N, Z), dM: (C, Z)
    out: the array that dM is written into; None makes a fresh one
    """
    dmu, dlogvar = kl_divergence_backward(dkl, mu - M[y], logvar)    # ∂KL / ∂μ   = μ - M_y
    dM_y = -dmu                                                      # ∂KL / ∂M_y = -(μ - M_y)
    Y    = np.eye(len(M), dtype=M.dtype)[y]                          # one-hot, (N, C): M[y] = Y M
    dM   = np.matmul(Y.T, dM_y, out=out)                             # dM_c = Σ_{n: y_n = c} dM_y_n
    return dmu, dlogvar, dM


def log_prior(z):
    """log p(z) of every sample, under the prior N(0, I), in nats.

    z: (N, Z)  ->  log_p: (N,)
    """
    return -0.5 * (z * z + LOG_2PI).sum(axis=1)      # log p = -½ Σ_j (z_j² + log 2π)


def log_prior_backward(dlog_p, z):
    """The gradient of log p(z), which draws every sample towards the origin.

    dlog_p: (N,)  ->  dz: (N, Z)
    """
    return dlog_p[:, None] * -z                      # ∂log p / ∂z = -z


def log_posterior(logvar, eps):
    """log q(z given x) of every sample z = μ + σ ε, under the approximate posterior, in nats.

    logvar, eps: (N, Z)  ->  log_q: (N,)
    """
    # log q = -½ Σ_j ((z_j - μ_j)² / σ_j² + log σ_j² + log 2π),     where (z - μ) / σ is ε
    return -0.5 * (eps * eps + logvar + LOG_2PI).sum(axis=1)


def log_posterior_backward(dlog_q, logvar):
    """The gradient of log q(z given x): the noise is a constant, and μ moves z along with q.

    dlog_q: (N,)  ->  dlogvar: (N, Z)
    """
    return dlog_q[:, None] * np.full_like(logvar, -0.5)              # ∂log q / ∂log σ² = -½
