#include "app/command_line/completion.h"

#include <fmt/format.h>

#include <string>

#include "app/command_line/command_help.h"
#include "app/command_line/common_options.h"

namespace gridloom::app {
namespace {

// A word with '=' is several words for bash: what stands before the last part is cut off again.
constexpr std::string_view kBash =
    R"script(# bash completion for gridloom: `gridloom completion bash`
_gridloom() {
  local line=${COMP_LINE:0:COMP_POINT} word typed candidate
  local -a words
  word=${COMP_WORDS[COMP_CWORD]}
  # As the shell splits it, but not at '=' and ':'.
  read -r -a words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  typed=${words[${#words[@]} - 1]}
  [[ $word == [=:] ]] && word=''
  COMPREPLY=()
  while IFS= read -r candidate; do
    case $candidate in
      :files) compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
      :dirs) compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
      *) COMPREPLY+=("${candidate:${#typed} - ${#word}}") ;;
    esac
  done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
  # A list of limits or families ends with '='; a value follows at once.
  [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}
complete -F _gridloom gridloom
)script";

constexpr std::string_view kZsh = R"script(#compdef gridloom
# zsh completion for gridloom: `gridloom completion zsh`
_gridloom() {
  local candidate
  local -a found
  for candidate in "${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $candidate in
      :files) _files ;;
      :dirs) _files -/ ;;
      '') ;;
      *) found+=("$candidate") ;;
    esac
  done
  # A list of limits or families ends with '='; a value follows at once.
  if (( ${#found} == 1 )) && [[ ${found[1]} == *= ]]; then
    compadd -S '' -a found
  elif (( ${#found} )); then
    compadd -a found
  fi
  return 0
}
if [[ ${funcstack[1]} == _gridloom ]]; then
  _gridloom "$@"
else
  compdef _gridloom gridloom
fi
)script";

constexpr std::string_view kFish =
    R"script(# fish completion for gridloom: `gridloom completion fish`
function __gridloom_candidates
    set -l words (commandline -opc) (commandline -ct)
    for candidate in ($words[1] __complete $words[2..-1] 2>/dev/null)
        switch $candidate
            case ':files'
                __fish_complete_path (commandline -ct)
            case ':dirs'
                __fish_complete_directories (commandline -ct)
            case '*'
                echo $candidate
        end
    end
end
complete -c gridloom -f -a '(__gridloom_candidates)'
)script";

}  // namespace

std::string_view completion_script(std::string_view shell) {
  if (shell == "bash") return kBash;
  if (shell == "zsh") return kZsh;
  if (shell == "fish") return kFish;
  return {};
}

std::shared_ptr<void> add_completion(CLI::App& app, std::function<int()>& chosen) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* completion = add_command(app, "completion", "Prints the completion script of a shell");
  set_group(*completion, group::kInspect);
  set_examples(
      *completion,
      {"source <(gridloom completion bash)", "gridloom completion zsh > ~/.zfunc/_gridloom",
       "gridloom completion fish > ~/.config/fish/completions/gridloom.fish"});
  add_value(*completion, "shell", *shell, "SHELL", "bash, zsh or fish")
      .required()
      .check(one_of({"bash", "zsh", "fish"}));
  set_action(*completion, chosen, [shell] {
    fmt::print("{}", completion_script(*shell));
    return 0;
  });
  return shell;
}

}  // namespace gridloom::app
