#!/usr/bin/env bash
# System pieces that only tests and the makers of samples need: the espeak-ng voice, a browser with Chinese fonts for the
# tests of the pages, LibreOffice Calc, which opens the spreadsheets of reports as their readers do, and telephone
# prompts, which the tests of speech detection listen to.
set -euo pipefail
bash "$(dirname "$0")/telephone_prompts.sh"
missing=()
ldconfig -p 2>/dev/null | grep -q 'libespeak-ng\.so\.1' || missing+=(espeak-ng libespeak-ng1)
command -v chromium >/dev/null || missing+=(chromium)
[ -n "$(fc-list :lang=zh-cn family 2>/dev/null)" ] || missing+=(fontconfig fonts-noto-cjk)
command -v soffice >/dev/null || missing+=(libreoffice-calc)
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
    echo "Please install ${missing[*]} with this system's package manager, then run the command again." >&2
    exit 2
fi
sudo=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "Please run as root: apt-get install ${missing[*]}" >&2; exit 2; }
    sudo=(sudo)
fi
echo "Installing system pieces for the tests: ${missing[*]} ..."
"${sudo[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
