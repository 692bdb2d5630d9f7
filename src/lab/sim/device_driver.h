// The loop around one virtual device, wherever it runs: when it steps, what of its reports and
// replies is published, and how it answers to sets, faults, lost connections and a server that is
// slow to acknowledge.
//
// It has no socket and no clock: time comes with the calls, messages go to a Connection. One thread
// at a time.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/chance.h"
#include "base/clock.h"
#include "base/fault_rule.h"
#include "sim/virtual_device.h"

namespace gridloom::sim {

class DeviceDriver {
 public:
  // Where the device publishes. Called within the driver's functions, and must not call them.
  class Connection {
   public:
    Connection() = default;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    virtual ~Connection() = default;
    // Otherwise messages are discarded.
    [[nodiscard]] virtual bool is_online() const = 0;
    // Otherwise reports are withheld until catch_up(); replies are published.
    [[nodiscard]] virtual bool takes_reports() const = 0;
    virtual void publish(VirtualDevice::Message message) = 0;
    // LastState::unreported is another one from now on: durable on return, because the reply to the
    // set that changed it is published next.
    virtual void keep(const wire::JsonObject& /*unreported*/) {}
  };

  // `last` and `setup` as for VirtualDevice.
  DeviceDriver(VirtualFamilyPtr virtual_family, std::string sn, Chance chance,
               const Environment& environment, Connection& connection,
               const LastState* last = nullptr, const Setup& setup = {});

  // Sets the fault rules in force at `now`, in place of the previous ones. A rule can begin or end
  // to hold at any moment, so call it before each function below while there are rules, and once
  // after the last one was removed; without any it costs nothing.
  void apply_faults(std::span<const FaultRule> rules, TimePoint now);
  // Whether a fault keeps the device off the network: it publishes nothing and gets nothing. Its
  // simulation continues.
  [[nodiscard]] bool cut_off() const { return device_.cut_off(); }

  // Advances the device to the environment's time, and reports what changed.
  void step(const Environment& environment);
  // Advances the device without a report; fields() are not brought up to date.
  void move(const Environment& environment);
  // The connection is up, or the server needs to know everything again.
  void report_everything(const Environment& environment);
  // The connection takes reports again: reports everything if reports were withheld.
  void catch_up(const Environment& environment) {
    if (is_behind()) report_everything(environment);
  }
  [[nodiscard]] bool is_behind() const { return behind_; }
  // Handles a message on the set topic. False: the device is cut off and did not get it.
  bool on_set(std::string_view payload, const Environment& environment);

  // As for VirtualDevice.
  void see_meter(std::optional<double> power_w) { device_.see_meter(power_w); }

  // When the next step is due: the family's period after the last one, or `least` after it if that
  // is longer.
  [[nodiscard]] TimePoint due(Millis least = Millis(0)) const {
    return stepped_ + std::max(least, period_);
  }
  // When the last step was, or was due; the epoch: there was none.
  [[nodiscard]] TimePoint stepped() const { return stepped_; }
  // The next step is due a period after `now`.
  void begin_period(TimePoint now) { stepped_ = now; }
  // From now on steps are due whole periods after `due`, whatever delays them, so that devices that
  // were delayed together spread out again.
  void keep_phase(TimePoint due);

  [[nodiscard]] const VirtualDevice& device() const { return device_; }

 private:
  void advance_to(TimePoint now);
  void publish();

  VirtualDevice device_;
  Connection& connection_;
  Millis period_;
  std::vector<VirtualDevice::Message> said_;
  TimePoint stepped_;
  bool keeps_phase_ = false;
  bool has_rules_ = false;
  bool behind_ = false;  // reports were withheld
};

}  // namespace gridloom::sim
