"""``python -m suite``: the same as the console script ``suite``."""

from suite.cli import main

raise SystemExit(main())
