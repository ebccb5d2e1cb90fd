"""5. The KL divergence from the posterior to the prior.  (blog, section 2.3.2: kl loss; lesson 6)

For each example the encoder gives a mean and a variance for every latent variable; the KL
divergence says, in nats, how far that is from the standard normal. The latent variables are
independent, so an example's terms add up:

    kl_n       = Σ_j ½ ( μ²_nj + σ²_nj - 1 - log σ²_nj )

    dmu_nj     = Σ_m  dkl_m  ∂kl_m / ∂μ_nj
    dlogvar_nj = Σ_m  dkl_m  ∂kl_m / ∂log σ²_nj

What the network computes is log σ² (in code `logvar`), so that is what to differentiate by: call it
v, write the bracket with v in place of every σ, and only then take the derivative. Which kl_m does
entry nj touch? And dkl has one number an example: how do you make (N,) meet (N, Z), so that row n
is multiplied by its own number?

Before you ask the judge, ask yourself: for which μ and σ is the KL divergence 0? It is never below
0, so that is its lowest point: are both of your gradients 0 there?

Replace each `...` below, one or both, and ask the judge, from the folder that holds `tutorials`:

    numpyvae check tutorials/exercises/5_kl.py:kl_divergence,kl_divergence_backward
"""
import numpy as np


def kl_divergence(mu, logvar):
    """mu, logvar: (N, Z)  ->  kl: (N,) in nats"""
    return 0.5 * (mu ** 2 + np.exp(logvar) - 1 - logvar).sum(axis=1)


def kl_divergence_backward(dkl, mu, logvar):
    """dkl: (N,)  ->  dmu: (N, Z), dlogvar: (N, Z)"""
    dmu = ...                                    # (N, Z), as mu
    dlogvar = ...                                # (N, Z), as logvar
    return dmu, dlogvar


def example():
    """What the judge calls kl_divergence with: means, and log variances below and above 0."""
    rng = np.random.default_rng(5)
    N, Z = 3, 2
    return rng.standard_normal((N, Z)), rng.standard_normal((N, Z))


# To think about: if this were the whole loss, where would training take mu and logvar, and what
# would the codes of a 3 and of an 8 then have in common? Which other gradient arrives at the same
# mu, and holds against it?
