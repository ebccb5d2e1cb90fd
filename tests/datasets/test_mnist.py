"""MNIST: found where it should be looked for, downloaded whole or not at all, and nothing else is
taken for it.

No test goes to the network: a small data set stands for MNIST, and a table of answers for the
mirrors.
"""
import errno
import gzip
import hashlib
import http.client
import io
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from email.message import Message

import numpy as np
import pytest
from test_idx import arrays, content, write_set

import numpyvae
from numpyvae.datasets import idx, mnist
from numpyvae.errors import DataFormatError

FOUR = dict(zip(idx.FILES, arrays()))
ANSWERS = {name + ".gz": gzip.compress(content(array)) for name, array in FOUR.items()}
FIRST, SECOND = "https://first/", "https://second/"
REAL = os.environ.get("NUMPYVAE_DATA", "")
REAL = REAL if os.path.isdir(REAL) and len(idx.find_files(REAL)) == 4 else ""


class Response(io.BytesIO):
    """What urllib returns for an address."""

    def __init__(self, body, length=None):
        super().__init__(body)
        self.headers = {} if length == "unknown" else {"Content-Length": str(len(body)
                                                                             if length is None
                                                                             else length)}


class Mirrors:
    """Two mirrors of the small data set, and the addresses that were asked for; `answers` overrules
    what one gives.
    """

    def __init__(self):
        self.asked, self.answers = [], {}

    def open(self, url):
        self.asked.append(url)
        name = url.rpartition("/")[2]
        answer = self.answers.get(url,
                                  self.answers.get(url.removesuffix(name),
                                                   lambda: Response(ANSWERS[name])))
        return answer()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The cache folder, not made yet, of a user who has nothing; a small data set stands for MNIST.
    """
    monkeypatch.setattr(mnist, "SHA256",
                        {name: hashlib.sha256(content(FOUR[name])).hexdigest() for name in FOUR})
    monkeypatch.setattr(mnist, "cache_folder", lambda: str(tmp_path / "cache" / "mnist"))
    monkeypatch.delenv("NUMPYVAE_DATA", raising=False)
    return tmp_path / "cache" / "mnist"


@pytest.fixture
def mirrors(monkeypatch):
    mirrors = Mirrors()
    monkeypatch.setattr(mnist, "MIRRORS", (FIRST, SECOND))
    monkeypatch.setattr(mnist, "PAUSE", 0)
    monkeypatch.setattr(mnist, "_open", mirrors.open)
    return mirrors


def check_small(loaded):
    x_train, labels_train, x_test, labels_test, shape = loaded
    assert shape == (2, 3) and x_train.dtype == np.uint8
    for array, expected in zip((x_train.reshape(-1, 2, 3), labels_train, x_test.reshape(-1, 2, 3),
                                labels_test), FOUR.values()):
        assert np.array_equal(array, expected)


def fails(error):
    def answer():
        raise error
    return answer


# ---------------------------------------------------------------------- where it is looked for

def test_the_folder_given_then_the_variable_then_the_cache(tmp_path, cache, mirrors, monkeypatch):
    write_set(tmp_path / "given", FOUR, FOUR.values())
    write_set(tmp_path / "named", FOUR, FOUR.values())
    cache.parent.mkdir()
    write_set(cache, FOUR, FOUR.values())
    taken = []
    load = idx.load_idx
    monkeypatch.setattr(mnist, "load_idx", lambda folder: (taken.append(folder), load(folder))[1])
    monkeypatch.setenv("NUMPYVAE_DATA", str(tmp_path / "named"))
    check_small(mnist.load_mnist(tmp_path / "given"))
    check_small(mnist.load_mnist())
    # not all four: on to the next
    (tmp_path / "given" / "t10k-labels-idx1-ubyte").unlink()
    check_small(mnist.load_mnist(tmp_path / "given"))
    monkeypatch.setenv("NUMPYVAE_DATA", "")
    check_small(mnist.load_mnist(str(tmp_path / "given")))
    assert [os.path.basename(folder) for folder in taken] == ["given", "named", "named", "mnist"]
    assert mirrors.asked == []


def test_a_variable_that_is_empty_does_not_name_the_working_folder(tmp_path, cache, mirrors,
                                                                   monkeypatch):
    write_set(tmp_path / "work", FOUR, FOUR.values())
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("NUMPYVAE_DATA", "")
    check_small(mnist.load_mnist())
    assert len(mirrors.asked) == 4


@pytest.mark.parametrize("platform, env, expected", [
    ("linux", {"XDG_CACHE_HOME": "/xdg"}, ("/xdg",)),
    ("linux", {"XDG_CACHE_HOME": ""}, ("/home/ada", ".cache")),
    ("linux", {"XDG_CACHE_HOME": "not/absolute"}, ("/home/ada", ".cache")),
    ("freebsd14", {}, ("/home/ada", ".cache")),
    ("darwin", {"XDG_CACHE_HOME": "/xdg"}, ("/home/ada", "Library", "Caches")),
    ("win32", {"LOCALAPPDATA": "/local"}, ("/local",)),
    ("win32", {}, ("/home/ada", "AppData", "Local"))])
def test_the_cache_is_where_the_system_wants_it(monkeypatch, platform, env, expected):
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "/home/ada", "USERPROFILE": "/home/ada", **env}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    # on Windows too
    monkeypatch.setattr(os.path, "isabs", lambda path: path.startswith("/"))
    found = mnist.cache_folder()
    assert os.path.normpath(found) == os.path.normpath(os.path.join(*expected, "numpyvae", "mnist"))


# ---------------------------------------------------------------------- it is MNIST by its content

def test_the_digest_is_that_of_the_file():
    for array in FOUR.values():
        assert mnist._digest(array) == hashlib.sha256(content(array)).hexdigest()


@pytest.mark.parametrize("name", FOUR)
def test_another_content_is_not_taken_for_mnist(tmp_path, cache, mirrors, name):
    array = FOUR[name].copy()
    array.flat[0] ^= 1
    write_set(tmp_path / "mine", FOUR, {**FOUR, name: array}.values())
    with pytest.raises(DataFormatError) as caught:
        mnist.load_mnist(tmp_path / "mine")
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'mine' / name}: expected MNIST's own file, got another "
                              "IDX file; remove it")
    assert message.endswith(f"take --data idx --data-dir {tmp_path / 'mine'}")
    assert mirrors.asked == []


def test_a_damaged_file_is_named_and_not_silently_replaced(tmp_path, cache, mirrors):
    write_set(tmp_path / "mine", FOUR, FOUR.values())
    path = tmp_path / "mine" / "train-labels-idx1-ubyte"
    path.write_bytes(b"<html>")
    with pytest.raises(DataFormatError, match="got a web page") as caught:
        mnist.load_mnist(tmp_path / "mine")
    assert str(caught.value).startswith(f"{path}: ") and mirrors.asked == []


def test_what_is_published_about_it():
    assert set(mnist.SHA256) == set(idx.FILES) and len(set(mnist.SHA256.values())) == 4
    assert all(len(digest) == 64 for digest in mnist.SHA256.values())
    assert all(mirror.startswith("https://") and mirror.endswith("/") for mirror in mnist.MIRRORS)


@pytest.fixture(scope="module")
def real():
    return mnist.load_mnist(REAL)


@pytest.mark.skipif(not REAL, reason="NUMPYVAE_DATA names no folder with MNIST's four files")
def test_the_real_one(real):
    x_train, labels_train, x_test, labels_test, shape = real
    assert x_train.shape == (60000, 784) and x_test.shape == (10000, 784) and shape == (28, 28)
    assert x_train.dtype == x_test.dtype == labels_train.dtype == labels_test.dtype == np.uint8
    assert labels_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1,
                                          4] and labels_test[:5].tolist() == [7, 2, 1, 0, 4]
    assert np.bincount(labels_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265,
                                                  5851, 5949]
    assert np.bincount(labels_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974,
                                                 1009]
    assert x_train.sum(dtype=np.int64) == 1_567_298_545 and x_test.sum(dtype=np.int64) == 264_923_200
    assert x_train[0].reshape(28, 28)[7, 4:12].tolist() == [0, 0, 0, 49, 238, 253, 253, 253]


# ---------------------------------------------------------------------- the download

def test_all_four_are_downloaded_once(cache, mirrors):
    check_small(mnist.load_mnist())
    assert mirrors.asked == [FIRST + name for name in ANSWERS]
    assert {path.name: path.read_bytes() for path in cache.iterdir()} == ANSWERS
    check_small(mnist.load_mnist())
    assert len(mirrors.asked) == 4


def test_only_what_is_missing_is_downloaded(cache, mirrors):
    cache.parent.mkdir()
    write_set(cache, ["train-images.idx3-ubyte", "train-labels-idx1-ubyte.gz"],
              list(FOUR.values())[:2])
    check_small(mnist.load_mnist())
    assert mirrors.asked == [FIRST + "t10k-images-idx3-ubyte.gz", FIRST
                             + "t10k-labels-idx1-ubyte.gz"]


def test_nothing_is_downloaded_to_a_folder_of_the_user(tmp_path, cache, mirrors):
    write_set(tmp_path / "given", list(FOUR)[:2], list(FOUR.values())[:2])
    check_small(mnist.load_mnist(tmp_path / "given"))
    assert len(os.listdir(tmp_path / "given")) == 2 and len(os.listdir(cache)) == 4


def fails_with_status(code, words):
    return fails(urllib.error.HTTPError(FIRST, code, words, Message(), None))


LABELS = ANSWERS["train-labels-idx1-ubyte.gz"]
OTHER = gzip.compress(content(FOUR["train-labels-idx1-ubyte"] ^ 1))
BAD = {
    "no such host":         (fails(urllib.error.URLError(OSError(-2, "Name not known"))), "Name not known"),
    "a refused connection": (fails(urllib.error.URLError(ConnectionRefusedError(111, "no"))), r"\[Errno 111\] no\)"),
    "403":                  (fails_with_status(403, "Forbidden"), "HTTP Error 403: Forbidden"),
    "404":                  (fails_with_status(404, "Not Found"), "HTTP Error 404: Not Found"),
    "503":                  (fails_with_status(503, "Slow Down"), "HTTP Error 503: Slow Down"),
    "a timeout":            (fails(TimeoutError("timed out")), "timed out"),
    "no certificate":       (fails(urllib.error.URLError("CERTIFICATE_VERIFY_FAILED")), "CERTIFICATE_VERIFY_FAILED"),
    "a broken protocol":    (fails(http.client.BadStatusLine("\x1b[31m")), r"\\u001b\[31m\)"),
    "nothing":              (lambda: Response(b""), "got an empty one"),
    "a page of an error":   (lambda: Response(b"<html><body>Sign in to the hotel's network</body></html>"), "web page"),
    "half of it":           (lambda: Response(LABELS[:len(LABELS) // 2], len(LABELS)), "cut short or damaged"),
    "a flipped bit":        (lambda: Response(LABELS[:-8] + bytes([LABELS[-8] ^ 4]) + LABELS[-7:]), "data check"),
    "another set's labels": (lambda: Response(OTHER), "another content came"),
    "images":               (lambda: Response(ANSWERS["train-images-idx3-ubyte.gz"]), "expected labels"),
    "a length that is none": (lambda: Response(LABELS, "many"), "invalid literal"),
    "too much promised":    (lambda: Response(LABELS, 10 ** 12), "more than 20000000 bytes came"),
    "too much":             (lambda: Response(bytes(20_000_001), "unknown"), "more than 20000000 bytes came"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_one_mirror_does_not_give_the_other_does(cache, mirrors, name):
    mirrors.answers[FIRST + "train-labels-idx1-ubyte.gz"] = BAD[name][0]
    check_small(mnist.load_mnist())
    labels = [url for url in mirrors.asked if "train-labels" in url]
    assert labels == [FIRST + "train-labels-idx1-ubyte.gz", SECOND + "train-labels-idx1-ubyte.gz"]
    assert {path.name: path.read_bytes() for path in cache.iterdir()} == ANSWERS


@pytest.mark.parametrize("name", BAD)
def test_if_no_mirror_gives_it_the_sentence_says_what_to_do(tmp_path, cache, mirrors, name,
                                                            monkeypatch):
    for mirror in (FIRST, SECOND):
        mirrors.answers[mirror + "train-labels-idx1-ubyte.gz"] = BAD[name][0]
    monkeypatch.setenv("NUMPYVAE_DATA", str(tmp_path / "named"))
    with pytest.raises(DataFormatError, match=f"{SECOND}train-labels-idx1-ubyte.gz: "
                       f".*{BAD[name][1]}") as caught:
        mnist.load_mnist(tmp_path / "given")
    message = str(caught.value)
    assert "\n" not in message and "urlopen" not in message and "\x1b" not in message
    looked_in = f"in one of the folders {tmp_path / 'given'}, {tmp_path / 'named'}, {cache}; "
    for needed in (*FOUR, looked_in, f"; put them into {cache}, ", "--data-dir", "NUMPYVAE_DATA"):
        assert needed in message
    # the images came, the labels never did
    assert len(mirrors.asked) == 1 + 2 * mnist.ROUNDS
    assert os.listdir(cache) == ["train-images-idx3-ubyte.gz"]
    del mirrors.answers[FIRST + "train-labels-idx1-ubyte.gz"]
    # and goes on where it stopped
    check_small(mnist.load_mnist())
    assert len(mirrors.asked) == 1 + 2 * mnist.ROUNDS + 3


def test_the_pauses_between_the_rounds_grow(cache, mirrors, monkeypatch):
    slept = []
    monkeypatch.setattr(mnist, "PAUSE", 0.5)
    monkeypatch.setattr(time, "sleep", lambda seconds: slept.append((seconds, len(mirrors.asked))))
    mirrors.answers = {FIRST: BAD["503"][0], SECOND: BAD["503"][0]}
    with pytest.raises(DataFormatError):
        mnist.load_mnist()
    assert slept == [(0, 0), (0.5, 2), (1.0, 4)]


def test_nothing_large_is_read_when_a_length_is_too_large(cache, mirrors):
    class Endless(Response):
        def read(self, size):
            raise AssertionError("it was read")
    with pytest.raises(DataFormatError, match="more than"):
        mnist_get(mirrors, lambda: Endless(b"", 10 ** 12))


def test_an_endless_answer_is_left(cache, mirrors):
    class Endless(Response):
        given = 0

        def read(self, size):
            self.given += size
            return bytes(size)
    endless = Endless(b"", "unknown")
    with pytest.raises(DataFormatError, match="more than"):
        mnist_get(mirrors, lambda: endless)
    assert mnist.MAX_DOWNLOAD < endless.given <= mnist.MAX_DOWNLOAD + mnist.CHUNK and endless.closed


def test_the_largest_that_is_taken(mirrors, monkeypatch):
    monkeypatch.setattr(mnist, "MAX_DOWNLOAD", 100_000)
    for length in (None, "unknown"):
        assert mnist_get(mirrors, lambda: Response(bytes(100_000), length)) == bytes(100_000)
        with pytest.raises(DataFormatError, match="more than 100000 bytes came"):
            mnist_get(mirrors, lambda: Response(bytes(100_001), length))


def mnist_get(mirrors, answer):
    mirrors.answers[FIRST + "file"] = answer
    return mnist._get(FIRST + "file")


# ---------------------------------------------------------------------- https, and only https

class Fake(urllib.request.HTTPSHandler):
    """Stands for the network: redirects https://first/ to `target`, and answers anything else."""

    handler_order = 1

    def __init__(self, target):
        super().__init__()
        self.target, self.requests = target, []

    def https_open(self, request):
        self.requests.append(request)
        headers, redirected = Message(), request.full_url == FIRST
        if redirected:
            headers["Location"] = self.target
        answer = urllib.request.addinfourl(io.BytesIO(b"hello"), headers, request.full_url, 302
                                           if redirected else 200)
        answer.msg = "Found" if redirected else "OK"
        return answer

    http_open = ftp_open = file_open = https_open


