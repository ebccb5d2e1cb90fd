"""The catalogue of mistakes: each is named, with the factor or the term, and only if it explains.

(The mistakes in a whole VAE's backward, and what is said of each, are in the gallery:
tests/test_bug_gallery.py.)
"""
import numpy as np
import pytest

from helpers import draw
from numpyvae import check_gradients, numeric_gradient
from numpyvae.errors import InvalidTypeError
from numpyvae.gradcheck.evidence import Block
from numpyvae.gradcheck.mistakes import (
    best, named_factors, of_some_weight, of_terms, ratio, sum_to)

N, D, H    = 3, 7, 5
x, W, b, V = draw(5, (N, D), (D, H), H, (H, H))
SIZES      = {"N": N, "D": D}


def loss(p):
    """Two layers, a mean over the batch: f = 1/N Σ h V hᵀ / 2 + 1/N Σ a².

    a = x W + b, h = tanh(a)
    """
    return bend(p) + square(p)


def bend(p):
    h = np.tanh(x @ p["W"] + p["b"])
    return 0.5 * ((h @ p["V"]) * h).sum() / N


def square(p):
    return ((x @ p["W"] + p["b"]) ** 2).sum() / N


def gradient(p):
    a  = x @ p["W"] + p["b"]
    h  = np.tanh(a)
    da = 0.5 * (h @ p["V"] + h @ p["V"].T) * (1 - h ** 2) / N + 2 * a / N
    return {"V": 0.5 * h.T @ h / N, "W": x.T @ da, "b": da.sum(axis=0)}, da


PARAMS    = {"V": V, "W": W, "b": b}
RIGHT, DA = gradient(PARAMS)
SQUARE    = {name: numeric_gradient(lambda array: square({**PARAMS, name: array}), PARAMS[name],
                                    "complex") for name in "Wb"}


def finding(change, method="central", by="element", **options):
    """All that is said of the gradient if these blocks of it are changed."""
    report = check_gradients(loss, PARAMS, {**RIGHT, **change}, method, by, show=False, **options)
    assert not report.ok
    return "\n".join(report.findings)


def zeroed(array, *index):
    array = array.copy()
    array[index] = 0
    return array


# ---------------------------------------------------------------------- one after the other

OF_ALL = {
    "sign":                 ({"W": -RIGHT["W"]}, "W: the sign is flipped"),
    "all signs":            ({name: -grad for name, grad in RIGHT.items()},
                             "V, W, b: the sign is flipped"),
    "½ missing":            ({"V": 2 * RIGHT["V"]},
                             "V: twice the numeric gradient: a ½ is missing"),
    "½ too many":           ({"V": RIGHT["V"] / 2},
                             "V: half the numeric gradient: there is a ½ too many"),
    "1/N missing":          ({"W": N * RIGHT["W"]},
                             "W: N = 3 times the numeric gradient: f is a mean over the batch"),
    "1/N too many":         ({"b": DA.mean(axis=0)},
                             "b: 1/N (N = 3) of the numeric gradient: it is divided by the"),
    "D":                    ({"W": D * RIGHT["W"]},
                             "W: D = 7 times the numeric gradient: f averages over D"),
    "1/D":                  ({"W": RIGHT["W"] / D},
                             "W: 1/D (D = 7) of the numeric gradient: the gradient averages"),
    "N D, and the sign":    ({"W": -N * D * RIGHT["W"]},
                             "W: N D = 21 times the numeric gradient, with its sign flipped"),
    "1/(N D)":              ({"W": RIGHT["W"] / (N * D)},
                             "W: 1/(N D) (N D = 21) of the numeric gradient"),
    "some factor":          ({"W": 1.3 * RIGHT["W"]},
                             "W: 1.3 times the numeric gradient: a factor is missing, or one too"),
    "some negative factor": ({"W": -1.3 * RIGHT["W"]},
                             "W: 1.3 times the numeric gradient, with its sign flipped: a factor"),
    "nothing":              ({"W": 0 * RIGHT["W"]},
                             "W: the gradient is zero: missing, never filled in"),
    "transposed":           ({"W": RIGHT["W"].T},
                             "W: expected a gradient of shape (7, 5), got (5, 7): it is the "
                             "transpose"),
    "other shape":          ({"W": np.ones((2, 2))},
                             "W: expected a gradient of shape (7, 5), got (2, 2)"),
    "reshaped":             ({"W": RIGHT["W"].ravel()},
                             "got (35,): the right numbers in another shape"),
    "keepdims":             ({"b": RIGHT["b"][None]},
                             "got (1, 5): the right numbers in another shape"),
    "not summed":           ({"b": DA},
                             "b: expected a gradient of shape (5,), got (3, 5): it was not summed "
                             "over the batch"),
    "summed to one":        ({"b": DA.sum()},
                             "b: expected a gradient of shape (5,), got (): it is the sum over "
                             "all"),
    "anything":             ({"W": draw(9, (D, H))[0]},
                             "no simple rule leads from one to the other"),
    "whole numbers":        ({"W": (9 * RIGHT["W"]).astype(int) // 9,
                              "V": np.trunc(RIGHT["V"]).astype(int)},
                             "V: its dtype is int64: the digits after the decimal point were "
                             "cut off"),
    "half precision":       ({"W": RIGHT["W"].astype(np.float16)},
                             "W: its dtype is float16, too coarse to tell an error")}

