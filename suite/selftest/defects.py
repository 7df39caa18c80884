"""The planted defects: the mistake, its size, and the claim that must see it.

A defect alters one answer of a stand-in, or the rows that were measured. It counts as caught when
the claim that is named for it has the named verdict with the named reason, and had the expected
verdict on the same measurement without the defect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from suite import claims
from suite.claims.cells import unknown_framework
from suite.claims.claim import Claim
from suite.judging.judge_claims import judge
from suite.judging.verdicts import REFUTED, UNDECIDED, Verdict
from suite.selftest import mistakes
from suite.selftest.bench import (
    ADAPTIVE,
    CURVES,
    DEEP,
    ENDINGS,
    KERNELS,
    LAYERS,
    MANY_KERNELS,
    NARROW,
    STEPS,
    Bench,
    rows,
)
from suite.selftest.stand_in import Alter

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Defect:
    """One mistake, planted on a bench."""

    name: str
    size: str
    """The mistake and its size, in words."""
    bench: Bench
    framework: str
    """The framework whose stand-in makes the mistake."""
    claim: str
    group: str
    verdict: str
    """The verdict that the claim must turn into."""
    altered: Mapping[str, Alter] = field(default_factory=dict)
    rows: Callable[[pd.DataFrame], pd.DataFrame] | None = None
    """Alters the rows of an honest measurement, where the mistake is in the rows."""
    says: str = ""
    """A part of the reason that an undecided verdict must give."""

    @property
    def unknown(self) -> str:
        """The reason why the defect cannot be planted: a framework that is not in the table; empty
        where it can be."""
        claim = _claims()[self.claim]
        sides = [claim.of, claim.versus or {}]
        named = [name for side in sides for name in side.get("framework", ())]
        return unknown_framework([self.framework, *named])


@dataclass(frozen=True)
class Outcome:
    """A planted defect with the verdicts of its claim without it and with it."""

    defect: Defect
    before: Verdict
    after: Verdict

    @property
    def caught(self) -> bool:
        """Whether the claim was as expected without the defect and turned as named with it."""
        turned = self.after.verdict == self.defect.verdict and self.defect.says in self.after.reason
        return self.before.as_expected is True and self.after.as_expected is not True and turned


def plant(defect: Defect) -> Outcome:
    """Measure, judge, plant, judge again. Raises KeyError for a claim or a group without rows."""
    before = rows(defect.bench)
    if defect.rows is not None:
        after = defect.rows(before)
    else:
        after = rows(defect.bench, defect.framework, defect.altered)
    return Outcome(defect, _judged(defect, before), _judged(defect, after))


def _claims() -> Mapping[str, Claim]:
    return {claim.id: claim for claim in claims.shipped()}


def _judged(defect: Defect, frame: pd.DataFrame) -> Verdict:
    verdicts = judge([_claims()[defect.claim]], {defect.bench.study: frame}, "full")
    return {verdict.group: verdict for verdict in verdicts}[defect.group]


_TORCH_DEFAULT = ("torch-default-var", "shape=384x640")
_TORCH_LAYER = "framework=torch layer_kind=batch_dense"

DEFECTS = (
    Defect(
        "fan_in and fan_out exchanged",
        "torch's default on a 384 x 640 kernel: variance 1/(3 x 640) in place of 1/(3 x 384)",
        KERNELS,
        "torch",
        *_TORCH_DEFAULT,
        REFUTED,
        {"initializers.draw": mistakes.fans_exchanged},
    ),
    Defect(
        "wrong gain",
        "torch's default kernels are 1 % too wide",
        KERNELS,
        "torch",
        *_TORCH_DEFAULT,
        REFUTED,
        {"initializers.draw": mistakes.wider(1.01)},
    ),
    Defect(
        "transposed kernel",
        "square kernels are loaded transposed into torch, and read back so that they look right",
        STEPS,
        "torch",
        "fw-same-start-forward",
        "framework=torch",
        REFUTED,
        {"train": mistakes.transposed},
    ),
    Defect(
        "transposed rectangular kernel",
        "torch's kernel of 256 x 16 is returned as 16 x 256",
        NARROW,
        "torch",
        "xavier-forward-formula",
        "framework=torch shape=256x16",
        REFUTED,
        {"initializers.draw": mistakes.turned},
    ),
    Defect(
        "bias drawn in place of zero",
        "Keras' default layer draws its bias from U(-1/sqrt(fan_in), 1/sqrt(fan_in))",
        KERNELS,
        "tensorflow",
        "keras-default-bias",
        "",
        REFUTED,
        {"initializers.draw": mistakes.biased},
    ),
    Defect(
        "biases drawn with a named initializer",
        "with normal(0.01) torch leaves biases at U(-1/16, 1/16), in 50 layers of width 256",
        DEEP,
        "torch",
        "small-init-collapses-tanh",
        "framework=torch",
        REFUTED,
        {"draw": mistakes.biased},
    ),
    Defect(
        "batch norm's epsilon by default",
        "1e-3 in place of torch's 1e-5",
        LAYERS,
        "torch",
        "bn-standardises-torch",
        "layer_kind=batch_dense",
        REFUTED,
        {
            "normalization.layer": mistakes.epsilon_unasked,
            "normalization.running": mistakes.epsilon_running,
            "normalization.defaults": mistakes.epsilon_written,
        },
    ),
    Defect(
        "batch norm's epsilon as given",
        "1e-3 where 1e-5 was given",
        LAYERS,
        "torch",
        "bn-standardises-formula",
        _TORCH_LAYER,
        REFUTED,
        {"normalization.layer": mistakes.epsilon_always},
    ),
    Defect(
        "batch norm's momentum complemented",
        "momentum 0.9 is given and 0.1 of the old running mean is kept",
        LAYERS,
        "torch",
        "bn-momentum-translates",
        _TORCH_LAYER,
        REFUTED,
        {"normalization.running": mistakes.momentum_complemented},
    ),
    Defect(
        "batch norm over the wrong axes",
        "each sample of a batch of 64 is averaged over its 10 features",
        LAYERS,
        "torch",
        "norm-axes",
        _TORCH_LAYER,
        REFUTED,
        {"normalization.layer": mistakes.other_axes},
    ),
    Defect(
        "running variance divided by n - 1",
        "Keras averages the sample variances of batches of 64",
        LAYERS,
        "tensorflow",
        "bn-running-variance-keras",
        "layer_kind=batch_dense",
        REFUTED,
        {"normalization.running": mistakes.sample_variance},
    ),
    Defect(
        "GELU by its tanh form",
        "values up to 4.7e-4 from the definition",
        CURVES,
        "torch",
        "fw-activations-agree",
        "framework=torch",
        REFUTED,
        {"evaluate": mistakes.tanh_form},
    ),
    Defect(
        "RMSprop's epsilon outside the root",
        "Keras divides by sqrt(v) + 1e-7 in place of sqrt(v + 1e-7)",
        ADAPTIVE,
        "tensorflow",
        "fw-rmsprop-form-keras",
        "",
        REFUTED,
        {"train": mistakes.other_form},
    ),
    Defect(
        "Adam's epsilon after the bias correction",
        "Keras adds 1e-7 to the corrected root of v: a 32nd of what its own form adds at first",
        ADAPTIVE,
        "tensorflow",
        "fw-adam-form-keras",
        "",
        REFUTED,
        {"train": mistakes.other_form},
    ),
    Defect(
        "steps too short",
        "torch's SGD moves every weight 1 % less",
        STEPS,
        "torch",
        "fw-same-start-equivalent",
        "framework=torch",
        REFUTED,
        {"train": mistakes.slower},
    ),
    Defect(
        "the same weights under two seeds",
        "torch draws seed 7 as seed 6",
        KERNELS,
        "torch",
        *_TORCH_DEFAULT,
        UNDECIDED,
        {"initializers.draw": mistakes.seed_repeated},
        says="seeds 6, 7",
    ),
    Defect(
        "an outlier in few kernels",
        "one entry of -2 in 1.5 % of torch's normal kernels, of 245,760 entries each",
        MANY_KERNELS,
        "torch",
        "init-no-outliers",
        "framework=torch",
        REFUTED,
        {"initializers.draw": mistakes.outliers(0.015)},
    ),
    Defect(
        "a seed that has no effect",
        "torch draws the same kernel in all 16 runs",
        KERNELS,
        "torch",
        *_TORCH_DEFAULT,
        UNDECIDED,
        {"initializers.draw": mistakes.seed_ignored},
        says="seeds 0, 1, 2 and 13 more",
    ),
    Defect(
        "one library under two names",
        "from shared weights, TensorFlow's rows have the numbers of torch's, bit for bit",
        ENDINGS,
        "tensorflow",
        "fw-final-accuracy-agrees",
        "activation=tanh",
        UNDECIDED,
        rows=mistakes.one_library,
        says="torch and tensorflow agree to the last bit in train_loss, heldout_loss",
    ),
    Defect(
        "a metric of NaN",
        "every value of the column kernel_variance_ratio is NaN",
        KERNELS,
        "torch",
        *_TORCH_DEFAULT,
        UNDECIDED,
        rows=mistakes.unknown(16),
        says="NaN for 16 of 16 seeds",
    ),
    Defect(
        "one NaN",
        "the column kernel_variance_ratio is NaN for seed 0",
        KERNELS,
        "torch",
        *_TORCH_DEFAULT,
        UNDECIDED,
        rows=mistakes.unknown(1),
        says="NaN for 1 of 16 seeds",
    ),
    Defect(
        "a column that is missing",
        "the runs have no column kernel_variance_ratio",
        KERNELS,
        "torch",
        *_TORCH_DEFAULT,
        UNDECIDED,
        rows=lambda frame: frame.drop(columns="kernel_variance_ratio"),
        says="no column kernel_variance_ratio",
    ),
    Defect(
        "a run that is missing",
        "one of torch's 16 runs is not in the folder",
        KERNELS,
        "torch",
        *_TORCH_DEFAULT,
        UNDECIDED,
        rows=mistakes.one_lost,
        says="1 missing",
    ),
    Defect(
        "a run that appears twice",
        "one of torch's 16 rows is repeated",
        KERNELS,
        "torch",
        *_TORCH_DEFAULT,
        UNDECIDED,
        rows=mistakes.one_twice,
        says="1 stored twice",
    ),
    Defect(
        "frameworks mixed up",
        "torch's rows carry the name of TensorFlow, and TensorFlow's that of torch",
        KERNELS,
        "torch",
        "keras-default-bias",
        "",
        REFUTED,
        rows=mistakes.exchanged_frameworks,
    ),
)
