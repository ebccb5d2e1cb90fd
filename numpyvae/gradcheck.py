"""Numerical derivatives, and the comparison of a hand-written gradient with them.

Two ways to find the slope of a function f at a point p along a direction u without knowing its formula:

    central difference    (f(p + h u) - f(p - h u)) / 2h    for any f; right to about 9 digits, but not across a kink
    complex step          Im f(p + i h u) / h               for an f that keeps complex numbers (no abs, no cast to
                                                            real); right to about 15 digits, since nothing is
                                                            subtracted and h can be 1e-30
Sources: Squire & Trapp 1998; Martins, Sturdza & Alonso 2003 (complex step); the notes of CS231n (gradient checking).
"""
import numpy as np

from .errors import InvalidTypeError, InvalidValueError, check_choice, check_number, check_rng

METHODS = ("central", "complex")

# What the central difference cuts off falls as h², what rounding costs it grows as 1/h: the best h lies near the cube
# root of the machine's epsilon. The complex step has no such trade.
STEP = {"central": 6e-6, "complex": 1e-30}

# How far a right gradient may be from the numeric one, relative to the larger of the two. Measured on right ones, the
# worst block of thousands of small networks: central 8e-7, complex 4e-13; float32 3e-4.
TOLERANCE = {"central": 1e-5, "complex": 1e-11}
FLOAT32_TOLERANCE = 1e-3                        # where the gradient itself was computed in float32

ELEMENTWISE_LIMIT = 2_000                       # up to here "auto" checks every element, beyond it random directions
ROUNDING = 16 * np.finfo(np.float64).eps        # the error of a value or a slope, relative to what it was summed from


def numeric_gradient(f, array, method="central", step=None):
    """The gradient of f at `array`, one element after the other.

    f: takes an array like `array`, returns one number
    method: "central" (anyone's function) or "complex" (a function that keeps complex numbers)
    step: h, by default 6e-6 (times the element's size, if that is above 1) for central, 1e-30 for complex
    ->  a float64 array of the same shape
    Raises ValueError, or TypeError if f does not return one number of double precision, or drops the complex step.
    """
    point = {"array": _float64("array", array)}
    line, steps = _elements(lambda p: f(p["array"]), point, "array", method, step)
    return np.array([_slope(line(i), method, h) for i, h in enumerate(steps)]).reshape(point["array"].shape)


def check_gradients(f, params, grads, method="central", by="auto", step=None, tolerance=None, rng=0, show=True):
    """Compare a hand-written gradient with numerical differentiation, block by block, and print the table.

    f: takes a dictionary like params, returns the loss as one number
    params: a dictionary of arrays; grads: the gradient to be judged, a dictionary with the same keys
    method, step: as for `numeric_gradient`
    by: "element"; "direction", along seeded random ones, one per block and one through all of them; or "auto", which
        takes elements up to 2,000 of them
    tolerance: the largest relative error, by norm, that passes; rng: a seed or a Generator for the directions
    show: print the table, row by row as it grows
    ->  a Report: .ok, .max_error, .rows, .findings; as a string, the table
    Raises ValueError or TypeError.  A gradient that cannot be compared (a wrong shape, NaN) is reported, not raised.
    """
    check_choice("method", method, METHODS)
    check_choice("by", by, ("auto", "element", "direction"))
    for name, blocks in (("params", params), ("grads", grads)):
        if not isinstance(blocks, dict):
            raise InvalidTypeError(f"{name}: expected a dictionary of arrays, got {type(blocks).__name__}")
    if not params:
        raise InvalidValueError("params: expected a dictionary of at least one array, got an empty one")
    params = {name: _float64(name, param) for name, param in params.items()}
    if by == "auto":
        by = "element" if sum(param.size for param in params.values()) <= ELEMENTWISE_LIMIT else "direction"
    tolerance = None if tolerance is None else check_number("tolerance", tolerance, above=0)
    rng = check_rng(rng)

    report = Report(params, by, show)
    problems = {name: _problem(param, grads.get(name)) for name, param in params.items()}
    sound = {name: np.asarray(grads[name]) for name in params if not problems[name]}
    scale = _norm(sound.values())
    for name, param in params.items():
        if problems[name]:
            report.add(Row(name, param.shape, np.nan, np.nan, np.inf, "NO"), [f"{name}: {problems[name]}"])
            continue
        if by == "element":
            slopes = sound[name].astype(np.float64).ravel()
            line, steps = _elements(f, params, name, method, step)
        else:
            slopes, line, steps = _direction(f, params, {name: sound[name]}, rng, method, step)
        allowed = tolerance or _tolerance(method, sound[name])
        report.add(*_compare(name, param.shape, slopes, line, steps, method, allowed, scale))
    for name in grads:
        if name not in params:
            report.add(Row(name, np.shape(grads[name]), np.nan, np.nan, np.inf, "NO"),
                       [f"{name}: no parameter has this name"])
    if by == "direction" and len(sound) == len(params):
        slopes, line, steps = _direction(f, params, sound, rng, method, step)
        allowed = tolerance or max(_tolerance(method, grad) for grad in sound.values())
        size = sum(param.size for param in params.values())
        report.add(*_compare("(all)", (size,), slopes, line, steps, method, allowed, scale))
    report.close()
    return report


