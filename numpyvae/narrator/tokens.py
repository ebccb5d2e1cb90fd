"""The tokens of a formula: its numbers, names, brackets and signs, from left to right."""
import re
import unicodedata
from typing import NamedTuple

from .names import LETTERS, NAME
from .notation import (ATOMS, BIG, LOWERED, MARKS, OPERATORS, PRIMES, RAISED, RELATIONS, ROOTS,
                       VULGAR)

SIGNS  = sorted(RELATIONS | OPERATORS | MARKS, key=len, reverse=True)
TOKENS = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in {
    "space":   r"\s+",
    "number":  r"\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:\.\d+)?(?:e[-+]?\d+)?",
    "vulgar":  f"[{''.join(VULGAR)}]",
    "raised":  f"[{''.join(RAISED)}]+",
    "lowered": f"[{''.join(LOWERED)}]+",
    "prime":   f"[{''.join(PRIMES)}]",
    "root":    f"[{''.join(ROOTS)}]",
    "big":     f"[{''.join(BIG)}]",
    "atom":    f"[{''.join(ATOMS)}]",
    "partial": "∂",
    "bar":     r"given\b",
    "name":    NAME,
    "open":    r"[(\[{]",
    "close":   r"[)\]}]",
    "line":    r"[|‖]",
    "script":  r"[_^]",
    "slash":   "/",
    "sign":    "|".join(map(re.escape, SIGNS)),
}.items()))


class Token(NamedTuple):
    """A piece of a formula's text, and what kind of thing it is."""

    kind: str
    text: str


END = Token("end", "")


def tokens(line):
    """The tokens of a formula, in order  ->  a list of `Token`.

    Raises ValueError at a letter or sign that formulas have not.
    """
    line  = re.sub(r"[^\W\d_]", _decomposed, line).replace("−", "-")
    found = []
    place = 0
    while place < len(line):
        hit = TOKENS.match(line, place)
        if not hit:
            raise ValueError(f"expected a letter or sign of mathematics, got {line[place]!r} in "
                             f"{line!r}")
        found.append(Token(hit.lastgroup, hit.group()))
        place = hit.end()
    return found


def _decomposed(hit):
    """A Latin or Greek letter whose accent is part of it, as letter and accent."""
    letters = unicodedata.normalize("NFD", hit.group())
    return letters if len(letters) == 2 and re.match(f"[{LETTERS}]", letters) else hit.group()
