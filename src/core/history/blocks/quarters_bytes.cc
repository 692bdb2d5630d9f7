// Encoding of 15-minute rollups as bytes. Devices report decimals, so their statistics are written
// as integers in units of the field's last decimal place, each as the difference from a prediction
// made from the others: for a value that did not change these are zeros. The result is compressed.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "history/blocks/column.h"
#include "history/blocks/compressed_buffer.h"
#include "history/blocks/hours.h"
#include "history/blocks/rollup.h"

namespace gridloom::history {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kHead_bytes = 2;  // version, packing
constexpr std::uint64_t kMaxFields = 1'000'000;
constexpr std::uint64_t kMaxCount = std::uint64_t{1} << 32U;
constexpr std::int64_t kMaxExact = std::int64_t{1} << 53U;
constexpr std::uint8_t kMaxScale = 9;
// Rounding error of adding up as many doubles as an hour has, relative to the largest possible sum:
// a sum that differs from a sum of decimals by at most this much is taken for that sum.
constexpr double kRounding = 1e-12;

// Bits of a field's form byte.
constexpr std::uint8_t kScale = 0x0F;
constexpr std::uint8_t kLoose = 0x0F;  // as a scale: doubles
constexpr std::uint8_t kNumbers = 0x10;
constexpr std::uint8_t kTexts = 0x20;

double power_of_ten(std::uint8_t scale) {
  constexpr std::array<double, kMaxScale + 1> kPowersOfTen = {1,   1e1, 1e2, 1e3, 1e4,
                                                              1e5, 1e6, 1e7, 1e8, 1e9};
  return kPowersOfTen[scale];
}
double value_of_digits(std::int64_t digits, std::uint8_t scale) {
  return static_cast<double>(digits) / power_of_ten(scale);
}

// The value as a rounded integer of the given scale; nothing: too large to be exact.
std::optional<std::int64_t> digits_of(double value, std::uint8_t scale) {
  const double scaled = std::round(value * power_of_ten(scale));
  if (!(std::abs(scaled) < static_cast<double>(kMaxExact))) return std::nullopt;
  return static_cast<std::int64_t>(scaled);
}

// A field's numbers as integers of one scale.
struct Digits {
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::int64_t sum = 0;
  std::int64_t last = 0;
  std::int64_t integral = 0;
};

using OfField = std::array<RollupField, kQuarters>;

std::optional<std::array<Digits, kQuarters>> digits_of(const OfField& quarters,
                                                       std::uint8_t scale) {
  std::array<Digits, kQuarters> all;
  for (std::size_t i = 0; i < kQuarters; ++i) {
    const RollupField& from = quarters[i];
    bool fits = true;
    // `loss`: the largest permitted difference.
    const auto put = [&](double value, std::int64_t& to, double loss) {
      const auto digits = digits_of(value, scale);
      fits = fits && digits && std::abs(value_of_digits(*digits, scale) - value) <= loss;
      to = digits.value_or(0);
    };
    const double largest = std::max(std::abs(from.min), std::abs(from.max));
    const double weight =
        from.count == 0 ? std::abs(from.integral) : largest * static_cast<double>(from.held_ms);
    if (from.count != 0) {
      for (const auto& [value, to] :
           {std::pair{from.min, &all[i].min}, std::pair{from.max, &all[i].max},
            std::pair{from.last, &all[i].last}}) {
        put(value, *to, 0);
      }
      put(from.sum, all[i].sum, kRounding * largest * static_cast<double>(from.count));
    }
    put(from.integral, all[i].integral, kRounding * weight);
    if (!fits) return std::nullopt;
  }
  return all;
}

struct Exact {
  std::uint8_t scale = kLoose;
  std::array<Digits, kQuarters> digits{};
};
Exact exact_of(const OfField& quarters) {
  for (std::uint8_t scale = 0; scale <= kMaxScale; ++scale) {
    if (const auto digits = digits_of(quarters, scale)) return {.scale = scale, .digits = *digits};
  }
  return {};
}

// Predictions from the other numbers. Wide does not overflow even for damaged bytes: counts and
// times are bounded when they are read.
std::int64_t expected_sum(std::uint64_t count, const Digits& digits) {
  return static_cast<std::int64_t>(static_cast<Wide>(count) *
                                   ((Wide{digits.min} + Wide{digits.max}) / 2));
}
// `before`: the field's value at the beginning of the quarter.
std::int64_t expected_integral(const RollupField& of, const Digits& digits, std::int64_t before) {
  if (of.count == 0) return static_cast<std::int64_t>(Wide{before} * of.held_ms);
  return static_cast<std::int64_t>(Wide{digits.sum} * of.held_ms / static_cast<Wide>(of.count));
}

void append_exact(std::string& out, const OfField& quarters, const Exact& exact) {
  std::int64_t before = 0;
  for (std::size_t i = 0; i < kQuarters; ++i) {
    const Digits& digits = exact.digits[i];
    if (quarters[i].count != 0) {
      append_signed(out, wrapping_difference(digits.last, before));
      append_signed(out, wrapping_difference(digits.last, digits.min));
      append_signed(out, wrapping_difference(digits.max, digits.last));
      append_signed(out, wrapping_difference(digits.sum, expected_sum(quarters[i].count, digits)));
    }
    if (quarters[i].held_ms != 0) {
      append_signed(out, wrapping_difference(digits.integral,
                                             expected_integral(quarters[i], digits, before)));
    }
    if (quarters[i].count != 0) before = digits.last;
  }
}

void append_loose(std::string& out, const OfField& quarters) {
  for (const RollupField& quarter : quarters) {
    if (quarter.count != 0) {
      for (const double value : {quarter.min, quarter.max, quarter.sum, quarter.last}) {
        append_fixed64(out, std::bit_cast<std::uint64_t>(value));
      }
    }
    if (quarter.held_ms != 0) append_fixed64(out, std::bit_cast<std::uint64_t>(quarter.integral));
  }
}

void append_texts(std::string& out, const OfField& quarters) {
  std::string_view before;
  for (const RollupField& quarter : quarters) {
    append_varint(out, quarter.texts);
    if (quarter.texts == 0) continue;
    const bool same = quarter.last_text == before;
    append_varint(out, same ? 0 : quarter.last_text.size() + 1);
    if (!same) out += quarter.last_text;
    before = quarter.last_text;
  }
}

std::map<FieldId, OfField> by_field(const HourOfRollups& quarters) {
  std::map<FieldId, OfField> fields;
  for (std::size_t i = 0; i < kQuarters; ++i) {
    for (const RollupField& field : quarters[i].fields) fields[field.field][i] = field;
  }
  return fields;
}

bool has_numbers(const RollupField& of) { return of.count != 0 || of.held_ms != 0; }
bool has_texts(const RollupField& of) { return of.texts != 0; }

// --- reading ---

struct Form {
  FieldId field = 0;
  std::uint8_t bits = 0;
  OfField quarters{};

