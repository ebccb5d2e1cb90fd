"""The window of `numpyvae explore`: its sliders and buttons, driven without a screen."""
import subprocess
import sys
from textwrap import dedent

import numpy as np
import pytest
from matplotlib import pyplot, rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import imread
from matplotlib.text import Text
from mouse import click, mouse

from numpyvae import VAE, ConditionalVAE, explore, plots
from numpyvae.explore import Explorer, open_window, page, window


def network(latent_dim, image_shape=(2, 3), dtype=np.float64):
    """A network whose every latent dimension changes the image."""
    return VAE(np.prod(image_shape), 16, latent_dim, rng=1, dtype=dtype)


def explorer(latent_dim=4, image_shape=(2, 3), n=3, dtype=np.float64, **options):
    rng = np.random.default_rng(2)
    made_up = {"kl": rng.permutation(latent_dim) / 20.0,
               "x":  rng.random((n, np.prod(image_shape))).astype(dtype)}
    vae = network(latent_dim, image_shape, dtype)
    return Explorer(vae, image_shape=image_shape, **{**made_up, **options})


def assert_decodes(found, z):
    """Everything that can be seen of the panel `found` shows that it stands at the code z."""
    assert np.array_equal(found.z, z)
    expected = found.vae.decode(np.array(z)[None])[0]
    assert np.array_equal(found.image, expected)
    assert np.array_equal(found.right.images[0].get_array(), expected.reshape(found.image_shape))
    for j, slider in found.sliders.items():
        assert slider.val == np.clip(z[j], -3, 3)
        shown = float(slider.valtext.get_text().replace("−", "-"))
        assert shown == pytest.approx(z[j], abs=0.0501)


# ---------------------------------------------------------------------- the sliders

@pytest.mark.parametrize("latent_dim, image_shape, dtype",
                         [(1, (8, 8), np.float32), (20, (28, 28), np.float32),
                          (2, (1, 30), np.float64), (3, (7, 3), np.float64)])
def test_a_slider_turns_its_own_dimension(latent_dim, image_shape, dtype):
    found, z = explorer(latent_dim, image_shape, dtype=dtype), np.zeros(latent_dim)
    assert_decodes(found, z)
    for value, (j, slider) in enumerate(found.sliders.items()):
        before = found.image
        z[j] = 3 - 0.37 * value
        slider.set_val(z[j])
        assert_decodes(found, z)
        assert not np.array_equal(found.image, before)
    assert found.image.dtype == dtype and found.right.get_title() == "decoded from this z"


def test_the_most_active_dimension_comes_first_under_the_name_that_other_pictures_give_it():
    kl = np.array([0.02, 3.0, 0.1, 0.5])
    found = explorer(4, kl=kl)
    assert list(found.sliders) == [1, 3, 2, 0]
    bars = [tick.get_text() for tick in plots.kl_per_dimension(kl).axes[0].get_xticklabels()]
    names = [slider.label.get_text() for slider in found.sliders.values()]
    assert names == ["z₂", "z₄", "z₃", "z₁"] and bars == ["2", "4", "3", "1"]
    heights = [slider.ax.get_position().y0 for slider in found.sliders.values()]
    assert heights == sorted(heights, reverse=True)
    colours = [slider.poly.get_facecolor() for slider in found.sliders.values()]
    assert colours[0] == colours[1] != colours[2] == colours[3]  # used: more than 0.1 nats
    assert all((slider.valmin, slider.valmax) == (-3, 3) for slider in found.sliders.values())
    legend = found.figure.texts[-1].get_text()
    assert "(2 of 4)" in legend and "last button" not in legend


def test_of_many_dimensions_those_without_a_slider_stay_where_the_last_button_set_them():
    found = explorer(20)
    assert len(found.sliders) == 12 and "The 8 not shown stay" in found.figure.texts[-1].get_text()
    found.randomize()
    z = found.z.copy()
    j = list(found.sliders)[0]
    found.sliders[j].set_val(-2.5)
    z[j] = -2.5
    assert_decodes(found, z)
    assert np.count_nonzero(z) == 20


# ---------------------------------------------------------------------- the buttons

def test_random_draws_from_the_prior():
    found, rng = explorer(5, rng=7), np.random.default_rng(7)
    for _ in range(2):
        found.randomize()
        assert_decodes(found, rng.standard_normal(5))
        assert "N(0, I)" in found.right.get_title() and not found.left.get_visible()


