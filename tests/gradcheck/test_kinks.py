"""Kinks: right gradients on them and beside them pass, and they excuse nothing else."""
import numpy as np
import pytest

from helpers import rectified
from numpyvae import check_gradients
from numpyvae.gradcheck.case import SAMPLE

both_methods = pytest.mark.parametrize("method", ["central", "complex"])


@pytest.mark.parametrize("x", [0.0, 1e-6, -1e-6, 3e-6, -5e-6])
def test_a_kink_between_the_evaluations_is_reported_and_not_failed(x):
    params = {"x": np.array([1.0, x, -1.0])}
    report = check_gradients(rectified, params, {"x": np.array([1.0, float(x > 0), 0.0])},
                             show=False)
    assert report.ok and report.max_error < 1e-7
    assert [row.ok for row in report.rows] == ["kink"]
    assert report.findings and report.findings[0].startswith("x[1]: a kink")


@pytest.mark.parametrize("x, wrong", [(0.0, 7.0), (0.0, -0.5), (1e-6, 0.0), (1e-6, 1.01),
                                      (-3e-6, 1.0)])
def test_a_kink_is_no_excuse_for_a_gradient_that_is_wrong_on_both_sides_of_it(x, wrong):
    report = check_gradients(rectified, {"x": np.array([1.0, x])}, {"x": np.array([1.0, wrong])},
                             show=False)
    assert not report.ok


@pytest.mark.parametrize("n", [3, 4, 400])
def test_many_kinks_are_one_sentence_with_their_number_and_an_example(n):
    report = check_gradients(rectified, {"x": np.zeros(n)}, {"x": np.zeros(n)}, show=False)
    assert report.ok and report.rows[0].ok == "kink"
    assert len(report.findings) == (3 if n == 3 else 1)
    assert all(": a kink: the slope is 0 to the left" in sentence for sentence in report.findings)
    assert n == 3 or f"; {n - 1} more of its {n} elements lie on a kink" in report.findings[0]


@both_methods
def test_at_a_kink_any_slope_between_the_two_sides_passes(method):
    for slope in (0.0, 0.5, 1.0):
        assert check_gradients(rectified, {"x": np.zeros(2)}, {"x": np.full(2, slope)}, method,
                               show=False).ok


@both_methods
@pytest.mark.parametrize("at", [0.0, 1.0])
def test_a_kink_may_lie_anywhere_and_be_large(method, at):
    def f(p):
        return 10 * np.maximum(p["x"] - at, 0).sum()

    params = {"x": np.array([at, at + 1])}
    for slope, ok in [(0, True), (3, True), (10, True), (10.0002, False), (-2e-4, False)]:
        report = check_gradients(f, params, {"x": np.array([slope, 10.0])}, method, show=False)
        assert report.ok is ok
        assert slope != 3 or report.findings[0].startswith("x[0]: a kink: the slope is ")
    # The tolerance is relative to the gap.
    for slope in (10.00005, -5e-5):
        report = check_gradients(f, params, {"x": np.array([slope, 10.0])}, method, show=False)
        assert report.ok is (method == "central")


def test_only_what_disagrees_is_searched_for_kinks():
    # On the kink the central difference gives ½.
    x, slopes = np.array([1e-6, 0.0, 2.0]), np.array([1.0, 0.5, 1.0])
    report = check_gradients(rectified, {"x": x}, {"x": slopes}, show=False)
    assert report.ok and len(report.findings) == 1 and "x[0]: a kink or" in report.findings[0]
    report = check_gradients(rectified, {"x": np.array([0.0, 0.0, 2.0])}, {"x": slopes}, show=False)
    assert report.ok and len(report.findings) == 1
    assert report.findings[0].startswith("x[0]: a kink: the slope is 0 to")


def test_kinks_that_cancel_along_a_direction_are_found_by_element():
    signs = np.resize([1.0, -1.0], SAMPLE)

    def f(p):
        return (signs * np.maximum(p["x"], 0)).sum()

    for seed in range(10):
        report = check_gradients(f, {"x": np.zeros(SAMPLE)}, {"x": np.maximum(signs, 0)},
                                 by="direction", rng=seed, show=False)
        assert report.rows[0].ok == "kink"


def test_at_a_kink_too_what_rounding_explains_passes():
    def f(p):
        return 1e3 + np.maximum(p["x"], 0).sum()

    for slope in (0.0, 1.0):
        assert check_gradients(f, {"x": np.array([0.0, 1.0])}, {"x": np.array([slope, 1.0])},
                               show=False).ok


@pytest.mark.parametrize("constant", [0.0, 1e3])
def test_beside_a_kink_too_what_rounding_explains_passes_and_no_more(constant):
    def f(p):
        return constant + np.maximum(p["x"], 0).sum()

    for slope, ok in [(1.0, True), (1.01, False)]:
        report = check_gradients(f, {"x": np.array([2e-6, 1.0])}, {"x": np.array([slope, 1.0])},
                                 show=False)
        assert report.ok is ok


@pytest.mark.parametrize("x, step, taken", [
    (1e-6, None, "6e-06; the numeric slope was taken with 4e-07"),
    (2e-6, None, "6e-06; the numeric slope was taken with 2e-06"),
    (1e-3, 2e-3, "2e-03; the numeric slope was taken with 5e-04")])
def test_beside_a_kink_the_step_is_the_first_of_its_quarters_that_stays_on_one_side(x, step, taken):
    def f(p):
        return 100 * np.maximum(p["x"], 0).sum()

    report = check_gradients(f, {"x": np.array([x])}, {"x": np.array([100.0005])}, step=step,
                             show=False)
    assert report.ok and report.findings[0].endswith(f"bend lies within the step of {taken}")


