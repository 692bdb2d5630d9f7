#include "app/command_line/usage_error.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <ranges>
#include <string_view>
#include <vector>

#include "app/command_line/command_help.h"
#include "app/command_line/config_file.h"
#include "base/nearest.h"
#include "base/printable.h"

namespace gridloom::app {
namespace {

using Words = std::span<const std::string>;

// The meaning of a command line's words, up to the first one that cannot be understood.
struct Reading {
  const CLI::App* command;
  std::string wrong_command;
  std::string wrong_option;
  std::vector<std::string> arguments;
};

bool is_option(std::string_view word) { return word.size() > 1 && word.front() == '-'; }

// A negative number is a value.
bool is_number(std::string_view word) {
  return word.size() > 1 && word[0] == '-' && word[1] >= '0' && word[1] <= '9';
}

const CLI::Option* option_of(const CLI::App& command, const std::string& name) {
  if (const CLI::Option* own = command.get_option_no_throw(name)) return own;
  const bool falls = command.get_fallthrough() && command.get_parent() != nullptr;
  return falls ? option_of(*command.get_parent(), name) : nullptr;
}

bool has_arguments(const CLI::App& command) {
  return std::ranges::any_of(command.get_options(),
                             [](const CLI::Option* each) { return each->get_positional(); });
}

Reading read(const CLI::App& root, Words words) {
  Reading reading{.command = &root, .wrong_command = {}, .wrong_option = {}, .arguments = {}};
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") break;
    if (is_option(word) && !is_number(word)) {
      const std::string name = word.substr(0, word.find('='));
      const CLI::Option* option = option_of(*reading.command, name);
      if (option == nullptr) {
        reading.wrong_option = name;
        return reading;
      }
      if (option->get_items_expected_max() > 0 && name.size() == word.size()) ++i;
    } else if (const CLI::App* below = command_named(*reading.command, word)) {
      reading.command = below;
    } else if (!reading.command->get_subcommands({}).empty() && !has_arguments(*reading.command)) {
      reading.wrong_command = word;
      return reading;
    } else {
      reading.arguments.push_back(word);
    }
  }
  return reading;
}

std::string called(const CLI::App& command) {
  const std::string name = name_of(command);
  return name.empty() ? "gridloom" : "gridloom " + name;
}

std::string see_help(const CLI::App& command) {
  return command.get_parent() == nullptr ? "`gridloom help` lists all commands"
                                         : fmt::format("`{} --help` describes it", called(command));
}

void add_commands(const CLI::App& command, std::vector<std::string>& names) {
  for (const CLI::App* each : command.get_subcommands({})) {
    if (each->get_group().empty()) continue;
    names.push_back(name_of(*each));
    add_commands(*each, names);
  }
}

std::vector<const CLI::App*> all_commands(const CLI::App& group) {
  std::vector<const CLI::App*> all;
  for (const CLI::App* each : group.get_subcommands({})) {
    all.push_back(each);
    const auto below = all_commands(*each);
    all.insert(all.end(), below.begin(), below.end());
  }
  return all;
}

const CLI::App& root_of(const CLI::App& command) {
  return command.get_parent() == nullptr ? command : root_of(*command.get_parent());
}

// Words that other programs have, and what does it here.
struct Hint {
  std::string_view word;
  std::string_view text;
};
constexpr std::string_view kLogHint =
    "the server writes its log to standard error, and under systemd to the journal: journalctl -u "
    "gridloom";
constexpr std::string_view kExportHint =
    "`gridloom history SN FIELD --csv` and `gridloom energy --csv` print tables, and `gridloom "
    "backup` copies all";
constexpr std::string_view kPageHint = "`gridloom sign-in` prints a link to the dashboard";
constexpr std::string_view kStartHint =
    "`gridloom serve` runs a server until Ctrl-C, and systemd one in the background: systemctl "
    "start gridloom";
constexpr std::string_view kRestartHint =
    "Ctrl-C and `gridloom serve` again, or under systemd: systemctl restart gridloom";
constexpr std::string_view kScenarioHint =
    "`gridloom simulate FILE.loom` plays a scenario, and `gridloom serve --demo` runs a server";
constexpr std::string_view kListHint =
    "`gridloom status` shows the home, and `gridloom device list` its devices";
constexpr std::string_view kAlarmHint =
    "`gridloom status` shows errors of devices, and the dashboard's Alarms what was before";
constexpr std::string_view kProfileHint = "`gridloom login --list` lists profiles";
constexpr std::string_view kDemoHint = "`gridloom serve --demo` runs a server with a demo home";
constexpr std::string_view kUserHint = "`gridloom account list` lists accounts";
constexpr std::string_view kDescribeHint =
    "`gridloom device show SN` shows a device, and `gridloom explain SN FIELD` a field";
constexpr auto kHints = std::to_array<Hint>(
    {{"logs", kLogHint},          {"log", kLogHint},         {"export", kExportHint},
     {"dump", kExportHint},       {"open", kPageHint},       {"dashboard", kPageHint},
     {"ui", kPageHint},           {"web", kPageHint},        {"ls", kListHint},
     {"ps", kListHint},           {"alarms", kAlarmHint},    {"alerts", kAlarmHint},
     {"events", kAlarmHint},      {"profile", kProfileHint}, {"profiles", kProfileHint},
     {"demo", kDemoHint},         {"user", kUserHint},       {"users", kUserHint},
     {"describe", kDescribeHint}, {"info", kDescribeHint},   {"start", kStartHint},
     {"stop", kStartHint},        {"restart", kRestartHint}, {"scenario", kScenarioHint},
     {"run", kScenarioHint},      {"play", kScenarioHint}});
// The same of options.
constexpr auto kOptionHints = std::to_array<Hint>(
    {{"--port", "--http ADDR:PORT and --https, --mqtt, --mqtts say where it listens"}});

std::string_view hint_for(const CLI::App& group, std::string_view word) {
  const auto* const found = std::ranges::find(kHints, word, &Hint::word);
  return group.get_parent() == nullptr && found != kHints.end() ? found->text : std::string_view();
}

// The end of a message about a word that is no command of `group`.
std::string other_commands(const CLI::App& group, std::string_view word) {
  if (const auto hint = hint_for(group, word); !hint.empty()) return fmt::format("; {};", hint);
  std::vector<std::string_view> names;
  const auto below =
      group.get_subcommands([](const CLI::App* each) { return !each->get_group().empty(); });
  std::vector<std::string> own;
  own.reserve(below.size());
  for (const CLI::App* each : below) own.push_back(each->get_name());
  names.assign(own.begin(), own.end());
  std::string meant;
  for (const std::string_view name : nearest(word, names)) {
    const CLI::App* found = command_named(group, std::string(name));
    meant += fmt::format("{}{}", meant.empty() ? "" : " or ", name_of(*found));
  }
  if (meant.empty()) {
    // The word may be a command of another group: "list" of "device list".
    std::vector<std::string> all;
    add_commands(root_of(group), all);
    for (const std::string& name : all) {
      if (!name.ends_with(fmt::format(" {}", word))) continue;
      meant += fmt::format("{}{}", meant.empty() ? "" : " or ", name);
    }
  }
  if (!meant.empty()) return fmt::format("; did you mean {}?", meant);
  return group.get_parent() == nullptr ? ";" : fmt::format("; there are {};", fmt::join(own, ", "));
}

std::string wrong_command(const CLI::App& group, const std::string& word) {
  const std::string before = name_of(group);
  return fmt::format("there is no command \"{}{}{}\"{} {}", before, before.empty() ? "" : " ",
                     redacted(word), other_commands(group, word), see_help(group));
}

std::string wrong_option(const Reading& reading) {
  std::vector<std::string_view> names;
  std::vector<std::string> own;
  for (const CLI::App* at = reading.command; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* each : at->get_options()) {
      if (each->nonpositional() && !each->get_group().empty()) own.push_back(shown_name(*each));
    }
    if (!at->get_fallthrough()) break;
  }
  names.assign(own.begin(), own.end());
  std::string text =
      fmt::format("{} has no option {}", called(*reading.command), reading.wrong_option);
  const bool listens = reading.command->get_option_no_throw("--http") != nullptr;
  for (const Hint& hint : listens ? std::span<const Hint>(kOptionHints) : std::span<const Hint>()) {
    names.insert(names.begin(), hint.word);
    const std::vector<std::string_view> meant = nearest(reading.wrong_option, names);
    const bool is_meant = !meant.empty() && meant.front() == hint.word;
    if (is_meant) return fmt::format("{}; {}; {}", text, hint.text, see_help(*reading.command));
    names.erase(names.begin());
  }
  const CLI::App& root = root_of(*reading.command);
  if (root.get_option_no_throw(reading.wrong_option) != nullptr) {
    return fmt::format("{0}; {1} stands before the command: gridloom {1} ... {2}", text,
                       reading.wrong_option, name_of(*reading.command));
  }
  const bool is_of_commands =
      reading.command == &root && std::ranges::any_of(all_commands(root), [&](const auto* each) {
        return each->get_option_no_throw(reading.wrong_option) != nullptr;
      });
  if (is_of_commands) {
    return fmt::format("{0}; {1} stands behind the command: gridloom COMMAND {1} ...", text,
                       reading.wrong_option);
  }
  std::string meant = did_you_mean(reading.wrong_option, names);
  return fmt::format("{}{} {}", text, meant.empty() ? ";" : meant, see_help(*reading.command));
}

