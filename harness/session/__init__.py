"""The verbs of the Python API, one module each: load a suite, plan it, run it, load results, evaluate theories.

The command line calls the same functions.
"""
