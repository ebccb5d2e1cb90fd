"""A book in a real browser: every page of it read, lectured from its first fragment to its last,
printed, and opened on a phone.

The book is the one that the environment variable NUMPYVAE_BOOK names; else two lessons are bound.
"""
import os
import subprocess
import sys
from pathlib import Path

import pytest

import numpyvae

try:
    from playwright.sync_api import Error
except ImportError:                  # the browser's fixture skips what needs it
    Error = Exception

ROOT  = Path(__file__).parent.parent.parent
PHONE = {"width": 390, "height": 844}

WIDE  = "() => document.documentElement.scrollWidth - innerWidth"      # how much too wide it is

# What does not fit: equations that are cut, or the whole page.
MISFIT = f"""() => [...[...document.querySelectorAll(".equation")]
                       .filter(e => e.offsetParent && e.scrollWidth > e.clientWidth + 1)
                       .map(e => e.textContent),
                    ...[({WIDE})()].filter(w => w > 0)]"""

# The steps of a lesson, each with the number of its fragments that show anything in a lecture.
FRAGMENTS = """steps => steps.map(step => [step.id,
    [...step.querySelectorAll(".fragment:not(.imports)")]
        .filter(f => f.firstElementChild).length])"""

# Where a lecture is, and what can be seen of it.
PLACE = f"""() => ({{hash: location.hash, file: location.pathname.split("/").pop(),
                    lecture: document.body.classList.contains("lecture"),
                    step: document.querySelector(".step.now")?.id,
                    shown: [...document.querySelectorAll(".step.now .fragment")]
                           .filter(f => f.offsetParent).length,
                    answers: document.querySelectorAll(".step.now details[open]").length,
                    scrolled: scrollY, misfit: ({MISFIT})()}})"""


@pytest.fixture(scope="module")
def book(browser, tmp_path_factory):
    """The folder of a book."""
    named = os.environ.get("NUMPYVAE_BOOK")
    if named:
        return Path(named)
    folder  = tmp_path_factory.mktemp("book")
    command = [sys.executable, str(ROOT / "tutorials" / "all_lessons.py"), "03", "12", "--quick",
               "--book", str(folder)]
    env = {**os.environ, "PYTHONPATH": str(Path(numpyvae.__file__).parent.parent)}
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
    return folder


@pytest.fixture(scope="module")
def lessons(book):
    """The pages of the lessons, in order."""
    return sorted(book.glob("[0-9]*.html"))


# ---------------------------------------------------------------------- the index

def test_the_index_leads_to_every_page_and_back(book, lessons, open_page):
    index = open_page(book / "index.html")
    links = index.eval_on_selector_all("a", "links => links.map(a => a.getAttribute('href'))")
    links = [link for link in links if not link.startswith("#")]
    assert set(links) == {path.name for path in book.glob("*.html")} - {"index.html"}
    cards = index.locator(".cards > li")
    assert cards.count() == len(lessons)
    for i, path in enumerate(lessons):
        text = cards.nth(i).inner_text()
        assert text.split()[0] == str(int(path.name[:2])) and "minutes" in text and "steps" in text
        assert "blog, section" in text and "?" in text
        assert cards.nth(i).locator("img").evaluate("image => image.naturalWidth") > 100
    index.click(".begin a")
    assert index.url.endswith(lessons[0].name)
    index.click("a[rel=index]")
    assert index.url.endswith("index.html")
    index.click("#play a")
    assert index.locator("canvas").count() > 0
    index.click("a[href='index.html']")
    assert index.locator(".cards").count() == 1


def test_the_index_keeps_the_colours_that_were_chosen(book, open_page):
    index = open_page(book / "index.html", color_scheme="light")
    before = paper(index)
    index.keyboard.press("d")
    assert paper(index) != before
    index.reload()
    assert paper(index) != before
    index.click(".begin a")
    assert index.evaluate("document.documentElement.dataset.theme") == "dark"


def paper(tab):
    return tab.evaluate("getComputedStyle(document.body).backgroundColor")


