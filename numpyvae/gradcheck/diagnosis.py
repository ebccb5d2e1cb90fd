"""The diagnosis: what is wrong with a gradient, in sentences, and where the error enters.

Each wrong block is held against the catalogue of mistakes, and blocks with the same mistake share a
sentence, with the evidence for it in brackets. Where no simple rule leads from the slopes to the
gradient, all that is said is which element is furthest off: a sentence that might be false is worse
than none. If the order of the backward pass is known, so is the place where the error enters, and
what comes later may be wrong only because it was made from a wrong gradient.
"""
import numpy as np

from .behaviour import overlap
from .evidence import drops_complex, gather
from .findings import Finding
from .mistakes import (UNNAMED, best, of_arrangement, of_every_element, of_some_factor,
                       of_some_weight, of_terms, ratio)
from .relations import clipped_by_norm, of_clipping, of_parameters, of_small_constants
from .rounding import agree

# An error below this comes from no wrong formula, but from coarse arithmetic or a small constant.
# In the gallery of bugs, single precision on the way makes an error of 3e-8 (up to 1e-6 in 1,000
# small VAEs), log(p + 1e-7) one of 3e-7, and the mildest wrong formula one of 1e-2.
SLIGHT = 2e-6

# Up to this error, a gradient of that dtype may be wrong in nothing but its digits. Of 24,000 right
# blocks, 995 in 1,000 of those computed in float16 were off by less than 0.01, and all of those
# computed in float32 by less than 7e-4, a fifth of what is allowed here.
COARSE = {np.dtype(np.float16): 0.01, np.dtype(np.float32): 0.0036}

# A gradient is nearly right up to this error: a constant of 1e-3 makes one of 8e-3.
NEARLY = 0.02

# Of a block that is wrong in part, the others are right to this part of the tolerance.
EXACT = 100

# Up to this many rows or columns are listed by their numbers.
LISTED = 5

TOGETHER = Finding("elsewhere", "(all): wrong along one direction through all blocks, though each "
                                'is right along its own; compare them with by="element"')


def diagnose(case, seen, second_look, wrong):
    """What is wrong: one sentence for all blocks that share a mistake.

    seen: the behaviour, with the gradients; wrong: the names of the rows that say NO
    """
    names = [name for name in wrong if name in case.params]
    if not names:
        return [TOGETHER] if "(all)" in wrong else []
    blocks = [gather(case, second_look, name, seen.arrays[name])
              for name in names if name in seen.arrays]
    right  = {name: grad for name, grad in seen.sound.items() if name not in names}
    if case.order:
        names.sort(key=case.order.index)
        blocks.sort(key=lambda block: case.order.index(block.name))
    alike = {}
    for block in blocks:
        found = mistake(case, block, blocks, right)
        if found and found.kind == "some-factor":
            found = clipped_by_norm(ratio(block.analytic, block.numeric), seen.sound) or found
        if case.order and found and found.kind in UNNAMED and found not in alike and alike:
            found = None                                 # it may only pass the error on
        alike.setdefault(found, []).append(block)
    enters = [where_it_enters(names, case.order)] if case.order and len(case.order) > 1 else []
    return enters + tell(alike, names[0] if case.order else None)


def tell(alike, first):
    """The mistakes in sentences.

    alike: {mistake: the blocks that have it}, with None for a mistake that was not found
    first: the name of the first wrong block in backward order, if there is an order
    """
    sentences = []
    for found, blocks in alike.items():
        if found:
            sentence = f"{_listed(blocks)}: {found}{_evidence(blocks)}"
            sentences.append(Finding(found.kind, sentence, _names(blocks)))
    sentences += [_worst(block) for block in alike.get(None, []) if first in (None, block.name)]
    later = [block for block in alike.get(None, []) if first not in (None, block.name)]
    if later:
        sentence = (f"{_listed(later)}: no simple rule; later in backward order than {first}, it "
                    "may only pass the error on")
        sentences.append(Finding("later", sentence, _names(later)))
    return sentences


def where_it_enters(wrong, order):
    """Where the error enters: at the first wrong block, given what is right before it and after it.

    wrong: the names of the wrong blocks, and order: those of all blocks, in backward order
    """
    return Finding("enters", _entrance(wrong, order), wrong[:1])


