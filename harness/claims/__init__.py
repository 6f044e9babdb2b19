"""Theories evaluated on problems: conditions, predicted widths, certified widths."""
