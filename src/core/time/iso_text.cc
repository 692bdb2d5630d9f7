#include "time/iso_text.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>

namespace gridloom::time {
namespace {

namespace chrono = std::chrono;

constexpr std::int64_t kYear0_ms = -62'167'219'200'000;
constexpr std::int64_t kYear10000_ms = 253'402'300'800'000;

bool has_four_digits(std::int64_t shown_ms) {
  return shown_ms >= kYear0_ms && shown_ms < kYear10000_ms;
}

std::string number_text(std::int64_t at_ms) { return fmt::format("{} ms", at_ms); }

// Writes into a buffer: rows of a CSV file have a time each.
class Writer {
 public:
  void put(char letter) { text_.at(size_++) = letter; }
  void put(unsigned value, std::size_t digits) {
    for (std::size_t i = digits; i > 0; --i) {
      text_.at(size_ + i - 1) = static_cast<char>('0' + value % 10);
      value /= 10;
    }
    size_ += digits;
  }
  // `between` stands between the date and the time.
  void put(chrono::local_time<Millis> local, char between) {
    const auto day = chrono::floor<chrono::days>(local);
    const chrono::year_month_day date(day);
    const auto seconds = static_cast<unsigned>(chrono::floor<chrono::seconds>(local - day).count());
    put(static_cast<unsigned>(static_cast<int>(date.year())), 4);
    put('-');
    put(static_cast<unsigned>(date.month()), 2);
    put('-');
    put(static_cast<unsigned>(date.day()), 2);
    put(between);
    put(seconds / 3600, 2);
    put(':');
    put(seconds / 60 % 60, 2);
    put(':');
    put(seconds % 60, 2);
  }
  [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }

 private:
  std::array<char, 32> text_{};
  std::size_t size_ = 0;
};

// Reads the text of a time from its beginning.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  // Reads a number of exactly so many digits.
  std::optional<unsigned> number(std::size_t digits) {
    if (rest_.size() < digits) return std::nullopt;
    unsigned value = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
    rest_.remove_prefix(digits);
    return value;
  }
  // Reads a number of two digits, up to `most`.
  std::optional<unsigned> two(unsigned most) {
    const auto value = number(2);
    return value && *value <= most ? value : std::nullopt;
  }
  // Reads one of these characters.
  std::optional<char> any_of(std::string_view letters) {
    if (rest_.empty() || !letters.contains(rest_.front())) return std::nullopt;
    const char letter = rest_.front();
    rest_.remove_prefix(1);
    return letter;
  }

 private:
  std::string_view rest_;
};

std::optional<chrono::local_days> read_date(Reader& reader) {
  const auto year = reader.number(4);
  if (!year || !reader.any_of("-")) return std::nullopt;
  const auto month = reader.number(2);
  if (!month || !reader.any_of("-")) return std::nullopt;
  const auto day = reader.number(2);
  if (!day) return std::nullopt;
  const chrono::year_month_day date{chrono::year(static_cast<int>(*year)), chrono::month(*month),
                                    chrono::day(*day)};
  if (!date.ok()) return std::nullopt;
  return chrono::local_days(date);
}

// Reads "12:00", "12:00:30" or "12:00:30.5".
std::optional<Millis> read_time(Reader& reader) {
  const auto hour = reader.two(23);
  if (!hour || !reader.any_of(":")) return std::nullopt;
  const auto minute = reader.two(59);
  if (!minute) return std::nullopt;
  Millis time = chrono::hours(*hour) + chrono::minutes(*minute);
  if (!reader.any_of(":")) return time;
  const auto second = reader.two(59);
  if (!second) return std::nullopt;
  time += chrono::seconds(*second);
  if (!reader.any_of(".")) return time;
  constexpr std::array<unsigned, 9> kDigits_ms = {100, 10, 1, 0, 0, 0, 0, 0, 0};
  std::size_t digits = 0;
  for (const unsigned unit_ms : kDigits_ms) {
    const auto digit = reader.number(1);
    if (!digit) break;
    time += Millis(*digit * unit_ms);
    ++digits;
  }
  return digits > 0 ? std::optional(time) : std::nullopt;
}

// Reads the offset, if there is one. False: it is wrong.
bool read_offset(Reader& reader, std::optional<chrono::seconds>& offset) {
  if (reader.any_of("Z")) {
    offset = chrono::seconds(0);
    return true;
  }
  const auto sign = reader.any_of("+- ");
  if (!sign) return true;
  const auto hours = reader.two(14);
  static_cast<void>(reader.any_of(":"));
  const auto minutes = reader.two(59);
  if (!hours || !minutes) return false;
  offset = chrono::hours(*hours) + chrono::minutes(*minutes);
  if (*sign == '-') offset = -*offset;
  return true;
}

}  // namespace

std::string iso_text(std::int64_t at_ms, const TimeZone& zone) {
  if (!has_four_digits(at_ms)) return number_text(at_ms);
  const TimePoint at{Millis(at_ms)};
  const auto offset = zone.offset_at(at);
  const LocalTime local(at.time_since_epoch() + offset);
  if (!has_four_digits(local.time_since_epoch().count())) return number_text(at_ms);
  Writer writer;
  writer.put(local, 'T');
  const auto minutes = static_cast<unsigned>(chrono::abs(offset) / chrono::minutes(1));
  writer.put(offset.count() <= -60 ? '-' : '+');
  writer.put(minutes / 60, 2);
  writer.put(':');
  writer.put(minutes % 60, 2);
  return std::string(writer.text());
}

void append_utc(std::string& out, std::int64_t at_ms, Fraction fraction) {
  if (!has_four_digits(at_ms)) {
    out += number_text(at_ms);
    return;
  }
  const LocalTime utc{Millis(at_ms)};
  Writer writer;
  writer.put(utc, 'T');
  const auto ms = static_cast<unsigned>((utc - chrono::floor<chrono::seconds>(utc)).count());
  if (fraction == Fraction::kAlways || ms != 0) {
    writer.put('.');
    writer.put(ms, 3);
  }
  writer.put('Z');
  out += writer.text();
}

std::string clock_text(TimePoint at, const TimeZone& zone) {
  if (!has_four_digits(unix_ms(at))) return number_text(unix_ms(at));
  const LocalTime local = zone.to_local(at);
  if (!has_four_digits(local.time_since_epoch().count())) return number_text(unix_ms(at));
  Writer writer;
  writer.put(local, ' ');
  return std::string(writer.text());
}

std::optional<IsoTime> parse_iso(std::string_view text) {
  Reader reader(text);
  const auto day = read_date(reader);
  if (!day) return std::nullopt;
  IsoTime parsed{.local = LocalTime(*day), .offset = {}};
  if (reader.any_of("T ")) {
    const auto time = read_time(reader);
    if (!time || !read_offset(reader, parsed.offset)) return std::nullopt;
    parsed.local += *time;
  } else if (reader.any_of("Z")) {
    parsed.offset = chrono::seconds(0);
  }
  if (!reader.at_end()) return std::nullopt;
  return parsed;
}

}  // namespace gridloom::time
