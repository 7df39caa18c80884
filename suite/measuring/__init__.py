"""Runs the stacks of a plan and writes their measurements into a results folder."""
