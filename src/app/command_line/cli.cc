#include "app/command_line/cli.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "app/command_line/command_help.h"
#include "app/command_line/command_tree.h"
#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/complete.h"
#include "app/command_line/config_file.h"
#include "app/command_line/data_folder.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/limits.h"
#include "app/options.h"
#include "app/process/local_zone.h"
#include "app/process/version.h"
#include "app/serve.h"
#include "catalog/home.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

// The arguments of serve and limits, kept alive until the command runs.
struct ServeArguments {
  ServeOptions serve;
  bool page = false;
  bool json = false;
};

void add_limits_option(CLI::App& app, ServeOptions& options) {
  add_value(app, "--limit", options.limits, placeholder::kLimit,
            "Limit to change; repeatable; `gridloom limits` lists all")
      .repeatable();
}

std::vector<std::string> all_settings(const ServeOptions& options) {
  std::vector<std::string> all = options.limits_of_file;
  all.insert(all.end(), options.limits.begin(), options.limits.end());
  return all;
}

// Each description is below its limit: beside it there is too little room.
void print_limits_on_terminal(Limits limits) {
  constexpr std::size_t kIndentation = 4;
  for (const Limit& limit : all_limits()) {
    fmt::print("{} {} {}\n{:{}}{}\n", styled(fmt::format("{:<32}", limit.name), Style::kStrong),
               value_of(limit, limits), limit.unit, "", kIndentation,
               wrapped_words(limit.description, kIndentation));
  }
}

int print_limits(const ServeArguments& arguments) {
  if (arguments.page) {
    fmt::print("{}", limits_page());
    return 0;
  }
  auto limits = limits_from(all_settings(arguments.serve));
  if (!limits) return report_error(limits.error());
  if (!arguments.json && columns_of_terminal() == 0) {
    fmt::print("{}", limits_text(*limits));
    return 0;
  }
  if (!arguments.json) {
    print_limits_on_terminal(*limits);
    return 0;
  }
  for (const Limit& limit : all_limits()) {
    print_json(wire::JsonObject{{"name", limit.name},
                                {"value", value_of(limit, *limits)},
                                {"unit", limit.unit},
                                {"least", limit.least},
                                {"most", limit.most},
                                {"description", limit.description}});
  }
  return 0;
}

void add_limits(CLI::App& app, ServeArguments& a, std::function<int()>& chosen) {
  CLI::App* limits = add_command(app, "limits", "Lists the limits and their values");
  set_group(*limits, group::kRun);
  set_examples(*limits, {"gridloom limits", "gridloom --config gridloom.conf limits",
                         "gridloom limits --limit http.body-bytes=65536"});
  add_limits_option(*limits, a.serve);
  add_flag(*limits, "--page", a.page, "Print them as the page docs/user/limits.md");
  add_json_option(*limits, a.json);
  set_action(*limits, chosen, [&a] { return print_limits(a); });
}

// The options that say which virtual devices it runs.
void add_home_options(CLI::App& app, ServeOptions& o) {
  std::vector<std::string> demos = {"true", "false"};
  for (const catalog::EmbeddedFile& file : catalog::embedded_homes()) {
    demos.push_back(std::filesystem::path(file.name).stem().string());
  }
  const Option demo(app.add_flag("--demo", o.demo,
                                 "Run a demo home of virtual devices; --demo=all: with one of "
                                 "each family; --demo=NAME: another home that comes with Gridloom")
                        ->take_last()  // `./run` gives it too
                        ->check(one_of(std::move(demos))));
  const Option home = add_value(app, "--home", o.home, placeholder::kHomeOrFile,
                                "Run the virtual home of a file, or one that comes with Gridloom "
                                "(gridloom home list)");
  add_value(app, "--demo-home", o.demo_home, "FAMILY=N,...",
            "Devices of these families in place of the demo home, as power_ocean=5,delta_2")
      .needs(demo)
      .excludes(home);
  add_value(app, "--world", o.world, placeholder::kFile,
            "CSV file with household and weather of a real home, for the virtual home: "
            "time,load_w,sun,air_c");
}