std::string missing(const CLI::App& command) {
  const auto below =
      command.get_subcommands([](const CLI::App* each) { return !each->get_group().empty(); });
  if (!below.empty() && command.get_require_subcommand_min() > 0) {
    std::vector<std::string> names;
    names.reserve(below.size());
    for (const CLI::App* each : below) names.push_back(each->get_name());
    return fmt::format("{}: the command is missing: {}; `{} --help` describes them",
                       called(command), fmt::join(names, ", "), called(command));
  }
  std::vector<std::string> options;
  for (const CLI::Option* each : command.get_options()) {
    if (!each->get_required() || each->count() > 0) continue;
    const std::string name = shown_name(*each);
    options.push_back(each->get_positional() ? name : name + ' ' + placeholder_of(*each));
  }
  return fmt::format("{}: {} {} missing; {}", called(command), fmt::join(options, " and "),
                     options.size() == 1 ? "is" : "are", see_help(command));
}

std::string too_many(const Reading& reading) {
  std::vector<std::string> taken;
  for (const CLI::Option* each : reading.command->get_options()) {
    if (each->get_positional()) taken.push_back(shown_name(*each));
  }
  const std::string& first = reading.arguments.size() > taken.size()
                                 ? reading.arguments[taken.size()]
                                 : reading.arguments.back();
  if (taken.empty()) {
    const CLI::Option* device = reading.command->get_option_no_throw("--device");
    return fmt::format("{}: \"{}\" is too much: the command takes no argument{}; {}",
                       called(*reading.command), redacted(first),
                       device == nullptr ? "" : "; --device SN names a device",
                       see_help(*reading.command));
  }
  return fmt::format("{}: \"{}\" is too much: the command takes {}; {}", called(*reading.command),
                     redacted(first), fmt::join(taken, " "), see_help(*reading.command));
}

