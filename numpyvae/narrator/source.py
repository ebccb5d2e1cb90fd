"""Source that is run statement by statement, so that every name it defines can be looked at.

    def square(x):
        y = x * x
        return y

    names = {"x": 3.0}
    for line in assignments(square):
        names = run(line.code, names)
        for name in line.targets:
            show(name, names[name])                                  # y = 9.0000

So what a reader is shown is what was run. `walk` does this with VAE.loss_and_grads, the gallery of
bugs and lesson 12 with programs that they keep as text.
"""
import ast
import inspect
import textwrap
from functools import lru_cache
from typing import NamedTuple


class Assignment(NamedTuple):
    """A statement targets = value, as it stands in the source."""

    targets: tuple                   # the names that it defines, from left to right
    code: str                        # its text


def assignments(source):
    """Every assignment of a program, in order; loops, conditions and returns are left out.

    source: a function, or the text of a program, however deep it is indented
    ->  a list of `Assignment`
    Raises SyntaxError if a text is no program, OSError if a function's source cannot be found.
    """
    if isinstance(source, str):
        text = textwrap.dedent(source)
        body = ast.parse(text).body
    else:
        text = textwrap.dedent(inspect.getsource(source))
        body = ast.parse(text).body[0].body
    return [Assignment(_targets(node), ast.get_source_segment(text, node))
            for node in body if isinstance(node, ast.Assign)]


def run(code, names):
    """Run a program  ->  all names afterwards: those that it was given, and those that it defined.

    code: its text; names: a dictionary of what it may use, which is left as it was
    Raises whatever the program raises.
    """
    after = dict(names)
    exec(_compiled(code), after)
    del after["__builtins__"]        # which Python put there
    return after


def _targets(node):
    names = [name for target in node.targets for name in ast.walk(target)
             if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)]
    names.sort(key=_place)
    return tuple(name.id for name in names)


def _place(node):
    return node.lineno, node.col_offset


@lru_cache                           # since a gradient check runs the same program many times
def _compiled(code):
    return compile(textwrap.dedent(code), "<source>", "exec")
