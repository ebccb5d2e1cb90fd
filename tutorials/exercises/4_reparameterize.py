"""4. The reparameterization trick, z = μ + σ ε.  (blog, section 2.4: reparameterize; lesson 4)

z is a random draw from N(μ, σ²), and yet a gradient is to pass through it. The trick: the noise ε
is drawn by whoever calls, and is an argument like any other. Once it is drawn, z is an ordinary
function of μ and of log σ² (in code `mu`, `logvar`; σ is `std`), entry by entry:

    σ_nj       = exp(½ log σ²_nj)
    z_nj       = μ_nj + σ_nj ε_nj

    dmu_nj     = dz_nj  ∂z_nj / ∂μ_nj
    dstd_nj    = dz_nj  ∂z_nj / ∂σ_nj
    dlogvar_nj = dstd_nj  ∂σ_nj / ∂log σ²_nj

So log σ² is reached in two steps, by way of σ; give dstd a line of its own. What stays fixed while
you differentiate by σ? And if v is short for log σ², what is the derivative of exp(½ v) by v, and
can you write it with σ, which the first line of your backward has computed already? (ε is no
parameter of anything: it needs no gradient. And why does no derivative depend on μ?)

Replace each `...` below, one or both, and ask the judge, from the folder that holds `tutorials`:

    numpyvae check tutorials/exercises/4_reparameterize.py:reparameterize,reparameterize_backward
"""
# flake8: noqa: F841
import numpy as np


def reparameterize(mu, logvar, eps):
    """mu, logvar, eps: (N, Z)  ->  z: (N, Z)"""
    std = np.exp(0.5 * logvar)
    return mu + std * eps


def reparameterize_backward(dz, logvar, eps):
    """dz: (N, Z)  ->  dmu: (N, Z), dlogvar: (N, Z)"""
    std = np.exp(0.5 * logvar)
    dmu = ...                                    # (N, Z), as mu
    dlogvar = ...                                # (N, Z), as logvar (with a line above it for dstd)
    return dmu, dlogvar


def example():
    """What the judge calls reparameterize with: means, log variances, and one draw of the noise."""
    rng = np.random.default_rng(4)
    N, Z = 3, 2
    return rng.standard_normal((N, Z)), rng.standard_normal((N, Z)), rng.standard_normal((N, Z))


# To think about: suppose that the forward drew eps itself, and the backward drew another one. Would
# the gradient be wrong in every step? On average over many steps? What is E[dz eps] in both cases,
# for the loss z² and so dz = 2 z?
