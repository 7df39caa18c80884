"""What the rows of a results folder show without any claim, and which claims explain it."""
