"""7. Find the line.  (blog, section 2.4; lesson 8 shows many more of this kind)

The whole VAE once more, all of it filled in. It runs, no shape is wrong, a network trained with it
even learns: and one line of the backward is wrong. (The forward is right, above and where the
backward begins. Do number 6 first: this file has most of its answer.) That is how you will meet
your own mistakes, so go about it as you would with those. First ask the judge:

    numpyvae check tutorials/exercises/7_find_the_line.py:vae_loss,vae_loss_backward

It judges ten gradients; each comes from a chain of lines, and its verdict is one on the whole
chain:

    right    every line on the way from dloss to it is acquitted
    wrong    a line on the way to it is guilty: one that the right ones have not acquitted already

Write down, for each gradient in turn, the lines that it was computed from. Strike out whatever a
right one has used. How many lines are left? Of those, take the forward line that each answers, and
differentiate it once more, on paper. (More than one gradient is wrong. Does that need more than one
wrong line?) Then mend it, and ask again: one line is enough, and you have found it when you can say
what whoever wrote it was thinking of.
"""
import numpy as np


def vae_loss(W1, b1, W_mu, b_mu, W_logvar, b_logvar, W3, b3, W4, b4, x, eps):
    """x: (N, D); eps: (N, Z); weights (in, out)  ->  loss: one number, in nats per example"""
    a1     = x @ W1 + b1                                                # (N, H)
    h1     = np.maximum(a1, 0)                                          # (N, H)
    mu     = h1 @ W_mu + b_mu                                           # (N, Z)
    logvar = h1 @ W_logvar + b_logvar                                   # (N, Z), log σ²
    std    = np.exp(0.5 * logvar)                                       # (N, Z), σ
    z      = mu + std * eps                                             # (N, Z)
    a3     = z @ W3 + b3                                                # (N, H)
    h3     = np.maximum(a3, 0)                                          # (N, H)
    logits = h3 @ W4 + b4                                               # (N, D)
    recon  = (np.logaddexp(0, logits) - x * logits).sum(axis=1)         # (N,)
    kl     = 0.5 * (mu ** 2 + np.exp(logvar) - 1 - logvar).sum(axis=1)  # (N,)
    loss   = (recon + kl).mean()                                        # one number
    return loss


def vae_loss_backward(dloss, W1, b1, W_mu, b_mu, W_logvar, b_logvar, W3, b3, W4, b4, x, eps):
    """dloss: one number  ->  the gradient of every parameter, by its name, in backward order"""
    a1     = x @ W1 + b1                         # the forward again, as far as it is needed
    h1     = np.maximum(a1, 0)
    mu     = h1 @ W_mu + b_mu
    logvar = h1 @ W_logvar + b_logvar
    std    = np.exp(0.5 * logvar)
    z      = mu + std * eps
    a3     = z @ W3 + b3
    h3     = np.maximum(a3, 0)
    logits = h3 @ W4 + b4

    drecon = dkl = dloss / len(x)                # one number, the same for every example

    probs = 1 / (1 + np.exp(-logits))            # (N, D)
    dlogits = drecon * (probs - x)               # (N, D)
    dW4 = h3.T @ dlogits                         # (H, D)
    db4 = dlogits.sum(axis=0)                    # (D,)

    dh3 = dlogits @ W4.T                         # (N, H)
    da3 = dh3 * (a3 > 0)                         # (N, H)
    dW3 = z.T @ da3                              # (Z, H)
    db3 = da3.sum(axis=0)                        # (H,)

    dz = da3 @ W3.T                              # (N, Z)
    dmu_z = dz                                   # (N, Z)
    dstd = dz * eps                              # (N, Z)
    dlogvar_z = dstd * 0.5 * std                 # (N, Z)
    dmu_kl = dkl * mu                            # (N, Z)
    dlogvar_kl = dkl * 0.5 * (std - 1)           # (N, Z)

    dmu = dmu_z + dmu_kl                         # (N, Z)
    dW_mu = h1.T @ dmu                           # (H, Z)
    db_mu = dmu.sum(axis=0)                      # (Z,)

    dlogvar = dlogvar_z + dlogvar_kl             # (N, Z)
    dW_logvar = h1.T @ dlogvar                   # (H, Z)
    db_logvar = dlogvar.sum(axis=0)              # (Z,)

    dh1 = dmu @ W_mu.T + dlogvar @ W_logvar.T    # (N, H)
    da1 = dh1 * (a1 > 0)                         # (N, H)
    dW1 = x.T @ da1                              # (D, H)
    db1 = da1.sum(axis=0)                        # (H,)
    return {"W4": dW4, "b4": db4, "W3": dW3, "b3": db3, "W_mu": dW_mu, "b_mu": db_mu,
            "W_logvar": dW_logvar, "b_logvar": db_logvar, "W1": dW1, "b1": db1}


def example():
    """What the judge calls vae_loss with: no two sizes alike, no unit shut for the whole batch."""
    rng = np.random.default_rng(2479)
    N, D, H, Z = 3, 7, 5, 2
    shapes = [(D, H), (H,), (H, Z), (Z,), (H, Z), (Z,), (Z, H), (H,), (H, D), (D,)]
    parameters = [0.5 * rng.standard_normal(shape) for shape in shapes]
    return *parameters, rng.random((N, D)), rng.standard_normal((N, Z))


# To think about, once you have it: for which values does what the wrong line computes become 0, and
# for which what the right one does? So would the curve of the loss, or a picture of samples, have
# shown you the mistake?
