"""Trains batches: prepares each trial by itself, picks the fastest solver that fits, and reports outcomes."""
