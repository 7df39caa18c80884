"""The contract of an activation: its definition alone, and each framework against it.

The points are those of the study ``numerics`` for single precision. What a framework computes may
differ from the definition, which is evaluated in double precision at the same points, by

    64 eps max(|f(t)|, |t f'(t)|),   t anywhere between -x and x, or between -1 and 1

with eps the spacing of single precision at 1. A rounding of x by eps moves f by eps |x f'|, a
rounding of f by eps |f|, and a formula of some dozen operations rounds that often. The maximum goes
over t because a formula may subtract what has grown on the way, as x (1 + erf(x)) does: that costs
digits, which the study ``numerics`` counts, and makes no other function of it. It goes over both
signs because what was subtracted on one side is there on the other, as in x + sqrt(x^2 + 4). The
slope is compared in the same way, with f' and f''.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from suite.assessing.training import trained
from suite.catalogue import activations, differences
from suite.catalogue.activations import Resolved
from suite.catalogue.floats import FLOATS, FloatType, points
from suite.catalogue.registry import ORACLE
from suite.types import Array, Framework

ULPS = 64.0
"""Roundings that a computed value may differ by. The suite's own activations need 30 at most, which
is TensorFlow's slope of mish."""
ROUNDING = ULPS * FLOATS["single"].epsilon
"""The relative error that ``ULPS`` roundings of single precision make. As much is allowed in double
precision, in which Keras' gelu is off by 4e-9 and torch's softplus by 2e-10; the study ``numerics``
counts that."""
EXTREME = 2.0**30
"""The magnitude of x up to which a function must be finite where its definition is: 1e9, so that a
formula may take fourth powers of x, which single precision still holds. Beyond it x * x + 1 is
infinite where its square root is not, in formulas that nobody calls wrong."""
FAR = 2.0**13
"""The magnitude of x beyond which slopes are not compared with finite differences: a wave has many
periods there between two numbers that are far enough apart for a difference."""
USUAL = 16.0
"""The largest magnitude of a point at which a breach is shown, if it occurs at one so small."""
_SHAPES = ((7, 3), (2, 3, 5))


@dataclass(frozen=True)
class _Exact:
    """The definition at points x: value, slope, and how far a computed one may lie from each, in
    units of eps."""

    x: Array
    value: Array
    slope: Array
    slope_error: Array
    value_scale: Array
    slope_scale: Array
    kink: Array


def definition(name: str) -> Iterator[str]:
    """Yield what breaks the contract in an activation's definition itself.

    ``name``: the activation with its parameters, in canonical form.
    """
    resolved = activations.resolve(name)
    x = _usual_points()
    sides = {"value": resolved.entry.value}
    if resolved.entry.slope is not None:
        sides["slope"] = resolved.entry.slope
    sound = True
    for side, function in sides.items():
        # The function is used up before the next one takes its name, which the linter cannot see.
        for said in _function(side, lambda t: function(t, *resolved.parameters), x):  # noqa: B023
            sound = False
            yield said
    if not sound:
        return
    values = _quiet(resolved.value, x)
    if (values == values[0]).all():
        yield f"its value is {values[0]:g} whatever x is, so that no network learns through it"
    if resolved.entry.bounded and np.abs(_quiet(resolved.value, x)).max() > 1e6:
        yield "it is declared bounded, and its value grows beyond 1e6"
    if "slope" in sides:
        yield from _slope(resolved, x)


