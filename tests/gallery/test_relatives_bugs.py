"""The gallery of bugs, continued: what catches those of the conditional VAE and of the IWAE."""
import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from numpyvae import IWAE, ConditionalVAE
from numpyvae.gallery import bugs, printed, programs, relatives, relatives_bugs, relatives_oracles

TUTORIALS = Path(__file__).parent.parent.parent / "tutorials"

SEEN   = [bug for bug in relatives_bugs.BUGS if bug.by == bugs.CHECK]
UNSEEN = [bug for bug in relatives_bugs.BUGS if bug.by != bugs.CHECK]
MODELS = {"conditional": relatives.CONDITIONAL, "importance": relatives.IMPORTANCE}


@lru_cache(None)
def examine(bug):
    """The slow part, once for each bug."""
    return relatives.examine(relatives_bugs.program_of(bug), *bug.wrong)


def each(of_them):
    return pytest.mark.parametrize("bug", of_them, ids=lambda bug: bug.name)


# ---------------------------------------------------------------------- the right programs

@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("method", ["central", "complex"])
def test_of_the_right_program_the_check_says_nothing(name, method):
    report = relatives.examine(MODELS[name], method=method)
    assert report.ok and not report.findings


@pytest.mark.parametrize("name, cls, options", [
    ("conditional", ConditionalVAE, {"num_classes": relatives.C}),
    ("importance", IWAE, {"num_samples": relatives.K})])
def test_the_right_program_is_the_package_s_model(name, cls, options):
    program = MODELS[name]
    model = cls(relatives.D, relatives.H, relatives.Z, rng=0, **options)
    model.params = {key: program.params[key] for key in model.params}
    data = program.data
    terms, grads = model.loss_and_grads(**data)
    found = relatives.forward(program)["loss"]
    assert found == pytest.approx(terms[0], rel=1e-14)           # measured: 3e-16
    written = relatives.backward(program)
    assert list(written) == list(program.params) and set(written) == set(grads)
    for key, grad in written.items():            # measured: 6e-16 of the largest element
        assert np.abs(grad - grads[key]).max() < 6e-15 * np.abs(grads[key]).max(), key


@pytest.mark.parametrize("oracle", relatives_oracles.ORACLES)
def test_every_oracle_is_content_with_the_right_program(oracle):
    found, expected, tolerance = relatives_oracles.ORACLES[oracle]()
    assert abs(found - expected) <= tolerance


def test_the_check_reaches_every_case_that_the_bugs_are_about():
    y = relatives.CONDITIONAL.data["y"]
    assert set(np.bincount(y, minlength=relatives.C)) == {0, 1, 2}   # none, one, several of a class
    assert list(y) != sorted(y)
    log_w = relatives.forward(relatives.IMPORTANCE)["log_w"]
    assert (np.ptp(log_w, axis=1) > 0.5).all()                       # weights that differ
    for program in MODELS.values():
        names = relatives.forward(program)
        for name in ("a1", "a3"):                                    # some units open, some shut
            assert (names[name] > 0).any() and (names[name] < 0).any()
        assert not names["mask"].all()


# ---------------------------------------------------------------------- the bugs

def test_there_are_at_least_eight_of_each_and_each_has_its_own_name():
    for program in MODELS.values():
        own = [bug for bug in relatives_bugs.BUGS if relatives_bugs.program_of(bug) is program]
        assert len(own) >= 8
        assert len([bug for bug in own if bug in SEEN]) >= 8
        assert len([bug for bug in own if bug in UNSEEN]) >= 7
    assert len({bug.name for bug in relatives_bugs.BUGS}) == len(relatives_bugs.BUGS)
    assert {bug.by for bug in relatives_bugs.BUGS} == {bugs.CHECK, *relatives_oracles.ORACLES}


def test_every_line_that_is_a_relative_s_own_has_a_bug():
    changed = {line.split()[0] for bug in relatives_bugs.BUGS for line in bug.wrong}
    for text in (relatives.KL, relatives.KL_BACKWARD, relatives.ASKED):
        assert set(programs.lines(text)) <= changed
    own = ["x_k", "eps_k", "log_pz", "log_q", "largest", "bound", "loss", "weights", "dlog_w",
           "dz_prior", "dlogvar_q", "dmu", "dlogvar"]
    assert set(own) <= changed
    text = relatives.SAMPLES + relatives.BOUND + relatives.SAMPLES_BACKWARD
    assert set(own) <= set(programs.lines(text))


@each(relatives_bugs.BUGS)
def test_a_bug_changes_the_lines_that_assign_to_its_names_and_no_others(bug):
    names, program = [line.split()[0] for line in bug.wrong], relatives_bugs.program_of(bug)
    changed = []
    for text in (program.forward, program.backward, relatives.ASKED):
        right, wrong = programs.lines(text), programs.lines(text, *bug.wrong)
        changed += [name for name in right
                    if "".join(right[name].split()) != "".join(wrong[name].split())]
    assert sorted(changed) == sorted(names)
    assert all(line.split()[1] == "=" and line == line.strip() for line in bug.wrong)


@each(SEEN)
def test_the_gradient_check_catches_it_and_says_what_is_wrong(bug):
    report = examine(bug)
    assert bug.says and not report.ok
    assert any(bug.says in finding for finding in report.findings), "\n".join(report.findings)


@each(UNSEEN)
def test_the_gradient_check_cannot_see_it_and_its_oracle_does(bug):
    report = examine(bug)
    assert report.ok and not report.findings and not bug.says
    found, expected, _ = relatives_oracles.ORACLES[bug.by](*bug.wrong)
    _, _, tolerance = relatives_oracles.ORACLES[bug.by]()
    assert not abs(found - expected) < 2 * tolerance         # of a statistic: ten standard errors


def test_no_public_code_is_accused():
    assert not any(bug.seen for bug in relatives_bugs.BUGS)         # nobody's was read for these


# ---------------------------------------------------------------------- the page

def test_the_gallery_is_printed(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bug_gallery_relatives.py"])
    found = printed.command("", relatives_bugs.GALLERY, relatives_oracles.catch,
                            relatives_oracles.right_lines)
    assert found == 0
    out = capsys.readouterr().out
    page = " ".join(out.split())
    for bug in relatives_bugs.BUGS:
        assert f"\n{bug.name}\n" in out and " ".join(bug.says.split()) in page
        assert all(" ".join(line.split()) in page for line in bug.wrong)
    assert f"{len(relatives_bugs.BUGS)} bugs: {len(SEEN)} caught by the gradient check" in out
    assert "not caught" not in out
    assert max(map(len, out.splitlines())) <= 100


def test_the_index_of_the_lessons_counts_them_right():
    index = " ".join((TUTORIALS / "README.md").read_text(encoding="utf-8").split())
    assert f"{len(relatives_bugs.BUGS)} more" in index
