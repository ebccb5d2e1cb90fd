"""Formulas as lessons write them, in one line of Unicode, read into a tree.

    parse("σ = exp(½ log σ²)")

What stands side by side without a space belongs together: 2π, f(x), 1/N. A space between two
factors is a product: μ + σ ε. How far a fraction reaches:

    a/b      over and under the bar stands what touches the slash: ½ h² f‴/6
    a b / c  over it stands the whole product, but a ½ before it; under it what touches
             itself: u |f| / 2h. Nothing but a sign or a word may follow

Round brackets around all of what is over or under the bar, under a root or in a script only say how
far it reaches, and are not kept. What could be read in two ways raises ValueError, and says which
brackets would tell. A name of two or more letters that is not the legend's is a word.
"""
from .names import name, raised, subscript
from .notation import (BIG, BRACKETS, ENGLISH, FUNCTIONS, GAP, LOWERED, ROOTS, VULGAR, Big,
                       Bracketed, Code, Fraction, Gap, Letter, Name, Number, Root, Row, Scripted,
                       Sign, Words)
from .tokens import END, tokens

FACTORS  = {"number", "vulgar", "root", "big", "atom", "partial", "name", "open"}
SCRIPTS  = {"raised", "lowered", "prime", "script"}
GROUPS   = {"(", "{"}                # whose brackets only say how far a script reaches
ARTICLES = [Letter("a"), Letter("A"), Letter("I")]


def parse(line):
    """Read a formula  ->  its tree, a `Row`.

    line: its text, in one line
    Raises ValueError if it is no formula, or could be read in two ways.
    """
    reader = _Reader(tokens(line))
    row    = reader.row()
    if reader.peek() != END:
        raise ValueError(f"expected an opening bracket before {reader.peek().text!r} in {line!r}")
    if not row.items:
        raise ValueError("expected a formula, got an empty line")
    return row


