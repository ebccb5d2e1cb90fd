"""The narrator: what it prints of every kind of number, which claims it lets pass, and how a lesson
ends.
"""
import io
import os
import re
import signal
import subprocess
import sys
import warnings

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

import numpyvae
from numpyvae import narrator
from numpyvae.narrator import begin, check, check_less, end, figure, progress, say, show, step, table

ENV = {**{name: value for name, value in os.environ.items() if not name.startswith("PYTHONIO")},
       "PYTHONPATH": os.path.dirname(os.path.dirname(numpyvae.__file__))}
posix = pytest.mark.skipif(os.name != "posix", reason="signals and closed pipes are other things "
                           "there")

DOC = """7. The question: why?  (blog, section 1)

What this is about, in a line,
and in another one.

Which files it writes.

    python tutorials/07_why.py               (3 seconds)

It draws why.png.
"""


@pytest.fixture(autouse=True)
def lesson(monkeypatch):
    """Every test tells a lesson of its own, and leaves the interpreter as it was."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    narrator._reset()
    yield
    narrator._reset()


@pytest.fixture
def told(capsys):
    """told(): what was printed since the last time, without the empty lines at both ends."""
    def read():
        out, err = capsys.readouterr()
        assert err == ""
        return out.strip("\n")
    return read


@pytest.fixture
def terminal(monkeypatch):
    """terminal(columns): a terminal in the place of standard output."""
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    def open_terminal(columns=80):
        for name in ("NO_COLOR", "TERM"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr(sys, "stdout", Terminal())
        return sys.stdout
    return open_terminal


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on by the seconds that one appends, and otherwise stands."""
    passed = []
    monkeypatch.setattr(narrator.time, "monotonic", lambda: sum(passed))
    return passed


def plain(text):
    return re.sub(r"\033\[[\d;]*m", "", text)


