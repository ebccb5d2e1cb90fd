"""What the tests of formulas share: the equations of all lessons and of `walk`, what an author
typed with every bracket in its place, and readers that write a formula back from its layout.

The common form, `explicit`, says by braces what a layout shows by itself: {a}/{b} is what stands
over and under a bar, √{a} what is under a root, x_{i}^{2} what is below and above a line. Spaces
are left between factors only.
"""
import ast
import re
import textwrap
import xml.etree.ElementTree as ET
from pathlib import Path

from hypothesis import strategies as st

from numpyvae import walk
from numpyvae.narrator import notation as nodes

ROOT = Path(__file__).parent.parent

# ---------------------------------------------------------------------- what the lessons say


def equations():
    """(where, text) of every equation of the lessons and of `walk`."""
    found = []
    for path in [*sorted((ROOT / "tutorials").glob("[0-9]*.py")), ROOT / "numpyvae" / "walk.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "step":
                found += [(f"{path.name}:{part.lineno}", _text(part)) for part in node.args[1:2]]
    found += [(f"walk: {name}", equation) for name, (_, equation, _) in walk.STORY.items()]
    found += [(f"walk: {name}", equation) for name, equation in walk.EQUATIONS.items()]
    return [(where, textwrap.dedent(text).strip("\n")) for where, text in found if text.strip()]


def _text(node):
    """The text of an argument; walk's Adam is told with its numbers."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "0.9"
                       for part in node.values)
    return ""


def cells_of(text):
    """For each line (column, text) of every formula and note. A cell begins at # and behind two
    spaces outside brackets, also at a relation sign that stands below another; what stands behind
    a sign alone belongs to it.
    """
    lines  = [re.sub("(.)\u0302", lambda hit: chr(0xE000 + ord(hit[1])), line)    # one column each
              for line in text.split("\n")]
    bodies = [line.partition("#")[0] for line in lines]
    signs  = [[hit.start() for hit in re.finditer(r"(?<= )[=≈≤≥<>~](?= )", body)
               if _is_outside(body, hit.start())] for body in bodies]
    signs  = [[at for at in own if sum(at in other for other in signs) > 1] for own in signs]
    return [list(_cells(line, body, own)) for line, body, own in zip(lines, bodies, signs)]


def _cells(line, body, signs):
    gaps   = {hit.start() for hit in re.finditer(r"(?<!\S)(?<!\S )\S", body)
              if _is_outside(body, hit.start())}
    begins = sorted({*gaps, *signs})
    column = None
    for begin, end in zip(begins, [*begins[1:], None]):
        column = begin if column is None else column
        if end is None or not re.fullmatch(r"[-+=≈≤≥<>~→←⇔]", body[column:end].strip()):
            yield column, _wide(body[column:end].strip())
            column = None
    if "#" in line:
        yield len(body), _wide(line[len(body):])


def _is_outside(body, at):
    return sum(map(body[:at].count, "([")) == sum(map(body[:at].count, ")]"))


def _wide(text):
    return re.sub("[\ue000-\ue3ff]", lambda hit: chr(ord(hit[0]) - 0xE000) + "\u0302", text)


# ---------------------------------------------------------------------- what an author typed

NAME   = "[A-Za-zα-ωΔ]\u0302?[A-Za-z0-9α-ω]*(?:[_.][A-Za-z0-9α-ω]+)*(?:'[a-z]+)?"
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᵀᵗ", "0123456789-Tt")
GREEK  = {"mu": "μ", "eps": "ε"}
VULGAR = {"½": "{1}⁄{2}", "⅓": "{1}⁄{3}", "⅔": "{2}⁄{3}", "¼": "{1}⁄{4}", "¾": "{3}⁄{4}",
          "⅙": "{1}⁄{6}", "⅛": "{1}⁄{8}"}
WHOLE  = {"log_w", "adam_eps"}                   # names whose line is no index
SIGNS  = "-+±·*=≈≠≤≥<>~→←⇔,;:?∣"                 # the last is the bar of p(x given z)


def explicit(line):
    """A formula as it is typed, in the common form."""
    line = re.sub(r"\bgiven\b", "∣", line)
    line = re.sub(r"(\d),(\d{3})", "\\1\u201a\\2", line)                        # no sign
    line = re.sub(r"(\d)e([-+]?)0*(\d+)", r"\1·10^(\2\3)", line).replace("1·10^", "10^")
    line = re.sub("∂ ", "∂", line)
    line = re.sub(NAME, _name, line)
    line = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻ᵀᵗ′″‴]+", lambda hit: f"^{{{hit[0].translate(RAISED)}}}", line)
    line = re.sub("[½⅓⅔¼¾⅙⅛]", lambda hit: VULGAR[hit[0]], line)
    line = re.sub(r"([√∛])(\w+\u0302?(?:_\{\w+\})?)", r"\1{\2}", line)
    line = re.sub(r"(\^|[)\]ΣΠ∫]_)([^\W_]+(?:_\{\w+\})?)", r"\1{\2}", line)
    for opening in re.findall(r"[√∛_^]\(", line):
        at   = line.index(opening)
        end  = _closing(line, at + 1)
        line = f"{line[:at + 1]}{{{line[at + 2:end]}}}{line[end + 1:]}"
    while "/" in line:
        line = _with_bar(line, line.index("/"))
    return unspaced(line).replace("\u201a", ",")


def unspaced(line):
    """A formula without the spaces around its signs."""
    line = re.sub("(?<=[a-z]) +-(?! )", "\u2009-", line)             # the minus in: from -2 to 2
    line = re.sub(rf" *([{re.escape(SIGNS)}]) *", r"\1", line)
    line = re.sub(r"∂ +", "∂", re.sub(" +", " ", line))
    for at in range(len(line)):
        if line[at:at + 1] in set("ΣΠ∫"):
            end  = _behind_scripts(line, at + 1)
            line = line[:end] + line[end:].lstrip(" ")
    return line.strip()


def _behind_scripts(line, at):
    while line[at:at + 2] in ("_{", "^{"):
        at = _closing(line, at + 1) + 1
    return at


def _name(hit):
    head, *indices = hit[0].split("_")
    if "." in hit[0] or hit[0] in WHOLE:
        return hit[0]
    letter = re.fullmatch(r"(d?[A-Za-zα-ω]\u0302?)(\d+)", head)
    if letter:
        head, indices = letter[1], [letter[2], *indices]
    if head not in GREEK and head[0] == "d" and head[1:] in GREEK:
        head = "d" + GREEK[head[1:]]
    indices = ",".join(GREEK.get(index, index) for index in indices)
    return GREEK.get(head, head) + (f"_{{{indices}}}" if indices else "")


def _closing(line, at):
    """Where the bracket closes that opens at a place."""
    depth = 0
    for place in range(at, len(line)):
        depth += (line[place] in "([{") - (line[place] in ")]}")
        if not depth:
            return place
    raise AssertionError(f"no closing bracket in {line!r}")


def _with_bar(line, slash):
    """A formula whose slash at this place is a bar, with braces around what is over and under."""
    spaced  = line[slash - 1] == " "
    behind  = slash + 1 + spaced
    partial = line[behind] == "∂"
    end     = _reach(line, behind, 1, " ")
    if partial and line[:end].endswith("log"):
        end = _reach(line, end + 1, 1, " ")
    stops = SIGNS if spaced else SIGNS + " "
    begin = _reach(line, slash - spaced, -1, stops)
    if partial:
        begin = line.rindex("∂", 0, slash)
    begin += len(re.match(r" *(?:\{1\}⁄\{\d\} (?=\S))?" if spaced else " *", line[begin:])[0])
    above, below = line[begin:slash].strip(), line[behind:end]
    return f"{line[:begin]}{{{_bare(above)}}}⁄{{{_bare(below)}}}{line[end:]}"


def _reach(line, at, way, stops):
    """How far a run of a line reaches in a direction: to a stop, or out of its brackets."""
    depth = 0
    while 0 <= (place := at if way > 0 else at - 1) < len(line):
        depth += way * ((line[place] in "([{") - (line[place] in ")]}"))
        if depth < 0 or not depth and (line[place] in stops or line[place] in SIGNS):
            break
        at += way
    return at


def _bare(text):
    return text[1:-1] if text[0] == "(" and _closing(text, 0) == len(text) - 1 else text


# ---------------------------------------------------------------------- what MathML shows

SHOWN  = {"−": "-", "∼": "~", "∗": "*", "∑": "Σ", "∏": "Π"}
ACCENT = {"^": "\u0302"}
ROOTS  = {"3": "∛", "4": "∜"}


def written(element):
    """A MathML element in the common form, by its layout alone."""
    return unspaced(_written(element))


def _written(element):
    parts = [_written(child) for child in element]
    tag   = element.tag
    if tag == "mo" and element.text == "|" and not element.get("fence"):
        return "∣"
    if tag in ("mi", "mn", "mo", "mtext"):
        return SHOWN.get(element.text, element.text).replace("\u00a0", " ")
    if tag == "mspace":
        return " "
    if tag == "mfrac":
        return "{%s}⁄{%s}" % tuple(parts)
    if tag == "msqrt":
        return f"√{{{''.join(parts)}}}"
    if tag == "mroot":
        return f"{ROOTS[parts[1]]}{{{parts[0]}}}"
    if tag == "mover" and element.get("accent"):
        return parts[0] + ACCENT[parts[1]]
    if tag in ("msub", "munder"):
        return "%s_{%s}" % (_base(element[0], parts[0]), parts[1])
    if tag in ("msup", "mover"):
        return "%s^{%s}" % (_base(element[0], parts[0]), parts[1])
    if tag in ("msubsup", "munderover"):
        return "%s_{%s}^{%s}" % (_base(element[0], parts[0]), *parts[1:])
    assert tag in ("mrow", "math", "mtd"), tag
    return "".join(parts)


def _base(element, text):
    """What a script stands beside; in braces if it is more than an author can mean by one."""
    fenced = element.tag == "mrow" and element[0].get("fence") and element[-1].get("fence")
    differ = element.tag == "mrow" and len(element) == 2 and element[0].text in ("d", "Δ")
    if element.tag != "mrow" or fenced or differ:
        return text
    return f"{{{text}}}"


def lines_of(math):
    """The lines of a <math> of an equation: for each table, for each line, (column, element)."""
    body, = math
    if body.tag == "mrow":
        return [[_line_alone(body)]]
    if all(len(row) == 1 for row in body):
        return [table for row in body for table in lines_of(row[0])]
    return [[_line_of(row) for row in body]]


def _line_alone(row):
    return list(enumerate(child for child in row if child.tag != "mspace"))


def _line_of(row):
    found, column = [], 0
    for cell in row:
        if len(cell):
            found.append((column, cell[0]))
        column += int(cell.get("columnspan", 1))
    return found


def parsed(mathml):
    """A <math> element as a tree."""
    return ET.fromstring(mathml)


# ---------------------------------------------------------------------- what LaTeX shows

COMMANDS = {"approx": "≈", "ne": "≠", "le": "≤", "ge": "≥", "lt": "<", "gt": ">", "sim": "~",
            "to": "→", "leftarrow": "←", "Leftrightarrow": "⇔", "pm": "±", "cdot": "·", "mid": "∣",
            "lvert": "|", "rvert": "|", "colon": ":", "prime": "′", "partial": "∂", "ldots": "…",
            "sum": "Σ", "prod": "Π", "int": "∫", "alpha": "α", "beta": "β", "gamma": "γ",
            "delta": "δ", "chi": "χ", "varepsilon": "ε", "mu": "μ",
            "pi": "π", "sigma": "σ", "Delta": "Δ", "log": "log", "exp": "exp", "max": "max",
            "min": "min", "det": "det", ",": " ", " ": " ", "_": "_", "left": "", "right": ""}
UPRIGHT  = {"text", "mathrm", "operatorname", "mathtt", "mathrel"}
LATEX    = re.compile(r"\\(?:[A-Za-z]+|.)|.", re.DOTALL)


def read(latex):
    """LaTeX in the common form, by what it shows."""
    tokens = LATEX.findall(latex)
    line   = _shown_by(tokens, None)
    assert not tokens, tokens
    line = line.replace("′′′", "‴").replace("′′", "″")
    return unspaced(line)


def _shown_by(tokens, stop):
    parts = []
    while tokens:
        token = tokens.pop(0)
        if token == stop:
            return "".join(parts)
        assert token not in "}", "a brace too much"
        parts.append(_one(token, tokens))
    assert stop is None, "a brace is missing"
    return "".join(parts)


def _one(token, tokens):
    name = token.removeprefix("\\")
    if token == " ":
        return ""
    if token == "{":
        return _shown_by(tokens, "}")
    if token in "_^":
        return f"{token}{{{_argument(tokens)}}}"
    if not token.startswith("\\"):
        return token
    if name in UPRIGHT:
        return _plain(tokens)
    if name in ("frac", "tfrac"):
        return f"{{{_argument(tokens)}}}⁄{{{_argument(tokens)}}}"
    if name == "hat":
        return _argument(tokens) + "\u0302"
    if name == "sqrt":
        degree = tokens[0] == "[" and tokens.pop(0) and tokens.pop(0)
        if degree:
            assert tokens.pop(0) == "]"
        return f"{ROOTS.get(degree, '√')}{{{_argument(tokens)}}}"
    return COMMANDS[name]


def _argument(tokens):
    assert tokens.pop(0) == "{", "an argument without a brace"
    return _shown_by(tokens, "}")


def _plain(tokens):
    """The argument of a command that shows text, with its spaces."""
    assert tokens.pop(0) == "{", "text without a brace"
    end  = tokens.index("}")
    text = "".join(token.removeprefix("\\") for token in tokens[:end])
    del tokens[:end + 1]
    return text


def latex_lines(latex):
    """The lines of an equation in LaTeX: for each table, for each line, (column, LaTeX)."""
    array = re.fullmatch(r"\\begin\{array\}\{l\}\n(.*)\n\\end\{array\}", latex, re.DOTALL)
    if array:
        parts = re.split(r"(?: \\\\\[.3em\]\n|^)\\displaystyle ", array[1])[1:]
        return [table for part in parts for table in latex_lines(part)]
    table = re.fullmatch(r"\\begin\{alignedat\}\{\d+\}\n(.*)\n\\end\{alignedat\}", latex, re.DOTALL)
    if not table:
        return [[list(enumerate(re.split(r" ?\\qquad | (?=\{\} )", latex)))]]
    return [[[(column, cell.strip().removeprefix(r"\qquad "))
              for column, cell in enumerate(line.split("&")) if cell.strip()]
             for line in table[1].split(" \\\\[.3em]\n")]]


# ---------------------------------------------------------------------- formulas at random

def typed(tree):
    """A tree as an author types it."""
    return re.sub(" +", " ", _typed(tree)).strip()


def _typed(node):
    if isinstance(node, nodes.Row):
        return "".join(map(_typed, node.items))
    if isinstance(node, nodes.Sign):
        return node.text if node.prefix else f" {node.text} "
    if isinstance(node, nodes.Gap):
        return " "
    if isinstance(node, nodes.Big):
        return {"∑": "Σ", "∏": "Π"}.get(node.text, node.text)
    if isinstance(node, nodes.Accented):
        return node.base.text + node.accent
    if isinstance(node, nodes.Differential):
        return node.sign + _typed(node.of)
    if isinstance(node, nodes.Root):
        return f"{'√∛∜'[node.degree - 2]}({_typed(node.under)})"
    if isinstance(node, nodes.Bracketed):
        return node.open + _typed(node.inside).strip() + node.close
    if isinstance(node, nodes.Fraction) and node.small:
        return next(sign for sign, parts in nodes.VULGAR.items()
                    if parts == (node.above.items[0].text, node.below.items[0].text))
    if isinstance(node, nodes.Fraction):
        return f"{_held(node.above)}/{_held(node.below)}"
    if isinstance(node, nodes.Scripted):
        below = f"_({_typed(node.below)})" if node.below else ""
        above = f"^({_typed(node.above)})" if node.above else ""
        return _typed(node.base) + below + above + " " * isinstance(node.base, nodes.Big)
    return node.text


def _held(row):
    """What stands over or under a bar, in brackets unless it is a letter or a number."""
    lone = len(row.items) == 1 and isinstance(row.items[0], (nodes.Letter, nodes.Number))
    return _typed(row) if lone else f"({_typed(row).strip()})"


letters = st.sampled_from("bxyzlpqKNσμεβ").map(nodes.Letter)
numbers = st.sampled_from(["2", "64", "8,000", "0.999"]).map(nodes.Number)
names   = st.sampled_from(["logvar", "loss", "log", "exp", "kl"]).map(nodes.Name)
words   = st.sampled_from(["where", "noise", "image"]).map(nodes.Words)
halves  = st.sampled_from(list(nodes.VULGAR.values())).map(
    lambda pair: nodes.Fraction(*(nodes.Row((nodes.Number(part),)) for part in pair), small=True))
differs = st.builds(nodes.Differential, st.just("d"), st.sampled_from("WzTμ").map(nodes.Letter))
accents = st.builds(nodes.Accented, st.sampled_from("mvx").map(nodes.Letter), st.just("\u0302"))
infixes = st.sampled_from(list("+-=≈≤~→·,")).map(nodes.Sign)
minus   = nodes.Sign("-", prefix=True)


def _rows(units):
    """Rows of units: products, one after the other between signs."""
    products = st.lists(units, min_size=1, max_size=3).map(
        lambda parts: [item for part in parts for item in (nodes.GAP, *part)][1:])
    return st.tuples(st.booleans(), st.lists(st.tuples(infixes, products), min_size=1, max_size=3)
                     ).map(lambda drawn: _row(*drawn))


def _row(negative, terms):
    items = [item for sign, product in terms for item in (sign, *product)][1:]
    return nodes.Row((minus, *items) if negative else tuple(items))


def _larger(rows):
    """Units that rows can be made into."""
    brackets = st.builds(lambda pair, row: nodes.Bracketed(pair[0], row, pair[1]),
                         st.sampled_from(["()", "[]"]), rows)
    fraction = st.builds(nodes.Fraction, rows, rows)
    scripted = st.builds(nodes.Scripted, letters | brackets | differs, st.none() | rows, rows)
    roots    = st.builds(nodes.Root, st.sampled_from([2, 3]), rows)
    sums     = st.tuples(st.builds(nodes.Scripted, st.sampled_from("∑∏∫").map(nodes.Big), rows),
                         letters)
    calls    = st.tuples(letters | names, brackets)
    return calls | sums | (brackets | fraction | scripted | roots).map(lambda node: (node,))


small = (letters | numbers | names | halves | differs | accents).map(lambda node: (node,)) | \
    st.tuples(numbers, letters)
trees = st.recursive(_rows(small), lambda rows: _rows(small | _larger(rows)), max_leaves=8)
