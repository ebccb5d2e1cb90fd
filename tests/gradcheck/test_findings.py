"""Findings: sentences of a known kind."""
import ast
import copy
import json
import pickle
from pathlib import Path

import numpy as np

from numpyvae import gradcheck
from numpyvae.gradcheck import KINDS, Finding, check_gradients

ROOMS = sorted(Path(gradcheck.__file__).parent.glob("*.py"))


def test_a_finding_is_a_str_with_a_kind_and_blocks():
    finding = Finding("sign", "W: the sign is flipped", ["W"])
    assert finding == "W: the sign is flipped" and "sign" in finding and str(finding) == finding
    assert (finding.kind, finding.blocks) == ("sign", ("W",))
    assert finding.sentence == finding and type(finding.sentence) is str
    assert json.dumps([finding]) == '["W: the sign is flipped"]'
    assert "\n".join([finding, "and"]) == "W: the sign is flipped\nand"
    for same in (copy.copy(finding), copy.deepcopy(finding), pickle.loads(pickle.dumps(finding))):
        assert (same, same.kind, same.blocks) == (finding, "sign", ("W",))


def made():
    """The kinds of all findings that the rooms make."""
    for path in ROOMS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding":
                yield node.args[0]


def test_every_finding_is_of_a_kind_that_is_listed_and_every_kind_is_found():
    kinds = [kind.value for kind in made() if isinstance(kind, ast.Constant)]
    assert set(kinds) == set(KINDS) and len(kinds) > 40


def test_a_teacher_can_grade_by_kind_and_block():
    rng    = np.random.default_rng(0)
    x      = rng.standard_normal((3, 7))
    params = {"W": rng.standard_normal((7, 5)), "b": rng.standard_normal(5)}

    def loss(params):
        return 0.5 * np.sum((x @ params["W"] + params["b"]) ** 2)

    e      = x @ params["W"] + params["b"]
    report = check_gradients(loss, params, {"W": -x.T @ e, "b": 2 * e.sum(axis=0)}, show=False)
    assert [(each.kind, each.blocks) for each in report.findings] == [("sign", ("W",)),
                                                                      ("factor", ("b",))]
    right  = check_gradients(loss, params, {"W": x.T @ e, "b": e.sum(axis=0)}, show=False)
    assert right.findings == []
