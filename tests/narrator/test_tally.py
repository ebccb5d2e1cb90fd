"""A tally: it counts, and a cell that is run again does not count twice."""
from numpyvae.narrator.tally import Tally


def test_a_program_counts_all(lesson):
    tally = Tally()
    assert tally["claims"] == 0
    tally.add("claims")
    for step in ("one", "two", "one"):           # a step told twice in one run
        tally.enter(step)
        tally.add("claims")
        tally.add("left out")
    assert (tally["claims"], tally["left out"], tally["others"]) == (4, 3, 0)


def run(tally, kernel, count, step=None, **cell):
    """Run a cell that counts."""
    kernel.run("the cell", **cell)
    if step:
        tally.enter(step)
    for _ in range(count):
        tally.add("claims")


def test_a_cell_that_is_run_again_counts_anew(kernel):
    tally = Tally()
    run(tally, kernel, 3, cell="a")
    run(tally, kernel, 2, cell="b")
    assert tally["claims"] == 5
    run(tally, kernel, 4, cell="a")              # after it was changed
    assert tally["claims"] == 6
    run(tally, kernel, 1)                        # known by its source alone
    run(tally, kernel, 1)
    assert tally["claims"] == 7


def test_a_step_that_is_told_again_counts_anew_whatever_its_cell_is_called(kernel):
    tally = Tally()
    run(tally, kernel, 3, step="one", cell="a")
    run(tally, kernel, 2, step="one", cell="b")
    assert tally["claims"] == 2
    run(tally, kernel, 5, cell="c")              # the rest of the step, in a cell of its own
    assert tally["claims"] == 7
    run(tally, kernel, 1, step="one", cell="a")
    assert tally["claims"] == 6


def test_a_step_that_is_told_twice_in_one_run_counts_on(kernel):
    tally = Tally()
    kernel.run("%run lesson.py")
    for step in ("one", "two", "one"):
        tally.enter(step)
        tally.add("claims")
    assert tally["claims"] == 3