class _Reader:
    """Reads tokens from left to right; each method reads one kind of thing, and stands behind it.
    """

    def __init__(self, found):
        self.tokens, self.at = found, 0

    def peek(self, ahead=0):
        place = self.at + ahead
        return self.tokens[place] if 0 <= place < len(self.tokens) else END

    def next(self):
        token = self.peek()
        self.at += 1
        return token

    def pass_space(self):
        """Go on to what is no space  ->  whether there was one."""
        spaced   = self.peek().kind == "space"
        self.at += spaced
        return spaced

    # ------------------------------------------------------------------ side by side

    def row(self, close=None):
        """Terms and signs, up to a closing bracket, which is left where it is."""
        items = []
        while True:
            spaced = self.pass_space()
            kind, text = self.peek()
            if kind in ("end", "close") or text == close:
                return Row(tuple(_joined(items)))
            if kind in ("sign", "bar") or self._is_given():
                part = [self._sign(items, spaced)]
            else:
                part = self.term()
            items += [GAP, *part] if items and _are_apart(items[-1], part[0]) else part

    def _sign(self, items, spaced):
        kind, text = self.next()
        if kind == "line":
            return Sign("given" if text == "|" else text)
        if text not in ("-", "+", "±"):
            return Sign(text)
        tight = self.peek().kind not in ("space", "end", "close")
        if not items:
            return Sign(text, prefix=tight)                          # or a line goes on with it
        if isinstance(items[-1], Sign) or _awaits(items[-1]):
            return Sign(text, prefix=True)
        if isinstance(items[-1], Words) and spaced and tight:
            return Sign(text, prefix=True)
        if tight and (spaced or isinstance(items[-1], Words)):
            raise ValueError(f"expected a space on both sides of {text!r}, got "
                             f"{text + self.peek().text!r}")
        return Sign(text)

    def _is_given(self):
        """Whether a bar is that of p(x | z), rather than one of two around |x|."""
        behind = self.peek(-1).kind == "space" and self.peek(1).kind == "space"
        inside = self.peek(-1).kind not in ("space", "end", "open", "sign", "slash", "script")
        return self.peek().kind == "line" and (behind or inside)

    def term(self):
        """Factors with spaces between them, perhaps over another."""
        items = self.unit()
        while self.peek().kind == "space" and self._begins_factor(1):
            self.next()
            items += [*([] if _awaits(items[-1]) else [GAP]), *self.unit()]
        if self.peek().kind == "space" and self.peek(1).kind == "slash":
            items = self._over(items)
        return items

    def unit(self):
        """Factors without a space between them, perhaps over others that touch the slash, too."""
        items = self.factors()
        if self.peek().kind != "slash":
            return items
        self.next()
        if not self._begins_factor() and self.peek().kind != "line":
            raise ValueError(f"expected something to divide by behind /, got {self.peek().text!r}")
        below = self.factors()
        if self.peek().kind == "slash":
            raise ValueError("expected one slash, got two; write brackets: (a/b)/c or a/(b/c)")
        return [_fraction(items, below)]

    def factors(self):
        """Factors without a space between them."""
        items = [*self.factor()]
        while self._begins_factor() and self.peek().kind != "line":
            items += self.factor()
        return items

    def _begins_factor(self, ahead=0):
        kind, _ = self.peek(ahead)
        opens   = kind == "line" and self.peek(ahead + 1).kind not in ("space", "end", "close")
        return kind in FACTORS or opens

    # ------------------------------------------------------------------ one over another

    def _over(self, items):
        """The fraction of a product and what stands behind a slash with spaces around it."""
        lone, above = _split_coefficient(items)
        if not _is_sure(above):
            raise ValueError("expected brackets that say what stands over the bar, got a slash "
                             "behind a sum, a function without brackets, a fraction, or words")
        self.at += 2
        if not self.pass_space():
            raise ValueError("expected a space on both sides of a slash, or on none")
        if not self._begins_factor():
            raise ValueError(f"expected something to divide by behind /, got {self.peek().text!r}")
        below = self.unit()
        if isinstance(below[0], Fraction) and not below[0].small:
            raise ValueError("expected one slash, got two; write brackets: a / (b/c)")
        if self._goes_on():
            raise ValueError("expected brackets that say what stands under the bar: a / (b c), or "
                             "(a / b) c")
        return [*lone, _fraction(above, below)]

    def _goes_on(self):
        """Whether a factor or a second slash follows; a word may."""
        kind, text = self.peek(1)
        word = kind == "name" and isinstance(name(text)[0], Words) or kind == "bar"
        return self.peek().kind == "space" and not word and (self._begins_factor(1)
                                                             or kind == "slash")

    def _partial(self):
        """∂: over another, ∂ loss / ∂ w, or alone, ∂q."""
        self.next()
        partial = self._scripted(Letter("∂"))                        # or ∂²
        slash   = self._slash_of_partial()
        if slash is None:
            self.pass_space()
            return [partial]
        above = _Reader(self.tokens[self.at:slash]).row().items
        self.at = slash + 1
        self.pass_space()
        self.next()
        self.pass_space()
        below = self.factors()
        if below[-1] in map(Name, FUNCTIONS) and self.peek().kind == "space":
            self.next()
            below += [GAP, *self.factors()]
        return [Fraction(Row((partial, *above)), Row((Letter("∂"), *below)))]

    def _slash_of_partial(self):
        """Where the slash stands that has ∂ on both sides, or None."""
        depth = 0
        for place in range(self.at, len(self.tokens)):
            kind, _ = self.tokens[place]
            depth  += (kind == "open") - (kind == "close")
            if depth < 0 or depth == 0 and kind in ("sign", "partial"):
                return None
            if depth == 0 and kind == "slash":
                after = [token.kind for token in self.tokens[place + 1:] if token.kind != "space"]
                return place if after[:1] == ["partial"] else None
        return None

    # ------------------------------------------------------------------ factors

    def factor(self):
        """A letter, a name, a number, a root or a bracket with its scripts  ->  a list of nodes."""
        kind, text = self.peek()
        if kind == "partial":
            return self._partial()
        if kind == "root":
            return [self._scripted(self._root())]
        if kind in ("open", "line"):
            return [self._scripted(self._bracketed())]
        self.next()
        if kind == "name":
            return [self._scripted(*name(text))]
        if kind == "vulgar":
            above, below = VULGAR[text]
            return [Fraction(Row((Number(above),)), Row((Number(below),)), small=True)]
        if kind not in FACTORS:
            raise ValueError(f"expected a letter, a number or a bracket, got {text or 'the end'!r}")
        node = {"number": Number, "big": Big, "atom": Letter}[kind]
        return [self._scripted(node(BIG.get(text, text)))]

    def _bracketed(self):
        _, opening = self.next()
        close  = BRACKETS[opening]
        inside = self.row(close)
        _, found = self.next()
        if found != close:
            raise ValueError(f"expected {close!r} to close {opening!r}, got {found or 'the end'!r}")
        if opening == close and not inside.items:
            raise ValueError(f"expected something between the bars {opening} {close}")
        return Bracketed(opening, inside, close)

    def _root(self):
        degree = ROOTS[self.next().text]
        if self.peek().text == "(":
            return Root(degree, self._bracketed().inside)
        kind, text = self.next()
        if kind not in ("name", "number", "atom"):
            raise ValueError(f"expected what the root is of, got {text or 'the end'!r}")
        base, below = name(text) if kind == "name" else (Number(text), ())
        if self.peek().kind in SCRIPTS:
            raise ValueError(f"expected brackets that say how far the root reaches: √({text}…), or "
                             f"(√{text})…")
        return Root(degree, Row((Scripted(base, Row(below)) if below else base,)))

    def _scripted(self, base, below=()):
        below, above = list(below), []
        while self.peek().kind in SCRIPTS:
            kind, text = self.next()
            if kind == "lowered" or text == "_":
                below += [Sign(",")] * bool(below) + self._below(kind, text)
            elif kind == "raised":
                above += raised(text)
            else:
                above += [Sign(text)] if kind == "prime" else self._exponent()
        if not (below or above):
            return base
        return Scripted(base, Row(tuple(below)) if below else None,
                        Row(tuple(above)) if above else None)

    def _below(self, kind, text):
        if kind == "lowered":
            return [*subscript("".join(LOWERED[letter] for letter in text))]
        if self.peek().text in GROUPS:
            return [*self._bracketed().inside.items]
        kind, text = self.next()
        if kind not in ("name", "number") or "_" in text or "." in text:
            raise ValueError(f"expected an index or a bracket behind _, got {text or 'the end'!r}")
        return [*subscript(text)]

    def _exponent(self):
        if self.peek().text in GROUPS:
            return [*self._bracketed().inside.items]
        if self.peek().text == "-":
            self.next()
            return [Sign("-", prefix=True), *self.factor()]
        return self.factor()


