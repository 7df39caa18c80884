"""Which tests run the examples of which page. The build fails for a page whose examples none runs.

The tests run them with both frameworks. Plain blocks hold commands, which
``tests/commands/test_shown_commands.py`` reads on every page.
"""

from __future__ import annotations

import re
from pathlib import Path

from docs.generators.pages import ROOT

RUN_BY = {
    "tutorial/first_claim.md": "tests/docs/test_claims.py",
    "tutorial/first_activation.md": "tests/docs/test_plugins.py",
    "how_to/advice.md": "tests/docs/test_advice.py",
    "how_to/claims.md": "tests/docs/test_claims.py",
    "how_to/debug.md": "tests/docs/test_debug.py",
    "how_to/items.md": "tests/plugins/test_docs.py",
    "how_to/python.md": "tests/api/test_examples.py",
    "reference/commands.md": "tests/docs/test_commands.py",
    "explanation/frameworks.md": "tests/results/test_reference.py",
}
"""Page -> the test that runs its examples or repeats its output. The test names the page."""
NOT_RUN = {
    "how_to/cluster.md": "its example is for a cluster with Slurm",
    "explanation/releases.md": "it takes two installations of TensorFlow: tox -e release-...",
}
"""Page -> why its examples are not run."""
EXAMPLE = re.compile(r"^```(?:python|toml|console)$|^\$ suite ", re.MULTILINE)


def problems() -> list[str]:
    """Return a sentence for each page whose examples are not run, or not where it is said here."""
    found = []
    pages = (ROOT / "docs").rglob("*.md")
    holding = {path for path in pages if EXAMPLE.search(path.read_text(encoding="utf-8"))}
    names = {path.relative_to(ROOT / "docs").as_posix() for path in holding}
    written = {name for name in names if not name.startswith(("generated/", "_build/"))}
    for name in sorted(written - {*RUN_BY, *NOT_RUN}):
        found.append(f"{name}: no test runs its examples (RUN_BY in docs/generators/examples.py)")
    for name in sorted({*RUN_BY, *NOT_RUN} - written):
        found.append(f"{name}: has no example, or is not a page")
    for name, test in RUN_BY.items():
        path = ROOT / test
        if not path.exists() or Path(name).name not in path.read_text(encoding="utf-8"):
            found.append(f"{name}: {test} does not name it")
    return found
