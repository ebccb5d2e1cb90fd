"""The window of `numpyvae explore`: its sliders and buttons, driven without a screen; and what is
done without one.
"""
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.backend_bases import MouseEvent
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import imread
from test_cli import assert_one_sentence, call, contents

from numpyvae import VAE, datasets, explore, plots
from numpyvae.evaluate import mean_kl_per_dim
from numpyvae.explore import Explorer
from numpyvae.training import Run


def network(latent_dim, image_shape=(2, 3), dtype=np.float64):
    """A network whose every latent dimension changes the image."""
    return VAE(np.prod(image_shape), 16, latent_dim, rng=1, dtype=dtype)


def explorer(latent_dim=4, image_shape=(2, 3), n=3, dtype=np.float64, **options):
    rng = np.random.default_rng(2)
    kl, x = rng.permutation(latent_dim) / 20.0, rng.random((n, np.prod(image_shape))).astype(dtype)
    return Explorer(network(latent_dim, image_shape, dtype), options.pop("kl", kl),
                    options.pop("x", x), image_shape, **options)


def assert_decodes(found, z):
    """That `found` stands at the code z, everywhere that this can be seen."""
    assert np.array_equal(found.z, z)
    expected = found.vae.decode(np.array(z)[None])[0]
    assert np.array_equal(found.image, expected)
    assert np.array_equal(found.right.images[0].get_array(), expected.reshape(found.image_shape))
    for j, slider in found.sliders.items():
        assert slider.val == np.clip(z[j], -3, 3)
        assert float(slider.valtext.get_text().replace("−", "-")) == pytest.approx(z[j], abs=0.0501)


def event(figure, name, x, y):
    """What a window tells matplotlib when the left button of the mouse is pressed, moved or
    released there.
    """
    figure.canvas.callbacks.process(name, MouseEvent(name, figure.canvas, x, y, button=1))


def click(axes, across=0.5):
    x, y = axes.transAxes.transform((across, 0.5))
    for name in ("button_press_event", "button_release_event"):
        event(axes.figure, name, x, y)


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
    # used: more than 0.1 nats
    assert colours[0] == colours[1] != colours[2] == colours[3]
    assert all((slider.valmin, slider.valmax) == (-3, 3) for slider in found.sliders.values())
    assert "(2 of 4)" in found.figure.texts[-1].get_text() and "last button" not in found.figure.texts[-1].get_text()


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


@pytest.mark.parametrize("labels, masked, dtype",
                         [(None, False, np.float32), (np.array([5, 0, 3]), True, np.uint8),
                          (np.array([5, 0, 3]), False, np.float64)])
def test_a_test_image_is_encoded_and_shown_beside_what_becomes_of_it(labels, masked, dtype):
    rng = np.random.default_rng(3)
    x = rng.integers(0, 256, (3, 6)).astype(dtype) if dtype == np.uint8 else rng.random((3, 6),
                                                                                        dtype)
    mask = rng.random((3, 6)) < 0.7 if masked else None
    if masked:
        x = x * mask                                             # as a run keeps them
    found = explorer(4, x=x, labels=labels, mask=mask)
    floats = x / 255 if dtype == np.uint8 else x
    for i in (0, 1, 2, 0):                                       # and from the start
        found.encode_next()
        assert_decodes(found, found.vae.encode(floats[i:i + 1])[0][0])
        assert np.array_equal(found.image, found.vae.reconstruct(floats[i:i + 1])[0])
        original = floats[i] if mask is None else np.where(mask[i], floats[i], np.nan)
        shown = np.ma.filled(found.left.images[0].get_array().astype(float), np.nan)
        assert np.array_equal(shown, original.reshape(2, 3),
                              equal_nan=True) and found.left.get_visible()
        assert found.left.get_title() == ("test image" if labels is None else "test image, label "
                                          f"{labels[i]}")
        assert found.right.get_title() == "rebuilt from its μ"
    next(iter(found.sliders.values())).set_val(1.5)
    assert found.left.get_visible() and found.right.get_title() == "decoded from this z"
    found.randomize()
    assert not found.left.get_visible() and found.original is None


