"""The window of `numpyvae explore`: latent dimensions that are turned by hand, and the image that
they decode to.
"""
import os
import signal
import sys
from functools import partial
from importlib.util import find_spec

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.widgets import Button, Slider

from .. import plots
from ..datasets.pixels import as_floats
from ..errors import check_rng

SIZE = (13, 7.2)                     # in inches: 1300 by 720 pixels fit on most projectors
# sliders, so that each can still be read from the back of the room
MOST = 12
# that matplotlib can open windows with
TOOLKITS = ("_tkinter", "PyQt6", "PySide6", "PyQt5", "PySide2", "gi", "wx")


class Explorer:
    """The panel: a slider for each of the most active latent dimensions, two buttons, and the
    decoded image.

    vae: the network; kl: (Z,) in nats, what each dimension tells the decoder, as
    `evaluate.mean_kl_per_dim` measures it
    x: (N, D) images to encode; image_shape: (height, width); labels: (N,) or None
    mask: (N, D) booleans, True where a pixel was observed, or None; rng: a seed or a Generator for
    the random codes
    figure: an empty one to draw on, such as a window's; by default one that no window shows
    `sliders` are matplotlib's, by latent dimension (from 0), the most active first; `z`: (Z,) is
    the code that they
    stand at, `image`: (D,) what it decodes to, `original`: (D,) the image that was encoded last, or
    None.
    """

    def __init__(self, vae, kl, x, image_shape, labels=None, mask=None, rng=0, figure=None):
        self.vae, self.x, self.image_shape, self.labels, self.mask = vae, x, image_shape, labels, mask
        self.rng, self.next = check_rng(rng), 0
        kl = np.asarray(kl, dtype=np.float64)
        with rc_context(plots.STYLE):
            self.figure = Figure(SIZE, layout="none") if figure is None else figure
            self.figure.suptitle("Turn a latent dimension, and see what the decoder makes of the "
                                 "code")
            self.sliders = self._add_sliders(kl)
            self.buttons = self._add_buttons({"random": self.randomize,
                                              "encode a test image": self.encode_next})
            self.left, self.right = self._add_image(), self._add_image()
        self.show(np.zeros(len(kl)), "decoded from z = 0")

    # ------------------------------------------------------------------ what can be done with it

    def randomize(self, event=None):
        """A code drawn from the prior, z ~ N(0, I)."""
        self.show(self.rng.standard_normal(len(self.z)), "decoded from z ~ N(0, I)")

    def encode_next(self, event=None):
        """The mean of the next test image's code, and the image itself beside what becomes of it.
        """
        i, self.next = self.next, (self.next + 1) % len(self.x)
        x = as_floats(self.x[i:i + 1], self.vae.dtype)
        original = x[0] if self.mask is None else np.where(self.mask[i], x[0], np.nan)
        self.left.title.set_text("test image" if self.labels is None else "test image, label "
                                 f"{self.labels[i]}")
        self.show(self.vae.encode(x)[0][0], "rebuilt from its μ", original)

    def show(self, z, title, original=None):
        """Set all sliders to a code and decode it.

        z: (Z,); title: what the decoded image is called; original: (D,) an image to show beside it,
        or None
        """
        self.z, self.original = np.array(z, dtype=np.float64), original
        for j, slider in self.sliders.items():
            # all of them move, one image is decoded
            slider.eventson = False
            slider.set_val(np.clip(self.z[j], slider.valmin, slider.valmax))
            slider.eventson = True
        self._place_images()
        self._decode(title)

    # ------------------------------------------------------------------ how it does that

    def _turn(self, j, value):
        self.z[j] = value
        self._decode("decoded from this z")

    def _decode(self, title):
        self.image = self.vae.decode(self.z[None])[0]
        self.right.images[0].set_data(self.image.reshape(self.image_shape))
        self.right.title.set_text(title)
        # the number is exact where the slider is at its end
        for j, slider in self.sliders.items():
            slider.valtext.set_text(f"{self.z[j]:.1f}".replace("-", "−").replace("−0.0", "0.0"))
        self.figure.canvas.draw_idle()

    def _place_images(self):
        """The decoded image alone, or the original beside it (above it, if they are wide)."""
        x, y, width, height = 0.48, 0.03, 0.505, 0.79
        self.left.set_visible(self.original is not None)
        if self.original is None:
            self.right.set_position([x, y, width, height])
            return
        self.left.images[0].set_data(self.original.reshape(self.image_shape))
        if self.image_shape[1] > 2 * self.image_shape[0]:
            self.left.set_position([x, y + 0.55 * height, width, 0.45 * height])
            self.right.set_position([x, y, width, 0.45 * height])
        else:
            self.left.set_position([x, y, 0.48 * width, height])
            self.right.set_position([x + 0.52 * width, y, 0.48 * width, height])

    def _add_image(self):
        axes = self.figure.add_axes([0, 0, 1, 1], title=" ", xticks=[], yticks=[], navigate=False)
        axes.imshow(np.zeros(self.image_shape), cmap=plots.INK, vmin=0, vmax=1,
                    interpolation="nearest", zorder=3)
        axes.spines[:].set(visible=True, color=plots.INK.get_bad(), linewidth=6)
        return axes

    def _add_sliders(self, kl):
        order, sliders = np.argsort(-kl)[:MOST].tolist(), {}
        distance = min(0.1, 0.66 / len(order))
        for row, j in enumerate(order):
            axes = self.figure.add_axes([0.08, 0.88 - (row + 0.8) * distance, 0.31, 0.6 * distance])
            colour = plots.TEST if kl[j] > plots.USED else plots.TRAIN
            sliders[j] = Slider(axes, plots.name_of(j), -3, 3, valinit=0, valfmt="%.1f",
                                color=colour, initcolor="none", handle_style={"size": 15,
                                                                              "edgecolor": "black"})
            sliders[j].on_changed(partial(self._turn, j))
        self.figure.text(0.03, 0.205, _legend(kl), fontsize=14, va="top", linespacing=1.3)
        return sliders

    def _add_buttons(self, actions):
        places = [[0.03, 0.03, 0.13, 0.08], [0.17, 0.03, 0.27, 0.08]]
        buttons = {name: Button(self.figure.add_axes(place), name) for name,
                   place in zip(actions, places)}
        for name, action in actions.items():
            buttons[name].on_clicked(action)
            buttons[name].ax.spines[:].set_visible(True)
        return buttons


