"""An event as a fragment of HTML: headings, prose, matrices, tables, claims, figures.

`markup.css` says how they look, wherever they stand: on a page, or in a notebook.
"""
import base64
import re
from html import escape

import numpy as np

from . import highlight, mathml, numbers
from .events import (Answers, Claim, End, Figure, Omission, Progress, Question, Say, Show, Step,
                     Table, Title, Written)
from .paragraphs import is_code, parts

HYPHEN = re.compile(r"(?<!\w)-(?=\s?[\d.]|inf)|(?<=\de)-(?=\d)")   # that stands for a minus sign
MATH   = r"<math>(?:(?!</math>).)*</math>"
TIED   = re.compile(rf"[^\s<>]*{MATH}[^\s<>]+|[^\s<>]+{MATH}")       # to what stands beside it
SIDES  = {16: "width", 20: "height"}                                # where a PNG file says its size


def fragment(event):
    """An event as HTML; empty if there is nothing to be shown of it.

    Everything in it is escaped, and it needs no file beside it.
    """
    return FRAGMENTS[type(event)](*event)


def code(text, kind="code"):
    """A block of Python, highlighted; `kind` is its class.

    Like everything that keeps its lines it says how many columns it has, so that they can be made
    to fit.
    """
    return f'<pre class="{kind}" {_columns(text)}><code>{highlight.code(text)}</code></pre>'


def equation(text):
    """An equation of any number of lines; as it was written if it cannot be set."""
    try:
        return f'<div class="equation">{mathml.equation(text)}</div>'
    except ValueError:
        return f'<pre class="text" {_columns(text)}>{escape(text)}</pre>'


def prose(text):
    """Prose, its formulas set, and no line broken between a formula and a full stop."""
    return TIED.sub(r'<span class="tied">\g<0></span>', mathml.prose(text))


def printed(text):
    """What was printed by somebody else than the lesson's voice."""
    return f'<pre class="printed" {_columns(text)}>{escape(text)}</pre>'


def _columns(text):
    return f'style="--columns:{max(map(len, text.splitlines()), default=0)}"'


# ---------------------------------------------------------------------- headings and prose

def _title(title):
    question, _, where = title.partition("  (")
    place = f'<p class="where">{prose(where.removesuffix(")"))}</p>' if where else ""
    return f"<h1>{prose(question)}</h1>{place}"


def _step(number, title, equation_, second):
    mark    = ' <span class="second">second reading</span>' if second else ""
    heading = f'<h2><span class="number">{number}</span> {prose(title)}{mark}</h2>'
    return heading + (equation(equation_) if equation_ else "")


def _say(said):
    return "".join(PARTS[kind](text) for kind, text in parts(said))


def _sentences(text):
    return f"<p>{prose(text)}</p>"


PARTS = {"sentences": _sentences, "code": code, "equation": equation}


def _question(number, question, answer):
    return (f'<div class="question"><p class="number">Question {number}</p>{_say(question)}'
            f"<details><summary>Answer</summary>{_say(answer)}</details></div>")


def _end(summary, seconds):
    return f'<p class="end">{escape(summary)}. <small>({seconds:.1f} s)</small></p>'


def _nothing(*fields):
    return ""


# ---------------------------------------------------------------------- numbers

def _show(name, value, digits):
    array = numbers.as_numbers(value)
    if array is None or array.ndim == 0:                     # None: an integer of any length
        return f'<div class="show">{_name(name)}{_line(value, digits)}</div>'
    head = f"{_name(name)} <small>{array.shape}</small>"
    if array.size > numbers.MOST:
        return f'<div class="show">{head}{_line(value, digits, f"  {array.shape} ")}</div>'
    return (f'<div class="show">{head}'
            f'<div class="wide">{_matrix(name, array, digits)}</div></div>')


def _line(value, digits, said=""):
    """What `numbers` puts on one line: = 0.5, or a summary behind what was said already."""
    line, = numbers.named("", value, digits)
    return f'<span class="value">{_number(line.removeprefix(said))}</span>'


def _name(name):
    """A name of the code as code, any other as prose."""
    text = escape(name) if name.isidentifier() else prose(name)
    return f'<span class="{"variable" if name.isidentifier() else "name"}">{text}</span>'


