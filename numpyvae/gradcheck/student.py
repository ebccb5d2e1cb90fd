"""A student's file: the functions in it, and where in it something went wrong.

Whatever is called here is somebody else's code and may raise anything. None of that is an error of
this package, so all of it arrives as one kind of exception, `Stopped`, which knows the line.
"""
import contextlib
import inspect
import os
import sys
import types

from ..errors import InvalidValueError
from .stops import Stop, place

MODULE = "judged"                        # the name under which a student's file is run


class Stopped(InvalidValueError):
    """A student's code raised an exception.

    error: the exception; name: of the function that was called, None while the file was run
    line: the last line that the exception came through, in this file or one that it imports, or
    None; place: file and line, in words
    said: what Python says, with the place; advice: what there is to add, or None
    """

    def __init__(self, path, error, name=None):
        stop = Stop(path, error)
        self.error  = error
        self.name   = name
        self.line   = stop.line if stop.file == path else None
        self.place  = stop.place or path
        self.advice = stop.advice
        said = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
        self.said   = f"{self.place}: {said}"
        super().__init__(f"{self.said}; {self.advice}" if self.advice else self.said)


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
            return Function(self.path, name, code, _signature(code, name))
        except (TypeError, ValueError):                # NumPy's own do not always tell
            raise InvalidValueError(f"{self.path}: expected {name} to be a Python function whose "
                                    f"parameters have names, got {code!r:.60}") from None


@contextlib.contextmanager
def loaded(path):
    """Read a file and run it: a File, whose functions can be called within the `with`.

    While it lasts, the file is a module, and it may import its neighbours and whatever it puts on
    `sys.path`, at once or later. Then all that is forgotten: what was saved a moment ago is what
    is judged, and of two folders with a layers.py, each has its own.
    Raises InvalidValueError if it does not run, OSError if it cannot be read.
    """
    with open(path, "rb") as file:
        text = file.read()
    _refuse_a_notebook(path, text)
    module = types.ModuleType(MODULE)
    module.__file__ = os.path.abspath(path)
    folder = os.path.dirname(module.__file__)
    before = list(sys.path), set(sys.modules)
    sys.path.insert(0, folder)
    sys.modules[MODULE] = module                       # dataclasses look for it there
    try:
        _run(path, text, vars(module))
        yield File(path, text, vars(module))
    finally:
        _forget(folder, *before)


def _run(path, text, names):
    try:
        exec(compile(text, path, "exec", dont_inherit=True), names)
    except SyntaxError as error:                       # in it, or in a neighbour
        where = place(error.filename or path, error.lineno)
        raise InvalidValueError(f"{where}: {error.msg}") from error
    except (Exception, SystemExit) as error:
        raise Stopped(path, error) from error


def _forget(folder, path, modules):
    """Put `sys.path` back as it was, and drop the modules that came out of this folder."""
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        file = getattr(sys.modules[name], "__file__", None) or ""
        installed = f"{os.sep}site-packages{os.sep}" in file
        if file.startswith(os.path.join(folder, "")) and not installed:
            del sys.modules[name]


def _refuse_a_notebook(path, text):
    if path.endswith(".ipynb") or text.lstrip()[:1] == b"{" and b'"nbformat"' in text:
        raise InvalidValueError(f"{path}: expected a Python script, got a notebook; save it as one "
                                f"(jupyter nbconvert --to script {os.path.basename(path)}), and "
                                "judge that")


def _signature(code, name):
    """The parameters of a function; if it takes just *args, those of the function that it wraps."""
    signature = inspect.signature(code)
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    if not kinds or kinds - {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}:
        return signature
    wrapped = [function for function in _kept_by(code) if inspect.isfunction(function)]
    named   = [function for function in wrapped if function.__name__ == name]
    if len(named or wrapped) != 1:
        return signature
    return _signature(*(named or wrapped), name)


def _kept_by(code):
    """What a decorated function, or the object that took its place, keeps."""
    cells = getattr(code, "__closure__", None) or ()
    return [*(cell.cell_contents for cell in cells), *getattr(code, "__dict__", {}).values()]
