"""Ctrl-C: one line on standard error and status 130, whenever it comes and however often.

By itself, Python raises KeyboardInterrupt wherever it happens to be: in the middle of an import, in
the lines that answer the first Ctrl-C, on its way out. Each would end in a traceback. So a program
goes through three states:

    starting   while it is being imported, there is nothing to tidy up: it ends at once
    on         KeyboardInterrupt is raised, but not twice within a second
    off        it is being answered, or all is done: ignored

Whoever merely imports the package keeps the usual handler, and gets it back from
`numpyvae.cli.main`.
"""
import _signal as signal             # there from the start; `signal` itself takes time to import
import os
import sys
import time

STATUS = 130                         # as if SIGINT had ended it: 128 + 2
PAUSE  = 1.0                         # seconds in which another Ctrl-C belongs to the one before
LINE   = b"numpyvae: stopped\n"

_before = None                       # the handler that `on` replaced, or None if it replaced none
_raised = None                       # when a KeyboardInterrupt was raised last
_ending = False                      # whether the process is being ended


def is_the_program():
    """Whether this process was started as `numpyvae` or as `python -m numpyvae`."""
    if sys.argv[:1] == ["-m"]:       # so it is while a package is being imported that is to be run
        return sys.orig_argv[-len(sys.argv)].endswith("numpyvae")
    name = os.path.basename("".join(sys.argv[:1]))
    return name.removesuffix(".exe").removesuffix("-script.py") == "numpyvae"


def start():
    """Let Ctrl-C end the process in one line from now on."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end_at_once)


def on():
    """Let Ctrl-C raise KeyboardInterrupt, once a second at most."""
    import threading                 # not sooner than needed: until `start`, nothing is guarded

    global _before, _raised
    _before, _raised = None, None
    handler = signal.getsignal(signal.SIGINT)
    if handler not in (signal.default_int_handler, _end_at_once):    # a shell's background job, a
        return                                                       # notebook: they have their own
    if threading.current_thread() is threading.main_thread():
        _before = handler
        signal.signal(signal.SIGINT, _raise)
        sys.unraisablehook = _report


def off():
    """Ignore Ctrl-C: it is being answered, or there is nothing left to stop."""
    if _before is not None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def restore():
    """Put back what `on` found; but the program goes on ignoring Ctrl-C until it has ended."""
    if _before is not None and _before is not _end_at_once:
        signal.signal(signal.SIGINT, _before)
        sys.unraisablehook = sys.__unraisablehook__


def came():
    """Whether there was a Ctrl-C since `on`: what is raised then may be its consequence."""
    return _raised is not None


def _end_at_once(number, frame):
    global _ending
    if _ending:                      # the next Ctrl-C comes while the first is answered
        return
    _ending = True
    if sys.stderr is not None:       # or else its number may be that of another file by now
        try:
            os.write(2, LINE)
        except OSError:
            pass
    os._exit(STATUS)


def _raise(number, frame):
    global _raised
    now = time.monotonic()
    if _raised is None or now - _raised > PAUSE:
        _raised = now
        raise KeyboardInterrupt


def _report(unraisable):
    """What was raised where nobody can catch it: if it was a Ctrl-C, it is raised once more."""
    global _raised
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        import threading
        _raised = float("-inf")
        threading.Timer(0.05, signal.raise_signal, [signal.SIGINT]).start()
    else:
        sys.__unraisablehook__(unraisable)
