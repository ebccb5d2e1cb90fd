"""Runs the lessons, each in its own process; prints how long each took and what it checked.

    python tutorials/all_lessons.py                   all: two minutes, --quick half of one
    python tutorials/all_lessons.py 03 07             only these
    python tutorials/all_lessons.py --book DIR        as pages for any browser, with an index
    python tutorials/all_lessons.py --notebooks DIR   as notebooks for Jupyter; runs none of them
    python tutorials/all_lessons.py --pictures        renews the pictures of the README files, too

Figures go into the folder that --out names (runs/tutorials if it names none; those of a book stand
in its pages).
"""
import argparse
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path
from typing import NamedTuple

from numpyvae.files import write_atomically
from numpyvae.narrator import OneLineParser, book, ipynb, page
from numpyvae.progress import Bar

HERE     = Path(__file__).resolve().parent
PICTURES = HERE / "pictures"
OUT      = os.path.join("runs", "tutorials")
LONG     = ("02", "09", "10", "14")  # begun first, so that none is left alone at the end
EXPLORER = "explore_digits.html"     # the page of a book on which a decoder is turned by hand
SUMMARY  = re.compile(r"^(\d+) claims? checked.*?(?=\.  |$)", re.MULTILINE)
STOPPED  = -2, 130                   # what a process says that Ctrl-C has ended
running  = set()                     # the processes that run now


class Done(NamedTuple):
    """What became of a lesson, or of another part of a book."""

    status: int                      # 0; 1, it failed; 130, it was stopped
    text: str                        # what is to be printed of it
    claims: int = 0                  # that it checked


def main():
    """Run the lessons  ->  exit status: 0; 1, one failed; 2, a wrong argument; 130, stopped."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")     # a terminal may lack the letters of a lesson
    lessons = {path.name[:2]: path for path in sorted(HERE.glob("[0-9][0-9]_*.py"))}
    parser  = _parser()
    args    = parser.parse_args()
    unknown = [number for number in args.numbers if number not in lessons]
    if args.pictures and (args.quick or args.numbers):
        parser.error("--pictures: needs the full run of all lessons, without --quick and without "
                     "numbers")
    if args.notebooks is not None and args.quick:
        parser.error("--notebooks: runs no lesson; omit --quick, and set NUMPYVAE_QUICK=1 where "
                     "you run the notebook")
    if unknown:
        parser.error(f"there is no lesson {unknown[0]}; there are {', '.join(lessons)}")
    chosen = [lessons[number] for number in sorted(set(args.numbers or lessons))]
    if args.notebooks is not None:
        return write_notebooks(parser, args.notebooks, chosen)
    if args.book is not None:
        return make_book(parser, args, chosen)
    _make_folder(parser, "--out", args.out or OUT)
    done = do_all([(path.stem, run, path, args.out or OUT, args) for path in chosen], args.jobs)
    status = max(each.status for each in done.values())
    if args.pictures and not status:
        renew_pictures(args.out or OUT)
    return status


def _parser():
    parser = OneLineParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", metavar="NN", help="which lessons (default: all)")
    parser.add_argument("--quick", action="store_true",
                        help="small sizes, without the claims that need the full ones")
    parser.add_argument("--out", metavar="DIR",
                        help=f"folder for the figures (default {OUT}; none for a book)")
    parser.add_argument("--jobs", type=_count, default=1, metavar="N",
                        help="how many at a time (default 1)")
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--book", metavar="DIR",
                       help="make a book in this folder, a new or empty one, or one with an older "
                            "book: a page for each lesson, a decoder to play with, and index.html")
    kinds.add_argument("--notebooks", metavar="DIR",
                       help="only write the lessons as .ipynb files into this folder")
    kinds.add_argument("--pictures", action="store_true",
                       help="renew the pictures that the README files show, as small files")
    return parser


def _count(text):
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {text!r}")
    return int(text)


def _make_folder(parser, option, folder):
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        parser.error(f"{option} {folder}: cannot be made a folder ({error.strerror}); name another")


# ---------------------------------------------------------------------- running

def do_all(tasks, jobs):
    """Do tasks, some at a time; print what became of each as soon as it is done.

    tasks: a name, a function that returns a `Done`, and its arguments
    ->  {name: Done}.  Raises KeyboardInterrupt if one was stopped.
    """
    done, bar = {}, Bar(sys.stdout, "")
    with ThreadPoolExecutor(jobs) as pool:
        futures = {pool.submit(task, *args): name for name, task, *args in _in_order(tasks)}
        try:
            while len(done) < len(futures):
                ready, _ = wait(set(futures) - set(done), 0.2, FIRST_COMPLETED)
                bar.clear()
                for future in ready:
                    done[future] = future.result()
                    if done[future].status == 130:
                        raise KeyboardInterrupt
                    print(done[future].text, flush=True)
                busy = [name for future, name in futures.items() if future.running()]
                bar.draw(len(done) / len(futures), f"{len(done)} of {len(futures)} done; now "
                         + ", ".join(busy))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(running):
                process.terminate()
            raise
        finally:
            bar.clear()
    return {futures[future]: result for future, result in done.items()}


def _in_order(tasks):
    """The longest first."""
    return sorted(tasks, key=lambda task: not task[0].startswith(LONG))


def call(command, jobs):
    """Run a process to its end  ->  its exit status, its output, its complaints."""
    env = dict(os.environ)
    if jobs > 1:
        env["OPENBLAS_NUM_THREADS"] = "1"                    # or they fight over the cores
    with subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, encoding="utf-8", errors="replace") as process:
        running.add(process)
        try:
            out, err = process.communicate()
        finally:
            running.discard(process)
    return process.returncode, out, err


def run(lesson, out, args, html=None):
    """Run one lesson  ->  a `Done`.

    out: the folder for its figures; html: the file for its page, or None
    """
    command  = [sys.executable, str(lesson), "--out", out]
    command += ["--quick"] if args.quick else []
    command += ["--page", html] if html else []
    started  = time.monotonic()
    status, said, complaints = call(command, args.jobs)
    seconds  = time.monotonic() - started
    missing  = [] if args.quick else sorted(_promised(lesson) - set(os.listdir(out)))
    summary  = SUMMARY.search(said)
    if status in STOPPED:                                    # Ctrl-C reaches it as well as us
        return Done(130, "")
    if status or not summary or missing:
        return Done(1, " ".join([f"{lesson.stem} FAILED\n{said[-2000:]}\n{complaints}", *missing]))
    return Done(0, f"{lesson.stem:<30} {seconds:6.1f} s   {summary[0]}", int(summary[1]))


def _promised(lesson):
    """The figures that a lesson's docstring says it draws, in its order."""
    doc = lesson.read_text(encoding="utf-8").split('"""')[1]
    return dict.fromkeys(re.findall(r"\w+\.png", doc)).keys()


