// The shells' halves of completion. Whatever bitsctl answers is data to them: it may hold names
// that other people chose, so nothing of it is ever evaluated.

#include "client/cli/docs/completion.h"
#include "client/cli/exit_code.h"

namespace bits::cli {
namespace {

constexpr char kBash[] = R"sh(# bash completion for bitsctl, written by: bitsctl completion bash
# To use it: source <(bitsctl completion bash)
_bitsctl() {
  local line current=${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        ;;
      :folders)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        ;;
      ?*) COMPREPLY+=("$(printf '%q' "${line%%$'\t'*}")") ;;
    esac
  done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _bitsctl bitsctl
)sh";

constexpr char kZsh[] = R"sh(#compdef bitsctl
# zsh completion for bitsctl, written by: bitsctl completion zsh
# To use it: source <(bitsctl completion zsh), or save it as _bitsctl in a folder of $fpath
_bitsctl() {
  local line
  local -a candidates remarks
  for line in "${(@f)$(bitsctl __complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      :files) _files ;;
      :folders) _files -/ ;;
      ?*)
        candidates+=("${line%%$'\t'*}")
        remarks+=("${line/$'\t'/   }")
        ;;
    esac
  done
  (( $#candidates )) && compadd -l -d remarks -a candidates
}
if [[ ${funcstack[1]} == _bitsctl ]]; then
  _bitsctl "$@"
else
  compdef _bitsctl bitsctl
fi
)sh";

constexpr char kFish[] = R"sh(# fish completion for bitsctl, written by: bitsctl completion fish
# To use it: bitsctl completion fish | source
function __bitsctl_complete
    set -l words (commandline -opc)
    set -e words[1]
    set -l current (commandline -ct)
    for line in (bitsctl __complete $words "$current" 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path "$current"
            case ':folders'
                __fish_complete_directories "$current"
            case '*'
                printf '%s\n' $line
        end
    end
end
complete -c bitsctl -f -a '(__bitsctl_complete)'
)sh";

}  // namespace

absl::StatusOr<std::string> CompletionScript(const std::string& shell) {
  if (shell == "bash") return std::string(kBash);
  if (shell == "zsh") return std::string(kZsh);
  if (shell == "fish") return std::string(kFish);
  return UsageError("there is completion for bash, zsh and fish, not for '" + shell + "'");
}

}  // namespace bits::cli
