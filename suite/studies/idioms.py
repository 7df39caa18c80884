"""Ways to write code: to initialise a network, to call a layer, and printed code that fails.

Each case is a mechanism in a few lines of the suite's own code, not the text of the sources. A
failure is a result here: the run is ok, its metric ``raised`` is 1 and its reason is the error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from suite import seeds
from suite.catalogue import initializers
from suite.probes.idioms import Mechanisms
from suite.studies.common import costs
from suite.studies.common.distances import distance
from suite.studies.common.measurements import columns
from suite.types import (
    BLOCK,
    Cell,
    Cost,
    Grid,
    Lab,
    Measurement,
    Member,
    Stack,
    Status,
    Study,
    Table,
    TableSpec,
    float64,
)

STARTS: Mapping[str, str] = {
    "init_loop": "initialise a network in a loop over its layers",
    "init_apply": "initialise a network with apply(fn)",
    "init_argument": "initialise a network with kernel_initializer",
}
CALLS: Mapping[str, str] = {
    "call_dense": "dense layer: layer(x) against layer.forward(x) or .call(x)",
    "call_norm": "batch norm: layer(x) against layer.forward(x) or .call(x)",
}
ATTEMPTS: Mapping[str, str] = {
    "net_lost_layer": "a network's forward uses a layer that was never made",
    "net_own_layer": "a network's forward uses a layer that was made",
    "object_call": "call an object whose class has a method call",
    "object_dunder_call": "call an object whose class has a method __call__",
    "optimizer_reused": "one optimizer steps a second model",
    "optimizer_renewed": "an optimizer for each model",
    "callback_model": "a callback sets its model",
    "callback_own_name": "a callback stores the model under another name",
    "weight_name": "find the kernels by '/kernel:' in their name",
    "weight_path": "find the kernels by '/kernel' in their path",
    "loop_other_layers": "a loop over other layer types redraws dense kernels",
    "apply_order": "apply visits children before parents",
    "unbuilt_forward": "forward (call) of a layer that is not yet built",
    "unbuilt_call": "call a layer that is not yet built",
}
CASES: Mapping[str, str] = {**STARTS, **CALLS, **ATTEMPTS}
"""Every case, and the code that it tries."""
SHAPES = ((128, 256), (256, 128), (128, 128))
"""The kernels of the network that is initialised: 81,920 entries."""


class Idioms(Study):
    """Common ways to initialise and to call, compared, and printed code that may raise."""

    name = "idioms"
    position = 260
    question = (
        "Are common ways to write the same thing equivalent, and does printed code still run?"
    )
    source = "stability notes, initialisation and forward; two-circles tutorial"
    axes = ("framework", "case")
    tables = (
        TableSpec(
            "runs",
            (
                "raised",
                "found_share",
                "call_difference",
                "called_hooks",
                "forward_hooks",
                "start_difference",
                "start_ks",
            ),
        ),
    )

    def grids(self, profile: str) -> tuple[Grid, ...]:
        few = (
            "net_lost_layer",
            "net_own_layer",
            "object_call",
            "object_dunder_call",
            "optimizer_reused",
            "optimizer_renewed",
            "call_dense",
        )
        quick = Grid({"case": few}, seeds=1)
        attempts = Grid({"case": (*ATTEMPTS, "call_dense")}, seeds=1)
        starts = Grid({"case": tuple(STARTS)}, seeds=BLOCK)
        every = Grid({"case": (*ATTEMPTS, *CALLS)}, seeds=1)
        return {"quick": (quick,), "standard": (attempts, starts), "full": (every, starts)}[profile]

    def probes(self, cell: Cell) -> tuple[Callable[..., object], ...]:
        case = cell.text("case")
        if case in STARTS:
            return (Mechanisms.initialise,)
        return (Mechanisms.compare,) if case in CALLS else (Mechanisms.attempt,)

    def measure(self, stack: Stack, lab: Lab) -> Measurement:
        rows, errors = zip(*(observe(member, lab) for member in stack.members), strict=True)
        # An error is a result: a run with a reason is ok here, not diverged.
        reasons = [" ".join(error.split())[:200] for error in errors]
        return Measurement([Status.OK] * len(rows), reasons, (Table("runs", {}, columns(rows)),))

    def cost(self, stack: Stack) -> Cost:
        return Cost(0.3 + 0.05 * len(stack.members), costs.WORKER)


def observe(member: Member, lab: Lab) -> tuple[dict[str, float], str]:
    """Return the metrics of one case, and the error that its code raised, empty if it ran."""
    case = member.cell.text("case")
    seed = seeds.integer(
        lab.root, "made", seed=member.seed, case="idioms", framework=lab.framework.name
    )
    if case in ATTEMPTS:
        share, error = lab.framework.probe(Mechanisms).attempt(case)
        numbers = {"raised": float(bool(error))}
        return numbers if math.isnan(share) else numbers | {"found_share": share}, error
    if case in CALLS:
        rng = seeds.generator(lab.root, "vectors", seed=member.seed)
        inputs = rng.standard_normal((16, 8)).astype(np.float32)
        compare = lab.framework.probe(Mechanisms).compare
        called, forwarded, called_hooks, forward_hooks = compare(
            case.removeprefix("call_"), inputs, seed
        )
        return {
            "call_difference": float(np.abs(float64(called) - float64(forwarded)).max()),
            "called_hooks": float(called_hooks),
            "forward_hooks": float(forward_hooks),
        }, ""
    return _start(case, seed, lab), ""


def _start(case: str, seed: int, lab: Lab) -> dict[str, float]:
    """Compare the kernels of an idiom with those of the plain loop and with their law."""
    initialise = lab.framework.probe(Mechanisms).initialise
    kernels, plain = initialise(case, SHAPES, seed), initialise("init_loop", SHAPES, seed)
    law = initializers.resolve("xavier_uniform").law(lab.framework.name)
    # The distribution function of its layer maps every entry to U(0, 1).
    shaped = zip(kernels, SHAPES, strict=True)
    uniform = np.sort(np.concatenate([law.cdf(np.ravel(k), *shape) for k, shape in shaped]))
    pairs = zip(kernels, plain, strict=True)
    return {
        "start_difference": max(float(np.abs(float64(a) - float64(b)).max()) for a, b in pairs),
        "start_ks": distance(uniform, uniform),
    }


STUDY = Idioms()
