"""The formulas in prose, where it is sure that they are some: `z`, `σ²`, `N(0, I)`, `z = μ + σ ε`.

A letter alone is a variable, but not the words a and I, nor a capital that may be a name. A Greek
letter, an index, a power, a function with its bracket and what stands at a sign of mathematics are
formulas. Everything else stays what it was: above all the legend's names that are English words.
"""
import re

from .formula import FACTORS, parse
from .names import name
from .notation import (ENGLISH, FUNCTIONS, GREEK, MARKS, OPERATORS, VARIABLES, Code, Differential,
                       Name, Words, in_line)
from .tokens import TOKENS, Token

CODE     = re.compile(r"`[^`\n]+`|https?://\S*[\w/]"
                      r"|(?<![\w-])--\w[\w-]*"                       # an option
                      r"|(?<![\w./])[A-Za-z_]\w*(?:[/.]\w+)*[/.][A-Za-z_]\w*(?:\(\))?"
                      r"|(?<![\w./])[A-Za-z_][A-Za-z0-9]*_[A-Za-z0-9_]+(?:\(\))?(?![\w(])"
                      r"|(?<![\w.])[A-Za-z]\w*(?:\(\)|\[[\w\s\"':,-]*\])")
STRESSED = re.compile(r"(?<![\w*])\*(?=\w)([^*\n]*\w)\*(?![\w*])")
MINUS    = re.compile(r"(?<![\w)\]\-.])-(?=\d)")
LEGEND   = set("NDHZKWTMQ")          # capitals that are a variable even if nothing stands beside
ENDS     = {"number", "vulgar", "raised", "lowered", "prime", "atom", "name", "close", "line"}
NEAR     = {"sign", "open", "close", "raised", "bar", "root"}        # beside what is no word
PARTIAL  = Token("partial", "∂")
WORD     = re.compile(r"\w+['’]?\w*|.", re.DOTALL)


def pieces(text):
    """Cut prose into what it is made of.

    text: the prose, its lines joined by spaces; `code` and *stress* are marked as in Markdown
    ->  a list of pairs: "text", "stressed" or "code" and the words, or "math" and a tree
    """
    found = []
    place = 0
    while place < len(text):
        kind, piece, end = _at(text, place)
        if kind == "text" and found and found[-1][0] == "text":
            found[-1] = ("text", found[-1][1] + piece)
        else:
            found.append((kind, piece))
        place = end
    return [(kind, MINUS.sub("−", piece) if kind == "text" else piece) for kind, piece in found]


def _at(text, place):
    """What begins at a place of a text  ->  its kind, the piece, and where it ends."""
    code = CODE.match(text, place)
    if code and _is_code(code.group()):
        return "code", code.group().strip("`"), code.end()
    stressed = STRESSED.match(text, place)
    if stressed:
        return "stressed", stressed[1], stressed.end()
    run = _run(text, place)
    if run:
        source = "".join(token.text for token in run)
        try:
            return "math", in_line(parse(source)), place + len(source)
        except ValueError:
            return "text", source, place + len(source)
    word = WORD.match(text, place)
    return "text", word.group(), word.end()


def _is_code(text):
    """Whether what looks like code is, rather than i.e., N/A, or W_mu."""
    if text.startswith(("`", "http", "--", "_")) or text.endswith((")", "]")):
        return True
    parts = re.split(r"[./]", text)
    if len(parts) > 1:
        return "." in text and max(map(len, parts)) > 1 or "_" in text
    return isinstance(name(text)[0], Code) or text in VARIABLES or not _is_short(text)


def _is_short(text):
    """Whether each index of a name is a letter or two, or a name of the legend's."""
    _, *indices = text.split("_")
    return all(len(index) < 3 or index in VARIABLES or index in GREEK for index in indices)


# ---------------------------------------------------------------------- runs of tokens

def _run(text, place):
    """The tokens of the formula that begins at a place of a text, or []."""
    before = text[max(0, place - 1):place]
    if re.match(r"[\w'’\-./@#$&]", before):
        return []
    found  = _cut(_stretch(text, place))
    behind = text[place + sum(len(token.text) for token in found):]
    if re.match(r"[\w/@]|-\w", behind):
        return []
    return found if any(_is_sure(found, at) for at in range(len(found))) else []


