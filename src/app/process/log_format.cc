#include "app/process/log_format.h"

#include <pthread.h>
#include <spdlog/pattern_formatter.h>

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "base/slot_thread.h"
#include "time/iso_text.h"

namespace gridloom::app {
namespace {

constexpr char kClock = '*';
constexpr char kSlot = '&';

// Most lines are of the same second as the line before.
class ClockFlag final : public spdlog::custom_flag_formatter {
 public:
  explicit ClockFlag(time::TimeZone zone) : zone_(std::move(zone)) {}

  void format(const spdlog::details::log_msg& message, const std::tm& /*in the process' zone*/,
              spdlog::memory_buf_t& out) override {
    const TimePoint second = std::chrono::floor<std::chrono::seconds>(message.time);
    if (second != second_) {
      text_ = time::clock_text(second, zone_);
      second_ = second;
    }
    out.append(text_.data(), text_.data() + text_.size());
  }
  [[nodiscard]] std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<ClockFlag>(zone_);
  }

 private:
  time::TimeZone zone_;
  TimePoint second_ = TimePoint::min();
  std::string text_;
};

// A thread of a slot's server has the slot's name. Asked anew for each line: a thread has its name
// before its first line, but this object is of all threads.
class SlotFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*in the process' zone*/,
              spdlog::memory_buf_t& out) override {
    std::array<char, 16> name{};
    if (::pthread_getname_np(::pthread_self(), name.data(), name.size()) != 0) return;
    const std::string_view slot(name.data());
    const std::string_view text(message.payload.data(), message.payload.size());
    if (!slot.starts_with(kSlotThread) || text.contains(slot)) return;
    out.append(slot.data(), slot.data() + slot.size());
    constexpr std::string_view kBetween = ": ";
    out.append(kBetween.data(), kBetween.data() + kBetween.size());
  }
  [[nodiscard]] std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<SlotFlag>();
  }
};

}  // namespace

std::unique_ptr<spdlog::formatter> log_formatter(const time::TimeZone& zone, LogName name) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<ClockFlag>(kClock, zone);
  formatter->add_flag<SlotFlag>(kSlot);
  formatter->set_pattern(name == LogName::kShown ? "[%*.%e] [%n] [%^%l%$] %&%v"
                                                 : "[%*.%e] [%^%l%$] %&%v");
  return formatter;
}

}  // namespace gridloom::app
