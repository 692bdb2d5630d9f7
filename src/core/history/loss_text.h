// The text of `gridloom damage` about a loss: whose reports are missing, and of which time.
#pragma once

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "history/archive.h"
#include "journal/loss_note.h"

namespace gridloom::history {

// "DEV-1 and DEV-2 lack 2026-11-29T03:43:10Z to 2026-11-29T03:58:00Z: WHY", "DEV-1 lacks all before
// 2026-11-29T03:58:00Z: WHY" if no report is left before the loss, or only why if nobody is known
// to lack anything. If there are many devices, it names the first.
[[nodiscard]] inline std::string text_of_loss(std::string_view why,
                                              const journal::LostReports& reports,
                                              const SerialOf& serial_of) {
  constexpr std::size_t kNamed = 20;
  if (reports.devices.empty()) return std::string(why);
  const auto time = [](std::int64_t at_ms) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                       std::chrono::floor<std::chrono::seconds>(TimePoint(Millis(at_ms))));
  };
  std::string who;
  std::size_t count = 0;
  const std::size_t all = reports.devices.size();
  for (const DeviceNumber device : reports.devices) {
    if (count == kNamed) {
      who += fmt::format(" and {} more", all - kNamed);
      break;
    }
    if (count > 0) who += count + 1 == all ? " and " : ", ";
    const std::string serial = serial_of ? serial_of(device) : std::string();
    who += serial.empty() ? fmt::format("device {}", device) : serial;
    ++count;
  }
  return fmt::format("{} {} {} {}: {}", who, all == 1 ? "lacks" : "lack",
                     reports.from_ms == 0 ? "all before" : time(reports.from_ms) + " to",
                     time(reports.to_ms), why);
}

}  // namespace gridloom::history
