"""What the tests of the narrator share: a fresh lesson for each, what it printed, a terminal to
print on, a clock, and lessons that run in a process of their own.
"""
import io
import os
import sys
from types import SimpleNamespace

import pytest

import numpyvae
from numpyvae import narrator
from numpyvae.narrator import Lesson

HEAD = '''"""1. Why?

Because μ ✓.
"""
from numpyvae.narrator import *
begin(__doc__)
'''


@pytest.fixture(autouse=True)
def lesson(monkeypatch):
    """A lesson for each test, told by the voice; the interpreter is left as it was."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    for name, value in vars(Lesson()).items():
        monkeypatch.setattr(narrator._lesson, name, value)
    return narrator._lesson


@pytest.fixture(autouse=True)
def no_kernel():
    """This process seems no kernel to later tests, though what drives kernels imports one's code.
    """
    yield
    sys.modules.pop("ipykernel", None)


@pytest.fixture
def told(capsys):
    """told(): what was printed since the last time, without the empty lines at both ends."""
    def read():
        out, err = capsys.readouterr()
        assert err == ""
        return out.strip("\n")
    return read


@pytest.fixture
def terminal(monkeypatch):
    """terminal(columns): a terminal in the place of standard output."""
    class Screen(io.StringIO):
        def isatty(self):
            return True

    def open_terminal(columns=80):
        for name in ("NO_COLOR", "TERM"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys, "stdout", Screen())
        return sys.stdout
    return open_terminal


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still, except for the seconds appended to it."""
    passed = []
    monkeypatch.setattr("time.monotonic", lambda: sum(passed))
    return passed


@pytest.fixture
def env(monkeypatch):
    """The environment of a process that runs a lesson."""
    monkeypatch.setenv("PYTHONPATH", os.path.dirname(os.path.dirname(numpyvae.__file__)))
    for name in [name for name in os.environ if name.startswith("PYTHONIO")]:
        monkeypatch.delenv(name)
    return os.environ


@pytest.fixture
def script(tmp_path, env):
    """script(code): the command that runs a lesson with this code after its beginning."""
    def write(code):
        (tmp_path / "lesson.py").write_text(HEAD + code, encoding="utf-8")
        return [sys.executable, str(tmp_path / "lesson.py")]
    return write


class Kernel:
    """A Jupyter kernel, as far as a lesson looks at it: `run` begins a cell, `displays` are what
    was displayed, each with its identity if it has one.
    """

    def __init__(self):
        self.displays        = []
        self.execution_count = 0
        self.user_ns         = {"In": [""]}

    def run(self, source, cell=None):
        """Begin to run a cell; cell: its id, if the notebook tells ids."""
        self.execution_count += 1
        self.user_ns["In"].append(source)
        self._parent = {"metadata": {"cellId": cell} if cell else {}, "content": {"code": source}}

    def get_parent(self):
        return self._parent

    def display(self, content, raw, display_id=None, update=False):
        assert raw and all(isinstance(text, str) for text in content.values())
        if update:
            assert display_id in [known for known, _ in self.displays]
            self.displays = [(known, content if known == display_id else old)
                             for known, old in self.displays]
        else:
            self.displays.append((display_id, content))

    def told(self):
        """What was displayed since the last time, the best form of each."""
        kinds = ("text/markdown", "text/html", "image/png")
        best  = [next(content[kind] for kind in kinds if kind in content)
                 for _, content in self.displays]
        self.displays.clear()
        return best


@pytest.fixture
def kernel(monkeypatch, lesson):
    """A kernel in the place of the terminal, whose first cell runs."""
    kernel = Kernel()
    kernel.run("begin(__doc__)")
    monkeypatch.setitem(sys.modules, "ipykernel", object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(
        get_ipython=lambda: kernel, version_info=(9, 0)))    # of which matplotlib asks
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=kernel.display))
    monkeypatch.setattr(sys, "argv", ["ipykernel_launcher.py", "-f", "kernel-1.json"])
    for name in ("QUICK", "OUT", "SEED"):
        monkeypatch.delenv(f"NUMPYVAE_{name}", raising=False)
    for name, value in vars(Lesson()).items():
        monkeypatch.setattr(lesson, name, value)
    return kernel
