#include "app/serve.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "app/cluster_node.h"
#include "app/configured_bridges.h"
#include "app/data_folder/stores.h"
#include "app/demo.h"
#include "app/exit_codes.h"
#include "app/lab.h"
#include "app/limits.h"
#include "app/network_options.h"
#include "app/operations/lab.h"
#include "app/operations/last_states.h"
#include "app/past.h"
#include "app/process/local_zone.h"
#include "app/process/log_format.h"
#include "app/process/process.h"
#include "app/process/progress.h"
#include "app/serve_process.h"
#include "app/time_options.h"
#include "catalog/loader.h"
#include "history/blocks/block.h"
#include "net/host_name.h"
#include "server/database_place.h"
#include "server/server.h"
#include "sim/fleet.h"
#include "storage/data_lock.h"
#include "storage/reserve.h"
#include "time/grammar.h"
#include "time/iso_text.h"
namespace gridloom::app {
namespace {

using server::Interface;
using server::Security;
using server::Server;
using CatalogPtr = std::shared_ptr<const catalog::Catalog>;

// Values between these reports are known. The last half day has more, which plots show in detail.
constexpr Millis kPastReports{history::kLongestGap_ms};
constexpr Millis kDensePast = std::chrono::hours(12);

constexpr std::string_view kMakeRoom =
    "; nothing is lost: make room on the disk of the data folder and start again";

bool is_of_full_disk(const Error& error, const std::filesystem::path& data) {
  return error.code == ErrorCode::kIo && storage::is_nearly_full(data);
}
// Skips the past that all devices have lived in another server already.
void skip_what_is_lived(ServeProcess& process) {
  TimePoint lived = TimePoint::max();
  for (const sim::Member& member : process.demo->members) {
    lived = std::min(lived, member.last ? member.last->at.value_or(TimePoint()) : TimePoint());
  }
  process.virtual_time->skip_to(lived);
}

struct Run {
  const TimeOptions& time;
  const sigset_t& signals;
  const CatalogPtr& catalog;
  std::uint64_t number = 1;  // of a server with --lab: others have one
};

// Opens a server whose devices live their past, and that nobody else can reach.
Status begin_to_live(ServeProcess& process, const ServeOptions& options, const Past& past) {
  const VirtualClock::Options time{
      .start = past.from, .speed = VirtualClock::kFastest, .until = past.to};
  GL_TRY(open_server(process, options, time));
  GL_TRY(begin_past(options.data, past));
  const net::Address any_port{.host = "127.0.0.1", .port = 0};
  GL_TRY(process.server->listen(
      {.listeners = {{.interface = Interface::kMqtt, .address = any_port}}}));
  GL_TRY(make_demo(process, options));
  const auto directory = process.server->registry().directory();
  GL_TRY(check_bridges(options, directory.get()));
  process.server->start({{"demo", true}});
  GL_TRY(find_last_states(process, options));
  skip_what_is_lived(process);
  return make_fleet(process, options,
                    {{.apart = kPastReports, .sparse_until = past.to - kDensePast}});
}

// Returns when the past is lived, or the process has to end: then the signal's number.
Result<int> live(const ServeOptions& options, const Past& past, const Run& run) {
  ServeProcess process;
  process.catalog = run.catalog;
  GL_TRY(begin_to_live(process, options, past));
  const time::TimeZone& zone = process.server->platform().zone;
  const std::string length = time::rounded_span_text(past.to - past.from);
  spdlog::info("the devices live the {} before their start first", length);
  process.sim_loop->start();
  process.fleet->start();
  Progress progress;
  constexpr timespec kLook{.tv_sec = 0, .tv_nsec = 100'000'000};
  int signal = -1;
  for (;;) {
    signal = sigtimedwait(&run.signals, nullptr, &kLook);
    const VirtualClock::State at = process.virtual_time->state();
    if (signal > 0 || (at.paused && at.settled)) break;
    if (const std::string why = process.server->archive().failing(); !why.empty()) {
      return fail(ErrorCode::kIo, "the devices' past cannot be stored: " + why);
    }
    progress.show((at.now - past.from) / (1.0 * (past.to - past.from)),
                  "history " + time::clock_text(at.now, zone));
  }
  progress.end();
  process.server->stop(signal > 0 ? wire::JsonObject{{"signal", signal}} : wire::JsonObject());
  if (signal > 0) return signal;
  spdlog::info("the devices have {} of history", length);
  GL_TRY(end_past(options.data));
  return 0;
}

// Makes what a server makes at its first start, and keeps it for resets.
Status prepare_lab(const ServeOptions& options, const Run& run) {
  {
    ServeProcess process;
    process.catalog = run.catalog;
    GL_TRY(open_server(process, options, run.time));
    GL_TRY(certificates_of(options));
    if (options.has_demo()) {
      GL_TRY(make_demo(process, options));
    }
  }
  return keep_start(options.data);
}

// The same listeners again, also where the system chose the ports.
void keep_addresses(ServeOptions& options, const ServeProcess& process) {
  options.http = bound(process, Interface::kHttp, Security::kPlain).text();
  options.https = bound(process, Interface::kHttp, Security::kTls).text();
  options.mqtt = bound(process, Interface::kMqtt, Security::kPlain).text();
  options.mqtts = bound(process, Interface::kMqtt, Security::kTls).text();
}

// The exit code of a server that cannot start.
int refuse(const Error& error, const ServeOptions& options) {
  fmt::print(stderr, "gridloom: {}{}\n", error.detail,
             is_of_full_disk(error, options.data) ? kMakeRoom : "");
  return exit_code_of(error.code);
}

// From the start of a server until a signal. The exit code; nothing: it is to be set back.
std::optional<int> run_once(ServeOptions& options, const Run& run) {
  ServeProcess process;
  process.catalog = run.catalog;
  process.lab = {.run = run.number, .reset = [] { ::kill(::getpid(), SIGUSR1); }};
  if (const Status status = put_together(process, options, run.time); !status) {
    return refuse(status.error(), options);
  }
  keep_addresses(options, process);
  int signal = 0;
  sigwait(&run.signals, &signal);
  if (signal == SIGUSR1) return std::nullopt;
  spdlog::info("stopping on signal {}", signal);
  if (process.node && !process.node->leave()) {
    spdlog::warn("not all slots were given up in time; other nodes claim them after a lease");
  }
  process.server->stop({{"signal", signal}});
  return process.starts_again ? kStartAgain : 0;
}

Status check_network(const ServeOptions& options) {
  GL_TRY(listeners_of(options, nullptr));
  GL_TRY(trusted_proxies(options));
  GL_TRY(frame_origins(options));
  if (options.public_host.empty()) return {};
  if (Status good = net::check_host(options.public_host); !good) {
    return fail(good.error().code, "--public-host: " + good.error().detail);
  }
  return {};
}

// Where accounts, sessions and history are.
Status check_stores(const ServeOptions& options) {
  if (options.cluster.is_given()) {
    GL_TRY(check_cluster(options));
  }
  if (options.database.empty()) return {};
  if (options.lab) {
    return fail(ErrorCode::kBadParams,
                "--lab: only a server with files is set back; leave out --database and --cluster");
  }
  return check_database({.url = options.database, .password_file = options.database_password_file});
}

Status check_home(const ServeOptions& options, const catalog::Catalog& catalog) {
  if (!options.world.empty() && !options.has_demo()) {
    return fail(ErrorCode::kBadParams, "--world requires --demo or --home");
  }
  if (!options.has_demo()) return {};
  GL_TRY(world_file(options));
  return check_demo(catalog, {.home = options.home_id(), .groups = options.demo_home});
}

// A folder that a start would make has no accounts but the demo home's. Another user's folder does
// not show what it has.
bool is_new(const ServeOptions& options) {
  std::error_code hidden;
  static_cast<void>(std::filesystem::exists(options.data / "lock", hidden));
  return !hidden && options.database.empty() && !options.cluster.is_given() &&
         !server::has_own_data(options.data) && !server::names_database(options.data);
}

Status check_all_bridges(const ServeOptions& options) {
  if (is_new(options)) return check_bridges(options, nullptr);
  const auto bridges = configured_bridges(options);
  return bridges ? Status() : std::unexpected(bridges.error());
}

// The times of the start, once all options make sense.
struct Times {
  TimeOptions time;
  std::optional<Past> past;
};
Result<Times> times_of(const ServeOptions& options) {
  const TimePoint now = SystemClock().now();
  GL_TRY(auto time, time_options(options, {.at = now, .zone = local_zone().zone}));
  GL_TRY(auto past, past_of(options, time ? time->start : now));
  return Times{.time = time, .past = past};
}

Result<CatalogPtr> checked_catalog(const ServeOptions& options) {
  GL_TRY(limits_from(options.limits));
  for (const auto& check : {check_stores, check_network, check_all_bridges}) {
    GL_TRY(check(options));
  }
  GL_TRY(page_files(options));
  GL_TRY(times_of(options));
  GL_TRY(auto catalog, catalog::load_catalog(options.devices, catalog::Translations::kAll));
  GL_TRY(check_home(options, *catalog));
  return CatalogPtr(std::move(catalog));
}

// Whether a folder that is there has no other server. A file that a killed server left behind is
// wrong by now, however this start ends.
Status check_folder(const std::filesystem::path& data) {
  std::error_code ignored;
  if (!std::filesystem::exists(data / "lock", ignored)) return {};
  GL_TRY(const auto lock, storage::DataLock::take(data));
  std::filesystem::remove(data / "ready.json", ignored);
  return {};
}

Status check_ports(const ServeOptions& options) {
  const auto listeners = listeners_of(options, nullptr);
  return listeners ? check_free(*listeners) : std::unexpected(listeners.error());
}

int serve_until_signal(ServeOptions& options, const sigset_t& signals) {
  if (Status free = check_folder(options.data); !free) return refuse(free.error(), options);
  const auto catalog = checked_catalog(options);
  if (!catalog) return refuse(catalog.error(), options);
  const auto times = times_of(options);
  if (!times) return refuse(times.error(), options);
  if (Status free = check_ports(options); !free) return refuse(free.error(), options);
  Run run{.time = times->time, .signals = signals, .catalog = *catalog};
  if (times->past) {
    const auto signal = live(options, *times->past, run);
    if (!signal) return refuse(signal.error(), options);
    if (*signal > 0) return 0;
  }
  if (options.lab) {
    if (Status kept = prepare_lab(options, run); !kept) return refuse(kept.error(), options);
  }
  for (;; ++run.number) {
    if (const auto code = run_once(options, run)) return *code;
    if (Status restored = restore_start(options.data); !restored) {
      return refuse(restored.error(), options);
    }
  }
}

}  // namespace

Status check_options(const ServeOptions& options) {
  const auto catalog = checked_catalog(options);
  return catalog ? Status() : std::unexpected(catalog.error());
}

int serve(const ServeOptions& given) {
  ServeOptions options = given;
  spdlog::set_default_logger(spdlog::stderr_color_mt("gridloom"));
  spdlog::default_logger()->set_formatter(log_formatter(local_zone().zone, LogName::kShown));
  spdlog::set_level(spdlog::level::from_str(options.log_level));
  // sigwait() below receives these; they are blocked before other threads exist.
  sigset_t signals = block_ending_signals();
  if (options.lab) {
    sigaddset(&signals, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  }
  prepare_process({.may_dump_core = options.core_dumps, .zone_warning = local_zone().warning});
  return serve_until_signal(options, signals);
}

}  // namespace gridloom::app
