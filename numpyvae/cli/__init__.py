"""The command line: run one command, and say in one sentence what went wrong.

Each command is a file in this folder, with its options beside it; its first lines are its --help:

    train  show  explore  sample  export  check  walk

What several of them share:

    opening     the options RUN, --data and --data-dir, and the run that they name
    folders     the folder of a run, found or made
    pictures    what is drawn of a run, and what is said of it at the end
    gallery     the images that are drawn, a few at a time
    options     whole numbers and numbers as options
    words       how the commands speak of paths, data and errors
"""
import argparse
import os
import sys

from .. import interrupt
from ..errors import NumpyvaeError
from ..narrator import OneLineParser
from . import check, explore, export, sample, show, train, walk
from .words import complain, drop_output

COMMANDS = {"train": train, "show": show, "explore": explore, "sample": sample, "export": export,
            "check": check, "walk": walk}

START = """\
start here:
  numpyvae train                     learn handwritten digits, and draw them
  numpyvae sample runs/digits -n 64  let it invent some
  numpyvae check                     compare every gradient with a numeric one
  numpyvae walk                      watch one training step, number by number"""


def main(argv=None):
    """Run one command  ->  its exit status.

    0; 1, a check failed; 2, something that the user can mend; 130, Ctrl-C; 141, the reader of the
    output has gone.  Called from Python, it leaves the handler of Ctrl-C as it found it.
    """
    _open_streams()
    try:
        interrupt.on()
        status = _answer(argv)
        interrupt.off()
        return status
    except KeyboardInterrupt as stop:
        interrupt.off()
        return complain("", str(stop) or "stopped", interrupt.STATUS)
    finally:
        interrupt.restore()


def _open_streams():
    """Open the streams that were closed before we started, as by `numpyvae check >&-`: the first
    files that we open would get their numbers, and whatever is printed by a library.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")         # a path may have letters that it lacks


def _answer(argv):
    try:
        try:
            return _parse_and_run(argv)
        finally:
            sys.stdout.flush()                           # here, where an error can still be told
    except BrokenPipeError:                              # numpyvae check | head
        drop_output()
        return 141                                       # as if SIGPIPE had ended it: 128 + 13
    except OSError as error:                             # numpyvae --help > /a/full/disk
        return complain("", error.strerror or str(error))


def _parse_and_run(argv):
    parser = _parser()
    argv = sys.argv[1:] if argv is None else list(argv)
    if any("\0" in word for word in argv):               # no file has such a name
        parser.error("expected arguments without a NUL")
    args, unknown = parser.parse_known_args(argv)
    if unknown:
        command = f"numpyvae {args.name}" if args.name else "numpyvae"
        print(f"{command}: unrecognized arguments: {' '.join(' '.join(unknown).split())}; "
              f"see {command} --help", file=sys.stderr)
        return 2
    if args.name is None:
        parser.print_help()
        return 0
    return _run(args)


def _run(args):
    try:
        status = COMMANDS[args.name].run(args)
        sys.stdout.flush()                               # a full disk is an OSError here, too
        return status
    except BrokenPipeError:
        raise
    except KeyboardInterrupt as stop:
        interrupt.off()
        return complain(args.name, str(stop) or "stopped", interrupt.STATUS)
    except MemoryError:
        return complain(args.name, "not enough memory for sizes like these; choose smaller ones")
    except OSError as error:
        what = error.strerror or str(error)
        return complain(args.name, f"{error.filename}: {what}" if error.filename else what)
    except NumpyvaeError as error:
        return complain(args.name, str(error))
    except Exception:
        if not interrupt.came():
            raise
        interrupt.off()                                  # an import that was stopped half way, say
        return complain(args.name, "stopped", interrupt.STATUS)


def _parser():
    parser = OneLineParser(prog="numpyvae", allow_abbrev=False, epilog=START,
                           formatter_class=argparse.RawDescriptionHelpFormatter,
                           description="A variational auto-encoder in pure NumPy: train it, look "
                                       "at it, check its gradients.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    parser.set_defaults(name=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", prog="numpyvae")
    for name, command in COMMANDS.items():
        subparser = commands.add_parser(name, help=command.HELP, description=command.__doc__,
                                        allow_abbrev=False)
        subparser.set_defaults(name=name)
        command.add_options(subparser)
    return parser


class _Version(argparse.Action):
    def __call__(self, parser, *_):
        from .. import __version__
        print(f"numpyvae {__version__}")
        parser.exit()
