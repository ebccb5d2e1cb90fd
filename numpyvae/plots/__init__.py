"""The pictures: functions that take arrays and return a matplotlib Figure.

Each is called as `plots.NAME`, whichever of these rooms it is drawn in:

    backend              matplotlib, imported whatever MPLBACKEND says
    paper                what they are drawn on: style, colours, mosaics of images; `save`
    palette              a picture in 256 colours
    lines                the loss curves of a run; curves of any kind
    images               reconstructions, samples, interpolations; rows of any images
    latent_space         a scatter of the codes, KL per dimension, the manifold, traversals
    drawings             the network, a random node, matrices, before the algebra of them
    bells                bell curves: a KL divergence as an area, who pulls at a code, q on p
    lessons_codes        figures that a single lesson needs: those about codes,
    lessons_gradients    those about gradients and how they are checked,
    lessons_loss         and those about the loss and its two terms
"""
from ..evaluate import USED, shown_terms
from . import backend  # noqa: F401  (before the rooms that import matplotlib)
from .bells import ellipses_on_posterior, planes, two_bells, two_pulls
from .drawings import blocked_or_not, bottleneck, network, product
from .images import image_rows, interpolation, reconstructions, samples
from .latent_space import kl_per_dimension, latent_scatter, manifold, name_of, traversal
from .lessons_codes import (holes, kl_landscape, point_or_distribution, posteriors,
                            price_of_doubt, wager)
from .lessons_gradients import computation_graph, line_by_line, steepest, step_sizes, verdicts
from .lessons_loss import beta_images, price_of_code, tug_of_war
from .lines import curves, loss_curves
from .palette import in_256_colours
from .paper import (DIGITS, HALO, INK, PALE, PALETTE, SIGNS, STYLE, TEST, TRAIN, VERDICTS, Sheet,
                    on_paper, png, save, show_picture, small)

__all__ = [
    "STYLE", "Sheet", "on_paper", "png", "save", "in_256_colours", "small", "show_picture",
    "TRAIN", "TEST", "PALETTE", "DIGITS", "INK", "PALE", "SIGNS", "VERDICTS", "HALO",
    "shown_terms", "loss_curves", "curves",
    "reconstructions", "samples", "interpolation", "image_rows",
    "USED", "name_of", "latent_scatter", "kl_per_dimension", "manifold", "traversal",
    "network", "bottleneck", "blocked_or_not", "product",
    "two_bells", "two_pulls", "ellipses_on_posterior", "planes",
    "holes", "wager", "price_of_doubt", "point_or_distribution", "kl_landscape", "posteriors",
    "steepest", "computation_graph", "step_sizes", "verdicts", "line_by_line",
    "tug_of_war", "beta_images", "price_of_code",
]
