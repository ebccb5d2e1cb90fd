"""IDX files: what is whole is read as it is, and everything else is refused in a sentence."""
import gzip
import io
import os
import re
import zlib

import numpy as np
import pytest
from helpers_files import idx_file, idx_header, peak_of, small_set, write_set
from hypothesis import given
from hypothesis import strategies as st

from numpyvae.datasets import idx
from numpyvae.errors import DataFormatError

IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
LABELS = np.array([7, 2], np.uint8)


def refused(path, ndim=3):
    """The sentence with which the file is refused, without its path."""
    with pytest.raises(DataFormatError) as caught:
        idx.read_idx(path, ndim)
    message = str(caught.value)
    assert message.startswith(f"{path}: expected ") and "\n" not in message
    return message.removeprefix(f"{path}: ")


# ---------------------------------------------------------------------- whole files

@given(st.one_of(st.tuples(*[st.integers(1, 5)] * 3), st.tuples(st.integers(1, 50))),
       st.booleans(), st.data())
def test_what_was_written_is_read(shape, zipped, data):
    size = int(np.prod(shape))
    drawn = data.draw(st.binary(min_size=size, max_size=size))
    array = np.frombuffer(drawn, np.uint8).reshape(shape)
    pack  = gzip.compress if zipped else bytes
    found = idx.parse_idx(io.BytesIO(pack(idx_file(array))), array.ndim)
    assert found.dtype == np.uint8 and np.array_equal(found, array)
    assert found.flags.c_contiguous and found.flags.writeable


