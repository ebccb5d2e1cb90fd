"""What the check says is wrong, mistake by mistake; that it says nothing of 2,000 right gradients.

(The mistakes in a whole VAE's backward, and what is said of each, are in the gallery:
tests/test_bug_gallery.py.)
"""
import numpy as np
import pytest

from helpers import draw
from numpyvae import VAE, check_gradients, numeric_gradient
from numpyvae.errors import InvalidTypeError, InvalidValueError

N, D, H = 3, 7, 5
x, W, b, V = draw(5, (N, D), (D, H), H, (H, H))
SIZES = {"N": N, "D": D}


def loss(p):
    """Two layers, a mean over the batch: f = 1/N Σ tanh(x W + b) V tanh(x W + b)ᵀ / 2 + 1/N Σ (x W
    + b)².
    """
    return bend(p) + square(p)


def bend(p):
    h = np.tanh(x @ p["W"] + p["b"])
    return 0.5 * ((h @ p["V"]) * h).sum() / N


def square(p):
    return ((x @ p["W"] + p["b"]) ** 2).sum() / N


def gradient(p):
    a = x @ p["W"] + p["b"]
    h = np.tanh(a)
    da = 0.5 * (h @ p["V"] + h @ p["V"].T) * (1 - h ** 2) / N + 2 * a / N
    return {"V": 0.5 * h.T @ h / N, "W": x.T @ da, "b": da.sum(axis=0)}, da


PARAMS = {"V": V, "W": W, "b": b}
RIGHT, DA = gradient(PARAMS)
SQUARE = {name: numeric_gradient(lambda array: square({**PARAMS, name: array}), PARAMS[name],
                                 "complex") for name in "Wb"}


def finding(change, method="central", by="element", **options):
    """All that is said of the gradient after `change`, which gives the blocks that are to be other.
    """
    report = check_gradients(loss, PARAMS, {**RIGHT, **change}, method, by, show=False, **options)
    assert not report.ok
    return "\n".join(report.findings)


def zeroed(array, *index):
    array = array.copy()
    array[index] = 0
    return array


