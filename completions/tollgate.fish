# SPDX-License-Identifier: MIT
# fish completion for tollgate: asks the program itself.
function __tollgate_complete
    set -l words (commandline -opc) (commandline -ct)
    set -l typed (commandline -ct)
    for line in ($words[1] __complete $words[2..-1] 2>/dev/null)
        if test "$line" = ":files"
            __fish_complete_path (string replace -r '^[^=]*=' '' -- $typed)
        else
            echo $line
        end
    end
end
complete -c tollgate -f -a '(__tollgate_complete)'
