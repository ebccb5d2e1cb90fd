"""What the tests of the judge share: a dense layer in both conventions, and the command that judges
a text.
"""
import pytest

from numpyvae.cli import main

LAYER = """
import numpy as np

def forward(x, W, b):
    return x @ W + b{cache}

def backward(dy, {needs}):
    {begin}  # begin
    dx = dy @ W.T
    dW = x.T @ dy
    db = dy.sum(axis=0)
    return dx, dW, db

def example():
    rng = np.random.default_rng(0)
    return rng.random((3, 7)), rng.random((7, 5)), rng.random(5)
"""
STYLES = {"by name": LAYER.format(cache="", needs="x, W", begin="N = len(x)"),
          "cache": LAYER.format(cache=", (x, W)", needs="cache", begin="x, W = cache")}


@pytest.fixture(params=STYLES)
def layer(request):
    """The text of a right dense layer, in one style and in the other; equal lines, equal numbers.
    """
    return STYLES[request.param]


@pytest.fixture
def by_name():
    """The text of a right dense layer in the style of this package."""
    return STYLES["by name"]


@pytest.fixture
def judged(tmp_path, capsys, monkeypatch):
    """Judge a text, with some of it replaced  ->  exit status, what was printed, what was
    complained.
    """
    monkeypatch.chdir(tmp_path)

    def judge(text, *changes, target="my.py:forward,backward", options=()):
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (tmp_path / "my.py").write_text(text, encoding="utf-8")
        status = main(["check", target, *options])
        return status, *capsys.readouterr()
    return judge
