"""Paragraphs: sentences, lines of code and equations are told apart."""
import pytest

from numpyvae.narrator.paragraphs import is_code, parts


def test_sentences_are_put_on_one_line_and_paragraphs_apart():
    assert parts("One\nline.\n\nAnother,\n  \nand a third.") == [
        ("sentences", "One line."), ("sentences", "Another,"), ("sentences", "and a third.")]
    assert parts("") == []


def test_what_is_indented_is_set_apart():
    assert parts("Since\n    y = x W + b\n    z = y²\nit holds.") == [
        ("sentences", "Since"), ("equation", "y = x W + b\nz = y²"), ("sentences", "it holds.")]
    assert parts("    a\n      b") == [("equation", "a\n  b")]


def test_code_may_have_its_equation_indented_below_it():
    assert parts("    a1 = dense(x, W1, b1)\n        a1 = x W1 + b1\n        (lesson 3)") == [
        ("code", "a1 = dense(x, W1, b1)"), ("equation", "a1 = x W1 + b1\n(lesson 3)")]
    assert parts("    for i in x:\n        f(i)") == [("code", "for i in x:\n    f(i)")]
    assert parts("    y = x W\n        z = y W") == [("equation", "y = x W\n    z = y W")]


@pytest.mark.parametrize("text, code", [
    ("dmu = dmu_z + dmu_kl", True), ("print(x)", True), ("x[0] += 1", True),
    ("a, b = f(x)\nreturn", True), ("for i in x:\n    f(i)", True),
    ("python tutorials/08.py --quick", True), ("numpyvae walk", True),
    ("a < b", False), ("x", False), ("p(z | x)", True),              # a call, as far as one can see
    ("y = x W + b", False), ("σ = f(x)", False), ("KL(q, p) = Σ q", False), ("x =", False),
    ("", False), ("x = \0", False), ("(" * 500, False)])
def test_what_is_code(text, code):
    assert is_code(text) is code
