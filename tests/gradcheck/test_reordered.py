"""Gradients in another order than the arguments are recognised as such."""
import pytest


@pytest.mark.parametrize("returned, order", [
    ("dW, db, dx", "W, b, x"), ("db, dW, dx", "b, W, x"), ("db, dW", "b, W"),
    ("dx, db, dW", "x, b, W"), ("[dW, dx]", "W, x")])
def test_right_ones_in_another_order(judged, layer, returned, order):
    status, out, err = judged(layer, ("return dx, dW, db", f"return {returned}"))
    assert status == 1 and not err
    assert (f"\nthe gradients are in another order than the arguments: backward returns those of "
            f"{order}, each of them right; forward takes x, W, b\n") in out


@pytest.mark.parametrize("returned, whose", [
    ("dW, db", "s of W, b"), ("db", " of b"), ("1 * dW, 1 * db", "s of W, b"),
    ("[db * 1]", " of b"),
    ("dx * 1, db", "s of x, b"), ("None, dW, db", "s of W, b")])
def test_right_ones_of_some_arguments(judged, layer, returned, whose):
    status, out, err = judged(layer, ("return dx, dW, db", f"return {returned}"))
    assert status == 0 and not err and "another order" not in out
    assert out.endswith(f"(What backward returned was taken for the gradient{whose}.)\n")


def test_wrong_ones_of_some_arguments_belong_where_their_names_say(judged, layer):
    wrong = ("dW = x.T @ dy", "dW = -x.T @ dy")
    status, out, _ = judged(layer, wrong, ("return dx, dW, db", "return dW, db"))
    assert status == 1 and "\nW: the sign is flipped" in out


@pytest.mark.parametrize("returned", [
    "dW, -db, dx", "dx, dW, 2 * db", "dx, dW, dW", "dW, dW, dx", "{'x': dW, 'W': dx}",
    "dx, dW, db[:, None]", "dx, dW, 'db'"])
def test_others_are_none(judged, layer, returned):
    status, out, _ = judged(layer, ("return dx, dW, db", f"return {returned}"))
    assert status == 1 and "another order" not in out


def test_too_many_to_try(judged):
    names = [f"a{k}" for k in range(6)]
    text = f"""
import numpy as np
def forward({', '.join(names)}): return {' + '.join(f'np.sum({name})' for name in names)}
def backward(dy): return [dy * np.ones(n) for n in (2, 3, 4, 5, 6, 1)]
def example(): return [np.ones(n) for n in (1, 2, 3, 4, 5, 6)]
"""
    status, out, _ = judged(text)
    assert status == 1 and "another order" not in out
    changes = [("(2, 3, 4, 5, 6, 1)", "(2, 3, 4, 5, 6)")]
    assert "for the gradients of a1, a2, a3, a4, a5.)" in judged(text, *changes)[1]