class Row:
    """One line of the table: name, shape, analytic, numeric, error, and ok.

    ok: "yes"; "NO"; "kink", right but for elements at or near a kink; "tiny", right as far as rounding lets one see
    """

    def __init__(self, name, shape, analytic, numeric, error, ok):
        self.name, self.shape, self.ok = str(name), shape, ok
        self.analytic, self.numeric, self.error = float(analytic), float(numeric), float(error)


class Report:
    """What `check_gradients` found: .ok, .max_error, .rows, .findings (sentences); as a string, the table."""

    def __init__(self, params, by, show):
        self.by, self.show = by, show
        self.rows, self.findings = [], []
        self.width = max(8, *(len(str(name)) for name in params))
        self._print(self._head())

    @property
    def ok(self):
        """True unless a block is wrong."""
        return all(row.ok != "NO" for row in self.rows)

    @property
    def max_error(self):
        """The largest relative error of any row, "tiny" ones and elements that lie on a kink left out."""
        return max((row.error for row in self.rows if row.ok != "tiny"), default=0.0)

    def add(self, row, findings):
        """Append a row and what is to be said about it."""
        self.rows.append(row)
        self.findings.extend(findings)
        self._print(self._line(row))

    def close(self):
        """The last row was added."""
        self._print(self._foot())

    def __str__(self):
        return "\n".join([self._head(), *map(self._line, self.rows), self._foot()])

    def _head(self):
        return (f"{'name':<{self.width}} | {'shape':<9} | {'analytic':>15} | {'numeric':>15} | {'rel err':>7} | ok\n"
                f"{'-' * self.width}-|-----------|-----------------|-----------------|---------|-----")

    def _line(self, row):
        shape = " x ".join(map(str, row.shape)) or "scalar"
        return (f"{row.name:<{self.width}} | {shape:<9} | {row.analytic:>15.8e} | {row.numeric:>15.8e} | "
                f"{row.error:>7.1e} | {row.ok}")

    def _foot(self):
        legend = {"element":   "analytic, numeric: the block's largest element, or the one that is off most; "
                               "rel err: of the block, by norm",
                  "direction": "analytic, numeric: the slope along one random direction through the block"}[self.by]
        return "\n".join([legend, *self.findings])

    def _print(self, text):
        if self.show:
            print(text, flush=True)


# ---------------------------------------------------------------------- slopes along lines

def _float64(name, array):
    array = np.asarray(array)
    if array.dtype.kind not in "fiub":
        raise InvalidTypeError(f"{name}: expected an array of real numbers, got dtype {array.dtype}")
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise InvalidValueError(f"{name}: expected finite numbers, got NaN or infinity")
    return array


