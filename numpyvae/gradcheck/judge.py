"""The judge of `numpyvae check FILE.py:forward,backward`: a student's backward pass, held against
differences.

    loaded     run the file, find its functions                   student.py
    convention how is backward to be called?                      conventions.py
    trial      f and grads, as the gradient check wants them      trial.py
    blanks     what is not written yet                            blanks.py
    compare    the gradient check, and the verdict                here
"""
import numpy as np

from . import check_gradients
from .blanks import Body, is_blank
from .conventions import fitting, is_output
from .student import Stopped, loaded
from .trial import Trial, copies, example_arguments, run
from ..errors import InvalidValueError, NumpyvaeError, check_count


def judge(target, seed=0):
    """Judge a backward pass and print the verdict  ->  whether it is complete and right.

    target: "FILE.py:forward,backward". The file's example() returns the arguments to try forward
        with. What backward returns belongs to forward's first arguments, in their order; or, if it
        is a dictionary, to those that it names, in the order in which they are made. `...` stands
        for a blank.
    seed: of the random gradients that backward is given
    Raises ValueError for a file that cannot be used, OSError.
    """
    seed = check_count("seed", seed)
    path, names = _parse(target)
    with loaded(path) as file:
        return _judge(file, names, seed)


def _judge(file, names, seed):
    forward, backward = [file.function(name) for name in names]
    arguments = example_arguments(forward, file.function("example"))
    things = run(forward, copies(arguments))
    trials = [Trial(forward, backward, arguments, things, convention, seed)
              for convention in fitting(forward, backward, arguments, things)]
    trial = trials[0] if len(trials) == 1 else max(trials, key=_promise)
    body = Body(file.text, backward.name)
    verdict = _print_verdict(trial, body)
    if verdict != "blank":
        _print_remarks(trial, trials if verdict == "wrong" else [trial])
    return verdict == "right"


def _parse(target):
    """"FILE.py:forward,backward"  ->  the path, [forward, backward]"""
    path, _, names = target.rpartition(":")
    names = [name.strip() for name in names.split(",")]
    if not path or len(names) != 2 or not all(name.isidentifier() for name in names):
        raise InvalidValueError("expected FILE.py:forward,backward, such as "
                                f"my_layer.py:dense,dense_backward, got {target}")
    return path, names


def _promise(trial):
    """How far a way to call backward leads: 2, it is right; 1, it can be compared; 0, it cannot."""
    try:
        with np.errstate(all="ignore"):                 # what is not meant may well be nonsense
            filled = _filled(trial.grads({}))
            return 2 if compare(trial, filled, show=False).ok else 1
    except NumpyvaeError:
        return 0


def _filled(grads):
    return [name for name, grad in grads.items() if not is_blank(grad)]


# ---------------------------------------------------------------------- the comparison

class Comparison:
    """What a comparison with differences found.

    report: the gradient check's; sentences: what else is wrong
    culprit: the name of the function to be mended, if one is
    """

    def __init__(self, report, sentences, culprit):
        self.report = report
        self.sentences = sentences
        self.culprit = culprit

    @property
    def ok(self):
        """Whether nothing is wrong."""
        return self.report.ok and not self.sentences


def compare(trial, filled, show=True):
    """Hold the gradients with these names against differences  ->  a Comparison

    show: print the gradient check's table
    """
    params = {name: trial.arguments[name] for name in filled if name in trial.arguments}
    if not params:
        raise InvalidValueError(f"{trial.forward.path}: expected gradients by the names of the "
                                f"arguments, {', '.join(trial.arguments)}, got "
                                f"{', '.join(map(str, filled))}")

    def grads(moved):
        return {name: grad for name, grad in trial.grads(moved).items() if name in filled}

    order = list(params) if trial.in_order else None
    report = check_gradients(trial.f, params, grads, order=order, sizes=_sizes(trial), show=show)
    of_backward = _misuse_of_douts(trial, list(params)) + _changes(trial, trial.backward)
    of_forward = _single_precision(trial) + _changes(trial, trial.forward)
    f_is_at_fault = any(sentence.startswith("f ") for sentence in report.faults)
    culprit = trial.forward if of_forward or f_is_at_fault else trial.backward
    return Comparison(report, of_backward + of_forward, culprit.name)


def _sizes(trial):
    """Sizes that may explain a wrong factor: N and D of a matrix x, or else N of the output."""
    x = trial.arguments.get("x")
    if np.ndim(x) == 2:
        return dict(zip("ND", np.shape(x)))
    return dict(zip("N", trial.outputs[0].shape))


