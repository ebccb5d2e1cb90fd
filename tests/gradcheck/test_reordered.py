"""Gradients in another order than the arguments are recognised as such."""
import pytest


@pytest.mark.parametrize("returned, order", [
    ("dW, db, dx", "W, b, x"), ("db, dW, dx", "b, W, x"), ("dW, db", "W, b"), ("db", "b"),
    ("dx, db, dW", "x, b, W"), ("[dW, dx]", "W, x")])
def test_right_ones_in_another_order(judged, layer, returned, order):
    status, out, err = judged(layer, ("return dx, dW, db", f"return {returned}"))
    assert status == 1 and not err
    assert (f"\nthe gradients are in another order than the arguments: backward returns those of "
            f"{order}, each of them right; forward takes x, W, b\n") in out


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
    assert "returns those of a1, a2, a3, a4, a5, each" in judged(text, *changes)[1]
