#include "history/blocks/column.h"

#include <algorithm>
#include <array>
#include <bit>
#include <unordered_map>

#include "base/bytes.h"

namespace gridloom::history {
namespace {

constexpr std::array<std::int64_t, Decimal::kMaxScale + 1> kPowers = [] {
  std::array<std::int64_t, Decimal::kMaxScale + 1> powers{1};
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

// Appends varints to a string for which the maximum size is known beforehand.
class Varints {
 public:
  Varints(std::string& out, std::size_t most) : out_(out), begin_(out.size()) {
    out_.resize(begin_ + most * kLongestVarint);
    end_ = out_.data() + begin_;
  }
  void put(std::uint64_t value) { end_ = put_varint(end_, value); }
  void put_byte(std::uint8_t value) { *end_++ = static_cast<char>(value); }
  void done() { out_.resize(static_cast<std::size_t>(end_ - out_.data())); }

 private:
  std::string& out_;
  std::size_t begin_;
  char* end_ = nullptr;
};

bool read_bits(std::string_view bytes, std::size_t count, std::size_t all_rows,
               std::vector<std::uint32_t>& rows) {
  if (bytes.size() != (all_rows + 7) / 8) return false;
  rows.reserve(count);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    unsigned bits = static_cast<std::uint8_t>(bytes[i]);
    for (; bits != 0; bits &= bits - 1) {
      rows.push_back(static_cast<std::uint32_t>(i * 8) +
                     static_cast<std::uint32_t>(std::countr_zero(bits)));
    }
  }
  return rows.size() == count && rows.back() < all_rows;
}

}  // namespace

PresenceForm append_presence(std::string& out, std::span<const std::uint32_t> rows,
                             std::size_t all_rows) {
  const std::size_t begin = out.size();
  const std::size_t bits_size = (all_rows + 7) / 8;
  if (rows.size() < bits_size) {
    Varints gaps(out, rows.size());
    std::uint32_t last = 0;
    for (const std::uint32_t row : rows) {
      gaps.put(row - last);
      last = row;
    }
    gaps.done();
    if (out.size() - begin < bits_size) return PresenceForm::kGaps;
  }
  out.resize(begin);
  out.resize(begin + bits_size);
  for (const std::uint32_t row : rows) {
    char& byte = out[begin + row / 8];
    byte = static_cast<char>(static_cast<std::uint8_t>(byte) | (1U << (row % 8)));
  }
  return PresenceForm::kBits;
}

bool read_presence(std::string_view bytes, PresenceForm form, std::size_t count,
                   std::size_t all_rows, std::vector<std::uint32_t>& rows) {
  rows.clear();
  if (count == 0 || count > all_rows) return false;
  if (form == PresenceForm::kBits) return read_bits(bytes, count, all_rows, rows);
  if (bytes.size() < count) return false;
  rows.reserve(count);
  Cursor gaps(bytes);
  std::uint64_t row = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t gap = gaps.varint();
    if (gap >= all_rows - row || (gap == 0 && i > 0)) return false;
    row += gap;
    rows.push_back(static_cast<std::uint32_t>(row));
  }
  return !gaps.failed() && gaps.at_end();
}

void append_times(std::string& out, std::span<const std::int64_t> times) {
  Varints varints(out, times.size());
  std::int64_t last_gap = 0;
  for (std::size_t i = 1; i < times.size(); ++i) {
    const std::int64_t gap = wrapping_difference(times[i], times[i - 1]);
    varints.put(zigzag(wrapping_difference(gap, last_gap)));
    last_gap = gap;
  }
  varints.done();
}

bool read_times(std::string_view bytes, std::int64_t first_at_ms, std::size_t count,
                std::vector<std::int64_t>& times) {
  times.clear();
  if (count == 0 || bytes.size() < count - 1) return false;
  times.reserve(count);
  times.push_back(first_at_ms);
  Cursor cursor(bytes);
  std::int64_t gap = 0;
  for (std::size_t i = 1; i < count; ++i) {
    gap = wrapping_sum(gap, cursor.signed_varint());
    const std::int64_t at_ms = wrapping_sum(times.back(), gap);
    if (at_ms < times.back()) return false;
    times.push_back(at_ms);
  }
  return !cursor.failed() && cursor.at_end();
}

