// The mirrored devices as this platform has them: their messages come in by a gateway of the
// account (local_gateway.h), in the form in which they are to be believed (device_values.h), and
// they are online here while the vendor says so. Thread rule: the loop that is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/string_map.h"
#include "bridges/core/bridge.h"
#include "bridges/core/local_gateway.h"
#include "bridges/mirror/device_values.h"
#include "bridges/mirror/oddities.h"
#include "bridges/mirror/presence.h"
#include "bridges/mirror/rhythm.h"
#include "bridges/mirror/schedule.h"
#include "hub/hub.h"
#include "wire/json.h"

namespace gridloom::bridges::mirror {

// The devices that a mirror has brought into its account. Others are none of the vendor's: one that
// is registered here with a key of its own reports for itself, whatever the vendor lists.
//
// Kept by States under "devices", the name before it is registered, so that a crash between leaves
// no device that is nobody's. Pure; one thread at a time.
class AddedDevices {
 public:
  // kMalformed: it is no text of to_text().
  [[nodiscard]] Status restore(std::string_view text);
  [[nodiscard]] std::string to_text() const;

  // It is about to be registered.
  void expect(const std::string& sn) { devices_.try_emplace(sn, 0); }
  // It is registered under the number.
  void take(const std::string& sn, std::int64_t number) { devices_.insert_or_assign(sn, number); }
  // Whether this device is one that was brought, and not a later one of the serial number.
  [[nodiscard]] bool has(std::string_view sn, std::int64_t number) const;
  [[nodiscard]] std::size_t size() const { return devices_.size(); }
  // Those that the account does not have any more make room.
  template <typename IsThere>
  void keep(const IsThere& is_there) {
    std::erase_if(devices_, [&](const auto& each) { return !is_there(each.first); });
  }

 private:
  std::map<std::string, std::int64_t, std::less<>> devices_;  // by serial number; 0: not known yet
};

class MirroredDevices {
 public:
  // `identity.health` outlives it.
  MirroredDevices(const Parts& parts, Identity identity,
                  std::function<void(std::string_view sn, std::string_view payload)> on_set);

  // False: it is there already.
  bool add(const std::string& sn);
  [[nodiscard]] bool contains(std::string_view sn) const { return devices_.contains(sn); }
  [[nodiscard]] std::vector<std::string> serial_numbers() const;

  // ---- of devices that are contained

  void report(std::string_view sn, std::string_view payload, Moment at);
  void reply(std::string_view sn, std::string payload);
  // The `data` of an answer of quota/all.
  [[nodiscard]] Brought take_quotas(std::string_view sn, const wire::Json& data,
                                    const DeviceValues::Snapshot& snapshot);

  // Tells the hub which devices are online, as far as that has changed.
  void tell_presence(const Presence& presence);
  // Lays a platform's fault over the devices; empty: none any more.
  void lay_fault(const std::string& name);
  void tell_figures();
  void count(Oddity oddity) { oddities_.add(oddity); }
  // Call it a few times a second.
  void tick() { gateway_.tick(); }

 private:
  struct Device {
    explicit Device(catalog::FamilyPtr family) : values(std::move(family)) {}
    DeviceValues values;
    bool is_online = false;  // as the hub knows it
  };
  [[nodiscard]] TimePoint device_time() const { return hub_.platform().clock.now(); }

  hub::Hub& hub_;
  const registry::Registry& registry_;
  const Identity identity_;
  StringMap<Device> devices_;
  OddityCounts oddities_;
  LocalGateway gateway_;
};

}  // namespace gridloom::bridges::mirror
