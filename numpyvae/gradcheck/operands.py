"""The operands on a line of a student's that do not fit, and their shapes, which NumPy does not
always say.

The frame of an exception still has its variables. So the operands can be computed again, as long as
that does nothing else: names, attributes, items, sums and products of them, and some of NumPy's
functions.
"""
import ast

import numpy as np

# What an operand may consist of if it is to be computed again: nothing that could do anything else.
HARMLESS = (ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Tuple, ast.List, ast.Constant,
            ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop, ast.expr_context, ast.keyword)

# The functions of NumPy, and the methods of its arrays, that may be called again.
PURE = {"abs", "array", "asarray", "astype", "copy", "dot", "exp", "expand_dims", "flatten", "log",
        "matmul", "max", "maximum", "mean", "min", "minimum", "ones", "ones_like", "outer", "ravel",
        "reshape", "sqrt", "square", "squeeze", "sum", "swapaxes", "tanh", "transpose", "where",
        "zeros", "zeros_like"}

ITEMS = (ast.Name, ast.Attribute, ast.Subscript, ast.Call)


class Operands:
    """What stands on a line, and has the values of a frame.

    frame, line: of an exception
    """

    def __init__(self, frame, line):
        self.frame = frame
        self.nodes = [node for statement in _statements(frame, line)
                      for node in _expressions(statement)]

    def misfit(self):
        """Both shapes of the innermost operation whose operands do not fit, in words, or None."""
        ways = (self._product, self._einsum, self._elementwise, self._added)
        return next((words for node in reversed(self.nodes) for way in ways
                     if (words := way(node))), None)

    def shapes(self):
        """The arrays on the line with their shapes, in words, or None."""
        found = dict.fromkeys(f"{ast.unparse(node)} {array.shape}"
                              for each in self.nodes if isinstance(each, ast.stmt)
                              for node, array in self._arrays(each))
        return f"the shapes there are {', '.join(found)}" if found else None

    def value(self, node):
        """What this expression is, None if that cannot be told without harm."""
        if not all(isinstance(part, HARMLESS) or self._is_pure(part) for part in ast.walk(node)):
            return None
        try:
            return eval(ast.unparse(node), self.frame.f_globals, dict(self.frame.f_locals))
        except Exception:                                # somebody else's code may raise anything
            return None

    def _is_pure(self, node):
        """Whether this is a call that only computes."""
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            return False
        owner = self.value(node.func.value)
        return (node.func.attr in PURE and (owner is np or isinstance(owner, np.ndarray))
                and all(keyword.arg != "out" for keyword in node.keywords))

    def _arrays(self, node):
        """The arrays of which an expression is made, each with its node."""
        made  = isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        value = self.value(node) if isinstance(node, ITEMS) and not made else None
        if isinstance(value, np.ndarray):
            yield node, value
            return
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.stmt):
                yield from self._arrays(child)

    def _both(self, left, right):
        a, b = self.value(left), self.value(right)
        return (a, b) if isinstance(a, np.ndarray) and isinstance(b, np.ndarray) else None

    def _product(self, node):
        operands = _of_product(node)
        both = operands and self._both(*operands)
        if not both or _multiply(*both):
            return None
        product = ast.unparse(ast.BinOp(operands[0], ast.MatMult(), operands[1]))
        return (f"in the product {product}, the shapes {both[0].shape} and {both[1].shape} "
                "do not fit: the columns of the first have to be as many as the rows of the second")

    def _elementwise(self, node):
        operands = self._of_elementwise(node)
        both = operands and self._both(*operands)
        if not both or _broadcast(*both):
            return None
        return (f"in {ast.unparse(node)}, the shapes {both[0].shape} and {both[1].shape} do not "
                "fit: seen from the right, sizes have to be equal, or one of them 1")

    def _of_elementwise(self, node):
        """The operands of a + b, of a > b, and of np.add(a, b)."""
        if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.MatMult):
            return node.left, node.right
        if isinstance(node, ast.Compare):
            return node.left, node.comparators[0]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            ufunc = getattr(np, node.func.attr, None)
            if isinstance(ufunc, np.ufunc) and ufunc is not np.matmul and len(node.args) == 2:
                return node.args
        return None

    def _added(self, node):
        """a += b, where b is larger than a."""
        both = isinstance(node, ast.AugAssign) and self._both(node.target, node.value)
        if not both or _broadcast(*both) == both[0].shape:
            return None
        return (f"in {ast.unparse(node)}, the shapes {both[0].shape} and {both[1].shape} do not "
                "fit: the first has to hold the result")

    def _einsum(self, node):
        if not isinstance(node, ast.Call) or getattr(node.func, "attr", "") != "einsum":
            return None
        letters, *arrays = [self.value(argument) for argument in node.args]
        if not isinstance(letters, str) or "." in letters:
            return None
        sizes = {}
        names = [f"{ast.unparse(argument)}, of shape {np.shape(array)}"
                 for argument, array in zip(node.args[1:], arrays)]
        for word, array, name in zip(letters.split("->")[0].split(","), arrays, names):
            word = word.strip()
            if len(word) != np.ndim(array):
                return (f"in {ast.unparse(node)}, {word} has {len(word)} letters for {name}: one "
                        "for each axis is needed")
            for letter, size in zip(word, np.shape(array)):
                first, owner = sizes.setdefault(letter, (size, name))
                if first != size and 1 not in (first, size):
                    return (f"in {ast.unparse(node)}, {letter} is {first} in {owner}, and {size} "
                            f"in {name}")
        return None


def _of_product(node):
    """The operands of a @ b, np.dot(a, b), np.matmul(a, b) and a.dot(b)."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        return node.left, node.right
    function = getattr(node, "func", None)
    if isinstance(function, ast.Attribute) and function.attr in ("dot", "matmul"):
        return [function.value, *node.args][-2:]
    return None


def _multiply(a, b):
    """Whether the product of two arrays exists, as far as their last axes go."""
    if not a.ndim or not b.ndim:
        return True
    return a.shape[-1] == b.shape[max(0, b.ndim - 2)]


def _broadcast(a, b):
    """The shape that two arrays have together, or None."""
    try:
        return np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        return None


def _statements(frame, line):
    """The smallest statements of a frame's file that have this line in them; none that raise."""
    try:
        with open(frame.f_code.co_filename, "rb") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):           # the file was changed meanwhile
        return []
    found = [node for node in ast.walk(tree) if isinstance(node, ast.stmt)
             and node.lineno <= line <= node.end_lineno]
    least = min((node.end_lineno - node.lineno for node in found), default=0)
    return [node for node in found if node.end_lineno - node.lineno == least
            and not isinstance(node, ast.Raise)]


def _expressions(statement):
    """A statement and the expressions in it, those of statements within it left out."""
    yield statement
    for child in ast.iter_child_nodes(statement):
        if not isinstance(child, ast.stmt):
            yield from _expressions(child)
