#include "sim/device_driver.h"

#include <utility>

namespace gridloom::sim {

DeviceDriver::DeviceDriver(VirtualFamilyPtr virtual_family, std::string sn, Chance chance,
                           const Environment& environment, Connection& connection,
                           const LastState* last, const Setup& setup)
    : device_(std::move(virtual_family), std::move(sn), chance, environment, last, setup),
      connection_(connection),
      period_(device_.family().messages.change_ms) {}

void DeviceDriver::apply_faults(std::span<const FaultRule> rules, TimePoint now) {
  if (!std::exchange(has_rules_, !rules.empty()) && rules.empty()) return;
  device_.apply_faults(rules, now);
}

void DeviceDriver::step(const Environment& environment) {
  advance_to(environment.now);
  device_.step(environment, said_);
  publish();
}

void DeviceDriver::move(const Environment& environment) {
  advance_to(environment.now);
  device_.move(environment);
}

void DeviceDriver::report_everything(const Environment& environment) {
  behind_ = false;
  device_.connected(environment, said_);
  publish();
}

bool DeviceDriver::on_set(std::string_view payload, const Environment& environment) {
  if (cut_off()) return false;
  device_.on_set(payload, environment, said_);
  publish();
  return true;
}

void DeviceDriver::keep_phase(TimePoint due) {
  stepped_ = due;
  keeps_phase_ = true;
}

void DeviceDriver::advance_to(TimePoint now) {
  stepped_ = keeps_phase_ ? now - (now - stepped_) % period_ : now;
}

void DeviceDriver::publish() {
  if (const auto unreported = device_.take_unreported()) connection_.keep(*unreported);
  for (VirtualDevice::Message& message : said_) {
    if (cut_off() || !connection_.is_online()) break;
    if (message.verb == "quota" && !connection_.takes_reports()) {
      behind_ = true;
    } else {
      connection_.publish(std::move(message));
    }
  }
  said_.clear();
}

}  // namespace gridloom::sim
