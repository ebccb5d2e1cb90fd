"""One training step, narrated: `VAE.loss_and_grads` run line by line, each with its numbers."""
import numpy as np

from . import vae
from .gradcheck import check_gradients
from .narrator import begin, check, check_less, end, say, show, step, table
from .narrator.source import assignments, run
from .optim import Adam
from .vae import VAE

OPENING = """
One training step of a VAE: every equation with its numbers  (blog, section 2.4)

A batch of {n} examples of {input_dim} pixels goes through the blog's network, here with
{hidden_dim} hidden units and {latent_dim} latent variables. Each line of code below is one of
VAE.loss_and_grads in numpyvae/vae.py, run as it stands there, with the equation that it computes
beneath it. self.pixels is the likelihood of a pixel, here Bernoulli: p = sigmoid(l); dl is short
for dlogits; into[...] names the arrays that gradients are written into, mask the observed pixels
(None: all of them), and beta is 1.
"""

# Before the line that defines this name: a heading, its equation, and what is to be said.
STORY = {
    "a1": ("Forward: the encoder", "", """
        From the batch to a distribution of codes: for every example a mean, and the logarithm of a
        variance."""),
    "z": ("Forward: the sample", "σ = exp(½ log σ²)", """
        One code for each example, drawn from its distribution. The noise was drawn before, so that
        z is an ordinary function of mu and logvar, and has derivatives."""),
    "a3": ("Forward: the decoder", "", """
        From the code back to the pixels: for each a logit l, the log-odds of ink, whose probability
        is sigmoid(l)."""),
    "recon": ("Forward: the loss", """
        -log p(x given z)      = Σ_d [log(1 + exp(l)) - x l]
        KL(q(z given x), p(z)) = ½ Σ_j [μ² + σ² - 1 - log σ²]""", """
        What the pixels cost, given the code, and what the code costs, in nats: sums over pixels and
        latent variables, and then the mean over the batch."""),
    "drecon": ("Backward: from the loss", "dT means ∂ loss / ∂ T, and has the shape of T", """
        The same lines, from the last to the first. The loss is a mean, so that each example counts
        1/N."""),
    "dlogits": ("Backward: the decoder", "", """
        How far each probability lies from its pixel; then back through the layers. Each backward
        is given what its forward was given, as far as it needs it."""),
    "dmu_z": ("Backward: through the sample", "", """
        Where the decoder would move z, passed on to mu and logvar. The KL term pulls its own way;
        where a value was used twice, its gradients are added."""),
    "dh1_logvar": ("Backward: the encoder", "dh1 = dlogvar W_logvarᵀ + dμ W_muᵀ", """
        Two layers read h1, so its gradient is a sum, too. The first layer asks for no dx: the batch
        is data, which nothing changes.""")}

# Beneath the line that defines this name. A sum of two gradients needs none.
EQUATIONS = {
    "a1":         "a1 = x W1 + b1",
    "h1":         "h1 = max(a1, 0)",
    "mu":         "μ = h1 W_mu + b_mu",
    "logvar":     "log σ² = h1 W_logvar + b_logvar",
    "z":          "z = μ + σ ε",
    "a3":         "a3 = z W3 + b3",
    "h3":         "h3 = max(a3, 0)",
    "logits":     "l = h3 W4 + b4",
    "recon":      "recon = -log p(x given z)",
    "kl":         "kl = KL(q(z given x), p(z))",
    "loss":       "loss = 1/N Σ_n (recon + β kl)",

    "drecon":     "drecon = 1/N",
    "dkl":        "dkl = β/N",
    "dmu_kl":     "dμ_kl = dkl μ,  dlogvar_kl = dkl ½ (σ² - 1)",
    "dlogits":    "dl = drecon (p - x)",
    "dh3":        "dh3 = dl W4ᵀ,  dW4 = h3ᵀ dl,  db4 = Σ_n dl",
    "da3":        "da3 = dh3 where a3 > 0",
    "dz":         "dz = da3 W3ᵀ,  dW3 = zᵀ da3,  db3 = Σ_n da3",
    "dmu_z":      "dμ_z = dz,  dlogvar_z = dz ε ½ σ",
    "dh1_logvar": "dh1_logvar = dlogvar W_logvarᵀ,  dW_logvar = h1ᵀ dlogvar,  "
                  "db_logvar = Σ_n dlogvar",
    "dh1_mu":     "dh1_mu = dμ W_muᵀ,  dW_mu = h1ᵀ dμ,  db_mu = Σ_n dμ",
    "da1":        "da1 = dh1 where a1 > 0",
    "dW1":        "dW1 = xᵀ da1,  db1 = Σ_n da1"}

PLUMBING = ("x", "W1", "into", "grads")          # the first names of lines that are no mathematics
BLOCK    = "W_mu"                                # whose update is shown
LR       = 1e-4                                  # of that update


