#include "app/process/log_format.h"

#include <spdlog/pattern_formatter.h>

#include <chrono>
#include <string>
#include <utility>

#include "time/iso_text.h"

namespace gridloom::app {
namespace {

constexpr char kClock = '*';

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

}  // namespace

std::unique_ptr<spdlog::formatter> log_formatter(const time::TimeZone& zone, LogName name) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<ClockFlag>(kClock, zone);
  formatter->set_pattern(name == LogName::kShown ? "[%*.%e] [%n] [%^%l%$] %v"
                                                 : "[%*.%e] [%^%l%$] %v");
  return formatter;
}

}  // namespace gridloom::app
