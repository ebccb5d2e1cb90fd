"""The paper: mosaics of images, ink, and files that are whole or not there."""
import os

import numpy as np
import pytest
from example_figures import FIGURES, SHAPE, images
from matplotlib import rcParams
from matplotlib.backends.backend_agg import FigureCanvasAgg

from numpyvae import plots
from numpyvae.plots import paper


# ---------------------------------------------------------------------- the style

def test_the_style_lasts_while_a_function_runs_each_time_that_it_is_called():
    @plots.on_paper
    def size():
        return rcParams["font.size"]
    before = rcParams["font.size"]
    assert before != plots.STYLE["font.size"]
    for _ in range(2):
        assert size() == plots.STYLE["font.size"] and rcParams["font.size"] == before


def test_there_are_ten_colours_of_classes():
    colours = [paper.colour_of(label) for label in range(20)]
    assert len(set(colours)) == 10 and colours[:10] == colours[10:]


# ---------------------------------------------------------------------- images

def test_a_mosaic_has_a_gap_around_every_image():
    found = paper.mosaic(images(3), SHAPE, columns=2)
    expected = np.full((2 * 3 + 1, 2 * 4 + 1), np.nan)
    expected[1:3, 1:4], expected[1:3, 5:8], expected[4:6, 1:4] = images(3).reshape(3, *SHAPE)
    assert np.array_equal(found, expected, equal_nan=True)


def test_ink_is_dark_and_no_ink_is_white():
    for name in ("samples", "reconstructions", "interpolation", "manifold"):
        for axes in FIGURES[name]().axes:
            picture = axes.images[0]
            assert picture.get_clim() == (0, 1) and picture.get_interpolation() == "nearest"
            white, grey, black = picture.to_rgba(np.array([[0.0, 0.5, 1.0]]))[0, :, :3]
            assert white.tolist() == [1, 1, 1] and black.tolist() == [0, 0, 0]
            assert 0.4 < grey.mean() < 0.6
            gap = picture.cmap(np.ma.masked_invalid([np.nan]))[0, :3]
            assert np.ptp(gap) > 0.03            # it is no grey, and cannot be taken for ink


# ---------------------------------------------------------------------- files

def test_a_figure_that_is_saved_stays_in_its_window(tmp_path):
    figure = FIGURES["one reconstruction"]()
    canvas, figure.dpi = FigureCanvasAgg(figure), 50
    plots.save(figure, tmp_path / "a.png")
    assert figure.canvas is canvas and figure.dpi == 50
    plots.save(FIGURES["one reconstruction"](), tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_picture_in_bytes_is_the_file_that_is_saved(tmp_path):
    figure = FIGURES["one reconstruction"]()
    plots.save(figure, tmp_path / "a.png")
    assert plots.png(figure) == (tmp_path / "a.png").read_bytes()


def test_a_picture_that_cannot_be_saved_leaves_the_old_one(tmp_path, monkeypatch):
    figure = FIGURES["one reconstruction"]()
    plots.save(figure, tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()

    def fail(file, pixels, **kwargs):
        file.write(b"half")
        raise OSError("no space left")
    monkeypatch.setattr(paper, "imsave", fail)
    with pytest.raises(OSError, match="no space left"):
        plots.save(figure, tmp_path / "a.png")
    assert os.listdir(tmp_path) == ["a.png"] and (tmp_path / "a.png").read_bytes() == before
    with pytest.raises(FileNotFoundError):
        plots.save(FIGURES["one reconstruction"](), tmp_path / "no" / "a.png")
