"""A student's file: the functions in it, and where in it something went wrong.

Whatever is called here is somebody else's code and may raise anything. None of that is an error of
this package, so all of it arrives as one kind of exception, `Stopped`, which knows the line.
"""
import contextlib
import inspect
import io
import os
import sys
import types

from .printed import Printed
from .reasons import closest
from .stops import Stop, place
from ..errors import InvalidValueError

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
        self.said   = f"{self.place}: {stop.said}"
        super().__init__(f"{self.said}; {self.advice}" if self.advice else self.said)


class Function:
    """A function of a student's file; what it raises arrives as Stopped.

    printed: what the functions of the file that is judged have printed so far
    """

    printed = Printed()

    def __init__(self, path, name, code, signature):
        self.path = path
        self.name = name
        self.code = code
        self.signature = signature

    def __call__(self, *args, **kwargs):
        with stops_told(self.path, self.name), Function.printed.taking_over():
            return self.code(*args, **kwargs)


@contextlib.contextmanager
def stops_told(path, name=None):
    """Whatever a student's code raises arrives as Stopped, and Ctrl-C says where it was."""
    try:
        yield
    except KeyboardInterrupt as stop:
        where = Stop(path, stop).place
        raise KeyboardInterrupt(f"stopped at {where}" if where else "") from stop
    except Stopped:                                    # a student's function within another
        raise
    except BaseException as error:
        raise Stopped(path, error, name) from error


class File:
    """A student's file: its path, its text, and the names that it defined when it ran."""

    def __init__(self, path, text, names):
        self.path = path
        self.text = text
        self.names = names

    def function(self, name):
        """The function of this name, or the method Class.name; raises InvalidValueError if there
        is none.
        """
        owner, _, method = name.rpartition(".")
        code = getattr(self.names.get(owner), method, None) if owner else self.names.get(name)
        if not callable(code):
            raise InvalidValueError(f"{self.path}: expected a function {name} in it, found "
                                    f"{self._found()}{closest(name, self.names)}")
        try:
            return Function(self.path, name, code, _signature(code, name))
        except (TypeError, ValueError):                # NumPy's own do not always tell
            raise InvalidValueError(f"{self.path}: expected {name} to be a Python function whose "
                                    f"parameters have names, got {code!r:.60}") from None

    def _found(self):
        own = [key for key, value in self.names.items() if inspect.isfunction(value)]
        return ", ".join(own) or ("none" if self.text.strip() else "none: it is empty")


@contextlib.contextmanager
def loaded(path):
    """Read a file and run it: a File, whose functions can be called within the `with`.

    While it lasts, the file is a module, and it may import its neighbours and whatever it puts on
    `sys.path`, at once or later. Then all that is forgotten: what was saved a moment ago is what
    is judged, and of two folders with a layers.py, each has its own. It can read nothing from the
    keyboard, and what it prints is shown until it is too much.
    Raises InvalidValueError if it does not run, OSError if it cannot be read.
    """
    text   = _text(path)
    Function.printed = Printed()
    module = types.ModuleType(MODULE)
    module.__file__ = os.path.abspath(path)
    folder = os.path.dirname(module.__file__)
    top, module.__package__ = _package(folder)
    before = list(sys.path), set(sys.modules)
    sys.path[:0] = [folder]
    sys.path.append(os.path.dirname(top))
    sys.modules[MODULE] = module                       # dataclasses look for it there
    stdin, sys.stdin = sys.stdin, io.StringIO()
    try:
        _run(path, text, vars(module))
        yield File(path, text, vars(module))
    finally:
        sys.stdin = stdin
        _forget(top, *before)


def _text(path):
    if os.path.isdir(path):
        raise InvalidValueError(f"{path}: expected a Python file, got a folder")
    try:
        with open(path, "rb") as file:
            text = file.read()
    except FileNotFoundError as error:
        folder = os.path.dirname(path) or "."
        others = os.listdir(folder) if os.path.isdir(folder) else []
        guess  = closest(os.path.basename(path), others)
        guess  = f"; is {path}.py meant?" if os.path.isfile(f"{path}.py") else guess
        raise FileNotFoundError(error.errno, error.strerror + guess, path) from None
    _refuse_a_notebook(path, text)
    if b"\0" in text:
        raise InvalidValueError(f"{path}: expected a Python file in UTF-8, got null bytes; save it "
                                "in that encoding")
    return text


def _run(path, text, names):
    try:
        code = compile(text, path, "exec", dont_inherit=True)
        with stops_told(path), Function.printed.taking_over():
            exec(code, names)
    except (SyntaxError, Stopped) as stop:             # in it, or in a neighbour
        error = getattr(stop, "error", stop)
        if not isinstance(error, SyntaxError):
            raise
        line = (error.text or "").strip()
        magic = "; that line is a notebook's, leave it out" if line[:1] in ("%", "!") else ""
        where = place(error.filename or path, error.lineno)
        raise InvalidValueError(f"{where}: {error.msg}{magic}") from error


def _package(folder):
    """The package that a file in this folder belongs to  ->  the folder of the outermost package,
    and its full name: for relative imports.
    """
    top, names = folder, [os.path.basename(folder)]
    while os.path.isfile(os.path.join(os.path.dirname(top), "__init__.py")):
        top = os.path.dirname(top)
        names.insert(0, os.path.basename(top))
    return top, ".".join(names) if all(name.isidentifier() for name in names) else ""


def _forget(folder, path, modules):
    """Put `sys.path` back as it was, and drop the modules that came out of this folder."""
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        file = _file_of(sys.modules[name])
        installed = f"{os.sep}site-packages{os.sep}" in file
        if os.path.join(file, "").startswith(os.path.join(folder, "")) and not installed:
            del sys.modules[name]


def _file_of(module):
    """The file of a module, the folder of a package without one."""
    file = getattr(module, "__file__", None)
    return file or next(iter(getattr(module, "__path__", ())), "")


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
