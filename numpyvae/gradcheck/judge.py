"""The judge of `numpyvae check FILE.py:forward,backward`: anybody's backward pass, held against
differences.

The file keeps to the protocol of this package: forward(*arguments) returns its result and a cache,
and backward(dout, cache) the gradients by the arguments; its function example() returns the
arguments to try them with.
"""
import ast
import inspect
import os
import sys
import traceback

import numpy as np

from ..errors import InvalidValueError, NumpyvaeError, check_count
from . import check_gradients


def judge(target, seed=0):
    """Judge a backward pass, aloud  ->  whether it is complete and right.

    target: "FILE.py:forward,backward". What backward returns belongs to forward's first arguments,
        in their order; or, if it is a dictionary, to those that it names, in the order in which
        they are made. `...` stands for a blank.
    Raises ValueError for a file that cannot be used, OSError.
    """
    pair = _Pair(target, seed)
    blanks = pair.blanks()
    try:
        grads = pair.gradients({})
        filled = [name for name, grad in grads.items() if not _is_blank(grad)]
        blanks = blanks or {name: None for name in grads if name not in filled}
        ok, max_error = pair.compare(filled) if filled else (True, 0.0)
    except NumpyvaeError:
        raise
    # whatever a line that is wrong may raise
    except (Exception, SystemExit) as error:
        print(pair.failure(error, blanks))
        return False
    if blanks:
        start = "Begin" if not filled else "So far it is right; now begin" if ok else "Mend what is wrong, then begin"
        print("still blank: "
              + ", ".join(f"{name} (line {line})" if line else name for name,
                          line in blanks.items()) + f"\n{start} with {next(iter(blanks))}: put its "
              "formula in the place of the dots, and ask again.")
    elif ok:
        agreed = "1 gradient agrees" if len(filled) == 1 else f"{len(filled)} gradients agree"
        print(f"{pair.backward.__name__} is right: {agreed} with the differences, to a relative "
              f"{max_error:.0e}.")
    else:
        print(f"{pair.culprit} is wrong: see the rows that say NO, and the sentences below them.")
    return ok and not blanks


