"""MNIST: found where it may lie, downloaded whole or not at all, and not confused with other data.

No test uses the network: a small data set stands for MNIST, and a table of answers for the mirrors.
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
from helpers_files import idx_file, small_set, write_set

import helpers_files
import numpyvae
from numpyvae.datasets import idx, mnist
from numpyvae.errors import DataFormatError

FOUR = dict(zip(idx.FILES, small_set()))
OTHER = {name: array ^ 1 for name, array in FOUR.items()}        # of the same shapes
DIGESTS = {name: hashlib.sha256(idx_file(array)).hexdigest() for name, array in FOUR.items()}
ANSWERS = {name + ".gz": gzip.compress(idx_file(array)) for name, array in FOUR.items()}
FIRST, SECOND = "https://first/", "https://second/"
REAL = os.environ.get("NUMPYVAE_DATA", "")
REAL = REAL if os.path.isdir(REAL) and len(idx.find_files(REAL)) == 4 else ""


class Response(io.BytesIO):
    """What urllib returns for an address: `body`, of this length, it says, if it says one."""

    def __init__(self, body, length="right"):
        super().__init__(body)
        self.headers = {}
        if length is not None:
            self.headers["Content-Length"] = str(len(body) if length == "right" else length)


class Mirrors:
    """Two mirrors of the small data set.

    asked: the addresses that were asked for; answers: by address or mirror, what to answer instead
    """

    def __init__(self):
        self.asked, self.answers = [], {}

    def open(self, url):
        self.asked.append(url)
        mirror, slash, name = url.rpartition("/")
        for key in (url, mirror + slash):
            if key in self.answers:
                return self.answers[key]()
        return Response(ANSWERS[name])


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The cache folder, not made yet, of a user who has nothing; the small data set is MNIST."""
    monkeypatch.setattr(mnist, "SHA256", DIGESTS)
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
    found = x_train.reshape(-1, 2, 3), labels_train, x_test.reshape(-1, 2, 3), labels_test
    assert all(map(np.array_equal, found, FOUR.values()))


def fails(error):
    def answer():
        raise error
    return answer


# ---------------------------------------------------------------------- where it is looked for

FOLDERS = {"right": FOUR, "other": OTHER, "three files": dict(list(FOUR.items())[:3]), "empty": {}}


@pytest.mark.parametrize("given, named, cached, taken", [
    ("right",       "other",       "other", "given"),
    ("other",       "right",       "right", "given"),
    (None,          "right",       "other", "named"),
    (None,          "other",       "right", "named"),
    (None,          "three files", "right", "cached"),
    (None,          "empty",       "right", "cached"),
    (None,          None,          "other", "cached")])
def test_the_folder_given_then_the_variable_then_the_cache(
        tmp_path, cache, mirrors, monkeypatch, capsys, given, named, cached, taken):
    """The first that has all four files is taken; and refused, not passed over, if they are wrong.
    A variable is passed over, with a word, if it names a folder without them.
    """
    contents = {"given": given, "named": named, "cached": cached}
    places   = {"given": tmp_path / "given", "named": tmp_path / "named", "cached": cache}
    cache.parent.mkdir()
    for name, content in contents.items():
        if content:
            write_set(places[name], FOLDERS[content], FOLDERS[content].values())
    monkeypatch.setenv("NUMPYVAE_DATA", str(places["named"]) if named else "")
    data_dir = places["given"] if given else None
    if contents[taken] == "right":
        check_small(mnist.load_mnist(data_dir))
    else:
        with pytest.raises(DataFormatError) as caught:
            mnist.load_mnist(data_dir)
        assert str(caught.value).startswith(str(places[taken] / "train-images-idx3-ubyte: "))
    assert mirrors.asked == []
    told = capsys.readouterr().err
    passed_over = named in ("three files", "empty")
    assert told.count("\n") == passed_over and ("t10k-labels-idx1-ubyte" in told) == passed_over
    assert (f"{places['named']}, which NUMPYVAE_DATA names, lacks " in told) == passed_over
    assert told.endswith(f"looked for in {cache}\n" if passed_over else "")


