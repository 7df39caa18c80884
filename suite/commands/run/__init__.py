"""``suite run``: measure, summarise, judge, draw."""
