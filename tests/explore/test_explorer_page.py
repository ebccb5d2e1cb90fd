"""The explorer as a page, without a browser: what is in the file, and what is not.

What it does in a browser is tested in tests/browser/test_explorer.py.
"""
import base64
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numpyvae import IWAE, VAE, Autoencoder, ConditionalVAE
from numpyvae.datasets import load_digits
from numpyvae.evaluate import mean_kl_per_dim
from numpyvae.explore import page, write_page

SIZES  = 12, 7, 4                                                 # D, H, Z
SHAPE  = 4, 3
X      = np.random.default_rng(0).random((30, 12))
LABELS = np.arange(30) % 3
MODELS = {"vae":      VAE(*SIZES, rng=1),
          "cvae":     ConditionalVAE(*SIZES, num_classes=5, rng=1),
          "iwae":     IWAE(*SIZES, rng=1),
          "gaussian": VAE(*SIZES, likelihood="gaussian", rng=1)}


def data_of(html):
    """What the page's program is given, as plain values."""
    text, = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    return json.loads(text)


def numbers(text, dtype):
    return np.frombuffer(base64.b64decode(text), dtype)


def unpacked(packed):
    """An array of the page, as decoder.js reads it."""
    shape = packed["shape"]
    if "scales" not in packed:
        return numbers(packed["numbers"], "<f4").reshape(shape)
    scales = numbers(packed["scales"], "<f4").astype(float)
    return scales[:, None] * numbers(packed["numbers"], "<i2").reshape(shape)


def rendered(name="vae", **options):
    return page.render(MODELS[name], X, SHAPE, **{"labels": LABELS, **options})


# ---------------------------------------------------------------------- the file

VOID = {"meta", "link", "input", "br", "hr", "img"}


class Reader(HTMLParser):
    """Notes every element and attribute, and that each end has its beginning."""

    def __init__(self, html):
        super().__init__()
        self.open, self.found = [], []
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def names(self, attribute):
        return [found[attribute] for _, found in self.found if attribute in found]


@pytest.mark.parametrize("name", MODELS)
def test_it_is_well_formed_and_every_part_is_there(name):
    html = rendered(name)
    read = Reader(html)
    tags = [tag for tag, _ in read.found]
    assert html.startswith("<!doctype html>") and ("html", {"lang": "en"}) in read.found
    assert tags.count("h1") == tags.count("main") == tags.count("noscript") == 1
    ids = read.names("id")
    assert len(set(ids)) == len(ids)
    used = set(re.findall(r'\$\("(\w+)"\)', "".join(map(page._read, page.SCRIPTS))))
    assert used <= set(ids) and len(used) > 15                    # what the program looks for
    assert set(read.names("aria-labelledby")) <= set(ids)
    told = [found["data-do"] for _, found in read.found if "data-do" in found]
    assert sorted(told) == ["codes", "dark", "map", "origin", "random", "smooth", "test", "walk"]


def test_it_asks_nothing_of_anyone():
    html = rendered()
    read = Reader(html)
    assert not re.search(r"https?:|url\(|@import|import\(|fetch|XMLHttp|sendBeacon|WebSocket", html)
    assert read.names("src") == [] and read.names("href") == ["data:,"]
    policy, = [found["content"] for tag, found in read.found if "http-equiv" in found]
    assert policy == "default-src 'unsafe-inline' 'unsafe-eval' data:"


def test_names_that_look_like_html_are_only_text():
    html = rendered(learned_from="</script><b>&", home='"><i>')
    read = Reader(html)
    assert "b" not in dict(read.found) and "i" not in dict(read.found)
    assert "learned from &lt;/script&gt;&lt;b&gt;&amp;" in html
    assert [href for href in read.names("href") if href != "data:,"] == ['"><i>']


def test_a_page_of_a_book_leads_back():
    assert '<a href="index.html">all lessons</a>' in rendered(home="index.html")
    assert "<a " not in rendered()


@pytest.mark.parametrize("sizes, shape, n, most",
                         [((64, 256, 10), (8, 8), 299, 150_000),
                          ((784, 400, 20), (28, 28), 1200, 1_200_000)])
def test_it_is_small(sizes, shape, n, most):
    x = np.random.default_rng(0).integers(0, 256, (n, sizes[0]), np.uint8)
    html = page.render(VAE(*sizes, dtype=np.float32), x, shape, np.arange(n) % 10)
    assert most / 2 < len(html.encode()) < most
    assert len(page.render(VAE(*sizes), x, shape, exact=True).encode()) < 2 * most


