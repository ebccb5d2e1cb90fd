"""Let a trained network invent images: z is drawn from the prior, decoded, and put into a new
picture. The prior is N(0, I), or, of a conditional VAE, that of the label which is asked for.
"""
import os

import numpy as np

from .. import files
from ..conditional import ConditionalVAE
from ..errors import InvalidValueError, check_count, check_positive_int
from ..runs import load_trained
from . import opening, pictures
from .folders import run_folder, unused
from .gallery import Gallery
from .options import place, whole

HELP = "let a trained network invent images"
MOST = 4096                                              # images in one picture
MOST_COLUMNS = 64                                        # of it, for as many labels
PICTURES = r".+\.png"                                    # whose leftovers are swept


def add_options(parser):
    """RUN, -n, --label, --seed, --out."""
    opening.add_run_option(parser)
    parser.add_argument("-n", type=whole, default=64, metavar="N", help="how many (default 64)")
    parser.add_argument("--label", type=whole, metavar="C",
                        help="what to draw, for a run of --model cvae (default: all labels in "
                             "turn)")
    parser.add_argument("--seed", type=whole, metavar="S",
                        help="to get the same images again (default: new ones every time)")
    parser.add_argument("--out", type=place, metavar="FILE.png",
                        help="file of the picture (default: a new sample.png in the run's folder)")


def run(args):
    """Draw images of the network alone: its data are not needed  ->  the exit status."""
    n = check_positive_int("-n", args.n)
    if n > MOST:
        raise InvalidValueError(f"-n: expected at most {MOST} images for one picture, got {n}")
    folder = run_folder(args.run)
    if args.out and (os.path.lexists(args.out) or not args.out.lower().endswith(".png")):
        raise _not_new(args.out)
    model, about, _ = load_trained(folder)
    opening.require_prior(folder, model, "so none can be drawn")
    wanted, codes, whose, columns = _wanted(model, n, args.label, folder)
    seed   = _new_seed() if args.seed is None else check_count("--seed", args.seed)
    shape  = about["options"]["image_shape"] or (1, model.input_dim)
    plots  = pictures.import_plots()
    gallery = Gallery(model, shape, about["pixel_range"])
    images, shape = plots.small(gallery.inventor(seed), wanted, shape, columns)
    figure = plots.samples(images, shape, f"the prior, {codes}", columns)
    path   = _save(plots, figure, args.out, folder)
    print(f"{path}: {n} {'image' if n == 1 else 'images'} from {codes}{whose}, with --seed {seed}")
    return 0


def _not_new(path):
    return InvalidValueError(f"--out: expected a new file that ends in .png, got {path}")


def _save(plots, figure, out, folder):
    """Put a figure into the new file that was asked for, or the next in the run's folder that has
    no name yet  ->  its path.
    """
    stem = os.path.join(folder, "sample")
    while True:
        path = out or unused(stem, ".png")
        files.sweep(os.path.dirname(path) or ".", PICTURES)
        try:
            plots.save(figure, path, new=True)
            return path
        except FileExistsError:                          # another process was faster
            if out:
                raise _not_new(out) from None


def _wanted(model, n, label, folder):
    """A row for each image, its label if there are any; its codes, and whose they are, in words;
    how many make a row of the picture.
    """
    columns = min(n, max(16, round(n ** 0.5)))
    if not isinstance(model, ConditionalVAE):
        if label is not None:
            raise InvalidValueError(f"--label: expected a run of --model cvae, got another model "
                                    f"({model.TITLE}) in {folder}; omit --label")
        return range(n), "z ~ N(0, I)", "", columns
    C = model.num_classes
    if label is None:                                    # each label has its columns
        columns = min(n, C * max(1, columns // C)) if C <= MOST_COLUMNS else columns
        return np.arange(n) % C, "z ~ N(M[y], I)", ", all labels in turn", columns
    if not 0 <= label < C:
        raise InvalidValueError(f"--label: expected one from 0 to {C - 1}, got {label}")
    return np.full(n, label), f"z ~ N(M[{label}], I)", f", label {label}", columns


def _new_seed():
    return int(np.random.SeedSequence().generate_state(1)[0])
