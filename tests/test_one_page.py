"""The whole VAE on one page: it fits one, needs NumPy alone, and computes what the package does."""
import ast
import re
import runpy
from pathlib import Path

import numpy as np

from numpyvae.datasets import load_digits
from numpyvae.training import Run

PAGE = Path(__file__).parent.parent / "tutorials" / "one_page.py"


def test_it_is_one_page():
    assert len(PAGE.read_text(encoding="utf-8").splitlines()) <= 100


def test_it_needs_numpy_alone_and_the_digits():
    tree    = ast.parse(PAGE.read_text(encoding="utf-8"))
    imports = [ast.unparse(node) for node in ast.walk(tree)
               if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert imports == ["import numpy as np", "from numpyvae.datasets import load_digits"]


def test_it_computes_what_the_package_does(capsys):
    page = runpy.run_path(str(PAGE))
    x_train, _, x_test, _, _ = load_digits()
    run = Run(x_train, x_test, dtype="float64", epochs=page["EPOCHS"], hidden_dim=page["H"],
              latent_dim=page["Z"], lr=page["LR"], batch_size=page["BATCH"], seed=0)
    run.train()
    params = page["train"](x_train.astype(float))
    for (name, ours), theirs in zip(run.model.params.items(), params, strict=True):
        assert np.abs(ours - theirs).max() <= 1e-12, name                # measured: 5e-15
    last = float(re.findall(r"epoch \d+: (.*) nats", capsys.readouterr().out)[-1])
    assert abs(last - run.history[-1][0]) < 0.05     # a mean over batches, the last of them smaller


def test_it_draws_pictures_in_characters(capsys):
    page = runpy.run_path(str(PAGE))
    D, H, Z = page["D"], page["H"], page["Z"]
    layers  = [np.zeros((Z, H)), np.zeros(H), np.zeros((H, D)), np.linspace(-9, 9, D)]
    page["draw"](layers, count=2)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 8 and {len(line) for line in lines} == {2 * 16 + 3}
    assert lines[0] == " " * 35 and lines[-1] == "@" * 16 + "   " + "@" * 16
