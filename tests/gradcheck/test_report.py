"""The report: the table to the letter, which element it shows, and what is printed when."""
import io

import numpy as np
import pytest

from helpers import rectified, silence_required, smooth, smooth_case
from numpyvae import check_gradients
from numpyvae.gradcheck import Report, Row


def test_the_table_shows_the_element_that_is_off():
    params, grads = smooth_case()
    grads["W"] = grads["W"].copy()
    grads["W"][2, 1] += 0.125
    report = check_gradients(smooth, params, grads, "complex", show=False)
    row,   = [row for row in report.rows if row.ok == "NO"]
    assert row.analytic == grads["W"][2, 1]
    assert row.analytic - row.numeric == pytest.approx(0.125, rel=1e-12)
    assert report.findings[0].startswith("W: one of its 12 elements is wrong, W[2, 1]")


def test_the_table_shows_the_largest_element_of_a_right_block():
    params, grads = smooth_case()
    report = check_gradients(smooth, params, grads, "complex", show=False)
    largest = [np.abs(grads[name]).max() for name in ("W", "b")]
    assert [abs(row.analytic) for row in report.rows] == largest
    # Where there is no error, its place says nothing.
    slopes = np.array([1.0, 3.0, 2.0])
    report = check_gradients(lambda p: slopes @ p["x"], {"x": np.zeros(3)}, {"x": slopes},
                             "complex", show=False)
    assert report.rows[0].analytic == 3 and report.rows[0].error == 0


def test_the_table_shows_no_element_of_a_wrong_block_that_lies_on_a_kink():
    report = check_gradients(rectified, {"x": np.array([0.0, 1.0])}, {"x": np.array([0.0, 1.1])},
                             show=False)
    assert report.rows[0].ok == "NO" and report.rows[0].analytic == 1.1


def test_the_table_is_printed_as_it_grows_and_is_the_report_s_text(capsys):
    params, grads = smooth_case()
    report  = check_gradients(smooth, params, {**grads, "b": -grads["b"]})
    printed = capsys.readouterr().out
    assert printed == str(report) + "\n"
    head, rule, W, b, *_ = printed.splitlines()
    columns = ["name", "shape", "analytic", "numeric", "rel err", "ok"]
    assert [cell.strip() for cell in head.split("|")] == columns
    assert len(head) <= len(rule) and W.startswith("W ") and W.endswith("yes") and "3 x 4" in W
    assert b.startswith("b ") and b.endswith("NO") and "2.0e+00" in b
    printed.encode("ascii")                                      # any terminal can show it
    check_gradients(smooth, params, grads, show=False)
    assert capsys.readouterr().out == ""


def test_the_table_to_the_letter():
    params = {"c": 0.5, "slope": np.ones((2, 1))}
    report = check_gradients(lambda p: 4 * p["c"] + p["slope"].sum(), params,
                             {"c": 4.0, "slope": -np.ones((2, 1))}, "complex", show=False)
    assert str(report).splitlines() == [
        "name     | shape     |        analytic |         numeric | rel err | ok",
        "---------|-----------|-----------------|-----------------|---------|-----",
        "c        | scalar    |  4.00000000e+00 |  4.00000000e+00 | 0.0e+00 | yes",
        "slope    | 2 x 1     | -1.00000000e+00 |  1.00000000e+00 | 2.0e+00 | NO",
        "analytic, numeric: the block's largest element, or the one that is furthest off; rel err: "
        "of the whole block, by norm, or of that element",
        "slope: the sign is flipped (2 elements compared; slope[0, 0] is -1, by differences 1)"]


def test_every_row_is_shown_at_once_even_through_a_pipe(monkeypatch):
    shown = []
    monkeypatch.setattr("builtins.print", lambda text, flush=False: shown.append((text, flush)))
    params, grads = smooth_case()
    report = check_gradients(smooth, params, grads)
    assert "\n".join(text for text, _ in shown) == str(report) and len(shown) == 4
    assert all(flush is True for _, flush in shown)


@pytest.mark.parametrize("encoding, shown", [("ascii", "? is missing"), ("cp1252", "½ is missing")])
def test_letters_that_the_encoding_lacks_do_not_end_the_program(encoding, shown, monkeypatch):
    raw    = io.BytesIO()
    params = {"x": np.arange(3.0)}
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding=encoding))
    report = check_gradients(lambda p: (p["x"] ** 2).sum(), params, {"x": 4 * params["x"]})
    assert not report.ok and f"a {shown}" in raw.getvalue().decode(encoding)


@pytest.mark.parametrize("error", [BrokenPipeError, ValueError])
def test_a_reader_who_leaves_does_not_end_the_program_and_is_told_no_more(error, monkeypatch):
    shown = []

    def leave(text, flush):
        shown.append(text)
        raise error("I/O operation on closed file")
    monkeypatch.setattr("builtins.print", leave)
    params, grads = smooth_case()
    assert check_gradients(smooth, params, grads).ok and len(shown) == 1


def test_findings_stand_below_the_table_too(capsys):
    params, grads = smooth_case()
    report  = check_gradients(smooth, params, {**grads, "W": -grads["W"]}, order=["b", "W"])
    printed = capsys.readouterr().out
    assert len(report.findings) == 2 and printed.rstrip("\n") == str(report)
    assert all(sentence in printed for sentence in report.findings)


@pytest.mark.parametrize("by", ["element", "direction"])
def test_an_empty_block_agrees_in_silence(by):
    params, grads = {"x": np.ones(3)}, {"x": np.full(3, 2.0)}
    params["none"] = grads["none"] = np.zeros((0, 4))
    with silence_required():
        report = check_gradients(lambda p: (p["x"] ** 2).sum() + p["none"].sum(), params, grads,
                                 by=by, show=False)
    assert report.ok and [row.ok for row in report.rows[:2]] == ["yes", "yes"]
    none = report.rows[1]
    assert (none.name, none.shape) == ("none", (0, 4))
    assert none.analytic == none.numeric == none.error == 0


# ---------------------------------------------------------------------- progress

class Terminal(io.StringIO):
    def isatty(self):
        return True


def slow_and_wrong(show, monkeypatch):
    """What is drawn on a terminal while eight elements are looked at again, a second each."""
    screen, seconds = Terminal(), [0.0]
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setattr("time.monotonic", lambda: sum(seconds))
    report = Report(["W"], "element", show, [])
    for k in range(8):
        seconds.append(1.0)
        report.progress("W", k, 8)
    report.add(Row("W", (8,), 1.0, 2.0, 1.0))
    return [state.strip() for state in screen.getvalue().split("\r") if state.strip()]


def test_a_long_second_look_shows_how_far_it_is_and_leaves_no_trace(monkeypatch, capsys):
    states = slow_and_wrong(True, monkeypatch)
    assert states == [f"[{'#' * int(20 * k / 8):.<20}] W: {k} of 8 elements looked at again"
                      for k in range(2, 8)]
    assert capsys.readouterr().out.splitlines()[-1].startswith("W        | 8         |")


def test_nothing_is_drawn_in_silence(monkeypatch, capsys):
    assert slow_and_wrong(False, monkeypatch) == [] and capsys.readouterr().out == ""


def test_a_check_tells_its_second_looks(monkeypatch):
    told = []
    monkeypatch.setattr(Report, "progress", lambda self, *what: told.append(what))
    params, grads = smooth_case()
    check_gradients(smooth, params, {**grads, "W": -grads["W"]}, show=False)
    assert ("W", 0, 12) in told and ("W", 11, 12) in told    # one look was enough; then evidence
