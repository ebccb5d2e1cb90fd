"""How a lesson is told in a notebook: below the cell that says it, as text, tables and pictures.

Prose and equations are displayed as Markdown with LaTeX, since JupyterLab takes the MathML out of
what it stored; numbers and claims as HTML, whose mathematics is plain text.
"""
import base64
import time
import uuid
from html import escape

import numpy as np

from . import kernel, markdown, numbers

SILENCE = 0.5                        # seconds between two drawings of the same progress
REASONS = {"--quick": "small sizes", "--seed": "another seed"}
QUIET   = "opacity: 0.65; font-size: 90%"
GOOD    = "color: #188038; font-weight: bold"
BAD     = "color: #c5221f; font-weight: bold"
PLUS    = "rgba(217, 119, 6, {:.2f})"        # what tints a positive entry of a matrix,
MINUS   = "rgba(37, 99, 235, {:.2f})"        # and a negative one


class Notebook:
    """Displays what a `Lesson` says: a method for each kind of event."""

    def __init__(self):
        self._loop = None            # the loop that is running: its display, and its clocks

    def title(self, title):
        """The title, as the largest heading."""
        _markdown(markdown.title(title), title)

    def step(self, number, title, equation, second):
        """A numbered heading, and its equation."""
        _markdown(markdown.step(number, title, equation, second), f"{number}  {title}\n{equation}")

    def say(self, prose):
        """Paragraphs, and what is set apart between them."""
        _markdown(markdown.say(prose), prose)

    def show(self, name, value, digits):
        """A number, or an array as a matrix tinted by sign."""
        lines = numbers.named(name, value, digits)
        array = numbers.as_numbers(value)
        if len(lines) == 1 and (array is None or array.ndim == 0 or array.size > numbers.MOST):
            _html(f"<div>{_name(name)}{escape(lines[0][len(name):])}</div>", lines[0])
        else:
            shape = f'<span style="{QUIET}">{array.shape}</span>'
            _html(f"<div>{_name(name)} {shape}</div>{_matrix(array, digits)}", "\n".join(lines))

    def table(self, columns, rows):
        """The names of the columns, and rows of words and numbers."""
        rows  = [tuple(row) for row in rows]                 # they may come from an iterator
        plain = "\n".join(numbers.table(columns, rows))
        texts = numbers.by_column(columns, rows)
        sides = ["right" if numbers.is_numeric(column) else "left" for column in texts]
        head, *body = zip(*texts)
        lines = "".join(_row("td", cells, sides) for cells in body)
        _html(f"<table><thead>{_row('th', head, sides)}</thead><tbody>{lines}</tbody></table>",
              plain)

    def claim(self, claim, holds, evidence):
        """A claim that was checked, whether it holds, and the evidence."""
        mark, style = ("✓", GOOD) if holds else ("✗ DOES NOT HOLD:", BAD)
        _html(f'<div><span style="{style}">{mark}</span> {escape(claim)} '
              f'<span style="{QUIET}">({escape(evidence)})</span></div>',
              f"{mark} {claim}\n  {evidence}")

    def omission(self, claim, why):
        """A claim that this run cannot check."""
        text = f"– left out, because of {REASONS[why]}: {claim}"
        _html(f'<div style="{QUIET}">{escape(text)}</div>', text)

    def question(self, number, question, answer):
        """What to think about, with the answer folded behind it."""
        _markdown(markdown.question(number, question, answer), f"Question {number}. {question}")

    def figure(self, name, seen, png, path):
        """A picture, and where it was saved, if it was."""
        kernel.display({"image/png":  base64.b64encode(png).decode("ascii"),
                        "text/plain": seen or f"figure: {name}"})
        if path:
            _html(f'<div style="{QUIET}">figure: {escape(path)}</div>', f"figure: {path}")

    def progress(self, done, of, doing):
        """How far a loop has come, in one line that is written over, once it takes a while."""
        now = time.monotonic()
        if self._loop is None:
            self._loop = _Loop(now)
        if done is None:
            self._loop.finish(now, of, doing)
            self._loop = None
        else:
            self._loop.go_on(now, done, of, doing)

    def answers(self, questions):
        """Nothing: each stands behind its question."""

    def end(self, summary, seconds):
        """How many claims were checked, under a rule."""
        _html(f"<hr><div><b>{escape(summary)}.</b> ({seconds:.1f} s)</div>",
              f"{summary}.  ({seconds:.1f} s)")

    def written(self, path):
        """Where the lesson was written as a page."""
        _html(f"<div>The page: {escape(path)}</div>", f"The page: {path}")

    def wait(self, prompt):
        """Nobody has to press Enter: the next cell waits anyway  ->  False."""
        return False

    def has_room_for(self, event):
        """A notebook is as long as it has to be  ->  True."""
        return True


class _Loop:
    """The line of a loop that is running."""

    def __init__(self, now):
        self.started = self.drawn = now
        self.id      = None          # of its display

    def go_on(self, now, done, of, doing):
        if now - self.drawn >= SILENCE:
            self.drawn = now
            self._draw(f"… {doing}: {done} of {of} done")

    def finish(self, now, of, doing):
        if self.id:
            self._draw(f"{doing}: {of} in {now - self.started:.0f} s")

    def _draw(self, text):
        again   = self.id is not None
        self.id = self.id or uuid.uuid4().hex
        kernel.display({"text/html": f'<div style="{QUIET}">{escape(text)}</div>',
                        "text/plain": text}, self.id, again)


# ---------------------------------------------------------------------- pieces of a notebook

def _markdown(text, plain):
    kernel.display({"text/markdown": text, "text/plain": plain})


def _html(text, plain):
    kernel.display({"text/html": text, "text/plain": plain})


def _name(name):
    """A name of the code as code, any other as it is."""
    return f"<code>{name}</code>" if name.isidentifier() else escape(name)


def _row(tag, cells, sides):
    return "<tr>" + "".join(f'<{tag} style="text-align: {side}">{escape(cell)}</{tag}>'
                            for cell, side in zip(cells, sides)) + "</tr>"


def _matrix(array, digits):
    """The rows of the last axis, every entry tinted by its sign and its size."""
    texts = numbers.entries(array, digits)
    tints = _tints(array).reshape(len(texts), -1)
    lines = ("<tr>" + "".join(map(_entry, row, shares)) + "</tr>"
             for row, shares in zip(texts, tints.tolist()))
    return f"<table><tbody>{''.join(lines)}</tbody></table>"


def _entry(text, share):
    """A number on its tint; one that reads as zero has none."""
    tint = ""
    if share and text.strip("-0.e+"):
        colour = (PLUS if share > 0 else MINUS).format(0.45 * abs(share))
        tint   = f"; background-color: {colour}"
    return f'<td style="text-align: right{tint}">{escape(text)}</td>'


def _tints(array):
    """Every element as a share of the largest; 0 if it is not finite, or complex."""
    if array.dtype.kind == "c":
        return np.zeros(array.shape)
    finite  = np.where(np.isfinite(array), array, 0).astype(float)
    largest = np.abs(finite).max(initial=0)
    return finite / largest if largest else finite
