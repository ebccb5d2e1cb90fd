"""0. First steps: what happens in one step of training a VAE?  (blog, section 2.4)

The whole of it, with the package doing the work: eight images go through the network, which says
how well it rebuilt them; the gradient of that tells every weight where to move; and the network
gets better. Each of the next lessons opens one of these boxes.

    python tutorials/00_first_steps.py    (2 seconds; --pause waits for Enter after every step)

It draws the_network.png and first_steps.png into the folder that --out names (runs/tutorials if it
names none).
"""
# %%
import numpy as np

from numpyvae import VAE, Adam, datasets, numeric_gradient, plots
from numpyvae.narrator import ask, begin, check, check_less, end, figure, say, show, step, table

options = begin(__doc__, seed=0)
rng = np.random.default_rng(options.seed)

# %%
step("The network, and a batch", "x: (N, D)    # one example a row")
say("""
An image goes in at the left. The encoder turns it into a few numbers, the code z. The decoder turns
the code back into an image. That is an auto-encoder; what makes it a variational one stands in the
middle: the encoder does not name one code, but a range of codes, and z is drawn from that range.
""")
figure(plots.network(64, 32, 4), "the_network", "The VAE as boxes from left to right: x with 64 "
       "pixels, h1 with 32 units, then mu and log sigma squared with 4 numbers each; noise epsilon "
       "enters z = mu + sigma epsilon; then h3 with 32 units and 64 probabilities.")
say("""
Our batch: eight handwritten digits of 8 by 8 pixels, each a row of 64 numbers between 0, paper, and
1, ink.
""")
x = datasets.load("digits").x_train[:8]
show("x", x)
check("every pixel lies between 0 and 1", np.clip(x, 0, 1), x)

# %%
step("The encoder: an image becomes a range of codes", "q(z given x) = N(μ, σ²)")
say("""
For each image the encoder gives a mean μ and a variance σ² for each of four latent variables: the
bell curve that this image's code is drawn from. (It gives the logarithm of the variance, which may
be any number, while a variance has to be positive.)
""")
vae = VAE(input_dim=64, hidden_dim=32, latent_dim=4, rng=options.seed)
mu, logvar = vae.encode(x)
show(mu=mu, logvar=logvar)
check("both have a row for each image, and a column for each latent variable",
      [mu.shape, logvar.shape], [(8, 4), (8, 4)])

# %%
step("A sample", "z = μ + σ ε,     ε ~ N(0, I),     σ = exp(½ log σ²)")
say("""
A draw from that bell curve: its mean, and noise of its width. All that is random is the noise ε,
and it is drawn before; given ε, z is an ordinary formula in μ and σ, and has derivatives (lesson
4).
""")
eps = rng.standard_normal((8, 4))
z   = vae.reparameterize(mu, logvar, eps)
show(eps=eps, z=z)
std = np.exp(0.5 * logvar)
check("z lies σ ε away from its mean", z - mu, std * eps, rtol=1e-14)

# %%
step("The decoder: a code becomes an image",
     "p(x given z)    # a probability of ink for each pixel")
say("The network is untrained: it has no idea yet, and says about one half for every pixel.")
probs = vae.decode(z)
show("probs", probs)
check("their mean is one half, to within 0.05", probs.mean(), 0.5, atol=0.05)
check_less("and nine of ten differ from it by less than 0.2", np.quantile(abs(probs - 0.5), 0.9),
           0.2)

# %%
step("The loss: what did that cost?", "loss = 1/N Σ_n [-log p(x given z) + KL(q(z given x), p(z))]")
say("""
Two prices, added. The first, recon, is for the pixels: -log p of what is really there, little if
the decoder was right (lesson 5). The second, kl, is for the code: how far this image's bell curve
is from a standard one, N(0, I), which is called the prior, p(z); lesson 6 says why. Both are
counted in nats, the unit of natural logarithms. Whoever guesses one half for each of 64 pixels pays
64 log 2 nats: the untrained network is about there.
""")
(loss, recon, kl), grads = vae.loss_and_grads(x, eps)
show(loss=loss, recon=recon, kl=kl)
show("64 log 2", 64 * np.log(2))
check("the loss is the sum of both prices", loss, recon + kl, rtol=1e-14)
check("recon is within 5 % of what guessing costs", recon, 64 * np.log(2), rtol=0.05)

