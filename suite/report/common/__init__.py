"""What the figures of several studies share: drawing, heat maps, lines, words."""
