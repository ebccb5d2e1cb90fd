"""The house: each room imports only rooms above it, nothing heavy is imported before it is needed,
one legend.
"""
import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import numpyvae

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "numpyvae"
ROOMS = ["interrupt", "errors", "locks", "files", "progress", "layers", "latent", "likelihoods",
         "optim", "gradcheck", "checkpoint", "network", "vae", "autoencoder", "conditional",
         "importance", "datasets", "evaluate", "training", "runs", "plots", "narrator", "gallery",
         "walk", "explore", "cli", "__main__"]
HALL = ["layers", "latent", "likelihoods", "optim", "network", "vae", "autoencoder", "conditional",
        "importance"]
GROUND_FLOOR = ["interrupt", "errors", "locks", "files", "progress", "checkpoint"]
MOST_LINES = 350                         # of a room, or of a file in a wing
FILES = [path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"]


def room(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path):
    """(own room or foreign top-level name, whether it is one of ours, whether it stands at the top)
    of every import.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        top = node in tree.body
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], False, top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0], False, top
        elif isinstance(node, ast.ImportFrom):
            # It is 0 where the dot is the package itself.
            inside = len(path.relative_to(PACKAGE).parts) - node.level
            if inside > 0:
                yield room(path), True, top
            elif node.module:
                yield node.module.split(".")[0], True, top
            else:
                yield from ((alias.name, True, top) for alias in node.names)


def test_every_file_has_its_room():
    assert {room(path) for path in FILES} == set(ROOMS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rooms_import_only_rooms_above_them(path):
    for name, ours, _ in imports(path):
        if ours and name != "__version__":
            assert ROOMS.index(name) <= ROOMS.index(room(path)), f"{path.name} imports {name}"
            assert name != room(path) or path.parent != PACKAGE


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_but_numpy_matplotlib_and_the_standard_library_is_imported(path):
    for name, ours, _ in imports(path):
        allowed = {"numpy", "matplotlib"} if room(path) in ("plots", "explore") else {"numpy"}
        assert ours or name in sys.stdlib_module_names or name in allowed


def loaded_by(code):
    code += "\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.split()}


def test_importing_numpyvae_imports_little_more_than_numpy():
    more = loaded_by("import numpyvae") - loaded_by("import numpy")
    assert more == {"numpyvae"}


def test_matplotlib_is_imported_only_to_draw():
    assert "matplotlib" not in loaded_by("import numpyvae.cli")
    # The probe works: an import is noticed.
    assert "matplotlib" in loaded_by("import numpyvae.cli, matplotlib")


def test_the_version_is_the_literal_of_setup_cfg():
    literal, = re.findall(r"^version = (.*)$", (ROOT / "setup.cfg").read_text(), re.MULTILINE)
    assert numpyvae.__version__ == literal
    with pytest.raises(AttributeError, match="nothing_here"):
        numpyvae.nothing_here


def test_everything_public_is_documented():
    others = property, classmethod, staticmethod
    for name in numpyvae.__all__:
        thing = getattr(numpyvae, name)
        assert thing.__doc__ and thing.__module__.startswith("numpyvae")
        if isinstance(thing, type):
            for member, value in vars(thing).items():
                documented = callable(value) or isinstance(value, others)
                if documented and not member.startswith("_"):
                    assert getattr(thing, member).__doc__, f"{name}.{member}"
    for path in FILES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{path.name}: {node.name}"


def test_the_legend_s_names_are_obeyed():
    for path in FILES:
        names = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Name):
                names.add(node.id)
            if isinstance(node, ast.arg):
                names.add(node.arg)
        assert not {"sigma", "elbo", "log_var", "epsilon", "lamda"} & names, path.name


def lines(path):
    return len(path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_room_is_too_long_to_hold_in_one_s_head(path):
    assert lines(path) <= MOST_LINES


def test_the_hall_and_its_ground_floor_have_the_lines_that_the_readme_states():
    text = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    hall, floor, most = re.search(r"(\d+) lines at most, with its docstrings\. Its ground floor, "
                                  r"marked ·, has (\d+) at most; no room has more than (\d+)",
                                  text).groups()
    for stated, rooms in ((int(hall), HALL), (int(floor), GROUND_FLOOR)):
        assert stated - 50 < sum(lines(PACKAGE / f"{name}.py") for name in rooms) <= stated
    assert int(most) == MOST_LINES


def test_no_line_is_wider_than_a_hundred_columns_and_the_linter_holds_it():
    config = (ROOT / "setup.cfg").read_text(encoding="utf-8")
    assert "max-line-length = 100\n" in config and "E731" not in config
    wide = [f"{path.relative_to(ROOT)}:{number}"
            for folder in ("numpyvae", "tests", "tutorials")
            for path in (ROOT / folder).rglob("*.py")
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
            if len(line) > 100]
    assert not wide