# ---------------------------------------------------------------------- helpers of the reader

def _joined(items):
    """The items of a row, the words that follow each other in one."""
    joined = []
    for item in items:
        if isinstance(item, Words) and len(joined) > 1 and joined[-1] == GAP \
                and isinstance(joined[-2], Words):
            joined[-2:] = [Words(f"{joined[-2].text} {item.text}")]
        else:
            joined.append(item)
    for article, gap, word in zip(joined, joined[1:], joined[2:]):
        if article in ARTICLES and gap == GAP and _is_english(word):
            raise ValueError(f"expected a formula, got the words '{article.text} {word.text}'; "
                             "write them as a note, behind #")
    return joined


def _are_apart(before, node):
    """Whether a gap is between two nodes: a sign makes its own room, but for the minus of -x."""
    if isinstance(node, Sign):
        return node.prefix and isinstance(before, Words)
    return not (isinstance(before, Sign) or _awaits(before))


def _is_english(node):
    return isinstance(node, Words) or isinstance(node, Name) and node.text in ENGLISH


def _awaits(node):
    """Whether a node is only the beginning of something: a sum's sign, or ∂."""
    base = node.base if isinstance(node, Scripted) else node
    return isinstance(base, Big) or base == Letter("∂")


def _split_coefficient(items):
    """A ½ at the beginning of a product, and the rest."""
    if len(items) > 2 and isinstance(items[0], Fraction) and items[0].small and items[1] == GAP:
        return items[:2], items[2:]
    return [], items


def _is_sure(items):
    """Whether there is only one way to read a product as what stands over a bar."""
    plain = [item for item in items if not isinstance(item, (Gap, Code))]
    if any(isinstance(item, Words) for item in plain):
        return len(plain) == 1 or all(isinstance(item, Words) for item in plain)
    gaps = zip(items, items[1:])
    bare = any(_is_function(item) and after == GAP for item, after in gaps)
    over = len(plain) > 1 and any(isinstance(item, Fraction) for item in plain)
    return not (bare or over or any(map(_awaits, plain)))


def _is_function(node):
    base = node.base if isinstance(node, Scripted) else node
    return isinstance(base, Name) and base.text in FUNCTIONS


def _fraction(above, below):
    return Fraction(Row(_bare(above)), Row(_bare(below)))


def _bare(items):
    """Items without the round brackets that hold all of them."""
    if len(items) == 1 and isinstance(items[0], Bracketed) and items[0].open == "(":
        return items[0].inside.items
    return tuple(items)
