"""The pages of lessons, in a real browser: read, projected, printed, on a phone, by keyboard."""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from numpyvae.narrator.page import bind

ROOT    = Path(__file__).parent.parent.parent
LESSONS = ("03_dense_layer", "06_kl_divergence")
PAGES   = (*LESSONS, "walk", "short")
PHONE   = {"width": 390, "height": 844}
SHORT   = '''"""1. A short lesson?  (blog, section 1)

What a page needs to be tried.
"""
# %%
from numpyvae.narrator import *
begin(__doc__)

# %%
step("A question", "y = x W + b")
ask("What is it?", "This is it.")
say("Thereafter.")

# %%
step("A long cell, for a second reading", second=True)
x = [1,
     0]
for number in range(60):
    check(f"claim {number}", number, number)

# %%
step("The last")
show("x", [[1.5, -0.5], [0, 2]])
end()
'''

# Equations that do not fit into their box, and whatever sticks out of the window.
CUT = """() => [...document.querySelectorAll('.equation')]
                 .filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)"""
WIDTH = "() => document.documentElement.scrollWidth"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pages of two lessons, in small sizes, of `numpyvae walk` and of a short one, bound so that
    each leads to the next.
    """
    folder = tmp_path_factory.mktemp("pages")
    (folder / "short.py").write_text(SHORT, encoding="utf-8")
    for name in LESSONS:
        _run(folder, name, ROOT / "tutorials" / f"{name}.py", "--quick")
    _run(folder, "walk", "-m", "numpyvae", "walk")
    _run(folder, "short", folder / "short.py")
    for before, name, after in zip((None, *PAGES), PAGES, (*PAGES[1:], None)):
        path  = folder / f"{name}.html"
        links = [(f"{other}.html", other) if other else None for other in (before, after)]
        bound = bind(path.read_text(encoding="utf-8"), links[0], ("index.html", "all"), links[1])
        path.write_text(bound, encoding="utf-8")
    return folder


def _run(folder, name, *command):
    subprocess.run([sys.executable, *map(str, command), "--page", f"{name}.html"], cwd=folder,
                   env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True, capture_output=True)


@pytest.fixture(params=PAGES)
def name(request):
    """The name of a page."""
    return request.param


@pytest.fixture
def show(folder, open_page):
    """show(name, place="", **options): a tab that shows a page, at a place of it."""
    def opened(name, place="", **options):
        tab = open_page(folder / f"{name}.html", **options)
        if place:
            enter(tab, place)
        return tab

    return opened


def enter(tab, place):
    """Let the address name a place of the lecture, which the page hears of a little later."""
    tab.goto(tab.url + place)
    tab.wait_for_function("lecturing()")


def place_of(tab):
    """The lecture's place, step and fragments in sight, as the address has it."""
    return tuple(map(int, re.fullmatch(r".*#s(\d+)-(\d+)", tab.url).groups()))


def in_sight(tab):
    """The visible fragments' texts."""
    return [fragment.inner_text() for fragment in tab.locator(".fragment").all()
            if fragment.is_visible()]


def at_its_end(tab):
    """Whether the last fragment in sight has been scrolled to its end."""
    return tab.evaluate("current().getBoundingClientRect().bottom <= innerHeight - 40")


# ---------------------------------------------------------------------- read

def test_no_equation_is_cut_in_reading_or_in_a_lecture(show, name):
    tab = show(name)
    assert tab.evaluate(CUT) == [] and tab.evaluate(WIDTH) <= 1280
    tab.keyboard.press("l")
    for _ in range(tab.locator(".step").count()):
        assert tab.evaluate(CUT) == []
        tab.keyboard.press("n")


def test_a_phone_never_scrolls_sideways(show, name):
    tab = show(name, viewport=PHONE)
    assert tab.evaluate(WIDTH) <= 390
    tab.keyboard.press("l")
    tab.keyboard.press("n")
    assert tab.evaluate(WIDTH) <= 390


def test_it_can_be_read_without_javascript(show):
    tab = show("03_dense_layer", java_script_enabled=False)
    assert tab.locator("#tools").is_hidden()
    for fragment in tab.locator(".fragment").all():
        assert fragment.is_visible()
    assert tab.locator("math").first.is_visible()
    tab.locator(".claim summary").first.click()
    assert tab.locator(".claim .evidence").first.is_visible()


def test_headings_are_in_order_and_everything_has_a_name(show, name):
    tab = show(name)
    levels = tab.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(h => h.tagName)")
    assert levels[0] == "H1" and set(levels[1:]) == {"H2"}
    assert tab.evaluate("document.documentElement.lang") == "en"
    nameless = tab.evaluate("""() => [...document.querySelectorAll('button, a, img, nav')].filter(
        e => !(e.textContent.trim() || e.alt || e.ariaLabel)).length""")
    assert nameless == 0