def test_it_is_written_whole_and_the_same_each_time(tmp_path, monkeypatch):
    path = tmp_path / "page.html"
    write_page(path, MODELS["vae"], X, SHAPE, LABELS, learned_from="noise")
    assert path.read_text(encoding="utf-8") == rendered(learned_from="noise")
    assert "VAE, 12-7-4, learned from noise" in rendered(learned_from="noise")
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]
    write_page(path, MODELS["vae"], X, SHAPE, learned_from="\udcff")      # a name that is not text
    assert b"learned from ?" in path.read_bytes()
    with pytest.raises(ValueError, match="image_shape"):
        write_page(tmp_path / "other.html", MODELS["vae"], X, (5, 3))
    assert not (tmp_path / "other.html").exists()


# ---------------------------------------------------------------------- the network in it

@pytest.mark.parametrize("name", MODELS)
def test_exact_weights_come_back_to_the_bit(name):
    weights = data_of(rendered(name, exact=True))["weights"]
    assert list(weights) == ["W3", "b3", "W4", "b4"]
    for key, packed in weights.items():
        expected = MODELS[name].params[key].astype(np.float32)
        assert np.array_equal(unpacked(packed), expected)


@given(st.integers(0, 2 ** 32 - 1), st.integers(1, 5), st.integers(1, 6), st.integers(-40, 30))
def test_sixteen_bits_are_as_close_as_whole_numbers_can_be(seed, rows, columns, exponent):
    rng   = np.random.default_rng(seed)
    array = rng.standard_normal((rows, columns)) * 10.0 ** exponent
    array[rng.random(rows) < 0.2] = 0                             # a unit that weighs nothing
    found = unpacked(page._packed(array, exact=False))
    step  = np.abs(array).max(axis=1, keepdims=True) / page.WHOLE
    assert (np.abs(found - array) <= 0.51 * step + 1e-40).all()   # float32 ends at about 1e-45
    assert not found[~array.any(axis=1)].any()


def test_biases_keep_their_bits():
    weights = data_of(rendered())["weights"]
    for key in ("b3", "b4"):
        assert np.array_equal(unpacked(weights[key]), MODELS["vae"].params[key].astype(np.float32))
    assert "scales" in weights["W3"] and "scales" in weights["W4"]


def test_weights_that_16_bit_floating_point_could_not_hold():
    vae = VAE(*SIZES, rng=1)
    vae.params["W3"] *= 1e6                                       # more than 65504
    vae.params["W4"] *= 1e-9                                      # less than 6e-8
    weights = data_of(page.render(vae, X, SHAPE))["weights"]
    for key in ("W3", "W4"):
        np.testing.assert_allclose(unpacked(weights[key]), vae.params[key],
                                   atol=np.abs(vae.params[key]).max() / page.WHOLE)


@pytest.mark.parametrize("name", MODELS)
def test_what_the_program_is_told(name):
    model, data = MODELS[name], data_of(rendered(name))
    assert (data["D"], data["H"], data["Z"]) == SIZES and data["shape"] == list(SHAPE)
    assert data["gaussian"] == (name == "gaussian") and data["double"] is True
    kl = mean_kl_per_dim(model, X, LABELS)
    np.testing.assert_allclose(data["kl"], kl, atol=1e-4)
    assert data["order"] == np.argsort(-kl).tolist()
    assert (data["M"] is None) == (name != "cvae")
    if name == "cvae":
        assert np.array_equal(unpacked(data["M"]), model.params["M"].astype(np.float32))


def test_of_many_dimensions_the_most_active_have_sliders():
    vae = VAE(12, 7, 20, rng=1)
    kl  = mean_kl_per_dim(vae, X)
    assert data_of(page.render(vae, X, SHAPE))["order"] == np.argsort(-kl)[:12].tolist()


# ---------------------------------------------------------------------- images, codes, labels

@pytest.mark.parametrize("in_bytes", [False, True])
@pytest.mark.parametrize("name", MODELS)
def test_codes_and_images_are_those_of_the_test_images(name, in_bytes):
    x = np.round(255 * X).astype(np.uint8) if in_bytes else X
    data = data_of(page.render(MODELS[name], x, SHAPE, LABELS, exact=True))
    mu, _ = MODELS[name].encode(x / 255 if in_bytes else x)
    assert np.array_equal(unpacked(data["codes"]), mu.T.astype(np.float32))
    shown = numbers(data["images"], "u1").reshape(-1, 12)
    assert np.array_equal(shown, np.round(255 * X[data["chosen"]]))
    assert data["labels"] == LABELS.tolist() and data["seen"] is None


