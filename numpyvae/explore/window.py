"""The window of `numpyvae explore`: sliders to turn latent dimensions, and the decoded image."""
import os
import signal
import sys
from functools import partial
from importlib.util import find_spec

import numpy as np
from .. import plots                                          # imports matplotlib in its own way
from matplotlib import rc_context
from matplotlib.widgets import Button, Slider

from ..conditional import ConditionalVAE
from ..datasets.pixels import as_floats
from ..errors import check_rng
from .page import MOST, REACH

SIZE = (13, 7.2)                      # inches: 1300 by 720 pixels, which fit on most projectors
TOOLKITS = ("_tkinter", "PyQt6", "PySide6", "PyQt5", "PySide2", "gi", "wx")      # of matplotlib


# ---------------------------------------------------------------------- the panel

class Explorer:
    """A slider for each of the most active latent dimensions, two buttons, and the decoded image.

    vae: the network; kl: (Z,) in nats, from `evaluate.mean_kl_per_dim`
    x: (N, D) images to encode; image_shape: (height, width); labels: (N,) or None
    mask: (N, D) booleans, True where a pixel was observed, or None
    rng: a seed or a Generator, for the random codes
    figure: an empty `plots.Sheet`, such as a window's; by default a new one that no window shows
    pixel_range: which pixels are shown as white and as black

    `sliders`: matplotlib's, by latent dimension (from 0), the most active first
    `z`: (Z,) the present code; `image`: (D,) what it decodes to
    `original`: (D,) the test image that was encoded last, or None
    """

    @plots.on_paper
    def __init__(self, vae, kl, x, image_shape, labels=None, mask=None, rng=0, figure=None,
                 pixel_range=(0, 1)):
        self.vae, self.x, self.labels, self.mask = vae, x, labels, mask
        self.image_shape, self.rng, self.next = image_shape, check_rng(rng), 0
        self.pixel_range = pixel_range
        kl = np.asarray(kl, dtype=np.float64)
        self.figure = plots.Sheet(SIZE, layout="none") if figure is None else figure
        self.figure.suptitle("Turn a latent dimension, and see what the decoder makes of the code")
        self.sliders = self._add_sliders(kl)
        self.buttons = {}
        self._add_button("random",              0.03, 0.13, self.randomize)
        self._add_button("encode a test image", 0.17, 0.27, self.encode_next)
        self.left, self.right = self._add_image(), self._add_image()
        self.show(np.zeros(len(kl)), "decoded from z = 0")

    # ------------------------------------------------------------------ what it can do

    def randomize(self, event=None):
        """Draw a code from the prior, or from the prior of any class, and decode it."""
        eps = self.rng.standard_normal(len(self.z))
        if not isinstance(self.vae, ConditionalVAE):
            self.show(eps, "decoded from z ~ N(0, I)")
            return
        y = self.rng.integers(self.vae.num_classes)
        self.show(self.vae.params["M"][y] + eps, f"decoded from z ~ N(M[{y}], I)")

    def encode_next(self, event=None):
        """Encode the next test image, and decode the mean of its code beside it."""
        i = self.next
        self.next = (i + 1) % len(self.x)
        x = as_floats(self.x[i:i + 1], self.vae.dtype)
        mu, _ = self.vae.encode(x)
        original = x[0] if self.mask is None else np.where(self.mask[i], x[0], np.nan)
        label = "" if self.labels is None else f", label {self.labels[i]}"
        self.left.title.set_text(f"test image{label}")
        self.show(mu[0], "rebuilt from its μ", original)

    def show(self, z, title, original=None):
        """Set all sliders to a code and decode it.

        z: (Z,); title: above the decoded image; original: (D,) an image to show beside it, or None
        """
        self.z, self.original = np.array(z, dtype=np.float64), original
        for j, slider in self.sliders.items():
            slider.eventson = False                           # all move, but one image is decoded
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
        for j, slider in self.sliders.items():                # the number is right even where the
            shown = f"{self.z[j]:.1f}".replace("-", "−")      # slider is at its end
            slider.valtext.set_text(shown.replace("−0.0", "0.0"))
        self.figure.canvas.draw_idle()

    def _place_images(self):
        """The decoded image alone, or the original to its left, or above it if they are wide."""
        x, y, width, height = 0.48, 0.03, 0.505, 0.79
        rows, columns = self.image_shape
        self.left.set_visible(self.original is not None)
        if self.original is None:
            self.right.set_position([x, y, width, height])
            return
        self.left.images[0].set_data(self.original.reshape(self.image_shape))
        if columns > 2 * rows:
            self.left.set_position([x, y + 0.55 * height, width, 0.45 * height])
            self.right.set_position([x, y, width, 0.45 * height])
        else:
            self.left.set_position([x, y, 0.48 * width, height])
            self.right.set_position([x + 0.52 * width, y, 0.48 * width, height])

    # ------------------------------------------------------------------ what it is made of

    def _add_sliders(self, kl):
        most_active = np.argsort(-kl)[:MOST].tolist()
        distance = min(0.1, 0.66 / len(most_active))          # from one slider to the next
        sliders = {}
        for row, j in enumerate(most_active):
            axes = self.figure.add_axes([0.08, 0.88 - (row + 0.8) * distance, 0.31, 0.6 * distance])
            colour = plots.TEST if kl[j] > plots.USED else plots.TRAIN
            handle = {"size": 15, "edgecolor": "black"}
            sliders[j] = Slider(axes, plots.name_of(j), -REACH, REACH, valinit=0, valfmt="%.1f",
                                color=colour, initcolor="none", handle_style=handle)
            sliders[j].on_changed(partial(self._turn, j))
        self.figure.text(0.03, 0.205, _legend(kl), fontsize=14, va="top", linespacing=1.3)
        return sliders

    def _add_button(self, name, left, width, action):
        button = Button(self.figure.add_axes([left, 0.03, width, 0.08]), name)
        button.ax.spines[:].set_visible(True)
        button.on_clicked(action)
        self.buttons[name] = button

    def _add_image(self):
        axes = self.figure.add_axes([0, 0, 1, 1], title=" ", xticks=[], yticks=[], navigate=False)
        nothing = np.full(self.image_shape, self.pixel_range[0], self.vae.dtype)
        plots.show_picture(axes, nothing, *self.pixel_range).set_zorder(3)
        axes.spines[:].set(visible=True, color=plots.INK.get_bad(), linewidth=6)
        return axes


