"""TensorFlow's operations under NumPy's and SciPy's names, for ``suite.catalogue.generic``."""

from __future__ import annotations

import math
from typing import Any

from suite.catalogue.generic import Operations
from suite.frameworks.tensorflow.backend import tf


@tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow ships no types
def _maximum(x: Any, y: Any) -> Any:
    """Return the larger of two, with half the gradient for each where they are equal.

    ``tf.maximum`` gives all of it to the first: the slope of max(x, 0) + log1p(exp(-|x|)), the
    softplus, would be 1 at 0 in place of 1/2.
    """

    def back(upstream: Any) -> tuple[Any, Any]:
        none, half = tf.zeros_like(upstream), 0.5 * upstream
        by_x = tf.where(x > y, upstream, tf.where(x < y, none, half))
        by_y = tf.where(x > y, none, tf.where(x < y, upstream, half))
        return _summed(by_x, x), _summed(by_y, y)

    return tf.maximum(x, y), back


def _summed(gradient: Any, like: Any) -> Any:
    """Return the gradient by a number without axes, or by a tensor of the gradient's own shape."""
    return tf.reduce_sum(gradient) if like.shape.rank == 0 else gradient


def _logaddexp(x: Any, y: Any) -> Any:
    gap = tf.where(x == y, tf.zeros_like(x - y), tf.abs(x - y))  # infinity minus itself is NaN
    return _maximum(x, y) + tf.math.log1p(tf.exp(-gap))


def _ndtr(x: Any) -> Any:
    return 0.5 * tf.math.erfc(-math.sqrt(0.5) * x)


def _log_ndtr(x: Any) -> Any:
    """Return the logarithm of the normal distribution function.

    Far below 0 by the asymptotic series of Mills' ratio (Abramowitz and Stegun 1964, 26.2.12),
    above 0 by log1p.
    """
    far = -20.0 if x.dtype == tf.float64 else -10.0
    low, middle = tf.minimum(x, far), tf.clip_by_value(x, far, 0.0)
    inverse, series, term = 1.0 / (low * low), tf.ones_like(x), tf.ones_like(x)
    for odd in range(1, 16, 2):
        term = -odd * term * inverse
        series = series + term
    tail = -0.5 * low * low - tf.math.log(-low * math.sqrt(2.0 * math.pi)) + tf.math.log(series)
    upper = tf.math.log1p(-_ndtr(-tf.maximum(x, 0.0)))
    return tf.where(x < far, tail, tf.where(x < 0, tf.math.log(_ndtr(middle)), upper))


def _trunc(x: Any) -> Any:
    return tf.where(x < 0, tf.math.ceil(x), tf.math.floor(x))


def _signbit(x: Any) -> Any:
    return tf.logical_or(x < 0, tf.logical_and(x == 0, 1.0 / x < 0))


def _copysign(x: Any, y: Any) -> Any:
    return tf.where(_signbit(y), -tf.abs(x), tf.abs(x))


def _heaviside(x: Any, at_zero: Any) -> Any:
    return tf.where(x == 0, at_zero, tf.cast(x > 0, x.dtype))


OPERATIONS = Operations(
    framework="tensorflow",
    functions={
        "add": tf.add,
        "subtract": tf.subtract,
        "multiply": tf.multiply,
        "divide": tf.divide,
        "floor_divide": tf.math.floordiv,
        "remainder": tf.math.floormod,
        "power": tf.pow,
        "greater": tf.greater,
        "greater_equal": tf.greater_equal,
        "less": tf.less,
        "less_equal": tf.less_equal,
        "equal": tf.equal,
        "not_equal": tf.not_equal,
        "zeros_like": tf.zeros_like,
        "ones_like": tf.ones_like,
        "full_like": lambda x, number: tf.zeros_like(x) + number,
        "negative": tf.negative,
        "positive": tf.identity,
        "absolute": tf.abs,
        "sign": tf.sign,
        "exp": tf.exp,
        "exp2": lambda x: tf.exp(x * math.log(2.0)),
        "expm1": tf.math.expm1,
        "log": tf.math.log,
        "log2": lambda x: tf.math.log(x) / math.log(2.0),
        "log10": lambda x: tf.math.log(x) / math.log(10.0),
        "log1p": tf.math.log1p,
        "sqrt": tf.sqrt,
        "cbrt": lambda x: tf.sign(x) * tf.abs(x) ** (1.0 / 3.0),
        "square": tf.square,
        "reciprocal": tf.math.reciprocal,
        "sin": tf.sin,
        "cos": tf.cos,
        "tan": tf.tan,
        "sinh": tf.sinh,
        "cosh": tf.cosh,
        "tanh": tf.tanh,
        "arcsin": tf.asin,
        "arccos": tf.acos,
        "arctan": tf.atan,
        "arctan2": tf.atan2,
        "arcsinh": tf.asinh,
        "arccosh": tf.acosh,
        "arctanh": tf.atanh,
        "hypot": lambda x, y: tf.sqrt(x * x + y * y),
        "maximum": _maximum,
        "minimum": lambda x, y: -_maximum(-x, -y),
        "fmax": lambda x, y: tf.where(tf.math.is_nan(x), y, _maximum(x, y)),
        "fmin": lambda x, y: tf.where(tf.math.is_nan(x), y, -_maximum(-x, -y)),
        "fmod": tf.truncatemod,
        "copysign": _copysign,
        "heaviside": _heaviside,
        "floor": tf.floor,
        "ceil": tf.math.ceil,
        "trunc": _trunc,
        "rint": tf.round,
        "logaddexp": _logaddexp,
        "deg2rad": lambda x: x * (math.pi / 180.0),
        "rad2deg": lambda x: x * (180.0 / math.pi),
        "isnan": tf.math.is_nan,
        "isinf": tf.math.is_inf,
        "isfinite": tf.math.is_finite,
        "signbit": _signbit,
        "where": tf.where,
        "logical_and": tf.logical_and,
        "logical_or": tf.logical_or,
        "logical_xor": tf.math.logical_xor,
        "logical_not": tf.logical_not,
        "erf": tf.math.erf,
        "erfc": tf.math.erfc,
        "erfinv": tf.math.erfinv,
        "ndtr": _ndtr,
        "ndtri": tf.math.ndtri,
        "log_ndtr": _log_ndtr,
        "expit": tf.sigmoid,
        "logit": lambda x: tf.math.log(x) - tf.math.log1p(-x),
        "log_expit": tf.math.log_sigmoid,
        "softplus": tf.math.softplus,
        "gammaln": tf.math.lgamma,
        "psi": tf.math.digamma,
        "xlogy": tf.math.xlogy,
        "xlog1py": tf.math.xlog1py,
    },
    plain=frozenset({"full_like"}),
    constant=lambda number, like: tf.constant(number, like.dtype),
    mask=lambda value: value.dtype == tf.bool,
    as_numbers=lambda mask, like: tf.cast(mask, like.dtype),
)
"""The table."""
