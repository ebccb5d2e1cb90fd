"""The exercises: each has its form and the package's forward; the judge helps with every attempt.

The solutions stand here, not beside the exercises: an attempt is the exercise's own text with some
of its blanks filled in, as a student would.
"""
import ast
import inspect
import re
import runpy
import shlex
from pathlib import Path

import numpy as np
import pytest

from helpers import needed_by
from helpers_cli import call

from numpyvae import VAE
from numpyvae.latent import kl_divergence, kl_per_dim, reparameterize
from numpyvae.layers import dense, relu
from numpyvae.likelihoods import Bernoulli

ROOT   = Path(__file__).parent.parent
FOLDER = ROOT / "tutorials" / "exercises"
INDEX  = (FOLDER / "README.md").read_text(encoding="utf-8")

SIZES = {"N": 3, "D": 7, "H": 5, "Z": 2}
SHAPES = {"x": "ND", "a": "NH", "logits": "ND", "mu": "NZ", "logvar": "NZ", "eps": "NZ", "W": "DH",
          "b": "H", "W1": "DH", "b1": "H", "W_mu": "HZ", "b_mu": "Z", "W_logvar": "HZ",
          "b_logvar": "Z", "W3": "ZH", "b3": "H", "W4": "HD", "b4": "D", "z": "NZ", "h1": "NH",
          "a1": "NH", "h3": "NH", "a3": "NH", "weight": "HD", "bias": "H"}
# Of pages whose names have other shapes than in the network.
OWN_SHAPES = {"8_kl_by_pencil":   {"mu": "N", "logvar": "N"},
              "10_find_the_code": {"W": "ZD", "b": "D"},
              "11_bound":         {"mu": "N", "logvar": "N", "x": "N"}}

PROBS = "1 / (1 + np.exp(-logits))"
SOLUTIONS = {
    "1_dense": {"dx": "dy @ W.T", "dW": "x.T @ dy", "db": "dy.sum(axis=0)"},
    "2_relu": {"da": "dh * (a > 0)"},
    "3_bernoulli_loss": {"dlogits": f"drecon[:, None] * ({PROBS} - x)"},
    "4_reparameterize": {"dmu": "dz", "dlogvar": "dz * eps * 0.5 * std"},
    "5_kl": {"dmu": "dkl[:, None] * mu", "dlogvar": "dkl[:, None] * 0.5 * np.expm1(logvar)"},
    "6_vae_on_one_page": {
        "drecon": "dloss / len(x)",
        "dlogits": f"drecon * ({PROBS} - x)", "dW4": "h3.T @ dlogits", "db4": "dlogits.sum(axis=0)",
        "dh3": "dlogits @ W4.T",
        "da3": "dh3 * (a3 > 0)", "dW3": "z.T @ da3", "db3": "da3.sum(axis=0)",
        "dz": "da3 @ W3.T",
        "dmu": "dz + drecon * mu", "dW_mu": "h1.T @ dmu", "db_mu": "dmu.sum(axis=0)",
        "dlogvar": "dz * eps * 0.5 * std + drecon * 0.5 * np.expm1(logvar)",
        "dW_logvar": "h1.T @ dlogvar", "db_logvar": "dlogvar.sum(axis=0)",
        "dh1": "dmu @ W_mu.T + dlogvar @ W_logvar.T",
        "da1": "dh1 * (a1 > 0)", "dW1": "x.T @ da1", "db1": "da1.sum(axis=0)"},
    "8_kl_by_pencil": {"dmu": "dkl * [1, -2, 0.5]", "dlogvar": "dkl * [1.5, -0.375, 4]"},
    "9_free_bits": {"dmu": "dcost[:, None] * mu * (kl > FREE)",
                    "dlogvar": "dcost[:, None] * 0.5 * np.expm1(logvar) * (kl > FREE)"},
    "10_find_the_code": {"dz": f"dcost[:, None] * (({PROBS} - x) @ W.T + z)"},
    "11_bound": {"dmu": "dcost * (mu - W_DEC * (x - W_DEC * mu) / X_STD ** 2)",
                 "dlogvar": "dcost * 0.5 * (np.exp(logvar) * (1 + (W_DEC / X_STD) ** 2) - 1)"},
    "12_linear_like_pytorch": {"dx": "dy @ weight", "dweight": "dy.T @ x",
                               "dbias": "dy.sum(axis=0)"}}

