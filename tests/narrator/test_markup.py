"""Markup: every kind of event as HTML that is well formed, escaped, and read aloud well."""
import re
import struct
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from numpyvae.errors import InvalidTypeError
from numpyvae.narrator import events, markup
from numpyvae.narrator.events import (Answers, Claim, End, Figure, Omission, Progress, Question,
                                      Say, Show, Step, Table, Title, Written)

EVIL = "<script>alert(1)</script> & \"'"
PNG  = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 640, 480)


def tree(html):
    """The fragment as a tree; what is not well formed raises."""
    html = re.sub(r"(<img [^>]*)>", r"\1/>", html)
    return ElementTree.fromstring(f"<div>{html.replace(' open>', '>')}</div>")


def fragment(event):
    return tree(markup.fragment(event))


def text(element):
    return "".join(element.itertext())


def samples(words):
    """One event of every kind, made of these words."""
    return [Title(f"{words}  (blog, {words})"), Step(3, words, words, True), Say(words),
            Say(f"{words}\n    {words}\n\n    f({words!r})"), Show(words, 1, 4),
            Show(words, np.eye(2), 4), Table([words, "n"], [[words, 1.5]]),
            Claim(words, True, words), Claim(words, False, words), Omission(words, "--quick"),
            Question(1, words, words), Figure(words, words, PNG, words), Progress(1, 2, words),
            Answers((Question(1, words, words),)), End(words, 1.5), Written(words)]


# ---------------------------------------------------------------------- all kinds

def test_there_is_a_fragment_for_every_kind_of_event():
    kinds = {thing for thing in vars(events).values()
             if isinstance(thing, type) and thing.__module__ == events.__name__}
    assert set(markup.FRAGMENTS) == kinds == {type(event) for event in samples("x")}


@pytest.mark.parametrize("event", samples(EVIL), ids=lambda event: type(event).__name__)
def test_nothing_that_a_lesson_says_becomes_markup(event):
    html = markup.fragment(event)
    assert "<script" not in html and (html == "" or not list(tree(html).iter("script")))


def test_what_keeps_its_lines_says_how_many_columns_they_have():
    assert '--columns:8"' in markup.code("x = 1\ny = f(x)") and '--columns:0"' in markup.code("")
    assert markup.printed("a < b\nc") == (
        '<pre class="printed" style="--columns:5">a &lt; b\nc</pre>')


def test_some_kinds_are_not_shown():
    for event in (Progress(1, 2, "x"), Answers(()), Written("x.html")):
        assert markup.fragment(event) == ""


# ---------------------------------------------------------------------- headings and prose

def test_a_title_has_its_place_in_the_blog_below_it():
    found = fragment(Title("6. Why?  (blog, section 2.3)"))
    assert (found[0].tag, text(found[0])) == ("h1", "6. Why?")
    assert text(found[1]) == "blog, section 2.3"
    assert len(fragment(Title("Why?"))) == 1


def test_a_step_has_a_number_a_title_an_equation_and_a_mark_if_it_is_for_a_second_reading():
    found = fragment(Step(3, "Its gradient", "y = x", True))
    assert found[0].tag == "h2" and text(found[0]).split() == [
        "3", "Its", "gradient", "second", "reading"]
    assert found.find("div[@class='equation']/math") is not None
    found = fragment(Step(3, "Its gradient", "", False))
    assert len(found) == 1 and "second" not in text(found)


def test_prose_code_and_equations_each_look_like_what_they_are():
    found = fragment(Say("So\n    a1 = dense(x, 1)\n        a1 = x W1\n\nit is."))
    assert [(part.tag, part.get("class")) for part in found] == [
        ("p", None), ("pre", "code"), ("div", "equation"), ("p", None)]
    assert found[1].get("style") == "--columns:16"


def test_an_equation_that_cannot_be_set_stands_as_it_was_written(monkeypatch):
    def refuse(text):
        raise ValueError(text)

    monkeypatch.setattr(markup.mathml, "equation", refuse)
    found = tree(markup.equation("what <is>\n  this"))
    assert found[0].tag == "pre" and text(found) == "what <is>\n  this"


def test_a_line_is_not_broken_between_a_formula_and_what_stands_beside_it(monkeypatch):
    monkeypatch.setattr(markup.mathml, "prose", lambda text: text)
    m, n = "<math><mi>x</mi></math>", "<math><mi>y</mi></math>"
    tied = '<span class="tied">{}</span>'.format
    assert markup.prose(f"of {m} and {n} alone") == f"of {m} and {n} alone"
    assert markup.prose(f"of {m}, and {n}.") == f"of {tied(m + ',')} and {tied(n + '.')}"
    assert markup.prose(f"({m} or {n})") == f"{tied('(' + m)} or {tied(n + ')')}"


def test_a_question_has_its_answer_folded_behind_it():
    found = fragment(Question(2, "Why?", "Since\n    y = x W"))[0]
    assert text(found[0]) == "Question 2" and text(found[1]) == "Why?"
    details = found.find("details")
    assert text(details.find("summary")) == "Answer" and details.get("open") is None
    assert "Since" in text(details) and details.find(".//math") is not None


# ---------------------------------------------------------------------- numbers

def cells(value, digits=4):
    """The rows of a matrix: (text, class, share) of every entry."""
    found = fragment(Show("W", value, digits)).find(".//table")
    return [[(text(cell), cell.get("class"), cell.get("style")) for cell in row]
            for row in found.iter("tr")]


