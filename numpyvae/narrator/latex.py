"""Formulas as LaTeX, of the little that MathJax and KaTeX understand alike: for Markdown cells."""
import re
from functools import singledispatch

from . import cells, formula, notation, prose as proses

SIGNS = {"≈": r"\approx", "≠": r"\ne", "≤": r"\le", "≥": r"\ge", "<": r"\lt", ">": r"\gt",
         "~": r"\sim", "→": r"\to", "←": r"\leftarrow", "↔": r"\leftrightarrow",
         "⇒": r"\Rightarrow", "⇔": r"\Leftrightarrow", "≡": r"\equiv", "∝": r"\propto",
         "∈": r"\in", "+=": "\\mathrel{+}=", "±": r"\pm", "·": r"\cdot", "×": r"\times",
         "⊙": r"\odot", "given": r"\mid", "‖": r"\parallel", "′": r"\prime", "″": r"\prime\prime",
         "‴": r"\prime\prime\prime", ":": r"\colon"}
LETTERS = {"∂": r"\partial", "∞": r"\infty", "∇": r"\nabla", "…": r"\ldots",
           "α": r"\alpha", "β": r"\beta", "γ": r"\gamma", "δ": r"\delta", "ε": r"\varepsilon",
           "ζ": r"\zeta", "η": r"\eta", "θ": r"\theta", "ι": r"\iota", "κ": r"\kappa",
           "λ": r"\lambda", "μ": r"\mu", "ν": r"\nu", "ξ": r"\xi", "ο": "o", "π": r"\pi",
           "ρ": r"\rho", "ς": r"\varsigma", "σ": r"\sigma", "τ": r"\tau", "υ": r"\upsilon",
           "φ": r"\varphi", "χ": r"\chi", "ψ": r"\psi", "ω": r"\omega", "Γ": r"\Gamma",
           "Δ": r"\Delta", "Θ": r"\Theta", "Λ": r"\Lambda", "Ξ": r"\Xi", "Φ": r"\Phi",
           "Ψ": r"\Psi", "Ω": r"\Omega"}
BIG     = {"∑": r"\sum", "∏": r"\prod", "∫": r"\int"}
FENCES  = {"{": r"\{", "}": r"\}", "‖": r"\Vert"}
ACCENTS = {"\u0302": r"\hat", "\u0304": r"\bar", "\u0303": r"\tilde", "\u0307": r"\dot"}
PLAIN   = (notation.Letter, notation.Name, notation.Big, notation.Bracketed)
KNOWN   = frozenset(["log", "exp", "max", "min", "det", "sin", "cos", "tanh"])
NEXT    = " \\\\[.3em]\n"          # lest fractions touch
SPECIAL = {"^": r"\wedge ", "~": r"\sim ", "\\": r"\backslash ",
           **{letter: "\\" + letter for letter in "#$%&_{}"}}

MARKUP  = re.compile(r"([\\`*_\[\]$|])")                 # what Markdown would not take for text


def inline(text):
    """A formula in a line of text, to stand between two $.

    text: the formula, in Unicode
    ->  LaTeX.  Raises ValueError if it cannot be read for sure.
    """
    return _latex(notation.in_line(formula.parse(text)))


def equation(text):
    """An equation of one or more lines, aligned by its spaces, with notes behind #.

    text: the equation, in Unicode
    ->  LaTeX, to stand between two $$.  Raises ValueError if it cannot be read for sure.
    """
    parts = [_table(table) for table in cells.tables(text)]
    if len(parts) == 1:
        return parts[0]
    body = NEXT.join(rf"\displaystyle {part}" for part in parts)
    return f"\\begin{{array}}{{l}}\n{body}\n\\end{{array}}"


def prose(text):
    """Prose as Markdown, with what is a formula for sure between two $.

    text: the prose, in Unicode
    ->  Markdown
    """
    return "".join(_piece(kind, piece) for kind, piece in proses.pieces(text))


def _piece(kind, piece):
    if kind == "math":
        return f"${_latex(piece)}$"
    if kind == "text":
        return MARKUP.sub(r"\\\1", piece).replace("<", "&lt;")
    mark = {"code": "`", "stressed": "*"}[kind]
    return f"{mark}{piece}{mark}"


# ---------------------------------------------------------------------- lines and cells

def _table(table):
    """Lines as an alignedat, whose columns are aligned right and left by turns; or one line."""
    slots = _slots(table.columns)
    lines = [_line(row, table.columns, slots) for row in table.rows]
    if len(lines) == 1:
        return " ".join(lines[0].values())
    pairs = slots[-1] // 2 + 1
    body  = NEXT.join(map(_joined, lines))
    return f"\\begin{{alignedat}}{{{pairs}}}\n{body}\n\\end{{alignedat}}"