// A node of a cluster, whose nodes share a database.
void add_cluster_options(CLI::App& app, ClusterChoice& c, const Option& database) {
  Option cluster = add_value(app, "--cluster", c.urls, "URL,...",
                             "Run as a node of the cluster whose NATS servers these are: "
                             "nats://HOST:4222,...");
  cluster.needs(database);
  const auto add = [&](const std::string& name, auto& value, const char* placeholder,
                       std::string_view help) {
    return add_value(app, name, value, placeholder, help).needs(cluster);
  };
  add("--cluster-node", c.node, placeholder::kName,
      "This node's name in the cluster; its default is the host's name");
  add("--cluster-slots", c.slots, placeholder::kCount,
      "Number of slots, the shares of the devices; the same at all nodes, for ever")
      .show_default();
  add("--cluster-replicas", c.replicas, placeholder::kCount,
      "NATS servers that have each log: 1, 3 or 5")
      .show_default();
  add("--cluster-log-mb", c.log_mb, placeholder::kCount,
      "The most that the log of a slot has, which each of these servers reserves, in MB")
      .show_default();
  add("--durable", c.durable, placeholder::kWord,
      "What acknowledges a report: nats, a majority of the NATS servers, which write to "
      "disk later; both, also this node's own disk")
      .check(one_of({"both", "nats"}))
      .show_default();
  add("--cluster-user", c.user, placeholder::kName, "User of NATS");
  add("--cluster-password-file", c.password_file, placeholder::kFile, "File with its password");
  add("--cluster-credentials-file", c.credentials_file, placeholder::kFile,
      "File of credentials of NATS, in place of a user");
  add("--cluster-ca-file", c.ca_file, placeholder::kFile,
      "Authority that signed the certificates of the NATS servers");
  add("--cluster-certificate-file", c.certificate_file, placeholder::kFile,
      "Own certificate, for servers that ask for one");
  add("--cluster-key-file", c.key_file, placeholder::kFile, "Its private key");
}

