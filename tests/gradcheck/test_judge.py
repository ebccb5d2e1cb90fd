"""`numpyvae check FILE.py:forward,backward`: what it says of files that can be used, and of those
that cannot.

(The exercises, attempt by attempt: tests/test_exercises.py.)
"""
import pytest

from numpyvae.cli import main

PAIR = """
import numpy as np

def forward(x, W, b):
    return x @ W + b, (x, W)

def backward(dy, cache):
    x, W = cache
    dx = dy @ W.T
    dW = x.T @ dy
    db = dy.sum(axis=0)
    return dx, dW, db

def example():
    rng = np.random.default_rng(0)
    return rng.random((3, 7)), rng.random((7, 5)), rng.random(5)
"""


@pytest.fixture
def judged(tmp_path, capsys, monkeypatch):
    """Judge a text, with some of it replaced  ->  exit status, what was printed, what was
    complained.
    """
    monkeypatch.chdir(tmp_path)

    def judge(*changes, target="my.py:forward,backward", text=PAIR, options=()):
        for old, new in changes:
            assert text.count(old) == 1
            text = text.replace(old, new)
        (tmp_path / "my.py").write_text(text, encoding="utf-8")
        status = main(["check", target, *options])
        return status, *capsys.readouterr()
    return judge


def test_a_right_one(judged):
    status, out, err = judged()
    assert status == 0 and not err and out.count("| yes") == 3
    assert "backward is right: 3 gradients agree with the differences, to a relative " in out


@pytest.mark.parametrize("change, words", [
    (("dy.sum(axis=0)", "dy.mean(axis=0)"), "b: 1/N (N = 3) of the numeric gradient"),
    (("x.T @ dy", "x.T @ dy / 7"), "W: 1/D (D = 7) of the numeric gradient"),
    (("dx = dy @ W.T", "dx = np.ones((3, 5)) @ W.T"), "x: it does not depend on dy, which the chain rule"),
    (("db = dy.sum(axis=0)", "dy *= 2; db = dy.sum(axis=0) / 2"), "backward changes dy, which it was given"),
    (("dW = x.T @ dy", "x *= 2; dW = x.T @ dy / 2"), "grads changes its arguments: a call leaves other numbers in x"),
    (("return x @ W + b,", "x += 1\n    return x @ W + b,"), "f changes its arguments"),
    (("return x @ W + b,", "return x @ W + b + np.random.rand(),"), "f is not deterministic"),
    (("dW = x.T @ dy", "dW = x.T @ dy * np.random.rand()"), "grads is not deterministic")])
def test_a_wrong_one(judged, change, words):
    status, out, err = judged(change)
    assert status == 1 and not err and words in out
    culprit = "forward" if words.startswith("f ") else "backward"
    assert out.rstrip().endswith(f"{culprit} is wrong: see the rows that say NO, and the sentences "
                                 "below them.")


def test_one_gradient_alone_and_those_of_the_first_arguments(judged):
    status, out, _ = judged(("return dx, dW, db", "return dx"))
    assert status == 0 and "backward is right: 1 gradient agrees" in out
    status, out, _ = judged(("return dx, dW, db", "return [dx, dW]"))
    assert status == 0 and "2 gradients agree" in out


def test_a_dictionary_has_an_order(judged):
    names = ("return dx, dW, db", 'return {"b": db, "W": dW, "x": dx}')
    assert judged(names)[0] == 0
    status, out, _ = judged(names, ("dx = dy @ W.T", "dx = dy @ W.T / 2"))
    assert status == 1 and "the error enters at x: what comes before it in backward order is right (b, W)" in out
    assert "the error enters" not in judged(("dx = dy @ W.T", "dx = dy @ W.T / 2"))[1]
    status, out, _ = judged(("return dx, dW, db", 'return {"x": dx, "dW": dW}'))
    assert status == 1 and "dW: no parameter has this name" in out


