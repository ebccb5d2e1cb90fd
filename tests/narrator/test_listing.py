"""Listing: the code that computed stands before what it said; what only speaks is not listed."""
from numpyvae.narrator.listing import Code, Imports, Spoken, pair

SOURCE = '''"""1. Why?"""
# %%
import numpy as np

from numpyvae.narrator import *

quick = begin(__doc__).quick
N = 3                # examples


# %%
step("One")
say("""
Prose.
""")
# Drawn once.
x = np.ones(N)


@cache
def f(x):
    """Its double."""
    return 2 * x


show(x=x)
y = f(x)
show("twice", 2 * x)
check("they agree", y,
      2 * x)
for i in range(2):
    check("again", y, y)
if quick:
    say("Quick.")

# %%
step("Two")
import os
z = f(y)
# %%
report(z)
figure(plots.curves(z), "z")
end()
'''


def line_of(code):
    return SOURCE[:SOURCE.index(code)].count("\n") + 1


def pieces():
    said = [(line_of(code), event) for code, event in [
        ("quick =", "title"), ("quick =", "question"), ('step("One")', "one"), ("say(", "prose"),
        ("show(x", "x"), ('show("twice', "twice"), ("      2 * x)", "agree"),
        ("for i", "again"), ("for i", "again"), ('step("Two")', "two"), ("report", "reported"),
        ("report", "too"), ("figure(", "figure"), ("end()", "end")]]
    return pair(SOURCE, said)


def test_each_piece_of_code_stands_before_what_it_said():
    assert pieces() == [
        Spoken("title", ""), Spoken("question", ""),
        Imports("import numpy as np\n\nfrom numpyvae.narrator import *"),
        Code("N = 3                # examples"),
        Spoken("one", ""), Spoken("prose", ""),
        Code('# Drawn once.\nx = np.ones(N)\n\n@cache\ndef f(x):\n    """Its double."""\n'
             "    return 2 * x"),
        Spoken("x", ""),
        Code("y = f(x)"),
        Spoken("twice", 'show("twice", 2 * x)'),
        Spoken("agree", 'check("they agree", y,\n      2 * x)'),
        Spoken("again", 'for i in range(2):\n    check("again", y, y)'),
        Spoken("again", 'for i in range(2):\n    check("again", y, y)'),
        Spoken("two", ""),
        Code("import os\nz = f(y)"),
        Code("report(z)"),
        Spoken("reported", ""), Spoken("too", ""),
        Spoken("figure", 'figure(plots.curves(z), "z")'),
        Spoken("end", "")]


def test_no_statement_that_computes_is_lost_and_none_is_there_twice():
    listed = "\n".join(piece.text for piece in pieces() if not isinstance(piece, Spoken))
    for code in ("import numpy as np", "N = 3", "x = np.ones(N)", "def f(x)", "y = f(x)",
                 "import os", "z = f(y)", "report(z)"):
        assert listed.count(code) == 1
    for code in ("begin", "step(", "say(", "Prose", "end()", "# %%"):
        assert code not in listed


def test_without_a_source_there_are_only_the_events():
    assert pair(None, [(None, "a"), (None, "b")]) == [Spoken("a", ""), Spoken("b", "")]


def test_code_behind_the_last_event_is_listed_and_events_behind_the_last_line_are_told():
    assert pair("x = 1\n", [(9, "late")]) == [Code("x = 1"), Spoken("late", "")]
