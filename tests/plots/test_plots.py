"""The pictures: drawn without a screen, the same bytes every time, in one style, none cut off."""
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest
from example_figures import FIGURES, codes, history
from matplotlib.figure import Figure
from matplotlib.image import imread

import numpyvae
from numpyvae import plots

HERE = Path(__file__).parent
LESSONS = HERE.parent.parent / "tutorials"
ROOMS = {path.stem: import_module(f"numpyvae.plots.{path.stem}")
         for path in Path(plots.__file__).parent.glob("*.py") if path.stem != "__init__"}
FILLING = {"bottleneck", "computation graph", "network", "random node", "product"}
TWICE = {"loss", "Z = 3", "manifold"}        # checked, too, that equal numbers give equal bytes


# ---------------------------------------------------------------------- every picture

def assert_titled_in_the_style(figure, fills_the_page):
    if fills_the_page:
        title, = (text for text in figure.axes[0].texts if text.get_gid() == "title")
        assert figure.get_layout_engine() is None
    else:
        title, = figure.texts
        assert title.get_text() == figure.get_suptitle() and figure.get_layout_engine() is not None
        assert title.get_fontsize() == plots.STYLE["figure.titlesize"]
    assert len(title.get_text()) > 20
    for axes in figure.axes:
        assert axes.xaxis.label.get_fontsize() == plots.STYLE["axes.labelsize"]


# An old matplotlib warns under a new pyparsing.
@pytest.mark.filterwarnings("ignore:.* deprecated")
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", FIGURES)
def test_it_is_a_figure_that_can_be_saved(name, tmp_path):
    figure = FIGURES[name]()
    assert isinstance(figure, Figure)
    assert_titled_in_the_style(figure, fills_the_page=name in FILLING)
    shares = [text for axes in figure.axes for text in (axes.get_xlabel(), axes.get_ylabel())
              if "%" in text]
    assert not any("nan" in text or "-" in text for text in shares)
    plots.save(figure, tmp_path / "a.png")
    if name in TWICE:
        plots.save(FIGURES[name](), tmp_path / "b.png")
        assert (tmp_path / "b.png").read_bytes() == (tmp_path / "a.png").read_bytes()
        (tmp_path / "b.png").unlink()
    assert os.listdir(tmp_path) == ["a.png"]
    pixels = imread(tmp_path / "a.png")[..., :3]
    size = 100 * figure.get_size_inches()                        # matplotlib rounds it
    assert np.allclose(pixels.shape[1::-1], size, rtol=0, atol=1)
    ink = np.minimum(np.minimum(pixels[..., 0], pixels[..., 1]), pixels[..., 2]) < 0.9
    # There is ink below the title, too. Measured: 0.019 (one image, Z = 1) to 0.84.
    assert ink[len(ink) // 8:].mean() > 0.01
    # Nothing is cut off: the outermost pixels are paper.
    assert not ink[[0, -1]].any() and not ink[:, [0, -1]].any()


def test_arguments_are_not_changed():
    kl, mu, past = np.array([0.5, 2.0]), codes(20, 3), history(4)
    kept = kl.copy(), mu.copy(), past.copy()
    plots.kl_per_dimension(kl)
    plots.latent_scatter(mu, np.arange(20))
    plots.loss_curves(past)
    assert all(np.array_equal(*pair) for pair in zip((kl, mu, past), kept))


# ---------------------------------------------------------------------- the rooms

def functions(room):
    return {name for name, thing in vars(room).items()
            if callable(thing) and getattr(thing, "__module__", "") == room.__name__
            and not name.startswith("_")}


def test_every_room_is_announced():
    announced = re.findall(r"^    (\w+)  ", plots.__doc__, re.MULTILINE)
    assert sorted(announced) == sorted(ROOMS)


def test_every_figure_is_at_hand_and_has_an_example():
    examples = re.findall(r"plots\.(\w+)\(", (HERE / "example_figures.py").read_text("utf-8"))
    for name in set(ROOMS) - {"paper", "palette", "backend"}:
        drawn = functions(ROOMS[name]) - {"shown_terms", "name_of", "write_labels"}
        assert drawn and drawn <= set(plots.__all__) and drawn <= set(examples)
        assert all(getattr(plots, function) is getattr(ROOMS[name], function) for function in drawn)
    assert all(hasattr(plots, name) for name in plots.__all__)


@pytest.mark.parametrize("room", [name for name in ROOMS if name.startswith("lessons")])
def test_a_lesson_s_figures_are_drawn_by_that_lesson_alone(room):
    table = re.findall(r"^    (\d\d_\w+) +(.*)$", ROOMS[room].__doc__, re.MULTILINE)
    listed = [(lesson, name) for lesson, names in table for name in names.split(", ")]
    assert {name for _, name in listed} == functions(ROOMS[room])
    for lesson, name in listed:
        users = [path.stem for path in LESSONS.glob("*.py")
                 if f"plots.{name}(" in path.read_text("utf-8")]
        assert users == [lesson]


# ---------------------------------------------------------------------- who imports matplotlib

def run(code, *args):
    """What Python prints in a process of its own, which has no screen and finds the examples."""
    env = {name: value for name, value in os.environ.items()
           if name not in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND")}
    env["PYTHONPATH"] = os.pathsep.join([str(Path(numpyvae.__file__).parent.parent), str(HERE)])
    child = subprocess.run([sys.executable, "-c", dedent(code), *map(str, args)], env=env,
                           capture_output=True, text=True)
    assert child.stderr == ""
    return child.stdout


def test_only_drawing_imports_matplotlib():
    assert run("""
        import sys
        import numpyvae, numpyvae.training, numpyvae.evaluate, numpyvae.datasets
        import numpyvae.checkpoint, numpyvae.cli
        print([name for name in sys.modules if name.startswith("matplotlib")])
        """) == "[]\n"


def test_drawing_needs_no_screen_and_leaves_pyplot_and_the_user_s_settings_alone(tmp_path):
    assert run("""
        import sys
        import matplotlib
        from example_figures import FIGURES
        from numpyvae import plots

        def settings():
            # All but the backend: merely reading it imports pyplot.
            return {name: matplotlib.rcParams[name] for name in matplotlib.rcParams
                    if name != "backend"}

        before = settings()
        for name in ("loss", "reconstructions", "samples", "interpolation", "Z = 3", "KL, Z = 2",
                     "manifold", "computation graph"):
            figure = FIGURES[name]()
        plots.save(figure, sys.argv[1])
        print("matplotlib.pyplot" in sys.modules, settings() == before)
        """, tmp_path / "a.png") == "False True\n"
