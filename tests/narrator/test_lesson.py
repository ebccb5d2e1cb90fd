"""A lesson: how it begins and ends, what it counts, asserts and saves, and when it waits."""
import io
import os
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from numpyvae import narrator
from numpyvae.errors import InvalidTypeError, InvalidValueError
from numpyvae.narrator import (Lesson, ask, begin, check, check_less, end, figure, progress, say,
                               show, step, table)

DOC = """7. The question: why?  (blog, section 1)

What this is about, in a line,
and in another one.

Which files it writes.

    python tutorials/07_why.py               (3 seconds)

It draws why.png.
"""


# ---------------------------------------------------------------------- the voice

def test_the_voice_is_that_of_one_lesson(lesson):
    assert sorted(narrator.__all__) == [
        "Lesson", "OneLineParser", "ask", "begin", "check", "check_less", "end", "figure",
        "progress", "say", "show", "step", "table"]
    for function in (ask, begin, check, check_less, end, figure, progress, say, show, step, table):
        assert function.__self__ is lesson and function.__doc__
        assert getattr(narrator, function.__name__) == function


def test_lessons_do_not_share_what_they_count(lesson, told):
    other = Lesson()
    other.step("of the other")
    other.check("it is", 1, 1)
    assert (len(other.steps), other.checked) == (1, 1)
    assert (len(lesson.steps), lesson.checked) == (0, 0)


