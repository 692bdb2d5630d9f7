// The verb `gridloom segment`: what a file of the log holds.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "history/log.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// Adds the verb to the command line; parsing it puts what is to run into `chosen`. The returned
// object holds what was parsed and has to live as long.
[[nodiscard]] std::shared_ptr<void> add_segment(CLI::App& app, std::function<int()>& chosen);

// What is to be said of a record besides its size: audit itself; of reports, how many rows of how
// many devices.
[[nodiscard]] std::string content_of(const history::Record& record);

// A line a record, and one for each stretch that is none; 1 if there were any, or it is no segment.
[[nodiscard]] int show_segment(const std::filesystem::path& file);

}  // namespace gridloom::app