def test_the_skip_link_leads_to_the_lesson(show):
    tab = show("short")
    tab.keyboard.press("Tab")
    link = tab.locator(".skip")
    assert link.evaluate("e => e === document.activeElement")
    assert link.bounding_box()["x"] >= 0
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "lesson"


# ---------------------------------------------------------------------- light, dark, large, small

def lightness(tab):
    """Of the paper, from 0 to 255."""
    return tab.evaluate("Math.min(...getComputedStyle(body).backgroundColor.match(/\\d+/g))")


def test_dark_is_the_system_s_choice_or_the_reader_s_and_is_remembered(show):
    assert lightness(show("short", color_scheme="light")) == 255
    tab = show("short", color_scheme="dark")
    assert lightness(tab) < 40
    tab.click("#theme")
    assert lightness(tab) == 255
    tab.reload()
    assert lightness(tab) == 255
    tab.keyboard.press("d")
    assert lightness(tab) < 40


def test_letters_grow_and_shrink_and_that_is_remembered(show):
    tab  = show("short")
    size = "parseFloat(getComputedStyle(document.querySelector('p')).fontSize)"
    first = tab.evaluate(size)
    tab.keyboard.press("+")
    tab.keyboard.press("+")
    assert tab.evaluate(size) == pytest.approx(1.21 * first, rel=1e-3)
    tab.reload()
    assert tab.evaluate(size) == pytest.approx(1.21 * first, rel=1e-3)
    tab.click("#smaller")
    assert tab.evaluate(size) == pytest.approx(1.1 * first, rel=1e-3)


def test_the_text_has_enough_contrast_in_both(show):
    contrast = """() => {
      const light = colour => { const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(c => c / 255)
        .map(c => c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4);
        return .2126 * parts[0] + .7152 * parts[1] + .0722 * parts[2] };
      const paper = light(getComputedStyle(document.body).backgroundColor);
      return ['p', '.where', 'h2 .number', '.claim .mark', 'small', '.second', '.end'].map(s => {
        const ink = light(getComputedStyle(document.querySelector(s)).color);
        return (Math.max(ink, paper) + .05) / (Math.min(ink, paper) + .05) }) }"""
    for scheme in ("light", "dark"):
        found = show("short", color_scheme=scheme).evaluate(contrast)
        assert min(found) >= 4.5                             # WCAG 2.1, level AA


def test_the_code_can_be_left_out(show):
    tab = show("short")
    assert tab.locator("#s2 pre.code").is_visible()
    tab.click("#code")
    assert tab.locator("#s2 pre.code").is_hidden()
    assert tab.locator("#code").get_attribute("aria-pressed") == "false"


# ---------------------------------------------------------------------- the lecture

WALK = """() => {                        // on, until there is no more: where it was, what it showed
  const seen = [];
  for (let i = 0; i < 2000; i++) {
    const visible = selector => all(selector).filter(e => e.offsetParent).length;
    seen.push([step, shown, visible('.fragment'), visible('.step'), Math.round(scrollY),
               all('details[open]').length]);
    const bottom = current() ? current().getBoundingClientRect().bottom : 0;
    if (step === last && shown === fragments().length && bottom <= innerHeight - 40) return seen;
    body.dispatchEvent(new KeyboardEvent('keydown', { key: 'PageDown', bubbles: true }));
  }
}"""


def test_a_lecture_goes_from_the_first_fragment_to_the_last_and_over(show, name):
    tab = show(name)
    tab.keyboard.press("l")
    assert place_of(tab) == (0, 1)
    seen  = tab.evaluate(WALK)
    found = list(dict.fromkeys((step, part) for step, part, *_ in seen))
    assert found == sorted(found) and len({tuple(at) for at in seen}) == len(seen)
    assert all(fragments == part and steps == 1 for _, part, fragments, steps, *_ in seen)
    for step in range(tab.locator(".step").count()):         # nothing is passed over
        own = "fragments().length"
        assert [part for at, part in found if at == step] == list(
            range(1, 1 + tab.evaluate(f"step = {step}, {own}")))
    tab.evaluate("go(last, Infinity)")
    while not at_its_end(tab):
        tab.keyboard.press("PageDown")
    end = tab.url
    tab.keyboard.press("ArrowRight")
    if name == PAGES[-1]:
        assert tab.url == end
    else:
        after = PAGES[PAGES.index(name) + 1]
        tab.wait_for_url(re.compile(f"{after}.html#s0-1$"), wait_until="commit")
        assert tab.evaluate("lecturing()")


