"""What an item from outside must keep before it is measured; the battery for one item, and the
passport that it leaves."""
