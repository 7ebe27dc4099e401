#!/usr/bin/env bash
# Real human speech for tests and benchmarks: the telephone prompts of Debian's asterisk-core-sounds-en-wav (spoken by
# Allison Smith, CC BY-SA 3.0), unpacked into a folder that git ignores. Nothing is installed. Usage: DEST [PACKAGE.deb]
set -euo pipefail
destination=${1:-build/prompts}
package=${2:-}
name=asterisk-core-sounds-en-wav
[ -f "$destination/.ready" ] && exit 0

for tool in apt-get dpkg-deb; do
    if ! command -v "$tool" >/dev/null; then
        echo "Telephone prompts: $tool is not here. On a Debian machine run apt-get download $name, copy the file here" \
            "and unpack its *.wav (8 kHz) into $destination, then: touch $destination/.ready" >&2
        exit 2
    fi
done
mkdir -p "$destination"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "$package" ]; then
    echo "Fetching telephone prompts (18 MB) for the tests ..."
    download() { (cd "$work" && apt-get download -qq "$name" 2>"$work/log"); }
    if ! download; then
        sudo=()
        if [ "$(id -u)" -ne 0 ]; then
            sudo=(sudo)
        fi
        "${sudo[@]}" apt-get update -qq || true
        download || {
            tail -3 "$work/log" >&2
            echo "Telephone prompts: the package $name cannot be fetched. Copy it from another machine and run:" \
                "bash scripts/telephone_prompts.sh $destination FILE.deb" >&2
            exit 2
        }
    fi
    package=$(echo "$work"/*.deb)
fi
dpkg-deb -x "$package" "$work/unpacked"
cp -r "$work"/unpacked/usr/share/asterisk/sounds/*/. "$destination"
cp "$work"/unpacked/usr/share/doc/*/copyright "$destination/copyright"
touch "$destination/.ready"
