"""11. The bound, where all of it is known.  (blog, section 2: what is varied; lesson 11)

One latent variable, one pixel, a linear decoder: x = w z + noise of variance s², and z ~ N(0, 1).
Then minus the bound is a formula, without any sample:

    E_q (x - w z)² = (x - w μ)² + w² σ²                              for z ~ N(μ, σ²)
    cost_n = [ (x_n - w μ_n)² + w² σ²_n ] / (2 s²)  +  ½ ( μ²_n + σ²_n - 1 - log σ²_n )

with w = 1.5 and s = 0.8 below. What a VAE varies is q, by μ and log σ²:

    dmu_n     = dcost_n  ∂cost_n / ∂μ_n
    dlogvar_n = dcost_n  ∂cost_n / ∂log σ²_n

Each has a term from the pixel and a term from the KL. Which way does the first pull μ, and which
way the second? And does x appear in the slope by log σ²? Should it?

Before you ask the judge, ask yourself: where are both 0? You have then found the best q, and it is
the posterior, N(w x / (w² + s²), s² / (w² + s²)): do you find it?

Replace each `...` below, one or both, and ask the judge, from the folder that holds `tutorials`:

    numpyvae check tutorials/exercises/11_bound.py:neg_bound,neg_bound_backward
"""
import numpy as np

W_DEC, X_STD = 1.5, 0.8                          # w and s


def neg_bound(mu, logvar, x):
    """mu, logvar, x: (N,)  ->  cost: (N,) in nats, up to a constant"""
    var   = np.exp(logvar)
    recon = ((x - W_DEC * mu) ** 2 + W_DEC ** 2 * var) / (2 * X_STD ** 2)
    return recon + 0.5 * (mu ** 2 + var - 1 - logvar)


def neg_bound_backward(dcost, mu, logvar, x):
    """dcost: (N,)  ->  dmu: (N,), dlogvar: (N,); x is data"""
    dmu = ...                                    # (N,), as mu
    dlogvar = ...                                # (N,), as logvar
    return dmu, dlogvar


def example():
    """What the judge calls neg_bound with: three images, and a first guess of q for each."""
    rng = np.random.default_rng(11)
    return rng.standard_normal(3), rng.standard_normal(3), 2 * rng.standard_normal(3)


# To think about: the best σ² is the same for every image, however far it is from what is usual. Is
# that so for the VAE of the blog, and what in its decoder would make it different?