def test_a_code_beyond_the_sliders_is_decoded_as_it_is():
    found = explorer(3)
    found.show(np.array([4.2, -3.5, 0.0]), "a code")
    assert_decodes(found, [4.2, -3.5, 0.0])
    assert found.sliders[0].valtext.get_text() == "4.2" and found.sliders[1].valtext.get_text() == "−3.5"
    found.sliders[2].set_val(-0.01)
    # turning one leaves the others where they were
    assert_decodes(found, [4.2, -3.5, -0.01])
    assert found.sliders[2].valtext.get_text() == "0.0"


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
    assert_decodes(found, found.vae.encode(found.x[:1])[0][0])
    event(found.figure, "button_press_event",
          *found.buttons["random"].ax.transAxes.transform((0.5, 0.5)))
    event(found.figure, "button_release_event", *found.right.transAxes.transform((0.5, 0.5)))
    assert_decodes(found, found.vae.encode(found.x[:1])[0][0])   # let go elsewhere: not meant


def test_the_mouse_drags_a_slider():
    found, z = explorer(4), np.zeros(4)
    j, slider = list(found.sliders.items())[2]
    click(slider.ax, 0.75)
    z[j] = found.z[j]
    assert z[j] == pytest.approx(1.5)
    assert_decodes(found, z)
    x, y = slider.ax.transAxes.transform((0.5, 0.5))
    event(found.figure, "button_press_event", x, y)
    event(found.figure, "motion_notify_event", 0, y + 200)       # anywhere to the left of it
    event(found.figure, "button_release_event", 0, y + 200)
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
    boxes = [text.get_window_extent() for axes in found.figure.axes
             for text in (axes.title, *axes.texts)
             if text.get_text().strip()] + [text.get_window_extent() for text in found.figure.texts]
    boxes += [found.left.get_window_extent(), found.right.get_window_extent()]
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])
    assert all(text.get_fontsize() >= 14
               for text in found.figure.findobj(lambda artist: hasattr(artist, "get_text")))


# ---------------------------------------------------------------------- the command

@pytest.fixture
def home(tmp_path, monkeypatch):
    """A working folder with a VAE's run and an auto-encoder's; and no screen."""
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).integers(0, 256, (40, 4, 3), np.uint8)
    np.savez("own.npz", x=x, labels=np.arange(40) % 3)
    dataset = datasets.load("own.npz")
    for model in ("vae", "ae"):
        run = Run(dataset.x_train, dataset.x_test, data=str(tmp_path / "own.npz"),
                  image_shape=(4, 3), model=model, hidden_dim=8, latent_dim=3, epochs=1)
        os.mkdir(model)
        run.save(model)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    pyplot.switch_backend("agg")
    return tmp_path


@pytest.fixture
def window(home, monkeypatch):
    """As if there were a screen: what a test appends to this list gets the figure while its window
    is open.
    """
    script = []

    def show(block):
        assert block
        for act in script:
            act(pyplot.gcf())
        pyplot.close("all")
    monkeypatch.setattr(FigureCanvasAgg, "required_interactive_framework", "a test")
    # a window's would wait, and draw once
    monkeypatch.setattr(FigureCanvasAgg, "draw_idle", lambda canvas: None)
    monkeypatch.setattr(pyplot, "show", show)
    return script


def test_without_a_screen_it_says_so_and_draws_a_picture(home, capsys):
    before = contents(home)
    status, out, err = call(capsys, "explore", "vae")
    path = os.path.join("vae", "traversal.png")
    assert (status, err) == (0, "") and out.count("\n") == 1 and out.endswith(f": {path}\n") and "No window" in out
    after = contents(home)
    picture = after.pop(path)
    assert after == before and picture.startswith(b"\x89PNG") and not pyplot.get_fignums()
    assert call(capsys, "explore", "vae")[0] == 0
    assert contents(home) == {**before, path: picture}           # again: the same


