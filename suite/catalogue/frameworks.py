"""The table of frameworks: what each one imports, what installs it, how its process is set up,
what it cannot do, and what its work costs.

Nothing is imported before it is needed. The settings that make a framework give the same bits
twice are data here, so that the manifest of a run records what its workers are given.
``suite.frameworks`` loads a framework.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from suite.catalogue import registry
from suite.catalogue.rates import (
    ByDepth,
    CompiledTraining,
    LayerRates,
    PropagationRates,
    Rates,
    ShiftRates,
    TrainingRates,
)
from suite.types import Framework, UserError

THREADS = 1
"""Threads per worker process: processes fill the cores, and batched kernels on small matrices do
not gain from threads."""
Formulas = Literal["torch", "keras"]
"""Where an optimizer's epsilon stands and how a norm is clipped; see ``optimizers``."""


@dataclass(frozen=True)
class Entry:
    """One framework: its class, the packages it imports, its extra.

    A framework of a plugin is asked by name for whatever a catalogue holds, as ``evaluate("relu",
    points)``; it raises Unsupported for what it does not have.
    """

    name: str
    target: str | Callable[[], Framework]
    """The class as "module:attribute", or itself where a plugin has it."""
    packages: tuple[str, ...]
    extra: str | None
    """The extra to install, as in ``init-suite[torch]``, or several with commas; None where every
    installation has it."""
    api: str = ""
    """Whose layers, defaults and optimizers a user calls, as "keras"; empty where it is not one of
    those that ``suite compare --attribute`` tells apart."""
    backend: str = ""
    """Whose kernels and generators compute, as "tensorflow"."""
    flags: Mapping[str, bool | int | None] = field(default_factory=dict)
    """Settings of the process, set when the framework is loaded: "module.attribute" -> the value,
    or the argument where the attribute is a function (None: it takes none)."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of a worker, which the framework's libraries read when they are first
    imported; beside those that every worker has."""
    process: str = registry.TOGETHER
    """The kind of its worker processes. Frameworks of one kind are measured by the same processes,
    one after the other; a framework whose environment would change another's needs a kind of its
    own."""
    by_name: bool = False
    """Whether it is measured only where a user names it."""
    gaps: Mapping[str, str] = field(default_factory=dict)
    """What the framework cannot do -> the reason, which becomes that of ``unsupported`` runs. A
    gap is the function of a probe, as in "normalized.shift", a study's case, layer kind or
    shape, as in "idioms.init_apply", the settings of optimizers or a precision, as in
    "precision.double", or a method or option of a step, as in "step.nadam", or both together, as
    in "step.sgd.decay"."""
    formulas: Formulas | Mapping[str, Formulas] | None = None
    """The form of its optimizers and of its clipping, or optimizer -> form where they differ; None:
    written down nowhere in the suite."""
    step_forms: Mapping[str, Formulas | Mapping[str, Formulas]] = field(default_factory=dict)
    """Where the parts of a step follow different formulas: every part, as ``step_forms.Forms``
    names it -> its form, or method or option -> the form, with "" for all others. Empty:
    ``formulas`` holds for every part."""
    compiles: bool = False
    """Whether it trains some networks in programs made by the C++ compiler. Such programs round
    otherwise, so the compiler is recorded as a part of the machine."""
    shared_probes: str = ""
    """The package of probes that it shares with other frameworks, where it has no own of a topic;
    empty for none."""
    rates: Rates = field(default_factory=Rates)
    operations: str | None = None
    """Its operations under NumPy's names, as "module:attribute" of a ``generic.Operations``; None:
    an activation needs a function of the framework's own."""

    @property
    def installed(self) -> bool:
        """Whether the packages can be imported, found out without importing them."""
        return bool(self.target) and all(
            importlib.util.find_spec(package) is not None for package in self.packages
        )

    def require(self) -> None:
        """Raise UserError, with the command that installs the framework, when it is missing."""
        if not self.installed:
            if not self.extra:
                raise UserError(
                    f"framework {self.name!r} needs {' and '.join(self.packages)}, not all of which"
                    " are installed"
                )
            raise UserError(
                f"framework {self.name!r} is not installed;"
                f" pip install 'init-suite[{self.extra}]' (installed: {', '.join(installed())})"
            )

    def settle(self) -> None:
        """Import the framework and set its flags, for the whole process."""
        for name, value in self.flags.items():
            module, _, attribute = name.rpartition(".")
            home = importlib.import_module(module)
            setting = getattr(home, attribute)
            if callable(setting):
                setting(*([] if value is None else [value]))
            else:
                setattr(home, attribute, value)

    def form(self, optimizer: str) -> Formulas | None:
        """Return the form of an optimizer, whose name may have parameters; None where it is written
        down nowhere in the suite."""
        if self.formulas is None or isinstance(self.formulas, str):
            return self.formulas
        return self.formulas.get(optimizer.partition("(")[0])

    def gap(self, needed: Iterable[str]) -> str | None:
        """Return the reason why one of these is a gap, or None when the framework has them all."""
        return next((self.gaps[name] for name in needed if name in self.gaps), None)


