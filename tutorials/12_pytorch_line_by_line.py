"""12. PyTorch, line by line: what did autograd do for you?  (blog, section 2.4: the module)

The blog's module is a few lines of PyTorch, and not one of them is a derivative. Here it stands on
the left and ours
on the right, with the same weights and the same noise: the losses, the gradients and twenty steps
of Adam have to
be the same. What PyTorch makes of them is on file; where PyTorch is installed, it is also asked on
the spot.

    python tutorials/12_pytorch_line_by_line.py        (2 seconds, 8 with PyTorch; --pause waits for Enter)

It draws line_by_line.png into the folder that --out names (runs/tutorials if it names none).
"""
# %%
import inspect
import re
import sys
from itertools import zip_longest
from pathlib import Path

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from numpyvae import VAE, Adam, latent, layers, losses, plots
from numpyvae.narrator import begin, check, check_less, end, figure, say, show, step, table

options = begin(__doc__)
REFERENCE = Path(__file__).resolve().parent.parent / "tests" / "reference" / "torch.npz"
if not REFERENCE.exists():
    print(f"{REFERENCE} is missing: this lesson needs the whole repository, with its tests",
          file=sys.stderr)
    sys.exit(2)
with np.load(REFERENCE) as file:
    recorded = dict(file)
NAMES = [layer + kind for layer in VAE.TORCH_NAMES.values() for kind in (".weight", ".bias")]
weights, moved, torch_grads = ({name: recorded[f"{case}/{name}"] for name in NAMES}
                               for case in ("VAE", "VAE/adam", "VAE/bernoulli/whole/1.0"))
x, eps, torch_terms = recorded["x"], recorded["eps"], recorded["VAE/bernoulli/whole/1.0/loss"]
(N, D), (H, Z) = x.shape, weights["fc21.weight"].T.shape
vae = VAE.from_torch_names(weights)
# as one long row
flat = lambda arrays: np.concatenate([np.ravel(arrays[name]) for name in NAMES])


def same(claim, ours, theirs, rtol):
    """All ten parameters, or gradients, of two dictionaries."""
    apart = {name: np.linalg.norm(ours[name] - theirs[name]) / (np.linalg.norm(theirs[name]) or 1)
             for name in NAMES}
    # each alone: a bias would drown in one long row
    worst = max(apart, key=apart.get)
    check(f"{claim} ({worst}, the worst of ten)", ours[worst], theirs[worst], rtol=rtol)


def in_torch_names(grads):
    """Our gradients by PyTorch's names, weights transposed."""
    other = VAE(**vae.settings)
    other.params = grads
    return other.to_torch_names()


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
INIT = [("self.fc1  = nn.Linear(D, H)", 'W1, b1 = weights["fc1.weight"].T, weights["fc1.bias"]'),
        ("self.fc21 = nn.Linear(H, Z)", 'W_mu, b_mu = weights["fc21.weight"].T, weights["fc21.bias"]'),
        ("self.fc22 = nn.Linear(H, Z)", 'W_logvar, b_logvar = weights["fc22.weight"].T, weights["fc22.bias"]'),
        ("self.fc3  = nn.Linear(Z, H)", 'W3, b3 = weights["fc3.weight"].T, weights["fc3.bias"]'),
        ("self.fc4  = nn.Linear(H, D)", 'W4, b4 = weights["fc4.weight"].T, weights["fc4.bias"]')]
table(["PyTorch", "numpyvae"], INIT)
ours = {**vars(layers), **vars(latent), **vars(losses), "np": np, "weights": weights, "x": x,
        "eps": eps, "N": N, "beta": 1.0}
exec("\n".join(line for _, line in INIT), ours)
check("from_torch_names does these five lines",
      [np.array_equal(ours[name], vae.params[name]) for name in vae.params], [True] * 10)
check("one entry by hand: output 2 of example 0",
      sum(weights["fc1.weight"][2, i] * x[0, i] for i in range(D)) + weights["fc1.bias"][2],
      (x @ ours["W1"] + ours["b1"])[0, 2], rtol=3e-15)
bounds = [np.abs(params["W" + layer]).max() * len(params["W" + layer]) ** 0.5
          for layer in VAE.TORCH_NAMES for params in (vae.params, VAE(D, H, Z).params)]