def test_random_draws_from_the_prior_of_any_class():
    found, rng = explorer(3, rng=7), np.random.default_rng(7)
    found.vae = ConditionalVAE(6, 16, 3, 4, rng=1)
    drawn = set()
    for _ in range(20):
        found.randomize()
        eps, y = rng.standard_normal(3), rng.integers(4)
        assert_decodes(found, found.vae.params["M"][y] + eps)
        assert found.right.get_title() == f"decoded from z ~ N(M[{y}], I)"
        drawn.add(y)
    assert drawn == {0, 1, 2, 3}


@pytest.mark.parametrize("labels, masked, dtype",
                         [(None, False, np.float32), (np.array([5, 0, 3]), True, np.uint8),
                          (np.array([5, 0, 3]), False, np.float64)])
def test_a_test_image_is_encoded_and_shown_beside_what_becomes_of_it(labels, masked, dtype):
    rng = np.random.default_rng(3)
    in_bytes = dtype == np.uint8
    x = rng.integers(0, 256, (3, 6), dtype) if in_bytes else rng.random((3, 6), dtype)
    mask = rng.random((3, 6)) < 0.7 if masked else None
    if masked:
        x = x * mask                                             # as a run keeps them
    found = explorer(4, x=x, labels=labels, mask=mask)
    floats = x / 255 if in_bytes else x
    for i in (0, 1, 2, 0):                                       # and from the start
        found.encode_next()
        assert_decodes(found, found.vae.encode(floats[i:i + 1])[0][0])
        assert np.array_equal(found.image, found.vae.reconstruct(floats[i:i + 1])[0])
        original = floats[i] if mask is None else np.where(mask[i], floats[i], np.nan)
        shown = np.ma.filled(found.left.images[0].get_array().astype(float), np.nan)
        assert np.array_equal(shown, original.reshape(2, 3), equal_nan=True)
        assert found.left.get_visible()
        title = "test image" if labels is None else f"test image, label {labels[i]}"
        assert found.left.get_title() == title
        assert found.right.get_title() == "rebuilt from its μ"
    next(iter(found.sliders.values())).set_val(1.5)
    assert found.left.get_visible() and found.right.get_title() == "decoded from this z"
    found.randomize()
    assert not found.left.get_visible() and found.original is None


def test_a_code_beyond_the_sliders_is_decoded_as_it_is():
    found = explorer(3)
    found.show(np.array([4.2, -3.5, 0.0]), "a code")
    assert_decodes(found, [4.2, -3.5, 0.0])
    numbers = [slider.valtext for _, slider in sorted(found.sliders.items())]
    assert [number.get_text() for number in numbers] == ["4.2", "−3.5", "0.0"]
    found.sliders[2].set_val(-0.01)
    assert_decodes(found, [4.2, -3.5, -0.01])                    # the others stay where they were
    assert numbers[2].get_text() == "0.0"


@pytest.mark.parametrize("image_shape", [(8, 8), (1, 30), (7, 3)])
def test_one_image_is_large_and_two_stand_side_by_side(image_shape):
    found = explorer(2, image_shape)
    alone = found.right.get_position()
    found.encode_next()
    left, right = found.left.get_position(), found.right.get_position()
    assert left.width == pytest.approx(right.width) and left.height == pytest.approx(right.height)
    assert not left.overlaps(right)
    assert (left.y0 > right.y1) if image_shape == (1, 30) else (left.x1 < right.x0)
    found.randomize()
    assert found.right.get_position().bounds == alone.bounds


# ---------------------------------------------------------------------- the mouse

def test_the_mouse_presses_the_buttons():
    found = explorer(4, rng=5)
    z = np.random.default_rng(5).standard_normal(4)
    click(found.buttons["random"].ax)
    assert_decodes(found, z)
    click(found.buttons["encode a test image"].ax)
    mu, _ = found.vae.encode(found.x[:1])
    assert_decodes(found, mu[0])
    on_the_button = found.buttons["random"].ax.transAxes.transform((0.5, 0.5))
    elsewhere = found.right.transAxes.transform((0.5, 0.5))
    mouse(found.figure, "button_press_event", *on_the_button)
    mouse(found.figure, "button_release_event", *elsewhere)
    assert_decodes(found, mu[0])                                 # nothing happens


def test_the_mouse_drags_a_slider():
    found, z = explorer(4), np.zeros(4)
    j, slider = list(found.sliders.items())[2]
    click(slider.ax, 0.75)
    z[j] = found.z[j]
    assert z[j] == pytest.approx(1.5)
    assert_decodes(found, z)
    x, y = slider.ax.transAxes.transform((0.5, 0.5))
    mouse(found.figure, "button_press_event", x, y)
    mouse(found.figure, "motion_notify_event", 0, y + 200)       # anywhere to the left of it
    mouse(found.figure, "button_release_event", 0, y + 200)
    z[j] = -3
    assert_decodes(found, z)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("latent_dim, image_shape", [(20, (28, 28)), (1, (1, 30))])