MISTAKES = {"sign":                  ({"W": -RIGHT["W"]}, "W: the sign is flipped"),
            "all signs":             ({name: -grad for name, grad in RIGHT.items()},
                                      "V, W, b: the sign is flipped"),
            "½ missing":             ({"V": 2 * RIGHT["V"]},
                                      "V: twice the numeric gradient: a ½ is missing"),
            "½ too many":            ({"V": RIGHT["V"] / 2},
                                      "V: half the numeric gradient: there is a ½ too many"),
            "1/N missing":           ({"W": N * RIGHT["W"]},
                                      "W: N = 3 times the numeric gradient: f is a mean over the "
                                      "batch"), "1/N too many":          ({"b": DA.mean(axis=0)},
                                                                          "b: 1/N (N = 3) of the "
                                                                          "numeric gradient: it is "
                                                                          "divided by the"),
            "D":                     ({"W": D * RIGHT["W"]},
                                      "W: D = 7 times the numeric gradient: f averages over D"),
            "1/D":                   ({"W": RIGHT["W"] / D},
                                      "W: 1/D (D = 7) of the numeric gradient: the gradient "
                                      "averages"),
            "N D, and the sign":     ({"W": -N * D * RIGHT["W"]},
                                      "W: N D = 21 times the numeric gradient, with its sign "
                                      "flipped"),
            "1/(N D)":               ({"W": RIGHT["W"] / (N * D)},
                                      "W: 1/(N D) (N D = 21) of the numeric gradient"),
            "some factor":           ({"W": 1.3 * RIGHT["W"]},
                                      "W: 1.3 times the numeric gradient: a factor is missing, or "
                                      "one too"), "nothing":               ({"W": 0 * RIGHT["W"]},
                                                                            "W: the gradient is "
                                                                            "zero: missing, never "
                                                                            "filled in"),
            "transposed":            ({"W": RIGHT["W"].T}, "W: expected a gradient of shape (7, "
                                      "5), got (5, 7): it is the transpose"),
            "other shape":           ({"W": np.ones((2, 2))},
                                      "W: expected a gradient of shape (7, 5), got (2, 2)"),
            "reshaped":              ({"W": RIGHT["W"].ravel()},
                                      "got (35,): the right numbers in another shape"),
            "keepdims":              ({"b": RIGHT["b"][None]},
                                      "got (1, 5): the right numbers in another shape"),
            "not summed":            ({"b": DA}, "b: expected a gradient of shape (5,), got (3, "
                                      "5): it was not summed over the batch"),
            "summed to one":         ({"b": DA.sum()}, "b: expected a gradient of shape (5,), got "
                                      "(): it is the sum over all"),
            "one for all":           ({"b": np.full(H, DA.sum())},
                                      "b: every element is the sum of all of them"),
            "a row":                 ({"W": zeroed(RIGHT["W"], 2)},
                                      "W: 5 of its 35 elements are wrong, those of row 2, the "
                                      "others"),
            "columns":               ({"W": zeroed(RIGHT["W"], slice(None), [0, 3])},
                                      "14 of its 35 elements are wrong, those of columns 0, 3"),
            "what a part is":        ({"W": zeroed(RIGHT["W"], 2)},
                                      "the others right; there, the gradient is zero"),
            "an element":            ({"W": zeroed(RIGHT["W"], 2, 1)},
                                      "W: one of its 35 elements is wrong, W[2, 1], the others "
                                      "right"),
            "two elements":          ({"W": zeroed(RIGHT["W"], [2, 4], [1, 0])},
                                      "2 of its 35 elements are wrong, the first of them W[2, 1]"),
            "anything":              ({"W": draw(9, (D, H))[0]},
                                      "no simple rule leads from one to the other"),
            "missing":               ({"W": None}, "W: no gradient was given for it"),
            "NaN":                   ({"b": np.array([1, np.nan, 1, 1, 1])},
                                      "b: expected a finite gradient, got NaN or infinity in 1 of"),
            "complex":               ({"b": 1j * RIGHT["b"]},
                                      "b: expected a gradient of real numbers, got dtype "
                                      "complex128"), "rows of many lengths":  ({"b": [[1], [1, 2]]},
                                                                               "b: expected an "
                                                                               "array for a "
                                                                               "gradient"),
            "unknown":               ({"dW": RIGHT["W"], "W": None},
                                      "dW: no parameter has this name; is it meant for W?"),
            "whole numbers":         ({"W": (9 * RIGHT["W"]).astype(int) // 9,
                                       "V": np.trunc(RIGHT["V"]).astype(int)},
                                      "V: its dtype is int64: the digits after the decimal point were cut "
                                      "off"),
            "half precision":        ({"W": RIGHT["W"].astype(np.float16)},
                                      "W: its dtype is float16, too coarse to tell an error")}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named(name):
    change, words = MISTAKES[name]
    assert words in finding(change, sizes=SIZES)


OF_PARTS = ("one for all", "a row", "columns", "what a part is", "an element", "two elements")
BY_DIRECTION = [name for name in MISTAKES if name not in OF_PARTS]


@pytest.mark.parametrize("method", ["central", "complex"])
@pytest.mark.parametrize("name", BY_DIRECTION)
def test_along_directions_a_sample_of_elements_tells_the_same(name, method):
    change, words = MISTAKES[name]
    assert words in finding(change, method, "direction", sizes=SIZES)


def test_a_square_matrix_that_is_transposed():
    A, = draw(1, (4, 4))
    report = check_gradients(lambda p: (A * p["V"]).sum(), {"V": draw(2, (4, 4))[0]}, {"V": A.T},
                             show=False)
    assert report.findings[0].startswith("V: it is the transpose of the right one")


def test_the_evidence_is_told():
    text = finding({"V": 2 * RIGHT["V"]})
    i = np.unravel_index(np.argmax(np.abs(RIGHT["V"])), (H, H))
    right = RIGHT["V"][i]
    assert f"(25 elements compared; V[{i[0]}, {i[1]}] is {2 * right:.6g}, by differences {right:.6g})" in text


def test_without_sizes_a_factor_has_no_name():
    assert "W: 3 times the numeric gradient: a factor is missing, or one too many" in finding({"W": 3 * RIGHT["W"]})


def test_a_factor_with_two_names_is_told_with_both():
    text = finding({"W": 2 * RIGHT["W"]}, sizes={"N": 2})
    assert "W: twice or N = 2 times the numeric gradient: a ½ is missing" in text
    assert "; or f is a mean over the batch and the gradient a sum: 1/N is missing" in text


