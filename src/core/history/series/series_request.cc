#include "history/series/series_request.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "history/series/bucket_aggregator.h"
#include "time/grammar.h"

namespace gridloom::history {
namespace {

constexpr Millis kMinStep{1000};
constexpr Millis kMaxStep = std::chrono::days(36'600);
constexpr std::size_t kMinPlot = 3;
constexpr std::size_t kShown = 60;  // characters of an invalid parameter

std::unexpected<Error> wrong(std::string_view name, std::string_view value,
                             std::string_view right) {
  return fail(ErrorCode::kBadParams,
              fmt::format("{} is {:?}: {}", name, value.substr(0, kShown), right));
}

template <typename T>
std::optional<T> whole_number(std::string_view text) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

Result<std::int64_t> time_of(std::string_view name, std::string_view text, const time::Now& now) {
  GL_TRY(const auto at, time::parse_time(text, {.name = name, .now = now, .takes_unix_ms = true}));
  return unix_ms(at);
}

Result<std::vector<std::string>> fields_of(std::string_view text, std::size_t most) {
  constexpr std::string_view kRight =
      "must be names of quotas, separated by commas, as pd.soc; pd.* stands for all that begin so";
  if (text.empty()) {
    return fail(ErrorCode::kBadParams, fmt::format("fields is missing: {}", kRight));
  }
  std::vector<std::string> fields;
  for (bool more = true; more;) {
    const std::size_t comma = text.find(',');
    const std::string_view name = text.substr(0, comma);
    more = comma != std::string_view::npos;
    text.remove_prefix(more ? comma + 1 : text.size());
    const std::size_t star = name.find('*');
    if (name.empty() || (star != std::string_view::npos && star + 1 != name.size())) {
      return wrong("fields", name, kRight);
    }
    fields.emplace_back(name);
  }
  if (fields.size() > most) {
    return fail(ErrorCode::kBadParams, fmt::format("fields has {} names: at most {} may be asked "
                                                   "for at once",
                                                   fields.size(), most));
  }
  return fields;
}

// Whether a step begins where the span ends.
bool is_bound(const SeriesRequest& request, const time::TimeZone& zone) {
  return Buckets(request.step_ms, zone).at(request.to_ms).begin_ms == request.to_ms;
}

Status read_words(const SeriesParameters& words, const SeriesLimits& limits,
                  SeriesRequest& request) {
  if (!words.aggregate.empty()) {
    const auto aggregate = aggregate_of(words.aggregate);
    if (!aggregate) {
      return wrong("aggregate", words.aggregate,
                   "must be mean, min, max, sum, count, last or integral");
    }
    if (request.step_ms == 0) {
      return wrong("aggregate", words.aggregate, "needs a step, as 15m, of which it is made");
    }
    request.aggregate = *aggregate;
  }
  if (words.format == "csv") {
    request.format = SeriesRequest::Format::kCsv;
  } else if (!words.format.empty() && words.format != "json") {
    return wrong("format", words.format, "must be json or csv");
  }
  if (words.points.empty()) return {};
  const auto points = whole_number<std::size_t>(words.points);
  if (!points || *points < kMinPlot || *points > limits.plot_points) {
    return wrong("points", words.points,
                 fmt::format("must be a whole number from {} to {}", kMinPlot, limits.plot_points));
  }
  if (request.format == SeriesRequest::Format::kCsv) {
    return wrong("points", words.points,
                 "goes with format json: a row of CSV has one time for all fields");
  }
  request.points = *points;
  return {};
}

}  // namespace

Result<std::int64_t> parse_step(std::string_view text) {
  if (text.empty()) return 0;
  GL_TRY(const auto step,
         time::parse_span(text, {.name = "step", .least = kMinStep, .most = kMaxStep}));
  if (step > Millis(kDay_ms) && step.count() % kDay_ms != 0) {
    return wrong("step", text, "must be whole days, as 2d or 1w, where it is more than a day");
  }
  return step.count();
}

Result<SeriesRequest> series_request(const SeriesParameters& words, const time::Now& now,
                                     const SeriesLimits& limits) {
  SeriesRequest request;
  request.zone = now.zone;
  GL_TRY(auto fields, fields_of(words.fields, limits.names));
  request.fields = std::move(fields);
  GL_TRY(const auto from, time_of("from", words.from.empty() ? "-1d" : words.from, now));
  GL_TRY(const auto to, time_of("to", words.to.empty() ? "now" : words.to, now));
  request.from_ms = from;
  request.to_ms = to;
  if (from >= to) {
    return wrong("to", words.to.empty() ? "now" : words.to, "must be behind from");
  }
  GL_TRY(const auto step, parse_step(words.step));
  request.step_ms = step;
  // Up to now is with what came in this millisecond: a report that was just acknowledged is there.
  const bool to_now = words.to.empty() || words.to == "now";
  if (to_now && (request.step_ms == 0 || !is_bound(request, now.zone))) ++request.to_ms;
  GL_TRY(read_words(words, limits, request));
  return request;
}

}  // namespace gridloom::history
