"""A picture in 256 colours: the same one, in a third of the bytes."""
import io
import struct
import zlib

import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import imread, imsave

from numpyvae import plots
from numpyvae.plots.palette import in_256_colours


def file_of(pixels):
    """A PNG file of these bytes, as `plots.png` would write it."""
    file = io.BytesIO()
    imsave(file, pixels, format="png")
    return file.getvalue()


def pixels_of(png):
    """Its (height, width, 3) bytes."""
    return np.round(255 * imread(io.BytesIO(png))[:, :, :3]).astype(int)


def test_up_to_256_colours_are_kept_to_the_bit():
    colours = np.random.default_rng(0).integers(0, 256, (256, 3)).astype(np.uint8)
    for count in (1, 2, 255, 256):
        pixels = np.tile(colours[:count], (3, 1))[:, None]
        assert np.array_equal(pixels_of(in_256_colours(file_of(pixels))), pixels)


def test_of_more_colours_the_frequent_ones_are_kept_and_none_is_replaced_by_a_far_one():
    rng = np.random.default_rng(1)
    pixels = np.full((100, 120, 3), 255)
    pixels[20:80] = [10, 20, 30] + np.arange(120)[None, :, None] % 100 * [1, 2, 1]   # a gradient
    pixels[30:40, 5:9] += rng.integers(-9, 9, (10, 4, 3))
    pixels[0, 0] = [250, 0, 0]                               # a single dot is not lost
    shades = pixels.copy()
    shades[60:80] += rng.integers(-5, 6, (20, 120, 3))
    found = pixels_of(in_256_colours(file_of(shades.astype(np.uint8))))
    assert len(np.unique(shades.reshape(-1, 3), axis=0)) > 1000
    assert len(np.unique(found.reshape(-1, 3), axis=0)) <= 256
    assert np.array_equal(found[0, 0], [250, 0, 0]) and np.all(found[90:] == 255)
    assert np.abs(found - shades).max() <= 12                # measured: 8


def test_a_figure_looks_the_same_and_takes_a_third_of_the_bytes():
    figure = Figure(figsize=(8, 5))
    axes = figure.subplots()
    for i in range(6):
        axes.plot(np.sin(np.linspace(0, 6, 200) + i), linewidth=4, alpha=0.5)
    png   = plots.png(figure)
    small = plots.in_256_colours(png)
    assert len(small) < 0.5 * len(png)                       # measured: 0.3
    gap = pixels_of(small) - pixels_of(png)
    assert np.abs(gap).max() < 30 and np.sqrt(np.mean(gap ** 2)) < 2


def test_its_chunks_are_those_of_a_png_file_with_a_palette():
    png = in_256_colours(file_of(np.zeros((3, 5, 3), np.uint8)))
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    kinds, rest = [], png[8:]
    while rest:
        length, kind = struct.unpack(">I4s", rest[:8])
        end = 8 + length
        assert rest[end:end + 4] == struct.pack(">I", zlib.crc32(rest[4:end]))
        kinds.append((kind, length))
        rest = rest[end + 4:]
    assert [kind for kind, _ in kinds] == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    assert kinds[1][1] == 3                                  # one colour
