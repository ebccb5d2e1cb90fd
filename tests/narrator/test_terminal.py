"""How a lesson is printed: what stands together, the width of the page, its colours, progress, and
what a process does about encodings, Ctrl-C and readers who leave.
"""
import io
import os
import re
import signal
import subprocess
import sys

import pytest
from matplotlib.figure import Figure

from numpyvae.narrator import (begin, check, check_less, end, figure, progress, say, show, step,
                               table)
from numpyvae.narrator.terminal import COLOURS

posix = pytest.mark.skipif(os.name != "posix", reason="signals and closed pipes are other things "
                           "there")


# ---------------------------------------------------------------------- headings and prose

def test_a_title_is_underlined_as_far_as_the_page_goes(told):
    begin("Why?", [])
    assert told() == "Why?\n════"
    begin("Why? " * 30, [])
    assert told().split("\n")[1] == "═" * 100


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
    say("a well-known " * 12)                                        # not broken at its hyphen
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


# ---------------------------------------------------------------------- what stands together

def numbers():
    show("a", 1)
    show("b", 2)


def claims():
    check("c", 1, 1)
    check_less("d", 1, 2)


@pytest.mark.parametrize("tell", [numbers, claims])
def test_numbers_stand_together_and_so_do_claims(capsys, tell):
    tell()
    out, _ = capsys.readouterr()
    assert out.startswith("\n") and "\n\n" not in out


def test_all_else_stands_apart(capsys):
    say("Prose.")
    say("More.")
    assert capsys.readouterr()[0] == "\nProse.\n\nMore.\n"
    table(["a"], [[1]])
    table(["b"], [[2]])
    assert capsys.readouterr()[0] == "\n    a\n    ─\n    1\n\n    b\n    ─\n    2\n"
    numbers()
    claims()
    step("Next", "y = x")
    heading = "1  Next " + "─" * 92
    assert capsys.readouterr()[0] == ("\n    a = 1\n    b = 2\n"
                                      "\n    ✓ c\n      1, to the bit\n    ✓ d\n      1 < 2\n"
                                      f"\n{heading}\n\n    y = x\n")


def test_an_array_and_a_table_stand_in_the_margin(told):
    show("x", [[1, 20], [3, 4]])
    assert told() == "    x  (2, 2)\n        [ 1  20]\n        [ 3   4]"
    table(["a", "b"], [[1, "c"]])
    assert told() == "    a │ b\n    ──┼──\n    1 │ c"


# ---------------------------------------------------------------------- progress

def test_progress_yields_everything_and_is_silent_where_it_is_fast(told):
    assert list(progress(range(5), "counting")) == list(range(5))
    assert list(progress([], "nothing")) == []
    assert list(progress("abc", "spelling")) == ["a", "b", "c"]
    assert told() == ""


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
        shown = ""
        for part in line.split("\r"):                # each overwrites the start of the one before
            shown = part + shown[len(part):]
        lines.append(shown.rstrip())
    return lines


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
    assert list(progress(range(1000), "training")) == list(range(1000))
    assert list(progress([], "nothing")) == []
    assert screen.getvalue() == ""


def test_a_loop_that_is_left_early_leaves_no_bar(terminal, clock):
    screen = terminal()
    for i in progress(range(8), "training"):
        clock.append(0.2)
        if i == 5:
            break
    assert drawn_bars(screen) and lines_on(screen) == [""]


# ---------------------------------------------------------------------- colours and width

def tell_everything(tmp_path):
    begin("7. Why?", ["--quick", "--out", str(tmp_path)])
    step("The sum of many things", "f = g + h")
    say("word " * 40)
    show("x", 1.5)
    check("it is", 1, 1)
    check("it will be", 1, 1, full_size=True)
    table(["a"], [[1]])
    with pytest.raises(AssertionError):
        check("it is not", 1, 2)
    figure(Figure(figsize=(1, 1)), "a")
    end()


def plain(text):
    return re.sub(r"\033\[[\d;]*m", "", text)


def test_colours_are_for_terminals_that_want_them(capsys, terminal, monkeypatch, tmp_path):
    tell_everything(tmp_path)
    piped, _ = capsys.readouterr()
    assert "\033" not in piped
    screen = terminal(101)                                           # a page of 100 columns
    tell_everything(tmp_path)
    coloured = screen.getvalue()
    for code in COLOURS.values():
        assert f"\033[{code}m" in coloured
    assert coloured.count("\033[0m") == coloured.count("\033[") / 2
    without_seconds = [line.split("  (")[0] for line in piped.split("\n")]
    assert [line.split("  (")[0] for line in plain(coloured).split("\n")] == without_seconds
    for name, value in (("NO_COLOR", "1"), ("TERM", "dumb")):
        screen = terminal(101)
        monkeypatch.setenv(name, value)
        tell_everything(tmp_path)
        assert "\033" not in screen.getvalue() and "✓ it is" in screen.getvalue()


@pytest.mark.parametrize("columns, width", [(60, 59), (5, 20), (200, 100)])
def test_the_page_is_as_wide_as_a_narrow_terminal(terminal, columns, width):
    screen = terminal(columns)
    begin("A title " * 20, [])
    step("One")
    say("word " * 60)
    end()
    lines = plain(screen.getvalue()).split("\n")
    assert lines[1] == lines[-3] == "═" * width
    assert "1  One " + "─" * (width - 7) in lines
    prose = [line for line in lines if line.startswith("word")]
    assert width - 5 < max(map(len, prose)) <= width


# ---------------------------------------------------------------------- in a process of its own

@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_any_pipe_is_given_utf_8(script, env, encoding):
    command = script('step("μ is σ", "μ = ½")\ncheck("σ² ✓", 1, 1)\nend()\nimport sys\n'
                     'print("schließlich μ", file=sys.stderr)\n')
    done = subprocess.run(command, env={**env, "PYTHONIOENCODING": encoding}, capture_output=True)
    assert done.returncode == 0 and done.stderr.decode().splitlines() == ["schließlich μ"]
    out = done.stdout.decode()
    for words in ("Because μ ✓.", "μ = ½", "✓ σ² ✓", "═"):
        assert words in out
    assert "?" not in out[8:]


@posix
def test_ctrl_c_ends_it_without_a_traceback(script):
    command = script('import time\nprint("ready", flush=True)\n'
                     'for _ in progress(range(600), "waiting"):\n    time.sleep(0.1)\n')
    # A background job of a shell starts with SIGINT ignored, and its children inherit that.
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
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
    """It is `python lesson.py | head -1`, whoever is faster: the pipe is closed from the start."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([*script('say("Prose.")\nend()\n'), *argv], stdout=writer,
                          stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert done.stderr == ""


@posix
def test_the_first_line_alone(script):
    process = subprocess.Popen(script('for _ in range(9999):\n    say("word " * 99)\nend()\n'),
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               encoding="utf-8")
    assert process.stdout.readline() == "1. Why?\n"
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    process.wait(timeout=60)
    assert err == "" and process.returncode != 0


def test_an_error_is_reported_as_usual(script):
    done = subprocess.run(script('raise LookupError("of ours")\n'), capture_output=True, text=True)
    assert done.returncode == 1
    assert "Traceback" in done.stderr and "LookupError: of ours" in done.stderr


def test_what_a_terminal_cannot_show_ends_nothing(monkeypatch):
    class Ascii(io.TextIOWrapper):
        def isatty(self):
            return True
    screen = Ascii(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("NO_COLOR", "1")
    begin("1. μ?", [])
    assert screen.encoding == "ascii" and screen.buffer.getvalue().startswith(b"1. ??\n?????\n")
