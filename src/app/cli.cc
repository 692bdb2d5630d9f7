#include "app/cli.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "app/admin.h"
#include "app/audit.h"
#include "app/backup.h"
#include "app/bench.h"
#include "app/block.h"
#include "app/family.h"
#include "app/fault.h"
#include "app/history.h"
#include "app/limits.h"
#include "app/options.h"
#include "app/record.h"
#include "app/replay.h"
#include "app/segment.h"
#include "app/serve.h"
#include "app/simulate.h"
#include "app/time.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonObject;

// What a verb needs, kept alive until it runs.
struct Arguments {
  ServeOptions serve;
  std::string data = "data";
  std::string name, owner, account, sn, key, rights, access_key, secret_key_file, remove, file;
  std::string devices;
  bool page = false;
  bool rows = false;
};

constexpr const char* kLimitsOfFile = "limits-of-file";

// A configuration file holds serve's options, without a section.
class FlatConfig final : public CLI::ConfigTOML {
  std::vector<CLI::ConfigItem> from_config(std::istream& in) const override {
    std::vector<CLI::ConfigItem> items = CLI::ConfigTOML::from_config(in);
    for (CLI::ConfigItem& item : items) {
      if (item.parents.empty()) item.parents = {"serve"};
      // Under a name of its own: the command line's would otherwise replace all of them.
      if (item.name == "limit") item.name = kLimitsOfFile;
    }
    return items;
  }
};

void print(const Json& result) {
  if (result.is_array()) {
    for (const Json& row : result.get_array()) fmt::print("{}\n", wire::to_text(row));
    return;
  }
  for (const auto& [key, value] : result.get_object()) {
    fmt::print("{}: {}\n", std::string_view(key),
               value.is_string() ? std::string(value.get_string()) : wire::to_text(value));
  }
}

int ask(const Arguments& arguments, const JsonObject& request) {
  const auto result = ask_admin(arguments.data, request);
  if (!result) {
    fmt::print(stderr, "gridloom: {}\n", result.error().detail);
    return 1;
  }
  print(*result);
  return 0;
}

// A secret on the command line would stand in the process list: it comes from a file, or "-".
int add_account(const Arguments& arguments) {
  std::string secret;
  if (!arguments.secret_key_file.empty()) {
    std::ifstream file(arguments.secret_key_file == "-" ? "/dev/stdin" : arguments.secret_key_file);
    if (!std::getline(file, secret) || secret.empty()) {
      fmt::print(stderr, "gridloom: --secret-key-file {}: no secret key in its first line\n",
                 arguments.secret_key_file);
      return 1;
    }
  }
  return ask(arguments, {{"op", "account.add"},
                         {"name", arguments.name},
                         {"accessKey", arguments.access_key},
                         {"secretKey", secret}});
}

void add_limits_option(CLI::App& app, ServeOptions& options) {
  app.add_option("--limit", options.limits,
                 "NAME=VALUE, as often as wanted; `gridloom limits` lists them")
      ->expected(1)
      ->take_all();
}

std::vector<std::string> all_settings(const ServeOptions& options) {
  std::vector<std::string> all = options.limits_of_file;
  all.insert(all.end(), options.limits.begin(), options.limits.end());
  return all;
}

int print_limits(const Arguments& arguments) {
  if (arguments.page) {
    fmt::print("{}", limits_page());
    return 0;
  }
  const auto limits = limits_from(all_settings(arguments.serve));
  if (!limits) {
    fmt::print(stderr, "gridloom: {}\n", limits.error().detail);
    return 1;
  }
  fmt::print("{}", limits_text(*limits));
  return 0;
}

void add_limits(CLI::App& app, Arguments& a, std::function<int()>& chosen) {
  CLI::App* limits = app.add_subcommand("limits", "Lists the limits and their values");
  add_limits_option(*limits, a.serve);
  limits->add_flag("--page", a.page, "As the page docs/user/limits.md");
  limits->callback([&] { chosen = [&a] { return print_limits(a); }; });
}

