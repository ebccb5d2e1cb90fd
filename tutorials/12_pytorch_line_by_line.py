"""12. PyTorch, line by line: what did autograd do for you?  (blog, section 2.4: the module)

The blog's module is a few lines of PyTorch, and not one of them is a derivative. Here it stands on
the left and ours on the right, with the same weights and the same noise: the losses, the gradients
and twenty steps of Adam have to be the same. What PyTorch makes of them is on file; where PyTorch
is installed, it is also asked on the spot.

    python tutorials/12_pytorch_line_by_line.py    (2 seconds, 8 with PyTorch)

It draws line_by_line.png into the folder that --out names (runs/tutorials if it names none).
"""
# %%
import textwrap
from itertools import zip_longest

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from numpyvae import VAE, Adam, latent, layers, plots
from numpyvae.gallery import pytorch
from numpyvae.likelihoods import Bernoulli
from numpyvae.narrator import (ask, begin, check, check_less, end, figure, say, show, source, step,
                               table)

options = begin(__doc__, seed=12)
recorded = pytorch.on_file()
NAMES = [layer + kind for layer in VAE.TORCH_NAMES.values() for kind in (".weight", ".bias")]


def on_file(case):
    """The ten parameters, or gradients, that PyTorch recorded under this name."""
    return {name: recorded[f"{case}/{name}"] for name in NAMES}


weights     = on_file("VAE")
moved       = on_file("VAE/adam")
torch_grads = on_file("VAE/bernoulli/whole/1.0")
torch_terms = recorded["VAE/bernoulli/whole/1.0/loss"]
x, eps = recorded["x"], recorded["eps"]
N, D   = x.shape
Z, H   = weights["fc21.weight"].shape
vae    = VAE.from_torch_names(weights)


def relative(found, expected):
    """How far an array is from another, by norm."""
    return np.linalg.norm(found - expected) / (np.linalg.norm(expected) or 1)


def same(claim, ours, theirs, rtol):
    """Check that the ten parameters, or gradients, of two dictionaries are the same."""
    apart = {name: relative(ours[name], theirs[name]) for name in NAMES}
    worst = max(apart, key=apart.get)            # each alone: a bias would drown in one long row
    check(f"{claim} ({worst}, the worst of ten)", ours[worst], theirs[worst], rtol=rtol)


def in_torch_names(grads):
    """Our gradients by PyTorch's names, weights transposed."""
    other = VAE(**vae.settings)
    other.params = grads
    return other.to_torch_names()


def flat(arrays):
    """All ten as one long row."""
    return np.concatenate([np.ravel(arrays[name]) for name in NAMES])


# %%
step("The blog's module, whole")
MODULE = """
class VAE(nn.Module):
    def __init__(self, D, H, Z):
        super().__init__()
        self.fc1  = nn.Linear(D, H)
        self.fc21 = nn.Linear(H, Z)
        self.fc22 = nn.Linear(H, Z)
        self.fc3  = nn.Linear(Z, H)
        self.fc4  = nn.Linear(H, D)

    def encode(self, x):
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std)
        return mu + eps * std

    def decode(self, z):
        h3 = F.relu(self.fc3(z))
        return torch.sigmoid(self.fc4(h3))

    def forward(self, x):
        mu, logvar = self.encode(x.view(-1, D))
        z = self.reparameterize(mu, logvar)
        return self.decode(z), mu, logvar
"""
say("""
This is the module of the blog's section 2.4, with D = 784, H = 400 and Z = 20 there. Three things
in it have a name of their own here. randn_like draws the noise inside; we draw it before and hand
it in, so that both can have the same. x.view lays the rows of an image one behind the other; our x
comes that way. And forward gives back the image, mu and logvar, since the loss needs all three; our
loss_and_grads has them all at hand.
""")
say(textwrap.indent(MODULE.strip("\n"), "    "))
ask("""
Count the derivatives in these thirty lines. How many lines will ours need for them?
""", """
None, and fifteen: that is what autograd saves. Step 4 lists the fifteen, and the tape near the end
shows how PyTorch finds them by itself.
""")
lines = [line.strip() for line in MODULE.splitlines() if line.strip()]
check("of its lines, none is a derivative", [line for line in lines if "grad" in line], [])

