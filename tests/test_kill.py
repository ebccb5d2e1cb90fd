"""A few of the kills of kill_test.py, and that it would tell if one of them did harm."""
import sys

import numpy as np
import pytest

import kill_test
from kill_test import DamageError

from numpyvae.runs import SavedRun
from numpyvae.training import Run


def test_three_kills_do_no_harm():
    told = []
    counts = kill_test.kill(3, seed=int(np.random.default_rng().integers(1000)), epochs=4,
                            show=told.append)
    assert counts["kills"] == counts["identical"] == 3, told
    assert counts["corrupt"] == counts["stale"] == counts["different"] == 0
    assert 1 <= counts["runs"] <= 3
    assert len(told) == 4 and all("killed after" in line for line in told[1:])


# ---------------------------------------------------------------------- it would tell

@pytest.fixture
def folder(tmp_path):
    """A run of two epochs, as a folder and as the bytes of its files."""
    rng = np.random.default_rng(0)
    run = Run(rng.random((9, 4)), rng.random((3, 4)), epochs=2, hidden_dim=3, latent_dim=2)
    run.train()
    SavedRun(run, tmp_path).save()
    return tmp_path


def test_what_is_whole_is_whole(folder):
    peace = kill_test.contents(folder)
    assert kill_test.check_whole(folder, peace) == 2
    rows = peace[1].splitlines(keepends=True)
    (folder / "history.csv").write_bytes(b"".join(rows[:-1]))    # killed between the two files
    assert kill_test.check_whole(folder, peace) == 2
    (folder / "history.csv").unlink()
    assert kill_test.check_whole(folder, peace) == 2
    (folder / "model.npz").unlink()
    assert kill_test.check_whole(folder, peace) is None
    assert kill_test.check_whole(folder / "nothing", peace) is None


# What a kill might do to model.npz and to history.csv; None: it is not there.
DAMAGES = {
    "a checkpoint cut short":    lambda model, rows: (model[:-1], rows),
    "a byte of it lost":         lambda model, rows: (model[:200] + b"\0" + model[201:], rows),
    "no checkpoint":             lambda model, rows: (None, rows),
    "half a line of history":    lambda model, rows: (model, rows[:-1]),
    "an empty history":          lambda model, rows: (model, b""),
    "a line too many":           lambda model, rows: (model, rows + b"3,1,1,0,1,1,0\n"),
    "a line of another epoch":   lambda model, rows: (model, rows.replace(b"2,", b"3,")),
    "a history of no epoch":     lambda model, rows: (model, rows.splitlines(keepends=True)[0])}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_not_whole_is_told(folder, damage):
    peace = kill_test.contents(folder)
    for name, content in zip(kill_test.FILES, DAMAGES[damage](*peace)):
        (folder / name).unlink()
        if content is not None:
            (folder / name).write_bytes(content)
    with pytest.raises(DamageError) as caught:
        kill_test.check_whole(folder, peace)
    assert caught.value.kind == "corrupt"


def test_a_stale_file_is_told(folder):
    kill_test.check_swept(folder)
    name = "model.npz.12-0123456789abcdef.tmp"
    (folder / name).write_bytes(b"half")
    assert kill_test.temporaries(folder) == {name: 12}
    kill_test.check_swept(folder, 12)        # of the process that has just been killed
    for pid in (None, 1):
        with pytest.raises(DamageError, match=f"{name} should have been swept") as caught:
            kill_test.check_swept(folder, pid)
        assert caught.value.kind == "stale"


def test_an_end_that_is_different_and_a_bad_end_are_told(folder, monkeypatch):
    """Nothing is killed: the run is finished before the first kill is due."""
    peace = kill_test.contents(folder)
    (folder.parent / (folder.name + ".log")).write_bytes(b"")
    code = "pass"

    def start(where, epochs):
        assert (str(where), epochs) == (str(folder), 2)
        return kill_test.subprocess.Popen([sys.executable, "-c", code])
    monkeypatch.setattr(kill_test, "start", start)
    clock = object.__new__(kill_test.Clock)
    clock.starting = clock.epoch = 100.0
    clock.epochs = 2
    kill_test.kill_until_done(folder, peace, clock, [(0.9, False)], pytest.fail)
    assert clock.starting < 50               # it is not expected to take so long any more
    with pytest.raises(DamageError) as caught:
        kill_test.kill_until_done(folder, [peace[0], peace[1] + b"\n"], clock, [], pytest.fail)
    assert caught.value.kind == "different"
    code = "raise SystemExit(2)"
    with pytest.raises(DamageError, match="ended with status 2"):
        kill_test.kill_until_done(folder, peace, clock, [], pytest.fail)


def test_every_loss_is_counted(monkeypatch, capsys):
    class Clock:
        starting = 1.0

        def __init__(self, folder, epochs):
            with open(folder + ".log", "w", encoding="utf-8") as log:
                log.write("said")

        def expected(self, saved):
            return 2.0
    kinds = iter(["stale", None, "corrupt"])

    def run(folder, peace, clock, moments, tell):
        kind = next(kinds)
        if kind:
            with open(folder + ".log", "w", encoding="utf-8") as log:
                log.write("said")
            raise DamageError(kind, "this")
        for _ in moments:
            tell("killed", "model.npz")
    monkeypatch.setattr(kill_test, "Clock", Clock)
    monkeypatch.setattr(kill_test, "contents", lambda folder: [b"", b""])
    monkeypatch.setattr(kill_test, "kill_until_done", run)
    assert kill_test.main(["5"]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[-1] == ("5 kills in 3 runs, 3 of them in the middle of a file: "
                       "1 corrupt, 1 stale, 3 identical")
    assert any("stale: this" in line for line in out) and "said" in out


@pytest.mark.parametrize("error, status, last", [
    (None, 1, "`numpyvae train` ended with status 3"),
    (KeyboardInterrupt(), 130, "stopped")])
def test_what_fails_without_any_kill(monkeypatch, capsys, error, status, last):
    def code(folder, epochs):
        if error:
            raise error
        with open(folder + ".log", "wb") as log:
            command = [sys.executable, "-c", "print('why'); raise SystemExit(3)"]
            return kill_test.subprocess.Popen(command, stdout=log)
    monkeypatch.setattr(kill_test, "start", code)
    assert kill_test.main(["2"]) == status
    out = capsys.readouterr().out.splitlines()
    assert out[-1] == last and ("why" in out) == (not error)


@pytest.mark.parametrize("arguments", [["0"], ["-3"], ["many"], ["3", "--seed"],
                                       ["3", "--seed", "x"], ["3", "4"], ["--kills", "3"]])
def test_bad_arguments(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        kill_test.main(arguments)
    out, err = capsys.readouterr()
    assert stop.value.code == 2 and out == "" and err.count("\n") == 1 and "see " in err


def test_help_says_what_it_does(capsys):
    with pytest.raises(SystemExit) as stop:
        kill_test.main(["--help"])
    assert stop.value.code == 0 and "--seed" in capsys.readouterr().out
