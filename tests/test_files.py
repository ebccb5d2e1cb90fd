"""Files: written whole or not at all, and read without trust in what they promise."""
import errno
import io
import os
import re
import signal
import stat
import struct
import subprocess
import sys
import threading
import time
import types

import numpy as np
import pytest
from helpers_cli import ENV, posix
from helpers_files import forged, npy, npz, same

from numpyvae import files, locks
from numpyvae.errors import DamagedFileError

OLD, NEW = b"what was there", b"what is to be there"


@pytest.fixture
def path(tmp_path):
    """A file that is there, alone in its folder."""
    (tmp_path / "model.npz").write_bytes(OLD)
    return tmp_path / "model.npz"


def write_new(path):
    files.write_atomically(path, lambda file: file.write(NEW))


def refusing(code):
    """A function of the system's that fails."""
    def refuse(*args, **options):
        raise OSError(code, os.strerror(code))
    return refuse


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
    child = subprocess.run([sys.executable, "-c", killed, str(path)], env=ENV)
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


@posix
def test_a_sweep_takes_what_a_killed_process_left_and_spares_a_suspended_one(tmp_path):
    """It holds its lock; who is dead holds none, however young the file is."""
    writing = """
import sys, time
from numpyvae.files import write_atomically
def write(file):
    print(1, flush=True)
    sys.stdin.read()
write_atomically(sys.argv[1], write)
"""
    with subprocess.Popen([sys.executable, "-c", writing, str(tmp_path / "model.npz")], env=ENV,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.read(1)
        process.send_signal(signal.SIGSTOP)
        left = os.listdir(tmp_path)
        files.sweep(tmp_path)
        assert os.listdir(tmp_path) == left and len(left) == 1
        process.kill()
        process.wait()
    files.sweep(tmp_path)
    assert os.listdir(tmp_path) == []


@posix
def test_where_there_are_no_locks_age_tells(tmp_path, monkeypatch):
    monkeypatch.setattr(locks, "try_lock", lambda descriptor: None)
    now = time.time()
    for age in (-100, 0, files.STALE - 10, files.STALE + 1):     # a clock may have been set back
        (tmp_path / f"{age}.npz.1.tmp").write_bytes(b"half")
        os.utime(tmp_path / f"{age}.npz.1.tmp", (now - age,) * 2)
    files.sweep(tmp_path)
    assert f"{files.STALE + 1}.npz.1.tmp" not in os.listdir(tmp_path)
    assert len(os.listdir(tmp_path)) == 3


@posix
def test_a_sweep_takes_files_alone_and_waits_for_none(tmp_path):
    (tmp_path / "letter").write_bytes(b"precious")
    os.symlink("letter", tmp_path / "link.npz.1.tmp")
    os.mkdir(tmp_path / "folder.npz.1.tmp")
    os.mkfifo(tmp_path / "pipe.npz.1.tmp")
    before = sorted(os.listdir(tmp_path))
    files.sweep(tmp_path)
    assert sorted(os.listdir(tmp_path)) == before
    assert (tmp_path / "letter").read_bytes() == b"precious"


def test_what_cannot_be_listed_cannot_be_swept(tmp_path):
    files.sweep(tmp_path / "missing")


# ---------------------------------------------------------------------- a new file is new

def claim(path):
    files.write_atomically(path, lambda file: file.write(NEW), new=True)


def test_a_new_file_takes_the_place_of_nothing(path):
    for taken in (path, path.parent):
        with pytest.raises(FileExistsError) as caught:
            claim(taken)
        assert caught.value.filename == str(taken)
    check_untouched(path)
    claim(path.parent / "new.npz")
    assert (path.parent / "new.npz").read_bytes() == NEW
    assert sorted(os.listdir(path.parent)) == ["model.npz", "new.npz"]


@posix
@pytest.mark.parametrize("links", [True, False])
def test_not_even_of_a_link_that_leads_nowhere(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(os, "link", refusing(errno.EPERM))   # as FAT does
    os.symlink("nowhere", tmp_path / "link")
    with pytest.raises(FileExistsError):
        claim(tmp_path / "link")
    assert os.listdir(tmp_path) == ["link"] and os.readlink(tmp_path / "link") == "nowhere"


@posix
def test_where_a_file_has_one_name_only(path, monkeypatch):
    monkeypatch.setattr(os, "link", refusing(errno.EPERM))
    with pytest.raises(FileExistsError):
        claim(path)
    check_untouched(path)
    claim(path.parent / "new.npz")
    assert (path.parent / "new.npz").read_bytes() == NEW
    monkeypatch.setattr(os, "replace", refusing(errno.ENOSPC))
    with pytest.raises(OSError):
        claim(path.parent / "other.npz")
    assert sorted(os.listdir(path.parent)) == ["model.npz", "new.npz"]


@pytest.mark.parametrize("links", [True, False])
def test_of_several_at_once_one_gets_the_name(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(os, "link", refusing(errno.EPERM))
    together, won = threading.Barrier(8), []

    def race(number):
        def write(file):
            file.write(b"%d" % number)
            together.wait()
        try:
            files.write_atomically(tmp_path / "new.npz", write, new=True)
            won.append(number)
        except FileExistsError:
            pass
    threads = [threading.Thread(target=race, args=[i]) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert os.listdir(tmp_path) == ["new.npz"]
    assert [b"%d" % number for number in won] == [(tmp_path / "new.npz").read_bytes()]


def test_a_last_look_before_it_takes_its_place(path):
    def check():
        assert len(os.listdir(path.parent)) == 2                 # all is written, nothing replaced
        assert path.read_bytes() == OLD
        raise ValueError("not now")
    with pytest.raises(ValueError, match="not now"):
        files.write_atomically(path, lambda file: file.write(NEW), check=check)
    check_untouched(path)


# ---------------------------------------------------------------------- rights and links

@posix
@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640, 0o666, 0o2755])
def test_a_file_keeps_its_mode_and_is_never_more_open_than_that(path, mode):
    seen = []

    def write(file):
        seen.append(stat.S_IMODE(os.fstat(file.fileno()).st_mode))
        file.write(NEW)
    os.chmod(path, mode)
    files.write_atomically(path, write)
    assert stat.S_IMODE(path.stat().st_mode) == mode and seen == [0o600]


@posix
def test_a_new_file_has_the_mode_that_the_user_s_mask_leaves(tmp_path):
    before = os.umask(0o027)
    try:
        for name, new in (("a", True), ("b", False)):
            files.write_atomically(tmp_path / name, lambda file: file.write(NEW), new=new)
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o640
    finally:
        os.umask(before)


@posix
def test_a_file_keeps_its_owner_or_else_its_group_s_rights_are_dropped(path, monkeypatch):
    """Only an administrator can give a file away."""
    asked, fstat = [], os.fstat

    def another_group(descriptor):
        found = fstat(descriptor)
        return types.SimpleNamespace(st_gid=found.st_gid + 1)
    monkeypatch.setattr(os, "fchown", lambda descriptor, *owner: asked.append(owner))
    os.chmod(path, 0o664)
    write_new(path)
    assert asked == [(path.stat().st_uid, path.stat().st_gid)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o664
    monkeypatch.setattr(os, "fchown", refusing(errno.EPERM))
    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", another_group)
        write_new(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


@posix
@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_a_link(path, tmp_path_factory, there):
    disk = tmp_path_factory.mktemp("disk")
    if there:
        (disk / "file").write_bytes(OLD)
        os.chmod(disk / "file", 0o600)
    os.symlink(disk / "file", path.parent / "second")
    os.symlink("second", path.parent / "first")                  # by way of another
    write_new(path.parent / "first")
    assert (path.parent / "first").is_symlink() and (path.parent / "second").is_symlink()
    assert (disk / "file").read_bytes() == NEW and os.listdir(disk) == ["file"]
    assert stat.S_IMODE((disk / "file").stat().st_mode) == 0o600 or not there


@posix
def test_another_name_of_the_old_file_keeps_what_it_had(path):
    """As a copy of a folder that was made with `cp -l`."""
    os.link(path, path.parent / "copy")
    write_new(path)
    assert path.read_bytes() == NEW and (path.parent / "copy").read_bytes() == OLD


@posix
@pytest.mark.parametrize("linked", [True, False])
def test_what_is_no_file_is_not_replaced(tmp_path, linked):
    os.mkfifo(tmp_path / "pipe")
    os.symlink("pipe" if linked else "link", tmp_path / "link")          # or to itself
    for name in ("pipe", "link"):
        with pytest.raises(OSError, match="expected a file or nothing in its place") as caught:
            write_new(tmp_path / name)
        assert caught.value.filename == str(tmp_path / name)
    assert sorted(os.listdir(tmp_path)) == ["link", "pipe"]
    with pytest.raises(OSError, match="got something else"):
        write_new("/dev/null")


# ---------------------------------------------------------------------- odd disks

@pytest.mark.parametrize("code", ["EINVAL", "ENOTSUP", "ENOSYS", "EBADF"])
def test_a_file_system_that_cannot_sync(path, monkeypatch, code):
    monkeypatch.setattr(os, "fsync", refusing(getattr(errno, code)))
    write_new(path)
    assert path.read_bytes() == NEW and os.listdir(path.parent) == [path.name]


@posix
def test_a_folder_that_may_be_written_to_but_not_be_read(path, monkeypatch):
    open_ = os.open

    def opened(name, flags, *rest):
        if os.path.isdir(name):
            raise PermissionError(errno.EACCES, "Permission denied", name)
        return open_(name, flags, *rest)
    monkeypatch.setattr(os, "open", opened)
    write_new(path)
    assert path.read_bytes() == NEW


@posix
def test_a_folder_that_fails_to_sync_is_told_under_the_name_of_the_file(path, monkeypatch):
    fsync = os.fsync

    def failing(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fsync(descriptor)
    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(OSError) as caught:
        write_new(path)
    assert (caught.value.errno, caught.value.filename) == (errno.EIO, str(path))


NAMES = ["é" * 120 + ".npz", "\U0001f600" * 60 + ".png", "x" * 251 + ".npz", "x" * 255,
         "x." + "y" * 253, ".npz", "a\nb.npz"]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name[:5]))
def test_any_name_that_the_system_takes(tmp_path, name):
    left = []

    def write(file):
        left.extend(os.listdir(tmp_path))
        file.write(NEW)
    try:
        (tmp_path / name).write_bytes(OLD)
    except OSError:
        pytest.skip("no such name on this system")
    (tmp_path / name).unlink()
    files.write_atomically(tmp_path / name, write)
    assert os.listdir(tmp_path) == [name] and len(os.fsencode(left[0])) < 120
    assert left[0].startswith(name[:10])
    assert files.stale(tmp_path) == []
    (tmp_path / left[0]).write_bytes(b"half")
    assert (files.stale(tmp_path) == left) == name.endswith(("xx.npz", ".png", "é.npz", "b.npz"))


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
