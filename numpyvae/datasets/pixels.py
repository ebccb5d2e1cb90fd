"""Pixels: bytes that become numbers in [0, 1], and grey that becomes black or white."""
import numpy as np

# Grey as it is; black from one half on; black with the grey value as its probability, drawn once
# and for all, or anew each time that an image is learned from. (Test images are drawn once in
# either case.)
PIXELS  = ("grey", "threshold", "fixed", "resampled")
PORTION = 1000                       # images drawn at once, so that the noise takes little memory


def as_floats(x, dtype):
    """Bytes divided by 255, in dtype; any other array as it is.

    x: any shape  ->  the same shape
    """
    x = np.asarray(x)
    return np.divide(x, 255, dtype=dtype) if x.dtype == np.uint8 else x


def thresholded(x):
    """Every pixel black (255) or white (0), whichever is nearer; one half is black.

    x: bytes, or numbers in [0, 1]  ->  bytes, 0 or 255, of the same shape
    """
    x = np.asarray(x)
    half = 128 if x.dtype == np.uint8 else 0.5
    return np.multiply(x >= half, 255, dtype=np.uint8)


def sampled(x, rng):
    """Every pixel black (255) or white (0) by chance: its grey value is the probability of black.

    x: (N, D) bytes, or numbers in [0, 1]; rng: a Generator  ->  (N, D) bytes, 0 or 255
    Source: Salakhutdinov & Murray 2008, whose binarised MNIST most published figures use.
    """
    black = np.empty(np.shape(x), np.uint8)
    for start in range(0, len(x), PORTION):
        part = slice(start, start + PORTION)
        grey = as_floats(x[part], np.float32)
        np.multiply(rng.random(grey.shape, np.float32) < grey, 255, out=black[part], dtype=np.uint8)
    return black