GUILTY = "dlogvar_kl = dkl * 0.5 * (std - 1)"                # number 7's line: σ in the place of σ²
MENDED = "dlogvar_kl = dkl * 0.5 * (std ** 2 - 1)"

# What students write, and what the judge must say of it.
MISTAKES = [
    ("1_dense", {"dx": "-dy @ W.T"}, ["x: the sign is flipped"]),
    ("1_dense", {"dW": "dy.T @ x"}, ["W: ", "it is the transpose"]),
    ("1_dense", {"db": "dy"}, ["b: ", "not summed over the batch"]),
    ("1_dense", {"db": "dy.sum()"}, ["b: ", "axis=0"]),
    ("1_dense", {"dx": "dy @ W"},
     ["line {dx}", "in the product dy @ W, the shapes (3, 5) and (7, 5) do not fit"]),
    ("2_relu", {"da": "dh"}, ["a: 6 of its 15 elements are wrong"]),
    ("2_relu", {"da": "a > 0"}, ["a: it does not depend on dh"]),
    ("2_relu", {"da": "dh * (a < 0)"}, ["a[", "no simple rule"]),
    ("2_relu", {"da": "np.maximum(dh, 0)"}, ["a["]),
    ("2_relu", {"da": "dh * a * (a > 0)"}, ["a[", "no simple rule"]),
    ("3_bernoulli_loss", {"dlogits": f"drecon[:, None] * (x - {PROBS})"},
     ["logits: the sign is flipped"]),
    ("3_bernoulli_loss", {"dlogits": f"drecon * ({PROBS} - x)"}, ["line {dlogits}", "(3,) (3,7)"]),
    ("3_bernoulli_loss",
     {"dlogits": f"drecon[:, None] * ({PROBS} - x).mean(axis=1, keepdims=True)"},
     ["logits: expected a gradient of shape (3, 7), got (3, 1)"]),
    ("4_reparameterize", {"dmu": "dz * std"}, ["mu[", "no simple rule"]),
    ("4_reparameterize", {"dlogvar": "dz * eps * std"}, ["logvar: twice", "½"]),
    ("4_reparameterize", {"dlogvar": "dz * eps * 0.5"}, ["logvar[", "no simple rule"]),
    ("5_kl", {"dmu": "dkl[:, None] * 2 * mu"}, ["mu: twice", "½"]),
    ("5_kl", {"dlogvar": "dkl[:, None] * 0.5 * np.exp(logvar)"}, ["logvar[", "no simple rule"]),
    ("5_kl", {"dlogvar": "dkl[:, None] * 0.5 * (1 - np.exp(logvar))"},
     ["logvar: the sign is flipped"]),
    ("6_vae_on_one_page", {"drecon": "dloss"},
     ["W4, b4, W3, b3, W_mu, b_mu, W_logvar, b_logvar, W1, b1: ", "3 times"]),
    ("6_vae_on_one_page", {"drecon": "1 / len(x)"}, ["W1, b1: it does not depend on dloss"]),
    ("6_vae_on_one_page", {"dmu": "dz"}, ["the error enters at W_mu"]),
    ("6_vae_on_one_page", {"da3": "dh3"}, ["the error enters at W3"]),
    ("6_vae_on_one_page", {"dh1": "dmu @ W_mu.T"}, ["the error enters at W1"]),
    ("6_vae_on_one_page", {"dW3": "h3.T @ da3"},
     ["W3: expected a gradient of shape (2, 5), got (5, 5)"]),
    ("8_kl_by_pencil", {"dmu": "dkl * [-1, 2, -0.5]"}, ["mu: the sign is flipped"]),
    ("8_kl_by_pencil", {"dlogvar": "dkl * [3, -0.75, 8]"}, ["logvar: twice", "½"]),
    ("9_free_bits", {"dmu": "dcost[:, None] * mu"}, ["mu: ", "3 of its 6 elements are wrong"]),
    ("9_free_bits", {"dlogvar": "dcost[:, None] * np.expm1(logvar) * (kl > FREE)"},
     ["logvar: twice", "½"]),
    ("10_find_the_code", {"dz": f"dcost[:, None] * ({PROBS} - x) @ W.T"}, ["z["]),
    ("10_find_the_code", {"dz": f"-dcost[:, None] * (({PROBS} - x) @ W.T + z)"},
     ["z: the sign is flipped"]),
    ("11_bound", {"dmu": "dcost * mu"}, ["mu["]),
    ("11_bound", {"dlogvar": "dcost * (np.exp(logvar) * (1 + (W_DEC / X_STD) ** 2) - 1)"},
     ["logvar: twice", "½"]),
    ("12_linear_like_pytorch", {"dweight": "x.T @ dy"}, ["weight: ", "it is the transpose"]),
    ("12_linear_like_pytorch", {"dx": "dy @ weight.T"}, ["line {dx}"])]

