"""Templates of new plugins and suites. They need no network."""