def test_a_matrix_is_tinted_by_sign_and_zeros_are_bare():
    assert cells(np.array([[2.0, -1.0], [0.0, -1e-9]])) == [
        [("2.0000", "plus", "--share:1.00"), ("−1.0000", "minus", "--share:0.50")],
        [("0.0000", None, None), ("0.0000", None, None)]]
    assert cells(np.array([[1e-9, 0]])) == [
        [("1.0000e−09", "plus", "--share:1.00"), ("0.0000e+00", None, None)]]


def test_what_has_no_sign_has_no_tint():
    assert cells(np.array([[1j, np.nan]]))[0][0] == ("0.0000 + 1.0000i", None, None)
    assert cells(np.array([np.nan, -np.inf, 2.0])) == [
        [("nan", None, None), ("−inf", None, None), ("2.0000", "plus", "--share:1.00")]]
    assert cells(np.array([True, False])) == [
        [("yes", "plus", "--share:1.00"), ("no", None, None)]]
    assert cells(np.zeros((2, 0))) == [[]]


def test_a_matrix_says_its_name_and_shape_and_more_axes_stand_apart():
    found = fragment(Show("dW", np.arange(12).reshape(2, 3, 2), 4))
    assert text(found).startswith("dW (2, 3, 2)")
    assert found.find(".//table").get("aria-label") == "dW"
    assert [len(body) for body in found.iter("tbody")] == [3, 3]


@pytest.mark.parametrize("value, line", [
    (0.5, "x = 0.5000"), (-1e-9, "x = −1.0000e−09"), (2 ** 70, f"x = {2 ** 70}"),
    (np.arange(100.0) - 50, "x (100,) from −50.0000 to 49.0000, mean −0.5000, standard "
                            "deviation 28.8661")])
def test_a_number_and_a_large_array_are_a_line(value, line):
    assert " ".join(text(fragment(Show("x", value, 4))).split()) == line


def test_what_is_no_number_is_refused():
    with pytest.raises(InvalidTypeError, match="expected a number"):
        markup.fragment(Show("x", "three", 4))


def test_a_name_of_the_code_looks_like_code_and_any_other_like_prose():
    assert fragment(Show("dlogvar", 1, 4)).find(".//span").get("class") == "variable"
    assert fragment(Show("their sum, dW[2, 1]", 1, 4)).find(".//span").get("class") == "name"


def test_a_table_has_headings_and_numbers_to_the_right():
    found = fragment(Table(["method", "", "error"], [["one-sided", "a", -0.5], ["b", "", 2.0]]))
    head, = found.findall(".//thead/tr")
    assert [(cell.tag, cell.get("scope"), text(cell)) for cell in head] == [
        ("th", "col", "method"), ("td", None, ""), ("th", "col", "error")]
    assert [[(text(cell), cell.get("class")) for cell in row]
            for row in found.findall(".//tbody/tr")] == [
        [("one-sided", "words"), ("a", "words"), ("−0.5", None)],
        [("b", "words"), ("", "words"), ("2.0", None)]]
    assert fragment(Table(["a"], [])).find(".//tbody") is not None


def test_a_column_of_code_looks_like_code_also_where_a_statement_takes_several_rows():
    rows  = [["kl = f(", "a word"], ["  x, 1)", "= x"], ["", "f(x)"]]
    found = fragment(Table(["PyTorch", "ours"], rows)).findall(".//tbody/tr")
    assert [(row[0][0].tag, text(row[0])) for row in found] == [
        ("code", "kl = f("), ("code", "  x, 1)"), ("code", "")]
    assert found[0][1].get("class") == "words"


# ---------------------------------------------------------------------- claims and figures

def test_a_claim_is_a_line_with_its_evidence_and_its_code_folded_behind_it():
    found = tree(markup.claim(Claim("it holds", True, "-1.5 and 2e-05, well-known"), "check(a, b)"))
    summary = found.find("details/summary")
    assert text(summary).split() == ["✓", "it", "holds"]
    assert summary.find("span").get("aria-label") == "holds"
    assert text(found.find(".//p")) == "−1.5 and 2e−05, well-known"
    assert text(found.find(".//pre")) == "check(a, b)"
    assert tree(markup.claim(Claim("it", True, "1"))).find(".//pre") is None
    found = fragment(Claim("it holds", False, "1"))
    assert text(found.find(".//summary")).split()[0] == "✗" and "bad" in found[0].get("class")


def test_what_was_left_out_says_why():
    assert text(fragment(Omission("it is small", "--quick"))) == (
        "– it is small (left out by --quick)")


def test_a_figure_is_inside_and_says_what_is_seen_and_how_large_it_is():
    image = fragment(Figure("loss", "A line that falls.", PNG, "")).find(".//img")
    assert image.get("src") == "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAoAAAAHg"
    assert (image.get("alt"), image.get("width"), image.get("height")) == (
        "A line that falls.", "640", "480")
    assert fragment(Figure("loss", "", PNG, "")).find(".//img").get("alt") == "loss"


def test_the_end_says_how_many_claims_hold():
    assert text(fragment(End("3 claims checked, and all hold", 1.26))) == (
        "3 claims checked, and all hold. (1.3 s)")
