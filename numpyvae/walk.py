"""One training step, narrated: the very lines of `VAE.loss_and_grads` are run one by one, each with
its numbers.
"""
import ast
import inspect
import textwrap

import numpy as np

from . import vae as room
from .gradcheck import check_gradients
from .optim import Adam
from .vae import VAE
from .narrator import begin, check, check_less, end, say, show, step, table

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
        How far each probability lies from its pixel; then back through the layers, each of which
        needs what it kept on the way forward."""),
    "dmu_z": ("Backward: through the sample", "", """
        What the decoder would have z do, handed on to mu and logvar. The KL term has its own wish;
        where a value was used twice, its gradients are added."""),
    "dh1_logvar": ("Backward: the encoder", """
        dh1 = dlogvar W_logvarᵀ + dμ W_muᵀ
        dW_logvar = h1ᵀ dlogvar      db_logvar = Σ_n dlogvar
        """, """
        Two layers read h1, so that it gets a sum, too. The first layer asks for no dx: the batch is
        data, and nobody changes it.""")}
BLOCK = "W_mu"                       # whose update is shown
OPENING = """
One training step of a VAE: every equation with its numbers  (blog, section 2.4)

A batch of {n} examples of {input_dim} pixels goes through the blog's network, here with
{hidden_dim} hidden units and {latent_dim} latent variables. Each line of code below is one of
VAE.loss_and_grads in numpyvae/vae.py, run as it stands there, with the equation that it computes
beneath it. What a line keeps for its mirror image in the backward pass is its cache, c_... (not
shown); dl is short for dlogits; out= names the arrays that gradients are written into, mask the
observed pixels (None: all of them), and beta is 1 here.
"""


def walk(n=3, input_dim=7, hidden_dim=5, latent_dim=2, seed=0, pause=False):
    """Narrate one training step of a small VAE on random data: forward, loss, backward, gradient
    check, update.

    n, input_dim, hidden_dim, latent_dim: N, D, H, Z, whole numbers above 0; seed: of data, noise
    and parameters
    pause: wait for Enter after every step
    Raises ValueError, TypeError; AssertionError if something that is said turns out not to hold.
    """
    begin(OPENING.format(n=n, input_dim=input_dim, hidden_dim=hidden_dim, latent_dim=latent_dim),
          ["--pause"] if pause else [])
    rng = np.random.default_rng(seed)
    vae = VAE(input_dim, hidden_dim, latent_dim, rng=rng)
    x, eps = rng.random((n, input_dim)), rng.standard_normal((n, latent_dim))
    step("What goes in", "x: the batch, one example a row      eps ~ N(0, I): the noise      and "
         "ten parameters")
    show(x=x, eps=eps)
    for name, param in vae.params.items():
        show(name, param)
    found = _run_line_by_line(vae, x, eps)
    (loss, recon, kl), grads = vae.loss_and_grads(x, eps)
    check("run in one go, loss_and_grads gives the same loss", found["loss"], loss)
    check(f"and the same gradients by {', '.join(grads)}",
          *(np.concatenate([grad.ravel() for grad in side.values()])
            for side in (found["grads"], grads)))
    _check_the_gradient(vae, x, eps, grads)
    _update(vae, x, eps, loss, grads)
    end()


def _run_line_by_line(vae, x, eps):
    """Execute the assignments of `VAE.loss_and_grads`, telling each  ->  every name they defined.
    """
    names = {**vars(room), "self": vae, "x": x, "eps": eps, "beta": 1.0, "mask": None, "out": None}
    for targets, code, equation in _lines(VAE.loss_and_grads):
        if targets[0] in STORY:
            title, about, why = STORY[targets[0]]
            step(title, about)
            say(" ".join(why.split()))
        exec(code, names)
        # checks before and packing after: no mathematics
        if targets[0] in ("x", "to", "grads"):
            continue
        say(textwrap.indent(code + (f"\n{'':4}{equation}" if equation else ""), "    "))
        for name in targets:
            if not name.startswith(("c_", "_")):
                show(name, names[name])
    return names


def _lines(function):
    """Every assignment of a function: (the names it defines, its code, the comment behind it)."""
    source = textwrap.dedent(inspect.getsource(function))
    lines = source.splitlines()
    for node in ast.parse(source).body[0].body:
        if isinstance(node, ast.Assign):
            targets = [name.id for name in ast.walk(node.targets[0]) if isinstance(name, ast.Name)]
            code = " ".join(line.strip() for line in lines[node.lineno - 1:node.end_lineno])
            code, _, comment = code.partition("#")
            yield targets, " ".join(code.split()), comment.strip()


def _check_the_gradient(vae, x, eps, grads):
    step("Is the gradient right?", "∂ loss / ∂ w = Im loss(w + i h) / h,      h = 1e-30")
    say("The hand-written gradient (analytic) beside the slope of the loss as it is found without "
        "any formula, by moving the parameters a little, into the imaginary direction (numeric).")
    print()
    report = check_gradients(lambda params: vae.loss(x, eps, params=params)[0], vae.params, grads,
                             "complex")
    check("every block of the gradient agrees", report.ok, True)


def _update(vae, x, eps, loss, grads):
    lr, before, g = 1e-4, {name: param.copy() for name, param in vae.params.items()}, grads[BLOCK]
    adam = Adam(vae.params, lr=lr)
    adam.step(grads)
    step("The update, by Adam", f"""
        m = {adam.beta1} m + {1 - adam.beta1:.3g} g      v = {adam.beta2} v + {1 - adam.beta2:.3g} g²    from 0
        m̂ = m / (1 - {adam.beta1}ᵗ)      v̂ = v / (1 - {adam.beta2}ᵗ)         t = 1
        w = w - lr m̂ / (√v̂ + {adam.adam_eps:g})                          lr = {lr:g}
    """)
    say(f"For {BLOCK}. After the first step m̂ = g, v̂ = g²: what has a gradient moves by lr, "
        "against its sign.")
    m, v = (1 - adam.beta1) * g, (1 - adam.beta2) * g * g
    m_hat, v_hat = m / (1 - adam.beta1), v / (1 - adam.beta2)
    by_hand = before[BLOCK] - lr * m_hat / (np.sqrt(v_hat) + adam.adam_eps)
    show(g=g, m=m, v=v)
    show(f"{BLOCK} before", before[BLOCK], 6)
    show(f"{BLOCK} after", vae.params[BLOCK], 6)
    check("the equations by hand give what the optimiser did", by_hand, vae.params[BLOCK],
          rtol=1e-12)
    moves = np.abs(g) > 1000 * adam.adam_eps
    if moves.any():
        check("what has a gradient moved by lr", np.abs(by_hand - before[BLOCK])[moves], lr,
              rtol=1e-3)
    after = vae.loss(x, eps)[0]
    promised = sum(np.sum(grads[name] * (vae.params[name] - before[name])) for name in grads)
    table(["", "nats per example"], [["loss before", f"{loss:.8f}"], ["loss after", f"{after:.8f}"],
                                     ["change", f"{after - loss:.8f}"],
                                     ["promised by the gradient, Σ g Δw", f"{promised:.8f}"]])
    check_less("the loss fell", after, loss)
