"""The page: a lesson as one HTML file that needs nothing else, to be read, projected, or sent.

`page.html` is its frame, `page.css` and `markup.css` its looks, `page.js` its buttons and its
lecture mode; without JavaScript it can be read just as well.
"""
import base64
import os
import re
from html import escape
from pathlib import Path
from string import Template
from typing import NamedTuple

from ..files import write_atomically
from . import events, listing, markup
from .listing import Code, Imports, Spoken

HERE    = Path(__file__).parent
QUIET   = (events.Progress, events.Answers, events.Written)      # of which a page shows nothing
ALONE   = {events.Say: "prose", events.Title: "prose", events.Question: "asked",
           events.Figure: "picture", events.End: "prose"}        # fragments of their own
ESCAPES = re.compile(r"\033\[[\d;]*m|[^\n]*\r(?!\n)")            # colours; a line that was redrawn


class Printed(NamedTuple):
    """What somebody else than the lesson's voice printed."""

    text: str


class Page:
    """Gathers what a `Lesson` says, and writes it to a file at the end."""

    def __init__(self, path, frame):
        """A page at `path` for the lesson that is begun in this frame.

        Its source is listed if it speaks from a file's own statements, not from inside a function.
        """
        self.path   = path
        self.said   = []                         # pairs of the line that spoke and the event
        self.frame  = frame if frame.f_code.co_name == "<module>" else None
        self.source = self.name = None
        if self.frame and os.path.isfile(frame.f_code.co_filename):
            self.name   = os.path.basename(frame.f_code.co_filename)
            self.source = Path(frame.f_code.co_filename).read_text(encoding="utf-8")

    def __getattr__(self, name):
        """The method for an event of this kind: it is kept."""
        kind = getattr(events, name.capitalize(), None)
        if kind is None:
            raise AttributeError(name)
        return lambda *fields: self._keep(kind(*fields))

    def printed(self, text):
        """Keep what somebody else printed, a piece of it at a time."""
        line, before = self.said[-1] if self.said else (None, None)
        if isinstance(before, Printed) and line == self._line():
            self.said[-1] = line, Printed(before.text + text)
        else:
            self._keep(Printed(text))

    def _keep(self, event):
        if isinstance(event, events.Figure):
            from ..plots import in_256_colours           # here, since matplotlib is slow to import
            event = event._replace(png=in_256_colours(event.png))
        if not isinstance(event, QUIET):
            self.said.append((self._line(), event))

    def _line(self):
        """The line that the lesson is at."""
        return self.frame.f_lineno if self.frame else None

    def write(self):
        """Write the page, whole or not at all.  Raises OSError."""
        content = html(self.said, self.source, self.name).encode("utf-8")
        write_atomically(self.path, lambda file: file.write(content))


class Tee:
    """A stream that also hands on everything that is written to it.

    stream: where it is written; hear: called with every text
    """

    def __init__(self, stream, hear):
        self.stream, self.hear = stream, hear

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def write(self, text):
        """Write to the stream."""
        self.hear(text)
        return self.stream.write(text)


# ---------------------------------------------------------------------- the file

def html(said, source=None, name=None):
    """The page of a lesson.

    said: pairs of the line that spoke and the event, in order
    source, name: the text of the lesson's file, and its name, or None if it is not to be listed
    """
    title = next(event.title for _, event in said if isinstance(event, events.Title))
    steps = [event for _, event in said if isinstance(event, events.Step)]
    links = [f'<li{_second(step)}><a href="#s{step.number}">{markup.prose(step.title)}</a></li>'
             for step in steps]
    return _template("page.html").substitute(
        title=escape(title.partition("  (")[0]), body=_body(listing.pair(source, said)),
        style=_read("markup.css") + _read("page.css"), script=_read("page.js"),
        steps="".join(links), source=_download(source, name))


