"""The probes of JAX, Flax NNX and Optax, one module a topic; mypy compares each module with its
Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from suite.frameworks.jax.probes import (
        convolution,
        curves,
        descent,
        elementwise,
        initializers,
        normalization,
        normalized,
        numerics,
        optimizers,
        signals,
        weighted,
    )
    from suite.probes.convolution import Convolutions
    from suite.probes.curves import DefaultForms
    from suite.probes.descent import KnownProblems
    from suite.probes.elementwise import Elementwise
    from suite.probes.initializers import LayerDraws
    from suite.probes.normalization import NormalizationLayers
    from suite.probes.normalized import DeepSignals
    from suite.probes.numerics import Formulas
    from suite.probes.optimizers import Steps
    from suite.probes.signals import Signals
    from suite.probes.weighted import WeightedTraining

    _convolution: Convolutions = convolution
    _curves: DefaultForms = curves
    _descent: KnownProblems = descent
    _elementwise: Elementwise = elementwise
    _initializers: LayerDraws = initializers
    _normalization: NormalizationLayers = normalization
    _normalized: DeepSignals = normalized
    _numerics: Formulas = numerics
    _optimizers: Steps = optimizers
    _signals: Signals = signals
    _weighted: WeightedTraining = weighted
