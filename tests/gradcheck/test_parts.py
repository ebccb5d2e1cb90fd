"""The parts of a forward's arguments: their names, where they are, and copies of them."""
import collections
import sys

import numpy as np
import pytest

from numpyvae.gradcheck.parts import (copies, has_gradient, is_real, is_tree, is_whole, part,
                                      places, put)

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
