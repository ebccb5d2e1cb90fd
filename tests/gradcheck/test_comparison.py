"""What is compared of the arguments that come with a layer: token ids, labels, masks, generators,
dictionaries; losses without a dout; and what forward may change.
"""
import pytest

from numpyvae.cli import check, main
from numpyvae.gradcheck import check_gradients, comparison

EMBEDDING = """
import numpy as np
def forward(ids, W): return W[ids], (ids, W.shape)
def backward(dout, cache):
    ids, shape = cache
    dW = np.zeros(shape)
    np.add.at(dW, ids, dout)
    return dW
def example():
    rng = np.random.default_rng(0)
    return rng.integers(0, 6, (3, 4)), rng.standard_normal((6, 5))
"""
DICTIONARY = """
import numpy as np
def forward(x, params): return x @ params["W"] + params["b"], (x, params)
def backward(dout, cache):
    x, p = cache
    return dout @ p["W"].T, {"W": x.T @ dout, "b": dout.sum(axis=0)}
def example():
    r = np.random.default_rng(0).standard_normal
    return r((3, 4)), {"W": r((4, 5)), "b": r(5)}
"""
LOSS = """
import numpy as np
def forward(h, W, y): return 0.5 * np.sum((h @ W - y) ** 2), (h, W, h @ W - y)
def backward(cache):
    h, W, e = cache
    return e @ W.T, h.T @ e
def example():
    r = np.random.default_rng(0).standard_normal
    return {"W": r((4, 2)), "h": r((3, 4)), "y": r((3, 2))}
"""
NORM = """
import numpy as np
def forward(x, mean, train=True):
    batch = x.mean(axis=0)
    mean *= 0.9
    mean += 0.1 * batch
    return x - batch, None
def backward(dout, cache): return dout - dout.mean(axis=0)
def example(): return np.random.default_rng(0).standard_normal((5, 3)), np.zeros(3)
"""


@pytest.mark.parametrize("returned", [
    "dW", "None, dW", "{'W': dW}", "[dW]", "np.zeros_like(ids), dW", "np.ones(ids.shape), dW"])
def test_token_ids_have_no_gradient(judged, returned):
    status, out, err = judged(EMBEDDING, ("return dW", f"return {returned}"))
    assert status == 0 and not err and "backward is right: 1 gradient agrees" in out
    status, out, err = judged(EMBEDDING, ("return dW", f"return {returned}"),
                              ("np.add.at(dW, ids, dout)", "dW[ids] += dout"))
    assert status == 1 and not err and "backward is wrong" in out


def test_whole_numbers_that_can_be_moved_have_one_if_backward_says_so(judged, layer):
    ints = ("rng.random((3, 7))", "rng.integers(0, 9, (3, 7))")
    assert "backward is right: 3 gradients" in judged(layer, ints)[1]
    assert judged(layer, ints, ("dy @ W.T", "2 * dy @ W.T"))[0] == 1


def test_a_mask_and_labels(judged):
    text = """
import numpy as np
def forward(x, y, m): return np.sum(x[np.arange(3), y] * m), (x, y, m)
def backward(dout, c):
    x, y, m = c
    g = np.zeros_like(x)
    g[np.arange(3), y] = dout * m
    return g, None, None
def example(): return np.ones((3, 4)), np.array([0, 1, 2]), np.array([True, False, True])
"""
    assert judged(text)[0] == 0
    assert judged(text, ("return g, None, None", "return g, 0 * y, m"))[0] == 0
    status, out, _ = judged(text, ("return g,", "return None,"))
    assert status == 1 and "still blank: x\n" in out


@pytest.mark.parametrize("seeded", ["default_rng(3)", "RandomState(3)"])
def test_a_generator_is_copied_for_every_call(judged, seeded):
    status, out, err = judged(f"""
import numpy as np
def forward(x, p, rng):
    mask = (rng.uniform(size=x.shape) < p) / p
    return x * mask, mask
def backward(dout, mask): return dout * mask
def example(): return np.ones((6, 4)), 0.5, np.random.{seeded}
""")
    assert status == 0 and not err and "changes" not in out


