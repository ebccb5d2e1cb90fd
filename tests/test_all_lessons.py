"""All lessons with one command: what it runs and reports, the book, the notebooks."""
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import numpyvae

SCRIPT  = Path(__file__).parent.parent / "tutorials" / "all_lessons.py"
ENV     = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(numpyvae.__file__))}
SUMMARY = r" +\S+ s   \d+ claims checked, and all hold"


def run(*arguments, cwd, **env):
    """Run it as a program  ->  exit status, standard output, standard error."""
    done = subprocess.run([sys.executable, SCRIPT, *map(str, arguments)], cwd=cwd,
                          env={**ENV, **env}, capture_output=True, stdin=subprocess.DEVNULL,
                          encoding="utf-8")
    return done.returncode, done.stdout, done.stderr


def without_matplotlib(folder):
    """The PYTHONPATH of a process in which no lesson can draw."""
    (folder / "broken").mkdir()
    (folder / "broken" / "matplotlib.py").write_text("raise ImportError('no such thing')\n")
    return os.pathsep.join([str(folder / "broken"), ENV["PYTHONPATH"]])


def refused(*arguments, cwd):
    """The sentence with which these arguments are refused."""
    status, out, err = run(*arguments, cwd=cwd)
    assert status == 2 and out == "" and err.count("\n") == 1
    return err


def test_two_lessons_at_a_time(tmp_path):
    status, out, err = run("03", "12", "--quick", "--jobs", "2", "--out", "figures", cwd=tmp_path)
    assert status == 0 and not err
    lines = "".join(sorted(out.splitlines(keepends=True)))   # either of the two may be done first
    assert re.fullmatch(f"03_dense_layer{SUMMARY}\n12_pytorch_line_by_line{SUMMARY}\n", lines)
    drawn = {path.name for path in (tmp_path / "figures").iterdir()}
    assert drawn == {"three_products.png", "dense_layer.png", "line_by_line.png"}


def test_it_says_which_failed(tmp_path):
    status, out, _ = run("03", "--out", "other", cwd=tmp_path,
                         PYTHONPATH=without_matplotlib(tmp_path))
    assert status == 1 and "03_dense_layer FAILED" in out and "no such thing" in out


def test_wrong_arguments_are_refused_in_a_sentence(tmp_path):
    (tmp_path / "figures").write_text("in the way")
    for option in ("--out", "--book", "--notebooks"):
        assert f"{option} figures: cannot be made a folder" in refused("03", option, "figures",
                                                                       cwd=tmp_path)
    assert "there is no lesson 99; there are 00, 01" in refused("99", cwd=tmp_path)
    assert "--quick" in refused("--notebooks", "new", "--quick", cwd=tmp_path)
    assert "not allowed with" in refused("--notebooks", "new", "--book", "other", cwd=tmp_path)
    assert os.listdir(tmp_path) == ["figures"]


@pytest.mark.skipif(os.name != "posix", reason="signals are different elsewhere")
def test_ctrl_c_stops_it_and_its_lessons(tmp_path):
    process = subprocess.Popen([sys.executable, SCRIPT, "02", "09", "--jobs", "2"], cwd=tmp_path,
                               env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               encoding="utf-8")
    while not children(process.pid):
        time.sleep(0.05)
    time.sleep(0.2)
    begun = children(process.pid)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and out == "" and err == "\nstopped\n"
    assert not any(os.path.exists(f"/proc/{pid}") for pid in begun)


def children(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return found.stdout.split()


# ---------------------------------------------------------------------- the book

@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """A book of two lessons, and what was printed of it."""
    folder = tmp_path_factory.mktemp("work")
    status, out, err = run("12", "03", "--quick", "--book", "book", cwd=folder)
    assert status == 0 and not err
    assert os.listdir(folder) == ["book"]
    return folder / "book", out


def test_a_book_has_a_page_for_each_lesson_an_explorer_and_an_index(book):
    folder, out = book
    pages = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert set(pages) == {"index.html", "03_dense_layer.html", "12_pytorch_line_by_line.html",
                          "explore_digits.html"}
    assert all(len(page) < 1e6 for page in pages.values())
    assert len(re.findall(SUMMARY, out)) == 2 and "explore_digits.html" in out
    assert re.search(r"The book: 4 pages, \d\.\d MB\. Begin by opening book.index\.html in a "
                     r"browser\.\n$", out)
    claims = sum(int(count) for count in re.findall(r"(\d+) claims checked", out))
    assert "2 lessons for what the blog post" in pages["index.html"]
    assert f"{claims} claims, all of which hold. They ran at small sizes" in pages["index.html"]


def test_its_pages_lead_to_each_other(book):
    folder, _ = book
    first, second = [(folder / name).read_text(encoding="utf-8")
                     for name in ("03_dense_layer.html", "12_pytorch_line_by_line.html")]
    for page in (first, second, (folder / "explore_digits.html").read_text(encoding="utf-8")):
        assert 'href="index.html"' in page
    assert '<a rel="next" href="12_pytorch_line_by_line.html">' in first
    assert '<a rel="prev" href="03_dense_layer.html">3. The dense layer' in second.replace("‹ ", "")
    assert 'rel="prev"' not in first.split("<script>")[0]
    assert 'rel="next"' not in second.split("<script>")[0]


def test_an_older_book_is_replaced_and_one_lesson_that_fails_is_said(book, tmp_path):
    folder, _ = book
    before = (folder / "03_dense_layer.html").read_bytes()
    status, out, _ = run("03", "--quick", "--book", folder, cwd=folder.parent,
                         PYTHONPATH=without_matplotlib(tmp_path))
    assert status == 1 and "03_dense_layer FAILED" in out and "no book" in out
    assert (folder / "03_dense_layer.html").read_bytes() == before


def test_nothing_of_somebody_else_s_is_written_over(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "index.html").write_text("<p>mine")
    said = refused("03", "--quick", "--book", "mine", cwd=tmp_path)
    assert "--book mine: expected a new or empty folder, or one with an older book" in said
    assert (tmp_path / "mine" / "index.html").read_text() == "<p>mine"


# ---------------------------------------------------------------------- notebooks

def test_notebooks_are_written_and_nobody_s_work_is_written_over(tmp_path):
    for _ in range(2):                                       # the second time over the same
        status, out, err = run("03", "07", "--notebooks", "new/deeper", cwd=tmp_path)
        assert status == 0 and not err and out.startswith("2 notebooks in new/deeper")
    folder = tmp_path / "new" / "deeper"
    assert sorted(os.listdir(folder)) == ["03_dense_layer.ipynb", "07_vae_by_hand.ipynb"]
    first = json.loads((folder / "03_dense_layer.ipynb").read_text(encoding="utf-8"))
    assert "".join(first["cells"][0]["source"]).startswith("# 3. The dense layer: where do")
    first["cells"].append("a student's own")
    (folder / "03_dense_layer.ipynb").write_text(json.dumps(first))
    said = refused("03", "04", "--notebooks", "new/deeper", cwd=tmp_path)
    assert "03_dense_layer.ipynb" in said and "name another folder" in said
    assert not (folder / "04_reparameterization.ipynb").exists()
    assert "a student's own" in (folder / "03_dense_layer.ipynb").read_text()
