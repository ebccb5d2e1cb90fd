"""The paper that every picture is drawn on: its style, its colours, mosaics of images, and `save`.

A function that draws stands under `@on_paper`, and makes a Figure without pyplot: no screen is
needed, and the user's own settings are afterwards what they were before.
"""
import io

import numpy as np
from matplotlib import colormaps, rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap, ListedColormap
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

# `@on_paper` above a function: each call of it runs in this style.
on_paper = rc_context(STYLE)

TRAIN    = "#9bbce0"                                              # pale, since the curve to read
TEST     = "#c2410c"                                              # is that of the test images
PALETTE  = ["#3f78b5", TEST, "#3a7d44", "#7b4ea3", "#8a8a8a"]     # lines that are compared
DIGITS   = colormaps["tab10"]                                     # classes
INK      = colormaps["gray_r"].with_extremes(bad="#d9e4ec")       # pixels; pale blue where none is
PALE     = LinearSegmentedColormap.from_list("pale", ["#ffffff", "#8fb3d9"])
SIGNS    = LinearSegmentedColormap.from_list("signs", ["#7fb0e0", "#ffffff", "#f5a46b"])   # -, 0, +
VERDICTS = ListedColormap([TEST, "#e3efe5"])                      # wrong, right
HALO     = [withStroke(linewidth=5, foreground="white")]          # so that text stays legible


def colour_of(label):
    """The colour of a class: ten of them, and then from the start again."""
    return DIGITS(int(label) % 10)


def mosaic(images, image_shape, columns):
    """One picture of many: rows of `columns` images, with a gap of one pixel around each.

    images: (N, D); image_shape: (height, width)  ->  a 2-D array, NaN in the gaps
    """
    height, width = image_shape
    rows = -(-len(images) // columns)
    picture = np.full((rows * (height + 1) + 1, columns * (width + 1) + 1), np.nan)
    for i, image in enumerate(images):
        top  = (i // columns) * (height + 1) + 1
        left = (i % columns) * (width + 1) + 1
        picture[top:top + height, left:left + width] = np.reshape(image, image_shape)
    return picture


def show_images(axes, images, image_shape, columns):
    """Draw images in [0, 1] as a `mosaic`: 0 is paper, 1 is ink."""
    picture = mosaic(images, image_shape, columns)
    axes.imshow(picture, cmap=INK, vmin=0, vmax=1, interpolation="nearest")
    axes.axis("off")


def save(figure, path, new=False):
    """Write a figure to `path` as a PNG at 100 dpi, whole or not at all.  Raises OSError.

    figure: a matplotlib Figure; if it is in a window, it stays there
    new: whether there must be no such file yet, see `files.write_atomically`
    """
    write_atomically(path, lambda file: _encode(figure, file), new)


def png(figure):
    """The content of the file that `save` would write, in bytes."""
    file = io.BytesIO()
    _encode(figure, file)
    return file.getvalue()


def _encode(figure, file):
    imsave(file, _pixels(figure), format="png", dpi=100)


@on_paper
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
