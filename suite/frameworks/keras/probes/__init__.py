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
        elementwise,
        initializers,
        numerics,
    )
    from suite.probes.convolution import ConvolutionDraws
    from suite.probes.curves import DefaultForms
    from suite.probes.defaults import DefaultNumbers
    from suite.probes.elementwise import Elementwise
    from suite.probes.initializers import LayerDraws
    from suite.probes.numerics import Formulas

    _convolution: ConvolutionDraws = convolution
    _curves: DefaultForms = curves
    _defaults: DefaultNumbers = defaults
    _elementwise: Elementwise = elementwise
    _initializers: LayerDraws = initializers
    _numerics: Formulas = numerics
