"""The progress bar: what a terminal shows of it, and that nobody else sees anything."""
import errno
import io

import pytest

from numpyvae.progress import Bar, is_terminal


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still, except for the seconds appended to it."""
    passed = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: sum(passed))
    monkeypatch.setenv("COLUMNS", "80")
    return passed


def draw(bar, clock, part, words="training"):
    """Draw a state that is not too early to be drawn."""
    clock.append(1)
    bar.draw(part, words)


def states(screen):
    """Every state of the line, without the spaces that fill it."""
    return [state.rstrip() for state in screen.getvalue().split("\r")[1:]]


@pytest.mark.parametrize("part, cells", [
    (0, 0), (0.049, 0), (0.05, 1), (0.5, 10), (0.999, 19), (1, 20)])
def test_a_bar_has_a_cell_for_each_twentieth(clock, part, cells):
    screen = Terminal()
    draw(Bar(screen), clock, part)
    assert states(screen) == ["  [" + "#" * cells + "." * (20 - cells) + "] training"]


def test_each_state_covers_the_one_before(clock):
    screen = Terminal()
    bar = Bar(screen, indent="")
    draw(bar, clock, 0.1, "a long description")
    draw(bar, clock, 0.6, "short")
    assert states(screen) == ["[##..................] a long description",
                              "[############........] short"]
    assert [len(state) for state in screen.getvalue().split("\r")[1:]] == [79, 79]


def test_ten_times_a_second_at_most(clock):
    screen = Terminal()
    bar = Bar(screen)
    bar.draw(0.1, "too early")
    for _ in range(100):
        clock.append(0.03125)                                        # exact in binary
        bar.draw(0.5, "training")
    assert len(states(screen)) == 25                                 # each fourth


@pytest.mark.parametrize("columns, width", [(200, 99), (100, 99), (99, 98), (40, 39), (1, 0)])
def test_a_line_stays_one_column_short_of_wrapping(clock, monkeypatch, columns, width):
    monkeypatch.setenv("COLUMNS", str(columns))
    screen = Terminal()
    bar = Bar(screen)
    draw(bar, clock, 0.5, "word " * 40)
    bar.clear()
    whole = "  [##########..........] " + "word " * 40
    assert screen.getvalue() == "\r" + whole[:width] + "\r" + " " * width + "\r"


def test_what_is_cleared_is_gone_and_what_was_never_drawn_is_not_cleared(clock):
    screen = Terminal()
    bar = Bar(screen)
    bar.clear()
    assert screen.getvalue() == ""
    draw(bar, clock, 0.5)
    for _ in range(2):
        bar.clear()
        assert states(screen) == ["  [##########..........] training", "", ""]
    draw(bar, clock, 1)
    assert states(screen)[-1] == "  [####################] training"


def test_nothing_is_drawn_where_there_is_no_terminal(clock, capsys):
    pipe = io.StringIO()
    for stream in (None, pipe, object()):
        bar = Bar(stream)
        assert bar.live is False
        draw(bar, clock, 0.5)
        bar.clear()
    assert pipe.getvalue() == "" and capsys.readouterr() == ("", "")
    assert Bar(Terminal()).live is True


def test_a_terminal_that_goes_away_ends_nothing(clock):
    class Gone(Terminal):
        def write(self, text):
            raise OSError(errno.EIO, "Input/output error")
    closed = Terminal()
    bars = [Bar(Gone()), Bar(closed)]
    closed.close()
    for bar in bars:
        draw(bar, clock, 0.5)
        bar.clear()


def test_words_that_the_terminal_cannot_write_end_nothing(clock):
    class Ascii(io.TextIOWrapper):
        def isatty(self):
            return True
    draw(Bar(Ascii(io.BytesIO(), encoding="ascii")), clock, 0.5, "μ")


def test_what_a_terminal_is():
    closed = io.StringIO()
    closed.close()
    assert is_terminal(Terminal())
    assert not any(is_terminal(stream) for stream in (None, closed, io.StringIO(), object()))
