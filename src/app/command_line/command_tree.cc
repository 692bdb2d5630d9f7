#include "app/command_line/command_tree.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstddef>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/command_line/command.h"
#include "app/command_line/command_help.h"
#include "app/process/version.h"

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

namespace {

constexpr std::string_view kAbout =
    "Gridloom is a platform for home-energy devices (power stations, solar inverters, home panels, "
    "batteries) that runs on your own machine. It speaks the interface that EcoFlow documents for "
    "its developer cloud: signed HTTP requests and MQTT topics.";

using Entry = std::pair<std::string_view, std::string_view>;

constexpr std::array<Entry, 3> kFiles = {
    {{"/etc/gridloom/gridloom.conf",
      "The options of the server that systemd runs, one on each line."},
     {"/var/lib/gridloom",
      "Its data folder: accounts, keys, history. Only the user gridloom may read it."},
     {"/var/lib/gridloom/tls/ca.pem", "The certificate that clients have to trust."}}};

constexpr std::array<Entry, 4> kEnvironment = {
    {{"GRIDLOOM_DATA", "The data folder of commands that are given no --data."},
     {"GRIDLOOM_PROFILE",
      "The profile of commands that take --profile and are given neither it nor --data."},
     {"GRIDLOOM_ADMIN_TOKEN", "The admin token of a profile that has none."},
     {"NO_COLOR", "If it is set, output has no colours; it has them on a terminal only."}}};

constexpr std::array<Entry, 3> kExitStatus = {
    {{"0", "The command did what it was asked to do."},
     {"1", "It failed, or found damage; standard error says why."},
     {"2", "The command line or one of its values is wrong; standard error names it."}}};

constexpr std::array<Entry, 3> kExamples = {
    {{"A server with virtual devices, to try", "gridloom serve --demo --data ~/gridloom"},
     {"An account on the server that systemd runs",
      "sudo -u gridloom gridloom account add home --data /var/lib/gridloom"},
     {"A backup, while it runs",
      "sudo -u gridloom gridloom backup /var/lib/gridloom/backup --data /var/lib/gridloom"}}};

// Text as it is: a backslash, a hyphen, and a dot or apostrophe at the beginning mean something to
// roff.
std::string roff(std::string_view text) {
  std::string made;
  for (const char c : text) {
    if (c == '\\') {
      made += "\\e";
    } else if (c == '-') {
      made += "\\-";
    } else {
      made += c == '\n' ? ' ' : c;
    }
  }
  return made.starts_with('.') || made.starts_with('\'') ? "\\&" + made : made;
}

void append_entries(std::string& page, std::string_view heading, const auto& entries) {
  page += fmt::format(".SH {}\n", heading);
  for (const auto& [name, text] : entries) {
    page += fmt::format(".TP\n.B {}\n{}\n", roff(name), roff(text));
  }
}

void append_option(std::string& page, const CLI::Option& option) {
  if (option.get_group().empty()) return;
  const std::string value = placeholder_of(option);
  std::string help = roff(option.get_description());
  if (!option.get_default_str().empty()) {
    help += fmt::format(" (default: {})", roff(option.get_default_str()));
  }
  if (option.get_positional()) {
    page += fmt::format(".TP\n\\fI{}\\fR\n{}\n", roff(value), help);
    return;
  }
  page += fmt::format(".TP\n\\fB{}\\fR{}\n{}\n", roff(shown_name(option)),
                      value.empty() ? "" : fmt::format(" \\fI{}\\fR", roff(value)), help);
}

void append_examples(std::string& page, const CLI::App& command) {
  std::istringstream lines(command.get_footer());
  bool is_first = true;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find_first_not_of(' ');
    if (begin == std::string::npos) continue;
    if (std::exchange(is_first, false)) page += ".PP\nExamples:\n.nf\n";
    page += fmt::format("    {}\n", roff(line.substr(begin)));
  }
  if (!is_first) page += ".fi\n";
}

void append_command(std::string& page, const CLI::App& command) {
  if (command.get_group().empty()) return;
  std::string heading = fmt::format("\\fBgridloom {}\\fR", roff(name_of(command)));
  for (const CLI::Option* each : command.get_options()) {
    const bool is_argument = each->get_positional() && !each->get_group().empty();
    if (is_argument) heading += fmt::format(" \\fI{}\\fR", roff(placeholder_of(*each)));
  }
  if (!command.get_subcommands({}).empty()) heading += " \\fICOMMAND\\fR";
  page += fmt::format(".SS {}\n{}\n", heading, roff(command.get_description()));
  for (const CLI::Option* each : command.get_options()) {
    if (each->get_positional()) append_option(page, *each);
  }
  for (const CLI::Option* each : command.get_options()) {
    if (!each->get_positional() && each != command.get_help_ptr()) append_option(page, *each);
  }
  append_examples(page, command);
  for (const CLI::App* below : command.get_subcommands({})) append_command(page, *below);
}

}  // namespace

std::string manual_page(const CLI::App& root) {
  std::string page = fmt::format(
      ".TH GRIDLOOM 1 \"\" \"gridloom {}\" \"User Commands\"\n"
      ".SH NAME\ngridloom \\- platform for home\\-energy devices\n"
      ".SH SYNOPSIS\n.B gridloom\n\\fICOMMAND\\fR [\\fIOPTION\\fR...] [\\fIARGUMENT\\fR...]\n"
      ".SH DESCRIPTION\n{}\n.SH OPTIONS\n",
      version(), roff(kAbout));
  for (const CLI::Option* each : root.get_options()) append_option(page, *each);
  for (const char* name : {group::kUse, group::kRun, group::kTest, group::kInspect}) {
    page += fmt::format(".SH COMMANDS: {}\n", roff(name));
    for (const CLI::App* each : root.get_subcommands({})) {
      if (each->get_group() == name) append_command(page, *each);
    }
  }
  append_entries(page, "FILES", kFiles);
  append_entries(page, "ENVIRONMENT", kEnvironment);
  append_entries(page, "EXIT STATUS", kExitStatus);
  page += ".SH EXAMPLES\n";
  for (const auto& [text, command] : kExamples) {
    page += fmt::format(".TP\n{}\n.B {}\n", roff(text), roff(command));
  }
  return page;
}

void add_manual(CLI::App& app, std::function<int()>& chosen) {
  CLI::App* manual = add_command(app, "man", "Prints the manual page in roff");
  set_group(*manual, group::kInspect);
  set_examples(*manual, {"gridloom man | man -l -"});
  set_action(*manual, chosen, [&app] {
    fmt::print("{}", manual_page(app));
    return 0;
  });
}

}  // namespace gridloom::app
