#!/usr/bin/env bash
# Virtual environment with the pinned dependencies and the project itself, editable. Usage: setup.sh VENV
set -euo pipefail
venv=$1
python=${PYTHON:-python3}

"$python" - <<'PY' || { echo "Tingjian needs Python 3.11 or newer; name one with: make PYTHON=python3.12 demo" >&2; exit 2; }
import sys
sys.exit(0 if sys.version_info >= (3, 11) else 1)
PY
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv" || {
    echo "The virtual environment could not be made; on Debian install python3-venv." >&2
    exit 2
}
echo "Installing the pinned dependencies (a few minutes, once) ..."
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,postgres,parquet]'
"$venv/bin/python" -m compileall -q pipeline flows store review tingjian config models samples >/dev/null 2>&1 || true
bash "$(dirname "$0")/frontend.sh" "$venv"
