"""A student's gradients held against differences: the gradient check, and what it does not look at.

The check sees f and its gradient. How forward and backward treat what they are given, it does not.
"""
import contextlib

import numpy as np

from . import check_gradients, parts
from .behaviour import computes_in_single
from .blanks import is_blank
from .findings import Finding
from .student import Stopped
from ..errors import InvalidValueError


def filled_of(grads):
    """The names of those gradients that are not blank."""
    return [name for name, grad in grads.items() if not is_blank(grad)]


class Options:
    """How the gradients are to be held against differences; for the rest see `check_gradients`.

    by: its word for all blocks, or a dictionary of words by name
    terms: the terms of a loss, functions with forward's arguments (each a student.Function)
    """

    def __init__(self, step=None, by="auto", terms=()):
        self.step = step
        self.by = by
        self.terms = terms


class Comparison:
    """What a comparison with differences found.

    report: the gradient check's; sentences: what else is wrong, Findings
    culprit: the name of the function to be mended, if one is
    tested: the names of the parts whose gradients were tested; state: what forward changes of its
    arguments as a state of its own
    """

    def __init__(self, report, sentences, culprit, tested, state):
        self.report = report
        self.sentences = sentences
        self.culprit = culprit
        self.tested = tested
        self.state = state

    @property
    def ok(self):
        """Whether nothing is wrong."""
        return self.report.ok and not self.sentences


def compare(trial, grads, options=None, show=True):
    """Hold gradients against differences  ->  a Comparison

    grads: what trial.grads returned; what is blank of it is left out
    options: an Options
    show: print the gradient check's table
    """
    options = options or Options()
    filled = filled_of(grads)
    tested = [name for name in filled if name in trial.places and _can_move(trial, name, grads)]
    if not tested:
        raise InvalidValueError(f"{trial.forward.path}: expected gradients by the names of the "
                                f"arguments, {', '.join(trial.places)}, got "
                                f"{', '.join(map(str, filled)) or 'none'}")

    def claimed(moved):
        return {name: grad for name, grad in trial.grads(moved).items()
                if name in tested or (name in filled and name not in trial.places)}

    params = {name: _array(trial, name) for name in tested}
    trial.single = _is_single(trial, params)
    report = check_gradients(trial.f, params, claimed, by=_by(trial, options.by, tested),
                             step=options.step, terms=_terms(trial, options.terms),
                             order=_order(trial, tested), sizes=_sizes(trial),
                             show=show)
    state  = _state(trial, tested)
    of_backward = _misuse_of_douts(trial, tested) + _changes(trial, trial.backward)
    of_forward  = _single_precision(trial) + _changes(trial, trial.forward, but=state)
    wrong = list(dict.fromkeys(of_backward + of_forward))        # they may be one function
    f_is_at_fault = any(sentence.startswith("f ") for sentence in report.faults)
    culprit = trial.forward if of_forward or f_is_at_fault else trial.backward
    return Comparison(report, wrong, culprit.name, tested, state)


def _by(trial, by, tested):
    """The words for the blocks that are tested, by name, or the one for all."""
    if not isinstance(by, dict):
        return by
    unknown = [name for name in by if name not in trial.places]
    if unknown:
        raise InvalidValueError(f"by: expected names among {', '.join(trial.places)}, got "
                                f"{', '.join(unknown)}")
    return {name: word for name, word in by.items() if name in tested} or "auto"


def _terms(trial, functions):
    """The terms of f by name, None if they are not known."""
    if functions and len(trial.outputs) > 1:
        raise InvalidValueError(f"terms: expected {trial.forward.name} to return one loss, got "
                                f"{len(trial.outputs)} outputs")
    return {function.name: trial.f_of(function) for function in functions} or None


def _order(trial, tested):
    """The tested parts in the order in which their gradients are made, if it is known."""
    return trial.order and [name for name in trial.order if name in tested]


def _sizes(trial):
    """Sizes that may explain a wrong factor: N and D of a matrix x, or else N of the output."""
    x = trial.arguments.get("x")
    if np.ndim(x) == 2:
        return dict(zip("ND", np.shape(x)))
    return dict(zip("N", trial.outputs[0].shape))


def _is_single(trial, params):
    """Whether one of the outputs has no more digits than single precision has."""
    def output(k):
        def of(moved):
            return trial.outputs_at(moved)[k].astype(np.float64)
        return of
    params = {name: param.astype(np.float64) for name, param in params.items()
              if parts.is_real(param)}
    with contextlib.suppress(Stopped):                   # the check itself will say so
        return any(computes_in_single(output(k), params) for k in range(len(trial.outputs)))
    return False


def _misuse_of_douts(trial, filled):
    """What is wrong with what backward does with its douts: sentences."""
    names = trial.convention.douts
    if not names:
        return []
    doubled = [2 * dout for dout in trial.douts]
    once = parts.copies(trial.grads({}))
    twice = trial.grads({}, doubled)
    unused = [name for name in filled if _is_number(once.get(name)) and np.any(once[name])
              and np.array_equal(once[name], twice.get(name))]
    changed = [name for name, dout, given in zip(names, trial.douts, doubled)
               if not np.array_equal(given, 2 * dout)]
    sentences = []
    if unused:
        sentences.append(Finding("no-dout", f"{', '.join(unused)}: it does not depend on "
                                 f"{' or '.join(names)}, which the chain rule multiplies by",
                                 unused))
    if changed:
        sentences.append(Finding("changes", f"{trial.backward.name} changes "
                                 f"{' and '.join(changed)}, which it was given: let it work on a "
                                 "copy", changed))
    return sentences


def _is_number(grad):
    return isinstance(grad, (np.ndarray, np.number, float))


def _single_precision(trial):
    """Whether forward has less than double precision: sentences."""
    return [Finding("single", f"{trial.forward.name} computes in single precision, though its "
                              "arguments are float64")] * trial.single


def _changes(trial, function, but=()):
    """Which of the arguments that it was given a function changes: sentences."""
    return [Finding("changes", f"{function.name} changes {name}, which it was given: let it work "
                               "on a copy", [name])
            for name in sorted(trial.changed[function.name]) if name not in but]


def _state(trial, tested):
    """What forward changes of its arguments as a state of its own: that on which f does not depend.

    Such are running statistics. They have no gradient, so they are not among those tested.
    """
    arguments = [name for name in trial.changed[trial.forward.name]
                 if name not in tested and parts.is_real(trial.part(name))
                 and not trial.depends_on(name)]
    return sorted({*arguments, *getattr(trial.forward, "state", ())})


def _array(trial, name):
    """A part that is to be moved, as an array of finite numbers."""
    try:
        array = np.asarray(trial.part(name))
    except ValueError:
        raise InvalidValueError(f"{name}: expected an array of real numbers, got a list with rows "
                                "of different lengths") from None
    expected = f"{trial.forward.path}: expected example() to return "
    if not array.size:
        raise InvalidValueError(f"{expected}at least one number for {name}, got an array of shape "
                                f"{array.shape}")
    if parts.is_real(array) and not np.isfinite(array).all():
        raise InvalidValueError(f"{expected}finite numbers, got NaN or infinity in {name}")
    return array


def _can_move(trial, name, grads):
    """Whether a gradient can be tested. That of integers or booleans only if backward returned one
    and f computes with numbers in their place: token ids that are moved index nothing.
    """
    part = trial.part(name)
    if not parts.is_whole(part):
        return True
    if not (parts.is_real(grads[name]) and np.any(grads[name])):
        return False
    try:
        trial.f({name: np.asarray(part, dtype=np.float64)})
    except Stopped:
        return False
    return True
