#include "bench/summary.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <string_view>
#include <utility>

namespace gridloom::bench {
namespace {

// Three decimals are more than such a figure is accurate to.
double rounded(double value) { return std::round(value * 1000) / 1000; }

}  // namespace

void Counts::error(std::string what) {
  if (errors++ == 0) first_error = std::move(what);
}

void Counts::merge(const Counts& other) {
  if (errors == 0) first_error = other.first_error;
  operations += other.operations;
  errors += other.errors;
  bytes_sent += other.bytes_sent;
  bytes_received += other.bytes_received;
  latencies.merge(other.latencies);
}

double Summary::per_second() const {
  return cost.seconds > 0 ? static_cast<double>(counts.operations) / cost.seconds : 0;
}

wire::JsonObject Summary::to_json() const {
  const auto each = [this](double seconds) {
    const auto operations = static_cast<double>(counts.operations);
    return counts.operations == 0 ? 0 : rounded(seconds / operations * 1e6);
  };
  wire::JsonObject json{{"bench", what},
                        {"connections", connections},
                        {"from_s", rounded(cost.from_s)},
                        {"seconds", rounded(cost.seconds)},
                        {"operations", counts.operations},
                        {"per_second", rounded(per_second())},
                        {"latency_p50_ms", rounded(counts.latencies.percentile_ms(0.5))},
                        {"latency_p99_ms", rounded(counts.latencies.percentile_ms(0.99))},
                        {"latency_max_ms", rounded(counts.latencies.max_ms())},
                        {"errors", counts.errors},
                        {"bytes_sent", counts.bytes_sent},
                        {"bytes_received", counts.bytes_received},
                        {"own_cpu_us_per_operation", each(cost.own_s)}};
  if (cost.server_s) json["server_cpu_us_per_operation"] = each(*cost.server_s);
  if (cost.server_mb) json["server_mb"] = rounded(*cost.server_mb);
  if (cost.server_calls) json["server_per_operation"] = cost.server_calls->per(counts.operations);
  if (acknowledged) json["acknowledged"] = *acknowledged;
  if (arrivals) {
    json["expected"] = arrivals->expected;
    json["arrived"] = arrivals->arrived;
  }
  if (counts.errors != 0) json["first_error"] = counts.first_error;
  return json;
}

std::string Summary::to_text() const {
  std::string text = fmt::format(
      "{} connections, {:.1f} s: {:.0f} operations/s\n"
      "latency: median {:.3f} ms, 99th percentile {:.3f} ms, maximum {:.3f} ms\n"
      "bytes: {} sent, {} received; errors: {}\n",
      connections, cost.seconds, per_second(), counts.latencies.percentile_ms(0.5),
      counts.latencies.percentile_ms(0.99), counts.latencies.max_ms(), counts.bytes_sent,
      counts.bytes_received, counts.errors);
  const auto out = std::back_inserter(text);
  if (counts.errors != 0) fmt::format_to(out, "first error: {}\n", counts.first_error);
  if (arrivals) {
    fmt::format_to(out, "subscribers: {} of {} messages\n", arrivals->arrived, arrivals->expected);
  }
  if (counts.operations == 0) return text;
  const double each = 1e6 / static_cast<double>(counts.operations);
  fmt::format_to(out, "CPU time of an operation: {:.2f} us of the load generator",
                 cost.own_s * each);
  if (cost.server_s) fmt::format_to(out, ", {:.2f} us of the server", *cost.server_s * each);
  if (cost.server_mb) fmt::format_to(out, "\nmemory of the server: {:.1f} MB", *cost.server_mb);
  if (cost.server_calls) {
    fmt::format_to(out, "\nserver, per operation:");
    for (const auto& [name, count] : cost.server_calls->per(counts.operations)) {
      fmt::format_to(out, " {} {}", std::string_view(name), count.to_number<double>());
    }
  }
  return text + '\n';
}

}  // namespace gridloom::bench
