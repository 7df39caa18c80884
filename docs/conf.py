"""The site of the manual: ``tox -e docs`` builds it. CONTRIBUTING says where a page goes.

Pages are Markdown and link to one another, and to files of the repository, by path, so that they
can be read without the site. What the code knows is not written by hand: ``docs/generators`` makes
those pages before Sphinx reads the others.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.util import logging

import suite
from docs.generators import (
    claims,
    columns,
    contributing,
    examples,
    links,
    mathml,
    options,
    python,
)

HERE = Path(__file__).parent
GENERATED = HERE / "generated"

project = "init-suite"
author = "The init-suite maintainers"
version = release = suite.__version__
copyright = author  # shown in the footer of every page
extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]

nitpicky = True
# Types of other projects, whose inventories would have to be fetched, and those not public.
nitpick_ignore_regex = [("py:.*", ".*")]
highlight_language = "text"  # of a block without a language: commands, output
smartquotes = False  # would make a dash of the two hyphens of an option

myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 4
myst_dmath_double_inline = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
python_use_unqualified_type_names = True

html_theme = "pydata_sphinx_theme"
html_title = f"init-suite {release}"
html_static_path = ["static"]
html_css_files = ["manual.css"]
html_show_sphinx = False
html_copy_source = False
html_sidebars: dict[str, list[str]] = {"index": []}
# Light or dark as the system of the reader; without it the theme reports an error.
html_context = {"default_mode": "auto"}
html_theme_options = {
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "navbar_align": "left",
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_math_renderer = "mathml"


def write(_app: Any) -> None:
    """Write the generated pages, and warn of examples that no test runs."""
    for problem in examples.problems():
        logging.getLogger(__name__).warning(problem)
    GENERATED.mkdir(exist_ok=True)
    contributing.write(GENERATED)
    columns.write(GENERATED)
    options.write(GENERATED)
    python.write(GENERATED)
    claims.write(GENERATED / "claims")


def setup(app: Any) -> dict[str, bool]:
    """Register what Sphinx does not have: formulas as MathML, links that leave ``docs``, public
    names of types."""
    mathml.setup(app)
    links.setup(app)
    python.setup(app)
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True}