void add_serve(CLI::App& app, Arguments& a, std::function<int()>& chosen) {
  CLI::App* serve_app = app.add_subcommand("serve", "Runs the platform");
  ServeOptions& o = a.serve;
  serve_app->add_option("--data", o.data, "Folder of everything that is kept")
      ->capture_default_str();
  serve_app->add_option("--http", o.http, "HTTP, ADDR:PORT; port 0 takes any free one")
      ->capture_default_str();
  serve_app->add_option("--https", o.https, "HTTP with TLS")->capture_default_str();
  serve_app->add_option("--mqtt", o.mqtt, "MQTT")->capture_default_str();
  serve_app->add_option("--mqtts", o.mqtts, "MQTT with TLS")->capture_default_str();
  serve_app->add_option("--public-host", o.public_host,
                        "Host name that clients are told and the certificate covers");
  serve_app->add_option("--devices", o.devices, "Folder with further device files");
  serve_app
      ->add_option("--set-timeout-ms", o.set_timeout_ms,
                   "How long a device may take to answer a set")
      ->check(CLI::Range(100, 600'000))
      ->capture_default_str();
  serve_app->add_option("--threads", o.threads, "0: one a core")->check(CLI::Range(0, 256));
  serve_app->add_option("--log-level", o.log_level, "debug, info, warn, error")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}))
      ->capture_default_str();
  add_limits_option(*serve_app, o);
  serve_app->add_option("--" + std::string(kLimitsOfFile), o.limits_of_file)->group("");
  CLI::Option* demo = serve_app->add_flag("--demo", o.demo,
                                          "With the demo home: one virtual device of each family");
  serve_app->add_option("--demo-home", o.demo_home, "With these in it: power_ocean=5,delta_2")
      ->needs(demo);
  serve_app->add_option("--speed", o.speed, "Seconds of the devices' time in one; `gridloom time`")
      ->capture_default_str();
  serve_app->add_option("--start", o.start, "The devices' time begins there: -7d, 2026-01-15");
  serve_app->add_option("--until", o.until, "There it pauses: +7d (after its start), 2026-01-22");
  serve_app->add_flag("--paused", o.paused, "It begins paused");
  serve_app->add_flag(
      "--strict", o.strict,
      "As strict as the vendor's cloud: time window, replays, wildcards, client ids");
  serve_app->add_flag("--no-history", o.no_history,
                      "Write no reports down: an acknowledgement means that one came");
  serve_app->add_flag("--insecure-plain", o.insecure_plain,
                      "Let --http and --mqtt leave the loopback");
  // Only the root command reads a file, so it has the option; its keys are serve's.
  app.config_formatter(std::make_shared<FlatConfig>());
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.set_config("--config", "",
                 "File with any of serve's, a line each: http = \"127.0.0.1:8080\"");
  serve_app->fallthrough();
  serve_app->callback([&] {
    chosen = [&a] {
      a.serve.limits = all_settings(a.serve);
      return serve(a.serve);
    };
  });
}

// A verb of `account` or `device`: its options, and the request that it makes.
CLI::App* add_verb(CLI::App& parent, const std::string& name, const std::string& help, Arguments& a,
                   std::function<int()>& chosen, std::function<JsonObject()> request) {
  CLI::App* verb = parent.add_subcommand(name, help);
  verb->add_option("--data", a.data, "The server's data folder")->capture_default_str();
  verb->callback([&a, &chosen, request] { chosen = [&a, request] { return ask(a, request()); }; });
  return verb;
}

void add_accounts(CLI::App& app, Arguments& a, std::function<int()>& chosen) {
  CLI::App* account = app.add_subcommand("account", "Accounts and their keys");
  account->require_subcommand(1);
  CLI::App* add = add_verb(*account, "add", "Adds an account and prints its keys, once", a, chosen,
                           [] { return JsonObject(); });
  add->add_option("name", a.name)->required();
  add->add_option("--access-key", a.access_key, "Use this one instead of a new one");
  add->add_option("--secret-key-file", a.secret_key_file,
                  "File with its secret key; - reads stdin");
  add->callback([&] { chosen = [&a] { return add_account(a); }; });
  add_verb(*account, "list", "Lists the accounts", a, chosen,
           [] { return JsonObject{{"op", "account.list"}}; });
  CLI::App* keys = add_verb(*account, "keys", "Adds a key pair, or removes one", a, chosen, [&a] {
    return JsonObject{{"op", "account.keys"}, {"name", a.name}, {"remove", a.remove}};
  });
  keys->add_option("name", a.name)->required();
  keys->add_option("--remove", a.remove, "The access key to remove");
  CLI::App* rotate =
      add_verb(*account, "rotate", "Gives an account a new MQTT password", a, chosen,
               [&a] { return JsonObject{{"op", "account.rotate"}, {"name", a.name}}; });
  rotate->add_option("name", a.name)->required();
  CLI::App* remove =
      add_verb(*account, "remove", "Removes an account that owns no device", a, chosen,
               [&a] { return JsonObject{{"op", "account.remove"}, {"name", a.name}}; });
  remove->add_option("name", a.name)->required();
}