def test_every_label_is_there_in_turn():
    labels = np.array([3] * 20 + [-7] * 8 + [120, 120])
    data = data_of(rendered(labels=labels))
    assert data["kinds"] == [-7, 3, 120]
    assert labels[data["chosen"]][:5].tolist() == [-7, 3, 120, -7, 3]
    assert sorted(data["chosen"]) == list(range(30))
    assert data_of(rendered("cvae"))["kinds"] == [0, 1, 2, 3, 4]  # classes without images, too
    plain = data_of(rendered(labels=None))
    assert (plain["labels"], plain["kinds"]) == (None, [])
    assert plain["chosen"] == list(range(30))


def test_of_many_images_some_are_there():
    x, labels = np.tile(X, (40, 1)), np.tile(LABELS, 40)
    data = data_of(page.render(MODELS["vae"], x, SHAPE, labels))
    assert data["codes"]["shape"] == [4, page.CODES] and len(data["labels"]) == page.CODES
    assert len(data["chosen"]) == page.IMAGES == len(numbers(data["images"], "u1")) // 12
    for labelled in (labels, None):
        chosen = data_of(page.render(MODELS["vae"], x, SHAPE, labelled))["chosen"]
        assert max(chosen) < page.CODES and len(set(chosen)) == page.IMAGES


def test_pixels_that_nobody_saw_are_marked():
    mask = np.random.default_rng(1).random(X.shape) < 0.7
    data = data_of(rendered(mask=mask))
    assert np.array_equal(numbers(data["seen"], "u1").reshape(-1, 12), mask[data["chosen"]])


def test_grey_values_outside_0_to_1_are_cut_off():
    data = data_of(page.render(MODELS["gaussian"], 3 * X - 1, SHAPE))
    shown = numbers(data["images"], "u1").reshape(-1, 12)
    assert np.array_equal(shown, np.round(255 * np.clip(3 * X - 1, 0, 1))) and (shown == 0).any()


@given(st.integers(0, 2 ** 32 - 1), st.floats(0.01, 20), st.booleans())
def test_sliders_reach_all_codes_and_three_deviations_of_every_prior(seed, spread, with_classes):
    rng   = np.random.default_rng(seed)
    codes = spread * rng.standard_normal((9, 4))
    M     = spread * rng.standard_normal((3, 4)) if with_classes else None
    centre, reach = page._ranges(codes, M)
    for means in [[0, 0, 0, 0]] if M is None else M:
        assert (np.abs(means - centre) + 3 <= reach + 1e-9).all()
    assert (np.abs(codes - centre) < reach).all()
    assert M is not None or not centre.any()
    assert (reach >= 3).all() and not (reach % 0.5).any()
    assert (page._ranges(codes / 1000 / spread, None)[1] == 3).all()     # not more than it needs


# ---------------------------------------------------------------------- colours

