#!/usr/bin/env bash
# Starts the simulated AWS and writes docs/comparison.md. PROWLER and CHECKOV name their programs. Run it by `make compare`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
target=${CARGO_TARGET_DIR:-target}/debug
tools=${TRAILKEEPER_TOOLS:-${TRAILKEEPER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/trailkeeper}/tools}
: "${PROWLER:?name the Prowler program}" "${CHECKOV:?name the Checkov program}"
state=$(mktemp -d)
finish() {
  exec 8>&- # the lab stops when this, its standard input, closes
  [[ -z ${lab:-} ]] || wait "$lab" 2>/dev/null || true
  rm -rf "$state"
}
trap finish EXIT
mkfifo "$state/stdin"
"$target/lab" up --no-kube --state-dir "$state/lab" <"$state/stdin" >"$state/lab.json" &
lab=$!
exec 8>"$state/stdin"
for _ in $(seq 600); do
  [[ -s $state/lab.json ]] && break
  kill -0 "$lab" 2>/dev/null || { echo "the simulated AWS did not start" >&2; exit 1; }
  sleep 0.1
done
endpoint=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["sim_endpoint"])' "$state/lab.json")
TRAILKEEPER=$target/trailkeeper "$tools/venv/bin/python" tests/compare/compare.py --endpoint "$endpoint"