def _function(side: str, function: Callable[[Array], Array], x: Array) -> Iterator[str]:
    """Yield what is wrong with a function of float64 arrays, whatever it computes."""
    given = x.copy()
    try:
        first = _quiet(function, given)
        if not isinstance(first, np.ndarray):
            yield f"{side} returns {type(first).__name__}, not an array"
            return
        if first.shape != x.shape or first.dtype != np.float64:
            yield (
                f"{side} returns {first.dtype} of the shape {first.shape} for float64 of {x.shape}"
            )
            return
        first = first.copy()  # it may be the argument itself
        if not np.array_equal(given, x):
            yield f"{side} writes into its argument"
            return
        if np.isnan(first).any():
            at = int(_shown(x, np.isnan(first)))
            yield f"{side} at x = {x[at]:.6g} is nan"
            return
        for shape in _SHAPES:
            part = x[:: len(x) // int(np.prod(shape))][: int(np.prod(shape))].reshape(shape)
            if (other := np.shape(_quiet(function, part))) != shape:
                yield f"{side} returns the shape {other} for {shape}"
                return
        again, parts = _quiet(function, x.copy()), _in_parts(function, x)
    except Exception as error:  # a user's function may raise anything: it becomes one line
        branch = "truth value" in str(error)
        hint = "; a branch on x, as in `if x > 0`, is written np.where" if branch else ""
        yield f"{side} raises {_words(error)}{hint}"
        return
    yield from _same(side, x, first, again, parts, 1e-12)


def _slope(resolved: Resolved, x: Array) -> Iterator[str]:
    """Yield where the declared slope is not that of the value."""
    declared = _quiet(resolved.slope, x)
    with np.errstate(all="ignore"):
        found = differences.slope(resolved.value, x, resolved.entry.kinks)
        size = np.maximum(np.abs(declared), np.abs(found.value))
        allowed = 100.0 * found.error + 1e-9 * size + 1e-11
        wrong = np.abs(declared - found.value) > allowed
    wrong &= np.isfinite(found.error) & ~np.isin(x, resolved.entry.kinks) & (np.abs(x) <= FAR)
    if wrong.any():
        at = _shown(x, wrong)
        yield (
            f"slope at x = {x[at]:.6g} is {declared[at]:.9g}, by finite differences of the value"
            f" {found.value[at]:.9g}{_kink(x, wrong)}"
        )


def in_framework(name: str, framework: Framework) -> Iterator[str]:
    """Yield what breaks the contract in a framework, given a definition that keeps it.

    ``name``: the activation with its parameters, in canonical form.
    """
    resolved = activations.resolve(name)
    if framework.name == ORACLE:
        return
    for kind in (FLOATS["single"], FLOATS["double"]):
        said = list(_in_type(resolved, framework, kind))
        yield from said
        if said:
            return
    yield from trained(framework, activation=name)


def _in_type(resolved: Resolved, framework: Framework, kind: FloatType) -> Iterator[str]:
    precision = np.float32 if kind.name == "single" else np.float64
    exact = _exact(resolved)
    x = exact.x.astype(precision)
    try:
        value, slope = framework.evaluate(resolved.name, x)
        again = framework.evaluate(resolved.name, x)
        part = framework.evaluate(resolved.name, x[:21].reshape(7, 3))
        turned = [side[::-1] for side in framework.evaluate(resolved.name, x[::-1].copy())]
        halves = [framework.evaluate(resolved.name, half) for half in np.array_split(x, 2)]
    except Exception as error:  # so may its native form, and the framework in it
        yield _words(error)
        return
    split = [np.concatenate(sides) for sides in zip(*halves, strict=True)]
    for place, (side, computed) in enumerate((("value", value), ("slope", slope))):
        if computed.dtype != precision or computed.shape != x.shape:
            yield (
                f"{side} is {computed.dtype} of the shape {computed.shape} for {x.dtype}"
                f" of {x.shape}"
            )
            return
        if part[place].shape != (7, 3):
            yield f"{side} has the shape {part[place].shape} for (7, 3)"
            return
        said = list(_against(side, computed.astype(np.float64), exact, kind, resolved, framework))
        said = said or list(
            _same(side, x, computed, again[place], [turned[place], split[place]], ROUNDING)
        )
        yield from said
        if said:
            return


def _against(
    side: str,
    computed: Array,
    exact: _Exact,
    kind: FloatType,
    resolved: Resolved,
    framework: Framework,
) -> Iterator[str]:
    """Yield the point at which a computed side is not the definition's, if there is one."""
    x = exact.x
    sound = resolved.entry.sound(framework.name, x)
    if side == "value":
        wanted, allowed = exact.value, ROUNDING * exact.value_scale
    else:
        wanted, allowed = exact.slope, ROUNDING * exact.slope_scale + 10.0 * exact.slope_error
    finite = np.isfinite(wanted) & (np.abs(wanted) < kind.largest / 2)
    endless = finite & ~np.isfinite(computed) & sound
    if endless.any():
        at = _shown(x, endless)
        yield (
            f"{side} at x = {x[at]:.6g} is {computed[at]:.9g}, by definition {wanted[at]:.9g}"
            f"{_advice(resolved, framework.name, x[at], computed[at])}"
        )
        return
    with np.errstate(invalid="ignore"):
        away = np.abs(computed - wanted)
        wrong = finite & sound & (away > allowed + kind.smallest_normal)
    if side == "slope":
        wrong &= ~exact.kink
    if wrong.any():
        at = _shown(x, wrong)
        kink = _kink(x, wrong) if side == "slope" else ""
        advice = kink or _advice(resolved, framework.name, x[at], computed[at])
        yield (
            f"{side} at x = {x[at]:.6g} is {computed[at]:.9g}, by definition {wanted[at]:.9g}"
            f" (allowed: {allowed[at]:.1g}){advice}"
        )


def _advice(resolved: Resolved, framework: str, x: float, computed: float) -> str:
    """Return what may be behind a breach at x, or a way around it, as the end of its line."""
    entry = resolved.entry
    if entry.form(framework) == "own":
        if abs(x) <= USUAL:
            return ""
        return (
            f"; where {framework}'s own function is known to be wrong far out, say where it is"
            f' right: defects={{"{framework}": (low, high)}}'
        )
    code = getattr(entry.value, "__code__", None)
    branches = code is not None and "where" in code.co_names
    return "; np.where computes both of its branches" if branches and np.isnan(computed) else ""


def _usual_points() -> Array:
    """Return the points, without denormal ones, which may lawfully be taken for 0, and those beyond
    ``EXTREME``."""
    x = points(FLOATS["single"])
    size = np.abs(x)
    return np.asarray(x[(x == 0) | (size >= FLOATS["single"].smallest_normal) & (size <= EXTREME)])


def _exact(resolved: Resolved) -> _Exact:
    """Return the definition at the points of single precision; they are double-precision numbers
    too."""
    x = _usual_points()
    entry = resolved.entry
    with np.errstate(all="ignore"):
        value = resolved.value(x)
        if entry.slope is None:
            first = differences.slope(resolved.value, x, entry.kinks)
            slope = first.value
            error = np.where(np.abs(x) <= FAR, first.error, np.inf)
        else:
            slope, error = resolved.slope(x), np.zeros(len(x))
        second = differences.slope(resolved.slope, x, entry.kinks).value
        value_scale = _grown(x, np.fmax(np.abs(value), np.abs(x * slope)))
        slope_scale = _grown(x, np.fmax(np.abs(slope), np.abs(x * second)))
    kink = np.zeros(len(x), dtype=bool)
    for place in entry.kinks:  # within the rounding of a sum with it, a point is at the kink
        kink |= np.abs(x - place) <= ROUNDING * max(1.0, abs(place))
    return _Exact(x, value, slope, error, value_scale, slope_scale, kink)


def _grown(x: Array, size: Array) -> Array:
    """Return the largest size at points no farther from 0 than each point, or than 1."""
    far = np.abs(x)
    order = np.argsort(far)
    grown = np.maximum.accumulate(np.nan_to_num(size, nan=0.0)[order])
    last = np.searchsorted(far[order], np.maximum(far, 1.0), side="right") - 1
    return np.asarray(grown[last])


def _same(
    side: str, x: Array, first: Array, again: Array, others: list[Array], share: float
) -> Iterator[str]:
    """Yield how results differ between calls, or with the batch that a point is in."""
    if not np.array_equal(first, again, equal_nan=True):
        at = _shown(x, ~((first == again) | (np.isnan(first) & np.isnan(again))))
        yield (
            f"{side} at x = {x[at]:.6g} is {first[at]:.9g}, and at the next call {again[at]:.9g}:"
            " it keeps a state"
        )
        return
    for other in others:
        with np.errstate(invalid="ignore"):
            far = np.abs(first.astype(float) - other) > share * np.maximum(1.0, np.abs(first))
        if far.any():
            at = _shown(x, far)
            yield (
                f"{side} at x = {x[at]:.6g} is {first[at]:.9g}, and {other[at]:.9g} in another"
                " batch: it mixes the values of a batch"
            )
            return


def _in_parts(function: Callable[[Array], Array], x: Array) -> list[Array]:
    halves = [_quiet(function, half.copy()) for half in np.array_split(x, 2)]
    return [np.concatenate(halves), _quiet(function, x[::-1].copy())[::-1]]


def _quiet(function: Callable[[Array], Array], x: Array) -> Array:
    with np.errstate(all="ignore"):
        return function(x)


def _kink(x: Array, wrong: Array) -> str:
    """Return the hint to declare a kink where all wrong points lie at one place, else nothing."""
    if not _one_place(x[wrong]):
        return ""
    return f"; if {x[_shown(x, wrong)]:.6g} is a kink, declare it"


def _one_place(x: Array) -> bool:
    return bool(np.ptp(x) <= 1e-6 * max(1.0, float(np.abs(x).max())))


def _shown(x: Array, wrong: Array) -> int:
    """Return the index of the point that shows a breach best: the middle one where all lie at one
    place, else the one whose magnitude is nearest to 1."""
    places = np.flatnonzero(wrong)
    if _one_place(x[places]):
        return int(places[len(places) // 2])
    size = np.abs(x[places].astype(np.float64))
    order = np.where(size <= USUAL, np.abs(size - 1.0), size)
    return int(places[np.argmin(order)])


def _words(error: BaseException) -> str:
    """Return an error in one line of bounded length."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]