def brightness(colour):
    """Of "rgb(r, g, b)", from 0 to 1."""
    return sum(map(float, colour.partition("(")[2].rstrip(")").split(",")[:3])) / 765


# ---------------------------------------------------------------------- reading

def test_every_page_fits_a_projector_and_a_phone_in_light_and_dark(book, open_page):
    for path in book.glob("*.html"):
        tab = open_page(path, color_scheme="light")
        assert tab.evaluate(MISFIT) == [], path.name
        assert tab.evaluate("document.documentElement.lang") == "en"
        assert tab.locator("h1").count() == 1
        assert brightness(paper(tab)) > 0.9, path.name
        tab.emulate_media(color_scheme="dark")
        tab.reload()
        assert brightness(paper(tab)) < 0.2, path.name
        tab.set_viewport_size(PHONE)                         # where a long equation is swiped
        assert tab.evaluate(WIDE) <= 0, path.name
        tab.close()


def test_a_lesson_prints(book, lessons, open_page):
    for path in (book / "index.html", *lessons):
        tab = open_page(path, color_scheme="dark")
        tab.emulate_media(media="print", color_scheme="dark")
        assert not tab.locator("#bar button").first.is_visible()
        assert brightness(paper(tab)) == 1
        assert len(tab.pdf()) > 20_000
        tab.close()


def test_lessons_are_read_without_javascript(lessons, open_page):
    for path in lessons:
        tab = open_page(path, java_script_enabled=False)
        steps = tab.locator(".step h2")
        assert steps.count() >= 5 and all(steps.nth(i).is_visible() for i in range(steps.count()))
        assert tab.locator("math").count() > 0 and tab.locator("figure img").count() > 0
        tab.close()


# ---------------------------------------------------------------------- the lecture

def test_a_lecture_goes_from_the_first_fragment_to_the_last_and_over_into_the_next_lesson(
        lessons, open_page):
    tab = open_page(lessons[0])
    tab.keyboard.press("l")
    for path, after in zip(lessons, [*lessons[1:], None]):
        fragments = dict(tab.eval_on_selector_all(".step", FRAGMENTS))
        assert lecture(tab, path.name) == fragments, path.name
        if after is None:
            assert tab.evaluate(PLACE)["file"] == path.name          # there is no more
        else:
            tab.wait_for_url(f"**/{after.name}*")
            place = tab.evaluate(PLACE)
            assert place["lecture"] and (place["step"], place["shown"]) == ("s0", 1)


def place_of(tab):
    """Where a lecture is; if it is just turning over to another lesson, where it arrives."""
    try:
        return tab.evaluate(PLACE)
    except Error:
        tab.wait_for_load_state()
        return tab.evaluate(PLACE)


def lecture(tab, name):
    """Press PageDown until a lesson ends  ->  {step: the fragments that were shown of it}."""
    shown, before = {}, None
    while (place := place_of(tab)) != before and place["file"] == name:
        assert place["lecture"] and not place["misfit"], place
        shown[place["step"]] = max(place["shown"], shown.get(place["step"], 0))
        before = place
        tab.keyboard.press("PageDown")
    return shown


def test_a_lecture_goes_back_into_the_lesson_before(lessons, open_page):
    first, second, *_ = lessons
    tab = open_page(second)
    tab.keyboard.press("l")
    tab.keyboard.press("PageUp")
    tab.wait_for_url(f"**/{first.name}*")
    place = tab.evaluate(PLACE)
    last  = tab.locator(".step").last.get_attribute("id")
    assert place["lecture"] and place["step"] == last


def test_a_reload_keeps_the_place(lessons, open_page):
    for path in lessons:
        tab = open_page(path)
        tab.keyboard.press("l")
        for _ in range(7):
            tab.keyboard.press("ArrowRight")
        before = tab.evaluate(PLACE)
        assert before["hash"].startswith("#s")
        tab.reload()
        after = tab.evaluate(PLACE)
        assert {**after, "answers": None} == {**before, "answers": None}, path.name
        tab.keyboard.press("Escape")
        assert not tab.evaluate(PLACE)["lecture"]
        tab.close()