// The option or argument that a message of the parser begins with; nullptr: of none.
const CLI::Option* option_in(const CLI::App& command, std::string_view message) {
  for (const CLI::App* at = &command; at != nullptr; at = at->get_parent()) {
    for (const CLI::Option* each : at->get_options()) {
      const std::string name = each->get_name();
      if (!name.empty() && message.starts_with(name + ": ")) return each;
    }
  }
  return nullptr;
}

// The option that the help leaves out and that the words give last, which the parser does not name;
// nullptr: none.
const CLI::Option* hidden_option_in(const CLI::App& command, Words words) {
  for (const std::string& word : words | std::views::reverse) {
    const CLI::Option* option = command.get_option_no_throw(word);
    if (option != nullptr && option->get_group().empty()) return option;
  }
  return nullptr;
}

constexpr std::string_view kNotConverted = "Could not convert: ";

std::string wrong_value(const CLI::App& root, Words words, const CLI::App& command,
                        std::string_view message) {
  message.remove_prefix(kNotConverted.size());
  const std::size_t equals = message.find(" = ");
  const std::string name(message.substr(0, equals));
  const std::string_view value = equals == std::string_view::npos ? "" : message.substr(equals + 3);
  const CLI::Option* option = option_of(command, name);
  const bool is_whole = option != nullptr && option->get_type_name() == placeholder::kCount;
  const bool is_switch = option != nullptr && option->get_items_expected_max() == 0;
  return fmt::format("{}{}: \"{}\" is not valid: must be {}", place_in_config(root, words, name),
                     option == nullptr ? name : shown_name(*option), redacted(value),
                     is_switch  ? "true or false"
                     : is_whole ? "a whole number"
                                : "a number");
}

}  // namespace

std::string explain_usage(const CLI::App& root, Words words, const CLI::ParseError& error) {
  const Reading reading = read(root, words);
  if (!reading.wrong_command.empty()) return wrong_command(*reading.command, reading.wrong_command);
  if (!reading.wrong_option.empty()) return wrong_option(reading);
  using CLI::ExitCodes;
  const auto code = static_cast<ExitCodes>(error.get_exit_code());
  std::string message = error.what();
  if (code == ExitCodes::RequiredError) return missing(*reading.command);
  if (code == ExitCodes::ExtrasError && !reading.arguments.empty()) return too_many(reading);
  if (message.starts_with(kNotConverted))
    return wrong_value(root, words, *reading.command, message);
  const CLI::Option* option = option_in(*reading.command, message);
  if (option == nullptr && code == ExitCodes::ArgumentMismatch) {
    option = hidden_option_in(*reading.command, words);
  }
  if (option != nullptr) {
    if (code == ExitCodes::ArgumentMismatch) {
      return fmt::format("{}: {} is missing", shown_name(*option), placeholder_of(*option));
    }
    return place_in_config(root, words, shown_name(*option)) + shown_name(*option) +
           message.substr(option->get_name().size());
  }
  return message;
}

std::string unknown_command_in(const CLI::App& root, Words words) {
  const Reading reading = read(root, words);
  return reading.wrong_command.empty() ? std::string()
                                       : wrong_command(*reading.command, reading.wrong_command);
}

Error unknown_command(const CLI::App& group, const std::string& word) {
  return {.code = ErrorCode::kBadParams, .detail = wrong_command(group, word)};
}

int report_error(const Error& error) { return report_error(error, exit_code_of(error.code)); }

int report_error(const Error& error, int exit_code) {
  fmt::print(stderr, "gridloom: {}\n", error.detail);
  return exit_code;
}

}  // namespace gridloom::app
