"""Prose and headings as Markdown, with LaTeX for their equations."""
import pytest

from numpyvae.narrator import markdown


def test_a_title_and_its_place():
    assert markdown.title("7. Why?  (blog, section 1)") == "# 7. Why?\n\n*(blog, section 1)*"
    assert markdown.title("Why?") == "# Why?"


def test_a_heading_with_its_equation():
    assert markdown.step(3, "One", "", False) == "## 3. One"
    text = markdown.step(3, "One", "σ = exp(½ l)", True)
    heading, empty, opening, *body, closing = text.split("\n")
    assert (heading, empty) == ("## 3. One *(second reading)*", "")
    assert opening == closing == "$$" and r"\sigma" in body[0] and r"\tfrac{1}{2}" in body[0]


def test_an_equation_that_cannot_be_set_stays_as_it_was_written():
    unreadable = "a = (b"
    assert markdown.step(1, "One", unreadable, False) == f"## 1. One\n\n```\n{unreadable}\n```"


def test_paragraphs_equations_and_code():
    text = markdown.say("One line\nand another.\n\n    z = μ + σ ε\n\nThen:\n    x = run(y)\nso.")
    prose, equation, then, code, last = text.split("\n\n")
    assert prose == "One line and another." and then == "Then:" and last == "so."
    assert equation.startswith("$$\n") and equation.endswith("\n$$") and r"\mu" in equation
    assert code == "```python\nx = run(y)\n```"


@pytest.mark.parametrize("text, plain", [
    ("1. one", r"1\. one"), ("12) one", r"12\) one"), ("- one", r"\- one"), ("# one", r"\# one"),
    ("> one", r"\> one"), ("+ one", r"\+ one"), ("2 and 3.", "2 and 3.")])
def test_what_would_begin_a_list_or_a_heading_does_not(text, plain):
    assert markdown.say(text) == plain


@pytest.mark.parametrize("text, plain", [
    ("two * three stars * here", r"two \* three stars \* here"), ("[one](two)", r"\[one\](two)"),
    ("<br>", "&lt;br>"), ("a dollar: 5$", r"a dollar: 5\$")])
def test_what_markdown_would_read_is_escaped(text, plain):
    assert markdown.say(text) == plain
