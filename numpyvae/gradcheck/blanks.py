"""What a student has not written yet, and what the text of a function says besides.

A blank is a `...` or a None that stands for a formula, a function that just says `pass`, or one
that raises NotImplementedError. What is filled in is judged all the same, so the blanks are read
from the text: that is where their lines are. (A None that stands among the gradients in the text is
no blank: it says that there is none, as of labels.)
"""
import ast

import numpy as np

from .names import spellings

LOOPS = (ast.For, ast.While)
INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


class Body:
    """The text of one function of a student's file.

    blanks: {name: line} of the names to which `...`, or what has it in it, is assigned
    nones: {name: line} of those to which None is assigned
    returned: the names in the last return statement, None for what is no name there
    says_none: whether a None stands among other things, as in return dx, None
    adds_up: whether it adds something up in a loop, as a recurrent network's does over time
    """

    def __init__(self, text, name):
        self.name = name
        self.tree = _function(ast.parse(text), name)
        self.blanks = _assigned(self.tree, _has_dots)
        self.nones  = _assigned(self.tree, _is_none)
        self.found  = isinstance(self.tree, INNER)               # else it is made elsewhere
        self.returned = _returned(self.tree) if self.found else []
        self.says_none = not self.found or _says_none(self.tree)
        self.adds_up = any(_adds(node) for loop in _own(self.tree) if isinstance(loop, LOOPS)
                           for node in ast.walk(loop))

    def still_blank(self, grads, optional):
        """The blanks among the gradients that this function returned  ->  {name: line, or None}

        optional: the names of those of which it may say, by None, that there are none
        """
        if self.blanks:
            return self.blanks
        empty = [name for name, grad in grads.items() if is_blank(grad)]
        if self.says_none and len(empty) < len(grads):
            empty = [name for name in empty if self._none_for(name)[1] or name not in optional
                     or grads[name] is not None]
        return dict(map(self._none_for, empty))

    def _none_for(self, name):
        """The name to which None is assigned as the gradient of this part, and the line; or else
        the part's own name, and None.
        """
        found = [each for each in spellings(name) if each in self.nones]
        return (found[0], self.nones[found[0]]) if found else (name, None)

    def explain(self, stopped):
        """What to say of an exception in this function: that it is blank, that it uses what is
        blank, or what Python says.

        stopped: the exception, a student.Stopped  ->  a sentence or two
        """
        if isinstance(stopped.error, NotImplementedError):
            return self._is_blank()
        used = _names_used(self.tree, stopped.line)
        for blank, line in self.blanks.items():
            if line == stopped.line:
                return (f"{stopped.place}: {blank} is still blank: put a formula in place of all "
                        "the dots.")
            if blank in used:
                return (f"{stopped.place}: it uses {blank}, which is still blank (line {line}): "
                        "begin with that, and ask again.")
        advice = stopped.advice or ""
        end = "" if advice.endswith("?") else "."
        return f"{stopped.said}\n{self.name} stops there{': ' * bool(advice)}{advice}{end}"

    def explain_nothing(self, path, names):
        """What to say if it returned nothing at all; names: of the parts that have a gradient."""
        statements = getattr(self.tree, "body", []) if self.found else []
        if all(isinstance(node, (ast.Pass, ast.Expr)) for node in statements):
            return self._is_blank()
        made  = list(_assigned(self.tree, lambda node: True))
        grads = [each for name in names for each in made if each in spellings(name)]
        given = ", ".join(grads or [f"d{name}" for name in names])
        return (f"{path}, line {self.tree.end_lineno}: {self.name} ends there and returns nothing: "
                f"end it with return {given}, and ask again.")

    def _is_blank(self):
        return f"{self.name} is still blank: write it, and ask again."


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


def _own(tree):
    """The nodes of a function, those of functions within it left out."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, INNER):
            yield node
            yield from _own(node)


def _assigned(tree, wanted):
    """The names to which such a value is assigned  ->  {name: line}; also a, b = None, None"""
    names = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            several = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
            pairs = zip(target.elts, node.value.elts) if several else [(target, node.value)]
            names.update({each.id: node.lineno for each, value in pairs
                          if isinstance(each, ast.Name) and wanted(value)})
    return names


def _has_dots(node):
    """Whether `...` stands in an expression, other than as an index."""
    if isinstance(node, ast.Subscript):
        return _has_dots(node.value)
    if isinstance(node, ast.Constant):
        return node.value is ...
    return any(_has_dots(child) for child in ast.iter_child_nodes(node))


def _is_none(node):
    return isinstance(node, ast.Constant) and node.value is None


def _adds(node):
    """Whether a statement adds something to what a name stands for: dW += ..., dW = dW + ..."""
    if isinstance(node, ast.AugAssign):
        return True
    value = getattr(node, "value", None)
    if not isinstance(node, ast.Assign) or not isinstance(value, ast.BinOp):
        return False
    target = ast.unparse(node.targets[0])
    return isinstance(value.op, ast.Add) and target in map(ast.unparse, (value.left, value.right))


def _says_none(function):
    """Whether None is one of the items of a tuple, a list or a dictionary that is not unpacked."""
    unpacked = {id(node.value) for node in _own(function) if isinstance(node, ast.Assign)
                and isinstance(node.targets[0], (ast.Tuple, ast.List))}
    items = [item for node in _own(function) if id(node) not in unpacked
             for item in getattr(node, "elts", getattr(node, "values", []))]
    return any(map(_is_none, items))


def _returned(function):
    """What the last return statement names: return dx, 2 * dW  ->  ["dx", None]"""
    values = [node.value for node in _own(function) if isinstance(node, ast.Return) and node.value]
    if not values:
        return []
    nodes = values[-1].elts if isinstance(values[-1], (ast.Tuple, ast.List)) else values[-1:]
    return [getattr(node, "id", None) for node in nodes]


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
