#include "app/command_line/complete.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include "app/command_line/command_help.h"
#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/home/home.h"
#include "app/home/profile.h"
#include "app/home/set_plan.h"
#include "app/limits.h"
#include "base/ascii.h"
#include "catalog/device_faults.h"
#include "catalog/home.h"
#include "catalog/language.h"
#include "catalog/loader.h"
#include "catalog/natures.h"
#include "hub/platform/fault_injector.h"
#include "registry/sqlite/store.h"

namespace gridloom::app {

namespace {

using Words = std::span<const std::string>;

// The words of values that have no others.
struct Choices {
  std::string_view option;  // its shown name
  std::vector<std::string_view> words;
};

const std::vector<Choices>& all_choices() {
  static const std::vector<Choices> all = {
      {.option = "--format", .words = {"table", "spark", "csv", "json"}},
      {.option = "--aggregate",
       .words = {"mean", "min", "max", "sum", "count", "last", "integral"}},
      {.option = "--language",
       .words = {catalog::kLanguageTags.begin(), catalog::kLanguageTags.end()}},
      {.option = "--log-level", .words = {log_levels().begin(), log_levels().end()}},
      {.option = "--period", .words = {"day", "week", "month", "year"}},
      {.option = "--replay-check", .words = {"auto", "on", "off"}},
      {.option = "--scope", .words = {"read", "control", "admin"}},
      {.option = "RIGHTS", .words = {"monitor", "full", "none"}},
      {.option = "SHELL", .words = {"bash", "zsh", "fish"}},
  };
  return all;
}

// The command line up to the word that is being typed.
struct Typed {
  const CLI::App* command = nullptr;
  const CLI::Option* waiting = nullptr;  // an option without its value yet
  std::vector<std::string> arguments{};
  std::string_view last{};  // the word
  std::string data{};       // value of --data
  std::string devices{};    // value of --devices
};

const CLI::Option* option_of(const CLI::App& command, const std::string& name) {
  if (const CLI::Option* own = command.get_option_no_throw(name)) return own;
  const bool falls = command.get_fallthrough() && command.get_parent() != nullptr;
  return falls ? option_of(*command.get_parent(), name) : nullptr;
}

void take_value(Typed& typed, const CLI::Option& option, const std::string& value) {
  if (shown_name(option) == "--data") typed.data = value;
  if (shown_name(option) == "--devices") typed.devices = value;
}

Typed read(const CLI::App& root, Words before) {
  Typed typed{.command = &root};
  for (const std::string& word : before) {
    if (const CLI::Option* option = std::exchange(typed.waiting, nullptr)) {
      take_value(typed, *option, word);
      continue;
    }
    if (word.size() > 1 && word.front() == '-') {
      const std::size_t equals = word.find('=');
      const CLI::Option* option = option_of(*typed.command, word.substr(0, equals));
      if (option == nullptr || option->get_items_expected_max() == 0) continue;
      if (equals == std::string::npos) {
        typed.waiting = option;
      } else {
        take_value(typed, *option, word.substr(equals + 1));
      }
      continue;
    }
    if (const CLI::App* below = command_named(*typed.command, word)) {
      typed.command = below;
    } else {
      typed.arguments.push_back(word);
    }
  }
  return typed;
}

// The argument that comes next; of several, the last one may repeat.
const CLI::Option* next_argument(const Typed& typed) {
  std::vector<const CLI::Option*> all;
  for (const CLI::Option* each : typed.command->get_options()) {
    if (each->get_positional() && !each->get_group().empty()) all.push_back(each);
  }
  if (typed.arguments.size() < all.size()) return all[typed.arguments.size()];
  const bool repeats =
      !all.empty() && all.back()->get_items_expected_max() >= CLI::detail::expected_max_vector_size;
  return repeats ? all.back() : nullptr;
}

// The value of the argument with this placeholder, if it was typed.
std::string argument(const Typed& typed, std::string_view placeholder) {
  std::size_t at = 0;
  for (const CLI::Option* each : typed.command->get_options()) {
    if (!each->get_positional()) continue;
    if (at < typed.arguments.size() && placeholder_of(*each) == placeholder) {
      return typed.arguments[at];
    }
    ++at;
  }
  return {};
}

class Values {
 public:
  explicit Values(const Typed& typed) : typed_(typed) {}

  [[nodiscard]] std::vector<std::string> of(const CLI::Option& option) const {
    const std::string kind = placeholder_of(option);
    for (const Choices& choices : all_choices()) {
      if (choices.option == shown_name(option)) {
        return {choices.words.begin(), choices.words.end()};
      }
    }
    for (const auto& [placeholder, values] : kKinds) {
      if (placeholder == kind) return (this->*values)();
    }
    return {};
  }

 private:
  using Kind = std::vector<std::string> (Values::*)() const;
  static const std::array<std::pair<std::string_view, Kind>, 15> kKinds;

  [[nodiscard]] std::vector<std::string> files() const { return {std::string(kFilesMark)}; }
  [[nodiscard]] std::vector<std::string> folders() const { return {std::string(kFoldersMark)}; }