def test_a_result_that_is_one_number_and_an_argument_that_is_one(judged):
    text = PAIR.replace("x @ W + b,", "float((x @ W + b).sum()),")
    assert judged(("dy @ W.T", "dy * np.ones((3, 5)) @ W.T"), ("x.T @ dy",
                                                               "dy * x.T @ np.ones((3, 5))"),
                  ("dy.sum(axis=0)", "3 * dy * np.ones(5)"), text=text)[0] == 0
    assert judged(("rng.random(5)", "0.5"), ("dy.sum(axis=0)", "dy.sum()"))[0] == 0


def test_single_precision_is_lifted_where_it_is_an_argument_s(judged):
    assert judged(("rng.random(5)", "rng.random(5).astype(np.float32)"))[0] == 0


@pytest.mark.parametrize("changes, words", [
    ([("dx = dy @ W.T", "dx = ...")], ["still blank: dx (line 9)", "So far it is right; now begin with dx"]),
    ([("dx = dy @ W.T", "dx = None")], ["still blank: x", "begin with x"]),
    ([("dx = dy @ W.T", "dx = ..."), ("x.T @ dy", "-x.T @ dy")],
     ["W: the sign is flipped", "still blank: dx (line 9)", "Mend what is wrong, then begin with dx"]),
    ([("dx = dy @ W.T", "raise NotImplementedError")], ["backward is still blank: write it, and ask again."]),
    ([("x, W = cache", "x, W = cache; dz = ..."), ("dy @ W.T", "dz @ W.T")],
     ["line 9: it uses dz, which is still blank (line 8): begin with that"]),
    ([("dy @ W.T", "dy @ W")], ["line 9: ValueError: matmul", "backward stops there: compare the shapes"])])
def test_what_is_unfinished_or_stops(judged, changes, words):
    status, out, err = judged(*changes)
    assert status == 1 and not err and all(word in out for word in words)


@pytest.mark.parametrize("options, words", [
    ({"target": "my.py"}, "expected FILE.py:forward,backward, such as"),
    ({"target": "my.py:forward"}, "expected FILE.py:forward,backward, such as"),
    ({"target": ":forward,backward"}, "expected FILE.py:forward,backward, such as"),
    ({"target": "my.py:forward,back ward"}, "expected FILE.py:forward,backward, such as"),
    ({"target": "yours.py:forward,backward"}, "yours.py: No such file or directory"),
    ({"target": "my.py:forward,backwards"}, "expected a function backwards in it, found forward, backward, example"),
    ({"text": "x = 1"}, "my.py: expected a function forward in it, found none"),
    ({"text": "def forward(:"}, "my.py, line 1: invalid syntax"),
    ({"text": "x = 1\n1 / 0"}, "my.py, line 2: ZeroDivisionError: division by zero"),
    ({"text": "import sys\nsys.exit(3)"}, "my.py, line 2: SystemExit: 3"),
    ({"text": "import nowhere"}, "my.py, line 1: ModuleNotFoundError: No module named 'nowhere'"),
    ({"text": PAIR.replace("def example", "def examples")}, "expected a function example in it"),
    ({"text": PAIR.replace("rng.random(5)", "rng.random(4)")}, "my.py, line 5: ValueError: operands could not be"),
    ({"text": PAIR.replace(", rng.random(5)", "")}, "TypeError: forward() missing 1 required positional argument: 'b'"),
    ({"text": PAIR.replace("x @ W + b, (x, W)", "x @ W + b")}, "expected forward to return two things, its result"),
    ({"text": PAIR.replace("x @ W + b,", "'a',")}, "expected forward to return two things, its result"),
    ({"text": PAIR.replace("x @ W + b,", "np.arange(3),")}, "expected forward to return two things, its result"),
    ({"text": PAIR.replace("dx, dW, db", "dx, dW, db, db")}, "expected 1 to 3 gradients of backward"),
    ({"text": PAIR.replace("return dx, dW, db", "return {'a': dx}")}, "expected gradients by the names of the"),
    ({"text": PAIR.replace("rng.random(5)", "None").replace("+ b", "")}, "b: expected an array of real numbers"),
    ({"options": ["--seed", "-1"]}, "--seed: expected a whole number, 0 or more")])
