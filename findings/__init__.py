"""What the reference reports say, in blocks of pages that are made from them, and what changed between two sets."""
