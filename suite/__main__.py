"""``python -m suite``: the same as the console script ``suite``."""

from suite.commands.main import main

raise SystemExit(main())
