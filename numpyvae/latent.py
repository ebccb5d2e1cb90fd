"""The latent variable: the reparameterization trick, and the KL divergence from the posterior to
the prior.
"""
import numpy as np


def reparameterize_forward(mu, logvar, eps):
    """A sample of N(mu, diag(exp(logvar))) as a differentiable function of mu and logvar.

    mu, logvar, eps: (N, Z), eps drawn from N(0, I) by the caller  ->  z: (N, Z), cache
    Source: Kingma & Welling 2014, section 2.4; blog 2.4, `reparameterize`.
    """
    std = np.exp(0.5 * logvar)                       # σ = exp(½ log σ²)
    z   = mu + std * eps                             # z = μ + σ ε
    return z, (std, eps)


def reparameterize_backward(dz, cache):
    """The gradients of the sample: the noise is a constant, so they flow through mu and std alone.

    dz: (N, Z)  ->  dmu, dlogvar: (N, Z)
    """
    std, eps = cache
    dmu     = dz                                     # ∂z / ∂μ      = 1
    dstd    = dz * eps                               # ∂z / ∂σ      = ε
    dlogvar = dstd * std * 0.5                       # ∂σ / ∂log σ² = ½ σ
    return dmu, dlogvar


def kl_per_dim(mu, logvar):
    """KL(N(μ, σ²), N(0, 1)) of every latent variable, in nats.

    mu, logvar: (N, Z)  ->  kl: (N, Z)
    Source: Kingma & Welling 2014, appendix B; blog 2.3.2 (which leaves the derivation out).
    """
    # KL = ½ (μ² + σ² - 1 - log σ²),   with σ² - 1 = expm1(log σ²), which keeps its digits when σ² is near 1
    return 0.5 * (mu * mu + (np.expm1(logvar) - logvar))


def kl_forward(mu, logvar):
    """KL(q(z given x), N(0, I)) of every example: the latent dimensions are independent, so their
    terms add up.

    mu, logvar: (N, Z)  ->  kl: (N,) in nats, cache
    Source: Kingma & Welling 2014, appendix B.
    """
    return kl_per_dim(mu, logvar).sum(axis=1), (mu, logvar)


def kl_backward(dkl, cache):
    """The gradients of the KL divergence.

    dkl: (N,)  ->  dmu, dlogvar: (N, Z)
    """
    mu, logvar = cache
    dmu     = dkl[:, None] * mu                          # ∂KL / ∂μ      = μ
    dlogvar = dkl[:, None] * (0.5 * np.expm1(logvar))    # ∂KL / ∂log σ² = ½ (σ² - 1)
    return dmu, dlogvar
