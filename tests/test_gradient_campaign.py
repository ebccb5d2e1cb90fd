"""A sample of the campaign against the gradient check, and that it would tell of a mistake."""
import numpy as np
import pytest

import gradient_campaign
from gradient_campaign import campaign, main
from numpyvae import check_gradients


@pytest.mark.parametrize("name", ["right", "mixed", "ties", "double"])
def test_right_gradients_are_called_right(name):
    tried, wrong, told, silent = campaign(name, 40, seed=2)
    assert tried == len(told) + len(silent) == 40 and not wrong


def test_wrong_ones_are_not_called_right_without_a_word():
    for name in ("planted", "tied"):
        tried, wrong, told, silent = campaign(name, 25, seed=2)
        assert 15 < tried <= 25 and wrong == told and not silent
        assert len(told) <= (0 if name == "planted" else 3)


def test_single_precision_is_never_passed_in_silence():
    tried, _, told, silent = campaign("single", 25, seed=2)
    assert tried == 25 and told and not silent


def test_it_would_tell(monkeypatch, capsys):
    right = {"W": np.ones(3)}

    def attempt(factor):
        return lambda rng: check_gradients(lambda p: p["W"].sum(), right,
                                           {"W": factor * right["W"]}, show=False)
    monkeypatch.setattr(gradient_campaign, "CAMPAIGNS",
                        {"alarm": (attempt(2), True), "missed": (attempt(1), False),
                         "fine": (attempt(1), True)})
    assert main(["3", "--only", "fine"]) == 0
    assert main(["3", "--only", "missed"]) == main(["3", "--only", "alarm,fine"]) == 1
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()]
    counts = {row[0].strip(): [int(field) for field in row[1:5]] for row in rows if row[1:] and
              row[1].strip().isdigit()}
    assert counts == {"fine": [3, 0, 0, 3], "missed": [3, 3, 0, 3], "alarm": [3, 3, 0, 0]}
