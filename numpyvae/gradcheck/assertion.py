"""The gradient check as an assertion, for a test suite of one's own."""
from . import check_gradients
from ..errors import check_choice


def assert_gradients(f, params, grads, *, untested="raise", **options):
    """Raise AssertionError, with the table and the findings, unless a gradient is right.

    f, params, grads, options: as for `check_gradients`, which is asked in silence
    untested: "raise", also if there is a block of which no slope was seen, so that nothing was
        tested; or "allow"
    Raises ValueError or TypeError for what cannot be used.
    """
    check_choice("untested", untested, ("raise", "allow"))
    report = check_gradients(f, params, grads, **{**options, "show": False})
    if not report.ok or report.untested and untested == "raise":
        raise AssertionError(f"the gradient is not shown to be right\n{report}")
