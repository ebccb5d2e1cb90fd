"""Settings of matplotlib's, all of them changed at random: no picture may look at them.

    python tests/plots/any_matplotlibrc.py 20     twenty such files, every figure and every command

Each file is read by processes of their own, since some settings count only while matplotlib is
imported.
"""
import json
import os
import random
import subprocess
import sys
import tempfile
import warnings
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent

# What the one setting or the other takes, as it stands in a matplotlibrc.
WORDS = """
    True False None none auto 0 1 2 3 5 7 8 10 12 42 65 90 300 600 1000 9999 -3 0.2 0.3 0.5 0.7 1.01
    1.7 2.5 red lime cyan C3 black white yellow lower upper bold light italic oblique small-caps
    condensed xx-large x-small serif cursive monospace Nonexistent cm stix stixsans dejavuserif
    default regular it bf tt cal rm sans:bold monospace:italic left right center top bottom baseline
    line both x y major minor in out inout data rgba bilinear lanczos viridis jet flag miter round
    bevel butt projecting dashed dashdot -- -. : o s full mid tight flat pdf svg raw mp4 jshtml
    libx264 imagemagick log round_numbers best constrained trimmed no_autohint native classic
    mpl2014 threaded serial xelatex lualatex path letter legal ghostscript Europe/Berlin 2000-01-01
    %H toolmanager toolbar2 agg template trackball arcball concise tab system landscape ctrl+j
    127.0.0.2 ~ [] latex+dvipng
    """
PHRASES = ["-2, 3", "1, 2", "1, 2, 3", "0.1, 0.9", "3, 3, 3, 3", "5, 2", "0, 200, 5", "upper left",
           "DejaVu Serif", r"\usepackage{amsmath}", "%d.%m.", "3, 30, 5",
           "cycler('color', ['r', 'g', 'k']) + cycler('lw', [1, 5, 9])"]
TEXTS   = [*WORDS.split(), *PHRASES]


def write(folder, seed):
    """Write a matplotlibrc in which every setting is another than matplotlib's own, as far as any
    of the texts is valid for it.

    ->  how many were changed, and the names of those that were not
    """
    import matplotlib

    rng, lines, same = random.Random(seed), [], []
    for name, default in matplotlib.rcParamsDefault.items():
        valid = [text for text in TEXTS if _changes(matplotlib, name, text, default)]
        if valid:
            lines.append(f'{name}: "{rng.choice(valid)}"')
        else:
            same.append(name)
    Path(folder, "matplotlibrc").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(lines), same


def _changes(matplotlib, name, text, default):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            value = matplotlib.rcParams.validate[name](text)
        return repr(value) != repr(default)
    except Exception:                        # each validator has its own ways to refuse
        return False


# ---------------------------------------------------------------------- under such settings

def environment(settings):
    """The environment of a process that finds its matplotlibrc in this folder, and has no screen.
    """
    env = {name: value for name, value in os.environ.items()
           if name not in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND")}
    return {**env, "MATPLOTLIBRC": str(settings), "PYTHONPATH": f"{ROOT}{os.pathsep}{HERE}"}


def figures(settings, names=None):
    """The digest of every figure's file, drawn in a process of its own: {name: digest}."""
    code = "import sys, any_matplotlibrc; any_matplotlibrc.print_digests(sys.argv[1:])"
    done = subprocess.run([sys.executable, "-c", code, *(names or [])], env=environment(settings),
                          capture_output=True, text=True, cwd=settings)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def print_digests(names):
    """Print, as JSON, the digest of these figures' files, or of all."""
    from example_figures import FIGURES

    from numpyvae import plots

    digests = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.png")
        for name in names or FIGURES:
            plots.save(FIGURES[name](), path)
            digests[name] = sha256(path.read_bytes()).hexdigest()
    print(json.dumps(digests))


def command(settings, folder, *argv):
    """Run a command in `folder`; its pictures lie there afterwards."""
    done = subprocess.run([sys.executable, "-m", "numpyvae", *argv], env=environment(settings),
                          capture_output=True, text=True, cwd=folder)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


def pictures(settings):
    """The digest of every picture that the commands draw: {name: digest}."""
    with tempfile.TemporaryDirectory() as folder:
        command(settings, folder, "train", "--epochs", "1", "--hidden-dim", "8", "--latent-dim",
                "2", "--out", "run")
        command(settings, folder, "show", "run")
        command(settings, folder, "sample", "run", "--seed", "1")
        command(settings, folder, "explore", "run")
        return {path.name: sha256(path.read_bytes()).hexdigest()
                for path in Path(folder, "run").glob("*.png")}


def main(count):
    """Compare everything under `count` files with what it is under an empty one."""
    with tempfile.TemporaryDirectory() as settings:
        Path(settings, "matplotlibrc").write_text("")
        expected = figures(settings), pictures(settings)
        for seed in range(count):
            changed, same = write(settings, seed)
            found = figures(settings), pictures(settings)
            wrong = [name for was, now in zip(expected, found)
                     for name in was if was[name] != now.get(name)]
            print(f"seed {seed}: {changed} settings changed, not {', '.join(same) or 'none'}; "
                  f"{sum(map(len, expected))} pictures, other pixels in: "
                  f"{', '.join(wrong) or 'none'}", flush=True)
            if wrong:
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if sys.argv[1:] else 20))
