"""7. A VAE by hand: can one training step be done with nothing but NumPy?  (blog, section 2.4)

Lessons 3 to 6 took the parts. Now they are put together: three examples of seven pixels, five
hidden units, two latent variables. Every array of the forward pass and every gradient of the
backward pass is computed in plain NumPy and shown; the model of the package is not imported until
the very end, where it has to give the same numbers.

    python tutorials/07_vae_by_hand.py    (4 seconds; --pause waits for Enter after every step)

It draws computation_graph.png into the folder that --out names (runs/tutorials if it names none).
"""
# %%
import numpy as np

from numpyvae.narrator import begin, check, check_less, end, figure, say, show, step, table

begin(__doc__)
rng = np.random.default_rng(7)
N, D, H, Z = 3, 7, 5, 2              # all different, so that no two axes can be confused

# %%
step("What goes in: a batch, the noise, the parameters")
say("""
x holds three examples, one a row, with pixels between 0 and 1. eps is the noise of lesson 4, drawn
once and then held fixed: it is data, like x. The parameters are the blog's five linear layers,
drawn small at random as PyTorch does, each uniform within ±1/√(number of inputs). Biases do not
start at 0, since a bias of 0 can hide a mistake.
""")
x   = rng.random((N, D))
eps = rng.standard_normal((N, Z))


def layer(inputs, outputs):
    """The W and b of a new linear layer."""
    bound = inputs ** -0.5
    return rng.uniform(-bound, bound, (inputs, outputs)), rng.uniform(-bound, bound, outputs)


W1,       b1       = layer(D, H)
W_mu,     b_mu     = layer(H, Z)
W_logvar, b_logvar = layer(H, Z)
W3,       b3       = layer(Z, H)
W4,       b4       = layer(H, D)
params = {"W1": W1, "b1": b1, "W_mu": W_mu, "b_mu": b_mu, "W_logvar": W_logvar,
          "b_logvar": b_logvar, "W3": W3, "b3": b3, "W4": W4, "b4": b4}
show(x=x, eps=eps, **params)
check("parameters in all: (D + 1) H + 2 (H + 1) Z + (Z + 1) H + (H + 1) D",
      sum(param.size for param in params.values()),
      (D + 1) * H + 2 * (H + 1) * Z + (Z + 1) * H + (H + 1) * D)

# %%
step("Forward: the encoder", """
    a1     = x W1 + b1
    h1     = max(a1, 0)
    mu     = h1 W_mu + b_mu
    logvar = h1 W_logvar + b_logvar
""")
say("""
Two layers read the same h1: one says where the code of each example lies, the other how sure that
is.
""")
a1     = x @ W1 + b1
h1     = np.maximum(a1, 0)
mu     = h1 @ W_mu + b_mu
logvar = h1 @ W_logvar + b_logvar
show(a1=a1, h1=h1, mu=mu, logvar=logvar)
check_less("of the units some are shut and some are open", 0,
           np.array([(h1 == 0).sum(), (h1 > 0).sum()]))

# %%
step("Forward: the sample", """
    std = exp(½ logvar)
    z   = mu + std eps
""")
std = np.exp(0.5 * logvar)
z   = mu + std * eps
show(std=std, z=z)
check("std squared is the variance", std * std, np.exp(logvar), rtol=1e-15)

# %%
step("Forward: the decoder", """
    a3     = z W3 + b3
    h3     = max(a3, 0)
    logits = h3 W4 + b4
    probs  = 1 / (1 + exp(-logits))
""")
a3     = z @ W3 + b3
h3     = np.maximum(a3, 0)
logits = h3 @ W4 + b4
probs  = 1 / (1 + np.exp(-logits))
show(a3=a3, h3=h3, logits=logits, probs=probs)
check_less("every probability lies between 0 and 1", 0, np.stack([probs, 1 - probs]))

