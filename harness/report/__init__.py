"""What people see: tables, their formats, the terminal's heat map, and the exported record of thresholds."""
