"""The command line of a lesson: its options, its help, and what it refuses."""
import os

import pytest

from numpyvae.narrator.arguments import MADE_BY, parse


def read(*argv, seed=None, **how):
    return parse("7. Why?", list(argv), "pictures", seed, **how)


def refused(capsys, *argv, **how):
    """The sentence on standard error with which these arguments are refused."""
    with pytest.raises(SystemExit) as stop:
        read(*argv, **how)
    out, err = capsys.readouterr()
    assert stop.value.code == 2 and out == "" and err.count("\n") == 1
    return err


def test_its_options(tmp_path):
    options = read()
    assert vars(options) == {"quick": False, "pause": False, "out": "pictures", "page": None,
                             "seed": None}
    assert read(seed=5).seed == 5
    page    = str(tmp_path / "new.html")
    options = read("--quick", "--pause", "--seed", "7", "--out", str(tmp_path), "--page", page,
                   seed=5)
    assert vars(options) == {"quick": True, "pause": True, "out": str(tmp_path), "page": page,
                             "seed": 7}


def test_without_arguments_given_they_are_the_program_s_own(monkeypatch):
    monkeypatch.setattr("sys.argv", ["lesson.py", "--quick"])
    assert parse("7. Why?", None, "pictures").quick
    assert not parse("7. Why?", [], "pictures").quick


def test_help_names_the_options_and_the_seed_only_where_there_is_one(capsys):
    for seed, offered in ((None, False), (3, True)):
        with pytest.raises(SystemExit) as stop:
            read("--help", seed=seed)
        out, err = capsys.readouterr()
        assert (stop.value.code, err) == (0, "") and "7. Why?" in out
        for word in ("--quick", "--pause", "--out DIR", "(default pictures)", "--page FILE.html"):
            assert word in out
        assert ("--seed S" in out) == ("(default 3)" in out) == offered


@pytest.mark.parametrize("argv, seed, words", [
    (["--fast"], None, ["--fast"]),
    (["quick"], None, ["quick"]),
    (["--out"], None, ["--out"]),
    (["--out", ""], None, ["--out", "folder", "empty"]),
    (["--seed", "1"], None, ["--seed"]),
    (["--seed", "-1"], 0, ["--seed", "-1", "0 or more"]),
    (["--seed", "1.5"], 0, ["--seed", "1.5"])])
def test_wrong_options_are_refused_in_a_sentence(capsys, argv, seed, words):
    sentence = refused(capsys, *argv, seed=seed)
    for word in [*words, "--help"]:
        assert word in sentence


def test_figures_cannot_lie_in_a_file(capsys, tmp_path):
    file = tmp_path / "file"
    file.write_text("precious")
    for folder in (file, file / "below"):
        sentence = refused(capsys, "--out", str(folder))
        assert "--out: expected a folder that can be written to or created" in sentence
        assert str(folder) in sentence
    assert read("--out", str(tmp_path / "new" / "deeper")).out == str(tmp_path / "new" / "deeper")
    assert os.listdir(tmp_path) == ["file"]          # no folder before there is a figure


def test_a_page_cannot_lie_where_something_else_does_or_cannot_be_written(capsys, tmp_path):
    file = tmp_path / "file.html"
    file.write_text("precious")
    (tmp_path / "link.html").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder.html").mkdir()
    for place, words in ((file, "something else"), (tmp_path / "folder.html", "something else"),
                         (tmp_path / "link.html", "something else"), (tmp_path, "ends in .html"),
                         (tmp_path / "page.txt", "ends in .html"), ("", "an empty name"),
                         (tmp_path / "none" / "page.html", "a folder that is there"),
                         (file / "page.html", "a folder that is there")):
        sentence = refused(capsys, "--page", str(place))
        assert "--page" in sentence and words in sentence and str(place) in sentence
    assert file.read_text() == "precious"


def test_a_page_may_be_new_or_replace_an_older_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("page.html", "PAGE.HTM", str(tmp_path / "page.html")):
        assert read("--page", name).page == name
    (tmp_path / "page.html").write_bytes(b"<!doctype html>\n" + MADE_BY)
    assert read("--page", "page.html").page == "page.html"
    assert sorted(os.listdir(tmp_path)) == ["page.html"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_page_cannot_lie_in_a_folder_that_cannot_be_written(capsys, tmp_path):
    tmp_path.chmod(0o500)
    assert "can be written to" in refused(capsys, "--page", str(tmp_path / "page.html"))


def test_a_notebook_s_own_arguments_are_ignored(capsys):
    kernel = ["-f", "/tmp/kernel-1.json", "--HistoryManager.hist_file=:memory:", "--ip=127.0.0.1"]
    assert "unrecognized" in refused(capsys, *kernel)
    options = read("--quick", *kernel, in_notebook=True)
    assert options.quick and not options.pause
