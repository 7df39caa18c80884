"""The probes of TensorFlow, one module a topic; mypy compares each module with its Protocol.

Others it shares with Keras on the other backends: they are in ``suite.frameworks.keras.probes``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from suite.frameworks.tensorflow.probes import (
        convolution,
        curves,
        descent,
        elementwise,
        idioms,
        normalization,
        normalized,
        numerics,
        optimizers,
        ports,
        signals,
        tutorial,
        weighted,
    )
    from suite.probes.convolution import Convolutions
    from suite.probes.curves import DefaultForms
    from suite.probes.descent import KnownProblems
    from suite.probes.elementwise import Elementwise
    from suite.probes.idioms import Mechanisms
    from suite.probes.normalization import NormalizationLayers
    from suite.probes.normalized import DeepNetworks
    from suite.probes.numerics import Formulas
    from suite.probes.optimizers import Steps
    from suite.probes.ports import Ports
    from suite.probes.signals import Signals
    from suite.probes.tutorial import UserLoop
    from suite.probes.weighted import WeightedTraining

    _convolution: Convolutions = convolution
    _curves: DefaultForms = curves
    _descent: KnownProblems = descent
    _elementwise: Elementwise = elementwise
    _idioms: Mechanisms = idioms
    _normalization: NormalizationLayers = normalization
    _numerics: Formulas = numerics
    _normalized: DeepNetworks = normalized
    _optimizers: Steps = optimizers
    _ports: Ports = ports
    _signals: Signals = signals
    _tutorial: UserLoop = tutorial
    _weighted: WeightedTraining = weighted
