"""6. The whole VAE on one page.  (blog, section 2.4: the module and its graph; lesson 7)

Exercises 1 to 5 in a row, from the last line of the forward to its first. The forward is twelve
lines; read it once from the bottom to the top, that is the order of the backward:

    loss = 1/N Σ_n (recon_n + kl_n)        dloss: what the loss is worth to whoever called
    dT_i = Σ_k  dU_k  ∂U_k / ∂T_i          if T is used in one place only, to compute U
    dT   = dT_u + dT_v                     if T is used in two: to compute U, and to compute V

Ask of every name on the left of the forward: where is it used further down, once or twice? mu,
logvar and h1 are the three to be careful with: each goes two ways, and each way sends a gradient
back. And where does the 1/N enter? Once.

The backward is given dloss (in training it is 1) and the forward's arguments, and nothing else. So
it begins with the lines of the forward once more; yours are those below them.

Fill in the blanks from the top. You need not fill in all of them before you ask the judge: it
judges those parameters whose gradients are there, and takes the others for blank. Only do not use a
name that is still `...`.

    numpyvae check tutorials/exercises/6_vae_on_one_page.py:vae_loss,vae_loss_backward
"""
# flake8: noqa: F841
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

    drecon = ...                                 # one number, the same for all examples, as is dkl

    dlogits = ...                                # (N, D)
    dW4 = ...                                    # (H, D)
    db4 = ...                                    # (D,)

    dh3 = ...                                    # (N, H)
    da3 = ...                                    # (N, H)
    dW3 = ...                                    # (Z, H)
    db3 = ...                                    # (H,)

    dz = ...                                     # (N, Z)
    dmu = ...                                    # (N, Z): by way of z, and by way of kl
    dW_mu = ...                                  # (H, Z)
    db_mu = ...                                  # (Z,)

    dlogvar = ...                                # (N, Z): by way of std and z, and by way of kl
    dW_logvar = ...                              # (H, Z)
    db_logvar = ...                              # (Z,)

    dh1 = ...                                    # (N, H): by way of mu, and by way of logvar
    da1 = ...                                    # (N, H)
    dW1 = ...                                    # (D, H)
    db1 = ...                                    # (H,)
    return {"W4": dW4, "b4": db4, "W3": dW3, "b3": db3, "W_mu": dW_mu, "b_mu": db_mu,
            "W_logvar": dW_logvar, "b_logvar": db_logvar, "W1": dW1, "b1": db1}


def example():
    """What the judge calls vae_loss with: no two sizes alike, no unit shut for the whole batch."""
    rng = np.random.default_rng(2996)
    N, D, H, Z = 3, 7, 5, 2
    shapes = [(D, H), (H,), (H, Z), (Z,), (H, Z), (Z,), (Z, H), (H,), (H, D), (D,)]
    parameters = [0.5 * rng.standard_normal(shape) for shape in shapes]
    return *parameters, rng.random((N, D)), rng.standard_normal((N, Z))


# To think about: PyTorch's example adds up the losses of a batch where we take their mean. Which
# one line of your backward changes, and how? By how much do the gradients change, and why does Adam
# hardly notice?