# %%
step("__init__: five linear layers", """
    nn.Linear(I, O)    y = x weightᵀ + bias,   weight (O, I)
    numpyvae           y = x W + b,            W (I, O)
""")
say(f"""
The numbers on file come from PyTorch {recorded["torch"]}: N = {N} examples of D = {D} pixels, H =
{H}, Z = {Z}. PyTorch keeps a weight as (out, in), so that each row belongs to one output. We keep
it as (in, out), so that the formula on paper is the line in the program. Nothing else differs: a
weight is transposed once, on its way in.
""")
THEIR_INIT = """
self.fc1  = nn.Linear(D, H)
self.fc21 = nn.Linear(H, Z)
self.fc22 = nn.Linear(H, Z)
self.fc3  = nn.Linear(Z, H)
self.fc4  = nn.Linear(H, D)
"""
OUR_INIT = """
W1,       b1       = weights["fc1.weight"].T,  weights["fc1.bias"]
W_mu,     b_mu     = weights["fc21.weight"].T, weights["fc21.bias"]
W_logvar, b_logvar = weights["fc22.weight"].T, weights["fc22.bias"]
W3,       b3       = weights["fc3.weight"].T,  weights["fc3.bias"]
W4,       b4       = weights["fc4.weight"].T,  weights["fc4.bias"]
"""
table(["PyTorch", "numpyvae"],
      zip(THEIR_INIT.strip().split("\n"), OUR_INIT.strip().split("\n")))
ours = {**vars(layers), **vars(latent), "np": np, "pixels": Bernoulli(), "weights": weights,
        "x": x, "eps": eps, "N": N, "beta": 1.0}
ours = source.run(OUR_INIT, ours)
check("from_torch_names does these five lines",
      [np.array_equal(ours[name], vae.params[name]) for name in vae.params], [True] * 10)
by_hand = sum(weights["fc1.weight"][2, i] * x[0, i] for i in range(D)) + weights["fc1.bias"][2]
check("one entry by hand: output 2 of example 0",
      by_hand, (x @ ours["W1"] + ours["b1"])[0, 2], rtol=3e-15)
fresh = VAE(D, H, Z, rng=options.seed)
drawn = [params["W" + layer] for layer in VAE.TORCH_NAMES
         for params in (vae.params, fresh.params)]
check_less("every weight was drawn within ±1/√I, by PyTorch and by our own VAE(D, H, Z)",
           [np.abs(W).max() * len(W) ** 0.5 for W in drawn], 1)

