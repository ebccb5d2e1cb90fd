"""The diagnosis: where an error enters, what is too coarse, and gradients of the wrong block."""
import numpy as np
import pytest

from helpers import draw
from numpyvae import check_gradients

A, B, c = draw(5, (4, 6), (7, 5), 5)
PARAMS  = dict(zip("VWb", draw(6, (4, 6), (7, 5), 5)))


def loss(p):
    """f = Σ A V + ½ Σ B W² + Σ c exp(b)."""
    return (A * p["V"]).sum() + (B * p["W"] ** 2).sum() / 2 + (c * np.exp(p["b"])).sum()


RIGHT = {"V": A, "W": B * PARAMS["W"], "b": c * np.exp(PARAMS["b"])}


def findings(change, method="central", **options):
    """What is said of the gradient if these blocks of it are changed."""
    report = check_gradients(loss, PARAMS, {**RIGHT, **change}, method, show=False, **options)
    assert not report.ok
    return report.findings


# ---------------------------------------------------------------------- where the error enters

@pytest.mark.parametrize("wrong, words", [
    ("V",   "the error enters at V and goes no further, for all else is right"),
    ("VWb", "the error enters at V, the first block in backward order, and all are wrong: look "
            "at the gradient of the loss and"),
    ("Vb",  "the error enters at V, the first block in backward order"),
    ("Wb",  "the error enters at W: what comes before it in backward order is right (V)"),
    ("W",   "the error enters at W and goes no further"),
    ("b",   "the error enters at b: what comes before it in backward order is right (V, W)")])
def test_where_the_error_enters(wrong, words):
    change = {name: draw(1, RIGHT[name].shape)[0] for name in wrong}
    found  = findings(change, order=["V", "W", "b"])
    assert found[0].startswith(words)
    assert ("all are wrong" in found[0]) == (wrong == "VWb")
    # What may only have been passed on is not told element by element.
    assert found[1].startswith(f"{wrong[0]}[") and "no simple rule leads" in found[1]
    later = [f"{', '.join(wrong[1:])}: no simple rule; later in backward order than {wrong[0]}, it "
             "may only pass the error on"] if wrong[1:] else []
    assert found[2:] == later


def test_without_an_order_each_block_stands_for_itself():
    found = findings({name: draw(1, RIGHT[name].shape)[0] for name in "VWb"})
    assert [text[:2] for text in found] == ["V[", "W[", "b["]
    assert all("no simple rule leads from one to the other" in text for text in found)


def test_without_a_rule_the_element_that_is_furthest_off_is_told():
    wrong = -RIGHT["W"] + draw(2, (7, 5))[0] / 2
    i, j  = np.unravel_index(np.argmax(np.abs(wrong - RIGHT["W"])), (7, 5))
    assert findings({"W": wrong}) == [f"W[{i}, {j}]: the analytic slope is {wrong[i, j]:.6g}, the "
                                      f"numeric one {RIGHT['W'][i, j]:.6g}; no simple rule leads "
                                      "from one to the other"]


def test_an_order_of_one_block_says_nothing():
    report = check_gradients(lambda p: (A * p["V"]).sum(), {"V": A}, {"V": -A}, order=["V"],
                             show=False)
    assert len(report.findings) == 1 and report.findings[0].startswith("V: the sign is flipped")


def test_an_error_may_enter_where_no_gradient_was_given():
    found = findings({"W": None, "b": -RIGHT["b"]}, order=["W", "b", "V"])
    assert found[0] == "the error enters at W, the first block in backward order"
    assert found[1].startswith("b: the sign is flipped") and found[2].startswith("W: no gradient")


def test_names_that_are_no_strings_are_diagnosed_too():
    def f(p):
        return (p[0] ** 2).sum() + p["b"].sum()

    W = draw(7, (4, 3))[0]
    report = check_gradients(f, {0: W, "b": np.ones(2)}, {0: -2 * W, "b": np.ones(2)},
                             order=["b", 0], show=False)
    assert report.findings[0].startswith(
        "the error enters at 0: what comes before it in backward order is right (b)")
    assert report.findings[1].startswith("0: the sign is flipped (12 elements compared; 0[")


def test_blocks_that_are_wrong_only_together():
    # Each is off by less than the tolerance, one upwards, one downwards. Along a direction through
    # both, their slopes may cancel and their errors add up.
    slopes = np.ones(40)
    params = {"a": np.zeros(40), "b": np.zeros(40)}
    wrong  = {"a": slopes * (1 + 0.9e-5), "b": slopes * (1 - 0.9e-5)}

    def f(p):
        return slopes @ p["a"] + slopes @ p["b"]

    reports = [check_gradients(f, params, wrong, by="direction", rng=seed, show=False)
               for seed in range(40)]
    together = [report for report in reports if report.wrong == ["(all)"]]
    assert together and all(report.findings[0].startswith("(all): wrong along one direction")
                            for report in together)


# ---------------------------------------------------------------------- too coarse

@pytest.mark.parametrize("error, digits", [(3e-7, 6), (2e-9, 8)])
def test_what_is_right_to_many_digits_is_said_to_be(error, digits):
    text = findings({"W": RIGHT["W"] * (1 + error * draw(0, (7, 5))[0])}, "complex")[0]
    assert text.startswith(f"W: right to {digits} digits, and wrong after that")
    assert "single precision" in text


@pytest.mark.parametrize("dtype, factor, words", [
    (np.float16, -1,    "W: the sign is flipped"),
    (np.float32, 1.01,  "W: 1.01 times the numeric gradient"),
    (np.float32, 1.002, "W: its dtype is float32, too coarse to tell an error of 2e-03 from "
                        "rounding")])
