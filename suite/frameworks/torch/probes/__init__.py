"""Measurements of single studies in torch: a file for each topic; see ``types.Framework.probe``."""
