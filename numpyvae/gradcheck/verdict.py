"""The verdict on a student's backward: what the judge prints, above the table and below it."""
import numpy as np

from .conventions import Derivative, is_output
from .findings import Finding
from .parts import is_real


def heading(trial):
    """What is compared, as one would write it:

        my.py, with a random dy: grads should be the slopes of f
            f     = sum(dense(x, W, b) * dy)
            grads = dense_backward(dy, x, W)
    """
    a = "a " if len(trial.douts) == 1 else ""
    names = " and ".join(trial.convention.douts)
    given = f", with {a}random {names}" if names else ""
    return (f"{trial.forward.path}{given}: grads should be the slopes of f\n"
            f"    f     = {_f_written(trial)}\n"
            f"    grads = {_grads_written(trial)}\n")


def _f_written(trial):
    """sum(dense(x, W, b) * dy)"""
    result = _call_written(trial.forward, _positional(trial))
    terms = []
    for k, dout in enumerate(trial.douts):
        index = f"[{k}]" if _things_seen(trial) > 1 else ""
        times = "".join(f" * {name}" for name in trial.convention.douts[k:k + 1])
        inner = f"{result}{index}{times}"
        terms.append(f"sum({inner})" if dout.ndim else inner)
    return " + ".join(terms)


def _things_seen(trial):
    """How many things forward returns; the layer that a method keeps to itself does not count."""
    return len(trial.things) - getattr(trial.forward, "keeps", False)


def _grads_written(trial):
    """dense_backward(dy, x, W)"""
    convention, douts = trial.convention, trial.convention.douts
    result = _call_written(trial.forward, _positional(trial))
    hidden = getattr(trial.forward, "hidden", None)
    named  = [name for name in convention.names if name != hidden]
    if isinstance(convention, Derivative):
        given = named or [result]
        return f"{douts[0]} * {trial.backward.name}({', '.join(given)})"
    if getattr(trial.forward, "keeps", False):
        return _call_written(trial.backward, douts)
    if not convention.cache:
        return _call_written(trial.backward, [*douts, *named])
    first = len(trial.things) - convention.kept
    cache = f"{result}[{first}]" if convention.kept == 1 else f"*{result}[{first}:]"
    return _call_written(trial.backward, [*douts, cache])


def _positional(trial):
    """The arguments of forward as they are written; a method has its parameters in the layer."""
    hidden = getattr(trial.forward, "hidden", None)
    return [name for name in trial.arguments if name != hidden]


def _call_written(function, names):
    names = list(names)
    shown = names if len(names) <= 4 else [*names[:2], "...", names[-1]]
    return f"{function.name}({', '.join(shown)}){getattr(function, 'index', '')}"


# ---------------------------------------------------------------------- below the table

def still_blank(blanks, filled, ok):
    """The blanks with their lines, and the one to begin with."""
    names = ", ".join(f"{name} (line {line})" if line else name for name, line in blanks.items())
    start = "Mend what is wrong, then begin"
    if not filled:
        start = "Begin"
    elif ok:
        start = "So far it is right; now begin"
    return (f"still blank: {names}\n"
            f"{start} with {next(iter(blanks))}: put its formula in, and ask again.")


def out_of_order(trial, order):
    """A Finding if the gradients are right, but in another order than the arguments."""
    if not order:
        return []
    words = (f"the gradients are in another order than the arguments: {trial.backward.name} "
             f"returns those of {', '.join(order)}, each of them right; {trial.forward.name} takes "
             f"{', '.join(trial.arguments)}")
    return [Finding("order", words, order)]


def in_one_word(trial, found):
    """The verdict in a sentence; found: a comparison.Comparison"""
    if not found.ok:
        return _wrong(found)
    return (_untested if found.report.untested else _right)(trial, found)


def _right(trial, found):
    count = len(found.tested)
    agree = "1 gradient agrees" if count == 1 else f"{count} gradients agree"
    return (f"{trial.backward.name} is right: {agree} with the differences, to a relative "
            f"error of {found.report.max_error:.0e}.")


def _untested(trial, found):
    names = ", ".join(found.report.untested)
    return (f"{trial.backward.name} could not be tested for {names}: no slope was seen, since all "
            "of them are 0 here or too small beside f. Have example() return other numbers, and "
            "ask again.")


def _wrong(found):
    where = "the sentences below the table"
    if any(row.ok == "NO" for row in found.report.rows):
        where = "the rows that say NO, and the sentences below them"
    return f"{found.culprit} is wrong: see {where}."


def other_calls(others):
    """How else backward was called, to no avail: a line for each trial of these."""
    for other in others:
        yield f"(It was called as {_grads_written(other)} too: that is not right either.)\n"


def other_owners(trial, grads):
    """To what else a single wrong gradient might belong, by its shape: a line, or none."""
    if len(grads) != 1 or trial.by_name or trial.told:
        return
    (name, grad), = grads.items()
    others = [other for other in trial.places if other != name and is_real(trial.part(other))
              and np.shape(trial.part(other)) == np.shape(grad)]
    if others:
        yield (f"(It was taken for the gradient of {name}. As that of {' or '.join(others)}, it is "
               "not right either.)\n")


def remarks(trial, grads, found):
    """What else there is to say of what was tested and how: lines.

    grads: by name; found: a comparison.Comparison
    """
    forward, backward = trial.forward.name, trial.backward.name
    if found.state:
        yield (f"({forward} changes its own state: {', '.join(found.state)}. Each call was given a "
               "copy of it.)\n")
    for name in getattr(trial.forward, "alone", ()):
        if name not in grads:
            yield (f"(Not tested: {name}, on which {forward} depends. If it is a parameter, leave "
                   f"its gradient in d{name}, or return it.)\n")
    without = [name for name, grad in grads.items() if grad is None and trial.needs_gradient(name)]
    if without:
        yield f"(Not tested: {', '.join(without)}, for which {backward} returned None.)\n"
    if trial.owners:
        yield (f"(What {backward} returned was taken for the gradient"
               f"{'s' * (len(trial.owners) > 1)} of {', '.join(trial.owners)}.)\n")
    unused = trial.things[len(trial.outputs):]
    remarkable = trial.convention.douts and not trial.convention.cache
    if remarkable and any(is_output(thing) for thing in unused):
        yield (f"(The last thing that {forward} returns was taken for a cache, which "
               f"{backward} does not ask for. As an output, it needs a gradient too.)\n")
