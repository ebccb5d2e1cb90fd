"""`numpyvae check FILE.py:forward,backward`: the verdict on right files and on wrong ones, in both
conventions.

(The exercises, attempt by attempt: tests/test_exercises.py.)
"""
import pytest


# ---------------------------------------------------------------------- right

def test_a_right_one(judged, layer):
    status, out, err = judged(layer)
    assert status == 0 and not err and out.count("| yes") == 3
    assert "backward is right: 3 gradients agree with the differences, to a relative " in out


def test_what_is_compared_is_said_as_it_would_be_written(judged, layer):
    if "cache" in layer:
        f, grads = "sum(forward(x, W, b)[0] * dy)", "backward(dy, forward(x, W, b)[1])"
    else:
        f, grads = "sum(forward(x, W, b) * dy)", "backward(dy, x, W)"
    out = judged(layer)[1]
    assert out.startswith("my.py, with a random dy: grads should be the slopes of f\n"
                          f"    f     = {f}\n    grads = {grads}\n\nname ")


def test_one_gradient_alone_and_those_of_the_first_arguments(judged, layer):
    status, out, _ = judged(layer, ("return dx, dW, db", "return dx"))
    assert status == 0 and "backward is right: 1 gradient agrees" in out
    status, out, _ = judged(layer, ("return dx, dW, db", "return [dx, dW]"))
    assert status == 0 and "2 gradients agree" in out


def test_a_dictionary_has_an_order(judged, layer):
    names = ("return dx, dW, db", 'return {"b": db, "W": dW, "x": dx}')
    half  = ("dx = dy @ W.T", "dx = dy @ W.T / 2")
    assert judged(layer, names)[0] == 0
    status, out, _ = judged(layer, names, half)
    assert status == 1
    assert "the error enters at x: what comes before it in backward order is right (b, W)" in out
    assert "the error enters" not in judged(layer, half)[1]
    assert judged(layer, ("return dx, dW, db", 'return {"dx": dx, "grad_W": dW, "b": db}'))[0] == 0
    status, out, _ = judged(layer, ("return dx, dW, db", 'return {"x": dx, "W": dW, "dW": dW}'))
    assert status == 1 and "dW: no parameter has this name" in out
    status, out, _ = judged(layer, ("return dx, dW, db",
                                    'return {"x": dx, "W": dW, "b": db, "a": db, "c": db}'))
    assert status == 1 and "a: no parameter has this name" in out


def test_a_result_that_is_one_number(judged, layer):
    status, out, _ = judged(layer, ("x @ W + b", "float((x @ W + b).sum())"),
                            ("dy @ W.T", "dy * np.ones((3, 5)) @ W.T"),
                            ("x.T @ dy", "dy * x.T @ np.ones((3, 5))"),
                            ("dy.sum(axis=0)", "3 * dy * np.ones(5)"))
    assert status == 0 and "= sum(" not in out
    assert any(f"f     = forward(x, W, b){index} * dy\n" in out for index in ("", "[0]"))


def test_an_argument_that_is_one_number(judged, layer):
    assert judged(layer, ("rng.random(5)", "0.5"), ("dy.sum(axis=0)", "dy.sum()"))[0] == 0


def test_single_precision_is_lifted_where_it_is_an_argument_s(judged, layer):
    assert judged(layer, ("rng.random(5)", "rng.random(5).astype(np.float32)"))[0] == 0
    single = "return [array.astype(np.float32) for array in ("
    status, out, _ = judged(layer, ("return rng", single + "rng"), ("random(5)", "random(5))]"))
    assert status == 0 and "precision" not in out


@pytest.mark.parametrize("x", [
    "1.5", "3", "np.float64(1.5)", "np.arange(1, 4)", "np.arange(1, 4) > 2"])
def test_what_is_no_array_of_floats_has_double_precision(judged, x):
    status, out, _ = judged(f"""
import numpy as np
def forward(x): return 1.5 * x * x
def backward(dy, x): return 3.0 * x * dy
def example(): return {x}
""")
    assert status == 0 and "precision" not in out


def test_arrays_that_backward_keeps_from_call_to_call(judged, layer):
    status, out, _ = judged(layer,
                            ("import numpy as np", "import numpy as np\nkept = np.ones((7, 5))"),
                            ("dW = x.T @ dy", "dW = np.matmul(x.T, dy, out=kept)"))
    assert status == 0 and "depend" not in out


def test_another_seed_is_another_random_dy(judged, layer):
    tables = [judged(layer, options=["--seed", seed])[1] for seed in "112"]
    assert tables[0] == tables[1] != tables[2]


# ---------------------------------------------------------------------- wrong

