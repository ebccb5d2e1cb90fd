"""LaTeX: every formula is read back from what it shows, and planted faults are found by that."""
import logging
import re

import pytest
from helpers_formulas import (LATEX, UPRIGHT, cells_of, equations, explicit, latex_lines, read,
                              trees, typed)
from hypothesis import given, settings

from numpyvae.narrator import latex

EQUATIONS = [(where, text, latex.equation(text)) for where, text in equations()]


def formulas():
    """{LaTeX: what the author typed} of every formula."""
    found = {}
    for _, text, made in EQUATIONS:
        lines = [line for table in latex_lines(made) for line in table]
        for line, typed_line in zip(lines, cells_of(text), strict=True):
            for (_, cell), (_, part) in zip(line, typed_line, strict=True):
                if part[0] != "#":
                    found[cell] = part
    return found


def test_every_formula_of_the_lessons_and_of_walk_is_read_back_and_is_the_author_s():
    found = formulas()
    assert len(found) > 400
    for cell, part in found.items():
        assert read(cell) == explicit(part)


@settings(max_examples=50)
@given(trees)
def test_so_is_every_tree(tree):
    assert read(latex._latex(tree)) == explicit(typed(tree))


def test_whatever_is_left_out_is_missed():
    """Each command, letter and brace of every formula, but for those that only choose a font or a
    size.
    """
    silent = {" ", r"\left", r"\right", *("\\" + name for name in UPRIGHT)}
    missed = 0
    for cell, part in formulas().items():
        tokens = LATEX.findall(cell)
        shown  = explicit(part)
        for at, token in enumerate(tokens):
            if token not in silent and tokens[max(0, at - 1)] not in ",;":
                assert _read_or_not("".join(tokens[:at] + tokens[at + 1:])) != shown, (cell, token)
                missed += 1
    assert missed > 5000


def _read_or_not(text):
    try:
        return read(text)
    except (AssertionError, IndexError, KeyError, ValueError):
        return None


def test_lines_are_aligned_by_turns_at_their_relations():
    assert latex.equation("x  = y\nxx = z   # a note") == (
        "\\begin{alignedat}{2}\n"
        "x & {} = y \\\\[.3em]\n"
        "\\text{xx} & {} = z &  & \\qquad \\text{a note}\n"
        "\\end{alignedat}")


def test_tables_stand_one_below_the_other():
    assert latex.equation("x   y\nz    2") == (
        "\\begin{array}{l}\n"
        "\\displaystyle x \\qquad y \\\\[.3em]\n"
        "\\displaystyle z \\qquad 2\n"
        "\\end{array}")


def test_cells_of_one_column_of_the_text_stand_in_one_of_the_table():
    for where, text, made in EQUATIONS:
        places = iter(cells_of(text))
        for table in latex_lines(made):
            pairs = {(place, column) for line in table
                     for (place, _), (column, _) in zip(next(places), line)}
            if len(table) > 1:
                in_order = [column for _, column in sorted(pairs)]
                assert in_order == sorted(in_order), where


@pytest.mark.parametrize("text, made", [
    ("x < 1e-30",      r"x \lt 10^{-30}"),
    ("x_std²",         r"x_{\mathrm{std}}^{2}"),
    ("dW_mu",          r"{\mathrm{d}W}_{\mu}"),
    ("-log x",         r"{-} \log \, x"),
    ("adam_eps",       r"\mathrm{adam\_eps}"),
    ("a_b.c",          r"\mathtt{a\_b.c}"),
    ("the x",          r"\text{the} \  x"),
    ("(x/y)",          r"\left( \frac{x}{y} \right)"),
    ("‖x‖ + |y|",      r"\lVert x \rVert + \lvert y \rvert"),
    ("{x}",            r"\{ x \}"),
    ("KL(q ‖ p)",      r"\mathrm{KL} ( q \parallel p )"),
])
def test_how_it_is_written(text, made):
    assert latex.equation(text) == made


def test_a_formula_in_a_line_has_slashes_and_its_brackets():
    assert read(latex.inline("(x - y) / (2 x) + ½")) == "(x-y)/(2 x)+{1}⁄{2}"


def test_prose_is_markdown_with_formulas_where_they_are_sure():
    text = "Do *not* call `f(x)` with σ² <it> costs 5 $"
    assert latex.prose(text) == r"Do *not* call `f(x)` with $\sigma^{2}$ &lt;it> costs 5 \$"


@pytest.mark.parametrize("make", [latex.inline, latex.equation])
def test_what_is_no_formula_raises(make):
    with pytest.raises(ValueError, match="expected"):
        make('params["W1"]')


def test_a_node_that_is_none_raises():
    with pytest.raises(TypeError, match="a node of a formula, got str"):
        latex._latex("x")


def test_matplotlib_sets_the_formulas():
    """It knows most of LaTeX: what it does not is written here as what it knows."""
    mathtext = pytest.importorskip("matplotlib.mathtext")
    logging.getLogger("matplotlib.mathtext").setLevel(logging.ERROR)
    parser = mathtext.MathTextParser("path")
    others = {r"\le": r"\leq", r"\ge": r"\geq", r"\ne": r"\neq", r"\to": r"\rightarrow",
              r"\lt": "<", r"\gt": ">", r"\tfrac": r"\frac", r"\lvert": "|", r"\rvert": "|",
              r"\colon": ":",
              r"\mathrel": "", r"\mathtt": r"\mathrm", r"\ ": r"\;"}
    for cell in list(formulas())[::5]:                               # since it is slow
        cell = re.sub(r"\\(?:[A-Za-z]+|.)", lambda hit: others.get(hit[0], hit[0]), cell)
        parser.parse(f"${cell}$")
