"""The source of all randomness: one generator per purpose and values of its axes, by SHA-256.

| purpose | varies with | and so is shared by |
| --- | --- | --- |
| weights | seed, layer, fan_in, fan_out, initializer | activations, optimizers, frameworks |
| native | seed, layer, fan_in, fan_out, initializer, framework | activations, optimizers |
| biases | seed, layer, fan_in, fan_out, initializer, framework | activations, kernels |
| train, heldout | seed, dataset | every cell of a study that uses the dataset |
| split | seed, dataset | every cell of a study that uses the dataset |
| batches | seed, epoch | every cell |
| object | seed, initializer, framework | all layers that share one initializer object |
| made | seed, case, framework | nothing: one framework draws it in one measurement |
| vectors | seed | activations, initializers, shapes, frameworks |
| noise | seed, cell | nothing: each network has its own dropout masks |
| factors | seed, width, scale | products of other lengths, which begin with the same factors |
| shifted | seed, case, scale | nothing: each data set of the study shift is drawn by itself |
| normalization | seed, layer_kind | frameworks, settings and scales of the study |
| ties | seed, layer, width, case | activations, optimizers, precisions, frameworks, noise scales |
| inputs, cotangent | seed, width | activations, initializers, frameworks |
| noise_batches, start | seed | every cell of the study descent |
| sample | stack | nothing: which stored stacks `suite reproduce` takes; its root is ``--seed`` |

The root seed enters every one of them. Because cells share draws, their errors are correlated: a
claim first reduces each seed to one number, and its interval runs over seeds only.
"""

from __future__ import annotations

import hashlib

import numpy as np

PURPOSES = {
    "weights": ("seed", "layer", "fan_in", "fan_out", "initializer"),
    "native": ("seed", "layer", "fan_in", "fan_out", "initializer", "framework"),
    "biases": ("seed", "layer", "fan_in", "fan_out", "initializer", "framework"),
    "train": ("seed", "dataset"),
    "heldout": ("seed", "dataset"),
    "split": ("seed", "dataset"),
    "batches": ("seed", "epoch"),
    "object": ("seed", "initializer", "framework"),
    "made": ("seed", "case", "framework"),
    "vectors": ("seed",),
    "noise": ("seed", "cell"),
    "factors": ("seed", "width", "scale"),
    "shifted": ("seed", "case", "scale"),
    "normalization": ("seed", "layer_kind"),
    "ties": ("seed", "layer", "width", "case"),
    "inputs": ("seed", "width"),
    "cotangent": ("seed", "width"),
    "noise_batches": ("seed",),
    "start": ("seed",),
    "sample": ("stack",),
}


def _digest(root: int, purpose: str, axes: dict[str, int | str]) -> bytes:
    if set(axes) != set(PURPOSES[purpose]):
        raise ValueError(f"{purpose} varies with {PURPOSES[purpose]}, not with {tuple(axes)}")
    named = "".join(f"\n{axis}={axes[axis]}" for axis in PURPOSES[purpose])
    return hashlib.sha256(f"root={root}\npurpose={purpose}{named}".encode()).digest()


def generator(root: int, purpose: str, **axes: int | str) -> np.random.Generator:
    """Return the NumPy generator of a purpose.

    Raises ValueError when the axes are not those of the table.
    """
    words = np.frombuffer(_digest(root, purpose, axes), dtype=np.uint32)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words.tolist())))


def integer(root: int, purpose: str, **axes: int | str) -> int:
    """Return a 31-bit seed for a framework's own generator.

    Raises ValueError when the axes are not those of the table.
    """
    return int.from_bytes(_digest(root, purpose, axes)[:4], "little") & 0x7FFFFFFF