def test_without_begin_all_of_it_works_too(told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    say("Prose.")
    show("x", 1)
    check("it is", 1, 1, full_size=True)
    check_less("it is less", 1, 2)
    figure(Figure(figsize=(1, 1)), "a")
    end()
    assert "2 claims checked, and all hold." in told()
    assert os.listdir(os.path.join("runs", "tutorials")) == ["a.png"]


# ---------------------------------------------------------------------- begin

def test_a_lesson_begins_with_its_title_and_its_question(told):
    begin(DOC, [])
    title, rule, empty, *intro = told().split("\n")
    assert title == "7. The question: why?  (blog, section 1)" and rule == "═" * len(title)
    assert [empty, *intro] == ["", "What this is about, in a line, and in another one.", "",
                               "Which files it writes."]


def test_it_returns_its_options(tmp_path, lesson):
    options = begin(DOC, [])
    assert options is lesson
    assert (options.quick, options.pause, options.seed) == (False, False, None)
    assert options.out == os.path.join("runs", "tutorials")
    assert begin(DOC, [], seed=5).seed == 5
    assert begin(DOC, [], out="here").out == "here"
    options = begin(DOC, ["--quick", "--pause", "--seed", "7", "--out", str(tmp_path)], seed=5)
    assert (options.quick, options.pause, options.seed) == (True, True, 7)
    assert options.out == str(tmp_path)


def test_the_options_are_the_command_line_s(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["lesson.py", "--quick"])
    assert begin(DOC).quick
    assert not begin(DOC, []).quick


def test_quick_is_said(told):
    begin(DOC, [])
    assert "--quick" not in told()
    begin(DOC, ["--quick"])
    assert told().split("\n")[-1].startswith("--quick: small sizes")


def test_a_new_lesson_starts_to_count_anew(told):
    begin(DOC, ["--quick"])
    step("one")
    check("it is", 1, 1)
    check("it will be", 1, 1, full_size=True)
    begin(DOC, [])
    told()
    step("again")
    assert told().startswith("1  again ")
    end()
    assert "0 claims checked, and all hold." in told()


def test_wrong_options_open_no_lesson(capsys):
    with pytest.raises(SystemExit) as stop:
        begin(DOC, ["--fast"])
    out, err = capsys.readouterr()
    assert stop.value.code == 2 and out == "" and "--fast" in err


def test_a_notebook_s_own_arguments_are_no_business_of_ours(monkeypatch, capsys):
    kernel = ["-f", "/tmp/kernel-1.json", "--HistoryManager.hist_file=:memory:", "--ip=127.0.0.1"]
    monkeypatch.setattr(sys, "argv", ["ipykernel_launcher.py", *kernel])
    with pytest.raises(SystemExit):
        begin(DOC)
    assert "unrecognized" in capsys.readouterr().err
    hook = sys.excepthook
    monkeypatch.setitem(sys.modules, "ipykernel", object())
    assert not begin(DOC).quick
    assert begin(DOC, ["--quick", *kernel]).quick
    assert sys.excepthook is hook                        # a notebook shows errors in its own way


# ---------------------------------------------------------------------- show

def test_values_are_shown_by_name_in_the_order_given(told):
    show(W=np.array([[1, 2], [3, 4]]), b=np.array([0.5, -1]), loss=2.25, N=3)
    together = told()
    for name, value in (("W", np.array([[1, 2], [3, 4]])), ("b", np.array([0.5, -1])),
                        ("loss", 2.25), ("N", 3)):
        show(name, value)
    assert together == told() == ("    W  (2, 2)\n        [1  2]\n        [3  4]\n"
                                  "    b  (2,)  [ 0.5000  -1.0000]\n"
                                  "    loss = 2.2500\n    N = 3")
    show(b=1, a=2)
    assert told() == "    b = 1\n    a = 2"


def test_a_name_may_be_any_words_and_names_may_follow(told):
    show("W1 before", 0.5, a=1, x=2)
    assert told() == "    W1 before = 0.5000\n    a = 1\n    x = 2"
    show("x", 0.5, x=1)                                  # neither hides the other
    assert told() == "    x = 0.5000\n    x = 1"
    show(name="y", value=0.5)
    assert told() == "    y = 0.5000"
    show()
    assert told() == ""


def test_digits_are_for_all_of_them(told):
    show("x", 1 / 3, 2)
    assert told() == "    x = 0.33"
    show(x=1 / 3, y=[2 / 3, 0], digits=6)
    assert told() == "    x = 0.333333\n    y  (2,)  [0.666667  0.000000]"


@pytest.mark.parametrize("args, arrays", [
    ((np.zeros(3),), {}), ((np.zeros(3), np.ones(3)), {}), ((), {"name": np.zeros(3)}),
    ((), {"value": np.zeros(3)}), ((), {"x": 1, "value": 2}), ((3, 4), {})])
def test_a_value_without_a_name_is_refused(told, args, arrays):
    with pytest.raises(InvalidTypeError, match=r"^show: expected a name and a value, as in "
                       r"show\('x', x\), or values by name, as in show\(x=x\), got "
                       r"(ndarray|int|NoneType) for a name$"):
        show(*args, **arrays)
    assert told() == ""


def test_a_name_without_a_value_is_refused():
    with pytest.raises(InvalidTypeError, match="^x: expected a number or an array"):
        show("x")
    with pytest.raises(InvalidTypeError, match="^W: expected a number or an array"):
        show(x=1, W=None)


def test_digits_cannot_be_an_array():
    for digits, error in ((np.zeros(3), InvalidTypeError), (-1, InvalidValueError)):
        with pytest.raises(error, match="^digits: expected a whole number"):
            show(x=1, digits=digits)


# ---------------------------------------------------------------------- check, check_less

@pytest.mark.parametrize("judge, sides, tolerance, evidence", [
    (check, (10, 10.09), {"rtol": 0.01}, "10 and 10.09; relative error 0.0089, allowed 0.01"),
    (check, (10, 10.09), {"atol": 0.1}, "10 and 10.09; 0.09 apart, allowed 0.1"),
    (check_less, ([1, 2], 3), {}, "closest of 2 pairs: 2 < 3")])
def test_a_claim_that_holds_is_told_with_its_evidence_and_counted(
        told, lesson, judge, sides, tolerance, evidence):
    judge("the claim", *sides, **tolerance)
    assert told() == f"    ✓ the claim\n      {evidence}" and lesson.checked == 1


@pytest.mark.parametrize("judge, sides, evidence", [
    (check, (10, 10.09), "10 and 10.09; relative error 0.0089, none allowed"),
    (check_less, ([1, 4], 3), "closest of 2 pairs: 4 < 3")])
def test_a_claim_that_does_not_hold_is_told_and_then_raised(told, judge, sides, evidence):
    with pytest.raises(AssertionError) as caught:
        judge("the claim", *sides)
    assert told() == f"    ✗ DOES NOT HOLD: the claim\n      {evidence}"
    assert str(caught.value) == f"the claim: {evidence}"


class Untouchable:
    """What must not be looked at."""
    def __array__(self, *args, **options):
        raise AssertionError("it was evaluated")
    __eq__ = __lt__ = __gt__ = __sub__ = __array__


def test_what_needs_the_full_size_is_announced_and_left_out_under_quick(told):
    begin(DOC, ["--quick"])
    told()
    check("it converges", Untouchable(), Untouchable(), full_size=True)
    check_less("it gets better", Untouchable(), Untouchable(), full_size=True)
    assert told() == ("    – left out by --quick: it converges\n"
                      "    – left out by --quick: it gets better")
    check("a small claim", 1, 1)
    with pytest.raises(AssertionError):
        check("another", 1, 2)
    begin(DOC, [])
    for claim, sides in ((check, (1, 2)), (check_less, (2, 1))):
        with pytest.raises(AssertionError, match="^the claim: "):
            claim("the claim", *sides, full_size=True)


def test_a_claim_that_fails_ends_the_lesson(script):
    done = subprocess.run(script('check("one is two ✓", 1, 2)\nsay("never")\nend()\n'),
                          capture_output=True)
    assert done.returncode == 1
    assert "AssertionError: one is two ✓: " in done.stderr.decode()
    out = done.stdout.decode()
    assert "✗ DOES NOT HOLD: one is two ✓" in out
    assert "never" not in out and "all hold" not in out


def test_what_tells_of_the_lesson_s_seed_is_left_out_under_another(told):
    begin(DOC, ["--seed", "6"], seed=5)
    told()
    check("it converges", Untouchable(), Untouchable(), own_seed=True)
    check_less("it gets better", Untouchable(), Untouchable(), own_seed=True)
    assert told() == ("    – left out by --seed: it converges\n"
                      "    – left out by --seed: it gets better")
    begin(DOC, [], seed=5)
    for claim, sides in ((check, (1, 2)), (check_less, (2, 1))):
        with pytest.raises(AssertionError, match="^the claim: "):
            claim("the claim", *sides, own_seed=True)


def test_a_step_that_is_told_again_keeps_its_number(told):
    step("one")
    step("two")
    step("one")
    assert [line[:6] for line in told().split("\n")] == ["1  one", "2  two", "1  one"]


def test_a_step_may_be_for_a_second_reading(told):
    step("one", "a = b", second=True)
    heading, empty, equation = told().split("\n")
    assert heading.startswith("1  one (second reading) ───") and len(heading) == 100
    assert (empty, equation) == ("", "    a = b")


# ---------------------------------------------------------------------- ask

def test_a_question_is_answered_at_the_end(told, lesson):
    ask("Why?", """
        Since it is so.

        Whatever one does.
        """)
    ask("And how?", "So.")
    assert told() == "Question 1. Why?\n\nQuestion 2. And how?"
    end()
    heading, *answers = told().split("\n\n")[:-1]
    assert heading.startswith("Answers ───") and len(heading) == 100
    assert answers == ["1. Since it is so.", "Whatever one does.", "2. So."]


def test_a_question_that_is_asked_again_keeps_its_number(told):
    ask("Why?", "So.")
    ask("How?", "Thus.")
    ask("Why?", "So.")
    assert told().count("Question 1. Why?") == 2
    end()
    assert told().count("1. So.") == 1


def test_a_lesson_without_questions_has_no_answers(told):
    end()
    assert "Answers" not in told()


# ---------------------------------------------------------------------- figure

def drawing():
    fig = Figure(figsize=(1, 1))
    fig.subplots().plot([0, 1], [1, 0])
    return fig


def test_a_figure_is_saved_where_out_says_and_that_is_told(told, tmp_path):
    out = tmp_path / "new" / "deeper"
    begin(DOC, ["--out", str(out)])
    told()
    figure(drawing(), "a line")
    path = str(out / "a line.png")
    assert told() == f"    figure: {path}"
    assert os.listdir(out) == ["a line.png"]
    pixels = imread(path)[..., :3]
    assert pixels.shape == (100, 100, 3) and 0 < (pixels < 0.9).any(axis=2).sum() < 5000
    figure(drawing(), "a line")                          # a second time, over the first
    assert os.listdir(out) == ["a line.png"]


@pytest.mark.parametrize("out, forbidden", [("new", "os.makedirs"), ("", "numpyvae.files.open")])
def test_a_folder_that_cannot_be_written_is_told_in_one_sentence(
        capsys, tmp_path, monkeypatch, out, forbidden):
    def refuse(path, *args, **options):          # as the system would, if not to an administrator
        raise PermissionError(13, "Permission denied", str(path))
    begin(DOC, ["--out", str(tmp_path / out)])
    capsys.readouterr()
    with monkeypatch.context() as patch, pytest.raises(SystemExit) as stop:
        patch.setattr(forbidden, refuse, raising=False)
        figure(drawing(), "a")
    text, err = capsys.readouterr()
    assert stop.value.code == 2 and text == ""
    assert err == (f"{tmp_path / out / 'a.png'}: cannot be written (Permission denied); "
                   "name another folder with --out\n")
    assert os.listdir(tmp_path) == []


# ---------------------------------------------------------------------- progress, end

def test_progress_goes_through_the_items(told):
    assert list(progress("abc", "spelling")) == ["a", "b", "c"] and told() == ""


@pytest.mark.parametrize("checks, left, summary", [
    (0, 0, "0 claims checked, and all hold."),
    (1, 0, "1 claim checked, and all hold."),
    (2, 0, "2 claims checked, and all hold."),
    (1, 1, "1 claim checked, and all hold; 1 left out, since it needs the full run."),
    (3, 2, "3 claims checked, and all hold; 2 left out, since they need the full run.")])
def test_the_end_counts(told, clock, checks, left, summary):
    begin(DOC, ["--quick"])
    for _ in range(checks):
        check("it is", 1, 1)
    for _ in range(left):
        check_less("it will be", 2, 1, full_size=True)
    told()
    clock.append(12.34)
    end()
    rule, line = told().split("\n")
    assert rule == "═" * 100 and line == f"{summary}  (12.3 s)"


def test_the_end_counts_what_each_option_left_out(told):
    begin(DOC, ["--quick", "--seed", "6"], seed=5)
    check("both", 1, 2, full_size=True, own_seed=True)
    check("one", 1, 2, own_seed=True)
    check("two", 1, 2, own_seed=True)
    told()
    end()
    assert ("0 claims checked, and all hold; 1 left out, since it needs the full run; "
            "2 left out, since they tell of another seed.") in told()


# ---------------------------------------------------------------------- --pause

def test_pause_waits_before_what_would_not_fit_on_the_screen(told, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n" * 9))
    monkeypatch.setenv("LINES", "20")
    begin(DOC, ["--pause"])                              # seven rows
    step("one")                                          # two more
    show("x", np.zeros((9, 2)))                          # and ten more: with the prompt 22
    say("Prose.")
    before, after = told().split("Press Enter to go on.")
    assert before.endswith("\n\n    ") and "1  one" in before
    assert "x  (9, 2)" in after and "Prose." in after
    show("y", np.zeros((40, 1)))                         # what fits no screen is told all the same
    say("The end.")
    assert told().count("Press Enter") == 2


def test_without_pause_nothing_waits(told, monkeypatch):
    monkeypatch.setenv("LINES", "5")
    begin(DOC, [])
    show("x", np.zeros((9, 2)))
    say("Prose.")
    assert "Press Enter" not in told()


def test_pause_waits_for_a_guess(told, monkeypatch):
    keys = io.StringIO("\n" * 9)
    monkeypatch.setattr(sys, "stdin", keys)
    begin(DOC, ["--pause"])
    ask("Why?", "So.")
    assert keys.tell() == 1 and told().endswith("Press Enter when you have an answer. ")


def test_pause_waits_between_steps_and_at_the_end(told, monkeypatch):
    keys = io.StringIO("\n" * 9)
    monkeypatch.setattr(sys, "stdin", keys)
    begin(DOC, ["--pause"])
    for expected in (0, 1, 2):
        step(f"step {expected}")
        say("Prose.")
        assert keys.tell() == expected                   # how often Enter was pressed
    end()
    assert keys.tell() == 3
    text = told()
    assert text.count("Press Enter to go on.") == 2 and text.count("Press Enter to end.") == 1
    begin(DOC, [])
    step("one")
    step("two")
    end()
    assert keys.tell() == 3 and "Press Enter" not in told()


def test_where_nobody_can_press_enter_it_goes_on(told, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    begin(DOC, ["--pause"])
    for name in "abcd":
        step(f"step {name}")
    end()
    text = told()
    assert text.count("Press Enter") == 1 and "4  step d " in text and "0 claims checked" in text
