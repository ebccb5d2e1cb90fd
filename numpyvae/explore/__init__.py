"""A trained decoder to touch: `Explorer` is the panel, `open_window` and `keep_open` its window;
`write_page` puts it into a page for any browser.
"""
from .page import write_page

__all__ = ["Explorer", "keep_open", "open_window", "write_page"]


def __getattr__(name):
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import window                                      # here, since it imports matplotlib
    return getattr(window, name)