def opened(target, monkeypatch):
    opener, fake = mnist._opener(), Fake(target)
    opener.add_handler(fake)
    monkeypatch.setattr(mnist, "_opener", lambda: opener)
    return fake, lambda: mnist._open(FIRST)


@pytest.mark.parametrize("target", ["http://second/", "ftp://second/file", "file:///etc/hosts",
                                    "HTTP://second/"])
def test_no_redirection_leaves_https(monkeypatch, target):
    fake, go = opened(target, monkeypatch)
    with pytest.raises(OSError, match="not https|not allowed") as caught:
        go()
    assert target.partition(":")[0].lower() in str(caught.value).lower()
    assert [request.full_url for request in fake.requests] == [FIRST]
    if isinstance(caught.value, urllib.error.HTTPError):
        caught.value.close()


@pytest.mark.parametrize("target, full",
                         [("https://second/file", "https://second/file"),
                          ("/file", FIRST + "file")])
def test_a_redirection_within_https_is_followed(monkeypatch, target, full):
    fake, go = opened(target, monkeypatch)
    assert go().read() == b"hello"
    assert [request.full_url for request in fake.requests] == [FIRST, full]
    assert all(request.get_header("User-agent") == "numpyvae" for request in fake.requests)
    assert all(request.timeout == mnist.TIMEOUT for request in fake.requests)


