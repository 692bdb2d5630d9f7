// `gridloom audit`: prints the audit.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "time/time_zone.h"
#include "wire/json.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// One line of text for an entry: "2026-11-20 14:05:30 set who=anna sn=R331 ...".
[[nodiscard]] std::string line_of(const wire::Json& entry, const time::TimeZone& zone);

// Adds `gridloom audit` to the command line; parsing the command stores the action to run in
// `chosen`. The returned object holds the parsed options and must outlive the action.
[[nodiscard]] std::shared_ptr<void> add_audit(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
