"""Mistakes to plant in a copy of the tree, one at a time, to see whether the tests turn red.

``python -m tests.mutants`` (or ``tox -e mutants``) plants those of the ``.toml`` files beside this
one; ``-k TEXT`` takes those whose name or file contains the text. CONTRIBUTING says how to add one.
"""
