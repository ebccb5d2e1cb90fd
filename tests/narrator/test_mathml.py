"""MathML: every formula is written back from its layout, and planted faults are found by that."""
import copy
import re
from itertools import islice

import pytest
from helpers_formulas import (RAISED, cells_of, equations, explicit, lines_of, parsed, trees, typed,
                              written)
from hypothesis import given, settings

from numpyvae.narrator import mathml

CORE = {"math": {"display"}, "mrow": {"class", "displaystyle"}, "mi": {"mathvariant"}, "mn": set(),
        "mo": {"form", "fence", "stretchy", "lspace", "rspace"}, "mtext": {"style"},
        "mfrac": {"displaystyle"}, "msqrt": set(), "mroot": set(), "msub": set(), "msup": set(),
        "msubsup": set(), "munder": set(), "mover": {"accent"}, "munderover": set(),
        "mtable": {"displaystyle"}, "mtr": set(), "mtd": {"columnspan", "style"},
        "mspace": {"width"}}
CHILDREN = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2, "msubsup": 3,
            "munderover": 3}


def shown(math):
    """For each line of an equation, its formulas in the common form, its notes as their letters."""
    return [[_letters(cell) if cell.get("class") == "note" else written(cell) for _, cell in line]
            for table in lines_of(math) for line in table]


def meant(text):
    """The same of what the author typed."""
    return [[_letters_of(part[1:]) if part[0] == "#" else explicit(part) for _, part in line]
            for line in cells_of(text)]


def _letters(element):
    return _letters_of("".join(element.itertext()))


def _letters_of(text):
    """The letters and digits of a note, whatever its layout."""
    text = re.sub(r"∛(\w)", r"\g<1>3", text.replace("½", "12").replace("¼", "14"))
    text = re.sub(r"\bgiven\b|[\W_]", "", text)
    return text.translate(RAISED).replace("mu", "μ")


def aligned(text, math):
    """Whether what begins in one column of the text, and nothing else, stands in one of a table."""
    places = iter(cells_of(text))
    for table in lines_of(math):
        pairs = {(place, column) for line in table
                 for (place, _), (column, _) in zip(next(places), line)}
        for side in zip(*sorted(pairs)):
            if list(side) != sorted(set(side)):
                return False
    return True


EQUATIONS = [(where, text, parsed(mathml.equation(text))) for where, text in equations()]


@pytest.mark.parametrize("where, text, math", EQUATIONS, ids=[where for where, _, _ in EQUATIONS])
def test_an_equation_is_written_back_from_its_layout_and_is_the_author_s(where, text, math):
    assert shown(math) == meant(text)
    assert aligned(text, math)


@settings(max_examples=50)
@given(trees)
def test_so_is_every_tree(tree):
    text = typed(tree)
    assert written(parsed(f"<math>{mathml._math(tree)}</math>")) == explicit(text)
    assert parsed(mathml.inline(text)).tag == "math"


def test_only_what_browsers_set_by_themselves_is_used():
    for where, _, math in EQUATIONS:
        for element in math.iter():
            assert set(element.attrib) <= CORE[element.tag], where
            assert len(element) == CHILDREN.get(element.tag, len(element)), where
            if element.tag in ("mi", "mn", "mo", "mtext"):
                assert element.text and not len(element), where


# ---------------------------------------------------------------------- planted faults

def _replace(parent, at, *elements):
    parent[at:at + 1] = elements


def _row(*elements):
    row = copy.deepcopy(parsed("<mrow></mrow>"))
    row.extend(elements)
    return row


def a_root_is_lost(parent, at):
    if parent[at].tag in ("msqrt", "mroot"):
        _replace(parent, at, _row(*parent[at][:1] if parent[at].tag == "mroot" else parent[at]))


def a_root_is_too_long(parent, at):
    if parent[at].tag == "msqrt" and at + 1 < len(parent):
        parent[at].append(parent[at + 1])
        del parent[at + 1]


def a_script_is_dropped(parent, at):
    if parent[at].tag in ("msub", "msup", "munder", "mover"):
        _replace(parent, at, parent[at][0])


def one_of_two_scripts_is_dropped(parent, at):
    if parent[at].tag in ("msubsup", "munderover"):
        parent[at].tag = {"msubsup": "msub", "munderover": "munder"}[parent[at].tag]
        del parent[at][2]


def a_script_is_another(parent, at):
    if parent[at].tag in ("msub", "msup"):
        parent[at].tag = {"msub": "msup", "msup": "msub"}[parent[at].tag]


def a_script_is_on_more_than_its_base(parent, at):
    if parent[at].tag in ("msub", "msup") and at and parent[at - 1].tag not in ("mo", "mspace"):
        _replace(parent[at], 0, _row(parent[at - 1], parent[at][0]))
        del parent[at - 1]


def a_bar_is_lost(parent, at):
    if parent[at].tag == "mfrac":
        _replace(parent, at, *parent[at])


def a_fraction_is_upside_down(parent, at):
    if parent[at].tag == "mfrac":
        parent[at][:] = parent[at][::-1]


def a_fraction_is_too_long_before(parent, at):
    if parent[at].tag == "mfrac" and at > 1 and parent[at - 1].tag == "mspace":
        _replace(parent[at], 0, _row(*parent[at - 2:at], parent[at][0]))
        del parent[at - 2:at]


def a_fraction_is_too_long_behind(parent, at):
    if parent[at].tag == "mfrac" and at + 2 < len(parent) and parent[at + 1].tag == "mspace":
        _replace(parent[at], 1, _row(parent[at][1], *parent[at + 1:at + 3]))
        del parent[at + 1:at + 3]


