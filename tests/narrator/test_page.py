"""The page of a lesson: one file that asks for nothing, in which everything is that was said."""
import base64
import errno
import io
import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest

from numpyvae import cli
from numpyvae.narrator import begin, events, page, say
from numpyvae.narrator.arguments import MADE_BY
from numpyvae.narrator.page import Page, Tee, bind, html

LESSON = '''"""7. Why <this>?  (blog, section 1)

A question & its answer.
"""
# %%
import numpy as np
from matplotlib.figure import Figure
from numpyvae.narrator import *

quick = begin(__doc__, {argv!r}).quick
x = np.array([[1.5, -2.0]])

# %%
step("One", "y = 2 x")
say("It doubles. </script><script>alert(1)</script>")
y = 2 * x
show(y=y)
y *= 0
print("by <hand>")
table(["n", "what"], [[1, "a < b"]])
check("twice is a sum", x + x, 2 * x)
ask("Why?", "Since it is so.")
figure(Figure(figsize=(2, 1)), "empty", seen="Nothing.")

# %%
step("Two", second=True)
check("a later claim", 1, 1)
check("a large claim", 1, 2, full_size=True)
end()
'''


@pytest.fixture
def told(tmp_path, monkeypatch, capsys):
    """told(*argv, code=LESSON): run a lesson  ->  what it printed, and the page or None."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdout", sys.stdout)           # put back whatever a lesson leaves

    def run(*argv, code=LESSON):
        path = tmp_path / "07_why.py"
        path.write_text(code.replace("{argv!r}", repr(["--out", ".", *argv])), encoding="utf-8")
        text = path.read_text(encoding="utf-8")
        exec(compile(text, str(path), "exec"), {"__name__": "__main__"})
        written = tmp_path / "why.html"
        found = written.read_text(encoding="utf-8") if written.exists() else None
        return capsys.readouterr().out, found
    return run


class Outline(HTMLParser):
    """What a page consists of: its tags in order, its headings, ids, addresses, texts by tag."""

    VOID = {"meta", "link", "img", "br", "hr"}

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert not self.open, "a tag that is not closed"

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in self.VOID and not tag.startswith("m"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not tag.startswith("m"):
            assert self.open.pop() == tag

    def handle_data(self, text):
        if self.open:
            self.texts.append((self.open[-1], text))

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


# ---------------------------------------------------------------------- what is on it

def test_everything_that_was_said_is_on_the_page_in_its_order(told):
    _, text = told("--quick", "--page", "why.html")
    body = text[text.index('<main'):text.index("</main>")]
    order = ["7. Why &lt;this&gt;?", "blog, section 1", "A question &amp; its answer.",
             "what this lesson imports", "x = np.array", "One", '<div class="equation">',
             "It doubles.", '<pre class="code" style="--columns:9"', "3.0000", "−4.0000",
             "by &lt;hand&gt;", "a &lt; b", "twice is a sum", "Why?", "Since it is so.",
             'alt="Nothing."', "Two", "second reading", "<details class=\"fold\" open>",
             "a later claim", "a large claim", "2 claims checked, and all hold; 1 left out"]
    places = [body.find(words) for words in order]
    assert -1 not in places and places == sorted(places)


def test_a_value_is_shown_as_it_was_then(told):
    _, text = told("--quick", "--page", "why.html")
    assert "3.0000" in text and "0.0000" not in text


def test_it_is_well_formed_and_has_an_outline(told):
    _, text = told("--quick", "--page", "why.html")
    found = Outline(text)
    assert text.startswith('<!doctype html>\n<html lang="en">')
    assert MADE_BY.decode() in text[:1000]
    headings = [tag for tag, _ in found.tags if re.fullmatch(r"h\d", tag)]
    assert headings == ["h1", "h2", "h2"]
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(ids) == len(set(ids)) and {"s0", "s1", "s2", "lesson", "steps"} <= set(ids)
    assert {"#lesson", "#s1", "#s2"} <= {attributes["href"] for attributes in found.all("a")}
    for tag in ("main", "title", "nav", "header"):
        assert found.all(tag)
    assert all("alt" in image for image in found.all("img"))
    assert all(attributes.get("aria-label") for attributes in found.all("nav"))
    for attributes in found.all("button"):
        assert attributes.get("title") or attributes["id"] == "print"


def test_it_asks_for_nothing_and_runs_nothing_of_what_was_said(told):
    _, text = told("--quick", "--page", "why.html")
    found = Outline(text)
    assert len(found.all("script")) == 1 and "src" not in found.all("script")[0]
    assert text.count("</script>") == 1
    addresses = [attributes[name] for _, attributes in found.tags
                 for name in ("src", "href") if name in attributes]
    assert addresses and all(address.startswith(("#", "data:")) for address in addresses)
    style = text[text.index("<style>"):text.index("</style>")]
    assert "url(" not in style and "@import" not in style
    assert "default-src 'none'" in text
    assert "http:" not in text and "https:" not in text


def test_the_lesson_s_own_source_can_be_had_from_it(told, tmp_path):
    _, text = told("--quick", "--page", "why.html")
    link, = [attributes for attributes in Outline(text).all("a") if "download" in attributes]
    kind, _, data = link["href"].partition(",")
    assert (link["download"], kind) == ("07_why.py", "data:text/x-python;base64")
    assert base64.b64decode(data) == (tmp_path / "07_why.py").read_bytes()


def test_quick_says_what_is_left_out(told):
    _, text = told("--quick", "--page", "why.html")
    assert "a large claim <small>(left out by --quick)</small>" in text


def test_what_a_claim_compared_is_folded_behind_it(told):
    _, text = told("--quick", "--page", "why.html")
    claim = text[text.index('<details class="claim"'):]
    claim = claim[:claim.index("</details>")]
    assert "twice is a sum" in claim and "x + x" in re.sub("<[^>]*>", "", claim)


# ---------------------------------------------------------------------- beside the terminal

def test_the_terminal_prints_the_same(told, capsys):
    plain, nothing = told("--quick")
    with_page, _   = told("--quick", "--page", "why.html")
    seconds = re.compile(r"\(\d+\.\d s\)")
    assert nothing is None and plain.count("\n") > 30
    assert seconds.sub("", with_page) == seconds.sub("", plain) + "The page: why.html\n"


def test_standard_output_is_put_back_at_the_end(told):
    before = sys.stdout
    told("--quick", "--page", "why.html")
    assert sys.stdout is before


def test_a_lesson_that_did_not_end_leaves_nothing_to_the_next(told, lesson, tmp_path):
    before = sys.stdout
    with pytest.raises(AssertionError):
        told("--page", "why.html")                           # a large claim does not hold
    assert isinstance(sys.stdout, Tee) and not (tmp_path / "why.html").exists()
    begin("8. Next?\n\nA question.", [])
    assert sys.stdout is before and len(lesson.stages) == 1


def test_what_others_print_is_on_the_page_and_what_the_terminal_prints_is_not(told):
    code = LESSON.replace('print("by <hand>")', r'''
for i in range(3):
    print("row", i)
print("\r[####] half", end="\r")
print("\033[1mbold\033[0m")
print()
z = 1
print("after z")
''')
    _, text = told("--quick", "--page", "why.html", code=code)
    printed = re.findall(r'<pre class="printed"[^>]*>(.*?)</pre>', text, re.DOTALL)
    assert printed == ["row 0\nrow 1\nrow 2", "bold", "after z"]
    assert text.index("z = ") < text.index("after z</pre>")


def test_a_lesson_that_speaks_from_inside_a_function_lists_no_code(tmp_path, monkeypatch, told):
    begin("8. Next?\n\nA question.", ["--page", str(tmp_path / "next.html")])
    say("Prose.")
    sys.modules["numpyvae.narrator"].end()
    text = (tmp_path / "next.html").read_text(encoding="utf-8")
    assert "Prose." in text and "def test" not in text and "download" not in text


# ---------------------------------------------------------------------- where it is written

def test_a_page_replaces_an_older_page(told, tmp_path):
    told("--quick", "--page", "why.html")
    first = (tmp_path / "why.html").read_bytes()
    told("--quick", "--page", "why.html", code=LESSON.replace("It doubles", "It grows"))
    second = (tmp_path / "why.html").read_bytes()
    assert b"It grows" in second and second != first
    assert sorted(os.listdir(tmp_path)) == ["07_why.py", "empty.png", "why.html"]


def test_a_full_disk_is_said_in_one_sentence(told, monkeypatch, capsys):
    def fail(path, write):
        if str(path).endswith(".html"):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(page, "write_atomically", fail)
    with pytest.raises(SystemExit) as stop:
        told("--quick", "--page", "why.html")
    assert stop.value.code == 2
    assert capsys.readouterr().err == ("why.html: cannot be written (No space left on device); "
                                       "name another file with --page\n")


def test_numpyvae_walk_writes_one_too(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    path = tmp_path / "walk.html"
    assert cli.main(["walk", "--page", str(path)]) == 0
    assert capsys.readouterr().out.endswith(f"The page: {path}\n")
    text  = path.read_text(encoding="utf-8")
    plain = re.sub("<[^>]*>", "", text)
    Outline(text)
    assert re.search(r'<pre class="code"[^>]*><code>a1 = dense\(x, W1, b1\)</code></pre>'
                     '<div class="equation"><math', text)
    assert "name     | shape" in plain                       # the report of the gradient check
    assert "what this lesson imports" not in text
    (tmp_path / "file.html").write_text("precious")
    for place, words in ((tmp_path / "file.html", "something else"), (tmp_path, ".html"),
                         (tmp_path / "none" / "a.html", "folder")):
        assert cli.main(["walk", "--page", str(place)]) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.startswith("numpyvae walk: --page") and words in err
    assert (tmp_path / "file.html").read_text() == "precious"


# ---------------------------------------------------------------------- a book of pages

SAID = [(None, events.Title("1. <Why>?  (blog, section 1)")), (None, events.Say("Because."))]


def test_a_page_of_its_own_has_no_neighbours_and_a_bound_one_has():
    alone = html(SAID)
    assert "rel=\"" not in alone.replace('rel="icon"', "")
    bound = bind(alone, ("00 a.html", "00"), ("index.html", "all lessons"), ("02.html", "<02>"))
    links = {attributes["rel"]: attributes["href"] for attributes in Outline(bound).all("a")
             if "rel" in attributes}
    assert links == {"prev": "00 a.html", "index": "index.html", "next": "02.html"}
    assert ">‹ 00</a>" in bound and ">&lt;02&gt; ›</a>" in bound
    assert bind(alone) == alone
    assert bind(alone, None, ("index.html", "all"), None).count("rel=") == alone.count("rel=") + 1


def test_its_title_is_the_question():
    text = html(SAID)
    assert "<title>1. &lt;Why&gt;?</title>" in text


# ---------------------------------------------------------------------- the parts

def test_a_tee_writes_and_hands_on():
    stream, heard = io.StringIO(), []
    tee = Tee(stream, heard.append)
    print("a", 1, file=tee)
    assert stream.getvalue() == "a 1\n" and "".join(heard) == "a 1\n"
    assert not tee.isatty() and tee.write("four") == 4


def test_a_page_is_a_stage_with_a_method_for_every_kind_of_event():
    stage = Page("x.html", sys._getframe())
    for kind in (thing for thing in vars(events).values()
                 if isinstance(thing, type) and thing.__module__ == events.__name__):
        assert callable(getattr(stage, kind.__name__.lower()))
    with pytest.raises(AttributeError, match="nothing"):
        stage.nothing
    stage.claim("it holds", np.True_, "1 and 1")
    stage.progress(1, 2, "x")
    assert stage.said == [(None, events.Claim("it holds", True, "1 and 1"))]


def test_it_is_written_in_any_locale(script, env, tmp_path):
    command = script('say("Größe ✓")\nend()\n')
    done = subprocess.run([*command, "--page", str(tmp_path / "p.html")], capture_output=True,
                          env={**env, "LC_ALL": "C", "PYTHONUTF8": "0"})
    assert done.returncode == 0, done.stderr
    assert "Größe ✓" in (tmp_path / "p.html").read_text(encoding="utf-8")
