"""tutorials/bring_your_own.md: each file on the page is right, and wrong once it is spoiled."""
import re
from pathlib import Path

import pytest

from numpyvae.cli import main

TUTORIALS = Path(__file__).parents[1] / "tutorials"
PAGE      = (TUTORIALS / "bring_your_own.md").read_text(encoding="utf-8")
FILES     = re.findall(r"^## (.*?)\n.*?```python\n(.*?)```\n\n    numpyvae check (\S+)\n", PAGE,
                       re.MULTILINE | re.DOTALL)
BY_TITLE  = {title: (text, target) for title, text, target in FILES}

# For each file: how many gradients are compared, and what spoils it.
SPOILED = {
    "A function": (2, [("p * x -", "p * x +"), ("return dy * p,", "return p,")]),
    "A class": (3, [("self.x.T @ dy", "-self.x.T @ dy"), ("dy.sum(axis=0)", "dy.mean(axis=0)")]),
    "A loss": (1, [(" / len(labels)\n\ndef ex", "\n\ndef ex"), ("-= 1", "-= 2")]),
    "An embedding": (1, [("np.add.at(dW, tokens, dy)", "dW[tokens] += dy")]),
    "A recurrent cell": (5, [("dh + dy", "dy"), ('"Wy": h.T', '"Wy": h0.T'), ("h0.T @", "h.T @")]),
    "A loss and its gradients in one": (2, [("(p - y) / len(x)", "(p - y)"),
                                            ('"b": da.sum()', '"b": da.mean()')])}


def judged(capsys, folder, text, target):
    path = folder / target.split(":")[0]
    path.write_text(text, encoding="utf-8")
    status = main(["check", f"{path}:{target.split(':')[1]}"])
    return status, *capsys.readouterr()


def test_the_page_has_a_file_of_each_kind():
    assert list(BY_TITLE) == list(SPOILED)


@pytest.mark.parametrize("title", SPOILED)
def test_a_file_is_short(title):
    text, _ = BY_TITLE[title]
    lines = [line for line in text.splitlines() if line and not line.startswith("import")]
    assert len(lines) <= 12 and max(map(len, lines)) <= 100


@pytest.mark.parametrize("title", SPOILED)
def test_a_file_is_right(capsys, tmp_path, title):
    count, _ = SPOILED[title]
    status, out, err = judged(capsys, tmp_path, *BY_TITLE[title])
    assert status == 0 and not err and out.count("| yes") == count and "is right: " in out


@pytest.mark.parametrize("title, change", [
    (title, change) for title, (_, changes) in SPOILED.items() for change in changes])
def test_a_spoiled_one_is_wrong(capsys, tmp_path, title, change):
    text, target = BY_TITLE[title]
    assert text.count(change[0]) == 1
    status, out, err = judged(capsys, tmp_path, text.replace(*change), target)
    assert status == 1 and not err and "is wrong: " in out


def blocks(title):
    section = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
    return re.search(r"```python\n(.*?)```(?:\n\n    (.*))?", section, re.DOTALL).groups()


def test_the_test_on_the_page_passes_and_fails_if_it_is_spoiled(capsys):
    text, _ = blocks("In a test suite of your own")
    names = {}
    exec(text, names)
    names["test_the_gradient_of_a_square"]()
    assert not capsys.readouterr().out
    exec(text.replace("2 * params", "3 * params"), names)
    with pytest.raises(AssertionError, match="W: 1.5 times the numeric"):
        names["test_the_gradient_of_a_square"]()


def test_what_the_page_prints_is_printed(capsys):
    text, printed = blocks("Grading")
    exec(text, {})
    assert capsys.readouterr().out.strip() == printed.strip()


def test_by_on_the_page_is_for_single_blocks(capsys, tmp_path):
    text, target = BY_TITLE["A class"]
    (tmp_path / "linear.py").write_text(text, encoding="utf-8")
    assert main(["check", f"{tmp_path / target}", "--by", "W=element"]) == 0
    assert main(["check", f"{tmp_path / target}", "--by", "V=element"]) == 2


def test_the_options_on_the_page_are_those_of_the_command(capsys):
    with pytest.raises(SystemExit):
        main(["check", "--help"])
    usage = capsys.readouterr().out
    for option in re.findall(r"^\| `(--[a-z]+)", PAGE, re.MULTILINE):
        assert option in usage


def test_the_index_leads_here():
    index = (TUTORIALS / "README.md").read_text(encoding="utf-8")
    assert "](bring_your_own.md)" in index