# ---------------------------------------------------------------------- the bar

class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_on_a_terminal(mirrors, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    mnist_get(mirrors, lambda: Response(bytes(3_000_000)))
    drawn = sys.stderr.getvalue()
    assert drawn.endswith("\r  file  [##########]  3.0 of 3.0 MB\n") and drawn.count("\n") == 1
    states = drawn.strip().split("\r")
    assert states[0] == "file  [..........]  0.1 of 3.0 MB"[:len(states[0])] and len(states) == 47
    assert "  file  [####......]  1.4 of 3.0 MB" in states
    assert all(len(state) < 80 for state in states)


def test_a_bar_fits_a_narrow_terminal(mirrors, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("COLUMNS", "20")
    mnist_get(mirrors, lambda: Response(bytes(300_000)))
    assert max(map(len, sys.stderr.getvalue().strip("\n").split("\r"))) == 19


def test_without_a_length_there_is_a_bar_too(mirrors, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    mnist_get(mirrors, lambda: Response(bytes(450_000), "unknown"))
    # rounded up
    assert sys.stderr.getvalue().endswith("\r  file  [##########]  0.5 of 0.5 MB\n")


@pytest.mark.parametrize("terminal", [True, False])
def test_what_is_drawn_is_seen_at_once(mirrors, monkeypatch, terminal):
    class Buffered(io.StringIO):
        seen = ""

        def isatty(self):
            return terminal

        def flush(self):
            self.seen = self.getvalue()
    monkeypatch.setattr(sys, "stderr", Buffered())
    mnist_get(mirrors, lambda: Response(bytes(300_000)))
    assert sys.stderr.seen == sys.stderr.getvalue() != ""


def test_one_line_for_each_file_elsewhere(cache, mirrors, capsys):
    mnist.load_mnist()
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [f"  {name}  [##########]  0.0 of 0.0 MB"
                                        for name in ANSWERS]


def test_nothing_breaks_where_nobody_can_see_it(cache, mirrors, monkeypatch, capsys):
    class Gone(Terminal):
        def write(self, text):
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")
    closed = Terminal()
    closed.close()
    for stream in (None, closed, Gone()):
        monkeypatch.setattr(sys, "stderr", stream)
        mnist_get(mirrors, lambda: Response(bytes(300_000)))
    assert capsys.readouterr().out == ""


# ---------------------------------------------------------------------- whole or not at all

def stopping_at(chunk, error):
    class Stopping(Response):
        def read(self, size):
            if self.tell() >= chunk * 10:
                raise error
            return super().read(10)
    return lambda: Stopping(LABELS)


def test_ctrl_c_leaves_nothing_and_ends_the_line(cache, mirrors, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    mirrors.answers = {FIRST + "train-labels-idx1-ubyte.gz": stopping_at(2, KeyboardInterrupt())}
    with pytest.raises(KeyboardInterrupt):
        mnist.load_mnist()
    assert os.listdir(cache) == ["train-images-idx3-ubyte.gz"]
    assert sys.stderr.getvalue().endswith("0.0 of 0.0 MB\n")
    assert mirrors.asked[-1].startswith(FIRST)                           # nobody else was asked


def test_a_connection_that_breaks_goes_on_with_the_next_mirror(cache, mirrors):
    for error in (ConnectionResetError(104, "reset"), TimeoutError("timed out"),
                  http.client.IncompleteRead(b"", 9)):
        mirrors.answers = {FIRST + "train-labels-idx1-ubyte.gz": stopping_at(2, error)}
        check_small(mnist.load_mnist())
        (cache / "train-labels-idx1-ubyte.gz").unlink()


@pytest.mark.parametrize("code",
                         [errno.ENOSPC, errno.EDQUOT if hasattr(errno, "EDQUOT") else errno.EFBIG])
def test_a_full_disk_is_no_failure_of_the_network(cache, mirrors, monkeypatch, code):
    monkeypatch.setattr(os, "fsync", fails_with_argument(OSError(code, os.strerror(code))))
    with pytest.raises(OSError) as caught:
        mnist.load_mnist()
    assert caught.value.errno == code and caught.value.filename == str(cache / "train-images-idx3-ubyte.gz")
    assert len(mirrors.asked) == 1 and os.listdir(cache) == []


def fails_with_argument(error):
    def function(argument):
        raise error
    return function


def test_a_cache_that_cannot_be_made_is_no_failure_of_the_network(cache, mirrors):
    cache.parent.write_bytes(b"a file where the folder should be")
    with pytest.raises(OSError) as caught:
        mnist.load_mnist()
    assert caught.value.filename and mirrors.asked == []


KILLED = """
import io, os, sys, time
from test_mnist import FOUR, ANSWERS, Response, content, mnist
import hashlib
def stall(*_):
    print("stalled", flush=True)
    time.sleep(60)
class Stalling(Response):
    def read(self, size):
        return super().read(10) if self.tell() < 20 else stall()
mnist.SHA256 = {name: hashlib.sha256(content(FOUR[name])).hexdigest() for name in FOUR}
mnist.cache_folder = lambda: sys.argv[1]
answer = Stalling if sys.argv[2] == "downloading" else Response
mnist._open = lambda url: answer(ANSWERS[url.rpartition("/")[2]])
if sys.argv[2] == "writing":
    os.fsync = stall
mnist.load_mnist()
"""


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a killed process may hold its files for "
                    "a moment")
@pytest.mark.parametrize("doing, left", [("downloading", 0), ("writing", 1)])
def test_a_kill_leaves_no_file_under_its_final_name(cache, mirrors, doing, left):
    folders = os.pathsep.join([os.path.dirname(__file__),
                               os.path.dirname(os.path.dirname(numpyvae.__file__))])
    env = {**os.environ, "PYTHONPATH": folders, "NUMPYVAE_DATA": ""}
    with subprocess.Popen([sys.executable, "-c", KILLED, str(cache), doing], env=env,
                          stdout=subprocess.PIPE) as child:
        assert child.stdout.readline().strip() == b"stalled"
        child.kill()
    names = os.listdir(cache)
    assert len(names) == left and all(name.endswith(f".gz.{child.pid}.tmp") for name in names)
    for name in names:
        os.utime(cache / name, (time.time() - 3600,) * 2)                # an hour later
    check_small(mnist.load_mnist())
    assert set(os.listdir(cache)) == set(ANSWERS)


def test_what_is_a_minute_old_is_not_stale_yet(cache, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1_000_000)
    cache.mkdir(parents=True)
    for age in (59, 60, 61):
        path = cache / f"train-images-idx3-ubyte.gz.{age}.tmp"
        path.write_bytes(b"")
        os.utime(path, (1_000_000 - age,) * 2)
    mnist._sweep(cache)
    assert sorted(os.listdir(cache)) == [f"train-images-idx3-ubyte.gz.{age}.tmp"
                                         for age in (59, 60)]


def test_the_sweep_takes_only_what_is_ours_and_stale(cache, mirrors):
    cache.mkdir(parents=True)
    name = "train-images-idx3-ubyte.gz"
    kept = ["notes.tmp", f"{name}.tmp", f"{name}.old.tmp", f"{name}.12.tmp.bak",
            f"my-{name}.12.tmp", "a.npz.12.tmp"]
    for path in [*kept, f"{name}.12.tmp", "t10k-labels-idx1-ubyte.gz.99999.tmp"]:
        (cache / path).write_bytes(b"precious")
        os.utime(cache / path, (time.time() - 100,) * 2)
    (cache / f"{name}.13.tmp").write_bytes(b"another process writes just now")
    # no file: not removed, and no error
    (cache / f"{name}.14.tmp").mkdir()
    os.utime(cache / f"{name}.14.tmp", (time.time() - 100,) * 2)
    check_small(mnist.load_mnist())
    assert set(os.listdir(cache)) == {*kept, f"{name}.13.tmp", f"{name}.14.tmp", *ANSWERS}
