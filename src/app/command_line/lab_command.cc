#include <string>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/operation_command.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/control/admin_client.h"
#include "app/ready_file.h"
#include "base/clock.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

using wire::JsonObject;

constexpr Millis kPatience{30'000};

struct LabArguments {
  std::string data;
};

// The server's socket goes with the reset: a file tells when it is over.
int reset(const LabArguments& a) {
  ReadyWatch watch(a.data);
  const auto answer = ask_admin(a.data, JsonObject{{"op", "lab.reset"}});
  if (!answer) return report_error(answer.error());
  const Status ready = watch.await(wire::whole_in(*answer, "run").value_or(0), kPatience);
  return ready ? 0 : report_error(ready.error());
}

}  // namespace

std::shared_ptr<void> add_lab(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<LabArguments>();
  LabArguments& a = *kept;
  CLI::App* lab = add_command(app, "lab", "Sets a server for tests back");
  set_group(*lab, group::kRun);
  set_examples(*lab, {"gridloom serve --demo --lab", "gridloom lab reset"});
  require_command_below(*lab);
  CLI::App* made = add_command(*lab, "reset", operation_text("lab.reset"));
  add_data_option(*made, a.data);
  set_examples(*made, {"gridloom lab reset"});
  set_action(*made, chosen, [&a] { return reset(a); });
  return kept;
}

}  // namespace gridloom::app