def test_other_sizes_have_names_too():
    assert "W: H = 5 times the numeric gradient: f averages over H" in finding({"W": 5
                                                                                * RIGHT["W"]},
                                                                               sizes={"H": 5})


@pytest.mark.parametrize("weight, words", [(0, "the term square of the loss is missing"), (-1,
                                                                                           "the "
                                                                                           "term "
                                                                                           "square "
                                                                                           "of the "
                                                                                           "loss "
                                                                                           "has "
                                                                                           "the "
                                                                                           "wrong "
                                                                                           "sign"),
                                           (2, "the term square of the loss is counted twice, or a "
                                            "½ forgotten"), (3,
                                                             "the term square of the loss counts "
                                                             "for N = 3 times what it should"),
                                           (1 / 2, "the term square of the loss counts for half "
                                            "what it should"), (1.7,
                                                                "the term square of the loss "
                                                                "counts for 1.7 times what it "
                                                                "should")])
@pytest.mark.parametrize("by", ["element", "direction"])
def test_a_term_of_the_loss_that_is_weighted_wrongly_is_named(weight, words, by):
    change = {name: RIGHT[name] + (weight - 1) * SQUARE[name] for name in "Wb"}
    text = finding(change, "complex", by, terms={"bend": bend, "square": square}, sizes=SIZES)
    assert f"W, b: {words}" in text


def test_a_mistake_explains_small_errors_only_if_it_explains_them_well():
    # 1.00003 times the right gradient is one factor; the right one with noise of that size is none.
    assert "W: 1.00003 times" in finding({"W": 1.00003 * RIGHT["W"]})
    noisy = RIGHT["W"] + 3e-5 * np.abs(RIGHT["W"]).max() * draw(3, (D, H))[0]
    assert "W[" in finding({"W": noisy}) and "times" not in finding({"W": noisy})


@pytest.mark.parametrize("error", [3e-7, 2e-9])
def test_what_is_right_to_many_digits_is_said_to_be(error):
    text = finding({"W": RIGHT["W"] * (1 + error * draw(0, (D, H))[0])}, "complex")
    digits = {3e-7: 6, 2e-9: 8}[error]
    assert f"W: right to {digits} digits, and wrong after that" in text and "single precision" in text


def test_gradients_that_are_exchanged_or_made_from_the_wrong_array():
    A, B, p = *draw(0, (4, 3), (4, 3)), {"P": np.ones((4, 3)), "Q": np.ones((4, 3))}
    f = lambda p: (A * p["P"]).sum() + (B * p["Q"]).sum()
    findings = check_gradients(f, p, {"P": B, "Q": A}, show=False).findings
    assert [text.split("?")[0] for text in findings] == ["P: it is the gradient of Q: are two of "
                                                         "them exchanged",
                                                         "Q: it is the gradient of P: are two of "
                                                         "them exchanged"]
    findings = check_gradients(f, p, {"P": B.copy(), "Q": B}, show=False).findings
    assert findings[0].startswith("P: it is the gradient of Q, where it is right")
    findings = check_gradients(f, p, {"P": B, "Q": B}, show=False).findings
    assert findings[0].startswith("P: its gradient shares memory with that of Q: one was written "
                                  "over the other")


def test_a_block_that_the_function_does_not_know():
    report = check_gradients(lambda p: (p["W"] ** 2).sum(), {"W": W, "b": b}, {"W": 2 * W, "b": b},
                             show=False)
    assert report.findings[0].startswith("b: the gradient is not zero, but f does not depend on it")


@pytest.mark.parametrize("wrong, words", [
    ("V", "the error enters at V and goes no further, for all else is right"),
    ("VWb", "the error enters at V, the first block in backward order, and all are wrong: begin with the"),
    ("Wb", "the error enters at W: what comes before it in backward order is right (V)"),
    ("W", "the error enters at W and goes no further"),
    ("b", "the error enters at b: what comes before it in backward order is right (V, W)")])
def test_where_the_error_enters(wrong, words):
    change = {name: draw(1, RIGHT[name].shape)[0] for name in wrong}
    text = finding(change, order=["V", "W", "b"])
    assert text.startswith(words)
    assert ("no simple rule; later in backward order than" in text) == (len(wrong) > 1)