check_less("every weight was drawn within ±1/√I, by PyTorch and by our own VAE(D, H, Z)", bounds, 1)

# %%
step("encode, reparameterize, decode, and the loss")
LINES = [                                            # PyTorch's, ours forward, ours backward
    (["h1 = F.relu(self.fc1(x))"], ["a1, c_a1 = dense_forward(x, W1, b1)", "h1, c_h1 = relu_forward(a1)"],
     ["dh1 = dh1_mu + dh1_logvar", "da1 = relu_backward(dh1, c_h1)",
      "_, dW1, db1 = dense_backward(da1, c_a1, need_dx=False)"]),
    (["mu = self.fc21(h1)"], ["mu, c_mu = dense_forward(h1, W_mu, b_mu)"],
     ["dmu = dmu_z + dmu_kl", "dh1_mu, dW_mu, db_mu = dense_backward(dmu, c_mu)"]),
    (["logvar = self.fc22(h1)"], ["logvar, c_logvar = dense_forward(h1, W_logvar, b_logvar)"],
     ["dlogvar = dlogvar_z + dlogvar_kl", "dh1_logvar, dW_logvar, db_logvar = dense_backward(dlogvar, c_logvar)"]),
    (["std = torch.exp(0.5 * logvar)", "z = mu + eps * std"], ["z, c_z = reparameterize_forward(mu, logvar, eps)"],
     ["dmu_z, dlogvar_z = reparameterize_backward(dz, c_z)"]),
    (["h3 = F.relu(self.fc3(z))"], ["a3, c_a3 = dense_forward(z, W3, b3)", "h3, c_h3 = relu_forward(a3)"],
     ["da3 = relu_backward(dh3, c_h3)", "dz, dW3, db3 = dense_backward(da3, c_a3)"]),
    (["probs = torch.sigmoid(self.fc4(h3))"], ["logits, c_logits = dense_forward(h3, W4, b4)"],
     ["dh3, dW4, db4 = dense_backward(dlogits, c_logits)"]),
    (["recon = F.binary_cross_entropy(", '  probs, x, reduction="sum")'],
     ["recon, c_recon = bernoulli_loss_forward(logits, x)"], ["dlogits = bernoulli_loss_backward(drecon, c_recon)"]),
    (["kl = -0.5 * torch.sum(", "  1 + logvar - mu**2 - logvar.exp())"],
     ["kl, c_kl = kl_forward(mu, logvar)"], ["dmu_kl, dlogvar_kl = kl_backward(dkl, c_kl)"]),
    (["loss = recon + kl"], ["loss = (recon + beta * kl).mean()"],
     ["drecon = np.full_like(recon, 1 / N)", "dkl = beta * drecon"])]
say("""
The blog spreads these lines over the methods that the titles name. Ours hand back two things each:
the result, and a cache c_… of what their derivative will need. PyTorch keeps such arrays, too, out
of sight. (Its sigmoid has no partner here, since our loss takes the logits.) And the loss of
PyTorch's own example, which goes with this network (the blog prints none), is a sum over the batch,
ours a mean: we come to that.
""")
for title, part in (("encode", LINES[:3]), ("reparameterize", LINES[3:4]), ("decode", LINES[4:6]),
                    ("loss", LINES[6:])):
    table([f"PyTorch: {title}".ljust(36), "numpyvae".ljust(56)],
          [row for theirs, lines, _ in part for row in zip_longest(theirs, lines, fillvalue="")])
program, forward = ("\n".join(line for entry in LINES for line in entry[k]) for k in (0, 1))
exec(forward, ours)
show(mu=ours["mu"], logvar=ours["logvar"])
terms = np.array([ours["loss"], ours["recon"].mean(), ours["kl"].mean()])
check("loss, reconstruction and KL, as means, are those on file", terms, torch_terms, rtol=6e-15)

# %%
step("loss.backward(): one line, or fifteen", "forward from the first line to the last, backward "
     "from the last one up")
say("""
Every line above was a function, and has a partner that turns the gradient of its result into those
of its arguments. PyTorch finds the partners when loss.backward() runs. Here they are, in the order
in which they run:
""")
backward = [line for entry in reversed(LINES) for line in entry[2]]
table(["PyTorch", "numpyvae"], [*zip_longest(["loss.backward()"], backward, fillvalue="")])
exec("\n".join(backward), ours)
source = inspect.getsource(VAE.loss_and_grads).split("# Backward")[1].split("\n\n")[0].split("\n")[1:]
here, there = ({re.sub(r"\s", "", line.split(" = ")[0]) for line in lines}
               for lines in (backward, source))
