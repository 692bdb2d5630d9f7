#include "app/command_line/command_tree.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstddef>
#include <sstream>
#include <string>
#include <utility>

#include "app/command_line/command.h"
#include "app/command_line/command_help.h"

namespace gridloom::app {
namespace {

using wire::JsonArray;
using wire::JsonObject;

JsonObject option_row(const CLI::Option& option) {
  JsonArray names;
  for (const std::string& name : option.get_snames()) names.emplace_back("-" + name);
  // Further long names are former spellings.
  if (!option.get_lnames().empty()) names.emplace_back("--" + option.get_lnames().front());
  JsonObject row{{"names", std::move(names)}, {"help", option.get_description()}};
  if (option.get_items_expected_max() > 0) row["value"] = option.get_type_name();
  if (!option.get_default_str().empty()) row["default"] = option.get_default_str();
  return row;
}

JsonArray examples_of(const CLI::App& command) {
  JsonArray examples;
  std::istringstream lines(command.get_footer());
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find_first_not_of(' ');
    if (begin != std::string::npos) examples.emplace_back(line.substr(begin));
  }
  return examples;
}

}  // namespace

JsonObject command_tree(const CLI::App& command) {
  JsonArray options;
  JsonArray arguments;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_group().empty()) continue;
    if (option->get_positional()) {
      arguments.push_back(
          JsonObject{{"name", placeholder_of(*option)}, {"help", option->get_description()}});
    } else {
      options.push_back(option_row(*option));
    }
  }
  JsonArray commands;
  const auto shown = [](const CLI::App* each) { return !each->get_group().empty(); };
  for (const CLI::App* each : command.get_subcommands(shown)) {
    commands.push_back(command_tree(*each));
  }
  return {{"name", command.get_name()},     {"help", command.get_description()},
          {"options", std::move(options)},  {"arguments", std::move(arguments)},
          {"group", command.get_group()},   {"examples", examples_of(command)},
          {"commands", std::move(commands)}};
}

void add_command_tree(CLI::App& app, std::function<int()>& chosen) {
  CLI::App* tree = add_command(app, "command-tree", "Describes the command line as JSON");
  set_group(*tree, "");
  set_action(*tree, chosen, [&app] {
    fmt::print("{}\n", wire::to_text(command_tree(app)));
    return 0;
  });
}

}  // namespace gridloom::app
