"""The tree of a formula: what is read how, what is refused, and every tree found again."""
import pytest
from helpers_formulas import equations, explicit, parsed, read, trees, typed
from hypothesis import given, settings
from hypothesis import strategies as st

from numpyvae.narrator.cells import tables
from numpyvae.narrator.formula import parse
from numpyvae.narrator.latex import _latex
from numpyvae.narrator.mathml import _math
from numpyvae.narrator.notation import (GAP, Accented, Big, Bracketed, Code, Differential, Fraction,
                                        Letter, Name, Number, Root, Row, Scripted, Sign, Words,
                                        in_line)

X, Y, TWO = Letter("x"), Letter("y"), Number("2")


def row(*items):
    return Row(items)


@settings(max_examples=50)
@given(trees)
def test_every_tree_is_found_again_in_what_an_author_types(tree):
    assert parse(typed(tree)) == tree


@pytest.mark.parametrize("text, items", [
    ("x",             [X]),
    ("2x",            [TWO, X]),
    ("2 x",           [TWO, GAP, X]),
    ("x(y)",          [X, Bracketed("(", row(Y), ")")]),
    ("x (y)",         [X, GAP, Bracketed("(", row(Y), ")")]),
    ("x - y",         [X, Sign("-"), Y]),
    ("x-y",           [X, Sign("-"), Y]),
    ("x − y",         [X, Sign("-"), Y]),
    ("-x",            [Sign("-", prefix=True), X]),
    ("- x",           [Sign("-"), X]),
    ("x = -y",        [X, Sign("="), Sign("-", prefix=True), Y]),
    ("Σ -y",          [Big("∑"), Sign("-", prefix=True), Y]),
    ("from -2",       [Words("from"), GAP, Sign("-", prefix=True), TWO]),
    ("|x|",           [Bracketed("|", row(X), "|")]),
    ("x |y|",         [X, GAP, Bracketed("|", row(Y), "|")]),
    ("(x|y)",         [Bracketed("(", row(X, Sign("given"), Y), ")")]),
    ("(x | y)",       [Bracketed("(", row(X, Sign("given"), Y), ")")]),
    ("x(y‖z)",        [X, Bracketed("(", row(Y, Sign("‖"), Letter("z")), ")")]),
    ("‖x‖²",          [Scripted(Bracketed("‖", row(X), "‖"), None, row(TWO))]),
    ("x_{y}^{2}",     [Scripted(X, row(Y), row(TWO))]),
    ("x ∈ {2, y}",    [X, Sign("∈"), Bracketed("{", row(TWO, Sign(","), Y), "}")]),
    ("(x given y)",   [Bracketed("(", row(X, Sign("given"), Y), ")")]),
    ("x()",           [X, Bracketed("(", row(), ")")]),
    ("x²",            [Scripted(X, None, row(TWO))]),
    ("x^2",           [Scripted(X, None, row(TWO))]),
    ("x^-1",          [Scripted(X, None, row(Sign("-", prefix=True), Number("1")))]),
    ("x⁻¹",           [Scripted(X, None, row(Sign("-", prefix=True), Number("1")))]),
    ("x^(y)",         [Scripted(X, None, row(Y))]),
    ("x^y_2",         [Scripted(X, None, row(Scripted(Y, row(TWO))))]),
    ("x_y²",          [Scripted(X, row(Y), row(TWO))]),
    ("x²_y",          [Scripted(X, row(Y), row(TWO))]),
    ("x₂",            [Scripted(X, row(TWO))]),
    ("x′",            [Scripted(X, None, row(Sign("′")))]),
    ("(x)_y",         [Scripted(Bracketed("(", row(X), ")"), row(Y))]),
    ("√x",            [Root(2, row(X))]),
    ("√(x y)",        [Root(2, row(X, GAP, Y))]),
    ("∛x_2",          [Root(3, row(Scripted(X, row(TWO))))]),
    ("√(x)²",         [Scripted(Root(2, row(X)), None, row(TWO))]),
    ("½",             [Fraction(row(Number("1")), row(TWO), small=True)]),
    ("x\u0302",       [Accented(X, "\u0302")]),
    ("ŷ",             [Accented(Y, "\u0302")]),
    ("Σ_y x",         [Scripted(Big("∑"), row(Y)), X]),
    ("Σ_(y = 2)^x y", [Scripted(Big("∑"), row(Y, Sign("="), TWO), row(X)), Y]),
    ("dx",            [Differential("d", X)]),
    ("Δx",            [Differential("Δ", X)]),
    ("log x",         [Name("log"), GAP, X]),
    ("1e-7",          [Number("1e-7")]),
    ("8,000",         [Number("8,000")]),
    ("x, y",          [X, Sign(","), Y]),
    ("what it is",    [Words("what it is")]),
    ("a.step()",      [Code("a.step"), Bracketed("(", row(), ")")]),
])
def test_what_is_read_how(text, items):
    assert parse(text) == row(*items)


