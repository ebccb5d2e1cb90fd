"""The narrator: the voice of the tutorials and of `numpyvae walk`.

A lesson is a series of cells. Each says what it is about (`step`), explains it (`say`), shows its
numbers (`show`, `table`) and asserts what it claims (`check`, `check_less`): a claim that does not
hold stops the lesson.

    options = begin(__doc__)                       title and question; --quick, --pause, --out
    step("The sum rule", "f = g + h")              a heading and its equation
    say("Where a value goes two ways, ...")        prose
    show(x=x, dmu=dmu)                             names, shapes, values
    ask("What if h = -g?", "Then f is 0, and ...")  a question, which the end answers
    check("the gradients add up", dmu, numeric, rtol=1e-12)
    figure(plots.curves(...), "sum_rule")          a picture, saved under --out
    end()                                          how many claims were checked

All of these also work without `begin`, with every option at its default: in a notebook, say, or in
code of your own.

The rooms behind this door:

    lesson         what each of these functions does: a `Lesson` counts, asserts, and saves figures
    claims         whether a claim holds, and the evidence
    events         what is said, as plain data, which each stage tells in its own way
    terminal       how a lesson is printed: headings, prose, colours, the width of the page
    page           how it is written as a page; its frame, looks and buttons lie beside it
    listing        a lesson's source, each statement before what it said
    markup         an event as HTML, with `highlight` for code
    paragraphs     prose, taken apart into sentences, code and equations
    notebook       how it is told below the cells of a notebook, with `markdown` for its prose
    ipynb          a lesson's source as such a notebook
    kernel         what is known of the kernel that runs it
    tally          how often claims were checked, where a cell may be run again
    book           the index of a book of pages, with its frame and looks
    numbers        numbers, arrays and tables as text
    arguments      the command line of a lesson
    source         the lines of a function, run one at a time

    notation       what a formula is made of: the nodes of its tree, its signs and names
    names          what a name in a formula stands for: W_mu, dz
    tokens         the pieces of a formula's text
    formula        a formula in one line of Unicode, read into a tree
    cells          the lines of an equation, cut where an author aligned them
    prose          the formulas in prose
    mathml, latex  all of these as a page and a notebook set them
"""
from .arguments import OneLineParser
from .lesson import Lesson

__all__ = ["Lesson", "OneLineParser", "ask", "begin", "check", "check_less", "end", "figure",
           "progress", "say", "show", "step", "table"]

# The lesson that a script tells. Its methods are the voice, just as the functions of Python's
# `random` are the methods of one hidden generator.
_lesson    = Lesson()

begin      = _lesson.begin
step       = _lesson.step
say        = _lesson.say
ask        = _lesson.ask
show       = _lesson.show
table      = _lesson.table
check      = _lesson.check
check_less = _lesson.check_less
figure     = _lesson.figure
progress   = _lesson.progress
end        = _lesson.end
