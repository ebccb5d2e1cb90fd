"""Let a trained network invent images: z is drawn from the prior N(0, I), decoded, and put into a
new picture.
"""
import os

import numpy as np

from ..errors import InvalidValueError, check_count, check_positive_int
from ..runs import load_trained
from . import opening, pictures
from .folders import run_folder, unused
from .options import whole

HELP = "let a trained network invent images"
MOST = 4096                                              # images in one picture


def add_options(parser):
    """RUN, -n, --seed, --out."""
    opening.add_run_option(parser)
    parser.add_argument("-n", type=whole, default=64, metavar="N", help="how many (default 64)")
    parser.add_argument("--seed", type=whole, metavar="S",
                        help="to get the same images again (default: new ones every time)")
    parser.add_argument("--out", metavar="FILE.png",
                        help="file of the picture (default: a new sample.png in the run's folder)")


def run(args):
    """Draw images of the network alone: its data are not needed  ->  the exit status."""
    n = check_positive_int("-n", args.n)
    if n > MOST:
        raise InvalidValueError(f"-n: expected at most {MOST} images for one picture, got {n}")
    folder = run_folder(args.run)
    path   = args.out or unused(os.path.join(folder, "sample"), ".png")
    if os.path.exists(path) or not path.lower().endswith(".png"):
        raise InvalidValueError(f"--out: expected a new file that ends in .png, got {path}")
    model, about, _ = load_trained(folder)
    opening.require_prior(folder, model, "so none can be drawn")
    seed   = _new_seed() if args.seed is None else check_count("--seed", args.seed)
    shape  = about["options"]["image_shape"] or (1, model.input_dim)
    plots  = pictures.import_plots()
    plots.save(plots.samples(model.generate(n, rng=seed), shape), path)
    print(f"{path}: {n} {'image' if n == 1 else 'images'} from z ~ N(0, I), with --seed {seed}")
    return 0


def _new_seed():
    return int(np.random.SeedSequence().generate_state(1)[0])
