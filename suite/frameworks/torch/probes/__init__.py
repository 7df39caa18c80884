"""The probes of torch, one module a topic; mypy compares each module with its Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from suite.frameworks.torch.probes import (
        convolution,
        curves,
        defaults,
        descent,
        elementwise,
        idioms,
        initializers,
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
    from suite.probes.defaults import DefaultNumbers
    from suite.probes.descent import KnownProblems
    from suite.probes.elementwise import Elementwise
    from suite.probes.idioms import Mechanisms
    from suite.probes.initializers import LayerDraws
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
    _defaults: DefaultNumbers = defaults
    _descent: KnownProblems = descent
    _elementwise: Elementwise = elementwise
    _idioms: Mechanisms = idioms
    _initializers: LayerDraws = initializers
    _normalization: NormalizationLayers = normalization
    _numerics: Formulas = numerics
    _normalized: DeepNetworks = normalized
    _optimizers: Steps = optimizers
    _ports: Ports = ports
    _signals: Signals = signals
    _tutorial: UserLoop = tutorial
    _weighted: WeightedTraining = weighted
