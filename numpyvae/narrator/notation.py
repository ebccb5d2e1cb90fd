"""What a formula is made of: the nodes of its tree, and the signs and names that lessons write.

The tree is that of a layout, not of an algebra: a `Row` holds what stands side by side, and every
other node says what is set over, under, beside or around what. So it can be written as MathML, as
LaTeX, and as text again.
"""
from dataclasses import dataclass, fields, is_dataclass, replace


@dataclass(frozen=True)
class Number:
    """A number as it is typed: 64, 8,000, 0.999, or 1e-7, which is set as a power of ten."""

    text: str


@dataclass(frozen=True)
class Letter:
    """A variable of one letter, and what stands like one: x, σ, ∂, ∞, …"""

    text: str


@dataclass(frozen=True)
class Name:
    """A variable or a function of several letters, set upright: logvar, exp."""

    text: str


@dataclass(frozen=True)
class Words:
    """Words between formulas: `where`, `the mean image`."""

    text: str


@dataclass(frozen=True)
class Code:
    """A name that is code and no mathematics: adam.step, loss_and_grads."""

    text: str


@dataclass(frozen=True)
class Sign:
    """A relation, an operator or a mark of punctuation; `prefix`: the minus of -x."""

    text: str
    prefix: bool = False


@dataclass(frozen=True)
class Big:
    """The sign of a sum, a product or an integral: Σ, Π, ∫."""

    text: str


@dataclass(frozen=True)
class Gap:
    """The thin space between two factors: in μ + σ ε, but neither in 2π nor in f(x)."""


@dataclass(frozen=True)
class Row:
    """What stands side by side."""

    items: tuple


@dataclass(frozen=True)
class Scripted:
    """A base with a `Row` below its line, above it, or both; None for none."""

    base: object
    below: Row | None = None
    above: Row | None = None


@dataclass(frozen=True)
class Accented:
    """A letter under an accent: m̂."""

    base: Letter
    accent: str


@dataclass(frozen=True)
class Differential:
    """A d or Δ before a name: dW, dlogvar, Δw."""

    sign: str
    of: object


@dataclass(frozen=True)
class Fraction:
    """A `Row` over another; `small`: a number such as ½, in the size of the text."""

    above: Row
    below: Row
    small: bool = False


@dataclass(frozen=True)
class Root:
    """The root of a `Row`, of degree 2, 3 or 4."""

    degree: int
    under: Row


@dataclass(frozen=True)
class Bracketed:
    """A `Row` between brackets, ( ), [ ] or { }, or between bars, | | or ‖ ‖."""

    open: str
    inside: Row
    close: str


GAP   = Gap()
SLASH = Sign("/")                    # only in a line of text: elsewhere there is a bar

# ---------------------------------------------------------------------- signs

BRACKETS  = {"(": ")", "[": "]", "{": "}", "|": "|", "‖": "‖"}
ARROWS    = frozenset("→←↔⇒⇔")
RELATIONS = ARROWS | frozenset("= ≈ ≠ ≤ ≥ < > ~ ≡ ∝ ∈ +=".split())
OPERATORS = frozenset("+-±·×*⊙")
BARS      = frozenset(["given", "‖"])            # in p(x given z), KL(q ‖ p)
MARKS     = frozenset(",;:.?!")
BIG       = {"Σ": "∑", "∑": "∑", "Π": "∏", "∏": "∏", "∫": "∫"}
ATOMS     = frozenset("…∞∇")
ROOTS     = {"√": 2, "∛": 3, "∜": 4}
VULGAR    = {"½": ("1", "2"), "⅓": ("1", "3"), "⅔": ("2", "3"), "¼": ("1", "4"), "¾": ("3", "4"),
             "⅙": ("1", "6"), "⅛": ("1", "8")}
PRIMES    = frozenset("′″‴")
RAISED    = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ᵀᵗⁿᵏ", "0123456789-+Ttnk"))
LOWERED   = dict(zip("₀₁₂₃₄₅₆₇₈₉ᵢⱼₖₙ", "0123456789ijkn"))
ACCENTS   = {"\u0302": "^", "\u0304": "¯", "\u0303": "~", "\u0307": "˙"}

# ---------------------------------------------------------------------- names of several letters

GREEK     = {"mu": "μ", "eps": "ε"}              # which the legend writes in Latin letters, too
VARIABLES = frozenset(["logvar", "std", "logits", "probs", "recon", "kl", "loss", "beta", "weights",
                       "log_w", "adam_eps", "lr", "KL", "SE"])
ENGLISH   = frozenset(["loss", "weights"])      # of these
FUNCTIONS = frozenset(["log", "exp", "max", "min", "Im", "Re", "Var", "Cov", "E", "det", "trace",
                       "sigmoid", "softplus", "relu", "tanh", "sin", "cos", "argmax", "argmin",
                       "log1p", "expm1", "encode", "decode"])


# ---------------------------------------------------------------------- trees

def is_tall(node):
    """Whether a node is taller than a line: a fraction, a root or a sum is in it."""
    if isinstance(node, Row):
        return any(map(is_tall, node.items))
    if isinstance(node, Fraction):
        return not node.small
    if isinstance(node, Scripted):
        return is_tall(node.base)
    if isinstance(node, Bracketed):
        return is_tall(node.inside)
    return isinstance(node, (Big, Root))


def in_line(node):
    """A tree as it is set within a line of text: with slashes instead of bars, but for a ½, and
    the brackets that these need.
    """
    if isinstance(node, Row):
        return Row(tuple(map(in_line, node.items)))
    parts = {field.name: getattr(node, field.name) for field in fields(node)}
    node  = replace(node, **{name: in_line(part) for name, part in parts.items()
                             if is_dataclass(part)})
    if not isinstance(node, Fraction) or node.small:
        return node
    above, below = node.above.items, node.below.items
    if above[0] != Letter("∂"):
        functions = [Name(name) for name in FUNCTIONS]
        above = _held(above, any(item in functions and after == GAP
                                 for item, after in zip(above, above[1:])))
        below = _held(below, GAP in below)
    return Row((*above, SLASH, *below))


def _held(items, loose):
    """Items in brackets, if they are a sum, hold a slash, or are `loose` for another reason."""
    nested = any(isinstance(item, Row) for item in items)
    if loose or nested or any(isinstance(item, Sign) for item in items):
        return (Bracketed("(", Row(items), ")"),)
    return items
