"""Highlighting: four kinds of tokens have a class; not a character is lost, and none is markup."""
import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from numpyvae.narrator import highlight
from numpyvae.narrator.highlight import COMMENT, KEYWORD, NUMBER, STRING


def coloured(text):
    """(class, text) of everything that is coloured."""
    spans = re.findall(r'<span class="(\w)">(.*?)</span>', highlight.code(text), re.DOTALL)
    return [(kind, html.unescape(inside)) for kind, inside in spans]


def plain(text):
    """The text as it is read in a browser."""
    return html.unescape(re.sub(r"</?span[^>]*>", "", highlight.code(text)))


def test_keywords_strings_numbers_and_comments_are_coloured():
    assert coloured("for i in 'a<b', 1e-3:  # why & how\n    return f(i)") == [
        (KEYWORD, "for"), (KEYWORD, "in"), (STRING, "'a<b'"), (NUMBER, "1e-3"),
        (COMMENT, "# why & how"), (KEYWORD, "return")]
    assert coloured('"""μ,\nand ½"""\nx = 2') == [(STRING, '"""μ,\nand ½"""'), (NUMBER, "2")]
    assert coloured("format(isinstance)") == []


@pytest.mark.parametrize("text", ["f'{x + 1}, {y:.2f}'", "f'{{{x}}}'", "f'{f\"{1}\"} or {2}'",
                                  "rf'''{a}\n{b}'''"])
def test_a_string_with_fields_is_one_string(text):
    assert coloured(f"x = {text} + 7") == [(STRING, text), (NUMBER, "7")]


@pytest.mark.parametrize("text", [
    "if x < 1 and y > 2:\n\n    print(f'{x}&{{y}}')  # <b>\n", "x = [1,\n  2]",
    "é = 'ñ' + '😀' * 3", "def f(", "'open", "    x\n  y", "a ? b", "$x", "", "\n",
    "x = 1  \n\ty = 2", "a\fb", "x\\\n+ 1"])
def test_not_a_character_is_lost(text):
    assert plain(text) == text


def test_what_is_no_python_is_only_escaped():
    assert highlight.code("if <b>&\"' (") == "if &lt;b&gt;&amp;&quot;&#x27; ("


@given(st.text(st.sampled_from("ab1 =<>&'\"#\n\t(){}[]f:\\½"), max_size=40))
def test_not_a_character_is_lost_of_anything(text):
    assert plain(text) == text
    assert not re.search(r'<(?!/?span\b)', highlight.code(text))