PAGES = sorted((path.stem for path in FOLDER.glob("*.py")),
               key=lambda stem: int(stem.partition("_")[0]))
each_page = pytest.mark.parametrize("page", PAGES)
each_blank_page = pytest.mark.parametrize("page", SOLUTIONS)


def text_of(page):
    return (FOLDER / f"{page}.py").read_text(encoding="utf-8")


def names_of(page):
    """The names of a page's forward and backward."""
    names = [node.name for node in ast.parse(text_of(page)).body
             if isinstance(node, ast.FunctionDef)]
    assert len(names) == 3 and names[1:] == [f"{names[0]}_backward", "example"]
    return names[:2]


def functions_of(path):
    """The forward, the backward and the example of a page, which may have been filled in."""
    space = runpy.run_path(str(path))
    forward, backward = names_of(path.stem)
    return space[forward], space[backward], space["example"]


def in_a_tuple(grads):
    """What a backward returns: one gradient, several, or a dictionary."""
    if isinstance(grads, dict):
        return tuple(grads.values())
    return grads if isinstance(grads, tuple) else (grads,)


def blanks_of(page):
    """The names that a page leaves blank, in its order, each with its line."""
    return {found[1]: number for number, line in enumerate(text_of(page).splitlines(), start=1)
            if (found := re.match(r"    (\w+) = \.\.\. ", line))}


def filled(page, lines):
    """The text of a page with these of its blanks filled in."""
    text = text_of(page)
    for name, code in lines.items():
        text, count = re.subn(rf"^    {name} = \.\.\. ", lambda _: f"    {name} = {code} ", text,
                              flags=re.MULTILINE)
        assert count == 1, name
    return text


def judge(capsys, folder, page, text):
    """What the judge says of this text of a page  ->  exit status, standard output."""
    (folder / f"{page}.py").write_text(text, encoding="utf-8")
    status, out, err = call(capsys, "check", f"{folder / page}.py:{','.join(names_of(page))}")
    assert err == "" and "Traceback" not in out
    return status, out


def verdicts(out):
    """The last column of the judge's table, by name."""
    return dict(re.findall(r"^(\w+) +\|.*\| (\w+)$", out, re.MULTILINE)[1:])


# ---------------------------------------------------------------------- the pages

def number_of(page):
    return page.partition("_")[0]


def shapes_of(page):
    return {**SHAPES, **OWN_SHAPES.get(page, {})}


def test_there_are_twelve():
    assert [number_of(page) for page in PAGES] == [str(number) for number in range(1, 13)]
    assert sorted([*SOLUTIONS, "7_find_the_line"]) == sorted(PAGES)


@each_page
def test_a_page_has_the_form_of_one(page):
    text = text_of(page)
    tree = ast.parse(text)
    assert 30 <= len(text.splitlines()) <= 100
    assert re.match(rf"{number_of(page)}\. [^\n]+\.  \(blog, section 2[.:][^\n]+lesson \d[^\n]*\)"
                    "\n\n", ast.get_docstring(tree))
    assert [ast.unparse(node) for node in ast.walk(tree)
            if isinstance(node, (ast.Import, ast.ImportFrom))] == ["import numpy as np"]
    assert all(ast.get_docstring(node) for node in tree.body if isinstance(node, ast.FunctionDef))
    *_, last = text.rstrip().split("\n\n\n")
    assert last.startswith("# To think about") and last.endswith("?")
    assert all(line.startswith("# ") for line in last.splitlines())


@each_page
def test_a_backward_is_given_a_gradient_and_what_its_forward_was_given(page):
    forward, backward, _ = functions_of(FOLDER / f"{page}.py")
    arguments = list(inspect.signature(forward).parameters)
    dout, *needed = inspect.signature(backward).parameters
    assert dout.startswith("d") and needed
    assert needed == [name for name in arguments if name in needed]


