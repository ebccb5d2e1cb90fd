"""Damaged files by the thousand, new ones in every run: what is read is what was written, or one of
our own errors.

A failing test shows its seed, and the number of the case that failed; the case is made from these
two alone.
"""
import gzip
import io
import json
import struct
import time
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given, note, settings

from helpers import seeds

from numpyvae import checkpoint, files
from numpyvae.datasets import idx, own
from numpyvae.errors import CheckpointError, DataFormatError
from numpyvae.training import Run

# NumPy's own, of a header that only its reader for Python 2 could make sense of.
pytestmark = pytest.mark.filterwarnings("ignore:Reading .*header parsing")

IN_ONE = 100                         # cases that are made from one seed

MB = 1 << 20
SPACE, SECONDS = 16 * MB, 1          # what the refusal of a bomb may take


# ---------------------------------------------------------------------- whole files, in memory

@pytest.fixture(scope="module")
def in_memory():
    """Readers of the bytes of a file: hundreds of real ones would cost seconds."""
    content = []
    with pytest.MonkeyPatch.context() as patch:
        for module in (checkpoint, own):
            patch.setattr(module, "open", raising=False, value=lambda path,
                          mode: io.BytesIO(content[-1]) if mode == "rb" else open(path, mode))

        def reader(load, name):
            def read(data):
                content[:] = [bytes(data)]
                return load(name)
            return read
        yield {"checkpoint": reader(checkpoint.load, "memory"), "own": reader(own.load_array,
                                                                              "memory.npz")}


def saved(folder):
    """The bytes of checkpoints: of a run's, and of arrays of every kind."""
    rng = np.random.default_rng(0)
    run = Run(rng.random((20, 6)), rng.random((5, 6)), hidden_dim=3, latent_dim=2, epochs=1,
              data="µ")
    run.train()
    run.save(folder)
    checkpoint.save(folder / "toy.npz",
                    {"W1": np.arange(6.0).reshape(2, 3), "b1": np.arange(9, dtype=">f4"),
                     "µ": np.array([1, -1]), "flag": np.array(True), "none": np.ones((0, 3))},
                    {"model": "toy"})
    return [(folder / name).read_bytes() for name in ("model.npz", "toy.npz")]


def savez(save=np.savez, **arrays):
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


def examples():
    """The bytes of a user's own archives, as NumPy makes them."""
    rng = np.random.default_rng(1)
    x, mask = rng.random((6, 3, 4)), rng.random((6, 3, 4)) < 0.7
    grey = rng.integers(0, 256, (6, 12), np.uint8)
    return [savez(x=x, labels=np.arange(6), mask=mask),
            savez(np.savez_compressed, x=x, labels=np.arange(6), mask=mask), savez(x=grey),
            savez(np.savez_compressed, mask=mask.reshape(6, 12), x=grey)]


def pixels():
    """The bytes of IDX files of images and of labels, with the number of their dimensions; plain
    and compressed.
    """
    rng = np.random.default_rng(2)
    files = [(rng.integers(0, 256, shape, np.uint8), len(shape)) for shape in ((3, 5, 4), (40,))]
    plain = [(struct.pack(f">I{ndim}I", 0x800 + ndim, *array.shape) + array.tobytes(), ndim)
             for array, ndim in files]
    return plain + [(gzip.compress(content, level), ndim) for content, ndim in plain
                    for level in (1, 9)]


# ---------------------------------------------------------------------- what may happen to a file

def span(data, rng, most=64):
    """A random part of `data`: where it begins and ends; short ones are as likely as long ones."""
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
    size = int(rng.choice([1, 2, 4, 8]))
    start = int(rng.integers(0, max(1, len(data) - size)))
    value = int(rng.choice([0, 1, 2 ** 7 - 1, 2 ** 7, 2 ** 8 - 1])) << (8 * (size - 1)) | int(rng.choice([0, 1, 255]))
    data[start:start + size] = (value % 256 ** size).to_bytes(size, rng.choice(["little", "big"]))


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
    data += rng.bytes(int(rng.integers(1, 40))) if rng.random() < 0.5 else bytes(int(rng.integers(1, 40)))


def inserted(data, rng):
    at = int(rng.integers(0, len(data)))
    data[at:at] = rng.bytes(int(rng.integers(1, 20)))


DAMAGE = [flipped, overwritten, extreme, cut, beheaded, deleted, zeroed, doubled, moved, swapped,
          lengthened, inserted]