check("they are fifteen, and assign to the names that the fifteen in numpyvae/vae.py assign to",
      [len(backward), len(source), len(here & there)], [15] * 3)
grads = {name: ours["d" + name] for name in vae.params}
found = in_torch_names(grads)
distance = {name: np.linalg.norm(found[name] - torch_grads[name])
            / np.linalg.norm(torch_grads[name]) for name in NAMES}
table(["gradient", "ours", "shape", "its norm", "relative difference"],
      [[name, f"d{own}" + "ᵀ" * (found[name].ndim - 1), str(found[name].shape),
        f"{np.linalg.norm(found[name]):.4f}", f"{distance[name]:.0e}"] for name,
       own in zip(NAMES, vae.params)])
check_less("each of the ten gradients is PyTorch's, but for rounding", list(distance.values()),
           6e-15)
figure(plots.line_by_line([(theirs, lines[::-1]) for theirs, _, lines in LINES], ("PyTorch, read "
                                                                                  "downwards",
                                                                                  "its derivative "
                                                                                  "in numpyvae, "
                                                                                  "read upwards"),
                          "Every line forward has its lines backward: these autograd spares you"),
       "line_by_line")

# %%
step("optimizer.zero_grad(): why ours needs none", "PyTorch:  param.grad += gradient        ours:  "
     "grads = gradient")
say("""
PyTorch adds each new gradient to what param.grad already holds. That is handy where a batch is
computed in pieces, and
a trap where one forgets to clear it: the second step then goes along the sum of two gradients. Our
function returns the gradient and remembers nothing, so there is nothing to clear. In pieces, one
adds up in plain sight:
""")
first, second = (vae.loss_and_grads(x, eps)[1] for _ in range(2))
same("called twice, it says the same twice", in_torch_names(first), in_torch_names(second), rtol=0)
pieces = [vae.loss_and_grads(x[rows], eps[rows])[1] for rows in (slice(0, 2), slice(2, 5))]
same("2/5 of the first two examples' gradient and 3/5 of the others' make that of the batch",
     in_torch_names({name: (2 * pieces[0][name] + 3 * pieces[1][name]) / 5 for name in first}),
     found, rtol=4e-15)

# %%
step("optimizer.step(): twenty of them", """
    adam = torch.optim.Adam(module.parameters(), lr)      adam = Adam(vae.params, lr)
    adam.step()                                           adam.step(grads)
""")
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


way, torch_way = walk(), {name: moved[name] - weights[name] for name in NAMES}
show("the way of fc21.bias, PyTorch", torch_way["fc21.bias"], 8)
show("ours", way["fc21.bias"], 8)
same("all ways are the same, but for rounding", way, torch_way, rtol=7e-15)

# %%
step("The PyTorch example sums over the batch, we average", "Σ (recon + kl)  against  1/N Σ (recon "
     "+ kl)")
say("""
The example's loss adds up the whole batch, so its gradients are N times ours, and plain gradient
descent would take steps N times as long. Adam's step is lr m̂ / (√v̂ + adam_eps): it divides by the
gradient's own size, where the N cancels. Only adam_eps = 1e-8 does not grow along, and that is seen
most where a gradient is small.
""")
exec("\n".join(backward).replace("1 / N", "1"), summed := dict(ours))
same("gradients of the sum are N times those of the mean",
     {name: N * grad for name, grad in found.items()},
     in_torch_names({name: summed["d" + name] for name in vae.params}), rtol=3e-15)
apart = np.abs(flat(walk(N)) - flat(way)) / np.abs(flat(way)).max()
table(["after 20 steps, in units of the longest way", "difference"],
      [["the largest", f"{apart.max():.0e}"], ["the median", f"{np.median(apart):.0e}"]])
check_less("even the largest is below a thousandth, the median below a millionth",
           np.array([apart.max(), np.median(apart)]), np.array([1e-3, 1e-6]))
check_less("where it is largest, the gradient is below a hundredth of the largest gradient",
           np.abs(flat(found)[apart.argmax()]), 0.01 * np.abs(flat(found)).max())
