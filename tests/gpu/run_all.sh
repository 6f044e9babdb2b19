#!/bin/sh
# All that needs a CUDA device, in one call of at most ten minutes, offline: tests/gpu/run_all.sh
# Run it in the repository's root; PYTHON must name an interpreter with torch and triton and what pyproject.toml asks
# for. What is found goes to $OUT, by default ./gpu-results. Status: 0 if all went well.
set -u
PYTHON=${PYTHON:-python3}
OUT=${OUT:-./gpu-results}
failed=""
mkdir -p "$OUT" || exit 2
began=$(date +%s)

# part NAME SECONDS COMMAND...: run a part, keep what it says, go on if it fails.
part() {
    name=$1 limit=$2
    shift 2
    left=$((590 - $(date +%s) + began))
    [ "$limit" -gt "$left" ] && limit=$left
    if [ "$limit" -le 0 ]; then
        echo "$name: no time left"
        failed="$failed $name"
        return
    fi
    start=$(date +%s)
    timeout "$limit" "$@" >"$OUT/$name.txt" 2>&1
    status=$?
    echo "$name: status $status after $(($(date +%s) - start)) s"
    if [ "$status" -ne 0 ]; then
        failed="$failed $name"
        tail -n 25 "$OUT/$name.txt"
    fi
}

"$PYTHON" -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' || {
    echo "there is no CUDA device that $PYTHON can use" >&2
    exit 2
}
if ! "$PYTHON" -c 'import harness, harness_moderate' 2>/dev/null; then
    part install 60 "$PYTHON" -m pip install --no-index --no-deps --no-build-isolation -e .
fi
part doctor 60 "$PYTHON" -m harness doctor
part kernel 150 "$PYTHON" -m pytest tests/engine/test_gpu_kernel.py -o addopts= --import-mode=importlib -q --durations=5
part agreement 100 "$PYTHON" -m tests.gpu.agreement
part profile 60 "$PYTHON" -m tests.gpu.profile_kernel
part grid 120 "$PYTHON" -m harness run suites/phase-diagram.toml --device cuda --executor pooled --quiet --fresh --out "$OUT/grid"
rm -f "$OUT/grid/results.sqlite" # large; the tables stay
part speed 120 "$PYTHON" -m benchmarks speed --device cuda --json "$OUT/speed.json"
part devices 150 "$PYTHON" -m pytest tests -o addopts= --import-mode=importlib -q -m "cuda and not slow"

echo "all in $(($(date +%s) - began)) s; see $OUT"
if [ -n "$failed" ]; then
    echo "failed:$failed" >&2
    exit 1
fi
