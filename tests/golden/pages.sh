#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# pages.sh TOLLGATE: every command of docs/import-export.md does what the page says, in its order, and
# what it writes for us is valid.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
page=$here/../../docs/import-export.md
program=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cp "$here/files/lamp.mud.json" "$folder/lamp.json"
cp "$here/files/door.yaml" "$here/../../examples/office.conf" "$folder"
cd "$folder"
tollgate() { "$program" "$@"; }

tried=0
while read -r command; do
    eval "$command" >>log 2>&1 || { cat log && echo "error: '$command' exited with $?" && exit 1; }
    written=$(sed -nE 's/.* -o ([^ ]+).*/\1/p' <<<"$command")
    [[ -z $written || -s $written ]] || { echo "error: '$command' wrote nothing" && exit 1; }
    tried=$((tried + 1))
done < <(awk '/^```/ { on = !on; next } on && /^tollgate /' "$page")
python3 -c 'import sys, yaml; [yaml.safe_load(open(name)) for name in sys.argv[1:]]' door-*.yaml
if unshare --user --map-root-user --net true 2>/dev/null; then
    unshare --user --map-root-user --net nft --check --file door.nft
fi
((tried > 0)) || { echo "error: the page has no commands" && exit 1; }
echo "$tried commands tried"
