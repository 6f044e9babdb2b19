#!/bin/sh
# Wheels for a machine with a GPU and no network, which has torch, Triton, NumPy, SciPy and matplotlib, to ./wheels:
# tests/gpu/wheels.sh [PYTHON VERSION], by default 3.12. tests/gpu/run_all.sh takes them from there.
set -eu
PYTHON=${PYTHON:-python3}
# shellcheck disable=SC2046  # names are words
"$PYTHON" -m pip download --quiet --disable-pip-version-check -c constraints.txt -d wheels \
    --only-binary=:all: --implementation cp --python-version "${1:-3.12}" \
    --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 \
    $("$PYTHON" -m tests.gpu.needs --carried)
