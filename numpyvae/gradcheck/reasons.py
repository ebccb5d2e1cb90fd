"""Reasons: why a student's code stopped, in words, where Python's alone leave one at a loss."""
import ast
import difflib
import re
import sys

import numpy as np

from .operands import Operands

GUARD = 'put what is not for the judge below if __name__ == "__main__":'


def reason(error, frame, line):
    """What there is to add to Python's words, as a sentence without its end, or None.

    error: the exception; frame, line: the last of the student's that it came through, or None
    """
    for kind, say in REASONS.items():
        if isinstance(error, kind):
            return say(error, frame, line) if frame else None
    return None


def closest(name, known):
    """"; is forward meant?" if one of the names that are known is much like this one, or ""."""
    plain = {str(each).lower(): each for each in known}
    near  = difflib.get_close_matches(str(name).lower(), plain, n=1)
    return f"; is {plain[near[0]]} meant?" if near else ""


def _name(error, frame, line):
    name = getattr(error, "name", None)
    if not name:
        return None
    guess = closest(name, {**frame.f_globals, **frame.f_locals})
    return f"nothing is called {name} when that line is reached{guess}"


def _attribute(error, frame, line):
    name  = re.search(r"has no attribute '(\w+)'", str(error))
    owner = np if "module 'numpy'" in str(error) else getattr(error, "obj", None)
    guess = closest(name[1], dir(owner)) if name else ""
    return f"it has nothing called {name[1]}{guess}" if guess else None


def _key(error, frame, line):
    """The keys of the dictionary on this line, if one of them is missing there."""
    operands = Operands(frame, line)
    key = error.args[0] if error.args else None
    for node in operands.nodes:
        owner = operands.value(node.value) if isinstance(node, ast.Subscript) else None
        if isinstance(owner, dict) and key not in owner and operands.value(node.slice) == key:
            return (f"the keys are {', '.join(map(repr, owner))}{closest(key, owner)}" if owner
                    else "there is nothing in it")
    return None


def _shapes(error, frame, line):
    operands = Operands(frame, line)
    return operands.misfit() or operands.shapes()


def _missing_import(error, frame, line):
    name = re.match(r"cannot import name '(\w+)'", str(error))
    module = sys.modules.get(error.name or "")
    if name and module:
        return f"{error.name} has nothing called {name[1]}{closest(name[1], vars(module))}"
    if isinstance(error, ModuleNotFoundError):
        return "is it installed, or does it stand in another folder?"
    return None


def _recursion(error, frame, line):
    return (f"{frame.f_code.co_name} calls itself, directly or by way of others, and nothing ends "
            "that")


def _exit(error, frame, line):
    return f"the program would end there; {GUARD}"


def _input(error, frame, line):
    return f"input() waits for someone to type, and while it is judged there is nobody; {GUARD}"


# The first that fits counts.
REASONS = {NameError: _name, AttributeError: _attribute, KeyError: _key,
           ValueError: _shapes, IndexError: _shapes, ImportError: _missing_import,
           RecursionError: _recursion, SystemExit: _exit, EOFError: _input}
