"""The GPU solver: a program of the device for each network, which trains it from its first step to its last."""
