#include "history/series_request.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <ctime>
#include <optional>
#include <utility>

#include "history/buckets.h"

namespace gridloom::history {
namespace {

constexpr std::int64_t kSecond_ms = 1000;
constexpr std::int64_t kMostSpan_ms = 100 * 366 * kDay_ms;
constexpr std::int64_t kLast_ms = 253'402'300'800'000;  // the year 10000
constexpr std::size_t kLeastPlot = 3;
constexpr std::size_t kShown = 60;  // characters of an invalid parameter

constexpr std::array<std::pair<char, std::int64_t>, 5> kUnits = {{{'w', 7 * kDay_ms},
                                                                  {'d', kDay_ms},
                                                                  {'h', 3600 * kSecond_ms},
                                                                  {'m', 60 * kSecond_ms},
                                                                  {'s', kSecond_ms}}};

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

// Parses "15m". Nothing: not a span, or zero, or too long.
std::optional<std::int64_t> span_of(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto count = whole_number<std::int64_t>(text.substr(0, text.size() - 1));
  for (const auto& [letter, unit_ms] : kUnits) {
    if (letter != text.back()) continue;
    if (!count || *count <= 0 || *count > kMostSpan_ms / unit_ms) return std::nullopt;
    return *count * unit_ms;
  }
  return std::nullopt;
}

// Reads the text of a time from its beginning.
class Digits {
 public:
  explicit Digits(std::string_view text) : rest_(text) {}

