"""torch's operations under NumPy's and SciPy's names, for ``suite.catalogue.generic``."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from suite.catalogue.generic import Operations


def _constant(number: float, like: Tensor) -> Tensor:
    return torch.full((), number, dtype=like.dtype)


def _heaviside(x: Tensor, at_zero: Tensor) -> Tensor:
    return torch.where(x == 0, at_zero, (x > 0).to(x.dtype))


_PLAIN: Mapping[str, Callable[..., Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "floor_divide": operator.floordiv,
    "remainder": operator.mod,
    "power": operator.pow,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "less": operator.lt,
    "less_equal": operator.le,
    "equal": operator.eq,
    "not_equal": operator.ne,
    "zeros_like": torch.zeros_like,
    "ones_like": torch.ones_like,
    "full_like": torch.full_like,
}
"""Operations that take Python numbers beside tensors, and keep the tensor's type."""
OPERATIONS = Operations(
    framework="torch",
    functions={
        **_PLAIN,
        "negative": torch.neg,
        "positive": torch.positive,
        "absolute": torch.abs,
        "sign": torch.sign,
        "exp": torch.exp,
        "exp2": torch.exp2,
        "expm1": torch.expm1,
        "log": torch.log,
        "log2": torch.log2,
        "log10": torch.log10,
        "log1p": torch.log1p,
        "sqrt": torch.sqrt,
        "cbrt": lambda x: torch.sign(x) * torch.abs(x) ** (1.0 / 3.0),
        "square": torch.square,
        "reciprocal": torch.reciprocal,
        "sin": torch.sin,
        "cos": torch.cos,
        "tan": torch.tan,
        "sinh": torch.sinh,
        "cosh": torch.cosh,
        "tanh": torch.tanh,
        "arcsin": torch.asin,
        "arccos": torch.acos,
        "arctan": torch.atan,
        "arctan2": torch.atan2,
        "arcsinh": torch.asinh,
        "arccosh": torch.acosh,
        "arctanh": torch.atanh,
        "hypot": torch.hypot,
        "maximum": torch.maximum,
        "minimum": torch.minimum,
        "fmax": torch.fmax,
        "fmin": torch.fmin,
        "fmod": torch.fmod,
        "copysign": torch.copysign,
        "heaviside": _heaviside,
        "floor": torch.floor,
        "ceil": torch.ceil,
        "trunc": torch.trunc,
        "rint": torch.round,
        "logaddexp": torch.logaddexp,
        "logaddexp2": torch.logaddexp2,
        "deg2rad": torch.deg2rad,
        "rad2deg": torch.rad2deg,
        "isnan": torch.isnan,
        "isinf": torch.isinf,
        "isfinite": torch.isfinite,
        "signbit": torch.signbit,
        "where": torch.where,
        "logical_and": torch.logical_and,
        "logical_or": torch.logical_or,
        "logical_xor": torch.logical_xor,
        "logical_not": torch.logical_not,
        "erf": torch.special.erf,
        "erfc": torch.special.erfc,
        "erfcx": torch.special.erfcx,
        "erfinv": torch.special.erfinv,
        "ndtr": torch.special.ndtr,
        "ndtri": torch.special.ndtri,
        "log_ndtr": torch.special.log_ndtr,
        "expit": torch.sigmoid,
        "logit": torch.logit,
        "log_expit": functional.logsigmoid,
        "softplus": lambda x: torch.logaddexp(x, torch.zeros_like(x)),
        "gammaln": torch.lgamma,
        "psi": torch.digamma,
        "xlogy": torch.xlogy,
        "xlog1py": torch.special.xlog1py,
    },
    plain=frozenset(_PLAIN),
    constant=_constant,
    mask=lambda value: value.dtype == torch.bool,
    as_numbers=lambda mask, like: mask.to(like.dtype),
)
"""The table."""