OF_PARTS = {
    "one for all":     ({"b": np.full(H, DA.sum())}, "b: every element is the sum of all of them"),
    "a row":           ({"W": zeroed(RIGHT["W"], 2)},
                        "W: 5 of its 35 elements are wrong, those of row 2, the others"),
    "columns":         ({"W": zeroed(RIGHT["W"], slice(None), [0, 3])},
                        "14 of its 35 elements are wrong, those of columns 0, 3"),
    "what a part is":  ({"W": zeroed(RIGHT["W"], 2)},
                        "the others right; there, the gradient is zero"),
    "a row's sign":    ({"W": RIGHT["W"] * np.where(np.arange(D) == 4, -1, 1)[:, None]},
                        "those of row 4, the others right; there, the sign is flipped"),
    "a row's factor":  ({"W": RIGHT["W"] * np.where(np.arange(D) == 4, N, 1)[:, None]},
                        "those of row 4, the others right; there, N = 3 times the numeric"),
    "an element":      ({"W": zeroed(RIGHT["W"], 2, 1)},
                        "W: one of its 35 elements is wrong, W[2, 1], the others right"),
    "two elements":    ({"W": zeroed(RIGHT["W"], [2, 4], [1, 0])},
                        "2 of its 35 elements are wrong, the first of them W[2, 1]")}


@pytest.mark.parametrize("change, words", [*OF_ALL.values(), *OF_PARTS.values()],
                         ids=[*OF_ALL, *OF_PARTS])
def test_a_mistake_is_named(change, words):
    assert words in finding(change, sizes=SIZES)


@pytest.mark.parametrize("method", ["central", "complex"])
@pytest.mark.parametrize("change, words", OF_ALL.values(), ids=OF_ALL)
def test_along_directions_a_sample_of_elements_tells_the_same(change, words, method):
    assert words in finding(change, method, "direction", sizes=SIZES)


def test_a_square_matrix_that_is_transposed():
    A, = draw(1, (4, 4))
    report = check_gradients(lambda p: (A * p["V"]).sum(), {"V": draw(2, (4, 4))[0]}, {"V": A.T},
                             show=False)
    assert report.findings[0].startswith("V: it is the transpose of the right one")


@pytest.mark.parametrize("scale", [1e-4, 1, 1e4])
def test_a_part_of_many_rows_is_listed_up_to_five(scale):
    A = scale * draw(1, (20, 4))[0]
    report = check_gradients(lambda p: (A * p["V"]).sum(), {"V": A / scale},
                             {"V": zeroed(A, slice(3, 11))}, show=False)
    assert "those of rows 3, 4, 5, 6, 7 and 3 more, the others right" in report.findings[0]


@pytest.mark.parametrize("grad", [np.ones((2, 2)), np.ones((1,)), np.ones((7, 5, 1, 2))])
def test_of_a_shape_that_no_mistake_explains_only_the_shape_is_told(grad):
    found = finding({"W": grad}, sizes=SIZES).split(" (")
    assert found[0] == "W: expected a gradient of shape"
    assert finding({"W": grad}) == f"W: expected a gradient of shape (7, 5), got {grad.shape}"


# ---------------------------------------------------------------------- factors