# %%
step("encode, reparameterize, decode, and the loss")
LINES = [                                            # PyTorch's, ours forward, ours backward
    (["h1 = F.relu(self.fc1(x))"],
     ["a1 = dense(x, W1, b1)",
      "h1 = relu(a1)"],
     ["dh1 = dh1_mu + dh1_logvar",
      "da1 = relu_backward(dh1, a1)",
      "_, dW1, db1 = dense_backward(da1, x, None)"]),
    (["mu = self.fc21(h1)"],
     ["mu = dense(h1, W_mu, b_mu)"],
     ["dmu = dmu_z + dmu_kl",
      "dh1_mu, dW_mu, db_mu = dense_backward(dmu, h1, W_mu)"]),
    (["logvar = self.fc22(h1)"],
     ["logvar = dense(h1, W_logvar, b_logvar)"],
     ["dlogvar = dlogvar_z + dlogvar_kl",
      "dh1_logvar, dW_logvar, db_logvar = dense_backward(dlogvar, h1, W_logvar)"]),
    (["std = torch.exp(0.5 * logvar)",
      "z = mu + eps * std"],
     ["z = reparameterize(mu, logvar, eps)"],
     ["dmu_z, dlogvar_z = reparameterize_backward(dz, logvar, eps)"]),
    (["h3 = F.relu(self.fc3(z))"],
     ["a3 = dense(z, W3, b3)",
      "h3 = relu(a3)"],
     ["da3 = relu_backward(dh3, a3)",
      "dz, dW3, db3 = dense_backward(da3, z, W3)"]),
    (["probs = torch.sigmoid(self.fc4(h3))"],
     ["logits = dense(h3, W4, b4)"],
     ["dh3, dW4, db4 = dense_backward(dlogits, h3, W4)"]),
    (["recon = F.binary_cross_entropy(",
      '  probs, x, reduction="sum")'],
     ["recon = pixels.neg_log_p(logits, x)"],
     ["dlogits = pixels.neg_log_p_backward(drecon, logits, x)"]),
    (["kl = -0.5 * torch.sum(",
      "  1 + logvar - mu**2 - logvar.exp())"],
     ["kl = kl_divergence(mu, logvar)"],
     ["dmu_kl, dlogvar_kl = kl_divergence_backward(dkl, mu, logvar)"]),
    (["loss = recon + kl"],
     ["loss = np.mean(recon + beta * kl)"],
     ["drecon = np.full_like(recon, 1 / N)",
      "dkl = beta * drecon"])]
say("""
The blog spreads these lines over the methods that the titles name. Ours are functions that keep
nothing: what a derivative needs of them, it is given again. PyTorch keeps such arrays, out of
sight. (Its sigmoid has no partner here, since our loss takes the logits; `pixels` is Bernoulli(),
the likelihood of a pixel.) And the loss of PyTorch's own example, which goes with this network (the
blog prints none), is a sum over the batch, ours a mean: we come to that.
""")
for title, part in (("encode", LINES[:3]), ("reparameterize", LINES[3:4]), ("decode", LINES[4:6]),
                    ("loss", LINES[6:])):
    table([f"PyTorch: {title}".ljust(36), "numpyvae".ljust(56)],
          [row for theirs, lines, _ in part for row in zip_longest(theirs, lines, fillvalue="")])
program = "\n".join(line for theirs, _, _ in LINES for line in theirs)
forward = "\n".join(line for _, lines, _ in LINES for line in lines)
ours = source.run(forward, ours)
show(mu=ours["mu"], logvar=ours["logvar"])
terms = np.array([ours["loss"], ours["recon"].mean(), ours["kl"].mean()])
check("loss, reconstruction and KL, as means, are those on file", terms, torch_terms, rtol=6e-15)

# %%
step("loss.backward(): one line, or fifteen",
     "forward from the first line to the last, backward from the last one up")
say("""
Every line above was a function, and has a partner that turns the gradient of its result into those
of its arguments. PyTorch finds the partners when loss.backward() runs. Here they are, in the order
in which they run:
""")
backward = [line for _, _, lines in reversed(LINES) for line in lines]
table(["PyTorch", "numpyvae"], [*zip_longest(["loss.backward()"], backward, fillvalue="")])
ours = source.run("\n".join(backward), ours)
here  = [line.targets for line in source.assignments("\n".join(backward))]
there = [line.targets for line in source.assignments(VAE.loss_and_grads)]
there = there[there.index(("drecon",)):there.index(("grads",))]
check("they are fifteen, and assign to the names that the fifteen in numpyvae/vae.py assign to",
      [len(here), len(there), len(set(here) & set(there))], [15, 15, 15])
grads = {name: ours["d" + name] for name in vae.params}
found = in_torch_names(grads)
distance = {name: relative(found[name], torch_grads[name]) for name in NAMES}
rows = []
for name, own in zip(NAMES, vae.params):
    grad = found[name]
    rows.append([name, f"d{own}ᵀ" if grad.ndim == 2 else f"d{own}", str(grad.shape),
                 f"{np.linalg.norm(grad):.4f}", f"{distance[name]:.0e}"])