void add_devices(CLI::App& app, Arguments& a, std::function<int()>& chosen) {
  CLI::App* device = app.add_subcommand("device", "Devices and who may use them");
  device->require_subcommand(1);
  CLI::App* add =
      add_verb(*device, "add", "Adds a device and prints its key, once", a, chosen, [&a] {
        return JsonObject{{"op", "device.add"}, {"sn", a.sn}, {"owner", a.owner}, {"name", a.name}};
      });
  add->add_option("sn", a.sn, "Serial number")->required();
  add->add_option("--owner", a.owner, "Account")->required();
  add->add_option("--name", a.name);
  CLI::App* list = add_verb(*device, "list", "Lists devices", a, chosen,
                            [&a] { return JsonObject{{"op", "device.list"}, {"owner", a.owner}}; });
  list->add_option("--owner", a.owner, "Only this account's");
  CLI::App* rename = add_verb(*device, "rename", "Names a device", a, chosen, [&a] {
    return JsonObject{{"op", "device.rename"}, {"sn", a.sn}, {"name", a.name}};
  });
  rename->add_option("sn", a.sn)->required();
  rename->add_option("name", a.name)->required();
  CLI::App* share =
      add_verb(*device, "share", "Shares a device with another account", a, chosen, [&a] {
        return JsonObject{
            {"op", "device.share"}, {"sn", a.sn}, {"account", a.account}, {"rights", a.rights}};
      });
  share->add_option("sn", a.sn)->required();
  share->add_option("account", a.account)->required();
  share->add_option("rights", a.rights, "monitor, full, or none to end it")->required();
  CLI::App* move = add_verb(
      *device, "move", "Gives a device to another account; shares end", a, chosen,
      [&a] { return JsonObject{{"op", "device.move"}, {"sn", a.sn}, {"owner", a.owner}}; });
  move->add_option("sn", a.sn)->required();
  move->add_option("owner", a.owner)->required();
  CLI::App* remove = add_verb(*device, "remove", "Removes a device", a, chosen,
                              [&a] { return JsonObject{{"op", "device.remove"}, {"sn", a.sn}}; });
  remove->add_option("sn", a.sn)->required();
}

void add_families(CLI::App& app, Arguments& a, std::function<int()>& chosen) {
  CLI::App* family = app.add_subcommand("family", "Device families");
  family->require_subcommand(1);
  CLI::App* list = family->add_subcommand("list", "Lists the families");
  list->add_option("--devices", a.devices, "Folder with further device files");
  list->callback([&] { chosen = [&a] { return list_families(a.devices); }; });
  CLI::App* check = family->add_subcommand("check", "Reports every mistake in a device file");
  check->add_option("file", a.file)->required();
  check->callback([&] { chosen = [&a] { return check_family(a.file); }; });
}

void add_blocks(CLI::App& app, Arguments& a, std::function<int()>& chosen) {
  CLI::App* block = app.add_subcommand("block", "Blocks of history");
  block->require_subcommand(1);
  CLI::App* show = block->add_subcommand("show", "Shows what a file with one block holds");
  show->add_option("file", a.file)->required();
  show->add_flag("--rows", a.rows, "All rows, a line of JSON each, instead of the columns");
  show->callback([&] {
    chosen = [&a] { return show_block(a.file, a.rows ? BlockView::kRows : BlockView::kColumns); };
  });
}

}  // namespace

int run(int argc, char** argv) {
  CLI::App app("Gridloom: an open, self-hosted platform for home-energy devices");
  app.require_subcommand(1);
  Arguments arguments;
  std::function<int()> chosen;
  add_serve(app, arguments, chosen);
  add_accounts(app, arguments, chosen);
  add_devices(app, arguments, chosen);
  add_families(app, arguments, chosen);
  add_blocks(app, arguments, chosen);
  const auto bench_arguments = add_bench(app, chosen);
  add_limits(app, arguments, chosen);
  const auto segment_arguments = add_segment(app, chosen);
  const auto audit_arguments = add_audit(app, chosen);
  const auto backup_arguments = add_backup(app, chosen);
  const auto history_arguments = add_history(app, chosen);
  const auto time_arguments = add_time(app, chosen);
  const auto fault_arguments = add_fault(app, chosen);
  const auto simulate_arguments = add_simulate(app, chosen);
  const auto record_arguments = add_record(app, chosen);
  const auto replay_arguments = add_replay(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  return chosen();
}

}  // namespace gridloom::app
