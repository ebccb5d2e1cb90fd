"""Checkpoints: what is saved comes back to the bit, and nothing else is taken for one."""
import errno
import io
import json
import os
import pickle
import zipfile

import numpy as np
import pytest
from helpers_files import Bomb, forged, npy, npy_header, npz, peak_of, same, savez

from numpyvae import checkpoint, files
from numpyvae.errors import CheckpointError, InvalidTypeError, InvalidValueError

ARRAYS = {
    "float64":  np.array([[1.5, -0.0, np.inf], [np.nan, 1e-308, 3]]),
    "float32":  np.arange(6, dtype="f4"),
    "float16":  np.ones((2, 1, 3), "f2"),
    "int64":    np.array([-2 ** 63, 2 ** 63 - 1]),
    "uint8":    np.arange(256, dtype="u1"),
    "bool":     np.array([True, False]),
    "swapped":  np.arange(3, dtype=">f8"),
    "scalar":   np.array(2.5),
    "empty":    np.zeros((0, 6)),
    "emptier":  np.zeros((3, 0, 2), "f4"),
    "strided":  np.ones((3, 4))[::2, ::3],
    "columns":  np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "velocity.W_mu": np.ones(2),
    "a/b":      np.zeros(1),
    "µ":        np.ones(1),
}
DESCRIPTION = {
    "model":    "VAE",
    "text":     "naïve ✓\n",
    "state":    {"state": 2 ** 128 - 1, "inc": 2 ** 127 + 1},    # as the state of NumPy's PCG64
    "numbers":  [1e-3, 0.1 + 0.2, -5, True, None],
    "nested":   {"a": {"b": []}},
}
W1, B1 = np.arange(6.0).reshape(2, 3), np.array([0.5, 1.5], "f4")


def small(path):
    """Save a small checkpoint at `path`  ->  its bytes."""
    checkpoint.save(path, {"W1": W1, "b1": B1}, {"model": "toy"})
    return path.read_bytes()


@pytest.fixture
def load_bytes(monkeypatch):
    """`checkpoint.load` of a file in memory: hundreds of real ones would cost seconds."""
    def load(content):
        monkeypatch.setattr(checkpoint, "open", lambda path, mode: io.BytesIO(content),
                            raising=False)
        return checkpoint.load("memory")
    return load


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
        assert same(file["W1"], W1)


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
    bare = len(json.dumps({"text": "", "format": checkpoint.FORMAT, "arrays": {},
                           "checksum": "0" * 64}))
    text = "x" * (checkpoint.MAX_DESCRIPTION - bare)
    checkpoint.save(tmp_path / "file", {}, {"text": text})
    assert checkpoint.load(tmp_path / "file")[1]["text"] == text
    with pytest.raises(InvalidValueError, match="^description: expected at most 100000 bytes, got "
                       "100001$"):
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


def test_a_description_cannot_speak_for_the_file(tmp_path):
    checkpoint.save(tmp_path / "model.npz", {"a": np.ones(2)},
                    {"arrays": {}, "format": "mine", "model": "toy"})
    arrays, description = checkpoint.load(tmp_path / "model.npz")
    assert arrays["a"].tolist() == [1, 1] and description["model"] == "toy"


# ---------------------------------------------------------------------- all of it, or none

@pytest.mark.parametrize("array", [np.array([1j]), np.array(["text"]), np.array([0], "M8[D]"),
                                   np.array([{}]), np.array([None])])
def test_an_array_that_could_not_be_loaded_is_not_saved(tmp_path, array):
    before = small(tmp_path / "model.npz")
    with pytest.raises(InvalidTypeError, match="^a: expected an array of numbers or booleans, got "
                       "dtype"):
        checkpoint.save(tmp_path / "model.npz", {"W1": np.ones(5000), "a": array}, {})
    assert (tmp_path / "model.npz").read_bytes() == before


@pytest.mark.parametrize("description, error", [
    ({"bad": object()},        TypeError),
    ({"text": "x" * 100_000},  InvalidValueError)])
def test_a_description_that_could_not_be_loaded_is_not_saved(tmp_path, description, error):
    before = small(tmp_path / "model.npz")
    with pytest.raises(error):
        checkpoint.save(tmp_path / "model.npz", {"W1": np.ones(5000)}, description)
    assert (tmp_path / "model.npz").read_bytes() == before
    assert os.listdir(tmp_path) == ["model.npz"]