def test_without_sizes_a_factor_has_no_name():
    text = finding({"W": 3 * RIGHT["W"]})
    assert "W: 3 times the numeric gradient: a factor is missing, or one too many" in text


def test_a_factor_with_two_names_is_told_with_both():
    text = finding({"W": 2 * RIGHT["W"]}, sizes={"N": 2})
    assert "W: twice or N = 2 times the numeric gradient: a ½ is missing" in text
    assert "; or f is a mean over the batch and the gradient a sum: 1/N is missing" in text


def test_other_sizes_have_names_too():
    text = finding({"W": 5 * RIGHT["W"]}, sizes={"H": 5})
    assert "W: H = 5 times the numeric gradient: f averages over H" in text


def test_numbers_that_are_no_counts_have_their_own_words():
    text = finding({"W": RIGHT["W"] / 0.7}, sizes={"beta": 0.7})
    assert ("W: 1/beta (beta = 0.7) of the numeric gradient: it is divided by beta once too often, "
            "or not") in text


def test_the_factors_that_have_a_name():
    factors = {times: factor for factor, times, _ in named_factors({"N": 3, "K": 1, "beta": 0.7})}
    assert factors == {"twice": 2, "half": 1 / 2, "N = 3 times": 3, "1/N (N = 3) of": 1 / 3,
                       "beta = 0.7 times": 0.7, "1/beta (beta = 0.7) of": 1 / 0.7,
                       "N beta = 2.1 times": 3 * 0.7, "1/(N beta) (N beta = 2.1) of": 1 / (3 * 0.7)}


def test_one_element_that_is_not_zero_is_no_evidence_for_a_factor():
    def f(p):
        return p["w"].max() ** 2

    w = np.array([0.3, 0.9, 0.1])
    report = check_gradients(f, {"w": w}, {"w": np.array([0, 3.013, 0])}, show=False)
    assert "times the numeric gradient" not in report.findings[0]
    report = check_gradients(f, {"w": w}, {"w": np.array([0, 0.9, 0])}, show=False)
    assert report.findings[0].startswith("w: half the numeric gradient")


def test_a_mistake_explains_small_errors_only_if_it_explains_them_well():
    # 1.00003 times the right gradient is a factor; the right one with noise of that size is not.
    assert "W: 1.00003 times" in finding({"W": 1.00003 * RIGHT["W"]})
    noisy = RIGHT["W"] + 3e-5 * np.abs(RIGHT["W"]).max() * draw(3, (D, H))[0]
    assert "W[" in finding({"W": noisy}) and "times" not in finding({"W": noisy})


# ---------------------------------------------------------------------- terms of the loss

@pytest.mark.parametrize("weight, words", [
    (0,    "the term square of the loss is missing"),
    (-1,   "the term square of the loss has the wrong sign"),
    (2,    "the term square of the loss is counted twice, or a ½ forgotten"),
    (3,    "the term square of the loss counts for N = 3 times what it should"),
    (1/2,  "the term square of the loss counts for half what it should"),
    (1.7,  "the term square of the loss counts for 1.7 times what it should"),
    (-1/2, "the term square of the loss counts for -0.5 times what it should"),
    (-2,   "the term square of the loss counts for -2 times what it should")])
@pytest.mark.parametrize("by", ["element", "direction"])
def test_a_term_of_the_loss_that_is_weighted_wrongly_is_named(weight, words, by):
    change = {name: RIGHT[name] + (weight - 1) * SQUARE[name] for name in "Wb"}
    text   = finding(change, "complex", by, terms={"bend": bend, "square": square}, sizes=SIZES)
    assert f"W, b: {words}" in text


def test_terms_of_any_size():
    B, = draw(7, (4, 3))

    def square(p):
        return 1e5 * (p["W"] ** 2).sum()

    def exp(p):
        return 1e5 * np.exp(p["W"]).sum()

    def both(p):
        return square(p) + exp(p)

    terms  = {"square": square, "exp": exp}
    report = check_gradients(both, {"W": B}, {"W": 2e5 * B}, terms=terms, show=False)
    assert report.findings[0].startswith("W: the term exp of the loss is missing")
    terms["exp"] = lambda p: p["W"]
    with pytest.raises(InvalidTypeError, match=r"terms\['exp'\]: expected a function that"):
        check_gradients(both, {"W": B}, {"W": B}, terms=terms, show=False)