def test_a_lecture_goes_back_and_over_into_the_end_of_the_lesson_before(show):
    tab = show("06_kl_divergence", "#s1-1")
    tab.keyboard.press("PageUp")
    assert place_of(tab)[0] == 0
    while place_of(tab) != (0, 1):
        tab.keyboard.press("ArrowLeft")
    tab.keyboard.press("ArrowUp")
    tab.wait_for_url(re.compile(r"03_dense_layer.html#s\d+-\d+$"), wait_until="commit")
    assert place_of(tab)[0] == tab.locator(".step").count() - 1
    assert tab.evaluate("shown === fragments().length")


def test_a_reload_keeps_the_place(show):
    tab = show("06_kl_divergence", "#s3-2")
    shown = in_sight(tab)
    assert place_of(tab) == (3, 2) and len(shown) == 2
    tab.reload()
    assert place_of(tab) == (3, 2) and in_sight(tab) == shown


def test_escape_leaves_at_the_step_that_was_shown(show):
    tab = show("06_kl_divergence", "#s3-2")
    tab.keyboard.press("Escape")
    assert tab.url.endswith("#s3") and not tab.evaluate("lecturing()")
    top = tab.locator("#s3").bounding_box()["y"]
    assert -10 < top < 200
    tab.click("#lecture")
    assert place_of(tab) == (3, 1)


def test_the_equation_stays_on_top(show):
    tab = show("06_kl_divergence", "#s1-1")
    while place_of(tab)[0] == 1:
        box = tab.locator("#s1 .equation").bounding_box()
        assert 0 <= box["y"] and box["y"] + box["height"] < 0.6 * 720
        tab.keyboard.press("PageDown")


def test_everything_is_legible_from_the_back_of_a_room(show, name):
    tab = show(name, "#s1-1")
    sizes = tab.evaluate("""() => [...document.querySelectorAll('.step.now p, .step.now h2, ' +
        '.step.now math, .step.now td, .step.now summary')].map(
        e => parseFloat(getComputedStyle(e).fontSize))""")
    assert min(sizes) >= 16 and max(sizes) >= 25


def test_a_picture_fills_the_screen(show):
    tab = show("06_kl_divergence", "#s6-1")
    tab.evaluate("go(6, fragments().findIndex(f => f.querySelector('img')) + 1)")
    box = tab.locator("#s6 img").bounding_box()
    assert box["height"] > 0.6 * 720 and box["y"] >= 0
    assert box["y"] + box["height"] <= tab.locator("#bar").bounding_box()["y"] + 1


def test_a_fragment_taller_than_the_screen_scrolls_first(show):
    tab = show("short", "#s2-1")
    assert not at_its_end(tab)
    presses = 0
    while place_of(tab) == (2, 1):
        scrolled = tab.evaluate("scrollY")
        tab.keyboard.press("PageDown")
        presses += 1
        assert place_of(tab) != (2, 1) or tab.evaluate("scrollY") > scrolled
    assert presses >= 3 and place_of(tab) == (3, 1)


def test_an_answer_unfolds_before_the_lecture_goes_on(show):
    tab = show("short", "#s1-1")
    answer = tab.locator(".question details")
    assert answer.get_attribute("open") is None
    tab.keyboard.press("PageDown")
    assert answer.get_attribute("open") is not None and place_of(tab) == (1, 1)
    tab.keyboard.press("PageDown")
    assert place_of(tab) == (1, 2)


def test_a_second_reading_can_be_folded_and_a_lecture_unfolds_it(show):
    tab  = show("short")
    fold = tab.locator(".fold > summary")
    fold.click()
    assert tab.locator("#s2 .fragment").first.is_hidden()
    enter(tab, "#s2-1")
    assert tab.locator("#s2 .fragment").first.is_visible()


def test_keys_on_a_button_or_a_fold_are_its_own(show):
    tab = show("short", "#s2-1")
    summary = tab.locator("#s2 .claim summary").first
    summary.focus()
    tab.keyboard.press("Enter")
    assert tab.locator("#s2 .claim").first.get_attribute("open") is not None
    assert place_of(tab) == (2, 1)
    tab.keyboard.press("?")
    assert tab.locator("#help").is_visible()
    tab.keyboard.press("Escape")
    assert tab.locator("#help").is_hidden() and tab.evaluate("lecturing()")


# ---------------------------------------------------------------------- printed

def test_it_prints_with_its_folds_open_and_without_its_buttons(show, name):
    tab = show(name)
    folded = tab.locator("details:not([open])").count()
    tab.emulate_media(media="print")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert tab.locator("details:not([open])").count() == 0
    assert tab.locator("#bar").is_hidden() and tab.locator("#steps").is_hidden()
    tab.set_viewport_size({"width": 680, "height": 960})     # A4 within its margins
    assert tab.evaluate(CUT) == []
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert tab.locator("details:not([open])").count() == folded
    pdf = tab.pdf(format="A4")
    assert pdf.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", pdf)) >= 2
