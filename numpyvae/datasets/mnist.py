"""MNIST: found in a folder, or else downloaded once, and known by its content."""
import contextlib
import hashlib
import io
import os
import re
import sys
import time

import numpy as np

from ..files import reason, write_atomically
from ..errors import DataFormatError
from .idx import FILES, find_files, load_idx, parse_idx

# of each file before it was compressed: archives get recompressed
SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"}
MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist/",
           "https://storage.googleapis.com/cvdf-datasets/mnist/")
ROUNDS = 3                           # over the mirrors
# seconds before the second round; twice as long before the third
PAUSE = 1.0
TIMEOUT = 10                         # seconds without an answer
MAX_DOWNLOAD = 20_000_000            # bytes of a file; the largest has 10 million
CHUNK = 1 << 16                      # bytes between two looks at the bar
# seconds after which nobody writes to a temporary file any more
STALE = 60


def load_mnist(data_dir=None):
    """MNIST from the first folder with its four files: `data_dir`, the one that NUMPYVAE_DATA
    names, the user's cache.

    ->  x_train: (60000, 784) uint8, labels_train: (60000,) uint8, x_test: (10000, 784),
    labels_test: (10000,),
        image_shape: (28, 28)
    If no folder has them, those that the cache lacks are downloaded to it. Raises DataFormatError,
    and OSError where the cache cannot be written.
    Source: LeCun, Cortes & Burges 1998.
    """
    cache = cache_folder()
    folders = [os.fspath(folder) for folder in (data_dir, os.environ.get("NUMPYVAE_DATA"), cache)
               if folder]
    for folder in folders:
        if len(find_files(folder)) == len(FILES):
            return _load_verified(folder)
    try:
        _download(cache)
    except DataFormatError as error:
        raise DataFormatError(f"MNIST: expected {', '.join(FILES)}, each plain or ending in .gz, "
                              f"in one of the folders {', '.join(folders)}; they are not there, "
                              f"and could not be downloaded ({error}); put them into {cache}, or "
                              "into any folder that --data-dir or NUMPYVAE_DATA names") from error
    return _load_verified(cache)


def cache_folder():
    """Where this system's programs keep what can be downloaded again, with this program's name."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.expanduser(os.path.join("~", "AppData",
                                                                                 "Local"))
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
        if not os.path.isabs(base):              # not set, or to be ignored, says the standard
            base = os.path.expanduser("~/.cache")
    return os.path.join(base, "numpyvae", "mnist")


def _load_verified(folder):
    x_train, labels_train, x_test, labels_test, shape = load_idx(folder)
    arrays = (x_train.reshape(-1, *shape), labels_train, x_test.reshape(-1, *shape), labels_test)
    for name, array in zip(FILES, arrays):
        if _digest(array) != SHA256[name]:
            path = find_files(folder)[name]
            raise DataFormatError(f"{path}: expected MNIST's own file, got another IDX file; "
                                  "remove it, or, if it is of another data set such as "
                                  f"Fashion-MNIST, take --data idx --data-dir {folder}")
    return x_train, labels_train, x_test, labels_test, shape


def _digest(array):
    """The SHA-256 of the IDX file that holds `array`, whose header follows from the array's shape.
    """
    digest = hashlib.sha256(np.array([0x800 + array.ndim, *array.shape], ">u4"))
    digest.update(array)
    return digest.hexdigest()


def _download(folder):
    """Bring what `folder` lacks.  Raises DataFormatError if no mirror gives it, OSError if it
    cannot be written.
    """
    os.makedirs(folder, exist_ok=True)
    _sweep(folder)
    found = find_files(folder)
    for name in FILES:
        if name not in found:
            content = _fetch(name)
            write_atomically(os.path.join(folder, name + ".gz"), lambda file: file.write(content))


def _sweep(folder):
    """Remove the temporary files that killed downloads left, but none that another process may be
    writing just now.
    """
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        with contextlib.suppress(OSError):       # another process may have swept it away
            ours = re.fullmatch(rf"({'|'.join(FILES)})\.gz\.\d+\.tmp", name)
            if ours and time.time() - os.path.getmtime(path) > STALE:
                os.remove(path)


def _fetch(name):
    """The verified content of `name`.gz, from the first mirror that gives it.  Raises
    DataFormatError.

    It stays in memory until it is whole: so nothing else ever lies in the cache, and an OSError of
    the network is
    never mistaken for one of the disk.
    """
    import http.client

    for attempt in range(ROUNDS):
        time.sleep(attempt * PAUSE)
        for mirror in MIRRORS:
            try:
                content = _get(f"{mirror}{name}.gz")
                if _digest(parse_idx(io.BytesIO(content), FILES[name])) != SHA256[name]:
                    raise DataFormatError("another content came")
                return content
            except (OSError, ValueError, http.client.HTTPException) as error:
                why = reason(error).removeprefix("<urlopen error ").removesuffix(">")
                last = f"{mirror}{name}.gz: {why}"
    raise DataFormatError(last)


def _get(url):
    """What is at `url`, if it is not too large."""
    content = bytearray()
    try:
        with _open(url) as response:
            total = int(response.headers.get("Content-Length") or 0)
            while max(total, len(content)) <= MAX_DOWNLOAD and (chunk := response.read(CHUNK)):
                content += chunk
                _show(url, len(content), total)
    finally:
        if content:
            _show(url, len(content), total, end="\n")
    if max(total, len(content)) > MAX_DOWNLOAD:
        raise DataFormatError(f"more than {MAX_DOWNLOAD} bytes came")
    return content


def _open(url):
    import urllib.request
    return _opener().open(urllib.request.Request(url, headers={"User-Agent": "numpyvae"}),
                          timeout=TIMEOUT)


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


def _show(url, done, total, end=""):
    """A bar on standard error that a terminal draws over itself; elsewhere there is only its last
    state.
    """
    import shutil

    if sys.stderr is None:
        return
    total = max(done, total)                     # 0: the server has not said it
    bar = ("#" * (10 * done // total)).ljust(10, ".")
    text = f"  {url.rpartition('/')[2]}  [{bar}]  {done / 1e6:.1f} of {total / 1e6:.1f} MB"
    with contextlib.suppress(OSError, ValueError):               # nobody may be there to see it
        if sys.stderr.isatty():
            print("\r" + text[:shutil.get_terminal_size().columns - 1], end=end, file=sys.stderr,
                  flush=True)
        elif end:
            print(text, file=sys.stderr, flush=True)
