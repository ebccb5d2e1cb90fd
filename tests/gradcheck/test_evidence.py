"""The evidence on a wrong block: which elements are looked at, and what is no evidence."""
import numpy as np
import pytest

from helpers import draw, rectified
from numpyvae import check_gradients, numeric_gradient
from numpyvae.gradcheck.case import SAMPLE


def test_of_a_large_block_that_is_wrong_along_a_direction_a_sample_tells_why():
    sparse = np.zeros(1000)
    sparse[[123, 456, 789]] = 1.0, -2.0, 3.0                     # chance would hardly find them

    def told(slopes, grad):
        report = check_gradients(lambda p: (slopes * p["x"]).sum(), {"x": np.ones(slopes.size)},
                                 {"x": grad}, by="direction", show=False)
        return report.findings[0]
    flipped = f"x: the sign is flipped ({SAMPLE} elements compared; "
    assert told(sparse, -sparse).startswith(flipped + "x[789] is -3, ")
    unsummed = np.outer([0.5, 0.5], sparse)
    assert "got (2, 1000): it was not summed over the batch" in told(sparse, unsummed)
    few = np.arange(1.0, SAMPLE + 1)                             # no more than a sample holds
    assert told(few, -few).startswith(flipped)


def test_the_evidence_is_told():
    A, V   = draw(0, (5, 5), (5, 5))
    report = check_gradients(lambda p: (A * p["V"]).sum(), {"V": V}, {"V": 2 * A}, show=False)
    row, column = np.unravel_index(np.argmax(np.abs(A)), A.shape)
    right  = A[row, column]
    assert report.findings[0].endswith(f" (25 elements compared; V[{row}, {column}] is "
                                       f"{2 * right:.6g}, by differences {right:.6g})")


@pytest.mark.parametrize("scale", [1e-4, 1, 1e4])
def test_elements_on_a_kink_do_not_hide_what_is_wrong_with_the_others(scale):
    slopes = scale * np.array([100.0, 20.0, 30.0, -40.0])

    def bend(p):
        return (slopes * np.maximum(p["x"], 0)).sum()

    def f(p):
        return scale * (1 + 10 * (p["x"] ** 2).sum()) + bend(p)

    params = {"x": np.array([1.0, 0.0, 2.0, 3.0])}
    right  = slopes * (params["x"] > 0) + scale * 20 * params["x"]
    report = check_gradients(f, params, {"x": -right}, show=False)
    assert report.findings[0].startswith("x: the sign is flipped (3 elements compared")


def test_the_complex_step_has_no_kinks_in_its_way():
    # NumPy takes the side of 0 on which an imaginary part lies: max(ih, 0) is ih.
    report = check_gradients(rectified, {"x": np.array([1.0, 0.0, 2.0])}, {"x": np.full(3, -1.0)},
                             "complex", show=False)
    assert report.findings[0].startswith("x: the sign is flipped (3 elements compared")


def test_where_all_elements_lie_on_kinks_nothing_is_told_from_them():
    def f(p):
        return 1 + np.maximum(p["x"], 0).sum()

    report = check_gradients(f, {"x": np.zeros(3)}, {"x": np.full(3, 7.0)}, show=False)
    assert report.findings[0].startswith("x: all elements that were looked at lie on a kink of f")


def test_the_terms_of_the_loss_are_differenced_with_the_step_that_was_chosen():
    seen = []

    def square(p):
        return (p["x"] ** 2).sum()

    def line(p):
        return seen.append(p["x"][0]) or p["x"].sum()

    check_gradients(lambda p: square(p) + line(p), {"x": np.zeros(1)}, {"x": np.array([3.0])},
                    step=0.25, show=False, terms={"square": square, "line": line})
    assert seen.count(0.25) >= 2 and -6e-6 not in seen   # once in their sum, and once more alone


def test_nan_is_blamed_on_the_element_that_has_it():
    def f(p):
        return np.sqrt(p["x"]).sum()

    with np.errstate(invalid="ignore"):
        report = check_gradients(f, {"x": np.array([1, 0.0, 4])}, {"x": np.array([0.5, 7, 0.25])},
                                 show=False)
    assert not report.ok and report.findings[0].startswith("x: f is NaN or infinite beside x[1]")
    assert np.isnan(report.rows[0].numeric) and report.rows[0].analytic == 7
    assert report.rows[0].error == np.inf


def test_a_function_that_only_seems_to_keep_complex_numbers():
    def f(p):
        return np.var(np.tanh(p["a"])) * 10 + (p["a"] ** 3).sum()

    a,    = draw(3, 6)
    right = numeric_gradient(lambda a: f({"a": a}), a)
    assert check_gradients(f, {"a": a}, {"a": right}, show=False).ok
    report = check_gradients(f, {"a": a}, {"a": right}, "complex", show=False)
    assert not report.ok and "a: f does not keep complex numbers: at a[" in report.findings[0]


@pytest.mark.parametrize("by", ["element", "direction"])
def test_a_wrong_gradient_is_not_put_down_to_a_complex_step_that_is_right(by):
    a, wrong = draw(3, 6, 6)
    report = check_gradients(lambda p: (p["a"] ** 3).sum(), {"a": a}, {"a": wrong}, "complex", by,
                             show=False)
    assert not report.ok and "no simple rule" in report.findings[0]
