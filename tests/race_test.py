"""Does a run survive several processes at once? Let them race for one, again and again, and look.

    python tests/race_test.py 200 [--seed S] [--without-locks]

In each round two, three or four processes of `numpyvae train` get at one folder at about the same
moment: all start a run of another seed there, or all resume the same one; in every third round, one
of them is suspended in the middle for a while (not under Windows). Two more read it meanwhile, as
`export` does. What is looked for, in this order:

    damaged   a reader, or a look at model.npz at the end, found no whole run
    lost      the files at the end are not those of an undisturbed run of the seed that was said to
              have been trained, byte for byte; or two were said to
    untold    a process that did not train to the end said it in no sentence, or in several

`--without-locks` has every lock refused, as some file systems do: then the looks that a training
takes before it replaces anything have to do. Exit status: 0; 1, something was found; 2, bad
arguments.
"""
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

import kill_test

from numpyvae.errors import NumpyvaeError
from numpyvae.narrator import OneLineParser
from numpyvae.runs import load_trained

NETWORK = ("--hidden-dim", "64", "--latent-dim", "2", "--batch-size", "512")
EPOCHS  = 8
WITHOUT_LOCKS = """
import fcntl
def flock(*args):
    raise OSError(95, "Operation not supported")
fcntl.flock = flock
"""


class Racers:
    """The processes of one round, and how they are started."""

    def __init__(self, folder, code):
        self.folder, self.code = folder, code
        self.processes = []

    def start(self, *argv):
        """Start one more."""
        self.processes.append(subprocess.Popen(
            [sys.executable, "-c", self.code, *argv], env=kill_test.ENV, cwd=self.folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))

    def end(self):
        """Wait for all of them  ->  (status, what was said on standard error) of each."""
        try:
            said = [process.communicate(timeout=300)[1] for process in self.processes]
        finally:
            for process in self.processes:
                process.kill()
        return [(process.returncode, err) for process, err in zip(self.processes, said)]


def race(folder, name, kind, count, suspend, rng, code, peace):
    """One round  ->  a list of sentences on what went wrong.

    kind: "new" or "resumed"; count: of processes; suspend: whether to suspend one of them
    peace: the bytes of an undisturbed run's files, by seed
    """
    racers  = Racers(folder, code)
    readers = Racers(folder, code)
    for i in range(count):
        if kind == "new":
            racers.start("train", "--out", name, "--epochs", str(EPOCHS), "--seed", str(i),
                         *NETWORK)
        else:
            racers.start("train", "--resume", name, "--epochs", str(EPOCHS))
        time.sleep(rng.choice([0, 0.01, 0.1]))
    if suspend:
        time.sleep(rng.uniform(0.1, 0.8))
        racers.processes[0].send_signal(signal.SIGSTOP)
        time.sleep(rng.uniform(0.1, 1))
    for i in range(2):
        if os.path.exists(os.path.join(folder, name, "model.npz")):
            readers.start("export", name, f"{name}-{i}.npz")
    if suspend:
        time.sleep(rng.uniform(0.1, 1))
        racers.processes[0].send_signal(signal.SIGCONT)
    return list(faults(os.path.join(folder, name), kind, racers.end(), readers.end(), peace))


def faults(run, kind, trained, read, peace):
    """Look at what a round left and said  ->  yield sentences on what went wrong.

    trained, read: the (status, standard error) of those that trained, and of those that read
    """
    for status, said in read:
        if status:
            yield f"damaged: export ended with {status}: {said}"
    try:
        load_trained(run)
    except (NumpyvaeError, OSError) as error:
        yield f"damaged: {error}"
        return
    done = [seed for seed, (status, _) in enumerate(trained) if status == 0]
    if kind == "new" and len(done) != 1:
        yield f"lost: the seeds {done} are all said to have been trained in one folder"
    if kind == "resumed" and not done:
        yield "lost: nobody trained it to its end"
    seed = done[0] if kind == "new" and done else 0
    if kill_test.contents(run) != peace[seed]:
        yield f"lost: the files are not those of an undisturbed run of seed {seed}"
    if kill_test.temporaries(run):
        yield f"stale: {kill_test.temporaries(run)}"
    for status, said in trained:
        if status != 0 and not (status == 2 and said.count("\n") == 1):
            yield f"untold: status {status}, {said!r}"


def undisturbed(folder, code, seeds):
    """The bytes of the files of an undisturbed run, by seed.  Raises kill_test.DamageError."""
    peace = {}
    for seed in range(seeds):
        racers = Racers(folder, code)
        racers.start("train", "--out", f"peace{seed}", "--epochs", str(EPOCHS), "--seed",
                     str(seed), *NETWORK)
        (status, said), = racers.end()
        if status:
            raise kill_test.DamageError("corrupt", said)
        peace[seed] = kill_test.contents(os.path.join(folder, f"peace{seed}"))
    return peace


def races(rounds, seed=0, without_locks=False, show=print):
    """Race so many rounds  ->  how many of them were clean, how many losers were told."""
    rng  = random.Random(seed)
    code = (WITHOUT_LOCKS if without_locks else "") + kill_test.CHILD
    clean = 0
    with tempfile.TemporaryDirectory() as folder:
        peace = undisturbed(folder, code, seeds=min(4, 2 + rounds // 2))
        for k in range(rounds):
            kind, count  = ("new", "resumed")[k % 2], 2 + k // 2 % 3
            suspend = k % 3 == 2 and os.name == "posix"
            name = f"run{k}"
            if kind == "resumed":
                starter = Racers(folder, code)
                starter.start("train", "--out", name, "--epochs", "2", *NETWORK)
                starter.end()
            found = race(folder, name, kind, count, suspend, rng, code, peace)
            clean += not found
            show(f"{k + 1:>4}  {count} processes, {kind}{', one suspended' * suspend}: "
                 + ("; ".join(found) or "well"))
    return clean


def main(argv=None):
    """Race and tell  ->  the exit status."""
    parser = OneLineParser(description=__doc__.split("\n")[0], allow_abbrev=False)
    parser.add_argument("rounds", type=int, nargs="?", default=200, help="how many (default 200)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments (default 0)")
    parser.add_argument("--without-locks", action="store_true", help="refuse every lock")
    args = parser.parse_args(argv)
    if args.rounds < 1:
        parser.error(f"rounds: expected a whole number above 0, got {args.rounds}")
    try:
        clean = races(args.rounds, args.seed, args.without_locks,
                      show=lambda line: print(line, flush=True))
    except kill_test.DamageError as error:
        print(error)
        return 1
    except KeyboardInterrupt:
        print("stopped")
        return 130
    print(f"{args.rounds} rounds: {args.rounds - clean} in which something was damaged, lost, left "
          "or not told")
    return int(clean != args.rounds)


if __name__ == "__main__":
    sys.exit(main())