table(["gradient", "ours", "shape", "its norm", "relative difference"], rows)
check_less("each of the ten gradients is PyTorch's, but for rounding", list(distance.values()),
           6e-15)
figure(plots.line_by_line([(theirs, lines[::-1]) for theirs, _, lines in LINES],
                          ("PyTorch, read downwards", "its derivative in numpyvae, read upwards"),
                          "Every line forward has its lines backward: these autograd spares you"),
       "line_by_line",
       seen="Nine lines of PyTorch on the left, from the first layer down to the loss, and beside "
            "each, in a band of the same colour, the lines of numpyvae that compute its "
            "derivative, to be read upwards.")

# %%
step("optimizer.zero_grad(): why ours needs none",
     "PyTorch:  param.grad += gradient        ours:  grads = gradient", second=True)
say("""
PyTorch adds each new gradient to what param.grad already holds. That is handy where a batch is
computed in pieces, and a trap where one forgets to clear it: the second step then goes along the
sum of two gradients. Our function returns the gradient and remembers nothing, so there is nothing
to clear. In pieces, one adds up in plain sight:
""")
_, first  = vae.loss_and_grads(x, eps)
_, second = vae.loss_and_grads(x, eps)
same("called twice, it says the same twice", in_torch_names(first), in_torch_names(second), rtol=0)
_, of_two   = vae.loss_and_grads(x[:2], eps[:2])
_, of_three = vae.loss_and_grads(x[2:], eps[2:])
pieces = {name: (2 * of_two[name] + 3 * of_three[name]) / 5 for name in grads}
same("2/5 of the first two examples' gradient and 3/5 of the others' make that of the batch",
     in_torch_names(pieces), found, rtol=4e-15)

# %%
step("optimizer.step(): twenty of them", """
    adam = torch.optim.Adam(module.parameters(), lr)      adam = Adam(vae.params, lr)
    adam.step()                                           adam.step(grads)
""", second=True)
say("""
PyTorch's Adam finds the gradients where backward() left them; ours is given them. On file is where
PyTorch arrived after twenty steps, each with new noise, which is on file as well.
""")


def walk(factor=1, adam_eps=1e-8):
    """How far each parameter goes in twenty steps of Adam along `factor` times our gradient."""
    model = VAE.from_torch_names(weights)
    adam = Adam(model.params, lr=float(recorded["lr"]), adam_eps=adam_eps)
    for noise in recorded["noise"]:
        _, grads = model.loss_and_grads(x, noise)
        adam.step({name: factor * grad for name, grad in grads.items()})
    return {name: param - weights[name] for name, param in model.to_torch_names().items()}


way = walk()
torch_way = {name: moved[name] - weights[name] for name in NAMES}
show("how far fc21.bias has moved, PyTorch", torch_way["fc21.bias"], 8)
show("how far fc21.bias has moved, ours", way["fc21.bias"], 8)
same("all ten have moved alike, but for rounding", way, torch_way, rtol=7e-15)

# %%
step("The PyTorch example sums over the batch, we average",
     "Σ (recon + kl)  against  1/N Σ (recon + kl)", second=True)
say("""
The example's loss adds up the whole batch, so its gradients are N times ours, and plain gradient
descent would take steps N times as long. Adam's step is lr m̂ / (√v̂ + adam_eps): it divides by the
gradient's own size, where the N cancels. Only adam_eps = 1e-8 does not grow along, and that is seen
most where a gradient is small.
""")
summed = source.run("\n".join(backward).replace("1 / N", "1"), ours)
same("gradients of the sum are N times those of the mean",
     {name: N * grad for name, grad in found.items()},
     in_torch_names({name: summed["d" + name] for name in vae.params}), rtol=3e-15)
apart = np.abs(flat(walk(N)) - flat(way)) / np.abs(flat(way)).max()
slopes = np.abs(flat(found))
table(["after 20 steps, in units of the longest way", "difference"],
      [["the largest", f"{apart.max():.0e}"], ["the median", f"{np.median(apart):.0e}"]])
