"""From runs to verdicts, without any framework."""
