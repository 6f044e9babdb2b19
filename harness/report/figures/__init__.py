"""Figures of a run, drawn without a display, in colours for colour-blind readers and with markers for grey print."""
