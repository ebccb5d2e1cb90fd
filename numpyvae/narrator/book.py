"""A book of lessons: what its index says of each, and the links from page to page.

`book.html` is the index's frame and `book.css` its looks, beside those of the pages.
"""
import ast
import base64
import re
from html import escape
from pathlib import Path
from string import Template
from typing import NamedTuple

from .. import __version__
from . import mathml
from .lesson import opening

HERE    = Path(__file__).parent
MADE_BY = '<meta name="generator" content="numpyvae book">'      # near the top of every index
WORDS   = 130                        # that are read in a minute, with their equations
LOOK    = 2                          # minutes that the code and the numbers of a step take
TITLE   = re.compile(r"(\d+)\. (.*?): (.*?)(?:  \((.*)\))?")


class Chapter(NamedTuple):
    """A lesson of the book, as the index has it."""

    number: str                      # "6"
    name: str                        # "The KL term"
    question: str                    # "where does its formula come from, and what is it for?"
    place: str                       # "blog, section 2.3.2"
    core: int                        # steps of a first reading,
    second: int                      # and of a second one
    minutes: int                     # that reading it takes, about


class Entry(NamedTuple):
    """What the index shows of a chapter besides."""

    chapter: Chapter
    page: str                        # the name of its file, or "" if it could not be made
    thumbnail: bytes                 # a small PNG file, or none
    seen: str                        # what is seen on it


class Explorer(NamedTuple):
    """The page of a decoder, as the index has it."""

    page: str                        # the name of its file
    thumbnail: bytes                 # a small PNG file, or none


def chapter(source):
    """What the index has to know of a lesson.

    source: the lesson's text
    """
    tree  = ast.parse(source)
    title, question = opening(ast.get_docstring(tree))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    steps = [call for call in calls if _name(call) == "step"]
    prose = [question, *(value for call in calls if _name(call) in ("step", "say", "ask")
                         for value in _texts(call))]
    words   = sum(len(text.split()) for text in prose)
    second  = sum(map(_is_second, steps))
    minutes = words / WORDS + LOOK * len(steps)
    return Chapter(*TITLE.fullmatch(title).groups(""), len(steps) - second, second,
                   5 * round(minutes / 5))


def _name(call):
    return getattr(call.func, "id", "")


def _texts(call):
    """The texts among the arguments of a call; of those with gaps, what stands between these."""
    return [node.value for node in ast.walk(call)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _is_second(step):
    return any(option.arg == "second" and ast.literal_eval(option.value)
               for option in step.keywords)


# ---------------------------------------------------------------------- the index

def index(entries, claims, explorer=None, quick=False):
    """The index of a book, as HTML.

    entries: an `Entry` for every chapter, in order
    claims: how many were checked in all of them
    explorer: an `Explorer`, or None
    quick: whether the lessons ran at small sizes
    """
    ready   = [entry for entry in entries if entry.page]
    minutes = sum(entry.chapter.minutes for entry in ready)
    size    = " They ran at small sizes (--quick); what needs the full ones was left out."
    return Template(_read("book.html")).substitute(
        generator=MADE_BY, style=_read("markup.css") + _read("page.css") + _read("book.css"),
        first=escape(ready[0].page), number=ready[0].chapter.number,
        lessons="One lesson" if len(ready) == 1 else f"{len(ready)} lessons", claims=claims,
        size=size if quick else "",
        time=f"{minutes / 60:.0f} hours" if minutes > 90 else f"{minutes} minutes",
        explorer=_explorer(explorer) if explorer else "", cards="\n".join(map(_card, entries)),
        version=escape(__version__))


def is_one(folder):
    """Whether a book lies in a folder."""
    path = Path(folder, "index.html")
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        return MADE_BY.encode() in file.read(1000)


def _explorer(explorer):
    return (f'<section id="play"><a class="card" href="{escape(explorer.page)}">'
            f'{_thumbnail(explorer.thumbnail, "all codes, and the digits that they decode to")}'
            '<div><h2>Turn the code, watch the image</h2>'
            "<p>All codes of a network that learned handwritten digits lie on one plane: drag "
            "across it, ask for a 7, watch a digit become another. On a phone, too.</p></div></a>"
            "</section>")


def _card(entry):
    """A lesson: a link to its page, if that could be made."""
    about = entry.chapter
    steps = _steps(about.core, about.second)
    facts = [f"<span>{escape(fact)}</span>"
             for fact in (about.place, f"about {about.minutes} minutes", steps) if fact]
    inside = (f'{_thumbnail(entry.thumbnail, entry.seen)}<div><h3><span class="number">'
              f"{about.number}</span> {mathml.prose(about.name)}</h3>"
              f"<p>{mathml.prose(about.question[:1].upper() + about.question[1:])}</p>"
              f'<p class="facts">{" · ".join(facts)}</p></div>')
    if not entry.page:
        return f'<li><div class="card missing">{inside}<p>It could not be made.</p></div></li>'
    return f'<li><a class="card" href="{escape(entry.page)}">{inside}</a></li>'


def _steps(core, second):
    if not second:
        return f"{core} steps"
    return f"{core} core steps, {second} for a second reading" if core else "for a second reading"


def _thumbnail(png, seen):
    if not png:
        return '<span class="thumbnail"></span>'
    data = base64.b64encode(png).decode("ascii")
    return f'<img class="thumbnail" alt="{escape(seen)}" src="data:image/png;base64,{data}">'


def _read(name):
    return (HERE / name).read_text(encoding="utf-8")