# ---------------------------------------------------------------------- the functions and the
# arrays themselves

def test_noise_that_is_drawn_again_at_every_call():
    rng = np.random.default_rng(0)
    report = check_gradients(lambda p: loss(p) + 1e-3 * rng.standard_normal(), PARAMS, RIGHT,
                             show=False)
    assert not report.ok and report.max_error == np.inf and [row.ok
                                                             for row in report.rows] == 3 * ["NO"]
    assert report.findings[0].startswith("f is not deterministic: two calls at the same point gave")
    assert len(report.findings) == 1, "nothing else can be said"


def test_a_backward_that_draws_its_own_noise():
    rng = np.random.default_rng(0)
    grads = lambda p: {**gradient(p)[0], "b": rng.standard_normal(H)}
    report = check_gradients(loss, PARAMS, grads, show=False)
    assert not report.ok
    assert report.findings[0].startswith("grads is not deterministic") and " for b;" in report.findings[0]


def test_a_backward_that_changes_what_it_was_given():
    def grads(p):
        right = gradient(p)[0]
        p["W"] -= 1
        return right
    report = check_gradients(loss, PARAMS, grads, show=False)
    assert not report.ok and [row.ok for row in report.rows] == 3 * ["yes"]
    assert report.findings == ["grads changes its arguments: a call leaves other numbers in W, as "
                               "+= or out= do; have it work on copies"]
    assert np.array_equal(PARAMS["W"], W)


def test_a_gradient_may_be_given_as_a_function():
    report = check_gradients(loss, PARAMS, lambda p: gradient(p)[0], show=False)
    assert report.ok and not report.findings
    with pytest.raises(InvalidTypeError, match="a function that returns one, got float"):
        check_gradients(loss, PARAMS, loss, show=False)


def test_parameters_that_share_memory():
    both = np.zeros(8)
    params = {"p": both[:5], "q": both[3:], "r": np.ones(2)}
    f = lambda p: (p["p"] ** 2).sum() + p["q"].sum() + p["r"].sum()
    grads = {"p": np.zeros(5), "q": np.ones(5), "r": np.ones(2)}
    report = check_gradients(f, params, grads, show=False)
    assert not report.ok and len(report.findings) == 1 and report.findings[0].startswith("p and q "
                                                                                         "share "
                                                                                         "memory")
    # interlaced, but none of it common
    apart = {"p": both[0::2], "q": both[1::2], "r": np.ones(2)}
    grads = {"p": np.zeros(4), "q": np.ones(4), "r": np.ones(2)}
    assert check_gradients(f, apart, grads, show=False).ok


@pytest.mark.parametrize("f",
                         [lambda p: np.float32(loss(p)), lambda p: float(np.float32(loss(p))),
                          lambda p: np.float32(bend({name: q.astype(np.float32) for name,
                                                     q in p.items()}))])
def test_a_function_that_computes_in_single_precision(f):
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "x", x.astype(np.float32))
        report = check_gradients(f, PARAMS, RIGHT, show=False)
    assert not report.ok and report.max_error == np.inf
    assert report.findings == ["f computes in single precision, too coarse to tell slopes from "
                               "rounding: have it use float64"]


def test_a_function_that_is_not_finite_at_the_point():
    with np.errstate(divide="ignore"):
        report = check_gradients(lambda p: np.log(0 * p["b"].sum()), {"b": b}, {"b": b}, show=False)
    assert not report.ok and report.findings[0].startswith("f is -inf where it is to be "
                                                           "differentiated")


def test_a_function_of_round_numbers_is_not_taken_for_single_precision():
    params, grads = {"x": np.array([1.5, 2.0])}, {"x": np.full(2, 2.0)}
    assert check_gradients(lambda p: 2 * p["x"].sum(), params, grads, show=False).ok


