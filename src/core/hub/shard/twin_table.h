// The devices of one shard: their twins, and the connections that they are present by.
//
// Belongs to a shard and is used on its loop only. Not here: who is notified of presence, and what
// waits for a device.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/partition.h"
#include "base/result.h"
#include "base/string_map.h"
#include "hub/clients/client.h"
#include "hub/delivery/report_route.h"
#include "hub/feed/change_feed.h"
#include "hub/platform/platform.h"
#include "journal/batch.h"
#include "journal/journal.h"
#include "registry/directory.h"
#include "twin/twin.h"

namespace gridloom::hub {

// The state of a twin that outlives the server.
struct SavedTwin {
  std::string sn;
  std::int64_t number = 0;                  // registry::Device::number
  std::string text;                         // TwinTable::save(sn); empty: nothing was saved
  std::vector<journal::LastValue> newer{};  // reported since the text was saved
  std::optional<TimePoint> newer_at{};      // when the last of these was
};

// Shared by all devices of a family.
struct FamilyState {
  twin::LayoutPtr layout;
  std::vector<journal::NameRef> refs;  // in the order of the layout's names
};

struct DeviceState {
  DeviceState(std::int64_t registered, Partition of_sn, FamilyState& shared,
              const twin::TwinLimits& limits)
      : number(registered), partition(of_sn), family(shared), twin(shared.layout, limits) {}
  std::int64_t number;  // registry::Device::number; 0: the registry does not know the device
  Partition partition;  // of the serial number
  FamilyState& family;
  twin::Twin twin;
  WatchState watch{};                            // ShardChanges
  std::unordered_set<const Client*> transports;  // connections through which the device speaks
  const Client* active_transport = nullptr;      // the one used last
  std::unique_ptr<ReportRoute> route;            // null: not found yet; see Fanout::route_of
  TimePoint last_report{};  // when the last report came, before a restart too; else TimePoint()
  TimePoint moment{};  // when the moment of its last reports began (twin::Twin::begin_moment())
  bool reports_offline = false;  // by a status message, which the next message ends
  // Reports with DUP that may have been received before: the latest of their own times, and digests
  // of the reports of that time.
  TimePoint resent_at{};
  std::vector<std::size_t> resent;

 private:
  friend class TwinTable;
  bool is_in_read_ = false;
  std::uint64_t saved_version_ = 0;
  TimePoint saved_report_{};
  const registry::Device* device_ = nullptr;  // as of directory number `known_as_of_`
  std::uint64_t known_as_of_ = 0;
};

// When something that has no time of its own happened: now, but never before the device's last
// report, since history orders rows by time, and rows of one time as they came. A clock that was
// set back by more than a second is followed, as times would stand still until it has caught up.
[[nodiscard]] constexpr TimePoint time_after(TimePoint last, TimePoint now) {
  constexpr Millis kMostSetBack{1000};
  return last > now && last <= now + kMostSetBack ? last : now;
}

class TwinTable {
 public:
  // `replaced` is called when the state of a device is dropped because its serial number belongs to
  // another device by now.
  TwinTable(const Platform& platform, std::function<void(const registry::Device& by)> replaced);

  // The directory that the functions below look in.
  void use(std::shared_ptr<const registry::Directory> directory);

  // Registry entry and state of a device; null: there is none. A device that was looked up since
  // the registry changed costs one look-up. References stay valid until the device is removed or
  // replaced.
  struct Entry {
    const registry::Device* device = nullptr;
    DeviceState* state = nullptr;
  };
  [[nodiscard]] Entry find(std::string_view sn);
  // Likewise, of the device that the client is; usually without a look-up.
  [[nodiscard]] Entry find_own(Client& client);
  // The device's state, made if there is none.
  [[nodiscard]] DeviceState& at(std::string_view sn);
  // `each` must not add or remove devices.
  void for_each(const std::function<void(const std::string& sn, DeviceState& state)>& each);
  // Removes the devices that have no connection, that the registry does not know, and of which
  // `removable` is true; drops the state of those that were replaced.
  void remove_unknown(const std::function<bool(const std::string& sn)>& removable);

  [[nodiscard]] std::vector<std::string> devices_of(Partition partition) const;
  // Removes all devices of the partition; no connection carries them any more.
  void remove(Partition partition);

  // The twin's text (Twin::all) was asked for: drop_unused_texts() will free it.
  void mark_read(std::string_view sn, DeviceState& state);
  // Frees the texts that were not asked for since the last call.
  void drop_unused_texts();

  // The twins that changed since the last call.
  [[nodiscard]] std::vector<SavedTwin> save();
  // Twin::save() of a device, and when it reported last, in Unix milliseconds:
  // {"quotas":[...],"at":1700000000000}. Empty: it has not reported.
  [[nodiscard]] std::string save(std::string_view sn);
  // Does nothing if the serial number belongs to another device by now. kMalformed: `saved.text` is
  // no such text; newer values are restored nevertheless.
  [[nodiscard]] Status restore(const SavedTwin& saved);

  // The effects of a changed connection or of a status message.
  struct PresenceChange {
    bool connection = false;  // the first connection came, or the last one went
    bool presence = false;    // the device came online, or went offline
  };
  // The device speaks through the client's connection.
  PresenceChange use_transport(const Client& client, const std::string& sn, DeviceState& state);
  // The device said, through the client's connection, that it is offline.
  PresenceChange mark_offline(const Client& client, const std::string& sn, DeviceState& state);
  // The client's connection no longer carries the device.
  PresenceChange left(const Client& client, const std::string& sn);
  // The devices that the client's connection carried; it carries none from now on, and left() is to
  // be called for each.
  [[nodiscard]] std::unordered_set<std::string> take_devices_of(const Client& client);
  // A device whose gateway's account does not own it any more.
  struct CarriedDevice {
    const Client* client = nullptr;
    std::string sn;
  };
  [[nodiscard]] std::vector<CarriedDevice> take_lost_by_gateways();

 private:
  const Platform& platform_;
  std::function<void(const registry::Device& by)> replaced_;
  std::shared_ptr<const registry::Directory> directory_;
  std::uint64_t directory_number_ = 0;  // counts the calls of use()
  std::map<const catalog::Family*, FamilyState> families_;
  StringMap<DeviceState> devices_;
  std::uint64_t removals_ = 1;     // from devices_, and one
  std::vector<std::string> read_;  // the devices whose twins may keep a text
  std::unordered_map<const Client*, std::unordered_set<std::string>> carried_;
};

}  // namespace gridloom::hub
