#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every relative link in a Markdown file leads to a file, and its #fragment to a heading.
# shellcheck source=tests/lint/lint.bash
source "$(dirname "$0")/lint.bash"

# The fragments that a Markdown file's headings make.
anchors() {
    sed -E '/^```/,/^```/d' "$1" | grep -E '^#+ ' | sed -E 's/^#+ +//; s/[^A-Za-z0-9 _-]//g; s/ /-/g' |
        tr '[:upper:]' '[:lower:]'
}

while read -r file; do
    while read -r link; do
        target=${link%%#*} fragment=
        [[ $link != *#* ]] || fragment=${link#*#}
        path=$file
        [[ -z $target ]] || path=$(dirname "$file")/$target
        if [[ ! -e $path ]]; then
            complain "$file: the link $link leads nowhere"
        elif [[ -n $fragment && $path == *.md ]] && ! anchors "$path" | grep -qxF "$fragment"; then
            complain "$file: $path has no heading #$fragment"
        fi
    done < <(sed -E '/^```/,/^```/d' "$file" | grep -oP '\]\(\K[^)\s]+' | grep -vE '^[a-z]+:' || true)
done < <(ours '\.md')
finish
