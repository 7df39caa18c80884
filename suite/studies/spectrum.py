"""The singular values of a network's input-output Jacobian, which show dynamical isometry.

Nothing is trained. The Jacobian is the framework's own derivative of one network of equally wide
layers at one Gaussian input of mean square 1. ``scale`` is a factor of every kernel. The kernels of
a seed are shared by all activations and scales of a stack.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from suite import seeds
from suite.catalogue import activations, initializers, laws
from suite.probes.signals import Signals
from suite.studies.common import costs
from suite.studies.common.measurements import by_seed, measurement, table
from suite.studies.common.starts import native_layers
from suite.theory import mean_field
from suite.types import (
    BLOCK,
    Array,
    Cell,
    Cost,
    Grid,
    Lab,
    Measurement,
    Member,
    Stack,
    Study,
    TableSpec,
    UserError,
    Value,
    float64,
)

QUANTILES = np.linspace(0.0, 1.0, 41)


class Spectrum(Study):
    """Jacobians of shallow and deep networks with Gaussian and with orthogonal kernels."""

    name = "spectrum"
    position = 70
    question = (
        "Does a network stretch all directions equally, by the singular values of its Jacobian?"
    )
    source = "Saxe, McClelland and Ganguli 2013; Pennington, Schoenholz and Ganguli 2017"
    axes = ("framework", "activation", "initializer", "depth", "width", "scale")
    everywhere = ("width",)
    within = ("activation", "scale")
    tables = (
        TableSpec(
            "runs",
            (
                "jacobian_square",
                "jacobian_square_predicted",
                "dispersion",
                "dispersion_predicted",
                "isometry_error",
            ),
        ),
        TableSpec("singular_values", ("singular_value",), coordinates=("quantile",), per="seeds"),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        quick = _grids((4,), 128)
        if profile == "quick":
            return quick
        shallow = _grid(
            ("linear", "sigmoid", "tanh", "relu"),
            "xavier_normal",
            (1, 2, 3),
            128,
            scale=(1.0, 2.0, 4.0),
        )
        # The spectra of deep networks with independent weights fluctuate most: more seeds.
        deep = (
            _grid(("linear",), "xavier_normal", (16,), 256, seeds=3 * BLOCK),
            _grid(("relu",), "he_normal", (16,), 256, seeds=3 * BLOCK),
        )
        standard = (*quick, *_grids((4, 16), 256), *deep, shallow)
        return standard if profile == "standard" else (*standard, *_grids((4, 16, 64), 512))

    def unsupported(self, cell: Cell) -> str | None:
        try:
            initializers.resolve(cell.text("initializer")).law(cell.text("framework"))
        except UserError as error:
            return str(error)
        return None

    def probes(self, cell: Cell) -> tuple[Callable[..., object], ...]:
        return (Signals.jacobian,)

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        jacobian = lab.framework.probe(Signals).jacobian
        rows: dict[Member, dict[str, Array]] = {}
        reasons: dict[Member, str] = {}
        for members in by_seed(stack.members):
            weights = native_layers(members[0], lab)
            for member in members:
                factor = np.float32(member.cell["scale"])
                scaled = (
                    weights
                    if factor == 1
                    else tuple((factor * kernel, bias) for kernel, bias in weights)
                )
                derivative = jacobian(member.cell.text("activation"), scaled, point(member, lab))
                finite = np.isfinite(derivative).all()
                reasons[member] = "" if finite else "the Jacobian became inf or NaN"
                rows[member] = {**observe(derivative), **_predict(member.cell)}
        ordered = [rows[member] for member in stack.members]
        return measurement(
            [reasons[member] for member in stack.members],
            [table(spec, ordered, {"quantile": QUANTILES}) for spec in self.tables],
        )

    def cost(self, stack: Stack) -> Cost:
        # Both passes take a copy of the input for each output; then comes a decomposition.
        width = stack.members[0].cell.count("width")
        passes = costs.propagation(stack, width, 0)
        return Cost(passes.seconds + len(stack.members) * 2e-9 * width**3, passes.bytes)


def _grids(depths: tuple[int, ...], width: int) -> tuple[Grid, ...]:
    return (
        _grid(("linear", "tanh"), "xavier_normal", depths, width),
        _grid(("relu",), "he_normal", depths, width),
        _grid(("linear", "tanh", "relu"), "orthogonal", depths, width),
    )


def _grid(
    names: tuple[str, ...],
    initial: str,
    depths: tuple[int, ...],
    width: int,
    scale: tuple[Value, ...] = (1.0,),
    seeds: int = BLOCK,
) -> Grid:
    return Grid(
        {
            "activation": names,
            "initializer": (initial,),
            "depth": depths,
            "width": (width,),
            "scale": scale,
        },
        seeds,
    )


def point(member: Member, lab: Lab) -> Array:
    """Return one Gaussian input, (width,) float32, scaled to mean square 1."""
    width = member.cell.count("width")
    x = seeds.generator(lab.root, "inputs", seed=member.seed, width=width).standard_normal(width)
    return (x * math.sqrt(width) / np.linalg.norm(x)).astype(np.float32)


@np.errstate(invalid="ignore", divide="ignore")  # a Jacobian of zeros gives NaN
def observe(jacobian: Array) -> dict[str, Array]:
    """Return the columns of one run from its Jacobian (width, features); NaN if it is not
    finite."""
    if not np.isfinite(jacobian).all():
        s = np.full(min(jacobian.shape), np.nan)
    else:
        s = np.linalg.svd(float64(jacobian), compute_uv=False)
    square = np.mean(s**2)
    s = s / np.sqrt(square)
    return {
        "jacobian_square": square,
        "dispersion": np.mean(s**4) - 1.0,
        "isometry_error": np.abs(s - 1.0).max(),
        "singular_value": np.quantile(s, QUANTILES),
    }


@functools.lru_cache(maxsize=256)
def _predict(cell: Cell) -> dict[str, Array]:
    """Return the predictions of both moments at infinite width.

    Each layer multiplies E[s^2] by chi and adds E[phi'^4] / E[phi'^2]^2 - 1 - s_1 to the
    dispersion, where s_1 is 0 for orthogonal kernels and -1 for independent entries (Pennington,
    Schoenholz and Ganguli 2017).
    """
    phi, width = activations.resolve(cell.text("activation")), cell.count("width")
    law = initializers.resolve(cell.text("initializer")).law(cell.text("framework"))
    sigma2 = width * law.variance(width, width) * float(cell["scale"]) ** 2
    square = product = 1.0
    dispersion = 0.0
    for _ in range(cell.count("depth")):
        layer = mean_field.moments(phi, sigma2 * square)
        square = layer.square
        product *= sigma2 * layer.slope_square
        ratio = layer.slope_fourth / layer.slope_square**2
        dispersion += ratio - 1.0 + (0.0 if isinstance(law, laws.Orthogonal) else 1.0)
    return {
        "jacobian_square_predicted": np.array(product),
        "dispersion_predicted": np.array(dispersion),
    }


STUDY = Spectrum()
