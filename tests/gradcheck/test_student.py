"""A student's file: what it may do, what is said of one that cannot be used, and where it stopped.
"""
import sys

import pytest


@pytest.mark.parametrize("text, words", [
    ("x = 1", "my.py: expected a function forward in it, found none"),
    ("forward = 3\ndef backward(): pass",
     "my.py: expected a function forward in it, found backward"),
    ("def forward(:", "my.py, line 1: invalid syntax"),
    ("x = 1\n1 / 0", "my.py, line 2: ZeroDivisionError: division by zero"),
    ("import sys\nsys.exit(3)", "my.py, line 2: SystemExit: 3"),
    ("raise ValueError", "my.py, line 1: ValueError\n"),
    ("raise ValueError('one\\n  two')", "my.py, line 1: ValueError: one two\n"),
    ("import nowhere", "my.py, line 1: ModuleNotFoundError: No module named 'nowhere'")])
def test_a_file_that_does_not_run(judged, text, words):
    status, out, err = judged(text)
    assert status == 2 and not out and words in err
    assert err.startswith("numpyvae check: ") and err.count("\n") == 1


def test_a_file_that_is_no_text(judged):
    status, out, err = judged("x = 1\0\n")
    assert status == 2 and not out and err.startswith("numpyvae check: my.py")
    assert "null bytes" in err and "None" not in err and err.count("\n") == 1


@pytest.mark.parametrize("options, words", [
    ({"target": "yours.py:forward,backward"}, "yours.py: No such file or directory"),
    ({"target": "my.py:forward,backwards"},
     "expected a function backwards in it, found forward, backward, example")])
def test_what_is_not_there(judged, layer, options, words):
    status, out, err = judged(layer, **options)
    assert status == 2 and not out and words in err and err.count("\n") == 1


@pytest.mark.parametrize("change, words", [
    (("def example", "def examples"), "expected a function example in it"),
    (("rng.random(5)", "rng.random(4)"), "my.py, line 5: ValueError: operands could not be"),
    (("rng.random(5)", "rng.randoms(5)"), "my.py, line 16: AttributeError: "),
    (("x @ W + b", "x.T @ W + b"), "; in the product x.T @ W, the shapes (7, 3) and (7, 5) do not"),
    (("x @ W + b", "x @ Wx + b"), "'Wx' is not defined; nothing is called Wx when that line is"),
    (("def example():", "example = max\ndef examples():"),
     "expected example to be a Python function whose parameters have names, got <built-in ")])
def test_an_example_or_a_forward_that_stops(judged, layer, change, words):
    status, out, err = judged(layer, change)
    assert status == 2 and not out and words in err and err.count("\n") == 1


def test_the_file_may_import_its_neighbours_and_nothing_is_left_behind(judged, layer, tmp_path):
    (tmp_path / "nearby.py").write_text("two = 2\n", encoding="utf-8")
    path, modules = list(sys.path), set(sys.modules)
    assert judged(layer, ("dy @ W.T", "two / 2 * dy @ W.T"),
                  ("import numpy as np", "import numpy as np\nfrom nearby import two"))[0] == 0
    assert judged(layer, ("import numpy as np",
                          "import numpy as np, sys\nsys.path.insert(0, 'a')"))[0] == 0
    assert sys.path == path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


LATER = """
import numpy as np, sys, os
{first}
def example(): return np.ones(3)
def forward(x): return x * 2, None
def backward(dout, cache):
    from nearby_later import two
    return two * dout
"""


@pytest.mark.parametrize("folder, first", [
    ("", ""), ("lib", "sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))"),
    ("lib", "sys.path.append('lib')")])
def test_it_may_import_later_from_a_path_of_its_own(judged, tmp_path, folder, first):
    (tmp_path / folder).mkdir(exist_ok=True)
    neighbour = tmp_path / folder / "nearby_later.py"
    neighbour.write_text("two = 2\n", encoding="utf-8")
    path = list(sys.path)
    assert judged(LATER.format(first=first))[0] == 0
    assert sys.path == path and not {"judged", "nearby_later"} & set(sys.modules)


