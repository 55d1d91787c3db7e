# SPDX-License-Identifier: MIT
# bash completion for tollgate: asks the program itself.
_tollgate() {
    local line word
    COMPREPLY=()
    # COMP_WORDBREAKS splits at '=' and ':'; put such words together again.
    local text=${COMP_LINE:0:COMP_POINT} words
    read -ra words <<<"$text"
    [[ $text == *[[:space:]] ]] && words+=("")
    word=${words[-1]}
    # What bash replaces is only what follows the last break character.
    local prefix=""
    [[ $word == *[=:]* ]] && prefix=${word%"${word##*[=:]}"}
    while IFS= read -r line; do
        if [[ $line == :files ]]; then
            compopt -o filenames 2>/dev/null
            mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "${word#"$prefix"}")
        else
            line=${line%%$'\t'*}
            COMPREPLY+=("${line#"$prefix"}")
        fi
    done < <("${words[0]/#\~/$HOME}" __complete "${words[@]:1}" 2>/dev/null)
}
complete -F _tollgate tollgate
