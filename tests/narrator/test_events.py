"""Events: a stage is told each of them by its name, with its fields in order."""
import inspect

import pytest

from numpyvae.narrator import events
from numpyvae.narrator.terminal import Terminal

KINDS = [thing for thing in vars(events).values()
         if inspect.isclass(thing) and thing.__module__ == events.__name__]


def test_an_event_is_told_by_its_name_with_its_fields_in_order():
    heard = []

    class Stage:
        def step(self, *fields):
            heard.append(fields)

    events.tell(Stage(), events.Step(3, "Its gradient", "∂ KL / ∂μ = μ", False))
    assert heard == [(3, "Its gradient", "∂ KL / ∂μ = μ", False)]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_terminal_tells_every_kind_by_its_fields(kind):
    method = getattr(Terminal, kind.__name__.lower())
    assert list(inspect.signature(method).parameters)[1:] == list(kind._fields)


def test_there_are_thirteen_kinds():
    assert len(KINDS) == 13 and all(kind.__doc__ for kind in KINDS)
