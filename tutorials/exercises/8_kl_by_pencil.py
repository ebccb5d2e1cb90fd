"""8. The KL divergence by pencil.  (blog, section 2.3.2: kl loss; lesson 6)

No formula is wanted here, only numbers, and no computer to find them. Three bell curves, each with
one latent variable:

    n    μ_n    σ²_n
    0     1      4
    1    -2      ¼
    2     ½      9

    kl_n = ½ ( μ_n² + σ²_n - 1 - log σ²_n )

Draw the three, and N(0, 1) beside each. For which of them does the KL term pull the mean to the
left, for which to the right? Which of the variances does it want to shrink, which to grow? Then
work out the six slopes with a pencil, three by μ and three by v = log σ² (write σ² as exp(v) before
you differentiate), and put them in as numbers, in the order of n:

    dmu     = dkl * [ , , ]
    dlogvar = dkl * [ , , ]

Before you ask the judge, ask yourself: has each of the six the sign that your drawing wants?

Replace each `...` below, one or both, and ask the judge, from the folder that holds `tutorials`:

    numpyvae check tutorials/exercises/8_kl_by_pencil.py:kl,kl_backward
"""
import numpy as np


def kl(mu, logvar):
    """mu, logvar: (N,)  ->  kl: (N,) in nats"""
    return 0.5 * (mu ** 2 + np.exp(logvar) - 1 - logvar)


def kl_backward(dkl, mu, logvar):
    """dkl: (N,)  ->  dmu: (N,), dlogvar: (N,)"""
    dmu = ...                                    # (N,): dkl times three numbers of yours
    dlogvar = ...                                # (N,): dkl times three others
    return dmu, dlogvar


def example():
    """What the judge calls kl with: the three bell curves of the table."""
    return np.array([1.0, -2.0, 0.5]), np.log([4.0, 0.25, 9.0])


# To think about: one of the three has a steeper slope by log σ² than the two others together. Is it
# also the one that costs most? And at which σ² would the slope by log σ² be 0, whatever μ is?
