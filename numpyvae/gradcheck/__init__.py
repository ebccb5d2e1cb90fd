"""Numerical derivatives, and the comparison of a hand-written gradient with them.

Two ways to find the slope of a function f at a point p along a direction u without knowing its
formula:

    central difference    (f(p + h u) - f(p - h u)) / 2h    for any f; right to about 9 digits, but not across a kink
    complex step          Im f(p + i h u) / h               for an f that keeps complex numbers (no abs, no cast to
                                                            real); right to about 15 digits, since nothing is
                                                            subtracted and h can be 1e-30
Sources: Squire & Trapp 1998; Martins, Sturdza & Alonso 2003 (complex step); the notes of CS231n
(gradient checking). """
import numpy as np

from . import diagnosis
from .diagnosis import ROUNDING, SAMPLE, agree, error, norm
from ..errors import InvalidTypeError, InvalidValueError, check_choice, check_number, check_rng

METHODS = ("central", "complex")

# What the central difference cuts off falls as h², what rounding costs it grows as 1/h: the best h
# lies near the cube root of the machine's epsilon. The complex step has no such trade.
STEP = {"central": 6e-6, "complex": 1e-30}

# How far a right gradient may be from the numeric one, relative to the larger of the two. Measured
# on right ones, the worst block of thousands of small networks: central 8e-7, complex 4e-13;
# float32 3e-4.
TOLERANCE = {"central": 1e-5, "complex": 1e-11}
FLOAT32_TOLERANCE = 1e-3                        # where the gradient itself was computed in float32

# up to here "auto" checks every element, beyond it random directions
ELEMENTWISE_LIMIT = 2_000


def numeric_gradient(f, array, method="central", step=None):
    """The gradient of f at `array`, one element after the other.

    f: takes an array like `array`, returns one number
    method: "central" (anyone's function) or "complex" (one that keeps complex numbers: no abs,
    norm, var or std)
    step: h, by default 6e-6 (times the element's size, if that is above 1) for central, 1e-30 for
    complex
    ->  a float64 array of the same shape
    Raises ValueError, or TypeError if f does not return one number of double precision, or drops
    the complex step.
    """
    array = _float64("array", array)
    differences = _Differences(lambda p: f(p["array"]), {"array": array}, method, step)
    return differences.slopes(*differences.elements("array")).reshape(array.shape)


def check_gradients(f, params, grads, method="central", by="auto", step=None, tolerance=None, rng=0,
                    show=True, terms=None, order=None, sizes=None):
    """Compare a hand-written gradient with numerical differentiation, block by block, and say what
    is wrong with it.

    f: takes a dictionary like params, returns the loss as one number
    params: a dictionary of arrays; grads: the gradient to be judged, a dictionary with the same
        keys, or a function of the parameters that returns it
    method, step: as for `numeric_gradient`
    by: "element"; "direction", along seeded random ones, one per block and one through all of them;
        or "auto", which takes elements up to 2,000 of them
    tolerance: the largest relative error, by norm, that passes; rng: a seed or a Generator for the
    directions
    show: print the table, row by row as it grows
    With these it can say more.  terms: functions like f by name, the loss's terms, whose sum is f;
        order: the names of the blocks in the order in which the backward pass makes them; sizes:
        numbers by name, such as {"N": 3, "D": 7}
    ->  a Report: .ok, .max_error, .rows, .findings; as a string, the table
    Raises ValueError or TypeError.  A gradient that cannot be compared (a wrong shape, NaN) is
    reported, not raised. """
    check_choice("by", by, ("auto", "element", "direction"))
    if not isinstance(params, dict):
        raise InvalidTypeError("params: expected a dictionary of arrays, got "
                               f"{type(params).__name__}")
    if not params:
        raise InvalidValueError("params: expected a dictionary of at least one array, got an empty "
                                "one")
    order = diagnosis.check_options(params, terms, order, sizes)
    tolerance = None if tolerance is None else check_number("tolerance", tolerance, above=0)
    rng = check_rng(rng)
    faults = diagnosis.aliases(params)
    params = {name: _float64(name, param) for name, param in params.items()}
    differences = _Differences(f, params, method, step)
    if by == "auto":
        by = "element" if sum(param.size
                              for param in params.values()) <= ELEMENTWISE_LIMIT else "direction"
    sentences, comparable = diagnosis.conduct_of_loss(f, params, terms or {})
    faults += sentences
    if callable(grads):
        sentences, grads, _ = diagnosis.conduct(grads, params, "grads")
        faults += sentences if comparable else []
    if not isinstance(grads, dict):
        raise InvalidTypeError("grads: expected a dictionary of arrays, or a function that returns "
                               f"one, got {type(grads).__name__}")

    report = Report(params, by, show)
    report.faults = faults
    judged = {name: np.asarray(grads[name]) for name in params if _problem(grads.get(name)) is None}
    sound  = {name: grad for name, grad in judged.items() if grad.shape == params[name].shape
              and comparable}
    allowed = {name: tolerance or _tolerance(method, grad) for name, grad in judged.items()}
    differences.scale = norm(sound.values())
    wrong = []
    for name, param in params.items():
        if name in sound:
            report.add(*_compare_block(differences, name, sound[name], by, allowed[name], rng))
        else:
            report.add(Row(name, param.shape), [f"{name}: {_problem(grads.get(name))}"]
                       if name not in judged else [])
        wrong += [name] * (report.rows[-1].ok == "NO")
    for name in grads:
        if name not in params:
            without = [each for each in params if grads.get(each) is None]
            report.add(Row(name, getattr(grads[name], "shape", ())),
                       [diagnosis.unknown(name, without)])
    if by == "direction" and len(sound) == len(params):
        shape = (sum(param.size for param in params.values()),)
        row, notes = _compare(differences, "(all)", shape, differences.direction(sound, rng),
                              max(allowed.values()))
        if row.ok == "NO" and not wrong:
            notes.append("(all): wrong along one direction through all blocks, though each is "
                         "right along its own; " 'compare them with by="element"')
        report.add(row, notes)
    if wrong and comparable:
        blocks = [diagnosis.examine(differences, name, judged[name], by, allowed[name], terms or {},
                                    rng) for name in wrong if name in judged]
        right = {name: grad for name, grad in sound.items() if name not in wrong}
        report.causes = diagnosis.explain(wrong, blocks, right, sizes or {}, order)
    report.close()
    return report