_NUMPY = Entry(
    "numpy",
    "suite.frameworks.numpy:Numpy",
    ("numpy",),
    None,
    gaps={
        "defaults.value": "the NumPy oracle has no defaults: every number is given to it",
        "elementwise.seconds": "the NumPy oracle is not timed",
        "idioms.attempt": "printed code is run in a framework, not in the NumPy oracle",
        "idioms.compare": "the NumPy oracle has no layers to be called",
        "numerics.evaluate": "the NumPy oracle is the definition that formulas are compared with",
        "ports.carried": "code is carried from one framework into another, not into the oracle",
        "normalization.running": "the NumPy oracle has no layer that keeps running statistics",
        "normalization.defaults": "the NumPy oracle has no defaults: every number is given to it",
        "normalization.rescaled": "the NumPy oracle has no normalization layer behind a kernel",
        "normalized.shift": "the NumPy oracle does not train networks with normalization",
    },
    formulas="keras",
    rates=Rates(
        TrainingRates(ByDepth(0.0, 0.0), ByDepth(0.01, 0.01), ByDepth(300e-6, 100e-6)),
        PropagationRates(0.0, 12e-9, 60e-9, 1.0e-7),
    ),
)
_TORCH = Entry(
    "torch",
    "suite.frameworks.torch:Torch",
    ("torch",),
    "torch",
    api="torch",
    backend="torch",
    flags={
        "torch.use_deterministic_algorithms": True,
        "torch.utils.deterministic.fill_uninitialized_memory": False,
        "torch.set_num_threads": THREADS,
    },
    environment={
        "TORCHINDUCTOR_COMPILE_THREADS": "1",
        # MKL multiplies torch's matrices. Without this it rounds by where an array lies in memory.
        "MKL_CBWR": "AUTO",
    },
    gaps={
        "idioms.init_argument": "torch's layers take no initializer",
        "idioms.callback_model": "torch has no callbacks",
        "idioms.callback_own_name": "torch has no callbacks",
        "idioms.weight_name": "torch's names never held '/kernel:'",
        "idioms.weight_path": "torch's weights have no path",
        "initializers.shared_seeded": "torch's initializers take a generator and no whole number",
        "initializers.einsum": "torch has no layer for a sum over named axes",
    },
    formulas="torch",
    compiles=True,
    operations="suite.frameworks.torch.operations:OPERATIONS",
    rates=Rates(
        TrainingRates(compiled=CompiledTraining(width=8, work=20_000, speedup=3.0)),
    ),
)
_OF_KERAS = {
    "initializers.attention_packed": "Keras' attention keeps query, key and value apart",
}
"""The gaps of Keras, whatever its backend."""
_TENSORFLOW = Entry(
    "tensorflow",
    "suite.frameworks.tensorflow:TensorFlow",
    ("tensorflow", "keras"),
    "tensorflow",
    api="keras",
    backend="tensorflow",
    flags={"tensorflow.config.experimental.enable_op_determinism": None},
    environment={
        "TF_NUM_INTRAOP_THREADS": str(THREADS),
        "TF_NUM_INTEROP_THREADS": str(THREADS),
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_ENABLE_ONEDNN_OPTS": "1",  # what TensorFlow does by itself on x86
    },
    gaps={
        "idioms.init_apply": "Keras models have no apply(fn)",
        "idioms.apply_order": "Keras models have no apply(fn)",
        **_OF_KERAS,
    },
    formulas="keras",
    shared_probes="suite.frameworks.keras.probes",
    operations="suite.frameworks.tensorflow.operations:OPERATIONS",
    rates=Rates(
        TrainingRates(ByDepth(1.2, 0.1), ByDepth(0.002, 0.003), ByDepth(50e-6, 45e-6), 4e10),
        PropagationRates(0.25, 25e-9, 70e-9, 3e-8),
        LayerRates(40e-9, 0.02),
        ShiftRates(1.0, 0.1),
        fit=1.5,
    ),
)
_OF_PRINTED_CODE = dict.fromkeys(
    ("idioms.attempt", "idioms.compare", "idioms.initialise", "ports.carried"),
    "the code that the study runs was printed for torch and for Keras on TensorFlow",
)
"""What is asked of torch and TensorFlow alone."""
_COMMON = ("common_sgd", "common_rmsprop", "common_adam")
_OF_OPTAX = {
    "step.nadam": "Optax' NAdam has no momentum that grows: its formula is neither torch's nor"
    " Keras'",
    "step.amsgrad": "Optax' AMSGrad takes the largest v after its bias is corrected: its formula is"
    " neither torch's nor Keras'",
    "step.clip_norm": "Optax clips by the norm of all tensors together, or by the root mean square"
    " of each one",
    **{
        f"step.{method}.decay": f"Optax' {method} has no argument weight_decay"
        for method in ("sgd", "rmsprop", "adam", "adamw", "adagrad", "nadam", *_COMMON)
    },
}
"""What Optax lacks of a step."""
_JAX = Entry(
    "jax",
    "suite.frameworks.jax:Jax",
    ("jax", "flax", "optax"),
    "jax",
    api="flax",
    backend="jax",
    process="jax",  # TensorFlow reads XLA_FLAGS too
    by_name=True,
    environment={
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    },
    gaps={
        "settings.default": "Optax's optimizers have no default learning rate",
        "initializers.attention_packed": "Flax' attention keeps query, key and value apart",
        "initializers.shared_seeded": "Flax' initializers are functions of a key and hold no seed",
        "initializers.shared_generator": "Flax' initializers are functions of a key and hold no"
        " generator",
        "defaults.value": "the study's defaults are those of objects of torch and Keras; Flax' and"
        " Optax' are in docs/reference/defaults.md",
        "tutorial.fit": "Flax has no fit: its user writes the loop",
        **_OF_OPTAX,
        **_OF_PRINTED_CODE,
    },
    # Optax adds RMSprop's epsilon inside of the root, and Adam's to the corrected root. Its
    # clipping divides by the norm alone.
    formulas={"rmsprop": "keras", "adam": "torch", "sgd": "keras"},
    step_forms={
        # Where epsilon stands, and whether momentum accumulates gradients or steps.
        "rule": {
            **dict.fromkeys(("sgd", "adam", "adamw", "adadelta", "adamax"), "torch"),
            **dict.fromkeys(("rmsprop", "adagrad"), "keras"),
            **dict(zip(_COMMON, ("torch", "keras", "torch"), strict=True)),
        },
        # Weight decay stands in a chain of transformations where a gradient still is one, except in
        # the methods whose name ends in w.
        "decay": {"adamax": "keras", "": "torch"},
        "penalty": "torch",
        "clipping": "keras",
        "schedule": {"piecewise": "torch", "": "keras"},
        "mean": "keras",
        "count": "torch",
    },
    rates=Rates(
        TrainingRates(
            ByDepth(0.9, 0.05), ByDepth(0.008, 0.0016), ByDepth(0.0, 75e-6), operations=2.2e10
        ),
        PropagationRates(0.1, 15e-9, 60e-9, 5e-8),
    ),
)
_KERAS_TORCH = Entry(
    "keras_torch",
    "suite.frameworks.keras_torch:KerasTorch",
    ("keras", "torch"),
    "keras",
    api="keras",
    backend="torch",
    process="keras_torch",  # a process has one KERAS_BACKEND
    by_name=True,
    flags=_TORCH.flags,
    environment={**_TORCH.environment, "KERAS_BACKEND": "torch", "KERAS_TORCH_DEVICE": "cpu"},
    gaps={
        # https://github.com/keras-team/keras/issues/23704
        "precision.double": "Keras on torch multiplies, averages and normalizes doubles in single"
        " precision",
        # Outside TensorFlow, keras.backend.result_type of a double and a single is single.
        **dict.fromkeys(
            ("step.clip_norm", "step.clip_global"),
            "Keras on torch clips doubles by a norm in single precision",
        ),
        **_OF_KERAS,
        **_OF_PRINTED_CODE,
    },
    formulas="keras",
    shared_probes="suite.frameworks.keras.probes",
    rates=Rates(
        TrainingRates(
            ByDepth(0.1, 0.0), ByDepth(0.007, 0.009), ByDepth(260e-6, 70e-6), operations=2e10
        ),
        PropagationRates(0.5, 25e-9, 45e-9, 1.3e-7),
    ),
)
_KERAS_JAX = Entry(
    "keras_jax",
    "suite.frameworks.keras_jax:KerasJax",
    ("keras", "jax"),
    "keras,jax",
    api="keras",
    backend="jax",
    process="keras_jax",  # a process has one KERAS_BACKEND
    by_name=True,
    environment={**_JAX.environment, "KERAS_BACKEND": "jax"},
    gaps={
        "precision.double": "Keras on JAX computes tanh, averages and normalization of doubles in"
        " single precision",
        **dict.fromkeys(
            [
                f"step.{schedule}"
                for schedule in ("cosine", "cosine_past", "cosine_floor", "warmup", "restarts")
            ],
            "Keras on JAX computes a schedule of cosines in single precision",
        ),
        **_OF_KERAS,
        **_OF_PRINTED_CODE,
    },
    formulas="keras",
    shared_probes="suite.frameworks.keras.probes",
    rates=_JAX.rates,
)
FRAMEWORKS = registry.Registry(
    "framework", [_NUMPY, _TORCH, _TENSORFLOW, _JAX, _KERAS_TORCH, _KERAS_JAX]
)


def entry_of(name: str) -> Entry:
    """Return the entry of a framework; for a name that is not in the table, one that declares
    nothing, so that the results of a framework that was removed can still be read."""
    return FRAMEWORKS[name] if name in FRAMEWORKS else Entry(name, "", (), None)


def by_default() -> tuple[Entry, ...]:
    """Return the frameworks that are measured where a user names none, installed or not."""
    return tuple(entry for entry in FRAMEWORKS if entry.extra and not entry.by_name)


def installed() -> tuple[str, ...]:
    """Return the names of the frameworks that can be loaded here, without importing them."""
    return tuple(entry.name for entry in FRAMEWORKS if entry.installed)
