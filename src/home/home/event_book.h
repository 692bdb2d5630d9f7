// Decides which changes become events of a device: its faults and since when it has them, its
// presence and its sets, and how many in an hour. Without loops, threads and journals.
//
// A device that flaps must not fill the disk: of each kind (faults, presence, sets) a device has so
// many events an hour, and all devices of an account together so many. At the end of the hour one
// event says how many were left out, and the faults whose last change was left out are written as
// they are then.
//
// Thread rule: one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/string_map.h"
#include "hub/feed/change_feed.h"
#include "journal/device_event.h"

namespace gridloom::home {

// By the name of the quota: since when its value says an error.
using FaultTimes = std::map<std::string, TimePoint, std::less<>>;

class EventBook {
 public:
  struct Limits {
    std::uint64_t device_an_hour = 60;     // events of a device, of each kind
    std::uint64_t account_an_hour = 6000;  // events of all devices of an account
  };
  EventBook() = default;
  explicit EventBook(Limits limits) : limits_(limits) {}

  struct Device {
    std::string_view sn;
    DeviceNumber number = 0;
    AccountId owner{};
  };
  // The fault of the event was open when the server ended. Before anything else.
  void restore(std::string_view sn, const journal::DeviceEvent& began);
  void take(const Device& device, const hub::DeviceChanges& changes, TimePoint now);
  void remove(std::string_view sn);
  // Removes the devices of which `is_gone` is true.
  void remove_if(const std::function<bool(std::string_view sn)>& is_gone);
  // Begins a new hour, if it has come.
  void tick(TimePoint now);

  // The events since the last call.
  [[nodiscard]] std::vector<journal::DeviceEvent> take_events();
  // The faults that the device has now.
  [[nodiscard]] FaultTimes active(std::string_view sn) const;

 private:
  enum class Group : std::uint8_t { kFaults, kPresence, kSets };
  static constexpr std::size_t kGroups = 3;
  struct FaultRecord {
    TimePoint since{};
    TimePoint ended{};  // the last time
    bool is_active = true;
    std::string text{};  // the value when it began
    // The begin that the log has without an end. The fault may have ended, and begun again, since.
    std::optional<TimePoint> open_since{};
  };
  struct Known {
    DeviceNumber number = 0;
    AccountId owner{};
    StringMap<FaultRecord> faults{};              // those that are active, or open in the log
    std::array<std::uint64_t, kGroups> events{};  // of this hour
    std::uint64_t left_out = 0;                   // likewise
  };
  Known& known(const Device& device);
  void take_fault(Known& device, const hub::FaultChange& change);
  void end(Known& device, const std::string& field, TimePoint at);
  void end_unmentioned(Known& device, const hub::DeviceChanges& changes, TimePoint now);
  // False: the event is left out.
  [[nodiscard]] bool admit(Known& device, Group group);
  void write(const Known& device, journal::DeviceEvent event);
  // Writes what the log lacks: the end of the begin that it has, the begin of an active fault.
  void write_fault(const Known& device, const std::string& field, FaultRecord& fault);
  void begin_hour(TimePoint now);

  Limits limits_;
  std::int64_t hour_ = 0;
  StringMap<Known> devices_;                     // with faults, or with events of this hour
  std::map<AccountId, std::uint64_t> accounts_;  // events of this hour
  std::vector<journal::DeviceEvent> events_;
};

}  // namespace gridloom::home
