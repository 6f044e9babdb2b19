"""Executors, which train batches in this process, in processes of this machine, or on a cluster."""
