"""Compare every hand-written gradient with numerical differentiation, or check a backward pass of
your own.
"""
import numpy as np

from ..autoencoder import Autoencoder
from ..conditional import ConditionalVAE
from ..errors import InvalidValueError, check_count, check_number
from ..gradcheck import check_gradients
from ..importance import IWAE
from ..vae import VAE
from .options import number, whole

HELP = "compare every hand-written gradient with a numeric one, or check your own"

INTRODUCTION = """\
Each row compares a block of the hand-written gradient (analytic) with the slope of the loss
(numeric). A central difference moves a parameter p by h to either side, (f(p + h) - f(p - h)) / 2h;
the complex step moves it by ih, Im f(p + ih) / h, and loses no digits to a subtraction.
"""

TINY     = {"input_dim": 7, "hidden_dim": 5, "latent_dim": 2}
GAUSSIAN = {**TINY, "likelihood": "gaussian", "x_std": 0.5}
BLOG     = {"input_dim": 784, "hidden_dim": 400, "latent_dim": 20}
CLASSES  = {**TINY, "num_classes": 3}
SAMPLES  = {**TINY, "num_samples": 4}
SEEN     = 0.7                               # of the pixels, where some are missing


def add_options(parser):
    """FILE.py:forward,backward and how to check it."""
    parser.add_argument("target", nargs="?", metavar="FILE.py:forward,backward",
                        help="a backward pass of yours to check instead; or FILE.py:Class, a class "
                             "with both; or FILE.py:loss_and_grads, a function that returns both; "
                             "example() in the same file returns forward's arguments")
    parser.add_argument("--seed", type=whole, default=0, metavar="S",
                        help="seed of the random networks and data (default 0)")
    parser.add_argument("--step", type=number, metavar="H",
                        help="of FILE.py: the step of the differences (default 6e-6)")
    parser.add_argument("--by", metavar="HOW",
                        help="of FILE.py: element or direction (default: element, if there are at "
                             "most 2,000); or, for single blocks, such as W=element,b=direction")
    parser.add_argument("--terms", metavar="F,G",
                        help="of FILE.py: functions with forward's arguments whose sum is the loss")


def run(args):
    """Print a table for each network, or judge a file  ->  the exit status."""
    seed = check_count("--seed", args.seed)
    if args.target:
        from ..gradcheck.judge import judge
        return 0 if judge(args.target, seed, **_how(args)) else 1
    if _how(args):
        raise InvalidValueError("--step, --by and --terms: expected a backward pass of yours to "
                                "check, FILE.py:forward,backward, got none")
    print(INTRODUCTION)
    reports = [
        check_vae("A tiny network, every element, by central differences",
                  TINY, 3, "central", seed),
        check_vae("The same network, every element, by the complex step",
                  TINY, 3, "complex", seed),
        check_vae("Gaussian pixels, some unseen, by the complex step",
                  GAUSSIAN, 3, "complex", seed, masked=True),
        check_autoencoder("The ordinary auto-encoder, every element, by the complex step",
                          TINY, 3, "complex", seed),
        check_conditional("The conditional VAE, every element, by the complex step",
                          CLASSES, 4, "complex", seed),
        check_iwae("The importance-weighted auto-encoder, every element, by the complex step",
                   SAMPLES, 3, "complex", seed),
        check_vae("The blog's network, along random directions, by the complex step",
                  BLOG, 8, "complex", seed)]
    if not all(report.ok for report in reports):
        print("At least one gradient is wrong: see the rows that say NO.")
        return 1
    central, *others = (report.max_error for report in reports)
    print(f"Every gradient agrees, with central differences to a relative error of {central:.0e}, "
          f"with the complex step to {max(others):.0e}.")
    return 0


def _how(args):
    """The options that were given, as `judge` takes them."""
    how = {}
    if args.step is not None:
        how["step"] = check_number("--step", args.step, above=0)
    if args.by is not None:
        how["by"] = _by(args.by)
    if args.terms is not None:
        how["terms"] = [name.strip() for name in args.terms.split(",")]
    return how


