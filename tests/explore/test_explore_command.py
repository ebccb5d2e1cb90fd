"""`numpyvae explore`: the window of a run, what is done where none can be opened, and the page."""
import os
import signal
import subprocess
import sys
from textwrap import dedent

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.backends.backend_agg import FigureCanvasAgg
from helpers_cli import ENV, assert_one_sentence, call, contents, forbid_writing
from mouse import click

from numpyvae import VAE, datasets, plots
from numpyvae.evaluate import mean_kl_per_dim
from numpyvae.explore import page
from numpyvae.runs import SavedRun
from numpyvae.training import Run


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A working folder with a VAE's run and an auto-encoder's; and no screen."""
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).integers(0, 256, (40, 4, 3), np.uint8)
    np.savez("own.npz", x=x, labels=np.arange(40) % 3)
    dataset = datasets.load("own.npz")
    for model in ("vae", "ae"):
        run = Run(dataset.x_train, dataset.x_test, model=model, hidden_dim=8, latent_dim=3,
                  epochs=1)
        os.mkdir(model)
        SavedRun(run, model, str(tmp_path / "own.npz"), image_shape=(4, 3)).save()
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    pyplot.switch_backend("agg")
    return tmp_path


@pytest.fixture
def window(home, monkeypatch):
    """Pretend there is a screen: what a test appends to this list is called with the figure."""
    script = []

    def show(block):
        assert block
        for act in script:
            act(pyplot.gcf())
        pyplot.close("all")
    monkeypatch.setattr(FigureCanvasAgg, "required_interactive_framework", "a test")
    # A window waits for the last of many such calls.
    monkeypatch.setattr(FigureCanvasAgg, "draw_idle", lambda canvas: None)
    monkeypatch.setattr(pyplot, "show", show)
    return script


def test_without_a_screen_it_says_so_and_draws_a_picture(home, capsys):
    before = contents(home)
    status, out, err = call(capsys, "explore", "vae")
    path = os.path.join("vae", "traversal.png")
    assert (status, err) == (0, "") and out.count("\n") == 1
    assert "No window" in out and out.endswith(f": {path}\n")
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
    z = np.ones((1, 3))
    assert np.array_equal(decode(z), vae.decode(z)) and image_shape == (4, 3)
    assert np.array_equal(kl, mean_kl_per_dim(vae, data.x_test))


def test_a_toolkit_that_fails_is_reported_and_the_picture_drawn(home, capsys, monkeypatch):
    drawn = []

    def fail(*args, **options):
        raise RuntimeError("couldn't connect\nto display")
    monkeypatch.setenv("DISPLAY", ":55")
    monkeypatch.setattr("numpyvae.explore.window.find_spec", lambda name: name)
    monkeypatch.setattr(pyplot, "figure", fail)
    monkeypatch.setattr(plots, "save", lambda figure, path: drawn.append(path))
    status, out, err = call(capsys, "explore", "vae")
    assert (status, err) == (0, "")
    assert "No window can be opened: couldn't connect to display." in out
    assert drawn == [os.path.join("vae", "traversal.png")]


def test_the_window_of_a_run(home, window, capsys):
    vae, data = VAE.load("vae/model.npz"), datasets.load("own.npz")
    before, images = contents(home), []

    def turn_and_encode(figure):
        names = {text.get_text(): axes for axes in figure.axes for text in axes.texts}
        order = np.argsort(-mean_kl_per_dim(vae, data.x_test))
        sliders = [name for name in names if name.startswith("z")]
        assert sliders == [plots.name_of(j) for j in order]
        click(names[sliders[0]], 0.9)
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

    def make_and_keep(*args, **kwargs):
        timers.append(make(*args, **kwargs))
        return timers[-1]
    monkeypatch.setattr(FigureCanvasAgg, "new_timer", make_and_keep)
    before = signal.getsignal(signal.SIGINT)

    def press(figure):
        (look, args, kwargs), = timers[0].callbacks
        assert look() and pyplot.get_fignums()                   # nothing has happened yet
        signal.raise_signal(signal.SIGINT)
        assert pyplot.get_fignums()                              # nor does it until the timer looks
        assert not look() and not pyplot.get_fignums()
    window.append(press)
    status, out, err = call(capsys, "explore", "vae")
    assert (status, err) == (130, "numpyvae explore: stopped\n")
    assert signal.getsignal(signal.SIGINT) == before


def test_an_ordinary_auto_encoder_s_run_is_refused(home, window, capsys):
    before = contents(home)
    status, out, err = call(capsys, "explore", "ae")
    assert_one_sentence(status, err, "ae: expected a model with a prior", "ordinary auto-encoder")
    assert out == "" and contents(home) == before and not pyplot.get_fignums()


# ---------------------------------------------------------------------- a page instead

def test_a_page_is_written_and_nothing_else(home, window, capsys):
    before = contents(home)
    status, out, err = call(capsys, "explore", "vae", "--page", "page.html")
    assert (status, err) == (0, "") and out.count("\n") == 1
    assert out.startswith("page.html: ") and " kB" in out and not pyplot.get_fignums()
    vae, data = VAE.load("vae/model.npz"), datasets.load("own.npz")
    html = (home / "page.html").read_text(encoding="utf-8")
    assert html == page.render(vae, data.x_test, (4, 3), data.labels_test, learned_from="own")
    assert call(capsys, "explore", "vae", "--page", "EXACT.HTML", "--exact")[0] == 0
    exact = (home / "EXACT.HTML").read_text(encoding="utf-8")
    assert exact == page.render(vae, data.x_test, (4, 3), data.labels_test, learned_from="own",
                                exact=True)
    after = contents(home)
    assert {name: after[name] for name in before} == before
    assert after.keys() - before.keys() == {"page.html", "EXACT.HTML"}


@pytest.mark.parametrize("model", ["cvae", "iwae"])
def test_a_page_of_the_vae_s_relatives(home, capsys, model):
    dataset = datasets.load("own.npz")
    run = Run(dataset.x_train, dataset.x_test, None, None, dataset.labels_train,
              dataset.labels_test, model=model, hidden_dim=8, latent_dim=3, epochs=1)
    os.mkdir(model)
    SavedRun(run, model, str(home / "own.npz"), image_shape=(4, 3)).save()
    assert call(capsys, "explore", model, "--page", "page.html")[0] == 0
    html = (home / "page.html").read_text(encoding="utf-8")
    assert html == page.render(run.model, dataset.x_test, (4, 3), dataset.labels_test,
                               learned_from="own")


def test_a_page_needs_no_matplotlib(home):
    code = ("import sys\nfrom numpyvae import cli\n"
            "print(cli.main(['explore', 'vae', '--page', 'a.html']), 'matplotlib' in sys.modules)")
    done = subprocess.run([sys.executable, "-c", code], env=ENV, cwd=home, capture_output=True,
                          text=True)
    assert done.stderr == "" and done.stdout.endswith("\n0 False\n")


@pytest.mark.parametrize("argv, words", [
    (("vae", "--page", "taken.html"), "--page taken.html: expected a new file"),
    (("vae", "--page", "page.htm"),   "expected a new file that ends in .html, got page.htm"),
    (("vae", "--page", ""),           "expected a new file that ends in .html, got an empty name"),
    (("vae", "--page"),               "--page: expected one argument"),
    (("vae", "--exact"),              "--exact: expected it with --page FILE.html"),
    (("vae", "--page", os.path.join("no", "page.html")), os.path.join("no", "page.html: No such")),
    (("ae", "--page", "page.html"),   "ae: expected a model with a prior"),
    (("gone", "--page", "page.html"), "gone: expected the folder of a run")])
def test_where_no_page_can_be_written(home, window, capsys, argv, words):
    (home / "taken.html").write_text("a page of somebody's")
    before = contents(home)
    status, out, err = call(capsys, "explore", *argv)
    assert_one_sentence(status, err, words)
    assert out == "" and contents(home) == before and not pyplot.get_fignums()


def test_a_page_that_cannot_be_written(home, capsys, monkeypatch):
    forbid_writing(monkeypatch, "files")
    before = contents(home)
    status, out, err = call(capsys, "explore", "vae", "--page", "page.html")
    assert_one_sentence(status, err, "page.html: Permission denied")
    assert ".tmp" not in err and out == "" and contents(home) == before


def test_data_that_were_moved(home, capsys, monkeypatch):
    monkeypatch.setattr(plots, "save", lambda figure, path: None)
    os.rename("own.npz", "moved.npz")
    status, out, err = call(capsys, "explore", "vae")
    assert_one_sentence(status, err, "own.npz", "say where they are now with --data or --data-dir")
    assert out == "" and call(capsys, "explore", "vae", "--data", "moved.npz")[0] == 0
    assert call(capsys, "explore", "vae", "--data", "moved.npz", "--page", "moved.html")[0] == 0
    status, out, err = call(capsys, "explore", "nowhere")
    assert_one_sentence(status, err, "nowhere: expected the folder of a run")


def test_it_explains_itself(capsys):
    status, out, err = call(capsys, "explore", "--help")
    assert (status, err) == (0, "") and out.isascii() and "usage: numpyvae explore" in out
    assert "--page FILE.html" in out and "--exact" in out
    assert "--data FILE" in out and "--data-dir DIR" in out and "explore" in call(capsys)[1]


@pytest.mark.parametrize("backend, words", [
    ("no such backend",     "matplotlib does not know the backend no such backend (MPLBACKEND)"),
    ("module://no_such",    "No module named 'no_such'"),
    ("svg",                 "matplotlib is set to draw with svg")])
def test_a_backend_without_windows_is_reported_and_the_picture_drawn(home, backend, words):
    env = {**os.environ, "MPLBACKEND": backend, "DISPLAY": ":55"}
    code = """
        import sys
        from numpyvae.cli import main
        from numpyvae.explore import window
        window.find_spec = lambda name: name                     # as if a toolkit was installed
        sys.exit(main(sys.argv[1:]))
        """
    done = subprocess.run([sys.executable, "-c", dedent(code), "explore", "vae"], env=env,
                          cwd=home, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.count("\n") == 1
    assert done.stdout.startswith("No window can be opened: ") and words in done.stdout
    assert (home / "vae" / "traversal.png").read_bytes().startswith(b"\x89PNG")