def refused(capsys, *argv, **options):
    """The sentence on standard error with which these options are refused."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        begin(DOC, list(argv), **options)
    out, err = capsys.readouterr()
    assert stop.value.code == 2 and out == ""
    return err.splitlines()[-1]


# ---------------------------------------------------------------------- begin

def test_a_lesson_begins_with_its_title_and_its_question(told):
    begin(DOC, [])
    title, rule, empty, *intro = told().split("\n")
    assert title == "7. The question: why?  (blog, section 1)" and rule == "═" * len(title) and empty == ""
    assert intro == ["What this is about, in a line, and in another one.", "",
                     "Which files it writes."]


def test_a_title_alone_will_do_and_a_long_one_is_underlined_as_far_as_the_page_goes(told):
    begin("Why?", [])
    assert told() == "Why?\n════"
    begin("Why? " * 30, [])
    assert told().split("\n")[1] == "═" * 100


def test_its_options(tmp_path):
    options = begin(DOC, [])
    assert (options.quick, options.pause, options.seed) == (False, False, None)
    assert options.out == os.path.join("runs", "tutorials")
    assert begin(DOC, [], seed=5, out="here").seed == 5 and begin(DOC, [], out="here").out == "here"
    options = begin(DOC, ["--quick", "--pause", "--seed", "7", "--out", str(tmp_path)], seed=5)
    assert (options.quick, options.pause, options.seed, options.out) == (True, True, 7,
                                                                         str(tmp_path))


def test_the_options_are_the_command_line_s(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["lesson.py", "--quick"])
    assert begin(DOC).quick and not begin(DOC, []).quick


def test_quick_is_said(told):
    begin(DOC, [])
    assert "--quick" not in told()
    begin(DOC, ["--quick"])
    assert told().split("\n")[-1].startswith("--quick: small sizes")


def test_a_new_lesson_starts_to_count_anew(told):
    begin(DOC, [])
    step("one"), check("it is", 1, 1)
    begin(DOC, [])
    told()
    step("again")
    assert told().startswith("1  again ")
    end()
    assert "0 claims checked" in told()


def test_help_names_the_options_and_the_seed_only_where_there_is_one(capsys):
    for seed, offered in ((None, False), (3, True)):
        with pytest.raises(SystemExit) as stop:
            begin(DOC, ["--help"], seed=seed, out="pictures")
        out, err = capsys.readouterr()
        assert (stop.value.code, err) == (0, "") and "7. The question: why?" in out
        assert all(word in out
                   for word in ("--quick", "--pause", "--out DIR", "(default pictures)"))
        assert ("--seed S" in out) == ("(default 3)" in out) == offered


@pytest.mark.parametrize("argv, seed, words", [
    (["--fast"], None, ["--fast"]),
    (["quick"], None, ["quick"]),
    (["--out"], None, ["--out"]),
    (["--out", ""], None, ["--out", "folder", "empty"]),
    (["--seed", "1"], None, ["--seed"]),
    (["--seed", "-1"], 0, ["--seed", "-1", "0 or more"]),
    (["--seed", "1.5"], 0, ["--seed", "1.5"])])
def test_wrong_options_are_refused_in_a_sentence(capsys, argv, seed, words):
    sentence = refused(capsys, *argv, seed=seed)
    assert all(word in sentence for word in words)


def test_figures_cannot_lie_in_a_file(capsys, tmp_path):
    (tmp_path / "file").write_text("precious")
    sentence = refused(capsys, "--out", str(tmp_path / "file"))
    assert "--out: expected a folder that can be written to, or made" in sentence and str(tmp_path / "file") in sentence
    assert begin(DOC, ["--out", str(tmp_path / "new")]).out == str(tmp_path / "new")
    # nothing is made before there is a figure
    assert os.listdir(tmp_path) == ["file"]


def test_a_notebook_s_own_arguments_are_no_business_of_ours(monkeypatch, capsys):
    arguments = ["-f", "/tmp/kernel-1.json", "--HistoryManager.hist_file=:memory:",
                 "--ip=127.0.0.1"]
    monkeypatch.setattr(sys, "argv", ["ipykernel_launcher.py", *arguments])
    assert "unrecognized" in refused(capsys, *arguments)
    with pytest.raises(SystemExit):
        begin(DOC)
    hook = sys.excepthook
    monkeypatch.setitem(sys.modules, "ipykernel", object())
    assert not begin(DOC).quick and begin(DOC, ["--quick", *arguments]).quick
    # a notebook shows errors in its own way
    assert sys.excepthook is hook


def test_without_begin_all_of_it_works_too(told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    say("Prose."), show("x", 1), check("it is", 1, 1, full_size=True), check_less("it is less", 1,
                                                                                  2)
    figure(Figure(figsize=(1, 1)), "a"), end()
    assert "2 claims checked, and all hold." in told()
    assert os.listdir(os.path.join("runs", "tutorials")) == ["a.png"]


# ---------------------------------------------------------------------- step, say

def test_steps_are_numbered_and_their_equations_stand_below(told):
    step("The sum", """
        f = g + h
          = h + g
    """)
    heading, empty, *equation = told().split("\n")
    assert heading == "1  The sum " + "─" * (100 - len("1  The sum ")) and empty == ""
    assert equation == ["    f = g + h", "      = h + g"]
    step("No equation")
    assert told() == "2  No equation " + "─" * (100 - len("2  No equation "))
    step("long " * 25)
    assert told() == "3  " + "long " * 25 + " ───"
    step("one line", "y = x")
    assert told().split("\n")[2:] == ["    y = x"]


def test_prose_is_filled_to_the_width_of_the_page(told):
    say("word " * 50)
    lines = told().split("\n")
    assert " ".join(lines).split() == ["word"] * 50
    assert [len(line) for line in lines] == [99, 99, 49]
    say("a well-known " * 12)                                    # not broken at its hyphen
    assert not any(line.endswith("-") for line in told().split("\n"))


def test_paragraphs_stay_apart_and_indented_lines_as_they_are(told):
    say("""
    One paragraph
    of two lines.

    Another:
        y   =   x W + b
        z   =   y
    and its end.


        a line that stands alone
    """)
    assert told().split("\n") == ["One paragraph of two lines.", "", "Another:",
                                  "    y   =   x W + b", "    z   =   y", "and its end.", "",
                                  "    a line that stands alone"]


def test_numbers_stand_together_and_prose_apart(capsys):
    for tell in (lambda: (show("a", 1), show("b", 2)),
                 lambda: (check("c", 1, 1), check_less("d", 1, 2))):
        tell()
        out, _ = capsys.readouterr()
        assert out.startswith("\n") and "\n\n" not in out
    say("Prose."), say("More.")
    assert capsys.readouterr()[0] == "\nProse.\n\nMore.\n"


# ---------------------------------------------------------------------- show

@pytest.mark.parametrize("value, text", [
    (3, "3"), (np.int64(-3), "-3"), (10 ** 12, "1000000000000"), (True, "yes"), (np.False_, "no"),
    (0.5, "0.5000"), (np.float32(0.5), "0.5000"), (-1.23456, "-1.2346"), (0.0, "0.0000"), (-0.0, "0.0000"),
    (1e-4, "0.0001"), (9.9e-5, "9.9000e-05"), (-3e-20, "-3.0000e-20"), (9999999.0, "9999999.0000"),
    (1e7, "1.0000e+07"), (-1e300, "-1.0000e+300"), (np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf"),
    (1 - 2j, "1.0000 - 2.0000i"), (np.complex64(0.5j), "0.0000 + 0.5000i"), (1 + 1e-30j, "1.0000 + 1.0000e-30i")])
def test_a_number_is_shown(told, value, text):
    show("x", value)
    assert told() == f"    x = {text}"


def test_as_many_digits_as_are_wanted(told):
    show("x", np.pi, digits=8), show("y", 2.7, digits=0), show("z", 0.004, digits=2)
    assert told().split("\n") == ["    x = 3.14159265", "    y = 3", "    z = 4.00e-03"]


@pytest.mark.parametrize("value, text", [
    ([1.5, -22.25], "x  (2,)  [  1.5000  -22.2500]"),
    ([[1.5, 2]], "x  (1, 2)  [1.5000  2.0000]"),
    ([7, 12, -3], "x  (3,)  [ 7  12  -3]"),
    (np.array([250, 3], np.uint8), "x  (2,)  [250    3]"),
    ([True, False], "x  (2,)  [yes   no]"),
    ([1 + 2j, -3 - 0.5j], "x  (2,)  [ 1.0000 + 2.0000i  -3.0000 - 0.5000i]"),
    ([1e-9, 1.0], "x  (2,)  [0.0000  1.0000]"),
    ([1e-9, -2e-8], "x  (2,)  [ 1.0000e-09  -2.0000e-08]"),
    ([1.0, 1e9], "x  (2,)  [1.0000e+00  1.0000e+09]"),
    ([-0.0, -1e-9, 1], "x  (3,)  [0.0000  0.0000  1.0000]"),
    ([-0.0, 1e-9], "x  (2,)  [0.0000e+00  1.0000e-09]"),
    ([np.nan, np.inf, -1], "x  (3,)  [    nan      inf  -1.0000]"),
    ([np.nan, 1e-9], "x  (2,)  [       nan  1.0000e-09]"),
    ([np.inf, 1e12], "x  (2,)  [       inf  1.0000e+12]"),
    ([], "x  (0,)  []"), (np.zeros((0, 3)), "x  (0, 3)  []"), (np.zeros((3, 0)), "x  (3, 0)  []")])
def test_a_row_is_shown(told, value, text):
    show("x", value)
    assert told() == "    " + text


def test_a_matrix_is_shown_in_columns(told):
    show("dW", np.array([[0.5, -10.25, 3], [100, 0, -0.125]]))
    assert told() == ("    dW  (2, 3)\n"
                      "        [  0.5000  -10.2500    3.0000]\n"
                      "        [100.0000    0.0000   -0.1250]")


def test_more_axes_are_shown_as_rows_of_the_last(told):
    show("x", np.arange(12).reshape(2, 3, 2))
    assert told() == "    x  (2, 3, 2)\n" + "\n".join(f"        [{2 * i:2d}  {2 * i + 1:2d}]"
                                                      for i in range(6))


def test_up_to_64_elements_are_shown_and_more_are_summarised(told):
    x = np.random.default_rng(0).normal(3, 2, (5, 13))
    show("x", x[:, :12])
    assert len(told().split("\n")) == 6
    show("x", np.arange(64.0))
    assert told().startswith("    x  (64,)  [")
    show("x", x)
    figures = [float(text) for text in re.findall(r"-?\d+\.\d+", told())]
    np.testing.assert_allclose(figures, [x.min(), x.max(), x.mean(), x.std()], rtol=0, atol=5.1e-5)
    # in double precision: the same figures
    show("x", x.astype(np.float32))
    assert [float(text) for text in re.findall(r"-?\d+\.\d+", told())] == pytest.approx(figures,
                                                                                        abs=2e-4)
    show("bytes", np.tile(np.array([0, 255], np.uint8), 50))
    assert told() == "    bytes  (100,)  from 0.0000 to 255.0000, mean 127.5000, standard deviation 127.5000"


def test_a_summary_of_complex_numbers_does_not_drop_their_imaginary_part(told):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        show("x", np.full(100, 3 + 4j))
    # its imaginary part or its absolute value
    assert re.search(r"[45]\.0000", told())


# ---------------------------------------------------------------------- table

def test_a_table_has_numbers_to_the_right_and_words_to_the_left(told):
    table(["method", "error", "n", "right"],
          [["central", 1.5e-9, 100, True], ["one", 0.25, 7, np.False_]])
    assert told() == ("    method  │    error │   n │ right\n"
                      "    ────────┼──────────┼─────┼──────\n"
                      "    central │ 1.50e-09 │ 100 │     ✓\n"
                      "    one     │ 2.50e-01 │   7 │     ✗")


def test_numbers_that_were_written_by_hand_are_numbers_too(told):
    table(["value", "word"], [["12.5", "a"], ["−3e-9", "bb"], ["40%", "1e"], ["", "-"]])
    assert told().split("\n")[2:] == ["     12.5 │ a", "    −3e-9 │ bb", "      40% │ 1e",
                                      "          │ -"]


@pytest.mark.parametrize("numbers, texts", [
    # four significant digits for the smallest
    ([1 / 3, np.float32(2)], ["0.3333", "2.0000"]),
    ([0.5, 0.25], ["0.50", "0.25"]),                             # but no more than are needed
    ([2.0, 30.0], ["2", "30"]), ([0.0, -0.0], ["0", "0"]),
    ([-1.23456, 0.0], ["-1.235", "0.000"]), ([-1e-9, 100.0], ["-1.00e-09", "1.00e+02"]),
    ([0.0, 1e-9], ["0", "1.00e-09"]), ([1e9], ["1.00e+09"]), ([0.004, 12.5], ["0.004", "12.500"]),
    ([np.nan, np.inf, 0.125], ["nan", "inf", "0.125"]), ([1.5, 3], ["1.5", "3"])])
def test_the_numbers_of_a_column_are_written_alike(told, numbers, texts):
    table(["a"], [[number] for number in numbers])
    assert [line.strip() for line in told().split("\n")[2:]] == texts


def test_whatever_else_has_a_name_stands_as_it_is(told):
    table(["a", "b"], [[None, "x"], [(1, 2), 3]])
    assert told().split("\n")[2:] == ["    None   │ x", "    (1, 2) │ 3"]


def test_a_table_without_rows(told):
    table(["a", "bcd"], [])
    assert told() == "    a │ bcd\n    ──┼────"


# ---------------------------------------------------------------------- check

def holds(told, *args, **options):
    """Check a claim that holds  ->  its evidence."""
    before = narrator._lesson.checked
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check("the claim", *args, **options)
    claim, evidence = told().split("\n")
    assert claim == "    ✓ the claim" and narrator._lesson.checked == before + 1
    return evidence.strip()


def fails(told, *args, function=check, **options):
    """Check a claim that does not hold  ->  its evidence."""
    with warnings.catch_warnings(), pytest.raises(AssertionError) as caught:
        warnings.simplefilter("error")
        function("the claim", *args, **options)
    claim, evidence = told().split("\n")                         # it was printed before
    assert claim == "    ✗ DOES NOT HOLD: the claim"
    assert str(caught.value) == f"the claim: {evidence.strip()}"
    return evidence.strip()


def test_equal_to_the_bit(told):
    assert holds(told, 0.1, 0.1) == "0.1 and 0.1; to the bit"
    x = np.random.default_rng(0).standard_normal((3, 4))
    assert holds(told, x, x.copy()) == "(3, 4), largest difference 0.0e+00; to the bit"
    holds(told, x, x.tolist()), holds(told, 0.0, -0.0), holds(told, np.zeros(3), 0), holds(told, 0, np.zeros(3))
    holds(told, True, np.True_), holds(told, [True, False], np.array([True, False]))
    assert "relative error" in fails(told, 0.3, 0.1 + 0.2)
    assert "allowed none" in fails(told, x, np.nextafter(x, 9))
    fails(told, True, False), fails(told, [True, False], np.array([True, True]))


def test_large_whole_numbers_are_compared_as_such(told):
    holds(told, 2 ** 53 + 1, 2 ** 53 + 1), holds(told, 2 ** 200, 2 ** 200)
    fails(told, 2 ** 200, 2 ** 200 + 1)
    fails(told, 2 ** 53 + 1, 2 ** 53)                            # which are one as floats
    fails(told, np.array([1, 2 ** 60 + 1]), np.array([1, 2 ** 60]))


def test_within_a_relative_tolerance_by_norm(told):
    x = np.array([3.0, 4.0])                                     # of norm 5
    assert holds(told, x, x + [0, 0.004], rtol=1e-3) == ("(2,), largest difference 4.0e-03; "
                                                         "relative error 8.0e-04, allowed 1e-03")
    assert "relative error 2.4e-03, allowed 1e-03" in fails(told, x, x - [0.012, 0], rtol=1e-3)
    # of the larger of the two
    holds(told, 100, 101, rtol=0.01), fails(told, 100, 101, rtol=0.0099)
    holds(told, 101, 100, rtol=0.01), fails(told, 101, 100, rtol=0.0099)
    holds(told, [99.1, 100.9], 100, rtol=0.01), fails(told, 100, [98, 102], rtol=0.01)
    fails(told, 0.0, 1e-100, rtol=0.5), fails(told, -1, 1, rtol=1)


def test_within_an_absolute_tolerance(told):
    assert holds(told, 1.0, 1.009, atol=0.01) == "1 and 1.009; difference 9.0e-03, allowed 1e-02"
    fails(told, 1.0, 1.011, atol=0.01)
    fails(told, np.zeros(2), [0.8, 0.8], atol=1)                 # by norm, 1.13
    assert "allowed 1e-03, or a difference of 1e-02" in holds(told, 10, 10.02, rtol=1e-3, atol=0.01)
    fails(told, 10, 10.021, rtol=1e-3, atol=0.01)


def test_shapes_that_differ(told):
    assert fails(told, np.zeros((2, 3)), np.zeros((3, 2)), atol=9) == "shapes (2, 3) and (3, 2)"
    fails(told, np.zeros((1, 3)), np.zeros(3)), fails(told, [], [0.0]), fails(told, [1, 2], [1])


@pytest.mark.parametrize("tolerance", [{}, {"rtol": 1e-9}, {"rtol": 0.5, "atol": 9.0}])
def test_nan_never_passes(told, tolerance):
    for a, b in ((np.nan, np.nan), (1.0, np.nan), (np.nan, 1.0), ([1, np.nan], [1, np.nan]),
                 ([1, np.nan], 1.0), (1.0, [np.nan, 1.0]), (complex(1, np.nan), 1 + 0j)):
        fails(told, a, b, **tolerance)


@pytest.mark.parametrize("tolerance", [{}, {"rtol": 1e-9}, {"atol": 1.0}])
def test_infinity_is_near_to_nothing_but_itself(told, tolerance):
    for a, b in ((np.inf, 1.0), (1.0, np.inf), (-np.inf, np.inf), ([1, np.inf], [1, 2.0]),
                 ([np.inf, 2], np.inf), ([np.inf, 2], [np.inf, 9])):
        fails(told, a, b, **tolerance)
    for a, b in ((np.inf, np.inf), (-np.inf, -np.inf), ([1, np.inf], [1, np.inf]),
                 (np.inf, [np.inf, np.inf])):
        holds(told, a, b, **tolerance)


@pytest.mark.parametrize("scale", [1e200, 1e-200, 1e-310])
def test_numbers_whose_squares_over_or_underflow_are_compared_all_the_same(told, scale):
    fails(told, scale, 2 * scale), fails(told, scale, 2 * scale, rtol=1e-9), fails(told, 0.0, scale,
                                                                                   rtol=0.5)
    fails(told, [scale, scale], [scale, 2 * scale], rtol=1e-9)
    holds(told, scale, scale), holds(told, [scale, 0], [scale, 0], rtol=1e-9)
    holds(told, scale, 1.0001 * scale, rtol=1e-3)


def test_complex_numbers(told):
    assert holds(told, 1 + 2j, 1 - 2j + 4j) == "1 + 2i and 1 + 2i; to the bit"
    holds(told, 3 + 0j, 3), holds(told, np.array([1j, 1]), np.array([1j, 1.0]))
    fails(told, 1 + 2j, 1 - 2j), fails(told, 1 + 2j, 1, rtol=0.1), holds(told, 3 + 4j, 3 + 4.004j,
                                                                         rtol=1e-3)


def test_anything_that_can_be_compared(told):
    assert holds(told, "VAE", "VAE") == "VAE and VAE"
    assert fails(told, ["W1", "b1"], ["W1", "b2"]) == "['W1', 'b1'] and ['W1', 'b2']"
    holds(told, ["W1", "b1"], ["W1", "b1"])
    holds(told, [[1], [2, 3]], [[1], [2, 3]]), fails(told, [[1], [2, 3]], [[1]])
    holds(told, {"a": 1}, {"a": 1}), holds(told, None, None), holds(told, [], []), fails(told, None,
                                                                                         0)
    holds(told, np.array(["a", "b"]), np.array(["a", "b"])), fails(told, np.array(["a", "b"]),
                                                                   np.array(["a", "c"]))
    fails(told, np.array([1, 2]), "ab")


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
    assert told() == "    – left out by --quick: it converges\n    – left out by --quick: it gets better"
    check("a small claim", 1, 1)
    with pytest.raises(AssertionError):
        check("another", 1, 2)
    begin(DOC, [])
    told()
    fails(told, 1, 2, full_size=True), fails(told, 2, 1, function=check_less, full_size=True)


# ---------------------------------------------------------------------- check_less

def less(told, smaller, larger):
    before = narrator._lesson.checked
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_less("the claim", smaller, larger)
    claim, evidence = told().split("\n")
    assert claim == "    ✓ the claim" and narrator._lesson.checked == before + 1
    return evidence.strip()


def test_less_prints_the_closest_pair(told):
    assert less(told, 1, 2.5) == "1 < 2.5"
    assert less(told, [1, 5, 2], [4, 5.5, 9]) == "5 < 5.5, the closest of 3"
    assert less(told, [[1, 5], [3, -2]], 6) == "5 < 6, the closest of 4"
    assert less(told, 0, np.array([3, 2])) == "0 < 2, the closest of 2"
    assert less(told, np.array([[1], [2]]), np.array([5, 3])) == "2 < 3, the closest of 4"
    assert less(told, np.array([1], np.uint8), np.array([200], np.uint8)) == "1 < 200"
    assert less(told, -np.inf, [1, np.inf]).startswith("-inf < ")


def test_less_means_less(told):
    assert fails(told, 2, 1, function=check_less) == "2 < 1"
    fails(told, 1, 1, function=check_less), fails(told, [1, 2], [2, 2], function=check_less)
    assert fails(told, [0, 9, 1], [5, 8, 5], function=check_less) == "9 < 8, the closest of 3"
    for smaller, larger in ((np.nan, 1), (1, np.nan), ([0, np.nan], 1), (0, [1, np.nan]),
                            (np.inf, np.inf), (-np.inf, -np.inf), (np.nan, np.nan),
                            (np.uint8(3), np.uint8(2))):
        fails(told, smaller, larger, function=check_less)
    assert "nan" in fails(told, [0, np.nan], 1, function=check_less)


def test_of_nothing_nothing_is_claimed(told):
    for function, sides in ((check, ([], 1)), (check, (1, np.zeros((0, 2)))),
                            (check_less, ([], [])), (check_less, (0, []))):
        assert fails(told, *sides, function=function) == "there is nothing to compare"


def test_a_row_of_a_table_that_is_too_short_or_long_is_refused():
    for row in ([1], [1, 2, 3]):
        with pytest.raises(ValueError):
            table(["a", "b"], [row])


def test_the_closest_pair_shows_that_it_differs(told):
    left, right = less(told, 0.1, 0.1 + 1e-12).split(" < ")
    assert left != right


# ---------------------------------------------------------------------- figure

def drawing():
    fig = Figure(figsize=(1, 1))
    fig.subplots().plot([0, 1], [1, 0])
    return fig


def test_a_figure_is_saved_where_out_says_and_that_is_told(told, tmp_path):
    out = tmp_path / "new" / "deeper"
    begin(DOC, ["--out", str(out)])
    told()
    path = figure(drawing(), "a line")
    assert path == str(out / "a line.png") and told() == f"    figure: {path}"
    assert os.listdir(out) == ["a line.png"]
    pixels = imread(path)[..., :3]
    assert pixels.shape == (100, 100, 3) and 0 < (pixels < 0.9).any(axis=2).sum() < 5000
    figure(drawing(), "a line")                                  # a second time, over the first
    assert os.listdir(out) == ["a line.png"]


def test_a_folder_that_cannot_be_written_is_told_in_one_sentence(capsys, tmp_path, monkeypatch):
    # in words of the system, since an administrator may
    def forbidden(path, *args, **options):
        raise PermissionError(13, "Permission denied", str(path))
    (tmp_path / "file").write_text("precious")
    assert "--out: expected a folder that can be" in refused(capsys, "--out",
                                                             str(tmp_path / "file" / "below"))
    for out, function, reason in ((tmp_path / "no", "os.makedirs", "Permission denied"),
                                  (tmp_path, "numpyvae.checkpoint.open", "Permission denied")):
        begin(DOC, ["--out", str(out)])
        capsys.readouterr()
        with monkeypatch.context() as patch, pytest.raises(SystemExit) as stop:
            patch.setattr(function, forbidden, raising=False)
            figure(drawing(), "a")
        out_text, err = capsys.readouterr()
        assert stop.value.code == 2 and out_text == "" and err.count("\n") == 1
        assert err.startswith(str(out / "a.png")) and "--out" in err and (reason in err
                                                                          or os.name != "posix")
    assert os.listdir(tmp_path) == ["file"]


# ---------------------------------------------------------------------- progress

def test_progress_yields_everything_and_is_silent_where_it_is_fast(told):
    assert list(progress(range(5), "counting")) == list(range(5)) and list(progress([], "nothing")) == []
    assert list(progress("abc", "spelling")) == ["a", "b", "c"] and told() == ""


def test_in_a_pipe_it_speaks_about_every_ten_seconds(told, clock):
    for _ in progress(range(8), "training"):
        clock.append(4)
    lines = [line for line in told().split("\n") if line]
    assert lines == ["    … training: 3 of 8 done", "    … training: 6 of 8 done"]


def drawn_bars(screen):
    return re.findall(r"\r    \[([#.]{20})\] training", screen.getvalue())


def lines_on(screen):
    """What stands on a screen after all those returns to the start of a line."""
    lines = []
    for line in screen.getvalue().split("\n"):
        lines.append("")
        # each overwrites the beginning of what stood there
        for part in line.split("\r"):
            lines[-1] = part + lines[-1][len(part):]
    return [line.rstrip() for line in lines]


def test_on_a_terminal_a_bar_grows_and_is_erased(terminal, clock):
    screen = terminal(60)
    for _ in progress(range(8), "training"):
        clock.append(0.2)
    lengths = [bar.count("#") for bar in drawn_bars(screen)]
    assert len(lengths) >= 7 and lengths == sorted(set(lengths)) and lengths[-1] >= 15
    assert lines_on(screen) == [""] and screen.getvalue().endswith("\r")
    assert max(len(part) for part in screen.getvalue().split("\r")) < 60


def test_no_bar_where_it_would_only_flash(terminal, clock):
    screen = terminal()
    assert list(progress(range(1000), "training")) == list(range(1000)) and list(progress([], "nothing")) == []
    assert screen.getvalue() == ""


def test_a_loop_that_is_left_early_leaves_no_bar(terminal, clock):
    screen = terminal()
    for i in progress(range(8), "training"):
        clock.append(0.2)
        if i == 5:
            break
    assert drawn_bars(screen) and lines_on(screen) == [""]


# ---------------------------------------------------------------------- end

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


# ---------------------------------------------------------------------- --pause

def test_pause_waits_between_steps_and_at_the_end(told, monkeypatch):
    keys = io.StringIO("\n" * 9)
    monkeypatch.setattr(sys, "stdin", keys)
    begin(DOC, ["--pause"])
    for expected in (0, 1, 2):
        step("a step"), say("Prose.")
        assert keys.tell() == expected                           # how often Enter was pressed
    end()
    assert keys.tell() == 3
    text = told()
    assert text.count("Press Enter to go on.") == 2 and text.count("Press Enter to end.") == 1
    begin(DOC, [])
    step("one"), step("two"), end()
    assert keys.tell() == 3 and "Press Enter" not in told()


def test_where_nobody_can_press_enter_it_goes_on(told, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    begin(DOC, ["--pause"])
    for _ in range(4):
        step("a step")
    end()
    text = told()
    assert text.count("Press Enter") == 1 and "4  a step " in text and "0 claims checked" in text


# ---------------------------------------------------------------------- colours and width

def tell_everything(tmp_path):
    begin(DOC, ["--quick", "--out", str(tmp_path)])
    step("The sum of many things", "f = g + h"), say("word " * 40), show("x", 1.5), check("it is",
                                                                                          1, 1)
    check("it will be", 1, 1, full_size=True), table(["a"], [[1]])
    with pytest.raises(AssertionError):
        check("it is not", 1, 2)
    figure(Figure(figsize=(1, 1)), "a"), end()


def test_colours_are_for_terminals_that_want_them(capsys, terminal, monkeypatch, tmp_path):
    tell_everything(tmp_path)
    piped, _ = capsys.readouterr()
    assert "\033" not in piped
    screen = terminal(101)                                       # a page of 100 columns
    tell_everything(tmp_path)
    for kind in narrator.COLOURS.values():
        assert f"\033[{kind}m" in screen.getvalue()
    assert screen.getvalue().count("\033[0m") == screen.getvalue().count("\033[") / 2
    assert [line[:20] for line in plain(screen.getvalue()).split("\n")] == [line[:20] for line in piped.split("\n")]
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        screen = terminal(101)
        monkeypatch.setenv(name, value)
        tell_everything(tmp_path)
        assert "\033" not in screen.getvalue() and "✓ it is" in screen.getvalue()


@pytest.mark.parametrize("columns, width", [(60, 59), (5, 20), (200, 100)])
def test_the_page_is_as_wide_as_a_narrow_terminal(terminal, columns, width):
    screen = terminal(columns)
    begin("A title " * 20, []), step("One"), say("word " * 60), end()
    lines = plain(screen.getvalue()).split("\n")
    assert lines[1] == "═" * width and "1  One " + "─" * (width
                                                          - 7) in lines and lines[-3] == "═" * width
    prose = [line for line in lines if line.startswith("word")]
    assert width - 5 < max(map(len, prose)) <= width


# ---------------------------------------------------------------------- in a process of its own

HEAD = '"""1. Why?\n\nBecause μ ✓.\n"""\nfrom numpyvae.narrator import *\nfrom numpyvae.narrator import begin\n'


@pytest.fixture
def script(tmp_path):
    """script(code): the command that runs a lesson of this code."""
    def write(code, begun="begin(__doc__)\n"):
        (tmp_path / "lesson.py").write_text(HEAD + begun + code, encoding="utf-8")
        return [sys.executable, str(tmp_path / "lesson.py")]
    return write


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_any_pipe_is_given_utf_8(script, encoding):
    command = script('step("μ is σ", "μ = ½")\ncheck("σ² ✓", 1, 1)\nend()\nimport '
                     'sys\nprint("schließlich μ", file=sys.stderr)\n')
    done = subprocess.run(command, env={**ENV, "PYTHONIOENCODING": encoding}, capture_output=True)
    assert done.returncode == 0 and done.stderr.decode().splitlines() == ["schließlich μ"]
    out = done.stdout.decode()
    assert "Because μ ✓." in out and "μ = ½" in out and "✓ σ² ✓" in out and "═" in out and "?" not in out[8:]


@posix
def test_ctrl_c_ends_it_without_a_traceback(script):
    command = script('import time\nprint("ready", flush=True)\nfor _ in progress(range(600), '
                     '"waiting"):\n    time.sleep(0.1)\n')
    # A background job of a shell starts with SIGINT ignored, and its children inherit that.
    process = subprocess.Popen(command, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, encoding="utf-8",
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    try:
        while "ready" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode in (130, -signal.SIGINT) and err == "\nstopped\n"


@posix
@pytest.mark.parametrize("argv", [(), ("--help",)], ids=["a lesson", "its help"])
def test_a_reader_that_has_seen_enough(script, argv):
    """As in `python lesson.py | head -1`, but whoever is slower: the pipe is closed from the start.
    """
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*script('say("Prose.")\nend()\n'), *argv], env=ENV, stdout=writer,
                          stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert done.stderr == ""


@posix
def test_the_first_line_alone(script):
    process = subprocess.Popen(script('for _ in range(9999):\n    say("word " * 99)\nend()\n'),
                               env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               encoding="utf-8")
    assert process.stdout.readline() == "1. Why?\n"
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=60)
    assert err == "" and process.returncode != 0


def test_a_claim_that_fails_ends_the_lesson(script):
    done = subprocess.run(script('check("one is two ✓", 1, 2)\nsay("never")\nend()\n'), env=ENV,
                          capture_output=True)
    assert done.returncode == 1
    assert "AssertionError: one is two ✓: " in done.stderr.decode()
    out = done.stdout.decode()
    assert "✗ DOES NOT HOLD: one is two ✓" in out and "never" not in out and "all hold" not in out
