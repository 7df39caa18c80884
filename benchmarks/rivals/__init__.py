"""The engine beside the other ways in which a user would run such a grid.

``work`` says what is computed. ``with_*`` are the ways, ``runners`` the suite and its floor, which
is the work that cannot be avoided. ``pools`` runs each of them in processes of its own, and
``test_rivals`` lets them take turns.

A way is written as its users write it: it leaves out nothing that its documentation recommends,
and adds nothing that its users would not. It starts from the engine's weights and sees the
engine's points; a test compares its steps with those of the engine.
"""
