"""Files: what is saved comes back to the bit, whole or not at all, and nothing else is taken for
it.
"""
import errno
import io
import json
import os
import pickle
import struct
import subprocess
import sys
import warnings
import zipfile

import numpy as np
import pytest

import numpyvae
from numpyvae import checkpoint, files
from numpyvae.errors import CheckpointError, InvalidTypeError, InvalidValueError, NumpyvaeError

ARRAYS = {"float64": np.array([[1.5, -0.0, np.inf], [np.nan, 1e-308, 3]]),
          "float32": np.arange(6, dtype="f4"), "float16": np.ones((2, 1, 3), "f2"),
          "int64": np.array([-2 ** 63, 2 ** 63 - 1]), "uint8": np.arange(256, dtype="u1"),
          "bool": np.array([True, False]), "swapped": np.arange(3, dtype=">f8"),
          "scalar": np.array(2.5), "empty": np.zeros((0, 6)), "emptier": np.zeros((3, 0, 2), "f4"),
          "strided": np.ones((3, 4))[::2, ::3],
          "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "velocity.W_mu": np.ones(2),
          "a/b": np.zeros(1), "µ": np.ones(1)}
# The state of NumPy's PCG64 has two numbers of 128 bits each.
DESCRIPTION = {"model": "VAE", "text": "naïve ✓\n",
               "state": {"state": 2 ** 128 - 1, "inc": 2 ** 127 + 1},
               "numbers": [1e-3, 0.1 + 0.2, -5, True, None], "nested": {"a": {"b": []}}}


def same(array, other):
    return array.dtype == other.dtype and array.shape == other.shape and array.tobytes() == other.tobytes()


def small(path):
    """A small checkpoint at `path`, and its bytes."""
    checkpoint.save(path, {"W1": np.arange(6.0).reshape(2, 3), "b1": np.array([0.5, 1.5], "f4")},
                    {"model": "toy"})
    return path.read_bytes()


def members(path):
    with zipfile.ZipFile(path) as archive:
        return [(info.filename, archive.read(info)) for info in archive.infolist()]


def write_zip(path, entries, compression=zipfile.ZIP_STORED):
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", compression) as archive:
        warnings.simplefilter("ignore")                          # of a name that appears twice
        for name, content in entries:
            archive.writestr(name, content)


def npy(array, allow_pickle=False):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=allow_pickle)
    return file.getvalue()


def describing(**arrays):
    return json.dumps({"format": checkpoint.FORMAT, "arrays": arrays})


# ---------------------------------------------------------------------- what is saved comes back

