"""Files: written whole or not at all, and read without trust in what they promise."""
import errno
import io
import os
import re
import stat
import struct
import subprocess
import sys

import numpy as np
import pytest
from helpers_files import forged, npy, npz, same

import numpyvae
from numpyvae import files, locks
from numpyvae.errors import DamagedFileError

posix = pytest.mark.skipif(os.name != "posix", reason="elsewhere an open file is not removed, and "
                           "modes, owners and links are different")
OLD, NEW = b"what was there", b"what is to be there"


@pytest.fixture
def path(tmp_path):
    """A file that is there, alone in its folder."""
    (tmp_path / "model.npz").write_bytes(OLD)
    return tmp_path / "model.npz"


def write_new(path):
    files.write_atomically(path, lambda file: file.write(NEW))


def check_untouched(path):
    assert path.read_bytes() == OLD and os.listdir(path.parent) == [path.name]


# ---------------------------------------------------------------------- all of it, or none

def test_the_new_file_takes_the_place_of_the_old(path):
    write_new(path)
    assert path.read_bytes() == NEW and os.listdir(path.parent) == [path.name]


def test_a_bare_name_lies_in_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_new("model.npz")
    assert (tmp_path / "model.npz").read_bytes() == NEW and os.listdir(tmp_path) == ["model.npz"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError("half way"), MemoryError])
def test_an_interruption_leaves_the_old_file(path, error):
    def write(file):
        file.write(b"half")
        raise error
    with pytest.raises(error if isinstance(error, type) else type(error)):
        files.write_atomically(path, write)
    check_untouched(path)


def test_a_full_disk_is_reported_with_the_name_of_the_file(path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError) as caught:
        write_new(path)
    assert caught.value.errno == errno.ENOSPC and caught.value.filename == str(path)
    check_untouched(path)


