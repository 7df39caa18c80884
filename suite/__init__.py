"""Claims about initialisation, activation and depth of neural networks, put to the test.

Two wings meet only in a results folder: measuring (studies, frameworks, runner) writes it,
judging (intervals, summary, judge, report) reads it and needs no framework.
"""

__version__ = "0.1.0"