def test_round_trip_to_the_bit(tmp_path):
    checkpoint.save(tmp_path / "file", ARRAYS, DESCRIPTION)
    arrays, description = checkpoint.load(tmp_path / "file")
    assert list(arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert same(arrays[name], array), name
    assert {name: description[name] for name in DESCRIPTION} == DESCRIPTION


def test_what_is_loaded_can_be_changed_and_saved_again(tmp_path):
    first = small(tmp_path / "first")
    arrays, description = checkpoint.load(str(tmp_path / "first"))
    checkpoint.save(str(tmp_path / "second"), arrays, description)
    assert (tmp_path / "second").read_bytes() == first
    arrays["W1"] += 1


def test_numpy_reads_its_arrays(tmp_path):
    small(tmp_path / "file.npz")
    with np.load(tmp_path / "file.npz") as file:
        assert same(file["W1"], np.arange(6.0).reshape(2, 3))


def test_no_arrays_at_all(tmp_path):
    checkpoint.save(tmp_path / "file", {}, {"only": "words"})
    arrays, description = checkpoint.load(tmp_path / "file")
    assert arrays == {} and description["only"] == "words"


def test_an_array_larger_than_what_is_read_at_once(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, 2 * files.CHUNK + 1, np.uint8)
    checkpoint.save(tmp_path / "file", {"a": array}, {})
    assert same(checkpoint.load(tmp_path / "file")[0]["a"], array)


def test_an_array_larger_than_the_old_zip_format_can_hold(tmp_path, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)            # instead of 2 GB
    checkpoint.save(tmp_path / "file", {"a": np.arange(5000.0)}, {})
    assert same(checkpoint.load(tmp_path / "file")[0]["a"], np.arange(5000.0))


def test_the_longest_description(tmp_path):
    bare = len(json.dumps({"text": "", "format": checkpoint.FORMAT, "arrays": {}}))
    text = "x" * (checkpoint.MAX_DESCRIPTION - bare)
    checkpoint.save(tmp_path / "file", {}, {"text": text})
    assert checkpoint.load(tmp_path / "file")[1]["text"] == text
    with pytest.raises(InvalidValueError, match="description: expected at most 100000 bytes, got "
                       "100001"):
        checkpoint.save(tmp_path / "file", {}, {"text": text + "x"})


def test_equal_contents_equal_bytes(tmp_path, monkeypatch):
    checkpoint.save(tmp_path / "a", ARRAYS, DESCRIPTION)
    monkeypatch.setattr("time.time", lambda: 2e9)                # on another day
    copies = {name: array.copy(order="C") for name, array in ARRAYS.items()}
    checkpoint.save(tmp_path / "b", copies, json.loads(json.dumps(DESCRIPTION)))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with zipfile.ZipFile(tmp_path / "a") as archive:             # on any day
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    checkpoint.save(tmp_path / "b", {**copies, "bool": np.array([True, True])}, DESCRIPTION)
    assert (tmp_path / "a").read_bytes() != (tmp_path / "b").read_bytes()


# ---------------------------------------------------------------------- all of it, or none

@pytest.mark.parametrize("arrays, description", [
    # fails when W1 has been written already
    ({"W1": np.ones(5000), "bad": np.array([None])}, {}),
    ({"W1": np.ones(5000)}, {"bad": object()})])
def test_a_save_that_fails_half_way_leaves_the_old_file(tmp_path, arrays, description):
    before = small(tmp_path / "file")
    with pytest.raises((TypeError, ValueError)):
        checkpoint.save(tmp_path / "file", arrays, description)
    assert (tmp_path / "file").read_bytes() == before
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("array",
                         [np.array([1j]), np.array(["text"]), np.array([0], "M8[D]"),
                          np.array([{}])])
def test_what_could_not_be_loaded_is_not_saved(tmp_path, array):
    before = small(tmp_path / "model.npz")
    with pytest.raises(InvalidTypeError, match="a: expected an array of numbers or booleans, got "
                       "dtype"):
        checkpoint.save(tmp_path / "model.npz", {"a": array}, {})
    with pytest.raises(InvalidValueError, match="description: expected at most 100000 bytes, got "
                       "10006"):
        checkpoint.save(tmp_path / "model.npz", {}, {"text": "x" * 100_000})
    assert (tmp_path / "model.npz").read_bytes() == before


def test_a_description_cannot_speak_for_the_file(tmp_path):
    checkpoint.save(tmp_path / "model.npz", {"a": np.ones(2)}, {"arrays": {}, "format": "mine",
                                                                "model": "toy"})
    arrays, description = checkpoint.load(tmp_path / "model.npz")
    assert arrays["a"].tolist() == [1, 1] and description["model"] == "toy"


def test_an_interruption_leaves_the_old_file(tmp_path):
    before = small(tmp_path / "file")

    def write(file):
        file.write(b"half")
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        files.write_atomically(tmp_path / "file", write)
    assert (tmp_path / "file").read_bytes() == before
    assert os.listdir(tmp_path) == ["file"]


def test_a_kill_leaves_the_old_file_and_a_sweep_tidies_up(tmp_path):
    before = small(tmp_path / "model.npz")
    killed = ("import os, sys\nfrom numpyvae.files import write_atomically\ndef "
              "write(file):\n    file.write(b'half' * 9999)\n    file.flush()\n    os._exit(9)\n"
              "write_atomically(sys.argv[1], write)\n")
    env = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(numpyvae.__file__))}
    child = subprocess.run([sys.executable, "-c", killed, str(tmp_path / "model.npz")], env=env)
    assert child.returncode == 9
    assert (tmp_path / "model.npz").read_bytes() == before
    stale = set(os.listdir(tmp_path)) - {"model.npz"}
    assert len(stale) == 1 and stale.pop().endswith(".tmp")
    files.sweep(tmp_path)
    assert os.listdir(tmp_path) == ["model.npz"]


