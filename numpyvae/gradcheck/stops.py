"""Where a student's code stopped.

The traceback of an exception has a frame for each call that was under way, with its line and its
variables. So the line can be told even if it stands in a file that the student's own imports.
"""
import os
import sysconfig

import numpy as np

from .reasons import reason

# Files below these folders are not the student's: Python, what is installed, and this package.
INSTALLED = {os.path.realpath(folder) for folder in (
    sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), sysconfig.get_path("platlib"),
    os.path.dirname(np.__path__[0]), os.path.dirname(os.path.dirname(__file__)))}

# NumPy's words that say less than both shapes do.
CRYPTIC = "gufunc signature", "remapped shapes"


class Stop:
    """The last line of a student's that an exception came through.

    path: of the student's file, as it was given; error: the exception
    file, line: where it stopped; None, None if no line of the student's was reached
    """

    def __init__(self, path, error):
        self.error = error
        self.frame, self.line = _last_frame(path, error)
        self.file = _shown(path, self.frame.f_code.co_filename) if self.frame else None

    @property
    def place(self):
        """File and line in words, or None."""
        return place(self.file, self.line) if self.frame else None

    @property
    def said(self):
        """What Python says, on one line."""
        kind, words = type(self.error).__name__, str(self.error)
        if any(cryptic in words for cryptic in CRYPTIC):
            name  = words.split(":")[0]
            words = f"{name}: " * name.isidentifier() + "the shapes do not fit"
        return " ".join(f"{kind}: {words}".split()).removesuffix(":")

    @property
    def advice(self):
        """What there is to add to Python's words, as a sentence without its end, or None."""
        return reason(self.error, self.frame, self.line)


def place(file, line):
    """File and line, in words."""
    return file if line is None else f"{file}, line {line}"


def _last_frame(path, error):
    """The last frame of the student's that an exception came through, and its line, or None."""
    found, traceback = (None, None), error.__traceback__
    while traceback:
        if _is_students(path, traceback.tb_frame.f_code.co_filename):
            found = traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next
    return found


def _is_students(path, file):
    if file == path:
        return True
    folders = os.path.realpath(file).split(os.sep)
    parents = {os.sep.join(folders[:k]) for k in range(len(folders))}
    return os.path.isfile(file) and not parents & INSTALLED


def _shown(path, file):
    """A file as the student would write it: beside the file that was given."""
    if file == path:
        return path
    beside = os.path.relpath(file, os.path.dirname(os.path.abspath(path)))
    return file if beside.startswith(os.pardir) else os.path.join(os.path.dirname(path), beside)
