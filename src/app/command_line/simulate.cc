#include "app/command_line/simulate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_line/common_options.h"
#include "app/command_line/drive.h"
#include "app/command_line/fault_command.h"
#include "app/command_line/output.h"
#include "app/command_line/scenario.h"
#include "app/command_line/simulated_client.h"
#include "app/command_line/usage_error.h"
#include "app/device_groups.h"
#include "app/operations/last_states.h"
#include "app/operations/simulated.h"
#include "app/process/local_zone.h"
#include "app/process/progress.h"
#include "base/read_file.h"
#include "bench/mqtt_load.h"
#include "catalog/home.h"
#include "catalog/loader.h"
#include "sim/dry_run.h"
#include "sim/home.h"
#include "sim/virtual_device.h"
#include "time/grammar.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

constexpr std::size_t kMaxKeyFile = 4096;  // bytes
constexpr unsigned kMaxThreads = 256;
constexpr Millis kMinStep{1000};
constexpr Millis kMaxStep{60'000};

struct SimulateArguments {
  std::string families, devices, from = "2025-06-21Z", span, step = "2s";
  sim::World::Options world;
  std::string world_file, place;
  unsigned threads = 1;
  bool json = false;
  std::vector<std::string> scenarios;
  // For runs with a server.
  std::string data, server, ca, keys, home, gateway, gateway_key;
  std::size_t connections = 0;
  double sign_ins_per_second = 0;
  pid_t pid = 0;
  std::vector<std::string> faults;
  [[nodiscard]] bool offline() const { return data.empty() && server.empty(); }
};

constexpr std::string_view kDrySpan = "1d";

double kwh(std::int64_t microjoules) { return static_cast<double>(microjoules) / 3.6e12; }

Result<Groups> families_of(const SimulateArguments& arguments, const catalog::Catalog& catalog) {
  auto groups = groups_of(arguments.families, catalog);
  if (!groups) return fail(groups.error().code, "--family: " + groups.error().detail);
  return groups;
}

Result<std::vector<FaultRule>> faults_of(const SimulateArguments& arguments,
                                         const catalog::Catalog& catalog) {
  std::vector<FaultRule> rules;
  for (const std::string& text : arguments.faults) {
    GL_TRY(auto rule, parse_fault_rule(text, catalog));
    rules.push_back(std::move(rule));
  }
  return rules;
}

Result<sim::World::Options> world_of(const SimulateArguments& arguments) {
  sim::World::Options world = arguments.world;
  world.place = catalog::place_of(arguments.place);
  if (arguments.world_file.empty()) return world;
  auto file = sim::WorldFile::read(arguments.world_file, local_zone().zone);
  if (!file) return fail(file.error().code, "--world: " + file.error().detail);
  world.file = std::move(*file);
  return world;
}

Result<sim::DryRun> dry_run_of(const SimulateArguments& arguments) {
  GL_TRY(const auto catalog, catalog::load_catalog(arguments.devices));
  GL_TRY(const auto groups, families_of(arguments, *catalog));
  GL_TRY(const auto from,
         time::parse_time(arguments.from,
                          {.name = "--from",
                           .now = {.at = SystemClock().now(), .zone = local_zone().zone},
                           .relative = time::TimeOptions::Relative::kAny}));
  GL_TRY(const auto span,
         time::parse_span(arguments.span.empty() ? kDrySpan : arguments.span, {.name = "--for"}));
  GL_TRY(const auto step,
         time::parse_span(arguments.step, {.name = "--step", .least = kMinStep, .most = kMaxStep}));
  GL_TRY(const auto world, world_of(arguments));
  GL_TRY(auto faults, faults_of(arguments, *catalog));
  std::vector<sim::DryRun::Group> dry_groups;
  dry_groups.reserve(groups.size());
  for (const auto& [family, devices] : groups) {
    dry_groups.push_back({.family = family, .devices = devices});
  }
  return sim::DryRun{.groups = std::move(dry_groups),
                     .world = world,
                     .from = from,
                     .span = span,
                     .step = step,
                     .threads = arguments.threads,
                     .faults = std::move(faults)};
}

// Runs it and shows how far it is.
sim::DryRunSummary run_shown(const sim::DryRun& dry_run) {
  Progress progress;
  return sim::run(dry_run, [&](Millis elapsed) {
    if (!progress.is_due()) return;
    progress.show(static_cast<double>(elapsed.count()) / static_cast<double>(dry_run.span.count()),
                  fmt::format("{} of {}", time::rounded_span_text(elapsed),
                              time::rounded_span_text(dry_run.span)));
  });
}

int simulate_offline(const SimulateArguments& arguments) {
  if (arguments.families.empty())
    return report_error({ErrorCode::kBadParams, "--family is required"});
  const auto dry_run = dry_run_of(arguments);
  if (!dry_run) return report_error(dry_run.error());
  const sim::DryRunSummary done = run_shown(*dry_run);
  const std::string digest = fmt::format("{:016x}", done.digest);
  if (arguments.json) {
    const wire::JsonObject object{{"seed", dry_run->world.seed},
                                  {"devices", done.devices},
                                  {"steps", done.steps},
                                  {"reports", done.reports},
                                  {"bytes", done.bytes},
                                  {"seconds", done.seconds},
                                  {"in_kwh", kwh(done.balance.in_uj)},
                                  {"out_kwh", kwh(done.balance.out_uj)},
                                  {"lost_kwh", kwh(done.balance.lost_uj)},
                                  {"stored_kwh", kwh(done.balance.stored_uj)},
                                  {"digest", digest}};
    print_json(object);
    return 0;
  }
  const auto rate = [&](std::uint64_t what) {
    return static_cast<double>(what) / std::max(done.seconds, 1e-9);
  };
  fmt::print(
      "seed:     {}\n"
      "devices:  {}\n"
      "steps:    {} ({:.0f} a second)\n"
      "reports:  {} ({:.0f} a second)\n"
      "bytes:    {}\n"
      "energy:   {:.3f} kWh in, {:.3f} out, {:.3f} lost, {:+.3f} stored\n"
      "digest:   {}\n"
      "took:     {:.2f} s\n",
      dry_run->world.seed, done.devices, done.steps, rate(done.steps), done.reports,
      rate(done.reports), done.bytes, kwh(done.balance.in_uj), kwh(done.balance.out_uj),
      kwh(done.balance.lost_uj), kwh(done.balance.stored_uj), digest, done.seconds);
  return 0;
}

// --- with a server ---

Result<Secret> gateway_key_of(const SimulateArguments& arguments) {
  const auto text = read_text(arguments.gateway_key, kMaxKeyFile);
  if (!text) return fail(text.error().code, "--gateway-key " + text.error().detail);
  std::string key = text->substr(0, text->find('\n'));
  if (!key.empty()) return Secret(std::move(key));
  return fail(ErrorCode::kBadParams,
              fmt::format("--gateway-key {}: the first line has no key", arguments.gateway_key));
}

// The devices in the file; the family follows from the serial number.
Result<std::vector<sim::Member>> members_of_file(const std::string& path,
                                                 const catalog::Catalog& catalog) {
  GL_TRY(const auto devices, bench::devices_from(path));
  std::vector<sim::Member> members;
  members.reserve(devices.size());
  for (const catalog::FamilyPtr& family : catalog.families()) {
    GL_TRY(sim::check_model(family));
  }
  for (const bench::LoadDevice& device : devices) {
    members.push_back(
        {.family = catalog.of_serial(device.sn), .sn = device.sn, .key = Secret(device.key)});
  }
  return members;
}

// Gives the devices their sites in the home, with what it says of each.
Status enter_home(const std::string& id_or_path, const catalog::Catalog& catalog,
                  Simulated& devices) {
  const auto home = catalog::find_home(id_or_path, catalog);
  if (!home) return fail(home.error().code, "--home: " + home.error().detail);
  for (const catalog::Site& site : home->sites) {
    for (const catalog::SiteDevice& device : site.devices) {
      const auto member = std::ranges::find(devices.members, device.sn, &sim::Member::sn);
      if (member == devices.members.end()) continue;
      member->site = devices.sites.size();
      member->plug = device.plug;
      member->setup = sim::setup_of(site, device);
    }
    devices.sites.push_back(sim::options_of(site));
  }
  const auto other = std::ranges::find_if(
      devices.members, [](const sim::Member& member) { return !member.site.has_value(); });
  if (other == devices.members.end()) return {};
  return fail(
      ErrorCode::kBadParams,
      fmt::format("--home {}: it has no device {}, which --keys lists; \"gridloom home show "
                  "{}\" lists its devices",
                  id_or_path, other->sn, id_or_path));
}

// Devices whose keys come from other sources than a data folder.
Result<Simulated> known_devices(const SimulateArguments& arguments,
                                const catalog::Catalog& catalog) {
  Simulated known;
  if (!arguments.keys.empty()) {
    GL_TRY(auto members, members_of_file(arguments.keys, catalog));
    known.members = std::move(members);
    if (!arguments.home.empty()) {
      GL_TRY(enter_home(arguments.home, catalog, known));
    }
  } else {
    GL_TRY(const auto groups, families_of(arguments, catalog));
    for (const auto& [family, devices] : groups) {
      for (std::size_t i = 1; i <= devices; ++i) {
        known.members.push_back(
            {.family = family, .sn = sim::simulated_sn(*family, i), .key = Secret()});
      }
    }
  }
  if (arguments.gateway_key.empty()) return known;
  GL_TRY(auto key, gateway_key_of(arguments));
  known.gateway_key = std::move(key);
  return known;
}

Result<Simulated> devices_of(const SimulateArguments& arguments, const catalog::Catalog& catalog) {
  if (arguments.data.empty() || !arguments.keys.empty()) return known_devices(arguments, catalog);
  GL_TRY(const auto groups, families_of(arguments, catalog));
  return simulated_at(arguments.data, groups, arguments.devices);
}

Status check_online(const SimulateArguments& arguments) {
  const bool has_keys = !arguments.data.empty() || !arguments.keys.empty();
  const auto wrong = [](std::string_view why) {
    return fail(ErrorCode::kBadParams, std::string(why));
  };
  if (!has_keys && arguments.gateway.empty()) {
    return wrong(
        "--server needs the devices' keys: --keys FILE, or --gateway ACCOUNT, or --data DIR of a "
        "server on this machine");
  }
  if (arguments.families.empty() && arguments.keys.empty()) {
    return wrong("--family is missing: it names the families and the number of devices of each");
  }
  if (!arguments.home.empty() && arguments.keys.empty()) {
    return wrong("--home needs --keys: the devices of the home sign in with their keys");
  }
  if (arguments.gateway.empty() != arguments.gateway_key.empty()) {
    return wrong("--gateway and --gateway-key must be used together");
  }
  return {};
}

Result<FleetRun> drive_of(const SimulateArguments& arguments) {
  GL_TRY(check_online(arguments));
  GL_TRY(const auto catalog,
         catalog::load_catalog(device_files(arguments.devices, arguments.data)));
  GL_TRY(auto server, find_server(arguments.server, arguments.data));
  GL_TRY(auto devices, devices_of(arguments, *catalog));
  GL_TRY(const auto world, world_of(arguments));
  for (sim::SiteOptions& site : devices.sites) site.world.file = world.file;
  if (devices.sites.empty()) devices.sites = share_houses(devices.members, world);
  FleetRun made{.fleet = {.server = std::move(server),
                          .sign_ins_per_second = arguments.sign_ins_per_second,
                          .world = world,
                          .sites = std::move(devices.sites)},
                .members = std::move(devices.members),
                .threads = arguments.threads,
                .span = {},
                .server = arguments.pid,
                .json = arguments.json};
  GL_TRY(auto faults, faults_of(arguments, *catalog));
  made.faults = std::move(faults);
  if (made.members.empty()) return fail(ErrorCode::kBadParams, "no devices were requested");
  if (!arguments.data.empty()) {
    GL_TRY(find_last_states(arguments.data, made.members));
    made.fleet.keep = [data = arguments.data](const std::string& sn,
                                              const wire::JsonObject& unreported) {
      operations::keep_unreported(data, sn, unreported);
    };
  }
  if (!arguments.ca.empty()) {
    GL_TRY(auto tls, client::tls_client(arguments.ca));
    made.fleet.tls = std::move(tls);
  }
  if (!arguments.gateway.empty() || arguments.connections != 0) {
    made.fleet.gateway = {.account = arguments.gateway.empty()
                                         ? std::string(operations::kSimulatedAccount)
                                         : arguments.gateway,
                          .key = devices.gateway_key,
                          .connections = std::max<std::size_t>(arguments.connections, 1)};
  }
  if (!arguments.span.empty()) {
    GL_TRY(const auto span, time::parse_span(arguments.span, {.name = "--for"}));
    made.span = span;
  }
  return made;
}

int simulate(const SimulateArguments& arguments) {
  if (arguments.offline()) return simulate_offline(arguments);
  const auto made = drive_of(arguments);
  return made ? run_fleet(*made) : report_error(made.error());
}

// Devices, their environment and the simulated time. Returns the option of the seed.
Option add_world_options(CLI::App& app, SimulateArguments& a) {
  add_value(app, "--family", a.families, "FAMILY=N,...",
            "Devices of each family, as delta_2=500,power_stream=20");
  add_devices_option(app, a.devices);
  add_value(app, "--from", a.from, placeholder::kTime, "Start of the simulated time")
      .show_default();
  add_value(app, "--for", a.span, placeholder::kSpan,
            "Duration of the simulated time: 90m, 365d; by default a day, and with a server "
            "without end");
  add_value(app, "--step", a.step, placeholder::kSpan,
            "Simulated time between two steps of a device, 1s to 60s")
      .show_default();
  const Option seed = add_value(app, "--seed", a.world.seed, placeholder::kCount,
                                "Seed of all chance; the same seed repeats the same run")
                          .show_default();
  add_value(app, "--latitude", a.world.latitude_deg, "DEGREES",
            "Latitude of the site, degrees north")
      .check(number(-66, 66))
      .show_default();
  add_value(app, "--household-kwh", a.world.yearly_kwh, "KWH",
            "Energy that the home uses in a year, kWh")
      .check(number(0, 1e6))
      .show_default();
  add_value(app, "--world", a.world_file, placeholder::kFile,
            "CSV file with household and weather of a real home: time,load_w,sun,air_c");
  add_value(
      app, "--place", a.place, placeholder::kWord,
      "Where all devices stand, indoor, outdoor, garage or camper; by default as their device "
      "files say")
      .check(one_of({"indoor", "outdoor", "garage", "camper"}));
  add_value(app, "--threads", a.threads, placeholder::kCount, "Threads that simulate")
      .check(whole_number(1, kMaxThreads))
      .show_default();
  add_value(app, "--fault", a.faults, placeholder::kFault,
            "Fault to inject, NAME[:VALUE][=PROBABILITY][@SN]; repeatable")
      .repeatable();
  return seed;
}

// The server to which the devices report.
void add_server_options(CLI::App& app, SimulateArguments& a) {
  const std::string group = "With a server";
  const auto online = [&](const std::string& name, auto& value, const char* kind,
                          std::string_view help) {
    return add_value(app, name, value, kind, help).group(group);
  };
  online("--data", a.data, placeholder::kFolder,
         "Data folder of a server on this machine, which creates missing devices and their keys");
  online("--server", a.server, placeholder::kAddress,
         "MQTT address of the server, HOST:PORT; by default that of the server of --data");
  add_ca_option(app, a.ca).group(group);
  online("--keys", a.keys, placeholder::kFile,
         "File with one \"SN KEY\" a line, for the devices to sign in");
  online("--home", a.home, placeholder::kHomeOrFile,
         "Home in which the devices of --keys stand, as for \"gridloom serve --home\"");
  online("--gateway", a.gateway, placeholder::kAccount,
         "Account that owns the devices; they share the connections of its gateway");
  online("--gateway-key", a.gateway_key, placeholder::kFile,
         "File with the gateway key of that account");
  online("--connections", a.connections, placeholder::kCount,
         "Connections of the gateway; without --gateway each device has its own")
      .check(whole_number(1, 100'000));
  online("--ramp", a.sign_ins_per_second, "NUMBER",
         "Sign-ins a second, at most; 0: as fast as the server answers")
      .check(not_negative());
  online("--pid", a.pid, "PID",
         "Process id of the server, to report its CPU time and memory as well");
}

}  // namespace

std::shared_ptr<void> add_simulate(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<SimulateArguments>();
  SimulateArguments& a = *kept;
  CLI::App* verb = add_command(
      app, "simulate",
      "Runs virtual devices: without a server they simulate a span of time as fast as possible, "
      "with a server they report to it in real time");
  set_group(*verb, group::kTest);
  set_examples(*verb, {"gridloom simulate --family delta_2=3,power_ocean --for 7d",
                       "gridloom simulate --family delta_2=500 --data data --for 10m",
                       "gridloom simulate outage.loom --seed 7"});
  const Option seed = add_world_options(*verb, a);
  add_server_options(*verb, a);
  add_json_option(*verb, a.json);
  add_value(*verb, "scenarios", a.scenarios, placeholder::kFile,
            "Scenarios to play: *.loom files, or their folders");
  set_action(*verb, chosen, [&a, seed] {
    if (a.scenarios.empty()) return simulate(a);
    return play_scenarios({.paths = a.scenarios,
                           .seed = seed.is_given() ? std::optional(a.world.seed) : std::nullopt,
                           .devices = a.devices,
                           .json = a.json});
  });
  return kept;
}

}  // namespace gridloom::app
