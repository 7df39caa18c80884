"""How code is written: ways of starting a network, of calling a layer, and printed code that fails.

Each case is a mechanism in a few lines of the suite's own, not the sources' text. A failure is a
result here: the run is ok, its metric ``raised`` is 1 and its reason holds the error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from suite import seeds
from suite.catalogue import initializers
from suite.probes.idioms import Mechanisms
from suite.studies.common.distances import distance
from suite.types import (
    BLOCK,
    Cell,
    Cost,
    Grid,
    Lab,
    Measurement,
    Member,
    Stack,
    Study,
    Table,
    TableSpec,
    float64,
)

STARTS: Mapping[str, str] = {
    "init_loop": "start a network in a loop over its layers",
    "init_apply": "start a network with apply(fn)",
    "init_argument": "start a network with kernel_initializer",
}
CALLS: Mapping[str, str] = {
    "call_dense": "dense layer: layer(x) beside layer.forward(x) or .call(x)",
    "call_norm": "batch norm: layer(x) beside layer.forward(x) or .call(x)",
}
ATTEMPTS: Mapping[str, str] = {
    "net_lost_layer": "a network's forward asks for a layer that nobody made",
    "net_own_layer": "the same with the layer that was made",
    "object_call": "call an object whose class has a method call",
    "object_dunder_call": "the same with a method __call__",
    "optimizer_reused": "one optimizer steps a second model",
    "optimizer_renewed": "an optimizer for each model",
    "callback_model": "a callback sets its model",
    "callback_own_name": "a callback keeps the model under another name",
    "weight_name": "find the kernels by '/kernel:' in their name",
    "weight_path": "find the kernels by '/kernel' in their path",
    "loop_other_layers": "a loop that knows no dense layer draws dense kernels again",
    "apply_order": "apply visits children before parents",
    "unbuilt_forward": "forward (call) of a layer that does not know its inputs yet",
    "unbuilt_call": "the same by calling the layer",
}
CASES: Mapping[str, str] = {**STARTS, **CALLS, **ATTEMPTS}
"""Every case, and what is tried."""
SHAPES = ((128, 256), (256, 128), (128, 128))
"""Kernels of the network that is started: 81,920 entries."""


class Idioms(Study):
    """Mechanisms of code; ``suite.types.Study`` says what each member means."""

    name = "idioms"
    position = 260
    question = "Are the common ways to write it equivalent, and does the printed code still run?"
    source = "stability notes, initialisation and forward; two-circles tutorial"
    axes = ("framework", "case")
    within: tuple[str, ...] = ()
    tables: tuple[TableSpec, ...] = (
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
        found = [observe(member, lab) for member in stack.members]
        columns = {
            metric: np.array([numbers[metric] for numbers, _ in found]) for metric in found[0][0]
        }
        errors = [" ".join(error.split())[:200] for _, error in found]
        return Measurement(["ok"] * len(found), errors, (Table("runs", {}, columns),))

    def cost(self, stack: Stack) -> Cost:
        return Cost(0.3 + 0.05 * len(stack.members), 1.1e9)


def observe(member: Member, lab: Lab) -> tuple[dict[str, float], str]:
    """The metrics of one case, and the error that its code raised, empty where it ran."""
    case = member.cell.text("case")
    own = seeds.integer(
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
        called, forwarded, hooks, without = compare(case.removeprefix("call_"), inputs, own)
        apart = np.abs(float64(called) - float64(forwarded)).max()
        numbers = {"call_difference": float(apart)}
        return numbers | {"called_hooks": float(hooks), "forward_hooks": float(without)}, ""
    return _start(case, own, lab), ""


def _start(case: str, seed: int, lab: Lab) -> dict[str, float]:
    """The kernels of an idiom beside those of the plain loop, and beside their law."""
    initialise = lab.framework.probe(Mechanisms).initialise
    kernels, plain = initialise(case, SHAPES, seed), initialise("init_loop", SHAPES, seed)
    law = initializers.resolve("xavier_uniform").law(lab.framework.name)
    # Through its own distribution function every entry is U(0, 1), whatever its layer.
    shaped = zip(kernels, SHAPES, strict=True)
    uniform = np.sort(np.concatenate([law.cdf(np.ravel(one), *shape) for one, shape in shaped]))
    both = zip(kernels, plain, strict=True)
    return {
        "start_difference": max(float(np.abs(float64(a) - float64(b)).max()) for a, b in both),
        "start_ks": distance(uniform, uniform),
    }


STUDY = Idioms()
