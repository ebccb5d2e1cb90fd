"""The gallery of bugs: what catches each of them, and what the gradient check says of it."""
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from numpyvae import VAE
from numpyvae.gallery import bugs, oracles, printed, programs

TUTORIALS = Path(__file__).parent.parent.parent / "tutorials"

TEXTS  = [programs.FORWARD, programs.BACKWARD, programs.ADAM, programs.AFTERWARDS]
SEEN   = [bug for bug in bugs.BUGS if bug.by == bugs.CHECK]
UNSEEN = [bug for bug in bugs.BUGS if bug.by != bugs.CHECK]
FINE   = [bug for bug in SEEN if "1e-7" in bug.name or "single precision" in bug.name]
COARSE = [bug for bug in SEEN if bug not in FINE]

examine = lru_cache(None)(programs.examine)       # the slow part, once for each bug and method


def each(of_them):
    return pytest.mark.parametrize("bug", of_them, ids=lambda bug: bug.name)


# ---------------------------------------------------------------------- the right programs

@pytest.mark.parametrize("to", [(), programs.GAUSSIAN], ids=["Bernoulli", "Gaussian"])
@pytest.mark.parametrize("method", ["central", "complex"])
def test_of_the_right_program_the_check_says_nothing(method, to):
    report = programs.examine(*to, method=method)
    assert report.ok and not report.findings


@pytest.mark.parametrize("to, options", [
    ((), {}),
    (programs.GAUSSIAN, {"likelihood": "gaussian", "x_std": 0.6})], ids=["Bernoulli", "Gaussian"])
def test_the_right_program_is_the_package_s_network(to, options):
    vae, data = VAE(programs.D, programs.H, programs.Z, rng=0, **options), programs.DATA
    terms, grads = vae.loss_and_grads(data["x"], data["eps"], data["beta"], data["mask"])
    names = programs.forward(*to)
    found = [names["loss"], names["recon"].mean(), names["kl"].mean()]
    np.testing.assert_allclose(found, terms, rtol=1e-14)                     # measured: 4e-16
    found = programs.backward(*to)
    assert list(found) == programs.BLOCKS
    for name, grad in found.items():             # measured: 2e-15 of the largest element
        assert np.abs(grad - grads[name]).max() < 2e-14 * np.abs(grads[name]).max(), name


@pytest.mark.parametrize("oracle", oracles.ORACLES)
def test_every_oracle_is_content_with_the_right_program(oracle):
    programs = {bug.to for bug in UNSEEN if bug.by == oracle}
    if oracle != "∫ p(x) dx = 1":                # which is of Gaussian pixels only
        programs.add(())
    for to in programs:
        content, found, expected = oracles.ask(oracle, *to)
        assert content, f"{found} instead of {expected}"


def test_the_check_reaches_every_case_that_the_bugs_are_about():
    names, grads = programs.forward(), programs.backward()
    for name in ("a1", "a3", "logvar"):          # some units open, some shut; a clamp at 0 acts
        assert (names[name] > 0).any() and (names[name] < 0).any()
    assert names["mask"].any(axis=0).all() and not names["mask"].all()
    assert all(np.abs(grad).max() > 1e-3 for grad in grads.values())


# ---------------------------------------------------------------------- the bugs

def test_there_are_enough_of_them_and_each_has_its_own_name():
    assert len(bugs.BUGS) >= 40 and len(SEEN) >= 25 and len(UNSEEN) >= 15
    assert len({bug.name for bug in bugs.BUGS}) == len(bugs.BUGS)
    assert len({(bug.to, bug.wrong) for bug in bugs.BUGS}) == len(bugs.BUGS)
    assert all(heading and group for heading, group in bugs.GALLERY.items())


def test_every_line_of_backward_has_a_bug():
    changed = {line.split()[0] for bug in bugs.BUGS for line in bug.wrong}
    assert set(programs.lines(programs.BACKWARD)) <= changed


def test_each_oracle_has_a_bug_that_it_alone_is_named_for():
    assert {bug.by for bug in bugs.BUGS} == {bugs.CHECK, *oracles.ORACLES}


@each(bugs.BUGS)
def test_a_bug_changes_the_lines_that_assign_to_its_names_and_no_others(bug):
    names = [line.split()[0] for line in bug.wrong]
    assert bug.wrong and len(set(names)) == len(names)
    changed = []
    for text in TEXTS:
        right = programs.lines(text, *bug.to)
        wrong = programs.lines(text, *bug.to, *bug.wrong)
        assert list(right) == list(wrong)
        changed += [name for name in right if squeezed(right[name]) != squeezed(wrong[name])]
    assert sorted(changed) == sorted(names)
    assert all(line.split()[1] == "=" and line == line.strip() for line in bug.wrong)


def squeezed(line):
    return "".join(line.split())


def test_no_name_is_assigned_to_in_two_of_the_texts():
    names = [name for text in TEXTS for name in programs.lines(text)]
    assert len(set(names)) == len(names)
    for text in TEXTS:
        assert len(programs.lines(text)) == len(text.strip().split("\n"))


