"""Where a cell of an equation begins, and what stands in one column."""
import pytest
from helpers_formulas import cells_of, equations

from numpyvae.narrator.cells import tables


def texts(text):
    """For each table, for each line, the cells: (text, column), a note with its #."""
    return [[[("# " * cell.note + cell.text, cell.column) for cell in line] for line in table.rows]
            for table in tables(text)]


def test_two_spaces_end_a_cell_but_not_within_brackets():
    assert texts("x = y,  y = f(x,   2)   z") == [
        [[("x = y,", 0), ("y = f(x,   2)", 1), ("z", 2)]]]


def test_a_relation_that_stands_in_one_column_of_two_lines_begins_a_cell():
    assert texts("x  = y = 1\nxx = z") == [
        [[("x", 0), ("= y = 1", 1)], [("xx", 0), ("= z", 1)]]]
    assert texts("x = y\nxx = z") == [[[("x = y", 0)]], [[("xx = z", 0)]]]
    assert texts("f(x = 1)\nf(y = 2)") == [[[("f(x = 1)", 0)]], [[("f(y = 2)", 0)]]]


def test_an_accent_takes_no_column():
    assert texts("m  = 1   v = 2\nm\u0302  = 3   w = 4") == [
        [[("m", 0), ("= 1", 1), ("v", 2), ("= 2", 3)],
         [("m\u0302", 0), ("= 3", 1), ("w", 2), ("= 4", 3)]]]


def test_a_sign_alone_is_no_cell_but_begins_the_next():
    assert texts("x  +  y   ≈   z") == [[[("x", 0), ("+  y", 1), ("≈   z", 2)]]]
    assert texts("x  -y") == [[[("x", 0), ("-y", 1)]]]


def test_what_follows_a_hash_is_a_note():
    assert texts("x = 1 # one, a note\ny     # two") == [
        [[("x = 1", 0), ("# one, a note", 1)], [("y", 0), ("# two", 1)]]]
    assert texts("# nothing else") == [[[("# nothing else", 0)]]]


def test_lines_that_share_no_column_but_the_first_are_tables_of_their_own():
    assert [len(table.rows) for table in tables("x   y\nz\nx   y\nx  y\nz     w")] == [3, 1, 1]


def test_a_cell_fills_the_columns_up_to_the_next_of_its_line():
    table, = tables("x   y   z\nxxxxxx  z\nx   yyyyyyyy")
    assert [[cell.span for cell in line] for line in table.rows] == [[1, 1, 1], [2, 1], [1, 2]]


@pytest.mark.parametrize("text, right, apart", [
    ("x  = y\nxx = z",            [True, False],         [False, False]),
    ("x  → y\nxx → z",            [False, False],        [False, False]),
    ("x   y\nz   w",              [False, False],        [False, True]),
    ("x    + y   # n\nxxx  + z  ", [False, False, False], [False, False, True]),
])
def test_columns_are_aligned_at_equality_and_stand_apart_unless_a_sign_joins_them(text, right,
                                                                                  apart):
    table, = tables(text)
    assert [column.right for column in table.columns] == right
    assert [column.apart for column in table.columns] == apart


def test_the_cells_of_every_equation_are_those_of_the_rule():
    """Ten lines of another kind find the same, in the same order, in all lessons and in walk."""
    compared = 0
    for where, text in equations():
        lines = [line for table in tables(text) for line in table.rows]
        meant = [[part for _, part in line] for line in cells_of(text)]
        assert [["# " * cell.note + cell.text for cell in line] for line in lines] == meant, where
        compared += sum(map(len, meant))
    assert compared > 500
