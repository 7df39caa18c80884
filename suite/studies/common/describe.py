"""The four numbers by which weights, gradients and activations are described."""

from __future__ import annotations

import numpy as np

from suite.types import Array, float64


@np.errstate(invalid="ignore", over="ignore")  # inf and NaN are results, not accidents
def describe(values: Array, axes: int | tuple[int, ...]) -> dict[str, Array]:
    """Mean, population standard deviation, mean absolute value, root mean square over ``axes``.

    Computed in float64; each has the shape of ``values`` without ``axes``. For a stack of
    kernels (K, fan_in, fan_out), ``axes=(1, 2)`` gives one number per member, (K,). A member
    that holds inf or NaN gets inf or NaN and leaves the others alone.
    """
    values = float64(values)
    return {
        "mean": np.mean(values, axis=axes),
        "std": np.std(values, axis=axes),
        "mean_abs": np.mean(np.abs(values), axis=axes),
        "rms": np.sqrt(np.mean(values**2, axis=axes)),
    }