def test_low_precision_is_blamed_for_small_errors_alone(dtype, factor, words):
    assert findings({"W": (factor * RIGHT["W"]).astype(dtype)})[0].startswith(words)


# ---------------------------------------------------------------------- of another block

def test_gradients_that_are_exchanged_or_made_from_the_wrong_array():
    P, Q   = draw(0, (4, 3), (4, 3))
    params = {"P": np.ones((4, 3)), "Q": np.ones((4, 3))}

    def found(p, q):
        report = check_gradients(lambda p: (P * p["P"]).sum() + (Q * p["Q"]).sum(), params,
                                 {"P": p, "Q": q}, show=False)
        return report.findings
    assert [text.split("?")[0] for text in found(Q, P)] == [
        "P: it is the gradient of Q: are two of them exchanged",
        "Q: it is the gradient of P: are two of them exchanged"]
    assert found(Q.copy(), Q)[0].startswith(
        "P: it is the gradient of Q, where it is right: was it made from the wrong array?")
    assert found(Q, Q)[0].startswith("P: its gradient shares memory with that of Q: one was "
                                     "written over the other")


def test_a_block_that_the_function_does_not_know():
    W, b   = draw(5, (7, 5), 5)
    report = check_gradients(lambda p: (p["W"] ** 2).sum(), {"W": W, "b": b}, {"W": 2 * W, "b": b},
                             show=False)
    assert report.findings[0].startswith("b: the gradient is not zero, but f does not depend on it")


# ---------------------------------------------------------------------- nothing is made up

def test_no_factor_is_made_up_for_blocks_that_may_only_pass_an_error_on():
    params = {name: np.arange(1.0, 5.0) for name in "ABC"}
    right  = {name: 2 * params[name] for name in "ABC"}

    def f(p):
        return sum((p[name] ** 2).sum() for name in "ABC")

    def told(order, **factors):
        grads = {name: factors.get(name, 1) * right[name] for name in "ABC"}
        return check_gradients(f, params, grads, order=order, show=False).findings[bool(order):]
    enters, passes = told("ABC", A=-1, B=0.37)
    assert enters.startswith("A: the sign is flipped") and passes.startswith("B: no simple rule; ")
    # where it enters, where there is no order, and where it is the same, it is told
    assert told("ABC", A=0.37)[0].startswith("A: 0.37 times")
    assert told(None, A=-1, B=0.37)[1].startswith("B: 0.37 times")
    assert told("ABC", A=0.37, B=0.37)[0].startswith("A, B: 0.37 times")


def test_no_weight_of_a_term_is_made_up_where_all_slopes_lie_along_one_line():
    x, y = draw(5, 6, 6)

    def one(p):
        return (x * p["W"]).sum()

    def two(p):
        return (y * p["W"]).sum()

    def told(other, slopes):
        terms = {"one": one, "other": other}
        return check_gradients(lambda p: one(p) + other(p), {"W": np.ones(6)}, {"W": slopes},
                               terms=terms, show=False).findings[0]
    assert "the term other of the loss counts for 0.37 times" in told(two, x + 0.37 * y)
    assert "counts for" not in told(lambda p: 3 * one(p), x + 0.37 * 3 * x)


def test_a_cause_comes_before_what_has_no_simple_rule():
    a, b = draw(6, 6, 6)
    found = check_gradients(lambda p: (a * p["A"] + b * p["B"]).sum(),
                            {"A": np.ones(6), "B": np.ones(6)},
                            {"A": draw(7, 6)[0], "B": -b}, show=False).findings
    assert found[0].startswith("B: the sign is flipped") and found[1].startswith("A[")


def test_what_was_looked_at_is_not_to_be_looked_at_again():
    # the sum is wrong on a kink of its own only

    def f(p):
        return 5 * p["x"][1:].sum() + np.abs(p["x"][0])

    x = np.zeros(3)
    found = check_gradients(f, {"x": x}, {"x": np.array([1.5, 5, 5])}, by="element", show=False)
    assert found.findings == ["x: right wherever f has a slope, but wrong on a kink, where it "
                              "should lie between the slopes of the two sides"]


def test_where_blocks_are_shared_over_time_the_loss_is_not_accused():
    x, dout = draw(0, (4, 2), (4, 3))
    params  = dict(zip(("Wx", "Wh", "b"), draw(1, (2, 3), (3, 3), 3)))

    def states(p):
        h, hs = np.zeros(3), []
        for x_t in x:
            h = np.tanh(x_t @ p["Wx"] + h @ p["Wh"] + p["b"])
            hs.append(h)
        return hs

    def grads(p, recurrent):
        hs    = states(p)
        grads = {name: np.zeros_like(param) for name, param in p.items()}
        dh    = np.zeros(3)
        for t in reversed(range(4)):
            da = (dout[t] + dh) * (1 - hs[t] ** 2)
            dh = da @ recurrent
            grads["Wx"] += np.outer(x[t], da)
            grads["Wh"] += np.outer(hs[t - 1] if t else 0 * hs[t], da)
            grads["b"]  += da
        return grads

    def f(p):
        return sum((h * d).sum() for h, d in zip(states(p), dout))

    order = ["b", "Wh", "Wx"]
    right, wrong = (grads(params, Wh) for Wh in (params["Wh"].T, params["Wh"]))
    assert check_gradients(f, params, right, order=order, show=False).ok
    report = check_gradients(f, params, wrong, order=order, show=False)
    assert report.wrong == list(params)
    assert report.findings[0].kind == "enters" and report.findings[0].endswith(
        "and, where blocks are shared over time, at what one step hands to the one before it")
