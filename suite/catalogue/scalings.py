"""Rules that give a kernel's variance by its fans, and the frameworks' own objects of these rules.

The objects stand here where a rule takes a parameter (a gain, a slope, a scale), with the reasons
where a framework has none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from suite.catalogue.laws import Variance
from suite.catalogue.registry import natives, of_keras
from suite.types import Native


def scaled(scale: float, mode: str) -> Variance:
    """Return the variance scale / fan, with the fan that ``mode`` names."""
    return {
        "fan_in": lambda fan_in, fan_out: scale / fan_in,
        "fan_out": lambda fan_in, fan_out: scale / fan_out,
        "fan_avg": lambda fan_in, fan_out: 2.0 * scale / (fan_in + fan_out),
    }[mode]


def xavier(gain: float = 1.0) -> Variance:
    """Return the variance that is a compromise between both passes, equation 16 of the source."""
    return scaled(gain * gain, "fan_avg")


def he(slope: float = 0.0) -> Variance:
    """Return the variance that keeps the mean square of rectifiers with a slope below 0.

    Equations 10 (slope 0) and 15 of the source.
    """
    return scaled(2.0 / (1.0 + slope * slope), "fan_in")


LECUN = scaled(1.0, "fan_in")
"""The variance that keeps that of linear units, section 4.6 of the source."""


def torch_default(fan_in: int, fan_out: int) -> float:
    """Return the variance of U(-1/sqrt(fan_in), 1/sqrt(fan_in))."""
    return 1.0 / (3.0 * fan_in)


def constant(variance: float) -> Variance:
    """Return a variance that does not depend on the fans."""
    return lambda fan_in, fan_out: variance


# --- the frameworks' own objects that take parameters --------------------------------------------


_KERAS_LAWS = {"normal": "untruncated_normal"}
"""The names of laws that Keras calls otherwise: its ``normal`` is a truncated one."""
_KERAS_NAMES = {"normal": "Normal", "uniform": "Uniform"}
_KERAS_NATURAL = {"normal": "truncated_normal", "uniform": "uniform"}
"""The law from which Keras and JAX draw their Xavier and He initializers of a name."""


def _keras_scaling(scale: float, mode: str, law: str) -> Native:
    """Return Keras' VarianceScaling of a law of the catalogue."""
    arguments = {"scale": scale, "mode": mode, "distribution": _KERAS_LAWS.get(law, law)}
    return "keras.initializers:VarianceScaling", arguments


def _jax_scaling(scale: float, mode: str, law: str) -> Native:
    """Return JAX's variance_scaling of a law of the catalogue, which has the same names."""
    arguments = {"scale": scale, "mode": mode, "distribution": law}
    return "jax.nn.initializers:variance_scaling", arguments


def he_objects(law: str, slope: float) -> Mapping[str, Native]:
    """Return the frameworks' He of a law; Keras' and JAX's take no slope."""
    plain = {"mode": "fan_in", "nonlinearity": "relu"}
    sloping = {"mode": "fan_in", "nonlinearity": "leaky_relu", "a": slope}
    scale = 2.0 / (1.0 + slope * slope)
    return natives(
        torch=(f"torch.nn.init:kaiming_{law}_", sloping if slope else plain),
        keras=_keras_scaling(scale, "fan_in", _KERAS_NATURAL[law])
        if slope
        else f"keras.initializers:He{_KERAS_NAMES[law]}",
        jax=_jax_scaling(scale, "fan_in", _KERAS_NATURAL[law])
        if slope
        else f"jax.nn.initializers:he_{law}",
    )


def xavier_objects(law: str, gain: float) -> Mapping[str, Native]:
    """Return the frameworks' Xavier of a law; Keras' and JAX's take no gain."""
    return natives(
        torch=(f"torch.nn.init:xavier_{law}_", {} if gain == 1.0 else {"gain": gain}),
        keras=f"keras.initializers:Glorot{_KERAS_NAMES[law]}"
        if gain == 1.0
        else _keras_scaling(gain * gain, "fan_avg", _KERAS_NATURAL[law]),
        jax=f"jax.nn.initializers:xavier_{law}"
        if gain == 1.0
        else _jax_scaling(gain * gain, "fan_avg", _KERAS_NATURAL[law]),
    )


def scaling_objects(scale: float, mode: str, law: str) -> Mapping[str, Native]:
    """Return Keras' and JAX's variance scaling, and the function of torch that draws the same law.

    torch has functions of a gain for the average fan, and of a rectifier's slope a for one fan,
    whose gain is sqrt(2 / (1 + a^2)).
    """
    objects = dict(
        natives(keras=_keras_scaling(scale, mode, law), jax=_jax_scaling(scale, mode, law))
    )
    if not scaling_gaps(scale, mode, law):
        arguments: dict[str, Any] = {"gain": math.sqrt(scale)}
        if mode != "fan_avg":
            slope = math.sqrt(2.0 / scale - 1.0)
            arguments = {"a": slope, "mode": mode, "nonlinearity": "leaky_relu"}
        family = "xavier" if mode == "fan_avg" else "kaiming"
        objects["torch"] = (f"torch.nn.init:{family}_{law}_", arguments)
    return objects


def scaling_gaps(scale: float, mode: str, law: str) -> Mapping[str, str]:
    """Return why torch has no function for a variance scaling, where it has none."""
    if law == "truncated_normal":
        return {"torch": "torch's trunc_normal_ takes a standard deviation and no fan"}
    if mode != "fan_avg" and scale > 2.0:
        return {
            "torch": "the gain of torch's kaiming functions is sqrt(2 / (1 + a^2)), so that a scale"
            f" with {mode} ends at 2; fan_avg takes any scale"
        }
    return {}


def cut_gaps(std: float, cut: float) -> Mapping[str, str]:
    """Return why Keras has no object for a truncated normal, where it has none."""
    if cut == 2.0:
        return {}
    reason = "Keras' TruncatedNormal cuts at two standard deviations and no others"
    return of_keras({"keras": reason})
