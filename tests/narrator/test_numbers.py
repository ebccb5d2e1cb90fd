"""Numbers as text: single ones, arrays, and tables."""
import re
import warnings

import numpy as np
import pytest

from numpyvae.errors import InvalidTypeError
from numpyvae.narrator.numbers import exactly, named, table


def shown(value, digits=4):
    """The lines that show a value called x."""
    return "\n".join(named("x", value, digits))


# ---------------------------------------------------------------------- one number

@pytest.mark.parametrize("value, text", [
    (3, "3"), (np.int64(-3), "-3"), (10 ** 12, "1000000000000"),
    (2 ** 70, "1180591620717411303424"), (True, "yes"), (np.False_, "no"),
    (0.5, "0.5000"), (np.float32(0.5), "0.5000"), (-1.23456, "-1.2346"),
    (0.0, "0.0000"), (-0.0, "0.0000"), (-1e-4, "-0.0001"),
    (1e-4, "0.0001"), (9.9e-5, "9.9000e-05"), (-3e-20, "-3.0000e-20"),
    (9999999.0, "9999999.0000"), (1e7, "1.0000e+07"), (-1e300, "-1.0000e+300"),
    (np.nan, "nan"), (np.inf, "inf"), (-np.inf, "-inf"),
    (1 - 2j, "1.0000 - 2.0000i"), (np.complex64(0.5j), "0.0000 + 0.5000i"),
    (1 + 1e-30j, "1.0000 + 1.0000e-30i")])
def test_a_number_is_shown(value, text):
    assert shown(value) == f"x = {text}"


def test_as_many_digits_as_are_wanted():
    assert shown(np.pi, digits=8) == "x = 3.14159265"
    assert shown(2.7, digits=0) == "x = 3"
    assert shown(0.004, digits=2) == "x = 4.00e-03"


@pytest.mark.parametrize("value, text", [
    (True, "yes"), (2 ** 70, "1180591620717411303424"), (0.1 + 0.2, "0.3"), (1 / 3, "0.3333333333"),
    (1e-30, "1e-30"), (1 / 3 - 2j, "0.3333333333 - 2i")])
def test_a_number_with_up_to_ten_digits(value, text):
    assert exactly(value) == text


# ---------------------------------------------------------------------- an array

@pytest.mark.parametrize("value, text", [
    ([1.5, -22.25], "x  (2,)  [  1.5000  -22.2500]"),
    ([[1.5, 2]], "x  (1, 2)  [1.5000  2.0000]"),
    ([7, 12, -3], "x  (3,)  [ 7  12  -3]"),
    (np.array([250, 3], np.uint8), "x  (2,)  [250    3]"),
    ([True, False], "x  (2,)  [yes   no]"),
    ([1 + 2j, -3 - 0.5j], "x  (2,)  [ 1.0000 + 2.0000i  -3.0000 - 0.5000i]"),
    ([1e-9, 1.0], "x  (2,)  [0.0000  1.0000]"),
    ([1e-9, -2e-8], "x  (2,)  [ 1.0000e-09  -2.0000e-08]"),
    ([1.0, 1e9], "x  (2,)  [1.0000e+00  1.0000e+09]"),
    ([-0.0, -1e-9, 1], "x  (3,)  [0.0000  0.0000  1.0000]"),
    ([-0.0, 1e-9], "x  (2,)  [0.0000e+00  1.0000e-09]"),
    ([np.nan, np.inf, -1], "x  (3,)  [    nan      inf  -1.0000]"),
    ([np.nan, 1e-9], "x  (2,)  [       nan  1.0000e-09]"),
    ([np.inf, 1e12], "x  (2,)  [       inf  1.0000e+12]"),
    ([], "x  (0,)  []"), (np.zeros((0, 3)), "x  (0, 3)  []"), (np.zeros((3, 0)), "x  (3, 0)  []")])
def test_a_row_is_shown(value, text):
    assert shown(value) == text


def test_a_matrix_is_shown_in_columns():
    assert named("dW", np.array([[0.5, -10.25, 3], [100, 0, -0.125]]), 4) == [
        "dW  (2, 3)",
        "    [  0.5000  -10.2500    3.0000]",
        "    [100.0000    0.0000   -0.1250]"]


