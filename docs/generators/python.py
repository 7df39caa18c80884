"""The Python interface, from the docstrings of what is public."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import suite
from docs.generators.pages import save

LEAD = """\
# Python interface

What `import suite` offers, with its docstrings. Their examples are run by the tests.
[In a script or a notebook](/how_to/python.md) shows it at work.

"""
TOPICS = {
    "Read, measure, judge, compare": "load plan run check compare attribute explain pool advise"
    " assess listing",
    "What they return": "Results Figure Plan Check Comparison Attribution Explanation Pool Advice"
    " Passport",
    "Items of your own": "activation Activation Initializer Normalization Optimizer Dataset"
    " natives",
    "Claims": "claims_file claims_text read_claims shipped_claims Claim Band",
    "Studies": "Study Metric Share Grid Table TableSpec Measurement completed Status Cost Lab Stack"
    " Member Cell",
    "Errors": "UserError Unsupported",
    "Catalogues": "activations initializers normalizations optimizers datasets axes known_studies"
    " known_metrics known_frameworks units",
}
"""Heading -> the public names below it. A name that is missing here ends the build."""


def write(folder: Path) -> None:
    """Write ``python.md`` into the folder. Raises LookupError for a public name without a topic."""
    topics = {title: names.split() for title, names in TOPICS.items()}
    lacking = {*suite.__all__} - {"__version__"} - {name for of in topics.values() for name in of}
    if lacking:
        raise LookupError(f"TOPICS of docs/generators/python.py lack {sorted(lacking)}")
    parts = [f"## {title}\n\n{''.join(map(_entry, names))}" for title, names in topics.items()]
    save(folder / "python.md", LEAD + "\n".join(parts))


def _entry(name: str) -> str:
    value = getattr(suite, name)
    more = "" if callable(value) else "   :no-value:\n"
    kind = "class" if inspect.isclass(value) else "function" if callable(value) else "data"
    return f"### `{name}`\n\n```{{eval-rst}}\n.. auto{kind}:: suite.{name}\n{more}```\n\n"


def _public(app: Any, env: Any, node: Any, words: Any) -> Any:
    """Return the link to the entry of a type that a signature names by the module it is from."""
    name = node.get("reftarget", "").rpartition(".")[2]
    if node.get("refdomain") != "py" or name not in suite.__all__:
        return None
    domain = env.get_domain("py")
    page = node["refdoc"]
    return domain.resolve_xref(env, page, app.builder, "obj", f"suite.{name}", node, words)


def setup(app: Any) -> None:
    """Have Sphinx look for a type under its public name where it does not find it."""
    app.connect("missing-reference", _public)