def _slots(columns):
    """Which column of the alignedat each column is."""
    slots = []
    for column in columns:
        slot = slots[-1] + 1 if slots else 0
        slots.append(slot if column.right == (slot % 2 == 0) else slot + 1)
    return slots


def _line(row, columns, slots):
    """What stands in a line  ->  {column of the alignedat: LaTeX}."""
    line = {}
    for cell in row:
        column = columns[cell.column]
        beside = column.right and cell.span > 1                      # aligned to the left, then
        line[slots[cell.column] + beside] = _gap(column.apart) + _cell(cell)
    return line


def _joined(line):
    """A line as text, its columns parted by &."""
    return " & ".join(line.get(slot, "") for slot in range(max(line, default=-1) + 1)).strip()


def _gap(apart):
    return r"\qquad " if apart else ""


def _cell(cell):
    if cell.note:
        return _note(cell.text)
    row   = formula.parse(cell.text)
    first = row.items[0]
    leads = isinstance(first, notation.Sign) and not first.prefix
    return ("{} " if leads else "") + _latex(row)


def _note(note):
    """A note: words in which formulas may stand."""
    writers = {"math": lambda tree: rf"\textstyle {_latex(tree)} ", "code": _code}
    return "".join(writers.get(kind, _text)(piece) for kind, piece in proses.pieces(note))


def _text(words):
    """Words; what LaTeX would take for a command stands outside of them, as MathJax asks."""
    parts = re.split(f"([{re.escape(''.join(SPECIAL))}])", words)
    return "".join(SPECIAL.get(part) or rf"\text{{{part}}}" for part in parts if part)


def _code(text):
    letters = ["\\ " if letter == " " else SPECIAL.get(letter, letter) for letter in text]
    return rf"\mathtt{{{''.join(letters)}}}"


# ---------------------------------------------------------------------- a tree

@singledispatch
def _latex(node):
    raise TypeError(f"expected a node of a formula, got {type(node).__name__}")


@_latex.register
def _(node: notation.Row):
    return " ".join(map(_beside, (None, *node.items), node.items, (*node.items[1:], None)))


def _beside(before, node, after):
    """A node as it stands between two others."""
    words = isinstance(before, notation.Words) or isinstance(after, notation.Words)
    if node == notation.GAP:
        return r"\ " if words else r"\,"
    if node in map(notation.Sign, ",;") and words and after:
        return node.text + r"\ "
    return _latex(node)


@_latex.register
def _(node: notation.Number):
    digits, _, power = node.text.partition("e")
    digits = digits.replace(",", "{,}")
    if not power:
        return digits
    tenth = f"10^{{{int(power)}}}"
    return tenth if digits == "1" else rf"{digits} \cdot {tenth}"


@_latex.register
def _(node: notation.Letter):
    return LETTERS.get(node.text, node.text)


@_latex.register
def _(node: notation.Name):
    if node.text in KNOWN:
        return "\\" + node.text
    command = "operatorname" if node.text in notation.FUNCTIONS else "mathrm"
    name    = node.text.replace("_", r"\_")
    return rf"\{command}{{{name}}}"


@_latex.register
def _(node: notation.Words):
    return _text(node.text)


@_latex.register
def _(node: notation.Code):
    return _code(node.text)


@_latex.register
def _(node: notation.Sign):
    sign = SIGNS.get(node.text, node.text)
    return f"{{{sign}}}" if node.prefix else sign


@_latex.register
def _(node: notation.Big):
    return BIG[node.text]


@_latex.register
def _(node: notation.Scripted):
    base = _latex(node.base)
    if not isinstance(node.base, PLAIN):
        base = f"{{{base}}}"
    below = f"_{{{_latex(node.below)}}}" if node.below else ""
    above = f"^{{{_latex(node.above)}}}" if node.above else ""
    return base + below + above


@_latex.register
def _(node: notation.Accented):
    return f"{ACCENTS[node.accent]}{{{_latex(node.base)}}}"


@_latex.register
def _(node: notation.Differential):
    sign = r"\mathrm{d}" if node.sign == "d" else r"\Delta "
    return sign + _latex(node.of)


@_latex.register
def _(node: notation.Fraction):
    command = r"\tfrac" if node.small else r"\frac"
    return f"{command}{{{_latex(node.above)}}}{{{_latex(node.below)}}}"


@_latex.register
def _(node: notation.Root):
    degree = f"[{node.degree}]" if node.degree > 2 else ""
    return rf"\sqrt{degree}{{{_latex(node.under)}}}"


@_latex.register
def _(node: notation.Bracketed):
    signs = [FENCES.get(sign, sign) for sign in (node.open, node.close)]
    if notation.is_tall(node.inside):
        signs = [r"\left" + signs[0], r"\right" + signs[1]]
    elif node.open == node.close:
        signs = [r"\lvert", r"\rvert"] if node.open == "|" else [r"\lVert", r"\rVert"]
    return f"{signs[0]} {_latex(node.inside)} {signs[1]}"