  // Reads a number of exactly this many digits.
  std::optional<int> number(std::size_t digits) {
    if (rest_.size() < digits) return std::nullopt;
    const auto value = whole_number<unsigned>(rest_.substr(0, digits));
    if (!value) return std::nullopt;
    rest_.remove_prefix(digits);
    return static_cast<int>(*value);
  }
  // Reads one of these characters.
  std::optional<char> any_of(std::string_view letters) {
    if (rest_.empty() || !letters.contains(rest_.front())) return std::nullopt;
    const char letter = rest_.front();
    rest_.remove_prefix(1);
    return letter;
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// Reads ":30" or ":30.5"; seconds are optional.
bool read_seconds(Digits& digits, std::tm& chunks, int& ms) {
  if (!digits.any_of(":")) return true;
  const auto seconds = digits.number(2);
  if (!seconds) return false;
  chunks.tm_sec = *seconds;
  if (!digits.any_of(".")) return true;
  const auto tenths = digits.number(1);
  if (!tenths) return false;
  ms = *tenths * 100;
  for (const int unit : {10, 1}) {
    if (const auto digit = digits.number(1)) ms += *digit * unit;
  }
  return true;
}

// Parses ISO 8601: a date, optionally with a time and an offset; without an offset it is the
// server's local time. A '+' in a URL query is a blank once it is decoded.
std::optional<std::int64_t> iso_time(std::string_view text) {
  Digits digits(text);
  std::tm chunks{};
  const auto year = digits.number(4);
  if (!year || !digits.any_of("-")) return std::nullopt;
  const auto month = digits.number(2);
  if (!month || !digits.any_of("-")) return std::nullopt;
  const auto day = digits.number(2);
  if (!day) return std::nullopt;
  chunks.tm_year = *year - 1900;
  chunks.tm_mon = *month - 1;
  chunks.tm_mday = *day;
  int ms = 0;
  std::optional<int> offset_s;
  if (digits.any_of("T ")) {
    const auto hour = digits.number(2);
    if (!hour || !digits.any_of(":")) return std::nullopt;
    const auto minute = digits.number(2);
    if (!minute) return std::nullopt;
    chunks.tm_hour = *hour;
    chunks.tm_min = *minute;
    if (!read_seconds(digits, chunks, ms)) return std::nullopt;
    if (digits.any_of("Z")) {
      offset_s = 0;
    } else if (const auto sign = digits.any_of("+- ")) {
      const auto hours = digits.number(2);
      static_cast<void>(digits.any_of(":"));
      const auto minutes = digits.number(2);
      if (!hours || !minutes || *hours > 14 || *minutes > 59) return std::nullopt;
      offset_s = (*sign == '-' ? -1 : 1) * (*hours * 3600 + *minutes * 60);
    }
  }
  std::tm same = chunks;
  const std::time_t as_utc = timegm(&same);
  const bool exists = same.tm_mon == chunks.tm_mon && same.tm_mday == chunks.tm_mday &&
                      same.tm_hour == chunks.tm_hour && same.tm_min == chunks.tm_min &&
                      same.tm_sec == chunks.tm_sec;
  if (!digits.at_end() || !exists) return std::nullopt;
  chunks.tm_isdst = -1;
  const std::time_t seconds = offset_s ? as_utc - *offset_s : std::mktime(&chunks);
  return static_cast<std::int64_t>(seconds) * kSecond_ms + ms;
}

Result<std::int64_t> time_of(std::string_view name, std::string_view text, TimePoint now) {
  std::optional<std::int64_t> at_ms;
  if (text == "now") {
    at_ms = unix_ms(now);
  } else if (text.starts_with('-')) {
    if (const auto span = span_of(text.substr(1))) at_ms = unix_ms(now) - *span;
  } else if (text.contains('-')) {
    at_ms = iso_time(text);
  } else {
    at_ms = whole_number<std::int64_t>(text);
  }
  if (at_ms && *at_ms >= 0 && *at_ms < kLast_ms) return *at_ms;
  return wrong(name, text,
               "must be a time: milliseconds since 1970 (1700000000000), ISO 8601 "
               "(2026-11-01T00:00:00Z; without Z or an offset as +01:00 it is the server's local "
               "time), back from now (-90m, -12h, -7d, -4w), or now");
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

Result<std::int64_t> step_of(std::string_view text) {
  if (text.empty()) return 0;
  const auto step_ms = span_of(text);
  if (!step_ms || (*step_ms > kDay_ms && *step_ms % kDay_ms != 0)) {
    return wrong(
        "step", text,
        "must be a span of time, as 10s, 15m, 1h, 1d or 1w; of more than a day, whole days");
  }
  return *step_ms;
}

Status read_words(const SeriesWords& words, const SeriesLimits& limits, SeriesRequest& request) {
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
  if (!points || *points < kLeastPlot || *points > limits.plot_points) {
    return wrong(
        "points", words.points,
        fmt::format("must be a whole number from {} to {}", kLeastPlot, limits.plot_points));
  }
  if (request.format == SeriesRequest::Format::kCsv) {
    return wrong("points", words.points,
                 "goes with format json: a row of CSV has one time for all fields");
  }
  request.points = *points;
  return {};
}

}  // namespace

Result<SeriesRequest> series_request(const SeriesWords& words, TimePoint now,
                                     const SeriesLimits& limits) {
  SeriesRequest request;
  auto fields = fields_of(words.fields, limits.names);
  if (!fields) return std::unexpected(fields.error());
  request.fields = std::move(*fields);
  const auto from = time_of("from", words.from.empty() ? "-1d" : words.from, now);
  if (!from) return std::unexpected(from.error());
  const auto to = time_of("to", words.to.empty() ? "now" : words.to, now);
  if (!to) return std::unexpected(to.error());
  request.from_ms = *from;
  request.to_ms = *to;
  if (*from >= *to) {
    return wrong("to", words.to.empty() ? "now" : words.to, "must be behind from");
  }
  const auto step = step_of(words.step);
  if (!step) return std::unexpected(step.error());
  request.step_ms = *step;
  if (Status read = read_words(words, limits, request); !read) {
    return std::unexpected(read.error());
  }
  return request;
}

std::string span_text(std::int64_t span_ms) {
  for (const auto& [letter, unit_ms] : kUnits) {
    if (span_ms >= unit_ms && span_ms % unit_ms == 0) {
      return fmt::format("{}{}", span_ms / unit_ms, letter);
    }
  }
  return fmt::format("{}ms", span_ms);
}

}  // namespace gridloom::history