def damaged(whole, rng):
    """A copy of `whole` that something happened to, and what."""
    data, kind = bytearray(whole), DAMAGE[rng.integers(len(DAMAGE))]
    kind(data, rng)
    if data and rng.random() < 0.2:
        flipped(data, rng)
    return bytes(data), kind.__name__


# Meddling: the archive is a whole one, with right checksums; its members are not those that were
# saved.

def renamed(members, rng):
    i = rng.integers(len(members))
    others = [name for name, _ in members] + ["", "x.npy", "y.npy", "mask.npy", "description.json",
                                              "a/x.npy", "x"]
    members[i] = (others[rng.integers(len(others))], members[i][1])


def dropped(members, rng):
    del members[rng.integers(len(members))]


def repeated(members, rng):
    members.insert(rng.integers(len(members) + 1), members[rng.integers(len(members))])


def exchanged(members, rng):
    i, j = rng.integers(len(members), size=2)
    members[i], members[j] = (members[i][0], members[j][1]), (members[j][0], members[i][1])


def spoiled(members, rng):
    i = rng.integers(len(members))
    members[i] = (members[i][0], damaged(members[i][1], rng)[0])


def retyped(members, rng):
    """An array becomes one of another kind or shape; now and then what was never one."""
    i = rng.integers(len(members))
    kinds = ("f2", "f8", "i8", "u1", "?", "c8", "U3", "S2", "M8[s]", "V3", "f4,i2")
    arrays = [np.zeros(3, np.dtype(kind)) for kind in kinds]
    arrays += [np.zeros(()), np.zeros((0, 5)), np.zeros((6, 12)), np.full((6, 3, 4), np.nan),
               np.array([{}, None])]
    file = io.BytesIO()
    np.lib.format.write_array(file, arrays[rng.integers(len(arrays))])
    members[i] = (members[i][0], file.getvalue())


def promising(members, rng):
    """A header that says something else than the data that follow it; not always one that can be
    parsed.
    """
    i = rng.integers(len(members))
    shapes = ["(1099511627776,)", "(-1,)", "(1,)", "()", "(6,)", "(0, 4611686018427387904)", 4
              * "65536, ", "(1.5,)", "'6'", "None", "(True,)", "(" + 500 * "1, " + ")", "(" + 1800
              * "-" + "1,)", 900 * "(" + "1" + 900 * ")"]
    order = ["False", "False", "True", "2", "None"]
    types = ["'<f8'", "'>i4'", "'|b1'", "'|O'", "'<U9'", "'nonsense'", "[('a', '<f8')]",
             "('<f8', (2,))", "''", "3", "'<f8, <f8'", "[" * 60 + "]" * 60, "'<M8[s]'",
             "'|V2147483647'", "'<f16'"]
    descr, order, shape = (words[rng.integers(len(words))] for words in (types, order, shapes))
    header = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    version = bytes([rng.choice([1, 1, 1, 1, 1, 2, 3, 0, 255]), rng.choice([0, 0, 0, 1])])
    data = bytes(int(rng.choice([0, 8, 48, 4096])))
    members[i] = (members[i][0], b"\x93NUMPY" + version + struct.pack("<H", len(header)) + header
                  + data)


def redescribed(members, rng):
    """The description says something else; still JSON, mostly."""
    for i, (name, content) in enumerate(members):
        if name == "description.json":
            words = [b"null", b"[]", b"{}", b"-1", b"1e400", b"NaN", b"true", b'"x"', b"2", 20
                     * b"9", b'"<f8"']
            numbers = [k for k, byte in enumerate(content) if chr(byte).isdigit()]
            at = numbers[rng.integers(len(numbers))]
            members[i] = (name, content[:at] + words[rng.integers(len(words))] + content[at + 1:])


MEDDLING = [renamed, dropped, repeated, exchanged, spoiled, retyped, promising, redescribed]


def meddled(whole, rng):
    """An archive made anew from the members of `whole`, one of which is another, and how; it may be
    compressed.
    """
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    kind = MEDDLING[rng.integers(len(MEDDLING))]
    kind(members, rng)
    method = rng.choice([zipfile.ZIP_STORED] * 3 + [zipfile.ZIP_DEFLATED])
    return zipped(members, int(method)), kind.__name__


