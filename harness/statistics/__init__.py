"""Pure functions of counts: thresholds with brackets, exponents, paired comparisons, and the search."""
