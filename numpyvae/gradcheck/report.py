"""The report of a gradient check: a table with a row for each block, and sentences below it.

In one word, a row says "yes", the block is right; "kink", right but for elements on or beside a
kink of f; "tiny", right as far as rounding lets one see; or "NO".
"""
import sys

import numpy as np

from .findings import Finding

# Seconds before a check that takes long shows how far it is.
PATIENCE = 2.0

LEGEND = {"element":   "analytic, numeric: the block's largest element, or the one that is "
                       "furthest off; rel err: of the whole block, by norm, or of that element",
          "direction": "analytic, numeric: the slope along one random direction through the block"}


class Row:
    """One line of the table: name, shape, analytic, numeric, error, and ok.

    ok: "yes", "kink", "tiny" or "NO"; notes: Findings that belong to this block
    hidden: whether rounding hides all of its slopes
    """

    def __init__(self, name, shape, analytic=np.nan, numeric=np.nan, error=np.inf, ok="NO",
                 notes=(), hidden=False):
        self.name, self.shape = name, shape
        self.analytic         = float(analytic)
        self.numeric          = float(numeric)
        self.error            = float(error)
        self.ok, self.notes   = ok, list(notes)
        self.hidden           = hidden


class Report:
    """What `check_gradients` found: .ok, .untested, .max_error, .rows, .findings; as a string, the
    table.

    findings: a list of Findings; faults: those on what params, f and grads do; causes: those on
        what is wrong with the gradient
    untested: the names of the blocks of which no slope was seen, so that nothing was tested
    """

    def __init__(self, names, by, show, faults):
        self.by, self.show       = by, show
        self.faults, self.causes = faults, []
        self.rows, self.untested = [], []
        self.width               = max(8, *(len(str(name)) for name in names))
        self.bar                 = _bar() if show else None
        self._print(self._head())

    @property
    def ok(self):
        """Whether nothing was found wrong: no row says NO, and params, f and grads behave.

        What is `untested` was not found wrong either.
        """
        return not self.faults and not self.wrong

    @property
    def wrong(self):
        """The names of the rows that say NO."""
        return [row.name for row in self.rows if row.ok == "NO"]

    @property
    def max_error(self):
        """The largest relative error of any row, leaving out elements on a kink and "tiny" rows."""
        return max((row.error for row in self.rows if row.ok != "tiny"), default=0.0)

    @property
    def findings(self):
        """All Findings: the faults, the causes, and the notes on single rows."""
        notes = [note for row in self.rows for note in row.notes]
        return self.faults + self.causes + notes + self._flat()

    def _flat(self):
        """A sentence on the blocks without a slope; those that rounding hides have their own."""
        hidden = [row.name for row in self.rows if row.hidden]
        flat   = [name for name in self.untested if name not in hidden]
        words  = (f"{', '.join(map(str, flat))}: all slopes are zero, here and nearby, so nothing "
                  "was tested; try another point, where they are not")
        return [Finding("untested", words, flat)] if flat else []

    def add(self, row):
        """Append a row and print it."""
        self.rows.append(row)
        self._print(self._line(row))

    def progress(self, name, done, total):
        """Show how many elements of a block were looked at again, if it takes long."""
        if self.bar:
            self.bar.draw(done / total, f"{name}: {done} of {total} elements looked at again")

    def close(self):
        """Print what stands below the table, once the last row has been added."""
        self._print(self._foot())

    def __str__(self):
        return "\n".join([self._head(), *map(self._line, self.rows), self._foot()])

    def _head(self):
        name, rule = f"{'name':<{self.width}}", "-" * self.width
        return (f"{name} | shape     |        analytic |         numeric | rel err | ok\n"
                f"{rule}-|-----------|-----------------|-----------------|---------|-----")

    def _line(self, row):
        shape = " x ".join(map(str, row.shape)) or "scalar"
        return (f"{row.name!s:<{self.width}} | {shape:<9} | {row.analytic:>15.8e} | "
                f"{row.numeric:>15.8e} | {row.error:>7.1e} | {row.ok}")

    def _foot(self):
        return "\n".join([*self._legend(), *self.findings])

    def _legend(self):
        if not isinstance(self.by, dict):
            return [LEGEND[self.by]]
        names = {way: [str(name) for name, its in self.by.items() if its == way] for way in LEGEND}
        return [f"{', '.join(names[way])}: {LEGEND[way]}" for way in LEGEND]

    def _print(self, text):
        if self.bar:
            self.bar.clear()
        self.show = self.show and _print(text)


def _bar():
    """A bar that stays away at first."""
    from ..progress import Bar               # what it loads is seldom wanted
    bar = Bar(sys.stderr, indent="")
    bar.drawn += PATIENCE
    return bar


def _print(text):
    """Print at once, as well as standard output can  ->  whether anyone reads it.

    No printing is worth the end of the program that asked: a letter that the encoding lacks becomes
    a question mark, and where the reader has left, the report is returned all the same.
    """
    try:
        try:
            print(text, flush=True)
        except UnicodeEncodeError:
            encoding = sys.stdout.encoding or "ascii"
            print(text.encode(encoding, "replace").decode(encoding), flush=True)
    except (OSError, ValueError):                                # a closed pipe, a closed file
        return False
    return True
