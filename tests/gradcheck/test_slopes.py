"""Slopes along lines: steps, and the loss as a function of one array."""
import numpy as np
import pytest

from helpers import draw, norm_error, smooth_case
from numpyvae import check_gradients, numeric_gradient
from numpyvae.errors import InvalidTypeError
from numpyvae.gradcheck.slopes import along, norm, of_block, of_elements, place, steps


# ---------------------------------------------------------------------- steps

def test_central_steps_grow_with_the_element_so_that_large_ones_are_not_rounding():
    x = np.array([1e6, -2e8, 1.0])
    found = numeric_gradient(lambda x: (x ** 2).sum() / 1e8, x)
    assert norm_error(found, 2 * x / 1e8) < 5e-8                 # measured: 5e-9


def test_the_step_can_be_chosen_and_is_used():
    seen = []

    def first(x):
        return seen.append(x[0]) or x[0]

    numeric_gradient(first, np.full(1, 1000.0), step=0.25)
    assert seen == [1000.25, 999.75]
    numeric_gradient(first, np.zeros(1), "complex", step=1e-9)
    assert seen[2:] == [1e-9j]
    numeric_gradient(first, np.full(1, 1000.0), "complex")
    assert seen[3:] == [1000 + 1e-30j]                           # of whatever size the element is


def test_a_step_for_each_element():
    array = np.array([[0.5, -4.0, 0.0]])
    assert np.array_equal(steps(array, "central"), [[6e-6, 24e-6, 6e-6]])
    assert np.array_equal(steps(array, "complex"), np.full((1, 3), 1e-30))
    for method in ("central", "complex"):
        assert np.array_equal(steps(array, method, 0.1), np.full((1, 3), 0.1))


# ---------------------------------------------------------------------- f of one array

def test_a_function_that_changes_its_arguments_moves_neither_the_point_nor_the_caller_s_arrays():
    def careless(p):
        p["W"] *= 2                                              # so that it is Σ (2 W)² · Σ b
        return (p["W"] ** 2).sum() * p["b"].sum()
    params, _ = smooth_case()
    kept  = {name: param.copy() for name, param in params.items()}
    grads = {"W": 8 * kept["W"] * kept["b"].sum(), "b": np.full(5, 4 * (kept["W"] ** 2).sum())}
    report = check_gradients(careless, params, grads, show=False)
    assert [row.ok for row in report.rows] == ["yes", "yes"]
    assert not report.ok and report.findings[0].startswith("f changes its arguments")
    assert "W" in report.findings[0]
    assert all(np.array_equal(params[name], kept[name]) for name in kept)


def test_the_complex_step_makes_every_block_complex():
    def f(p):
        return np.add(p["b"], p["W"].sum(), out=np.empty_like(p["b"])).sum()

    params = {"W": np.ones((3, 4)), "b": np.ones(5)}
    assert check_gradients(f, params, {"W": np.full((3, 4), 5.0), "b": np.ones(5)}, "complex",
                           show=False).ok


def test_all_but_one_array_stays_where_it_is():
    W, b, U = draw(0, (3, 4), 5, (3, 4))
    params  = {"W": W, "b": b}

    def seen(p):
        return {name: array.copy() for name, array in p.items()}

    def same(found, **expected):
        equal = all(np.array_equal(found[name], expected[name]) for name in found)
        return list(found) == ["W", "b"] and equal
    assert same(of_block(seen, params, "b")(2 * b), W=W, b=2 * b)
    assert same(along(seen, params, {"W": U})(np.float64(0.5)), W=W + 0.5 * U, b=b)
    moved = W.copy()
    moved[0, 1] = moved[2, 3] = 7
    of_two = of_elements(seen, params, "W", np.array([1, 11]))
    assert same(of_two(np.array([7.0, 7.0])), W=moved, b=b)


@pytest.mark.parametrize("f, message", [
    (lambda p: None, "f: expected a function that returns one number, got shape"),
    (lambda p: "a",  "f: expected a function that returns one number"),
    (lambda p: p["W"], r"f: expected a function that returns one number, got shape \(4, 3\)"),
    (lambda p: p["W"].sum() * (1 + 1j),
     "f: expected a function that returns a real number, got a complex one")])
def test_a_function_that_returns_something_else_is_refused(f, message):
    with pytest.raises(InvalidTypeError, match=message):
        check_gradients(f, {"W": np.ones((4, 3))}, {"W": np.ones((4, 3))}, show=False)


def test_single_precision_inside_f_is_refused_in_words():
    with pytest.raises(InvalidTypeError, match="double precision, got float32"):
        numeric_gradient(lambda x: np.float32(x.sum()), np.ones(2))


# ---------------------------------------------------------------------- arrays

def test_the_norm_of_several_arrays_is_that_of_all_their_elements():
    a, b = draw(1, (3, 4), 5)
    together = np.linalg.norm(np.concatenate([a.ravel(), b]))
    assert norm(a, b) == pytest.approx(together, rel=1e-14)
    assert norm() == norm(np.zeros(3)) == norm(np.zeros((0, 2))) == 0
    for size in (1e-200, 1e200):
        assert norm(size * a, size * b) == pytest.approx(size * together, rel=1e-14)


def test_an_element_is_written_as_in_python():
    assert [place("W", (3, 4), 9), place(0, (2,), 1), place("c", (), 0)] == ["W[2, 1]", "0[1]", "c"]
