"""A lesson's source beside what it said: the code that computed something stands before it.

What only speaks (`step`, `say`) is not listed, since it can be read; what only shows or checks is
listed with what it showed, to be folded behind it.
"""
import ast
import re
from typing import Any, NamedTuple

CELL  = "# %%"                                           # the line between two cells
VOICE = {"begin", "step", "say", "ask", "end"}           # calls that can be read
SHOWS = {"show", "table", "check", "check_less", "figure"}           # and those that show
NAMES_ONLY = (ast.Name, ast.Constant, ast.Load, ast.keyword)


class Code(NamedTuple):
    """Statements that compute."""

    text: str


class Imports(NamedTuple):
    """What the lesson imports."""

    text: str


class Spoken(NamedTuple):
    """An event, and the statement that told it if that does nothing else."""

    event: Any
    call: str                        # "" where it computes as well, or says no more than the event


def pair(source, said):
    """The pieces of a lesson in their order: `Code` and `Imports`, each before what it said.

    source: the lesson's text, or None if nothing of it is to be listed
    said: pairs of the line that spoke and the event, in order
    """
    if source is None:
        return [Spoken(event, "") for _, event in said]
    listing = _Listing(source.splitlines(), said)
    for node in ast.parse(source).body:
        listing.add(node)
    return listing.end()


class _Listing:
    """The pieces of a lesson, statement after statement."""

    def __init__(self, lines, said):
        self.lines, self.said = lines, list(said)
        self.pieces, self.imports, self.code = [], [], []
        self.at = 0                                      # how many lines have been seen

    def add(self, node):
        """The next statement of the lesson."""
        decorators = getattr(node, "decorator_list", [])
        first = min([node, *decorators], key=_line).lineno - 1
        above = self.lines[self.at:first]                # comments, most of the time
        if CELL in above:
            self._flush()
            above = above[above.index(CELL) + 1:]
        text    = [*above, *self.lines[first:node.end_lineno]]
        self.at = node.end_lineno
        kind    = _kind(node)
        if kind == "import" and not self.pieces:
            self.imports += text
        elif kind in ("import", "code"):
            self.code += text
        self._speak(_tidy(text) if kind == "shows" and not _says_no_more(node) else "")

    def _speak(self, call):
        """What has been said up to here, after the code that computed it."""
        while self.said and self.said[0][0] <= self.at:
            self._flush()
            self.pieces.append(Spoken(self.said.pop(0)[1], call))
        if self.imports and self.pieces:                 # they stand above the title
            self.pieces.append(Imports(_tidy(self.imports)))
            self.imports = []

    def _flush(self):
        text = _tidy(self.code)
        if text:
            self.pieces.append(Code(text))
        self.code = []

    def end(self):
        """All pieces."""
        self._flush()
        return [*self.pieces, *(Spoken(event, "") for _, event in self.said)]


def _line(node):
    return node.lineno


def _tidy(lines):
    """Lines as one text, without empty ones at its ends, and with one where there were more."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines).strip("\n"))


def _kind(node):
    """What a statement does: "import", "voice", "shows", or more than that: "code"."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return "import"
    if isinstance(node, ast.Assign):                     # quick = begin(__doc__).quick
        begins = _called(getattr(node.value, "value", node.value)) == "begin"
        return "voice" if begins else "code"
    if isinstance(node, ast.Expr):
        return _kind_of_call(node.value)
    if isinstance(node, (ast.For, ast.If)):              # of nothing but such calls
        kinds = {_kind(inner) for inner in [*node.body, *node.orelse]}
        if kinds <= {"voice", "shows"}:
            return "shows" if "shows" in kinds else "voice"
    return "code"


def _kind_of_call(value):
    name = _called(value)
    if name in VOICE or isinstance(value, ast.Constant):             # or a docstring
        return "voice"
    return "shows" if name in SHOWS else "code"


def _called(value):
    return getattr(value.func, "id", None) if isinstance(value, ast.Call) else None


def _says_no_more(node):
    """Whether a call only names what it shows, as show(x=x) does."""
    if not isinstance(node, ast.Expr) or _called(node.value) != "show":
        return False
    inside = [*node.value.args, *node.value.keywords]
    return all(isinstance(part, NAMES_ONLY) for argument in inside for part in ast.walk(argument))
