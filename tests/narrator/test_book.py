"""A book of lessons: what its index knows of a lesson, and how it shows it."""
from pathlib import Path

import pytest

from numpyvae.narrator import book

LESSON = '''"""7. The question: why μ?  (blog, section 1)

{question}

    python tutorials/07_why.py
"""
begin(__doc__)
step("One")
say("{said}")
step("Two", "a = b", second=True)
step("Three", second=False)
'''
TUTORIALS = Path(__file__).parent.parent.parent / "tutorials"


def test_a_lesson_is_known_by_its_text():
    text  = LESSON.format(question="Because " * 13, said="So. " * 507)
    about = book.chapter(text)
    assert about[:4] == ("7", "The question", "why μ?", "blog, section 1")
    assert (about.core, about.second) == (2, 1)
    assert about.minutes == 10                   # 4 of words, 6 of steps
    longer = book.chapter(LESSON.format(question="Because", said="So. " * 1300))
    assert longer.minutes == 15


@pytest.mark.parametrize("lesson", sorted(TUTORIALS.glob("[0-9][0-9]_*.py")),
                         ids=lambda path: path.stem)
def test_of_every_lesson_it_knows_enough(lesson):
    about = book.chapter(lesson.read_text(encoding="utf-8"))
    assert int(about.number) == int(lesson.name[:2])
    assert about.name and about.question.endswith("?") and about.place.startswith("blog, section")
    assert about.core + about.second >= 5 and 10 <= about.minutes <= 60


def entry(page="07_why.html", thumbnail=b"png", core=3, second=0):
    about = book.Chapter("7", "The <question>", "why μ?", "blog, section 1", core, second, 25)
    return book.Entry(about, page, thumbnail, 'a "picture"')


def test_the_index_says_of_a_lesson_what_one_asks_before_reading_it():
    index = book.index([entry()], 12)
    card  = index.partition('<a class="card" href="07_why.html">')[2].partition("</a>")[0]
    assert '<span class="number">7</span> The &lt;question&gt;</h3>' in card
    assert "<p>Why <math><mi>μ</mi></math>?</p>" in card
    assert ("<span>blog, section 1</span> · <span>about 25 minutes</span> · <span>3 steps</span>"
            in card)
    assert 'alt="a &quot;picture&quot;" src="data:image/png;base64,cG5n"' in card
    assert "One lesson for what" in index and "12 claims, all of which hold.</p>" in index
    assert '<a href="07_why.html">Begin with lesson 7</a>' in index
    assert "about 25 minutes. In a lesson" in index and "explore" not in index


@pytest.mark.parametrize("core, second, said", [
    (3, 2, "3 core steps, 2 for a second reading"), (0, 4, "for a second reading")])
def test_what_is_for_a_second_reading_is_said(core, second, said):
    assert f"<span>{said}</span>" in book.index([entry(core=core, second=second)], 1)


def test_a_lesson_that_could_not_be_made_has_no_link():
    index = book.index([entry(page="", thumbnail=b""), entry(page="08.html")], 1)
    assert index.count('<a class="card"') == 1 and "It could not be made." in index
    assert '<a href="08.html">Begin' in index and "One lesson for" in index


def test_the_index_of_a_quick_book_says_so_and_one_with_a_decoder_shows_it():
    index = book.index([entry()] * 4, 1, book.Explorer("explore.html", b"png"), quick=True)
    assert "They ran at small sizes (--quick)" in index and "about 2 hours" in index
    assert '<a class="card" href="explore.html">' in index


def test_a_book_is_known_by_its_index(tmp_path):
    assert not book.is_one(tmp_path)
    (tmp_path / "index.html").write_text("<p>Mine: numpyvae book</p>")
    assert not book.is_one(tmp_path)
    (tmp_path / "index.html").write_text(book.index([entry()], 1), encoding="utf-8")
    assert book.is_one(tmp_path) and not book.is_one(tmp_path / "nowhere")