def _number(text):
    """With a minus sign, which unlike a hyphen is as wide as a plus and is read aloud."""
    return escape(HYPHEN.sub("−", text))


def _matrix(name, array, digits):
    """The rows of the last axis; rows of another matrix, where there are several, stand apart."""
    texts = numbers.entries(array, digits)
    rows  = array.reshape(len(texts), -1)
    high  = array.shape[-2] if array.ndim > 2 else len(texts)
    lines = ["<tr>" + "".join(map(_entry, line, tints)) + "</tr>"
             for line, tints in zip(texts, _tints(rows))]
    bodies = "".join(f"<tbody>{''.join(lines[first:first + high])}</tbody>"
                     for first in range(0, len(lines), high))
    return f'<table class="matrix" aria-label="{escape(name)}">{bodies}</table>'


def _entry(text, tint):
    """A number on its tint; one that reads as zero has none."""
    if not tint or not text.strip("-0.e+"):
        return f"<td>{_number(text)}</td>"
    sign = "plus" if tint > 0 else "minus"
    return f'<td class="{sign}" style="--share:{abs(tint):.2f}">{_number(text)}</td>'


def _tints(rows):
    """Every element as a share of the largest; 0 if it is not finite, or complex."""
    if rows.dtype.kind == "c":
        return np.zeros(rows.shape)
    finite  = np.where(np.isfinite(rows), rows, 0).astype(float)
    largest = np.abs(finite).max(initial=0)
    return finite / largest if largest else finite


def _table(columns, rows):
    texts = numbers.by_column(columns, rows)
    sides = [_side(column) for column in texts]
    head, *body = zip(*texts)
    top   = "".join(map(_heading, head, sides))
    lines = "".join(f"<tr>{''.join(map(_cell, line, sides))}</tr>" for line in body)
    return ('<div class="wide"><table class="data">'
            f"<thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table></div>")


def _side(column):
    """The class of a column's cells: of numbers, which is none, of code, or of words."""
    if numbers.is_numeric(column):
        return ""
    lines = "\n".join(column[1:])                            # a statement may take several rows
    return ' class="words code"' if is_code(lines) else ' class="words"'


def _heading(text, side):
    return f'<th scope="col"{side}>{prose(text)}</th>' if text else f"<td{side}></td>"


def _cell(text, side):
    if not side:
        return f"<td>{_number(text)}</td>"
    inside = f"<code>{highlight.code(text)}</code>" if "code" in side else prose(text)
    return f"<td{side}>{inside}</td>"


# ---------------------------------------------------------------------- claims

def claim(event, call="", again=False):
    """A claim, with its evidence folded behind it.

    call: the code that compared, if it is known; again: whether it made the claim before, too
    """
    mark, word = ("✓", "holds") if event.holds else ("✗", "does not hold")
    call = code(call, "told again" if again else "told") if call else ""
    return (f'<details class="claim{"" if event.holds else " bad"}"><summary>'
            f'<span class="mark" role="img" aria-label="{word}">{mark}</span> '
            f"<span>{prose(event.claim)}</span></summary>"
            f'<p class="evidence">{_number(event.evidence)}</p>{call}</details>')


def _claim(*fields):
    return claim(Claim(*fields))


def _omission(claim, why):
    return (f'<p class="omission"><span class="mark">–</span> <span>{prose(claim)} '
            f"<small>(left out by {escape(why)})</small></span></p>")


# ---------------------------------------------------------------------- figures

def _figure(name, seen, png, path):
    size = " ".join(f'{side}="{int.from_bytes(png[at:at + 4], "big")}"'
                    for at, side in SIDES.items())
    data = base64.b64encode(png).decode()
    return (f'<figure><img alt="{escape(seen or name)}" {size} '
            f'src="data:image/png;base64,{data}"></figure>')


FRAGMENTS = {Title: _title, Step: _step, Say: _say, Show: _show, Table: _table, Claim: _claim,
             Omission: _omission, Question: _question, Figure: _figure, Progress: _nothing,
             Answers: _nothing, End: _end, Written: _nothing}
