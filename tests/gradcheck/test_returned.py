"""What backward returned, by the names of the parts of forward's arguments."""
import numpy as np
import pytest

from numpyvae.errors import InvalidValueError
from numpyvae.gradcheck.parts import places
from numpyvae.gradcheck.returned import by_part
from numpyvae.gradcheck.student import Function

X, W, B, IDS = np.ones((3, 4)), np.ones((4, 5)), np.ones(5), np.arange(3)
DENSE = {"x": X, "W": W, "b": B}
NESTED = {"x": X, "params": {"W": W, "b": B}}


def named(grads, arguments):
    return by_part(grads, arguments, places(arguments), Function("my.py", "backward", None, None))


@pytest.mark.parametrize("arguments, grads, expected", [
    (DENSE, X, {"x": X}),
    (DENSE, (X, W), {"x": X, "W": W}),
    (DENSE, [X, None, B], {"x": X, "W": None, "b": B}),
    (DENSE, None, {"x": None}),
    (DENSE, {"W": W, "x": X}, {"W": W, "x": X}),
    (DENSE, {"dW": W, "grad_x": X}, {"W": W, "x": X}),
    (DENSE, {"dW": W, "W": X}, {"dW": W, "W": X}),
    (DENSE, {"dV": W}, {"dV": W}),
    (DENSE, (X, {"W": W, "b": B}), {"x": X, "W": W, "b": B}),
    (DENSE, ({1: X}, W), {"x": {1: X}, "W": W})])
def test_of_plain_arguments(arguments, grads, expected):
    assert named(grads, arguments) == expected


@pytest.mark.parametrize("arguments, grads, expected", [
    ({"ids": IDS, "W": W}, W, {"W": W}),
    ({"ids": IDS, "W": W}, (None, W), {"ids": None, "W": W}),
    ({"ids": IDS, "W": W, "b": B}, (W, B), {"W": W, "b": B}),
    ({"x": X, "y": IDS, "m": X > 0, "W": W}, (X, W), {"x": X, "W": W}),
    ({"x": X, "y": IDS}, (X, None), {"x": X, "y": None}),
    ({"x": IDS, "W": W}, IDS + 0.5, {"x": IDS + 0.5}),            # numbers, if the shape says so
    ({"x": IDS}, IDS, {"x": IDS}),
    ({"x": X, "rng": np.random.default_rng(0), "b": B}, (X, B), {"x": X, "b": B})])
def test_what_has_no_gradient_may_be_left_out(arguments, grads, expected):
    got = named(grads, arguments)
    assert list(got) == list(expected)
    assert all(np.array_equal(got[name], expected[name]) for name in got)


@pytest.mark.parametrize("grads", [
    (X, {"W": W, "b": B}), (X, {"dW": W, "db": B}), {"x": X, "params": {"W": W, "b": B}},
    {"dx": X, "dparams": {"dW": W, "db": B}}, {"x": X, "W": W, "b": B}, (X, W, B)])
def test_of_a_dictionary_of_parameters(grads):
    assert named(grads, NESTED) == {"x": X, "W": W, "b": B}


@pytest.mark.parametrize("grads, expected", [
    (({"W": W}), {"W": W}), ((X, None), {"x": X, "params": None}),
    ((X, {"V": W}), {"x": X, "V": W}), ((X, W), {"x": X, "params": W})])
def test_of_parts_of_it_and_of_what_belongs_to_nothing(grads, expected):
    assert named(grads, NESTED) == expected


def test_of_a_list_or_a_tuple_of_parameters():
    for made in (list, tuple):
        arguments = {"x": X, "p": made([W, B])}
        assert named((X, [W, B]), arguments) == {"x": X, "p[0]": W, "p[1]": B}
        assert named((X, (W, B)), arguments) == {"x": X, "p[0]": W, "p[1]": B}


@pytest.mark.parametrize("grads", [(), [], {}, (X, W, B, B)])
def test_none_and_too_many(grads):
    with pytest.raises(InvalidValueError) as caught:
        named(grads, DENSE)
    assert str(caught.value) == ("my.py: expected backward to return a gradient for each argument "
                                 "(x, W, b), or for the first of them, got "
                                 f"{len(grads) or 'none'}")
