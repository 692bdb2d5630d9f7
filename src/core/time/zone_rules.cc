#include "time/zone_rules.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>

namespace gridloom::time {
namespace {

namespace chrono = std::chrono;
using Date = YearlyRule::Date;

constexpr std::int64_t kDay_s = 86'400;
// The calendar repeats after 400 years, which are whole weeks.
constexpr std::int64_t kCycle_s = 146'097 * kDay_s;
constexpr std::int64_t kYear2000_s = 946'684'800;
// Sums with times up to here cannot overflow; some files begin 2^59 seconds before 1970.
constexpr std::int64_t kFarthest_s = std::int64_t{1} << 60U;
constexpr std::int64_t kBegin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();

// Seconds from 1970 to the date, as if the zone's clocks showed UTC.
std::int64_t seconds_of(const Date& date, chrono::year year) {
  chrono::sys_days day{};
  switch (date.form) {
    case Date::Form::kWeekday: {
      const chrono::month month(date.month);
      const chrono::weekday weekday(date.day);
      day = date.week == 5 ? chrono::sys_days(year / month / weekday[chrono::last])
                           : chrono::sys_days(year / month / weekday[date.week]);
      break;
    }
    case Date::Form::kDay:
      day = chrono::sys_days(year / chrono::January / 1) + chrono::days(date.day);
      break;
    case Date::Form::kDayButLeaps:
      day = chrono::sys_days(year / chrono::January / 1) + chrono::days(date.day - 1);
      if (year.is_leap() && date.day >= 60) day += chrono::days(1);  // the 60th is March 1
      break;
  }
  return day.time_since_epoch().count() * kDay_s + date.time_s;
}

ZoneRules::Span span_of(const YearlyRule& rule, std::int64_t at_s) {
  if (!rule.daylight) return {.begin_s = kBegin, .end_s = kEnd, .offset_s = rule.offset_s};
  const YearlyRule::Daylight& daylight = *rule.daylight;
  std::int64_t cycles = (at_s - kYear2000_s) / kCycle_s;
  if (at_s - kYear2000_s < cycles * kCycle_s) --cycles;
  const std::int64_t shift_s = cycles * kCycle_s;
  const std::int64_t shifted_s = at_s - shift_s;
  const chrono::year_month_day today{
      chrono::floor<chrono::days>(chrono::sys_seconds(chrono::seconds(shifted_s)))};
  // A year's changes may lie some days beside it.
  std::array<ZoneRules::Change, 6> changes;
  auto next = changes.begin();
  for (const int years : {-1, 0, 1}) {
    const chrono::year year = today.year() + chrono::years(years);
    *next++ = {.at_s = seconds_of(daylight.begin, year) - rule.offset_s,
               .offset_s = daylight.offset_s};
    *next++ = {.at_s = seconds_of(daylight.end, year) - daylight.offset_s,
               .offset_s = rule.offset_s};
  }
  // They are in order for most rules. Stable: where daylight saving time ends when it begins again,
  // it lasts.
  for (std::size_t i = 1; i < changes.size(); ++i) {
    for (std::size_t k = i; k > 0 && changes.at(k).at_s < changes.at(k - 1).at_s; --k) {
      std::swap(changes.at(k), changes.at(k - 1));
    }
  }
  const auto* const after =
      std::ranges::upper_bound(changes, shifted_s, {}, &ZoneRules::Change::at_s);
  ZoneRules::Span span{.begin_s = kBegin, .end_s = kEnd, .offset_s = rule.offset_s};
  if (after != changes.begin()) {
    span.begin_s = (after - 1)->at_s + shift_s;
    span.offset_s = (after - 1)->offset_s;
  }
  if (after != changes.end()) span.end_s = after->at_s + shift_s;
  return span;
}

// --- rules ---

// Reads the text of a rule from its beginning.
class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  bool take(char letter) {
    if (!rest_.starts_with(letter)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // The name of a kind of time: CET, or <+0330>.
  bool name() {
    const bool quoted = take('<');
    std::size_t size = 0;
    while (size < rest_.size() && is_of_name(rest_[size], quoted)) ++size;
    if (size < 3) return false;
    rest_.remove_prefix(size);
    return !quoted || take('>');
  }
  std::optional<unsigned> number(unsigned most) {
    unsigned value = 0;
    std::size_t size = 0;
    for (; size < rest_.size() && is_digit(rest_[size]); ++size) {
      value = value * 10 + static_cast<unsigned>(rest_[size] - '0');
      if (value > most) return std::nullopt;
    }
    if (size == 0) return std::nullopt;
    rest_.remove_prefix(size);
    return value;
  }
  // [+-]hh[:mm[:ss]] in seconds.
  std::optional<std::int32_t> time(unsigned most_hours) {
    const bool negative = take('-');
    if (!negative) take('+');
    const auto hours = number(most_hours);
    if (!hours) return std::nullopt;
    unsigned seconds = *hours * 3600;
    for (const unsigned unit_s : {60U, 1U}) {
      if (!take(':')) break;
      const auto part = number(59);
      if (!part) return std::nullopt;
      seconds += *part * unit_s;
    }
    const auto value = static_cast<std::int32_t>(seconds);
    return negative ? -value : value;
  }
  // M3.5.0/2, J60 or 59/3.
  std::optional<Date> date() {
    Date date;
    std::optional<unsigned> day;
    if (take('M')) {
      const auto month = number(12);
      if (!month || *month == 0 || !take('.')) return std::nullopt;
      const auto week = number(5);
      if (!week || *week == 0 || !take('.')) return std::nullopt;
      date.month = *month;
      date.week = *week;
      day = number(6);
    } else if (take('J')) {
      date.form = Date::Form::kDayButLeaps;
      day = number(365);
      if (day == 0U) return std::nullopt;
    } else {
      date.form = Date::Form::kDay;
      day = number(365);
    }
    if (!day) return std::nullopt;
    date.day = *day;
    if (!take('/')) return date;
    const auto at_s = time(167);
    if (!at_s) return std::nullopt;
    date.time_s = *at_s;
    return date;
  }

 private:
  [[nodiscard]] static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  [[nodiscard]] static bool is_of_name(char c, bool quoted) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (quoted && (is_digit(c) || c == '+' || c == '-'));
  }

