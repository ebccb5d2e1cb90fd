"""What a student has not written yet.

A blank is a `...` that stands for a formula, a None where a gradient belongs, or a backward that
raises NotImplementedError. What is filled in is judged all the same, so the blanks are read from
the text: that is where their lines are.
"""
import ast

import numpy as np


class Body:
    """The text of one function of a student's file.

    blanks: {name: line} of the names to which `...`, or what has it in it, is assigned
    """

    def __init__(self, text, name):
        self.name = name
        self.tree = _function(ast.parse(text), name)
        self.blanks = _blanks(self.tree)

    def explain(self, stopped):
        """What to say of an exception in this function: that it is blank, that it uses what is
        blank, or what Python says.

        stopped: the exception, a student.Stopped  ->  a sentence or two
        """
        if isinstance(stopped.error, NotImplementedError):
            return f"{self.name} is still blank: write it, and ask again."
        used = _names_used(self.tree, stopped.line)
        for blank, line in self.blanks.items():
            if line == stopped.line:
                return (f"{stopped.place}: {blank} is still blank: put a formula in place of all "
                        "the dots.")
            if blank in used:
                return (f"{stopped.place}: it uses {blank}, which is still blank (line {line}): "
                        "begin with that, and ask again.")
        advice = stopped.advice or ""
        if not advice and isinstance(stopped.error, (ValueError, IndexError)):
            advice = "compare the shapes with those of the forward"
        end = "" if advice.endswith("?") else "."
        return f"{stopped.said}\n{self.name} stops there{': ' * bool(advice)}{advice}{end}"


def is_blank(grad):
    """Whether a gradient is `...` or None, or an array that was made from one of them."""
    made_of_dots = isinstance(grad, np.ndarray) and grad.dtype == object
    return grad is None or grad is ... or made_of_dots


def _function(tree, name):
    """The last definition of this name, or the whole tree if it is not defined here.

    name: of a function, or Class.method
    """
    *outer, name = name.split(".")
    body = _function(tree, outer[0]).body if outer else tree.body
    definitions = [node for node in body
                   if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name == name]
    return definitions[-1] if definitions else tree


def _blanks(tree):
    blanks = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and _has_dots(node.value):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    blanks[target.id] = node.lineno
    return blanks


def _has_dots(node):
    """Whether `...` stands in an expression, other than as an index."""
    if isinstance(node, ast.Subscript):
        return _has_dots(node.value)
    if isinstance(node, ast.Constant):
        return node.value is ...
    return any(_has_dots(child) for child in ast.iter_child_nodes(node))


def _names_used(tree, line):
    """The names that are read on this line, and in whatever begins there."""
    names = set()
    if line is None:
        return names
    for statement in ast.walk(tree):
        if getattr(statement, "lineno", None) == line:
            names |= {node.id for node in ast.walk(statement)
                      if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return names