def _by(text):
    """element  ->  "element";  W=element,b=direction  ->  {"W": "element", "b": "direction"}"""
    words = [part.strip().rpartition("=") for part in text.split(",")]
    named = {name: word for name, equals, word in words if equals}
    known = all(word in ("auto", "element", "direction") for _, _, word in words)
    if not known or "" in named or len(named) not in (0, len(words)) or len(words) > 1 > len(named):
        raise InvalidValueError("--by: expected element, direction or auto, for all or, such as "
                                f"W=element,b=direction, for single blocks, got {text}")
    return named or words[0][2]


def check_vae(title, settings, n, method, seed, masked=False):
    """Print the table of a VAE on n random examples  ->  its report."""
    rng  = np.random.default_rng(seed)
    vae  = VAE(**settings, rng=rng)
    x    = rng.random((n, vae.input_dim))
    eps  = rng.standard_normal((n, vae.latent_dim))
    mask = rng.random(x.shape) < SEEN if masked else None

    def term(i):
        def term_of(params):
            return vae.loss(x, eps, mask=mask, params=params)[i]
        return term_of

    loss, recon, kl = term(0), term(1), term(2)
    _, grads = vae.loss_and_grads(x, eps, mask=mask)
    return _check(title, vae, x, loss, grads, method, rng, {"recon": recon, "kl": kl})


def check_autoencoder(title, settings, n, method, seed):
    """Print the table of an ordinary auto-encoder on n random examples  ->  its report."""
    rng = np.random.default_rng(seed)
    autoencoder = Autoencoder(**settings, rng=rng)
    x = rng.random((n, autoencoder.input_dim))

    def loss(params):
        return autoencoder.loss(x, params=params)

    _, grads = autoencoder.loss_and_grads(x)
    return _check(title, autoencoder, x, loss, grads, method, rng)


def check_conditional(title, settings, n, method, seed):
    """Print the table of a conditional VAE on n random examples of every class  ->  its report."""
    rng  = np.random.default_rng(seed)
    cvae = ConditionalVAE(**settings, rng=rng)
    x    = rng.random((n, cvae.input_dim))
    y    = np.arange(n) % cvae.num_classes
    eps  = rng.standard_normal((n, cvae.latent_dim))

    def term(i):
        def term_of(params):
            return cvae.loss(x, y, eps, params=params)[i]
        return term_of

    loss, recon, kl = term(0), term(1), term(2)
    _, grads = cvae.loss_and_grads(x, y, eps)
    return _check(title, cvae, x, loss, grads, method, rng, {"recon": recon, "kl": kl})


def check_iwae(title, settings, n, method, seed):
    """Print the table of an IWAE on n random examples  ->  its report."""
    rng  = np.random.default_rng(seed)
    iwae = IWAE(**settings, rng=rng)
    x    = rng.random((n, iwae.input_dim))
    eps  = rng.standard_normal((n, iwae.num_samples, iwae.latent_dim))

    def loss(params):
        return iwae.loss(x, eps, params=params)[0]

    _, grads = iwae.loss_and_grads(x, eps)
    return _check(title, iwae, x, loss, grads, method, rng)


def _check(title, model, x, loss, grads, method, rng, terms=None):
    n, D = x.shape
    print(f"{title}: {D}-{model.hidden_dim}-{model.latent_dim}, {n} examples", flush=True)
    # A backward pass makes its gradients from the last layer to the first.
    order  = [kind + suffix for suffix in reversed(model.TORCH_NAMES) for kind in "Wb"]
    order  = [name for name in model.params if name not in order] + order    # M, which has no layer
    report = check_gradients(loss, model.params, grads, method, rng=rng, terms=terms, order=order,
                             sizes={"N": n, "D": D})
    print()
    return report
