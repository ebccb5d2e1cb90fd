"""A tally: how often things were counted, where a cell that is run again does not count twice."""
from collections import Counter

from . import kernel


class Tally:
    """Counts things by place: the step, or the cell where a cell has no step."""

    def __init__(self):
        self._counts = {}            # {place: (the run that counted there, a Counter)}
        self._place  = None
        self._run    = None

    def enter(self, place):
        """What follows is counted at this place; what an earlier run counted there is forgotten."""
        _, self._run = kernel.cell()
        self._place  = place
        run, _ = self._counts.get(place, (None, None))
        if place not in self._counts or run != self._run:
            self._counts[place] = self._run, Counter()

    def add(self, thing):
        """Count one more of a thing."""
        cell, run = kernel.cell()
        if run != self._run or not self._counts:
            self.enter(cell)
        _, counter = self._counts[self._place]
        counter[thing] += 1

    def __getitem__(self, thing):
        """How many of a thing there were."""
        return sum(counter[thing] for _, counter in self._counts.values())
