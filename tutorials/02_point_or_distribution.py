"""Does the Mona Lisa smile?  A point or a distribution, put to the test  (blog, section 2.2)

The blog says: to give the feature "smile" one value, when a portrait leaves it open, is worse than to give it a range.
Here both are trained, an ordinary auto-encoder (a point) and a VAE (a distribution), on faces whose mouths are often
covered, and are asked how much a face smiles whose mouth nobody sees.

    python tutorials/02_point_or_distribution.py              (a minute or two; --seed N for other faces and networks)
    python tutorials/02_point_or_distribution.py --quick      (seconds; leaves out the claims that need the training)

It writes point_or_distribution.png into the folder that --out names (runs/tutorials if it names none).
"""
# %% What can be changed
import argparse
import os
import time

import numpy as np

from numpyvae import VAE, Adam, Autoencoder
from numpyvae.datasets.faces import FACTORS, draw_faces, load_faces, mouth_mask
from numpyvae.training import minibatches

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--quick", action="store_true", help="a short training, which proves nothing about smiles")
parser.add_argument("--seed", type=int, default=0, help="of the faces, the networks and the noise (default 0)")
parser.add_argument("--out", default=os.path.join("runs", "tutorials"), metavar="DIR", help="folder of the picture")
args, _ = parser.parse_known_args()                              # a notebook passes arguments of its own
count, epochs = (800, 3) if args.quick else (8000, 60)
rng = np.random.default_rng(args.seed)

# %% Faces, each drawn from four numbers between -1 and 1, as in the blog's example: we know what a code should hold.
x, factors = load_faces(count, rng)
x_test, factors_test = load_faces(100, rng)
print(f"x: {x.shape}, drawn from", ", ".join(f"{name} {value:+.2f}" for name, value in zip(FACTORS, factors[0])), "…")
assert x.shape == (count, 784) and 0 <= x.min() and x.max() <= 1 and np.abs(factors).max() <= 1

# %% A ruler for smiles: which of 49 mouths, drawn from a frown to a smile, does the mouth of an image resemble most?
outside = mouth_mask()                                           # True where a pixel is not the mouth's
ruler = np.linspace(-1.2, 1.2, 49)
mouths = draw_faces(np.outer(ruler, [1, 0, 0, 0])).reshape(len(ruler), -1)[:, ~outside]
mouths = mouths - mouths.mean(axis=1, keepdims=True)             # so that skin tone says nothing
mouths = mouths / np.linalg.norm(mouths, axis=1, keepdims=True)


def smile(images):
    """How much each image smiles: (N, 784) -> (N,), from -1.2 to 1.2."""
    return ruler[((images[:, ~outside] @ mouths.T)).argmax(axis=1)]


error = np.abs(smile(x_test) - factors_test[:, 0])
print(f"the ruler reads the smile of a drawn face to {error.mean():.3f} on average, {error.max():.3f} at worst")
assert error.mean() < 0.05 and error.max() < 0.25

# %% A covered mouth: its pixels are 0 in the input, *and* are left out of the loss by the mask. So nothing under the
# cover matters, neither to the code nor to the loss: paint there what you like.
half = np.arange(64) < 32                                        # of each batch of 64, the mouths that are covered
covered = np.where(half[:, None], outside, True)
vae = VAE(784, 256, 6, likelihood="gaussian", x_std=0.1, rng=rng, dtype="float32")
eps = rng.standard_normal((64, 6))
painted = np.where(covered, x[:64], rng.random((64, 784)))
as_drawn, as_painted = vae.loss(x[:64], eps, mask=covered)[0], vae.loss(painted, eps, mask=covered)[0]
print(f"loss with the mouths covered: {as_drawn:.4f}; with noise under the cover: {as_painted:.4f}")
assert as_drawn == as_painted and as_drawn != vae.loss(x[:64], eps)[0]

# %% The training loops, whole. They differ in one thing: the VAE's code is a distribution, and is sampled.
autoencoder = Autoencoder(784, 256, 6, likelihood="gaussian", x_std=0.1, rng=rng, dtype="float32")


def train(name, model, loss_and_grads, epochs):
    """Train a model on batches half of which have their mouths covered."""
    adam, grads, started = Adam(model.params, lr=3e-3), None, time.monotonic()
    for epoch in range(1, epochs + 1):
        total = 0.0
        for batch in minibatches(count, 64, rng):
            mask = np.where(half[:len(batch), None], outside, True)
            loss, grads = loss_and_grads(x[batch], mask, grads)
            adam.step(grads)
            total += len(batch) * loss
        if epoch % 10 == 0 or epoch == epochs:
            print(f"{name}: epoch {epoch:2d} of {epochs}, loss {total / count:8.2f} nats, "
                  f"{time.monotonic() - started:.0f} s", flush=True)