def test_each_folder_has_neighbours_of_its_own(judged, layer, tmp_path):
    for text, status in (("two = 2\n", 0), ("two = 2.5\n", 1)):
        (tmp_path / "nearby.py").write_text(text, encoding="utf-8")
        assert judged(layer, ("dy @ W.T", "two / 2 * dy @ W.T"),
                      ("import numpy as np", "import numpy as np\nfrom nearby import two")
                      )[0] == status


def test_a_dataclass_finds_its_module(judged):
    status, out, err = judged("""from __future__ import annotations
from dataclasses import dataclass
import numpy as np
@dataclass
class Cache:
    scale: float = 2.0
def example(): return np.ones(3)
def forward(x): return x * 2, Cache()
def backward(dout, cache): return cache.scale * dout
""")
    assert status == 0 and not err


@pytest.mark.parametrize("name", ["work.ipynb", "work.py"])
def test_a_notebook_is_no_script(judged, tmp_path, name):
    (tmp_path / name).write_text('{"cells": [], "metadata": {}, "nbformat": 4}', encoding="utf-8")
    status, out, err = judged("", target=f"{name}:forward,backward")
    assert status == 2 and not out
    assert err == (f"numpyvae check: {name}: expected a Python script, got a notebook; save it as "
                   f"one (jupyter nbconvert --to script {name}), and judge that\n")


def test_a_dictionary_is_no_notebook(judged, layer):
    assert judged("{'nbformat'}\n" + layer)[0] == 0


def test_a_fault_in_a_neighbour_is_told_with_its_name(judged, layer, tmp_path):
    (tmp_path / "neighbour.py").write_text("def f(:\n", encoding="utf-8")
    status, _, err = judged(layer, ("import numpy as np", "import numpy as np\nimport neighbour"))
    assert status == 2 and "neighbour.py, line 1: invalid syntax" in err


def test_an_interruption_says_where_it_was(judged, layer, tmp_path):
    for change in (("import numpy as np", "import numpy as np\nraise KeyboardInterrupt"),
                   ("dx = dy @ W.T", "raise KeyboardInterrupt")):
        status, _, err = judged(layer, change)
        line = 1 + (tmp_path / "my.py").read_text(encoding="utf-8").split("raise K")[0].count("\n")
        assert status == 130 and err == f"numpyvae check: stopped at my.py, line {line}\n"


def test_an_error_of_this_package_in_somebody_s_backward_is_theirs(judged, layer):
    status, out, err = judged(layer, ("import numpy as np", "import numpy as np, numpyvae"),
                              ("dx = dy @ W.T", "numpyvae.VAE(hidden_dim=0)"))
    assert status == 1 and not err
    assert "my.py, line 9: InvalidValueError: hidden_dim: expected" in out


@pytest.mark.parametrize("wrapped", [
    "from functools import partial\nforward, backward = partial(forward), partial(backward)\n",
    "class Call:\n    def __init__(self, f): self.f = self.__wrapped__ = f\n"
    "    def __call__(self, *args, **kwargs): return self.f(*args, **kwargs)\n"
    "forward, backward = Call(forward), Call(backward)\n",
    "import functools\ndef timed(f):\n    @functools.wraps(f)\n"
    "    def g(*args, **kwargs): return f(*args, **kwargs)\n    return g\n"
    "forward, backward = timed(forward), timed(backward)\n",
    "class Timed:\n    def __init__(self, f): self.calls, self.f = 0, f\n"
    "    def __call__(self, *args): return self.f(*args)\n"
    "forward, backward = Timed(forward), Timed(backward)\n",
    "def timed(f):\n    def g(*args): return f(*args)\n    return g\n"
    "forward, backward = timed(forward), timed(backward)\n",
    "from functools import partial\ndef more(f, k, *args): return f(*args)\n"
    "def named(k, x, W, b): return one(x, W, b)\none = forward\nforward = partial(named, 3)\n"])
def test_what_can_be_called_and_names_its_parameters_is_a_function(judged, layer, wrapped):
    status, out, err = judged(layer + wrapped)
    assert status == 0 and "backward is right: 3 gradients agree" in out
    status, out, _ = judged(layer + wrapped, ("dx = dy @ W.T", "dx = ..."))
    assert status == 1 and "begin with dx" in out
