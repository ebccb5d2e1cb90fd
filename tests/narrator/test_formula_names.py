"""What a name stands for."""
import pytest

from numpyvae.narrator.names import name, raised, subscript
from numpyvae.narrator.notation import (Accented, Code, Differential, Letter, Name, Number,
                                        Sign, Words)

W, MU, COMMA = Letter("W"), Letter("μ"), Sign(",")


@pytest.mark.parametrize("text, node, below", [
    ("W",              W,                            ()),
    ("W1",             W,                            (Number("1"),)),
    ("W_mu",           W,                            (MU,)),
    ("W_logvar",       W,                            (Name("logvar"),)),
    ("W_io",           W,                            (Letter("i"), Letter("o"))),
    ("W1_mu",          W,                            (Number("1"), COMMA, MU)),
    ("x_mean_d",       Letter("x"),                  (Name("mean"), COMMA, Letter("d"))),
    ("x_12",           Letter("x"),                  (Number("12"),)),
    ("dW1",            Differential("d", W),         (Number("1"),)),
    ("dmu_kl",         Differential("d", MU),        (Name("kl"),)),
    ("dlogits",        Differential("d", Name("logits")), ()),
    ("do",             Words("do"),                  ()),
    ("E_q",            Name("E"),                    (Letter("q"),)),
    ("eps",            Letter("ε"),                  ()),
    ("log1p",          Name("log1p"),                ()),
    ("log_w",          Name("log_w"),                ()),
    ("recon_n",        Name("recon"),                (Letter("n"),)),
    ("cost_n",         Words("cost"),                (Letter("n"),)),
    ("loss_and_grads", Name("loss"),                 (Name("and"), COMMA, Name("grads"))),
    ("draw_faces",     Code("draw_faces"),           ()),
    ("vae.params",     Code("vae.params"),           ()),
    ("encoder's",      Words("encoder's"),           ()),
    ("auto-encoder",   Words("auto-encoder"),        ()),
    ("m\u0302_1",      Accented(Letter("m"), "\u0302"), (Number("1"),)),
])
def test_what_a_name_stands_for(text, node, below):
    assert name(text) == (node, below)


@pytest.mark.parametrize("text", ["σε", "xσ", "recon-kl"])
def test_what_may_be_two_names_is_refused(text):
    with pytest.raises(ValueError, match="expected"):
        name(text)


def test_what_is_raised_and_what_stands_below():
    assert raised("⁻¹²") == (Sign("-", prefix=True), Number("12"))
    assert raised("ᵀ") == (Letter("T"),)
    assert subscript("ij") == (Letter("i"), Letter("j"))
