"""What is taller than a line, and a formula within one."""
import pytest
from helpers_formulas import typed

from numpyvae.narrator.formula import parse
from numpyvae.narrator.notation import in_line, is_tall


@pytest.mark.parametrize("text, tall", [
    ("x_y²", False), ("½ x", False), ("(x)", False), ("x/y", True), ("(x/y)²", True), ("√x", True),
    ("Σ x", True), ("x^(y/2)", False)])
def test_what_is_taller_than_a_line(text, tall):
    assert is_tall(parse(text)) is tall


@pytest.mark.parametrize("text, line", [
    ("x/y",                     "x / y"),
    ("½ x",                     "½ x"),
    ("(x - y) / (2 z)",         "(x - y) / (2 z)"),
    ("(x y)/(2z)",              "x y / 2z"),
    ("(log x)/y",               "(log x) / y"),
    ("∂log x/∂log y",           "∂log x / ∂log y"),
    ("(x/y)/z",                 "(x / y) / z"),
    ("z^(x/y)",                 "z^(x / y)"),
    ("√(x/y)",                  "√(x / y)"),
])
def test_a_formula_within_a_line_has_slashes_and_the_brackets_that_these_need(text, line):
    assert typed(in_line(parse(text))) == line
