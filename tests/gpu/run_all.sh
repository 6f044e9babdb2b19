#!/bin/sh
# All that needs a CUDA device, in one call of at most ten minutes, offline: tests/gpu/run_all.sh
# Run it in the repository's root; PYTHON must name an interpreter with torch and triton and what pyproject.toml asks
# for. What is found goes to $OUT, by default ./gpu-results. Status: 0 if all went well.
set -u
PYTHON=${PYTHON:-python3}
OUT=${OUT:-./gpu-results}
if ! "$PYTHON" -c 'import harness, harness_moderate' 2>/dev/null; then
    timeout 60 "$PYTHON" -m pip install --quiet --no-index --no-deps --no-build-isolation -e . || exit 2
fi
exec "$PYTHON" -m tests.gpu.run_all "$OUT" "$@"
