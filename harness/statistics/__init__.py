"""What counts say: thresholds with brackets, exponents, paired comparisons. Pure functions."""
