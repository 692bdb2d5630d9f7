#include "history/calendar.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <ctime>

namespace gridloom::history {
namespace {

constexpr std::int64_t kSecond_ms = 1000;
constexpr std::int64_t kQuarter_s = 900;  // no clock change is smaller

std::int64_t seconds_of(std::int64_t at_ms) {
  return at_ms >= 0 ? at_ms / kSecond_ms : (at_ms + 1) / kSecond_ms - 1;
}

std::tm local(std::int64_t at_ms) {
  const auto seconds = static_cast<std::time_t>(seconds_of(at_ms));
  std::tm chunks{};
  localtime_r(&seconds, &chunks);
  return chunks;
}

// Clocks may change by half an hour: then an hour on the clock is half an hour longer or shorter.
bool begins_hour(std::int64_t at_s) {
  const std::tm chunks = local(at_s * kSecond_ms);
  return chunks.tm_min == 0 || chunks.tm_hour != local((at_s - kQuarter_s) * kSecond_ms).tm_hour;
}

// The beginning of a local day. `day` may lie outside of its month: day 0 is the last day of the
// previous month.
std::int64_t midnight(int year, int month, int day) {
  std::tm chunks{};
  chunks.tm_year = year - 1900;
  chunks.tm_mon = month - 1;
  chunks.tm_mday = day;
  chunks.tm_hour = 12;
  chunks.tm_isdst = -1;
  const std::time_t noon = std::mktime(&chunks);
  const int wanted = chunks.tm_mday;
  std::tm first = chunks;
  first.tm_hour = 0;
  first.tm_isdst = -1;
  std::int64_t begin_s = std::mktime(&first);
  // If clocks are put forward at midnight, mktime() may return a time on either side of the gap.
  while (begin_s < noon && local(begin_s * kSecond_ms).tm_mday != wanted) begin_s += kQuarter_s;
  while (local((begin_s - kQuarter_s) * kSecond_ms).tm_mday == wanted) begin_s -= kQuarter_s;
  return begin_s * kSecond_ms;
}

}  // namespace

std::optional<CivilDate> date_of(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto number = [&](std::size_t at, std::size_t size) {
    int value = -1;
    const std::string_view digits = text.substr(at, size);
    if (digits.find_first_not_of("0123456789") != std::string_view::npos) return -1;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  };
  const CivilDate date{.year = number(0, 4), .month = number(5, 2), .day = number(8, 2)};
  if (date.year < 1970 || date.month < 1 || date.day < 1) return std::nullopt;
  const std::chrono::year_month_day day{std::chrono::year(date.year),
                                        std::chrono::month(static_cast<unsigned>(date.month)),
                                        std::chrono::day(static_cast<unsigned>(date.day))};
  return day.ok() ? std::optional(date) : std::nullopt;
}

CivilDate date_of(std::int64_t at_ms) {
  const std::tm chunks = local(at_ms);
  return {.year = chunks.tm_year + 1900, .month = chunks.tm_mon + 1, .day = chunks.tm_mday};
}

std::int64_t begin_of(const CivilDate& date) { return midnight(date.year, date.month, date.day); }

std::int64_t begin_of(Step step, std::int64_t at_ms) {
  const std::tm chunks = local(at_ms);
  const int year = chunks.tm_year + 1900;
  const int month = chunks.tm_mon + 1;
  switch (step) {
    case Step::kHour: {
      std::int64_t at_s = seconds_of(at_ms) - std::int64_t{chunks.tm_min} % 15 * 60 - chunks.tm_sec;
      while (!begins_hour(at_s)) at_s -= kQuarter_s;
      return at_s * kSecond_ms;
    }
    case Step::kDay:
      return midnight(year, month, chunks.tm_mday);
    case Step::kWeek:
      return midnight(year, month, chunks.tm_mday - (chunks.tm_wday + 6) % 7);
    case Step::kMonth:
      return midnight(year, month, 1);
    case Step::kYear:
      return midnight(year, 1, 1);
  }
  return at_ms;
}

std::int64_t begin_after(Step step, std::int64_t at_ms) {
  const std::int64_t begin = begin_of(step, at_ms);
  const auto [year, month, day] = date_of(begin);
  switch (step) {
    case Step::kHour: {
      std::int64_t at_s = begin / kSecond_ms + kQuarter_s;
      while (!begins_hour(at_s)) at_s += kQuarter_s;
      return at_s * kSecond_ms;
    }
    case Step::kDay:
      return midnight(year, month, day + 1);
    case Step::kWeek:
      return midnight(year, month, day + 7);
    case Step::kMonth:
      return midnight(year, month + 1, 1);
    case Step::kYear:
      return midnight(year + 1, 1, 1);
  }
  return at_ms;
}

std::vector<std::int64_t> bounds(Step step, std::int64_t from_ms, std::int64_t to_ms,
                                 std::size_t most) {
  std::vector<std::int64_t> all = {from_ms};
  for (std::int64_t at = from_ms; at < to_ms && all.size() <= most;) {
    at = std::min(begin_after(step, at), to_ms);
    all.push_back(at);
  }
  return all;
}

std::string iso_text(std::int64_t at_ms) {
  const std::tm chunks = local(at_ms);
  const long offset_min = chunks.tm_gmtoff / 60;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}{:02}:{:02}", chunks.tm_year + 1900,
                     chunks.tm_mon + 1, chunks.tm_mday, chunks.tm_hour, chunks.tm_min,
                     chunks.tm_sec, offset_min < 0 ? '-' : '+', std::abs(offset_min) / 60,
                     std::abs(offset_min) % 60);
}

}  // namespace gridloom::history
