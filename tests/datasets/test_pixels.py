"""Pixels: bytes become numbers by one division, grey becomes black or white as often as it should.
"""
import numpy as np
import pytest
from helpers import seeds
from hypothesis import given, settings
from hypothesis import strategies as st

from numpyvae.datasets.pixels import PIXELS, as_floats, sampled, thresholded

BYTES = np.arange(256, dtype=np.uint8)


# ---------------------------------------------------------------------- bytes as numbers

@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bytes_are_divided_by_255(dtype):
    x = as_floats(BYTES.reshape(16, 16), dtype)
    assert x.shape == (16, 16) and x.dtype == dtype
    # It is one division, rounded once.
    assert np.array_equal(x.ravel(), np.arange(256, dtype=dtype) / np.array(255, dtype))
    assert x[0, 0] == 0 and x[-1, -1] == 1
    assert np.array_equal(np.rint(255 * x).ravel(), BYTES)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.int64, bool])
def test_all_others_are_left_as_they_are(kind):
    x = np.array([[0, 1], [1, 0]], kind)
    assert as_floats(x, np.float32) is x


# ---------------------------------------------------------------------- black from one half on

def test_the_nearer_of_black_and_white():
    black = thresholded(BYTES)
    assert black.dtype == np.uint8 and black.shape == (256,)
    assert (black[:128] == 0).all() and (black[128:] == 255).all()
    for dtype in (np.float32, np.float64):
        assert np.array_equal(thresholded(as_floats(BYTES, dtype)), black)
        below = np.nextafter(dtype(0.5), dtype(0))
        assert thresholded(np.array([0, below, 0.5, 1], dtype)).tolist() == [0, 0, 255, 255]
    assert np.array_equal(thresholded(black), black)             # nothing more is to be done
    assert thresholded(BYTES.reshape(4, 64)).shape == (4, 64)


# ---------------------------------------------------------------------- black by chance

@settings(max_examples=30)
@given(n=st.integers(1, 30), width=st.integers(1, 9), seed=seeds)
def test_the_same_seed_gives_the_same_pixels_of_bytes_and_of_numbers(n, width, seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 256, (n, width), np.uint8)
    black = sampled(x, np.random.default_rng(seed))
    assert black.shape == x.shape and black.dtype == np.uint8 and set(np.unique(black)) <= {0, 255}
    assert (black[x == 0] == 0).all() and (black[x == 255] == 255).all()
    assert np.array_equal(sampled(x, np.random.default_rng(seed)), black)
    assert np.array_equal(sampled(as_floats(x, np.float32), np.random.default_rng(seed)), black)


def test_white_stays_white_and_black_black():
    for white_black in (np.array([0, 255], np.uint8), np.array([0.0, 1.0])):
        x = np.tile(white_black, (1500, 40))
        black = sampled(x, np.random.default_rng(0))
        assert (black[:, ::2] == 0).all() and (black[:, 1::2] == 255).all()
        assert np.array_equal(sampled(black, np.random.default_rng(1)), black)


def test_white_stays_white_even_if_the_noise_is_0():
    """The noise is 0 once in 2 ** 24 pixels."""
    class Noise:
        def random(self, shape, dtype):
            return np.zeros(shape, dtype)
    assert sampled(BYTES[None], Noise()).tolist() == [[0] + [255] * 255]


def test_the_frequency_of_black_is_the_grey_value():
    grey, draws = BYTES / 255, 4000
    black = sampled(np.tile(BYTES, (draws, 1)), np.random.default_rng(0)) == 255
    between = slice(1, -1)                                       # neither white nor black
    error   = np.sqrt(grey * (1 - grey) / draws)[between]        # the standard error
    off     = (black.mean(axis=0) - grey)[between] / error
    assert np.abs(off).max() < 4.5                               # of 254; measured: 3.3
    assert abs(off.mean()) < 4 / np.sqrt(254)
    assert abs((off ** 2).mean() - 1) < 4 * np.sqrt(2 / 254)
    half = black[:, 127]
    # One draw tells nothing of the next.
    assert abs((half[1:] == half[:-1]).mean() - 0.5) < 2 / np.sqrt(draws)


@pytest.mark.parametrize("n", [999, 1000, 1001, 2500])
def test_portions_do_not_matter(n):
    x = np.random.default_rng(0).integers(0, 256, (n, 3), np.uint8)
    black = sampled(x, np.random.default_rng(5))
    noise = np.random.default_rng(5).random((n, 3), np.float32)          # all drawn at once
    assert np.array_equal(black, np.where(noise < as_floats(x, np.float32), 255, 0))
    assert np.array_equal(sampled(x[:n // 2], np.random.default_rng(5)), black[:n // 2])


def test_a_generator_goes_on():
    x, rng = np.full((4, 50), 128, np.uint8), np.random.default_rng(0)
    assert (sampled(x, rng) != sampled(x, rng)).any(axis=1).all()


def test_the_image_itself_is_not_changed():
    for x in (BYTES.reshape(16, 16), as_floats(BYTES, np.float64).reshape(16, 16)):
        kept = x.copy()
        thresholded(x)
        sampled(x, np.random.default_rng(0))
        assert np.array_equal(x, kept)


def test_what_can_be_chosen():
    assert PIXELS == ("grey", "threshold", "fixed", "resampled")
