"""The lessons: each runs, keeps to the form, and says what it leaves out; the sheet is the source.
"""
import ast
import inspect
import io
import os
import re
import runpy
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from numpyvae import VAE
from numpyvae.narrator import source
from numpyvae.walk import EQUATIONS

TUTORIALS = Path(__file__).parent.parent / "tutorials"
PACKAGE = TUTORIALS.parent / "numpyvae"
LESSONS = sorted(TUTORIALS.glob("[0-9][0-9]_*.py"))
INDEX = TUTORIALS / "README.md"

each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)


def run(*arguments, cwd, **env):
    """A Python process  ->  exit status, what it printed, what it complained."""
    done = subprocess.run([sys.executable, *map(str, arguments)], cwd=cwd,
                          env={**os.environ, **env}, capture_output=True, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8")


@pytest.fixture
def as_a_program(monkeypatch, tmp_path):
    """Runs a lesson in tmp_path as `python lesson ...` would, into an ASCII pipe  ->  what it
    printed, and complained.

    It shares NumPy and matplotlib with this process, whose import takes a third of the time of a
    lesson; the package it imports afresh, so that nothing which a test or another lesson left there
    can help it.
    """
    monkeypatch.chdir(tmp_path)
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0]
            == "numpyvae"}

    def run_it(lesson, *arguments):
        for name in ("stdout", "stderr"):
            monkeypatch.setattr(sys, name, io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
        for name, value in (("argv", [str(lesson), *arguments]), ("stdin", io.StringIO()),
                            ("excepthook", sys.excepthook),
                            ("path", [str(lesson.parent), *sys.path])):
            monkeypatch.setattr(sys, name, value)
        runpy.run_path(str(lesson), run_name="__main__")
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        return tuple(stream.buffer.getvalue().decode("utf-8")
                     for stream in (sys.stdout, sys.stderr))
    yield run_it
    for name in [name for name in sys.modules if name.split(".")[0] == "numpyvae"]:
        del sys.modules[name]
    sys.modules.update(kept)


def words(text):
    """`text` with one space where there was space: how code is compared that may be aligned
    otherwise.
    """
    return " ".join(text.split())


# ---------------------------------------------------------------------- the lessons

def test_there_are_thirteen():
    assert [lesson.name[:2] for lesson in LESSONS] == [f"{number:02}" for number in range(13)]


# as a process of its own would show them
@pytest.mark.filterwarnings("error", *(f"ignore::{kind}" for kind in (
    "DeprecationWarning", "PendingDeprecationWarning", "ImportWarning", "ResourceWarning")))
@each_lesson
def test_a_lesson_runs_quickly_and_whole(lesson, as_a_program, tmp_path):
    out, err = as_a_program(lesson, "--quick", "--out", "figures")
    assert not err
    assert [path.name for path in tmp_path.iterdir()] == ["figures"]
    promised = re.findall(r"\w+\.png",
                          ast.get_docstring(ast.parse(lesson.read_text(encoding="utf-8"))))
    # some are left to the full run
    drawn = [path.name for path in (tmp_path / "figures").iterdir()]
    assert drawn and set(drawn) <= set(promised)
    for name in drawn:
        pixels = imread(tmp_path / "figures" / name)[:, :, :3]
        assert pixels.shape[1] >= 1000 and pixels.std() > 0.03
        # measured: 213 and more
        assert len(np.unique(pixels[::10] @ [1.0, 300.0, 9e4])) > 20
    summary = re.compile(r"^(\d+) claims? checked, and all hold(?:; (\d+) left out)?", re.MULTILINE)
    claims, left_out = summary.search(out).groups()
    assert int(claims) == len(re.findall("^    ✓ ", out, re.MULTILINE)) >= 9
    assert int(left_out or 0) == out.count("– left out by --quick: ")


def calls(tree):
    """The names of the functions that are called in it."""
    return {getattr(node.func, "id", "") for node in ast.walk(tree) if isinstance(node, ast.Call)}


@each_lesson
def test_a_lesson_has_the_form_of_one(lesson):
    text = lesson.read_text(encoding="utf-8")
    lines = text.splitlines()
    assert 100 <= len(lines) <= 300
    doc = ast.get_docstring(ast.parse(text))
    assert re.match(rf"{int(lesson.name[:2])}\. [^?]+\?  \(blog, .+\)\n\n", doc)
    assert f"python tutorials/{lesson.name} " in doc
    cells = [cell.strip() for cell in re.split(r"^# %%$", text, flags=re.MULTILINE)[1:]]
    assert "begin(__doc__" in cells[0] and cells[-1] == "end()"
    assert all(cell.startswith("step(")
               for cell in cells[1:-1]), "a cell opens with the step that it is"
    assert text.count("# %%") == len(cells) >= 7
    # and the lesson's own functions that call these
    judging = {"check", "check_less"}
    functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    judging |= {function.name for function in functions if judging & calls(function)}
    silent = [cell.splitlines()[0] for cell in cells[1:-1] if not judging & calls(ast.parse(cell))]
    assert not silent, "cells that claim nothing"


@each_lesson
def test_nearly_half_of_a_lesson_is_prose(lesson):
    text = lesson.read_text(encoding="utf-8")
    tree, source = ast.parse(text), text.encode()
    # of the lines, in bytes as ast counts
    starts = [0, *(end.end() for end in re.finditer(b"\n", source))]
    prose = len(ast.get_docstring(tree))
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = getattr(call.func, "id", "")
        told = {"say": call.args, "step": call.args}.get(name, call.args[:1]
                                                         if name.startswith("check") else [])
        prose += sum(len(source[starts[part.lineno - 1]
                                + part.col_offset: starts[part.end_lineno - 1]
                                + part.end_col_offset].decode()) for part in told)
    # 12 holds a whole program as text
    assert prose >= (0.25 if lesson.name[:2] == "12" else 0.4) * len(text)


@each_lesson
def test_the_index_asks_each_lesson_s_question(lesson):
    title = lesson.read_text(encoding="utf-8").splitlines()[0]
    row = re.compile(rf"^\| \[`{lesson.stem}`\]\({lesson.name}\) \| (.*?) \| .+ \|$", re.MULTILINE)
    question, = row.findall(INDEX.read_text(encoding="utf-8"))
    assert question in title


def test_the_network_by_hand_is_done_without_the_model():
    text = (TUTORIALS / "07_vae_by_hand.py").read_text(encoding="utf-8")
    by_hand, compared = text.split('step("The same from the package"')
    assert "import VAE" in compared
    lines = re.findall(r"^(?:from|import) numpyvae.*$", by_hand, re.MULTILINE)
    assert lines == [line for line in lines
                     if re.match(r"from numpyvae(\.narrator)? import ", line)]
    assert not set(re.findall(r"\w+", " ".join(lines))) & {"VAE", "Adam", "vae", "latent", "layers",
                                                           "losses"}


def test_pictures_are_there_and_small():
    shown = {name for page in (INDEX, TUTORIALS.parent / "README.md")
             for name in re.findall(r"pictures/(\w+\.png)", page.read_text(encoding="utf-8"))}
    there = {path.name: path.stat().st_size for path in (TUTORIALS / "pictures").iterdir()}
    assert shown == set(there)
    assert max(there.values()) < 200_000


# ---------------------------------------------------------------------- all of them with one
# command

def test_all_lessons_with_one_command(tmp_path):
    script = TUTORIALS / "all_lessons.py"
    status, out, err = run(script, "03", "12", "--quick", "--jobs", "2", "--out", "figures",
                           cwd=tmp_path)
    assert status == 0 and not err
    # of two at a time, either may be done first
    lines = "".join(sorted(out.splitlines(keepends=True)))
    assert re.fullmatch(r"03_dense_layer +\S+ s   \d+ claims checked, and all hold\n"
                        r"12_pytorch_line_by_line +\S+ s   \d+ claims checked, and all hold\n",
                        lines)
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {"dense_layer.png",
                                                                        "line_by_line.png"}


def test_all_lessons_says_which_failed(tmp_path):
    (tmp_path / "figures").write_text("in the way")
    status, out, err = run(TUTORIALS / "all_lessons.py", "03", "--quick", "--out", "figures",
                           cwd=tmp_path)
    assert status == 2 and "figures" in err and "Traceback" not in err
    status, _, err = run(TUTORIALS / "all_lessons.py", "13", cwd=tmp_path)
    assert status == 2 and "there is no lesson 13; there are 00, 01" in err
    status, out, _ = run(TUTORIALS / "all_lessons.py", "03", "--out", "other", cwd=tmp_path,
                         MPLBACKEND="no such thing")
    assert status == 1 and "03_dense_layer FAILED" in out and "no such thing" in out


# ---------------------------------------------------------------------- the sheet

def sheet():
    """Its rows: forward, equation, backward, derivative; first those of the network, then those of
    its parts.
    """
    page = INDEX.read_text(encoding="utf-8").split("## The sheet")[1]
    tables = re.split(r"^\|---.*$", page, flags=re.MULTILINE)[1:]
    return [[[cell.strip() for cell in row.strip("|").split("|")] for row in re.findall(r"^\|.*\|$", part, re.MULTILINE)
             if not row.startswith("| forward")] for part in tables]


def assignments(function):
    """The code of every assignment of a function, without the checks before and the packing after.
    """
    source = textwrap.dedent(inspect.getsource(function))
    nodes = [node for node in ast.parse(source).body[0].body if isinstance(node, ast.Assign)]
    code = [words(ast.get_source_segment(source, node)) for node in nodes]
    return [line for line in code if not line.startswith(("x, eps", "to =", "grads ="))]


def code(cells):
    return [words(cell.strip("`")) for cell in cells if cell]


def test_the_sheet_has_every_line_of_the_network_in_its_order():
    network, _ = sheet()
    forward, backward = code(row[0] for row in network), code(row[2] for row in network)
    assert forward + backward[::-1] == assignments(VAE.loss_and_grads)


def test_every_code_line_of_the_sheet_stands_in_the_source():
    _, parts = sheet()
    source = {words(line.split("  #")[0]) for name in ("layers", "latent", "losses")
              for line in (PACKAGE / f"{name}.py").read_text(encoding="utf-8").splitlines()}
    lines = code(cell for row in parts for cell in (row[0], row[2]))
    assert len(lines) > 12
    assert not set(lines) - source


def plain(equation):
    """An equation without what it is called, and in one way of writing: to compare a comment of the
    source with it.
    """
    for one, other in (("−", "-"), ("Σₙ", "Σ"), ("Σ_n", "Σ"), ("sigmoid(l)", "p"), (" / ", "/"), (", else 0", "")):
        equation = equation.replace(one, other)
    return [part.split(" = ")[-1].strip() for part in equation.split(": ")[0].split(", ")]


def test_the_equations_of_the_sheet_are_those_of_the_source():
    network, _ = sheet()
    comments = {words(line.code): EQUATIONS[name] for line in source.assignments(VAE.loss_and_grads)
                for name in line.targets if name in EQUATIONS}
    compared = 0
    for forward, equation, backward, derivative in network:
        for line, told in ((forward, equation), (backward, derivative)):
            comment = comments.get(words(line.strip("`")))
            # which the source says in words
            if comment and not comment.startswith(("recon ", "kl ")):
                assert plain(told) == plain(comment), line
                compared += 1
    assert compared >= 18


def test_the_sheet_explains_every_line():
    for part in sheet():
        assert all(len(row) == 4 and row[3] and bool(row[2]) for row in part)
        assert all(row[1] for row in part if row[0])
