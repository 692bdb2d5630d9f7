#include "app/command_line/command_help.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <utility>

#include "app/command_line/output.h"

namespace gridloom::app {
namespace {

constexpr std::size_t kMaxWidth = 100;  // characters of a line
constexpr std::size_t kMinWidth = 60;
constexpr std::size_t kMaxColumn = 30;   // characters of the left column
constexpr std::size_t kIndentation = 2;  // of each line below a heading

struct Row {
  std::string left;
  std::string right;
};

// Lines fit the terminal, and are never longer than is good to read.
std::size_t width_of_help() {
  const std::size_t columns = columns_of_terminal();
  return columns == 0 ? kMaxWidth : std::clamp(columns, kMinWidth, kMaxWidth);
}

std::string wrapped(std::string_view text, std::size_t indentation) {
  return wrapped_words(text, indentation, width_of_help());
}

void append_rows(std::string& text, std::string_view heading, const std::vector<Row>& rows) {
  if (rows.empty()) return;
  text += fmt::format("\n{}:\n", heading);
  std::size_t column = 0;
  for (const Row& row : rows) {
    if (row.left.size() <= kMaxColumn) column = std::max(column, row.left.size());
  }
  const std::size_t right = kIndentation + column + 2;
  for (const Row& row : rows) {
    if (row.right.empty()) {
      text += fmt::format("  {}\n", row.left);
    } else if (row.left.size() > column) {
      text += fmt::format("  {}\n{:{}}{}\n", row.left, "", right, wrapped(row.right, right));
    } else {
      text += fmt::format("  {:{}}  {}\n", row.left, column, wrapped(row.right, right));
    }
  }
}

bool is_shown(const CLI::Option& option) { return !option.get_group().empty(); }
bool is_shown(const CLI::App& command) { return !command.get_group().empty(); }

std::string help_of(const CLI::Option& option) {
  std::vector<std::string> notes;
  if (option.get_required() && option.nonpositional()) notes.emplace_back("required");
  if (!option.get_default_str().empty()) {
    notes.push_back(fmt::format("default: {}", option.get_default_str()));
  }
  if (notes.empty()) return option.get_description();
  return fmt::format("{} ({})", option.get_description(), fmt::join(notes, "; "));
}

bool is_repeated(const CLI::Option& option) {
  return option.get_expected_max() >= CLI::detail::expected_max_vector_size;
}

std::string usage_of(const CLI::App& command) {
  std::string text = "gridloom";
  if (const std::string name = name_of(command); !name.empty()) text += ' ' + name;
  const auto options = command.get_options(
      [](const CLI::Option* each) { return is_shown(*each) && each->nonpositional(); });
  const bool has_below = !command.get_subcommands({}).empty();
  const bool has_arguments = command.get_options().size() > options.size();
  if (!has_below || has_arguments || command.get_require_subcommand_min() == 0) {
    for (const CLI::Option* option : options) {
      if (!option->get_required()) continue;
      text += fmt::format(" {} {}", shown_name(*option), placeholder_of(*option));
    }
    text += " [OPTION...]";
  }
  for (const CLI::Option* each : command.get_options()) {
    if (!each->get_positional() || !is_shown(*each)) continue;
    const std::string word = placeholder_of(*each) + (is_repeated(*each) ? "..." : "");
    text += each->get_required() ? ' ' + word : fmt::format(" [{}]", word);
  }
  if (has_below) text += command.get_require_subcommand_min() == 0 ? " [COMMAND]" : " COMMAND";
  return text;
}

void append_commands(std::string& text, const CLI::App& command) {
  std::vector<std::string> groups;
  if (command.get_parent() == nullptr) {
    groups = {group::kUse, group::kRun, group::kTest, group::kInspect};
  }
  const auto commands =
      command.get_subcommands([](const CLI::App* each) { return is_shown(*each); });
  for (const CLI::App* each : commands) {
    if (std::ranges::find(groups, each->get_group()) == groups.end()) {
      groups.push_back(each->get_group());
    }
  }
  for (const std::string& name : groups) {
    std::vector<Row> rows;
    for (const CLI::App* each : commands) {
      if (each->get_group() != name) continue;
      rows.push_back({.left = each->get_name(), .right = each->get_description()});
    }
    append_rows(text, name == "Subcommands" ? "Commands" : name, rows);
  }
}

void append_options(std::string& text, const CLI::App& command) {
  std::vector<Row> arguments;
  std::vector<std::pair<std::string, std::vector<Row>>> groups;
  for (const CLI::Option* option : command.get_options()) {
    if (!is_shown(*option)) continue;
    if (option->get_positional()) {
      arguments.push_back({.left = placeholder_of(*option), .right = help_of(*option)});
      continue;
    }
    auto found = std::ranges::find(groups, option->get_group(),
                                   &std::pair<std::string, std::vector<Row>>::first);
    if (found == groups.end()) found = groups.insert(found, {option->get_group(), {}});
    const std::string value = placeholder_of(*option);
    const std::string letter =
        option->get_snames().empty() ? "" : fmt::format("-{}, ", option->get_snames().front());
    found->second.push_back(
        {.left = letter + shown_name(*option) + (value.empty() ? "" : ' ' + value),
         .right = help_of(*option)});
  }
  append_rows(text, "Arguments", arguments);
  for (const auto& [name, rows] : groups) append_rows(text, name, rows);
}

class HelpFormatter final : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* command, std::string /*name*/,
                        CLI::AppFormatMode /*mode*/) const override {
    return help_text(*command);
  }
};

}  // namespace

void set_group(CLI::App& command, const char* group) { command.group(group); }

void set_examples(CLI::App& command, const std::vector<std::string_view>& examples) {
  std::string text;
  for (const std::string_view example : examples) {
    text += fmt::format("{}  {}", text.empty() ? "" : "\n", example);
  }
  command.footer(text);
}

const CLI::App* command_named(const CLI::App& group, const std::string& word) {
  const auto found =
      group.get_subcommands([&](const CLI::App* each) { return each->check_name(word); });
  return found.empty() ? nullptr : found.front();
}

std::string name_of(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  if (parent == nullptr) return {};
  const std::string before = name_of(*parent);
  return before.empty() ? command.get_name() : before + ' ' + command.get_name();
}

std::string shown_name(const CLI::Option& option) {
  if (option.get_positional()) return placeholder_of(option);
  if (!option.get_lnames().empty()) return "--" + option.get_lnames().front();
  return "-" + option.get_snames().front();
}

std::string placeholder_of(const CLI::Option& option) {
  return option.get_items_expected_max() > 0 ? option.get_type_name() : std::string();
}

std::string help_text(const CLI::App& command) {
  constexpr std::string_view kUsage = "Usage: ";
  std::string text = wrapped(command.get_description(), 0);
  text += fmt::format("\n\n{}{}\n", kUsage, wrapped(usage_of(command), kUsage.size()));
  append_commands(text, command);
  append_options(text, command);
  const std::string examples = command.get_footer();
  if (!examples.empty()) text += fmt::format("\nExamples:\n{}\n", examples);
  if (command.get_parent() == nullptr) {
    text += "\n`gridloom COMMAND --help` describes a command.\n";
  }
  return text;
}

std::shared_ptr<CLI::FormatterBase> help_formatter() { return std::make_shared<HelpFormatter>(); }

}  // namespace gridloom::app
