"""The table of defaults: what layers, optimizers and activations of many libraries do unasked.

Each number is read off an object, where the object says it, and measured by what the object does.
``python -m benchmarks.defaults`` (``tox -e defaults``) writes ``results/defaults/defaults.csv`` and
the tables of ``docs/reference/defaults.md``.
"""
