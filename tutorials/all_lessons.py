"""Runs the lessons, each in its own process; prints how long each took and what it checked.

    python tutorials/all_lessons.py                all: three to five minutes, --quick half of one
    python tutorials/all_lessons.py 03 07          only these
    python tutorials/all_lessons.py --pictures     renews the pictures of the README files, too

Figures go into the folder that --out names (runs/tutorials if it names none).
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from numpyvae.narrator import OneLineParser

HERE = Path(__file__).resolve().parent
PICTURES = HERE / "pictures"
LONG = ("02", "09", "10")            # begun first, so that none is left alone at the end


def main():
    """Run the lessons  ->  exit status: 0; 1, one failed; 2, a wrong argument; 130, stopped."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")     # a terminal may lack the letters of a lesson
    parser = OneLineParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", metavar="NN", help="which lessons (default: all)")
    parser.add_argument("--quick", action="store_true",
                        help="small sizes, without the claims that need the full ones")
    parser.add_argument("--out", default=os.path.join("runs", "tutorials"), metavar="DIR",
                        help="folder for the figures")
    parser.add_argument("--pictures", action="store_true",
                        help="renew the pictures that the README files show, as small files")
    parser.add_argument("--jobs", type=_count, default=1, metavar="N",
                        help="how many at a time (default 1)")
    args = parser.parse_args()
    lessons = {path.name[:2]: path for path in sorted(HERE.glob("[0-9][0-9]_*.py"))}
    unknown = [number for number in args.numbers if number not in lessons]
    if args.pictures and (args.quick or args.numbers):
        parser.error("--pictures: needs the full run of all lessons, without --quick and without "
                     "numbers")
    if unknown:
        parser.error(f"there is no lesson {unknown[0]}; there are {', '.join(lessons)}")
    try:
        os.makedirs(args.out, exist_ok=True)
    except OSError as error:
        parser.error(f"--out {args.out}: cannot be made a folder ({error.strerror}); name another")
    chosen = sorted(args.numbers or lessons, key=lambda number: (number not in LONG, number))
    with ThreadPoolExecutor(args.jobs) as pool:
        status = max(pool.map(lambda number: run(lessons[number], args), chosen))
    if args.pictures and not status:
        renew_pictures(args.out)
    return status


def _count(text):
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {text!r}")
    return int(text)


def run(lesson, args):
    """Run one lesson, print one line about it  ->  0; 1 if it failed; 130 if it was stopped."""
    command = [sys.executable, str(lesson), "--out", args.out]
    if args.quick:
        command.append("--quick")
    env = dict(os.environ)
    if args.jobs > 1:
        env["OPENBLAS_NUM_THREADS"] = "1"                    # or they fight over the cores
    started = time.monotonic()
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True,
                          encoding="utf-8", errors="replace")
    seconds = time.monotonic() - started
    missing = [] if args.quick else sorted(_promised(lesson) - set(os.listdir(args.out)))
    summary = re.findall(r"^\d+ claims? checked.*?(?=\.  |$)", done.stdout, re.MULTILINE)
    if done.returncode == 0 and summary and not missing:
        print(f"{lesson.stem:<30} {seconds:6.1f} s   {summary[-1]}", flush=True)
        return 0
    if done.returncode in (-2, 130):                         # Ctrl-C reaches it as well as us
        return 130
    print(f"{lesson.stem} FAILED\n{done.stdout[-2000:]}\n{done.stderr}", *missing, flush=True)
    return 1


def _promised(lesson):
    """The figures that a lesson's docstring says it draws."""
    doc = lesson.read_text(encoding="utf-8").split('"""')[1]
    return set(re.findall(r"\w+\.png", doc))


def renew_pictures(folder):
    """Make small files of those of a folder's figures that the README files show."""
    from PIL import Image                                    # comes with matplotlib
    shown = {name for page in (HERE / "README.md", HERE.parent / "README.md")
             for name in re.findall(r"pictures/(\w+\.png)", page.read_text(encoding="utf-8"))}
    if "reconstructions.png" in shown:                       # of the README's first command
        trained = os.path.join(folder, "digits")
        command = [sys.executable, "-m", "numpyvae", "train", "--out", trained]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        shutil.move(os.path.join(trained, "reconstructions.png"),
                    os.path.join(folder, "reconstructions.png"))
        shutil.rmtree(trained)
    for name in sorted(shown):
        picture = Image.open(os.path.join(folder, name)).convert("RGB")
        picture.thumbnail((1200, 1200), Image.Resampling.LANCZOS)
        picture.quantize(256, dither=Image.Dither.NONE).save(PICTURES / name, optimize=True)
        print(f"{PICTURES / name}: {(PICTURES / name).stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        sys.exit(130)