@pytest.mark.parametrize("options, error, message", [
    ({"terms": {"bend": bend}}, InvalidValueError, "terms: expected functions whose sum is f, got"),
    ({"terms": [bend]}, InvalidTypeError, "terms: expected a dictionary of functions"),
    ({"terms": {"bend": 1.0}}, InvalidTypeError, "terms: expected a dictionary of functions"),
    ({"order": ["V", "W"]}, InvalidValueError, "order: expected each of V, W, b once"),
    ({"order": ["V", "W", "b", "b"]}, InvalidValueError, "order: expected each of V, W, b once"),
    ({"sizes": [3]}, InvalidTypeError, "sizes: expected a dictionary"),
    ({"sizes": {"N": 0}}, InvalidValueError, r"sizes\['N'\]: expected"),
    ({"sizes": {"N": "3"}}, InvalidTypeError, r"sizes\['N'\]: expected a number")])
def test_options_that_do_not_fit_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        check_gradients(loss, PARAMS, RIGHT, show=False, **options)


def test_findings_stand_below_the_table_too(capsys):
    report = check_gradients(loss, PARAMS, {**RIGHT, "W": -RIGHT["W"]}, order=["V", "W", "b"])
    printed = capsys.readouterr().out
    assert printed.rstrip("\n") == str(report) and all(sentence in printed
                                                       for sentence in report.findings)


# ---------------------------------------------------------------------- right ones in odd places

A, B = draw(7, (6, 4), (4, 3))
WHOLE = np.arange(12.0).reshape(4, 3)
ODD = {"a perfect fit":             (lambda p: ((A @ p["W"] - A @ B) ** 2).sum(), {"W": B},
                                     {"W": np.zeros((4, 3))}),
       "whole numbers":             (lambda p: (p["W"] ** 2).sum(), {"W": WHOLE}, {"W": 2 * WHOLE}),
       "an integer dtype":          (lambda p: (p["W"] ** 2).sum(), {"W": np.arange(4)},
                                     {"W": 2 * np.arange(4)}),
       "whole numbers, at 0":       (lambda p: ((p["W"] - 64 * WHOLE) ** 2).sum(), {"W": 0 * WHOLE},
                                     {"W": -128 * WHOLE}),
       "a constant":                (lambda p: 3.7 + 0 * p["W"].sum(), {"W": WHOLE},
                                     {"W": 0 * WHOLE}),
       "beside a large slope":      (lambda p: 1e10 * p["a"].sum() + (p["b"] ** 2).sum(),
                                     {"a": np.zeros(2), "b": np.ones(2)}, {"a": np.full(2, 1e10),
                                                                           "b": np.full(2, 2.0)}),
       "an empty block":            (lambda p: p["a"].sum() + p["b"].sum(), {"a": np.ones((0, 3)),
                                                                             "b": np.ones(2)},
                                     {"a": np.ones((0, 3)), "b": np.ones(2)}),
       "names that are no strings": (lambda p: (p[0] ** 2).sum() + p["b"].sum(),
                                     {0: B, "b": np.ones(2)}, {0: 2 * B, "b": np.ones(2)}),
       "booleans":                  (lambda p: p["a"].sum(), {"a": np.ones(3)},
                                     lambda p: {"a": p["a"] > 0})}


@pytest.mark.parametrize("method", ["central", "complex"])
@pytest.mark.parametrize("by", ["element", "direction"])
@pytest.mark.parametrize("name", ODD)
def test_right_gradients_in_odd_places_are_right(name, by, method):
    f, params, grads = ODD[name]
    report = check_gradients(f, params, grads, method, by, show=False)
    assert report.ok and not report.faults and not report.causes, str(report)


def test_a_point_of_inflection_at_0_is_right_by_a_smaller_step():
    report = check_gradients(lambda p: (p["x"] ** 3).sum(), {"x": np.zeros(2)}, {"x": np.zeros(2)},
                             show=False)
    assert report.ok
    report = check_gradients(lambda p: (p["x"] ** 3).sum(), {"x": np.zeros(2)},
                             {"x": np.full(2, 1e-9)}, show=False)
    assert not report.ok


@pytest.mark.parametrize("method", ["central", "complex"])
def test_a_wrong_gradient_beside_a_large_slope_is_found(method):
    f, params, grads = ODD["beside a large slope"]
    report = check_gradients(f, params, {**grads, "b": np.zeros(2)}, method, show=False)
    assert not report.ok and report.findings[0].startswith("b: the gradient is zero")