@each_page
def test_the_legend_s_names_are_obeyed(page):
    names = {node.id for node in ast.walk(ast.parse(text_of(page))) if isinstance(node, ast.Name)}
    assert not names & {"sigma", "elbo", "log_var", "epsilon", "lamda"}


@each_blank_page
def test_every_line_of_the_solution_is_blank_and_says_its_shape(page):
    assert list(blanks_of(page)) == list(SOLUTIONS[page])
    for name, comment in re.findall(r"^    d(\w+) = \.\.\. +# (.*)$", text_of(page), re.MULTILINE):
        assert comment.startswith(written(shapes_of(page).get(name))), name


def written(shape):
    """A shape as a comment has it: (N, D), (H,), or, without axes, one number."""
    if shape is None:
        return "one number"
    return f"({shape},)" if len(shape) == 1 else f"({', '.join(shape)})"


@each_page
def test_the_solutions_are_not_beside_the_exercises(page):
    squeezed = re.sub(r"\s+", "", text_of(page) + INDEX)
    for name, code in SOLUTIONS.get(page, {"": MENDED}).items():
        assert re.sub(r"\s+", "", f"d{name}={code}" if len(code) < 4 else code) not in squeezed
    assert "solution" not in text_of(page)


@each_page
def test_the_example_has_no_two_equal_sizes_and_the_legend_s_shapes(page):
    forward, _, example = functions_of(FOLDER / f"{page}.py")
    args, again = example(), example()
    names = list(inspect.signature(forward).parameters)
    for name, arg, same in zip(names, args, again, strict=True):
        assert arg.shape == tuple(SIZES[axis] for axis in shapes_of(page)[name]), name
        assert arg.dtype == np.float64 and np.array_equal(arg, same)
        assert arg.all(), "zeros can hide a wrong gradient"


@each_page
def test_every_number_of_the_example_matters(page, tmp_path):
    path = tmp_path / f"{page}.py"
    path.write_text(filled(page, SOLUTIONS.get(page, {})), encoding="utf-8")
    forward, backward, example = functions_of(path)
    args = example()
    out = forward(*args)
    grads = backward(np.ones(out.shape), *needed_by(backward, forward, args))
    shut = {"2_relu": 6, "9_free_bits": 3}.get(page, 0)           # there zeros are the whole point
    assert all(np.count_nonzero(grad) == grad.size - shut for grad in in_a_tuple(grads))


@each_page
def test_the_index_has_every_page_with_its_blanks_and_its_lesson(page):
    link = r"\[(\d+)\]\(\.\./0?(\d+)_(\w+)\.py\)"
    row, = re.findall(rf"^\| \[`{page}`\]\({page}\.py\) \| .+ \| (\w+) \| (.+) \| {link} \|$",
                      INDEX, re.MULTILINE)
    count, section, lesson, number, stem = row
    assert count == str(len(blanks_of(page)) or "none")
    assert lesson == number and (ROOT / "tutorials" / f"{int(number):02}_{stem}.py").is_file()
    title = text_of(page).splitlines()[0]
    assert f"lesson {lesson}" in title and f"section {section.split(',')[0]}" in title


def test_the_index_explains_what_the_judge_says(capsys, tmp_path):
    page, blanks = "6_vae_on_one_page", SOLUTIONS["6_vae_on_one_page"]
    attempts = [{}, blanks, {**blanks, "dmu": "dz"}, {"dh3": "dlogits @ W4.T"}]
    said = "".join(judge(capsys, tmp_path, page, filled(page, attempt))[1] for attempt in attempts)
    told = re.findall(r"`yes`|`NO`|no simple rule|the error enters at|still blank|line",
                      INDEX.split("| it says |")[1])
    assert len(set(told)) == 6 and all(words.strip("`") in said for words in told)


def test_the_index_shows_a_pair_of_the_first_page():
    forward, backward = re.findall(r"= (dense\w*\(.*\))$", INDEX, re.MULTILINE)
    assert f"def {forward}:" in text_of(PAGES[0]) and f"def {backward}:" in text_of(PAGES[0])


def test_the_index_of_the_lessons_leads_here():
    index = (ROOT / "tutorials" / "README.md").read_text(encoding="utf-8")
    assert "](exercises/README.md)" in index


def test_every_link_of_the_index_leads_somewhere():
    links = re.findall(r"\]\(([^)]+)\)", INDEX)
    assert len(links) > 14 and all((FOLDER / link).is_file() for link in links)