# %%
step("Forward: the loss", """
    recon = Σ_d [log(1 + exp(l)) - x l]             # one number for each example (lesson 5)
    kl    = ½ Σ_j [mu² + exp(logvar) - 1 - logvar]  # lesson 6
    loss  = 1/N Σ_n [recon + kl]
""")
say("""
Sums run over pixels and over latent variables, and the mean over the batch. A network that knows
nothing says ½ of every pixel, which costs log 2 = 0.69 nats a pixel; ours has random weights, and
costs about as much.
""")
recon = np.sum(np.log1p(np.exp(logits)) - x * logits, axis=1)
kl    = 0.5 * np.sum(mu ** 2 + np.exp(logvar) - 1 - logvar, axis=1)
loss  = np.mean(recon + kl)
show(recon=recon, kl=kl)
show("loss", loss, 8)
show("7 log 2", D * np.log(2))
check("recon is the cross entropy -Σ [x log p + (1 - x) log(1 - p)]", recon,
      -np.sum(x * np.log(probs) + (1 - x) * np.log(1 - probs), axis=1), rtol=1e-14)
check("and within a fifth of what knowing nothing costs", recon.mean(), D * np.log(2), rtol=0.2)

# %%
step("Backward: from the loss to the logits", """
    drecon  = 1/N        dkl = 1/N               # since the loss is a mean
    dlogits = drecon (probs - x)                 # the sigmoid and the logarithm cancel: lesson 5
""")
say("""
From here on every line is one of the lines above, read from the last to the first. dT always means
∂ loss / ∂ T, and has the shape of T. A probability that is too high has a positive gradient: it has
to come down.
""")
drecon = dkl = np.full(N, 1 / N)
dlogits = drecon[:, None] * (probs - x)
show("drecon = dkl", drecon)
show("dlogits", dlogits)
check("dlogits is positive just where the probability is higher than the pixel",
      dlogits > 0, probs > x)

# %%
step("Backward: the decoder", """
    dW4 = h3ᵀ dlogits      db4 = Σ_n dlogits      dh3 = dlogits W4ᵀ       # lesson 3
    da3 = dh3 where a3 > 0
    dW3 = zᵀ da3           db3 = Σ_n da3          dz  = da3 W3ᵀ
""")
dW4, db4, dh3 = h3.T @ dlogits, dlogits.sum(axis=0), dlogits @ W4.T
da3           = dh3 * (a3 > 0)
dW3, db3, dz  = z.T @ da3, da3.sum(axis=0), da3 @ W3.T
show(dW4=dW4, db4=db4, dh3=dh3, da3=da3, dW3=dW3, db3=db3, dz=dz)
check("a shut unit gets no gradient", da3[a3 <= 0], 0)

# %%
step("Backward: through the sample, and the KL beside it", """
    dmu     = dz             + dkl mu              # lesson 4 + lesson 6
    dlogvar = dz eps ½ std   + dkl ½ (std² - 1)
""")
say("""
Here two streams meet. mu and logvar were used twice in the forward pass, by the sample and by the
KL term; so each gets two gradients, and they are added. The first of them says what would help the
pixels, the second pulls towards N(0, I).
""")
dmu_z,  dlogvar_z  = dz, dz * eps * 0.5 * std
dmu_kl, dlogvar_kl = dkl[:, None] * mu, dkl[:, None] * 0.5 * (std ** 2 - 1)
dmu,    dlogvar    = dmu_z + dmu_kl, dlogvar_z + dlogvar_kl
show("dmu from the sample", dmu_z)
show("dmu from the KL", dmu_kl)
show("dmu", dmu)
show("dlogvar from the sample", dlogvar_z)
show("dlogvar from the KL", dlogvar_kl)
show("dlogvar", dlogvar)
check_less("a step against the KL's part brings every mu nearer to 0", np.abs(mu - 0.1 * dmu_kl),
           np.abs(mu))