@pytest.mark.parametrize("change, words", [
    (("dy.sum(axis=0)", "dy.mean(axis=0)"), "b: 1/N (N = 3) of the numeric gradient"),
    (("x.T @ dy", "x.T @ dy / 7"), "W: 1/D (D = 7) of the numeric gradient"),
    (("dx = dy @ W.T", "dx = np.ones((3, 5)) @ W.T"),
     "x: it does not depend on dy, which the chain rule multiplies by"),
    (("x @ W + b", "x @ W + b + np.random.rand()"), "f is not deterministic"),
    (("dW = x.T @ dy", "dW = x.T @ dy * np.random.rand()"), "grads is not deterministic")])
def test_a_wrong_one(judged, layer, change, words):
    status, out, err = judged(layer, change)
    assert status == 1 and not err and words in out
    culprit = "forward" if words.startswith("f ") else "backward"
    assert out.rstrip().endswith(f"{culprit} is wrong: see the rows that say NO, and the sentences "
                                 "below them.")


@pytest.mark.parametrize("changes, changed", [
    ([("db = dy.sum(axis=0)", "dy *= 2; db = dy.sum(axis=0) / 2")], "backward changes dy"),
    ([("dW = x.T @ dy", "dW = x.T @ dy; x *= 2")], "backward changes x"),
    ([("dW = x.T @ dy", "dW = x.T @ dy; x *= 2"), ("return dx, dW, db", 'return {"W": dW}')],
     "backward changes x"),
    ([("return x @ W + b", "b += 1\n    return x @ W + b")], "forward changes b"),
    ([("return x @ W + b", "b += 1\n    return x @ W + b"), ("return dx, dW, db", "return dx")],
     "forward changes b")])
def test_who_changes_what_it_was_given_is_wrong_though_no_row_is(judged, layer, changes, changed):
    status, out, err = judged(layer, *changes)
    assert status == 1 and not err and "| NO" not in out
    assert f"\n{changed}, which it was given: let it work on a copy\n" in out
    assert out.count("change") == 1
    assert out.endswith(f"{changed.split()[0]} is wrong: see the sentences below the table.\n")


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("change, words", [
    (("return x @ W + b", "x = np.multiply(x, 2, out=x)\n    return x @ W / 2 + b"),
     "forward changes x, which it was given: let it work on a copy"),
    (("x @ W + b", "x @ W + b + np.log(-1 + 0 * b)"), "f is nan where it is to be differentiated"),
    (("x @ W + b", "(x @ W + b).astype(np.float32)"),
     "forward computes in single precision, though its arguments are float64")])
def test_a_forward_at_fault_is_named(judged, layer, change, words):
    status, out, _ = judged(layer, change, ("return dx, dW, db", 'return {"b": db, "W": dW}'))
    assert status == 1 and words in out and "\nforward is wrong: see the " in out


def test_arguments_that_are_not_numbers_have_not_changed(judged, layer):
    assert judged(layer, ("rng.random((3, 7))", "np.where(np.eye(3, 7) > 0, np.nan, 0.5)"),
                  ("x @ W + b", "np.nan_to_num(x) @ W + b"),
                  ("dW = x.T", "dW = np.nan_to_num(x).T"),
                  ("return dx, dW, db", 'return {"b": db, "W": dW}'))[0] == 0


def test_a_dy_that_no_seed_of_an_example_gives(judged):
    # Were dy equal to the argument, this wrong one would look right: that is so if both come of one
    # seed.
    text = """
import numpy as np
def forward(a): return np.maximum(a, 0)
def backward(dh, a): return dh * (dh > 0)
def example(): return np.random.default_rng(0).standard_normal((4, 3))
"""
    assert judged(text)[0] == 1
    assert judged(text, ("dh * (dh > 0)", "dh * (a > 0)"))[0] == 0


def test_factors_are_explained_by_the_sizes_that_are_known(judged):
    text = """
import numpy as np
def forward(a): return 2 * a
def backward(dh, a): return 2 * dh / 3
def example(): return np.random.default_rng(0).standard_normal((3, 4))
"""
    assert "a: 1/N (N = 3) of the numeric gradient" in judged(text)[1]
    assert "x: 1/D (D = 4) of the" in judged(text.replace("a)", "x)").replace("2 * a", "2 * x"),
                                             ("/ 3", "/ 4"))[1]
    assert "x: 1/N (N = 3) of the" in judged(text.replace("a)", "x)").replace("2 * a", "2 * x"),
                                             ("(3, 4)", "(3, 4, 5)"))[1]


def test_a_gradient_of_zeros_is_missing_rather_than_without_dy(judged, layer):
    status, out, _ = judged(layer, ("dW = x.T @ dy", "dW = 0 * x.T @ dy"))
    assert status == 1 and "W: the gradient is zero: missing" in out and "depend" not in out


