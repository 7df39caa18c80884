"""What scripts and notebooks call: the commands as functions that return values.

A function here turns its arguments into the words of the command line, so that both understand the
same, and calls what the command calls. It prints nothing and returns frozen values and data frames.
``suite`` names what is public.
"""
