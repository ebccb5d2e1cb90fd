"""Untested blocks: what was not seen is not called right without a word; and the assertion."""
import numpy as np
import pytest

from helpers import draw, smooth, smooth_case
from numpyvae import assert_gradients, check_gradients
from numpyvae.errors import InvalidValueError

both_ways    = pytest.mark.parametrize("by", ["element", "direction"])
both_methods = pytest.mark.parametrize("method", ["central", "complex"])

X, = draw(0, (6, 4))


def behind_relus(p):
    """Two layers with a relu between them; with c = -9, it is dead."""
    h = np.maximum(X @ p["W"] + p["c"], 0)
    return (h @ p["V"]).sum() + (p["d"] ** 2).sum()


def dead():
    W, V, d = draw(1, (4, 5), (5, 2), 2)
    params  = {"W": W, "c": np.full(5, -50.0), "V": V, "d": d}
    return params, {"W": 0 * W, "c": np.zeros(5), "V": 0 * V, "d": 2 * d}


@both_ways
def test_a_layer_of_dead_relus_is_untested_and_not_wrong(by):
    params, grads = dead()
    report = check_gradients(behind_relus, params, grads, by=by, show=False)
    assert report.ok and report.untested == ["W", "c", "V"]
    sentence, = report.findings
    assert sentence.startswith("W, c, V: all slopes are zero, here and nearby, so nothing was ")
    assert sentence in str(report)


@both_ways
@both_methods
def test_where_slopes_are_seen_nothing_is_untested(method, by):
    params, grads = smooth_case()
    assert check_gradients(smooth, params, grads, method, by, show=False).untested == []


def test_single_rows_and_columns_of_zeros_are_no_such_case():
    params = {"W": draw(2, (3, 4))[0]}
    mask   = np.ones((3, 4))
    mask[1], mask[:, 2] = 0, 0
    report = check_gradients(lambda p: (mask * p["W"] ** 2).sum(), params,
                             {"W": 2 * mask * params["W"]}, show=False)
    assert report.ok and not report.untested and not report.findings


def test_a_minimum_is_no_such_case_since_there_are_slopes_nearby():
    W, = draw(3, (3, 4))
    report = check_gradients(lambda p: ((p["W"] - W) ** 2).sum(), {"W": W}, {"W": 0 * W},
                             show=False)
    assert report.ok and not report.untested and not report.findings


def test_what_rounding_hides_is_untested_too():
    def f(p):
        return 1e15 + 1e-6 * p["x"].sum() + 0 * p["y"].sum()

    params = {"x": np.ones(3), "y": np.ones(2)}
    report = check_gradients(f, params, {"x": np.full(3, -1e-6), "y": np.zeros(2)}, show=False)
    assert report.ok and report.untested == ["x", "y"]
    assert [sentence[:3] for sentence in report.findings] == ["x: ", "y: "]


def test_a_wrong_block_is_wrong_and_not_untested():
    params, grads = dead()
    report = check_gradients(behind_relus, params, {**grads, "V": np.ones((5, 2))}, show=False)
    assert report.wrong == ["V"] and report.untested == ["W", "c"]
    missing = {name: grad for name, grad in grads.items() if name != "c"}
    report = check_gradients(behind_relus, params, missing, show=False)
    assert report.wrong == ["c"] and report.untested == ["W", "V"]


def test_a_block_without_elements_has_nothing_to_test():
    params = {"x": np.ones(2), "none": np.zeros((0, 3))}
    report = check_gradients(lambda p: p["x"].sum(), params, {**params, "x": np.ones(2)},
                             show=False)
    assert report.ok and report.untested == []


# ---------------------------------------------------------------------- the assertion

def test_the_assertion_is_silent_if_all_is_right(capsys):
    params, grads = smooth_case()
    assert assert_gradients(smooth, params, grads) is None
    assert capsys.readouterr().out == ""


def test_the_assertion_raises_with_the_table_and_the_findings(capsys):
    params, grads = smooth_case()
    with pytest.raises(AssertionError) as raised:
        assert_gradients(smooth, params, {**grads, "W": -grads["W"]}, method="complex", show=True)
    report = check_gradients(smooth, params, {**grads, "W": -grads["W"]}, "complex", show=False)
    assert str(raised.value).endswith(f"\n{report}") and "W: the sign is flipped" in str(report)
    assert capsys.readouterr().out == ""


def test_the_assertion_raises_for_what_is_untested_unless_that_is_allowed():
    params, grads = dead()
    with pytest.raises(AssertionError, match="nothing was tested"):
        assert_gradients(behind_relus, params, grads)
    assert_gradients(behind_relus, params, grads, untested="allow")
    with pytest.raises(AssertionError, match="V: "):
        assert_gradients(behind_relus, params, {**grads, "V": np.ones((5, 2))}, untested="allow")
    with pytest.raises(InvalidValueError, match="untested: expected"):
        assert_gradients(behind_relus, params, grads, untested="no")