def test_a_forward_that_stops_where_it_is_moved_cannot_be_judged(judged, layer):
    status, _, err = judged(layer, ("return x @ W + b", "return x @ W + b / one_of[tuple(b)]"),
                            ("rng.random(5)", "np.arange(5.0)"),
                            ("import numpy as np",
                             "import numpy as np; one_of = {(0, 1, 2, 3, 4): 1.0}"))
    assert status == 2 and "my.py, line 5: KeyError: " in err and err.count("\n") == 1


@pytest.mark.parametrize("change, words", [
    (("return dx, dW, db", "return {1: dx}, dW, db"), "x: expected a gradient of real numbers"),
    (("return dx, dW, db", "return 'dx', dW, db"), "x: expected a gradient of real numbers"),
    (("return dx, dW, db", "return [[1], [1, 2]]"), "x: expected a gradient of shape"),
    (("return dx, dW, db", 'return {"x": dx, "W2": 1.0}'), "W2: no parameter has this name")])
def test_other_attempts_that_fail(judged, layer, change, words):
    status, out, err = judged(layer, change)
    assert status == 1 and not err and words in out


# ---------------------------------------------------------------------- what cannot be used

@pytest.mark.parametrize("target, words", [
    ("my.py",
     "my.py: expected FILE.py:forward,backward, such as my_layer.py:dense,dense_backward, or "
     "FILE.py:Class, or FILE.py:loss_and_grads; in this file, my.py:forward,backward\n"),
    ("my.py:", "in this file, my.py:forward,backward\n"),
    ("my.py:forward", "my.py: expected forward to return a loss, which is one number, and its "),
    ("my.py:backwards", "my.py: nothing in it is called backwards; is backward meant?\n"),
    (":forward,backward", "expected FILE.py:forward,backward, such as"),
    ("my.py:forward,backward,example", "expected FILE.py:forward,backward, such as"),
    ("my.py:forward,back ward", "expected FILE.py:forward,backward, such as")])
def test_a_target_of_another_form(judged, by_name, target, words):
    status, out, err = judged(by_name, target=target)
    assert status == 2 and not out and words in err and err.count("\n") == 1


def test_a_seed_below_zero(judged, by_name):
    status, out, err = judged(by_name, options=["--seed", "-1"])
    assert status == 2 and not out and "--seed: expected a whole number, 0 or more" in err


@pytest.mark.parametrize("change, words", [
    (("return dx, dW, db", "return dx, dW, db, db"),
     "my.py: expected backward to return a gradient for each argument (x, W, b), or for the first "
     "of them, got 4\n"),
    (("return dx, dW, db", "return ()"), "for the first of them, got none\n"),
    (("return dx, dW, db", "return {}"), "for the first of them, got none\n"),
    (("return dx, dW, db", "return {'a': dx}"),
     "my.py: expected gradients by the names of the arguments, x, W, b, got a"),
    (("rng.random(5)", "'b'"), "b: expected an array of real numbers")])
def test_gradients_that_belong_to_nothing(judged, layer, change, words):
    changes = [change] + [("+ b", "")] * ("'b'" in change[1])
    status, out, err = judged(layer, *changes)
    assert status == 2 and words in err and err.startswith("numpyvae check: ")
    assert err.count("\n") == 1


# ---------------------------------------------------------------------- this package's own

@pytest.mark.parametrize("pair, shapes, count", [
    ("dense", "(3, 7), (7, 5), 5", 3), ("relu", "(3, 7),", 1), ("sigmoid", "(3, 7),", 1),
    ("reparameterize", "(3, 2), (3, 2), (3, 2)", 2), ("kl_divergence", "(3, 2), (3, 2)", 2),
    ("cost", "(3, 7), (3, 7)", 1), ("neg_log_p", "(3, 7), (3, 7)", 1)])
def test_the_pairs_of_this_package_keep_to_its_convention(judged, pair, shapes, count):
    status, out, err = judged(f"""
import numpy as np
from numpyvae.layers import *
from numpyvae.latent import *
from numpyvae.likelihoods import Bernoulli
pixels = Bernoulli()
cost, cost_backward = pixels.cost, pixels.cost_backward
neg_log_p, neg_log_p_backward = pixels.neg_log_p, pixels.neg_log_p_backward
def example():
    rng = np.random.default_rng(0)
    return [rng.random(shape) - (pair == "relu") * 0.5 for shape in ({shapes})]
pair = "{pair}"
""", target=f"my.py:{pair},{pair}_backward")
    assert status == 0 and not err
    assert f"{pair}_backward is right: {count} gradient{'s' * (count > 1)} agree" in out
