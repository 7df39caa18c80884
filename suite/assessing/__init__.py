"""The contract that an item from outside must keep before it is measured, the battery of
measurements for one item, and the passport that results."""
