"""A student's file: the functions in it, and where in it something went wrong.

Whatever is called here is somebody else's code and may raise anything. None of that is an error of
this package, so all of it arrives as one kind of exception, `Stopped`, which knows the line.
"""
import inspect
import os
import sys
import traceback

from ..errors import InvalidValueError


class Stopped(InvalidValueError):
    """A student's code raised an exception.

    error: the exception; name: of the function that was called, None while the file was run
    line: the last line of the file that the exception came through, or None
    place: file and line, in words
    """

    def __init__(self, path, error, name=None):
        self.error = error
        self.name = name
        self.line = _last_line(path, error)
        self.place = _place(path, self.line)
        said = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
        super().__init__(f"{self.place}: {said}")


class Function:
    """A function of a student's file; what it raises arrives as Stopped."""

    def __init__(self, path, name, code, signature):
        self.path = path
        self.name = name
        self.code = code
        self.signature = signature

    def __call__(self, *args, **kwargs):
        try:
            return self.code(*args, **kwargs)
        except (Exception, SystemExit) as error:
            raise Stopped(self.path, error, self.name) from error


class File:
    """A student's file: its path, its text, and the names that it defined when it ran."""

    def __init__(self, path, text, names):
        self.path = path
        self.text = text
        self.names = names

    def function(self, name):
        """The function of this name; raises InvalidValueError if there is none."""
        code = self.names.get(name)
        if not callable(code):
            functions = [key for key, value in self.names.items() if inspect.isfunction(value)]
            raise InvalidValueError(f"{self.path}: expected a function {name} in it, found "
                                    f"{', '.join(functions) or 'none'}")
        try:
            return Function(self.path, name, code, inspect.signature(code))
        except (TypeError, ValueError):                # NumPy's own do not always tell
            raise InvalidValueError(f"{self.path}: expected {name} to be a Python function whose "
                                    f"parameters have names, got {code!r:.60}") from None


def load(path):
    """Read a file and run it  ->  a File.

    (It is compiled anew every time: what was saved a moment ago is what is judged.)
    Raises InvalidValueError if it does not run, OSError if it cannot be read.
    """
    with open(path, "rb") as file:
        text = file.read()
    names = {"__name__": "judged", "__file__": path}
    before = list(sys.path)
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))       # it may import its neighbours
    try:
        exec(compile(text, path, "exec"), names)
    except SyntaxError as error:                                     # in it, or in a neighbour
        place = _place(error.filename or path, error.lineno)
        raise InvalidValueError(f"{place}: {error.msg}") from error
    except (Exception, SystemExit) as error:
        raise Stopped(path, error) from error
    finally:
        sys.path[:] = before
    return File(path, text, names)


def _place(path, line):
    return path if line is None else f"{path}, line {line}"


def _last_line(path, error):
    """The last line of the file that an exception came through, or None."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == path]
    return lines[-1] if lines else None