class Row:
    """One line of the table: name, shape, analytic, numeric, error, and ok.

    ok: "yes"; "NO"; "kink", right but for elements at or near a kink; "tiny", right as far as
    rounding lets one see
    """

    def __init__(self, name, shape, analytic=np.nan, numeric=np.nan, error=np.inf, ok="NO"):
        self.name, self.shape, self.ok = name, shape, ok
        self.analytic, self.numeric, self.error = float(analytic), float(numeric), float(error)


class Report:
    """What `check_gradients` found: .ok, .max_error, .rows, .findings (sentences); as a string, the
    table.
    """

    def __init__(self, params, by, show):
        self.by, self.show = by, show
        self.rows, self.faults, self.causes, self.notes = [], [], [], []
        self.width = max(8, *(len(str(name)) for name in params))
        self._print(self._head())

    @property
    def ok(self):
        """True unless a block is wrong, or what f or grads do."""
        return not self.faults and all(row.ok != "NO" for row in self.rows)

    @property
    def max_error(self):
        """The largest relative error of any row, "tiny" ones and elements that lie on a kink left
        out.
        """
        return max((row.error for row in self.rows if row.ok != "tiny"), default=0.0)

    @property
    def findings(self):
        """What is wrong: with f and grads, with the gradient and why, and what else is to be said
        about a row.
        """
        return self.faults + self.causes + self.notes

    def add(self, row, notes):
        """Append a row and what is to be said about it."""
        self.rows.append(row)
        self.notes.extend(notes)
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
        return (f"{row.name!s:<{self.width}} | {shape:<9} | {row.analytic:>15.8e} | "
                f"{row.numeric:>15.8e} | {row.error:>7.1e} | {row.ok}")

    def _foot(self):
        legend = {"element":   "analytic, numeric: the block's largest element, or the one that is "
                  "off most; rel err: of the block, by norm", "direction": "analytic, numeric: the "
                  "slope along one random direction through the block"}[self.by]
        return "\n".join([legend, *self.findings])

    def _print(self, text):
        if self.show:
            print(text, flush=True)


# ---------------------------------------------------------------------- slopes along lines

def _float64(name, array):
    array = np.asarray(array)
    if array.dtype.kind not in "fiub":
        raise InvalidTypeError(f"{name}: expected an array of real numbers, got dtype "
                               f"{array.dtype}")
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise InvalidValueError(f"{name}: expected finite numbers, got NaN or infinity")
    return array