def walk(n=3, input_dim=7, hidden_dim=5, latent_dim=2, seed=0, pause=False, page=None):
    """Narrate one training step of a small VAE on random data: forward, loss, backward, gradient
    check, update.

    n, input_dim, hidden_dim, latent_dim: N, D, H, Z, whole numbers above 0
    seed: of data, noise and parameters
    pause: whether to wait for Enter after every step
    page: the file of a page to write it to as well, or None
    Raises ValueError, TypeError; AssertionError if something that is said turns out not to hold.
    """
    opening = OPENING.format(n=n, input_dim=input_dim, hidden_dim=hidden_dim,
                             latent_dim=latent_dim)
    begin(opening, [*(["--pause"] if pause else []), *([f"--page={page}"] if page else [])])
    rng   = np.random.default_rng(seed)
    model = VAE(input_dim, hidden_dim, latent_dim, rng=rng)
    x     = rng.random((n, input_dim))
    eps   = rng.standard_normal((n, latent_dim))
    step("What goes in", """
        x                # the batch, one example a row
        eps ~ N(0, I)    # the noise; and ten parameters
    """)
    show(x=x, eps=eps, **model.params)
    found = _run_line_by_line(model, x, eps)
    (loss, _, _), grads = model.loss_and_grads(x, eps)
    check("run in one go, loss_and_grads gives the same loss", found["loss"], loss)
    check(f"and the same gradients by {', '.join(grads)}", _flat(found["grads"]), _flat(grads))
    _check_the_gradient(model, x, eps, grads)
    _update(model, x, eps, loss, grads)
    end()


def _run_line_by_line(model, x, eps):
    """Run and narrate every assignment of `VAE.loss_and_grads`  ->  all names that they defined."""
    names = {**vars(vae), "self": model, "x": x, "eps": eps, "beta": 1.0, "mask": None, "out": None}
    for line in assignments(VAE.loss_and_grads):
        targets = [name for name in line.targets if name != "_"]
        if targets[0] in STORY:
            title, equation, why = STORY[targets[0]]
            step(title, equation)
            say(" ".join(why.split()))
        names = run(line.code, names)
        if targets[0] not in PLUMBING:
            _narrate(line.code, EQUATIONS.get(targets[0]), {name: names[name] for name in targets})
    return names


def _narrate(code, equation, values):
    code = "    " + " ".join(code.split())
    say(f"{code}\n        {equation}" if equation else code)
    show(**values)


def _flat(arrays):
    return np.concatenate([array.ravel() for array in arrays.values()])


def _check_the_gradient(model, x, eps, grads):
    step("Is the gradient right?", "∂ loss / ∂ w = (Im loss(w + i h)) / h,      h = 1e-30")
    say("The gradient derived by hand (analytic) beside the slope of the loss found without any "
        "formula, by moving the parameters a little in the imaginary direction (numeric).")
    print()
    report = check_gradients(lambda params: model.loss(x, eps, params=params)[0], model.params,
                             grads, "complex")
    check("every block of the gradient agrees", report.ok, True)


def _update(model, x, eps, loss, grads):
    before = {name: param.copy() for name, param in model.params.items()}
    adam   = Adam(model.params, lr=LR)
    adam.step(grads)
    beta1, beta2 = adam.beta1, adam.beta2
    step("The update, by Adam", f"""
        m = {beta1} m + {1 - beta1:.3g} g      v = {beta2} v + {1 - beta2:.3g} g²    # from 0
        m̂ = m / (1 - {beta1}ᵗ)     v̂ = v / (1 - {beta2}ᵗ)      # t = 1
        w = w - lr m̂ / (√v̂ + {adam.adam_eps:g})                      lr = {LR:g}
    """)
    say(f"For {BLOCK}. After the first step m̂ = g and v̂ = g²: what has a gradient moves by lr, "
        "against its sign.")
    _update_by_hand(adam, grads[BLOCK], before[BLOCK], model.params[BLOCK])

    after    = model.loss(x, eps)[0]
    promised = sum(np.sum(grads[name] * (model.params[name] - before[name])) for name in grads)
    table(["", "nats per example"],
          [["loss before", f"{loss:.8f}"],
           ["loss after", f"{after:.8f}"],
           ["change", f"{after - loss:.8f}"],
           ["promised by the gradient, Σ g Δw", f"{promised:.8f}"]])
    check_less("the loss fell", after, loss)


def _update_by_hand(adam, g, before, after):
    m       = (1 - adam.beta1) * g
    v       = (1 - adam.beta2) * g * g
    m_hat   = m / (1 - adam.beta1)
    v_hat   = v / (1 - adam.beta2)
    by_hand = before - LR * m_hat / (np.sqrt(v_hat) + adam.adam_eps)
    show(g=g, m=m, v=v)
    show(f"{BLOCK} before", before, 6)
    show(f"{BLOCK} after", after, 6)
    check("the equations by hand give what the optimiser did", by_hand, after, rtol=1e-12)
    moves = np.abs(g) > 1000 * adam.adam_eps
    if moves.any():
        check("what has a gradient moved by lr", np.abs(by_hand - before)[moves], LR, rtol=1e-3)