@pytest.mark.parametrize("power", [1.09, 0.91])
def test_a_bend_that_goes_on_changing_with_the_step_is_no_kink(power):
    # From the first step to the last, 4096 times as small, the gap between the slopes halves or
    # doubles, and a bit.
    def f(p):
        return (np.maximum(p["x"], -p["x"]) ** power).sum()

    report = check_gradients(f, {"x": np.array([0.0])}, {"x": np.array([0.1])}, show=False)
    assert not report.ok


def test_a_smooth_bend_is_not_taken_for_a_kink():
    # Its slopes to the left and to the right differ by 0.1.
    def bend(p):
        return (1e4 * p["x"] ** 2).sum()

    params = {"x": np.array([1e-5, 3e-5])}
    report = check_gradients(bend, params, {"x": 2e4 * params["x"]}, show=False)
    assert report.ok and not report.findings
    report = check_gradients(bend, params, {"x": 2e4 * params["x"] + [0.05, 0]}, show=False)
    assert not report.ok and "kink" not in report.findings[0]


def test_a_point_of_inflection_at_0_is_right_by_a_smaller_step():
    def cubic(p):
        return (p["x"] ** 3).sum()

    for slope, ok in [(0.0, True), (1e-9, False)]:
        report = check_gradients(cubic, {"x": np.zeros(2)}, {"x": np.full(2, slope)}, show=False)
        assert report.ok is ok


@pytest.mark.parametrize("by", ["element", "direction"])
@both_methods
def test_jumps_and_fresh_noise_are_no_kinks(method, by):
    rng = np.random.default_rng(0)

    def fresh(p):
        return (p["x"] ** 2).sum() + 1e-3 * rng.standard_normal() * p["x"].sum()

    def jump(p):
        return np.floor(p["x"].real).sum() + p["x"].sum()

    for seed in range(50):
        wrong = {"x": np.random.default_rng(seed).standard_normal(3) - 5}
        for f, x in ((fresh, np.ones(3)), (jump, np.arange(1.0, 4.0))):
            assert not check_gradients(f, {"x": x}, wrong, method, by, rng=seed, show=False).ok


# ---------------------------------------------------------------------- ties

def overlapping_pool(x, dy):
    """Σ of dy times the maxima of all 3 x 3 windows, and its gradient as argmax has it."""
    m, dx = len(dy), np.zeros_like(x)
    for i, j in np.ndindex(m, m):
        a, b = np.unravel_index(x[i:i + 3, j:j + 3].argmax(), (3, 3))
        dx[i + a, j + b] += dy[i, j]

    def f(p):
        return sum(dy[i, j] * p["x"][i:i + 3, j:j + 3].max() for i, j in np.ndindex(m, m))

    return f, dx


def relu_layer(rng, at_0):
    x, W = rng.integers(-2, 3, (3, 4)) * 1.0, rng.integers(-1, 2, (4, 5)) * 1.0
    T, b = rng.standard_normal((3, 5)), np.zeros(5)
    da   = T * ((x @ W > 0) + at_0 * (x @ W == 0))

    def f(p):
        return (np.maximum(p["x"] @ p["W"] + p["b"], 0) * T).sum()

    return f, {"x": x, "W": W, "b": b}, {"x": da @ W.T, "W": x.T @ da, "b": da.sum(axis=0)}


def sorting(rng):
    x, w = rng.integers(0, 3, 6) * 1.0, rng.standard_normal(6)
    dx   = np.zeros(6)
    dx[np.argsort(x, kind="stable")] = w
    return lambda p: (np.sort(p["x"]) * w).sum(), {"x": x}, {"x": dx}


def test_right_gradients_where_many_values_tie_are_right():
    # 60 of them. Of 500 others, with max pools, relu, sorting, medians, abs and all ways to share a
    # slope among ties, one was called wrong: a slight kink where f also bends.
    for seed in range(20):
        rng   = np.random.default_rng(seed)
        x, dy = rng.integers(0, 3, (6, 6)) * 1.0, rng.standard_normal((4, 4))
        f, dx = overlapping_pool(x, dy)
        for case in ((f, {"x": x}, {"x": dx}), relu_layer(rng, at_0=seed % 3 / 2), sorting(rng)):
            report = check_gradients(*case, show=False)
            assert report.ok, f"seed {seed}:\n{report}"


def test_ties_are_no_excuse_for_what_lies_outside_of_all_slopes_nearby():
    x, dy = np.zeros((5, 5)), np.resize([1.0, -1.0], (3, 3))
    f, dx = overlapping_pool(x, dy)
    assert check_gradients(f, {"x": x}, {"x": dx}, show=False).ok
    assert not check_gradients(f, {"x": x}, {"x": dx + 10}, show=False).ok
    # nor for a smooth function, close to right as it may be
    W = np.arange(6.0)
    for off in (1e-2, 1e-3):
        report = check_gradients(lambda p: (p["W"] ** 3).sum(), {"W": W},
                                 {"W": 3 * W ** 2 + off * W}, show=False)
        assert not report.ok and "kink" not in str(report.findings)


def test_a_slight_kink_that_rounding_hides_from_the_finest_steps_is_seen_by_coarser_ones():

    def f(p):
        return 40 + 7e-4 * np.maximum(p["x"], 0).sum()

    for slope, ok in [(0.0, True), (7e-4, True), (-1e-4, False)]:
        report = check_gradients(f, {"x": np.zeros(1)}, {"x": np.full(1, slope)}, show=False)
        assert report.ok is ok
