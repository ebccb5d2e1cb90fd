"""The Jupyter kernel that a lesson may run in: what it displays, which cell it runs, its options.

Nothing of Jupyter is imported: where there is a kernel, its modules are there.
"""
import ast
import os
import sys

from ..errors import InvalidValueError

UNTITLED = "Automatically created module for IPython"    # how __doc__ begins in a kernel
HOW = ("In a notebook the options are variables, read when the cell of `begin` is run: "
       "`%env NUMPYVAE_QUICK=1` in a cell above it for small sizes, `%env NUMPYVAE_OUT=DIR` to "
       "save the figures as well")


def is_here():
    """Whether this process is a kernel."""
    return "ipykernel" in sys.modules


def can_display():
    """Whether this process is a kernel that displays more than text."""
    return is_here() and "IPython.display" in sys.modules


def display(content, id=None, again=False):
    """Display one thing in the running cell.

    content: the thing in one or several forms, {type: text}, of which the notebook takes the best
    id: by which it may be displayed again, in the same place
    """
    options = {"display_id": id, "update": again} if id else {}
    sys.modules["IPython.display"].display(content, raw=True, **options)


def cell():
    """The cell that is running  ->  its id, or its source if it has none; and the number of the
    run. Outside of a kernel both are None.
    """
    shell = _shell()
    if shell is None:
        return None, None
    parent = shell.get_parent()
    return (parent.get("metadata", {}).get("cellId") or parent.get("content", {}).get("code"),
            shell.execution_count)


def docstring(doc):
    """A lesson's docstring, for its __doc__, which is not the lesson's where its cells are run one
    by one: there it is the last text of several paragraphs with which a cell begins, or "".
    """
    if doc and not doc.startswith(UNTITLED):
        return doc
    shell = _shell()
    found = [_begins_with(source) for source in shell.user_ns.get("In", [])] if shell else []
    return next((text for text in reversed(found) if "\n\n" in text), "")


def options(seed):
    """The options of a lesson, from the environment  ->  {"quick": , "out": , "seed": }.

    seed: the default, or None if the lesson has no such option
    Raises InvalidValueError.
    """
    asked = _variable("SEED")
    if seed is not None and asked:
        if not asked.isdecimal():
            raise InvalidValueError(f"NUMPYVAE_SEED: expected a whole number, 0 or more, got "
                                    f"{asked!r}")
        seed = int(asked)
    return {"quick": _variable("QUICK") not in ("", "0"), "out": _variable("OUT"), "seed": seed}


def how(seed):
    """How the options are given, in a sentence; seed: as for `options`."""
    if seed is None:
        return HOW + "."
    return f"{HOW}, `%env NUMPYVAE_SEED=1` for other randomness (the lesson's own seed is {seed})."


def _shell():
    """The kernel's shell, or None."""
    if not can_display() or "IPython" not in sys.modules:
        return None
    shell = sys.modules["IPython"].get_ipython()
    return shell if hasattr(shell, "get_parent") else None


def _begins_with(source):
    """The text that a cell begins with, "" if it does not."""
    try:
        return ast.get_docstring(ast.parse(source), clean=False) or ""
    except SyntaxError:
        return ""


def _variable(name):
    return os.environ.get(f"NUMPYVAE_{name}", "").strip()
