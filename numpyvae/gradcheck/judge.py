"""The judge of `numpyvae check FILE.py:forward,backward`: a student's backward pass, held against
differences.

    parse      which file, and which names in it                  target.py
    loaded     run the file, find its functions                   student.py
    functions  a class, or one function, comes down to two        target.py, classes.py, together.py
    fitting    how is backward to be called?                      conventions.py
    Trial      f and grads, as the gradient check wants them      trial.py
    Body       what is not written yet                            blanks.py
    compare    the gradient check, and what else is wrong         comparison.py
    verdict    what is printed                                    verdict.py
"""
import numpy as np

from . import verdict
from .comparison import Options, compare, filled_of
from .conventions import fitting
from .parts import copies
from .reordered import is_in_order, may_be_others, true_order
from .student import Function, Stopped, loaded
from .target import functions, parse
from .trial import Trial, run
from ..errors import NumpyvaeError, check_count


def judge(target, seed=0, step=None, by="auto", terms=()):
    """Judge a backward pass and print the verdict  ->  whether it is complete and right.

    target: "FILE.py:forward,backward". The file's example() returns the arguments to try forward
        with. What backward returns belongs to forward's first arguments, in their order; or, if it
        is a dictionary, to those that it names, in the order in which they are made. `...` stands
        for a blank.  Or "FILE.py:Class", for a class with both; example() returns one, and inputs.
        Or "FILE.py:loss_and_grads", for a function that returns a loss and its gradients.
    seed: of the random gradients that backward is given
    step, by: as for `check_gradients`; terms: the names of functions in the file, with forward's
        arguments, whose sum is the loss that forward returns
    Raises ValueError for a file that cannot be used, OSError.
    """
    seed = check_count("seed", seed)
    path, names = parse(target)
    with loaded(path) as file:
        options = Options(step, by, [file.function(name) for name in terms])
        right = _judge(file, names, seed, options)
        if Function.printed.hidden:
            print(f"({path} printed {Function.printed.hidden:,} more lines.)")
        return right


def _judge(file, names, seed, options):
    forward, backward, body, arguments = functions(file, names)
    things = run(forward, copies(arguments))
    trials = [Trial(forward, backward, arguments, things, convention, seed, body)
              for convention in fitting(forward, backward, arguments, things)]
    trial = trials[0]
    if len(trials) > 1:
        trial = max(trials, key=lambda trial: _promise(trial, options))
    others = [other for other in trials if other is not trial]
    try:
        return _compared(trial, body, options, others)
    except Stopped as stopped:
        if stopped.name != backward.name:
            raise
        print(body.explain(stopped))
        if not (body.blanks or isinstance(stopped.error, NotImplementedError)):
            print(*verdict.other_calls(others), sep="", end="")
        return False


def _compared(trial, body, options, others):
    """Compare what is filled in, and print what there is to say  ->  whether it is right."""
    grads = trial.grads({})
    if trial.nothing and not body.blanks:
        print(body.explain_nothing(trial.forward.path, trial.places))
        return False
    grads, order = _whose(trial, grads)
    blanks = _blanks(trial, body, grads)
    filled = filled_of(grads)
    if blanks and not filled:
        print(verdict.still_blank(blanks, filled, True))
        return False
    print(verdict.heading(trial), flush=True)
    with np.errstate(all="ignore"):                          # what comes of it is told in words
        found = compare(trial, grads, options)
    print(*found.sentences, *verdict.out_of_order(trial, order), "", sep="\n")
    if blanks:
        print(verdict.still_blank(blanks, filled, found.ok))
        return False
    print(verdict.in_one_word(trial, found))
    print(*verdict.remarks(trial, grads, found), sep="", end="")
    if not found.ok:
        print(*verdict.other_calls(others), *verdict.other_owners(trial, grads), sep="", end="")
    return found.ok and not found.report.untested


def _whose(trial, grads):
    """The gradients by the names of the arguments that they belong to, and their true order, if it
    is another one than that of the arguments.
    """
    if len(filled_of(grads)) < len(grads) or not may_be_others(trial, grads):
        return grads, None
    order = None if _promise(trial, Options(by="direction")) == 2 else true_order(trial, grads)
    if not order or not is_in_order(trial, order):
        return grads, order
    trial.hints = [f"d{name}" for name in order]             # some arguments just have none
    return trial.grads({}), None


def _blanks(trial, body, grads):
    """What is still blank of the gradients that are needed, see Body.still_blank."""
    filled = filled_of(grads)
    needed = {name: grad for name, grad in grads.items()
              if name in filled or trial.needs_gradient(name)}
    alone  = [name for name, path in trial.places.items() if len(path) == 1]
    return body.still_blank(needed, optional=alone)


def _promise(trial, options):
    """How far a way to call backward leads: 2, it is right; 1, it can be compared; 0, it cannot."""
    try:
        with np.errstate(all="ignore"):                 # what is not meant may well be nonsense
            return 2 if compare(trial, trial.grads({}), options, show=False).ok else 1
    except NumpyvaeError:
        return 0
