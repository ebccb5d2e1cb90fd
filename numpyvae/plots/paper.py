"""The paper that every picture is drawn on: its style, its colours, mosaics of images, and `save`.

A function that draws stands under `@on_paper`, and makes a `Sheet` without pyplot: no screen is
needed, nothing in the picture depends on the user's own settings, and afterwards these are what
they were before.
"""
import io

import numpy as np
from matplotlib import colormaps, rc_context, rcParamsDefault
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.image import imsave
from matplotlib.patheffects import withStroke

from ..files import write_atomically

# To be read from the back of a room.
STYLE = {
    "font.size": 17,
    "axes.titlesize": 18,
    "figure.titlesize": 21,
    "axes.labelsize": 17,
    "legend.fontsize": 16,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 2.8,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "axes.axisbelow": True,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.h_pad": 0.1,
}

# matplotlib's own settings instead of the user's; the backend is no matter of style.
DEFAULTS = {name: value for name, value in rcParamsDefault.items() if name != "backend"}

# `@on_paper` above a function: each call of it runs in this style, and in no other.
on_paper = rc_context({**DEFAULTS, **STYLE})


class Sheet(Figure):
    """A Figure in this style, which is drawn in it, too, by whomever: a window, a notebook."""

    draw    = on_paper(Figure.draw)
    savefig = on_paper(Figure.savefig)


# A colour map of matplotlib's has as many colours as the user's `image.lut` says, unless resampled.
TRAIN    = "#9bbce0"                                              # pale, since the curve to read
TEST     = "#c2410c"                                              # is that of the test images
PALETTE  = ["#3f78b5", TEST, "#3a7d44", "#7b4ea3", "#8a8a8a"]     # lines that are compared
DIGITS   = colormaps["tab10"]                                     # classes
GREYS    = colormaps["Greys"].resampled(256)                      # heights
INK      = colormaps["gray_r"].resampled(256).with_extremes(bad="#d9e4ec")   # pixels; blue: none
PALE     = LinearSegmentedColormap.from_list("pale", ["#ffffff", "#8fb3d9"])
SIGNS    = LinearSegmentedColormap.from_list("signs", ["#7fb0e0", "#ffffff", "#f5a46b"])   # -, 0, +
VERDICTS = ListedColormap([TEST, "#e3efe5"])                      # wrong, right
HALO     = [withStroke(linewidth=5, foreground="white")]          # so that text stays legible


def colour_of(label):
    """The colour of a class: ten of them, and then from the start again."""
    return DIGITS(int(label) % 10)


# ---------------------------------------------------------------------- images

PAGE    = 1500                       # pixels: the width of a page
AT_ONCE = 1 << 20                    # pixels that are decoded at once, so that they take few MB


def small(images_of, rows, image_shape, across):
    """Images that are made a few at a time, in no more pixels than a page has room for.

    images_of: takes some of the rows, returns their images (n, D), which may have NaN
    rows: (N, ...) anything; image_shape: (height, width)
    across: how many images are to lie side by side
    ->  images: (N, d), image_shape: (h, w); images that are larger than their place become means
        over squares of pixels, others stay as they are
    """
    factor = max(1, max(image_shape) * across // PAGE)
    n = max(1, AT_ONCE // (image_shape[0] * image_shape[1]))
    parts = [_shrunk(images_of(rows[start:start + n]), image_shape, factor)
             for start in range(0, len(rows), n)]
    height, width = parts[0].shape[1:]
    return np.concatenate(parts).reshape(len(rows), -1), (height, width)


def _shrunk(images, image_shape, factor):
    """Means over squares of `factor` by `factor` pixels, smaller ones at the far edges: (N, h, w).

    A pixel that is NaN does not count; where all of them are, so is the mean.
    """
    images = np.reshape(images, (-1, *image_shape))
    if factor == 1:
        return images
    known = ~np.isnan(images)
    sums, counts = np.where(known, images, 0), known.astype(np.float32)
    for axis, side in ((1, image_shape[0]), (2, image_shape[1])):
        starts = np.arange(0, side, factor)
        sums   = np.add.reduceat(sums, starts, axis)
        counts = np.add.reduceat(counts, starts, axis)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def mosaic(images, image_shape, columns):
    """One picture of many: rows of `columns` images, with a gap of one pixel around each.

    images: (N, D); image_shape: (height, width)  ->  a 2-D array, NaN in the gaps
    """
    height, width = image_shape
    rows = -(-len(images) // columns)
    picture = np.full((rows * (height + 1) + 1, columns * (width + 1) + 1), np.nan,
                      np.result_type(images, np.float32))
    for i, image in enumerate(images):
        top  = (i // columns) * (height + 1) + 1
        left = (i % columns) * (width + 1) + 1
        picture[top:top + height, left:left + width] = np.reshape(image, image_shape)
    return picture


def show_images(axes, images, image_shape, columns):
    """Draw images in [0, 1] as a `mosaic`: 0 is paper, 1 is ink."""
    show_picture(axes, mosaic(images, image_shape, columns))
    axes.axis("off")


def show_picture(axes, picture, low=0, high=1):
    """Draw a 2-D array, `low` as paper and `high` as ink.  ->  matplotlib's AxesImage"""
    # Coloured last, once it has the page's pixels: large pictures take a fifth of the memory.
    return axes.imshow(picture, cmap=INK, vmin=low, vmax=high, interpolation="nearest",
                       interpolation_stage="data")


# ---------------------------------------------------------------------- files

@on_paper
def save(figure, path, new=False):
    """Write a figure to `path` as a PNG at 100 dpi, whole or not at all.  Raises OSError.

    figure: a matplotlib Figure; if it is in a window, it stays there
    new: whether there must be no such file yet, see `files.write_atomically`
    """
    write_atomically(path, lambda file: imsave(file, _pixels(figure), format="png", dpi=100), new)


@on_paper
def png(figure):
    """The content of the file that `save` would write, in bytes."""
    file = io.BytesIO()
    imsave(file, _pixels(figure), format="png", dpi=100)
    return file.getvalue()


def _pixels(figure):
    """(height, width, 4) bytes: the figure, drawn once. Its own `savefig` would draw it twice."""
    canvas, dpi = figure.canvas, figure.dpi                   # those of its window, if it is in one
    try:
        figure.dpi = 100
        paper = FigureCanvasAgg(figure)
        paper.draw()
        return paper.buffer_rgba()
    finally:
        figure.set_canvas(canvas)
        figure.dpi = dpi
