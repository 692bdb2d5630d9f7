// A request for a device's time series, parsed from the parameters of the HTTP API or the command
// line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/series/bucket_aggregator.h"
#include "time/time_zone.h"

namespace gridloom::history {

// Limits of one answer.
struct SeriesLimits {
  std::size_t names = 32;          // requested names; one that ends in * counts once
  std::size_t fields = 256;        // fields that match the names
  std::size_t points = 1'000'000;  // points of all fields together
  std::size_t plot_points = 10'000;
};

// A name that may be a mistake, and the error to answer if it is one.
struct DoubtfulField {
  std::string name;
  std::string refusal;
};

struct SeriesRequest {
  enum class Format : std::uint8_t { kJson, kCsv };

  // "pd.soc"; "pd.*" for all that the device reported in the span and that begin with "pd."; and
  // "bp2000.*.soc", which nobody can ask for by a text, for those of its modules.
  std::vector<std::string> fields;
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
  std::int64_t step_ms = 0;  // 0: every value as it was reported
  Aggregate aggregate = Aggregate::kMean;
  Format format = Format::kJson;
  std::size_t points = 0;  // points of each field, downsampled for a plot (lttb.h); 0: all
  time::TimeZone zone{};   // whose days steps begin with
  // Some of the fields: they are refused if the device did not report them in the span.
  std::vector<DoubtfulField> doubtful{};
};

// The parameters as they were given; empty: not given.
struct SeriesParameters {
  std::string_view fields{};
  std::string_view from{};
  std::string_view to{};
  std::string_view step{};
  std::string_view aggregate{};
  std::string_view format{};
  std::string_view points{};
};
// kBadParams: the detail names the parameter that is wrong and says what would be valid.
[[nodiscard]] Result<SeriesRequest> series_request(const SeriesParameters& words,
                                                   const time::Now& now,
                                                   const SeriesLimits& limits);

// The length of a step in milliseconds, from a second to a hundred years; 0: an empty text.
// kBadParams: as above.
[[nodiscard]] Result<std::int64_t> parse_step(std::string_view text);

}  // namespace gridloom::history