same("and with adam_eps times N as well, the ways are the same", walk(N, N * 1e-8), way, rtol=1e-14)

# %%
step("What autograd did: a tape", "forward: write down every operation    backward: read the tape "
     "from its end")
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
                # += : where a value went two ways, gradients add up
                if isinstance(each, Recorded):
                    d = rule(result.grad, *values)
                    # a bias
                    each.grad = each.grad + (d.sum(axis=0) if np.ndim(d) > np.ndim(each.value)
                                             else d)


def plain_loss(W1, b1, W_mu, b_mu, W_logvar, b_logvar, W3, b3, W4, b4):
    """The whole VAE in nothing but operations: it does not know whether it is recorded."""
    h1 = np.maximum(x @ W1 + b1, 0)
    mu, logvar = h1 @ W_mu + b_mu, h1 @ W_logvar + b_logvar
    z = mu + np.exp(0.5 * logvar) * eps
    logits = np.maximum(z @ W3 + b3, 0) @ W4 + b4
    recon = np.logaddexp(0, logits) - x * logits
    kl = 0.5 * (mu * mu + np.exp(logvar) - 1 - logvar)
    return (np.sum(recon) + np.sum(kl)) / N


tape = []
nodes = {name: Recorded(param, tape) for name, param in vae.params.items()}
loss = plain_loss(**nodes)
loss.backward()
rows = [[i + 1, getattr(operation, "__name__", operation),
         " ".join(str(np.shape(value)) for value in values), str(np.shape(result.value))] for i,
        (operation, _, values, result) in enumerate(tape)]
table(["", "operation", "shapes in", "shape out"], [*rows[:6], ["…"] * 4, *rows[-3:]])
check("on arrays and on the tape alike, it is the loss",
      np.array([plain_loss(**vae.params), loss.value]), ours["loss"], rtol=2e-15)
taped = in_torch_names({name: node.grad for name, node in nodes.items()})
same("the tape finds the gradients that we derived by hand", taped, found, rtol=4e-15)
say(f"That is what autograd did for you: it kept a tape of {len(tape)} entries. The first and the "
    "last stand above.")

# %%
step("PyTorch itself, if it is here")
torch = None
if not options.quick:
    try:
        import torch
    except ImportError:
        pass
if torch is None:
    say(("Left out, since --quick was asked for." if options.quick else
         "Left out, since PyTorch is not installed (pip install torch).")
        + " The lines on the left above would run here as they stand, against ours.")
else:
    torch.set_default_dtype(torch.float64)
    theirs = {"self": torch.nn.Module(), "torch": torch, "nn": torch.nn, "F": torch.nn.functional,
              "D": D, "H": H, "Z": Z, "x": torch.tensor(x), "eps": torch.tensor(eps)}
    exec("\n".join(line for line, _ in INIT), theirs)
    theirs["self"].load_state_dict({name: torch.tensor(array) for name, array in weights.items()})
    exec(program + "\nloss.backward()", theirs)
    live = {name: param.grad.numpy().copy() for name, param in theirs["self"].named_parameters()}
    check(f"PyTorch {torch.__version__}: its loss is N times ours", theirs["loss"].item(), N
          * ours["loss"], rtol=1e-13)
    same("and so are its gradients", live, {name: N * grad for name, grad in found.items()},
         rtol=1e-13)
    exec(program + "\nloss.backward()", theirs)
    twice = {name: param.grad.numpy() for name, param in theirs["self"].named_parameters()}
    same("a second backward() without zero_grad() doubles them", twice,
         {name: 2 * live[name] for name in NAMES}, 0)
    theirs["adam"] = torch.optim.Adam(theirs["self"].parameters(), float(recorded["lr"]))
    for noise in recorded["noise"]:
        theirs["eps"] = torch.tensor(noise)
        exec("adam.zero_grad()\n" + program + "\nloss.backward()\nadam.step()", theirs)
    arrived = {name: param.detach().numpy() - weights[name] for name,
               param in theirs["self"].named_parameters()}
    same("twenty steps along its sum are ours along N times our gradient", arrived, walk(N),
         rtol=1e-11)
say("""
To think about: PyTorch keeps every cache until backward() has run. What does that cost for a batch
of a million images, and what would you have to give up to do without?
""")

# %%
end()