def test_a_sweep_takes_nothing_that_is_not_its_own(tmp_path):
    mine = ["notes.tmp", "model.npz.tmp", "letter.txt.12.tmp", "model.npz.old.tmp", "model.npz"]
    for name in [*mine, "model.npz.12.tmp", "history.csv.345.tmp", "loss.png.6.tmp"]:
        (tmp_path / name).write_bytes(b"precious")
    files.sweep(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted(mine)


def test_what_was_swept_away_while_it_was_written_is_written_again(tmp_path):
    """As `numpyvae show` may do, which cannot know that the run it shows is still being trained."""
    times = []

    def write(file):
        times.append(files.stale(tmp_path))
        file.write(b"whole")
        file.flush()
        if len(times) <= sweeps:
            files.sweep(tmp_path)
    for sweeps in (0, 1):
        times.clear()
        files.write_atomically(tmp_path / "model.npz", write)
        assert (tmp_path
                / "model.npz").read_bytes() == b"whole" and os.listdir(tmp_path) == ["model.npz"]
        assert times == (1 + sweeps) * [[f"model.npz.{os.getpid()}.tmp"]]
    times.clear()
    # nobody is that unlucky: it is told, and the old file stays
    sweeps = 2
    with pytest.raises(FileNotFoundError) as caught:
        files.write_atomically(tmp_path / "model.npz", write)
    assert caught.value.filename == str(tmp_path
                                        / "model.npz") and os.listdir(tmp_path) == ["model.npz"]


def test_a_folder_that_goes_while_a_file_is_written_is_told_at_once(tmp_path):
    times = []

    def write(file):
        times.append(1)
        os.remove(tmp_path / "folder" / os.listdir(tmp_path / "folder")[0])
        (tmp_path / "folder").rmdir()
    if os.name == "posix":
        (tmp_path / "folder").mkdir()
        with pytest.raises(FileNotFoundError) as caught:
            files.write_atomically(tmp_path / "folder" / "model.npz", write)
        assert times == [1] and caught.value.filename == str(tmp_path / "folder" / "model.npz")


def test_two_sweeps_at_a_time(tmp_path, monkeypatch):
    (tmp_path / "model.npz.12.tmp").write_bytes(b"half")
    monkeypatch.setattr(checkpoint, "stale", lambda folder: ["model.npz.9.tmp", "model.npz.12.tmp"])
    files.sweep(tmp_path)                   # the first is gone already
    assert os.listdir(tmp_path) == []


def test_a_sweep_leaves_what_another_process_holds(tmp_path, monkeypatch):
    def held(path):                              # as Windows says it
        raise PermissionError(errno.EACCES, "in use", path)
    (tmp_path / "model.npz.12.tmp").write_bytes(b"half")
    monkeypatch.setattr(os, "remove", held)
    files.sweep(tmp_path)
    assert os.listdir(tmp_path) == ["model.npz.12.tmp"]


def test_a_full_disk_is_told_with_the_name_of_the_file(tmp_path, monkeypatch):
    def full(fd):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    before = small(tmp_path / "file")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError) as caught:
        small(tmp_path / "file")
    assert caught.value.errno == errno.ENOSPC and caught.value.filename == str(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == before and os.listdir(tmp_path) == ["file"]


def test_it_is_on_disk_before_it_has_its_name(tmp_path, monkeypatch):
    calls, fsync, replace = [], os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (calls.append("fsync"), fsync(fd)))
    monkeypatch.setattr(os, "replace", lambda *paths: (calls.append("replace"), replace(*paths)))
    small(tmp_path / "file")
    # the last one: the folder
    assert calls == ["fsync", "replace"] + ["fsync"] * (os.name == "posix")


def test_a_bare_name_lies_in_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checkpoint.save("file", {}, {})
    assert os.listdir(tmp_path) == ["file"]


def test_no_folder_to_save_in(tmp_path):
    with pytest.raises(FileNotFoundError):
        checkpoint.save(tmp_path / "no" / "file", {}, {})
    assert os.listdir(tmp_path) == []


