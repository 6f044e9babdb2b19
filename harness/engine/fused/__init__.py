"""The fused solver: one network at a time, run to completion in the processor's cache by a compiled kernel."""
