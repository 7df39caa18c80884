"""The errors that a user can mend, and how an interrupted command ends.

Nothing is imported here, so that the command line can answer before NumPy is loaded.
"""

from __future__ import annotations

INTERRUPTED = 130
"""The exit code that a shell reports for a command ended by Ctrl-C."""


class UserError(Exception):
    """Raised for wrong usage; names what was given, what is allowed and the nearest match.

    The command line prints the message on one line and exits with code 2.
    """


class Unsupported(UserError):
    """Raised for what a framework cannot do; a run that needs it is ``unsupported``."""