def a_fraction_is_too_short(parent, at):
    if parent[at].tag == "mfrac" and parent[at][0].tag == "mrow" and len(parent[at][0]) > 2:
        out = parent[at][0][0]
        del parent[at][0][0]
        parent.insert(at, out)


def brackets_are_lost(parent, at):
    if parent[at].tag == "mrow" and len(parent[at]) and parent[at][0].get("fence"):
        _replace(parent, at, *parent[at][1:-1])


def a_sign_is_lost(parent, at):
    if parent[at].tag == "mo":
        del parent[at]


def a_minus_is_a_plus(parent, at):
    if parent[at].text == "−":
        parent[at].text = "+"


def a_factor_is_lost(parent, at):
    if parent[at].tag == "mspace" and 0 < at < len(parent) - 1:
        del parent[at:at + 2]


def a_product_is_a_function(parent, at):
    if parent[at].tag == "mspace" and 0 < at < len(parent) - 1:
        del parent[at]


FAULTS = [a_root_is_lost, a_root_is_too_long, a_script_is_dropped, one_of_two_scripts_is_dropped,
          a_script_is_another, a_script_is_on_more_than_its_base, a_bar_is_lost,
          a_fraction_is_upside_down, a_fraction_is_too_long_before, a_fraction_is_too_long_behind,
          a_fraction_is_too_short, brackets_are_lost, a_sign_is_lost, a_minus_is_a_plus,
          a_factor_is_lost, a_product_is_a_function]


def _written_or_not(element):
    """What is written back, or None where an element has too few children to be MathML."""
    try:
        return written(element)
    except (AssertionError, IndexError, KeyError, TypeError):
        return None


@pytest.fixture(scope="module")
def formulas():
    """{the formula in the common form: its element} of all equations, each once."""
    found = {}
    for _, _, math in EQUATIONS:
        for cell in (cell for table in lines_of(math) for line in table for _, cell in line):
            if cell.get("class") != "note":
                found.setdefault(written(cell), cell)
    return found


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_planted_fault_is_found(fault, formulas):
    planted = 0
    for text, cell in formulas.items():
        spots = [(number, at) for number, parent in enumerate(cell.iter())
                 for at in range(len(parent))]
        for number, at in spots:
            parent = next(islice(cell.iter(), number, None))
            before = copy.deepcopy(parent)
            fault(parent, at)
            if not _same(before, parent):
                assert _written_or_not(cell) != text, text
                planted  += 1
                parent[:] = before
        assert written(cell) == text                                 # as it was
    assert planted >= 5


def _same(one, other):
    return one.tag == other.tag and one.text == other.text and one.attrib == other.attrib and \
        len(one) == len(other) and all(map(_same, one, other))


def test_a_cell_that_is_swapped_with_its_neighbour_is_found():
    swapped = 0
    for where, text, math in EQUATIONS:
        for line in math.iter("mtr"):
            for at in range(len(line) - 1):
                mutant = copy.deepcopy(math)
                cells  = list(mutant.iter("mtr"))[list(math.iter("mtr")).index(line)]
                if len(cells[at]) or len(cells[at + 1]):
                    cells[at:at + 2] = cells[at + 1], cells[at]
                    assert shown(mutant) != meant(text) or not aligned(text, mutant), where
                    swapped += 1
    assert swapped > 200


def test_a_letter_of_a_note_that_is_lost_is_found():
    where, text, math = next(found for found in EQUATIONS if "# since q sums to 1" in found[1])
    note = next(element for element in math.iter() if element.get("class") == "note")
    note[0].text = note[0].text[:-2]
    assert shown(math) != meant(text)


# ---------------------------------------------------------------------- what stands around it

def test_lines_are_aligned_at_their_relations():
    math = parsed(mathml.equation("x  = y\nxx = z   # a note"))
    assert math.get("display") == "block"
    rows = [[cell.get("style").split(";")[0] for cell in row] for row in math.iter("mtr")]
    assert rows == [["text-align: right", "text-align: left"]] + [
        ["text-align: right", "text-align: left", "text-align: left"]]
    signs = [row[1][0][0] for row in math.iter("mtr")]
    assert [sign.get("form") for sign in signs] == ["infix", "infix"]


def test_brackets_are_as_tall_as_what_they_hold():
    stretchy = [mark.get("stretchy") for text in ("(x²)", "(½ x)", "(x/y)", "[Σ_x y]", "((x/y)²)")
                for mark in parsed(mathml.equation(text)).iter("mo") if mark.get("fence")]
    assert stretchy == ["false"] * 4 + ["true"] * 8


def test_a_formula_in_a_line_has_slashes_and_its_brackets():
    assert written(parsed(mathml.inline("(x - y) / (2 x) + ½"))) == "(x-y)/(2 x)+{1}⁄{2}"


def test_prose_is_html_with_formulas_where_they_are_sure():
    assert mathml.prose("<it> & do *not* call `f(x)` or z") == (
        "&lt;it&gt; &amp; do <em>not</em> call <code>f(x)</code> or <math><mi>z</mi></math>")


@pytest.mark.parametrize("make", [mathml.inline, mathml.equation])
def test_what_is_no_formula_raises(make):
    with pytest.raises(ValueError, match="expected"):
        make('params["W1"]')


def test_a_node_that_is_none_raises():
    with pytest.raises(TypeError, match="a node of a formula, got str"):
        mathml._math("x")
