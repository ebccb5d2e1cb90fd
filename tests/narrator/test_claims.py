"""Claims: which of them hold, and the evidence for each."""
import warnings

import numpy as np
import pytest

from numpyvae.narrator.claims import less, same


def holds(*sides, function=same, **tolerance):
    """Judge a claim that holds  ->  its evidence."""
    verdict, evidence = judged(function, sides, tolerance)
    assert verdict is True
    return evidence


def fails(*sides, function=same, **tolerance):
    """Judge a claim that does not hold  ->  its evidence."""
    verdict, evidence = judged(function, sides, tolerance)
    assert verdict is False
    return evidence


def judged(function, sides, tolerance):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return function(*sides, **tolerance)


# ---------------------------------------------------------------------- the same

def test_equal_to_the_bit():
    assert holds(0.1, 0.1) == "0.1, to the bit"
    x = np.random.default_rng(0).standard_normal((3, 4))
    assert holds(x, x.copy()) == "12 numbers, to the bit"
    for a, b in ((x, x.tolist()), (0.0, -0.0), (np.zeros(3), 0), (0, np.zeros(3))):
        holds(a, b)
    assert "relative error" in fails(0.3, 0.1 + 0.2)
    assert "none allowed" in fails(x, np.nextafter(x, 9))


def test_booleans():
    assert holds(True, np.True_) == "yes"
    assert holds([True, False], np.array([True, False])) == "2 of 2 agree"
    assert fails(True, False) == "yes and no"
    assert fails([True, False], np.array([True, True])) == "1 of 2 agree"


def test_large_whole_numbers_are_compared_as_such():
    holds(2 ** 53 + 1, 2 ** 53 + 1)
    holds(2 ** 200, 2 ** 200)
    fails(2 ** 200, 2 ** 200 + 1)
    fails(2 ** 53 + 1, 2 ** 53)                                      # which are one as floats
    fails(np.array([1, 2 ** 60 + 1]), np.array([1, 2 ** 60]))


def test_within_a_relative_tolerance_by_norm():
    x = np.array([3.0, 4.0])                                         # of norm 5
    assert holds(x, x + [0, 0.004], rtol=1e-3) == (
        "2 numbers, at most 0.004 apart; relative error 0.0008, allowed 0.001")
    assert "relative error 0.0024, allowed 0.001" in fails(x, x - [0.012, 0], rtol=1e-3)
    for a, b in ((100, 101), (101, 100)):                            # of the larger of the two
        holds(a, b, rtol=0.01)
        fails(a, b, rtol=0.0099)
    holds([99.1, 100.9], 100, rtol=0.01)
    fails(100, [98, 102], rtol=0.01)
    fails(0.0, 1e-100, rtol=0.5)
    fails(-1, 1, rtol=1)


def test_within_an_absolute_tolerance():
    assert holds(1.0, 1.009, atol=0.01) == "1 and 1.009; 0.009 apart, allowed 0.01"
    fails(1.0, 1.011, atol=0.01)
    assert fails(np.zeros(2), [0.8, 0.8], atol=1) == (
        "2 numbers, at most 0.8 apart; by norm 1.1 apart, allowed 1")
    assert "allowed 0.001, or 0.01 apart" in holds(10, 10.02, rtol=1e-3, atol=0.01)
    fails(10, 10.021, rtol=1e-3, atol=0.01)


def test_shapes_that_differ():
    assert fails(np.zeros((2, 3)), np.zeros((3, 2)), atol=9) == "shapes (2, 3) and (3, 2)"
    for a, b in ((np.zeros((1, 3)), np.zeros(3)), ([], [0.0]), ([1, 2], [1])):
        fails(a, b)


@pytest.mark.parametrize("tolerance", [{}, {"rtol": 1e-9}, {"rtol": 0.5, "atol": 9.0}])
def test_nan_never_passes(tolerance):
    for a, b in ((np.nan, np.nan), (1.0, np.nan), (np.nan, 1.0), ([1, np.nan], [1, np.nan]),
                 ([1, np.nan], 1.0), (1.0, [np.nan, 1.0]), (complex(1, np.nan), 1 + 0j)):
        fails(a, b, **tolerance)


