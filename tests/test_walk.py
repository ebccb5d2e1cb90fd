"""`numpyvae walk`: every line of the training step is told, run as it stands, and judged."""
import builtins
import re

import numpy as np
import pytest

from numpyvae import VAE, cli, latent, vae
from numpyvae.narrator.source import assignments, run
from numpyvae.walk import EQUATIONS, PLUMBING, STORY, walk


def told(capsys, *arguments):
    """What `numpyvae walk` printed, which must have ended well."""
    assert cli.main(["walk", *arguments]) == 0
    out, err = capsys.readouterr()
    assert not err
    return out


def numbers_of(out, name):
    """The matrix that was shown under a name first."""
    block = re.search(rf"^    {name}  \(\d+, \d+\)\n((?:        \[.*\]\n)+)", out,
                      re.MULTILINE).group(1)
    return np.array([[float(number) for number in line.strip(" []").split()]
                     for line in block.splitlines()])


# ---------------------------------------------------------------------- lines and equations

def lines():
    """{the first name that it defines: its code} of every line of the step that is mathematics."""
    found = {}
    for line in assignments(VAE.loss_and_grads):
        first, *_ = [name for name in line.targets if name != "_"]
        if first not in PLUMBING:
            found[first] = " ".join(line.code.split())
    return found


def test_every_line_of_the_step_is_told_in_its_order_with_its_equation(capsys):
    out   = told(capsys)
    codes = list(lines().values())
    assert len(codes) == 11 + 15
    assert codes[0] == "a1 = dense(x, W1, b1)" and codes[-1].startswith("_, dW1, db1 = ")
    places = [out.index(f"\n    {code}\n") for code in codes]
    assert places == sorted(places)
    for name, equation in EQUATIONS.items():
        assert f"\n    {lines()[name]}\n        {equation}\n\n    " in out


def test_every_line_has_an_equation_but_those_that_are_one():
    assert list(EQUATIONS) == [name for name in lines() if name in EQUATIONS]
    assert {lines()[name] for name in lines() if name not in EQUATIONS} == {
        "dlogvar = dlogvar_z + dlogvar_kl", "dmu = dmu_z + dmu_kl", "dh1 = dh1_mu + dh1_logvar"}


def test_the_story_hangs_on_names_that_the_source_defines(capsys):
    assert list(STORY) == [name for name in lines() if name in STORY]
    out = told(capsys)
    for title, equation, why in STORY.values():
        assert f"  {title} ──" in out
        for line in equation.strip().split("\n"):
            assert line.strip() in out
        assert " ".join(why.split()) in " ".join(out.split())


class Term(np.ndarray):
    """An array whose product is what an equation means that puts one term beside another."""
    def __mul__(self, other):
        if (self.ndim, np.ndim(other)) == (1, 2):            # a number for each example
            return np.multiply(self[:, None], other)
        if (self.ndim, np.ndim(other)) == (2, 2) and self.shape != other.shape:
            return self @ other
        return np.multiply(self, other)


class Sum:
    """The sum that stands before a term, over examples or over what an example consists of."""
    def __init__(self, axis, factor=1.0):
        self.axis, self.factor = axis, factor

    def __rmul__(self, factor):
        return Sum(self.axis, factor)

    def __mul__(self, term):
        return self.factor * np.sum(term, axis=self.axis)


SYMBOLS = [("log σ²", "logvar"), ("σ²", "exp(logvar)"), ("σ", "exp(0.5 * logvar)"),
           ("μ²", "mu**2"), ("μ", "mu"), ("ε", "eps"), ("β", "beta"),
           ("½", "0.5"), ("ᵀ", ".T"), ("[", "("), ("]", ")")]


def value_of(text, names):
    """What an equation, or one side of it, comes to."""
    for symbol, code in SYMBOLS:
        text = text.replace(symbol, code)
    text, _, where = text.partition(" where ")
    text  = re.sub(r"(?<=[\w)]) +(?=[\w(])", " * ", text)
    value = eval(text, dict(names))
    return np.where(eval(where, dict(names)), value, 0) if where else value


@pytest.fixture
def names():
    """Every name that the step defines, by its code and as the equations write it."""
    rng   = np.random.default_rng(0)
    model = VAE(7, 5, 2, rng=rng)
    found = {**vars(vae), "self": model, "x": rng.random((3, 7)),
             "eps": rng.standard_normal((3, 2)), "beta": 0.7, "mask": None, "out": None}
    for line in assignments(VAE.loss_and_grads):
        found = run(line.code, found)
    found = {name: value.view(Term) if isinstance(value, np.ndarray) else value
             for name, value in found.items()}
    p = 1 / (1 + np.exp(-found["logits"]))
    return {**found, "l": found["logits"], "dl": found["dlogits"], "p": p, "N": 3, "exp": np.exp,
            "log": np.log, "max": np.maximum, "Σ_n": Sum(0), "Σ_d": Sum(1), "Σ_j": Sum(1)}


