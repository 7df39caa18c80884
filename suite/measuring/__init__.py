"""Executes stacks and writes their measurements into a results folder."""