def _elements(f, params, name, method, step):
    """The lines through params along every element of one block, as a function of its flat index, and their steps."""
    def line(i):
        u = np.zeros_like(params[name])
        u.flat[i] = 1.0
        return _line(f, params, {name: u})
    return line, [_step(method, step, element) for element in params[name].flat]


def _direction(f, params, grads, rng, method, step):
    """A random line through params along the blocks that grads has: its slope by grads, the line, its step."""
    norm = _norm(grads.values())
    for _ in range(100):
        directions = {name: rng.standard_normal(grad.shape) * max(1.0, _norm([params[name]]) / max(1, grad.size) ** 0.5)
                      for name, grad in grads.items()}                       # as long as the parameters are large
        slope = sum(np.sum(grad * directions[name]) for name, grad in grads.items())
        if abs(slope) >= 0.1 * norm:             # nearly at right angles to the gradient, a slope is mostly rounding
            break
    return np.array([slope], dtype=np.float64), lambda i: _line(f, params, directions), [_step(method, step)]


def _norm(arrays):
    """The Euclidean norm of all arrays together; their largest element is divided out, so that no square overflows."""
    largest = max((np.abs(array).max(initial=0.0) for array in arrays), default=0.0)
    return largest * np.sqrt(sum(np.sum((array / largest) ** 2) for array in arrays)) if largest else 0.0


def _line(f, params, directions):
    """φ(t) = f(params + t directions), for real or complex t; f gets copies, so it cannot move the point."""
    def phi(t):
        value = np.asarray(f({name: param + t * directions[name] if name in directions else param.astype(type(t))
                              for name, param in params.items()}))
        if value.size != 1 or value.dtype.kind not in "fciub":
            raise InvalidTypeError(f"f: expected a function that returns one number, got shape {value.shape}, "
                                   f"dtype {value.dtype}")
        if value.dtype in (np.float16, np.float32, np.complex64):
            raise InvalidTypeError(f"f: expected a function that computes in double precision, got {value.dtype}: its "
                                   "rounding would hide the differences; give it float64 data")
        return value.item()
    return phi


def _step(method, step, element=0.0):
    if step is not None:
        return check_number("step", step, above=0)
    return STEP[check_choice("method", method, METHODS)] * (max(1.0, abs(element)) if method == "central" else 1.0)


def _slope(phi, method, h):
    """The slope of φ at 0."""
    if method == "central":
        return (phi(h) - phi(-h)) / (2 * h)
    value = phi(1j * h)
    if not isinstance(value, complex):
        raise InvalidTypeError('f: the complex step needs a function that keeps complex numbers, got a real result; '
                               'remove what casts to real (abs, norm, a float dtype), or take method="central"')
    return value.imag / h


# ---------------------------------------------------------------------- the comparison

def _problem(param, grad):
    """Why a gradient cannot even be compared, or None."""
    if grad is None:
        return "no gradient was given for it"
    grad = np.asarray(grad)
    if grad.dtype.kind not in "fiub":
        return f"expected a gradient of real numbers, got dtype {grad.dtype}"
    if grad.shape != param.shape:
        return f"expected a gradient of shape {param.shape}, got {grad.shape}"
    if not np.isfinite(grad).all():
        return "expected a finite gradient, got NaN or infinity"
    return None


def _tolerance(method, grad):
    return FLOAT32_TOLERANCE if grad.dtype == np.float32 else TOLERANCE[method]


