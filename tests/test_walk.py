"""`numpyvae walk`: every line of the training step is told, run as it stands, and judged."""
import builtins
import inspect
import re

import numpy as np
import pytest

from numpyvae import VAE, cli, latent, vae
from numpyvae.walk import STORY, _lines, walk


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


def test_every_line_of_the_step_is_told_in_its_order(capsys):
    out = told(capsys)
    lines = [code for targets, code, _ in _lines(VAE.loss_and_grads) if targets[0] not in ("x",
                                                                                           "to",
                                                                                           "grads")]
    assert len(lines) == 11 + 15 and lines[0].startswith("a1, c_a1") and lines[-1].startswith("_, dW1, db1")
    places = [out.index(f"    {line}\n") for line in lines]
    assert places == sorted(places)


def test_every_equation_beside_a_line_of_the_source_is_told(capsys):
    out = told(capsys)
    equations = [line.split("  # ")[1].strip()
                 for line in inspect.getsource(VAE.loss_and_grads).splitlines()
                 if "=" in line.split("#")[0] and "  # " in line
                 and "where the gradients" not in line]
    assert len(equations) >= 22
    for equation in equations:
        assert f"        {equation}\n" in out
    for equation in ("σ = exp(½ log σ²)", "½ Σ_j [μ² + σ² - 1 - log σ²]", "m̂ = m / (1 - 0.9ᵗ)",
                     "w = w - lr m̂ / (√v̂ + 1e-08)"):
        assert equation in out


def test_the_story_hangs_on_names_that_the_source_defines():
    first = [targets[0] for targets, _, _ in _lines(VAE.loss_and_grads)]
    assert [name for name in first if name in STORY] == list(STORY)


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
    # large arrays are summarised, not printed
    assert "x  (5, 100)  from 0." in out
    # and the gradient is checked along directions
    assert "(all)" in out


def test_the_smallest_network_and_forty_seeds(capsys):
    told(capsys, "-n", "1", "--input-dim", "1", "--hidden-dim", "1", "--latent-dim", "1")
    outs = [told(capsys, "--seed", str(seed)) for seed in range(40)]
    assert len(set(outs)) == 40


def test_pause_waits_after_every_step(capsys, monkeypatch):
    waited = []
    monkeypatch.setattr(builtins, "input", lambda prompt: waited.append(prompt) or "")
    out = told(capsys, "--pause")
    steps = re.findall(r"^\d+  .*─$", out, re.MULTILINE)
    assert len(waited) == len(steps) == 11


@pytest.mark.parametrize("arguments, complaint", [
    (["-n", "0"], "-n: expected a whole number above 0"), (["-n", "1001"], "-n: expected at most 1000"),
    (["--latent-dim", "1001"], "--latent-dim: expected at most 1000"),
    (["--input-dim", "-3"], "--input-dim: expected a whole number"),
    (["--hidden-dim", "0"], "--hidden-dim: expected a whole number above 0"),
    (["--seed", "-1"], "--seed: expected a whole number, 0 or more")])
def test_what_is_wrong_is_said(arguments, complaint, capsys):
    assert cli.main(["walk", *arguments]) == 2
    out, err = capsys.readouterr()
    assert not out and err.startswith(f"numpyvae walk: {complaint}") and err.count("\n") == 1


def test_a_wrong_gradient_ends_with_status_1(capsys, monkeypatch):
    def wrong(dkl, cache):
        dmu, dlogvar = latent.kl_backward(dkl, cache)
        return dmu, 2 * dlogvar
    monkeypatch.setattr(vae, "kl_backward", wrong)
    assert cli.main(["walk"]) == 1
    out, err = capsys.readouterr()
    assert "✗ DOES NOT HOLD: every block of the gradient agrees" in out and "The update" not in out
    assert err.startswith("numpyvae walk: this should hold and does not: every block of the "
                          "gradient agrees: no")
    assert err.count("\n") == 1


def test_from_python(capsys):
    walk(n=2, input_dim=3, hidden_dim=4, latent_dim=1, seed=1)
    assert "claims checked, and all hold" in capsys.readouterr().out
