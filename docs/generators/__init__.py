"""What the site has beside the pages that are written by hand; ``docs/conf.py`` calls it."""
