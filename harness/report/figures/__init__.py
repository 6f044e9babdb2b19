"""Figures of a run, drawn without a display: colours that colour-blind readers tell apart, and signs for grey print."""
