"""The errors and the checks: a good value comes back in its plainest form, a bad one is named."""
import math

import numpy as np
import pytest

from numpyvae import errors
from numpyvae.errors import (InvalidTypeError, InvalidValueError, NumpyvaeError, check_batch,
                             check_choice, check_count, check_float_dtype, check_like, check_mask,
                             check_number, check_pixels, check_positive_int, check_rng, one_line)


def refused(error, check, *args, **options):
    """The sentence with which `check` refuses these arguments."""
    with pytest.raises(error) as caught:
        check(*args, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# ---------------------------------------------------------------------- the errors

def test_every_error_is_one_that_a_user_can_mend():
    """Each is also one that Python knows, for those who do not know this package's."""
    kinds = {"InvalidValueError": ValueError, "InvalidTypeError": TypeError,
             "DamagedFileError":  ValueError, "CheckpointError":  ValueError,
             "DataFormatError":   ValueError, "DivergedError":    ArithmeticError,
             "BusyError":         RuntimeError}
    public = {name for name, thing in vars(errors).items()
              if isinstance(thing, type) and thing.__module__ == errors.__name__}
    assert public == {"NumpyvaeError", *kinds}
    for name, kind in kinds.items():
        assert issubclass(getattr(errors, name), NumpyvaeError)
        assert issubclass(getattr(errors, name), kind)


def test_what_an_error_says_fits_on_one_line():
    assert one_line(ValueError("a\nb\x1b")) == r"a\nb\u001b"
    assert one_line(ValueError("naïve ✓")) == "naïve ✓"
    assert one_line(EOFError()) == "EOFError"


# ---------------------------------------------------------------------- numbers

@pytest.mark.parametrize("value", [1, 784, 2 ** 31 - 1, np.int64(3), np.uint8(255)])
def test_sizes(value):
    found = check_positive_int("n", value)
    assert found == value and type(found) is int


@pytest.mark.parametrize("value, error, sentence", [
    (0,        InvalidValueError, "n: expected a whole number above 0 (and below 2**31), got 0"),
    (-3,       InvalidValueError, "n: expected a whole number above 0 (and below 2**31), got -3"),
    (2 ** 31,  InvalidValueError, "n: expected a whole number above 0 (and below 2**31), got "
                                  "2147483648"),
    (1.0,      InvalidTypeError,  "n: expected a whole number, got 1.0"),
    ("1",      InvalidTypeError,  "n: expected a whole number, got '1'"),
    (True,     InvalidTypeError,  "n: expected a whole number, got True"),
    (None,     InvalidTypeError,  "n: expected a whole number, got None")])
def test_what_is_no_size(value, error, sentence):
    assert refused(error, check_positive_int, "n", value) == sentence


def test_counts():
    for value in (0, 5, 2 ** 70, np.int32(7)):
        found = check_count("n", value)
        assert found == value and type(found) is int
    negative = refused(InvalidValueError, check_count, "n", -1)
    assert negative == "n: expected a whole number, 0 or more, got -1"
    half = refused(InvalidTypeError, check_count, "n", 0.5)
    assert half == "n: expected a whole number, got 0.5"


LIMITS = {"above": 0, "at_least": 1, "below": 2}


@pytest.mark.parametrize("value", [1, 1.5, np.float32(1.5), np.int64(1), np.nextafter(2, 1)])
def test_numbers(value):
    found = check_number("x", value, **LIMITS)
    assert found == value and type(found) is float
    assert check_number("x", -1e300) == -1e300


@pytest.mark.parametrize("limits, value, sentence", [
    ({"above": 0},    0,           "above 0, got 0.0"),
    ({"at_least": 0}, -1e-300,     "of at least 0, got -1e-300"),
    ({"below": 1},    1,           "below 1, got 1.0"),
    (LIMITS,          0.5,         "above 0 and of at least 1 and below 2, got 0.5"),
    ({"above": 0},    math.nan,    "above 0, got nan"),
    ({"above": 0},    math.inf,    "above 0, got inf"),
    ({"below": 0},    -math.inf,   "below 0, got -inf"),
    ({"above": 0},    10 ** 400,   "above 0, got inf"),
    ({"below": 0},    -10 ** 400,  "below 0, got -inf")])
def test_numbers_beyond_their_limits(limits, value, sentence):
    found = refused(InvalidValueError, check_number, "x", value, **limits)
    assert found == f"x: expected a finite number {sentence}"


@pytest.mark.parametrize("value", ["1", None, True, np.True_, 1j, np.ones(1), [1.0]])
def test_what_is_no_number(value):
    sentence = refused(InvalidTypeError, check_number, "x", value, above=0)
    assert sentence == f"x: expected a number, got {value!r}"


# ---------------------------------------------------------------------- choices

def test_generators():
    rng = np.random.default_rng(0)
    assert check_rng(rng) is rng
    assert check_rng(3).random() == np.random.default_rng(3).random()
    for value in (-1, 1.5, "seed"):
        assert refused(InvalidTypeError, check_rng, value) == (
            "rng: expected a seed (a whole number, 0 or more) or a numpy.random.Generator, got "
            f"{value!r}")


def test_choices():
    assert check_choice("by", "row", ("row", "column")) == "row"
    for value in ("Row", "", None, 0):
        assert refused(InvalidValueError, check_choice, "by", value, ("row", "column")) == (
            f"by: expected one of row, column, got {value!r}")


@pytest.mark.parametrize("dtype, expected", [
    (np.float32, "f4"), ("float32", "f4"), (np.dtype("f4"), "f4"),
    (np.float64, "f8"), ("float64", "f8"), (np.dtype("f8"), "f8"), (float, "f8")])
def test_dtypes(dtype, expected):
    assert check_float_dtype(dtype) == np.dtype(expected)
    assert isinstance(check_float_dtype(dtype), np.dtype)


@pytest.mark.parametrize("dtype", [None, np.float16, "float16", int, complex, "nonsense", 32, [],
                                   np.dtype("f8").newbyteorder()])
def test_what_is_no_dtype(dtype):
    assert refused(InvalidTypeError, check_float_dtype, dtype) == (
        f"dtype: expected float32 or float64, got {dtype!r}")


# ---------------------------------------------------------------------- arrays

@pytest.mark.parametrize("kind", ["f2", "f4", "f8", ">f8", "i8", "u1", "?"])
def test_batches(kind):
    x = np.array([[0, 1, 1], [1, 0, 1]], kind)
    for dtype in (np.float32, np.float64):
        found = check_batch("x", x, 3, dtype, rows=2)
        assert found.dtype == dtype and np.array_equal(found, x)
        assert found is check_batch("x", found, 3, dtype)                # no copy without need


FLATTEN = "; flatten each example first, with x.reshape(len(x), -1)"
NOT_FINITE = "x: expected finite numbers, got NaN or infinity; remove or replace them"


@pytest.mark.parametrize("shape, rows, sentence", [
    ((2, 4),    None, "shape (N, 3), one example a row, got (2, 4)"),
    ((3,),      None, "shape (N, 3), one example a row, got (3,)"),
    ((2, 3),    5,    "shape (5, 3), one example a row, got (2, 3)"),
    ((2, 1, 3), None, "shape (N, 3), one example a row, got (2, 1, 3)" + FLATTEN),
    ((0, 3),    None, "at least one example, got none")])
def test_a_batch_of_another_shape(shape, rows, sentence):
    found = refused(InvalidValueError, check_batch, "x", np.zeros(shape), 3, np.float32, rows)
    assert found == f"x: expected {sentence}"


def test_what_is_no_batch_of_finite_numbers():
    for bad in (np.nan, np.inf, 1e39):                                   # of which float32 has none
        x = np.array([[0, bad, 0]])
        assert refused(InvalidValueError, check_batch, "x", x, 3, np.float32) == NOT_FINITE
    for x, dtype in ((np.zeros((2, 3), complex), "complex128"), ([["a", "b", "c"]], "<U1")):
        assert refused(InvalidTypeError, check_batch, "x", x, 3, np.float32) == (
            f"x: expected an array of real numbers, got dtype {dtype}")


def test_pixels():
    check_pixels("x", np.array([[0, 0.5, 1]]))
    for low, high in ((-0.1, 1), (0, 255), (0, np.nan)):
        sentence = refused(InvalidValueError, check_pixels, "x", np.array([[low, high]]))
        assert sentence.startswith("x: expected values in [0, 1] for the Bernoulli loss, got ")
        assert sentence.endswith('; rescale them (bytes: divide by 255) or use '
                                 'likelihood="gaussian"')


def test_masks():
    mask = np.array([[True, False]])
    assert check_mask(mask, (1, 2)) is mask
    assert refused(InvalidTypeError, check_mask, np.ones((1, 2)), (1, 2)) == (
        "mask: expected booleans, True where a pixel was observed, got dtype float64")
    assert refused(InvalidValueError, check_mask, mask, (2, 1)) == (
        "mask: expected the shape of x, (2, 1), got (1, 2)")


def test_dictionaries_that_are_alike():
    like = {"W": np.ones((2, 3)), "b": np.ones(3)}
    check_like("grads", {"b": np.zeros(3), "W": np.zeros((2, 3))}, like)
    assert refused(InvalidValueError, check_like, "grads", {"W": 0, "c": 0, 7: 0}, like) == (
        "grads: expected the keys W, b; missing: b; unknown: 7, c")
    assert refused(InvalidValueError, check_like, "grads", {"W": like["W"].T, "b": 0}, like) == (
        "grads['W']: expected shape (2, 3), got (3, 2)")