# ---------------------------------------------------------------------- a book

def make_book(parser, args, lessons):
    """Make a book of these lessons  ->  exit status."""
    _make_folder(parser, "--book", args.book)
    if os.listdir(args.book) and not book.is_one(args.book):
        parser.error(f"--book {args.book}: expected a new or empty folder, or one with an older "
                     "book to be replaced, but something else lies there; name another")
    with tempfile.TemporaryDirectory() as work:
        out = args.out or os.path.join(work, "figures")
        _make_folder(parser, "--out", out)
        tasks = [(path.stem, run, path, out, args, os.path.join(work, path.stem + ".html"))
                 for path in lessons]
        done    = do_all([*tasks, (EXPLORER, train_explorer, work, args)], args.jobs)
        entries = [_entry(path, work, out) for path in lessons]
        pages   = _pages(entries, work, sum(each.claims for each in done.values()), args.quick)
    if not pages:
        print("no lesson came to its end, so there is no book")
        return 1
    try:
        for name, text in pages.items():
            content = text.encode("utf-8")
            write_atomically(os.path.join(args.book, name), lambda file: file.write(content))
    except OSError as error:
        parser.error(f"--book {args.book}: cannot be written to ({error.strerror}); name another")
    size = sum(len(text.encode("utf-8")) for text in pages.values()) / 1e6
    print(f"\nThe book: {len(pages)} pages, {size:.1f} MB. Begin by opening "
          f"{os.path.join(args.book, 'index.html')} in a browser.")
    return max(each.status for each in done.values())


def _entry(lesson, work, out):
    """A lesson as the index has it."""
    name    = lesson.stem + ".html"
    made    = os.path.exists(os.path.join(work, name))
    drawn   = [figure for figure in _promised(lesson) if os.path.exists(os.path.join(out, figure))]
    shown   = _captions()
    figures = [figure for figure in drawn if figure in shown] or drawn
    figure  = figures[0] if made and figures else None
    return book.Entry(book.chapter(lesson.read_text(encoding="utf-8")), name if made else "",
                      thumbnail(os.path.join(out, figure)) if figure else b"",
                      shown.get(figure, ""))


