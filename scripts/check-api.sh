#!/usr/bin/env bash
# Starts a store of its own that may be thrown away, and has scripts/schemathesis.sh ask it.
#
#     scripts/check-api.sh target/debug/toystore
set -euo pipefail

binary=$(realpath "${1:?usage: $0 BINARY}")
here=$(cd "$(dirname "$0")" && pwd)
data=$(mktemp -d)
: >"$data/addresses"
"$binary" up --free-ports --data "$data/store" --token check-api >"$data/addresses" 2>"$data/log" &
store=$!
trap 'kill $store 2>/dev/null || true; wait $store 2>/dev/null || true; rm -rf "$data"' EXIT

for _ in $(seq 300); do
    grep -q '^ready$' "$data/addresses" && break
    kill -0 $store 2>/dev/null || { cat "$data/log" >&2; exit 1; }
    sleep 0.1
done
front_end=$(sed -n 's|^front-end \(http://.*\)$|\1|p' "$data/addresses")
curl --silent --fail --output /dev/null -H 'Content-Type: application/json' -d '{"name":"Tux","quantity":2}' "$front_end/orders"
"$here/schemathesis.sh" "$front_end" check-api