def test_names_that_are_no_strings_are_diagnosed_too():
    f, params, grads = ODD["names that are no strings"]
    report = check_gradients(f, params, {**grads, 0: -2 * B}, order=["b", 0], show=False)
    assert report.findings[0].startswith("the error enters at 0: what comes before it in backward "
                                         "order is right (b)")
    assert report.findings[1].startswith("0: the sign is flipped (12 elements compared; 0[")


def test_what_rounding_hides_is_said_to_be_untested():
    f = lambda p: 1e8 * (p["a"] ** 2).sum() + 1e-6 * (p["b"] ** 2).sum()
    params = {"a": np.full(2, 1.1), "b": np.full(2, 1.1)}
    report = check_gradients(f, params, {"a": 2e8 * params["a"], "b": -2e-6 * params["b"]},
                             show=False)
    assert report.ok and report.rows[1].ok == "tiny"
    assert report.findings[0].startswith("b: too small to be tested, since f's rounding hides "
                                         "slopes below ")


def test_a_function_that_only_seems_to_keep_complex_numbers():
    f = lambda p: np.var(np.tanh(p["a"])) * 10 + (p["a"] ** 3).sum()
    right = numeric_gradient(lambda a: f({"a": a}), draw(3, 6)[0])
    assert check_gradients(f, {"a": draw(3, 6)[0]}, {"a": right}, show=False).ok
    report = check_gradients(f, {"a": draw(3, 6)[0]}, {"a": right}, "complex", show=False)
    assert not report.ok and "a: f does not keep complex numbers: at a[" in report.findings[0]


@pytest.mark.parametrize("f, message", [
    (lambda p: None, "f: expected a function that returns one number, got shape"),
    (lambda p: "a", "f: expected a function that returns one number"),
    (lambda p: p["W"], r"f: expected a function that returns one number, got shape \(4, 3\)"),
    (lambda p: p["W"].sum() * (1 + 1j), "f: expected a function that returns a real number, got a complex one")])
def test_a_function_that_returns_something_else_is_refused(f, message):
    with pytest.raises(InvalidTypeError, match=message):
        check_gradients(f, {"W": B.repeat(1, axis=0)}, {"W": B}, show=False)


@pytest.mark.parametrize("grads, words", [
    (lambda p: (B, 2), "returns one, got tuple"), (lambda p: None, "returns one, got NoneType")])
def test_a_function_for_a_gradient_that_returns_no_dictionary_is_refused(grads, words):
    with pytest.raises(InvalidTypeError, match=words):
        check_gradients(lambda p: (p["W"] ** 2).sum(), {"W": B}, grads, show=False)


def test_terms_of_opposite_sign_and_terms_of_any_size():
    f = lambda p: 1e5 * (p["W"] ** 2).sum() + 1e5 * np.exp(p["W"]).sum()
    terms = {"square": lambda p: 1e5 * (p["W"] ** 2).sum(), "exp": lambda p: 1e5
             * np.exp(p["W"]).sum()}
    report = check_gradients(f, {"W": B}, {"W": 2e5 * B}, terms=terms, show=False)
    assert report.findings[0].startswith("W: the term exp of the loss is missing")
    large = {"plus": lambda p: 1e8 + p["W"].sum() * 1e-3, "minus": lambda p: -1e8}
    report = check_gradients(lambda p: large["plus"](p) + large["minus"](p), {"W": B},
                             {"W": np.full((4, 3), 1e-3)}, "complex", terms=large, show=False)
    assert report.ok
    with pytest.raises(InvalidTypeError,
                       match=r"terms\['exp'\]: expected a function that returns one number"):
        check_gradients(f, {"W": B}, {"W": B}, terms={**terms, "exp": lambda p: p["W"]}, show=False)


def test_one_element_that_is_not_zero_is_no_evidence_for_a_factor():
    f = lambda p: p["w"].max() ** 2
    w = np.array([0.3, 0.9, 0.1])
    report = check_gradients(f, {"w": w}, {"w": np.array([0, 3.013, 0])}, show=False)
    assert "times the numeric gradient" not in report.findings[0]
    report = check_gradients(f, {"w": w}, {"w": np.array([0, 0.9, 0])}, show=False)
    assert report.findings[0].startswith("w: half the numeric gradient")


def test_numbers_that_are_no_counts_have_their_own_words():
    text = finding({"W": RIGHT["W"] / 0.7}, sizes={"beta": 0.7})
    assert "W: 1/beta (beta = 0.7) of the numeric gradient: it is divided by beta once too often, or not" in text


