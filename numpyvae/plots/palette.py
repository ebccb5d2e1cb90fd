"""A picture in 256 colours: a PNG file of a third of the size, for what has to carry its pictures.
"""
import io
import struct
import zlib

import numpy as np
from matplotlib.image import imread

MOST   = 256                         # colours, numbered by a byte for each pixel
COMMON = 128                         # of which so many are chosen as the most frequent ones
CLOSE  = 3                           # colours that differ in their last 3 bits count as one
SIGNATURE = b"\x89PNG\r\n\x1a\n"       # with which every PNG file begins


def in_256_colours(png):
    """The picture of a PNG file, opaque, as another PNG file, with colours numbered in a palette.

    png: the file's content, in bytes, as is what is returned
    What has 256 colours keeps them; of more, none is replaced by one that is far from it.
    Source: colour type 3 of the PNG specification, sections 11.2.1 to 11.2.3 (W3C, 2003).
    """
    pixels = np.round(255 * imread(io.BytesIO(png))[:, :, :3]).astype(np.int64)
    codes, where, counts = np.unique(pixels @ [1 << 16, 1 << 8, 1], return_inverse=True,
                                     return_counts=True)
    colours = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1)
    palette = colours if len(colours) <= MOST else _palette(colours, counts)
    numbers = _nearest(colours, palette)[where].reshape(pixels.shape[:2])
    return _encoded(palette.astype(np.uint8), numbers.astype(np.uint8))


def _palette(colours, counts):
    """The most frequent colours; and those that are farthest from all that were chosen so far."""
    by_count = colours[np.argsort(-counts, kind="stable")]
    _, first = np.unique(by_count >> CLOSE, axis=0, return_index=True)
    chosen   = list(by_count[np.sort(first)[:COMMON]])
    apart    = np.min([_squares(colours, colour) for colour in chosen], axis=0)
    while len(chosen) < MOST:
        chosen.append(colours[apart.argmax()])
        apart = np.minimum(apart, _squares(colours, chosen[-1]))
    return np.array(chosen)


def _nearest(colours, palette):
    """For each colour the number of the nearest one in the palette."""
    number = np.zeros(len(colours), int)
    apart  = _squares(colours, palette[0])
    for i, colour in enumerate(palette[1:], 1):
        squares = _squares(colours, colour)
        number[squares < apart] = i
        apart = np.minimum(apart, squares)
    return number


def _squares(colours, colour):
    """How far, squared, each of these colours is from one of them."""
    return np.sum((colours - colour) ** 2, axis=1)


def _encoded(palette, numbers):
    height, width = numbers.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)   # 8 bits, palette
    rows   = np.pad(numbers, [(0, 0), (1, 0)])           # each begins with its filter, 0: none
    return SIGNATURE + b"".join([
        _chunk(b"IHDR", header), _chunk(b"PLTE", palette.tobytes()),
        _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)), _chunk(b"IEND", b"")])


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
