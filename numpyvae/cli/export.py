"""Write a trained network's parameters under PyTorch's names, for the blog's module to load."""
import os

import numpy as np

from .. import files
from ..errors import InvalidValueError
from ..runs import load_trained
from . import opening
from .folders import run_folder

EXPORTS = r"(?!model\.npz\.).+\.npz"  # whose leftovers are swept; a model.npz belongs to a training

HELP = "write a network's parameters for PyTorch"


def add_options(parser):
    """RUN, FILE.npz."""
    opening.add_run_option(parser)
    parser.add_argument("file", metavar="FILE.npz", help="a new file to write them to")


def run(args):
    """Write the file  ->  the exit status."""
    folder = run_folder(args.run)
    if not args.file.lower().endswith(".npz"):
        raise InvalidValueError(f"{args.file or 'an empty name'}: expected a new file that ends in "
                                ".npz")
    if os.path.lexists(args.file):
        raise _not_new(args.file)
    model, _, _ = load_trained(folder)
    arrays = model.to_torch_names()
    files.sweep(os.path.dirname(args.file) or ".", EXPORTS)
    try:
        files.write_atomically(args.file, lambda file: np.savez(file, **arrays), new=True)
    except FileExistsError:
        raise _not_new(args.file) from None
    print(f"{args.file}: {', '.join(arrays)}\n"
          "The README's \"When you outgrow NumPy\" shows how PyTorch loads it.")
    return 0


def _not_new(path):
    return InvalidValueError(f"{path}: expected a new file, and this one exists already; name "
                             "another")
