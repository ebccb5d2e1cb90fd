"""What the names after FILE.py mean, and what is offered where there are none."""
import pytest

from numpyvae.errors import InvalidValueError
from numpyvae.gradcheck.target import parse

OFFERS = [
    ("def f(x): pass\ndef f_backward(dy): pass", "in this file, my.py:f,f_backward"),
    ("def f(x): pass\ndef df(dy): pass\ndef g(x): pass", "in this file, my.py:f,df"),
    ("def forward_dense(x): pass\ndef backward_dense(dy): pass",
     "in this file, my.py:forward_dense,backward_dense"),
    ("class Linear:\n  def forward(self): pass\n  def backward(self): pass\nclass Other: pass",
     "in this file, my.py:Linear"),
    ("class A:\n  def __call__(self): pass\n  def grad(self): pass\nclass B(A): pass",
     "in this file, my.py:A or my.py:B"),
    ("def loss_and_grads(x): pass\ndef loss_grad(x): pass\ndef loss(x): pass",
     "in this file, my.py:loss,loss_grad or my.py:loss_and_grads"),
    ("from numpy import tanh\ndef f(x): pass", "in this file there are f"),
    ("x = 1", "in this file there are no function and no class"),
    ("", "in this file there are no function and no class")]


@pytest.mark.parametrize("text, words", OFFERS)
@pytest.mark.parametrize("target", ["my.py", "my.py:"])
def test_what_can_be_judged_is_offered(judged, text, words, target):
    status, out, err = judged(text, target=target)
    assert status == 2 and not out and err.endswith(f"; {words}\n") and err.count("\n") == 1


@pytest.mark.parametrize("target, parsed", [
    ("a.py:f,g", ("a.py", ["f", "g"])), ("a.py: f , g ", ("a.py", ["f", "g"])),
    ("C:\\a.py:f,g", ("C:\\a.py", ["f", "g"])), ("a.py:A", ("a.py", ["A"])),
    ("a.py:A.f,A.g", ("a.py", ["A.f", "A.g"])), ("C:\\a.py", ("C:\\a.py", [])),
    ("a.py", ("a.py", [])), ("a.py:", ("a.py", []))])
def test_parse(target, parsed):
    assert parse(target) == parsed


@pytest.mark.parametrize("target", [
    "f,g", ":f,g", "a.py:f,g,h", "a.py:f g", "a.py:f,", "a.py:A.,f"])
def test_another_form(target):
    with pytest.raises(InvalidValueError, match="^expected FILE.py:forward,backward, such as "):
        parse(target)


def test_a_file_by_another_name(judged, by_name, tmp_path):
    (tmp_path / "layer").write_text(by_name, encoding="utf-8")
    status, _, err = judged("", target="layer")
    assert status == 2 and err.endswith("; in this file, layer:forward,backward\n")
    assert judged("", target="layer:forward,backward")[0] == 0


@pytest.mark.parametrize("target, words", [
    ("my.py:forwrad,backward", "found forward, backward, example; is forward meant?\n"),
    ("my.py:Linaer", "my.py: nothing in it is called Linaer; is Linear meant?\n"),
    ("my.py:Linear", "expected the class Linear to have the methods forward and backward; if"),
    ("my.py:Linear.f,Linear.g", "expected a function Linear.f in it, found forward, backward,"),
    ("my:forward,backward", "my: No such file or directory; is my.py meant?\n"),
    ("mi.py:forward,backward", "mi.py: No such file or directory; is my.py meant?\n"),
    ("no/my.py:forward,backward", "my.py: No such file or directory\n"),
    ("..:forward,backward", "..: expected a Python file, got a folder\n")])
def test_names_that_are_not_there(judged, by_name, target, words):
    status, out, err = judged(by_name + "class Linear: pass\n", target=target)
    assert status == 2 and not out and words in err and err.count("\n") == 1
