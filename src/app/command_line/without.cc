#include "app/command_line/without.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "app/command_line/command.h"
#include "app/command_line/usage_error.h"

namespace gridloom::app {

std::unexpected<Error> without(std::string_view what) {
  return fail(ErrorCode::kBadParams,
              fmt::format("this program was built without {}: Gridloom's Debian package, or a "
                          "build of its own on the machine, has it",
                          what));
}

std::shared_ptr<void> add_missing_command(CLI::App& parent, std::function<int()>& chosen,
                                          const std::string& name, std::string_view what) {
  CLI::App* made = add_command(parent, name, fmt::format("Not in a program without {}", what));
  made->prefix_command();
  set_action(*made, chosen, [what] { return report_error(without(what).error()); });
  return nullptr;
}

}  // namespace gridloom::app