def test_a_file_that_cannot_be_used_is_told_in_a_sentence(judged, options, words):
    status, out, err = judged(**options)
    assert status == 2 and words in err and err.startswith("numpyvae check: ") and err.count("\n") == 1


def test_the_file_may_import_its_neighbours_and_nothing_is_left_behind(judged, tmp_path):
    (tmp_path / "nearby.py").write_text("two = 2\n", encoding="utf-8")
    import sys
    path, modules = list(sys.path), set(sys.modules)
    assert judged(("dy @ W.T", "two / 2 * dy @ W.T"),
                  ("import numpy as np", "import numpy as np\nfrom nearby import two"))[0] == 0
    assert sys.path == path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def test_another_seed_is_another_random_dy(judged):
    tables = [judged(options=["--seed", seed])[1] for seed in "112"]
    assert tables[0] == tables[1] != tables[2]


def test_an_interruption_is_none_of_its_errors(judged):
    status, _, err = judged(("import numpy as np", "import numpy as np\nraise KeyboardInterrupt"))
    assert status == 130 and err == "numpyvae check: stopped\n"


def test_a_dy_that_no_seed_of_an_example_gives(judged):
    # Were dy equal to the argument, this wrong one would look right: that is so if both come of one
    # seed.
    text = """
import numpy as np
def forward(a): return np.maximum(a, 0), a
def backward(dh, a): return dh * (dh > 0)
def example(): return np.random.default_rng(0).standard_normal((4, 3))
"""
    assert judged(text=text)[0] == 1
    assert judged(("dh * (dh > 0)", "dh * (a > 0)"), text=text)[0] == 0


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("change, words", [(("return x @ W + b,",
                                             "x = np.multiply(x, 2, out=x)\n    return x @ W / 2 + "
                                             "b,"), "forward changes x, which"), (("return x @ W + "
                                                                                   "b,",
                                                                                   "return x @ W + "
                                                                                   "b + np.log(-1 "
                                                                                   "+ 0 * b),"),
                                                                                  "f is nan where "
                                                                                  "it is to be "
                                                                                  "differentiated"),
                                           (("return x @ W + b,",
                                             "return (x @ W + b).astype(np.float32),"),
                                            "forward computes in single precision, though")])
def test_a_forward_at_fault_is_named(judged, change, words):
    status, out, _ = judged(change, ("return dx, dW, db", 'return {"b": db, "W": dW}'))
    assert status == 1 and words in out and "\nforward is wrong: see the rows" in out


@pytest.mark.parametrize("change, words", [
    (("return dx, dW, db", "return ()"), "expected 1 to 3 gradients of backward"),
    (("return dx, dW, db", "return {}"), "expected 1 to 3 gradients of backward")])
def test_a_backward_that_returns_nothing_is_no_right_one(judged, change, words):
    status, out, err = judged(change)
    assert status == 2 and words in err


@pytest.mark.parametrize("change, words", [
    (("x, W = cache", "x, W = cache; exit(0)"), "line 8: SystemExit: 0"),
    (("return dx, dW, db", "return [[1], [1, 2]]"), "x: expected a gradient of shape"),
    (("dx = dy @ W.T", "dx = ... * dy"), "line 9: dx is still blank: put a formula in the place of all dots."),
    (("return dx, dW, db", 'return {"x": dx, "W2": 1.0}'), "W2: no parameter has this name")])
def test_other_attempts_that_fail(judged, change, words):
    status, out, err = judged(change)
    assert status == 1 and not err and words in out


def test_dots_that_are_an_index_are_no_blank(judged):
    assert judged(("dx = dy @ W.T", "dx = dy[..., :] @ W.T"))[0] == 0


def test_a_fault_in_a_neighbour_is_told_with_its_name(judged, tmp_path):
    (tmp_path / "neighbour.py").write_text("def f(:\n", encoding="utf-8")
    status, _, err = judged(("import numpy as np", "import numpy as np\nimport neighbour"))
    assert status == 2 and "neighbour.py, line 1: invalid syntax" in err