  std::string_view rest_;
};

std::optional<YearlyRule> rule_of(RuleReader reader) {
  constexpr unsigned kMaxHours = 24;
  YearlyRule rule;
  if (!reader.name()) return std::nullopt;
  const auto west_s = reader.time(kMaxHours);
  if (!west_s) return std::nullopt;
  rule.offset_s = -*west_s;
  if (reader.at_end()) return rule;
  YearlyRule::Daylight daylight{.offset_s = rule.offset_s + 3600};
  if (!reader.name()) return std::nullopt;
  if (reader.at_end()) {  // as in the United States, which is what the C library assumes
    daylight.begin = {.month = 3, .week = 2};
    daylight.end = {.month = 11, .week = 1};
    rule.daylight = daylight;
    return rule;
  }
  if (!reader.take(',')) {
    const auto daylight_west_s = reader.time(kMaxHours);
    if (!daylight_west_s || !reader.take(',')) return std::nullopt;
    daylight.offset_s = -*daylight_west_s;
  }
  const auto begin = reader.date();
  if (!begin || !reader.take(',')) return std::nullopt;
  const auto end = reader.date();
  if (!end || !reader.at_end()) return std::nullopt;
  daylight.begin = *begin;
  daylight.end = *end;
  rule.daylight = daylight;
  return rule;
}

// --- files ---

std::unexpected<Error> no_zone(std::string detail) {
  return fail(ErrorCode::kMalformed, std::move(detail));
}

// Reads big-endian numbers.
class FileReader {
 public:
  explicit FileReader(std::string_view bytes) : rest_(bytes) {}

  [[nodiscard]] std::size_t left() const { return rest_.size(); }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  std::string_view take(std::size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  // The caller knows that there are so many bytes.
  std::uint64_t number(std::size_t size) {
    std::uint64_t value = 0;
    for (const char byte : take(size)) value = value << 8U | static_cast<unsigned char>(byte);
    return value;
  }
  std::int64_t time(std::size_t size) {
    const std::uint64_t value = number(size);
    return size == 4 ? static_cast<std::int32_t>(static_cast<std::uint32_t>(value))
                     : static_cast<std::int64_t>(value);
  }

 private:
  std::string_view rest_;
};

struct Header {
  char version = '\0';
  std::size_t utc_flags = 0;
  std::size_t standard_flags = 0;
  std::size_t leaps = 0;
  std::size_t changes = 0;
  std::size_t types = 0;
  std::size_t letters = 0;

