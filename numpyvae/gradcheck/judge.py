"""The judge of `numpyvae check FILE.py:forward,backward`: a student's backward pass, held against
differences.

    loaded     run the file, find its functions                   student.py
    pair_of    a class with both, as two functions                classes.py
    convention how is backward to be called?                      conventions.py
    trial      f and grads, as the gradient check wants them      trial.py
    blanks     what is not written yet                            blanks.py
    compare    the gradient check, and what else is wrong         comparison.py
    verdict    what is printed                                    here
"""
import numpy as np

from .blanks import Body
from .classes import Method, pair_of
from .comparison import Options, compare, filled_of
from .conventions import fitting, is_output
from .findings import Finding
from .parts import copies
from .reordered import true_order
from .student import Stopped, loaded
from .trial import Trial, example_arguments, run
from ..errors import InvalidValueError, NumpyvaeError, check_count

EXPECTED = ("expected FILE.py:forward,backward, such as my_layer.py:dense,dense_backward, or "
            "FILE.py:Class")


def judge(target, seed=0, step=None, by="auto", terms=()):
    """Judge a backward pass and print the verdict  ->  whether it is complete and right.

    target: "FILE.py:forward,backward". The file's example() returns the arguments to try forward
        with. What backward returns belongs to forward's first arguments, in their order; or, if it
        is a dictionary, to those that it names, in the order in which they are made. `...` stands
        for a blank.  Or "FILE.py:Class", for a class with both; example() returns one, and inputs.
    seed: of the random gradients that backward is given
    step, by: as for `check_gradients`; terms: the names of functions in the file, with forward's
        arguments, whose sum is the loss that forward returns
    Raises ValueError for a file that cannot be used, OSError.
    """
    seed = check_count("seed", seed)
    path, names = _parse(target)
    with loaded(path) as file:
        options = Options(step, by, [file.function(name) for name in terms])
        return _judge(file, names, seed, options)


def _judge(file, names, seed, options):
    forward, backward, example = _functions(file, names)
    arguments = example_arguments(forward, example)
    things = run(forward, copies(arguments))
    trials = [Trial(forward, backward, arguments, things, convention, seed)
              for convention in fitting(forward, backward, arguments, things)]
    trial = trials[0]
    if len(trials) > 1:
        trial = max(trials, key=lambda trial: _promise(trial, options))
    body = Body(file.text, backward.name)
    verdict = _print_verdict(trial, body, options)
    if verdict != "blank":
        _print_remarks(trial, trials if verdict == "wrong" else [trial])
    return verdict == "right"


def _functions(file, names):
    """The functions forward, backward and example of a file, or those that a class comes down to.
    """
    if len(names) == 1 and isinstance(file.names.get(names[0]), type):
        return pair_of(file, *names)
    if len(names) == 1:
        raise InvalidValueError(f"{EXPECTED}, got {file.path}:{names[0]}")
    return [file.function(name) for name in (*names, "example")]


def _parse(target):
    """"FILE.py:forward,backward"  ->  the path, [forward, backward]; or the path, [Class]"""
    path, _, names = target.rpartition(":")
    names = [name.strip() for name in names.split(",")]
    if not path or len(names) > 2 or not all(name.isidentifier() for name in names):
        raise InvalidValueError(f"{EXPECTED}, got {target}")
    return path, names


def _promise(trial, options):
    """How far a way to call backward leads: 2, it is right; 1, it can be compared; 0, it cannot."""
    try:
        with np.errstate(all="ignore"):                 # what is not meant may well be nonsense
            return 2 if compare(trial, trial.grads({}), options, show=False).ok else 1
    except NumpyvaeError:
        return 0


# ---------------------------------------------------------------------- what is printed

def _print_verdict(trial, body, options):
    """Compare what is filled in, print what there is to say  ->  "right", "wrong", "blank", or
    "untested".
    """
    found = None
    try:
        grads = trial.grads({})
        filled = filled_of(grads)
        blanks = body.blanks or {name: None for name in grads
                                 if name not in filled and trial.needs_gradient(name)}
        if filled or not blanks:
            print(_heading(trial), flush=True)
            found = compare(trial, grads, options)
            print(*found.sentences, *_of_order(trial, grads), "", sep="\n")
    except Stopped as stopped:
        if stopped.name != trial.backward.name:
            raise
        print(body.explain(stopped))
        return "blank" if body.blanks or isinstance(stopped.error, NotImplementedError) else "wrong"
    ok = found is None or found.ok
    if blanks:
        print(_still_blank(blanks, filled, ok))
        return "blank"
    verdict = "untested" if ok and found.report.untested else "right" if ok else "wrong"
    print(SAY[verdict](trial, found))
    if found.state:
        print(f"({trial.forward.name} changes its own state: {', '.join(found.state)}. Each call "
              "was given a copy of it.)")
    return verdict


