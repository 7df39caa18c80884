"""The plain training loop in torch that a member of a stack is compared with.

Written as a user writes it: modules, zero_grad, backward, step, one network and one batch at a
time, and every choice of a task by the call that torch documents for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import vmap

from suite.frameworks.torch_random import mask_seed, seeded
from suite.types import TrainTask
from tests.support.framework_tasks import BATCH, DEPTH, MEMBERS, POINTS, WIDTH, Values

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "sgd(0.03, 0.9)": lambda p: torch.optim.SGD(p, lr=0.03, momentum=0.9),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.001, alpha=0.9, eps=1e-7),
    "rmsprop(0.01, 0.8, 0.001, 0.5)": lambda p: torch.optim.RMSprop(
        p, lr=0.01, alpha=0.8, eps=0.001, momentum=0.5
    ),
    "adam": lambda p: torch.optim.Adam(p, lr=0.001, betas=(0.9, 0.999), eps=1e-7),
    "adam(0.01, 0.8, 0.99, 0.001)": lambda p: torch.optim.Adam(
        p, lr=0.01, betas=(0.8, 0.99), eps=0.001
    ),
}
DEFAULTS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
    "adam": torch.optim.Adam,
}
NORMALIZATIONS: dict[tuple[str, str], Callable[[], nn.Module]] = {
    ("batch", "common"): lambda: nn.BatchNorm1d(WIDTH, eps=1e-5, momentum=0.1),
    ("batch", "default"): lambda: nn.BatchNorm1d(WIDTH),
    ("layer", "common"): lambda: nn.LayerNorm(WIDTH, eps=1e-5),
    ("layer", "default"): lambda: nn.LayerNorm(WIDTH),
}
LOSSES: dict[str, Callable[[], Callable[[Tensor, Tensor], Tensor]]] = {
    "binary": nn.BCEWithLogitsLoss,
    "categorical": nn.CrossEntropyLoss,
    "squared": nn.MSELoss,
}
CLIPPING: dict[str, Callable[..., object]] = {
    "none": lambda parameters: None,
    "norm(0.25)": lambda parameters: nn.utils.clip_grad_norm_(parameters, 0.25),
    "value(0.02)": lambda parameters: nn.utils.clip_grad_value_(parameters, 0.02),
}
SCHEDULES: dict[str, Callable[..., torch.optim.lr_scheduler.LRScheduler]] = {
    "constant": lambda optimizer: torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 1.0),
    "step(2, 0.3)": lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.3),
    "exponential(0.6)": lambda optimizer: torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.6),
}


class Masked(nn.Module):
    """Dropout that multiplies by given masks instead of drawing them."""

    def __init__(self, masks: Iterator[Tensor]) -> None:
        super().__init__()
        self.masks = masks

    def forward(self, x: Tensor) -> Tensor:
        return x * next(self.masks) if self.training else x


class Block(nn.Module):
    """A hidden layer whose input is added to its scaled output."""

    def __init__(self, factor: float, inner: nn.Module) -> None:
        super().__init__()
        self.factor, self.inner = factor, inner

    def forward(self, x: Tensor) -> Tensor:
        value: Tensor = x + self.factor * self.inner(x)
        return value


def masks(task: TrainTask) -> list[Tensor]:
    """Return every mask of a stack, (K, batch, width) each, by step and layer.

    The stack's own random stream is drawn through the mapped dropout of ones.
    """
    dropout = vmap(nn.functional.dropout, (0, None), randomness="different")
    dtype = torch.float64 if task.precision == "double" else torch.float32
    drawn = []
    for epoch in range(1, task.record[-1] + 1):
        with seeded(mask_seed(task.noise, epoch)):
            for start in range(0, POINTS, BATCH):
                ones = torch.ones(MEMBERS, min(BATCH, POINTS - start), WIDTH, dtype=dtype)
                drawn += [dropout(ones, task.architecture.dropout) for _ in range(DEPTH)]
    return drawn


def train_alone(task: TrainTask, member: int, replayed: list[Tensor]) -> Values:
    """Train one member alone by the plain loop, and return what ``values`` takes from a stack."""
    model = build(task, member, iter([mask[member] for mask in replayed]))
    make = (OPTIMIZERS if task.settings == "common" else DEFAULTS)[task.optimizer]
    optimizer = make(model.parameters())
    scheduler = SCHEDULES[task.schedule](optimizer)
    loss_function = LOSSES[task.loss]()

    def data(inputs: np.ndarray, labels: np.ndarray) -> tuple[Tensor, Tensor]:
        x, y = torch.tensor(inputs[member]), torch.tensor(labels[member])
        if task.precision == "double":
            x, y = x.double(), y.double()
        return x, y.long() if task.loss == "categorical" else y

    def answer(x: Tensor) -> Tensor:
        logits: Tensor = model(x)
        return logits if task.loss == "categorical" else logits[:, 0]

    def right(logits: Tensor, y: Tensor) -> int:
        if task.loss == "squared":
            return 0
        side = logits.argmax(1) if task.loss == "categorical" else logits > 0
        return int((side == y).sum())

    inputs, labels = data(task.inputs, task.labels)
    batch_loss, batch_correct = [], []
    for epoch in range(1, task.record[-1] + 1):
        chosen = torch.tensor(task.order(epoch)[member])
        for index in torch.split(chosen, BATCH):
            optimizer.zero_grad()
            logits = answer(inputs[index])
            loss = loss_function(logits, labels[index])
            loss.backward()  # type: ignore[no-untyped-call]
            CLIPPING[task.clipping](model.parameters())
            optimizer.step()
            batch_loss.append(loss.item())
            batch_correct.append(right(logits, labels[index]))
        scheduler.step()
    values = {"batch_loss": np.array(batch_loss), "batch_correct": np.array(batch_correct)}
    model.eval()
    for prefix, (x, y) in (
        ("", (inputs, labels)),
        ("heldout_", data(task.heldout_inputs, task.heldout_labels)),
    ):
        logits = answer(x)
        values[f"{prefix}logits"] = logits.detach().numpy()
        values[f"{prefix}loss"] = loss_function(logits, y).detach().numpy()
    model.train()
    for module in model.modules():
        if isinstance(module, Masked):
            module.eval()
    if task.gradients_on == "batch":
        first = torch.tensor(task.order(task.record[-1] + 1)[member, : task.batch])
        inputs, labels = inputs[first], labels[first]
    model.zero_grad()
    loss_function(answer(inputs), labels).backward()  # type: ignore[no-untyped-call]
    dense_layers = [module for module in model.modules() if isinstance(module, nn.Linear)]
    for layer, dense in enumerate(dense_layers):
        assert dense.weight.grad is not None
        assert dense.bias.grad is not None
        values[f"kernel {layer}"] = dense.weight.detach().numpy().T
        values[f"bias {layer}"] = dense.bias.detach().numpy()
        values[f"gradient {layer}"] = np.vstack((dense.weight.grad.T, dense.bias.grad))
    return values


def build(task: TrainTask, member: int, stream: Iterator[Tensor]) -> nn.Sequential:
    """Return the network of one member, with its first weights."""
    model = task.architecture
    modules: list[nn.Module] = []
    for layer, (kernel, bias) in enumerate(task.weights):
        dense = nn.Linear(*kernel.shape[1:])
        with torch.no_grad():
            dense.weight.copy_(torch.tensor(kernel[member].T))
            dense.bias.copy_(torch.tensor(bias[member]))
        if layer == model.depth:
            modules.append(dense)
            continue
        hidden: list[nn.Module] = [dense]
        if model.normalization != "none":
            hidden.append(NORMALIZATIONS[model.normalization, task.settings]())
        hidden.append(nn.Tanh())
        if model.dropout:
            hidden.append(Masked(stream))
        if model.residual and layer > 0:
            modules.append(Block(model.residual, nn.Sequential(*hidden)))
        else:
            modules += hidden
    network = nn.Sequential(*modules)
    return network.double() if task.precision == "double" else network
