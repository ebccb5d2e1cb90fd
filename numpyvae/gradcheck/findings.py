"""Findings: what the gradient check has to say, each a sentence of a known kind.

A person reads the sentence, and a program that grades reads the kind and the blocks:

    wrong_signs = [finding.blocks for finding in report.findings if finding.kind == "sign"]
"""

# All kinds: a word, and what it means.
KINDS = {
    # f, the backward pass and their arrays misbehave
    "changes":      "a function changes an array that it was given",
    "random":       "a function returns other numbers when it is called again",
    "shared":       "two arrays share memory",
    "single":       "f computes in single precision",
    "undefined":    "f is NaN or infinite, at the point or beside it",
    "real":         "f does not keep complex numbers, so the complex step is misled",
    # there is no gradient that could be compared
    "missing":      "no gradient was given for a block",
    "unknown":      "a gradient has a name that no block has",
    "unusable":     "a gradient does not consist of finite real numbers",
    "shape":        "a gradient has another shape than its block, and no simple rule says why",
    # a gradient is wrong, and this is how
    "sign":         "the sign is flipped",
    "factor":       "a factor that has a name (2, 1/N, ...) is missing, or one too many",
    "some-factor":  "it is off by a factor without a name",
    "zero":         "the gradient is zero, and the slopes are not",
    "independent":  "the slopes are zero, and the gradient is not",
    "summed":       "every element is the sum of all",
    "not-summed":   "it was not summed over the batch",
    "transposed":   "it is the transpose of the right one",
    "reshaped":     "the right numbers in another shape",
    "exchanged":    "it is the gradient of another block",
    "order":        "the gradients are right, but in another order than the arguments",
    "term":         "a term of the loss is missing, has the wrong sign, or counts too much",
    "some-weight":  "a term of the loss has a weight without a name",
    "clipped":      "it was cut off at a bound, or scaled to a norm",
    "constant":     "a small constant is in f and not in the gradient, or the other way round",
    "penalty":      "a multiple of the parameter is missing, or too much: an L2 penalty, a KL term",
    "power":        "σ² stands where σ should",
    "nearly":       "it is nearly right, and no simple rule says what is wrong",
    "digits":       "digits were lost on the way, as in single precision",
    "part":         "some of its elements are wrong, the others right",
    "on-kinks":     "it is right wherever f has a slope, and wrong on a kink",
    "no-dout":      "it does not depend on the gradient that comes from above",
    "unexplained":  "it is wrong, and no simple rule says how",
    # where the error is
    "enters":       "where in the backward pass the error enters",
    "later":        "wrong, but made from a wrong gradient, and perhaps only for that reason",
    "elsewhere":    "wrong along a direction, but not where single elements were looked at",
    # nothing is wrong, but it should be known
    "kink":         "it is right, but for elements on or beside a kink",
    "rough":        "f is rough, as in single precision, or where large parts cancel",
    "hidden":       "the rounding of f hides slopes that are small",
    "untested":     "no slope was seen, so nothing was tested",
}


class Finding(str):
    """A sentence that is printed, joined and searched as any str, and says what kind it is of.

    kind: one of KINDS; blocks: the names of the blocks that it is about, a tuple
    sentence: the same words, as a plain str
    """

    def __new__(cls, kind, sentence, blocks=()):
        self = super().__new__(cls, sentence)
        self.kind, self.blocks = kind, tuple(blocks)
        return self

    @property
    def sentence(self):
        return str.__str__(self)

    def __getnewargs__(self):
        return self.kind, self.sentence, self.blocks             # so that it can be copied
