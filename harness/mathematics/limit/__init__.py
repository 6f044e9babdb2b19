"""Certificates of what becomes of gradient descent when the number of steps is not limited."""
