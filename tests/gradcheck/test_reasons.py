"""Why a student's code stopped, in words, where Python's alone leave one at a loss."""
import pytest

from numpyvae.gradcheck.reasons import GUARD, closest, reason

FILE = """
import numpy as np
none = {{}}
def sigmoid(x): return 1 / (1 + np.exp(-x))
def forward(x): return x * 2
def backward(dy, x):
    d = {{"W1": x, "b1": x}}
    return {line}
def example(): return np.ones(3)
def again(x): return once(x)
def once(x): return again(x)
"""


@pytest.mark.parametrize("line, words", [
    ("sigmiod(x)", "nothing is called sigmiod when that line is reached; is sigmoid meant?"),
    ("relu(x)", "nothing is called relu when that line is reached."),
    ("np.tanhh(x)", "it has nothing called tanhh; is tanh meant?"),
    ("dy.summ()", "it has nothing called summ; is sum meant?"),
    ("dy.zzz", "\nbackward stops there.\n"), ("np.zzz", "\nbackward stops there.\n"),
    ("getattr(dy, 'zzz')", "\nbackward stops there.\n"),
    ("d['w1']", "the keys are 'W1', 'b1'; is W1 meant?"),
    ("d['V'] + d['W1']", "the keys are 'W1', 'b1'."),
    ("d['W1'] + none['a']", "\nbackward stops there: there is nothing in it.\n"),
    ("dict()['a']", "\nbackward stops there.\n"), ("d.pop('c')", "\nbackward stops there.\n"),
    ("backward(dy, x)", "backward calls itself, directly or by way of others, and nothing ends"),
    ("once(x)", " calls itself, directly or by way of others, and nothing ends that."),
    ("exit(1)", f"the program would end there; {GUARD}"),
    ("input()", "input() waits for someone to type, and while it is judged there is nobody; put")])
def test_what_is_added(judged, line, words):
    status, out, err = judged(FILE.format(line=line))
    assert status == 1 and not err and "\nbackward stops there" in out and words in out
    assert "compare the shapes" not in out


@pytest.mark.parametrize("line, words", [
    ("import nothing_here", "; is it installed, or does it stand in another folder?\n"),
    ("from near import relo", "; near has nothing called relo; is relu meant?\n"),
    ("from near import zzz", "; near has nothing called zzz\n"),
    ("from near.x import y", "; is it installed, or does it stand"),
    ("import sys; sys.exit()", f"SystemExit; the program would end there; {GUARD}\n"),
    ("class E(BaseException): pass\nraise E('so')", "my.py, line 3: E: so\n"),
    ("n = int(input('n? '))", "EOFError: EOF when reading a line; input() waits for")])
def test_of_a_file_that_does_not_run(judged, tmp_path, line, words):
    (tmp_path / "near.py").write_text("def relu(x): return x\n", encoding="utf-8")
    status, _, err = judged(f"import numpy as np\n{line}\n")
    assert status == 2 and words in err and err.count("\n") == 1


@pytest.mark.parametrize("name, known, words", [
    ("forwrad", ["forward", "backward"], "; is forward meant?"), ("x", ["y"], ""), ("x", [], ""),
    (3, [30, 31], "; is 31 meant?"),
    ("dw", {"dW": 1}, "; is dW meant?"), ("dwx", {"dWx": 1}, "; is dWx meant?")])
def test_the_closest_name(name, known, words):
    assert closest(name, known) == words


def test_without_a_line_nothing_is_added():
    for error in (NameError("x"), KeyError(), ValueError(), SystemExit(), OSError()):
        assert reason(error, None, None) is None
