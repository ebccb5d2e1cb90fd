"""Lessons as .ipynb files: what is known of their prose without running them is Markdown in these.

A notebook is plain JSON; nbformat.readthedocs.io describes its version 4.5.
"""
import ast
import json
import re

from . import kernel, markdown
from .lesson import Lesson, opening

METADATA = {"kernelspec":    {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"}}


class _Prose:
    """A stage that keeps the prose of a lesson as Markdown."""

    def step(self, *fields):
        self.text = markdown.step(*fields)

    def say(self, *fields):
        self.text = markdown.say(*fields)

    def question(self, *fields):
        self.text = markdown.question(*fields)


def notebook(source):
    """A lesson as the text of a notebook.

    source: the lesson's text, in which a line `# %%` begins a cell
    ->  JSON. The title, and calls of `step`, `say` and `ask` that say the same in every run, are
        Markdown cells; everything else is code, as it stands.
    """
    tree, lines = ast.parse(source), source.split("\n")
    cells, line = [("markdown", _opening(tree))], tree.body[0].end_lineno
    for call, text in _told(tree):
        between = lines[line:call.lineno - 1]
        if any(between):
            cells += [*_code(between), ("markdown", text)]
        else:                                                # prose behind its heading
            cells[-1] = "markdown", f"{cells[-1][1]}\n\n{text}"
        line = call.end_lineno
    cells += _code(lines[line:])
    cells = [_cell(number, *cell) for number, cell in enumerate(cells, 1)]
    return json.dumps({"cells": cells, "metadata": METADATA, "nbformat": 4, "nbformat_minor": 5},
                      ensure_ascii=False, indent=1) + "\n"


def _opening(tree):
    """The title, the question, and how the options are given."""
    title, question = opening(ast.get_docstring(tree))
    seeds = [option.value.value for call in _calls(tree, "begin") for option in call.keywords
             if option.arg == "seed"]
    how   = kernel.how(seeds[0] if seeds else None)
    return "\n\n".join([markdown.title(title), markdown.say(question), markdown.say(how)])


def _told(tree):
    """The calls that say the same in every run, each with what it says, as Markdown.

    If one step is not among them, none is: only the running lesson knows their numbers. So with
    questions.
    """
    lesson, stage = Lesson(), _Prose()
    lesson.stages = [stage]
    plain = [node.value for node in tree.body if _is_plain(node)]
    names = ["say", *(name for name in ("step", "ask") if set(_calls(tree, name)) <= set(plain))]
    for call in plain:
        if call.func.id in names:
            options = {option.arg: ast.literal_eval(option.value) for option in call.keywords}
            getattr(lesson, call.func.id)(*map(ast.literal_eval, call.args), **options)
            yield call, stage.text


def _is_plain(node):
    """Whether a statement says something in plain texts."""
    if not (isinstance(node, ast.Expr) and _calls(node, "say", "step", "ask")):
        return False
    call = node.value
    return isinstance(call, ast.Call) and all(
        isinstance(value, ast.Constant)
        for value in [*call.args, *(option.value for option in call.keywords)])


def _calls(tree, *names):
    return [node for node in ast.walk(tree)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in names]


def _code(lines):
    """The code in these lines, cut where a cell begins  ->  cells."""
    blocks = re.split(r"^# %%.*$", "\n".join(lines), flags=re.MULTILINE)
    return [("code", block.strip("\n")) for block in blocks if block.strip()]


def _cell(number, kind, text):
    rest = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, **rest,
            "source": text.splitlines(keepends=True)}
