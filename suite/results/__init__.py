"""The results folder: which files it contains, and whether they are still as they were written."""
