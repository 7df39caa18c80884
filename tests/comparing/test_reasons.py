"""No reason of a comparison is left out: every row that has one is asked for it."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

from suite.comparing.kinds import METRIC_KINDS
from suite.comparing.metric_changes import _reason, _speaking

COUNTS = ("above", "below", "shared", "seeds_a", "seeds_b")
LOSSES = ("failed_a", "failed_b", "nan_a", "nan_b", "lost_values", "lost_failed")


def test_every_row_with_a_reason_is_asked_for_it() -> None:
    values = product(METRIC_KINDS, ("", "another definition"), *[(0, 20)] * len(COUNTS), range(7))
    rows = pd.DataFrame(
        [
            {
                "kind": kind,
                "reason": reason,
                "n": 20,
                "p": 0.5,
                "adjusted": np.nan,
                **dict(zip(COUNTS, counts, strict=True)),
                **{name: int(place == lost) for place, name in enumerate(LOSSES)},
            }
            for kind, reason, *counts, lost in values
        ]
    )
    asked = _speaking(rows)
    has = np.array([bool(_reason(dict(row))) for row in rows.to_dict("records")])
    assert (asked >= has).all()
    assert 0 < has.mean() < 1
    assert not asked.all()  # most rows of a real comparison say nothing
