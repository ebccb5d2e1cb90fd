"""Formulas in prose: found where it is sure that they are some, and nowhere else."""
import re

import pytest
from helpers_formulas import ROOT
from hypothesis import given
from hypothesis import strategies as st

from numpyvae.narrator.latex import prose
from numpyvae.narrator.prose import pieces


def found(text):
    """The formulas in a text, as LaTeX."""
    return re.findall(r"\$(.*?)\$", prose(text))


@pytest.mark.parametrize("text, formulas", [
    ("a sample of z, drawn",               ["z"]),
    ("the encoder's μ and σ²",             [r"\mu", r"\sigma^{2}"]),
    ("it wants z = 3, not N(0, I).",       ["z = 3", "N ( 0 , I )"]),
    ("the variance of t: s² = ⅓",          ["t", r"s^{2} = \tfrac{1}{3}"]),
    ("(N = 3 images)",                     ["N = 3"]),
    ("W_mu reads h1",                      [r"W_{\mu}", "h_{1}"]),
    ("of z's mean",                        ["z"]),
    ("called log σ², or p(x given z)",     [r"\log \, \sigma^{2}", r"p ( x \mid z )"]),
    ("up to h³; ½ h f″ drops out",         ["h^{3}", r"\tfrac{1}{2} \, h \, f^{\prime\prime}"]),
    ("a size like |f″|, or √u",            [r"\lvert f^{\prime\prime} \rvert", r"\sqrt{u}"]),
    ("dT is ∂ loss / ∂ T",                 [r"\mathrm{d}T",
                                            r"\partial \mathrm{loss} / \partial T"]),
    ("where a > 0",                        [r"a \gt 0"]),
    ("the factors ε / σ, (ε² - 1) / σ",    [r"\varepsilon / \sigma",
                                            r"( \varepsilon^{2} - 1 ) / \sigma"]),
    ("(z - 3)² is",                        ["( z - 3 )^{2}"]),
    ("loss = recon + β kl",                [r"\mathrm{loss} = \mathrm{recon} + \beta \, "
                                            r"\mathrm{kl}"]),
    ("softplus(l) - x l",                  [r"\operatorname{softplus} ( l ) - x \, l"]),
    ("KL(q, posterior) of it",             [r"\mathrm{KL} ( q ,\  \text{posterior} )"]),
    ("written q(z|x), or KL(q‖p)",         [r"q ( z \mid x )", r"\mathrm{KL} ( q \parallel p )"]),
    ("the slope is -β",                    [r"{-} \beta"]),
    ("adding Σ z² to it",                  [r"\sum z^{2}"]),
    ("along the x-axis",                   []),
])
def test_a_formula_is_found(text, formulas):
    assert found(text) == formulas


@pytest.mark.parametrize("text", [
    "do it, as I do, a way to go",
    "the loss, the weights and the mean",
    "mu and logvar, by mu + eps * std",
    "one of 3 - 1 = 2, at 0, from 1 to 10",
    "784 - 256 - 6 units, AE-2 and VAE-8, a U-Net",
    "that is, i.e., e.g. and N/A; input/output",
    "it doesn't, I'd say; we'll see",
    "A letter. B is next; plan A",
    "one quarter, correlation² of it",
    "--seed, runs/tutorials, numpyvae/vae.py, https://example.org/x",
])
def test_what_may_be_a_word_stays_one(text):
    assert found(text) == []


@pytest.mark.parametrize("text, code", [
    ("call `x[0]` twice",             ["x[0]"]),
    ("see numpyvae/vae.py, then",     ["numpyvae/vae.py"]),
    ("python tutorials/04_x.py",      ["tutorials/04_x.py"]),
    ("vae.loss_and_grads does",       ["vae.loss_and_grads"]),
    ("loss.backward(), step()",       ["loss.backward()", "step()"]),
    ("load_faces and __init__",       ["load_faces", "__init__"]),
    ("with --quick, or adam_eps",     ["--quick", "adam_eps"]),
    ("dy[n, 1]",                      ["dy[n, 1]"]),
])
def test_code_is_found(text, code):
    assert [piece for kind, piece in pieces(text) if kind == "code"] == code


def test_stress_is_found():
    assert pieces("a *range* of x * mask * y")[:2] == [("text", "a "), ("stressed", "range")]
    assert "*" in prose("x * mask * y")


def test_a_number_has_a_minus():
    assert prose("from -1 to 0, (-2)") == "from −1 to 0, (−2)"
    assert prose("8-5, e-2, 2019-11") == "8-5, e-2, 2019-11"


@given(st.text(alphabet="aAIdoxzσμ½²′ΣN√∂/|()[]*`_-+=,.'\" 12\n", max_size=40))
def test_nothing_is_lost_and_nothing_raises(text):
    kept = "".join(piece for kind, piece in pieces(text) if kind == "text")
    assert not set(kept.replace("−", "-")) - set(text)
    if not any(kind != "text" for kind, _ in pieces(text)):
        assert kept.replace("−", "-") == text


def test_no_letter_of_mathematics_in_the_lessons_is_left_as_text():
    left = []
    for path in sorted((ROOT / "tutorials").glob("[0-9]*.py")):
        for told in re.findall(r'say\("""(.*?)"""', path.read_text(encoding="utf-8"), re.DOTALL):
            for kind, piece in pieces(" ".join(told.split())):
                left += re.findall("[α-ω∂Σ∫²³ᵀ′]", piece) if kind == "text" else []
    assert left == []
