// `gridloom config check`: whether a server would start with a configuration file.
#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "app/command_line/cli.h"
#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/serve.h"

namespace gridloom::app {
namespace {

struct ConfigArguments {
  std::string file;
  bool json = false;
};

int check(const ConfigArguments& arguments) {
  const auto options = CommandLine().options_of_file(arguments.file);
  if (!options) return report_error(options.error(), kWrongUsage);
  if (Status good = check_options(*options); !good) {
    return report_error({.code = good.error().code,
                         .detail = fmt::format("{}: {}", arguments.file, good.error().detail)},
                        kWrongUsage);
  }
  if (arguments.json) {
    print_json(wire::JsonObject{{"file", arguments.file}, {"data", options->data.string()}});
  } else {
    fmt::print("{}: good, for the data folder {}\n", arguments.file, options->data.string());
  }
  return 0;
}

}  // namespace

std::shared_ptr<void> add_config(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<ConfigArguments>();
  ConfigArguments& a = *kept;
  CLI::App* config = add_command(app, "config", "Checks configuration files of the server");
  set_group(*config, group::kRun);
  set_examples(*config, {"gridloom config check /etc/gridloom/gridloom.conf"});
  require_command_below(*config);
  CLI::App* checked = add_command(
      *config, "check", "Says what is wrong with a configuration file, with file and line");
  set_examples(*checked, {"gridloom config check /etc/gridloom/gridloom.conf"});
  add_value(*checked, "file", a.file, placeholder::kFile,
            "The file, as for `gridloom --config FILE serve`")
      .required();
  add_json_option(*checked, a.json);
  set_action(*checked, chosen, [&a] { return check(a); });
  return kept;
}

}  // namespace gridloom::app
