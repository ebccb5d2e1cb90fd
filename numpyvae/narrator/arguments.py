"""The command line of a lesson: --quick, --pause, --out, --page and --seed."""
import argparse
import os

from ..errors import InvalidValueError
from . import kernel

MADE_BY = b'<meta name="generator" content="numpyvae">'  # near the top of every page of ours


class OneLineParser(argparse.ArgumentParser):
    """A parser whose complaints are one line, without the usage above it."""

    def error(self, message):
        """Complain, and exit with status 2."""
        self.exit(2, f"{self.prog}: {' '.join(message.split())}; see {self.prog} --help\n")


class _KernelsParser(OneLineParser):
    """The parser of a notebook, which must not end the kernel."""

    def error(self, message):
        raise InvalidValueError(message)


def parse(title, argv, out, seed=None, in_notebook=False):
    """Read the arguments of a lesson.

    title: what --help says first; argv: the arguments, or None for the program's own
    out: the folder for the figures unless --out names one
    seed: the default of --seed, or None for no such option
    in_notebook: whether to ignore arguments that are not a lesson's, such as a kernel's, and to
        take the defaults from the environment
    ->  a namespace with .quick, .pause, .out ("" for no folder), .page, .seed.  If they are wrong,
        exits with status 2; in a notebook raises InvalidValueError.
    """
    own    = kernel.options(seed) if in_notebook else {"out": out, "seed": seed}
    parser = (_KernelsParser if in_notebook else OneLineParser)(description=title)
    parser.add_argument("--quick", action="store_true", help="a small version that takes seconds, "
                        "without the claims that need the full size")
    parser.add_argument("--pause", action="store_true", help="wait for Enter after every step")
    parser.add_argument("--out", metavar="DIR", help=f"the folder for the figures (default {out})")
    parser.add_argument("--page", metavar="FILE.html", help="also write the lesson as a page: one "
                        "file for any browser, with a lecture mode for a projector")
    if seed is not None:
        parser.add_argument("--seed", type=_seed, metavar="S", help="the seed of all randomness "
                            f"(default {seed})")
    parser.set_defaults(**own)
    options = parser.parse_known_args(argv)[0] if in_notebook else parser.parse_args(argv)
    unsaved = in_notebook and not options.out
    if not unsaved and not _can_be_written(options.out):     # said now, not after minutes
        name = "NUMPYVAE_OUT" if in_notebook else "--out"
        parser.error(f"{name}: expected a folder that can be written to or created, got "
                     f"{options.out or 'an empty name'}")
    try:
        check_page("--page", options.page)
    except InvalidValueError as error:
        parser.error(str(error))
    return options


def check_page(name, path):
    """Raise InvalidValueError unless a page can be written to `path`; None is no page.

    It may lie where an older page of ours lies, which it will replace.
    """
    if path is None:
        return
    if not path.lower().endswith((".html", ".htm")):
        raise InvalidValueError(f"{name}: expected a file that ends in .html, got "
                                f"{path or 'an empty name'}")
    folder = os.path.dirname(path) or "."
    if not (os.path.isdir(folder) and os.access(folder, os.W_OK)):
        raise InvalidValueError(f"{name} {path}: expected a folder that is there and can be "
                                f"written to, got {folder}")
    if os.path.lexists(path) and not _is_page(path):
        raise InvalidValueError(f"{name} {path}: expected a new file, or an older page to be "
                                "replaced, but there is something else; name another")


def _is_page(path):
    if not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            return MADE_BY in file.read(1000)
    except OSError:
        return False


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
