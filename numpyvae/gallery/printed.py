"""The gallery printed: every bug, what catches it, and what that says."""
import os
import sys
import textwrap

from ..narrator import OneLineParser
from .bugs import CHECK


def command(description, groups, catch, right_lines):
    """Print some groups of bugs, as a program of its own  ->  exit status: 0; 1, a bug got away;
    130, stopped.

    description: what --help says; the rest: as for `print_gallery`
    Exits with status 2 if there are arguments.
    """
    OneLineParser(description=description).parse_args()
    try:
        return print_gallery(groups, catch, right_lines)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        return 130
    except BrokenPipeError:                                  # a reader who left is no error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def print_gallery(groups, catch, right_lines):
    """Print every bug of some groups and what catches it  ->  exit status.

    groups: {heading: bugs}
    catch: takes a bug, returns whether it was caught, and what was said of it
    right_lines: takes a bug, returns the lines of its program by name
    """
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace", **({} if stream.isatty() else {"encoding": "utf-8"}))
    escaped = []
    for heading, bugs in groups.items():
        print(f"\n{heading}\n{'─' * len(heading)}")
        for bug in bugs:
            caught, said = catch(bug)
            if not caught:
                escaped.append(bug.name)
            _print(bug, said, right_lines(bug))
    bugs     = [bug for group in groups.values() for bug in group]
    by_check = sum(bug.by == CHECK for bug in bugs)
    others   = len({bug.by for bug in bugs} - {CHECK})
    summary  = (f"{len(bugs)} bugs: {by_check} caught by the {CHECK}, {len(bugs) - by_check} that "
                f"it cannot see, by {others} others")
    if escaped:
        summary += f"; not caught: {', '.join(escaped)}"
    print(f"\n{summary}")
    return 1 if escaped else 0


def _print(bug, said, right):
    print(f"\n{bug.name}")
    for line in bug.wrong:
        _entry("right", " ".join(right[line.split()[0]].split()))
        _entry("wrong", line)
    _entry("caught", f"by the {CHECK}" if bug.by == CHECK else f"by {bug.by}")
    _entry("says", said)
    if bug.seen:
        _entry("seen", bug.seen)


def _entry(what, text):
    """A text beside one word, filled to the width of a page."""
    print(textwrap.fill(text, 100, initial_indent=f"    {what:<8}", subsequent_indent=" " * 12,
                        break_on_hyphens=False, break_long_words=False))
