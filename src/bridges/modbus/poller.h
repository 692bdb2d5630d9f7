// Reads a device over Modbus again and again, on a thread of its own: connects, reads all registers
// of the device file, tries again after a loss with growing pauses, and carries commands out, one
// at a time.
//  A command is carried out once two readings in a row show its effects. A register that repeats
// what was written to it does not count. A heartbeat holds the values of the device: if a command
// has no effect, if the poller ends, or if the device was out of reach for too long, the heartbeat
// ends, and the device is on its own again.
//
// Thread rule: the owner's thread; the listener is called on the poller's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "bridges/modbus/connection.h"
#include "bridges/modbus/protocol.h"
#include "catalog/effects.h"
#include "catalog/family.h"

namespace gridloom::bridges {

// A command, ready to be written.
struct ModbusOrder {
  std::uint64_t number = 0;
  struct Write {
    std::uint16_t first = 0;
    std::vector<std::uint16_t> words;
    double value = 0;
  };
  std::vector<Write> writes;
  std::vector<catalog::FieldEffect> effects{};
  bool holds = false;
};
// kBadParams: a value does not fit its register. `params` are those of catalog::CheckedSet.
[[nodiscard]] Result<ModbusOrder> order_of(const catalog::Modbus& modbus,
                                           const catalog::ModbusAction& action,
                                           const catalog::Command& command,
                                           const wire::JsonObject& params);

// By the order of Modbus::readings: values as a field has them on the wire. Nothing: the register
// holds no number, or the device does not have it.
using ModbusValues = std::vector<std::optional<double>>;

class ModbusPoller {
 public:
  class Listener {
   public:
    Listener() = default;
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    virtual ~Listener() = default;
    virtual void on_readings(const ModbusValues& values) = 0;
    // The device is out of reach, or what it says is no Modbus; it is tried again.
    virtual void on_lost(const std::string& why) = 0;
    // The end of a command: what the effects' fields say now, or why it was not carried out.
    virtual void on_outcome(std::uint64_t number, Result<ModbusValues> shown) = 0;
    // The device is on its own again, though nobody asked for it.
    virtual void on_released(const std::string& why) = 0;
  };

  struct Options {
    const catalog::Modbus& modbus;
    std::string host_port;
    std::uint8_t unit = 1;
    Millis every{2000};
    Millis patience{3000};     // for an answer
    Millis first_pause{1000};  // after a loss; it doubles up to
    Millis longest_pause{30'000};
    Millis quick{500};  // between readings while a command is to be seen
  };
  // `listener` outlives the poller.
  ModbusPoller(Options options, Listener& listener);
  ModbusPoller(const ModbusPoller&) = delete;
  ModbusPoller& operator=(const ModbusPoller&) = delete;
  ~ModbusPoller();

  // False: another command has not ended yet, and this one is not carried out.
  [[nodiscard]] bool post(ModbusOrder order);

 private:
  using Moment = std::chrono::steady_clock::time_point;
  // A command that was written and is to be seen.
  struct Watched {
    ModbusOrder order;
    Moment until;
    int times_seen = 0;
  };
  void run(const std::stop_token& stop);
  // Until something is to be done.
  void rest(Moment until);
  void pause(const std::stop_token& stop);
  void lose(const std::string& why);
  void refuse_order(const std::string& why);
  // Each returns false if the device is out of reach, after a call of lose().
  bool read_all();
  bool write_next();
  bool beat(Moment now);
  bool give_up_on(const Error& error, std::string_view during);
  [[nodiscard]] std::optional<ModbusOrder> take_order();
  void judge(const ModbusValues& values);
  void end(std::uint64_t number, Result<ModbusValues> shown);
  [[nodiscard]] const std::optional<double>& value_of(const ModbusValues& values,
                                                      std::string_view field) const;
  [[nodiscard]] std::string why_not(const ModbusOrder& order, const ModbusValues& values) const;

  const Options options_;
  Listener& listener_;
  const std::vector<RegisterBlock> blocks_;
  ModbusWake stop_;
  ModbusWake news_;
  std::mutex mutex_;  // guards the next two
  std::optional<ModbusOrder> order_;
  bool is_busy_ = false;  // a command waits, or is to be seen

  // Used on the poller's thread.
  ModbusConnection connection_;
  Millis pause_;
  std::optional<Watched> watched_;
  bool holds_ = false;
  std::optional<Moment> beat_at_;  // the last heartbeat
  std::jthread thread_;
};

}  // namespace gridloom::bridges
