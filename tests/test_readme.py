"""The README: its blocks are the heart of the one page, and run; its commands and its map are those
of the project.
"""
import re
import subprocess
import sys
from pathlib import Path
from textwrap import indent

from test_house import GROUND_FLOOR, HALL, ROOMS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_first_block_is_the_heart_of_the_one_page():
    page = (ROOT / "tutorials" / "one_page.py").read_text(encoding="utf-8")
    heart, own = BLOCKS
    assert indent(heart, "    ") in page and own not in page


def test_the_second_block_prints_what_its_comments_say():
    block    = BLOCKS[1]
    promised = [line.split("# ")[-1] for line in block.splitlines() if line.startswith("print(")]
    done = subprocess.run([sys.executable, "-c", block], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == promised and len(promised) == 2


def test_your_own_backward_pass_is_checked_in_ten_lines():
    assert len([line for line in BLOCKS[1].splitlines() if line and "import" not in line]) == 10


def test_the_two_commands_stand_alone_on_their_lines():
    lines = [line.strip() for line in README.splitlines()]
    commands = [line for line in lines if line.startswith("python3 -m venv")]
    assert commands == [
        "python3 -m venv .venv && .venv/bin/pip install -q -e . && .venv/bin/numpyvae train",
        'python3 -m venv .venv && .venv/bin/pip install -q -e ".[test]" && '
        ".venv/bin/python -m pytest"]
    windows = [line for line in lines if line.startswith("py -m venv")]
    assert [line.replace("\\", "/").replace("Scripts", "bin").replace("py -m", "python3 -m", 1)
            for line in windows] == commands


def test_the_map_is_the_reading_order_and_every_picture_and_page_exists():
    rows = README.split("## The map")[1]
    named = re.findall(r"^\| (?:\*\*)?`(.*?)`", rows, re.MULTILINE)
    assert named == [room + "/" if (ROOT / "numpyvae" / room).is_dir() else room + ".py"
                     for room in ROOMS if room != "__main__"]
    bold = re.findall(r"^\| \*\*`(\w+)\.py`", rows, re.MULTILINE)
    assert bold == HALL
    assert re.findall(r"^\| `(\w+)\.py` ·", rows, re.MULTILINE) == GROUND_FLOOR
    for page in re.findall(r"\]\(([^)\s]+)\)", README):
        assert (ROOT / page).is_file(), page


def test_the_readme_is_a_first_screen_and_a_map():
    assert len(README.splitlines()) <= 140


def test_the_readme_of_the_tests_names_what_is_there():
    text = (ROOT / "tests" / "README.md").read_text(encoding="utf-8")
    linked = re.findall(r"\]\((?!https)([^)\s]+)\)", text)
    for page in linked + re.findall(r"`(\S+\.(?:py|npz))`", text):
        assert (ROOT / "tests" / page).is_file(), page
    for page in re.findall(r"python -?m?\s?(?:pytest )?tests/(\S+\.py)", text):
        assert (ROOT / "tests" / page).is_file(), page
