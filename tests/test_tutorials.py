"""The lessons: each runs, has the form of one, says what it leaves out; the sheet is the source."""
import ast
import io
import re
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from numpyvae import VAE
from numpyvae.narrator import source
from numpyvae.walk import EQUATIONS, PLUMBING

TUTORIALS = Path(__file__).parent.parent / "tutorials"
PACKAGE   = TUTORIALS.parent / "numpyvae"
LESSONS   = sorted(TUTORIALS.glob("[0-9][0-9]_*.py"))
INDEX     = TUTORIALS / "README.md"

each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)


@pytest.fixture
def as_a_program(monkeypatch, tmp_path):
    """Runs a lesson in tmp_path as `python lesson ...` would, into an ASCII pipe  ->  its output.

    It shares NumPy and matplotlib with this process, since importing them takes a third of the time
    of a lesson. The package it imports afresh, so that nothing which a test or another lesson left
    there can help it.
    """
    monkeypatch.chdir(tmp_path)
    kept = {name: sys.modules.pop(name) for name in modules_of_the_package()}

    def run_it(lesson, *arguments):
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
        monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        monkeypatch.setattr(sys, "argv", [str(lesson), *arguments])
        monkeypatch.setattr(sys, "path", [str(lesson.parent), *sys.path])
        monkeypatch.setattr(sys, "excepthook", sys.excepthook)       # which a lesson replaces
        runpy.run_path(str(lesson), run_name="__main__")
        return written(sys.stdout), written(sys.stderr)

    yield run_it
    for name in modules_of_the_package():
        del sys.modules[name]
    sys.modules.update(kept)


def modules_of_the_package():
    return [name for name in sys.modules if name.split(".")[0] == "numpyvae"]


def written(stream):
    """What was written to a stream of bytes."""
    stream.flush()
    return stream.buffer.getvalue().decode("utf-8")


def text_of(path):
    return path.read_text(encoding="utf-8")


def words(text):
    """`text` with its whitespace made single spaces, so that alignment does not matter."""
    return " ".join(text.split())


# ---------------------------------------------------------------------- the lessons

def test_there_are_sixteen():
    assert [lesson.name[:2] for lesson in LESSONS] == [f"{number:02}" for number in range(16)]


# Fail on the warnings that a separate process would show.
@pytest.mark.filterwarnings("error", "ignore::DeprecationWarning",
                            "ignore::PendingDeprecationWarning", "ignore::ImportWarning",
                            "ignore::ResourceWarning")
@each_lesson
def test_a_lesson_runs_quickly_and_whole(lesson, as_a_program, tmp_path):
    out, err = as_a_program(lesson, "--quick", "--out", "figures", "--page", "page.html")
    assert not err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figures", "page.html"]
    page = text_of(tmp_path / "page.html")
    assert len(page.encode()) < 1e6
    promised = re.findall(r"\w+\.png", ast.get_docstring(ast.parse(text_of(lesson))))
    drawn = [path.name for path in (tmp_path / "figures").iterdir()]
    assert drawn and set(drawn) <= set(promised)             # some are left to the full run
    for name in drawn:
        pixels = imread(tmp_path / "figures" / name)[:, :, :3]
        colours = np.unique(pixels[::10] @ [1.0, 300.0, 9e4])
        assert pixels.shape[1] >= 1000 and pixels.std() > 0.03
        assert len(colours) > 20                             # measured: 213 and more
    summary = re.compile(r"^(\d+) claims? checked, and all hold(?:; (\d+) left out)?", re.MULTILINE)
    claims, left_out = summary.search(out).groups()
    assert int(claims) == len(re.findall("^    ✓ ", out, re.MULTILINE)) >= 9
    assert int(left_out or 0) == out.count("– left out by --quick: ")
    assert page.count('<details class="claim">') == int(claims)
    assert page.count("<small>(left out by --quick)</small>") == int(left_out or 0)
    assert page.count("<figure>") == len(drawn)


