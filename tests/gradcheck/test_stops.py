"""Where a student's code stopped, and why: file, line and words."""
import os

import numpy as np
import pytest

from numpyvae.gradcheck.stops import Stop, place


def stop_of(tmp_path, text, name="my.py", **names):
    """The Stop of the exception that a text raises when it is run as a file."""
    path = str(tmp_path / name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    try:
        exec(compile(text, path, "exec"), {"np": np, **names})
    except Exception as error:
        return Stop(path, error)


@pytest.mark.parametrize("text, line", [
    ("\n1 / 0", 2), ("def f():\n    return 1 / 0\n\nf()", 2),
    ("def f(a):\n    return a / 0\nf(np.linalg.inv(np.zeros((2, 3))))", 3)])
def test_the_last_line_of_the_student_s(tmp_path, text, line):
    stop = stop_of(tmp_path, text)
    assert (stop.file, stop.line) == (str(tmp_path / "my.py"), line)
    assert stop.place == f"{tmp_path / 'my.py'}, line {line}" == place(stop.file, stop.line)


@pytest.mark.parametrize("folder, shown", [
    ("", "layers.py"), ("lib", os.path.join("lib", "layers.py"))])
def test_a_file_that_theirs_imports(tmp_path, monkeypatch, folder, shown):
    (tmp_path / folder).mkdir(exist_ok=True)
    file = tmp_path / folder / "layers.py"
    file.write_text("\n\ndef f():\n    return nothing\n", encoding="utf-8")
    names = {}
    exec(compile(file.read_text(encoding="utf-8"), str(file), "exec"), names)
    assert stop_of(tmp_path, "f()", f=names["f"]).place == f"{tmp_path / shown}, line 4"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NameError) as caught:
        names["f"]()
    assert Stop("my.py", caught.value).place == f"{shown}, line 4"


def test_a_file_elsewhere_is_shown_with_its_path(tmp_path):
    (tmp_path / "work").mkdir()
    file = tmp_path / "layers.py"
    file.write_text("def f():\n    return nothing\n", encoding="utf-8")
    names = {}
    exec(compile(file.read_text(encoding="utf-8"), str(file), "exec"), names)
    assert stop_of(tmp_path, "f()", name="work/my.py", f=names["f"]).place == f"{file}, line 2"


def test_no_line_of_theirs(tmp_path):
    stop = Stop(str(tmp_path / "my.py"), ValueError("raised nowhere"))
    assert stop.advice is None and stop.place is None and stop.file is None and stop.line is None
    assert place("my.py", None) == "my.py"


@pytest.mark.parametrize("text, words", [
    ("dou", "nothing is called dou when that line is reached"),
    ("dout = 1\ndoutt", "nothing is called doutt when that line is reached; is dout meant?"),
    ("def f(dout): return doutt\nf(1)", "nothing is called doutt when that line is reached; "
                                        "is dout meant?"),
    ("raise NameError('bare')", None), ("{}[1]", None)])
def test_an_unknown_name(tmp_path, text, words):
    assert stop_of(tmp_path, text).advice == words


@pytest.mark.parametrize("text, product, shapes", [
    ("a @ b", "a @ b", "(3, 4) and (5, 2)"),
    ("c = a.T @ (\n  a @ b)", "a @ b", "(3, 4) and (5, 2)"),
    ("c = 1 + (a.T @ a) @ b", "a.T @ a @ b", "(4, 4) and (5, 2)"),
    ("a.dot(b)", "a @ b", "(3, 4) and (5, 2)"),
    ("np.dot(a, b)", "a @ b", "(3, 4) and (5, 2)"),
    ("a.T[:, 0] @ b", "a.T[:, 0] @ b", "(4,) and (5, 2)"),
    ("d['W'] @ b", "d['W'] @ b", "(3, 4) and (5, 2)"),
    ("np.matmul(a, a)", "a @ a", "(3, 4) and (3, 4)")])
def test_both_shapes_of_a_product(tmp_path, text, product, shapes):
    stop = stop_of(tmp_path, text, a=np.ones((3, 4)), b=np.ones((5, 2)), d={"W": np.ones((3, 4))})
    assert stop.advice == (f"in the product {product}, the shapes {shapes} do not fit: the columns "
                           "of the first have to be as many as the rows of the second")


@pytest.mark.parametrize("text, said", [
    ("a @ b", "ValueError: matmul: the shapes do not fit"),
    ("np.einsum('ij,jk', a, b)", "ValueError: the shapes do not fit"),
    ("a.dot(b)", "ValueError: shapes (3,4) and (5,2) not aligned: 4 (dim 1) != 5 (dim 0)")])
def test_cryptic_words_of_numpy_are_left_out(tmp_path, text, said):
    assert stop_of(tmp_path, text, a=np.ones((3, 4)), b=np.ones((5, 2))).said == said


def test_nothing_is_computed_again_that_might_do_something(tmp_path):
    calls = []
    stop_of(tmp_path, "f(a) @ a", a=np.ones((3, 4)), f=lambda a: calls.append(a) or a).advice
    assert len(calls) == 1


def test_a_file_that_is_gone(tmp_path):
    stop = stop_of(tmp_path, "a @ a", a=np.ones((3, 4)))
    os.remove(tmp_path / "my.py")
    assert stop.advice is None