// Listeners, folders and limits of the server.
void add_server_options(CLI::App& app, ServeOptions& o) {
  const auto listener = [&](const std::string& name, std::string& value, std::string_view help) {
    add_value(app, name, value, placeholder::kAddress, help).show_default();
  };
  o.data = default_data_folder();
  add_value(
      app, "--data", o.data, placeholder::kFolder,
      fmt::format("Data folder of the server; its default is {}, where that is set", kDataVariable))
      .show_default();
  const Option database = add_value(
      app, "--database", o.database, "URL",
      "PostgreSQL database that has accounts, devices, sessions and history in place of files in "
      "the data folder, which remembers it: postgres://USER@HOST/DATABASE");
  add_value(app, "--database-password-file", o.database_password_file, placeholder::kFile,
            "File with the password of the database, in place of PGPASSFILE")
      .needs(database);
  add_cluster_options(app, o.cluster, database);
  listener("--http", o.http, "HTTP listener; port 0 takes any free port");
  listener("--https", o.https, "HTTPS listener");
  listener("--mqtt", o.mqtt, "MQTT listener");
  listener("--mqtts", o.mqtts, "MQTT over TLS listener");
  add_value(app, "--public-host", o.public_host, "HOST",
            "Host name of this server: in the certificate, in /certification, in browsers");
  add_value(app, "--trusted-proxy", o.trusted_proxies, "ADDR[/BITS]",
            "Reverse proxy whose X-Forwarded-For and X-Forwarded-Proto say which client a request "
            "comes from; repeatable")
      .repeatable();
  add_value(app, "--embed-origin", o.embed_origins, "ORIGIN",
            "Page that may have cards of the dashboard in a frame, as https://home.example:8123; "
            "repeatable")
      .repeatable();
  add_value(app, "--bridge", o.bridges, "BRIDGE",
            "Way in or out of the server, as \"mqtt kitchen account=ann broker=mqtt://nas:1883\"; "
            "`gridloom bridge kinds` lists the kinds and their settings; repeatable")
      .repeatable();
  add_value(app, "--devices", o.devices, placeholder::kFolder,
            "Folder with additional device files");
  add_value(app, "--web", o.web, placeholder::kFolder,
            "Folder of a built page of the dashboard, instead of the built-in one");
  add_value(app, "--set-timeout-ms", o.set_timeout_ms, "MS", "Time for a device to answer a set")
      .check(whole_number(100, 600'000))
      .show_default();
  add_value(app, "--threads", o.threads, placeholder::kCount, "Threads; 0: one for each core")
      .check(whole_number(0, 256));
  add_value(app, "--log-level", o.log_level, "LEVEL",
            fmt::format("Log messages of this level and above: {}", fmt::join(log_levels(), ", ")))
      .check(one_of(log_levels()))
      .show_default();
  add_limits_option(app, o);
  app.add_option("--" + std::string(kLimitsOfFile), o.limits_of_file)->group("");
}

// The time in which the virtual devices live.
void add_clock_options(CLI::App& app, ServeOptions& o) {
  add_value(app, "--speed", o.speed, "FACTOR",
            "Seconds of the devices' time for each real second; see `gridloom time`")
      .show_default();
  add_value(app, "--start", o.start, placeholder::kTime,
            "Start of the devices' time: -7d, 2026-01-15");
  add_value(app, "--until", o.until, placeholder::kTime,
            "Pause the devices' time there: +7d (after its start), 2026-01-22");
  add_flag(app, "--paused", o.paused, "Start with the devices' time paused");
  add_value(app, "--past", o.past, placeholder::kSpan,
            "In a new data folder: have the virtual devices live this long before the start, as "
            "fast as they can: 21d");
}

// Options that make the server stricter or more permissive.
void add_safety_options(CLI::App& app, ServeOptions& o) {
  add_value(app, "--replay-check", o.replay_check, placeholder::kWord,
            "Refuse repeated and old sets and certification requests: on, off, or auto for on at "
            "listeners beyond the loopback")
      .check(one_of({"auto", "on", "off"}))
      .show_default();
  add_flag(app, "--strict", o.strict,
           "Enforce what the vendor's cloud enforces: timestamps, replays, wildcards, client ids");
  add_flag(app, "--no-history", o.no_history,
           "Store no reports; an acknowledgement then means received, not stored");
  add_flag(
      app, "--insecure-plain", o.insecure_plain,
      "Allow --http and --mqtt on addresses other than the loopback, and --cluster without TLS or "
      "a user there");
  add_flag(app, "--core-dumps", o.core_dumps, "Allow core dumps; a core dump contains all keys");
  add_flag(app, "--lab", o.lab,
           "For tests: `gridloom lab reset` sets everything back to the start");
}

void add_serve(CLI::App& app, ServeArguments& a, std::function<int()>& chosen) {
  CLI::App* serve_app = add_command(app, "serve", "Runs the platform");
  set_group(*serve_app, group::kRun);
  set_examples(*serve_app,
               {"gridloom serve --demo --data data", "gridloom serve --demo --start -7d --speed 60",
                "gridloom --config /etc/gridloom/gridloom.conf serve"});
  add_server_options(*serve_app, a.serve);
  add_home_options(*serve_app, a.serve);
  add_clock_options(*serve_app, a.serve);
  add_safety_options(*serve_app, a.serve);
  add_language_option(*serve_app);
  // The option is on the root command, because only this one reads a file; the keys are serve's.
  accept_config_file(app);
  accept_options_of_parent(*serve_app);
  set_action(*serve_app, chosen, [&a] {
    a.serve.limits = all_settings(a.serve);
    return serve(a.serve);
  });
}

// `gridloom help [COMMAND...]`, the same as `gridloom COMMAND... --help`.
void add_help(CLI::App& app, std::vector<std::string>& words, std::function<int()>& chosen) {
  CLI::App* help = add_command(app, "help", "Lists the commands, or describes one");
  set_group(*help, group::kInspect);
  set_examples(*help, {"gridloom help", "gridloom help device add"});
  add_value(*help, "command", words, "COMMAND", "Words of a command, as in: device add");
  set_action(*help, chosen, [&app, &words] {
    const CLI::App* at = &app;
    for (const std::string& word : words) {
      const CLI::App* below = command_named(*at, word);
      if (below == nullptr) return report_error(unknown_command(*at, word));
      at = below;
    }
    fmt::print("{}", help_text(*at));
    return 0;
  });
}

// `gridloom version`, the same as --version.
void add_version(CLI::App& app, bool& json, std::function<int()>& chosen) {
  CLI::App* made = add_command(app, "version", "Prints the version, and the commit that it is of");
  set_group(*made, group::kInspect);
  set_examples(*made, {"gridloom version", "gridloom version --json"});
  add_json_option(*made, json);
  set_action(*made, chosen, [&json] {
    if (json) {
      print_json(wire::JsonObject{{"version", version()}, {"commit", commit()}});
    } else {
      fmt::print("{}\n", version_text());
    }
    return 0;
  });
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
  if (profile != nullptr && !profile_of_environment().empty()) return {};
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

bool is_option(const std::string& word) { return word.size() > 1 && word.front() == '-'; }

bool takes_next_word(const CLI::Option& option, const std::string& word) {
  return option.get_items_expected_max() > 0 && !word.contains('=');
}

const CLI::Option* option_of(const CLI::App& command, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  for (const CLI::App* at = &command; at != nullptr; at = at->get_parent()) {
    if (const CLI::Option* option = at->get_option_no_throw(name)) return option;
    if (!at->get_fallthrough()) break;
  }
  return nullptr;
}

// Whether the words are options of the command, each with its value.
bool are_options_of(const CLI::App& command, std::span<const std::string> words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const CLI::Option* option = is_option(words[i]) ? option_of(command, words[i]) : nullptr;
    if (option == nullptr) return false;
    if (!takes_next_word(*option, words[i])) continue;
    ++i;
    if (i == words.size()) return false;
  }
  return true;
}

// Puts options of a command that stand before it behind it: `--data DIR status` becomes
// `status --data DIR`. Words of which that does not make sense stay as they are, for the parser to
// refuse.
std::vector<std::string> options_behind_command(const CLI::App& root,
                                                const std::vector<std::string>& words) {
  // The root's own options stay in front.
  std::size_t first = 0;
  while (first < words.size() && is_option(words[first])) {
    const CLI::Option* option = option_of(root, words[first]);
    if (option == nullptr) break;
    first += takes_next_word(*option, words[first]) ? 2 : 1;
  }
  std::size_t at = first;
  while (at < words.size() && (is_option(words[at]) || command_named(root, words[at]) == nullptr)) {
    ++at;
  }
  if (at == first || at >= words.size()) return words;
  const CLI::App* command = &root;
  std::size_t end = at;
  for (const CLI::App* next = command_named(root, words[end]); next != nullptr;) {
    command = next;
    next = ++end < words.size() ? command_named(*command, words[end]) : nullptr;
  }
  if (!are_options_of(*command, std::span(words).subspan(first, at - first))) return words;
  const auto part = [&](std::size_t from, std::size_t to) {
    return std::span(words).subspan(from, to - from);
  };
  std::vector<std::string> ordered;
  for (const auto& some :
       {part(0, first), part(at, end), part(first, at), part(end, words.size())}) {
    ordered.insert(ordered.end(), some.begin(), some.end());
  }
  return ordered;
}

}  // namespace

struct CommandLine::Impl {
  CLI::App app{"Gridloom: an open, self-hosted platform for home-energy devices"};
  ServeArguments arguments;
  std::vector<std::string> help_words;
  std::function<int()> chosen;
  std::vector<std::shared_ptr<void>> kept;  // arguments of other commands
};

CommandLine::CommandLine() : impl_(std::make_unique<Impl>()) {
  CLI::App& app = impl_->app;
  ServeArguments& arguments = impl_->arguments;
  std::function<int()>& chosen = impl_->chosen;
  app.name("gridloom");
  app.formatter(help_formatter());
  app.set_version_flag("-V,--version", version_text(), "Print the version");
  app.set_help_flag("-h,--help", "Print this help");
  app.require_subcommand(1);
  set_examples(
      app, {"gridloom serve --demo", "gridloom status", "gridloom history R331ZEB4ZEAL0528 soc"});
  for (const auto& add :
       {add_status, add_get, add_set, add_watch, add_explain, add_device, add_device_show,
        add_history, add_energy, add_wait, add_audit, add_login, add_logout}) {
    impl_->kept.push_back(add(app, chosen));
  }
  add_serve(app, arguments, chosen);
  for (const auto& add :
       {add_account, add_token,      add_sign_in, add_bridge,   add_mirror,     add_backup,
        add_check,   add_migrate,    add_damage,  add_simulate, add_time,       add_fault,
        add_record,  add_replay,     add_bench,   add_family,   add_home_files, add_block,
        add_segment, add_completion, add_doctor,  add_config,   add_cluster,    add_lab}) {
    impl_->kept.push_back(add(app, chosen));
  }
  add_limits(app, arguments, chosen);
  add_help(app, impl_->help_words, chosen);
  add_version(app, arguments.json, chosen);
  add_manual(app, chosen);
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
  const std::vector<std::string> typed(argv + std::min(argc, 1), argv + argc);
  if (typed.empty()) {
    fmt::print("{}", help_text(impl_->app));
    return kWrongUsage;
  }
  if (typed.front() == kCompleteWord) {
    for (const std::string& each : candidates(impl_->app, std::span(typed).subspan(1))) {
      fmt::print("{}\n", each);
    }
    return 0;
  }
  const std::vector<std::string> words = options_behind_command(impl_->app, typed);
  try {
    impl_->app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::Success& success) {
    const std::string wrong = unknown_command_in(impl_->app, words);
    if (wrong.empty()) return impl_->app.exit(success);
    return report_error({.code = ErrorCode::kBadParams, .detail = wrong});
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "gridloom: {}\n", explain_usage(impl_->app, words, error));
    return kWrongUsage;
  }
  const CLI::App& command = given(impl_->app);
  if (const std::string folder = data_folder_of(command); !folder.empty()) {
    if (const Status good = check_data_folder(name_of(command), folder); !good) {
      return report_error(good.error());
    }
  }
  return impl_->chosen();
}

Result<ServeOptions> CommandLine::options_of_file(const std::string& file) {
  const std::vector<std::string> words = {"--config", file, "serve"};
  try {
    impl_->app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError& error) {
    return fail(ErrorCode::kBadParams, explain_usage(impl_->app, words, error));
  }
  ServeOptions options = impl_->arguments.serve;
  options.limits = all_settings(options);
  return options;
}

int run(int argc, char** argv) { return CommandLine().run(argc, argv); }

}  // namespace gridloom::app
