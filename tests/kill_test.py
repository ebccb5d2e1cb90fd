"""Does a run survive being killed? Train, kill, resume, again and again, and compare the ends.

    python tests/kill_test.py 100 [--seed S]

A small network learns the digits through `numpyvae train`, as a process of its own, which is killed
(SIGKILL; under Windows TerminateProcess) at a random moment of its expected life, or, just as
often, as soon after that moment as a file is being written. Whatever files it leaves must be whole.
It is then resumed, or started anew if there was no checkpoint yet, and killed again, up to three
times. At its end no temporary file may be left, and model.npz and history.csv must be those of an
undisturbed run, byte for byte. One run follows another until there have been as many kills as were
asked for. No pictures are drawn: they would take most of the time, and come from what was saved.
The moments follow from the seed; what is going on at them depends on the machine.
Exit status: 0; 1, something did not survive; 2, bad arguments.
"""
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time

import numpyvae
from numpyvae.errors import NumpyvaeError
from numpyvae.narrator import OneLineParser
from numpyvae.runs import load_trained

NETWORK = ("--hidden-dim", "400", "--latent-dim", "4", "--batch-size", "512")
CHILD = """
import sys
from numpyvae import cli
from numpyvae.cli import pictures
pictures.draw = pictures.import_plots_before_training = lambda *args: None
sys.exit(cli.main())
"""
ENV = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(numpyvae.__file__))}
FILES = ("model.npz", "history.csv")
TEMPORARY = r"(.+)\.(\d+)-[0-9a-f]{16}\.tmp"           # what is to be written, and by whom
MOST = 3                             # kills of one run; more would only repeat its last epoch
KILLED = -signal.SIGKILL if os.name == "posix" else 1            # the status of a process that was


class DamageError(Exception):
    """Something that did not survive: the sentence, and which of the counts it belongs to."""

    def __init__(self, kind, sentence):
        super().__init__(sentence)
        self.kind = kind


# ---------------------------------------------------------------------- one process

def start(folder, epochs):
    """Start the run in `folder`, or resume it  ->  the process."""
    if os.path.exists(os.path.join(folder, "model.npz")):
        what = ("--resume", folder)
    else:
        what = ("--out", folder, "--epochs", str(epochs), *NETWORK)
    with open(folder + ".log", "wb") as log:
        return subprocess.Popen([sys.executable, "-c", CHILD, "train", *what], env=ENV, stdout=log,
                                stderr=subprocess.STDOUT)


def outlived(process, seconds, wait_until=None):
    """Whether the process ended by itself within so many seconds; if not, it is killed.

    wait_until: what to wait for then, unless it ends before; a function
    Raises DamageError.
    """
    try:
        status = process.wait(seconds)
    except subprocess.TimeoutExpired:
        while wait_until and not wait_until() and process.poll() is None:
            time.sleep(0.0001)
        process.kill()
        status = process.wait()
        if status == KILLED:
            return False
    finally:
        process.kill()                           # where this program is itself interrupted
    if status:
        raise DamageError("corrupt", f"`numpyvae train` ended with status {status}")
    return True


def said(folder):
    """What the last process said."""
    with open(folder + ".log", encoding="utf-8", errors="replace") as log:
        return log.read()


# ---------------------------------------------------------------------- what it left

def temporaries(folder):
    """The temporary files in `folder`: the number of the process that wrote each, by its name."""
    if not os.path.isdir(folder):
        return {}
    found = [re.fullmatch(TEMPORARY, name) for name in os.listdir(folder)]
    return {match[0]: int(match[2]) for match in found if match}


def check_whole(folder, peace):
    """Look at what a kill left  ->  how many epochs were saved, None without a checkpoint.

    peace: the bytes of the undisturbed run's files, whose history this one has to begin like
    Raises DamageError.
    """
    model, history = (os.path.join(folder, name) for name in FILES)
    if not os.path.exists(model):
        if os.path.exists(history):
            raise DamageError("corrupt", "there is a history.csv, and no checkpoint")
        return None
    try:
        epochs = len(load_trained(folder)[2]["history"])
    except NumpyvaeError as error:
        raise DamageError("corrupt", str(error)) from error
    if os.path.exists(history):
        with open(history, "rb") as file:
            rows = file.read()
        # The checkpoint is written first: a kill between both leaves the history one epoch behind.
        if not (peace[1].startswith(rows) and rows.endswith(b"\n")
                and rows.count(b"\n") in (epochs, epochs + 1)):
            raise DamageError("corrupt", f"history.csv is not the table of {epochs} epochs")
    return epochs


def check_swept(folder, pid=None):
    """Raise DamageError if there is a temporary file of another process than `pid`."""
    left = [name for name, owner in temporaries(folder).items() if owner != pid]
    if left:
        raise DamageError("stale", f"{', '.join(left)} should have been swept")


