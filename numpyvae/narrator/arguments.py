"""The command line of a lesson: --quick, --pause, --out and --seed."""
import argparse
import os


class OneLineParser(argparse.ArgumentParser):
    """A parser whose complaints are one line, without the usage above it."""

    def error(self, message):
        """Complain, and exit with status 2."""
        self.exit(2, f"{self.prog}: {' '.join(message.split())}; see {self.prog} --help\n")


def parse(title, argv, out, seed=None, in_notebook=False):
    """Read the arguments of a lesson.

    title: what --help says first; argv: the arguments, or None for the program's own
    out: the folder for the figures unless --out names one
    seed: the default of --seed, or None for no such option
    in_notebook: whether to ignore arguments that are not a lesson's, such as a kernel's
    ->  a namespace with .quick, .pause, .out, .seed.  Exits with status 2 if they are wrong.
    """
    parser = OneLineParser(description=title)
    parser.add_argument("--quick", action="store_true", help="a small version that takes seconds, "
                        "without the claims that need the full size")
    parser.add_argument("--pause", action="store_true", help="wait for Enter after every step")
    parser.add_argument("--out", default=out, metavar="DIR", help="the folder for the figures "
                        f"(default {out})")
    parser.set_defaults(seed=None)
    if seed is not None:
        parser.add_argument("--seed", type=_seed, default=seed, metavar="S", help="the seed of all "
                            f"randomness (default {seed})")
    options = parser.parse_known_args(argv)[0] if in_notebook else parser.parse_args(argv)
    if not _can_be_written(options.out):             # said now, not after minutes of training
        parser.error("--out: expected a folder that can be written to or created, got "
                     f"{options.out or 'an empty name'}")
    return options


def _seed(text):
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number, 0 or more, got {text!r}")
    return int(text)


def _can_be_written(folder):
    """Whether a folder is there to be written to, or can be created."""
    place = os.path.abspath(folder)
    while not os.path.lexists(place) and os.path.dirname(place) != place:
        place = os.path.dirname(place)
    return bool(folder) and os.path.isdir(place) and os.access(place, os.W_OK)