# ---------------------------------------------------------------------- the forward

def vae_loss(W1, b1, W_mu, b_mu, W_logvar, b_logvar, W3, b3, W4, b4, x, eps):
    params = {"W1": W1, "b1": b1, "W_mu": W_mu, "b_mu": b_mu, "W_logvar": W_logvar,
              "b_logvar": b_logvar, "W3": W3, "b3": b3, "W4": W4, "b4": b4}
    vae = VAE(SIZES["D"], SIZES["H"], SIZES["Z"])
    loss, _, _ = vae.loss(x, eps, params=params)
    return loss


def free_bits(mu, logvar):
    return sum(np.maximum(kl_per_dim(mu[:, j], logvar[:, j]), 0.2) for j in range(mu.shape[1]))


def code_cost(z, W, b, x):
    return Bernoulli().neg_log_p(dense(z, W, b), x) + np.square(z).sum(axis=1) / 2


def neg_bound(mu, logvar, x):
    """By the average over nodes that are exact for a square."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(3)
    z     = mu + np.exp(0.5 * logvar) * nodes[:, None]
    recon = weights / weights.sum() @ np.square((x - 1.5 * z) / 0.8) / 2
    return recon + kl_per_dim(mu, logvar)


def linear(x, weight, bias):
    return dense(x, weight.T, bias)


PACKAGE = [dense, relu, Bernoulli().neg_log_p, reparameterize, kl_divergence, vae_loss, vae_loss,
           kl_per_dim, free_bits, code_cost, neg_bound, linear]


@pytest.mark.parametrize("page, package", list(zip(PAGES, PACKAGE, strict=True)))
def test_the_forward_computes_what_the_package_s_does(page, package):
    forward, _, example = functions_of(FOLDER / f"{page}.py")
    args = example()
    kept = [arg.copy() for arg in args]
    np.testing.assert_allclose(forward(*args), package(*args), rtol=1e-14)   # measured: 6e-16
    assert all(np.array_equal(arg, was) for arg, was in zip(args, kept))


# ---------------------------------------------------------------------- the judge

@each_page
def test_the_command_on_the_page_is_the_one_that_judges_it(page, capsys, monkeypatch):
    command, = re.findall(r"^    (numpyvae .*)$", ast.get_docstring(ast.parse(text_of(page))),
                          re.MULTILINE)
    assert command == f"numpyvae check tutorials/exercises/{page}.py:{','.join(names_of(page))}"
    monkeypatch.chdir(ROOT)
    status, out, err = call(capsys, *shlex.split(command)[1:])
    assert status == 1 and out and err == ""


def test_the_command_in_the_index_is_the_first_page_s():
    command, = re.findall(r"^    (numpyvae check .*)$", INDEX, re.MULTILINE)
    assert command in text_of(PAGES[0])


@each_blank_page
def test_a_blank_page_is_told_what_is_blank_and_where_to_begin(page, capsys, tmp_path):
    status, out = judge(capsys, tmp_path, page, text_of(page))
    assert status == 1 and "blank" in out
    found = [out.index(f"{name} (line {line})") for name, line in blanks_of(page).items()]
    assert found == sorted(found)
    assert f"Begin with {next(iter(blanks_of(page)))}:" in out
    assert "NO" not in out


@each_blank_page
def test_a_right_page_is_told_so(page, capsys, tmp_path):
    status, out = judge(capsys, tmp_path, page, filled(page, SOLUTIONS[page]))
    assert status == 0 and "blank" not in out
    assert f"{names_of(page)[1]} is right: " in out.splitlines()[-1]
    assert set(verdicts(out).values()) == {"yes"}


@pytest.mark.parametrize("page, mistake, words", MISTAKES)
def test_a_wrong_page_is_told_what_is_wrong(page, mistake, words, capsys, tmp_path):
    status, out = judge(capsys, tmp_path, page, filled(page, {**SOLUTIONS[page], **mistake}))
    assert status == 1 and "blank" not in out
    for word in words:
        assert word.format(**blanks_of(page)) in out


def test_each_exercise_has_two_mistakes_at_least():
    assert all(sum(page == wrong for wrong, _, _ in MISTAKES) >= 2 for page in SOLUTIONS)


@pytest.mark.parametrize("page", [page for page, lines in SOLUTIONS.items() if 1 < len(lines) < 10])
def test_of_a_page_half_filled_in_the_filled_half_is_judged(page, capsys, tmp_path):
    (first, code), *others = SOLUTIONS[page].items()
    for attempt, verdict in ((code, "yes"), (f"2 * ({code})", "NO")):
        status, out = judge(capsys, tmp_path, page, filled(page, {first: attempt}))
        assert status == 1 and verdicts(out)[first[1:]] == verdict
        assert ("twice" in out) == (verdict == "NO")
        assert all(f"{name} (line " in out for name, _ in others) and f"{first} (line" not in out


@pytest.mark.parametrize("count", [4, 8, 12, 15])
def test_the_whole_network_can_be_filled_in_line_by_line(count, capsys, tmp_path):
    page, lines = "6_vae_on_one_page", [*SOLUTIONS["6_vae_on_one_page"].items()]
    done, left = dict(lines[:count]), [name for name, _ in lines[count:]]
    parameters = [name[1:] for name in done if name[1] in "Wb"]
    status, out = judge(capsys, tmp_path, page, filled(page, done))
    assert status == 1 and all(verdicts(out).get(name) == "yes" for name in parameters)
    assert "NO" not in out and "So far it is right" in out and f" with {left[0]}:" in out
    status, out = judge(capsys, tmp_path, page, filled(page, {**done, "dW4": "2 * h3.T @ dlogits"}))
    assert status == 1 and verdicts(out)["W4"] == "NO" and "W4: twice" in out
    assert "Mend what is wrong" in out and f" with {left[0]}:" in out


@pytest.mark.parametrize("lines, blank", [
    ({"dh3": "dlogits @ W4.T"}, "dlogits"),                              # NumPy's ValueError
    ({"da3": "dh3 * (a3 > 0)"}, "dh3"),                                  # Python's TypeError
    ({"db4": "dlogits.sum(axis=0)"}, "dlogits"),                         # Python's AttributeError
    ({"drecon": "dloss / len(x)", "dmu": "dz + drecon * mu"}, "dz")])
def test_who_uses_a_blank_is_told_which(lines, blank, capsys, tmp_path):
    page = "6_vae_on_one_page"
    status, out = judge(capsys, tmp_path, page, filled(page, lines))
    *_, user = lines
    assert status == 1 and f"line {blanks_of(page)[user]}" in out
    assert f"{blank}, which is still blank (line {blanks_of(page)[blank]})" in out
    assert "ellipsis" not in out


# ---------------------------------------------------------------------- find the line

def test_the_line_to_be_found_is_shown_to_be_wrong_and_located_but_not_named(capsys, tmp_path):
    page = "7_find_the_line"
    status, out = judge(capsys, tmp_path, page, text_of(page))
    wrong = [name for name, verdict in verdicts(out).items() if verdict == "NO"]
    assert status == 1 and wrong == ["W_logvar", "b_logvar", "W1", "b1"]
    assert list(verdicts(out).values()).count("yes") == 6
    assert "the error enters at W_logvar" in out
    assert "dlogvar" not in out and "std" not in out and "kl" not in out
    assert text_of(page).count(GUILTY) == 1


@pytest.mark.parametrize("line", [MENDED, "dlogvar_kl = dkl * 0.5 * (np.exp(logvar) - 1)",
                                  "dlogvar_kl = dkl * np.expm1(logvar) / 2"])
def test_whoever_finds_the_line_is_told_so(line, capsys, tmp_path):
    page = "7_find_the_line"
    status, out = judge(capsys, tmp_path, page, text_of(page).replace(GUILTY, line))
    assert status == 0 and "vae_loss_backward is right: 10 " in out
    assert set(verdicts(out).values()) == {"yes"}


@pytest.mark.parametrize("old, new", [
    (GUILTY, "dlogvar_kl = dkl * (std - 1)"),
    (GUILTY, "dlogvar_kl = dkl * 0.5 * std ** 2"),
    ("dlogvar_z = dstd * 0.5 * std", "dlogvar_z = dstd * std"),
    ("dmu_kl = dkl * mu", "dmu_kl = dkl * mu / 2")])
def test_another_line_or_another_guess_stays_wrong(old, new, capsys, tmp_path):
    page = "7_find_the_line"
    assert text_of(page).count(old) == 1
    status, out = judge(capsys, tmp_path, page, text_of(page).replace(old, new))
    assert status == 1 and "NO" in verdicts(out).values()
