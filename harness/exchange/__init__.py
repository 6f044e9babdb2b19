"""Exchange of runs: archives, merged parts, comparisons of two runs, and samples that are trained again."""