check_less("even the largest is below a thousandth, the median below a millionth",
           np.array([apart.max(), np.median(apart)]), np.array([1e-3, 1e-6]))
check_less("where it is largest, the gradient is below a hundredth of the largest gradient",
           slopes[apart.argmax()], 0.01 * slopes.max())
same("and with adam_eps times N as well, the ways are the same", walk(N, N * 1e-8), way, rtol=1e-14)

# %%
step("What autograd did: a tape",
     "forward: write down every operation    backward: read the tape from its end")
say("""
loss.backward() needs no magic, only two things: a rule for each operation, and a list of what was
done. NumPy tells an object of ours whenever it takes part in an operation (that is what
__array_ufunc__ is for), so a few lines are enough to record any program made of nine operations:
the matrix product, + - × /, maximum, exp, logaddexp and sum. A rule takes d, the gradient of the
result, and the inputs.
""")
RULES = {np.matmul:    (lambda d, a, b: d @ b.T,        lambda d, a, b: a.T @ d),
         np.add:       (lambda d, a, b: d,              lambda d, a, b: d),
         np.subtract:  (lambda d, a, b: d,              lambda d, a, b: -d),
         np.multiply:  (lambda d, a, b: d * b,          lambda d, a, b: d * a),
         np.divide:    (lambda d, a, b: d / b,),
         np.maximum:   (lambda d, a, b: d * (a > b),),
         np.exp:       (lambda d, a: d * np.exp(a),),
         np.logaddexp: (None,                           lambda d, a, b: d / (1 + np.exp(a - b))),
         "sum":        (lambda d, a: d * np.ones_like(a),)}


class Recorded(NDArrayOperatorsMixin):
    """An array that writes down every operation it takes part in."""

    def __init__(self, value, tape):
        self.value, self.tape, self.grad = value, tape, 0.0

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        values = [each.value if isinstance(each, Recorded) else each for each in inputs]
        result = Recorded(getattr(ufunc, method)(*values, **options), self.tape)
        self.tape.append(("sum" if method == "reduce" else ufunc, inputs, values, result))
        return result

    def backward(self):
        self.grad = 1.0
        for operation, inputs, values, result in reversed(self.tape):
            for each, rule in zip(inputs, RULES[operation]):
                if isinstance(each, Recorded):
                    d = rule(result.grad, *values)
                    if np.ndim(d) > np.ndim(each.value):
                        d = d.sum(axis=0)        # a bias
                    each.grad = each.grad + d    # a sum, where a value went two ways


a, b, tape = 2.0, 3.0, []
a_node, b_node = Recorded(a, tape), Recorded(b, tape)
f = np.exp(a_node * b_node - 5) + a_node
f.backward()
table(["", "operation", "of", "gives", "its gradient"],
      [[i, operation.__name__, " and ".join(f"{value:.4g}" for value in values),
        result.value, result.grad] for i, (operation, _, values, result) in enumerate(tape, 1)])
say("""
Read the table downwards, and it is f = exp(a b - 5) + a at a = 2, b = 3. Read it upwards from the
gradient 1 of the last line, and each rule hands on its share: so df/da is exp(a b - 5) b + 1, the
sum of two ways, and df/db is exp(a b - 5) a.
""")
check("df/da and df/db from the tape are those on paper", [a_node.grad, b_node.grad],
      [np.exp(a * b - 5) * b + 1, np.exp(a * b - 5) * a], rtol=1e-15)

# %%
step("The whole VAE on a tape", second=True)
say("""
The same class, and the loss of the VAE as one plain function.
""")


def plain_loss(W1, b1, W_mu, b_mu, W_logvar, b_logvar, W3, b3, W4, b4):
    """The whole VAE in nothing but operations: it does not know whether it is recorded."""
    h1     = np.maximum(x @ W1 + b1, 0)
    mu     = h1 @ W_mu + b_mu
    logvar = h1 @ W_logvar + b_logvar
    z      = mu + np.exp(0.5 * logvar) * eps
    logits = np.maximum(z @ W3 + b3, 0) @ W4 + b4
    recon  = np.logaddexp(0, logits) - x * logits
    kl     = 0.5 * (mu * mu + np.exp(logvar) - 1 - logvar)
    return (np.sum(recon) + np.sum(kl)) / N


