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


def named(grads, arguments, hints=()):
    who = Function("my.py", "backward", None, None)
    return by_part(grads, arguments, places(arguments), who, hints)


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


# ---------------------------------------------------------------------- names where it is returned

@pytest.mark.parametrize("grads, hints, names", [
    ((W, B), ["dW", "db"], ["W", "b"]), (B, ["grad_b"], ["b"]),
    ((X, B), ["dx", "b_grad"], ["x", "b"]),
    ((X, X), ["dW", "db"], ["W", "b"]),                      # names count, even if shapes do not
    ((W, X), ["dW", "dx"], ["x", "W"]),                          # but the order counts more
    ((X, W), ["dx", None], ["x", "W"]), ((X, W), ["dx"], ["x", "W"]),
    ((X, X), ["dW", "dW"], ["x", "W"]), ((X, W, B), ["a", "b", "c"], ["x", "W", "b"])])
def test_positional_gradients_may_have_names(grads, hints, names):
    assert list(named(grads, DENSE, hints)) == names


def test_names_of_parts_and_of_arguments():
    assert list(named((W, B), NESTED, ["dW", "db"])) == ["W", "b"]
    assert list(named({"W": W, "b": B}, NESTED, ["dparams"])) == ["W", "b"]
    assert list(named((X, {"W": W}), NESTED, ["dx", "dparams"])) == ["x", "W"]
    assert list(named(([W],), {"x": X, "p": [W]}, ["dp"])) == ["p[0]"]


# ---------------------------------------------------------------------- lists

LISTS = {"x": X, "p": {"w": [W, X], "v": [B, B]}}
PAIRS = [(W, B), (X, B)]


@pytest.mark.parametrize("grads, names", [
    (([W, X], [B, B]), ["w[0]", "w[1]", "v[0]", "v[1]"]), (([W, X],), ["w[0]", "w[1]"]),
    ([[B, B]], ["v[0]", "v[1]"]), (((W, X), (B, B)), ["w[0]", "w[1]", "v[0]", "v[1]"])])
def test_lists_belong_to_lists_of_their_form(grads, names):
    got = named(grads, LISTS)
    assert list(got) == names and all(got[name].shape in ((4, 5), (3, 4), (5,)) for name in names)


@pytest.mark.parametrize("arguments", [{"p": PAIRS, "x": X, "y": X}, {"x": X, "p": PAIRS, "y": X}])
def test_a_list_may_be_the_gradient_of_one_argument(arguments):
    got = named([(W, B), (X, B)], arguments)
    assert {name: grad.shape for name, grad in got.items()} == {
        "p[0][0]": (4, 5), "p[0][1]": (5,), "p[1][0]": (3, 4), "p[1][1]": (5,)}


@pytest.mark.parametrize("grads", [(X, X), [X, None], ([X], [X])])
def test_lists_of_another_form_belong_to_the_first_arguments(grads):
    assert list(named(grads, {"x": X, "y": X, "p": [X, W]}))[:1] == ["x"]


def test_names_with_a_d_in_nested_dictionaries():
    arguments = {"x": X, "p": {"a": {"W": W, "b": B}, "c": {"W": W}}}
    got = named((X, {"a": {"dW": W, "b": B}, "c": {"grad_W": W}}), arguments)
    assert list(got) == ["x", "p.a.W", "b", "p.c.W"]
    assert list(named((X, {"a": {"dW": X, "W": W}}), arguments)) == ["x", "dW", "p.a.W"]
