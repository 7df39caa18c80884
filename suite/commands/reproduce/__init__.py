"""``suite reproduce``: measure a sample of a stored run again and compare."""
