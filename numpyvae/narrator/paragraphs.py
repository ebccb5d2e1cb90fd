"""Paragraphs, taken apart: sentences to be filled, lines of code, equations."""
import ast
import re
import textwrap
from itertools import groupby

COMMAND = re.compile(r"(python|numpyvae|pip) ")          # how a line for a shell begins


def parts(prose):
    """What a `Say` is made of, in order.

    ->  pairs of a kind and its text: "sentences", on one line; "code"; "equation", of any number
        of lines. A paragraph that is broken by an indented line gives several.
    """
    found = []
    for paragraph in re.split(r"\n\s*\n", prose):
        lines = filter(None, paragraph.split("\n"))
        for indented, block in groupby(lines, _is_indented):
            if indented:
                found += _set_apart(list(block))
            else:
                found.append(("sentences", " ".join(block)))
    return found


def is_code(text):
    """Whether a text is Python that does something, or a command for a shell.

    Mathematics hardly ever is: it has other letters than ASCII's, or products without a sign.
    """
    if not text.isascii():
        return False
    if COMMAND.match(text):
        return True
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return bool(body) and all(map(_does_something, body))


def _is_indented(line):
    return line.startswith(" ")


def _set_apart(lines):
    """An indented block: code, or an equation, or code with its equation indented below it."""
    first, *deeper = textwrap.dedent("\n".join(lines)).split("\n")
    whole = "\n".join([first, *deeper])
    if is_code(whole):
        return [("code", whole)]
    if deeper and all(map(_is_indented, deeper)) and is_code(first):
        return [("code", first), ("equation", textwrap.dedent("\n".join(deeper)))]
    return [("equation", whole)]


def _does_something(statement):
    return not isinstance(statement, ast.Expr) or isinstance(statement.value, ast.Call)