def test_a_save_that_fails_half_way_leaves_the_old_file(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    before = small(tmp_path / "model.npz")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError) as caught:
        checkpoint.save(tmp_path / "model.npz", {"W1": np.ones(5000)}, {})
    assert caught.value.filename == str(tmp_path / "model.npz")
    assert (tmp_path / "model.npz").read_bytes() == before
    assert os.listdir(tmp_path) == ["model.npz"]


# ---------------------------------------------------------------------- no checkpoint at all

def test_a_folder_is_not_read(tmp_path):
    with pytest.raises(CheckpointError, match="expected a checkpoint file, got a folder"):
        checkpoint.load(tmp_path)


def test_no_file_to_load(tmp_path):
    with pytest.raises(FileNotFoundError):
        checkpoint.load(tmp_path / "missing")


# ---------------------------------------------------------------------- damaged files

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
    # Measured: 220. Only dates and other fields that nobody reads may be flipped.
    assert refused > 150


# ---------------------------------------------------------------------- changed afterwards

def repacked(path, change):
    """The bytes of a checkpoint whose members, by name, went through `change`."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    return npz(members.items())


def exchanged(one, other):
    def change(members):
        members[one], members[other] = members[other], members[one]
    return change


def reworded(old, new):
    def change(members):
        text = members["description.json"]
        assert text.count(old) == 1
        members["description.json"] = text.replace(old, new)
    return change


CHANGES = {
    "exchanged":        exchanged("W1.npy", "m.W1.npy"),
    "another number":   lambda members: members.update({"W1.npy": npy(W1 + 1e-9)}),
    "another word":     reworded(b"toy", b"TOY"),
    "one more word":    reworded(b'{"model"', b'{"more": 1, "model"'),
    "another dtype":    lambda members: [members.update({"b1.npy": npy(B1.view("i4"))}),
                                         reworded(b"float32", b"int32")(members)],
    "another checksum": reworded(b'"checksum": "', b'"checksum": "0'),
    "no text for it":   reworded(b'"checksum": ', b'"checksum": 3, "x": ')}


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_changed_after_it_was_saved_is_refused(tmp_path, load_bytes, name):
    path = tmp_path / "file"
    checkpoint.save(path, {"W1": W1, "m.W1": -W1, "b1": B1}, {"model": "toy"})
    assert load_bytes(repacked(path, lambda members: None))[1]["model"] == "toy"
    with pytest.raises(CheckpointError, match="it was changed after it was saved"):
        load_bytes(repacked(path, CHANGES[name]))


def test_the_checksum_is_that_of_the_contents(tmp_path):
    one = checkpoint.save(tmp_path / "one", {"W1": W1}, {"model": "toy"})
    assert checkpoint.checksum(tmp_path / "one") == one == checkpoint.save(
        tmp_path / "two", {"W1": W1}, {"model": "toy", "checksum": "mine"})
    others = [({"W2": W1}, {"model": "toy"}), ({"W1": W1.T.copy()}, {"model": "toy"}),
              ({"W1": -W1}, {"model": "toy"}), ({"W1": W1}, {"model": "Toy"}), ({"W1": W1}, {})]
    found = {checkpoint.save(tmp_path / "two", *other) for other in others}
    assert len(found) == 5 and one not in found
    assert checkpoint.load(tmp_path / "one")[1]["checksum"] == one


def test_no_checksum_in_a_checkpoint_of_before_there_were_any(tmp_path):
    (tmp_path / "old").write_bytes(npz(GOOD))
    assert checkpoint.checksum(tmp_path / "old") is None
    assert "checksum" not in checkpoint.load(tmp_path / "old")[1]
    (tmp_path / "old").write_bytes(b"hello")
    with pytest.raises(CheckpointError):
        checkpoint.checksum(tmp_path / "old")
    with pytest.raises(FileNotFoundError):
        checkpoint.checksum(tmp_path / "missing")


def test_a_checksum_is_had_without_the_arrays(tmp_path):
    large = np.zeros(1_000_000, np.uint8)
    checkpoint.save(tmp_path / "file", {"large": large}, {})
    peak = peak_of(checkpoint.checksum, tmp_path / "file")
    assert peak < 100_000                        # measured: 8,300; with the array a million


# ---------------------------------------------------------------------- other programs' files

def describing(arrays):
    """The description of a checkpoint that declares these arrays."""
    content = {"model": "toy", "format": checkpoint.FORMAT, "arrays": arrays}
    return "description.json", json.dumps(content)


DESCRIBED = describing({"W1": ["float64", [2, 3]], "b1": ["float32", [2]]})
GOOD      = [DESCRIBED, ("W1.npy", npy(W1)), ("b1.npy", npy(B1))]
OBJECTS   = np.empty(1, object)
OBJECTS[0] = Bomb()


def declared(*declaration, content=npy(np.arange(3.0))):
    """A checkpoint with one array, a, declared so."""
    return npz([describing({"a": declaration}), ("a.npy", content)])


def described_by(text):
    """A checkpoint with no arrays, described so."""
    return npz([("description.json", text)])


def described_as(arrays):
    """A checkpoint with no arrays that declares these."""
    return npz([describing(arrays)])


def promising(shape, descr="<f8"):
    """A checkpoint whose array has this header; it is declared, and present, as three zeros."""
    return declared("float64", [3], content=npy_header(shape, descr) + bytes(24))


FOREIGN = {
    "an empty file":        b"",
    "text":                 b"loss,recon,kl\n1,2,3\n",
    "noise":                np.random.default_rng(0).bytes(3000),
    "a pickle":             pickle.dumps({"W1": W1, "bomb": Bomb()}),
    "one array":            npy(np.ones((3, 3))),
    "np.savez":             savez(W1=W1, b1=B1),
    "np.savez_compressed":  savez(np.savez_compressed, W1=W1, b1=B1),
    "an empty zip":         npz([]),
    "compressed members":   npz(GOOD, zipfile.ZIP_DEFLATED),
    "an extra member":      npz([*GOOD, ("more.npy", npy(np.ones(2)))]),
    "an extra text":        npz([*GOOD, ("README", b"hello")]),
    "a doubled array":      npz([*GOOD, ("W1.npy", npy(np.zeros((2, 3))))]),
    "a doubled description": npz([*GOOD, DESCRIBED]),
    "a missing array":      npz(GOOD[:-1]),
    "no description":       npz(GOOD[1:]),
    "swapped arrays":       npz([DESCRIBED, ("W1.npy", npy(B1)), ("b1.npy", npy(W1))]),
    "garbage for an array": npz([*GOOD[:2], ("b1.npy", bytes(len(npy(B1))))]),
    "an array cut short":   npz([*GOOD[:2], ("b1.npy", npy(B1)[:-1])]),
    "bytes after an array": npz([*GOOD[:2], ("b1.npy", npy(B1) + b"\0")]),
    "another format":       described_by('{"format": "numpyvae checkpoint 0", "arrays": {}}'),
    "no format":            described_by('{"arrays": {}}'),
    "no declaration":       described_by(json.dumps({"format": checkpoint.FORMAT})),
    "a list":               described_by("[]"),
    "no JSON":              described_by("{"),
    "no UTF-8":             described_by(b'{"format": "\xff"}'),
    "JSON of great depth":  described_by("[" * 100_000),
    "a number of 9999 digits": described_by('{"format": ' + "9" * 9999 + "}"),
    "a huge description":   described_as({"x": "y" * 100_001}),
    "a wrong length":       declared("float64", [4]),
    "wrong axes":           declared("float64", [3, 1]),
    "a wrong dtype":        declared("float32", [3]),
    "a dtype of its size":  declared("int64", [3]),
    "an unknown dtype":     declared("float63", [3]),
    "a record":             declared("<f4,<f4", [3]),
    "an array of text":     declared("<U2", [3], content=npy(np.array(["ab"] * 3))),
    "a negative length":    declared("float64", [-3]),
    "an absurd length":     declared("float64", [2 ** 62, 2 ** 62]),
    "no shape":             declared("float64"),
    "no list of axes":      declared("float64", 3),
    "axes of text":         declared("float64", ["3"]),
    "a list of arrays":     described_as(["a"]),
    "a number of arrays":   described_as(3),
    "objects":              declared("object", [1], content=npy(OBJECTS, allow_pickle=True)),
    "other axes inside":    promising((1, 3)),
    "more inside than is there": promising((4,)),
    "less inside than is there": promising((2,)),
    "a terabyte inside":    promising((2 ** 45,)),
    "a negative axis inside": promising((-3,)),
    "a long header":        promising((3,), [("x" * 20_000, "<f8")]),
}
# Objects whose declaration has the right size, and does not say that they are objects.
HIDDEN = npy(OBJECTS, allow_pickle=True)
FOREIGN["hidden objects"] = declared("uint8", [len(HIDDEN) - 128], content=HIDDEN)


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_files_are_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "foreign.npz"
    path.write_bytes(FOREIGN[name])
    with pytest.raises(CheckpointError) as caught:
        checkpoint.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and "checkpoint" in message and "\n" not in message
    assert os.listdir(tmp_path) == ["foreign.npz"]               # no bomb has exploded


@pytest.mark.parametrize("name, reason", [
    ("np.savez",                  "it has no description"),
    ("a list",                    "its format is not"),
    ("a huge description",        "its description is too long"),
    ("a doubled array",           "a member appears twice"),
    ("compressed members",        "a member is compressed"),
    ("an extra text",             "its members are not the ones that it declares"),
    ("an absurd length",          "a.npy is not of the size that it declares"),
    ("wrong axes",                "a.npy is not the array that it declares"),
    ("a wrong dtype",             "a.npy is not the array that it declares"),
    ("bytes after an array",      "b1.npy: expected 8 bytes .*, got 9"),
    ("more inside than is there", "a.npy: expected 32 bytes .*, got 24")])
def test_the_reason_is_given(load_bytes, name, reason):
    with pytest.raises(CheckpointError, match=reason):
        load_bytes(FOREIGN[name])


def test_the_foreign_files_above_are_refused_for_what_is_wrong_with_them(load_bytes):
    """What builds them builds a good checkpoint if nothing is wrong."""
    arrays, description = load_bytes(npz(GOOD))
    assert same(arrays["W1"], W1) and same(arrays["b1"], B1) and description["model"] == "toy"
    assert same(load_bytes(declared("float64", [3]))[0]["a"], np.arange(3.0))
    assert same(load_bytes(promising((3,)))[0]["a"], np.zeros(3))


@pytest.mark.parametrize("dtype, shape, content", [
    ("float64", [2 ** 40],            npy(np.arange(3.0))),
    ("float64", [-files.MAX_HEADER],  npy(np.arange(3.0))),
    ("uint8",   [152],                npy(np.arange(3.0))),
    ("float64", [0],                  bytes(files.MAX_HEADER + 1))])
def test_all_sizes_are_checked_before_any_array_is_read(load_bytes, dtype, shape, content):
    large = np.zeros(1_000_000, np.uint8)
    archive = npz([describing({"large": ["uint8", [len(large)]], "a": [dtype, shape]}),
                   ("large.npy", npy(large)), ("a.npy", content)])

    def refuse():
        with pytest.raises(CheckpointError, match="a.npy is not of the size that it declares"):
            load_bytes(archive)
    assert peak_of(refuse) < 100_000             # measured: 6,300; with the large array a million


@pytest.mark.parametrize("size", [files.MAX_HEADER - 10, files.MAX_HEADER - 9])
def test_the_longest_header(load_bytes, size):
    """The ten bytes that stand before it count as well."""
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}".ljust(size - 1) + b"\n"
    content = b"\x93NUMPY\1\0" + size.to_bytes(2, "little") + header + bytes(8)
    if size <= files.MAX_HEADER - 10:
        assert load_bytes(declared("float64", [1], content=content))[0]["a"].tolist() == [0]
    else:
        with pytest.raises(CheckpointError, match="a.npy is not of the size that it declares"):
            load_bytes(declared("float64", [1], content=content))


def test_a_table_of_contents_that_is_wrong_about_one_array(load_bytes):
    archive = npz(GOOD)
    size = len(npy(B1))
    assert len(load_bytes(forged(archive, 20, "<I", size))[0]) == 2                  # as it was
    assert len(load_bytes(forged(archive, 10, "<H", zipfile.ZIP_STORED))[0]) == 2
    for wrong in (forged(archive, 10, "<H", zipfile.ZIP_DEFLATED),
                  forged(archive, 20, "<I", size + 1)):
        with pytest.raises(CheckpointError, match="a member is compressed"):
            load_bytes(wrong)


def test_a_line_break_in_a_damaged_file_does_not_break_the_sentence(load_bytes):
    archive = npz([describing({"a\nb": ["float64", [3, 1]]}), ("a\nb.npy", npy(np.arange(3.0)))])
    with pytest.raises(CheckpointError, match="not the array that it declares") as caught:
        load_bytes(archive)
    assert "\n" not in str(caught.value)
