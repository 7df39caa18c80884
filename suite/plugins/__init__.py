"""What users bring: plugins, whose items stand in the catalogues beside the suite's own.

A plugin is a Python file or an installed module. Its items are public values of the module that
are entries of a catalogue, such as an ``Activation``; their names get that of the plugin in
front, as in ``my:snake``. ``find`` finds a plugin, and ``loaded`` has its items in the registries
for the length of a block.
"""

from __future__ import annotations

from suite.plugins.installed import find_all
from suite.plugins.items import Item
from suite.plugins.loading import Plugin, active, brought_claims, keep, loaded, sources
from suite.plugins.source import Source, find

__all__ = [
    "Item",
    "Plugin",
    "Source",
    "active",
    "brought_claims",
    "find",
    "find_all",
    "keep",
    "loaded",
    "sources",
]
