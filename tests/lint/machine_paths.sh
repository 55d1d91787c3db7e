#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Nothing in the tree depends on the machine it was written on: no home or work folders, and no URL
# but of documents that people read.
# shellcheck source=tests/lint/lint.bash
source "$(dirname "$0")/lint.bash"

text="$cpp|\\.(md|sh|bash|py|yaml|yml|json|cmake|txt|service|conf)|/[A-Za-z_.-]+"
sources() {
    ours "$text" | { grep -vE '^(LICENSE|tests/lint/)|/seeds/' || true; }
}
sources | refuse '(^|[^A-Za-z0-9_.$}-])/(work|home|root|mnt|Users)/' 'no folder of one machine'

# Hosts of RFC 2606 and addresses of the lab are no hosts of a machine.
documents='(www\.)?(rfc-editor|ietf|kernel|json-schema|keepachangelog|semver|debian|iana|ieee|prometheus|wireguard)\.(org|com|io)|docs\.kernel\.org|datatracker\.ietf\.org'
lab='localhost|unix|[0-9.]+|\[[0-9a-f:]+\]|([a-z0-9-]+\.)*(example|test|invalid|lan|internal)|([a-z0-9-]+\.)*example\.(com|net|org)|[$%{<].*'
urls=$(sources | { xargs -r -d '\n' grep -noHE '[a-z]+://[^]/" '"'"'`)>:?,;]+' || true; } |
    { grep -vE "://(($documents)|($lab))\$" || true; })
[[ -z $urls ]] || complain "URLs of hosts that are not on the list in this test:"$'\n'"$urls"
finish
