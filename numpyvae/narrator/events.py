"""Events: what a lesson says, as plain data, which each stage tells in its own way.

A stage has a method for every kind of event, named as the kind and given its fields in order, and
`tell` below to hand it one:

    tell(terminal, Step(3, "Its gradient", "∂ KL / ∂μ = μ"))         # terminal.step(3, ...)

A stage that has nothing to say about a kind has a method that does nothing.
"""
from typing import Any, NamedTuple


def tell(stage, event):
    """Let a stage tell an event: call its method of the event's name."""
    getattr(stage, type(event).__name__.lower())(*event)


class Title(NamedTuple):
    """A lesson begins."""

    title: str                       # "6. The KL term: ...?  (blog, section 2.3.2)"


class Step(NamedTuple):
    """The heading of a step."""

    number: int                      # from 1
    title: str
    equation: str                    # of any number of lines, none of them indented by all
    second: bool                     # whether it is for a second reading


class Say(NamedTuple):
    """Paragraphs of prose; a line that is indented is an equation, or code."""

    prose: str


class Show(NamedTuple):
    """A number or an array, under its name."""

    name: str
    value: Any
    digits: int                      # decimals


class Table(NamedTuple):
    """The names of the columns, and rows of words and numbers."""

    columns: list
    rows: list


class Claim(NamedTuple):
    """A claim that was checked."""

    claim: str
    holds: bool
    evidence: str                    # what was compared, in words


class Omission(NamedTuple):
    """A claim that this run cannot check."""

    claim: str
    why: str                         # which option forbids it: "--quick"


class Question(NamedTuple):
    """What the reader is asked to think about, or to predict."""

    number: int                      # from 1
    question: str
    answer: str


class Figure(NamedTuple):
    """A picture."""

    name: str
    seen: str                        # what is seen on it, for those who do not see it
    png: bytes                       # the file's content
    path: str                        # where it was saved, or "" if it was not


class Progress(NamedTuple):
    """How far a long loop has come."""

    done: int                        # items, or None once it is over
    of: int
    doing: str                       # what is being done, in a few words


class Answers(NamedTuple):
    """The answers to all questions, before the end."""

    questions: tuple                 # of `Question`


class End(NamedTuple):
    """A lesson ends."""

    summary: str                     # how many claims were checked, and how many left out
    seconds: float                   # that it took


class Written(NamedTuple):
    """The lesson was written to a file as well, as a page."""

    path: str
