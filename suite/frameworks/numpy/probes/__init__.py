"""The probes of NumPy, one module a topic; mypy compares each module with its Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from suite.frameworks.numpy.probes import (
        convolution,
        curves,
        descent,
        drift,
        idioms,
        initializers,
        normalization,
        normalized,
        optimizers,
        signals,
        tutorial,
        weighted,
    )
    from suite.probes.convolution import Convolutions
    from suite.probes.curves import DefaultForms
    from suite.probes.descent import KnownProblems
    from suite.probes.drift import FormulaTraining
    from suite.probes.idioms import Starts
    from suite.probes.initializers import LayerDraws
    from suite.probes.normalization import NormalizationDefinition
    from suite.probes.normalized import DeepSignals
    from suite.probes.optimizers import Steps
    from suite.probes.signals import Signals
    from suite.probes.tutorial import UserLoop
    from suite.probes.weighted import WeightedTraining

    _convolution: Convolutions = convolution
    _curves: DefaultForms = curves
    _descent: KnownProblems = descent
    _drift: FormulaTraining = drift
    _idioms: Starts = idioms
    _initializers: LayerDraws = initializers
    _normalization: NormalizationDefinition = normalization
    _normalized: DeepSignals = normalized
    _optimizers: Steps = optimizers
    _signals: Signals = signals
    _tutorial: UserLoop = tutorial
    _weighted: WeightedTraining = weighted
