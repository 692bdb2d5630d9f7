// Options and arguments that several commands have: one name, one placeholder and one help text
// each.
//
// The first long name is the one that is shown; the others are former spellings, which stay
// accepted (command_help.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_line/command.h"
#include "app/command_line/command_help.h"

namespace gridloom::app {

inline constexpr std::string_view kDataVariable = "GRIDLOOM_DATA";
inline constexpr std::string_view kProfileVariable = "GRIDLOOM_PROFILE";

// The value of GRIDLOOM_DATA; if it is not set, `otherwise`.
[[nodiscard]] std::string data_folder_or(std::string_view otherwise);
// The data folder where none is given: GRIDLOOM_DATA, or ./data.
[[nodiscard]] std::string default_data_folder();

// The value of GRIDLOOM_PROFILE; empty: it is not set.
[[nodiscard]] std::string profile_of_environment();

// --data of a command that works on a data folder; sets `folder` to the default.
Option add_data_option(CLI::App& command, std::string& folder);
// --devices of a command that reads device files itself.
Option add_devices_option(CLI::App& command, std::string& folder);
// The folder that a command reads device files from: the one given, or else that of the server
// which runs on the data folder, so that the command knows the families of the server.
[[nodiscard]] std::filesystem::path device_files(const std::string& given,
                                                 const std::filesystem::path& data_folder);
// --json of a command that prints results. docs/user/output.schema.json describes them.
Option add_json_option(CLI::App& command, bool& json);
// --language of a command whose texts have translations (app/process/language.h).
Option add_language_option(CLI::App& command);
// --ca: certificates to trust.
Option add_ca_option(CLI::App& command, std::string& file);
// --from and --to of a span of past time.
void add_span_options(CLI::App& command, std::string& from, std::string& to);

// The words of --log-level, from all messages to none.
[[nodiscard]] const std::vector<std::string>& log_levels();

// Checks for Option::check().
[[nodiscard]] Check one_of(std::vector<std::string> words);
[[nodiscard]] Check whole_number(std::int64_t least, std::int64_t most);
[[nodiscard]] Check number(double least, double most);
[[nodiscard]] Check not_negative();

}  // namespace gridloom::app