# %%
step("Backward: the encoder", """
    dW_mu     = h1ᵀ dmu          db_mu     = Σ_n dmu
    dW_logvar = h1ᵀ dlogvar      db_logvar = Σ_n dlogvar
    dh1       = dmu W_muᵀ + dlogvar W_logvarᵀ              # h1 was used twice, too
    da1       = dh1 where a1 > 0
    dW1       = xᵀ da1           db1       = Σ_n da1
""")
dW_mu,     db_mu     = h1.T @ dmu, dmu.sum(axis=0)
dW_logvar, db_logvar = h1.T @ dlogvar, dlogvar.sum(axis=0)
dh1                  = dmu @ W_mu.T + dlogvar @ W_logvar.T
da1                  = dh1 * (a1 > 0)
dW1,       db1       = x.T @ da1, da1.sum(axis=0)
show(dW_mu=dW_mu, db_mu=db_mu, dW_logvar=dW_logvar, db_logvar=db_logvar)
show(dh1=dh1, da1=da1, dW1=dW1, db1=db1)
grads = {"W1": dW1, "b1": db1, "W_mu": dW_mu, "b_mu": db_mu, "W_logvar": dW_logvar,
         "b_logvar": db_logvar, "W3": dW3, "b3": db3, "W4": dW4, "b4": db4}
check("each of the ten gradients has its parameter's shape",
      {name: g.shape for name, g in grads.items()}, {name: p.shape for name, p in params.items()})

# %%
step("Is it right? Every entry, by the complex step",
     "∂ loss / ∂ w = (Im loss(w + i h)) / h,     h = 1e-30")
say("""
The check of lesson 3: each entry in turn moves into the imaginary direction, and the imaginary part
of the loss tells its slope.
""")


def loss_at(params):
    """The whole forward pass again, in eight lines, at any parameters."""
    h1     = np.maximum(x @ params["W1"] + params["b1"], 0)
    mu     = h1 @ params["W_mu"] + params["b_mu"]
    logvar = h1 @ params["W_logvar"] + params["b_logvar"]
    z      = mu + np.exp(0.5 * logvar) * eps
    h3     = np.maximum(z @ params["W3"] + params["b3"], 0)
    logits = h3 @ params["W4"] + params["b4"]
    recon  = np.sum(np.log(1 + np.exp(logits)) - x * logits, axis=1)
    kl     = 0.5 * np.sum(mu ** 2 + np.exp(logvar) - 1 - logvar, axis=1)
    return np.mean(recon + kl)


def slope(name, i):
    """∂ loss / ∂ the entry i of a parameter, sideways."""
    moved = params[name].astype(complex)
    moved.flat[i] += 1e-30j
    return loss_at({**params, name: moved}).imag / 1e-30


check("the forward pass, written once more as a function, gives the same loss", loss_at(params),
      loss, rtol=1e-15)
for name, grad in grads.items():
    numeric = np.array([slope(name, i) for i in range(grad.size)]).reshape(grad.shape)
    check(f"d{name}", grad, numeric, rtol=1e-14)

# %%
step("The computation graph, with what flows through it")
say("""
The picture reads like a U that lies on its side: the encoder from left to right at the top, the
sample at the right, the decoder back from right to left at the bottom. Each node shows its value
above and its gradient below, with the numbers that you have seen; orange is positive, blue is
negative.
""")
from numpyvae import plots  # noqa: E402  (here, since matplotlib is slow to import)

dstd = dz * eps
nodes = {"x":      (0, 0, x, None),
         "a1":     (1, 0, a1, da1),
         "h1":     (2, 0, h1, dh1),
         "mu":     (3, 0, mu, dmu),
         "logvar": (3, 1, logvar, dlogvar),
         "std":    (4, 1, std, dstd),
         "eps":    (5, 0, eps, None),
         "z":      (5, 1, z, dz),
         "a3":     (5, 2, a3, da3),
         "h3":     (4, 2, h3, dh3),
         "logits": (3, 2, logits, dlogits),
         "recon":  (2, 2, recon[:, None], drecon[:, None]),
         "kl":     (2, 1, kl[:, None], dkl[:, None]),
         "loss":   (1, 2, np.array([[loss]]), np.ones((1, 1)))}
