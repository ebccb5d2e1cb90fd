"""A whole variational auto-encoder on one page, with nothing but NumPy.

    python tutorials/one_page.py        (a second or two)

It learns pictures of handwritten digits, and then draws some that nobody wrote. Copy it, change it.
"""
import numpy as np

from numpyvae.datasets import load_digits    # any (N, D) array of numbers in [0, 1] will do as well

D, H, Z = 64, 128, 8                         # pixels, hidden units, latent dimensions
EPOCHS, BATCH, LR = 60, 64, 3e-3
init, shuffle, noise, _, prior = map(np.random.default_rng, np.random.SeedSequence(0).spawn(5))


def layer(fan_in, fan_out):
    """Fresh W and b of a dense layer."""
    bound = 1 / np.sqrt(fan_in)
    return init.uniform(-bound, bound, (fan_in, fan_out)), init.uniform(-bound, bound, fan_out)


def decode(z, W3, b3, W4, b4):
    """From codes to the logit of every pixel; its probability of ink is sigmoid(logit)."""
    a3     = z @ W3 + b3
    h3     = np.maximum(a3, 0)
    logits = h3 @ W4 + b4
    return a3, h3, logits


def sigmoid(logits):
    """The logistic function."""
    return 1 / (1 + np.exp(-logits))


def loss_and_grads(x, eps, W1, b1, W_mu, b_mu, W_logvar, b_logvar, W3, b3, W4, b4):
    """The loss of a batch x, in nats per picture, and its gradient; eps: noise from N(0, I)."""
    a1             = x @ W1 + b1
    h1             = np.maximum(a1, 0)
    mu             = h1 @ W_mu + b_mu
    logvar         = h1 @ W_logvar + b_logvar
    std            = np.exp(0.5 * logvar)
    z              = mu + std * eps                              # the reparameterization trick
    a3, h3, logits = decode(z, W3, b3, W4, b4)
    recon          = np.sum(np.logaddexp(0, logits) - x * logits, axis=1)    # -log p(x given z)
    kl             = 0.5 * np.sum(mu ** 2 + std ** 2 - 1 - logvar, axis=1)   # KL(q, N(0, I))
    loss           = np.mean(recon + kl)

    dlogits   = (sigmoid(logits) - x) / len(x)                   # dT is the gradient d loss / d T
    dW4       = h3.T @ dlogits
    db4       = dlogits.sum(axis=0)
    dh3       = dlogits @ W4.T
    da3       = dh3 * (a3 > 0)
    dW3       = z.T @ da3
    db3       = da3.sum(axis=0)
    dz        = da3 @ W3.T
    dmu       = dz                   + mu / len(x)               # from z, and from the KL term
    dlogvar   = dz * eps * 0.5 * std + 0.5 * (std ** 2 - 1) / len(x)
    dW_logvar = h1.T @ dlogvar
    db_logvar = dlogvar.sum(axis=0)
    dW_mu     = h1.T @ dmu
    db_mu     = dmu.sum(axis=0)
    dh1       = dmu @ W_mu.T + dlogvar @ W_logvar.T
    da1       = dh1 * (a1 > 0)
    dW1       = x.T @ da1
    db1       = da1.sum(axis=0)
    return loss, [dW1, db1, dW_mu, db_mu, dW_logvar, db_logvar, dW3, db3, dW4, db4]


def train(x_train):
    """The parameters that Adam finds."""
    params = [*layer(D, H), *layer(H, Z), *layer(H, Z), *layer(Z, H), *layer(H, D)]
    m, v, t = [0.0] * len(params), [0.0] * len(params), 0        # running means of g and of g²
    for epoch in range(1, EPOCHS + 1):
        losses, order = [], shuffle.permutation(len(x_train))
        for batch in np.split(order, range(BATCH, len(order), BATCH)):
            eps = noise.standard_normal((len(batch), Z))
            loss, grads = loss_and_grads(x_train[batch], eps, *params)
            losses.append(loss)
            t += 1
            for i, g in enumerate(grads):
                m[i]      = 0.9   * m[i] + 0.1   * g
                v[i]      = 0.999 * v[i] + 0.001 * g ** 2
                m_hat     = m[i] / (1 - 0.9   ** t)
                v_hat     = v[i] / (1 - 0.999 ** t)
                params[i] = params[i] - LR * m_hat / (np.sqrt(v_hat) + 1e-8)
        if epoch in (1, 2, 5, 10, 20, 40, EPOCHS):
            print(f"epoch {epoch:2}: {np.mean(losses):.2f} nats")
    return params


def draw(params, count):
    """Decode codes from the prior, and print the pictures side by side."""
    logits = decode(prior.standard_normal((count, Z)), *params[-4:])[-1]
    shades = np.array(list(" .:-=+*#%@"))[(9.99 * sigmoid(logits)).astype(int)]
    for lines in shades.reshape(count, 8, 8).swapaxes(0, 1):
        print("   ".join("".join(line.repeat(2)) for line in lines))


if __name__ == "__main__":
    draw(train(load_digits()[0].astype(float)), count=5)