# %%
step("The gradient, and a test of one number of it",
     "∂ loss / ∂ w  ≈  (loss(w + δ) - loss(w - δ)) / 2δ")
say("""
loss_and_grads also gave the gradient: for every weight, how fast the loss rises if that weight
does. It comes from formulas derived by hand. Is it right? Move one weight a little to either side,
and look at the loss itself; then do so for every weight of that layer (lesson 8).
""")
delta = 6e-6
W_mu  = vae.params["W_mu"]


def loss_at(moved):
    """The loss with other numbers in the place of W_mu."""
    return vae.loss(x, eps, params={**vae.params, "W_mu": moved})[0]


largest = np.unravel_index(np.abs(grads["W_mu"]).argmax(), W_mu.shape)
nudge   = np.zeros_like(W_mu)
nudge[largest] = delta
by_formula = grads["W_mu"][largest]
by_moving  = (loss_at(W_mu + nudge) - loss_at(W_mu - nudge)) / (2 * delta)
show("by formula", by_formula, 10)
show("by moving", by_moving, 10)
check("they agree", by_formula, by_moving, rtol=1e-7)
check("and so they do for all 128 weights of that layer", grads["W_mu"],
      numeric_gradient(loss_at, W_mu), rtol=1e-7)

# %%
step("One step, and a thousand", "w ← w - lr · (gradient, scaled by Adam)      lr = 0.01")
say("""
Move every weight a little against its gradient, by lr, the length of a step: the loss falls. (Adam,
which chooses the step for each weight, has its page in lesson 9.) Do so a thousand times, with new
noise each time, and the network knows these eight images by heart.
""")
ask("""
The network will know them perfectly. Will its loss be 0?
""", """
No, for two reasons, which the last step puts in numbers. A pixel of 0.5 is neither ink nor paper:
the best that one can say is "one half", and even that costs log 2. And the code costs something,
unless it says nothing about the image.
""")
adam = Adam(vae.params, lr=1e-2)
adam.step(grads)
after_one = vae.loss(x, eps)[0]
for _ in range(1000):
    _, grads = vae.loss_and_grads(x, rng.standard_normal((8, 4)))
    adam.step(grads)
after_all, recon, kl = vae.loss(x, eps)
show("the loss at first", loss, 2)
show("after one step", after_one, 2)
show("after 1,001 steps", after_all, 2)
check_less("one step lowers the loss", after_one, loss)
check_less("a thousand take it below six tenths", after_all, 0.6 * loss)

# %%
step("By heart, and still not free", "least of -log p = -Σ_d [x log x + (1 - x) log(1 - x)]")
say("""
If the decoder named every pixel's own grey value as its probability, recon would be this, and it
cannot be less. The rest of the loss is what is not quite known yet, and the price of the code.
""")
grey  = np.clip(x.astype(float), 1e-12, 1 - 1e-12)           # 0 log 0 is 0
floor = -(grey * np.log(grey) + (1 - grey) * np.log(1 - grey)).sum(axis=1).mean()
table(["per image", "nats"],
      [["what grey pixels cost at least", floor], ["what is not quite known", recon - floor],
       ["recon", recon], ["kl", kl], ["the loss", after_all]])
check_less("recon stays above its floor", floor, recon)
check_less("by less than three nats", recon - floor, 3)
check_less("and the code has its price", 1, kl)

# %%
step("What it sees now")
say("The first of the eight images, and what the decoder makes of the mean of its code.")
rebuilt = vae.reconstruct(x)
INK = np.array(list(" .:-=+*#%@"))


def drawn(image):
    """An image as eight lines of characters, two to a pixel."""
    shades = INK[(9.99 * image).astype(int)].reshape(8, 8)
    return ["".join(row.repeat(2)) for row in shades]


for left, right in zip(drawn(x[0]), drawn(rebuilt[0])):
    print(f"        {left}    {right}")
error = np.abs(x - rebuilt).mean()
show("mean error of a pixel", error, 3)
check_less("a pixel is off by less than 0.1 on average", error, 0.1)
figure(plots.image_rows({"seen": x, "rebuilt": rebuilt}, (8, 8),
                        "Eight digits, learned by heart in 1,001 steps"),
       "first_steps", "Eight digits of 8 by 8 pixels in the upper row; in the lower row the same "
       "eight, rebuilt by the network, hardly to be told apart.")

# %%
end()
