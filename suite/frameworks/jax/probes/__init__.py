"""The probes of JAX, Flax NNX and Optax, one module a topic; mypy compares each module with its
Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from suite.frameworks.jax.probes import (
        curves,
        elementwise,
        initializers,
        normalization,
        numerics,
        optimizers,
        signals,
    )
    from suite.probes.curves import DefaultForms
    from suite.probes.elementwise import Elementwise
    from suite.probes.initializers import LayerDraws
    from suite.probes.normalization import NormalizationLayers
    from suite.probes.numerics import Formulas
    from suite.probes.optimizers import Steps
    from suite.probes.signals import Signals

    _curves: DefaultForms = curves
    _elementwise: Elementwise = elementwise
    _initializers: LayerDraws = initializers
    _normalization: NormalizationLayers = normalization
    _numerics: Formulas = numerics
    _optimizers: Steps = optimizers
    _signals: Signals = signals