@pytest.mark.parametrize("content", ["three files", "empty"])
def test_a_folder_that_is_given_is_the_only_one(tmp_path, cache, mirrors, monkeypatch, content):
    write_set(tmp_path / "given", FOLDERS[content], FOLDERS[content].values())
    for place in (tmp_path / "named", cache):
        place.mkdir(parents=True)
        write_set(place, FOUR, FOUR.values())
    monkeypatch.setenv("NUMPYVAE_DATA", str(tmp_path / "named"))
    with pytest.raises(DataFormatError) as caught:
        mnist.load_mnist(tmp_path / "given")
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'given'}: expected a folder with train-images-idx3-")
    assert message.endswith("t10k-labels-idx1-ubyte") and "; missing: " in message
    for absent, name in ((tmp_path / "no", "no"), ("", "^an empty name")):
        with pytest.raises(DataFormatError, match=f"{name}: .* missing: the folder itself$"):
            mnist.load_mnist(absent)
    assert mirrors.asked == []


def test_a_variable_that_is_empty_does_not_name_the_working_folder(
        tmp_path, cache, mirrors, monkeypatch):
    write_set(tmp_path / "work", FOUR, FOUR.values())
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("NUMPYVAE_DATA", "")
    check_small(mnist.load_mnist())
    assert len(mirrors.asked) == 4


@pytest.mark.parametrize("platform, env, expected", [
    ("linux",     {"XDG_CACHE_HOME": "/xdg"},         ("/xdg",)),
    ("linux",     {"XDG_CACHE_HOME": ""},             ("/home/ada", ".cache")),
    ("linux",     {"XDG_CACHE_HOME": "not/absolute"}, ("/home/ada", ".cache")),
    ("freebsd14", {},                                 ("/home/ada", ".cache")),
    ("darwin",    {"XDG_CACHE_HOME": "/xdg"},         ("/home/ada", "Library", "Caches")),
    ("win32",     {"LOCALAPPDATA": "/local"},         ("/local",)),
    ("win32",     {},                                 ("/home/ada", "AppData", "Local"))])
def test_the_cache_is_where_the_system_wants_it(monkeypatch, platform, env, expected):
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"HOME": "/home/ada", "USERPROFILE": "/home/ada", **env}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(os.path, "isabs", lambda path: path.startswith("/"))     # on Windows too
    found = mnist.cache_folder()
    assert os.path.normpath(found) == os.path.normpath(os.path.join(*expected, "numpyvae", "mnist"))


# ---------------------------------------------------------------------- it is MNIST by its content

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
    assert message.endswith(f"use --data idx --data-dir {tmp_path / 'mine'}")
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
    assert labels_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert labels_test[:5].tolist() == [7, 2, 1, 0, 4]
    assert np.bincount(labels_train).tolist() == [5923, 6742, 5958, 6131, 5842,
                                                  5421, 5918, 6265, 5851, 5949]
    assert np.bincount(labels_test).tolist() == [980, 1135, 1032, 1010, 982,
                                                 892, 958, 1028, 974, 1009]
    assert x_train.sum(dtype=np.int64) == 1_567_298_545
    assert x_test.sum(dtype=np.int64) == 264_923_200
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
    names = ["train-images.idx3-ubyte", "train-labels-idx1-ubyte.gz"]
    write_set(cache, names, list(FOUR.values())[:2])
    check_small(mnist.load_mnist())
    assert mirrors.asked == [FIRST + "t10k-images-idx3-ubyte.gz",
                             FIRST + "t10k-labels-idx1-ubyte.gz"]


def test_nothing_is_downloaded_to_a_folder_of_the_user(tmp_path, cache, mirrors, monkeypatch):
    write_set(tmp_path / "named", list(FOUR)[:2], list(FOUR.values())[:2])
    monkeypatch.setenv("NUMPYVAE_DATA", str(tmp_path / "named"))
    check_small(mnist.load_mnist())
    assert len(os.listdir(tmp_path / "named")) == 2 and len(os.listdir(cache)) == 4


def fails_with_status(code, words):
    return fails(urllib.error.HTTPError(FIRST, code, words, Message(), None))


def no_url(why):
    return fails(urllib.error.URLError(why))


def answers(body, length="right"):
    return lambda: Response(body, length)