def test_terms_of_opposite_sign():
    B, = draw(7, (4, 3))

    def plus(p):
        return 1e8 + p["W"].sum() * 1e-3

    def minus(p):
        return -1e8

    report = check_gradients(lambda p: plus(p) + minus(p), {"W": B}, {"W": np.full((4, 3), 1e-3)},
                             "complex", terms={"plus": plus, "minus": minus}, show=False)
    assert report.ok


# ---------------------------------------------------------------------- how they are chosen

def returning(value):
    return lambda: value


def block_of(grad, numeric, **terms):
    slopes = {name: returning(values) for name, values in terms.items()}
    return Block("W", np.zeros(grad.shape), grad, np.arange(grad.size), numeric, 1e-5, slopes)


def test_of_mistakes_that_explain_it_the_best_is_named():
    right, = draw(2, 20)
    block  = block_of(5 * right, right)
    near   = 5 * right * (1 + 5e-5), "near"
    nearer = 5 * right * (1 + 3e-5), "nearer"
    exact  = 5 * right, "exact"
    assert best(block, [near, nearer]) == best(block, [nearer, near]) == "nearer"
    assert best(block, [near, exact, nearer]) == "exact"
    # Better than needed counts as a tie: the first wins.
    assert best(block, [(5 * right * (1 + 5e-6), "first"), exact]) == "first"
    assert best(block, [(-right, "sign"), (5.01 * right, "off")]) is None
    assert best(block, []) is None


def test_a_mistake_has_to_explain_it_ten_times_better_than_none():
    right, noise = draw(4, 20, 20)
    # Off by a factor, 2e-5, and by noise that is a half, a fifth or a twentieth of that.
    for rest, named in [(0.5, False), (0.2, False), (0.05, True)]:
        grad  = right * (1 + 2e-5 + 2e-5 * rest * np.sign(noise))
        block = block_of(grad, right)
        assert bool(best(block, [(right * (1 + 2e-5), "factor")])) is named


def test_a_term_that_tells_nothing_is_not_asked():
    right, small = draw(3, 20, 20)
    block = block_of(2 * right, right, silent=1e-9 * small, loud=small)
    assert {sentence.split()[2] for _, sentence in of_terms(block, {})} == {"loud"}
    # By some weight, one number is always explained, and two too easily.
    for size, asked in [(1, set()), (2, {"loud"})]:
        block = block_of(2 * right[:size], right[:size], loud=small[:size])
        assert {sentence.split()[2] for _, sentence in of_terms(block, {})} == asked
        assert not list(of_some_weight(block))


def test_ratio_is_that_of_least_squares():
    a, b = draw(6, 20, 20)
    assert ratio(a, b) == pytest.approx(np.linalg.lstsq(b[:, None], a, rcond=None)[0][0], rel=1e-12)
    for size in (1e-200, 1e200):
        assert ratio(3 * size * b, size * b) == pytest.approx(3, rel=1e-14)
    assert ratio(a, 0 * b) == 0


@pytest.mark.parametrize("shape", [(5,), (1, 5), (3, 1), (1, 1), (), (3, 5)])
def test_a_sum_to_a_shape_undoes_its_broadcast(shape):
    grad, = draw(8, (3, 5))
    array = draw(9, shape)[0]
    numeric = numeric_gradient(lambda array: (array * grad).sum(), array, "complex")
    assert sum_to(grad, shape).shape == shape
    np.testing.assert_allclose(sum_to(grad, shape), numeric, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("given, shape, advice", [
    ((3, 5), (5,), "dy.sum(axis=0)"), ((3, 6), (3, 1), "dy.sum(axis=1, keepdims=True)"),
    ((3, 5), (1, 5), "dy.sum(axis=0, keepdims=True)"), ((2, 3, 5), (5,), "dy.sum(axis=(0, 1))")])
def test_a_gradient_not_summed_is_to_be_summed_along_the_right_axes(given, shape, advice):
    dy,    = draw(0, given)
    params = {"b": np.ones(shape)}
    found  = check_gradients(lambda p: ((dy + 0 * p["b"]) * p["b"]).sum(), params, {"b": dy},
                             show=False).findings
    assert "it was not summed over the batch" in found[0] and f"db = {advice} " in found[0] + " "
