"""What happens in one step of training a VAE?  (blog, section 2.4)

Run it whole, or cell by cell in an editor that knows `# %%`:

    python tutorials/00_first_steps.py        (a second; writes no files)
"""
# %% A batch of handwritten digits, one a row
import numpy as np

from numpyvae import VAE, Adam, datasets, numeric_gradient

x = datasets.load("digits").x_train[:8]
print("x:", x.shape, "with pixels from", x.min(), "to", x.max())
assert x.shape == (8, 64) and 0 <= x.min() and x.max() <= 1

# %% The encoder gives every image not a code, but a distribution of codes: a mean and a variance for each dimension.
vae = VAE(input_dim=64, hidden_dim=32, latent_dim=4, rng=0)
mu, logvar = vae.encode(x)
print("mu, logvar:", mu.shape, logvar.shape)
assert mu.shape == logvar.shape == (8, 4)

# %% A sample of it is a function of that mean, that variance, and of noise that depends on nothing: z = mu + std eps.
eps = np.random.default_rng(1).standard_normal((8, 4))
z = vae.reparameterize(mu, logvar, eps)
print("z - mu:", (z - mu)[0].round(3), "  std * eps:", (np.exp(0.5 * logvar) * eps)[0].round(3))
assert np.allclose(z - mu, np.exp(0.5 * logvar) * eps, atol=1e-15)

# %% The decoder turns a code into a probability of ink for every pixel. Before any training, each is about one half.
probs = vae.decode(z)
print("probs:", probs.shape, "from", probs.min().round(3), "to", probs.max().round(3))
assert probs.shape == x.shape and 0.25 < probs.min() and probs.max() < 0.75

# %% The loss is what the pixels cost, given the code, plus what the code costs. One half for each of the 64 pixels
# would cost 64 log 2 = 44.4 nats.
(loss, recon, kl), grads = vae.loss_and_grads(x, eps)
print(f"loss {loss:.3f} = recon {recon:.3f} + kl {kl:.3f};  64 log 2 = {64 * np.log(2):.3f}")
assert np.isclose(loss, recon + kl, rtol=1e-14) and abs(recon - 64 * np.log(2)) < 2

# %% Is the hand-written gradient right? Move one weight a little to either side, and look at the loss.
step, W_mu = 6e-6, vae.params["W_mu"]
here = np.unravel_index(np.abs(grads["W_mu"]).argmax(), W_mu.shape)
above, below = W_mu.copy(), W_mu.copy()
above[here] += step
below[here] -= step
rise = [vae.loss(x, eps, params={**vae.params, "W_mu": moved})[0] for moved in (above, below)]
print(f"analytic {grads['W_mu'][here]:.10f}, numeric {(rise[0] - rise[1]) / (2 * step):.10f}")
assert np.isclose(grads["W_mu"][here], (rise[0] - rise[1]) / (2 * step), rtol=1e-7)

# %% The same for every weight of that layer, with the function that does it for you.
numeric = numeric_gradient(lambda moved: vae.loss(x, eps, params={**vae.params, "W_mu": moved})[0], W_mu)
print(f"largest difference in W_mu: {np.abs(grads['W_mu'] - numeric).max():.1e}")
assert np.abs(grads["W_mu"] - numeric).max() < 1e-7 * np.abs(numeric).max()

# %% A step against the gradient lowers the loss; a thousand steps teach these eight images by heart.
adam, rng = Adam(vae.params, lr=1e-2), np.random.default_rng(2)
adam.step(grads)
after_one = vae.loss(x, eps)[0]
for _ in range(1000):
    _, grads = vae.loss_and_grads(x, rng.standard_normal((8, 4)))
    adam.step(grads)
after_all = vae.loss(x, eps)[0]
print(f"loss: {loss:.2f} at first, {after_one:.2f} after one step, {after_all:.2f} after 1,001")
assert after_one < loss and after_all < 25

# %% And what does it see in the first of them? Ink where there was ink.
ink = " .:-=+*#%@"
original, rebuilt = x[0].reshape(8, 8), vae.reconstruct(x)[0].reshape(8, 8)
for rows in zip(original, rebuilt):
    print("       ", "    ".join("".join(2 * ink[min(9, int(10 * pixel))] for pixel in row) for row in rows).rstrip())
error = np.abs(original - rebuilt).mean()
print(f"a pixel is off by {error:.3f} on average")
assert error < 0.1
