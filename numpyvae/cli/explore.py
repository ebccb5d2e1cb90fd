"""Turn a trained network's latent dimensions in a window, with a slider for each, and see the image
that they decode to.
"""
import os

import numpy as np

from ..evaluate import mean_kl_per_dim
from . import opening, pictures
from .gallery import Gallery

HELP = "turn the latent dimensions by hand, in a window"


def add_options(parser):
    """RUN, --data, --data-dir."""
    opening.add_run_option(parser)
    opening.add_data_options(parser)


def run(args):
    """Open the window, or draw a picture where there can be none  ->  the exit status."""
    saved, dataset = opening.open_run(args.run, args.data, args.data_dir)
    model, x_test = saved.run.model, saved.run.x_test
    opening.require_prior(saved.folder, model, "so no slider would know how far to go")
    plots = pictures.import_plots()
    from ..explore import Explorer, keep_open, open_window
    kl = mean_kl_per_dim(model, x_test, saved.run.y_test)
    figure, why = open_window()
    if figure is None:
        path = os.path.join(saved.folder, "traversal.png")       # the same one every time
        gallery = Gallery(model, dataset.image_shape, saved.run.pixel_range)
        plots.save(plots.traversal(gallery.decode, kl, gallery.size), path)
        print(f"No window can be opened: {why}. Here instead is a picture of what each latent "
              f"dimension does: {path}")
        return 0
    print("A window opens; it stays until you close it.", flush=True)
    explorer = Explorer(model, kl, x_test, dataset.image_shape, dataset.labels_test,
                        saved.run.mask_test, np.random.default_rng(), figure, saved.run.pixel_range)
    keep_open(explorer.figure)
    return 0
