"""The command line as a whole: help, version, terminals and pipes."""
import io
import os
import shlex
import shutil
import subprocess
import sys
from importlib import metadata

import pytest
from helpers_cli import (ENV, RUN, SMALL, UNDRAWN, assert_one_sentence, call, child, installed,
                         numpyvae_in, posix)

from numpyvae import checkpoint, cli
from numpyvae.cli import train
from numpyvae.cli.words import quoted

COMMANDS = ["train", "show", "explore", "sample", "export", "check", "walk"]


# ---------------------------------------------------------------------- help, version

@pytest.mark.parametrize("argv", [(), ("--help",), ("-h",)])
def test_a_newcomer_is_told_where_to_start(capsys, argv):
    status, out, err = call(capsys, *argv)
    assert (status, err) == (0, "") and out.isascii()
    for word in ("usage: numpyvae", "start here", *COMMANDS):
        assert word in out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(capsys, command):
    status, out, err = call(capsys, command, "--help")
    assert (status, err) == (0, "") and out.isascii() and f"usage: numpyvae {command} " in out
    assert " ".join(cli.COMMANDS[command].__doc__.split()) in " ".join(out.split())
    if command in ("show", "explore"):
        assert "--data FILE" in out and "--data-dir DIR" in out


def test_train_explains_every_option_with_its_defaults(capsys):
    out = call(capsys, "train", "--help")[1]
    assert all(f"--{name.replace('_', '-')} " in out for name in train.OPTIONS)
    text = " ".join(out.split())
    for value in train.DEFAULTS.values():
        assert value is None or f"(default {value})" in text
    assert "(default 256; mnist 400)" in text and "(default bernoulli; faces gaussian)" in text
    assert "(default 200; mnist 10, faces 60)" in text
    assert "--model {vae,ae,cvae,iwae}" in text
    assert "--pixels {grey,threshold,fixed,resampled}" in text
    assert "digits, mnist, faces, idx, or a .npy or .npz file of your own" in text
    assert "NUMPYVAE_DATA" in text and "None" not in text and "--data-dir" in text


def test_a_stranger_finds_every_command_in_a_file_of_its_name():
    assert list(cli.COMMANDS) == COMMANDS
    for name, command in cli.COMMANDS.items():
        assert command.__name__ == f"numpyvae.cli.{name}"


