"""The images of a run, for its pictures: a few at a time, from 0 to 1, and no larger than their
place.
"""
import numpy as np

from ..conditional import ConditionalVAE
from ..datasets.pixels import as_floats
from ..errors import check_rng

AT_ONCE = 1 << 20                            # pixels of several images that are floats at one time


class Gallery:
    """What a network makes of codes and images, each (N, D), from 0 (paper) to 1 (ink).

    pixel_range: which pixels become 0 and 1; x, mask: (N, D) the test images, if they are at hand
    `size` is the (height, width) of an image.
    """

    def __init__(self, model, size, pixel_range=(0, 1), x=None, mask=None):
        self.model, self.size, self.x, self.mask = model, tuple(size), x, mask
        self.low, self.high = pixel_range

    def scaled(self, images):
        """Images from 0 to 1, but for what lies beyond the range."""
        if (self.low, self.high) == (0, 1):
            return images
        return (images - self.low) / (self.high - self.low)

    def floats(self, rows):
        """The test images in these rows, as the network takes them."""
        return as_floats(self.x[rows], self.model.dtype)

    def seen(self, rows):
        """The test images in these rows, NaN where a pixel was not observed."""
        x = self.scaled(self.floats(rows))
        return x if self.mask is None else np.where(self.mask[rows], x, np.nan)

    def rebuilt(self, rows):
        """The test images in these rows, each decoded from its code."""
        return self.scaled(self.model.reconstruct(self.floats(rows)))

    def decode(self, z):
        """What codes decode to."""
        return self.scaled(self.model.decode(z))

    def inventor(self, seed):
        """A function that takes the labels of images, or as many of anything, and invents them."""
        rng = check_rng(seed)

        def invent(some):
            wanted = some if isinstance(self.model, ConditionalVAE) else len(some)
            return self.scaled(self.model.generate(wanted, rng))
        return invent

    def extremes(self, rows):
        """Of the test images in these rows, the one nearest to their mean, and the farthest."""
        n     = max(1, AT_ONCE // self.x.shape[1])
        parts = [rows[start:start + n] for start in range(0, len(rows), n)]
        mean  = sum(self.floats(part).sum(axis=0, dtype=np.float64) for part in parts) / len(rows)
        mean  = mean.astype(self.model.dtype)
        away  = np.concatenate([np.linalg.norm(self.floats(part) - mean, axis=1)
                                for part in parts])
        return rows[away.argmin()], rows[away.argmax()]