@each_lesson
def test_every_figure_says_what_is_seen_on_it(lesson):
    for node in ast.walk(ast.parse(text_of(lesson))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "figure":
            seen, = map(ast.literal_eval, seen_by(node))
            # Sentences, not a name; and no picture needs a thousand words.
            assert seen.endswith(".") and 60 < len(seen) < 600, seen


def seen_by(call):
    """What is seen on a figure, as its call says it: its third argument."""
    return call.args[2:] + [keyword.value for keyword in call.keywords if keyword.arg == "seen"]


def calls(tree):
    """The names of the functions that are called in `tree`."""
    return {getattr(node.func, "id", "") for node in ast.walk(tree) if isinstance(node, ast.Call)}


@each_lesson
def test_a_lesson_has_the_form_of_one(lesson):
    text = text_of(lesson)
    assert len(text.splitlines()) >= 100
    doc = ast.get_docstring(ast.parse(text))
    assert re.match(rf"{int(lesson.name[:2])}\. [^?]+\?  \(blog, .+\)\n\n", doc)
    assert f"python tutorials/{lesson.name} " in doc
    cells = [cell.strip() for cell in re.split(r"^# %%$", text, flags=re.MULTILINE)[1:]]
    assert "begin(__doc__" in cells[0] and cells[-1] == "end()"
    assert text.count("# %%") == len(cells) >= 7
    steps = cells[1:-1]
    assert all(cell.startswith("step(") for cell in steps), "a cell opens with the step that it is"
    judging = {"check", "check_less"}
    for node in ast.parse(text).body:            # and the lesson's own functions that call these
        if isinstance(node, ast.FunctionDef) and judging & calls(node):
            judging.add(node.name)
    silent = [cell.splitlines()[0] for cell in steps if not judging & calls(ast.parse(cell))]
    assert not silent, "cells that claim nothing"


@each_lesson
def test_nearly_half_of_a_lesson_is_prose(lesson):
    text = text_of(lesson)
    tree = ast.parse(text)
    told = [ast.get_docstring(tree)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            told += [ast.get_source_segment(text, part) for part in prose_of(node)]
    prose = sum(len(words(part)) for part in told)
    least = 0.25 if lesson.name[:2] == "12" else 0.4         # 12 holds a whole program as text
    assert prose >= least * len(words(text))


def prose_of(call):
    """The arguments of a call that are prose."""
    name = getattr(call.func, "id", "")
    if name in ("say", "step", "ask"):
        return call.args
    if name == "figure":
        return seen_by(call)
    return call.args[:1] if name.startswith("check") else []


@each_lesson
def test_the_index_asks_each_lesson_s_question(lesson):
    title = text_of(lesson).splitlines()[0]
    row = re.compile(rf"^\| \[`{lesson.stem}`\]\({lesson.name}\) \| (.*?) \| .+ \|$", re.MULTILINE)
    question, = row.findall(text_of(INDEX))
    assert question in title


def test_the_network_by_hand_is_done_without_the_model():
    by_hand, compared = text_of(TUTORIALS / "07_vae_by_hand.py").split(
        'step("The same from the package"')
    assert "import VAE" in compared
    lines = re.findall(r"^(?:from|import) numpyvae.*$", by_hand, re.MULTILINE)
    assert lines and all(re.match(r"from numpyvae(\.narrator)? import ", line) for line in lines)
    names = set(re.findall(r"\w+", " ".join(lines)))
    assert not names & {"VAE", "Adam", "vae", "latent", "layers", "likelihoods", "optim"}


def test_pictures_are_there_and_small():
    shown = {name for page in (INDEX, TUTORIALS.parent / "README.md")
             for name in re.findall(r"pictures/(\w+\.png)", text_of(page))}
    there = {path.name: path.stat().st_size for path in (TUTORIALS / "pictures").iterdir()}
    assert shown == set(there)
    assert max(there.values()) < 200_000


# ---------------------------------------------------------------------- the sheet

def sheet():
    """The two tables of the sheet, of the network and of its parts: rows of four cells."""
    page = text_of(INDEX).split("## The sheet")[1]
    tables = re.split(r"^\|---.*$", page, flags=re.MULTILINE)[1:]
    return [[cells_of(row) for row in re.findall(r"^\|.*\|$", table, re.MULTILINE)
             if not row.startswith("| forward")] for table in tables]


def cells_of(row):
    return [cell.strip() for cell in row.strip("|").split("|")]


def code(cells):
    """The code in these cells, those left out that are empty."""
    return [words(cell.strip("`")) for cell in cells if cell]


def lines_of_the_heart():
    """Every assignment of `VAE.loss_and_grads` that is mathematics: (its names, its code)."""
    lines = [(line.targets, words(line.code)) for line in source.assignments(VAE.loss_and_grads)]
    return [(targets, line) for targets, line in lines if targets[0] not in PLUMBING]


def lines_of_the_parts():
    """The lines of the primitives, each with the comment behind it."""
    found = {}
    for room in ("layers", "latent", "likelihoods"):
        for line in text_of(PACKAGE / f"{room}.py").splitlines():
            before, _, comment = line.partition("  #")
            found.setdefault(words(before), set()).add(comment.strip())
    return found


def plain(equation):
    """An equation in one way of writing."""
    for one, other in (("−", "-"), ("Σₙ", "Σ_n"), (" / ", "/"), (", else 0", "")):
        equation = equation.replace(one, other)
    return words(equation)


def test_the_sheet_has_every_line_of_the_network_in_its_order():
    network, _ = sheet()
    forward  = code(row[0] for row in network)
    backward = code(row[2] for row in network)
    assert forward + backward[::-1] == [line for _, line in lines_of_the_heart()]


def test_every_code_line_of_the_sheet_stands_in_the_source():
    _, parts = sheet()
    lines = code(cell for row in parts for cell in (row[0], row[2]))
    assert len(lines) > 12
    assert not set(lines) - set(lines_of_the_parts())


def test_the_equations_of_the_network_are_those_that_walk_tells():
    network, _ = sheet()
    first_names = {line: [name for name in targets if name != "_"][0]
                   for targets, line in lines_of_the_heart()}
    compared = 0
    for forward, equation, backward, derivative in network:
        for line, told in ((forward, equation), (backward, derivative)):
            name = first_names[words(line.strip("`"))] if line else ""
            if name in EQUATIONS and name not in ("recon", "kl"):        # which walk says in words
                assert plain(told) == plain(EQUATIONS[name]), line
                compared += 1
    assert compared == len(EQUATIONS) - 2 >= 20


def test_the_equations_of_the_parts_are_those_of_the_source():
    _, parts = sheet()
    comments, compared = lines_of_the_parts(), 0
    for forward, equation, backward, derivative in parts:
        for line, told in ((forward, equation), (backward, derivative)):
            known = comments[words(line.strip("`"))] - {""} if line else set()
            if known:
                assert plain(told) in {plain(comment) for comment in known}, line
                compared += 1
    assert compared >= 13


def test_the_sheet_explains_every_line():
    for part in sheet():
        assert all(len(row) == 4 and row[2] and row[3] for row in part)
        assert all(row[1] for row in part if row[0])
