// The results of a benchmark run, as one line of JSON for scripts and a few lines for people.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/latencies.h"
#include "bench/benchmark_run.h"
#include "wire/json.h"

namespace gridloom::bench {

// The counts of one thread; the sum over all threads is the run's.
struct Counts {
  std::uint64_t operations = 0;  // completed without an error within the measured time
  std::uint64_t errors = 0;      // connections lost, error responses
  std::uint64_t bytes_sent = 0;  // within the measured time, at the application level
  std::uint64_t bytes_received = 0;
  std::string first_error;
  Latencies latencies;

  void error(std::string what);
  void merge(const Counts& other);
};

// Messages for all subscribers, over the whole run, warm-up included.
struct Arrivals {
  std::uint64_t expected = 0;
  std::uint64_t arrived = 0;
};

struct Summary {
  std::string what;  // "mqtt", "http", "set"
  unsigned connections = 0;
  Counts counts;
  BenchmarkRun::Cost cost;
  // Messages over the whole run, warm-up included; of QoS 0: those that were sent.
  std::optional<std::uint64_t> acknowledged{};
  std::optional<Arrivals> arrivals;

  [[nodiscard]] double per_second() const;
  [[nodiscard]] wire::JsonObject to_json() const;
  [[nodiscard]] std::string to_text() const;
};

}  // namespace gridloom::bench
