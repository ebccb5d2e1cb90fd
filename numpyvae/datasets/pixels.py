"""Pixels: bytes that become numbers in [0, 1] a batch at a time, and grey that becomes black and
white.
"""
import numpy as np

# Grey as it is; black from one half on; black with the grey value as its probability, drawn once
# for everybody, or anew each time that an image is learned from. (Test images are drawn once in
# either case.)
PIXELS = ("grey", "threshold", "fixed", "resampled")


def as_floats(x, dtype):
    """Bytes divided by 255 and cast to dtype; any other array as it came.

    x: any shape  ->  the same shape
    """
    x = np.asarray(x)
    return np.divide(x, 255, dtype=dtype) if x.dtype == np.uint8 else x


def thresholded(x):
    """Every pixel black or white, whichever is nearer; one half is black.

    x: bytes, or numbers in [0, 1]  ->  bytes 0 or 255 of the same shape
    """
    x = np.asarray(x)
    return np.multiply(x >= (128 if x.dtype == np.uint8 else 0.5), 255, dtype=np.uint8)


def sampled(x, rng):
    """Every pixel black or white by chance: black with its grey value as the probability.

    x: (N, D) bytes, or numbers in [0, 1]; rng: a Generator  ->  (N, D) bytes, 0 or 255
    Source: Salakhutdinov & Murray 2008, whose binarised MNIST most published figures use.
    """
    black = np.empty(np.shape(x), np.uint8)
    # so that the noise needs little memory
    for start in range(0, len(x), 1000):
        part = as_floats(x[start:start + 1000], np.float32)
        np.multiply(rng.random(part.shape, np.float32) < part, 255, out=black[start:start + 1000],
                    dtype=np.uint8)
    return black
