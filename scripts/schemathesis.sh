#!/usr/bin/env bash
# Asks a running store what its API's document promises, and far more than a decent client would, with schemathesis; and
# checks that the document is OpenAPI 3.1.
#
#     scripts/schemathesis.sh http://127.0.0.1:8080 [TOKEN]
#
# The store is full of orders and toys of strange names afterwards: give it one that may be thrown away. Give it the token,
# too, with which it was started; only then is it checked that the operator's calls want it.
# Needs Python with venv, and PyPI; says so and ends with 0 where PyPI cannot be reached. With a VENV of that name in the environment
# the programs are installed there and kept.
set -euo pipefail

store=${1:?usage: $0 http://ADDRESS [TOKEN]}
token=${2-}
here=$(cd "$(dirname "$0")" && pwd)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
venv=$(realpath -m "${VENV:-$work/venv}")
if ! [ -x "$venv/bin/schemathesis" ]; then
    if ! { python3 -m venv "$venv" &&
        "$venv/bin/pip" install --quiet --disable-pip-version-check 'schemathesis==4.32.*' 'openapi-spec-validator==0.9.*'; } >"$work/pip" 2>&1; then
        echo "schemathesis could not be installed from PyPI, so the API's document is not checked by it: $(tail -n 1 "$work/pip")" >&2
        exit 0
    fi
fi

"$venv/bin/python" - "$store/openapi.json" "$work/openapi.json" <<'PYTHON'
import sys, urllib.request
urllib.request.urlretrieve(sys.argv[1], sys.argv[2])
PYTHON
"$venv/bin/openapi-spec-validator" --schema 3.1 "$work/openapi.json"

# Where it is started it finds its settings, and leaves what it found.
cp "$here/schemathesis.toml" "$here/schemathesis_hooks.py" "$work"
cd "$work"
# /events has no end, for which schemathesis would wait, and from where it has the document it does not ask again; tests/api
# asks for both.
"$venv/bin/schemathesis" run "$store/openapi.json" \
    --exclude-path /events --seed 1 --max-examples 100 --max-failures 20 --request-timeout 10 --workers 2 \
    --no-color ${token:+--header "Authorization: Bearer $token"}
