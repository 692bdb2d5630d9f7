// `gridloom simulate`: virtual devices from the command line, with and without a server.
// docs/user/emulator.md is for people.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "catalog/family.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// "delta_2=500,power_stream" as families and how many devices of each. kBadParams: no such form, or
// none or too many of one.
[[nodiscard]] Result<std::vector<std::pair<std::string, std::size_t>>> parse_groups(
    std::string_view text);

// The same, with the catalogue's families; or there is no such one.
using Groups = std::vector<std::pair<catalog::FamilyPtr, std::size_t>>;
[[nodiscard]] Result<Groups> groups_of(std::string_view text, const catalog::Catalog& catalog);

// Adds it to the command line; as add_backup() does.
[[nodiscard]] std::shared_ptr<void> add_simulate(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