  // The size of the data that follow, whose times have `time_bytes` each.
  [[nodiscard]] std::size_t bytes(std::size_t time_bytes) const {
    return changes * (time_bytes + 1) + types * 6 + letters + leaps * (time_bytes + 4) +
           standard_flags + utc_flags;
  }
};

std::optional<Header> header_in(FileReader& file) {
  constexpr std::size_t kSize = 44;
  constexpr std::size_t kReserved = 15;
  if (file.left() < kSize || file.take(4) != "TZif") return std::nullopt;
  Header header{.version = file.take(1).front()};
  file.take(kReserved);
  for (std::size_t* count : {&header.utc_flags, &header.standard_flags, &header.leaps,
                             &header.changes, &header.types, &header.letters}) {
    *count = static_cast<std::size_t>(file.number(4));
  }
  return header;
}

Result<ZoneRules> rules_in(FileReader& file, const Header& header, std::size_t time_bytes) {
  if (header.leaps != 0) return no_zone("is a zone file that counts leap seconds");
  if (header.types == 0) return no_zone("is a zone file without an offset");
  FileReader times(file.take(header.changes * time_bytes));
  const std::string_view types = file.take(header.changes);
  std::vector<std::int32_t> offsets;
  offsets.reserve(header.types);
  for (std::size_t i = 0; i < header.types; ++i) {
    const std::int64_t offset_s = file.time(4);
    file.take(2);  // whether it is daylight saving time, and its name
    if (offset_s < kMinOffset_s || offset_s > kMaxOffset_s) {
      return no_zone("is a zone file with an offset of more than a day");
    }
    offsets.push_back(static_cast<std::int32_t>(offset_s));
  }
  file.take(header.letters + header.standard_flags + header.utc_flags);
  ZoneRules rules{.first_offset_s = offsets.front(), .changes = {}, .rule = {}};
  rules.changes.reserve(header.changes);
  for (const char byte : types) {
    const std::size_t type = static_cast<unsigned char>(byte);
    const std::int64_t at_s = times.time(time_bytes);
    const std::int64_t before_s = rules.changes.empty() ? -kFarthest_s : rules.changes.back().at_s;
    if (type >= offsets.size() || at_s <= before_s || at_s > kFarthest_s) {
      return no_zone("is a damaged zone file");
    }
    rules.changes.push_back({.at_s = at_s, .offset_s = offsets[type]});
  }
  return rules;
}

}  // namespace

ZoneRules::Span ZoneRules::at(std::int64_t at_s) const {
  if (changes.empty() || at_s >= changes.back().at_s) {
    const std::int64_t begin_s = changes.empty() ? kBegin : changes.back().at_s;
    if (!rule) {
      return {.begin_s = begin_s,
              .end_s = kEnd,
              .offset_s = changes.empty() ? first_offset_s : changes.back().offset_s};
    }
    Span span = span_of(*rule, at_s);
    span.begin_s = std::max(span.begin_s, begin_s);
    return span;
  }
  const auto after = std::ranges::upper_bound(changes, at_s, {}, &Change::at_s);
  const bool is_first = after == changes.begin();
  return {.begin_s = is_first ? kBegin : (after - 1)->at_s,
          .end_s = after->at_s,
          .offset_s = is_first ? first_offset_s : (after - 1)->offset_s};
}

Result<ZoneRules> parse_zone_file(std::string_view bytes) {
  FileReader file(bytes);
  auto header = header_in(file);
  if (!header) return no_zone("is not a zone file");
  std::size_t time_bytes = 4;
  if (header->version >= '2') {
    // The second part has times of eight bytes; counts of four bytes cannot overflow the sum.
    if (file.left() < header->bytes(time_bytes)) return no_zone("is a truncated zone file");
    file.take(header->bytes(time_bytes));
    header = header_in(file);
    if (!header) return no_zone("is a damaged zone file");
    time_bytes = 8;
  }
  if (file.left() < header->bytes(time_bytes)) return no_zone("is a truncated zone file");
  auto rules = rules_in(file, *header, time_bytes);
  if (!rules || time_bytes == 4) return rules;
  if (file.take(1) != "\n" || !file.rest().contains('\n')) {
    return no_zone("is a truncated zone file");
  }
  const std::string_view text = file.rest().substr(0, file.rest().find('\n'));
  if (text.empty()) return rules;
  const auto rule = parse_yearly_rule(text);
  if (!rule) return no_zone("is a damaged zone file");
  rules->rule = *rule;
  return rules;
}

Result<YearlyRule> parse_yearly_rule(std::string_view text) {
  const auto rule = rule_of(RuleReader(text));
  if (!rule) return fail(ErrorCode::kMalformed, "is not a rule such as CET-1CEST,M3.5.0,M10.5.0/3");
  return *rule;
}

}  // namespace gridloom::time
