"""Where a student's code stopped, and why, in words.

The traceback of an exception has a frame for each call that was under way, with its line and its
variables. So the line can be told even if it stands in a file that the student's own imports, and
so can the shapes that do not fit in a product, which NumPy does not say in full.
"""
import ast
import difflib
import os
import sysconfig

import numpy as np

# Files below these folders are not the student's: Python, what is installed, and this package.
INSTALLED = {os.path.realpath(folder) for folder in (
    sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), sysconfig.get_path("platlib"),
    os.path.dirname(np.__path__[0]), os.path.dirname(os.path.dirname(__file__)))}

# What an operand may consist of if it is to be computed again: nothing that could do anything else.
HARMLESS = (ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Tuple, ast.Constant, ast.BinOp,
            ast.UnaryOp, ast.operator, ast.unaryop, ast.expr_context)


class Stop:
    """The last line of a student's that an exception came through.

    path: of the student's file, as it was given; error: the exception
    file, line: where it stopped; None, None if no line of the student's was reached
    """

    def __init__(self, path, error):
        self.error = error
        self.frame, self.line = _last_frame(path, error)
        self.file = _shown(path, self.frame.f_code.co_filename) if self.frame else None

    @property
    def place(self):
        """File and line in words, or None."""
        return place(self.file, self.line) if self.frame else None

    @property
    def advice(self):
        """What there is to add to Python's words, as a sentence without its end, or None."""
        if isinstance(self.error, NameError):
            return self._about_a_name()
        return self._about_shapes() if isinstance(self.error, ValueError) else None

    def _about_a_name(self):
        name = getattr(self.error, "name", None)
        if not name or not self.frame:
            return None
        known = {**self.frame.f_globals, **self.frame.f_locals}
        near  = difflib.get_close_matches(name, map(str, known), n=1)
        guess = f"; is {near[0]} meant?" if near else ""
        return f"nothing is called {name} when that line is reached{guess}"

    def _about_shapes(self):
        """Both shapes of the product on this line that does not fit."""
        if not self.frame:
            return None
        for left, right in self._products():
            a, b = self._value(left), self._value(right)
            if isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and not _fit(a, b):
                return (f"in the product {ast.unparse(left)} @ {ast.unparse(right)}, the shapes "
                        f"{a.shape} and {b.shape} do not fit: the columns of the first have to be "
                        "as many as the rows of the second")
        return None

    def _products(self):
        """The operands of each product of matrices on the line, the innermost first."""
        products = []
        for node in ast.walk(_statement(self.frame, self.line)):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
                products.append((node.left, node.right))
            elif isinstance(node, ast.Call) and _is_product(node.func):
                products.append([node.func.value, *node.args][-2:])
        return reversed(products)

    def _value(self, node):
        if not all(isinstance(part, HARMLESS) for part in ast.walk(node)):
            return None
        code = compile(ast.Expression(node), "operand", "eval")
        try:
            return eval(code, self.frame.f_globals, dict(self.frame.f_locals))
        except Exception:                                # somebody else's code may raise anything
            return None


def place(file, line):
    """File and line, in words."""
    return file if line is None else f"{file}, line {line}"


def _last_frame(path, error):
    """The last frame of the student's that an exception came through, and its line, or None."""
    found, traceback = (None, None), error.__traceback__
    while traceback:
        if _is_students(path, traceback.tb_frame.f_code.co_filename):
            found = traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next
    return found


def _is_students(path, file):
    if file == path:
        return True
    folders = os.path.realpath(file).split(os.sep)
    parents = {os.sep.join(folders[:k]) for k in range(len(folders))}
    return os.path.isfile(file) and not parents & INSTALLED


def _shown(path, file):
    """A file as the student would write it: beside the file that was given."""
    if file == path:
        return path
    beside = os.path.relpath(file, os.path.dirname(os.path.abspath(path)))
    return file if beside.startswith(os.pardir) else os.path.join(os.path.dirname(path), beside)


def _statement(frame, line):
    """The smallest statement of a frame's file that has this line in it; an empty one if none."""
    try:
        with open(frame.f_code.co_filename, "rb") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):           # the file was changed meanwhile
        tree = ast.Module([], [])
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)
                  and node.lineno <= line <= node.end_lineno]
    return min(statements, key=lambda node: node.end_lineno - node.lineno, default=ast.Pass())


def _is_product(function):
    """np.dot, np.matmul, and the method dot."""
    return isinstance(function, ast.Attribute) and function.attr in ("dot", "matmul")


def _fit(a, b):
    if not a.ndim or not b.ndim:
        return True
    return a.shape[-1] == b.shape[max(0, b.ndim - 2)]
