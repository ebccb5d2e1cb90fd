"""Ctrl-C: one line and status 130, in imports, in its own answer, and in what swallows it."""
import signal
import subprocess
import sys

import pytest
from helpers_cli import ENV, child, numpyvae_in, posix

from numpyvae import cli, interrupt

THREE = "for _ in range(3): signal.raise_signal(signal.SIGINT)"
DEFAULT = "signal.signal(signal.SIGINT, signal.default_int_handler)"


# ---------------------------------------------------------------------- who is the program

@pytest.mark.parametrize("argv, orig, program", [
    (["-m", "train"],                    ["python", "-m", "numpyvae", "train"], True),
    (["-m"],                             ["python", "-Im", "numpyvae"],         True),
    (["-m", "x"],                        ["python", "-Xdev", "-mnumpyvae", "x"], True),
    (["-m", "numpyvae"],                 ["python", "-m", "pytest", "numpyvae"], False),
    (["-m", "--pyargs", "numpyvae"],     ["python", "-m", "pytest", "--pyargs", "numpyvae"], False),
    (["/usr/bin/numpyvae", "check"],     ["python", "/usr/bin/numpyvae", "check"], True),
    (["numpyvae.exe"],                   ["python", "numpyvae.exe"],            True),
    (["numpyvae-script.py"],             ["python", "numpyvae-script.py"],      True),
    (["my_numpyvae"],                    ["python", "my_numpyvae"],             False),
    (["numpyvae.py"],                    ["python", "numpyvae.py"],             False),
    (["-c", "numpyvae"],                 ["python", "-c", "", "numpyvae"],      False),
    ([""],                               ["python"],                            False),
    ([],                                 ["python"],                            False)])
def test_a_program_is_known_by_its_name(monkeypatch, argv, orig, program):
    monkeypatch.setattr(sys, "argv", argv)
    monkeypatch.setattr(sys, "orig_argv", orig)
    assert interrupt.is_the_program() == program


@posix
def test_who_imports_the_package_keeps_his_handler():
    code = "import signal, numpyvae\nassert signal.getsignal(2) is signal.default_int_handler"
    subprocess.run([sys.executable, "-c", code], env=ENV, check=True,
                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))


# ---------------------------------------------------------------------- in the imports

AT_AN_IMPORT = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Finder:
    def find_spec(name, *args):
        if name == {name!r}:
            {three}
sys.meta_path.insert(0, Finder)
"""


@posix
@pytest.mark.parametrize("name", ["numpy", "numpyvae.optim", "numpyvae.vae", "numpyvae.cli.walk"])
def test_ctrl_c_while_it_is_being_imported(tmp_path, name):
    (tmp_path / "sitecustomize.py").write_text(AT_AN_IMPORT.format(name=name, three=THREE))
    env = {**ENV, "PYTHONPATH": f"{tmp_path}:{ENV['PYTHONPATH']}"}
    done = numpyvae_in(tmp_path, "--version", env=env)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "numpyvae: stopped\n")


@posix
def test_nobody_is_there_to_be_told(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(AT_AN_IMPORT.format(name="numpy", three=THREE))
    env = {**ENV, "PYTHONPATH": f"{tmp_path}:{ENV['PYTHONPATH']}"}
    for closed in ("2>&-", "2>/dev/full"):
        done = subprocess.run(["sh", "-c", f"{sys.executable} -m numpyvae {closed}"], env=env,
                              capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


# ---------------------------------------------------------------------- in a command

# Where the three come, as lines of the child's, and what is said then.
MOMENTS = {
    "in the parser":      ("cli._parser = lambda: {0}", "numpyvae: stopped"),
    "in a command":       ("cli.COMMANDS['check'].run = lambda args: {0}",
                           "numpyvae check: stopped"),
    "in its answer":      ("complain = cli.complain\n"
                           "cli.complain = lambda *args: [{0}, complain(*args)][1]\n"
                           "cli.COMMANDS['check'].run = lambda args: {0}",
                           "numpyvae check: stopped"),
    "in an import that makes another error of it":
                          ("def run(args):\n"
                           "    try:\n        {0}\n"
                           "    except KeyboardInterrupt:\n"
                           "        raise ImportError('numpy.core.multiarray failed to import')\n"
                           "cli.COMMANDS['check'].run = run", "numpyvae check: stopped"),
    "where nobody can catch it":
                          ("class Thing:\n    def __del__(self): {0}\n"
                           "def run(args):\n"
                           "    Thing()\n"
                           "    while True: pass\n"
                           "cli.COMMANDS['check'].run = run", "numpyvae check: stopped")}


@posix
@pytest.mark.parametrize("moment", MOMENTS)
def test_several_in_a_row(tmp_path, moment):
    code, line = MOMENTS[moment]
    code = f"def three():\n    {THREE}\n{DEFAULT}\n" + code.format("three()")
    done = subprocess.run(child(code, "check"), cwd=tmp_path, env=ENV, capture_output=True,
                          text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", line + "\n")


@posix
def test_another_error_is_none_of_its_business(tmp_path):
    code = ("class Bad:\n    def __del__(self): 1 / 0\n"
            "cli.COMMANDS['check'].run = lambda args: [Bad(), 3][1]")
    done = subprocess.run(child(code, "check"), cwd=tmp_path, env=ENV, capture_output=True,
                          text=True)
    assert done.returncode == 3 and "ZeroDivisionError" in done.stderr
    done = subprocess.run(child("cli.COMMANDS['check'].run = lambda args: 1 / 0", "check"),
                          cwd=tmp_path, env=ENV, capture_output=True, text=True)
    assert done.returncode == 1 and "ZeroDivisionError" in done.stderr


@posix
def test_when_all_is_done_nothing_is_left_to_stop(tmp_path):
    """The interpreter takes its time to end."""
    code = ("import atexit\nfrom numpyvae import interrupt\n"
            f"{DEFAULT}\ninterrupt.start()\n"
            f"def three():\n    {THREE}\natexit.register(three)")
    done = subprocess.run(child(code), cwd=tmp_path, env=ENV, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "") and "start here" in done.stdout


def test_from_python_the_handler_is_given_back(capsys, monkeypatch):
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        seen = []
        monkeypatch.setattr(cli, "_answer", lambda argv: seen.append(signal.getsignal(2)) or 0)
        assert cli.main([]) == 0
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler is not seen[0]
        assert sys.unraisablehook is sys.__unraisablehook__

        def own(number, frame):
            pass
        signal.signal(signal.SIGINT, own)
        assert cli.main([]) == 0 and seen[1] is own              # which main leaves alone
        assert signal.getsignal(signal.SIGINT) is own
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_second_one_counts_when_the_first_did_not(monkeypatch):
    """Somebody's `except BaseException` may have swallowed it."""
    now = [100.0]
    monkeypatch.setattr(interrupt.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(interrupt, "_raised", None)
    for later, raised in ((0, True), (0.1, False), (0.9, False), (1.1, True), (1.2, False)):
        now[0] = 100.0 + later
        if raised:
            with pytest.raises(KeyboardInterrupt):
                interrupt._raise(2, None)
        else:
            interrupt._raise(2, None)