def bind(page, before=None, index=None, after=None):
    """A page of a book: with links to the page before, to the index, and to the page after.

    page: the text of a page; the links: pairs of the file's name and of what to call it, or None
    A page that is written alone has none, since nobody knows what will lie beside it.
    """
    for rel, mark, link in (("prev", "‹ ", before), ("index", "", index), ("next", "", after)):
        if link:
            file, words = link
            arrow = " ›" if rel == "next" else ""
            page  = page.replace(f"<!-- {rel} -->", f'<a rel="{rel}" href="{escape(file)}">'
                                 f"{mark}{escape(words)}{arrow}</a>")
    return page


def _read(name):
    return (HERE / name).read_text(encoding="utf-8")


def _template(name):
    return Template(_read(name))


def _download(source, name):
    """A link to the lesson's own source, which the page carries."""
    if source is None:
        return ""
    data = base64.b64encode(source.encode("utf-8")).decode()
    return (f'<a download="{escape(name)}" href="data:text/x-python;base64,{data}" '
            'title="this lesson as a program">.py</a>')


# ---------------------------------------------------------------------- steps and their fragments

def _body(pieces):
    """A section for the title, and one for every step."""
    sections = [[]]
    for piece in pieces:
        if _is_step(piece):
            sections.append([])
        sections[-1].append(piece)
    return "\n".join(map(_section, sections))


def _is_step(piece):
    return isinstance(piece, Spoken) and isinstance(piece.event, events.Step)


def _section(pieces):
    """The pieces of one step, its heading first."""
    if not pieces or not _is_step(pieces[0]):
        return f'<section class="step" id="s0">{_fragments(pieces)}</section>'
    step   = pieces[0].event
    inside = _fragments(pieces[1:])
    if step.second:
        inside = f'<details class="fold" open><summary>fold</summary>{inside}</details>'
    return (f'<section class="step" id="s{step.number}"><header>{markup.fragment(step)}</header>'
            f"{inside}</section>")


def _second(step):
    return ' class="second"' if step.second else ""


def _fragments(pieces):
    """Code with what it said, prose, figures: each a fragment that a lecture shows at once."""
    groups = []
    for piece in pieces:
        kind = _kind(piece)
        if groups and groups[-1][0] == kind == "work" and not isinstance(piece, Code):
            groups[-1][1].append(piece)
        else:
            groups.append((kind, [piece]))
    return "".join(f'<div class="fragment {kind}">{_inside(group)}</div>'
                   for kind, group in groups)


def _kind(piece):
    if isinstance(piece, Spoken):
        return ALONE.get(type(piece.event), "work")
    return "imports" if isinstance(piece, Imports) else "work"


def _inside(group):
    """A fragment: its pieces, and folded behind what is shown the calls that showed it."""
    html, calls, before = [], [], None
    for piece in group:
        if _is_claim(piece):
            html += [_calls(calls), markup.claim(piece.event, piece.call, piece.call == before)]
            calls = []
        else:
            html.append(_piece(piece))
            calls.append(_call(piece))
        before = getattr(piece, "call", None)
    return "".join([*html, _calls(calls)])


def _is_claim(piece):
    return isinstance(piece, Spoken) and isinstance(piece.event, events.Claim)


def _call(piece):
    """The call that showed a piece, if it is to be seen."""
    is_shown = isinstance(piece, Spoken) and not isinstance(piece.event, events.Omission)
    return piece.call if is_shown else ""


def _calls(calls):
    """The calls, folded; each once, though several events may be of one."""
    text = "\n".join(dict.fromkeys(filter(None, calls)))
    return _folded("how this was shown", text, "told") if text else ""


def _piece(piece):
    if isinstance(piece, Code):
        return markup.code(piece.text)
    if isinstance(piece, Imports):
        return _folded("what this lesson imports", piece.text, "code")
    if isinstance(piece.event, Printed):
        return _printed(piece.event.text)
    return markup.fragment(piece.event)


def _folded(summary, text, kind):
    return f"<details><summary>{summary}</summary>{markup.code(text, kind)}</details>"


def _printed(text):
    text = ESCAPES.sub("", text).strip("\n")
    return markup.printed(text) if text.strip() else ""