BLINDNESS = {                                                     # Machado et al. 2009, severity 1
    "none":         np.eye(3),
    "protanopia":   [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                     [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
    "tritanopia":   [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                     [0.004733, 0.691367, 0.303900]]}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def colours_of(theme):
    """The colours of page.css, light (0) or dark (1), by name, as linear RGB."""
    block = re.findall(r":root.*?\{(.*?)\}", page._read("page.css"), re.DOTALL)[theme]
    found = {}
    for name, code in re.findall(r"--([\w-]+): #(\w{6});", block):
        rgb = np.array([int(code[i:i + 2], 16) for i in (0, 2, 4)]) / 255
        found[name] = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return found


def lab(rgb):
    """A linear RGB colour in CIELAB, where distances are about as large as they look."""
    xyz = XYZ @ np.clip(rgb, 0, 1) / XYZ.sum(axis=1)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(one, other):
    """The contrast ratio of WCAG 2."""
    low, high = sorted([XYZ[1] @ one + 0.05, XYZ[1] @ other + 0.05])
    return high / low


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize("blindness", BLINDNESS)
def test_no_two_labels_look_alike(theme, blindness):
    found = colours_of(theme)
    seen  = [lab(BLINDNESS[blindness] @ found[str(digit)]) for digit in range(10)]
    nearest = min(np.linalg.norm(one - other) for one, other in combinations(seen, 2))
    assert nearest > 20


@pytest.mark.parametrize("theme", [0, 1])
def test_words_and_labels_stand_out_from_what_is_behind_them(theme):
    found = colours_of(theme)
    for text, behind in (("text", "page"), ("quiet", "page"), ("text", "panel"),
                         ("accent", "panel"), ("accent", "page"), ("on-accent", "accent")):
        assert contrast(found[text], found[behind]) > 4.5
    for digit in range(10):
        assert contrast(found[str(digit)], found["paper"]) > 3
    assert contrast(found["ink"], found["paper"]) > 15


# ---------------------------------------------------------------------- what is refused

NOT_FINITE = VAE(*SIZES)
NOT_FINITE.params["b_mu"][1] = np.nan


@pytest.mark.parametrize("options, words", [
    ({"image_shape": (3, 3)},          "image_shape: expected height and width whose product is"),
    ({"image_shape": (12,)},           "image_shape: expected height and width"),
    ({"labels": LABELS[:5]},           r"labels: expected shape \(30,\), one label for each image"),
    ({"labels": LABELS / 2},           "labels: expected whole numbers, got dtype float64"),
    ({"mask": np.ones((30, 12))},      "mask: expected booleans"),
    ({"mask": np.ones((3, 12), bool)}, "mask: expected the shape of x"),
    ({"x": X[:, :5]},                  "x: expected"),
    ({"x": X[:0], "labels": None},     "x: expected at least one example"),
    ({"model": MODELS["cvae"], "labels": None}, "y: expected a label for each example"),
    ({"model": NOT_FINITE},            "model: expected a network whose codes are finite"),
    ({"model": Autoencoder(*SIZES)},   "expected a network of the class VAE, got Autoencoder")])
def test_what_makes_no_page_is_refused(options, words):
    given = {"model": MODELS["vae"], "x": X, "image_shape": SHAPE, "labels": LABELS, **options}
    with pytest.raises((ValueError, TypeError), match=words):
        page.render(**given)


# ---------------------------------------------------------------------- the house

FILES    = ["page.html", "page.css", *page.SCRIPTS]
SUFFIXES = ".html", ".css", ".js"


def test_its_files_are_in_the_package_and_keep_to_the_house_s_limits():
    folder = Path(page.__file__).parent
    setup  = (folder.parent.parent / "setup.cfg").read_text(encoding="utf-8")
    listed = re.search(r"^numpyvae\.explore = (.*)$", setup, re.MULTILINE).group(1).split(", ")
    assert sorted(listed) == sorted(FILES)
    assert set(FILES) == {path.name for path in folder.iterdir() if path.suffix in SUFFIXES}
    for name in FILES:
        lines = page._read(name).splitlines()
        assert len(lines) <= 350 and max(map(len, lines)) <= 100, name


def test_the_forward_lines_are_those_of_the_heart():
    heart = Path(page.__file__).parent.parent.joinpath("vae.py").read_text(encoding="utf-8")
    lines = [line.split() for line in page._read("decoder.js").splitlines()]
    for line in ("a3     = dense(z, W3, b3)", "h3     = relu(a3)", "logits = dense(h3, W4, b4)"):
        assert line in heart and ["const", *f"{line};".split()] in lines


def test_no_page_needs_matplotlib():
    code = "import sys, numpyvae.explore.page; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_digits_page():
    _, _, x, labels, shape = load_digits()
    data = data_of(page.render(VAE(64, 256, 10, rng=0), x, shape, labels))
    assert data["shape"] == [8, 8] and data["kinds"] == list(range(10))
    assert len(data["labels"]) == len(x) == 299


# ---------------------------------------------------------------------- other pixels than 0 to 1

def test_pixels_of_a_gaussian_are_on_the_page_from_0_to_1():
    """The images that it holds, and what its decoder makes of a code."""
    low, high = -1.5, 2.5
    x     = low + (high - low) * X
    plain = data_of(page.render(MODELS["gaussian"], x, SHAPE, pixel_range=(low, high), exact=True))
    found = numbers(plain["images"], "u1").reshape(30, 12)
    assert np.array_equal(found, np.round(255 * X))
    net = {name: unpacked(array) for name, array in plain["weights"].items()}
    z   = np.random.default_rng(1).standard_normal((5, 4))
    shown    = np.maximum(z @ net["W3"] + net["b3"], 0) @ net["W4"] + net["b4"]
    expected = (MODELS["gaussian"].decode(z) - low) / (high - low)
    np.testing.assert_allclose(shown, expected, rtol=0, atol=1e-6)     # measured: 5e-8, in 32 bits


def test_of_large_images_the_page_holds_few(monkeypatch):
    for most, count in ((50, 4), (5, 1), (10 ** 6, 30)):
        monkeypatch.setattr(page, "PIXELS", most)
        data = data_of(rendered())
        assert len(data["chosen"]) == count and len(numbers(data["images"], "u1")) == 12 * count
        assert len(data["labels"]) == 30                         # of all codes that are marked