def test_more_axes_are_shown_as_rows_of_the_last():
    rows = [f"    [{2 * i:2d}  {2 * i + 1:2d}]" for i in range(6)]
    assert named("x", np.arange(12).reshape(2, 3, 2), 4) == ["x  (2, 3, 2)", *rows]


def numbers_in(text):
    return [float(number) for number in re.findall(r"-?\d+\.\d+", text)]


def test_up_to_64_elements_are_shown_and_more_are_summarised():
    x = np.random.default_rng(0).normal(3, 2, (5, 13))
    assert len(named("x", x[:, :12], 4)) == 6
    assert shown(np.arange(64.0)).startswith("x  (64,)  [")
    text = shown(x)
    assert "\n" not in text and text.startswith("x  (5, 13)  from ")
    figures = numbers_in(text)
    np.testing.assert_allclose(figures, [x.min(), x.max(), x.mean(), x.std()], rtol=0, atol=5.1e-5)
    # The mean of single precision is taken in double precision: only the rounding of x remains.
    assert numbers_in(shown(x.astype(np.float32))) == pytest.approx(figures, abs=2e-4)
    assert shown(np.tile(np.array([0, 255], np.uint8), 50)) == (
        "x  (100,)  from 0.0000 to 255.0000, mean 127.5000, standard deviation 127.5000")


def test_a_summary_of_complex_numbers_does_not_drop_their_imaginary_part():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        text = shown(np.full(100, 3 + 4j))
    assert text == ("x  (100,)  absolute values from 5.0000 to 5.0000, mean 5.0000, "
                    "standard deviation 0.0000")


@pytest.mark.parametrize("value, kind", [
    (None, "NoneType"), ("three", "str"), ([[1], [2, 3]], "list"), (np.array(["a"]), "ndarray")])
def test_what_is_no_number_is_refused(value, kind):
    with pytest.raises(InvalidTypeError) as caught:
        named("mu", value, 4)
    assert str(caught.value) == ("mu: expected a number or an array of numbers or booleans to "
                                 f"show, got {kind}")


# ---------------------------------------------------------------------- a table

def test_a_table_has_numbers_to_the_right_and_words_to_the_left():
    assert table(["method", "error", "n", "right"],
                 [["central", 1.5e-9, 100, True], ["one", 0.25, 7, np.False_]]) == [
        "method  │    error │   n │ right",
        "────────┼──────────┼─────┼──────",
        "central │ 1.50e-09 │ 100 │     ✓",
        "one     │ 2.50e-01 │   7 │     ✗"]


def test_numbers_that_were_written_by_hand_are_numbers_too():
    rows = [["12.5", "a"], ["−3e-9", "bb"], ["40%", "1e"], ["", "-"]]
    assert table(["value", "word"], rows)[2:] == [
        " 12.5 │ a", "−3e-9 │ bb", "  40% │ 1e", "      │ -"]


@pytest.mark.parametrize("numbers, texts", [
    ([1 / 3, np.float32(2)], ["0.3333", "2.0000"]),      # four significant digits for the smallest
    ([0.5, 0.25], ["0.50", "0.25"]),                     # but no more than are needed
    ([2.0, 30.0], ["2", "30"]), ([0.0, -0.0], ["0", "0"]),
    ([-1.23456, 0.0], ["-1.235", "0.000"]), ([-1e-9, 100.0], ["-1.00e-09", "1.00e+02"]),
    ([0.0, 1e-9], ["0", "1.00e-09"]), ([1e9], ["1.00e+09"]), ([0.004, 12.5], ["0.004", "12.500"]),
    ([np.nan, np.inf, 0.125], ["nan", "inf", "0.125"]), ([1.5, 3], ["1.5", "3"])])
def test_the_numbers_of_a_column_are_written_alike(numbers, texts):
    lines = table(["a"], [[number] for number in numbers])
    assert [line.strip() for line in lines[2:]] == texts


def test_whatever_else_has_a_name_stands_as_it_is():
    assert table(["a", "b"], [[None, "x"], [(1, 2), 3]])[2:] == ["None   │ x", "(1, 2) │ 3"]


def test_a_table_without_rows():
    assert table(["a", "bcd"], []) == ["a │ bcd", "──┼────"]


def test_a_row_of_a_table_that_is_too_short_or_long_is_refused():
    for row in ([1], [1, 2, 3]):
        with pytest.raises(ValueError):
            table(["a", "b"], [row])
