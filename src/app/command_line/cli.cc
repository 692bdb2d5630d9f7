#include "app/command_line/cli.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "app/command_line/audit_command.h"
#include "app/command_line/backup_command.h"
#include "app/command_line/bench.h"
#include "app/command_line/block.h"
#include "app/command_line/check_command.h"
#include "app/command_line/command_tree.h"
#include "app/command_line/damage_command.h"
#include "app/command_line/data_folder.h"
#include "app/command_line/family.h"
#include "app/command_line/fault_command.h"
#include "app/command_line/history_command.h"
#include "app/command_line/home_commands.h"
#include "app/command_line/record.h"
#include "app/command_line/replay.h"
#include "app/command_line/segment.h"
#include "app/command_line/simulate.h"
#include "app/command_line/time_command.h"
#include "app/control/admin_client.h"
#include "app/limits.h"
#include "app/options.h"
#include "app/process/local_zone.h"
#include "app/process/version.h"
#include "app/serve.h"
#include "base/read_file.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

// The arguments of a command, kept alive until the command runs.
struct Arguments {
  ServeOptions serve;
  std::string data = "data";
  std::string name, owner, account, sn, key, rights, access_key, secret_key_file, remove, file;
  std::string devices, family;
  std::vector<std::int64_t> numbers;
  bool unknown = false;
  bool page = false;
  bool rows = false;
  bool gateway = false;
  bool with_history = false;
};

constexpr std::size_t kMaxKeyFile = 4096;      // bytes
constexpr std::size_t kMaxConfig = 1'048'576;  // bytes
constexpr const char* kLimitsOfFile = "limits-of-file";

