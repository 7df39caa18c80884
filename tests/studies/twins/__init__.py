"""The slow twins of stored columns: each file computes every column of the study of its name.

A file has ``GRIDS``, the axes of small cells (one grid for each kind of cell that stores columns of
its own), and ``columns(run)``, which computes the columns from what the framework was given and
what it answered, member by member, in the words of ``suite/metrics``. ``test_columns.py`` compares
them with what the study stores, and fails for a study or a column without a twin.
"""
