"""What a student's file prints is shown, as far as one can read it."""
import io
import sys

import pytest

from numpyvae.gradcheck.printed import Printed


def test_a_little_is_shown(judged, by_name):
    status, out, _ = judged("print('hello')\n" + by_name)
    assert status == 0 and out.startswith("hello\n") and "more lines" not in out
    status, out, _ = judged(by_name, ("return x @ W + b", "print('shapes', x.shape, x)\n"
                                      "    return x @ W + b"))
    assert status == 0 and out.startswith("shapes (3, 7) [[") and "more lines.)" in out
    assert out.count("shapes") <= 2_000 / 200 and "| yes" in out


def test_much_is_counted(judged, by_name):
    status, out, _ = judged("for k in range(5000): print(k)\n" + by_name)
    assert status == 0 and "\n520\n" in out and "\n530\n" not in out
    assert out.splitlines()[-1].startswith("(my.py printed 4,4") and out.count("more lines.)") == 1
    assert "more lines" not in judged(by_name)[1]


@pytest.mark.parametrize("limit, shown, hidden", [
    (100, "one\ntwo\n", 0), (4, "one\n", 1), (3, "one", 2), (0, "", 2)])
def test_up_to_a_limit(monkeypatch, limit, shown, hidden):
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    printed = Printed(limit)
    with printed.taking_over(), printed.taking_over():
        for text in ("one", "\n", "two", "\n"):
            assert sys.stdout.write(text) == len(text)
        sys.stdout.flush()
    assert out.getvalue() == shown and printed.hidden == hidden and sys.stdout is out
