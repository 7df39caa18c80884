"""The commands, one file each, named as the user types it."""