def test_the_picture_is_of_this_run(home, capsys, monkeypatch):
    asked = []
    monkeypatch.setattr(plots, "save", lambda figure, path: None)
    monkeypatch.setattr(plots, "traversal", lambda *args: asked.append(args))
    assert call(capsys, "explore", "vae")[0] == 0
    (decode, kl, image_shape), = asked
    vae, data = VAE.load("vae/model.npz"), datasets.load("own.npz")
    assert np.array_equal(decode(np.ones((1, 3))),
                          vae.decode(np.ones((1, 3)))) and image_shape == (4, 3)
    assert np.array_equal(kl, mean_kl_per_dim(vae, data.x_test))


@pytest.mark.parametrize("platform, settings, lost, words", [
    ("linux", {}, (), "there is no screen (DISPLAY is not set)"),
    ("linux", {"DISPLAY": ":55"}, explore.TOOLKITS, "tkinter is not installed"),
    ("linux", {"WAYLAND_DISPLAY": "x"}, explore.TOOLKITS, "tkinter is not installed"),
    ("darwin", {}, explore.TOOLKITS, "tkinter is not installed"),
    ("linux", {"DISPLAY": ":55"}, (), "no screen answers, or matplotlib was told to draw with agg"),
    ("win32", {}, (), "no screen answers, or matplotlib was told to draw with agg")])
def test_it_says_why_there_is_no_window(home, capsys, monkeypatch, platform, settings, lost, words):
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(explore, "find_spec", lambda name: None if name in lost else name)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    figure, why = explore.open_window()
    assert figure is None and words in why and not pyplot.get_fignums()


def test_a_toolkit_that_fails_is_told_and_the_picture_drawn(home, capsys, monkeypatch):
    drawn = []

    def fail(*args, **options):
        raise RuntimeError("couldn't connect\nto display")
    monkeypatch.setenv("DISPLAY", ":55")
    monkeypatch.setattr(explore, "find_spec", lambda name: name)
    monkeypatch.setattr(pyplot, "figure", fail)
    monkeypatch.setattr(plots, "save", lambda figure, path: drawn.append(path))
    status, out, err = call(capsys, "explore", "vae")
    assert (status, err) == (0,
                             "") and "No window can be opened: couldn't connect to display." in out
    assert drawn == [os.path.join("vae", "traversal.png")]


def test_the_window_of_a_run(home, window, capsys):
    vae, data = VAE.load("vae/model.npz"), datasets.load("own.npz")
    before, images = contents(home), []

    def turn_and_encode(figure):
        names = {text.get_text(): axes for axes in figure.axes for text in axes.texts}
        order = np.argsort(-mean_kl_per_dim(vae, data.x_test))
        assert [name for name in names if name.startswith("z")] == [f"z{'₁₂₃'[j]}" for j in order]
        click(names[f"z{'₁₂₃'[order[0]]}"], 0.9)
        images.append(figure.axes[-1].images[0].get_array())
        click(names["encode a test image"])
        images.extend(axes.images[0].get_array() for axes in figure.axes[-2:])
        assert figure.axes[-2].get_title() == f"test image, label {data.labels_test[0]}"
        z = np.zeros((1, 3))
        z[0, order[0]] = 2.4                                     # 0.9 of the way from -3 to 3
        np.testing.assert_allclose(images[0].ravel(), vae.decode(z)[0], rtol=1e-5)
    window.append(turn_and_encode)
    status, out, err = call(capsys, "explore", "vae")
    assert (status, err) == (0, "") and "stays until you close it" in out
    x = data.x_test[:1] / np.float32(255)
    assert np.array_equal(images[1].ravel(), x[0])
    assert np.array_equal(images[2].ravel(), vae.reconstruct(x)[0])
    assert contents(home) == before                              # looking changes nothing


