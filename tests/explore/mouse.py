"""The mouse, as a window would report it to matplotlib."""
from matplotlib.backend_bases import MouseEvent


def mouse(figure, name, x, y):
    """The left button is pressed, moved or released at (x, y) pixels, as the event's name says."""
    figure.canvas.callbacks.process(name, MouseEvent(name, figure.canvas, x, y, button=1))


def click(axes, across=0.5):
    """Press and release the left button within `axes`, `across` of the way from left to right."""
    x, y = axes.transAxes.transform((across, 0.5))
    mouse(axes.figure, "button_press_event", x, y)
    mouse(axes.figure, "button_release_event", x, y)
