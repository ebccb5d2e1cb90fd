"""Lessons in a Jupyter kernel of their own: as notebooks, as cells of an editor, as programs."""
import os
import re
from pathlib import Path

import pytest

import numpyvae
from numpyvae.narrator import ipynb

WHY = 'the extra "notebook" is not installed'
nbclient = pytest.importorskip("nbclient", reason=WHY)
nbformat = pytest.importorskip("nbformat", reason=WHY)
pytest.importorskip("ipykernel", reason=WHY)

TUTORIALS = Path(__file__).parent.parent.parent / "tutorials"
LESSONS   = sorted(TUTORIALS.glob("[0-9][0-9]_*.py"))
SOME      = ["03", "12"]                     # those that are run unless NUMPYVAE_NOTEBOOKS is all
PRINTS    = ["00", "09"]                     # which print drawings, or a table, of their own


def chosen():
    everything = os.environ.get("NUMPYVAE_NOTEBOOKS") == "all"
    return [path for path in LESSONS if everything or path.name[:2] in SOME]


@pytest.fixture
def execute(tmp_path, monkeypatch):
    """Runs a notebook in a kernel, in an empty folder, at small sizes  ->  the notebook."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.setenv("PYTHONPATH", os.path.dirname(os.path.dirname(numpyvae.__file__)))
    monkeypatch.setenv("NUMPYVAE_QUICK", "1")
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "jupyter"))      # and leave the reader's own alone

    def run(notebook):
        nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3",
                                resources={"metadata": {"path": str(work)}}).execute()
        assert not list(work.iterdir())
        return notebook

    return run


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def best(output):
    """The form of an output that is shown."""
    kinds = "text/markdown", "text/html", "image/png", "text/plain"
    return next(output.data[kind] for kind in kinds if kind in output.data)


@pytest.mark.parametrize("lesson", chosen(), ids=lambda path: path.stem)
def test_a_lesson_runs_as_a_notebook(lesson, execute):
    source   = lesson.read_text(encoding="utf-8")
    notebook = nbformat.reads(ipynb.notebook(source), as_version=4)
    nbformat.validate(notebook)
    told = outputs(execute(notebook))
    if lesson.name[:2] in PRINTS:
        told = [output for output in told if output.output_type != "stream"]
    assert {output.output_type for output in told} == {"display_data"}
    assert any("image/png" in output.data for output in told)
    texts = [output.data["text/plain"] for output in told]
    assert not any(text.startswith(source.splitlines()[0][3:]) for text in texts)    # the title
    claims, = re.findall(r"^(\d+) claims? checked, and all hold", texts[-1])
    assert int(claims) == sum(text.startswith("✓ ") for text in texts) >= 9


LESSON = '''
"""7. Why?  (blog, section 1)

Because of it.

    python why.py
"""
from numpyvae import narrator
from numpyvae.narrator import begin, check, end, say, show, step
begin(__doc__, seed=0)
# %%
step("One", "KL = ½ μ²")
check("it is", 1, 1)
# %%
step("Two")
say("Prose.")
show(x=1)
check("so", 1, 1)
check("and so", 1, 1)
# %%
end()
'''


def test_cells_of_an_editor_and_a_program_that_is_run(execute, tmp_path):
    """Cells as an editor sends them, one of them again; and all of it by %run."""
    cells = LESSON.split("# %%\n")
    (tmp_path / "why.py").write_text(LESSON, encoding="utf-8")
    code = [*cells[:3], cells[1], cells[3], f"%run {tmp_path / 'why.py'}",
            f"%run {tmp_path / 'why.py'} --seed x"]
    *cells, program, refused = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(text) for text in code]).cells
    refused.metadata.tags = ["raises-exception"]
    execute(nbformat.v4.new_notebook(cells=[*cells, program, refused]))
    told = [[best(output) for output in cell.outputs] for cell in cells]
    assert [output.output_type for cell in (*cells, program) for output in cell.outputs] == (
        ["display_data"] * sum(len(cell.outputs) for cell in (*cells, program)))
    assert told[0][0] == "# 7. Why?\n\n*(blog, section 1)*" and told[0][1] == "Because of it."
    assert told[1][0].startswith("## 1. One\n\n$$\n") and told[1] == told[3]     # run again
    assert told[2][0] == "## 2. Two"
    assert "<b>3 claims checked, and all hold.</b>" in told[4][0]
    assert [best(output) for output in program.outputs[:-1]] == [*told[0], *told[1], *told[2]]
    assert "<b>3 claims checked, and all hold.</b>" in best(program.outputs[-1])
    error = refused.outputs[-1]
    assert error.ename == "InvalidValueError" and "--seed: expected a whole number" in error.evalue