tape = []
nodes = {name: Recorded(param, tape) for name, param in vae.params.items()}
loss = plain_loss(**nodes)
loss.backward()
rows = []
for i, (operation, _, values, result) in enumerate(tape, 1):
    rows.append([i, getattr(operation, "__name__", operation),
                 " ".join(str(np.shape(value)) for value in values), str(np.shape(result.value))])
table(["", "operation", "shapes in", "shape out"], [*rows[:6], ["…"] * 4, *rows[-3:]])
check("on arrays and on the tape alike, it is the loss",
      np.array([plain_loss(**vae.params), loss.value]), ours["loss"], rtol=2e-15)
taped = in_torch_names({name: node.grad for name, node in nodes.items()})
same("the tape finds the gradients that we derived by hand", taped, found, rtol=4e-15)
say(f"""
That is what autograd did for you: it kept a tape of {len(tape)} entries. The first and the last
stand above.
""")

# %%
step("PyTorch itself, if it is here", second=True)
torch = None
if not options.quick:
    try:
        import torch
    except ImportError:
        pass
if torch is None:
    why = ("--quick was asked for" if options.quick else
           "PyTorch is not installed (pip install torch)")
    say(f"""
Left out, since {why}. The lines on the left above would run here as they stand, against ours.
""")
else:
    torch.set_default_dtype(torch.float64)
    module = torch.nn.Module()
    theirs = {"self": module, "torch": torch, "nn": torch.nn, "F": torch.nn.functional,
              "D": D, "H": H, "Z": Z, "x": torch.tensor(x), "eps": torch.tensor(eps)}
    blog = source.run(MODULE, theirs)["VAE"](D, H, Z)
    blog.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})
    _, its_mu, its_logvar = blog(torch.tensor(x))
    check(f"PyTorch {torch.__version__}: the blog's module gives our mu and logvar",
          np.stack([its_mu.detach(), its_logvar.detach()]), [ours["mu"], ours["logvar"]],
          rtol=1e-14)
    theirs = source.run(THEIR_INIT, theirs)
    module.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})

    theirs = source.run(program + "\nloss.backward()", theirs)
    live = {name: param.grad.numpy().copy() for name, param in module.named_parameters()}
    check("its loss is N times ours",
          theirs["loss"].item(), N * ours["loss"], rtol=1e-13)
    same("and so are its gradients", live, {name: N * grad for name, grad in found.items()},
         rtol=1e-13)

    source.run(program + "\nloss.backward()", theirs)
    twice = {name: param.grad.numpy() for name, param in module.named_parameters()}
    same("a second backward() without zero_grad() doubles them", twice,
         {name: 2 * live[name] for name in NAMES}, rtol=0)

    theirs["adam"] = torch.optim.Adam(module.parameters(), float(recorded["lr"]))
    for noise in recorded["noise"]:
        theirs["eps"] = torch.tensor(noise)
        source.run("adam.zero_grad()\n" + program + "\nloss.backward()\nadam.step()", theirs)
    arrived = {name: param.detach().numpy() - weights[name]
               for name, param in module.named_parameters()}
    same("twenty steps along its sum are ours along N times our gradient", arrived, walk(N),
         rtol=1e-11)
ask("""
PyTorch keeps what its derivatives will need until backward() has run. What does that cost for a
large batch, and what would one have to give up to do without?
""", """
Memory: an array for every line of the forward, each with a row for every example; for 128 images
and the blog's sizes about 2 MB, for a million images 16 GB. Without them, what a derivative needs
has to be computed again, as our backward does for the exponentials: less memory for more
arithmetic. (Our own forward's arrays stay alive until loss_and_grads returns, so it pays the same
price.)
""")

# %%
end()