def contents(folder):
    """The bytes of both files."""
    found = []
    for name in FILES:
        with open(os.path.join(folder, name), "rb") as file:
            found.append(file.read())
    return found


# ---------------------------------------------------------------------- kill, look, go on

class Clock:
    """How long a process is expected to live: measured once, and corrected by those that do."""

    def __init__(self, folder, epochs):
        began, process = time.monotonic(), start(folder, epochs)
        while " epoch |" not in said(folder) and process.poll() is None:
            time.sleep(0.001)
        self.starting = time.monotonic() - began
        outlived(process, None)
        self.epochs, self.epoch = epochs, (time.monotonic() - began - self.starting) / epochs

    def expected(self, saved):
        """The seconds that it lives where so many epochs are saved already."""
        return self.starting + self.epoch * (self.epochs - (saved or 0))

    def correct(self, factor):
        """Correct both times: a process took `factor` times as long as expected."""
        self.starting *= factor
        self.epoch *= factor


def kill_until_done(folder, peace, clock, moments, tell):
    """Kill one run at each of `moments` that it lives to see, then let it end.

    peace: the files that it has to end with
    moments: (a part of its expected life, whether to wait until a file is being written)
    tell: called with a sentence and, if there was one, the file that was being written
    Raises DamageError.
    """
    saved, epochs = None, clock.epochs
    for part, in_a_file in moments:
        began, expected = time.monotonic(), clock.expected(saved)
        process = start(folder, epochs)

        def writing():
            return [name for name, pid in temporaries(folder).items() if pid == process.pid]
        if outlived(process, part * expected, writing if in_a_file else None):
            clock.correct((time.monotonic() - began) / expected)
            break
        lived, found = time.monotonic() - began, writing()
        saved = check_whole(folder, peace)
        if " epoch |" in said(folder):                   # it trained, so it had swept before
            check_swept(folder, process.pid)
        tell(f"killed after {lived:.2f} s, with "
             f"{'no checkpoint' if saved is None else f'{saved} epochs saved'}",
             *(re.fullmatch(TEMPORARY, name)[1] for name in found))
    else:
        began, expected = time.monotonic(), clock.expected(saved)
        outlived(start(folder, epochs), None)
        clock.correct((time.monotonic() - began) / expected)
    check_swept(folder)
    if contents(folder) != peace:
        raise DamageError("different", "the files at the end are not those of the undisturbed run")


def kill(count, seed=0, epochs=10, show=print):
    """Kill `count` times  ->  counts by name.

    "kills" in all, in how many "runs", how many of them in the middle of "writing" a file; how many
    runs were found "corrupt", "stale" or "different"; how many kills left them "identical"
    """
    counts = dict.fromkeys(("kills", "runs", "writing", "corrupt", "stale", "different",
                            "identical"), 0)
    rng = random.Random(seed)

    def moments():
        for _ in range(min(MOST, count - counts["kills"])):
            yield rng.random(), rng.random() < 0.5

    def tell(sentence, writing=None):
        counts["kills"] += 1
        if writing:
            counts["writing"] += 1
            sentence += f", while {writing} was being written"
        show(f"{counts['kills']:>4}  {sentence}")

    with tempfile.TemporaryDirectory() as folder:
        first = os.path.join(folder, "peace")
        try:
            clock, peace = Clock(first, epochs), contents(first)
        except DamageError:
            show(said(first))
            raise
        show(f"{epochs} epochs take {clock.expected(0):.1f} s undisturbed, of which starting "
             f"takes {clock.starting:.1f} s")
        while counts["kills"] < count:
            counts["runs"] += 1
            before, run = counts["kills"], os.path.join(folder, f"run{counts['runs']}")
            try:
                kill_until_done(run, peace, clock, moments(), tell)
                counts["identical"] += counts["kills"] - before
            except DamageError as error:
                tell(f"{error.kind}: {error}\n{said(run)}")
                counts[error.kind] += 1
    return counts


def main(argv=None):
    """Kill and tell  ->  the exit status."""
    parser = OneLineParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    parser.add_argument("kills", type=int, nargs="?", default=100, help="how many (default 100)")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments (default 0)")
    args = parser.parse_args(argv)
    if args.kills < 1:
        parser.error(f"kills: expected a whole number above 0, got {args.kills}")
    try:
        counts = kill(args.kills, args.seed, show=lambda line: print(line, flush=True))
    except DamageError as error:                                 # before there was any kill
        print(error)
        return 1
    except KeyboardInterrupt:
        print("stopped")
        return 130
    print("{kills} kills in {runs} runs, {writing} of them in the middle of a file: {corrupt} "
          "corrupt, {stale} stale, {identical} identical".format(**counts))
    return int(counts["identical"] != counts["kills"])


if __name__ == "__main__":
    sys.exit(main())