@installed
def test_the_version_and_the_installed_script(tmp_path):
    version = metadata.version("numpyvae")
    done = numpyvae_in(tmp_path, "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"numpyvae {version}\n", "")
    script = shutil.which("numpyvae", path=os.path.dirname(sys.executable))
    if script is None:
        pytest.skip("its script is not installed beside this Python")
    done = subprocess.run([script, "--version"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"numpyvae {version}\n", "")


# ---------------------------------------------------------------------- pipes and terminals

@posix
@pytest.mark.parametrize("argv, unbuffered", [
    (("check",), ""), (("check",), "1"), (("--help",), ""), (("--help",), "1"),
    (("train", "--help"), ""), pytest.param(("--version",), "", marks=installed)])
def test_a_reader_that_has_seen_enough(tmp_path, argv, unbuffered):
    """It is `numpyvae check | head -1`, whoever is faster: the pipe is closed from the start."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-m", "numpyvae", *argv],
                          env={**ENV, "PYTHONUNBUFFERED": unbuffered}, stdout=writer,
                          stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    os.close(writer)
    # A program that SIGPIPE ends has status 128 + 13; but argparse swallows the error if it meets
    # it while printing its help.
    allowed = (141, 0) if "--help" in argv else (141,)
    assert done.returncode in allowed and done.stderr == ""


def test_the_first_line_alone(tmp_path):
    process = subprocess.Popen([sys.executable, "-m", "numpyvae", "check"], cwd=tmp_path, env=ENV,
                               text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert (process.wait(timeout=60), err) == (141, "")


@posix
@pytest.mark.parametrize("argv", [("check",), ("train", *SMALL), ("show", "missing")],
                         ids=lambda argv: argv[0])
def test_no_standard_output_at_all(tmp_path, argv):
    """`numpyvae check >&-` and some schedulers start it so."""
    done = subprocess.run(child(UNDRAWN, *argv), cwd=tmp_path, env=ENV, text=True,
                          stderr=subprocess.PIPE, preexec_fn=lambda: os.close(1))
    assert "Traceback" not in done.stderr
    assert done.returncode == (2 if "missing" in argv else 0)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("argv, command", [(("export", RUN, "new.npz"), "numpyvae export"),
                                           (("check",), "numpyvae check"),
                                           (("show", "missing"), "numpyvae show"),
                                           (("--help",), "numpyvae"),
                                           (("train", "--help"), "numpyvae")])
def test_an_output_that_cannot_be_written(work, argv, command, unbuffered):
    """As in `numpyvae check > /a/full/disk`."""
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "numpyvae", *argv], stdout=full,
                              stderr=subprocess.PIPE, text=True, cwd=work,
                              env={**ENV, "PYTHONUNBUFFERED": unbuffered})
    if "--help" in argv and unbuffered and done.returncode == 0:
        assert done.stderr == ""             # argparse, since Python 3.11, swallows what it meets
        return
    assert_one_sentence(done.returncode, done.stderr)
    why = "missing: expected" if "missing" in argv else "No space left on device\n"
    assert done.stderr.startswith(f"{command}: {why}")


@posix
@pytest.mark.parametrize("command, closed", [
    ("train --out new", "2>&-"), ("train --out new", "<&- >&- 2>&-"), ("walk --pause", "<&-"),
    ("show missing", "2>&-"), ("show missing", ">/dev/full 2>&1"), ("--version", ">/dev/full")])
def test_streams_that_are_closed_or_full(work, command, closed):
    """And what is printed meanwhile does not end up in a file that got a stream's number."""
    argv = command.split() + list(SMALL) * ("new" in command)
    code = shlex.quote(child(f"{UNDRAWN}\nsys.argv[1:] = {argv}")[2])
    done = subprocess.run(["sh", "-c", f"{sys.executable} -c {code} {closed}"], env=ENV,
                          capture_output=True, text=True)
    full = "full" in closed or "missing" in command
    assert done.returncode == (2 if full else 0)
    assert "Traceback" not in done.stderr + done.stdout and done.stderr.count("\n") <= 1
    if "new" in command:
        assert len(checkpoint.load("new/model.npz")[0]["history"]) == 2


def test_a_terminal_without_the_letters_of_a_path(work):
    folder = os.path.join("runs", "Läufe ✓")
    os.rename(RUN, folder)
    ascii_only = {"encoding": "ascii", "env": {**ENV, "PYTHONIOENCODING": "ascii"}}
    done = numpyvae_in(work, "export", folder, os.path.join(folder, "torch.npz"), **ascii_only)
    assert (done.returncode, done.stderr) == (0, "") and "L?ufe ?" in done.stdout
    assert "torch.npz" in os.listdir(folder)
    done = numpyvae_in(work, "show", "Löwe", **ascii_only)
    assert_one_sentence(done.returncode, done.stderr, "L?we")


def test_a_stream_that_cannot_be_reconfigured(monkeypatch):
    """Notebooks put one in the place of standard output."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    assert cli.main([]) == 0
    assert "numpyvae train" in stream.getvalue()


# ---------------------------------------------------------------------- what can be typed

@posix
@pytest.mark.parametrize("name", ["-x", "--out", "my run", "it's", "a\nb", "\x1b[31m", "tab\t'",
                                  "back\\slash\n", "Läufe ✓\n", "\udcff", "plain", "*"])
def test_any_name_can_be_typed_as_it_is_said(name):
    """Bash, since the quotes of a line break are not in every shell's language."""
    if shutil.which("bash") is None:
        pytest.skip("no bash here")
    said = subprocess.run(["bash", "-c", f"printf %s {quoted(name)}"], capture_output=True,
                          env={**ENV, "LC_ALL": "C.UTF-8"}, check=True).stdout
    assert os.fsdecode(said) in (name, os.path.join(".", name))
    assert not said.startswith(b"-") and "\n" not in quoted(name) and quoted(name).isprintable()


def test_a_run_called_like_an_option(work, undrawn, capsys):
    assert call(capsys, "train", *SMALL, "--out=-x")[0] == 0
    assert quoted("-x") == os.path.join(".", "-x")
    assert call(capsys, "export", quoted("-x"), "new.npz")[0] == 0