  [[nodiscard]] bool has(std::uint8_t bit) const { return (bits & bit) != 0; }
};

double read_double(Cursor& from) { return std::bit_cast<double>(from.fixed64()); }

void read_loose(Cursor& from, OfField& quarters) {
  for (RollupField& quarter : quarters) {
    if (quarter.count != 0) {
      for (double* value : {&quarter.min, &quarter.max, &quarter.sum, &quarter.last}) {
        *value = read_double(from);
      }
    }
    if (quarter.held_ms != 0) quarter.integral = read_double(from);
  }
}

void read_exact(Cursor& from, OfField& quarters, std::uint8_t scale) {
  std::int64_t before = 0;
  for (RollupField& quarter : quarters) {
    Digits digits;
    if (quarter.count != 0) {
      digits.last = wrapping_sum(before, from.signed_varint());
      digits.min = wrapping_difference(digits.last, from.signed_varint());
      digits.max = wrapping_sum(digits.last, from.signed_varint());
      digits.sum = wrapping_sum(expected_sum(quarter.count, digits), from.signed_varint());
      quarter.min = value_of_digits(digits.min, scale);
      quarter.max = value_of_digits(digits.max, scale);
      quarter.sum = value_of_digits(digits.sum, scale);
      quarter.last = value_of_digits(digits.last, scale);
    }
    if (quarter.held_ms != 0) {
      digits.integral =
          wrapping_sum(expected_integral(quarter, digits, before), from.signed_varint());
      quarter.integral = value_of_digits(digits.integral, scale);
    }
    if (quarter.count != 0) before = digits.last;
  }
}

void read_texts(Cursor& from, OfField& quarters) {
  std::string_view before;
  for (RollupField& quarter : quarters) {
    quarter.texts = from.varint();
    if (quarter.texts == 0) continue;
    if (const std::uint64_t size = from.varint(); size != 0) before = from.bytes(size - 1);
    quarter.last_text = before;
  }
}

std::uint64_t bounded(Cursor& from, std::uint64_t most) {
  const std::uint64_t value = from.varint();
  if (value > most) from.fail();
  return value > most ? 0 : value;
}

std::vector<Form> read_forms(Cursor& from) {
  const std::uint64_t most = std::min(kMaxFields, std::uint64_t{from.rest().size()});
  std::vector<Form> forms(bounded(from, most));
  std::uint64_t field = 0;
  for (Form& form : forms) {
    const std::uint64_t step = bounded(from, std::numeric_limits<FieldId>::max() - field);
    if (step == 0 && &form != forms.data()) from.fail();  // each field only once
    field += step;
    form.field = static_cast<FieldId>(field);
  }
  for (Form& form : forms) {
    const std::string_view byte = from.bytes(1);
    form.bits = byte.empty() ? 0 : static_cast<std::uint8_t>(byte.front());
    const std::uint8_t scale = form.bits & kScale;
    if (scale > kMaxScale && scale != kLoose) from.fail();
  }
  return forms;
}

void read_fields(Cursor& from, std::vector<Form>& forms) {
  for (Form& form : forms) {
    if (!form.has(kNumbers)) continue;
    for (RollupField& quarter : form.quarters) quarter.count = bounded(from, kMaxCount);
  }
  for (Form& form : forms) {
    if (!form.has(kNumbers)) continue;
    for (RollupField& quarter : form.quarters) {
      quarter.held_ms = static_cast<std::int64_t>(bounded(from, kMaxCount));
    }
  }
  for (Form& form : forms) {
    if (!form.has(kNumbers)) continue;
    const std::uint8_t scale = form.bits & kScale;
    if (scale == kLoose) {
      read_loose(from, form.quarters);
    } else {
      read_exact(from, form.quarters, scale);
    }
  }
  for (Form& form : forms) {
    if (form.has(kTexts)) read_texts(from, form.quarters);
  }
}

}  // namespace

