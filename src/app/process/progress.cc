#include "app/process/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>

#include "base/clock.h"
#include "time/grammar.h"

namespace gridloom::app {
namespace {

constexpr std::size_t kBarWidth = 24;
constexpr std::chrono::seconds kQuiet{1};
constexpr std::chrono::milliseconds kBetween{200};
// With less, the rate says nothing yet.
constexpr double kMinShare = 0.01;

}  // namespace

Progress::Progress() : Progress(::isatty(STDERR_FILENO) == 1, Steady::now()) {}

Progress::Progress(bool is_terminal, Steady::time_point begun)
    : is_terminal_(is_terminal), begun_(begun), shown_(begun) {}

Progress::~Progress() { end(); }

bool Progress::is_due() const {
  if (!is_terminal_) return false;
  const Steady::time_point now = Steady::now();
  return now - begun_ >= kQuiet && now - shown_ >= kBetween;
}

void Progress::show(std::optional<double> share, std::string_view text) {
  if (!is_due()) return;
  const Steady::time_point now = Steady::now();
  shown_ = now;
  is_shown_ = true;
  fmt::print(stderr, "\r{}\x1b[K", line(share, text, now - begun_));
  std::fflush(stderr);
}

void Progress::end() {
  if (!is_shown_) return;
  is_shown_ = false;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
}

std::string Progress::bar(std::optional<double> share) {
  if (!share) return {};
  const auto full = static_cast<std::size_t>(std::clamp(*share, 0.0, 1.0) * kBarWidth);
  return fmt::format("[{}{}]", std::string(full, '='), std::string(kBarWidth - full, ' '));
}

std::string Progress::line(std::optional<double> share, std::string_view text,
                           Steady::duration elapsed) {
  if (!share) {
    return fmt::format("{}  {}", text,
                       time::rounded_span_text(std::chrono::duration_cast<Millis>(elapsed)));
  }
  const double part = std::clamp(*share, 0.0, 1.0);
  std::string made = fmt::format("{} {:3.0f} %  {}", bar(part), part * 100, text);
  if (part >= kMinShare) {
    const double elapsed_ms = std::chrono::duration<double, std::milli>(elapsed).count();
    const Millis left(static_cast<std::int64_t>(elapsed_ms * (1 - part) / part));
    made += fmt::format("  {} left", time::rounded_span_text(left));
  }
  return made;
}

std::string bytes_text(std::uint64_t bytes) {
  static constexpr std::array<std::string_view, 4> kUnits = {"kB", "MB", "GB", "TB"};
  if (bytes < 1000) return fmt::format("{} B", bytes);
  double shown = static_cast<double>(bytes) / 1000;
  std::size_t unit = 0;
  while (shown >= 999.95 && unit + 1 < kUnits.size()) {
    shown /= 1000;
    ++unit;
  }
  return fmt::format("{:.1f} {}", shown, kUnits.at(unit));
}

}  // namespace gridloom::app
