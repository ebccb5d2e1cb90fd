"""What the tests of the narrator share: a fresh lesson for each, what it printed, a terminal to
print on, a clock, and lessons that run in a process of their own.
"""
import io
import os
import sys

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