def _captions():
    """What is seen on the figures that the index of the lessons shows  ->  {file name: words}."""
    text = (HERE / "README.md").read_text(encoding="utf-8")
    return {name: words for words, name in re.findall(r"!\[(.*?)\]\(pictures/(\w+\.png)\)", text)}


def thumbnail(path):
    """A small PNG file of a picture."""
    from PIL import Image                                    # comes with matplotlib
    content, picture = io.BytesIO(), Image.open(path).convert("RGB")
    picture.thumbnail((400, 400), Image.Resampling.LANCZOS)
    picture.quantize(64, dither=Image.Dither.NONE).save(content, "png", optimize=True)
    return content.getvalue()


def _pages(entries, work, claims, quick):
    """The files of a book  ->  {name: text}, the index first; none if no lesson was made."""
    made = [entry for entry in entries if entry.page]
    if not made:
        return {}
    explorer = None
    if os.path.exists(os.path.join(work, EXPLORER)):
        plane    = os.path.join(work, "digits", "manifold.png")
        explorer = book.Explorer(EXPLORER, thumbnail(plane))
    pages = {"index.html": book.index(entries, claims, explorer, quick)}
    links = [(entry.page, f"{entry.chapter.number}. {entry.chapter.name}") for entry in made]
    for before, (name, _), after in zip([None, *links], links, [*links[1:], None]):
        text = Path(work, name).read_text(encoding="utf-8")
        pages[name] = page.bind(text, before, ("index.html", "all lessons"), after)
    if explorer:
        pages[EXPLORER] = Path(work, EXPLORER).read_text(encoding="utf-8")
    return pages


def train_explorer(work, args):
    """Train a network for the book's reader to play with, and write its page  ->  a `Done`.

    It is a conditional VAE, since of that one can ask for a digit; and of two latent dimensions,
    since then the plane on which one drags is all there is.
    """
    started = time.monotonic()
    folder  = os.path.join(work, "digits")
    command = [sys.executable, "-m", "numpyvae", "train", "--model", "cvae", "--latent-dim", "2",
               "--out", folder]
    status, said, complaints = call(command + ["--epochs", "3"] * args.quick, args.jobs)
    if status in STOPPED:
        return Done(130, "")
    if status:
        return Done(1, f"{EXPLORER} FAILED\n{said[-2000:]}\n{complaints}")
    try:
        _write_explorer(folder, os.path.join(work, EXPLORER))
    except Exception:                                        # the lessons go on
        return Done(1, f"{EXPLORER} FAILED\n{traceback.format_exc()}")
    seconds = time.monotonic() - started
    return Done(0, f"{EXPLORER:<30} {seconds:6.1f} s   a network was trained, its decoder written")


def _write_explorer(folder, path):
    from numpyvae.cli.opening import open_run
    from numpyvae.explore import write_page
    saved, dataset = open_run(folder)
    write_page(path, saved.run.model, saved.run.x_test, dataset.image_shape, dataset.labels_test,
               learned_from="digits", home="index.html")


# ---------------------------------------------------------------------- notebooks, pictures

def write_notebooks(parser, folder, lessons):
    """Write these lessons as notebooks; what is there already is not written over  ->  0."""
    _make_folder(parser, "--notebooks", folder)
    files = {os.path.join(folder, lesson.stem + ".ipynb"):
             ipynb.notebook(lesson.read_text(encoding="utf-8")).encode("utf-8")
             for lesson in lessons}
    others = [path for path, content in files.items()
              if os.path.lexists(path) and not _holds(path, content)]
    if others:
        parser.error(f"--notebooks {folder}: expected no {os.path.basename(others[0])} there but "
                     "the same one, which may hold somebody's work; name another folder")
    try:
        for path, content in files.items():
            write_atomically(path, lambda file: file.write(content))
    except OSError as error:
        parser.error(f"--notebooks {folder}: cannot be written to ({error.strerror}); name another")
    print(f"{len(files)} notebooks in {folder}, for Jupyter or an editor that knows them")
    return 0


def _holds(path, content):
    """Whether a file has this content."""
    return os.path.isfile(path) and Path(path).read_bytes() == content


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
