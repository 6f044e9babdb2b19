"""Finds, loads, checks and looks up plugins, and composes what they provide into regimes."""
