#!/bin/sh
# All that needs a CUDA device, in one call of at most ten minutes, offline: tests/gpu/run_all.sh
# Run it in the repository's root; PYTHON must name an interpreter with torch and triton. What else pyproject.toml asks
# for may lie as wheels in ./wheels (tests/gpu/wheels.sh puts them there). What is found goes to $OUT, by default
# ./gpu-results. Status: 0 if all went well, 1 if a part did not, 2 if something is missing.
set -u
PYTHON=${PYTHON:-python3}
OUT=${OUT:-./gpu-results}
pip() { timeout 120 "$PYTHON" -m pip "$@" --quiet --disable-pip-version-check --no-index --no-deps; }
if [ -d wheels ]; then
    pip install --no-compile --upgrade --target build/gpu-packages wheels/*.whl || exit 2
    export PYTHONPATH="$PWD/build/gpu-packages${PYTHONPATH:+:$PYTHONPATH}"
fi
"$PYTHON" -m tests.gpu.needs || exit 2
if ! "$PYTHON" -c 'import harness, harness_moderate' 2>/dev/null; then
    pip install --no-build-isolation -e . || exit 2
fi
exec "$PYTHON" -m tests.gpu.run_all "$OUT" "$@"
