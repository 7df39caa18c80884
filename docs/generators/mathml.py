"""Formulas as MathML, which browsers set themselves: no script, no fonts, no network."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from latex2mathml.converter import convert


def _inline(page: Any, node: nodes.math) -> None:
    page.body.append(convert(node.astext(), display="inline"))
    raise nodes.SkipNode


def _display(page: Any, node: nodes.math_block) -> None:
    page.body.append(f'<div class="formula">{convert(node.astext(), display="block")}</div>\n')
    raise nodes.SkipNode


def setup(app: Any) -> None:
    """Make the renderer ``mathml`` known to Sphinx."""
    app.add_html_math_renderer("mathml", (_inline, None), (_display, None))