// The format of the configuration file: serve's options, without a section.
class FlatConfig final : public CLI::ConfigTOML {
  std::vector<CLI::ConfigItem> from_config(std::istream& in) const override {
    std::string text(kMaxConfig + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (in.bad()) throw CLI::FileError("--config: the file cannot be read; it may be a folder");
    if (text.size() > kMaxConfig) {
      throw CLI::FileError(fmt::format("--config: more than {} bytes", kMaxConfig));
    }
    std::istringstream lines(std::move(text));
    std::vector<CLI::ConfigItem> items = CLI::ConfigTOML::from_config(lines);
    for (CLI::ConfigItem& item : items) {
      if (item.parents.empty()) item.parents = {"serve"};
      // Stored under a separate name: limits on the command line would otherwise replace these.
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
    if (key == "warning") continue;  // goes to standard error
    fmt::print("{}: {}\n", std::string_view(key),
               value.is_string() ? std::string(value.get_string()) : wire::to_text(value));
  }
}

int ask(const Arguments& arguments, const JsonObject& request) {
  const auto result = ask_admin(arguments.data, request, arguments.devices);
  if (!result) {
    fmt::print(stderr, "gridloom: {}\n", result.error().detail);
    return 1;
  }
  print(*result);
  return report_warning(*result);
}

Result<std::string> line_of_input() {
  std::string line;
  for (int c = std::getchar(); c != EOF && c != '\n'; c = std::getchar()) {
    if (line.size() == kMaxKeyFile) {
      return fail(ErrorCode::kBadParams, fmt::format("-: more than {} bytes", kMaxKeyFile));
    }
    line += static_cast<char>(c);
  }
  return line;
}

// Reads the secret from a file or standard input ("-"), because a secret on the command line would
// be visible in the process list.
int add_account(const Arguments& arguments) {
  std::string secret;
  if (!arguments.secret_key_file.empty()) {
    // Standard input may be a terminal: exactly one line is read.
    const bool is_input = arguments.secret_key_file == "-";
    const auto text =
        is_input ? line_of_input() : read_text(arguments.secret_key_file, kMaxKeyFile);
    if (!text) {
      fmt::print(stderr, "gridloom: --secret-key-file {}\n", text.error().detail);
      return 1;
    }
    secret = text->substr(0, text->find('\n'));
    if (secret.empty()) {
      fmt::print(stderr, "gridloom: --secret-key-file {}: the first line has no secret key\n",
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
                 "Limit to change, NAME=VALUE; repeatable; `gridloom limits` lists all")
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
  limits->add_flag("--page", a.page, "Print them as the page docs/user/limits.md");
  limits->callback([&] { chosen = [&a] { return print_limits(a); }; });
}

void add_serve(CLI::App& app, Arguments& a, std::function<int()>& chosen) {
  CLI::App* serve_app = app.add_subcommand("serve", "Runs the platform");
  ServeOptions& o = a.serve;
  serve_app->add_option("--data", o.data, "Data folder of the server")->capture_default_str();
  serve_app->add_option("--http", o.http, "HTTP listener, ADDR:PORT; port 0 takes any free port")
      ->capture_default_str();
  serve_app->add_option("--https", o.https, "HTTPS listener, ADDR:PORT")->capture_default_str();
  serve_app->add_option("--mqtt", o.mqtt, "MQTT listener, ADDR:PORT")->capture_default_str();
  serve_app->add_option("--mqtts", o.mqtts, "MQTT over TLS listener, ADDR:PORT")
      ->capture_default_str();
  serve_app->add_option("--public-host", o.public_host,
                        "Host name that /certification returns and the certificate covers");
  serve_app->add_option("--devices", o.devices, "Folder with additional device files");
  serve_app->add_option("--set-timeout-ms", o.set_timeout_ms, "Time for a device to answer a set")
      ->check(CLI::Range(100, 600'000))
      ->capture_default_str();
  serve_app->add_option("--threads", o.threads, "Threads; 0: one for each core")
      ->check(CLI::Range(0, 256));
  serve_app
      ->add_option("--log-level", o.log_level,
                   "Log messages of this level and above: debug, info, warn, error")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}))
      ->capture_default_str();
  add_limits_option(*serve_app, o);
  serve_app->add_option("--" + std::string(kLimitsOfFile), o.limits_of_file)->group("");
  CLI::Option* demo =
      serve_app->add_flag("--demo", o.demo, "Run a demo home: one virtual device of each family");
  serve_app
      ->add_option("--demo-home", o.demo_home, "Devices of the demo home, as power_ocean=5,delta_2")
      ->needs(demo);
  serve_app
      ->add_option("--speed", o.speed,
                   "Seconds of the devices' time for each real second; see `gridloom time`")
      ->capture_default_str();
  serve_app->add_option("--start", o.start, "Start of the devices' time: -7d, 2026-01-15");
  serve_app->add_option("--until", o.until,
                        "Pause the devices' time there: +7d (after its start), 2026-01-22");
  serve_app->add_flag("--paused", o.paused, "Start with the devices' time paused");
  serve_app
      ->add_option("--replay-check", o.replay_check,
                   "Refuse repeated and old sets and certification requests; auto: on listeners "
                   "beyond the loopback")
      ->check(CLI::IsMember({"auto", "on", "off"}))
      ->capture_default_str();
  serve_app->add_flag(
      "--strict", o.strict,
      "Enforce what the vendor's cloud enforces: timestamps, replays, wildcards, client"
      " ids");
  serve_app->add_flag("--no-history", o.no_history,
                      "Store no reports; an acknowledgement then means received, not stored");
  serve_app->add_flag("--insecure-plain", o.insecure_plain,
                      "Allow --http and --mqtt on addresses other than the loopback");
  serve_app->add_flag("--core-dumps", o.core_dumps,
                      "Allow core dumps; a core dump contains all keys");
  // The option is on the root command, because only this one reads a file; the keys are serve's.
  app.config_formatter(std::make_shared<FlatConfig>());
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.set_config("--config", "",
                 "Configuration file with options of serve, one a line: http = \"127.0.0.1:8080\"");
  serve_app->fallthrough();
  serve_app->callback([&] {
    chosen = [&a] {
      a.serve.limits = all_settings(a.serve);
      return serve(a.serve);
    };
  });
}

// Adds a subcommand of `account` or `device`: its options, and the request that it sends.
CLI::App* add_verb(CLI::App& parent, const std::string& name, const std::string& help, Arguments& a,
                   std::function<int()>& chosen, std::function<JsonObject()> request) {
  CLI::App* verb = parent.add_subcommand(name, help);
  verb->add_option("--data", a.data, "Data folder of the server")->capture_default_str();
  verb->add_option("--devices", a.devices, std::string(kDevicesOfStoppedServer));
  verb->callback([&a, &chosen, request] { chosen = [&a, request] { return ask(a, request()); }; });
  return verb;
}

void add_accounts(CLI::App& app, Arguments& a, std::function<int()>& chosen) {
  CLI::App* account = app.add_subcommand("account", "Manages accounts and their keys");
  account->require_subcommand(1);
  CLI::App* add = add_verb(*account, "add", "Adds an account and prints its keys, once", a, chosen,
                           [] { return JsonObject(); });
  add->add_option("name", a.name)->required();
  add->add_option("--access-key", a.access_key, "Access key to use instead of a generated one");
  add->add_option("--secret-key-file", a.secret_key_file,
                  "File with the secret key of the account; - reads standard input");
  add->callback([&] { chosen = [&a] { return add_account(a); }; });
  add_verb(*account, "list", "Lists the accounts", a, chosen,
           [] { return JsonObject{{"op", "account.list"}}; });
  CLI::App* keys = add_verb(*account, "keys", "Adds a key pair, or removes one", a, chosen, [&a] {
    return JsonObject{{"op", "account.keys"}, {"name", a.name}, {"remove", a.remove}};
  });
  keys->add_option("name", a.name)->required();
  keys->add_option("--remove", a.remove, "Access key to remove");
  CLI::App* rotate =
      add_verb(*account, "rotate", "Gives an account a new MQTT password", a, chosen, [&a] {
        return JsonObject{{"op", "account.rotate"}, {"name", a.name}, {"gateway", a.gateway}};
      });
  rotate->add_option("name", a.name)->required();
  rotate->add_flag("--gateway", a.gateway, "Make a new gateway key instead and print it, once");
  CLI::App* remove =
      add_verb(*account, "remove", "Removes an account that owns no device", a, chosen,
               [&a] { return JsonObject{{"op", "account.remove"}, {"name", a.name}}; });
  remove->add_option("name", a.name)->required();
}

void add_devices(CLI::App& app, Arguments& a, std::function<int()>& chosen) {
  CLI::App* device = app.add_subcommand("device", "Manages devices and who may use them");
  device->require_subcommand(1);
  CLI::App* add =
      add_verb(*device, "add", "Adds a device and prints its key, once", a, chosen, [&a] {
        return JsonObject{{"op", "device.add"}, {"sn", a.sn}, {"owner", a.owner}, {"name", a.name}};
      });
  add->add_option("sn", a.sn, "Serial number")->required();
  add->add_option("--owner", a.owner, "Account that owns the device")->required();
  add->add_option("--name", a.name);
  CLI::App* list = add_verb(*device, "list", "Lists devices", a, chosen,
                            [&a] { return JsonObject{{"op", "device.list"}, {"owner", a.owner}}; });
  list->add_option("--owner", a.owner, "Only devices of this account");
  CLI::App* rename = add_verb(*device, "rename", "Changes the name of a device", a, chosen, [&a] {
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
  share->add_option("rights", a.rights, "monitor, full, or none to stop sharing")->required();
  CLI::App* move = add_verb(
      *device, "move", "Gives a device to another account, with a new key and without its history",
      a, chosen, [&a] {
        return JsonObject{{"op", "device.move"},
                          {"sn", a.sn},
                          {"owner", a.owner},
                          {"withHistory", a.with_history}};
      });
  move->add_option("sn", a.sn)->required();
  move->add_option("owner", a.owner)->required();
  move->add_flag("--with-history", a.with_history,
                 "Hand the history of the device to the new owner as well");
  CLI::App* rotate =
      add_verb(*device, "rotate", "Gives a device a new key and prints it, once", a, chosen,
               [&a] { return JsonObject{{"op", "device.rotate"}, {"sn", a.sn}}; });
  rotate->add_option("sn", a.sn)->required();
  CLI::App* remove = add_verb(*device, "remove", "Removes a device", a, chosen,
                              [&a] { return JsonObject{{"op", "device.remove"}, {"sn", a.sn}}; });
  remove->add_option("sn", a.sn)->required();
  CLI::App* purge =
      add_verb(*device, "purge", "Purges the history of devices that the registry does not have", a,
               chosen, [&a] {
                 return JsonObject{{"op", "device.purge"},
                                   {"numbers", JsonArray(a.numbers.begin(), a.numbers.end())},
                                   {"unknown", a.unknown}};
               });
  purge->add_option("number", a.numbers, "Device numbers, as the log of the server names them");
  purge->add_flag("--unknown", a.unknown, "Every device that the registry does not have");
}

void add_families(CLI::App& app, Arguments& a, std::function<int()>& chosen) {
  CLI::App* family = app.add_subcommand("family", "Device families");
  family->require_subcommand(1);
  CLI::App* list = family->add_subcommand("list", "Lists the families");
  list->add_option("--devices", a.devices, "Folder with additional device files");
  list->callback([&] { chosen = [&a] { return list_families(a.devices); }; });
  CLI::App* show = family->add_subcommand("show", "Shows fields, commands and parts");
  show->add_option("family", a.family, "Id of the family")->required();
  show->add_option("name", a.name,
                   "Part of the names of fields, commands and parts to show in full");
  show->add_option("--devices", a.devices, "Folder with additional device files");
  show->callback([&] { chosen = [&a] { return show_family(a.devices, a.family, a.name); }; });
  CLI::App* start = family->add_subcommand("new", "Writes a device file to start from");
  start->add_option("family", a.family, "Id of the family, which is the name of the file")
      ->required();
  start->add_option("--devices", a.devices, "Folder of the file; the current one by default");
  start->callback([&] { chosen = [&a] { return new_family(a.devices, a.family); }; });
  CLI::App* schema = family->add_subcommand("schema", "Prints the JSON Schema of device files");
  schema->callback([&] { chosen = [] { return print_family_schema(); }; });
  CLI::App* check = family->add_subcommand("check", "Reports every mistake in a device file");
  check->add_option("file", a.file)->required();
  check->callback([&] { chosen = [&a] { return check_family(a.file); }; });
}

void add_blocks(CLI::App& app, Arguments& a, std::function<int()>& chosen) {
  CLI::App* block = app.add_subcommand("block", "Inspects blocks of history");
  block->require_subcommand(1);
  CLI::App* show = block->add_subcommand("show", "Shows the contents of a file with one block");
  show->add_option("file", a.file)->required();
  show->add_flag("--rows", a.rows, "Print all rows, one line of JSON each, instead of the columns");
  show->callback([&] {
    chosen = [&a] { return show_block(a.file, a.rows ? BlockView::kRows : BlockView::kColumns); };
  });
}

// The full name, such as "account add", from the root's child down to the command.
std::string name_of(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  if (parent == nullptr) return {};
  const std::string before = name_of(*parent);
  return before.empty() ? command.get_name() : before + ' ' + command.get_name();
}

// The command on the command line.
const CLI::App& given(const CLI::App& app) {
  const auto subcommands = app.get_subcommands();
  return subcommands.empty() ? app : given(*subcommands.front());
}

// The value of --data, which may be an option of the command's parent; empty: none.
std::string data_folder_of(const CLI::App& command) {
  // A server elsewhere has its own.
  const CLI::Option* profile = command.get_option_no_throw("--profile");
  if (profile != nullptr && profile->count() > 0) return {};
  const CLI::Option* option = command.get_option_no_throw("--data");
  if (option != nullptr && option->count() > 0) return option->results().back();
  if (option != nullptr) return option->get_default_str();
  return command.get_parent() == nullptr ? std::string() : data_folder_of(*command.get_parent());
}

bool has_data_option(const CLI::App& command) {
  return command.get_option_no_throw("--data") != nullptr ||
         (command.get_parent() != nullptr && has_data_option(*command.get_parent()));
}

void add_commands_below(const CLI::App& app, std::vector<Command>& all) {
  const bool is_root = app.get_parent() == nullptr;
  if (!is_root && app.get_require_subcommand_min() == 0) {
    all.push_back({.name = name_of(app), .has_data_option = has_data_option(app)});
  }
  for (const CLI::App* below : app.get_subcommands({})) add_commands_below(*below, all);
}

}  // namespace

struct CommandLine::Impl {
  CLI::App app{"Gridloom: an open, self-hosted platform for home-energy devices"};
  Arguments arguments;
  std::function<int()> chosen;
  std::vector<std::shared_ptr<void>> kept;  // arguments of other commands
};

CommandLine::CommandLine() : impl_(std::make_unique<Impl>()) {
  CLI::App& app = impl_->app;
  Arguments& arguments = impl_->arguments;
  std::function<int()>& chosen = impl_->chosen;
  app.name("gridloom");
  app.set_version_flag("--version", fmt::format("gridloom {}", version()));
  app.require_subcommand(1);
  add_serve(app, arguments, chosen);
  add_accounts(app, arguments, chosen);
  add_devices(app, arguments, chosen);
  add_families(app, arguments, chosen);
  add_blocks(app, arguments, chosen);
  impl_->kept.push_back(add_bench(app, chosen));
  add_limits(app, arguments, chosen);
  for (const auto& add :
       {add_segment, add_audit,       add_backup, add_check,  add_damage, add_history, add_time,
        add_fault,   add_simulate,    add_record, add_replay, add_status, add_get,     add_set,
        add_explain, add_device_show, add_watch,  add_doctor, add_login,  add_logout}) {
    impl_->kept.push_back(add(app, chosen));
  }
  add_command_tree(app, chosen);
}

CommandLine::~CommandLine() = default;

std::vector<Command> CommandLine::commands() const {
  std::vector<Command> all;
  add_commands_below(impl_->app, all);
  return all;
}

int CommandLine::run(int argc, const char* const* argv) {
  static_cast<void>(local_zone());  // before other threads exist
  try {
    impl_->app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return impl_->app.exit(error);
  }
  const CLI::App& command = given(impl_->app);
  if (const std::string folder = data_folder_of(command); !folder.empty()) {
    if (const Status good = check_data_folder(name_of(command), folder); !good) {
      fmt::print(stderr, "gridloom: {}\n", good.error().detail);
      return 1;
    }
  }
  return impl_->chosen();
}

int run(int argc, char** argv) { return CommandLine().run(argc, argv); }

}  // namespace gridloom::app
