"""What is still blank, and what is said of a backward that is unfinished or stops."""
import ast

import numpy as np
import pytest

from numpyvae.gradcheck.blanks import Body, is_blank

UNFINISHED = [
    ([("dx = dy @ W.T", "dx = ...")],
     ["still blank: dx (line 9)", "So far it is right; now begin with dx: put its formula in"]),
    ([("dx = dy @ W.T", "dx = ..."), ("dW = x.T @ dy", "dW = ...")],
     ["still blank: dx (line 9), dW (line 10)", "now begin with dx"]),
    ([("dx = dy @ W.T", "dx = None")], ["still blank: dx (line 9)\n", "begin with dx"]),
    ([("dx = dy @ W.T", "dx = ..."), ("x.T @ dy", "-x.T @ dy")],
     ["W: the sign is flipped", "still blank: dx (line 9)",
      "Mend what is wrong, then begin with dx"]),
    ([("return dx, dW, db", "return ...")], ["still blank: x\nBegin with x"]),
    ([("return dx, dW, db", "pass")],
     ["my.py, line 12: backward ends there and returns nothing: end it with return dx, dW, db, and"]
     ),
    ([("dx = dy @ W.T", "dx, dW, db = None, None, None"), ("    dW = x.T @ dy\n", ""),
      ("    db = dy.sum(axis=0)\n", "")],
     ["still blank: dx (line 9), dW (line 9), db (line 9)\nBegin with dx"]),
    ([("dx = dy @ W.T", "dx = ..."), ("dW = x.T @ dy", "dW = ..."),
      ("db = dy.sum(axis=0)", "db = ...")],
     ["still blank: dx (line 9), dW (line 10), db (line 11)\nBegin with dx"]),
    ([("dx = dy @ W.T", "raise NotImplementedError")],
     ["backward is still blank: write it, and ask again."]),
    ([("dx = dy @ W.T", "dx = ... * dy")],
     ["line 9: dx is still blank: put a formula in place of all the dots."]),
    ([("# begin", "; dz = ..."), ("dy @ W.T", "dz @ W.T")],
     ["line 9: it uses dz, which is still blank (line 8): begin with that"]),
    ([("# begin", "; dz = ..."), ("dy @ W.T", "(1.0 *\n          dz) @ W.T")],
     ["it uses dz, which is still blank (line 8): begin with that"])]
STOPPED = [
    (("dy @ W.T", "dy @ W"),
     ["line 9: ValueError: matmul",
      "backward stops there: in the product dy @ W, the shapes (3, 5) and (7, 5) do not fit: "]),
    (("x.T @ dy", "x.T[9] @ dy"),
     ["line 10: IndexError: ", "stops there: the shapes there are x.T (7, 3)"]),
    (("dy @ W.T", "dz @ W.T"),
     ["line 9: NameError: name 'dz' is not defined\nbackward stops there: nothing is called dz "]),
    (("# begin", "; exit(0)"),
     ["line 8: SystemExit: 0\nbackward stops there: the program would end there; put what is not"]
     )]


@pytest.mark.parametrize("changes, words", UNFINISHED)
def test_what_is_unfinished(judged, layer, changes, words):
    status, out, err = judged(layer, *changes)
    assert status == 1 and not err and all(word in out for word in words)
    assert "ellipsis" not in out and "is right:" not in out and "is wrong:" not in out


@pytest.mark.parametrize("change, words", STOPPED)
def test_what_stops(judged, layer, change, words):
    status, out, err = judged(layer, change)
    assert status == 1 and not err and all(word in out for word in words)


def test_a_line_that_fills_a_blank_does_not_use_it(judged, layer):
    status, out, _ = judged(layer, ("# begin", "; dW = ..."), ("dW = x.T @ dy", "dW = x @ dy"))
    assert status == 1 and "line 10: ValueError: matmul" in out and "uses" not in out


def test_what_stops_in_a_neighbour_is_told_with_its_line(judged, tmp_path):
    (tmp_path / "away.py").write_text("def backward(dy, x): return nothing\n", encoding="utf-8")
    status, out, err = judged("""
from away import backward
def forward(x): return 2.0 * x
def example(): return 1.5
z = ...
y = z
""")
    assert status == 1 and not err
    assert out == ("away.py, line 1: NameError: name 'nothing' is not defined\nbackward stops "
                   "there: nothing is called nothing when that line is reached.\n")


def test_dots_that_are_an_index_are_no_blank(judged, layer):
    assert judged(layer, ("dx = dy @ W.T", "dx = dy[..., :] @ W.T"))[0] == 0
    assert judged(layer, ("db = dy.sum", "db = np.zeros(5); db[...] = dy.sum"))[0] == 0


def test_a_blank_elsewhere_in_the_file_is_none_of_backward(judged, layer):
    assert judged(layer + "\ndef other():\n    dx = ...\n    return dx\n")[0] == 0


@pytest.mark.parametrize("text, blanks", [
    ("def backward(dy):\n    dx = ...", {"dx": 2}),
    ("def backward(dy):\n    dx = ...\ndef backward(dy):\n\n    dz = 2 * ...", {"dz": 5}),
    ("def other(dy):\n    dx = ...\ndef backward(dy):\n    def other(): z = ...", {"z": 4}),
    ("class A:\n    def backward(dy): dx = ...\ndef backward(dy): dy = dy[..., 0], dy[...]", {}),
    ("def backward(dy): a = b = ...", {"a": 1, "b": 1}),
    ("def backward(dy): a[0] = ...", {}),
    ("from there import backward\nx = ...", {"x": 2})])
def test_the_blanks_of_a_function_are_those_of_its_last_definition(text, blanks):
    assert Body(text, "backward").blanks == blanks
    assert ast.parse(text)


@pytest.mark.parametrize("grad, blank", [
    (None, True), (..., True), (np.array([1.0, ...]), True), (np.array(None), True), (0.0, False),
    (np.zeros(2), False), ([], False), ("...", False)])
def test_a_gradient_that_is_blank(grad, blank):
    assert is_blank(grad) is blank
