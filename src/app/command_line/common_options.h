// Options and arguments that several commands have: one name, one placeholder and one help text
// each.
//
// The first long name is the one that is shown; the others are former spellings, which stay
// accepted (command_help.h).
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_line/command_help.h"

namespace gridloom::app {

inline constexpr std::string_view kDataVariable = "GRIDLOOM_DATA";

// The value of GRIDLOOM_DATA; if it is not set, `otherwise`.
[[nodiscard]] std::string data_folder_or(std::string_view otherwise);
// The data folder where none is given: GRIDLOOM_DATA, or ./data.
[[nodiscard]] std::string default_data_folder();

// --data of a command that works on a data folder; sets `folder` to the default.
CLI::Option* add_data_option(CLI::App& command, std::string& folder);
// --devices of a command that reads device files itself.
CLI::Option* add_devices_option(CLI::App& command, std::string& folder);
// --json of a command that prints results. docs/user/output.schema.json describes them.
CLI::Option* add_json_option(CLI::App& command, bool& json);
// --ca: certificates to trust.
CLI::Option* add_ca_option(CLI::App& command, std::string& file);
// --from and --to of a span of past time.
void add_span_options(CLI::App& command, std::string& from, std::string& to);

// An option or argument with a placeholder.
template <typename T>
CLI::Option* add_value(CLI::App& command, const std::string& names, T& value,
                       const char* placeholder, std::string_view help) {
  return command.add_option(names, value, std::string(help))->type_name(placeholder);
}

using Check = std::function<std::string(const std::string&)>;
// Checks for CLI::Option::check(). They return the error message; empty: the text is valid.
[[nodiscard]] Check one_of(std::vector<std::string> words);
[[nodiscard]] Check whole_number(std::int64_t least, std::int64_t most);
[[nodiscard]] Check number(double least, double most);
[[nodiscard]] Check not_negative();

}  // namespace gridloom::app
