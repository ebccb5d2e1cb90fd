"""Cartoon faces drawn from four known factors: here we know what a code should hold: we put it in.
"""
import numpy as np

from ..errors import check_count, check_rng

SIDE = 28
SOFTNESS = 1.8                       # pixels across an edge, from paper to ink
FACTORS = ("expression", "skin tone", "face shape", "hair")
MOUTH = slice(17, 25), slice(7, 21)  # rows and columns around the mouth, whatever the factors
PORTION = 500                        # faces drawn at once, which fit into the processor's cache


def load_faces(n, rng=0):
    """Faces of 28 by 28 pixels, and the factors that each was drawn from.

    n: how many; rng: a seed or a Generator
    ->  x: (n, 784) float32 in [0, 1], 0 is paper and 1 is ink;
        factors: (n, 4) float32, each uniform in [-1, 1]: expression (frown to smile), skin tone
        (pale to dark), face shape (round to long), hair (short to long)
    Raises ValueError or TypeError.
    """
    n, rng  = check_count("n", n), check_rng(rng)
    factors = rng.uniform(-1, 1, (n, len(FACTORS))).astype(np.float32)
    x       = np.empty((n, SIDE * SIDE), np.float32)
    for start in range(0, n, PORTION):
        part    = slice(start, start + PORTION)
        x[part] = draw_faces(factors[part]).reshape(-1, SIDE * SIDE)
    return x, factors


def mouth_mask():
    """Which pixels of a face lie outside its mouth  ->  (784,) booleans, False over the mouth."""
    observed = np.ones((SIDE, SIDE), bool)
    observed[MOUTH] = False
    return observed.reshape(-1)


def draw_faces(factors):
    """The faces of these factors, painted from back to front.

    factors: (N, 4) in [-1, 1]  ->  (N, 28, 28) float32 in [0, 1]
    """
    expression, tone, shape, hair = np.asarray(factors, np.float32).T[:, :, None, None]
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)[:, None] + 0.5
    x = x - 14                                               # from the middle of the face
    width, height = 8.6 - 1.1 * shape, 9.6 + 1.1 * shape     # of the head, half of each
    skin = 0.20 + 0.14 * tone

    # A shape is the distance of every pixel from its edge (negative inside), its coverage a soft
    # step across. The larger of two distances is what two shapes share, the smaller joins them.
    head   = _ellipse(x, y - 15, width, height)
    dome   = _ellipse(x, np.minimum(y - 14, 0), width + 2.4, height + 1.6)    # falls straight down
    mane   = np.maximum(dome, y - (17 + 6 * hair))
    fringe = np.maximum(np.minimum(dome, head), y - (8.5 + 0.06 * x * x))
    eyes   = np.minimum(_ellipse(x - 3.6, y - 14, 1.1, 1.5), _ellipse(x + 3.6, y - 14, 1.1, 1.5))
    nose   = _ellipse(x, y - 17.2, 0.6, 1.2)
    bend   = 2.2 * expression                                # how far the corners of the lips rise
    lips   = 21 + 0.5 * bend - bend * (x / 4.5) ** 2         # a parabola; the distance from it is
    slope  = 2 * bend * x / 4.5 ** 2                         # measured across its slope
    mouth  = np.maximum(np.abs(y - lips) / np.sqrt(1 + slope * slope) - 0.75, np.abs(x) - 4.5)

    image = np.zeros(np.broadcast_shapes(head.shape, mane.shape, mouth.shape), np.float32)
    for distance, ink in ((mane, 0.6), (head, skin),        (fringe, 0.6),
                          (eyes, 0.9), (nose, skin + 0.15), (mouth,  0.55)):
        coverage = np.clip(0.5 - distance / SOFTNESS, 0, 1)
        image += coverage * (ink - image)
    return image


def _ellipse(x, y, width, height):
    """The distance of each point from an ellipse around the origin, to first order: (f - 1) / |∇f|.

    f = √((x / width)² + (y / height)²) is 1 on the ellipse; for a circle, the distance is exact.
    """
    f = np.sqrt((x / width) ** 2 + (y / height) ** 2)
    f_times_slope = np.sqrt((x / width ** 2) ** 2 + (y / height ** 2) ** 2)      # f |∇f|
    return f * (f - 1) / np.maximum(f_times_slope, 1e-6)
