"""Where batches are trained."""
