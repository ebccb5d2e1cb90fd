"""0. First steps: what happens in one step of training a VAE?  (blog, section 2.4)

The whole of it in eight steps, with the package doing the work: a batch goes through the network,
costs something, sends a gradient back, and the network gets better. The other lessons take each
step apart.

    python tutorials/00_first_steps.py    (2 seconds; --pause waits for Enter after every step)

It draws first_steps.png into the folder that --out names (runs/tutorials if it names none).
"""
# %%
import numpy as np

from numpyvae import VAE, Adam, datasets, numeric_gradient, plots
from numpyvae.narrator import begin, check, check_less, end, figure, say, show, step

begin(__doc__)

# %%
step("A batch", "x: (N, D)    # one example a row")
say("""
Eight handwritten digits of 8 by 8 pixels, each a row of 64 numbers between 0, paper, and 1, ink.
""")
x = datasets.load("digits").x_train[:8]
show("x", x)
check("no pixel is below 0 or above 1", x, np.clip(x, 0, 1))

# %%
step("The encoder", "q(z given x) = N(μ, σ²)")
say("""
It gives every image not a code, but a distribution of codes: for each of four latent variables a
mean, and the logarithm of a variance.
""")
vae = VAE(input_dim=64, hidden_dim=32, latent_dim=4, rng=0)
mu, logvar = vae.encode(x)
show(mu=mu, logvar=logvar)
check("both have a row for each image", [mu.shape, logvar.shape], [(8, 4), (8, 4)])

# %%
step("A sample", "z = μ + σ ε,     ε ~ N(0, I),     σ = exp(½ log σ²)")
say("""
A sample of that distribution, written as a function of its mean, of its variance, and of noise that
depends on nothing: so gradients can pass (lesson 4).
""")
eps = np.random.default_rng(1).standard_normal((8, 4))
z = vae.reparameterize(mu, logvar, eps)
show(eps=eps, z=z)
check("z less its mean is the noise, stretched by σ", z - mu, np.exp(0.5 * logvar) * eps,
      rtol=1e-15)

# %%
step("The decoder", "p(x given z)    # a probability of ink for every pixel")
say("Before any training each of them is somewhere about one half.")
probs = vae.decode(z)
show("probs", probs)
check_less("above a quarter", 0.25, probs)
check_less("and below three quarters", probs, 0.75)

# %%
step("The loss", "loss = 1/N Σ_n [-log p(x given z) + KL(q(z given x), p(z))]")
say("""
What the pixels cost, given the code (lesson 5), plus what the code costs (lesson 6), both in nats:
minus the natural logarithm of a probability. A guess of one half for each of the 64 pixels would
cost 64 log 2 nats; the untrained network is about there.
""")
(loss, recon, kl), grads = vae.loss_and_grads(x, eps)
show(loss=loss, recon=recon, kl=kl)
show("64 log 2", 64 * np.log(2))
check("the loss is the sum of its two terms", loss, recon + kl, rtol=1e-14)
check("recon is about what guessing costs", recon, 64 * np.log(2), rtol=0.05)

# %%
step("The gradient, and a proof of one number of it",
     "∂ loss / ∂ w  ≈  (loss(w + h) - loss(w - h)) / 2h")
say("""
loss_and_grads also gave the gradient of the loss by every parameter, from formulas derived by hand.
Is it right? Move one weight a little to either side, and look at the loss. Then the same for every
weight of that layer (lesson 8).
""")
h = 6e-6
W_mu = vae.params["W_mu"]


def loss_at(moved):
    """The loss with other numbers in the place of W_mu."""
    return vae.loss(x, eps, params={**vae.params, "W_mu": moved})[0]


largest = np.unravel_index(np.abs(grads["W_mu"]).argmax(), W_mu.shape)
above, below = W_mu.copy(), W_mu.copy()
above[largest] += h
below[largest] -= h
by_formula = grads["W_mu"][largest]
by_moving = (loss_at(above) - loss_at(below)) / (2 * h)
show("by formula", by_formula, 10)
show("by moving", by_moving, 10)
check("they agree", by_formula, by_moving, rtol=1e-7)
check("and so do all weights of that layer", grads["W_mu"], numeric_gradient(loss_at, W_mu),
      rtol=1e-7)

# %%
step("A step, and a thousand",
     "w ← w - lr · (gradient, scaled by Adam)      lr = 0.01    # the length of a step")
say("""
One step against the gradient lowers the loss. A thousand, with new noise each time, teach the
network these eight images by heart.
""")
adam = Adam(vae.params, lr=1e-2)
rng = np.random.default_rng(2)
adam.step(grads)
after_one = vae.loss(x, eps)[0]
for _ in range(1000):
    _, grads = vae.loss_and_grads(x, rng.standard_normal((8, 4)))
    adam.step(grads)
after_all = vae.loss(x, eps)[0]
show("loss at first", loss, 2)
show("after one step", after_one, 2)
show("after 1,001", after_all, 2)
check_less("one step lowers it", after_one, loss)
check_less("a thousand take it below six tenths", after_all, 0.6 * loss)

# %%
step("What it sees now")
say("Ink where there was ink: the eight images, and each rebuilt from the mean of its own code.")
rebuilt = vae.reconstruct(x)
error = np.abs(x - rebuilt).mean()
ink = " .:-=+*#%@"


def drawn(image):
    """The image as eight lines of characters, two to a pixel."""
    return ["".join(2 * ink[min(9, int(10 * pixel))] for pixel in row)
            for row in image.reshape(8, 8)]


rows = zip(drawn(x[0]), drawn(rebuilt[0]))
say("\n".join(f"        {left}    {right}" for left, right in rows))
show("a pixel is off on average by", error, 3)
check_less("less than a tenth", error, 0.1)
figure(plots.image_rows({"seen": x, "rebuilt": rebuilt}, (8, 8),
                        "Eight digits, learned by heart in 1,001 steps"), "first_steps",
       seen="Eight digits of 8 by 8 pixels above, and the network's reconstructions below: they "
            "can hardly be told apart.")

# %%
end()
