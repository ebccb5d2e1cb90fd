"""Damaged files by the thousand, new ones in every run: either what was written is read, or one of
our own errors is raised.

A failing test shows its seed and the number of the case that failed; these two alone make the case.
"""
import gzip
import io
import json
import struct
import time
import zipfile

import numpy as np
import pytest
from helpers import seeds
from helpers_files import idx_file, idx_header, npy, npy_header, npz, peak_of, same, savez
from hypothesis import given, note, settings

from numpyvae import checkpoint, files
from numpyvae.datasets import idx, own
from numpyvae.errors import CheckpointError, DataFormatError
from numpyvae.runs import SavedRun
from numpyvae.training import Run

# NumPy warns of a header that only its reader for Python 2 could make sense of.
pytestmark = pytest.mark.filterwarnings("ignore:Reading .*header parsing")

IN_ONE = 100                         # cases that are made from one seed

MB = 1 << 20
SPACE, SECONDS = 16 * MB, 1          # what the refusal of a bomb may take


# ---------------------------------------------------------------------- whole files, in memory

@pytest.fixture(scope="module")
def in_memory():
    """Readers of the bytes of a file: hundreds of real files would cost seconds."""
    content = []

    def opened(path, mode):
        in_memory = str(path).startswith("memory")
        return io.BytesIO(content[-1]) if in_memory else open(path, mode)

    def reader(load, name):
        def read(data):
            content[:] = [bytes(data)]
            return load(name)
        return read

    with pytest.MonkeyPatch.context() as patch:
        for module in (checkpoint, own):
            patch.setattr(module, "open", opened, raising=False)
        yield {"checkpoint": reader(checkpoint.load, "memory"),
               "own":        reader(own.load_array, "memory.npz"),
               "idx":        lambda data: idx.parse_idx(io.BytesIO(data), 3)}


def saved(folder):
    """The bytes of two checkpoints: a run's, and one with arrays of every kind."""
    rng = np.random.default_rng(0)
    run = Run(rng.random((20, 6)), rng.random((5, 6)), hidden_dim=3, latent_dim=2, epochs=1)
    run.train()
    SavedRun(run, folder, "µ").save()
    arrays = {"W1": np.arange(6.0).reshape(2, 3), "b1": np.arange(9, dtype=">f4"),
              "µ": np.array([1, -1]), "flag": np.array(True), "none": np.ones((0, 3))}
    checkpoint.save(folder / "toy.npz", arrays, {"model": "toy"})
    return [(folder / name).read_bytes() for name in ("model.npz", "toy.npz")]


def examples():
    """The bytes of users' own archives, as NumPy makes them."""
    rng = np.random.default_rng(1)
    x    = rng.random((6, 3, 4))
    mask = rng.random((6, 3, 4)) < 0.7
    grey = rng.integers(0, 256, (6, 12), np.uint8)
    return [savez(x=x, labels=np.arange(6), mask=mask),
            savez(np.savez_compressed, x=x, labels=np.arange(6), mask=mask),
            savez(x=grey),
            savez(np.savez_compressed, mask=mask.reshape(6, 12), x=grey)]


def pixels():
    """The bytes of IDX files, plain and compressed, each with its number of dimensions."""
    rng = np.random.default_rng(2)
    found = []
    for shape in ((3, 5, 4), (40,)):
        content = idx_file(rng.integers(0, 256, shape, np.uint8))
        for whole in (content, gzip.compress(content, 1), gzip.compress(content, 9)):
            found.append((whole, len(shape)))
    return found


# ---------------------------------------------------------------------- what may happen to a file

def span(data, rng, most=64):
    """Where a random part of `data` begins and ends; short ones are as likely as long ones."""
    length = int(min(len(data), 2 ** rng.uniform(0, np.log2(most))))
    start = int(rng.integers(0, len(data) - length + 1))
    return start, start + length


