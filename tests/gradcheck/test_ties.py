"""Values that tie: what lies between the slopes nearby is right, in blocks of any size."""
import numpy as np
import pytest

from helpers import draw
from helpers_gradients import TIES, tie_case
from numpyvae import check_gradients
from numpyvae.gradcheck.kinks import VISIBLE
from numpyvae.gradcheck.ties import (BENT, FIRST, NEARBY, NEARER, NEIGHBOURS, SOON, Neighbourhood,
                                     among_ties, small_step)


# ---------------------------------------------------------------------- one slope

def slopes_near(*slopes, bend=0.0):
    """The k-th slope nearby, which changes with the distance; and how often each was asked for."""
    asked = []

    def slope_near(k, part):
        asked.append((k, part))
        return slopes[k % len(slopes)] + bend * (k % len(slopes)) * part / NEARBY
    return slope_near, asked


@pytest.mark.parametrize("analytic, inside", [
    (0.0, True), (0.4, True), (1.0, True), (1.00002, False), (-0.00002, False)])
def test_right_is_what_lies_between_the_slopes_nearby(analytic, inside):
    slope_near, asked = slopes_near(0.0, 1.0)
    kink = among_ties(slope_near, analytic, 1e-9, 1e-5)
    assert (kink is not None) is inside
    if inside:
        assert kink.sentence == ("a kink, for values tie there: the slopes nearby lie between 0 "
                                 "and 1")
        assert np.isnan(kink.slope)
        assert len(asked) == FIRST + 2
    else:
        assert max(k for k, _ in asked) == NEIGHBOURS - 1
    assert {part for _, part in asked} == {NEARBY, NEARBY / NEARER}


def test_a_line_through_many_ties_gets_half_their_distance_more():
    for analytic, inside in [(1.49, True), (-0.49, True), (1.51, False)]:
        assert bool(among_ties(slopes_near(0.0, 1.0)[0], analytic, 1e-9, 1e-5, 0.5)) is inside


def test_slopes_that_come_together_as_one_comes_nearer_are_a_bend():
    # nearer, both ends are the same but for the bend
    for bend, tied in [(BENT / 2, True), (2 * BENT, False)]:
        slope_near, asked = slopes_near(0.0, 1.0, bend=bend)
        assert bool(among_ties(slope_near, 0.5, 1e-9, 1e-5)) is tied
    assert len(asked) == FIRST + 2, "it gives up at once"


def test_slopes_that_do_not_differ_are_no_tie_and_are_looked_at_as_long_as_there_is_time():
    for rounding in (1e-9, 1 / VISIBLE):
        for patient, last in [(True, SOON), (False, FIRST)]:
            slope_near, asked = slopes_near(*([3.0, 3.0] if rounding < 1e-3 else [3.0, 3.9]))
            assert among_ties(slope_near, 3.0, rounding, 1e-5, patient=patient) is None
            assert max(k for k, _ in asked) == last - 1


def test_a_tie_that_only_a_late_neighbour_shows_is_found():
    def slope_near(k, part):
        return 1.0 if k == SOON - 2 else 0.0
    assert among_ties(slope_near, 0.5, 1e-9, 1e-5)
    assert among_ties(slope_near, 0.5, 1e-9, 1e-5, patient=False) is None


# ---------------------------------------------------------------------- the points nearby

def test_neighbours_are_near_and_break_every_tie():
    params = {"x": np.array([[2.0, 2.0], [0.0, -2.0]]), "y": np.zeros(3)}
    near   = Neighbourhood(params)
    first, last, other, again = (near.neighbour(k, 1e-3) for k in (0, 1, 2, 2))
    assert first["x"].argmax() == 0 and last["x"].argmax() == 1
    assert np.array_equal(first["y"], 1e-3 * np.array([1.0, 0.0, -1.0]))
    for point in (first, last, other):
        assert len({*point["x"].ravel()}) == 4 and point["x"].shape == (2, 2)
        assert np.abs(point["x"] - params["x"]).max() == pytest.approx(2e-3)
    assert all(np.array_equal(other[name], again[name]) for name in params)
    assert not np.array_equal(other["x"], near.neighbour(3, 1e-3)["x"])
    halfway = near.neighbour(2, 5e-4)
    assert np.allclose(2 * (halfway["x"] - params["x"]), other["x"] - params["x"])


def test_a_small_step_exchanges_none_of_the_values_that_tied():
    params = {"x": np.array([4.0, 4.0, 2.0]), "y": np.ones(2)}
    unit   = {"x": np.array([0.0, 1.0, 0.0])}
    assert small_step(params, unit) == 4.0 / 12
    assert small_step(params, {"x": np.array([2.0, 2.0, 1.0]), "y": np.zeros(2)}) == 2.0 / 12
    assert small_step(params, {**unit, "y": np.full(2, 8.0)}) == 1 / 64


# ---------------------------------------------------------------------- in the check

@pytest.mark.parametrize("by", ["element", "direction"])
@pytest.mark.parametrize("make", sorted(set(TIES), key=lambda make: make.__name__))
def test_right_layers_full_of_ties_are_right(make, by):
    # 26 times 4; the campaign beside has thousands
    for seed in range(4):
        report = check_gradients(*make(np.random.default_rng(seed)), by=by, show=False)
        assert report.ok, f"seed {seed}:\n{report}"


def test_ties_are_looked_for_in_blocks_that_are_too_large_for_elements():
    x  = np.zeros((60, 60))
    dy = draw(0, (30, 30))[0]
    dx = np.zeros((30, 2, 30, 2))
    dx[:, 0, :, 0] = dy                                          # the first of each window

    def f(p):
        return (p["x"].reshape(30, 2, 30, 2).max(axis=(1, 3)) * dy).sum()

    report = check_gradients(f, {"x": x}, {"x": dx.reshape(60, 60)}, show=False)
    assert report.by == "direction" and report.ok
    assert not check_gradients(f, {"x": x}, {"x": 3 * dx.reshape(60, 60)}, show=False).ok


def test_elements_that_tie_are_right_only_if_they_are_so_together():
    # Each of three values that tie may claim the whole slope, but not all of them.
    def f(p):
        return p["x"].max() + (p["x"] ** 2).sum()

    x = np.ones(3)
    for claims, ok in [((1, 0, 0), True), ((0, 0, 1), True), ((1/3, 1/3, 1/3), True),
                       ((1, 1, 1), False), ((0, 0, 0), False)]:
        report = check_gradients(f, {"x": x}, {"x": np.array(claims) + 2 * x}, show=False)
        assert report.ok is ok
    assert report.findings[0].kind == "on-kinks"


def test_a_case_with_ties_does_have_some():
    kinks = [check_gradients(*tie_case(np.random.default_rng(seed)), by="element", show=False)
             for seed in range(40)]
    assert sum(any(row.ok == "kink" for row in report.rows) for report in kinks) > 20