def _entrance(wrong, order):
    first  = wrong[0]
    before = order[:order.index(first)]
    after  = order[order.index(first) + 1:]
    if after and len(wrong) == 1:
        return (f"the error enters at {first} and goes no further, for all else is right: look at "
                "the line that makes this gradient; nothing else is made from it")
    if before:
        return (f"the error enters at {first}: what comes before it in backward order is right "
                f"({', '.join(map(str, before))})")
    if len(wrong) == len(order):
        return (f"the error enters at {first}, the first block in backward order, and all are "
                "wrong: look at the gradient of the loss and, where blocks are shared over time, "
                "at what one step hands to the one before it")
    return f"the error enters at {first}, the first block in backward order"


def mistake(case, block, wrong, right):
    """What to say of a wrong block, a Finding, or None if no simple rule explains it.

    wrong: all wrong blocks; right: the gradients that are right, by name
    """
    if block.analytic is None:
        return _wrong_shape(block)
    if block.in_small_elements:
        return (_nothing_to_compare(block)
                or _too_coarse(block)
                or best(block, of_small_constants(block, case.sizes))
                or _in_part(block, case.sizes)
                or _nearly(block))
    return (drops_complex(case, block)
            or _nothing_to_compare(block)
            or _too_coarse(block)
            or _zero(block)
            or best(block, of_every_element(block, case.sizes))
            or best(block, of_clipping(block))
            or best(block, of_some_factor(block))
            or _arranged(block)
            or _of_another_block(block, wrong, right)
            or best(block, of_terms(block, case.sizes))
            or best(block, of_small_constants(block, case.sizes))
            or best(block, of_parameters(block, case.sizes))
            or best(block, of_some_weight(block))
            or _in_part(block, case.sizes)
            or _nearly(block))


# ---------------------------------------------------------------------- what is no formula

def _nothing_to_compare(block):
    finite = np.isfinite(block.numeric)
    if not finite.all():
        return Finding("undefined", f"f is NaN or infinite beside "
                       f"{block.place(np.argmin(finite))}: an overflow, or the logarithm or root "
                       "of a negative number? Close to the edge of where f is defined, take a "
                       "smaller step=")
    if not block.index.size:
        return Finding("on-kinks", "all elements that were looked at lie on a kink of f, or beside "
                       "one: try another point")
    if block.looks_right():
        if block.sampled:
            return Finding("elsewhere", "wrong, though not in the elements that were looked at; "
                           'compare it with by="element"')
        return Finding("on-kinks", "right wherever f has a slope, but wrong on a kink, where it "
                       "should lie between the slopes of the two sides")
    return None


def _too_coarse(block):
    dtype, off = block.grad.dtype, block.error
    if dtype.kind != "f" and np.array_equal(block.analytic, np.trunc(block.numeric)):
        return Finding("digits", f"its dtype is {dtype}: the digits after the decimal point were "
                       "cut off; make it float64")
    if off < COARSE.get(dtype, 0.0):
        return Finding("digits", f"its dtype is {dtype}, too coarse to tell an error of {off:.0e} "
                       "from rounding; make it float64")
    if off < SLIGHT:
        return Finding("digits", f"right to {int(-np.log10(off))} digits, and wrong after that: is "
                       "something on the way in single precision, or has a small constant slipped "
                       "in, as in log(p + 1e-7)?")
    return None


def _zero(block):
    if not block.analytic.any():
        return Finding("zero", "the gradient is zero: missing, never filled in, or cut off by a "
                               "mask")
    if agree(block.numeric, 0 * block.numeric, 0, block.noise):
        return Finding("independent", "the gradient is not zero, but f does not depend on it")
    return None


def _nearly(block):
    if block.error > NEARLY:
        return None
    return Finding("nearly", f"nearly right, to {block.error:.0e}, and no simple rule says what is "
                   "wrong: has a small constant slipped in, as in log(p + 1e-5)?")


# ---------------------------------------------------------------------- shapes, and other blocks

def _arranged(block):
    for mended, sentence in of_arrangement(block.grad, block.shape):
        if block.is_right_as(mended):
            return sentence
    return None