def flipped(data, rng):
    for bit in rng.integers(0, 8 * len(data), rng.integers(1, 4)):
        data[bit // 8] ^= 1 << (bit % 8)


def overwritten(data, rng):
    start, end = span(data, rng, 16)
    data[start:end] = rng.bytes(end - start)


def extreme(data, rng):
    """A number in the file becomes one that programs trip over."""
    size  = int(rng.choice([1, 2, 4, 8]))
    start = int(rng.integers(0, max(1, len(data) - size)))
    high  = int(rng.choice([0, 1, 127, 128, 255]))
    low   = int(rng.choice([0, 1, 255]))
    value = high << 8 * (size - 1) | low
    data[start:start + size] = value.to_bytes(size, rng.choice(["little", "big"]))


def cut(data, rng):
    del data[int(rng.integers(0, len(data))):]


def beheaded(data, rng):
    del data[:int(rng.integers(1, len(data)))]


def deleted(data, rng):
    start, end = span(data, rng)
    del data[start:end]


def zeroed(data, rng):
    start, end = span(data, rng, 512)
    data[start:end] = bytes(end - start)


def doubled(data, rng):
    start, end = span(data, rng, len(data))
    data[end:end] = data[start:end]


def moved(data, rng):
    start, end = span(data, rng)
    part = data[start:end]
    del data[start:end]
    at = int(rng.integers(0, len(data) + 1))
    data[at:at] = part


def swapped(data, rng):
    (a, b), (c, d) = sorted((span(data, rng), span(data, rng)))
    if b <= c:
        data[a:d] = data[c:d] + data[b:c] + data[a:b]


def lengthened(data, rng):
    count = int(rng.integers(1, 40))
    data += rng.bytes(count) if rng.random() < 0.5 else bytes(count)


def inserted(data, rng):
    at = int(rng.integers(0, len(data)))
    data[at:at] = rng.bytes(int(rng.integers(1, 20)))


DAMAGE = [flipped, overwritten, extreme, cut, beheaded, deleted,
          zeroed, doubled, moved, swapped, lengthened, inserted]


def damaged(whole, rng):
    """A copy of `whole` that something has happened to, and what."""
    data = bytearray(whole)
    kind = DAMAGE[rng.integers(len(DAMAGE))]
    kind(data, rng)
    if data and rng.random() < 0.2:
        flipped(data, rng)
    return bytes(data), kind.__name__


# Meddling: the archive is whole and its checksums are right, but its members are not those saved.

def renamed(members, rng):
    i = rng.integers(len(members))
    names = [name for name, _ in members]
    names += ["nameless", "x.npy", "y.npy", "mask.npy", "description.json", "a/x.npy", "x"]
    members[i] = (names[rng.integers(len(names))], members[i][1])


def dropped(members, rng):
    del members[rng.integers(len(members))]


def repeated(members, rng):
    members.insert(rng.integers(len(members) + 1), members[rng.integers(len(members))])


def exchanged(members, rng):
    i, j = rng.integers(len(members), size=2)
    (one, content), (other, other_content) = members[i], members[j]
    members[i] = (one, other_content)
    members[j] = (other, content)


def spoiled(members, rng):
    i = rng.integers(len(members))
    members[i] = (members[i][0], damaged(members[i][1], rng)[0])


def retyped(members, rng):
    """An array becomes one of another kind or shape, now and then what was no array before."""
    i = rng.integers(len(members))
    kinds = ("f2", "f8", "i8", "u1", "?", "c8", "U3", "S2", "M8[s]", "V3", "f4,i2")
    arrays = [np.zeros(3, np.dtype(kind)) for kind in kinds]
    arrays += [np.zeros(()), np.zeros((0, 5)), np.zeros((6, 12)), np.full((6, 3, 4), np.nan),
               np.array([{}, None])]
    members[i] = (members[i][0], npy(arrays[rng.integers(len(arrays))]))


SHAPES = ["(1099511627776,)", "(-1,)", "(1,)", "()", "(6,)", "(0, 4611686018427387904)",
          4 * "65536, ", "(1.5,)", "'6'", "None", "(True,)", "(" + 500 * "1, " + ")",
          "(" + 1800 * "-" + "1,)", 900 * "(" + "1" + 900 * ")"]
ORDERS = ["False", "False", "True", "2", "None"]
TYPES  = ["'<f8'", "'>i4'", "'|b1'", "'|O'", "'<U9'", "'nonsense'", "[('a', '<f8')]",
          "('<f8', (2,))", "''", "3", "'<f8, <f8'", "[" * 60 + "]" * 60, "'<M8[s]'",
          "'|V2147483647'", "'<f16'"]


def promising(members, rng):
    """A header that does not fit the data that follow it, nor always into any parser."""
    i = rng.integers(len(members))
    descr, order, shape = (words[rng.integers(len(words))] for words in (TYPES, ORDERS, SHAPES))
    header = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    version = bytes([rng.choice([1, 1, 1, 1, 1, 2, 3, 0, 255]), rng.choice([0, 0, 0, 1])])
    data = bytes(int(rng.choice([0, 8, 48, 4096])))
    content = b"\x93NUMPY" + version + struct.pack("<H", len(header)) + header + data
    members[i] = (members[i][0], content)


WORDS = [b"null", b"[]", b"{}", b"-1", b"1e400", b"NaN", b"true", b'"x"', b"2", b"9" * 20,
         b'"<f8"']


def redescribed(members, rng):
    """The description says something else; it is still JSON, mostly."""
    for i, (name, content) in enumerate(members):
        if name == "description.json":
            digits = [k for k, byte in enumerate(content) if chr(byte).isdigit()]
            at = digits[rng.integers(len(digits))]
            word = WORDS[rng.integers(len(WORDS))]
            members[i] = (name, content[:at] + word + content[at + 1:])


MEDDLING = [renamed, dropped, repeated, exchanged, spoiled, retyped, promising, redescribed]


def meddled(whole, rng):
    """An archive made anew from the members of `whole`, one of them changed, and how; it may be
    compressed.
    """
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    kind = MEDDLING[rng.integers(len(MEDDLING))]
    kind(members, rng)
    method = zipfile.ZIP_DEFLATED if rng.random() < 0.25 else zipfile.ZIP_STORED
    return npz(members, method), kind.__name__


# ---------------------------------------------------------------------- what has to come of it

def tried(read, data, errors):
    """What `read` makes of the bytes, or None if it refuses them in a sentence; all else passes."""
    try:
        return read(data)
    except errors as error:
        assert str(error) and "\n" not in str(error)
        return None


def many(count, wholes, damage, check):
    """check(a whole file, its damaged copy) for at least `count` cases, new ones in every run."""
    cases = []

    @settings(max_examples=-(-count // IN_ONE))
    @given(seeds)
    def run(seed):
        for case in range(IN_ONE):
            rng = np.random.default_rng([seed, case])
            whole = wholes[case % len(wholes)]
            data, kind = damage(whole, rng)
            try:
                check(whole, data)
            except BaseException:
                note(f"seed {seed}, case {case}: {kind}")
                raise
            cases.append(kind)
    run()
    assert len(cases) >= count


# ---------------------------------------------------------------------- checkpoints

def test_a_thousand_damaged_checkpoints(tmp_path, in_memory):
    wholes = saved(tmp_path)
    expected = {whole: in_memory["checkpoint"](whole) for whole in wholes}
    refused = []

    def check(whole, data):
        found = tried(in_memory["checkpoint"], data, CheckpointError)
        refused.append(found is None)
        if found:
            (arrays, description), (was, told) = found, expected[whole]
            assert list(arrays) == list(was) and description == told
            assert all(same(arrays[name], was[name]) for name in was)
    many(1000, wholes, damaged, check)
    assert np.mean(refused) > 0.5


def test_hundreds_of_checkpoints_with_another_s_members(tmp_path, in_memory):
    rng = np.random.default_rng(0)
    x = rng.random((20, 6)), rng.random((5, 6))
    wholes = saved(tmp_path)

    def check(whole, data):
        found = tried(in_memory["checkpoint"], data, CheckpointError)
        if found:                                # then what it says is there, and nothing else
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for name, array in found[0].items():
                    content = io.BytesIO(archive.read(name + ".npy"))
                    assert same(array, np.lib.format.read_array(content))
        tried(lambda data: SavedRun.load("memory", *x), data, CheckpointError)
    many(400, wholes, meddled, check)


# ---------------------------------------------------------------------- a user's own archives

def test_a_thousand_damaged_archives_of_a_user(in_memory):
    wholes = examples()
    expected = {whole: in_memory["own"](whole) for whole in wholes}
    refused = []

    def check(whole, data):
        found = tried(in_memory["own"], data, DataFormatError)
        refused.append(found is None)
        assert found is None or all(map(same, found, expected[whole]))
    many(1000, wholes, damaged, check)
    assert np.mean(refused) > 0.5


def test_hundreds_of_archives_with_another_s_members(in_memory):
    def check(whole, data):
        found = tried(in_memory["own"], data, DataFormatError)
        if found:
            x_train, labels_train, x_test, labels_test, shape, mask_train, mask_test, _ = found
            assert x_train.ndim == x_test.ndim == 2 and len(x_train) and len(x_test)
            assert x_train.shape[1] == x_test.shape[1] == np.prod(shape)
            for x, labels, mask in ((x_train, labels_train, mask_train),
                                    (x_test,  labels_test,  mask_test)):
                assert x.dtype == np.uint8 or 0 <= x.min() <= x.max() <= 1
                assert labels is None or labels.shape == (len(x),) and labels.dtype.kind in "iu"
                if mask is not None:
                    assert mask.shape == x.shape and mask.dtype == bool and not x[~mask].any()
    many(400, examples(), meddled, check)


# ---------------------------------------------------------------------- IDX files

def test_hundreds_of_damaged_idx_files():
    """(A plain one has no checksum: there what is read is what the file says.)"""
    def check(whole, data):
        content, ndim = whole
        found = tried(lambda data: idx.parse_idx(io.BytesIO(data), ndim), data, DataFormatError)
        if found is not None:
            assert idx_file(found) == (gzip.decompress(content) if data[:2] == idx.GZIP else data)

    def damage(whole, rng):
        return damaged(whole[0], rng)
    many(600, pixels(), damage, check)


# ---------------------------------------------------------------------- bombs

VAST = npy_header((2 ** 28, 2 ** 28))
ENTRY = "<4s4B4H3L5H2L"              # of an archive's table of contents
IMAGES = gzip.compress(idx_header(2, 3, 4))                      # their header alone
NOISE = np.random.default_rng(0).bytes(100_000)


def unread(header):
    """An archive whose x is an array with this text for its header."""
    return npz([("x.npy", VAST[:8] + struct.pack("<H", len(header)) + header)])


def described(**description):
    content = {"format": checkpoint.FORMAT, "arrays": {}, **description}
    return "description.json", json.dumps(content)


def expanding(size):
    """An archive whose x says that it is small, and unpacks to `size` bytes."""
    return npz([("x.npy", npy_header((4, 4)) + bytes(size))], zipfile.ZIP_DEFLATED)


def crowded(count):
    """An archive that is nothing but a table of contents."""
    entry = struct.pack(ENTRY, b"PK\1\2", 20, 0, 20, 0, *[0] * 14)
    return count * entry + the_end(count, count * len(entry), 0)


def the_end(count, size, start):
    """The end of an archive whose table of contents has `count` entries."""
    count %= 65536
    return struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, size, start, 0)


def nested(depth, size):
    """A checkpoint whose arrays lie inside each other: each is read again with the next."""
    declared, data = {}, bytes(size)
    for i in range(depth):
        declared[f"W{i}"] = ["uint8", [len(data)]]
        archive = npz([(f"W{i}.npy", npy_header((len(data),), "|u1") + data)])
        data = archive[:archive.rindex(b"PK\1\2")]      # a member, complete with its own header
    whole = npz([described(arrays=declared)])
    start = whole.rindex(b"PK\1\2")
    table = whole[start:whole.rindex(b"PK\5\6")]
    blob, place = data, start
    for i in reversed(range(depth)):
        name = f"W{i}.npy".encode()
        crc, length = struct.unpack("<LL", blob[14:22])
        table += struct.pack(ENTRY, b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 33, crc, length, length,
                             len(name), 0, 0, 0, 0, 0, place) + name
        inside = 30 + len(name) + 128
        blob, place = blob[inside:], place + inside
    return whole[:start] + data + table + the_end(depth + 1, len(table), start + len(data))


def checkpoint_of(compression=zipfile.ZIP_STORED, members=(), **description):
    return npz([described(**description), *members], compression)


IDX_BOMBS = {
    "a gigabyte after a small header":  lambda: IMAGES + 1000 * gzip.compress(bytes(MB)),
    "a header of exabytes":             lambda: idx_header(*[2 ** 32 - 1] * 3),
    "a compressed one":                 lambda: gzip.compress(idx_header(*[2 ** 31] * 3)),
    "a header of 256 MB before 20 MB":  lambda: gzip.compress(
        idx_header(1024, 512, 512) + bytes(20 * MB)),
    "a header of what might be there":  lambda: gzip.compress(idx_header(1000, 1000, 99) + NOISE),
    "many empty parts":                 lambda: IMAGES + 20_000 * gzip.compress(b""),
    "zeros after the last part":        lambda: IMAGES + bytes(10 * MB),
    "a long name in a gzip header":     lambda: (
        b"\x1f\x8b\x08\x08" + bytes(6) + 20 * MB * b"x" + b"\0" + IMAGES[10:]),
}
OWN_BOMBS = {
    "a header of exabytes":             lambda: npz([("x.npy", VAST + bytes(80))]),
    "a compressed one":                 lambda: npz([("x.npy", VAST)], zipfile.ZIP_DEFLATED),
    "a header of 64 kB":                lambda: unread(65535 * b"1"),
    "a header of brackets":             lambda: unread(files.MAX_HEADER * b"("),
    "a header of signs":                lambda: unread(files.MAX_HEADER * b"-"),
    "zeros that were compressed":       lambda: expanding(20 * MB),
    "a table of contents of 200,000":   lambda: crowded(200_000),
    "one as long as is read":           lambda: crowded(files.CHUNK // 46),
}
CHECKPOINT_BOMBS = {
    "a table of contents of 200,000":   lambda: crowded(200_000),
    "arrays inside each other":         lambda: nested(30, 2 * MB),
    "an array of exabytes":             lambda: checkpoint_of(
        arrays={"a": ["<f8", [2 ** 56]]}, members=[("a.npy", VAST)]),
    "a description of nothing":         lambda: checkpoint_of(format="x", x=24_000 * [{}]),
    "a longer one":                     lambda: checkpoint_of(x=20 * MB * "x"),
    "a compressed one":                 lambda: checkpoint_of(
        zipfile.ZIP_DEFLATED, x=20 * MB * "x"),
}
BOMBS = {(reader, name): build
         for reader, bombs in (("idx", IDX_BOMBS), ("own", OWN_BOMBS),
                               ("checkpoint", CHECKPOINT_BOMBS))
         for name, build in bombs.items()}


@pytest.mark.parametrize("reader, name", BOMBS)
def test_bombs_are_refused_at_once_and_in_little_memory(in_memory, reader, name):
    """(The time is the process's own; the longest of them took 0.05 s, and the largest 2 MB.)"""
    data = BOMBS[reader, name]()

    def refuse():
        with pytest.raises((CheckpointError, DataFormatError)):
            in_memory[reader](data)
    began = time.process_time()
    refuse()
    assert time.process_time() - began < SECONDS
    assert peak_of(refuse) < SPACE


def test_the_nested_checkpoint_above_is_refused_for_its_nesting(in_memory, monkeypatch):
    data = nested(3, 1000)
    with pytest.raises(CheckpointError, match="its members are larger than itself"):
        in_memory["checkpoint"](data)
    monkeypatch.setattr(checkpoint, "open_archive", zipfile.ZipFile)
    try:
        assert [array.size for array in in_memory["checkpoint"](data)[0].values()][0] == 1000
    except CheckpointError as error:                             # newer Pythons look themselves
        assert "Overlapped" in str(error)