def test_a_dictionary_of_parameters(judged):
    status, out, err = judged(DICTIONARY)
    assert status == 0 and not err and "3 gradients agree" in out
    assert [line.split()[0] for line in out.splitlines() if "| yes" in line] == ["x", "W", "b"]
    assert judged(DICTIONARY, ('"b": dout', '"db": dout'))[0] == 0
    status, out, _ = judged(DICTIONARY, ("x.T @ dout", "-x.T @ dout"))
    assert status == 1 and "W: the sign is flipped" in out
    status, out, _ = judged(DICTIONARY, ('{"W": x.T @ dout, "b": dout.sum(axis=0)}', "None"))
    assert status == 1 and "still blank: params" in out


def test_a_dictionary_that_is_changed(judged):
    status, out, _ = judged(DICTIONARY, ("x, p = cache", "x, p = cache; p['W'] *= 2"))
    assert status == 1 and "backward changes W, which it was given" in out


def test_a_loss_whose_backward_takes_no_dout(judged):
    status, out, err = judged(LOSS)
    assert status == 0 and not err
    assert out.startswith("my.py: grads should be the slopes of f\n"
                          "    f     = forward(h, W, y)[0]\n"
                          "    grads = backward(forward(h, W, y)[1])\n")
    status, out, err = judged(LOSS, ("@ e\n", "@ e / 3\n"))
    assert status == 1 and "W: " in out


@pytest.mark.parametrize("returned, parameters, grads", [
    ("0.5 * np.sum((h @ W - y) ** 2)", "h, W, y", "(h, W, y)"),
    ("0.5 * np.sum((h @ W - y) ** 2)", "y, *, h, W, loud=False", "(y, h, W)"),
    ("0.5 * np.sum((h @ W - y) ** 2), 1.0, 2.0", "h, W, y", "(h, W, y)")])
def test_a_loss_whose_backward_takes_its_arguments(judged, returned, parameters, grads):
    status, out, err = judged(LOSS, ("0.5 * np.sum((h @ W - y) ** 2), (h, W, h @ W - y)", returned),
                              ("backward(cache)", f"backward({parameters})"),
                              ("h, W, e = cache", "e = h @ W - y"))
    assert status == 0 and not err and f"grads = backward{grads}\n" in out
    assert "taken for a cache" not in out


def test_running_statistics_are_a_state_of_its_own(judged):
    status, out, err = judged(NORM)
    assert status == 0 and not err
    assert out.endswith("(forward changes its own state: mean. "
                        "Each call was given a copy of it.)\n")
    status, out, _ = judged(NORM, ("x - batch,", "x - mean,"))
    assert status == 1 and "forward changes mean, which it was given" in out


@pytest.mark.parametrize("shift, words", [("1e12", "x, W"), ("0", None)])
def test_what_could_not_be_tested_is_not_right(judged, shift, words):
    status, out, err = judged(f"""
import numpy as np
def forward(x, W): return x @ W + {shift}, (x, W)
def backward(dout, cache): return {'-' * bool(words)}dout @ cache[1].T, cache[0].T @ dout
def example():
    r = np.random.default_rng(0).standard_normal
    return r((3, 4)), r((4, 2))
""")
    assert not err and status == bool(words) and ("is right" in out) is not bool(words)


def test_slopes_that_are_all_zero_were_not_seen(judged):
    status, out, _ = judged("""
import numpy as np
def forward(x): return np.maximum(x, 0)
def backward(dout, x): return 2 * dout * (x > 0)
def example(): return np.full((3, 4), -1.0)
""")
    assert status == 1 and out.splitlines()[-1].startswith(
        "backward could not be tested for x: no slope was seen")


# ---------------------------------------------------------------------- options

def test_a_step_of_one_s_own(judged):
    text = """
import numpy as np
def forward(x): return x ** 3
def backward(dout, x): return 3 * x ** 2 * dout
def example(): return np.ones(3)
"""
    status, out, _ = judged(text, options=["--step", "1e-3"])      # the difference is off by h²
    assert status == 0 and "| 3.3e-07 | yes" in out and "3.3e-07" not in judged(text)[1]
    status, _, err = judged(text, options=["--step", "0"])
    assert status == 2 and "--step: expected a finite number above 0, got 0.0" in err