@pytest.mark.parametrize("name", ["images", "images.gz"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_content_tells_whether_it_is_compressed_not_the_name(tmp_path, name, pack):
    (tmp_path / name).write_bytes(pack(idx_file(IMAGES)))
    assert np.array_equal(idx.read_idx(str(tmp_path / name), 3), IMAGES)


def test_a_file_larger_than_what_is_read_at_once(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (3, 1000, 900), np.uint8)
    (tmp_path / "plain").write_bytes(idx_file(images))
    (tmp_path / "zipped").write_bytes(gzip.compress(idx_file(images), 1))
    assert np.array_equal(idx.read_idx(tmp_path / "plain", 3), images)
    assert np.array_equal(idx.read_idx(tmp_path / "zipped", 3), images)


@pytest.mark.parametrize("between, after", [
    (b"",                b""),
    (b"\0",              bytes(10_000)),
    (bytes(10_000),      b""),
    (gzip.compress(b""), gzip.compress(b""))])
def test_a_gzip_file_of_several_parts_which_may_be_padded_or_empty(tmp_path, between, after):
    whole = idx_file(IMAGES)
    parts = gzip.compress(whole[:9]), between, gzip.compress(whole[9:]), after
    (tmp_path / "file").write_bytes(b"".join(parts))
    assert np.array_equal(idx.read_idx(tmp_path / "file", 3), IMAGES)


def test_every_length_of_a_gzip_file_around_what_is_unpacked_at_once():
    """Where one piece ends and the next begins, no byte is lost or read twice."""
    noise = np.random.default_rng(0).bytes(3 * idx.PIECE)        # which does not become shorter
    for end in (idx.PIECE, 2 * idx.PIECE):
        for size in range(end - 60, end + 3):
            zipped = gzip.compress(idx_header(size) + noise[:size], 1)
            assert bytes(idx.parse_idx(io.BytesIO(zipped), 1)) == noise[:size], size


# ---------------------------------------------------------------------- damaged and foreign files

WHOLE  = idx_file(IMAGES)
HEADER = "expected a header of 16 bytes, got "
DATA   = "expected 24 bytes after its header, which says 2 by 3 by 4, got "
START  = "expected an IDX file, which starts with 00 00 08 03, got one that starts with "
BYTES  = "expected elements of one byte .IDX's type 08., got type "
IMAGE  = r"expected images \(dimensions: 3\), got "
SOME   = "expected images, got none: its header says "
PAGE   = "expected an IDX file, got a web page"
BAD = {
    "empty":                   (b"", "expected an IDX file, got an empty one"),
    "one byte":                (b"\0", START + "00;"),
    "three bytes":             (b"\0\0\x08", START + "00 00 08;"),
    "four bytes":              (WHOLE[:4], HEADER + "4; the file is cut short"),
    "cut in its header":       (WHOLE[:15], HEADER + "15; the file is cut short"),
    "cut after its header":    (WHOLE[:16], DATA + "fewer"),
    "cut in its data":         (WHOLE[:-1], DATA + "fewer"),
    "too long":                (WHOLE + b"\0", DATA + "more"),
    "text":                    (b"hello, world, this is text", START + "68 65 6c 6c;"),
    "a text that is no page":  (b"X<y", START + "58 3c 79;"),
    "a wrong first byte":      (b"\1" + WHOLE[1:], START + "01 00 08 03"),
    "a wrong second byte":     (b"\0\1" + WHOLE[2:], START + "00 01 08 03"),
    "little-endian":           (WHOLE[3::-1] + WHOLE[4:], START + "03 08 00 00"),
    "signed bytes":            (idx_header(2, 3, 4, kind=9) + bytes(24), BYTES + "09"),
    "floats":                  (idx_header(2, 3, 4, kind=13) + bytes(96), BYTES + "0d"),
    "labels":                  (idx_file(LABELS), IMAGE + r"labels \(dimensions: 1\)"),
    "two dimensions":          (idx_file(IMAGES[0]), IMAGE + r"something else \(dimensions: 2\)"),
    "many dimensions":         (b"\0\0\x08\xff" + bytes(40), IMAGE + "something .*: 255"),
    "no images":               (idx_header(0, 28, 28), SOME + "0 by 28 by 28"),
    "images of no height":     (idx_header(2, 0, 28), SOME + "2 by 0 by 28"),
    "images of no width":      (idx_header(2, 28, 0), SOME + "2 by 28 by 0"),
    "a web page":              (b"<!DOCTYPE html><html><title>404</title></html>", PAGE),
    "an indented web page":    (b"\xef\xbb\xbf\r\n <html></html>      ", PAGE),
    "a mirror's complaint":    (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code>', PAGE),
    "a sum that wraps around": (idx_header(2 ** 16, 2 ** 16, 2 ** 31),
                                "says 65536 by 65536 by 2147483648, got fewer"),
}


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "zipped"])
@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused_in_a_sentence(tmp_path, name, pack):
    bad, sentence = BAD[name]
    (tmp_path / "file").write_bytes(pack(bad))
    assert re.search(sentence, refused(tmp_path / "file"))


def test_images_under_the_name_of_labels(tmp_path):
    labels = tmp_path / "labels"
    labels.write_bytes(WHOLE)
    assert "expected labels (dimensions: 1), got images (dimensions: 3)" in refused(labels, 1)
    labels.write_bytes(idx_header(0))
    assert "expected labels, got none: its header says 0" in refused(labels, 1)


def test_compressed_twice(tmp_path):
    (tmp_path / "file").write_bytes(gzip.compress(gzip.compress(WHOLE)))
    assert "compressed twice" in refused(tmp_path / "file")


@pytest.mark.parametrize("array", [IMAGES, LABELS], ids=["images", "labels"])
def test_cut_short_at_every_length(array):
    for whole in (idx_file(array), gzip.compress(idx_file(array))):
        for length in range(len(whole)):
            with pytest.raises(DataFormatError):
                idx.parse_idx(io.BytesIO(whole[:length]), array.ndim)


def test_a_gzip_file_that_is_damaged(tmp_path):
    zipped = gzip.compress(WHOLE)
    other  = zlib.compress(b"")                  # no gzip file, though zlib might unpack it
    for content, what in ((zipped[:-1],            "it ends too early"),
                          (zipped[:-8] + bytes(8), "incorrect data check"),
                          (zipped + b"garbage",    "incorrect header check"),
                          (zipped + b"X",          "it ends too early"),
                          (zipped + b"\0X",        "it ends too early"),
                          (zipped + other,         "incorrect header check")):
        (tmp_path / "file").write_bytes(content)
        assert refused(tmp_path / "file") == (
            "expected a complete gzip file, got one that is cut short or damaged "
            f"({what}); get another copy")


def test_every_flipped_bit_of_a_gzip_file_is_seen_or_does_not_matter():
    whole, refusals = gzip.compress(WHOLE), 0
    for bit in range(8 * len(whole)):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << (bit % 8)
        try:
            assert np.array_equal(idx.parse_idx(io.BytesIO(damaged), 3), IMAGES), bit
        except DataFormatError:
            refusals += 1
    assert refusals > 4 * len(whole)         # what may be flipped is the date in its header


@given(st.one_of(st.binary(max_size=60),
                 st.binary(max_size=40).map(lambda data: b"\0\0\x08\3\0\0\0" + data),
                 st.binary(max_size=40).map(lambda data: b"\x1f\x8b\x08\0" + data)))
def test_any_bytes_make_an_array_or_a_sentence(data):
    try:
        found = idx.parse_idx(io.BytesIO(data), 3)
    except DataFormatError:
        return
    assert idx_file(found) == data


def test_a_folder_and_nothing(tmp_path):
    assert refused(tmp_path) == "expected an IDX file, got a folder"
    with pytest.raises(FileNotFoundError):
        idx.read_idx(tmp_path / "missing", 3)


# ---------------------------------------------------------------------- memory

@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "zipped"])
def test_a_header_that_promises_too_much_takes_no_memory(tmp_path, pack):
    (tmp_path / "file").write_bytes(pack(idx_header(2 ** 31, 2 ** 31, 28) + bytes(84)))
    assert peak_of(refused, tmp_path / "file") < 200_000


