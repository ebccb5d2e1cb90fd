"""Turn a trained network's latent dimensions in a window, with a slider for each, and see the image
that they decode to; or write a page on which that can be done in any browser, even on a phone.
"""
import os

import numpy as np

from ..errors import InvalidValueError
from ..evaluate import mean_kl_per_dim
from . import opening, pictures
from .folders import run_folder
from .gallery import Gallery
from .words import title

HELP = "turn the latent dimensions by hand, in a window or on a page for any browser"


def add_options(parser):
    """RUN, --page, --exact, --data, --data-dir."""
    opening.add_run_option(parser)
    parser.add_argument("--page", metavar="FILE.html",
                        help="open no window, and write a page instead: one new file that holds "
                             "the decoder and needs nothing else, not even this program")
    parser.add_argument("--exact", action="store_true",
                        help="with --page: keep each weight in 32 bits, not 16 (twice the size)")
    opening.add_data_options(parser)


def run(args):
    """Open the window, or draw a picture where there can be none; or write a page
    ->  the exit status.
    """
    run_folder(args.run)
    _check_page(args.page, args.exact)
    saved, dataset = opening.open_run(args.run, args.data, args.data_dir)
    opening.require_prior(saved.folder, saved.run.model, "so no slider would know how far to go")
    if args.page is not None:
        return _write_page(saved, dataset, args.page, args.exact)
    return _open_window(saved, dataset)


def _check_page(page, exact):
    if page is None:
        if exact:
            raise InvalidValueError("--exact: expected it with --page FILE.html, got it alone; the "
                                    "window is always exact")
        return
    if not page.lower().endswith(".html"):
        raise InvalidValueError(f"--page: expected a new file that ends in .html, got "
                                f"{page or 'an empty name'}")
    if os.path.lexists(page):
        raise InvalidValueError(f"--page {page}: expected a new file, and this one exists already; "
                                "name another")


def _write_page(saved, dataset, path, exact):
    from ..explore import write_page
    run = saved.run
    write_page(path, run.model, run.x_test, dataset.image_shape, dataset.labels_test,
               run.mask_test, title(saved.data, saved.data_dir), exact,
               pixel_range=run.pixel_range)
    print(f"{path}: {os.path.getsize(path) / 1000:.0f} kB, and it needs nothing else. Open it in "
          "any browser, or send it to a class.")
    return 0


def _open_window(saved, dataset):
    model, x_test = saved.run.model, saved.run.x_test
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
