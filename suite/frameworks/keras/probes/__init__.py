"""The probes of Keras that are the same on torch and on JAX, one module a topic; mypy compares
each module with its Protocol. TensorFlow has these where it has none of its own.

``suite.frameworks.keras.library.framework`` says for which framework the catalogues are asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from suite.frameworks.keras.probes import (
        convolution,
        curves,
        defaults,
        descent,
        elementwise,
        initializers,
        normalization,
        normalized,
        numerics,
        optimizers,
        signals,
        tutorial,
        weighted,
    )
    from suite.probes.convolution import Convolutions
    from suite.probes.curves import DefaultForms
    from suite.probes.defaults import DefaultNumbers
    from suite.probes.descent import KnownProblems
    from suite.probes.elementwise import Elementwise
    from suite.probes.initializers import LayerDraws
    from suite.probes.normalization import NormalizationLayers
    from suite.probes.normalized import DeepNetworks
    from suite.probes.numerics import Formulas
    from suite.probes.optimizers import Steps
    from suite.probes.signals import Signals
    from suite.probes.tutorial import UserLoop
    from suite.probes.weighted import WeightedTraining

    _convolution: Convolutions = convolution
    _curves: DefaultForms = curves
    _defaults: DefaultNumbers = defaults
    _descent: KnownProblems = descent
    _elementwise: Elementwise = elementwise
    _initializers: LayerDraws = initializers
    _normalization: NormalizationLayers = normalization
    _normalized: DeepNetworks = normalized
    _numerics: Formulas = numerics
    _optimizers: Steps = optimizers
    _signals: Signals = signals
    _tutorial: UserLoop = tutorial
    _weighted: WeightedTraining = weighted
