"""The paper: a style that is ours alone, mosaics of images, and files that are whole or not there.
"""
import io
import os

import any_matplotlibrc
import numpy as np
import pytest
from example_figures import FIGURES, SHAPE, images
from helpers_files import peak_of
from matplotlib import rc_context, rcParams, rcParamsDefault, style
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


# Text, lines, images, contours, colours by class, arrows, a page without layout.
MANY = ["loss", "Z = 2", "manifold", "holes", "KL landscape", "computation graph"]


def test_no_setting_in_a_matplotlibrc_changes_a_pixel(tmp_path):
    """In processes of their own: some settings count while matplotlib is imported."""
    (tmp_path / "none").mkdir()
    (tmp_path / "all").mkdir()
    (tmp_path / "none" / "matplotlibrc").write_text("")
    seed = int(np.random.default_rng().integers(1000))
    changed, same = any_matplotlibrc.write(tmp_path / "all", seed)
    assert len(same) <= 5 < changed          # another matplotlib may have settings of other kinds
    found, expected = [any_matplotlibrc.figures(tmp_path / name, MANY) for name in ("all", "none")]
    assert found == expected and len(found) == len(MANY), f"seed {seed}"


def saved(figure, path):
    """The bytes of two files: as we save a figure, and then as matplotlib does."""
    plots.save(figure, path)
    file = io.BytesIO()
    figure.savefig(file)
    return path.read_bytes(), file.getvalue()


MOODS = {"a style":      lambda: style.context(["dark_background", "fivethirtyeight"]),
         "classic":      lambda: style.context("classic"),
         "LaTeX":        lambda: rc_context({"text.usetex": True, "axes.formatter.limits": (0, 0)}),
         "no such font": lambda: rc_context({"font.family": "no such font", "image.cmap": "jet"}),
         "files":        lambda: rc_context({"savefig.dpi": 30, "savefig.bbox": "tight",
                                             "savefig.format": "svg", "savefig.transparent": True,
                                             "image.origin": "lower", "figure.dpi": 20}),
         "a sketch":     lambda: rc_context({"path.sketch": (1, 100, 2), "path.effects": paper.HALO,
                                             "text.hinting": "none", "path.simplify": False})}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["loss of one epoch", "one reconstruction"])
def test_no_setting_of_the_user_s_program_changes_a_pixel(tmp_path, name):
    """Neither while a figure is made, nor while it is drawn and saved by us or by matplotlib."""
    expected = saved(FIGURES[name](), tmp_path / "a.png")
    for mood, begin in MOODS.items():
        before = FIGURES[name]()
        with begin():
            settings = dict(rcParams)
            for figure in (before, FIGURES[name]()):
                assert saved(figure, tmp_path / "a.png") == expected, mood
            assert settings == dict(rcParams)


def test_the_style_is_matplotlib_s_own_but_for_what_it_says():
    @plots.on_paper
    def settings():
        return {name: rcParams[name] for name in rcParams if name != "backend"}
    with rc_context({"lines.linewidth": 9, "axes.facecolor": "red"}):
        ours = {name: value for name, value in settings().items() if value != rcParamsDefault[name]}
    assert ours == plots.STYLE


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


def test_images_that_are_larger_than_their_place_become_means():
    x = np.arange(2 * 6 * 4, dtype=np.float32).reshape(2, 24)
    asked = []

    def images_of(rows):
        asked.append(list(rows))
        return x[rows]
    # 750 beside each other leave a width of 2 pixels to each: squares of 3 by 3.
    found, shape = plots.small(images_of, np.arange(2), (6, 4), 750)
    assert shape == (2, 2) and asked == [[0, 1]] and found.dtype == np.float32
    for row, image in zip(found.reshape(2, 2, 2), x.reshape(2, 6, 4)):
        assert row.tolist() == [[image[:3, :3].mean(), image[:3, 3:].mean()],
                                [image[3:, :3].mean(), image[3:, 3:].mean()]]
    # A pixel that nobody saw does not count, and where none was seen there is none.
    x[0, :3] = x[1] = np.nan
    found, _ = plots.small(images_of, np.arange(2), (6, 4), 750)
    assert found[0, 0] == x[0, [4, 5, 6, 8, 9, 10]].mean() and np.isnan(found[1]).all()


@pytest.mark.parametrize("across", [1, 10, 250])
def test_images_that_have_room_stay_as_they_are(across):
    x = images(20)
    found, shape = plots.small(lambda rows: x[rows], range(20), SHAPE, across)
    assert np.array_equal(found, x) and shape == SHAPE


def test_large_images_are_made_a_few_at_a_time(monkeypatch):
    monkeypatch.setattr(paper, "AT_ONCE", 40)
    asked = []

    def images_of(z):
        asked.append(len(z))
        return images(len(z))
    found, _ = plots.small(images_of, np.zeros((20, 3)), SHAPE, 1)
    assert asked == [6, 6, 6, 2] and found.shape == (20, 6)
    monkeypatch.setattr(paper, "AT_ONCE", 5)                     # less than one image
    plots.small(images_of, np.zeros((3, 3)), SHAPE, 1)
    assert asked[4:] == [1, 1, 1]


def test_the_picture_of_large_images_takes_little_memory(tmp_path):
    """512 by 512, 256 of them: 268 MB as they are."""
    def decode(z):
        return np.full((len(z), 512 * 512), 0.5, np.float32)

    def draw():
        plots.save(plots.manifold(decode, (512, 512)), tmp_path / "a.png")
        plots.save(plots.traversal(decode, np.ones(4), (512, 512)), tmp_path / "b.png")
    assert peak_of(draw) < 100e6             # measured: 44 MB


# ---------------------------------------------------------------------- files

def test_a_figure_that_is_saved_stays_in_its_window(tmp_path):
    figure = FIGURES["one reconstruction"]()
    canvas, figure.dpi = FigureCanvasAgg(figure), 50
    plots.save(figure, tmp_path / "a.png")
    assert figure.canvas is canvas and figure.dpi == 50
    plots.save(FIGURES["one reconstruction"](), tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_picture_in_bytes_is_the_file_that_is_saved(tmp_path):
    plots.save(FIGURES["one reconstruction"](), tmp_path / "a.png")
    assert plots.png(FIGURES["one reconstruction"]()) == (tmp_path / "a.png").read_bytes()


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
