"""Narrate one training step of a tiny VAE: every equation, with its numbers."""
from ..errors import InvalidValueError, check_count, check_positive_int
from .options import flag, whole
from .words import complain

HELP = "narrate one training step, every equation with its numbers"
SIZES = {"n":          (3, "examples in the batch"),
         "input_dim":  (7, "pixels"),
         "hidden_dim": (5, "hidden units"),
         "latent_dim": (2, "latent dimensions")}
MOST = 1000                                              # of each: it is a network to look at


def add_options(parser):
    """-n, --input-dim, --hidden-dim, --latent-dim, --seed, --pause, --page."""
    for name, (size, what) in SIZES.items():
        parser.add_argument(_flag(name), type=whole, default=size, metavar="N",
                            help=f"{what} (default {size})")
    parser.add_argument("--seed", type=whole, default=0, metavar="S",
                        help="seed of data, noise and parameters (default 0)")
    parser.add_argument("--pause", action="store_true", help="wait for Enter after every step")
    parser.add_argument("--page", metavar="FILE.html", help="also write it as a page: one file for "
                        "any browser, with a lecture mode for a projector")


def run(args):
    """Narrate the step  ->  the exit status."""
    from ..narrator.arguments import check_page
    from ..walk import walk
    sizes = {name: getattr(args, name) for name in SIZES}
    for name, size in sizes.items():
        if check_positive_int(_flag(name), size) > MOST:
            raise InvalidValueError(f"{_flag(name)}: expected at most {MOST}, for a network to "
                                    f"look at, got {size}")
    seed = check_count("--seed", args.seed)
    check_page("--page", args.page)
    try:
        walk(**sizes, seed=seed, pause=args.pause, page=args.page)
    except AssertionError as error:
        return complain("walk", f"this should hold and does not: {error}", 1)
    return 0


def _flag(name):
    return "-n" if name == "n" else flag(name)
