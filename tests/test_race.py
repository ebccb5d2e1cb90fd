"""A few of the races of race_test.py, and that it would tell if one of them did harm."""
import os

import numpy as np
import pytest

import kill_test
import race_test

from numpyvae.runs import SavedRun
from numpyvae.training import Run

WHOLE = [(0, ""), (2, "numpyvae train: run: another process is working on it\n")]


@pytest.mark.parametrize("rounds, without_locks", [(1, False), (1, True)])
def test_a_race_does_no_harm(rounds, without_locks):
    if without_locks and os.name != "posix":
        pytest.skip("no fcntl here")
    told = []
    clean = race_test.races(rounds, without_locks=without_locks, show=told.append)
    assert clean == rounds == len(told), told
    assert all(line.endswith(": well") for line in told)


# ---------------------------------------------------------------------- it would tell

@pytest.fixture
def folder(tmp_path):
    """The folder of a run that ended as the undisturbed one of seed 0, and those by seed."""
    rng = np.random.default_rng(0)
    run = Run(rng.random((9, 4)), rng.random((3, 4)), epochs=2, hidden_dim=3, latent_dim=2)
    SavedRun(run, tmp_path).save()
    return tmp_path, {0: kill_test.contents(tmp_path), 1: [b"", b""]}


# What comes of a round: its kind, the (status, standard error) of trainings and of readers, and
# how the first of what went wrong begins, or None.
ROUNDS = {
    "all well":         ("new",     WHOLE,                    [(0, "")],        None),
    "two have won":     ("new",     [(0, ""), (0, "")],       [],               "lost: the seeds"),
    "nobody has":       ("new",     [WHOLE[1], WHOLE[1]],     [],               "lost: the seeds"),
    "another has":      ("new",     [WHOLE[1], (0, "")],      [],               "lost: the files"),
    "all resumed it":   ("resumed", [(0, ""), (0, "")],       [],               None),
    "nobody did":       ("resumed", [WHOLE[1], WHOLE[1]],     [],               "lost: nobody"),
    "in silence":       ("new",     [(0, ""), (2, "")],       [],               "untold: status 2"),
    "in two lines":     ("new",     [(0, ""), (2, "\n\n")],   [],               "untold: status 2"),
    "a traceback":      ("new",     [(0, ""), (1, "a\n")],    [],               "untold: status 1"),
    "killed":           ("new",     [(0, ""), (-9, "")],     [],               "untold: status -9"),
    "a reader failed":  ("new",     WHOLE,                    [(2, "")],        "damaged: export")}


@pytest.mark.parametrize("name", ROUNDS)
def test_what_went_wrong_is_told(folder, name):
    run, peace = folder
    kind, trained, read, told = ROUNDS[name]
    faults = list(race_test.faults(run, kind, trained, read, peace))
    assert not faults if told is None else faults[0].startswith(told)


@pytest.mark.parametrize("content", [b"", None])
def test_a_damaged_run_is_told(folder, content):
    run, peace = folder
    (run / "model.npz").unlink()
    if content is not None:
        (run / "model.npz").write_bytes(content)
    faults = list(race_test.faults(run, "new", WHOLE, [], peace))
    assert len(faults) == 1 and faults[0].startswith("damaged")


def test_a_file_that_is_left_is_told(folder):
    run, peace = folder
    (run / "model.npz.1-0123456789abcdef.tmp").write_bytes(b"half")
    faults = list(race_test.faults(run, "new", WHOLE, [], peace))
    assert len(faults) == 1 and faults[0].startswith("stale")


def test_every_round_is_counted(monkeypatch, capsys):
    rounds = iter([[], ["lost: this"], []])
    monkeypatch.setattr(race_test, "undisturbed", lambda *args, **options: {})
    monkeypatch.setattr(race_test, "race", lambda *args: next(rounds))
    monkeypatch.setattr(race_test.Racers, "start", lambda *args: None)
    assert race_test.main(["3"]) == 1
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 4 and out[1].endswith("lost: this") and out[3].startswith("3 rounds: 1 in")


@pytest.mark.parametrize("arguments", [["0"], ["-3"], ["many"], ["3", "--seed"], ["3", "4"],
                                       ["--rounds", "3"]])
def test_bad_arguments(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        race_test.main(arguments)
    out, err = capsys.readouterr()
    assert stop.value.code == 2 and out == "" and err.count("\n") == 1
