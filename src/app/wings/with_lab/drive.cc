// Runs virtual devices against a server for a while, shows the progress, and prints a summary.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <ctime>

#include "app/command_line/output.h"
#include "app/process/process.h"
#include "app/process/progress.h"
#include "bench/process_use.h"
#include "sim/sharded_fleet.h"
#include "time/grammar.h"
#include "wire/json.h"
#include "with_lab/simulate.h"

namespace gridloom::app {
namespace {

using Steady = std::chrono::steady_clock;
using Counts = sim::Fleet::Counts;

constexpr Millis kPatience{10'000};  // for the first response of a server
constexpr int kLineEvery = 10;       // updates, where the output is not a terminal

double seconds(Steady::duration span) { return std::chrono::duration<double>(span).count(); }

// Resource usage of both sides at one moment.
struct Use {
  Steady::time_point at;
  Counts counts;
  double own_s = 0;
  std::optional<double> server_s;
};

Use use_now(sim::ShardedFleet& fleet, pid_t server) {
  Use use{
      .at = Steady::now(), .counts = fleet.counts(), .own_s = bench::own_time_s(), .server_s = {}};
  if (const auto taken = bench::process_time_s(server); server != 0 && taken) use.server_s = *taken;
  return use;
}

// On a terminal one line that changes, elsewhere a line now and then.
class FleetProgress {
 public:
  void show(const Use& begun, const Use& last, const Use& now, std::optional<double> share,
            std::optional<Millis> left) {
    const double elapsed_s = std::max(seconds(now.at - last.at), 1e-9);
    const auto rate = [elapsed_s](std::uint64_t before, std::uint64_t after) {
      return static_cast<double>(after - before) / elapsed_s;
    };
    const std::string text = fmt::format(
        "{} {:.0f} s  {} of {} connections online  {:.0f} sent/s  {:.0f} acknowledged/s{}{}",
        Progress::bar(share), seconds(now.at - begun.at), now.counts.online, now.counts.connections,
        rate(last.counts.sent, now.counts.sent),
        rate(last.counts.acknowledged, now.counts.acknowledged),
        left ? fmt::format("  {} left", time::rounded_span_text(*left)) : "",
        now.counts.online == 0 && !now.counts.last_error.empty() ? "  " + now.counts.last_error
                                                                 : "");
    if (is_terminal_) {
      fmt::print(stderr, "\r{}\x1b[K", text);
    } else if (looks_++ % kLineEvery == 0) {
      fmt::print(stderr, "{}\n", text);
    }
    std::fflush(stderr);
  }
  void end() const {
    if (is_terminal_) fmt::print(stderr, "\n");
  }

 private:
  bool is_terminal_ = ::isatty(STDERR_FILENO) == 1;
  int looks_ = 0;
};

double rounded(double value) { return std::round(value * 1000) / 1000; }

wire::JsonObject summary(const FleetRun& options, const Use& begun, const Use& from,
                         const Use& end) {
  const double measured = std::max(seconds(end.at - from.at), 1e-9);
  const Counts& all = end.counts;
  const Latencies latencies = all.latencies.since(from.counts.latencies);
  const auto rate = [measured](std::uint64_t before, std::uint64_t after) {
    return std::round(static_cast<double>(after - before) / measured);
  };
  wire::JsonObject result{
      {"seed", options.fleet.world.seed},
      {"devices", all.devices},
      {"connections", all.connections},
      {"online", all.online},
      {"refused", all.refused},
      {"lost", all.losses},
      {"ramp_s", rounded(seconds(from.at - begun.at))},
      {"measured_s", rounded(measured)},
      {"steps", all.steps},
      {"sent", all.sent},
      {"acknowledged", all.acknowledged},
      {"sets", all.sets},
      {"bytes", all.bytes},
      {"sent_per_second", rate(from.counts.sent, all.sent)},
      {"acknowledged_per_second", rate(from.counts.acknowledged, all.acknowledged)},
      {"latency_p50_ms", rounded(latencies.percentile_ms(0.5))},
      {"latency_p99_ms", rounded(latencies.percentile_ms(0.99))},
      {"latency_max_ms", rounded(latencies.max_ms())},
      {"own_cores", rounded((end.own_s - from.own_s) / measured)},
      {"own_mb", std::round(bench::resident_mb(::getpid()).value_or(0))}};
  if (end.server_s && from.server_s) {
    result["server_cores"] = rounded((*end.server_s - *from.server_s) / measured);
    result["server_mb"] = std::round(bench::resident_mb(options.server).value_or(0));
  }
  if (!all.last_error.empty()) result["last_trouble"] = all.last_error;
  return result;
}

void print(const wire::JsonObject& result, bool json) {
  if (json) return print_json(result);
  for (const auto& [name, value] : result) {
    const std::string label = std::string(name) + ':';
    fmt::print("{:25}{}\n", label, wire::plain_text(value));
  }
}

}  // namespace

int run_fleet(const FleetRun& options) {
  const sigset_t signals = block_ending_signals();
  static_cast<void>(raise_descriptor_limit());  // a limit that is too low shows in the connections
  if (const Status listens = client::check_listens(
          options.fleet.server, std::min(options.span.value_or(kPatience), kPatience));
      !listens) {
    fmt::print(stderr, "gridloom: no device came online: {}\n", listens.error().detail);
    return 1;
  }
  const SystemClock clock;
  sim::Fleet::Options each = options.fleet;
  each.clock = &clock;
  sim::ShardedFleet fleet(each, options.members, options.threads);
  fleet.set_faults(options.faults);
  fleet.start();
  const Use begun = use_now(fleet, options.server);
  FleetProgress progress;
  std::optional<Use> from;  // set once all devices are online
  Use now = begun;
  const timespec pause{.tv_sec = 1, .tv_nsec = 0};
  for (bool over = false; !over;) {
    over = sigtimedwait(&signals, nullptr, &pause) > 0;
    const Use last = std::exchange(now, use_now(fleet, options.server));
    const Counts& counts = now.counts;
    if (!from && counts.arrived == counts.connections) from = now;
    std::optional<double> share;
    if (options.span) {
      const Steady::duration elapsed = from ? now.at - from->at : Steady::duration(0);
      share = seconds(elapsed) / seconds(*options.span);
      // If no device has come online at all, the wait for the server ends.
      const bool in_vain =
          counts.arrived == 0 &&
          now.at - begun.at >= std::max<Steady::duration>(*options.span, kPatience);
      over = over || *share >= 1 || in_vain;
    }
    over = over || counts.refused == counts.connections;
    std::optional<Millis> left;
    if (share)
      left = Millis(std::llround((1 - *share) * static_cast<double>(options.span->count())));
    progress.show(begun, last, now, share, left);
  }
  progress.end();
  fleet.stop();
  print(summary(options, begun, from.value_or(begun), now), options.json);
  if (now.counts.online != 0) return 0;
  fmt::print(stderr, "gridloom: no device came online{}{}\n",
             now.counts.last_error.empty() ? "" : ": ", now.counts.last_error);
  return 1;
}

}  // namespace gridloom::app
