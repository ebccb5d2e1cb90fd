"""Prose and headings as Markdown, their equations as LaTeX, which notebooks set everywhere."""
import re

from . import latex
from .paragraphs import parts

OPENING = re.compile(r"\d+(?=[.)] )|(?=[-+#=>])")     # before what would make a list, or a heading


def title(title):
    """The title of a lesson, and the place in the blog below it."""
    question, _, place = title.partition("  (")
    return f"# {latex.prose(question)}" + (f"\n\n*({latex.prose(place)}*" if place else "")


def step(number, title, equation, second):
    """The heading of a step, and its equation."""
    mark    = " *(second reading)*" if second else ""
    heading = f"## {number}. {latex.prose(title)}{mark}"
    return f"{heading}\n\n{_equation(equation)}" if equation else heading


def say(prose):
    """Paragraphs of prose, in which indented lines are equations, or code."""
    return "\n\n".join(PARTS[kind](text) for kind, text in parts(prose))


def question(number, question, answer):
    """A question, with its answer folded behind it."""
    return (f"**Question {number}.** {say(question)}\n\n"
            f"<details><summary>Answer</summary>\n\n{say(answer)}\n\n</details>")


def _sentences(text):
    prose = latex.prose(text)
    begun = OPENING.match(prose)
    return f"{begun.group()}\\{prose[begun.end():]}" if begun else prose


def _equation(text):
    """An equation on lines of its own; as it was written if it cannot be set."""
    try:
        return f"$$\n{latex.equation(text)}\n$$"
    except ValueError:
        return _verbatim(text)


def _code(text):
    return _verbatim(text, "python")


def _verbatim(text, language=""):
    return f"```{language}\n{text}\n```"


PARTS = {"sentences": _sentences, "equation": _equation, "code": _code}