class _Differences:
    """How the slopes of f at params are found: along which lines, by which method, with which
    steps.

    scale: the norm of the whole gradient; what cancels to less than its rounding cannot be told
    from zero
    """

    def __init__(self, f, params, method, step, scale=0.0):
        self.f, self.params, self.method, self.scale = f, params, check_choice("method", method,
                                                                               METHODS), scale
        self.step = None if step is None else check_number("step", step, above=0)
        self.rounding = None

    def of(self, f):
        """The same of another function."""
        return _Differences(f, self.params, self.method, self.step)

    def elements(self, name):
        """The lines through params along every element of a block, as a function of its flat index,
        and their steps.
        """
        def line(i):
            u = np.zeros_like(self.params[name])
            u.flat[i] = 1.0
            return self._line({name: u})
        return line, [self._step(element) for element in self.params[name].flat]

    def direction(self, grads, rng):
        """A random line through params along the blocks that grads has  ->  the line, its step, its
        slope by grads.
        """
        size = norm(grads.values())
        for _ in range(100):
            directions = {name: rng.standard_normal(grad.shape)
                          * max(1.0, norm([self.params[name]]) / max(1, grad.size) ** 0.5)
                          # as long as the parameters are large
                          for name, grad in grads.items()}
            slope = sum(np.sum(grad * directions[name]) for name, grad in grads.items())
            # nearly at right angles to the gradient, a slope is mostly rounding
            if abs(slope) >= 0.1 * size:
                break
        return lambda i: self._line(directions), [self._step()], np.array([slope], dtype=np.float64)

    def slopes(self, line, steps, index=None):
        """The slopes of f along all these lines, or those with these indices."""
        return np.array([self._slope(line(i), steps[i])
                         for i in (range(len(steps)) if index is None else index)])

    def noise(self, steps):
        """How large a slope may be that is rounding alone."""
        if self.rounding is None:
            self.rounding = self._rounding()
        return ROUNDING * self.scale + self.rounding / (1.0 if self.method == "complex"
                                                        else min(steps, default=1.0))

    def _rounding(self):
        """How far rounding alone may move what is differenced: f's value; by the complex step, a
        slope of f.

        Its value may be far less than what cancels on the way to it. So all parameters are moved by
        an ulp or two, to both sides (a jump lies on one side alone); beside the point too, since at
        a minimum nothing moves.
        """
        found, u = [], np.finfo(np.float64).eps
        for step in (0.0, self._step()):
            point = {name: param + step * np.maximum(1.0, np.abs(param)) for name,
                     param in self.params.items()}
            if self.method == "central":
                value = self._line(point, point)
            else:
                ones = {name: np.ones_like(param) for name, param in point.items()}
                value = lambda t: self._slope(self._line(ones,
                                                         {name: p + t * p for name,
                                                          p in point.items()}), STEP["complex"])
            here = value(0.0)
            left, right = (max(abs(value(side * k * u) - here) for k in (1, 2)) for side in (-1, 1))
            found.append(4 * min(left, right))
            if self.method == "complex":
                return found[0]
        return max(*found, ROUNDING * abs(here))

    def _line(self, directions, params=None):
        """φ(t) = f(params + t directions), for real or complex t; f gets copies, so it cannot move
        the point.
        """
        params = self.params if params is None else params

        def phi(t):
            value = diagnosis.number("f",
                                     self.f({name: param + t * directions[name]
                                             if name in directions else param.astype(type(t))
                                             for name, param in params.items()}))
            if value.dtype in (np.float16, np.float32, np.complex64):
                raise InvalidTypeError("f: expected a function that computes in double precision, "
                                       f"got {value.dtype}: its rounding would hide the "
                                       "differences; give it float64 data")
            if value.dtype.kind == "c" and not isinstance(t, complex):
                raise InvalidTypeError("f: expected a function that returns a real number, got a "
                                       "complex one")
            return value.item()
        return phi

    def _step(self, element=0.0):
        if self.step is not None:
            return self.step
        return STEP[self.method] * (max(1.0, abs(element)) if self.method == "central" else 1.0)

    def _slope(self, phi, h):
        """The slope of φ at 0."""
        if self.method == "central":
            return (phi(h) - phi(-h)) / (2 * h)
        value = phi(1j * h)
        if not isinstance(value, complex):
            raise InvalidTypeError('f: the complex step needs a function that keeps complex '
                                   'numbers, got a real one; remove what casts to real (abs, norm, '
                                   'a float dtype), or take method="central"')
        return value.imag / h