  [[nodiscard]] registry::NameList names() const {
    return registry::read_names(data()).value_or(registry::NameList());
  }
  [[nodiscard]] std::vector<ShownDevice> devices() const {
    const registry::NameList list = names();
    std::vector<ShownDevice> devices;
    devices.reserve(list.serial_numbers.size());
    for (std::size_t i = 0; i < list.serial_numbers.size(); ++i) {
      devices.push_back({.sn = list.serial_numbers[i], .name = list.device_names.at(i)});
    }
    return devices;
  }
  // Serial numbers, and words that are in the name of one device only, in the case that is typed.
  // With more than kMostNamed devices, to search each word in the names of all would take longer
  // than a person waits.
  [[nodiscard]] std::vector<std::string> device_words() const {
    constexpr std::size_t kShortest = 3;  // letters
    constexpr std::size_t kMostNamed = 200;
    const std::vector<ShownDevice> all = devices();
    std::vector<std::string> words;
    words.reserve(all.size());
    for (const ShownDevice& device : all) words.push_back(device.sn);
    if (all.size() > kMostNamed) return words;
    const bool is_upper = !typed_.last.empty() && lower(typed_.last.front()) != typed_.last.front();
    for (const ShownDevice& device : all) {
      std::istringstream name(device.name);
      for (std::string word; name >> word;) {
        if (!is_upper) std::ranges::transform(word, word.begin(), lower);
        const auto found = find_device(all, word);
        const bool names_it = found && found->sn == device.sn;
        if (names_it && word.size() >= kShortest) words.push_back(std::move(word));
      }
    }
    return words;
  }
  [[nodiscard]] std::vector<std::string> accounts() const { return names().accounts; }
  [[nodiscard]] std::string data() const {
    return typed_.data.empty() ? default_data_folder() : typed_.data;
  }

  [[nodiscard]] std::shared_ptr<const catalog::Catalog> catalog() const {
    return catalog::load_catalog(device_files(typed_.devices, data())).value_or(nullptr);
  }

  [[nodiscard]] std::vector<std::string> families() const {
    std::vector<std::string> names;
    const auto all = catalog();
    if (all == nullptr) return names;
    for (const catalog::FamilyPtr& family : all->families()) names.push_back(family->id);
    return names;
  }
  // The homes in the program; files where what is typed is none of them.
  [[nodiscard]] std::vector<std::string> homes() const {
    std::vector<std::string> names;
    for (const catalog::EmbeddedFile& file : catalog::embedded_homes()) {
      names.emplace_back(file.name.substr(0, file.name.rfind('.')));
    }
    const std::string_view last = typed_.last.substr(typed_.last.rfind('=') + 1);
    const bool is_home =
        std::ranges::any_of(names, [&](const std::string& name) { return name.starts_with(last); });
    return is_home ? names : files();
  }
  // "delta_2=", for a list of families with numbers.
  [[nodiscard]] std::vector<std::string> counted_families() const {
    std::vector<std::string> names = families();
    for (std::string& name : names) name += '=';
    return names;
  }

  // The family that was typed, or that of the device which was; null: none was.
  [[nodiscard]] catalog::FamilyPtr family(const catalog::Catalog& all) const {
    const std::string id = argument(typed_, placeholder::kFamily);
    if (!id.empty()) return all.find(id);
    const std::string device = argument(typed_, placeholder::kSn);
    if (catalog::FamilyPtr found = all.find(device)) return found;
    const auto named = find_device(devices(), device);
    return all.of_serial(named ? named->sn : device);
  }

  // Fields of the family, and where they are explained, its commands.
  [[nodiscard]] std::vector<std::string> fields() const {
    std::vector<std::string> names;
    const auto all = catalog();
    const catalog::FamilyPtr of = all == nullptr ? nullptr : family(*all);
    if (of == nullptr) return names;
    for (const catalog::Field& field : of->fields) names.push_back(field.name);
    const bool is_described = !argument(typed_, placeholder::kFamily).empty();
    if (!is_described) {
      for (const std::string_view nature : catalog::nature_words(*of)) names.emplace_back(nature);
    }
    if (is_described || name_of(*typed_.command) == "explain") {
      for (const catalog::Command& command : of->commands) names.push_back(command.name);
    }
    return names;
  }

  // The beginning of a condition.
  [[nodiscard]] std::vector<std::string> conditions() const {
    if (!argument(typed_, placeholder::kCondition).empty()) return {};
    std::vector<std::string> names = fields();
    names.insert(names.end(), {"online", "offline"});
    return names;
  }

  [[nodiscard]] std::vector<std::string> profiles() const {
    std::vector<std::string> names = profile_names(profile_folder().value_or(""));
    names.emplace_back(kEnvironmentProfile);
    return names;
  }