def test_ctrl_c_closes_the_window(home, window, capsys, monkeypatch):
    timers, make = [], FigureCanvasAgg.new_timer
    monkeypatch.setattr(FigureCanvasAgg, "new_timer", lambda *args,
                        **kwargs: timers.append(make(*args, **kwargs)) or timers[-1])
    before = signal.getsignal(signal.SIGINT)

    def press(figure):
        (look, args, kwargs), = timers[0].callbacks
        assert look() and pyplot.get_fignums()                   # nothing has happened yet
        # and nothing does, until the timer looks
        signal.raise_signal(signal.SIGINT)
        assert not look() and not pyplot.get_fignums()
    window.append(press)
    status, out, err = call(capsys, "explore", "vae")
    assert (status, err) == (130, "numpyvae explore: stopped\n")
    assert signal.getsignal(signal.SIGINT) == before


def test_an_ordinary_auto_encoder_s_run_is_refused(home, window, capsys):
    before = contents(home)
    status, out, err = call(capsys, "explore", "ae")
    assert_one_sentence(status, err, "ae: holds an ordinary auto-encoder", "take a VAE's run")
    assert out == "" and contents(home) == before and not pyplot.get_fignums()


def test_data_that_were_moved(home, capsys, monkeypatch):
    monkeypatch.setattr(plots, "save", lambda figure, path: None)
    os.rename("own.npz", "moved.npz")
    status, out, err = call(capsys, "explore", "vae")
    assert_one_sentence(status, err, "own.npz", "--data or --data-dir says where they lie now")
    assert out == "" and call(capsys, "explore", "vae", "--data", "moved.npz")[0] == 0
    status, out, err = call(capsys, "explore", "nowhere")
    assert_one_sentence(status, err, "nowhere: expected the folder of a run")


def test_it_explains_itself(capsys):
    status, out, err = call(capsys, "explore", "--help")
    assert (status, err) == (0, "") and out.isascii() and "usage: numpyvae explore" in out
    assert "--data FILE" in out and "--data-dir DIR" in out and "explore" in call(capsys)[1]


# ---------------------------------------------------------------------- the picture

@pytest.mark.parametrize("latent_dim", [1, 3, 20])
def test_the_traversal_is_decoded_from_one_dimension_at_a_time(latent_dim):
    vae, kl = network(latent_dim), np.random.default_rng(4).permutation(latent_dim) / 7
    figure = plots.traversal(vae.decode, kl, (2, 3))
    order = sorted(range(latent_dim), key=lambda j: -kl[j])[:10]
    assert len(figure.axes) == len(order) and ("10 most active of 20" in figure.get_suptitle()) == (latent_dim == 20)
    assert [text.get_text() for text in figure.axes[0].texts[1:]] == [
        "−3", "−2.5", "−2", "−1.5", "−1", "−0.5", "0", "0.5", "1", "1.5", "2", "2.5", "3"]
    for axes, j in zip(figure.axes, order):
        assert axes.texts[0].get_text() == f"{plots.name_of(j)}\n{kl[j]:.2f} nats"
        mosaic = np.ma.filled(axes.images[0].get_array(), np.nan)
        for column in range(13):
            z = np.zeros((1, latent_dim))
            z[0, j] = -3 + 0.5 * column
            np.testing.assert_allclose(mosaic[1:3, 4 * column + 1:4 * column + 4].ravel(),
                                       vae.decode(z)[0], rtol=1e-12)
    assert plots.name_of(0) == "z₁" and plots.name_of(122) == "z₁₂₃"


def test_a_backend_that_matplotlib_does_not_know_is_told(home):
    env = {**os.environ, "MPLBACKEND": "no such backend"}
    done = subprocess.run([sys.executable, "-m", "numpyvae", "explore", "vae"], env=env, cwd=home,
                          capture_output=True, text=True)
    assert done.returncode == 2 and not done.stdout
    assert done.stderr.startswith("numpyvae explore: MPLBACKEND: expected a backend") and done.stderr.count("\n") == 1
