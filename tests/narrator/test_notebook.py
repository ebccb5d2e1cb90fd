"""A lesson in a notebook: what its cells display, and what they do not."""
import base64
import io
import os
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from numpyvae.errors import InvalidValueError
from numpyvae.narrator import (ask, begin, check, check_less, end, figure, progress, say, show,
                               step, table)
from numpyvae.narrator.kernel import UNTITLED

DOC = """7. The question: why?  (blog, section 1)

What this is about, in *two*
lines.

    python tutorials/07_why.py               (3 seconds)

It draws why.png.
"""


def drawing():
    fig = Figure(figsize=(1, 1))
    fig.subplots().plot([0, 1], [1, 0])
    return fig


@pytest.fixture(autouse=True)
def nothing_is_printed(capsys):
    yield
    assert capsys.readouterr() == ("", "")


# ---------------------------------------------------------------------- begin

def test_a_lesson_begins_with_its_title_its_question_and_how_the_options_are_given(kernel):
    begin(DOC, seed=3)
    title, question, how = kernel.told()
    assert title == "# 7. The question: why?\n\n*(blog, section 1)*"
    assert question == "What this is about, in *two* lines."
    assert "`%env NUMPYVAE_QUICK=1`" in how and "`%env NUMPYVAE_SEED=1`" in how and "is 3)" in how


def test_the_docstring_is_found_among_the_cells(kernel):
    kernel.run(f'"""{DOC}"""')
    kernel.run("begin(__doc__)")
    begin(f"{UNTITLED} interactive environment")
    assert kernel.told()[0].startswith("# 7. The question: why?")


def test_where_the_title_stands_above_the_cell_nothing_is_displayed(kernel, lesson):
    options = begin(f"{UNTITLED} interactive environment")
    assert options is lesson and kernel.told() == []
    assert options._ipython_display_() is None           # where it is the last line of a cell
    assert (options.quick, options.pause, options.out, options.seed) == (False, False, "", None)


def test_no_voice_returns_what_a_cell_would_display(kernel, lesson):
    drawn = drawing()
    for returned in (step("one"), say("Prose."), ask("Why?", "So."), show(x=1), table(["x"], [[1]]),
                     check("it is", 1, 1), check_less("it is less", 1, 2), figure(drawn, "a"),
                     end()):
        assert returned is None


def test_the_options_come_from_the_environment(kernel, monkeypatch, tmp_path):
    monkeypatch.setenv("NUMPYVAE_QUICK", "1")
    monkeypatch.setenv("NUMPYVAE_OUT", str(tmp_path / "new"))
    monkeypatch.setenv("NUMPYVAE_SEED", "5")
    options = begin(DOC, seed=0)
    assert (options.quick, options.out, options.seed) == (True, str(tmp_path / "new"), 5)
    assert kernel.told()[-1].startswith("Small sizes (`NUMPYVAE_QUICK`); what needs the full ones")
    assert not os.listdir(tmp_path)
    assert begin(DOC).seed is None


