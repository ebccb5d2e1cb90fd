"""The parts of a forward's arguments: their names, where they are, and copies of them."""
import collections
import dataclasses
import sys
import types

import numpy as np
import pytest

from numpyvae.gradcheck.parts import (as_dictionary, copies, has_gradient, is_real, is_tree,
                                      is_whole, part, places, put)

A, B = np.ones(2), np.zeros(3)


@pytest.mark.parametrize("arguments, names", [
    ({"x": A, "n": 3}, {"x": ("x",), "n": ("n",)}),
    ({"x": A, "params": {"W": A, "b": B}},
     {"x": ("x",), "W": ("params", "W"), "b": ("params", "b")}),
    ({"x": A, "p": {"x": A, "y": B}}, {"x": ("x",), "p.x": ("p", "x"), "y": ("p", "y")}),
    ({"p": {"W": A}, "q": {"W": A}}, {"p.W": ("p", "W"), "q.W": ("q", "W")}),
    ({"p": [A, {"b": B}]}, {"p[0]": ("p", 0), "b": ("p", 1, "b")}),
    ({"x": [[1.0, 2.0]], "s": (2, 2)}, {"x": ("x",), "s": ("s",)}), ({}, {})])
def test_the_names_of_parts(arguments, names):
    assert places(arguments) == names


def test_a_part_is_found_and_replaced():
    arguments = {"x": A, "p": {"W": [A, B]}}
    assert part(arguments, ("p", "W", 1)) is B and part(arguments, ("x",)) is A
    put(arguments, ("p", "W", 1), 5.0)
    put(arguments, ("x",), 6.0)
    assert arguments == {"x": 6.0, "p": {"W": [A, 5.0]}}


def test_a_tuple_with_a_part_replaced_is_another():
    Pair = collections.namedtuple("Pair", "W b")
    arguments = {"p": (A, B), "q": Pair(A, B)}
    old = dict(arguments)
    assert put(arguments, ("p", 0), 5.0) is arguments is put(arguments, ("q", "b"), 6.0)
    assert arguments == {"p": (5.0, B), "q": Pair(A, 6.0)} and arguments["q"].b == 6.0
    assert old["p"][0] is A and old["q"].b is B


@pytest.mark.parametrize("value, real, whole", [
    (A, True, False), (1.5, True, False), (np.float32(1), True, False), ([[1.0]], True, False),
    (3, False, True), (np.array([3]), False, True), (np.uint8(3), False, True),
    (True, False, True), (A > 0, False, True), ("a", False, False), (None, False, False),
    ([[1.0], [1.0, 2.0]], False, False), (np.random.default_rng(0), False, False)])
def test_real_and_whole_numbers(value, real, whole):
    assert is_real(value) is real and is_whole(value) is whole
    assert has_gradient(value) is real and has_gradient({"a": {"b": value}}) is real


@pytest.mark.parametrize("argument, tree", [
    ({}, True), ({"a": 1}, True), ([A], True), ([{}], True), ([1.0], False), ((A,), True),
    ((2, 2), False),
    (A, False), ("a", False)])
def test_what_has_parts_of_its_own(argument, tree):
    assert is_tree(argument) is tree


def test_copies_are_deep():
    rng = np.random.default_rng(0)
    arguments = {"x": A, "p": {"W": A}, "rng": rng, "n": 3, "sys": sys}
    again = copies(arguments)
    assert list(again) == list(arguments) and again["n"] == 3 and again["sys"] is sys
    assert again["rng"].random() == rng.random()
    again["p"]["W"] += 1
    assert np.array_equal(A, np.ones(2)) and again["x"] is again["p"]["W"]


def test_what_cannot_be_copied_is_shared():
    generator = (i for i in range(3))
    again = copies({"x": A, "g": generator})
    assert again["g"] is generator and not np.shares_memory(again["x"], A)


# ---------------------------------------------------------------------- objects

@dataclasses.dataclass(frozen=True)
class Frozen:
    W: object
    b: object
    name: str = "dense"


@dataclasses.dataclass
class Slotted:
    __slots__ = ("W", "b")
    W: object
    b: object


class Plain:
    def __init__(self, W, b):
        self.W, self.b = W, b


OBJECTS = [Frozen, Slotted, Plain, types.SimpleNamespace, collections.namedtuple("Pair", "W b")]


@pytest.mark.parametrize("kind", OBJECTS)
def test_an_object_has_its_attributes_as_parts(kind):
    arguments = {"x": A, "p": kind(W=A, b=[B, B])}
    found = places(arguments)
    assert found.pop("name", ("p", "name")) == ("p", "name")
    assert found == {"x": ("x",), "W": ("p", "W"), "b[0]": ("p", "b", 0), "b[1]": ("p", "b", 1)}
    assert part(arguments, ("p", "b", 1)) is B
    assert put(arguments, ("p", "W"), 5.0) is put(arguments, ("p", "b", 0), 6.0) is arguments
    assert type(arguments["p"]) is kind
    assert arguments["p"].W == 5.0 and arguments["p"].b[0] == 6.0 and arguments["p"].b[1] is B


@pytest.mark.parametrize("kind", OBJECTS)
def test_an_object_as_a_dictionary(kind):
    made = as_dictionary(kind(W=A, b=B))
    assert list(made) == ["W", "b"] and made["W"] is A and made["b"] is B
    assert as_dictionary(kind(W=None, b="text")) == kind(W=None, b="text") or kind is Plain


@pytest.mark.parametrize("thing", [(A, B), [A], {"W": "text"}, A, 3.0, None, "text", np, Plain, len,
                                   Frozen])
def test_what_is_no_object_stays_what_it_is(thing):
    assert as_dictionary(thing) is thing
    assert is_tree(thing) is isinstance(thing, (tuple, list, dict))


def test_lists_in_lists():
    found = places({"p": [(A, B), (A, B)], "q": [[1.0], [2.0]], "r": [[A]]})
    assert found == {"p[0][0]": ("p", 0, 0), "p[0][1]": ("p", 0, 1), "p[1][0]": ("p", 1, 0),
                     "p[1][1]": ("p", 1, 1), "q": ("q",), "r[0][0]": ("r", 0, 0)}


def test_names_of_numbers_are_kept_apart():
    assert is_real([[1.0], [1.0, 2.0]]) is False and is_whole([[1], [1, 2]]) is False
    assert is_whole(np.array(["iub"])) is False and is_whole(3) and is_whole(True)