std::string write_rollups(const HourOfRollups& quarters) {
  const std::map<FieldId, OfField> fields = by_field(quarters);
  std::map<FieldId, Exact> numbers;
  for (const auto& [field, of] : fields) {
    if (std::ranges::any_of(of, has_numbers)) numbers.emplace(field, exact_of(of));
  }
  std::string out;
  append_varint(out, fields.size());
  FieldId before = 0;
  for (const auto& [field, of] : fields) append_varint(out, field - std::exchange(before, field));
  for (const auto& [field, of] : fields) {
    const auto found = numbers.find(field);
    std::uint8_t form = std::ranges::any_of(of, has_texts) ? kTexts : 0;
    if (found != numbers.end()) form |= kNumbers | found->second.scale;
    out += static_cast<char>(form);
  }
  for (const auto& [field, exact] : numbers) {
    for (const RollupField& quarter : fields.at(field)) append_varint(out, quarter.count);
  }
  for (const auto& [field, exact] : numbers) {
    for (const RollupField& quarter : fields.at(field)) {
      append_varint(out, static_cast<std::uint64_t>(quarter.held_ms));
    }
  }
  for (const auto& [field, exact] : numbers) {
    if (exact.scale == kLoose) {
      append_loose(out, fields.at(field));
    } else {
      append_exact(out, fields.at(field), exact);
    }
  }
  for (const auto& [field, of] : fields) {
    if (std::ranges::any_of(of, has_texts)) append_texts(out, of);
  }
  std::string bytes{kVersion, '\0'};
  bytes[1] = static_cast<char>(append_packed(bytes, out));
  return bytes;
}

Result<HourOfRollups> read_rollups(std::int64_t hour, std::string_view bytes) {
  const auto damaged = [] { return fail(ErrorCode::kMalformed, "quarters that are damaged"); };
  if (bytes.size() < kHead_bytes) return damaged();
  if (bytes[0] != kVersion) {
    return fail(ErrorCode::kMalformed, fmt::format("quarters of version {}; this version of "
                                                   "Gridloom reads {}",
                                                   static_cast<int>(bytes[0]), int{kVersion}));
  }
  if (bytes[1] != 0 && bytes[1] != 1) return damaged();
  std::string scratch;
  const auto piece = unpacked(bytes.substr(kHead_bytes), static_cast<Packing>(bytes[1]), scratch);
  if (!piece) return damaged();
  Cursor cursor(*piece);
  std::vector<Form> forms = read_forms(cursor);
  read_fields(cursor, forms);
  if (cursor.failed() || !cursor.at_end()) return damaged();
  HourOfRollups quarters;
  for (std::size_t i = 0; i < kQuarters; ++i) {
    quarters[i].begin_ms = hour * kHour_ms + static_cast<std::int64_t>(i) * kQuarter_ms;
    for (Form& form : forms) {
      RollupField& of = form.quarters[i];
      if (!has_numbers(of) && !has_texts(of)) continue;
      of.field = form.field;
      quarters[i].fields.push_back(std::move(of));
    }
  }
  return quarters;
}

}  // namespace gridloom::history