def test_of_a_program_that_is_run_in_a_kernel_they_may_come_from_its_command_line(
        kernel, monkeypatch, tmp_path):
    argv = ["lesson.py", "--quick", "--seed", "4", "--out", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", argv)
    monkeypatch.setenv("NUMPYVAE_SEED", "5")
    options = begin(DOC, seed=0)
    assert (options.quick, options.out, options.seed) == (True, str(tmp_path), 4)


@pytest.mark.parametrize("name, value", [("OUT", __file__), ("SEED", "x")])
def test_a_wrong_option_does_not_end_the_kernel(kernel, monkeypatch, name, value):
    monkeypatch.setenv(f"NUMPYVAE_{name}", value)
    with pytest.raises(InvalidValueError, match=f"^NUMPYVAE_{name}: expected .*, got "):
        begin(DOC, seed=0)
    monkeypatch.delenv(f"NUMPYVAE_{name}")
    with pytest.raises(InvalidValueError, match="--seed"):
        begin(DOC, ["--seed", "x"], seed=0)


def test_nobody_has_to_press_enter(kernel, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    begin(DOC, ["--pause"])
    step("one")
    step("two")
    end()
    assert sys.stdin.tell() == 0


# ---------------------------------------------------------------------- what is said

def test_a_step_is_a_heading_with_its_equation_as_latex(kernel):
    step("One of ½ μ²", "KL = ½ μ²")
    step("Two", second=True)
    heading, second = kernel.told()
    assert heading.startswith("## 1. One of $") and r"\mu^{2}" in heading.split("\n")[0]
    assert heading.split("\n")[2] == "$$" == heading.split("\n")[-1] and "KL" in heading
    assert second == "## 2. Two *(second reading)*"


def test_a_cell_that_is_run_again_keeps_the_number_of_its_step(kernel):
    for _ in range(2):                                   # the first cell as well
        begin(DOC)
        for title in ("one", "two", "one"):
            step(title)
        headings = [text for text in kernel.told() if text.startswith("## ")]
        assert headings == ["## 1. one", "## 2. two", "## 1. one"]
        step("two")
        assert kernel.told() == ["## 2. two"]
    begin(DOC.replace("7.", "8."))                       # another lesson
    step("two")
    assert kernel.told()[-1] == "## 1. two"


def test_a_cell_that_is_run_again_does_not_count_its_claims_twice(kernel, monkeypatch):
    monkeypatch.setenv("NUMPYVAE_QUICK", "1")
    begin(DOC)
    for cell in ("a", "b", "a", "a"):
        kernel.run("check(...)", cell)
        check("it is", 1, 1)
        check("it will be", 1, 2, full_size=True)
    kernel.told()
    end()
    text, = kernel.told()
    assert "<b>2 claims checked, and all hold; 2 left out, since they need the full" in text


def test_numbers_are_shown_with_their_names(kernel):
    show("the loss, ½ μ² < 1", 0.5)
    show(N=3)
    show("many", np.zeros(100))
    assert kernel.told() == ["<div>the loss, ½ μ² &lt; 1 = 0.5000</div>",
                             "<div><code>N</code> = 3</div>",
                             "<div><code>many</code>  (100,)  from 0.0000 to 0.0000, mean 0.0000, "
                             "standard deviation 0.0000</div>"]


def test_a_matrix_is_tinted_by_sign_and_size(kernel):
    show(W=np.array([[1.0, -2.0], [0.0, 1e-9]]))
    plain = kernel.displays[-1][1]["text/plain"]
    assert plain == "W  (2, 2)\n    [ 1.0000  -2.0000]\n    [ 0.0000   0.0000]"
    text, = kernel.told()
    cells = text.split("<td ")[1:]
    assert [cell.split(">")[1].split("<")[0] for cell in cells] == ["1.0000", "-2.0000", "0.0000",
                                                                    "0.0000"]
    tints = [cell.partition("rgba(")[2].partition(")")[0] for cell in cells]
    assert tints == ["217, 119, 6, 0.23", "37, 99, 235, 0.45", "", ""]
    show(z=np.array([np.nan, np.inf, 1j]))               # of which there is no share to take
    assert "rgba" not in kernel.told()[0]
    show(empty=np.zeros((0, 3)))
    assert "(0, 3)" in kernel.told()[0]


def test_a_table_has_its_words_to_the_left_and_its_numbers_to_the_right(kernel):
    table(["which", "σ²"], iter([["a < b", 0.5], ["c", 12]]))
    text, = kernel.told()
    assert '<th style="text-align: left">which</th><th style="text-align: right">σ²</th>' in text
    assert 'left">a &lt; b</td><td style="text-align: right">0.5</td>' in text
    with pytest.raises(ValueError):
        table(["one"], [[1, 2]])
    assert kernel.told() == []


def test_claims_have_their_evidence_beside_them(kernel, monkeypatch):
    check("μ < 3", 1, 1)
    with pytest.raises(AssertionError):
        check("it is", 1, 2)
    begin(DOC, ["--quick"])
    check("it will be", 1, 2, full_size=True)
    good, bad, *_, left_out = kernel.told()
    assert "✓</span> μ &lt; 3 <span" in good and "to the bit)" in good
    assert "✗ DOES NOT HOLD:" in bad and "it is" in bad
    assert "– left out, because of small sizes: it will be" in left_out


def test_a_question_has_its_answer_folded_behind_it(kernel):
    ask("Why?", "Since *so*.\n\n    KL = ½ μ²")
    text, = kernel.told()
    assert text.startswith("**Question 1.** Why?\n\n<details><summary>Answer</summary>\n\nSince")
    assert "$$" in text and text.endswith("\n\n</details>")
    end()
    assert "so" not in kernel.told()[-1]                 # nor is it answered again


# ---------------------------------------------------------------------- figures, progress

def test_a_figure_is_shown_and_saved_only_if_a_folder_was_named(kernel, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    figure(drawing(), "a", seen="a line that falls")
    assert kernel.displays[-1][1]["text/plain"] == "a line that falls"
    png, = kernel.told()
    pixels = imread(io.BytesIO(base64.b64decode(png)))
    assert pixels.shape[:2] == (100, 100) and os.listdir(tmp_path) == []
    monkeypatch.setenv("NUMPYVAE_OUT", "figures")
    begin(DOC)
    kernel.told()
    figure(drawing(), "a")
    again, where = kernel.told()
    assert again == png and os.path.join("figures", "a.png") in where
    assert (tmp_path / "figures" / "a.png").read_bytes() == base64.b64decode(png)


def test_a_folder_that_cannot_be_written_does_not_end_the_kernel(kernel, tmp_path, monkeypatch):
    def refuse(path, *args, **options):          # as the system would, if not to an administrator
        raise PermissionError(13, "Permission denied", str(path))
    monkeypatch.setenv("NUMPYVAE_OUT", str(tmp_path))
    begin(DOC)
    monkeypatch.setattr("numpyvae.files.open", refuse, raising=False)
    with pytest.raises(InvalidValueError, match=r"a\.png: cannot be written \(Permission denied\); "
                       "name another folder with NUMPYVAE_OUT"):
        figure(drawing(), "a")


def test_progress_is_one_line_that_is_written_over(kernel, clock):
    for _ in progress(range(3), "training μ < 3"):
        clock.append(0.4)                                # the second is the first to take a while
        told = [content["text/plain"] for _, content in kernel.displays]
    assert told == ["… training μ < 3: 2 of 3 done"]
    (_, content), = kernel.displays
    assert content["text/plain"] == "training μ < 3: 3 in 1 s"
    assert "training μ &lt; 3: 3 in 1 s" in content["text/html"]


def test_a_quick_loop_and_one_over_nothing_display_nothing(kernel, clock):
    assert list(progress("abc", "spelling")) == ["a", "b", "c"] and list(progress([], "none")) == []
    assert kernel.displays == []


def test_another_loop_has_a_line_of_its_own(kernel, clock):
    for _ in range(2):
        for _ in progress("ab", "spelling"):
            clock.append(1)
    assert len(kernel.displays) == 2 and len({known for known, _ in kernel.displays}) == 2
