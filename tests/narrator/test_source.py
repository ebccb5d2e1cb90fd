"""Source that is run statement by statement: what is found in it, and what running it defines."""
import numpy as np
import pytest

from numpyvae.narrator.source import Assignment, assignments, run


def example(x, W, f, scale=1.0):
    """A function with everything that may stand between its assignments.

    a = "no statement"
    """
    # a comment alone
    if scale != 1:
        x = x * scale
    a,  b  = x @ W, "# no comment"                       # a = x W, μ ½
    for _ in range(2):
        b += "!"
    total  = (a.sum()                                    # of all
              + 1)
    (c, (d, e)), f["k"] = (1, (2, 3)), 4
    g = h  = [i for i in range(3)]   # two names
    return total, b, c + d + e, g, h


PROGRAM = """
    y = x * x        # x²
    z = y + 1
    z += 1
"""


def test_the_assignments_of_a_function():
    assert assignments(example) == [
        Assignment(("a", "b"), 'a,  b  = x @ W, "# no comment"'),
        Assignment(("total",), assignments(example)[1].code),
        Assignment(("c", "d", "e"), '(c, (d, e)), f["k"] = (1, (2, 3)), 4'),
        Assignment(("g", "h"), "g = h  = [i for i in range(3)]")]
    lines = assignments(example)[1].code.split("\n")
    assert [line.split("#")[0].strip() for line in lines] == ["total  = (a.sum()", "+ 1)"]


def test_the_assignments_of_a_text_however_deep_it_is_indented():
    expected = [Assignment(("y",), "y = x * x"), Assignment(("z",), "z = y + 1")]
    assert assignments(PROGRAM) == assignments(PROGRAM.replace("    ", "")) == expected
    expected = [Assignment(("μ",), "μ = 'ä'"), Assignment(("σ",), "σ = μ")]
    assert assignments("μ = 'ä'; σ = μ  # both") == expected
    assert assignments("") == assignments("print(1)") == []


def test_one_by_one_they_do_what_the_function_does():
    rng = np.random.default_rng(0)
    x, W = rng.standard_normal((3, 2)), rng.standard_normal((2, 4))
    names = {"x": x, "W": W, "f": {}}
    for line in assignments(example):
        names = run(line.code, names)
    total, b, cde, g, h = example(x, W, {})
    assert names["total"] == total and names["g"] is names["h"] and names["h"] == h == g
    assert names["f"] == {"k": 4} and names["c"] + names["d"] + names["e"] == cde == 6
    assert names["b"] + "!!" == b                        # what is no assignment was left out


def test_a_program_is_given_names_and_gives_back_more():
    given = {"x": 3}
    assert run(PROGRAM, given) == {"x": 3, "y": 9, "z": 11}
    assert given == {"x": 3}
    assert run(PROGRAM, {"x": 4}) == {"x": 4, "y": 16, "z": 18}
    assert run("x = 2 * x\nn = len('four')", given) == {"x": 6, "n": 4} and given == {"x": 3}
    assert run("", {}) == {}


def test_what_was_run_can_be_run_on():
    names = run("def double(x):\n    return 2 * x", {})
    assert run("y = double(4)", names)["y"] == 8


def test_errors_are_the_program_s_own():
    with pytest.raises(ZeroDivisionError):
        run("x = 1 / 0", {})
    with pytest.raises(NameError, match="y"):
        run("x = y", {})
    for function, arguments in ((run, ("x = = 1", {})), (assignments, ("x = = 1",))):
        with pytest.raises(SyntaxError):
            function(*arguments)