void find_scale(Numbers& numbers) {
  const auto [least, most] = std::ranges::minmax(numbers.scales);
  numbers.scale = most;
  if (least != most) {
    for (std::size_t i = 0; i < numbers.digits.size(); ++i) {
      std::int64_t unused = 0;
      if (__builtin_mul_overflow(numbers.digits[i], kPowers.at(most - numbers.scales[i]),
                                 &unused)) {
        numbers.scale = Numbers::kLoose;
        return;
      }
    }
    for (std::size_t i = 0; i < numbers.digits.size(); ++i) {
      numbers.digits[i] *= kPowers.at(most - numbers.scales[i]);
    }
  }
  numbers.scales.clear();
}

void append_numbers(std::string& out, const Numbers& numbers, std::int64_t base) {
  Varints varints(out, numbers.digits.size() + numbers.scales.size());
  for (const std::uint8_t scale : numbers.scales) varints.put_byte(scale);
  std::int64_t last = numbers.loose() ? 0 : base;
  for (const std::int64_t digits : numbers.digits) {
    varints.put(zigzag(wrapping_difference(digits, last)));
    if (!numbers.loose()) last = digits;
  }
  varints.done();
}

bool read_numbers(std::string_view bytes, std::int64_t base, std::size_t count, Numbers& numbers) {
  numbers.digits.clear();
  numbers.scales.clear();
  Cursor cursor(bytes);
  if (numbers.loose()) {
    for (const char scale : cursor.bytes(count)) {
      if (static_cast<std::uint8_t>(scale) > Decimal::kMaxScale) return false;
      numbers.scales.push_back(static_cast<std::uint8_t>(scale));
    }
  }
  if (cursor.rest().size() < count) return false;
  numbers.digits.resize(count);
  std::int64_t last = numbers.loose() ? 0 : base;
  for (std::int64_t& digits : numbers.digits) {
    digits = wrapping_sum(last, cursor.signed_varint());
    if (!numbers.loose()) last = digits;
  }
  return !cursor.failed() && cursor.at_end();
}

// Index 0 is the next text of the dictionary that was not used yet; k + 1 is text k. So a column of
// texts that never repeat costs one byte per text.
void append_texts(std::string& out, std::span<const std::string_view> texts) {
  std::unordered_map<std::string_view, std::uint32_t> known;
  std::string dictionary;
  std::string indexes;
  for (const std::string_view text : texts) {
    const auto [found, is_new] = known.try_emplace(text, static_cast<std::uint32_t>(known.size()));
    append_varint(indexes, is_new ? 0 : std::uint64_t{found->second} + 1);
    if (is_new) append_text(dictionary, text);
  }
  append_varint(out, known.size());
  out += dictionary;
  if (known.size() > 1) out += indexes;
}

bool read_texts(std::string_view bytes, std::size_t count, Texts& texts) {
  texts.dictionary.clear();
  texts.indexes.clear();
  Cursor cursor(bytes);
  const std::uint64_t different = cursor.varint();
  if (different == 0 || different > cursor.rest().size()) return false;
  for (std::uint64_t i = 0; i < different; ++i) texts.dictionary.push_back(cursor.text());
  if (different == 1) {
    texts.indexes.assign(count, 0);
    return !cursor.failed() && cursor.at_end();
  }
  if (cursor.rest().size() < count) return false;
  texts.indexes.reserve(count);
  std::uint32_t named = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t index = cursor.varint();
    if (index > named || (index == 0 && named == different)) return false;
    texts.indexes.push_back(index == 0 ? named++ : static_cast<std::uint32_t>(index - 1));
  }
  return !cursor.failed() && cursor.at_end();
}

}  // namespace gridloom::history