def _legend(kl):
    used, hidden = int((kl > plots.USED).sum()), len(kl) - MOST
    words = f"The most active first; in red: KL above {plots.USED} nats ({used} of {len(kl)})."
    if hidden > 0:
        words += f"\nThe {hidden} not shown stay where the last button set them."
    return words


# ---------------------------------------------------------------------- the window

def open_window():
    """An empty figure in a new window, if one can be opened.

    ->  the figure and None; or None and a phrase that says why there is no window
    """
    if plots.backend.UNKNOWN:
        return None, f"matplotlib does not know the backend {plots.backend.UNKNOWN} (MPLBACKEND)"
    try:
        from matplotlib import pyplot                         # only here: it looks for a screen
        figure = _new_window(pyplot)
    except Exception as error:                                # each toolkit has errors of its own
        return None, _what_is_missing() or " ".join(str(error).split())
    if figure.canvas.required_interactive_framework is None:  # it fell back on a mere file format
        pyplot.close(figure)
        otherwise = f"no screen responds, or matplotlib is set to draw with {pyplot.get_backend()}"
        return None, _what_is_missing() or otherwise
    return figure, None


@plots.on_paper
def _new_window(pyplot):
    with rc_context({"toolbar": "None"}):
        return pyplot.figure("numpyvae explore", SIZE, layout="none", FigureClass=plots.Sheet)


def _what_is_missing():
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and not screen:
        return "there is no screen (DISPLAY is not set)"
    if not any(find_spec(name) for name in TOOLKITS):
        return ("neither Python's tkinter nor another toolkit for windows is installed "
                "(`pip install PySide6` installs one)")
    return None


def keep_open(figure):
    """Keep a window working until it is closed.  Raises KeyboardInterrupt after Ctrl-C."""
    # An exception raised inside a toolkit's loop would be printed and forgotten, or wait until the
    # mouse moves. So Ctrl-C only leaves a note, which a timer reads.
    from matplotlib import pyplot
    notes = []

    def look():
        if notes:
            pyplot.close(figure)
        return not notes                                      # False ends the timer

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