edges = [("x", "a1", "W1 b1"),          ("a1", "h1", "relu"),
         ("h1", "mu", "W_mu b_mu"),     ("h1", "logvar", "W_logvar b_logvar"),
         ("logvar", "std", "exp ½"),    ("mu", "z", "+"),
         ("std", "z", "×"),             ("eps", "z", "×"),
         ("z", "a3", "W3 b3"),          ("a3", "h3", "relu"),
         ("h3", "logits", "W4 b4"),     ("logits", "recon", "−log p"),
         ("mu", "kl", ""),              ("logvar", "kl", ""),
         ("recon", "loss", "mean"),     ("kl", "loss", "mean")]
check("every gradient in the picture has its node's shape",
      [value.shape for _, _, value, grad in nodes.values() if grad is not None],
      [grad.shape for *_, grad in nodes.values() if grad is not None])
figure(plots.computation_graph(nodes, edges), "computation_graph",
       seen="The computation of a VAE as a graph: each node is a matrix of numbers with its "
            "gradient below it, from x over the hidden layer to μ and log σ², with the noise to "
            "z, through the decoder to the logits, and from there and from the KL to the loss.")

# %%
step("The same from the package", "(loss, recon, kl), grads = vae.loss_and_grads(x, eps)")
say("Only now is the model imported. It gets our parameters, our batch and our noise.")
from numpyvae import VAE  # noqa: E402  (on purpose not before)

vae = VAE(D, H, Z)
for name, param in params.items():
    vae.params[name][...] = param
(its_loss, its_recon, its_kl), its_grads = vae.loss_and_grads(x, eps)
check("loss", its_loss, loss, rtol=1e-14)
for name in params:
    check(f"d{name}", its_grads[name], grads[name], rtol=1e-14)

# %%
step("One step of Adam", """
    m  = 0.9 m + 0.1 g             v  = 0.999 v + 0.001 g²         # both start at 0
    m̂  = m / (1 - 0.9ᵗ)            v̂  = v / (1 - 0.999ᵗ)           # at t = 1 these are g and g²
    w  = w - lr m̂ / (√v̂ + 1e-8)                                    # for every parameter w
""")
say("""
After the first step m̂ is the gradient itself and √v̂ its size: so at first every parameter whose
gradient is not 0 moves by the learning rate, here lr = 0.01, against the sign of its gradient,
whatever the gradient's size.
""")
lr = 0.01
moved = {}
for name, g in grads.items():
    m, v = 0.1 * g, 0.001 * g ** 2
    m_hat, v_hat = m / (1 - 0.9), v / (1 - 0.999)
    moved[name] = params[name] - lr * m_hat / (np.sqrt(v_hat) + 1e-8)
show("W_mu before", params["W_mu"], 6)
show("dW_mu", grads["W_mu"], 6)
show("W_mu after", moved["W_mu"], 6)
moves    = {name: moved[name] - params[name] for name in params}
after    = loss_at(moved)
promised = sum(np.sum(grads[name] * moves[name]) for name in params)
table(["", "nats per example"],
      [["loss before", f"{loss:.6f}"],
       ["loss after", f"{after:.6f}"],
       ["change", f"{after - loss:.6f}"],
       ["promised by the gradient", f"{promised:.6f}"]])
lengths = [np.abs(moves[name])[np.abs(grads[name]) > 1e-5] for name in params]
check("every parameter with a gradient moved by lr", np.concatenate(lengths), lr, rtol=1e-3)
check_less("the loss falls", after, loss)
check("by about as much as the gradient promised", after - loss, promised, rtol=0.1)

from numpyvae import Adam  # noqa: E402

Adam(vae.params, lr=lr).step(its_grads)
for name in params:
    check(f"the package's Adam leaves the same {name}", vae.params[name], moved[name], rtol=1e-13)
say("""
That is all that training is: this step, again and again, with other examples and other noise.

To think about: which line of the backward pass would change if the loss were summed over the batch
instead of averaged? And which of Adam's steps?
""")

# %%
end()