  // Commands and fields that can be set; behind a command its parameters, and behind a field the
  // names of its values.
  [[nodiscard]] std::vector<std::string> settable() const {
    std::vector<std::string> names;
    const auto all = catalog();
    const catalog::FamilyPtr of = all == nullptr ? nullptr : family(*all);
    if (of == nullptr) return names;
    if (const std::string first = argument(typed_, placeholder::kWhat); !first.empty()) {
      const catalog::Command* command = find_command(*of, first);
      for (std::size_t i = 0; command != nullptr && i < command->params.size(); ++i) {
        if (!command->params[i].ignored) names.push_back(command->params[i].name + '=');
      }
      const catalog::Field* field = command == nullptr ? of->field(first) : nullptr;
      for (std::size_t i = 0; field != nullptr && i < field->values.size(); ++i) {
        const std::string& name = field->values[i].name;
        if (!name.empty() && !name.contains(' ')) names.push_back(name);
      }
      return names;
    }
    for (const catalog::Command& command : of->commands) names.push_back(command.name);
    for (const catalog::Field& field : of->fields) {
      if (!field.written_by.empty()) names.push_back(field.name);
    }
    return names;
  }

  [[nodiscard]] std::vector<std::string> faults() const {
    const auto all = catalog();
    std::set<std::string> names =
        catalog::fault_names(all == nullptr ? std::vector<catalog::FamilyPtr>() : all->families());
    for (const hub::PlatformFaultInfo& each : hub::platform_faults()) {
      names.insert(std::string(each.name));
    }
    return {names.begin(), names.end()};
  }

  [[nodiscard]] std::vector<std::string> limits() const {
    std::vector<std::string> names;
    for (const Limit& limit : all_limits()) names.push_back(std::string(limit.name) + '=');
    return names;
  }

  const Typed& typed_;
};

constexpr std::array<std::pair<std::string_view, Values::Kind>, 15> Values::kKinds = {
    {{placeholder::kFile, &Values::files},
     {placeholder::kFolder, &Values::folders},
     {placeholder::kFolderOrDatabase, &Values::folders},
     {placeholder::kSn, &Values::device_words},
     {placeholder::kAccount, &Values::accounts},
     {placeholder::kFamily, &Values::families},
     {placeholder::kHome, &Values::homes},
     {placeholder::kHomeOrFile, &Values::homes},
     {placeholder::kProfile, &Values::profiles},
     {placeholder::kCondition, &Values::conditions},
     {"FAMILY=N,...", &Values::counted_families},
     {placeholder::kField, &Values::fields},
     {placeholder::kWhat, &Values::settable},
     {placeholder::kFault, &Values::faults},
     {placeholder::kLimit, &Values::limits}}};

void add_options(const CLI::App& command, std::vector<std::string>& names) {
  for (const CLI::Option* each : command.get_options()) {
    if (each->nonpositional() && !each->get_group().empty()) names.push_back(shown_name(*each));
  }
  if (command.get_fallthrough() && command.get_parent() != nullptr) {
    add_options(*command.get_parent(), names);
  }
}

void add_commands(const CLI::App& command, std::vector<std::string>& names) {
  for (const CLI::App* each : command.get_subcommands({})) {
    if (!each->get_group().empty()) names.push_back(each->get_name());
  }
}

// The commands below those that were typed behind `help`.
std::vector<std::string> commands_to_describe(const CLI::App& root, const Typed& typed) {
  const CLI::App* at = &root;
  for (const std::string& word : typed.arguments) {
    at = command_named(*at, word);
    if (at == nullptr) return {};
  }
  std::vector<std::string> names;
  add_commands(*at, names);
  return names;
}

std::vector<std::string> unfiltered(const CLI::App& root, const Typed& typed,
                                    std::string_view last) {
  if (typed.waiting != nullptr) return Values(typed).of(*typed.waiting);
  if (last.starts_with('-')) {
    const std::size_t equals = last.find('=');
    std::vector<std::string> names;
    if (equals == std::string_view::npos) {
      add_options(*typed.command, names);
      return names;
    }
    const std::string name(last.substr(0, equals));
    const CLI::Option* option = option_of(*typed.command, name);
    if (option == nullptr) return names;
    for (const std::string& value : Values(typed).of(*option)) {
      names.push_back(value.starts_with(':') ? value : fmt::format("{}={}", name, value));
    }
    return names;
  }
  if (name_of(*typed.command) == "help") return commands_to_describe(root, typed);
  std::vector<std::string> names;
  if (typed.arguments.empty()) add_commands(*typed.command, names);
  if (const CLI::Option* argument = next_argument(typed)) {
    // `history` takes a list, of which the last name is typed.
    const bool is_list =
        name_of(*typed.command) == "history" && placeholder_of(*argument) == placeholder::kField;
    const std::size_t comma = is_list ? last.rfind(',') : std::string_view::npos;
    const std::string before(comma == std::string_view::npos ? "" : last.substr(0, comma + 1));
    for (const std::string& each : Values(typed).of(*argument)) names.push_back(before + each);
  }
  return names;
}

}  // namespace

std::vector<std::string> candidates(const CLI::App& root, Words words) {
  const std::string last = words.empty() ? std::string() : words.back();
  Typed typed = read(root, words.first(words.empty() ? 0 : words.size() - 1));
  typed.last = last;
  std::vector<std::string> all = unfiltered(root, typed, last);
  std::erase_if(all, [&last](const std::string& each) {
    return !each.starts_with(':') && !each.starts_with(last);
  });
  return all;
}

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
