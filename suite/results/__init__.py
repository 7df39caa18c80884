"""The results folder: what lies in it, and whether it is still as it was written."""
