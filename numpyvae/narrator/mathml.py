"""Formulas as MathML, of which only what browsers set by themselves is used (MathML Core)."""
from functools import singledispatch
from html import escape

from . import cells, formula, notation, prose as proses
from .notation import OPERATORS, RELATIONS

THIN = ".17em"                       # between two factors
WORD = ".3em"                        # between a word and what is beside it
WIDE = "2em"                         # between two cells
LEFT = cells.Column(right=False, apart=False)
SIGNS = {"-": "−", "~": "∼", "given": "|", "*": "∗"}


def inline(text):
    """A formula in a line of text.

    text: the formula, in Unicode
    ->  a <math> element.  Raises ValueError if it cannot be read for sure.
    """
    return f"<math>{_math(notation.in_line(formula.parse(text)))}</math>"


def equation(text):
    """An equation of one or more lines, aligned by its spaces, with notes behind #.

    text: the equation, in Unicode
    ->  a <math display="block"> element.  Raises ValueError if it cannot be read for sure.
    """
    parts = [_table(table) for table in cells.tables(text)]
    body  = parts[0] if len(parts) == 1 else _stacked(parts)
    return f'<math display="block">{body}</math>'


def prose(text):
    """Prose, with what is a formula for sure set as one, and what is code for sure as code.

    text: the prose, in Unicode
    ->  HTML in which everything else is escaped
    """
    return "".join(_piece(kind, piece) for kind, piece in proses.pieces(text))


def _piece(kind, piece):
    if kind == "math":
        return f"<math>{_math(piece)}</math>"
    if kind == "text":
        return escape(piece, quote=False)
    tag = {"code": "code", "stressed": "em"}[kind]
    return f"<{tag}>{escape(piece, quote=False)}</{tag}>"


# ---------------------------------------------------------------------- lines and cells

def _table(table):
    """Lines as a table, or one line as it stands."""
    if len(table.rows) > 1:
        rows = "".join(_line(row, table.columns) for row in table.rows)
        return f'<mtable displaystyle="true">{rows}</mtable>'
    row, = table.rows
    gaps = [f'<mspace width="{WIDE}"/>' * table.columns[cell.column].apart for cell in row]
    return f"<mrow>{''.join(gap + _cell(cell) for gap, cell in zip(gaps, row))}</mrow>"


def _stacked(parts):
    """Tables one below the other."""
    rows = "".join(f"<mtr>{_td(part, LEFT, 1)}</mtr>" for part in parts)
    return f'<mtable displaystyle="true">{rows}</mtable>'


def _line(row, columns):
    """A row of a table: its cells, empty ones where it has none."""
    begin, parts = 0, []
    for cell in row:
        parts += [_td("", column, 1) for column in columns[begin:cell.column]]
        parts.append(_td(_cell(cell), columns[cell.column], cell.span))
        begin = cell.column + cell.span
    return f"<mtr>{''.join(parts)}</mtr>"


def _td(content, column, span):
    # Chromium aligns blocks, such as an mrow, only by the second.
    align = "right; text-align: -webkit-right" if column.right and span == 1 else "left"
    style = f"text-align: {align}; padding: .3em 0 .3em {WIDE if column.apart else 0}"
    wide  = f' columnspan="{span}"' if span > 1 else ""
    return f'<mtd{wide} style="{style}">{content}</mtd>'


def _cell(cell):
    if cell.note:
        return _note(cell.text)
    return f"<mrow>{_math(formula.parse(cell.text))}</mrow>"


def _note(note):
    """A note: words in which formulas may stand."""
    parts = [_math(piece) if kind == "math" else _text(piece, kind == "code")
             for kind, piece in proses.pieces(note)]
    return f'<mrow class="note" displaystyle="false">{"".join(parts)}</mrow>'


def _text(text, code=False):
    style = ' style="font-family: monospace"' if code else ""
    return f"<mtext{style}>{_unbroken(text)}</mtext>"


def _unbroken(text):
    """Text whose spaces are kept."""
    return escape(text, quote=False).replace(" ", "\u00a0")


# ---------------------------------------------------------------------- a tree

@singledispatch
def _math(node):
    raise TypeError(f"expected a node of a formula, got {type(node).__name__}")


@_math.register
def _(node: notation.Row):
    return "".join(map(_beside, (None, *node.items), node.items, (*node.items[1:], None)))


