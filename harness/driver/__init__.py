"""From a suite to its results: which trials are wanted, found or trained, and what they were together."""
