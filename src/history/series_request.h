// What somebody asks of the history of a device, from the words in which it is asked: of the HTTP
// API and of the command line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/walker.h"

namespace gridloom::history {

// Of one answer.
struct SeriesLimits {
  std::size_t names = 32;          // asked for; one that ends in * counts once
  std::size_t fields = 256;        // that they stand for
  std::size_t points = 1'000'000;  // of all fields together
  std::size_t plot_points = 10'000;
};

struct SeriesRequest {
  enum class Format : std::uint8_t { kJson, kCsv };

  std::vector<std::string> fields;  // "pd.soc"; "pd.*" for all that begin so
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
  std::int64_t step_ms = 0;  // 0: every value as it was
  Aggregate aggregate = Aggregate::kMean;
  Format format = Format::kJson;
  std::size_t points = 0;  // of each field, that look like all of them; 0: all
};

// As they came; empty: not given.
struct SeriesWords {
  std::string_view fields{};
  std::string_view from{};
  std::string_view to{};
  std::string_view step{};
  std::string_view aggregate{};
  std::string_view format{};
  std::string_view points{};
};
// kBadParams: the detail names what is wrong, and says what would be right.
[[nodiscard]] Result<SeriesRequest> series_request(const SeriesWords& words, TimePoint now,
                                                   const SeriesLimits& limits);

// "10s", "15m", "1h", "1d", "1w"; as short as it can be said.
[[nodiscard]] std::string span_text(std::int64_t span_ms);

}  // namespace gridloom::history
