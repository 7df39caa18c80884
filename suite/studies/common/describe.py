"""The four statistics that describe weights, gradients and activations."""

from __future__ import annotations

import numpy as np

from suite.types import Array, float64


@np.errstate(invalid="ignore", over="ignore")  # inf and NaN are results, not accidents
def describe(values: Array, axes: int | tuple[int, ...]) -> dict[str, Array]:
    """Return the mean, the population standard deviation, the mean absolute value and the root mean
    square over ``axes``.

    They are computed in float64 and have the shape of ``values`` without ``axes``. For a stack of
    kernels (K, fan_in, fan_out), ``axes=(1, 2)`` gives one number per member, (K,). A member with
    inf or NaN gets inf or NaN and does not affect the others.
    """
    values = float64(values)
    return {
        "mean": np.mean(values, axis=axes),
        "std": np.std(values, axis=axes),
        "mean_abs": np.mean(np.abs(values), axis=axes),
        "rms": np.sqrt(np.mean(values**2, axis=axes)),
    }