@each(SEEN)
def test_the_gradient_check_catches_it_and_says_what_is_wrong(bug):
    assert bug.says
    kept = {name: param.copy() for name, param in programs.PARAMS.items()}
    report = examine(*bug.to, *bug.wrong, method="complex")
    assert not report.ok
    assert any(bug.says in finding for finding in report.findings), "\n".join(report.findings)
    assert all(np.array_equal(programs.PARAMS[name], kept[name]) for name in kept)


@each(COARSE[::5])
def test_the_central_difference_says_the_same(bug):
    report = examine(*bug.to, *bug.wrong, method="central")
    assert not report.ok and any(bug.says in finding for finding in report.findings)


@each(FINE)
def test_what_only_the_complex_step_is_fine_enough_for(bug):
    right, central = programs.examine(*bug.to), examine(*bug.to, *bug.wrong, method="central")
    assert central.ok and right.max_error < 1e-14 < 1e-9 < central.max_error < 1e-6


@each(UNSEEN)
def test_the_gradient_check_cannot_see_it_and_its_oracle_does(bug):
    report = examine(*bug.to, *bug.wrong, method="complex")
    assert report.ok and not report.findings and not bug.says
    content, found, expected = oracles.ask(bug.by, *bug.to, *bug.wrong)
    _, _, tolerance = oracles.ORACLES[bug.by](*bug.to)
    assert not content
    assert not abs(found - expected) < 2 * tolerance         # of a statistic: ten standard errors


def test_public_code_is_named_only_where_it_was_read():
    """The code of these repositories was read, and has the bug: read it before you add one."""
    named = {(bug.name.split(":")[0], bug.seen.split(",")[0]) for bug in bugs.BUGS if bug.seen}
    assert named == {
        ("log(p + 1e-7) in the loss, 1/p in its gradient",
         "kwj2104/Simple-Variational-Autoencoder"),
        ("one noise stored, another one used", "kwj2104/Simple-Variational-Autoencoder"),
        ("a clamp that only forward has", "Mathews-Tom/no-magic"),
        ("exp(log σ²) for σ", "ddbourgin/numpy-ml"),
        ("a prior with σ = e", "HIPS/autograd"),
        ("a weight hidden in the loss", "AntixK/PyTorch-VAE"),
        ("the logarithm of a rounded probability", "hwalsuklee/tensorflow-mnist-VAE"),
        ("Adam without bias correction", "Mathews-Tom/no-magic"),
        ("Adam counts epochs, not steps", "y0ast/Variational-Autoencoder"),
        ("Adam's moments kept for each slot of the batch",
         "kwj2104/Simple-Variational-Autoencoder"),
        ("the mean of the logarithms for log p(x)", "arahuja/generative-tf")}


# ---------------------------------------------------------------------- the page

def test_the_gallery_is_printed(monkeypatch, capsys):
    monkeypatch.setattr(oracles, "examine", lambda *wrong: examine(*wrong, method="complex"))
    monkeypatch.setattr(sys, "argv", ["bug_gallery.py"])
    assert printed.command("", bugs.GALLERY, oracles.catch, oracles.right_lines) == 0
    out = capsys.readouterr().out
    page = " ".join(out.split())
    for bug in bugs.BUGS:
        assert f"\n{bug.name}\n" in out and " ".join(bug.says.split()) in page
        assert all(" ".join(line.split()) in page for line in bug.wrong)
        assert bug.seen in page
    assert f"{len(bugs.BUGS)} bugs: {len(SEEN)} caught by the gradient check" in out
    assert "not caught" not in out
    assert max(map(len, out.splitlines())) <= 100


def test_the_index_of_the_lessons_counts_them_right():
    index = " ".join((TUTORIALS / "README.md").read_text(encoding="utf-8").split())
    assert f"{len(bugs.BUGS)} wrong versions of its lines" in index


def test_a_bug_that_gets_away_is_told(monkeypatch, capsys):
    right = bugs.Bug("nothing wrong", "drecon = 1.0 / N")
    unseen = bugs.Bug("not by this one", "recon = np.mean(cost * mask, axis=1)",
                         "drecon = 1 / N / D", by="E[z] = μ")
    monkeypatch.setattr(sys, "argv", ["bug_gallery.py"])
    two = {"Two": [right, unseen]}
    assert printed.command("", two, oracles.catch, oracles.right_lines) == 1
    assert "not caught: nothing wrong, not by this one" in capsys.readouterr().out


def ask_the_program(argument):
    """Run the gallery as a program  ->  exit status, standard output, standard error."""
    done = subprocess.run([sys.executable, TUTORIALS / "bug_gallery.py", argument],
                          capture_output=True, text=True)
    return done.returncode, " ".join(done.stdout.split()), done.stderr


def test_its_command_line_says_what_it_does():
    status, out, err = ask_the_program("--help")
    assert status == 0 and "what catches it and what that says" in out and not err
    status, out, err = ask_the_program("--bugs")
    assert status == 2 and "unrecognized arguments: --bugs" in err and not out
