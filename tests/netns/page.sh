# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What a reader of a page of docs/ would type: source it, then
#
#     page_commands FILE...   the lines of the fenced blocks without a language, one command each, without comments
#     page_phrases FILE...    the commands in the text: `sudo …` and `tollgate …`
#     page_steps FILE         HOST<tab>COMMAND for each command; a comment `# on HOST` says where those after it are typed; `-` if none does
#
# Blocks with a language (```yaml) are files, those with a line that begins with `$` or with a table's head are screens.
page_blocks() {
    awk 'FNR == 1 { on = 0 }
        /^```/ { if (!on && $0 == "```") { on = 1; block = "" } else if (on == 1) { flush() } else { on = on ? 0 : 2 }; next }
        on == 1 { block = block $0 "\n" }
        function flush() { on = 0; if (block !~ /(^|\n)(\$ |TIME |[A-Z]+  +[A-Z]+)/) printf "%s", block }' "$@"
}

page_commands() {
    page_blocks "$@" | grep -vE '^(#|$|    )' | sed -E 's/ +# .*//'
}

page_phrases() {
    grep -ohP '`\K(sudo|tollgate) [^`]+(?=`)' "$@"
}

page_steps() {
    page_blocks "$1" | awk -v OFS='\t' '/^# on / { host = $NF; next } /^#/ || /^$/ { next } { sub(/ +# .*/, ""); print (host ? host : "-"), $0 }'
}