@pytest.mark.parametrize("dtype, factor, words",
                         [(np.float16, -1, "W: the sign is flipped"), (np.float32, 1.01,
                                                                       "W: 1.01 times the numeric "
                                                                       "gradient"),
                          (np.float32, 1.002, "W: its dtype is float32, too coarse to tell an "
                           "error of 2e-03 from rounding")])
def test_low_precision_is_blamed_for_small_errors_alone(dtype, factor, words):
    assert words in finding({"W": (factor * RIGHT["W"]).astype(dtype)})


@pytest.mark.parametrize("options, error, message", [
    ({"order": 5}, InvalidTypeError, "order: expected the names"),
    ({"order": iter("VW")}, InvalidValueError, "order: expected each"),
    ({"sizes": {"N": 1e308}}, InvalidValueError, r"sizes\['N'\]")])
def test_options_of_odd_kinds_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        check_gradients(loss, PARAMS, RIGHT, show=False, **options)


# ---------------------------------------------------------------------- no false alarm

def right_case(rng, kind):
    """A function, its parameters, its right gradient, and the options that belong to it."""
    n, d, z, h = *map(int, rng.integers(1, 5, 3)), int(rng.integers(2, 5))
    if kind == 0:
        vae = VAE(d, h, z, str(rng.choice(["bernoulli", "gaussian"])), float(rng.uniform(0.3, 2)),
                  rng)
        data = rng.random((n, d)), rng.standard_normal((n, z)), float(rng.choice([0, 1, 4]))
        part = lambda i: lambda p: vae.loss(*data, params=p)[i]
        return (lambda p: vae.loss(*data, params=p)[0], vae.params,
                lambda p: _grads_at(vae, data, p),
                {"terms": {"recon": part(1), "kl": lambda p: data[2] * part(2)(p)},
                 "order": list(vae.params)})
    X, A, c = rng.standard_normal((n, d)), rng.standard_normal((d, h)), rng.standard_normal(h)
    scale = float(10.0 ** rng.uniform(-6, 6))
    if kind == 1:                                                # least squares, of any size
        f = lambda p: scale * ((X @ p["A"] + p["c"]) ** 2).sum()
        grads = lambda p: {"A": 2 * scale * X.T @ (X @ p["A"] + p["c"]),
                           "c": 2 * scale * (X @ p["A"] + p["c"]).sum(axis=0)}
    # softmax regression; c may not matter at all
    else:
        def f(p):
            a = X @ p["A"] + (0 * p["c"] if kind == 2 else p["c"])
            return (np.log(np.exp(a).sum(axis=1)) - a[:, 0]).sum() / n

        def grads(p):
            a = X @ p["A"] + (0 * p["c"] if kind == 2 else p["c"])
            da = (np.exp(a) / np.exp(a).sum(axis=1, keepdims=True) - (np.arange(h) == 0)) / n
            return {"A": X.T @ da, "c": 0 * p["c"] if kind == 2 else da.sum(axis=0)}
    return f, {"A": A, "c": c}, grads, {"order": ["c", "A"]}


def _grads_at(vae, data, params):
    there = VAE(vae.input_dim, vae.hidden_dim, vae.latent_dim, vae.likelihood, vae.x_std)
    there.params.update(params)
    return there.loss_and_grads(*data)[1]


@pytest.mark.parametrize("method", ["central", "complex"])
@pytest.mark.parametrize("by", ["element", "direction"])
def test_of_right_gradients_it_says_nothing(by, method):
    # 4 times 500. A kink or rounding may be remarked upon, which is no alarm. Of 20,000 others none
    # was an alarm; one had a remark.
    cases, remarks = 500, 0
    for seed in range(cases):
        rng = np.random.default_rng([seed, by == "element", method == "complex"])
        f, params, grads, options = right_case(rng, 0 if seed % 25 == 0 else 1 + seed % 3)
        report = check_gradients(f, params, grads if seed % 2 else grads(params), method, by,
                                 rng=rng, show=False, sizes={"N": 3, "D": 4}, **options)
        assert report.ok and not report.faults and not report.causes, f"seed {seed}:\n{report}"
        remarks += bool(report.findings)
    assert remarks < 5