# ---------------------------------------------------------------------- the comparison

def _problem(grad):
    """Why a gradient cannot even be compared, whatever its shape, or None."""
    if grad is None:
        return "no gradient was given for it"
    try:
        grad = np.asarray(grad)
    except ValueError:                           # a list with rows of different lengths
        return f"expected an array for a gradient, got {grad!r:.60}"
    if grad.dtype.kind not in "fiub":
        return f"expected a gradient of real numbers, got dtype {grad.dtype}"
    if not np.isfinite(grad).all():
        return (f"expected a finite gradient, got NaN or infinity in {np.sum(~np.isfinite(grad))} "
                f"of its {grad.size} elements")
    return None


def _tolerance(method, grad):
    return FLOAT32_TOLERANCE if grad.dtype == np.float32 else TOLERANCE[method]


def _compare_block(differences, name, grad, by, tolerance, rng):
    """Compare one block  ->  its row, what is to be said about it."""
    if by == "direction":
        row, notes = _compare(differences, name, grad.shape,
                              differences.direction({name: grad}, rng), tolerance)
        if row.ok not in ("NO", "kink") or grad.size > SAMPLE:
            # along a direction there are more kinks in the way than by element
            return row, notes
    lines = (*differences.elements(name), grad.astype(np.float64).ravel())
    return _compare(differences, name, grad.shape, lines, tolerance)


def _compare(differences, name, shape, lines, tolerance):
    """Compare slopes with the numeric ones  ->  row, what is to be said about it.

    lines: the lines as a function of their index, their steps, their slopes by the gradient that is
    judged
    """
    line, steps, analytic = lines
    if not steps:
        return Row(name, shape, 0.0, 0.0, 0.0, "yes"), []
    numeric, noise = differences.slopes(line, steps), differences.noise(steps)
    apart = np.nan_to_num(np.abs(analytic - numeric), nan=np.inf)
    # elements beside a kink, and on one
    beside, on = np.zeros((2, len(steps)), dtype=bool)
    notes = []

    # the worst first, until the rest agrees or a kink is no excuse
    for i in np.argsort(-apart):
        free = ~(beside | on)
        if agree(analytic[free], numeric[free], tolerance, noise):
            break
        kink = _kink(line(i), analytic[i], apart[i], differences.method, steps[i], tolerance)
        if kink is None:
            break
        index = list(map(int, np.unravel_index(i, shape))) if len(steps) > 1 else ""
        sentence, slope = kink
        notes.append(f"{name}{index}: {sentence}")
        if slope is None:
            on[i] = True
        else:
            beside[i], numeric[i] = True, slope

    free, off = ~(beside | on), error(analytic[~on], numeric[~on])
    if not agree(analytic[free], numeric[free], tolerance, noise):
        ok = "NO"
    elif (beside | on).any():
        ok = "kink"
    elif off > tolerance:
        ok = "tiny"
        hidden = f"{noise * np.sqrt(len(steps)):.0e}"
        notes.append(f"{name}: right to an absolute {hidden}; f's rounding hides what is smaller"
                     if norm([analytic]) > float(hidden) else f"{name}: too small to be tested, "
                     f"since f's rounding hides slopes below {hidden}")
    else:
        ok = "yes"
    shown = np.argmax(np.where(on, 0.0, apart) if ok == "NO"
                      else np.maximum(np.abs(analytic), np.abs(numeric)))
    return Row(name, shape, analytic[shown], numeric[shown], off, ok), notes


def _kink(phi, analytic, apart, method, step, tolerance):
    """What a kink of φ does to the numeric slope: a sentence, and the slope beside the kink (None
    if 0 lies on it).

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
        off = abs(analytic - (left + right) / 2)
        seen = gaps[0] > 10 * noise              # and not lost in rounding
        near = off <= tolerance * apart < np.inf or seen and off <= min(apart / 10, tolerance
                                                                        * abs(analytic) + noise)
        if method == "central" and near:
            return (f"a kink or a strong bend lies within the step of {step:.0e}; the numeric "
                    f"slope was taken with {h:.0e}", (left + right) / 2)
    low, high, slack = min(left, right), max(left, right), tolerance * gaps[0] + noise
    stays = gaps[0] / 2 <= min(gaps) and max(gaps) <= 2 * gaps[0] + 10 * noise
    if seen and stays and low - slack <= analytic <= high + slack:
        return f"a kink: the slope is {left:.6g} to the left of the point and {right:.6g} to its right", None
    return None