def _stretch(text, place):
    """The tokens from there on that may belong to a formula."""
    found, depth = [], 0
    while place < len(text):
        hit = TOKENS.match(text, place)
        if not hit:
            break
        token = Token(hit.lastgroup, re.split("['’]", hit.group())[0])           # z's
        if not (_goes_on(token, depth) and _is_operand(token, found, depth)):
            break
        if token.kind == "name" and re.match(r"-\w", text[hit.end():]):          # x-axis
            break
        depth += (token.kind == "open") - (token.kind == "close")
        found.append(token)
        place += len(token.text)
        if token.text != hit.group():
            break
    return found


def _goes_on(token, depth):
    """Whether a formula can go on with a token: with a mark or a bracket that closes only within
    brackets, and nowhere with two spaces.
    """
    if token.kind == "space":
        return token.text == " "
    return depth > 0 or token.kind != "close" and token.text not in MARKS


def _is_operand(token, found, depth):
    """Whether a name can stand in a formula: a word of four letters or more only in brackets, as in
    KL(q, prior), and behind ∂.
    """
    if token.kind != "name" or depth and len(token.text) > 3 or found[-1:] == [PARTIAL]:
        return True
    try:
        node, _ = name(token.text)
    except ValueError:
        return False
    return not isinstance(node, (Words, Code))


def _cut(found):
    """The longest beginning of a stretch that may be a formula."""
    for end in range(len(found), 0, -1):
        if found[end - 1].kind in ENDS and _is_whole(found[:end]):
            return found[:end]
    return []


def _is_whole(found):
    """Whether brackets are closed, and every doubtful name has a sign beside it."""
    depths = [(token.kind == "open") - (token.kind == "close") for token in found]
    lines  = [token for token in found if token.kind == "line"]
    minus  = found[0].text == "-" and found[1:2] != [Token("space", " ")]
    begun  = found[0].kind in FACTORS | {"line"} or minus
    paired = not len(lines) % 2 or any(depths)                       # or the bar of p(x | z)
    return begun and paired and not sum(depths) and all(
        _fits(found, at) for at in range(len(found)))


def _fits(found, at):
    """Whether a token may stand where it stands: `a` and the English names only at a sign."""
    kind, text = found[at]
    if kind == "open":
        return _bracket_fits(found, at)
    if kind != "name":
        return True
    if text in ("a", "A", "I"):
        return bool(_beside(found, at) & NEAR)
    if text in ENGLISH:
        return bool(_beside(found, at) & (NEAR | {"slash", "partial"}))
    if text in FUNCTIONS:
        return at + 1 < len(found)
    return True


def _beside(found, at):
    """The kinds of tokens beside one, spaces left out."""
    kinds = [token.kind for token in found]
    return {*[kind for kind in kinds[:at] if kind != "space"][-1:],
            *[kind for kind in kinds[at + 1:] if kind != "space"][:1]}


def _bracket_fits(found, at):
    """Whether a bracket belongs to the formula: it touches what is before it, holds a sum, or is
    raised to a power.
    """
    if at and found[at - 1].kind != "space":
        return True
    inside = _inside(found, at)
    signs  = {token.text for token in inside if token.kind == "sign"}
    raised = [token.kind for token in found[at + len(inside) + 2:][:1]] == ["raised"]
    return raised or bool(signs & {"+", "-"}) and signs <= OPERATORS


def _inside(found, at):
    """The tokens between an opening bracket and the one that closes it."""
    depth = 0
    for place in range(at, len(found)):
        depth += (found[place].kind == "open") - (found[place].kind == "close")
        if not depth:
            return found[at + 1:place]
    return found[at + 1:]


def _is_sure(found, at):
    """Whether a token makes a formula of the run in which it stands."""
    kind, text = found[at]
    if kind in ("big", "root", "partial"):
        return True
    if kind != "name":
        return False
    node, below = name(text)
    if isinstance(node, Name) or text in GREEK:
        return text in FUNCTIONS and [token.text for token in found[at + 1:at + 2]] == ["("]
    if isinstance(node, Differential):
        return True
    letter = text[0]
    if letter.isascii() and not below and letter not in LEGEND:
        beside = _beside(found, at) & (NEAR | {"prime", "lowered"})
        return bool(beside) or letter.islower() and letter != "a"
    return True