def _legend(kl):
    used, rest = int((kl > plots.USED).sum()), len(kl) - MOST
    words = f"The most active first; in red: KL above {plots.USED} nats ({used} of {len(kl)})."
    return words if rest <= 0 else f"{words}\nThe {rest} not shown stay where the last button set them."


# ---------------------------------------------------------------------- the window

def open_window():
    """An empty figure in a new window, where windows can be opened.

    ->  the figure and None; or None and, in words, why there is no window
    """
    try:
        # the only place: pyplot looks for a screen
        from matplotlib import pyplot
        with rc_context({**plots.STYLE, "toolbar": "None"}):
            figure = pyplot.figure("numpyvae explore", SIZE, layout="none")
    # ImportError, or a toolkit's own, and those have no parent in common
    except Exception as error:
        return None, _what_is_missing() or " ".join(str(error).split())
    # matplotlib fell back on a mere file format
    if figure.canvas.required_interactive_framework is None:
        pyplot.close(figure)
        told = f"no screen answers, or matplotlib was told to draw with {pyplot.get_backend()}"
        return None, _what_is_missing() or told
    return figure, None


def _what_is_missing():
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY")
                                                 or os.environ.get("WAYLAND_DISPLAY")):
        return "there is no screen (DISPLAY is not set)"
    if not any(map(find_spec, TOOLKITS)):
        return "Python's tkinter is not installed, nor another toolkit for windows (`pip install PySide6` brings one)"
    return None


def keep_open(figure):
    """Let a window work until it is closed.  Raises KeyboardInterrupt after Ctrl-C."""
    # An exception in the middle of a toolkit's loop would be printed and forgotten, or wait for the
    # mouse to move: so Ctrl-C leaves a note, a timer reads it.
    from matplotlib import pyplot
    notes = []

    def look():
        if notes:
            pyplot.close(figure)
        # False: the timer has done its work
        return not notes
    timer = figure.canvas.new_timer(interval=200, callbacks=[(look, (), {})])
    figure.canvas.mpl_connect("close_event", lambda event: timer.stop())
    before = signal.signal(signal.SIGINT, lambda *_: notes.append("Ctrl-C"))
    try:
        timer.start()
        pyplot.show(block=True)
    finally:
        signal.signal(signal.SIGINT, before)
    if notes:
        raise KeyboardInterrupt
