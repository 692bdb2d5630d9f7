// What a run found, and how it is told: one line of JSON for scripts, a few lines for people.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/latencies.h"
#include "bench/course.h"
#include "wire/json.h"

namespace gridloom::bench {

// What a thread counts; the sum of all threads is the run's.
struct Counts {
  std::uint64_t operations = 0;  // that ended well within the measured time
  std::uint64_t errors = 0;      // connections lost, answers that were refusals
  std::uint64_t bytes_sent = 0;  // within the measured time, as the application sees them
  std::uint64_t bytes_received = 0;
  std::string first_error;
  Latencies latencies;

  void error(std::string what);
  void merge(const Counts& other);
};

// Of a subscriber: the whole run, warm-up included.
struct Arrivals {
  std::uint64_t expected = 0;
  std::uint64_t arrived = 0;
};

struct Summary {
  std::string what;  // "mqtt", "http"
  unsigned connections = 0;
  Counts counts;
  Course::Cost cost;
  std::optional<Arrivals> arrivals;

  [[nodiscard]] double per_second() const;
  [[nodiscard]] wire::JsonObject to_json() const;
  [[nodiscard]] std::string to_text() const;
};

}  // namespace gridloom::bench
