"""Ways to write code: to initialise a network, to call a layer, printed code, and ported code.

Each case is a mechanism in a few lines of the suite's own code, not the text of the sources. A
failure is a result here: the run is ok, its metric ``raised`` is 1 and its reason is the error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from suite import seeds
from suite.catalogue import initializers
from suite.probes.idioms import Mechanisms
from suite.probes.ports import Ports
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


@dataclass(frozen=True)
class Port:
    """Code that means something else in the other framework.

    ``code``: what it does, and what its number is; ``meant``: the number that was meant.
    """

    code: str
    meant: float


PORTS: Mapping[str, Port] = {
    "column_by_hand": Port("((outputs (N, 1) - targets (N))^2).mean(): final loss / Var(y)", 0.0),
    "column_loss": Port("squared loss of outputs (N, 1), targets (N): final loss / Var(y)", 0.0),
    "summed_loss": Port("a summed for a mean loss: gradient over the mean's, 32 points", 1.0),
    "probabilities_as_logits": Port("a sigmoid before the loss of logits: least loss (nats)", 0.0),
    "logits_as_probabilities": Port("logits into the loss of probabilities: share stuck", 0.0),
    "same_padding": Port("stride 2, kernel 3, padding 1 or same: first pixel of 8", 0.0),
    "channels_last": Port("batch norm of channels -1 and 1, last: largest channel mean", 0.0),
    "batch_first": Port("LSTM of (batch, time, features): other samples that change", 0.0),
    "attention_batch": Port("attention of (batch, time, features): others that change", 0.0),
    "softmax_axis": Port("softmax layer without an axis, classes last: their sum", 1.0),
    "classes_last": Port("cross-entropy, classes last: loss of a sure answer (nats)", 0.0007),
    "dropout_mode": Port("dropout of 0.5 called as it is: share dropped", 0.0),
    "norm_mode": Port("batch norm called as it is, batch of mean 5: mean after it", 0.0),
    "norm_momentum": Port("batch norm, momentum=0.9: running mean after a batch of ones", 0.1),
    "stale_value": Port("compiled function reads a number changed from 1 to 2", 2.0),
    "frozen_late": Port("a layer frozen after the first step: moves", 0.0),
    "weight_layout": Port("square kernel of the other framework, as it is: transposed", 0.0),
    "kept_gradients": Port("four steps without zero_grad: way over the meant one", 1.0),
}
"""Lines that one framework's user carries into the other, by case."""
CASES: Mapping[str, str] = {
    **STARTS,
    **CALLS,
    **ATTEMPTS,
    **{case: port.code for case, port in PORTS.items()},
}
"""Every case, and the code that it tries."""
SHAPES = ((128, 256), (256, 128), (128, 128))
"""The kernels of the network that is initialised: 81,920 entries."""


class Idioms(Study):
    """Common ways to initialise and to call, compared, printed code that may raise, and code that
    a port changes without a word."""

    name = "idioms"
    position = 260
    question = (
        "Are common ways to write the same thing equivalent, does printed code still run, and what"
        " does code give that is carried into the other framework?"
    )
    source = "stability notes; two-circles tutorial; the frameworks' documentation"
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
                "ported_value",
                "warned",
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
        ports = Grid({"case": tuple(PORTS)}, seeds=1)
        return {
            "quick": (quick, ports),
            "standard": (attempts, starts, ports),
            "full": (every, starts, ports),
        }[profile]

    def probes(self, cell: Cell) -> tuple[Callable[..., object], ...]:
        case = cell.text("case")
        if case in STARTS:
            return (Mechanisms.initialise,)
        if case in PORTS:
            return (Ports.carried,)
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
    if case in PORTS:
        value, warned, error = lab.framework.probe(Ports).carried(case, seed)
        numbers = {"raised": float(bool(error)), "warned": float(warned)}
        return numbers if math.isnan(value) else numbers | {"ported_value": value}, error
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
