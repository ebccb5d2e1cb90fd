"""The cells of an equation of one or more lines: what an author aligned by spaces, as tables.

    log p(x) = Σ_z q(z) log p(x)                 # since q sums to 1
             = Σ_z q(z) log [p(x, z) / q(z)]     # a note

Two or more spaces outside brackets end a cell, and so does a relation sign that stands in one
column of two lines; a sign alone is no cell, but begins the next. What follows # is a note, and a
cell, too. Cells that begin in one column of the text stand in one column of a table. Lines that
have no such column in common, except the first, are no table, but stand one below the other.
"""
import re
import textwrap
import unicodedata
from typing import NamedTuple

from .notation import ARROWS, OPERATORS, RELATIONS


def _one_of(signs):
    return "|".join(map(re.escape, sorted(signs, key=len, reverse=True)))


RELATION = re.compile(rf"(?:(?<=\s)|^)(?:{_one_of(RELATIONS)})(?=\s|$)")
EQUAL    = re.compile(rf"(?:{_one_of(RELATIONS - ARROWS)})(?=\s|$)")
LEAD     = re.compile(rf"(?:{_one_of(RELATIONS | OPERATORS)})(?=\s|$)")
START    = re.compile(r"(?:^\s*|(?<=\s\s))(?=\S)")


class Cell(NamedTuple):
    """A cell: its text, whether it is a note, the column where it begins, how many it may fill."""

    text: str
    note: bool
    column: int
    span: int


class Column(NamedTuple):
    """A column: whether its cells are aligned to the right, at the relation signs of the next, and
    whether they stand apart from the column before.
    """

    right: bool
    apart: bool


class Table(NamedTuple):
    """Lines that are aligned with each other, each a list of cells; and their columns."""

    rows: list
    columns: list


def tables(text):
    """Cut an equation into its cells.

    text: one or more lines, aligned by spaces
    ->  a list of `Table`, one below the other
    """
    lines  = [line.rstrip() for line in textwrap.dedent(text).strip("\n").split("\n")]
    starts = _starts(lines)
    places = [[_column(line, at) for at in own] for line, own in zip(lines, starts)]
    return [_table(lines[first:last], starts[first:last], places[first:last])
            for first, last in _groups(places)]


# ---------------------------------------------------------------------- where cells begin

def _starts(lines):
    """For each line, where in it a cell begins."""
    signs  = [[hit.start() for hit in RELATION.finditer(_formula(line))
               if _is_outside(line, hit.start())] for line in lines]
    places = [_column(line, at) for line, own in zip(lines, signs) for at in own]
    starts = []
    for line, own in zip(lines, signs):
        begun  = [hit.end() for hit in START.finditer(_formula(line))
                  if _is_outside(line, hit.end())]
        begun += [at for at in own if places.count(_column(line, at)) > 1]
        begun += [len(_formula(line))] * ("#" in line)
        starts.append(_without_lone_signs(line, sorted(set(begun))))
    return starts


def _without_lone_signs(line, starts):
    """The starts of cells, without those of which nothing but a sign stands in front."""
    return [at for before, at in zip([None, *starts], starts)
            if before is None or line[at] == "#" or not LEAD.fullmatch(line[before:at].strip())]


def _formula(line):
    return line.partition("#")[0]


def _is_outside(line, at):
    """Whether no bracket is open at a place of a line."""
    before = line[:at]
    return sum(map(before.count, "([{")) == sum(map(before.count, ")]}"))


def _column(line, at):
    """The column of a terminal in which a character stands: an accent takes none."""
    return sum(not unicodedata.combining(letter) for letter in line[:at])


# ---------------------------------------------------------------------- tables

def _groups(places):
    """Which lines make a table: (first, behind the last) of each."""
    left   = min((own[0] for own in places if own), default=0)
    shared = [set(own) - {left} for own in places]
    groups, first = [], 0
    for last in range(1, len(places) + 1):
        above, below = set().union(*shared[first:last]), set().union(*shared[last:])
        if not above & below:
            groups.append((first, last))
            first = last
    return groups


def _table(lines, starts, places):
    stops = sorted(set().union(*places))
    rows  = [_row(line, own, [stops.index(place) for place in at], len(stops))
             for line, own, at in zip(lines, starts, places)]
    return Table(rows, [_column_of(rows, number) for number in range(len(stops))])


def _row(line, starts, columns, count):
    """The cells of a line."""
    cells = []
    for at, end, first, after in zip(starts, [*starts[1:], None], columns, [*columns[1:], count]):
        text = line[at:end].strip()
        cells.append(Cell(text.removeprefix("#").strip(), text.startswith("#"), first,
                          after - first))
    return cells


def _column_of(rows, number):
    own    = [cell for row in rows for cell in row if cell.column == number]
    after  = [cell for row in rows for cell in row if cell.column == number + 1]
    joined = all(LEAD.match(cell.text) and not cell.note for cell in own)
    right  = bool(after) and all(EQUAL.match(cell.text) and not cell.note for cell in after)
    return Column(right and not joined, number > 0 and not joined)