def test_a_header_that_promises_what_a_gzip_file_of_this_size_might_hold(tmp_path):
    noise = np.random.default_rng(0).bytes(100_000)
    header = idx_header(100, 1000, 1000)         # 100 MB; what was packed so might have 103 MB
    (tmp_path / "file").write_bytes(gzip.compress(header + noise))
    assert peak_of(refused, tmp_path / "file") < 4_000_000


def test_a_bomb_is_not_unpacked(tmp_path):
    with gzip.open(tmp_path / "bomb", "wb", 1) as file:
        file.write(WHOLE)
        for _ in range(20):
            file.write(bytes(1_000_000))
    assert peak_of(refused, tmp_path / "bomb") < 2_000_000
    assert "got more" in refused(tmp_path / "bomb")


def test_reading_takes_little_more_than_what_is_read(tmp_path):
    zeros = np.zeros((20, 1000, 1000), np.uint8)
    (tmp_path / "file").write_bytes(gzip.compress(idx_file(zeros), 1))
    assert peak_of(idx.read_idx, tmp_path / "file", 3) < 27_000_000
    noise = np.random.default_rng(0).bytes(2_000_000)            # as long when it is compressed
    (tmp_path / "file").write_bytes(gzip.compress(idx_header(len(noise)) + noise, 1))
    assert peak_of(idx.read_idx, tmp_path / "file", 1) < 3_000_000


# ---------------------------------------------------------------------- a data set

