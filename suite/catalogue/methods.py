"""Methods of stochastic optimization that torch and Keras both offer, with their formulas.

A formula stands in two forms, as the two frameworks document it: ``torch`` and ``keras``. It covers
every option of the method's own; what is common to all methods, such as clipping, decay and
schedules, is in ``step_options``. The study ``optimizers`` compares the frameworks with both forms.

All hyper-parameters are sums of a few powers of two, which single precision holds exactly: Keras
keeps some of them in single precision, and a deviation from a formula is then a deviation of the
formula. Epsilon is 0 unless a setting changes it, because the frameworks differ in where it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from suite.catalogue import registry
from suite.catalogue.frameworks import Formulas
from suite.catalogue.optimizers import OPTIMIZERS, Optimizer
from suite.types import Array, Native

RATE = 2.0**-4
"""The learning rate of every method but Adadelta."""
Values = Mapping[str, float]
"""Neutral name of a hyper-parameter -> value; an option that is on or off is 1 or 0."""
Rule = Callable[[Array, float], Array]
"""Gradient and learning rate -> the change that is subtracted from the parameter, float64, in the
shape of the gradient. It remembers earlier gradients: one for each parameter."""


@dataclass(frozen=True)
class Method:
    """One method.

    ``values``: its hyper-parameters. ``translate(values)``: framework -> the framework's own class
    and its keyword arguments, without the learning rate. ``rule(form, values)``: a fresh ``Rule``.
    ``options``: the options of ``step_options`` that only some methods take.
    ``decoupled``: whether torch, too, takes the weight decay apart from the gradient.
    ``optax(values)``: what ``translate`` has for the other frameworks; None: Optax has no such
    method, or the entry of ``optimizers`` declares it.
    """

    name: str
    source: str
    values: Values
    translate: Callable[[Values], Mapping[str, Native]]
    rule: Callable[[Formulas, Values], Rule]
    options: tuple[str, ...] = ()
    decoupled: bool = False
    rate: float = RATE
    optax: Callable[[Values], Native] | None = None

    def native(self, framework: str, values: Values) -> Native:
        """Return the framework's own class or function and its arguments, without the rate.

        Raises Unsupported for a framework for which none is declared.
        """
        declared = dict(self.translate(values))
        if self.optax is not None:
            declared["jax"] = self.optax(values)
        return registry.of_framework(f"method {self.name!r}", declared, framework)


# --- the formulas ------------------------------------------------------------------------------


def sgd(form: Formulas, values: Values) -> Rule:
    """Return gradient descent with momentum m; r is the learning rate.

        torch:  u <- m u + g,      step = r u;  Nesterov: step = r (g + m u)
        Keras:  u <- m u + r g,    step = u;    Nesterov: step = r g + m u

    Polyak 1964; Nesterov as in Sutskever, Martens, Dahl and Hinton 2013. The two are equal as long
    as r is constant.
    """
    m, nesterov = values["momentum"], values["nesterov"]
    u = np.zeros(())

    def step(g: Array, rate: float) -> Array:
        nonlocal u
        added = g if form == "torch" else rate * g
        u = m * u + added
        moved = added + m * u if nesterov else u
        return np.asarray(rate * moved if form == "torch" else moved)

    return step


def rmsprop(form: Formulas, values: Values) -> Rule:
    """Return RMSprop, with v and a the running means of the squared gradient and of the gradient.

        v <- rho v + (1 - rho) g^2,    a <- rho a + (1 - rho) g,    w = v, centred: v - a^2
        q = g / (sqrt(w) + epsilon) in torch, g / sqrt(w + epsilon) in Keras
        torch:  u <- m u + q,      step = r u
        Keras:  u <- m u + r q,    step = u

    Tieleman and Hinton 2012, lecture 6.5; centred: Graves 2013 (arXiv:1308.0850).
    """
    rho, m = values["rho"], values["momentum"]
    inside, outside = _places(form, values["epsilon"])
    u = v = a = np.zeros(())

    def step(g: Array, rate: float) -> Array:
        nonlocal u, v, a
        v = rho * v + (1 - rho) * g**2
        a = rho * a + (1 - rho) * g
        spread = v - a**2 if values["centered"] else v
        quotient = g / (np.sqrt(spread + inside) + outside)
        u = m * u + (quotient if form == "torch" else rate * quotient)
        return np.asarray(rate * u if form == "torch" else u)

    return step


def adam(form: Formulas, values: Values) -> Rule:
    """Return Adam, with m and v the running means of the gradient and of its square, t the step.

        m <- b1 m + (1 - b1) g,    v <- b2 v + (1 - b2) g^2,    w = v, AMSGrad: the largest v so far
        c = sqrt(1 - b2^t)
        torch:  step = r / (1 - b1^t) m / (sqrt(w) / c + epsilon)
        Keras:  step = r c / (1 - b1^t) m / (sqrt(w) + epsilon)

    Kingma and Ba 2014 (arXiv:1412.6980), Algorithm 1 and the end of section 2; AMSGrad: Reddi, Kale
    and Kumar 2018. In both frameworks AMSGrad compares v before its bias is corrected.
    """
    b1, b2, epsilon = values["beta_1"], values["beta_2"], values["epsilon"]
    t = 0
    m = v = largest = np.zeros(())

    def step(g: Array, rate: float) -> Array:
        nonlocal t, m, v, largest
        t += 1
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        largest = np.maximum(largest, v)
        root = np.sqrt(largest if values["amsgrad"] else v)
        c = np.sqrt(1 - b2**t)
        below = root / c + epsilon if form == "torch" else (root + epsilon) / c
        return np.asarray(rate / (1 - b1**t) * m / below)

    return step


def adagrad(form: Formulas, values: Values) -> Rule:
    """Return Adagrad, with s the sum of the squared gradients.

        s <- s + g^2,    step = r g / (sqrt(s) + epsilon) in torch, r g / sqrt(s + epsilon) in Keras

    Duchi, Hazan and Singer 2011.
    """
    inside, outside = _places(form, values["epsilon"])
    total = np.asarray(values["accumulator"])

    def step(g: Array, rate: float) -> Array:
        nonlocal total
        total = total + g**2
        return np.asarray(rate * g / (np.sqrt(total + inside) + outside))

    return step


def adadelta(form: Formulas, values: Values) -> Rule:
    """Return Adadelta, with v and d the running means of the squared gradients and changes.

        v <- rho v + (1 - rho) g^2,    z = sqrt(d + epsilon) / sqrt(v + epsilon) g
        d <- rho d + (1 - rho) z^2,    step = r z

    Zeiler 2012 (arXiv:1212.5701). Both forms are the same.
    """
    del form
    rho, epsilon = values["rho"], values["epsilon"]
    v = d = np.zeros(())

    def step(g: Array, rate: float) -> Array:
        nonlocal v, d
        v = rho * v + (1 - rho) * g**2
        z = np.sqrt(d + epsilon) / np.sqrt(v + epsilon) * g
        d = rho * d + (1 - rho) * z**2
        return np.asarray(rate * z)

    return step


def adamax(form: Formulas, values: Values) -> Rule:
    """Return Adamax, with m the running mean of the gradient and u its running largest size.

        torch:  u <- max(b2 u, |g| + epsilon),    step = r / (1 - b1^t) m / u
        Keras:  u <- max(b2 u, |g|),              step = r / (1 - b1^t) m / (u + epsilon)

    Kingma and Ba 2014 (arXiv:1412.6980), Algorithm 2, which has no epsilon.
    """
    b1, b2, epsilon = values["beta_1"], values["beta_2"], values["epsilon"]
    within, beside = (epsilon, 0.0) if form == "torch" else (0.0, epsilon)
    t = 0
    m = u = np.zeros(())

    def step(g: Array, rate: float) -> Array:
        nonlocal t, m, u
        t += 1
        m = b1 * m + (1 - b1) * g
        u = np.maximum(b2 * u, np.abs(g) + within)
        return np.asarray(rate / (1 - b1**t) * m / (u + beside))

    return step


def nadam(form: Formulas, values: Values) -> Rule:
    """Return NAdam, with m and v as in Adam and a momentum that grows.

        n(t) = b1 (1 - 0.96^(t z) / 2),    N(t) = n(1) n(2) ... n(t)
        h = n(t + 1) m / (1 - N(t + 1)) + (1 - n(t)) g / (1 - N(t))
        step = r h / (sqrt(v / (1 - b2^t)) + epsilon)

    z is ``momentum_decay`` in torch and 1 in Keras, which has no such argument. Dozat 2016.
    """
    b1, b2, epsilon = values["beta_1"], values["beta_2"], values["epsilon"]
    z = values["momentum_decay"] if form == "torch" else 1.0
    t, product = 0, 1.0
    m = v = np.zeros(())

    def step(g: Array, rate: float) -> Array:
        nonlocal t, product, m, v
        t += 1
        now, following = (b1 * (1 - 0.96 ** (k * z) / 2) for k in (t, t + 1))
        product *= now
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        ahead = following * m / (1 - product * following) + (1 - now) * g / (1 - product)
        return np.asarray(rate * ahead / (np.sqrt(v / (1 - b2**t)) + epsilon))

    return step


def _places(form: Formulas, epsilon: float) -> tuple[float, float]:
    """Return what stands beside v under the root, and what is added to the root."""
    return (0.0, epsilon) if form == "torch" else (epsilon, 0.0)


# --- the entries -------------------------------------------------------------------------------


def _adam(torch: str, keras: str) -> Callable[[Values], Mapping[str, Native]]:
    """Return the translation of a method with the hyper-parameters of Adam."""

    def translate(values: Values) -> Mapping[str, Native]:
        shared = {"weight_decay": values["weight_decay"]}
        on = {"amsgrad": True} if values.get("amsgrad") else {}
        more = {key: values[key] for key in ("momentum_decay",) if key in values}
        betas = {"beta_1": values["beta_1"], "beta_2": values["beta_2"]}
        return registry.natives(
            torch=(
                f"torch.optim:{torch}",
                {"betas": tuple(betas.values()), "eps": values["epsilon"], **on, **more, **shared},
            ),
            keras=(
                f"keras.optimizers:{keras}",
                {**betas, "epsilon": values["epsilon"], **on, **shared},
            ),
        )

    return translate


def _optax_adam(name: str) -> Callable[[Values], Native]:
    """Return the translation of a method with the hyper-parameters of Adam; its weight decay is
    that of the method whose name ends in w."""

    def translate(values: Values) -> Native:
        own = {"b1": values["beta_1"], "b2": values["beta_2"], "eps": values["epsilon"]}
        decay = values["weight_decay"]
        return f"optax:{name}w" if decay else f"optax:{name}", (
            {**own, "weight_decay": decay} if decay else own
        )

    return translate


def _catalogued(entry: Optimizer) -> Method:
    """Return an entry of ``optimizers`` with its common hyper-parameters, as a method."""

    def rule(form: Formulas, values: Values) -> Rule:
        del values
        step = entry.step(form)
        return lambda g, rate: step(g)

    return Method(
        name=f"common_{entry.name}",
        source=entry.source,
        values={},
        translate=lambda values: entry.translate(entry.common),
        rule=rule,
        rate=entry.common.get("learning_rate", RATE),
    )


_MOMENTS = {
    "beta_1": 0.875,
    "beta_2": 0.9921875,
    "epsilon": 0.0,
    "weight_decay": 0.0,
}
METHODS = registry.Registry(
    "method",
    [
        Method(
            name="sgd",
            source="Robbins and Monro 1951; momentum: Polyak 1964",
            values={"momentum": 0.0, "nesterov": 0.0, "weight_decay": 0.0},
            translate=lambda values: registry.of_keras(
                {
                    framework: (target, {**values, "nesterov": bool(values["nesterov"])})
                    for framework, target in (
                        ("torch", "torch.optim:SGD"),
                        ("keras", "keras.optimizers:SGD"),
                    )
                }
            ),
            rule=sgd,
            options=("momentum", "nesterov"),
            optax=lambda values: (
                "optax:sgd",
                {"momentum": values["momentum"] or None, "nesterov": bool(values["nesterov"])},
            ),
        ),
        Method(
            name="rmsprop",
            source="Tieleman and Hinton 2012, lecture 6.5; centred: Graves 2013 (arXiv:1308.0850)",
            values={
                "rho": 0.875,
                "momentum": 0.0,
                "epsilon": 0.0,
                "centered": 0.0,
                "weight_decay": 0.0,
            },
            translate=lambda values: registry.of_keras(
                {
                    framework: (
                        target,
                        {
                            rho: values["rho"],
                            epsilon: values["epsilon"],
                            "momentum": values["momentum"],
                            "centered": bool(values["centered"]),
                            "weight_decay": values["weight_decay"],
                        },
                    )
                    for framework, target, rho, epsilon in (
                        ("torch", "torch.optim:RMSprop", "alpha", "eps"),
                        ("keras", "keras.optimizers:RMSprop", "rho", "epsilon"),
                    )
                }
            ),
            rule=rmsprop,
            options=("momentum", "centered", "epsilon"),
            optax=lambda values: (
                "optax:rmsprop",
                {
                    "decay": values["rho"],
                    "eps": values["epsilon"],
                    "momentum": values["momentum"] or None,
                    "centered": bool(values["centered"]),
                },
            ),
        ),
        Method(
            name="adam",
            source="Kingma and Ba 2014 (arXiv:1412.6980); AMSGrad: Reddi, Kale and Kumar 2018",
            values={**_MOMENTS, "amsgrad": 0.0},
            translate=_adam("Adam", "Adam"),
            rule=adam,
            options=("amsgrad", "epsilon"),
            optax=_optax_adam("adam"),
        ),
        Method(
            name="adamw",
            source="Loshchilov and Hutter 2019 (arXiv:1711.05101); the decay is scaled by the rate",
            values={**_MOMENTS, "amsgrad": 0.0, "weight_decay": 0.25},
            translate=_adam("AdamW", "AdamW"),
            rule=adam,
            options=("amsgrad", "epsilon"),
            optax=_optax_adam("adam"),
            decoupled=True,
        ),
        Method(
            name="adagrad",
            source="Duchi, Hazan and Singer 2011",
            values={"accumulator": 0.125, "epsilon": 0.0, "weight_decay": 0.0},
            translate=lambda values: registry.of_keras(
                {
                    framework: (
                        target,
                        {
                            "initial_accumulator_value": values["accumulator"],
                            epsilon: values["epsilon"],
                            "weight_decay": values["weight_decay"],
                        },
                    )
                    for framework, target, epsilon in (
                        ("torch", "torch.optim:Adagrad", "eps"),
                        ("keras", "keras.optimizers:Adagrad", "epsilon"),
                    )
                }
            ),
            rule=adagrad,
            options=("epsilon",),
            optax=lambda values: (
                "optax:adagrad",
                {"initial_accumulator_value": values["accumulator"], "eps": values["epsilon"]},
            ),
        ),
        Method(
            name="adadelta",
            source="Zeiler 2012 (arXiv:1212.5701); without epsilon it would never move",
            values={"rho": 0.875, "epsilon": 2.0**-10, "weight_decay": 0.0},
            translate=lambda values: registry.of_keras(
                {
                    framework: (
                        target,
                        {
                            "rho": values["rho"],
                            epsilon: values["epsilon"],
                            "weight_decay": values["weight_decay"],
                        },
                    )
                    for framework, target, epsilon in (
                        ("torch", "torch.optim:Adadelta", "eps"),
                        ("keras", "keras.optimizers:Adadelta", "epsilon"),
                    )
                }
            ),
            rule=adadelta,
            rate=1.0,
            optax=lambda values: (
                "optax:adadelta",
                {
                    "rho": values["rho"],
                    "eps": values["epsilon"],
                    "weight_decay": values["weight_decay"],
                },
            ),
        ),
        Method(
            name="adamax",
            source="Kingma and Ba 2014 (arXiv:1412.6980), Algorithm 2",
            values=_MOMENTS,
            translate=_adam("Adamax", "Adamax"),
            rule=adamax,
            options=("epsilon",),
            optax=_optax_adam("adamax"),
        ),
        Method(
            name="nadam",
            source="Dozat 2016",
            values={**_MOMENTS, "momentum_decay": 0.25},
            translate=_adam("NAdam", "Nadam"),
            rule=nadam,
            options=("epsilon", "full_decay"),
        ),
        *(_catalogued(entry) for entry in OPTIMIZERS if entry.formula is not None),
    ],
)
