"""10. Find the code of an image.  (blog, section 2.1: the decoder; lesson 10)

The encoder names a code for an image. One can also search: of all z, which one is the best for this
x? Best means: it explains the pixels, and is no unlikely draw from the prior. With one decoder
layer and Bernoulli pixels,

    l_nd   = Σ_j  z_nj W_jd + b_d                            logits
    cost_n = Σ_d [ log(1 + exp(l_nd)) - x_nd l_nd ]  +  ½ Σ_j z²_nj

which is -log p(x_n, z_n), up to a constant. To search downhill one needs its slope by z, and that
is all: W and b stay what they are.

    dz_nj  = Σ_m  dcost_m  ∂cost_m / ∂z_nj

z enters twice. What does the first term send back to l (number 3), and from there to z (number 1)?
What does the second send to z directly? What do you do with two gradients for one thing?

Before you ask the judge, ask yourself: where does the search end if W is 0?

Replace the `...` below, and ask the judge, from the folder that holds `tutorials`:

    numpyvae check tutorials/exercises/10_find_the_code.py:code_cost,code_cost_backward
"""
# flake8: noqa: F841
import numpy as np


def code_cost(z, W, b, x):
    """z: (N, Z); W: (Z, D); b: (D,); x: (N, D)  ->  cost: (N,) in nats"""
    logits = z @ W + b
    recon  = (np.log1p(np.exp(logits)) - x * logits).sum(axis=1)
    return recon + 0.5 * (z ** 2).sum(axis=1)


def code_cost_backward(dcost, z, W, b, x):
    """dcost: (N,)  ->  dz: (N, Z); W, b and x stay what they are"""
    logits = z @ W + b
    dz = ...                                     # (N, Z), as z (with a line above it for dlogits)
    return dz


def example():
    """What the judge calls code_cost with: three codes, a decoder, and the images to be found."""
    rng = np.random.default_rng(10)
    N, D, Z = 3, 7, 2
    return (rng.standard_normal((N, Z)), rng.standard_normal((Z, D)), rng.standard_normal(D),
            rng.random((N, D)))


# To think about: the z that you would find is the top of the posterior, and a VAE's encoder gives a
# mean and a width. In which of the two would you see that an image is ambiguous, and would the top
# then be a good answer?