SPELLINGS = {
    "plain":       list(idx.FILES),
    "zipped":      [name + ".gz" for name in idx.FILES],
    "dots":        [name.replace("-idx", ".idx") for name in idx.FILES],
    "zipped dots": [name.replace("-idx", ".idx") + ".gz" for name in idx.FILES],
    "mixed":       ["train-images.idx3-ubyte", "train-labels-idx1-ubyte.gz",
                    "t10k-images-idx3-ubyte",  "t10k-labels.idx1-ubyte.gz"],
    "EMNIST":      [f"emnist-digits-{name.replace('t10k', 'test')}.gz" for name in idx.FILES],
    "t10k":        [f"emnist_by-class-{name}" for name in idx.FILES],
    "folders":     [f"{name}/{name}" for name in idx.FILES],
    "dots inside": [f"{name}/{name.replace('-idx', '.idx')}" for name in idx.FILES],
    "dots both":   [2 * "/{}".format(name.replace("-idx", ".idx")) for name in idx.FILES],
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_folder_of_four_files(tmp_path, spelling):
    train, labels_train, test, labels_test = small_set()
    names = [name.lstrip("/") for name in SPELLINGS[spelling]]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
    write_set(tmp_path, names, small_set())
    (tmp_path / "emnist-digits-mapping.txt").write_text("0 48\n")
    (tmp_path / "train-images-idx2-int").write_text("of no use here")
    *found, shape = idx.load_idx(tmp_path)
    expected = train.reshape(5, 6), labels_train, test.reshape(3, 6), labels_test
    assert shape == (2, 3)
    for array, right in zip(found, expected, strict=True):
        assert np.array_equal(array, right)
        assert array.dtype == np.uint8 and array.flags.writeable


def test_of_two_spellings_the_plain_one_is_taken(tmp_path):
    write_set(tmp_path, SPELLINGS["plain"], small_set())
    for name in (*SPELLINGS["zipped"], *SPELLINGS["dots"]):
        (tmp_path / name).write_bytes(b"")
    assert idx.load_idx(tmp_path)[0].shape == (5, 6)


def test_a_folder_with_the_name_of_a_file_is_passed_over(tmp_path):
    """Some archives unpack to such folders: train-images-idx3-ubyte/train-images-idx3-ubyte."""
    write_set(tmp_path, SPELLINGS["dots"], small_set())
    for name in idx.FILES:
        (tmp_path / name).mkdir()
    assert idx.load_idx(tmp_path)[0].shape == (5, 6)


def test_of_several_sets_the_one_without_a_name_is_taken_or_none(tmp_path):
    for kind in ("letters", "digits"):
        write_set(tmp_path, [f"emnist-{kind}-{name}" for name in idx.FILES], small_set(7))
    assert "expected the four files of one data set, got those of emnist-" in set_refused(tmp_path)
    write_set(tmp_path, list(idx.FILES)[:3], small_set())
    assert "got those of emnist-digits, emnist-letters; move one set" in set_refused(tmp_path)
    write_set(tmp_path, idx.FILES, small_set())
    assert idx.load_idx(tmp_path)[0].shape == (5, 6)


def test_files_of_two_sets_do_not_make_one(tmp_path):
    names = list(idx.FILES)
    write_set(tmp_path, [f"emnist-digits-{name}" for name in names[:2]], small_set())
    write_set(tmp_path, [f"emnist-letters-{name}" for name in names[2:]], small_set()[2:])
    assert set_refused(tmp_path).endswith(f"missing: {', '.join(names)}")


def set_refused(folder):
    with pytest.raises(DataFormatError) as caught:
        idx.load_idx(folder)
    message = str(caught.value)
    assert message.startswith(str(folder)) and "\n" not in message
    return message


def test_missing_files_are_named(tmp_path):
    write_set(tmp_path, list(idx.FILES)[:1], small_set())
    before, _, missing = set_refused(tmp_path).rpartition("missing: ")
    assert missing == "train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte"
    assert "train-images-idx3-ubyte" in before


def test_a_missing_folder_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for path in (tmp_path / "nothing", tmp_path / "file"):
        sentence = set_refused(path)
        assert sentence.endswith("missing: the folder itself")
        assert all(name in sentence for name in idx.FILES)


@pytest.mark.parametrize("which, part", [(1, "train"), (3, "t10k")])
def test_images_and_labels_of_different_number(tmp_path, which, part):
    four = small_set()
    four[which] = four[which][:-1]
    images, labels = len(four[which - 1]), len(four[which])
    sentence = set_refused(write_set(tmp_path, idx.FILES, four))
    assert (f"expected one label for each image, got {images} images and {labels} labels in {part};"
            in sentence)


@pytest.mark.parametrize("shape", [(2, 4), (4, 3), (3, 2)])
def test_images_of_different_shape(tmp_path, shape):
    train, labels_train, _, labels_test = small_set()
    four = [train, labels_train, np.zeros((3, *shape), np.uint8), labels_test]
    sentence = set_refused(write_set(tmp_path, idx.FILES, four))
    assert f"got 2 by 3 in train and {shape[0]} by {shape[1]} in t10k" in sentence


def test_a_damaged_file_of_a_folder_is_named(tmp_path):
    write_set(tmp_path, idx.FILES, small_set())
    path = tmp_path / "t10k-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    assert set_refused(tmp_path).startswith(
        f"{path}: expected 3 bytes after its header, which says 3, got fewer")
    os.replace(tmp_path / "train-images-idx3-ubyte", path)
    write_set(tmp_path, list(idx.FILES)[:1], small_set())
    assert set_refused(tmp_path).startswith(f"{path}: expected labels (dimensions: 1), got images")
