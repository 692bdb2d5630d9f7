// For which time the energies of a device are known: while it reports, and for a flow that it
// counts itself, between samples of the counter. The energies of any other time are not 0: nothing
// is known of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>

#include "history/blocks/block.h"
#include "history/energy/energy_flow.h"

namespace gridloom::history {

// [from_ms, to_ms)
struct KnownSpan {
  std::optional<EnergyFlow> flow{};  // nothing: all flows
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
  friend bool operator==(const KnownSpan&, const KnownSpan&) = default;
};

// How long each flow is known within a bucket of time, in milliseconds.
struct KnownTime {
  std::array<std::int64_t, kEnergyFlows> ms{};

  [[nodiscard]] std::int64_t of(EnergyFlow flow) const {
    return ms.at(static_cast<std::size_t>(flow));
  }
  KnownTime& operator+=(const KnownTime& other) {
    for (std::size_t i = 0; i < ms.size(); ++i) ms.at(i) += other.ms.at(i);
    return *this;
  }
  // Adds the part of the span that is within the bucket [from_ms, to_ms).
  void add(const KnownSpan& span, std::int64_t from_ms, std::int64_t to_ms) {
    const std::int64_t shared = std::min(to_ms, span.to_ms) - std::max(from_ms, span.from_ms);
    if (shared <= 0) return;
    const auto add_to = [&](std::int64_t& known) {
      known = std::min(known + shared, to_ms - from_ms);
    };
    if (span.flow) return add_to(ms.at(static_cast<std::size_t>(*span.flow)));
    std::ranges::for_each(ms, add_to);
  }
};

// How much of the bucket [from_ms, to_ms) is past for a device that is known until `until_ms`: its
// next report is awaited for kLongestGap_ms, and tells what happened since.
[[nodiscard]] constexpr std::int64_t past_ms(std::int64_t from_ms, std::int64_t to_ms,
                                             std::int64_t until_ms, std::int64_t now_ms) {
  const bool is_awaited =
      until_ms > from_ms && until_ms <= now_ms && now_ms - until_ms <= kLongestGap_ms;
  return std::max<std::int64_t>(std::min(to_ms, is_awaited ? until_ms : now_ms) - from_ms, 0);
}

}  // namespace gridloom::history