def _compare(name, shape, analytic, line, steps, method, tolerance, scale):
    """Compare the analytic slope along every line with the numeric one  ->  row, findings.

    scale: the norm of the whole gradient; what cancels to less than its rounding cannot be told from zero
    """
    if not steps:
        return Row(name, shape, 0.0, 0.0, 0.0, "yes"), []
    numeric = np.array([_slope(line(i), method, h) for i, h in enumerate(steps)])
    noise = ROUNDING * scale
    if method == "central":
        noise = ROUNDING * max(scale, abs(line(0)(0.0))) / min(steps)
    apart = np.nan_to_num(np.abs(analytic - numeric), nan=np.inf)
    beside, on = np.zeros((2, len(steps)), dtype=bool)                             # elements beside a kink, and on one
    findings = []

    for i in np.argsort(-apart):                 # the worst first, until the rest agrees or a kink is no excuse
        free = ~(beside | on)
        if _agree(analytic[free], numeric[free], tolerance, noise):
            break
        index = list(map(int, np.unravel_index(i, shape))) if len(steps) > 1 else ""
        kink = _kink(line(i), analytic[i], apart[i], method, steps[i], tolerance)
        if kink is None:
            findings.append(f"{name}{index}: the analytic slope is {analytic[i]:.6g}, the numeric one {numeric[i]:.6g}")
            break
        sentence, slope = kink
        findings.append(f"{name}{index}: {sentence}")
        if slope is None:
            on[i] = True
        else:
            beside[i], numeric[i] = True, slope

    free, error = ~(beside | on), _error(analytic[~on], numeric[~on])
    if not _agree(analytic[free], numeric[free], tolerance, noise):
        ok = "NO"
    elif (beside | on).any():
        ok = "kink"
    elif error > tolerance:
        ok = "tiny"
        findings.append(f"{name}: right to {noise * np.sqrt(len(steps)):.0e}; f's rounding hides what is smaller")
    else:
        ok = "yes"
    shown = np.argmax(np.where(on, 0.0, apart) if ok == "NO" else np.maximum(np.abs(analytic), np.abs(numeric)))
    return Row(name, shape, analytic[shown], numeric[shown], error, ok), findings


def _error(analytic, numeric):
    """The relative error by norm; two zeros agree, and are not divided."""
    if not np.isfinite(numeric).all():
        return np.inf
    larger = max(_norm([analytic]), _norm([numeric]))
    return _norm([analytic - numeric]) / larger if larger else 0.0


def _agree(analytic, numeric, tolerance, noise):
    """Whether the slopes are the same: to the tolerance, or to what rounding lets one see of them."""
    return _error(analytic, numeric) <= tolerance or _norm([analytic - numeric]) <= noise * np.sqrt(len(numeric))


def _kink(phi, analytic, apart, method, step, tolerance):
    """What a kink of φ does to the numeric slope: a sentence, and the slope beside the kink (None if 0 lies on it).

    On a kink the slopes to the left and to the right differ, and go on differing as the step shrinks (of a smooth
    function they come together, at a jump they grow); then any slope between them is right. If the kink only lies
    within the step, smaller steps stay on one side of it, and there the slopes must agree. (The complex step has no
    such reach.)  None if there is no kink, or the gradient is wrong whatever the kink does.
    """
    step = step if method == "central" else STEP["central"]
    middle, gaps = phi(0.0), []
    for h in step / 4.0 ** np.arange(7):
        left, right = (middle - phi(-h)) / h, (phi(h) - middle) / h
        noise = abs(middle) * ROUNDING / h
        gaps.append(abs(right - left))
        if not gaps[0] > 10 * noise:
            return None
        off = abs(analytic - (left + right) / 2)
        if method == "central" and off <= apart / 10 and off <= tolerance * abs(analytic) + noise:
            return (f"a kink or bend lies within the step of {step:.0e}; the numeric slope was taken with {h:.0e}",
                    (left + right) / 2)
    low, high, slack = min(left, right), max(left, right), tolerance * gaps[0] + noise
    stays = gaps[0] / 2 <= min(gaps) and max(gaps) <= 2 * gaps[0] + 10 * noise
    if stays and low - slack <= analytic <= high + slack:
        return f"a kink: the slope is {left:.6g} to the left of the point and {right:.6g} to its right", None
    return None
