"""Tell what was not measured from a result that is not a number.

In a CSV an empty field was not measured, and ``nan`` is a result. In a data frame both are NaN, but
an empty field has bits of its own (R keeps its NA in the same way), which ``not_measured`` finds.
Selecting, joining and copying keep them. Arithmetic does not, and neither does
``to_numpy(na_value=...)``: ask before you compute.
"""

from __future__ import annotations

import numpy as np

from suite.types import Array

_BITS = np.int64(0x7FF8_0000_0000_07A2)
EMPTY = float(np.array([_BITS]).view(np.float64)[0])
"""The NaN of a field that is empty."""


def not_measured(values: Array) -> Array:
    """Return, as booleans, which of some float64 values are empty fields."""
    return np.asarray(np.ascontiguousarray(values, dtype=np.float64).view(np.int64) == _BITS)