def test_nothing_is_cut_off(tmp_path, latent_dim, image_shape):
    found = explorer(latent_dim, image_shape, labels=np.array([4, 4, 4]))
    found.encode_next()
    plots.save(found.figure, tmp_path / "a.png")
    ink = (imread(tmp_path / "a.png")[..., :3] < 0.9).any(axis=2)
    assert not ink[[0, -1]].any() and not ink[:, [0, -1]].any() and ink.mean() > 0.02
    texts = [text for axes in found.figure.axes for text in (axes.title, *axes.texts)
             if text.get_text().strip()]
    boxes = [thing.get_window_extent()
             for thing in (*texts, *found.figure.texts, found.left, found.right)]
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])
    assert all(text.get_fontsize() >= 14 for text in found.figure.findobj(Text))


# ---------------------------------------------------------------------- its style

MOOD = {"text.usetex": True, "font.family": "no such font", "axes.facecolor": "red",
        "figure.dpi": 37, "figure.facecolor": "green", "image.origin": "lower",
        "lines.linewidth": 9, "figure.hooks": ["no:such"]}


def drawn(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.array(canvas.buffer_rgba())


def test_it_is_drawn_in_our_style_whatever_the_user_s(monkeypatch):
    """While it is made, and whenever it is drawn afterwards."""
    pyplot.switch_backend("agg")
    monkeypatch.setattr(FigureCanvasAgg, "required_interactive_framework", "a test")
    z, images = [0.5, -1, 2, 0.1], []
    for mood in ({}, MOOD):
        with rc_context(mood):
            figure, why = open_window()
            assert why is None and figure.dpi == 100
            found = explorer(figure=figure)
            images.append(drawn(figure))
            found.encode_next()
            found.show(z, "a title")
            images.append(drawn(figure))
            pyplot.close(figure)
    assert np.array_equal(images[0], images[2]) and np.array_equal(images[1], images[3])
    assert not np.array_equal(images[0], images[1])


def test_pixels_are_shown_from_white_to_black_in_their_range():
    found = explorer(pixel_range=(-3, 5))
    found.encode_next()
    assert all(axes.images[0].get_clim() == (-3, 5) for axes in (found.left, found.right))


# ---------------------------------------------------------------------- no window

NO_SCREEN  = "there is no screen (DISPLAY is not set)"
NO_TOOLKIT = "neither Python's tkinter nor another toolkit for windows is installed"
NO_ANSWER  = "no screen responds, or matplotlib is set to draw with agg"


@pytest.mark.parametrize("platform, settings, lost, words", [
    ("linux",  {},                       (),              NO_SCREEN),
    ("linux",  {"DISPLAY": ":55"},       window.TOOLKITS, NO_TOOLKIT),
    ("linux",  {"WAYLAND_DISPLAY": "x"}, window.TOOLKITS, NO_TOOLKIT),
    ("darwin", {},                       window.TOOLKITS, NO_TOOLKIT),
    ("linux",  {"DISPLAY": ":55"},       (),              NO_ANSWER),
    ("win32",  {},                       (),              NO_ANSWER)])
def test_it_says_why_there_is_no_window(monkeypatch, platform, settings, lost, words):
    pyplot.switch_backend("agg")
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(window, "find_spec", lambda name: None if name in lost else name)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    figure, why = open_window()
    assert figure is None and words in why and not pyplot.get_fignums()


# ---------------------------------------------------------------------- the wing

def test_matplotlib_is_imported_only_when_a_window_is_wanted():
    code = """
        import sys
        import numpyvae.explore
        print("matplotlib" in sys.modules)
        from numpyvae.explore import Explorer, keep_open, open_window
        print("matplotlib" in sys.modules, "matplotlib.pyplot" in sys.modules)
        """
    done = subprocess.run([sys.executable, "-c", dedent(code)], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("False\nTrue False\n", "")


def test_what_is_public_is_at_hand_and_nothing_else():
    assert explore.__all__ == ["Explorer", "keep_open", "open_window", "write_page"]
    for name in ("Explorer", "keep_open", "open_window"):
        assert getattr(explore, name) is getattr(window, name)
    assert explore.write_page is page.write_page
    with pytest.raises(AttributeError, match="numpyvae.explore.* has no attribute 'find_spec'"):
        explore.find_spec
