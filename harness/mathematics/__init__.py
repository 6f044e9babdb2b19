"""Activations, kernels and spectra in float64 NumPy, without torch."""
