"""The latent variable: the reparameterization trick, and the KL divergence from the prior."""
import numpy as np


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