def _misuse_of_douts(trial, filled):
    """What is wrong with what backward does with its douts: sentences."""
    names = trial.convention.douts
    doubled = [2 * dout for dout in trial.douts]
    once = copies(trial.grads({}))
    twice = trial.grads({}, doubled)
    unused = [name for name in filled if _is_number(once.get(name)) and np.any(once[name])
              and np.array_equal(once[name], twice.get(name))]
    changed = [name for name, dout, given in zip(names, trial.douts, doubled)
               if not np.array_equal(given, 2 * dout)]
    sentences = []
    if unused:
        sentences.append(f"{', '.join(unused)}: it does not depend on {' or '.join(names)}, which "
                         "the chain rule multiplies by")
    if changed:
        sentences.append(f"{trial.backward.name} changes {' and '.join(changed)}, which it was "
                         "given: let it work on a copy")
    return sentences


def _is_number(grad):
    return isinstance(grad, (np.ndarray, np.number, float))


def _single_precision(trial):
    """Whether an output has less than double precision, and no argument explains it: sentences."""
    given = [getattr(argument, "dtype", None) for argument in trial.arguments.values()]
    for output in trial.outputs:
        if output.dtype != np.float64 and output.dtype not in given:
            return [f"{trial.forward.name} computes in single precision, though its arguments are "
                    "float64"]
    return []


def _changes(trial, function):
    """Which of the arguments that it was given a function changes: sentences."""
    return [f"{function.name} changes {name}, which it was given: let it work on a copy"
            for name in sorted(trial.changed[function.name])]


# ---------------------------------------------------------------------- what is printed

def _print_verdict(trial, body):
    """Compare what is filled in, print what there is to say  ->  "right", "wrong" or "blank"."""
    found = None
    try:
        grads = trial.grads({})
        filled = _filled(grads)
        if filled:
            print(_heading(trial), flush=True)
            found = compare(trial, filled)
            print(*found.sentences, "", sep="\n")
    except Stopped as stopped:
        if stopped.name != trial.backward.name:
            raise
        print(body.explain(stopped))
        return "blank" if body.blanks or isinstance(stopped.error, NotImplementedError) else "wrong"
    ok = found is None or found.ok
    blanks = body.blanks or {name: None for name in grads if name not in filled}
    if blanks:
        print(_still_blank(blanks, filled, ok))
        return "blank"
    print(_right(trial, filled, found.report) if ok else _wrong(found))
    return "right" if ok else "wrong"


def _heading(trial):
    a = "a " if len(trial.douts) == 1 else ""
    names = " and ".join(trial.convention.douts)
    return (f"{trial.forward.path}, with {a}random {names}: grads should be the slopes of f\n"
            f"    f     = {_f_written(trial)}\n"
            f"    grads = {_grads_written(trial)}\n")


def _f_written(trial):
    """Σ dense(x, W, b) dy"""
    result = _call_written(trial.forward, trial.arguments)
    terms = []
    for k, (name, dout) in enumerate(zip(trial.convention.douts, trial.douts)):
        index = f"[{k}]" if len(trial.things) > 1 else ""
        terms.append(f"{'Σ ' if dout.ndim else ''}{result}{index} {name}")
    return " + ".join(terms)


def _grads_written(trial):
    """dense_backward(dy, x, W)"""
    douts = trial.convention.douts
    if not trial.convention.cache:
        return _call_written(trial.backward, [*douts, *trial.convention.names])
    result = _call_written(trial.forward, trial.arguments)
    return _call_written(trial.backward, [*douts, f"{result}[{len(douts)}]"])


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


def _right(trial, filled, report):
    agree = "1 gradient agrees" if len(filled) == 1 else f"{len(filled)} gradients agree"
    return (f"{trial.backward.name} is right: {agree} with the differences, to a relative "
            f"{report.max_error:.0e}.")


def _wrong(found):
    where = "the sentences below the table"
    if any(row.ok == "NO" for row in found.report.rows):
        where = "the rows that say NO, and the sentences below them"
    return f"{found.culprit} is wrong: see {where}."


def _print_remarks(trial, trials):
    """Say what is doubtful in how backward was called, and how else it was, to no avail."""
    unused = trial.things[len(trial.outputs):]
    if not trial.convention.cache and any(is_output(thing) for thing in unused):
        print(f"(The last thing that {trial.forward.name} returns was taken for a cache, which "
              f"{trial.backward.name} does not ask for. As an output, it needs a gradient too.)")
    for other in trials:
        if other is not trial:
            print(f"(It was called as {_grads_written(other)} too: that is not right either.)")