def vae_loss_and_grads(x, mask, out):
    """The VAE's loss with fresh noise."""
    (loss, _, _), grads = vae.loss_and_grads(x, rng.standard_normal((len(x), 6)), mask=mask, out=out)
    return loss, grads


before = vae.loss(x[:64], eps)[0], autoencoder.loss(x[:64])
train("VAE         ", vae, vae_loss_and_grads, epochs)
train("auto-encoder", autoencoder, autoencoder.loss_and_grads, epochs // 3)      # nothing is sampled: it learns sooner
assert vae.loss(x[:64], eps)[0] < before[0] and autoencoder.loss(x[:64]) < before[1]

# %% How much do a hundred other faces smile, when z is sampled again and again from what the encoder says of each?


def decoded_smiles(images, samples):
    """The posterior of z for each image, and the smiles that samples of it decode to: std (N, Z), (samples, N)."""
    mu, logvar = vae.encode(images)
    zs = [vae.reparameterize(mu, logvar, rng.standard_normal(mu.shape)) for _ in range(samples)]
    return np.exp(0.5 * logvar), np.array([smile(vae.decode(z)) for z in zs])


std_visible, visible = decoded_smiles(x_test, 100)
std_covered, hidden = decoded_smiles(x_test * outside, 100)
spread_visible, spread_covered = visible.std(axis=0).mean(), hidden.std(axis=0).mean()
print(f"decoded smiles of one face spread by {spread_visible:.3f} if its mouth is visible, "
      f"by {spread_covered:.3f} if it is covered,\n"
      f"where samples go from {hidden.min():+.2f} (frown) to {hidden.max():+.2f} (smile)")
if args.quick:
    print("--quick leaves out: the spread grows at least 2.5 times, and reaches from frown to smile")
else:
    assert spread_covered >= 2.5 * spread_visible and hidden.min() < -0.8 and hidden.max() > 0.8

# %% And what does the code itself say? Of six standard deviations, that of the smile opens towards the prior's 1; the
# others stay: skin, shape and hair are seen as well as before.
std_visible, std_covered = std_visible.mean(axis=0), std_covered.mean(axis=0)
opened = (std_covered / std_visible).argmax()
print("std of z, mouth visible:", std_visible.round(2), "\nstd of z, mouth covered:", std_covered.round(2),
      f"\nz[{opened}] opens, {std_covered[opened] / std_visible[opened]:.1f} times as wide")
if args.quick:
    print("--quick leaves out: one dimension opens at least three times, the others less than twice")
else:
    growth = np.delete(std_covered / std_visible, opened)
    assert std_covered[opened] > 3 * std_visible[opened] and growth.max() < 2

# %% The ordinary auto-encoder has one answer for each face, and no way to say that it does not know: where the mouth is
# covered, the answer has nothing to do with the truth.
answers = np.array([smile(autoencoder.reconstruct(x_test * outside)) for _ in range(3)])
x_many, factors_many = load_faces(2000, rng)


def correlation(images):
    """Between the smiles that the auto-encoder decodes and the true ones; 0 if it decodes one smile for all."""
    found, true = smile(autoencoder.reconstruct(images)), factors_many[:, 0]
    covariance = ((found - found.mean()) * (true - true.mean())).mean()
    return covariance / max(found.std() * true.std(), 1e-9)


seen, unseen = correlation(x_many), correlation(x_many * outside)
print(f"auto-encoder: spread {np.ptp(answers, axis=0).max():.1f}; correlation of its smile with the truth "
      f"{seen:.2f} if the mouth is visible, {unseen:.2f} if it is covered")
assert np.ptp(answers, axis=0).max() == 0 and abs(unseen) < 0.3
if args.quick:
    print("--quick leaves out: of a visible mouth it reads the smile, with a correlation above 0.9")
else:
    assert seen > 0.9

# %% The picture: one face, the smile of which the VAE leaves open.
from numpyvae import plots  # noqa: E402  (here, since matplotlib is slow to import)

chosen = np.abs(factors_test[:, 0] - 0.7).argmin()               # a face that does smile
shown = np.stack([x_test[chosen], np.where(outside, x_test[chosen], 0)])
mu, logvar = vae.encode(shown)
draws = np.array([vae.decode(vae.reparameterize(mu, logvar, rng.standard_normal(mu.shape))) for _ in range(500)])
os.makedirs(args.out, exist_ok=True)
path = os.path.join(args.out, "point_or_distribution.png")
answers = autoencoder.reconstruct(shown)
plots.save(plots.point_or_distribution(np.stack([shown[0], np.where(outside, shown[1], np.nan)]),
                                       draws.swapaxes(0, 1), answers, [smile(draws[:, i]) for i in (0, 1)],
                                       smile(answers), factors_test[chosen, 0], (28, 28)), path)
print(path)
assert os.path.getsize(path) > 10_000

# %% To think about: what would the best posterior be, if the loss counted the covered pixels too (leave `mask` out, and
# give both networks x * mask)? Try it, and look at the standard deviations again.