def test_a_folder_is_neither_overwritten_nor_read(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        checkpoint.save(tmp_path / "folder", {}, {})
    assert os.listdir(tmp_path) == ["folder"]
    with pytest.raises(CheckpointError, match="folder"):
        checkpoint.load(tmp_path / "folder")


def test_no_file_to_load(tmp_path):
    with pytest.raises(FileNotFoundError):
        checkpoint.load(tmp_path / "missing")


# ---------------------------------------------------------------------- damaged files

@pytest.fixture
def load_bytes(monkeypatch):
    """`checkpoint.load` for a file that is in memory alone: hundreds of real ones would cost
    seconds.
    """
    def load(content):
        monkeypatch.setattr(checkpoint, "open", lambda path, mode: io.BytesIO(content),
                            raising=False)
        return checkpoint.load("memory")
    return load


def test_cut_short_at_every_length(tmp_path, load_bytes):
    whole = small(tmp_path / "file")
    arrays, _ = load_bytes(whole)
    assert list(arrays) == ["W1", "b1"]
    for length in range(len(whole)):
        with pytest.raises(CheckpointError):
            load_bytes(whole[:length])


def test_one_flipped_bit_is_seen_or_does_not_matter(tmp_path, load_bytes):
    whole = small(tmp_path / "file")
    arrays, description = checkpoint.load(tmp_path / "file")
    rng, refused = np.random.default_rng(0), 0
    for bit in rng.choice(8 * len(whole), 300, replace=False):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << (bit % 8)
        try:
            found, told = load_bytes(bytes(damaged))
        except CheckpointError:
            refused += 1
            continue
        assert told == description and list(found) == list(arrays), bit
        assert all(same(found[name], arrays[name]) for name in arrays), bit
    # 220 of them; what may be flipped are the dates and other fields that nobody reads
    assert refused > 150


# ---------------------------------------------------------------------- other programs' files

class Bomb:
    """What a pickle may do to the one who loads it."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def _pickle_of(path, tmp_path):
    path.write_bytes(pickle.dumps({"W1": np.ones(3), "bomb": Bomb(tmp_path / "exploded")}))


def _pickle_in_a_member(path, tmp_path):
    array = np.empty(1, object)
    array[0] = Bomb(tmp_path / "exploded")
    content = npy(array, allow_pickle=True)
    # The declaration has the right size, and does not say that these are objects.
    write_zip(path,
              [("description.json", describing(a=["uint8", [len(content) - 128]])),
               ("a.npy", content)])


def _declared_objects(path, tmp_path):
    array = np.empty(1, object)
    array[0] = Bomb(tmp_path / "exploded")
    write_zip(path,
              [("description.json", describing(a=["object", [1]])),
               ("a.npy", npy(array, allow_pickle=True))])


def _member_changed(change):
    def build(path, tmp_path):
        small(tmp_path / "good")
        write_zip(path, change(members(tmp_path / "good")))
    return build


def _declared(**arrays):
    three = npy(np.arange(3.0))
    return lambda path, tmp_path: write_zip(path,
                                            [("description.json", describing(**arrays)),
                                             ("a.npy", three)])


def _text_array(path, tmp_path):
    write_zip(path,
              [("description.json", describing(a=["<U2", [3]])),
               ("a.npy", npy(np.array(["ab"] * 3)))])


def _described(text):
    return lambda path, tmp_path: write_zip(path, [("description.json", text)])


def _raw_array(header, content):
    """A member whose own header promises what neither its declaration nor its content has."""
    def build(path, tmp_path):
        file = io.BytesIO()
        np.lib.format.write_array_header_1_0(file,
                                             {"descr": "<f8", "fortran_order": False, **header})
        write_zip(path,
                  [("description.json", describing(a=["float64", [3]])),
                   ("a.npy", file.getvalue() + content)])
    return build


FOREIGN = {"an empty file":        lambda path, _: path.write_bytes(b""),
           "text":                 lambda path, _: path.write_text("loss,recon,kl\n1,2,3\n"),
           "noise":                lambda path,
           _: path.write_bytes(np.random.default_rng(0).bytes(3000)),
           "a pickle":             _pickle_of, "one array":            lambda path,
           _: path.write_bytes(npy(np.ones((3, 3)))), "np.savez":             lambda path,
           _: path.write_bytes(_savez(np.savez)), "np.savez_compressed":  lambda path,
           _: path.write_bytes(_savez(np.savez_compressed)), "an empty zip":         lambda path,
           _: write_zip(path, []), "compressed members":   lambda path,
           tmp: (small(tmp / "good"), write_zip(path, members(tmp / "good"), zipfile.ZIP_DEFLATED)),
           "an extra member":      _member_changed(lambda good: good
                                                   + [("more.npy", npy(np.ones(2)))]),
           "an extra text":        _member_changed(lambda good: good + [("README", b"hello")]),
           "a doubled array":      _member_changed(lambda good: good
                                                   + [("W1.npy", npy(np.zeros((2, 3))))]),
           "a doubled description": _member_changed(lambda good: good + [good[0]]),
           "a missing array":      _member_changed(lambda good: good[:-1]),
           "no description":       _member_changed(lambda good: good[1:]),
           "swapped arrays":       _member_changed(lambda good: [good[0], ("W1.npy", good[2][1]),
                                                                 ("b1.npy", good[1][1])]),
           "garbage for an array": _member_changed(lambda good: [*good[:2],
                                                                 ("b1.npy", b"\0"
                                                                  * len(good[2][1]))]),
           "an array cut short":   _member_changed(lambda good: [*good[:2],
                                                                 ("b1.npy", good[2][1][:-1])]),
           "bytes after an array": _member_changed(lambda good: [*good[:2],
                                                                 ("b1.npy", good[2][1] + b"\0")]),
           "another format":       _described(json.dumps({"format": "numpyvae checkpoint 0",
                                                          "arrays": {}})),
           "no format":            _described(json.dumps({"arrays": {}})),
           "no declaration":       _described(json.dumps({"format": checkpoint.FORMAT})),
           "a list":               _described("[]"), "no JSON":              _described("{"),
           "no UTF-8":             _described(b'{"format": "\xff"}'),
           "JSON of great depth":  _described("[" * 100_000),
           "a number of 9999 digits": _described('{"format": ' + "9" * 9999 + "}"),
           "a huge description":   _described(json.dumps({"format": checkpoint.FORMAT, "arrays": {},
                                                          "x": "y" * 100_001})),
           "a wrong length":       _declared(a=["float64", [4]]),
           "wrong axes":           _declared(a=["float64", [3, 1]]),
           "a wrong dtype":        _declared(a=["float32", [3]]),
           "a dtype of its size":  _declared(a=["int64", [3]]),
           "an unknown dtype":     _declared(a=["float63", [3]]),
           "a record":             _declared(a=["<f4,<f4", [3]]),
           "an array of text":     _text_array,
           "a negative length":    _declared(a=["float64", [-3]]),
           "an absurd length":     _declared(a=["float64", [2 ** 62, 2 ** 62]]),
           "no shape":             _declared(a=["float64"]),
           "no list of axes":      _declared(a=["float64", 3]),
           "axes of text":         _declared(a=["float64", ["3"]]),
           "a list of arrays":     _described(json.dumps({"format": checkpoint.FORMAT,
                                                          "arrays": ["a"]})),
           "a number of arrays":   _described(json.dumps({"format": checkpoint.FORMAT,
                                                          "arrays": 3})),
           "objects":              _declared_objects, "hidden objects":       _pickle_in_a_member,
           "other axes inside":    _raw_array({"shape": (1, 3)}, bytes(24)),
           "more inside than is there": _raw_array({"shape": (4,)}, bytes(24)),
           "less inside than is there": _raw_array({"shape": (2,)}, bytes(24)),
           "a terabyte inside":    _raw_array({"shape": (2 ** 45,)}, bytes(24)),
           "a negative axis inside": _raw_array({"shape": (-3,)}, bytes(24)),
           "a long header":        _raw_array({"shape": (3,), "descr": [("x" * 20_000, "<f8")]},
                                              bytes(24)),}


def _savez(function):
    file = io.BytesIO()
    function(file, W1=np.ones((2, 3)), b1=np.ones(3))
    return file.getvalue()


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_files_are_refused(tmp_path, name):
    path = tmp_path / "foreign.npz"
    FOREIGN[name](path, tmp_path)
    with pytest.raises(CheckpointError) as caught:
        checkpoint.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and "checkpoint" in message and "\n" not in message
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("name, reason", [
    ("np.savez", "it has no description"), ("a list", "its format is not"), ("an absurd length", "a.npy has not the s"),
    ("a wrong dtype", "not the array that it declares"), ("bytes after an array", "b1.npy: expected 8 bytes .*, got 9"),
    ("wrong axes", "not the array that it declares"), ("more inside than is there", "expected 32 bytes .*, got 24")])
def test_the_reason_is_told(tmp_path, name, reason):
    FOREIGN[name](tmp_path / "foreign", tmp_path)
    with pytest.raises(CheckpointError, match=reason):
        checkpoint.load(tmp_path / "foreign")


def test_the_foreign_files_above_are_refused_for_what_is_wrong_with_them(tmp_path):
    """The helpers that build them build a good checkpoint if nothing is wrong."""
    _member_changed(lambda good: good)(tmp_path / "a", tmp_path)
    assert same(checkpoint.load(tmp_path / "a")[0]["W1"], np.arange(6.0).reshape(2, 3))
    _declared(a=["float64", [3]])(tmp_path / "b", tmp_path)
    assert same(checkpoint.load(tmp_path / "b")[0]["a"], np.arange(3.0))
    _raw_array({"shape": (3,)}, bytes(24))(tmp_path / "c", tmp_path)
    assert same(checkpoint.load(tmp_path / "c")[0]["a"], np.zeros(3))
    assert checkpoint.load(tmp_path / "c")[1]["format"] == checkpoint.FORMAT


def test_all_sizes_are_checked_before_any_array_is_read(tmp_path, monkeypatch):
    three, most = npy(np.arange(3.0)), files.MAX_HEADER
    monkeypatch.setattr(checkpoint, "read_npy", lambda *args: pytest.fail("an array was read"))
    for dtype, shape, content in (("float64", [2 ** 40], three), ("float64", [-most], three),
                                  ("uint8", [152], three), ("float64", [0], bytes(most + 1))):
        declared = describing(good=["float64", [3]], a=[dtype, shape])
        write_zip(tmp_path / "file",
                  [("description.json", declared), ("good.npy", three), ("a.npy", content)])
        with pytest.raises(CheckpointError, match="a.npy has not the size that it declares"):
            checkpoint.load(tmp_path / "file")


def forged(content, place, kind, value):
    """The archive `content` with another number at this place of the last entry in its table of
    contents.
    """
    place += content.rindex(b"PK\1\2")
    return content[:place] + struct.pack(kind, value) + content[place + struct.calcsize(kind):]


def test_a_table_of_contents_that_is_wrong_about_one_array(tmp_path, load_bytes):
    content = small(tmp_path / "file")
    size, = struct.unpack_from("<I", content, content.rindex(b"PK\1\2") + 24)
    assert len(load_bytes(forged(content, 10, "<H", zipfile.ZIP_STORED))[0]) == 2        # as it was
    for wrong in (forged(content, 10, "<H", zipfile.ZIP_DEFLATED),
                  forged(content, 20, "<I", size + 1)):
        with pytest.raises(CheckpointError, match="a member is compressed"):
            load_bytes(wrong)


def test_members_are_no_larger_than_their_archive(tmp_path):
    write_zip(tmp_path / "file", [("a.npy", npy(np.ones(3)))])
    content = (tmp_path / "file").read_bytes()
    files.open_archive(io.BytesIO(forged(content, 20, "<I", len(content))))
    with pytest.raises(CheckpointError, match="larger than itself"):
        files.open_archive(io.BytesIO(forged(content, 20, "<I", len(content) + 1)))


def test_a_line_break_in_a_damaged_file_does_not_break_the_sentence(tmp_path):
    three = npy(np.arange(3.0))
    declared = describing(**{"a\nb": ["float64", [3, 1]]})
    write_zip(tmp_path / "file", [("description.json", declared), ("a\nb.npy", three)])
    with pytest.raises(CheckpointError) as caught:
        checkpoint.load(tmp_path / "file")
    assert "not the array that it declares" in str(caught.value) and "\n" not in str(caught.value)


# ---------------------------------------------------------------------- single arrays

@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_is_read_to_the_bit(name):
    content = npy(ARRAYS[name])
    found = files.read_npy(io.BytesIO(content), len(content), "x")
    assert same(found, ARRAYS[name]) and found.flags.writeable


@pytest.mark.parametrize("change", [-1, 1, 1000, -24])
def test_an_array_has_the_size_of_its_file(change):
    content = npy(np.arange(3.0))
    longer = content + bytes(max(0, change))
    shorter = content[:min(0, change) or None]
    with pytest.raises(CheckpointError, match="x: expected 24 bytes after its header, got "
                       f"{24 + change};"):
        files.read_npy(io.BytesIO(longer if change > 0 else shorter), len(content) + change, "x")
    # the size is a lie
    with pytest.raises(CheckpointError, match="x: expected 24 bytes after its header, got"):
        files.read_npy(io.BytesIO(content), len(content) + change, "x")
    with pytest.raises(CheckpointError, match="x: expected 24 bytes after its header, got "
                       f"{24 + min(change, 1)};"):
        files.read_npy(io.BytesIO(longer if change > 0 else shorter), len(content), "x")


@pytest.mark.parametrize("array", [np.array([1j]), np.array(["text"]), np.zeros(2, "f4,f4"), np.array([0], "M8[D]")])
def test_an_array_is_of_numbers(array):
    with pytest.raises(CheckpointError, match="x: expected an array of numbers or booleans, got "
                       "dtype"):
        files.read_npy(io.BytesIO(npy(array)), len(npy(array)), "x")


@pytest.mark.parametrize("version", [(2, 0), (3, 0)])
def test_an_array_has_the_version_that_numpy_writes(version):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.arange(3.0), version=version)
    with pytest.raises(CheckpointError,
                       match=rf"x: expected version 1.0 of the .npy format, got {version[0]}\.0"):
        files.read_npy(io.BytesIO(file.getvalue()), len(file.getvalue()), "x")


def test_the_longest_header(tmp_path):
    def padded(size):
        header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}".ljust(size - 1) + b"\n"
        return b"\x93NUMPY\1\0" + struct.pack("<H", size) + header + bytes(8)
    most = files.MAX_HEADER
    assert files.read_npy(io.BytesIO(padded(most)), most + 18, "x").tolist() == [0]
    with pytest.raises(ValueError, match="Header"):
        files.read_npy(io.BytesIO(padded(most + 1)), most + 19, "x")
    for size in (most - 10, most - 9):           # in a checkpoint, with the ten bytes before it
        write_zip(tmp_path / "file",
                  [("description.json", describing(a=["float64", [1]])), ("a.npy", padded(size))])
        if size == most - 10:
            assert checkpoint.load(tmp_path / "file")[0]["a"].tolist() == [0]
    with pytest.raises(CheckpointError, match="a.npy has not the size that it declares"):
        checkpoint.load(tmp_path / "file")


@pytest.mark.parametrize("word", ["(", "-"])
def test_a_header_that_python_cannot_parse_for_its_depth_is_damage_and_no_lack_of_memory(tmp_path, monkeypatch, word):
    # no Python fails so with as few as are allowed
    monkeypatch.setattr(checkpoint, "MAX_HEADER", 10_000)
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({9000 * word}1,)}}".encode()
    content = b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header + bytes(8)
    write_zip(tmp_path / "file",
              [("description.json", describing(a=["float64", [1]])), ("a.npy", content)])
    with pytest.raises(CheckpointError):
        checkpoint.load(tmp_path / "file")


def test_no_more_is_read_than_there_is():
    assert files.read_up_to(io.BytesIO(b"12345"), 3) == b"123"
    assert files.read_up_to(io.BytesIO(b"12345"), 10 ** 15) == b"12345"
    sizes = []

    class File(io.BytesIO):
        def read(self, size):
            sizes.append(size)
            return super().read(size)
    assert files.read_up_to(File(bytes(3_000_000)), 2_500_000) == bytes(2_500_000)
    assert max(sizes) == files.CHUNK and sum(sizes) == 2_500_000


def test_a_reason_is_one_line():
    assert files.reason(ValueError("a\nb\x1b")) == "a\\nb\\u001b" and files.reason(EOFError()) == "EOFError"
    assert files.reason(ValueError("naïve ✓")) == "naïve ✓"


def test_the_error_is_one_that_a_user_can_mend():
    assert issubclass(CheckpointError, NumpyvaeError) and issubclass(CheckpointError, ValueError)
