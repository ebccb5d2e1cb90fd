"""Both shapes of what does not fit on a line, or the shapes of all that stands there."""
import numpy as np
import pytest

from numpyvae.gradcheck.stops import Stop

A, B, C = np.ones((3, 4)), np.ones((5, 2)), np.ones(3)
SUM     = ": seen from the right, sizes have to be equal, or one of them 1"
PRODUCT = ": the columns of the first have to be as many as the rows of the second"


def advice(tmp_path, text, **names):
    """What is added to Python's words if this text is run as a file."""
    path = str(tmp_path / "my.py")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    with pytest.raises(Exception) as caught:
        exec(compile(text, path, "exec"), {"np": np, "a": A, "b": B, "c": C, **names})
    return Stop(path, caught.value).advice


@pytest.mark.parametrize("text, where, end", [
    ("a + b", "a + b", SUM), ("x = (a.T *\n  b.T) - 1", "a.T * b.T", SUM),
    ("a > b", "a > b", SUM), ("np.maximum(a, b)", "np.maximum(a, b)", SUM),
    ("np.tanh(a - b) @ c", "a - b", SUM), ("np.dot(a, 3) + b", "np.dot(a, 3) + b", SUM),
    ("(a + 1) @ b", "the product (a + 1) @ b", PRODUCT),
    ("np.exp(a).dot(b)", "the product np.exp(a) @ b", PRODUCT),
    ("np.ones((3, 4)) @ b", "the product np.ones((3, 4)) @ b", PRODUCT),
    ("a @ a.T @ b; a.T @ a", "the product a @ a.T @ b", PRODUCT),
    ("d = {'W': a}\nfor k in 'ab':\n  d['W'] @ b", "the product d['W'] @ b", PRODUCT),
    ("if (a @ b).any():\n  b @ b", "the product a @ b", PRODUCT)])
def test_both_shapes(tmp_path, text, where, end):
    shapes = "(4, 3) and (2, 5)" if ".T *" in text else "(3, 4) and (5, 2)"
    shapes = "(3, 3) and (5, 2)" if "a @ a.T" in text else shapes
    assert advice(tmp_path, text) == f"in {where}, the shapes {shapes} do not fit{end}"


def test_what_does_not_hold_the_result(tmp_path):
    words = "in c += a.T, the shapes (3,) and (4, 3) do not fit: the first has to hold the result"
    assert advice(tmp_path, "c += a.T") == words
    assert "do not fit" not in advice(tmp_path, "a += c[:2].sum(axis=5)")


@pytest.mark.parametrize("call, words", [
    ("np.einsum('ij,jk', a, b)", "j is 4 in a, of shape (3, 4), and 5 in b, of shape (5, 2)"),
    ("np.einsum('ij, ik -> jk', a, b)", "i is 3 in a, of shape (3, 4), and 5 in b, of shape"),
    ("np.einsum('ijk,jk', a, b)", "ijk has 3 letters for a, of shape (3, 4): one for each axis is"),
    ("np.einsum('ij,j', a, b)", "j has 1 letters for b, of shape (5, 2): one for")])
def test_the_letters_of_a_sum(tmp_path, call, words):
    assert advice(tmp_path, call).startswith(f"in {call}, {words}")


@pytest.mark.parametrize("text, shapes", [
    ("np.concatenate([a, b])", "a (3, 4), b (5, 2)"), ("np.stack([a, b, a])", "a (3, 4), b (5, 2)"),
    ("a[:, 9]", "a (3, 4)"), ("a.reshape(5, 5)", "a (3, 4)"), ("c[:, 1]", "c (3,)"),
    ("np.einsum('...ij,jk', a, b)", "a (3, 4), b (5, 2)"), ("x = a.T\nx, y = a, c.T, x[0]",
                                                           "a (3, 4), c.T (3,), x[0] (3,)"),
    ("np.ones(()) @ a", "np.ones(()) (), a (3, 4)"), ("a.dot(np.array(2.0)) @ c[:2]", None),
    ("np.linalg.solve(a, c)", "a (3, 4), c (3,)"), ("c.sum(axis=1)", "c (3,)"),
    ("f(a) @ b", "a (3, 4), b (5, 2)"), ("np.add(a, b, out=a)", None),
    ("np.random.choice(a, size=3)", "a (3, 4)")])
def test_the_shapes_of_all_that_stands_there(tmp_path, text, shapes):
    said = advice(tmp_path, text, f=lambda a: a)
    if shapes is None:
        assert said.startswith("in ") and " do not fit: " in said
    else:
        assert said == f"the shapes there are {shapes}"


@pytest.mark.parametrize("text", [
    "int('a')", "raise ValueError(f'{a.shape}')", "float('1' + str(c))[0]"])
def test_nothing_is_added_where_no_array_is_to_blame(tmp_path, text):
    said = advice(tmp_path, text)
    assert said is None or said == "the shapes there are c (3,)"


class Loud:
    """An object whose methods must not be called again."""

    def __init__(self):
        self.calls = 0

    def sum(self, *args, **kwargs):
        self.calls += 1
        return A


@pytest.mark.parametrize("text", ["o.sum() @ b", "o.sum().T @ b", "np.zeros(o.sum().shape) @ b",
                                  "np.sum(o.sum(), out=c[0]) @ b"])
def test_nothing_is_called_again_that_might_do_something(tmp_path, text):
    loud = Loud()
    advice(tmp_path, text, o=loud)
    assert loud.calls == 1