@pytest.mark.parametrize("tolerance", [{}, {"rtol": 1e-9}, {"atol": 1.0}])
def test_infinity_is_near_to_nothing_but_itself(tolerance):
    for a, b in ((np.inf, 1.0), (1.0, np.inf), (-np.inf, np.inf), ([1, np.inf], [1, 2.0]),
                 ([np.inf, 2], np.inf), ([np.inf, 2], [np.inf, 9])):
        fails(a, b, **tolerance)
    for a, b in ((np.inf, np.inf), (-np.inf, -np.inf), ([1, np.inf], [1, np.inf]),
                 (np.inf, [np.inf, np.inf])):
        holds(a, b, **tolerance)


@pytest.mark.parametrize("scale", [1e200, 1e-200, 1e-310])
def test_numbers_whose_squares_over_or_underflow_are_compared_all_the_same(scale):
    fails(scale, 2 * scale)
    fails(scale, 2 * scale, rtol=1e-9)
    fails(0.0, scale, rtol=0.5)
    fails([scale, scale], [scale, 2 * scale], rtol=1e-9)
    holds(scale, scale)
    holds([scale, 0], [scale, 0], rtol=1e-9)
    holds(scale, 1.0001 * scale, rtol=1e-3)


def test_complex_numbers():
    assert holds(1 + 2j, 1 - 2j + 4j) == "1 + 2i, to the bit"
    holds(3 + 0j, 3)
    holds(np.array([1j, 1]), np.array([1j, 1.0]))
    holds(3 + 4j, 3 + 4.004j, rtol=1e-3)
    fails(1 + 2j, 1 - 2j)
    fails(1 + 2j, 1, rtol=0.1)


def test_anything_that_can_be_compared():
    assert holds("VAE", "VAE") == "VAE"
    assert fails(["W1", "b1"], ["W1", "b2"]) == "['W1', 'b1'] and ['W1', 'b2']"
    for a, b in ((["W1", "b1"], ["W1", "b1"]), ([[1], [2, 3]], [[1], [2, 3]]), ({"a": 1}, {"a": 1}),
                 (None, None), ([], []), (np.array(["a", "b"]), np.array(["a", "b"]))):
        holds(a, b)
    for a, b in (([[1], [2, 3]], [[1]]), (None, 0), (np.array(["a", "b"]), np.array(["a", "c"])),
                 (np.array([1, 2]), "ab")):
        fails(a, b)


def test_what_is_long_is_shortened():
    assert holds("a" * 70, "a" * 70) == "a" * 70
    assert fails("a" * 71, "b") == "a" * 67 + "... and b"


# ---------------------------------------------------------------------- less

def test_less_tells_the_closest_pair():
    for smaller, larger, evidence in (
            (1, 2.5, "1 < 2.5"),
            ([1, 5, 2], [4, 5.5, 9], "closest of 3 pairs: 5 < 5.5"),
            ([[1, 5], [3, -2]], 6, "closest of 4 pairs: 5 < 6"),
            (0, np.array([3, 2]), "closest of 2 pairs: 0 < 2"),
            (np.array([[1], [2]]), np.array([5, 3]), "closest of 4 pairs: 2 < 3"),
            (np.array([1], np.uint8), np.array([200], np.uint8), "1 < 200")):
        assert holds(smaller, larger, function=less) == evidence
    assert "-inf < " in holds(-np.inf, [1, np.inf], function=less)


def test_less_means_less():
    assert fails(2, 1, function=less) == "2 < 1"
    assert fails([0, 9, 1], [5, 8, 5], function=less) == "closest of 3 pairs: 9 < 8"
    for smaller, larger in ((1, 1), ([1, 2], [2, 2]), (np.nan, 1), (1, np.nan), ([0, np.nan], 1),
                            (0, [1, np.nan]), (np.inf, np.inf), (-np.inf, -np.inf),
                            (np.nan, np.nan), (np.uint8(3), np.uint8(2))):
        fails(smaller, larger, function=less)
    assert "nan" in fails([0, np.nan], 1, function=less)


def test_the_closest_pair_shows_that_it_differs():
    left, right = holds(0.1, 0.1 + 1e-12, function=less).split(" < ")
    assert left != right


def test_of_nothing_nothing_is_claimed():
    for function, sides in ((same, ([], 1)), (same, (1, np.zeros((0, 2)))), (less, ([], [])),
                            (less, (0, []))):
        assert fails(*sides, function=function) == "there is nothing to compare"
