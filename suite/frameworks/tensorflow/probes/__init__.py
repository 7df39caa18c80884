"""Measurements of single studies in tensorflow: a file a topic; see ``Framework.probe``."""
