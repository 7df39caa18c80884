"""Measure on the workers of an engine that others have written: Dask, Parsl, or any
``concurrent.futures.Executor``.

``driver`` hands out stacks and takes the shards back, ``worker`` is the function that the engine
calls, and ``child`` is the process that measures. A worker needs the installed package alone; a
disk in common is not needed. What is sent between the two sides consists of plain values until
both are known to have the same code.
"""
