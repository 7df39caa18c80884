"""The probes of Keras that are the same on torch and on JAX, one module a topic; mypy compares
each module with its Protocol.

``suite.frameworks.keras.library.framework`` says for which framework the catalogues are asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from suite.frameworks.keras.probes import (
        convolution,
        curves,
        descent,
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
    from suite.probes.normalization import NormalizationLayers
    from suite.probes.normalized import DeepNetworks
    from suite.probes.optimizers import Steps
    from suite.probes.signals import Signals
    from suite.probes.tutorial import UserLoop
    from suite.probes.weighted import WeightedTraining

    _convolution: Convolutions = convolution
    _curves: DefaultForms = curves
    _descent: KnownProblems = descent
    _normalization: NormalizationLayers = normalization
    _normalized: DeepNetworks = normalized
    _optimizers: Steps = optimizers
    _signals: Signals = signals
    _tutorial: UserLoop = tutorial
    _weighted: WeightedTraining = weighted
