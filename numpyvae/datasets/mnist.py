"""MNIST: found in a folder, or else downloaded once, and known by its content."""
import contextlib
import hashlib
import io
import os
import sys
import time

import numpy as np

from ..errors import DataFormatError, one_line
from ..files import stale, write_atomically
from ..progress import Bar
from .idx import FILES, find_files, load_idx, parse_idx

# Of each file as it is when unpacked: archives get recompressed.
SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte":  "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte":  "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"}
MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist/",
           "https://storage.googleapis.com/cvdf-datasets/mnist/")
ROUNDS = 3                           # over the mirrors
PAUSE = 1.0                          # seconds before the second round; twice that before the third
TIMEOUT = 10                         # seconds without an answer
MAX_DOWNLOAD = 20_000_000            # bytes of a file; the largest has 10 million
CHUNK = 1 << 16                      # bytes between two looks at the bar
STALE = 60                           # seconds after which nobody can still be writing to a file


# ---------------------------------------------------------------------- where it is

def load_mnist(data_dir=None):
    """MNIST from the folder `data_dir`; without one, from the first that has its four files: the
    one that NUMPYVAE_DATA names, the user's cache.

    ->  x_train: (60000, 784) uint8, labels_train: (60000,) uint8,
        x_test: (10000, 784), labels_test: (10000,), image_shape: (28, 28)
    If neither has them all, those that the cache lacks are downloaded to it. Raises
    DataFormatError, and OSError where the cache cannot be written.
    Source: LeCun, Cortes & Burges 1998.
    """
    if data_dir is not None:
        return _load_verified(os.fspath(data_dir))
    cache, named = cache_folder(), os.environ.get("NUMPYVAE_DATA")
    folders = [named, cache] if named else [cache]
    for folder in folders:
        missing = FILES.keys() - find_files(folder)
        if not missing:
            return _load_verified(folder)
        if folder == named:
            _tell(f"{named}, which NUMPYVAE_DATA names, lacks {', '.join(sorted(missing))}: MNIST "
                  f"is looked for in {cache}")
    try:
        _download(cache)
    except DataFormatError as error:
        raise DataFormatError(f"MNIST: expected {', '.join(FILES)}, each plain or ending in .gz, "
                              f"in one of the folders {', '.join(folders)}; they are not there, "
                              f"and could not be downloaded ({error}); put them into {cache}, or "
                              "into any folder that --data-dir or NUMPYVAE_DATA names") from error
    return _load_verified(cache)


def cache_folder():
    """Our folder where programs on this system keep what can be downloaded again."""
    home = os.path.expanduser("~")
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    elif sys.platform == "darwin":
        base = os.path.join(home, "Library", "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
        if not os.path.isabs(base):              # not set, or to be ignored, as the standard says
            base = os.path.join(home, ".cache")
    return os.path.join(base, "numpyvae", "mnist")


def _load_verified(folder):
    x_train, labels_train, x_test, labels_test, shape = load_idx(folder)
    arrays = (x_train.reshape(-1, *shape), labels_train, x_test.reshape(-1, *shape), labels_test)
    for name, array in zip(FILES, arrays):
        if _digest(array) != SHA256[name]:
            path = find_files(folder)[name]
            raise DataFormatError(f"{path}: expected MNIST's own file, got another IDX file; "
                                  "remove it, or, if it belongs to another data set such as "
                                  f"Fashion-MNIST, use --data idx --data-dir {folder}")
    return x_train, labels_train, x_test, labels_test, shape


def _digest(array):
    """The SHA-256 of the IDX file that holds `array`; its header follows from the array's shape."""
    digest = hashlib.sha256(np.array([0x800 + array.ndim, *array.shape], ">u4"))
    digest.update(array)
    return digest.hexdigest()


# ---------------------------------------------------------------------- the download

def _download(folder):
    """Download what `folder` lacks.

    Raises DataFormatError if no mirror has it, and OSError if it cannot be written.
    """
    os.makedirs(folder, exist_ok=True)
    _sweep(folder)
    found = find_files(folder)
    for name in FILES:
        if name not in found:
            content = _fetch(name)
            write_atomically(os.path.join(folder, name + ".gz"), lambda file: file.write(content))


def _sweep(folder):
    """Remove the temporary files of killed downloads, but none that may still be in use."""
    for name in stale(folder, names=rf"({'|'.join(FILES)})\.gz"):
        path = os.path.join(folder, name)
        with contextlib.suppress(OSError):       # another process may have swept it away
            if time.time() - os.path.getmtime(path) > STALE:
                os.remove(path)


def _fetch(name):
    """The verified content of `name`.gz, from the first mirror that has it.

    It stays in memory until it is complete: nothing else ever lies in the cache, and an OSError of
    the network is never mistaken for one of the disk.  Raises DataFormatError.
    """
    import http.client

    for attempt in range(ROUNDS):
        time.sleep(attempt * PAUSE)
        for mirror in MIRRORS:
            url = f"{mirror}{name}.gz"
            try:
                return _verified(_get(url), name)
            except (OSError, ValueError, http.client.HTTPException) as error:
                why = one_line(error).removeprefix("<urlopen error ").removesuffix(">")
    raise DataFormatError(f"{url}: {why}")


def _verified(content, name):
    if _digest(parse_idx(io.BytesIO(content), FILES[name])) != SHA256[name]:
        raise DataFormatError("another file came")
    return content


def _get(url):
    """What is at `url`.  Raises DataFormatError if it is too large, OSError and HTTPException."""
    content, state = bytearray(), ""
    bar = Bar(sys.stderr)
    try:
        with _open(url) as response:
            total = int(response.headers.get("Content-Length") or 0)
            while max(total, len(content)) <= MAX_DOWNLOAD and (chunk := response.read(CHUNK)):
                content += chunk
                whole = max(total, len(content))         # the server may not have said it
                state = f"{os.path.basename(url)}  {len(content) / 1e6:.1f} of {whole / 1e6:.1f} MB"
                bar.draw(len(content) / whole, state)
    finally:
        bar.clear()
        _tell(state)
    if max(total, len(content)) > MAX_DOWNLOAD:
        raise DataFormatError(f"more than {MAX_DOWNLOAD} bytes came")
    return content


def _tell(state):
    """Leave a line on standard error: how far a download came, or that there may be one."""
    if state and sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            print(f"  {state}", file=sys.stderr, flush=True)


def _open(url):
    import urllib.request

    request = urllib.request.Request(url, headers={"User-Agent": "numpyvae"})
    return _opener().open(request, timeout=TIMEOUT)


def _opener():
    """What opens addresses, as urllib does, but follows no redirection that leaves https."""
    import urllib.error
    import urllib.request

    class HttpsOnly(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, request, file, code, message, headers, url):
            if not url.startswith("https://"):
                raise urllib.error.URLError(f"redirected to {url}, which is not https")
            return super().redirect_request(request, file, code, message, headers, url)

    return urllib.request.build_opener(HttpsOnly)
