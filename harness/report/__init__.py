"""Reports of runs: tables in several formats, figures, terminal drawings, and the exported record of thresholds."""
