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

#include "app/cluster_node.h"
#include "app/cluster_options.h"
#include "app/configured_bridges.h"
#include "app/exit_codes.h"
#include "app/lab.h"
#include "app/limits.h"
#include "app/network_options.h"
#include "app/past.h"
#include "app/process/local_zone.h"
#include "app/process/log_format.h"
#include "app/process/process.h"
#include "app/process/progress.h"
#include "app/serve_process.h"
#include "app/time_options.h"
#include "catalog/loader.h"
#include "history/blocks/block.h"
#include "operations/lab.h"
#include "operations/last_states.h"
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

// Values between these reports are known. The last half day has more, which plots show in detail.
constexpr Millis kPastReports{history::kLongestGap_ms};
constexpr Millis kDensePast = std::chrono::hours(12);

constexpr std::string_view kMakeRoom =
    "; nothing is lost: make room on the disk of the data folder and start again";

bool is_of_full_disk(const Error& error, const std::filesystem::path& data) {
  return error.code == ErrorCode::kIo && storage::is_nearly_full(data);
}
// What all devices have lived of a past that another server began.
void skip_what_is_lived(ServeProcess& process) {
  TimePoint lived = TimePoint::max();
  for (const sim::Member& member : process.demo->members) {
    lived = std::min(lived, member.last ? member.last->at.value_or(TimePoint()) : TimePoint());
  }
  process.virtual_time->skip_to(lived);
}

// Opens a server whose devices live their past, and that nobody else can reach.
Status begin_to_live(ServeProcess& process, const ServeOptions& options, const Past& past) {
  const VirtualClock::Options time{
      .start = past.from, .speed = VirtualClock::kFastest, .until = past.to};
  if (Status opened = open_server(process, options, time); !opened) return opened;
  if (Status begun = begin_past(options.data, past); !begun) return begun;
  const net::Address any_port{.host = "127.0.0.1", .port = 0};
  if (Status listening = process.server->listen(
          {.listeners = {{.interface = Interface::kMqtt, .address = any_port}}});
      !listening) {
    return listening;
  }
  if (Status made = make_demo(process, options); !made) return made;
  process.server->start({{"demo", true}});
  if (Status found = find_last_states(process, options); !found) return found;
  skip_what_is_lived(process);
  return make_fleet(process, options,
                    {{.apart = kPastReports, .sparse_until = past.to - kDensePast}});
}

// Returns when the past is lived, or the process is told to end: then the signal's number.
Result<int> live(const ServeOptions& options, const Past& past, const sigset_t& signals) {
  ServeProcess process;
  if (Status begun = begin_to_live(process, options, past); !begun) {
    return std::unexpected(begun.error());
  }
  const time::TimeZone& zone = process.server->platform().zone;
  const std::string length = time::rounded_span_text(past.to - past.from);
  spdlog::info("the devices live the {} before their start first", length);
  process.sim_loop->start();
  process.fleet->start();
  Progress progress;
  constexpr timespec kLook{.tv_sec = 0, .tv_nsec = 100'000'000};
  int signal = -1;
  for (;;) {
    signal = sigtimedwait(&signals, nullptr, &kLook);
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
  if (Status ended = end_past(options.data); !ended) return std::unexpected(ended.error());
  return 0;
}

// Makes what a server makes at its first start, and keeps it for resets.
Status prepare_lab(const ServeOptions& options, const TimeOptions& time) {
  if (options.cluster.is_given() || !options.database.empty()) {
    return fail(ErrorCode::kBadParams,
                "--lab: only a server with files is set back; leave out --database and --cluster");
  }
  {
    ServeProcess process;
    if (Status opened = open_server(process, options, time); !opened) return opened;
    const auto files = certificates_of(options);
    if (!files) return std::unexpected(files.error());
    if (options.has_demo()) {
      if (Status made = make_demo(process, options); !made) return made;
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

struct Run {
  const TimeOptions& time;
  const sigset_t& signals;
  std::uint64_t number = 1;  // of a server with --lab: others have one
};

// From the start of a server until a signal. The exit code; nothing: it is to be set back.
std::optional<int> run_once(ServeOptions& options, const Run& run,
                            std::shared_ptr<const catalog::Catalog>& catalog) {
  ServeProcess process;
  process.catalog = catalog;
  process.lab = {.run = run.number, .reset = [] { ::kill(::getpid(), SIGUSR1); }};
  if (const Status status = put_together(process, options, run.time); !status) {
    return refuse(status.error(), options);
  }
  catalog = process.catalog;
  keep_addresses(options, process);
  spdlog::info("ready: HTTP {}, HTTPS {}, MQTT {}, MQTTS {}; data in {}", options.http,
               options.https, options.mqtt, options.mqtts, options.data.string());
  int signal = 0;
  sigwait(&run.signals, &signal);
  if (signal == SIGUSR1) return std::nullopt;
  spdlog::info("stopping on signal {}", signal);
  if (process.node && !process.node->drain(kLongestDrain, node::Then::kLeaves)) {
    spdlog::warn("not all slots were given up in time; other nodes claim them after a lease");
  }
  process.server->stop({{"signal", signal}});
  return process.starts_again ? kStartAgain : 0;
}

}  // namespace

Status check_options(const ServeOptions& options) {
  const auto limits = limits_from(options.limits);
  if (!limits) return std::unexpected(limits.error());
  if (Status good = check_cluster(options); !good) return good;
  const auto listeners = listeners_of(options, nullptr);
  if (!listeners) return std::unexpected(listeners.error());
  const auto proxies = trusted_proxies(options);
  if (!proxies) return std::unexpected(proxies.error());
  const auto origins = frame_origins(options);
  if (!origins) return std::unexpected(origins.error());
  const auto bridges = configured_bridges(options);
  if (!bridges) return std::unexpected(bridges.error());
  const auto time = time_options(options, {.at = SystemClock().now(), .zone = local_zone().zone});
  if (!time) return std::unexpected(time.error());
  const auto catalog = catalog::load_catalog(options.devices, catalog::Translations::kAll);
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
  const TimePoint begin = SystemClock().now();
  const auto time = time_options(options, {.at = begin, .zone = local_zone().zone});
  if (!time) return refuse(time.error(), options);
  const auto past = past_of(options, *time ? (*time)->start : begin);
  if (!past) return refuse(past.error(), options);
  if (*past) {
    const auto signal = live(options, **past, signals);
    if (!signal) return refuse(signal.error(), options);
    if (*signal > 0) return 0;
  }
  if (options.lab) {
    if (Status kept = prepare_lab(options, *time); !kept) return refuse(kept.error(), options);
  }
  std::shared_ptr<const catalog::Catalog> catalog;
  for (std::uint64_t run = 1;; ++run) {
    const auto code =
        run_once(options, {.time = *time, .signals = signals, .number = run}, catalog);
    if (code) return *code;
    if (Status restored = restore_start(options.data); !restored) {
      return refuse(restored.error(), options);
    }
  }
}

}  // namespace gridloom::app
