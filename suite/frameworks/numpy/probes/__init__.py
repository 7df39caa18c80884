"""Measurements of single studies in numpy: a file for each topic; see ``types.Framework.probe``."""