def test_no_folder_to_write_to(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        write_new(tmp_path / "no" / "file")
    assert caught.value.filename == str(tmp_path / "no" / "file") and os.listdir(tmp_path) == []


def test_a_folder_is_not_overwritten(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        write_new(tmp_path / "folder")
    assert os.listdir(tmp_path) == ["folder"]


def test_a_power_cut_leaves_the_old_file_or_the_new_one(path, monkeypatch):
    """A disk keeps of a file what it held when it was last synced, of a folder the names."""
    folder  = path.parent
    fsync   = os.fsync
    replace = os.replace
    kept    = {}                     # by inode: bytes of a file, or {name: inode} of a folder
    renamed = []

    def listed():
        return {entry.name: entry.stat().st_ino for entry in folder.iterdir()}

    def sync(descriptor):
        fsync(descriptor)
        status = os.fstat(descriptor)
        inside = {entry.stat().st_ino: entry.read_bytes() for entry in folder.iterdir()}
        kept[status.st_ino] = listed() if stat.S_ISDIR(status.st_mode) else inside[status.st_ino]

    def rename(source, target):
        assert kept[os.stat(source).st_ino] == NEW       # from now on it may be all there is
        replace(source, target)
        renamed.append(target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(os, "replace", rename)
    write_new(path)
    assert renamed == [str(path)]
    if os.name == "posix":                       # and what returns will not be undone
        names = kept[folder.stat().st_ino]
        assert list(names) == [path.name] and kept[names[path.name]] == NEW


def test_a_kill_leaves_the_old_file_and_a_sweep_tidies_up(path):
    killed = """
import os, sys
from numpyvae.files import write_atomically
def write(file):
    file.write(b"half" * 9999)
    file.flush()
    os._exit(9)
write_atomically(sys.argv[1], write)
"""
    env = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(numpyvae.__file__))}
    child = subprocess.run([sys.executable, "-c", killed, str(path)], env=env)
    assert child.returncode == 9 and path.read_bytes() == OLD
    left = set(os.listdir(path.parent)) - {path.name}
    assert len(left) == 1 and left == set(files.stale(path.parent))
    files.sweep(path.parent)
    check_untouched(path)


# ---------------------------------------------------------------------- what kills leave

def test_a_sweep_takes_nothing_that_is_not_ours(tmp_path):
    others = ["notes.tmp", "model.npz.tmp", "letter.txt.12.tmp", "model.npz.old.tmp", "model.npz"]
    ours   = ["model.npz.12.tmp", "history.csv.345.tmp", "loss.png.6.tmp"]
    for name in [*others, *ours]:
        (tmp_path / name).write_bytes(b"precious")
    assert sorted(files.stale(tmp_path)) == sorted(ours)
    assert files.stale(tmp_path, names="letter.txt|model") == ["letter.txt.12.tmp"]
    files.sweep(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted(others)


def test_a_sweep_spares_what_is_being_written(path):
    """`numpyvae sample` may sweep beside a run that is still being trained."""
    def write(file):
        file.write(NEW)
        file.flush()
        left, = files.stale(path.parent)
        assert re.fullmatch(rf"model\.npz\.{os.getpid()}-[0-9a-f]{{16}}\.tmp", left)
        files.sweep(path.parent)
        assert files.stale(path.parent) == [left]
    files.write_atomically(path, write)
    assert path.read_bytes() == NEW and os.listdir(path.parent) == [path.name]


@posix
@pytest.mark.parametrize("times", [0, 1, 2])
def test_what_is_removed_while_it_is_written_is_written_again(path, times):
    """By an older version of this program, say, which asked nobody."""
    left = []

    def write(file):
        left.extend(files.stale(path.parent))
        file.write(NEW)
        if len(left) <= times:
            os.remove(path.parent / left[-1])
    files.write_atomically(path, write)
    assert path.read_bytes() == NEW and os.listdir(path.parent) == [path.name]
    assert len(set(left)) == 1 + times                           # each has another name


@posix
def test_what_is_removed_again_and_again_is_an_error(path):
    def write(file):
        os.remove(path.parent / files.stale(path.parent)[0])
    with pytest.raises(FileNotFoundError) as caught:
        files.write_atomically(path, write)
    assert caught.value.filename == str(path)
    check_untouched(path)


@posix
def test_what_is_swept_away_before_it_is_locked_gets_another_name(path, monkeypatch):
    """A sweeper may come between the two: it locks the file, or has removed it already."""
    try_lock, names = locks.try_lock, []

    def too_late(descriptor):
        names.extend(files.stale(path.parent))
        if len(names) == 1:
            return False
        if len(names) == 2:
            os.remove(path.parent / names[-1])
        return try_lock(descriptor)
    monkeypatch.setattr(locks, "try_lock", too_late)
    write_new(path)
    assert path.read_bytes() == NEW and os.listdir(path.parent) == [path.name]
    assert len(names) == len(set(names)) == 3


@posix
def test_a_folder_that_goes_while_a_file_is_written_is_an_error_at_once(tmp_path):
    folder, times = tmp_path / "folder", []

    def write(file):
        times.append(1)
        os.remove(folder / os.listdir(folder)[0])
        folder.rmdir()
    folder.mkdir()
    with pytest.raises(FileNotFoundError) as caught:
        files.write_atomically(folder / "model.npz", write)
    assert times == [1] and caught.value.filename == str(folder / "model.npz")


def test_two_sweeps_at_a_time(tmp_path, monkeypatch):
    (tmp_path / "model.npz.12.tmp").write_bytes(b"half")
    listed = ["model.npz.9.tmp", "model.npz.12.tmp"]             # the first is gone already
    monkeypatch.setattr(os, "listdir", lambda folder: listed)
    files.sweep(tmp_path)
    assert not (tmp_path / "model.npz.12.tmp").exists()


def test_a_sweep_leaves_what_another_process_holds(tmp_path, monkeypatch):
    def held(path):                                              # as Windows says it
        raise PermissionError(errno.EACCES, "in use", path)
    (tmp_path / "model.npz.12.tmp").write_bytes(b"half")
    monkeypatch.setattr(os, "remove", held)
    files.sweep(tmp_path)
    assert os.listdir(tmp_path) == ["model.npz.12.tmp"]


# ---------------------------------------------------------------------- archives

def test_members_are_no_larger_than_their_archive():
    archive = npz([("a.npy", npy(np.ones(3)))])
    size = len(archive)
    assert files.open_archive(io.BytesIO(forged(archive, 20, "<I", size))).namelist() == ["a.npy"]
    with pytest.raises(DamagedFileError, match="larger than itself"):
        files.open_archive(io.BytesIO(forged(archive, 20, "<I", size + 1)))


def test_the_longest_table_of_contents():
    """An entry takes 46 bytes beside its name."""
    names = [f"{i:018d}" for i in range(files.CHUNK // 64 + 1)]
    longest = npz([(name, b"") for name in names[1:]])
    assert files.open_archive(io.BytesIO(longest)).namelist() == names[1:]
    with pytest.raises(DamagedFileError, match="its table of contents is too long"):
        files.open_archive(io.BytesIO(npz([(name, b"") for name in names])))


# ---------------------------------------------------------------------- single arrays

ARRAYS = {
    "float64":   np.array([[1.5, -0.0, np.inf], [np.nan, 1e-308, 3]]),
    "float32":   np.arange(6, dtype="f4"),
    "float16":   np.ones((2, 1, 3), "f2"),
    "int64":     np.array([-2 ** 63, 2 ** 63 - 1]),
    "uint8":     np.arange(256, dtype="u1"),
    "bool":      np.array([True, False]),
    "swapped":   np.arange(3, dtype=">f8"),
    "scalar":    np.array(2.5),
    "empty":     np.zeros((0, 6)),
    "columns":   np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "in chunks": np.random.default_rng(0).integers(0, 256, 2 * files.CHUNK + 1, np.uint8),
}


def read(content, size=None):
    return files.read_npy(io.BytesIO(content), len(content) if size is None else size, "x")


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_is_read_to_the_bit(name):
    found = read(npy(ARRAYS[name]))
    assert same(found, ARRAYS[name]) and found.flags.writeable


@pytest.mark.parametrize("change", [-24, -1, 1, 1000])
def test_an_array_has_the_size_of_its_file(change):
    whole   = npy(np.arange(3.0))
    changed = whole[:change] if change < 0 else whole + bytes(change)
    for content, size, found in ((changed, len(changed), 24 + change),
                                 (whole,   len(changed), 24 + change),       # the size is a lie
                                 (changed, len(whole),   24 + min(change, 1))):
        with pytest.raises(DamagedFileError, match=f"^x: expected 24 bytes after its header, got "
                           f"{found}; it is damaged"):
            read(content, size)


@pytest.mark.parametrize("array", [np.array([1j]), np.array(["text"]), np.zeros(2, "f4,f4"),
                                   np.array([0], "M8[D]")])
def test_an_array_is_of_numbers(array):
    with pytest.raises(DamagedFileError, match="^x: expected an array of numbers or booleans, got "
                       "dtype"):
        read(npy(array))


@pytest.mark.parametrize("version", [(2, 0), (3, 0)])
def test_an_array_has_the_version_that_numpy_writes(version):
    with pytest.raises(DamagedFileError, match="^x: expected version 1.0 of the .npy format, got "
                       rf"{version[0]}\.0"):
        read(npy(np.arange(3.0), version=version))


def padded(size):
    """An .npy file of one zero, with a header of `size` bytes."""
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}".ljust(size - 1) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", size) + header + bytes(8)


def test_the_longest_header():
    assert read(padded(files.MAX_HEADER)).tolist() == [0]
    with pytest.raises(ValueError, match="Header"):
        read(padded(files.MAX_HEADER + 1))


@pytest.mark.parametrize("length", [9000 * "-" + "1", 9000 * "(" + "1",
                                    4000 * "(" + "1" + 4000 * ")"])
def test_a_header_nested_too_deeply_is_damage_and_no_lack_of_memory(monkeypatch, length):
    """Python's parser raises a MemoryError for some of them, depending on its version."""
    monkeypatch.setattr(files, "MAX_HEADER", 10_000)     # or else its length would be the reason
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({length},)}}".encode()
    with pytest.raises(Exception) as caught:
        read(b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + bytes(8))
    assert not isinstance(caught.value, MemoryError) and "is large" not in str(caught.value)


# ---------------------------------------------------------------------- so many bytes

def test_no_more_is_read_than_there_is():
    assert files.read_up_to(io.BytesIO(b"12345"), 3) == b"123"
    assert files.read_up_to(io.BytesIO(b"12345"), 10 ** 15) == b"12345"


def test_no_more_is_asked_for_than_a_chunk_at_once():
    sizes = []

    class File(io.BytesIO):
        def read(self, size):
            sizes.append(size)
            return super().read(size)
    assert files.read_up_to(File(bytes(3_000_000)), 2_500_000) == bytes(2_500_000)
    assert max(sizes) == files.CHUNK and sum(sizes) == 2_500_000
