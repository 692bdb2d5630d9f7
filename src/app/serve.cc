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
#include "app/data_folder/stores.h"
#include "app/lab.h"
#include "app/limits.h"
#include "app/operations/context.h"
#include "app/operations/kinds.h"
#include "app/option_values.h"
#include "app/past.h"
#include "app/process/local_zone.h"
#include "app/process/process.h"
#include "app/serve_process.h"
#include "catalog/loader.h"
#include "net/tls.h"
#include "server/server.h"
#include "server/stores.h"
#include "storage/data_lock.h"
#include "storage/reserve.h"
#include "time/grammar.h"

namespace gridloom::app {
namespace {

using server::Interface;
using server::Security;
using server::Server;
using CatalogPtr = std::shared_ptr<const catalog::Catalog>;

constexpr std::string_view kMakeRoom =
    "; nothing is lost: make room on the disk of the data folder and start again";

bool is_of_full_disk(const Error& error, const std::filesystem::path& data) {
  return error.code == ErrorCode::kIo && storage::is_nearly_full(data);
}
struct Run {
  const TimeOptions& time;
  const sigset_t& signals;
  const CatalogPtr& catalog;
  std::uint64_t number = 1;  // of a server with --lab: others have one
};

// Makes what a server makes at its first start, and keeps it for resets.
Status prepare_lab(const ServeOptions& options, const Run& run) {
  {
    ServeProcess process;
    process.catalog = run.catalog;
    GL_TRY(open_server(process, options, run.time));
    GL_TRY(certificates_of(options));
    if (options.has_demo()) {
      GL_TRY(auto home, make_virtual_home(process, options));
      process.home = std::move(home);
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
  return check_virtual_home(options, catalog);
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
  return is_new(options) ? check_bridges(options, nullptr) : check_bridges(options);
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
  GL_TRY(check_page(options));
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
    const auto signal = live_past(options, *times->past, *catalog, signals);
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
