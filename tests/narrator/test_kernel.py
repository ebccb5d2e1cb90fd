"""The kernel that a lesson may run in: whether it is here, the lesson's docstring, its options."""
import sys

import pytest

from numpyvae.errors import InvalidValueError
from numpyvae.narrator import kernel as room

DOC = "7. Why?  (blog, section 1)\n\nBecause.\n"


def test_a_program_is_no_kernel(monkeypatch):
    assert not room.is_here() and not room.can_display() and room.cell() == (None, None)
    monkeypatch.setitem(sys.modules, "ipykernel", object())
    monkeypatch.delitem(sys.modules, "IPython.display", raising=False)
    assert room.is_here() and not room.can_display() and room.cell() == (None, None)


def test_a_cell_is_known_by_its_id_or_else_by_its_source(kernel):
    assert room.is_here() and room.can_display()
    kernel.run("1 + 1", cell="abc")
    assert room.cell() == ("abc", 2)
    kernel.run("1 + 1")
    assert room.cell() == ("1 + 1", 3)


def test_the_docstring_of_a_program_that_is_run_in_a_kernel_is_its_own(kernel):
    assert room.docstring(DOC) == DOC


@pytest.mark.parametrize("other", [f"{room.UNTITLED} interactive environment", None])
def test_the_docstring_of_cells_is_among_them(kernel, other):
    assert room.docstring(other) == ""
    kernel.run('"""An older lesson.\n\nIt was."""')
    kernel.run(f'"""{DOC}"""')
    kernel.run('"no lesson"')
    kernel.run("this is no Python")
    assert room.docstring(other) == DOC


@pytest.mark.parametrize("value, quick", [("1", True), ("yes", True), ("0", False), ("", False),
                                          (" 0 ", False)])
def test_empty_and_0_are_no(kernel, monkeypatch, value, quick):
    monkeypatch.setenv("NUMPYVAE_QUICK", value)
    assert room.options(None) == {"quick": quick, "out": "", "seed": None}


def test_the_seed_is_an_option_only_where_the_lesson_has_one(kernel, monkeypatch):
    assert room.options(3)["seed"] == 3
    monkeypatch.setenv("NUMPYVAE_SEED", "12")
    assert room.options(3)["seed"] == 12 and room.options(None)["seed"] is None
    assert "NUMPYVAE_SEED" in room.how(3) and "NUMPYVAE_SEED" not in room.how(None)
    assert all(name in room.how(None) for name in ("NUMPYVAE_QUICK=1", "NUMPYVAE_OUT"))


@pytest.mark.parametrize("value", ["-1", "x", "1.5"])
def test_a_seed_that_is_none_is_told_in_a_sentence(kernel, monkeypatch, value):
    monkeypatch.setenv("NUMPYVAE_SEED", value)
    with pytest.raises(InvalidValueError, match="^NUMPYVAE_SEED: expected a whole number, 0 or "
                       f"more, got '{value}'$"):
        room.options(0)