def _wrong_shape(block):
    shapes = f"expected a gradient of shape {block.shape}, got {block.grad.shape}"
    why    = _arranged(block) or _summed_to_one(block) if block.index.size else None
    return Finding(why.kind, f"{shapes}: {why}") if why else Finding("shape", shapes)


def _summed_to_one(block):
    total = block.numeric.sum(keepdims=True)
    if (block.whole and block.grad.size == 1
            and agree(block.grad.ravel(), total, block.allowed, block.noise)):
        return Finding("summed", "it is the sum over all elements: is an axis=0 missing?")
    return None


def _of_another_block(block, wrong, right):
    others = [other for other in wrong if other is not block]
    for name, grad in [(other.name, other.grad) for other in others] + list(right.items()):
        if overlap(block.grad, grad):
            return Finding("shared", f"its gradient shares memory with that of {name}: one was "
                                     "written over the other")
    for other in others:
        if other.index.size > 1 and other.is_right_as(block.grad):
            return Finding("exchanged", f"it is the gradient of {other.name}: are two of them "
                                        "exchanged?")
    for name, grad in right.items():
        if grad.shape == block.shape and grad.size > 1 and block.is_explained_by(block.at(grad)):
            return Finding("exchanged", f"it is the gradient of {name}, where it is right: was it "
                                        "made from the wrong array?")
    return None


# ---------------------------------------------------------------------- some elements

def _in_part(block, sizes):
    """Some elements are wrong, the others right: which, and why?"""
    off, telling = block.off(), block.telling()
    # what has to be zero anyway does not speak for the others
    others_right = ~off & telling
    if not block.whole or not off.any() or not others_right.any():
        return None
    # those that are just within the tolerance may have the same mistake
    if block.errors()[others_right].max() > block.tolerance / EXACT:
        return None
    lines = _lines(off.reshape(block.shape), telling.reshape(block.shape))
    if off.sum() > off.size / 2 and not lines:
        return None
    if off.sum() == 1:
        return Finding("part", f"one of its {off.size} elements is wrong, "
                               f"{block.place(np.argmax(off))}, the others right")
    part  = block.only(off)
    which = lines or f"the first of them {part.place(0)}"
    why   = (_zero(part) or best(part, of_every_element(part, sizes))
             or best(part, of_some_factor(part)))
    why   = f"; there, {why}" if why else ""
    return Finding("part", f"{off.sum()} of its {off.size} elements are wrong, {which}, the "
                           f"others right{why}")


def _lines(off, telling):
    """The rows or columns of a matrix that its True elements fill, and nothing else, in words.

    telling: where one sees whether an element is wrong; the others belong to any row
    """
    if off.ndim != 2:
        return ""
    for word, off, telling in (("row", off, telling), ("column", off.T, telling.T)):
        if ((off | ~telling).all(axis=1) == off.any(axis=1))[telling.any(axis=1)].all():
            numbers = list(map(str, np.flatnonzero(off.any(axis=1))))
            plural  = "s" if len(numbers) > 1 else ""
            more    = f" and {len(numbers) - LISTED} more" if len(numbers) > LISTED else ""
            return f"those of {word}{plural} {', '.join(numbers[:LISTED])}{more}"
    return ""


# ---------------------------------------------------------------------- words

def _listed(blocks):
    return ", ".join(map(str, _names(blocks)))


def _names(blocks):
    return [block.name for block in blocks]


def _evidence(blocks):
    """What a sentence rests on: how many elements, and the worst of them in the first block."""
    block, elements = blocks[0], sum(block.index.size for block in blocks)
    if block.analytic is None or not elements or not np.isfinite(block.numeric).all():
        return ""
    if block.looks_right():
        return ""
    i = block.furthest()
    plural = "s" if elements > 1 else ""
    return (f" ({elements} element{plural} compared; {block.place(i)} is {block.analytic[i]:.6g}, "
            f"by differences {block.numeric[i]:.6g})")


def _worst(block):
    i = block.furthest()
    sentence = (f"{block.place(i)}: the analytic slope is {block.analytic[i]:.6g}, the numeric one "
                f"{block.numeric[i]:.6g}; no simple rule leads from one to the other")
    return Finding("unexplained", sentence, [block.name])
