"""What a name in a formula stands for: W_mu is a W with a μ below its line, dz a differential."""
import re

from .notation import (ACCENTS, FUNCTIONS, GREEK, RAISED, VARIABLES, Accented, Code, Differential,
                       Letter, Name, Number, Sign, Words)

LETTERS = "A-Za-zα-ωΓΔΘΛΞΦΨΩ"
ACCENT  = "".join(ACCENTS)
WORD    = rf"[{LETTERS}][{ACCENT}]?[{LETTERS}0-9]*"
NAME    = (r"[A-Za-z]{2,}(?:-[A-Za-z]{2,})+"                         # auto-encoder
           rf"|{WORD}(?:_[{LETTERS}0-9]+)*(?:\.{WORD}(?:_[{LETTERS}0-9]+)*)*(?:['’][a-z]+)?")


def name(text):
    """What a name stands for  ->  a node, and what is below its line, a tuple of nodes.

    Raises ValueError if that cannot be said for sure.
    """
    if "." in text:
        return Code(text), ()
    if "-" in text and not VARIABLES.isdisjoint(text.split("-")):
        raise ValueError(f"expected spaces around the minus, got {text!r}; write "
                         f"{text.replace('-', ' - ')!r}")
    if text in VARIABLES:
        return Name(text), ()
    head, *indices = text.split("_")
    base, number = _base(head)
    if isinstance(base, Words) and any(len(index) > 2 for index in indices):
        return Code(text), ()
    below = [*number, *(node for index in indices for node in (Sign(","), *subscript(index)))]
    return base, tuple(below if number else below[1:])


def subscript(text):
    """What a name below the line stands for  ->  a tuple of nodes: a name, or indices such as n o.
    """
    if text.isdecimal():
        return (Number(text),)
    if text in GREEK:
        return (Letter(GREEK[text]),)
    if len(text) > 2 or text in VARIABLES:
        return (Name(text),)
    return tuple(map(_index, text))


def raised(text):
    """What Unicode's raised letters stand for  ->  a tuple of nodes: ² is a 2, ⁻¹ a minus and a 1.
    """
    plain = "".join(RAISED[letter] for letter in text)
    parts = re.findall(r"\d+|.", plain)
    return tuple(Sign(part, prefix=True) if part in "-+" else _index(part) for part in parts)


def _index(text):
    return Number(text) if text.isdecimal() else Letter(text)


def _base(head):
    """What a name without its indices stands for, and the number behind its letter: h1 is an h, and
    a 1 below its line.
    """
    letter = re.fullmatch(rf"([{LETTERS}])([{ACCENT}]?)(\d*)", head)
    if head in FUNCTIONS or head in VARIABLES:
        return Name(head), ()
    if head in GREEK:
        return Letter(GREEK[head]), ()
    if letter:
        base = Letter(letter[1])
        below = (Number(letter[3]),) if letter[3] else ()
        return (Accented(base, letter[2]) if letter[2] else base), below
    if head[0] in "dΔ" and head != "do" and _is_variable(head[1:]):
        of, below = _base(head[1:])
        return Differential(head[0], of), below
    if not head.replace("'", "").replace("’", "").replace("-", "").isascii():
        raise ValueError(f"expected a space between the letters of a product, got {head!r}")
    return Words(head), ()


def _is_variable(text):
    known = text in VARIABLES or text in GREEK
    return known or bool(re.fullmatch(rf"[{LETTERS}]\d*", text))
