"""Runs that travel: archives, parts that become one, two side by side, and a sample trained again."""
