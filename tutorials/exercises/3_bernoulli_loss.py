"""3. The Bernoulli loss, from logits.  (blog, section 2.3.1: reconstruct loss; lesson 5)

A pixel x between 0 and 1 is compared with the probability p = sigmoid(l) that the decoder gives it.
(The decoder's last layer computes l; in code it is `logits`.) The loss of an example is the cross
entropy, summed over its pixels:

    recon_n      = Σ_d [ -x_nd log p_nd - (1 - x_nd) log(1 - p_nd) ]
                 = Σ_d [ log(1 + exp(l_nd)) - x_nd l_nd ]              with p = 1 / (1 + exp(-l))

    dlogits_nd   = Σ_m  drecon_m  ∂recon_m / ∂l_nd

The second line is the one that the forward computes, and the one to differentiate: it has no p in
it. (That it equals the first takes four lines on paper, and is worth them.) Which recon_m does the
logit l_nd touch, so what is left of the sum over m? What is the derivative of log(1 + exp(l))?
Bring it into a form that you know by name. drecon has one number an example, dlogits has one a
pixel: how do you make (N,) meet (N, D), so that row n is multiplied by its own number?

Replace the `...` below, and ask the judge, from the folder that holds `tutorials`:

    numpyvae check tutorials/exercises/3_bernoulli_loss.py:bernoulli_loss,bernoulli_loss_backward
"""
import numpy as np


def bernoulli_loss(logits, x):
    """logits: (N, D); x: (N, D) in [0, 1]  ->  recon: (N,) in nats"""
    cost = np.logaddexp(0, logits) - x * logits          # logaddexp(0, l) = log(exp(0) + exp(l))
    return cost.sum(axis=1)


def bernoulli_loss_backward(drecon, logits, x):
    """drecon: (N,)  ->  dlogits: (N, D).  (x is data: it needs no gradient.)"""
    dlogits = ...                                # (N, D), as logits
    return dlogits


def example():
    """What the judge calls bernoulli_loss with: grey pixels, darker and lighter than one half."""
    rng = np.random.default_rng(3)
    N, D = 3, 7
    return 2 * rng.standard_normal((N, D)), rng.random((N, D))


# To think about: for which l is the gradient of a pixel 0, if x = 0.3? Is the loss 0 there, too? So
# how far down can training bring the loss of a grey picture?