def test_every_equation_is_what_its_line_computes(names):
    formulas, compared = {}, []
    for line in STORY["recon"][1].strip().split("\n"):       # what recon and kl are is said before
        words, formula = line.split(" = ")
        formulas[words.strip()] = formula
    for equation in EQUATIONS.values():
        for part in equation.split(",  "):
            left, right = part.split(" = ")
            right = formulas.get(right, right)
            found, expected = value_of(right, names), value_of(left, names)
            # Measured over 300 seeds: 2e-16 relative to each element.
            np.testing.assert_allclose(found, expected, rtol=1e-15, atol=1e-15, err_msg=part)
            compared.append(left)
    assert len(formulas) == 2 and len(compared) == len(set(compared)) == len(EQUATIONS) + 11


@pytest.mark.parametrize("left, wrong", [
    ("μ", "h1 W_mu + b_logvar"), ("z", "μ + σ² ε"), ("loss", "1/N Σ_n (recon + kl)"),
    ("dlogvar_kl", "dkl (σ² - 1)"), ("dl", "drecon (x - p)"), ("da3", "dh3 where a3 < 0"),
    ("db4", "Σ_n (p - x)"), ("dW4", "h3ᵀ (p - x)")])
def test_a_wrong_equation_would_be_noticed(names, left, wrong):
    assert not np.allclose(value_of(wrong, names), value_of(left, names), rtol=1e-6, atol=0)


# ---------------------------------------------------------------------- the walk

def test_the_numbers_are_those_of_the_model(capsys):
    out = told(capsys, "--seed", "4")
    rng = np.random.default_rng(4)
    model = VAE(7, 5, 2, rng=rng)
    x, eps = rng.random((3, 7)), rng.standard_normal((3, 2))
    mu, logvar = model.encode(x)
    (loss, _, _), grads = model.loss_and_grads(x, eps)
    for name, array in {"x": x, "eps": eps, "mu": mu, "logvar": logvar,
                        "z": model.reparameterize(mu, logvar, eps), **model.params,
                        **{"d" + name: grad for name, grad in grads.items()}}.items():
        if array.ndim == 2:
            assert np.array_equal(numbers_of(out, name), np.round(array, 4)), name
    assert f"loss = {loss:.4f}\n" in out


def test_sizes_on_request(capsys):
    out = told(capsys, "-n", "4", "--input-dim", "6", "--hidden-dim", "3", "--latent-dim", "1")
    for line in ("x  (4, 6)", "W1  (6, 3)", "mu  (4, 1)", "W3  (1, 3)", "dW4  (3, 6)"):
        assert re.search(rf"^    {re.escape(line)}(  \[|$)", out, re.MULTILINE)
    out = told(capsys, "-n", "5", "--input-dim", "100", "--hidden-dim", "40", "--latent-dim", "9")
    assert "x  (5, 100)  from 0." in out                 # large arrays are summarised, not printed
    assert "(all)" in out                                # the gradient is checked along directions


def test_the_smallest_network_and_forty_seeds(capsys):
    told(capsys, "-n", "1", "--input-dim", "1", "--hidden-dim", "1", "--latent-dim", "1")
    outs = [told(capsys, "--seed", str(seed)) for seed in range(40)]
    assert len(set(outs)) == 40


def test_pause_waits_after_every_step(capsys, monkeypatch):
    waited = []
    monkeypatch.setenv("LINES", "1000")                  # a screen on which every step fits
    monkeypatch.setattr(builtins, "input", lambda prompt: waited.append(prompt) or "")
    out = told(capsys, "--pause")
    steps = re.findall(r"^\d+  .*─$", out, re.MULTILINE)
    assert len(waited) == len(steps) == 11


@pytest.mark.parametrize("arguments, complaint", [
    (["-n", "0"], "-n: expected a whole number above 0"),
    (["-n", "1001"], "-n: expected at most 1000"),
    (["--latent-dim", "1001"], "--latent-dim: expected at most 1000"),
    (["--input-dim", "-3"], "--input-dim: expected a whole number"),
    (["--hidden-dim", "0"], "--hidden-dim: expected a whole number above 0"),
    (["--seed", "-1"], "--seed: expected a whole number, 0 or more")])
def test_what_is_wrong_is_said(arguments, complaint, capsys):
    assert cli.main(["walk", *arguments]) == 2
    out, err = capsys.readouterr()
    assert not out and err.startswith(f"numpyvae walk: {complaint}") and err.count("\n") == 1


def test_a_wrong_gradient_ends_with_status_1(capsys, monkeypatch):
    def wrong(dkl, mu, logvar):
        dmu, dlogvar = latent.kl_divergence_backward(dkl, mu, logvar)
        return dmu, 2 * dlogvar
    monkeypatch.setattr(vae, "kl_divergence_backward", wrong)
    assert cli.main(["walk"]) == 1
    out, err = capsys.readouterr()
    assert "✗ DOES NOT HOLD: every block of the gradient agrees" in out and "The update" not in out
    assert err.startswith("numpyvae walk: this should hold and does not: every block of the "
                          "gradient agrees: no")
    assert err.count("\n") == 1


def test_from_python(capsys):
    walk(n=2, input_dim=3, hidden_dim=4, latent_dim=1, seed=1)
    assert "claims checked, and all hold" in capsys.readouterr().out
