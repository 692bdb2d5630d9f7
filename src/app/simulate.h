// `gridloom simulate`: virtual devices without a server, from the command line.
// docs/user/emulator.md is for people.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// "delta_2=500,power_stream" as families and how many devices of each. kBadParams: no such form, or
// none or too many of one.
[[nodiscard]] Result<std::vector<std::pair<std::string, std::size_t>>> parse_groups(
    std::string_view text);

// Adds it to the command line; as add_backup() does.
[[nodiscard]] std::shared_ptr<void> add_simulate(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