def test_by_element_or_by_direction(judged, layer):
    for by, legend in (("element", "the block's largest element"), ("direction", "along one")):
        status, out, _ = judged(layer, options=["--by", by])
        assert status == 0 and legend in out


@pytest.mark.parametrize("text, by", [
    ("W=element", {"W": "element"}),
    ("W=element, b=direction", {"W": "element", "b": "direction"}),
    ("0.w=element", {"0.w": "element"}), ("auto", "auto")])
def test_by_for_single_blocks(text, by):
    assert check._by(text) == by


def test_by_for_single_blocks_arrives(judged, by_name, monkeypatch):
    seen = []

    def listen(*args, by, **kwargs):
        seen.append(by)
        return check_gradients(*args, **kwargs)
    monkeypatch.setattr(comparison, "check_gradients", listen)
    changes = [("return dx, dW, db", "return dx, dW")]
    assert judged(by_name, *changes, options=["--by", "W=element,b=element"])[0] == 0
    assert judged(by_name, *changes, options=["--by", "b=element"])[0] == 0
    assert seen == [{"W": "element"}, "auto"]
    status, _, err = judged(by_name, options=["--by", "V=element"])
    assert status == 2 and "by: expected names among x, W, b, got V\n" in err


@pytest.mark.parametrize("text", ["", "elements", "W=", "=element", "element,element",
                                  "element,W=element"])
def test_by_nothing_known(judged, layer, text):
    status, _, err = judged(layer, options=["--by", text])
    assert status == 2 and err.startswith("numpyvae check: --by: expected element, direction or ")


TERMS = """
import numpy as np
def recon(x, m): return np.sum((x - m) ** 2)
def kl(m): return 0.5 * np.sum(m ** 2)
def forward(x, m): return recon(x, m) + kl(m)
def backward(x, m): return 2 * (x - m), 2 * (m - x) + m
def example(): return np.arange(3.0), np.ones(3)
"""


def test_the_terms_of_a_loss(judged):
    assert judged(TERMS, options=["--terms", "recon,kl"])[0] == 0
    status, out, _ = judged(TERMS, ("(m - x) + m", "(m - x)"), options=["--terms", "recon, kl"])
    assert status == 1 and "the term kl" in out
    with_dout = (("backward(x, m)", "backward(d, x, m)"), ("2 * (x - m), 2", "2 * d * (x - m), 2"))
    status, out, _ = judged(TERMS, *with_dout, ("2 * (m - x) + m", "d * 2 * (m - x)"),
                            options=["--terms", "recon,kl"])
    assert status == 1 and "the term kl" in out


@pytest.mark.parametrize("terms, change, words", [
    ("recon", ("0.5", "0.5"), "terms: expected functions whose sum is f"),
    ("recon,k", ("0.5", "0.5"), "expected a function k in it"),
    ("recon,kl", ("+ kl(m)", "+ kl(m), 1.0"), "terms: expected forward to return one loss, got 2")])
def test_terms_that_are_none(judged, terms, change, words):
    more = [("backward(x, m)", "backward(d, e, x, m)")] * ("1.0" in change[1])
    status, _, err = judged(TERMS, change, *more, options=["--terms", terms])
    assert status == 2 and words in err and err.count("\n") == 1


@pytest.mark.parametrize("option", [["--step", "1e-4"], ["--by", "element"], ["--terms", "f"]])
def test_options_are_for_a_file(capsys, option):
    assert main(["check", *option]) == 2
    assert "expected a backward pass of yours to check" in capsys.readouterr().err


# ---------------------------------------------------------------------- what makes no sense

@pytest.mark.parametrize("example, returned, words", [
    ("x, [[1.0], [1.0, 2.0]]", "(dx, dx)",
     "p: expected an array of real numbers, got a list with rows of different lengths\n"),
    ("np.array([1, 2])", "None, None",
     "expected gradients by the names of the arguments, x, p, got none\n")])
def test_what_cannot_be_compared_is_told_in_a_sentence(judged, example, returned, words):
    status, _, err = judged(f"""
import numpy as np
def forward(x, p=3): return np.sum(x) * np.ones(3), x
def backward(d, x):
    dx = np.full(np.shape(x), d.sum())
    return {returned}
x = np.ones((2, 2))
def example(): return {example}
""")
    assert status == 2 and words in err and err.count("\n") == 1