def _of_order(trial, grads):
    """A sentence if the gradients are right, but in another order than the arguments."""
    order = true_order(trial, grads)
    if not order:
        return []
    return [Finding("order", "the gradients are in another order than the arguments: "
                             f"{trial.backward.name} returns those of {', '.join(order)}, each of "
                             f"them right; {trial.forward.name} takes "
                             f"{', '.join(trial.arguments)}", order)]


def _heading(trial):
    a = "a " if len(trial.douts) == 1 else ""
    names = " and ".join(trial.convention.douts)
    given = f", with {a}random {names}" if names else ""
    return (f"{trial.forward.path}{given}: grads should be the slopes of f\n"
            f"    f     = {_f_written(trial)}\n"
            f"    grads = {_grads_written(trial)}\n")


def _f_written(trial):
    """Σ dense(x, W, b) dy"""
    result = _call_written(trial.forward, _positional(trial))
    terms = []
    for k, dout in enumerate(trial.douts):
        index = f"[{k}]" if _things_seen(trial) > 1 else ""
        name  = "".join(f" {name}" for name in trial.convention.douts[k:k + 1])
        terms.append(f"{'Σ ' if dout.ndim else ''}{result}{index}{name}")
    return " + ".join(terms)


def _things_seen(trial):
    """How many things forward returns; the layer that a method keeps to itself does not count."""
    return len(trial.things) - isinstance(trial.forward, Method)


def _grads_written(trial):
    """dense_backward(dy, x, W)"""
    douts = trial.convention.douts
    if isinstance(trial.backward, Method):
        return _call_written(trial.backward, douts)
    if not trial.convention.cache:
        return _call_written(trial.backward, [*douts, *trial.convention.names])
    result = _call_written(trial.forward, _positional(trial))
    first = len(trial.things) - trial.convention.kept
    cache = f"{result}[{first}]" if trial.convention.kept == 1 else f"*{result}[{first}:]"
    return _call_written(trial.backward, [*douts, cache])


def _positional(trial):
    """The arguments of forward as they are written; a method has its parameters in the layer."""
    arguments = list(trial.arguments)
    return arguments[:-1] if isinstance(trial.forward, Method) else arguments


def _call_written(function, names):
    names = list(names)
    shown = names if len(names) <= 4 else [*names[:2], "…"]
    return f"{function.name}({', '.join(shown)})"


def _still_blank(blanks, filled, ok):
    names = ", ".join(f"{name} (line {line})" if line else name for name, line in blanks.items())
    start = "Mend what is wrong, then begin"
    if not filled:
        start = "Begin"
    elif ok:
        start = "So far it is right; now begin"
    return (f"still blank: {names}\n"
            f"{start} with {next(iter(blanks))}: put its formula in place of the dots, and ask "
            "again.")


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


def _wrong(trial, found):
    where = "the sentences below the table"
    if any(row.ok == "NO" for row in found.report.rows):
        where = "the rows that say NO, and the sentences below them"
    return f"{found.culprit} is wrong: see {where}."


SAY = {"right": _right, "untested": _untested, "wrong": _wrong}


def _print_remarks(trial, trials):
    """Say what is doubtful in how backward was called, and how else it was, to no avail."""
    for name in getattr(trial.forward, "alone", ()):
        print(f"(Not tested: {name}, on which {trial.forward.name} depends. If it is a parameter, "
              f"leave its gradient in d{name}, or return it.)")
    unused = trial.things[len(trial.outputs):]
    remarkable = trial.convention.douts and not trial.convention.cache
    if remarkable and any(is_output(thing) for thing in unused):
        print(f"(The last thing that {trial.forward.name} returns was taken for a cache, which "
              f"{trial.backward.name} does not ask for. As an output, it needs a gradient too.)")
    for other in trials:
        if other is not trial:
            print(f"(It was called as {_grads_written(other)} too: that is not right either.)")