class _Pair:
    """A forward and its backward from somebody's file, with the arguments to try them with and a
    dout.
    """

    def __init__(self, target, seed):
        self.path, _, names = target.rpartition(":")
        names = [name.strip() for name in names.split(",")]
        if not self.path or len(names) != 2 or not all(name.isidentifier() for name in names):
            raise InvalidValueError("expected FILE.py:forward,backward, such as "
                                    f"my_layer.py:dense_forward,dense_backward, got {target}")
        with open(self.path, "rb") as file:
            self.text = file.read()
        functions = self._run()
        self.forward, self.backward, example = (self._function(functions, name) for name in (*names, "example"))
        arguments = self._call(example)
        arguments = arguments if isinstance(arguments, (tuple, list)) else (arguments,)
        result = self._call(self.forward, *arguments)
        self.arguments = dict(zip(inspect.signature(self.forward).parameters, arguments))
        numbers = (float, np.floating, np.ndarray)
        if not (isinstance(result, tuple) and len(result) == 2 and isinstance(result[0], numbers)
                and np.asarray(result[0]).dtype.kind == "f"):
            raise InvalidValueError(f"{self.path}: expected {names[0]} to return two things, its "
                                    "result, in floating point numbers, and a cache")
        out, x = np.asarray(result[0]), self.arguments.get("x")
        # Of a stream that no example() is likely to draw from: were dy equal to x, much that is
        # wrong would look right.
        self.dout = np.random.default_rng([check_count("seed", seed),
                                           0x4a554447]).standard_normal(out.shape)
        self.culprit, self.changed = names[1], set()
        self.dout_name = next(iter(inspect.signature(self.backward).parameters), "dout")
        self.single = out.dtype != np.float64 and not any(getattr(arg, "dtype", None) == out.dtype
                                                          for arg in arguments)
        self.sizes = dict(zip("ND", np.shape(x))) if np.ndim(x) == 2 else dict(zip("N", out.shape))

    def _run(self):
        """What the file defines. (Compiled anew every time: what was saved a moment ago is what is
        judged.)
        """
        names = {"__name__": "judged", "__file__": self.path}
        # it may import its neighbours
        sys.path.insert(0, os.path.dirname(os.path.abspath(self.path)))
        try:
            exec(compile(self.text, self.path, "exec"), names)
        # in it, or in a neighbour that it imports
        except SyntaxError as error:
            raise InvalidValueError(f"{error.filename or self.path}, line {error.lineno}: "
                                    f"{error.msg}") from error
        except (Exception, SystemExit) as error:
            raise self._error(error) from error
        finally:
            sys.path.pop(0)
        return names

    def _function(self, names, name):
        if not callable(names.get(name)):
            found = ", ".join(key for key, value in names.items()
                              if inspect.isfunction(value)) or "none"
            raise InvalidValueError(f"{self.path}: expected a function {name} in it, found {found}")
        return names[name]

    def _call(self, function, *arguments):
        try:
            return function(*arguments)
        except (Exception, SystemExit) as error:
            raise self._error(error) from error

    def _error(self, error):
        line, said = self._line(error), " ".join(f"{type(error).__name__}: {error}".split())
        return InvalidValueError(f"{self.path}{f', line {line}' if line else ''}: {said}")

    def _line(self, error):
        """The last line of the file that an exception came through."""
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__)
                 if frame.filename == self.path]
        return lines[-1] if lines else None

    # ------------------------------------------------------------------ what is blank

    def _body(self):
        tree = ast.parse(self.text)
        return next((node for node in ast.walk(tree) if getattr(node, "name", None)
                     == self.backward.__name__), tree)

    def blanks(self):
        """The names in backward to which `...`, or what has it in it, is assigned, each with its
        line.
        """
        return {target.id: node.lineno for node in ast.walk(self._body())
                if isinstance(node, ast.Assign) and _has_dots(node.value)
                for target in node.targets if isinstance(target, ast.Name)}

    def failure(self, error, blanks):
        """What to say of an exception in backward: that it is blank, that it uses what is, or what
        Python says.
        """
        name, line = self.backward.__name__, self._line(error)
        if isinstance(error, NotImplementedError):
            return f"{name} is still blank: write it, and ask again."
        loaded = {node.id for statement in ast.walk(self._body())
                  if getattr(statement, "lineno", None) == line for node in ast.walk(statement)
                  if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        for blank in blanks:
            if blanks[blank] == line:
                return f"{self.path}, line {line}: {blank} is still blank: put a formula in the place of all dots."
            if blank in loaded:
                return (f"{self.path}, line {line}: it uses {blank}, which is still blank (line "
                        f"{blanks[blank]}): begin with that, and ask again.")
        return f"{self._error(error)}\n{name} stops there: compare the shapes with those of the forward."

    # ------------------------------------------------------------------ the comparison

    def loss(self, params):
        """Σ forward(…) dout, a number, whose gradient by the arguments is what backward returns."""
        out, _ = self._forward(params)
        return np.sum(out * self.dout)

    def _forward(self, params):
        """forward with copies of its arguments; which of them it changes is remembered."""
        given = {name: np.copy(arg) if isinstance(arg, np.ndarray) else arg for name,
                 arg in self.arguments.items()}
        given.update(params)
        result = self._call(self.forward, *given.values())
        self.changed |= {name for name, arg in given.items() if name not in params
                         and isinstance(arg, np.ndarray)
                         and not np.array_equal(arg, self.arguments[name])}
        return result

    def gradients(self, params, dout=None):
        """What backward returns, by the names of the arguments."""
        _, cache = self._forward(params)
        dout = self.dout.copy() if dout is None else dout
        grads = self.backward(dout if dout.ndim else dout.item(), cache)
        self.in_order = isinstance(grads, dict)
        if not self.in_order:
            grads = grads if isinstance(grads, (tuple, list)) else (grads,)
        if not 0 < len(grads) <= len(self.arguments) + self.in_order:
            raise InvalidValueError(f"{self.path}: expected 1 to {len(self.arguments)} gradients "
                                    f"of {self.backward.__name__}, one for each argument, got "
                                    f"{len(grads)}")
        return grads if self.in_order else dict(zip(self.arguments, grads))

    def compare(self, filled):
        """Compare the gradients with these names, aloud  ->  whether they are right, and their
        largest error.
        """
        params = {name: self.arguments[name] for name in filled if name in self.arguments}
        if not params:
            raise InvalidValueError(f"{self.path}: expected gradients by the names of the "
                                    f"arguments, {', '.join(self.arguments)}, got "
                                    f"{', '.join(map(str, filled))}")
        dout = self.dout_name
        print(f"{self.path}: f = Σ {self.forward.__name__}(…) {dout}, with a random {dout}; grads "
              f"is what {self.backward.__name__} returns\n", flush=True)
        report = check_gradients(self.loss, params, lambda params: self._some(filled, params),
                                 order=list(params) if self.in_order else None, sizes=self.sizes)
        if self.changed or any(sentence.startswith("f ") for sentence in report.faults):
            self.culprit = self.forward.__name__
        sentences = self._of_dout(list(params))
        if self.single:
            self.culprit = self.forward.__name__
            sentences.append(f"{self.culprit} computes in single precision, though its arguments "
                             "are float64")
        sentences += [f"{self.forward.__name__} changes {name}, which it was given: let it work on "
                      "a copy" for name in sorted(self.changed)]
        print(*sentences, "", sep="\n")
        return report.ok and not sentences, report.max_error

    def _some(self, filled, params, dout=None):
        return {name: grad for name, grad in self.gradients(params, dout).items() if name in filled}

    def _of_dout(self, filled):
        """What is wrong with the use that backward makes of dout: sentences."""
        dout = 2 * self.dout
        once, twice = self._some(filled, {}), self._some(filled, {}, dout)
        numbers = [name for name in filled
                   if isinstance(once[name], (np.ndarray, np.number, float))]
        unused = [name for name in numbers if np.any(once[name])
                  and np.array_equal(once[name], twice[name])]
        return ([f"{', '.join(unused)}: it does not depend on {self.dout_name}, which the chain "
                 "rule multiplies by"] * bool(unused) + [f"{self.backward.__name__} changes "
                                                         f"{self.dout_name}, which it was given: "
                                                         "let it work on a copy"]
                * (not np.array_equal(dout, 2 * self.dout)))


def _has_dots(node):
    """Whether `...` stands in an expression, other than as an index."""
    if isinstance(node, ast.Subscript):
        return _has_dots(node.value)
    if isinstance(node, ast.Constant):
        return node.value is ...
    return any(map(_has_dots, ast.iter_child_nodes(node)))


def _is_blank(grad):
    """Whether a gradient is `...` or None, or an array that was made from one of them."""
    return grad is None or grad is ... or isinstance(grad, np.ndarray) and grad.dtype == object