IMAGES  = ANSWERS["train-images-idx3-ubyte.gz"]
LABELS  = ANSWERS["train-labels-idx1-ubyte.gz"]
HALF    = LABELS[:len(LABELS) // 2]
FLIPPED = LABELS[:-8] + bytes([LABELS[-8] ^ 4]) + LABELS[-7:]
SWAPPED = gzip.compress(idx_file(OTHER["train-labels-idx1-ubyte"]))
SIGN_IN = b"<html><body>Sign in to the hotel's network</body></html>"
MANY    = b"\0" * 20_000_001
BAD = {
    "no such host":         (no_url(OSError(-2, "Name not known")), "Name not known"),
    "a refused connection": (no_url(ConnectionRefusedError(111, "no")), r"\[Errno 111\] no\)"),
    "no certificate":       (no_url("CERTIFICATE_VERIFY_FAILED"), "CERTIFICATE_VERIFY_FAILED"),
    "403":                  (fails_with_status(403, "Forbidden"), "HTTP Error 403: Forbidden"),
    "404":                  (fails_with_status(404, "Not Found"), "HTTP Error 404: Not Found"),
    "503":                  (fails_with_status(503, "Slow Down"), "HTTP Error 503: Slow Down"),
    "a timeout":            (fails(TimeoutError("timed out")), "timed out"),
    "a broken protocol":    (fails(http.client.BadStatusLine("\x1b[31m")), r"\\u001b\[31m\)"),
    "nothing":              (answers(b""), "got an empty one"),
    "a page of an error":   (answers(SIGN_IN), "web page"),
    "half of it":           (answers(HALF, len(LABELS)), "cut short or damaged"),
    "a flipped bit":        (answers(FLIPPED), "data check"),
    "another set's labels": (answers(SWAPPED), "another file came"),
    "images":               (answers(IMAGES), "expected labels"),
    "a length that is none": (answers(LABELS, "many"), "invalid literal"),
    "too much promised":    (answers(LABELS, 10 ** 12), "more than 20000000 bytes came"),
    "too much":             (answers(MANY, None), "more than 20000000 bytes came"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_one_mirror_does_not_give_the_other_does(cache, mirrors, name):
    mirrors.answers[FIRST + "train-labels-idx1-ubyte.gz"] = BAD[name][0]
    check_small(mnist.load_mnist())
    labels = [url for url in mirrors.asked if "train-labels" in url]
    assert labels == [FIRST + "train-labels-idx1-ubyte.gz", SECOND + "train-labels-idx1-ubyte.gz"]
    assert {path.name: path.read_bytes() for path in cache.iterdir()} == ANSWERS


@pytest.mark.parametrize("name", BAD)
def test_if_no_mirror_gives_it_the_sentence_says_what_to_do(
        tmp_path, cache, mirrors, name, monkeypatch):
    answer, why = BAD[name]
    for mirror in (FIRST, SECOND):
        mirrors.answers[mirror + "train-labels-idx1-ubyte.gz"] = answer
    monkeypatch.setenv("NUMPYVAE_DATA", str(tmp_path / "named"))
    why = f"{SECOND}train-labels-idx1-ubyte.gz: .*{why}"
    with pytest.raises(DataFormatError, match=why) as caught:
        mnist.load_mnist()
    message = str(caught.value)
    assert "\n" not in message and "urlopen" not in message and "\x1b" not in message
    looked_in = f"in one of the folders {tmp_path / 'named'}, {cache}; "
    for needed in (*FOUR, looked_in, f"; put them into {cache}, ", "--data-dir", "NUMPYVAE_DATA"):
        assert needed in message
    # The images came, the labels never did.
    assert len(mirrors.asked) == 1 + 2 * mnist.ROUNDS
    assert os.listdir(cache) == ["train-images-idx3-ubyte.gz"]
    del mirrors.answers[FIRST + "train-labels-idx1-ubyte.gz"]
    check_small(mnist.load_mnist())                              # and goes on where it stopped
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
    endless = Endless(b"", None)
    with pytest.raises(DataFormatError, match="more than"):
        mnist_get(mirrors, lambda: endless)
    assert mnist.MAX_DOWNLOAD < endless.given <= mnist.MAX_DOWNLOAD + mnist.CHUNK and endless.closed


def test_the_largest_that_is_taken(mirrors, monkeypatch):
    monkeypatch.setattr(mnist, "MAX_DOWNLOAD", 100_000)
    for length in ("right", None):
        assert mnist_get(mirrors, answers(bytes(100_000), length)) == bytes(100_000)
        with pytest.raises(DataFormatError, match="more than 100000 bytes came"):
            mnist_get(mirrors, answers(bytes(100_001), length))


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
        headers    = Message()
        redirected = request.full_url == FIRST
        if redirected:
            headers["Location"] = self.target
        code, words = (302, "Found") if redirected else (200, "OK")
        answer = urllib.request.addinfourl(io.BytesIO(b"hello"), headers, request.full_url, code)
        answer.msg = words
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


@pytest.mark.parametrize("target, full", [
    ("https://second/file", "https://second/file"),
    ("/file",               FIRST + "file")])
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


@pytest.fixture
def slowly(monkeypatch):
    """A second goes by between two looks at the clock, so that every state of the bar is drawn."""
    clock = iter(range(10 ** 6))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))


def test_a_bar_on_a_terminal(mirrors, slowly, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    mnist_get(mirrors, answers(bytes(3_000_000)))
    drawn = terminal.getvalue()
    assert drawn.endswith("\r  file  3.0 of 3.0 MB\n") and drawn.count("\n") == 1
    states = [state.strip() for state in drawn.split("\r") if state.strip()]
    assert states[0] == "[....................] file  0.1 of 3.0 MB" and len(states) == 47
    assert "[########............] file  1.2 of 3.0 MB" in states
    assert states[-2:] == ["[####################] file  3.0 of 3.0 MB", "file  3.0 of 3.0 MB"]


def test_a_bar_fits_a_narrow_terminal(mirrors, slowly, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "20")
    mnist_get(mirrors, answers(bytes(300_000)))
    *states, last = terminal.getvalue().split("\r")
    assert max(map(len, states)) == 19 and last == "  file  0.3 of 0.3 MB\n"


def test_without_a_length_there_is_a_bar_too(mirrors, slowly, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    mnist_get(mirrors, answers(bytes(450_000), None))
    assert "[####################] file  0.5 of 0.5 MB" in terminal.getvalue()       # rounded up
    assert terminal.getvalue().endswith("\r  file  0.5 of 0.5 MB\n")


@pytest.mark.parametrize("is_terminal", [True, False])
def test_what_is_drawn_is_seen_at_once(mirrors, monkeypatch, is_terminal):
    class Buffered(io.StringIO):
        seen = ""

        def isatty(self):
            return is_terminal

        def flush(self):
            self.seen = self.getvalue()
    monkeypatch.setattr(sys, "stderr", Buffered())
    mnist_get(mirrors, answers(bytes(300_000)))
    assert sys.stderr.seen == sys.stderr.getvalue() != ""


def test_one_line_for_each_file_elsewhere(cache, mirrors, capsys):
    mnist.load_mnist()
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.splitlines() == [f"  {name}  0.0 of 0.0 MB" for name in ANSWERS]


def test_no_line_for_a_file_of_which_nothing_came(cache, mirrors, capsys):
    mirrors.answers = {FIRST: BAD["404"][0], SECOND: BAD["nothing"][0]}
    with pytest.raises(DataFormatError):
        mnist.load_mnist()
    assert capsys.readouterr() == ("", "")


def test_nothing_breaks_where_nobody_can_see_it(mirrors, slowly, monkeypatch, capsys):
    class Gone(Terminal):
        def write(self, text):
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")
    closed = Terminal()
    closed.close()
    for stream in (None, closed, Gone()):
        monkeypatch.setattr(sys, "stderr", stream)
        mnist_get(mirrors, answers(bytes(300_000)))
    assert capsys.readouterr().out == ""


# ---------------------------------------------------------------------- whole or not at all

def stopping_at(chunk, error):
    class Stopping(Response):
        def read(self, size):
            if self.tell() >= chunk * 10:
                raise error
            return super().read(10)
    return lambda: Stopping(LABELS)


def test_ctrl_c_leaves_nothing_and_ends_the_line(cache, mirrors, slowly, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    mirrors.answers = {FIRST + "train-labels-idx1-ubyte.gz": stopping_at(2, KeyboardInterrupt())}
    with pytest.raises(KeyboardInterrupt):
        mnist.load_mnist()
    assert os.listdir(cache) == ["train-images-idx3-ubyte.gz"]
    assert terminal.getvalue().endswith("\r  train-labels-idx1-ubyte.gz  0.0 of 0.0 MB\n")
    assert mirrors.asked[-1].startswith(FIRST)                   # nobody else was asked


def test_a_connection_that_breaks_goes_on_with_the_next_mirror(cache, mirrors):
    for error in (ConnectionResetError(104, "reset"), TimeoutError("timed out"),
                  http.client.IncompleteRead(b"", 9)):
        mirrors.answers = {FIRST + "train-labels-idx1-ubyte.gz": stopping_at(2, error)}
        check_small(mnist.load_mnist())
        (cache / "train-labels-idx1-ubyte.gz").unlink()


@pytest.mark.parametrize("code", [errno.ENOSPC, getattr(errno, "EDQUOT", errno.EFBIG)])
def test_a_full_disk_is_no_failure_of_the_network(cache, mirrors, monkeypatch, code):
    def full(descriptor):
        raise OSError(code, os.strerror(code))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError) as caught:
        mnist.load_mnist()
    assert caught.value.errno == code
    assert caught.value.filename == str(cache / "train-images-idx3-ubyte.gz")
    assert len(mirrors.asked) == 1 and os.listdir(cache) == []


def test_a_cache_that_cannot_be_made_is_no_failure_of_the_network(cache, mirrors):
    cache.parent.write_bytes(b"a file where the folder should be")
    with pytest.raises(OSError) as caught:
        mnist.load_mnist()
    assert caught.value.filename and mirrors.asked == []


KILLED = """
import os, sys, time
from test_mnist import ANSWERS, DIGESTS, Response, mnist

def stall(*_):
    print("stalled", flush=True)
    time.sleep(60)

class Stalling(Response):
    def read(self, size):
        return super().read(10) if self.tell() < 20 else stall()

cache, doing = sys.argv[1:]
answer = Stalling if doing == "downloading" else Response
mnist.SHA256 = DIGESTS
mnist.cache_folder = lambda: cache
mnist._open = lambda url: answer(ANSWERS[url.rpartition("/")[2]])
if doing == "writing":
    os.fsync = stall
mnist.load_mnist()
"""


@pytest.mark.skipif(os.name != "posix", reason="elsewhere a killed process may hold its files for "
                    "a moment")
@pytest.mark.parametrize("doing, left", [("downloading", 0), ("writing", 1)])
def test_a_kill_leaves_no_file_under_its_final_name(cache, mirrors, doing, left):
    homes = [os.path.dirname(os.path.abspath(module.__file__))
             for module in (sys.modules[__name__], helpers_files, numpyvae)]
    homes[-1] = os.path.dirname(homes[-1])
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(homes), "NUMPYVAE_DATA": ""}
    with subprocess.Popen([sys.executable, "-c", KILLED, str(cache), doing], env=env,
                          stdout=subprocess.PIPE) as child:
        assert child.stdout.readline().strip() == b"stalled"
        child.kill()
    names = os.listdir(cache)
    assert len(names) == left and all(f".gz.{child.pid}-" in name for name in names)
    for name in names:
        os.utime(cache / name, (time.time() - 3600,) * 2)        # an hour later
    check_small(mnist.load_mnist())
    assert set(os.listdir(cache)) == set(ANSWERS)


def test_what_is_a_minute_old_is_not_stale_yet(cache, mirrors, monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1_000_000)
    cache.mkdir(parents=True)
    left = {age: f"train-images-idx3-ubyte.gz.{age}.tmp" for age in (59, 60, 61)}
    for age, name in left.items():
        (cache / name).write_bytes(b"")
        os.utime(cache / name, (1_000_000 - age,) * 2)
    check_small(mnist.load_mnist())
    assert set(os.listdir(cache)) == {left[59], left[60], *ANSWERS}


def test_the_sweep_takes_only_what_is_ours_and_stale(cache, mirrors):
    cache.mkdir(parents=True)
    name = "train-images-idx3-ubyte.gz"
    kept = ["notes.tmp", f"{name}.tmp", f"{name}.old.tmp", f"{name}.12.tmp.bak",
            f"my-{name}.12.tmp", "a.npz.12.tmp"]
    for path in [*kept, f"{name}.12.tmp", "t10k-labels-idx1-ubyte.gz.99999.tmp"]:
        (cache / path).write_bytes(b"precious")
        os.utime(cache / path, (time.time() - 100,) * 2)
    (cache / f"{name}.13.tmp").write_bytes(b"another process is writing it just now")
    (cache / f"{name}.14.tmp").mkdir()                           # no file: kept, and no error
    os.utime(cache / f"{name}.14.tmp", (time.time() - 100,) * 2)
    check_small(mnist.load_mnist())
    assert set(os.listdir(cache)) == {*kept, f"{name}.13.tmp", f"{name}.14.tmp", *ANSWERS}
