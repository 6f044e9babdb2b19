"""New plugins and suites, from templates; needs no network."""
