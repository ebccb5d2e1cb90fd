"""Images in rows: every pixel in its place."""
import numpy as np
import pytest
from example_figures import SHAPE, half_seen, image_at, image_rows, images, pair, shown

from numpyvae import plots


# ---------------------------------------------------------------------- rebuilt

def test_originals_stand_over_their_reconstructions():
    groups = {"near": pair(5), "far": pair(3, 2)}
    figure = plots.reconstructions(groups, SHAPE)
    assert [axes.get_title() for axes in figure.axes] == ["near", "far"]
    for axes, (x, probs) in zip(figure.axes, groups.values()):
        assert shown(axes).shape == (2 * 3 + 1, len(x) * 4 + 1)
        for i in range(len(x)):
            assert np.array_equal(image_at(axes, 0, i), x[i])
            assert np.array_equal(image_at(axes, 1, i), probs[i])
        upper, lower = axes.texts
        assert (upper.get_text(), lower.get_text()) == ("original", "rebuilt")
        assert upper.get_position()[1] > lower.get_position()[1]


def test_pixels_that_were_not_observed_are_left_open():
    x, probs = half_seen(6)
    axes, = plots.reconstructions({"masked": (x, probs)}, SHAPE).axes
    assert axes.texts[0].get_text() == "observed"
    for i in range(6):
        assert np.array_equal(image_at(axes, 0, i), x[i], equal_nan=True)
        assert np.array_equal(image_at(axes, 1, i), probs[i])
    assert 0 < np.isnan(x).sum() < x.size
    start, _, end = plots.interpolation(x[:2], images(6).reshape(2, 3, 6), x[4:], SHAPE).axes
    assert np.array_equal(image_at(start, 1, 0), x[1], equal_nan=True)
    assert np.array_equal(image_at(end, 0, 0), x[4], equal_nan=True)


@pytest.mark.parametrize("codes_are, words", [
    ((), "the mean of its own code"),
    (("its code",), "its own code")])
def test_it_is_said_what_an_image_was_rebuilt_from(codes_are, words):
    figure = plots.reconstructions({"near": pair(2)}, SHAPE, *codes_are)
    assert figure.get_suptitle() == f"Test images, and each rebuilt from {words}"


# ---------------------------------------------------------------------- invented

def test_samples_of_another_size():
    probs = np.random.default_rng(0).random((18, 784))
    axes, = plots.samples(probs, (28, 28)).axes
    picture = shown(axes)
    assert picture.shape == (2 * 29 + 1, 16 * 29 + 1)
    assert np.array_equal(picture[30:58, 30:58], probs[17].reshape(28, 28))
    assert np.isnan(picture[29]).all() and np.isnan(picture[:, 29]).all()


def test_samples_fill_rows_of_sixteen():
    probs = images(20)
    axes, = plots.samples(probs, SHAPE).axes
    assert shown(axes).shape == (2 * 3 + 1, 16 * 4 + 1)
    for i in range(20):
        assert np.array_equal(image_at(axes, i // 16, i % 16), probs[i])
    assert np.isnan(shown(axes)[4:, 4 * 4 + 1:]).all()           # nothing where there is no image


def test_very_many_samples_fill_a_square():
    for n, columns in ((256, 16), (400, 20)):
        axes, = plots.samples(images(n), SHAPE).axes
        assert shown(axes).shape == (columns * 3 + 1, columns * 4 + 1)


def test_samples_stand_in_so_many_columns_and_say_what_they_were_drawn_from():
    figure = plots.samples(images(7), SHAPE, "the prior, z ~ N(M[3], I)", 5)
    assert shown(figure.axes[0]).shape == (2 * 3 + 1, 5 * 4 + 1)
    assert "drawn from the prior, z ~ N(M[3], I), and" in figure.get_suptitle()
    assert "z ~ N(0, I)" in plots.samples(images(7), SHAPE).get_suptitle()


def test_every_row_of_samples_has_its_room():
    one, two = (plots.samples(images(n), SHAPE).get_figheight() for n in (16, 17))
    assert two - one == pytest.approx(15 / 16)                 # inches: an image is as high as wide


@pytest.mark.parametrize("n, title", [(64, "64 images"), (1, "An image")])
def test_samples_are_counted(n, title):
    assert plots.samples(images(n), SHAPE).get_suptitle().startswith(title)


# ---------------------------------------------------------------------- in between, and any others

def test_interpolation_goes_from_the_first_to_the_last():
    starts, paths, ends = images(3), images(12, 1).reshape(3, 4, 6), images(3, 2)
    left, middle, right = plots.interpolation(starts, paths, ends, SHAPE).axes
    for row in range(3):
        assert np.array_equal(image_at(left, row, 0), starts[row])
        assert np.array_equal(image_at(right, row, 0), ends[row])
        for step in range(4):
            assert np.array_equal(image_at(middle, row, step), paths[row, step])
    assert (left.get_title(), right.get_title()) == ("from", "to")


def test_rows_of_images_have_names_and_columns_have_titles():
    figure = image_rows()
    first, second = figure.axes
    for i in range(4):
        assert np.array_equal(image_at(first, 0, i), half_seen(4)[0][i], equal_nan=True)
        assert np.array_equal(image_at(second, 0, i), images(4)[i])
    assert [text.get_text() for text in first.texts] == ["seen", "a", "b", "c", "d"]
    assert [text.get_text() for text in second.texts] == ["rebuilt"]
    across = [text.get_position()[0] for text in first.texts[1:]]
    assert across == [0.125, 0.375, 0.625, 0.875]
