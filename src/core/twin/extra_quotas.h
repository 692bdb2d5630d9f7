// The quotas that a device reports and its family does not declare, in the order of their first
// values. An index is never reused for another quota.
//
// Thread rule: as for a Twin, which has them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/string_map.h"

namespace gridloom::twin {

// The part of `sorted` whose names begin with `head`.
template <typename Sorted, typename NameOf>
auto names_beginning_with(const Sorted& sorted, std::string_view head, NameOf name_of) {
  const auto first = std::ranges::lower_bound(sorted, head, {}, name_of);
  const auto last = std::find_if_not(first, sorted.end(), [&](auto slot) {
    return std::string_view(name_of(slot)).starts_with(head);
  });
  return std::ranges::subrange(first, last);
}

// Limits on the data one device can make the platform keep, beyond the fields its family declares.
struct TwinLimits {
  std::size_t extra_quotas = 2048;
  std::size_t extra_bytes = std::size_t{512} * 1024;
};

class ExtraQuotas {
 public:
  struct Quota {
    std::string name;
    std::string text;
  };
  [[nodiscard]] std::size_t size() const { return quotas_.size(); }
  [[nodiscard]] const Quota& at(std::size_t index) const { return quotas_[index]; }
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
  // Whether the quota of the index is there and its name is `prefix` and `name`.
  [[nodiscard]] bool is_at(std::size_t index, std::string_view prefix, std::string_view name) const;

  enum class PutOutcome : std::uint8_t { kSame, kChanged, kRefused };  // refused: beyond the limits
  PutOutcome set(std::size_t index, std::string_view text, const TwinLimits& limits);
  // Adds a quota whose name has none yet.
  PutOutcome add(std::string_view name, std::string_view text, const TwinLimits& limits);

  // The indexes of the quotas whose names begin with `head`, sorted by name, as sort() found them.
  [[nodiscard]] std::span<const std::size_t> beginning_with(std::string_view head) const;
  void sort();

  [[nodiscard]] std::size_t kept_bytes() const;

 private:
  std::vector<Quota> quotas_;
  StringMap<std::size_t> index_;
  std::size_t bytes_ = 0;  // of all names and texts
  std::vector<std::size_t> by_name_;
};

}  // namespace gridloom::twin
