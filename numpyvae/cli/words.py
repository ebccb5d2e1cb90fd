"""How the commands speak: of data, of paths, of this program itself, and of what went wrong."""
import contextlib
import os
import re
import shlex
import shutil
import sys


def complain(command, sentence, status=2):
    """Say on standard error what went wrong, in one line  ->  the exit status."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError:                          # its disk is full, which is what we are to say
        drop_output()
    with contextlib.suppress(OSError):       # it may have nobody left to say it to
        print(f"{f'numpyvae {command}'.strip()}: {_plain(sentence)}",
              file=sys.stderr, flush=True)
    return status


def _plain(sentence):
    """A sentence in one line, without what could move a terminal's cursor."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", "?", " ".join(sentence.split()))


def drop_output():
    """Let all that was printed but not yet written go nowhere, since it cannot be written."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def this_program():
    """How to call this program again: as it was called now, since it may not be on the PATH."""
    called = sys.argv[0]
    if os.path.basename(called) == "__main__.py":
        return "python -m numpyvae"
    found = shutil.which("numpyvae")
    on_path = found and os.path.exists(called) and os.path.samefile(found, called)
    return "numpyvae" if on_path or os.sep not in called else quoted(os.path.relpath(called))


def quoted(path):
    """`path` as it can be typed into a shell."""
    if path.startswith("-"):                 # or else it would be taken for an option
        path = os.path.join(os.curdir, path)
    if os.name == "posix" and not path.isprintable():    # such as a line break
        return "$'" + "".join(map(_in_octal, path)) + "'"
    if os.name == "posix":
        return shlex.quote(path)
    return f'"{path}"' if " " in path else path


def _in_octal(character):
    if character.isprintable() and character not in "'\\":
        return character
    return "".join(f"\\{byte:03o}" for byte in os.fsencode(character))


def title(data, data_dir):
    """What a data set is called: its name, or that of its file or folder."""
    place = data_dir if data == "idx" else data
    return os.path.splitext(os.path.basename(place))[0] or "data"


def epochs(count):
    """So many epochs, in words."""
    return f"{count} epoch" if count == 1 else f"{count} epochs"
