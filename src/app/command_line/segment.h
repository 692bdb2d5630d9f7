// The command `gridloom segment`: prints the contents of a log segment.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "journal/local/log.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// Adds the command to the command line; parsing the command stores the action to run in `chosen`.
// The returned object holds the parsed options and must outlive the action.
[[nodiscard]] std::shared_ptr<void> add_segment(CLI::App& app, std::function<int()>& chosen);

// Describes a record beyond its size: the entry itself for an audit record; the number of rows and
// devices for reports.
[[nodiscard]] std::string content_of(const journal::Record& record);

// Prints one line per record, and one per stretch of bytes that is not a record; returns 1 if there
// were such stretches, or if the file is not a segment.
[[nodiscard]] int show_segment(const std::filesystem::path& file, bool json);

}  // namespace gridloom::app