@pytest.mark.parametrize("text, meant", [
    ("x y/2",                   "x {y}⁄{2}"),
    ("x y / 2",                 "{x y}⁄{2}"),
    ("½ x / 2y",                "{1}⁄{2} {x}⁄{2y}"),
    ("1/x Σ_y y",               "{1}⁄{x} Σ_{y}y"),
    ("-x / y - x",              "-{x}⁄{y}-x"),
    ("(x - y) / (2 x)",         "{x-y}⁄{2 x}"),
    ("((x)) / [y]",             "{(x)}⁄{[y]}"),
    ("(x) (y) / 2",             "{(x) (y)}⁄{2}"),
    ("(x)² / 2",                "{(x)^{2}}⁄{2}"),
    ("x / y · z",               "{x}⁄{y}·z"),
    ("x / y where z",           "{x}⁄{y} where z"),
    ("missed part / whole",     "{missed part}⁄{whole}"),
    ("∂ loss / ∂ w",            "{∂loss}⁄{∂w}"),
    ("∂log x/∂log σ² = y",      "{∂log x}⁄{∂log σ^{2}}=y"),
    ("∂²y/∂x²",                 "{∂^{2}y}⁄{∂x^{2}}"),
    ("∂/∂x ∫ x dx",             "{∂}⁄{∂x} ∫x dx"),
    ("x ∂log x",                "x ∂log x"),
    ("√(x / y) z",              "√{{x}⁄{y}} z"),
])
def test_how_far_a_fraction_reaches(text, meant):
    assert read(_latex(parse(text))) == meant == explicit(text)


@pytest.mark.parametrize("text, told", [
    ("x / y z",          "brackets that say what stands under the bar"),
    ("x / y / z",        "brackets that say what stands under the bar"),
    ("x / y/z",          r"a / \(b/c\)"),
    ("x/y/z",            r"\(a/b\)/c or a/\(b/c\)"),
    ("Σ x / y",          "brackets that say what stands over the bar"),
    ("log x / y",        "brackets that say what stands over the bar"),
    ("∂x / y",           "brackets that say what stands over the bar"),
    ("Im f(x) / y",      "brackets that say what stands over the bar"),
    ("x y/2 / z",        "brackets that say what stands over the bar"),
    ("where x / y",      "brackets that say what stands over the bar"),
    ("√x²",              r"√\(x…\), or \(√x\)"),
    ("x /y",             "on both sides of a slash"),
    ("x -y",             "on both sides of '-'"),
    ("to-2",             "on both sides of '-'"),
    ("recon-kl",         "'recon - kl'"),
    ("what a lesson is", "'a lesson is'; write them as a note, behind #"),
    ("a loss",           "'a loss'"),
    ("σε",               "a space between the letters of a product, got 'σε'"),
])
def test_what_could_be_read_in_two_ways_is_refused_and_what_would_tell_is_said(text, told):
    with pytest.raises(ValueError, match=told):
        parse(text)


@pytest.mark.parametrize("text, told", [
    ("",                 "got an empty line"),
    ("  ",               "got an empty line"),
    ("(x",               r"'\)' to close '\(', got 'the end'"),
    ("(x]",              r"'\)' to close '\(', got '\]'"),
    ("x)",               r"an opening bracket before '\)'"),
    ("|x",               r"'\|' to close '\|'"),
    ("x_",               "an index or a bracket behind _"),
    ("x^",               "got 'the end'"),
    ("√",                "what the root is of, got 'the end'"),
    ("√-x",              "what the root is of, got '-'"),
    ("x/",               "something to divide by behind /, got ''"),
    ("x / = y",          "something to divide by behind /, got '='"),
    ("/ x",              "a letter, a number or a bracket, got '/'"),
    ("²",                "a letter, a number or a bracket, got '²'"),
    ('params["W1"]',     "a letter or sign of mathematics, got '\"'"),
    ("x @ y",            "got '@' in 'x @ y'"),
    ("x # y",            "got '#'"),
])
def test_what_is_no_formula_is_refused(text, told):
    with pytest.raises(ValueError, match=told):
        parse(text)


def test_every_formula_of_the_lessons_and_of_walk_can_be_read():
    found = equations()
    assert len(found) >= 106 + len({where for where, _ in found if where.startswith("walk: ")})
    for where, text in found:
        assert max(map(len, text.split("\n"))) <= 100 - 4, where
        for table in tables(text):
            for cell in (cell for line in table.rows for cell in line if not cell.note):
                assert parse(cell.text).items, where


@given(st.text(alphabet="aAIdoxzσμ½²′ΣN√∂/|‖()[]{}*^_-+=,.'\" 12eα", max_size=25))
def test_whatever_is_typed_is_read_or_refused_and_what_is_read_can_be_set(text):
    try:
        tree = parse(text)
    except ValueError as error:
        assert str(error).startswith("expected ")
        return
    parsed(f"<math>{_math(tree)}{_math(in_line(tree))}</math>")
    assert tree == parse(f" {text} ")
