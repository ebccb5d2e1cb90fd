"""How often is the gradient check mistaken? Thousands of random gradients, right and wrong.

    python tests/gradient_campaign.py 2000 [--seed S] [--only right,mixed]

    right     right gradients of least squares, softmax regressions and small VAEs
    mixed     right ones of layers whose features are of sizes from 1e-6 to 1e6, by element
    ties      right ones of layers full of values that tie: max pools, relu of integers, sorting
    planted   one error in those of mixed size: an element, a row; a factor, a sign
    tied      one error in those with ties: a whole block's sign or factor, a row
    single    right ones of functions that compute in single precision and hide it
    double    the same functions in double precision

Of the right ones it counts those that are called wrong, and those of which more is said than which
blocks were not tested; of the wrong ones, those that are called right, with a word and without.
Where f hides that it is in single precision, either verdict is fine, but not without a word. Seeds
follow from S, so that another S is another campaign.
Exit status: 0; 1, a right one was called wrong, or a wrong one right without a word.
"""
import argparse
import sys
import time

import numpy as np

from helpers_gradients import mistaken, mixed_case, planted, right_case, single_case, tie_case
from numpyvae import check_gradients

WAYS = ("auto", "element", "direction")


def right(rng):
    kind = int(rng.integers(25))
    f, params, grads, options = right_case(rng, 0 if kind == 0 else 1 + kind % 3)
    method, by = str(rng.choice(["central", "complex"])), str(rng.choice(WAYS))
    return check_gradients(f, params, grads(params), method, by, show=False, **options)


def mixed(rng):
    return check_gradients(*mixed_case(rng), by="element", show=False)


def ties(rng):
    return check_gradients(*tie_case(rng), by=str(rng.choice(WAYS)), show=False)


def with_error(rng):
    f, params, grads = mixed_case(rng)
    wrong = planted(rng, grads["W"])
    if np.array_equal(wrong, grads["W"]):
        return None
    return check_gradients(f, params, {**grads, "W": wrong}, by="element", show=False)


def tied(rng):
    f, params, grads = tie_case(rng)
    name, wrong = mistaken(rng, grads)
    if np.allclose(wrong[name], grads[name]):
        return None
    return check_gradients(f, params, wrong, by=str(rng.choice(WAYS)), show=False)


def single(rng):
    return check_gradients(*single_case(rng, np.float32), show=False)


def double(rng):
    return check_gradients(*single_case(rng, np.float64), show=False)


# what is tried, and the verdict that is right; None if there is none
CAMPAIGNS = {"right": (right, True), "mixed": (mixed, True), "ties": (ties, True),
             "planted": (with_error, False), "tied": (tied, False),
             "single": (single, None), "double": (double, True)}


def campaign(name, number, seed):
    """Try so many random gradients  ->  how many, the numbers of those with a wrong verdict, of
    those that are said to be right, with a word, and without.
    """
    attempt, is_right = CAMPAIGNS[name]
    tried, wrong, told, silent = 0, [], [], []
    for k in range(number):
        with np.errstate(all="ignore"):
            report = attempt(np.random.default_rng([seed, list(CAMPAIGNS).index(name), k]))
        if report is None:                       # the error changed nothing
            continue
        tried += 1
        if is_right is not None and report.ok is not is_right:
            wrong.append(k)
        if report.ok:
            words = [finding for finding in report.findings
                     if not is_right or finding.kind != "untested"]
            (told if words else silent).append(k)
    return tried, wrong, told, silent


def main(argv=None):
    """Run the campaigns and print a line for each  ->  the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("number", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default=",".join(CAMPAIGNS))
    args = parser.parse_args(argv)
    print("campaign |  tried | wrong verdict | right, with a word | and without |   time")
    failed = False
    for name in args.only.split(","):
        start = time.process_time()
        tried, wrong, told, silent = campaign(name, args.number, args.seed)
        is_right = CAMPAIGNS[name][1]
        failed  |= bool(wrong if is_right else silent)
        seconds  = time.process_time() - start
        print(f"{name:<8} | {tried:>6} | {len(wrong):>13} | {len(told):>18} | {len(silent):>11} | "
              f"{seconds:>4.0f} s", *map(str, wrong[:10] if is_right else silent[:10]), flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
