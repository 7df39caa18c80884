"""Tables of the user's own as data sets: a CSV, .npz or Parquet file becomes ``file:STEM``.

``find`` reads what ``--dataset`` names, ``loaded`` has the data sets in the catalogue for the
length of a block, and ``keep`` for the rest of a worker's life. The rules of splitting and scaling
are in ``split``.
"""

from __future__ import annotations

from suite.datafiles.loading import active, files, find_all, keep, loaded
from suite.datafiles.request import DataFile, find

__all__ = ["DataFile", "active", "files", "find", "find_all", "keep", "loaded"]
