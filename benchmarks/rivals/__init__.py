"""The engine beside every way in which a user would otherwise run such a grid.

``work`` is what is computed, ``with_*`` are the ways, ``engine`` and ``floor`` the suite and what
no suite could do without; ``crew`` runs each in a process of its own, ``test_*`` take turns.

A way is here as its users write it: nothing is left out that its documentation tells them to do,
and nothing is added that they would not. It starts from the engine's weights, and sees the
engine's points; a test holds its steps to those of the engine.
"""
