// Oddities of the vendor's cloud that the mirror met, by kind.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gridloom::bridges::mirror {

enum class Oddity : std::uint8_t {
  kDoubleWrapped,     // a report or an answer inside another one
  kFrozenSnapshot,    // quota/all repeats what reports have said otherwise since
  kNullData,          // quota/all without data
  kImplausibleValue,  // far beyond the range of its field; left out
  kWrongTimestamp,    // of a report, more than five minutes off
  kTextValue,         // a number as text in quota/all
  kForeignReply       // a reply to a set of another client of the vendor's cloud
};
inline constexpr std::array<std::string_view, 7> kOddityNames = {
    "double_wrapped",   "frozen_snapshots", "null_data",      "implausible_values",
    "wrong_timestamps", "text_values",      "foreign_replies"};

class OddityCounts {
 public:
  void add(Oddity oddity, std::uint32_t count = 1) {
    counts_[static_cast<std::size_t>(oddity)] += count;
  }
  [[nodiscard]] std::uint32_t of(Oddity oddity) const {
    return counts_[static_cast<std::size_t>(oddity)];
  }

 private:
  std::array<std::uint32_t, kOddityNames.size()> counts_{};
};

}  // namespace gridloom::bridges::mirror
