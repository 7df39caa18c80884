"""The page of a run that goes on, or was interrupted, begins with how much of it is stored."""

from __future__ import annotations

import msgspec
import pandas as pd

from suite.report.common.run_status import incomplete, status_counts
from suite.results.folder import Results
from suite.results.manifest import Expected
from tests.support import ROOT


def test_an_incomplete_run_says_so() -> None:
    expected = {"training": Expected(runs=40, hash="a"), "parity": Expected(runs=10, hash="b")}
    stored = Results(ROOT / "results" / "reference" / "quick").manifest()
    manifest = msgspec.structs.replace(stored, expected=expected)
    runs = pd.DataFrame({"status": ["ok"] * 27 + ["failed"] * 3, "reason": [""] * 30})
    assert incomplete(status_counts({"training": runs}, manifest)) == (
        "Incomplete: 30 of 50 runs are stored; the run goes on or was interrupted."
    )
    whole = {"training": pd.concat([runs, runs.head(10)]), "parity": runs.head(10)}
    assert incomplete(status_counts(whole, manifest)) == ""
