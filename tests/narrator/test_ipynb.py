"""Lessons as notebooks: their prose is Markdown and told once, everything else is their code."""
import ast
import json
import re
from pathlib import Path

import pytest

from numpyvae.narrator import ipynb

LESSONS = sorted((Path(__file__).parent.parent.parent / "tutorials").glob("[0-9][0-9]_*.py"))

LESSON = '''"""7. Why?  (blog, section 1)

Because.

    python tutorials/07_why.py    (2 seconds)

It draws why.png.
"""
# %%
import numpy as np

from numpyvae.narrator import begin, end, say, show, step

options = begin(__doc__, seed=3)

# %%
step("The first", """
    a = b
    c = d
""")
say("""
One line
and another.
""")
x = 1
say("Then:" " more.")

if x:
    say("Not always.")
show("x", x)

# %%
step("The second", "½ μ²", second=True)
# A comment, which stays.
say(f"In every run {x}.")

# %%
end()
'''


def cells(source):
    return [(cell["cell_type"], "".join(cell["source"]))
            for cell in json.loads(ipynb.notebook(source))["cells"]]


def test_prose_that_is_known_is_markdown_and_the_rest_is_code():
    found = cells(LESSON)
    assert [kind for kind, _ in found] == ["markdown", "code", "markdown", "code", "markdown",
                                           "code", "markdown", "code", "code"]
    texts = [text for _, text in found]
    assert texts[0].startswith("# 7. Why?\n\n*(blog, section 1)*\n\nBecause.\n\nIn a notebook")
    assert "NUMPYVAE_SEED=1` for other randomness (the lesson's own seed is 3)" in texts[0]
    assert "07_why.py" not in texts[0]
    assert texts[1].startswith("import numpy") and texts[1].endswith("begin(__doc__, seed=3)")
    heading, equation, prose = texts[2].split("\n\n")
    assert heading == "## 1. The first" and prose == "One line and another."
    assert equation.startswith("$$\n") and equation.endswith("\n$$")
    assert texts[3:5] == ["x = 1", "Then: more."]
    assert texts[5] == 'if x:\n    say("Not always.")\nshow("x", x)'
    assert texts[6].startswith("## 2. The second *(second reading)*\n\n$$\n")
    assert texts[7] == '# A comment, which stays.\nsay(f"In every run {x}.")'
    assert texts[8] == "end()"


@pytest.mark.parametrize("other", ['for name in "ab":\n    step(name)', 'step(f"{x}")',
                                   'title = "x"\nstep(title)', 'step("a", second=x > 0)'])
def test_if_one_step_is_only_known_when_it_runs_all_of_them_stay(other):
    found = cells(LESSON.replace("# %%\nend()", f"# %%\n{other}\n\n# %%\nend()"))
    code = "\n".join(text for kind, text in found if kind == "code")
    assert 'step("The first", """\n    a = b\n' in code and other in code
    assert not any(text.startswith("##") for kind, text in found if kind == "markdown")
    assert ("markdown", "One line and another.") in found            # in its place:
    assert found.index(("code", "x = 1")) > found.index(("markdown", "One line and another."))


def test_a_question_is_asked_once_with_its_answer_folded_behind_it():
    asking = LESSON.replace("x = 1\n", 'ask("Why?", "So.")\nx = 1\nask("How?", "Thus.")\n')
    found  = cells(asking)
    assert "One line and another.\n\n**Question 1.** Why?\n\n<details>" in found[2][1]
    assert found[3] == ("code", "x = 1") and "**Question 2.** How?" in found[4][1]
    assert not any("ask(" in text for _, text in found)
    other = cells(asking.replace('"Thus."', 'f"Thus {x}."'))
    code  = "\n".join(text for kind, text in other if kind == "code")
    assert 'ask("Why?", "So.")' in code and 'ask("How?", f"Thus {x}.")' in code


def test_a_lesson_without_a_seed_has_no_option_for_it():
    text = cells(LESSON.replace(", seed=3", ""))[0][1]
    assert "NUMPYVAE_QUICK" in text and "NUMPYVAE_SEED" not in text


def is_prose(node):
    """Whether a statement says plain texts."""
    call = getattr(node, "value", None)
    return (isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("step", "say", "ask")
            and isinstance(call.args[0], ast.Constant))


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_every_lesson_s_prose_is_told_once_and_none_of_its_code_is_lost(lesson):
    source = lesson.read_text(encoding="utf-8")
    found  = cells(source)
    code   = "\n".join(text for kind, text in found if kind == "code")
    prose  = "\n".join(text for kind, text in found if kind == "markdown")
    _, *body = ast.parse(source).body                        # without the docstring
    known  = [node.value for node in body if is_prose(node)]
    steps  = [call for call in known if call.func.id == "step"]
    assert len(known) >= 10 and len(steps) >= 5
    assert ([ast.dump(node) for node in ast.parse(code).body]
            == [ast.dump(node) for node in body if not is_prose(node)])
    assert len(re.findall(r"^## \d+\. ", prose, re.MULTILINE)) == len(steps)
    equations = sum(len(step.args) > 1 for step in steps)
    assert len(re.findall(r"^(?:\$\$|```)$", prose, re.MULTILINE)) >= 2 * equations


def test_the_file_is_plain_json_with_the_keys_that_jupyter_needs():
    text = ipynb.notebook(LESSON)
    data = json.loads(text)
    assert text.endswith("}\n")
    assert (data["nbformat"], data["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in data["cells"]}) == len(data["cells"])
    for cell in data["cells"]:
        code = cell["cell_type"] == "code"
        assert ("outputs" in cell) == ("execution_count" in cell) == code
