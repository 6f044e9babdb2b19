"""The plugin host: it finds, loads, checks and looks up plugins, and composes their components into regimes."""