def _beside(before, node, after):
    """A node as it stands between two others."""
    words = isinstance(before, notation.Words) or isinstance(after, notation.Words)
    if node == notation.GAP:
        return f'<mspace width="{WORD if words else THIN}"/>'
    if node in map(notation.Sign, ",;") and words and after:
        return f'<mo lspace="0" rspace="{WORD}">{node.text}</mo>'
    return _math(node)


def _grouped(node):
    """A row as one element."""
    item, *more = node.items
    if more or isinstance(item, notation.Row):
        return f"<mrow>{_math(node)}</mrow>"
    return _math(item)


@_math.register
def _(node: notation.Number):
    digits, _, power = node.text.partition("e")
    if not power:
        return f"<mn>{digits}</mn>"
    minus = '<mo form="prefix">−</mo>' if power.startswith("-") else ""
    tenth = f"<msup><mn>10</mn><mrow>{minus}<mn>{abs(int(power))}</mn></mrow></msup>"
    return tenth if digits == "1" else f"<mrow><mn>{digits}</mn><mo>·</mo>{tenth}</mrow>"


@_math.register
def _(node: notation.Letter):
    return f"<mi>{node.text}</mi>"


@_math.register
def _(node: notation.Name):
    style = ' mathvariant="normal"' if len(node.text) == 1 else ""
    return f"<mi{style}>{node.text}</mi>"


@_math.register
def _(node: notation.Words):
    # An mtext counts as space, beside which a browser leaves out the space around an operator.
    return f"<mi>{_unbroken(node.text)}</mi>"


@_math.register
def _(node: notation.Code):
    return _text(node.text, code=True)


@_math.register
def _(node: notation.Sign):
    sign = escape(SIGNS.get(node.text, node.text))
    if node.text in notation.PRIMES:
        return f'<mo form="postfix" lspace="0" rspace="0">{sign}</mo>'
    if node == notation.SLASH:
        return '<mo lspace="0" rspace="0" stretchy="false">/</mo>'
    if node.prefix:
        return f'<mo form="prefix">{sign}</mo>'
    if node.text in notation.BARS:
        return f'<mo lspace="{WORD}" rspace="{WORD}" stretchy="false">{sign}</mo>'
    if node.text in ":.?!":
        space = WORD if node.text == ":" else 0
        return f'<mo form="postfix" lspace="0" rspace="{space}">{sign}</mo>'
    if node.text in OPERATORS | RELATIONS:
        return f'<mo form="infix" stretchy="false">{sign}</mo>'
    return f"<mo>{sign}</mo>"


@_math.register
def _(node: notation.Big):
    return f"<mo>{node.text}</mo>"


@_math.register
def _(node: notation.Scripted):
    parts  = [_grouped(script) for script in (node.below, node.above) if script]
    limits = isinstance(node.base, notation.Big) and node.base.text != "∫"
    if node.below and node.above:
        tag = "munderover" if limits else "msubsup"
    elif node.below:
        tag = "munder" if limits else "msub"
    else:
        tag = "mover" if limits else "msup"
    return f"<{tag}>{_math(node.base)}{''.join(parts)}</{tag}>"


@_math.register
def _(node: notation.Accented):
    accent = notation.ACCENTS[node.accent]
    return f'<mover accent="true">{_math(node.base)}<mo stretchy="false">{accent}</mo></mover>'


@_math.register
def _(node: notation.Differential):
    return f'<mrow><mi mathvariant="normal">{node.sign}</mi>{_math(node.of)}</mrow>'


@_math.register
def _(node: notation.Fraction):
    style = ' displaystyle="false"' if node.small else ""
    return f"<mfrac{style}>{_grouped(node.above)}{_grouped(node.below)}</mfrac>"


@_math.register
def _(node: notation.Root):
    if node.degree == 2:
        return f"<msqrt>{_math(node.under)}</msqrt>"
    return f"<mroot>{_grouped(node.under)}<mn>{node.degree}</mn></mroot>"


@_math.register
def _(node: notation.Bracketed):
    tall = str(notation.is_tall(node.inside)).lower()
    fences = [f'<mo form="{form}" fence="true" stretchy="{tall}">{sign}</mo>'
              for form, sign in (("prefix", node.open), ("postfix", node.close))]
    return f"<mrow>{fences[0]}{_math(node.inside)}{fences[1]}</mrow>"