def zipped(members, method=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members:
            info = zipfile.ZipInfo(name or "nameless", (1980, 1, 1, 0, 0, 0))
            info.compress_type = method
            if name in archive.NameToInfo:
                archive.NameToInfo.pop(name)                     # which would warn
            archive.writestr(info, content)
    return file.getvalue()


# ---------------------------------------------------------------------- what has to come of it

def same(found, expected):
    """Whether two arrays, or None, or plain values agree to the byte."""
    if isinstance(expected, np.ndarray):
        return (isinstance(found, np.ndarray) and found.dtype == expected.dtype and found.shape
                == expected.shape and found.tobytes() == expected.tobytes())
    return found == expected


def tried(read, data, errors):
    """What `read` makes of the bytes, or None where it refuses them in a sentence.  Any other
    exception passes.
    """
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
    x = np.random.default_rng(0).random((20, 6)), np.random.default_rng(0).random((5, 6))
    wholes = saved(tmp_path)

    def check(whole, data):
        found = tried(in_memory["checkpoint"], data, CheckpointError)
        if found:
            # what it says is there, and nothing else
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for name, array in found[0].items():
                    assert same(array,
                                np.lib.format.read_array(io.BytesIO(archive.read(name + ".npy"))))
        tried(lambda data: Run.load("memory", lambda name, place: x), data, CheckpointError)
    many(400, wholes, meddled, check)


# ---------------------------------------------------------------------- a user's own archives

def test_a_thousand_damaged_archives_of_one_s_own(in_memory):
    wholes = examples()
    expected, refused = {whole: in_memory["own"](whole) for whole in wholes}, []

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
            x_train, labels_train, x_test, labels_test, image_shape, mask_train, mask_test = found
            assert x_train.ndim == x_test.ndim == 2 and len(x_train) and len(x_test)
            assert x_train.shape[1] == x_test.shape[1] == np.prod(image_shape)
            for x, labels, mask in ((x_train, labels_train, mask_train),
                                    (x_test, labels_test, mask_test)):
                assert x.dtype == np.uint8 or 0 <= x.min() <= x.max() <= 1
                assert labels is None or labels.shape == (len(x),) and labels.dtype.kind in "iu"
                assert mask is None or mask.shape == x.shape and mask.dtype == bool and not x[~mask].any()
    many(400, examples(), meddled, check)


# ---------------------------------------------------------------------- IDX files

def test_hundreds_of_damaged_idx_files():
    """(A plain one has no checksum: there what is read is what the file says.)"""
    def check(whole, data):
        content, ndim = whole
        found = tried(lambda data: idx.parse_idx(io.BytesIO(data), ndim), data, DataFormatError)
        if found is not None:
            expected = content if data[:2] != idx.GZIP else gzip.decompress(content)
            again = struct.pack(f">I{ndim}I", 0x800 + ndim, *found.shape) + found.tobytes()
            assert again == (expected if data[:2] == idx.GZIP else data)

    def damage(whole, rng):
        return damaged(whole[0], rng)
    many(600, pixels(), damage, check)


# ---------------------------------------------------------------------- bombs

VAST = io.BytesIO()
np.lib.format.write_array_header_1_0(VAST,
                                     {"descr": "<f8", "fortran_order": False,
                                      "shape": (2 ** 28, 2 ** 28)})
VAST = VAST.getvalue()
ENTRY = "<4s4B4H3L5H2L"              # of an archive's table of contents
IMAGES = gzip.compress(struct.pack(">4I", 0x803, 2, 3, 4))       # their header alone


def parsed(header):
    """The beginning of a .npy file with this header."""
    return VAST[:8] + struct.pack("<H", len(header)) + header


def described(**description):
    return ("description.json",
            json.dumps({"format": checkpoint.FORMAT, "arrays": {}, **description}).encode())


def expanding(size):
    """An archive whose x says that it is small, and unpacks to `size` bytes."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file,
                                         {"descr": "<f8", "fortran_order": False, "shape": (4, 4)})
    return zipped([("x.npy", file.getvalue() + bytes(size))], zipfile.ZIP_DEFLATED)


def crowded(count):
    """An archive that is nothing but a table of contents."""
    entry = struct.pack(ENTRY, b"PK\1\2", 20, 0, 20, 0, *[0] * 14)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count % 65536, count % 65536, count * len(entry),
                      0, 0)
    return count * entry + end


def nested(depth, size):
    """A checkpoint whose arrays lie inside each other: with every one of them, as much again has to
    be read.
    """
    declared, table, data = {}, b"", bytes(size)
    for i in range(depth):
        name, header = f"W{i}", io.BytesIO()
        np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False,
                                                      "shape": (len(data),)})
        declared[name] = ["uint8", [len(data)]]
        data = header.getvalue() + data
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(zipfile.ZipInfo(name + ".npy"), data)
        # a member, complete with its own header
        data = file.getvalue()[:file.getvalue().rindex(b"PK\1\2")]
    whole = zipped([described(arrays=declared)])
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
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, depth + 1, depth + 1, len(table), start
                      + len(data), 0)
    return whole[:start] + data + table + end


BOMBS = {
    "a gigabyte behind a small IDX header":  ("idx", lambda: IMAGES + 1000 * gzip.compress(bytes(MB))),
    "an IDX header of exabytes":             ("idx", lambda: struct.pack(">4I", 0x803, *[2 ** 32 - 1] * 3)),
    "a compressed IDX header of exabytes":   ("idx", lambda: gzip.compress(struct.pack(">4I", 0x803, *[2 ** 31] * 3))),
    "an IDX header of what might be there":  ("idx", lambda: gzip.compress(struct.pack(">4I", 0x803, 1000, 1000, 99)
                                                                           + np.random.default_rng(0).bytes(100_000))),
    "many empty parts":                      ("idx", lambda: IMAGES + 20_000 * gzip.compress(b"")),
    "zeros behind the last part":            ("idx", lambda: IMAGES + bytes(10 * MB)),
    "a long name in a gzip header":          ("idx", lambda: b"\x1f\x8b\x08\x08" + bytes(6) + 20 * MB * b"x" + b"\0"
                                                             + IMAGES[10:]),
    "an array's header of exabytes":         ("own", lambda: zipped([("x.npy", VAST + bytes(80))])),
    "a compressed one":                      ("own", lambda: zipped([("x.npy", VAST)], zipfile.ZIP_DEFLATED)),
    "an array's header of 64 kB":            ("own", lambda: zipped([("x.npy", parsed(65535 * b"1"))])),
    "an array's header of brackets":         ("own", lambda: zipped([("x.npy", parsed(files.MAX_HEADER * b"("))])),
    "an array's header of signs":            ("own", lambda: zipped([("x.npy", parsed(files.MAX_HEADER * b"-"))])),
    "zeros that were compressed":            ("own", lambda: expanding(20 * MB)),
    "a table of contents of 200,000":        ("own", lambda: crowded(200_000)),
    "one as long as is read":                ("own", lambda: crowded(files.CHUNK // 46)),
    "that of a checkpoint":                  ("checkpoint", lambda: crowded(200_000)),
    "arrays inside each other":              ("checkpoint", lambda: nested(30, 2 * MB)),
    "an array of exabytes":                  ("checkpoint", lambda: zipped([described(arrays={"a": ["<f8", [2 ** 56]]}),
                                                                            ("a.npy", VAST)])),
    "a description of nothing":              ("checkpoint", lambda: zipped([described(format="x", x=24_000 * [{}])])),
    "a longer one":                          ("checkpoint", lambda: zipped([described(x=20 * MB * "x")])),
    "a compressed description":              ("checkpoint", lambda: zipped([described(x=20 * MB * "x")],
                                                                           zipfile.ZIP_DEFLATED)),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_at_once_and_in_little_memory(in_memory, name):
    """(The time is the process's own; the longest of them took 0.05 s, and the largest 2 MB.)"""
    reader, build = BOMBS[name]
    read = in_memory.get(reader) or (lambda data: idx.parse_idx(io.BytesIO(data), 3))
    data = build()

    def refuse():
        began = time.process_time()
        with pytest.raises((CheckpointError, DataFormatError)):
            read(data)
        return time.process_time() - began
    assert refuse() < SECONDS
    tracemalloc.start()
    try:
        refuse()
        assert tracemalloc.get_traced_memory()[1] < SPACE
    finally:
        tracemalloc.stop()


def test_the_nested_checkpoint_above_is_refused_for_its_nesting(in_memory, monkeypatch):
    data = nested(3, 1000)
    with pytest.raises(CheckpointError, match="its members are larger than itself"):
        in_memory["checkpoint"](data)
    monkeypatch.setattr(checkpoint, "open_archive", zipfile.ZipFile)
    try:
        assert [array.size for array in in_memory["checkpoint"](data)[0].values()][0] == 1000
    except CheckpointError as error:                             # newer Pythons look themselves
        assert "Overlapped" in str(error)
