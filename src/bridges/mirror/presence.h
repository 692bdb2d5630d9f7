// The mirror's knowledge of the presence of the vendor's devices: what lists, status messages and
// reports say, and which of them is the newest. A device that reports is online, and it is silent
// when its reports stay away for longer than usual. Pure: events and the time in. One thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/string_map.h"
#include "bridges/mirror/rhythm.h"

namespace gridloom::bridges::mirror {

class Presence {
 public:
  explicit Presence(const Rhythm& rhythm) : rhythm_(rhythm) {}

  // ---- events; `now` never decreases

  struct Listed {
    std::string sn;
    bool online = false;
  };
  // All devices that are mirrored. Those that are not among them are offline from now on. Returns
  // those that came online.
  [[nodiscard]] std::vector<std::string> listed(std::span<const Listed> devices, Moment now);
  // The vendor published a status of the device. True: it came online.
  [[nodiscard]] bool status(std::string_view sn, bool online, Moment now);
  // True: it came online.
  [[nodiscard]] bool reported(std::string_view sn, Moment now);
  void link_up() { is_link_up_ = true; }
  // The presence that the vendor reported until now is no longer known to be true.
  void link_down();

  // ---- what is known

  [[nodiscard]] bool is_link_up() const { return is_link_up_; }
  [[nodiscard]] bool is_listed(std::string_view sn) const;
  // Whether the vendor says that the device is online, over a link that is up.
  [[nodiscard]] bool online(std::string_view sn) const;
  // Whether the device's reports have stayed away for longer than usual.
  [[nodiscard]] bool silent(std::string_view sn, Moment now) const;
  // Whether a device that is online is silent.
  [[nodiscard]] bool is_in_doubt(Moment now) const;

 private:
  struct Device {
    bool is_listed = false;
    bool is_online = false;
    std::optional<Moment> offline_at{};  // when a status said so
    std::optional<Moment> reported_at{};
    Millis gap{0};  // between reports; falls slowly
  };
  // Null: it is not listed.
  [[nodiscard]] Device* listed_device(std::string_view sn);
  [[nodiscard]] bool is_silent(const Device& device, Moment now) const;

  Rhythm rhythm_;
  StringMap<Device> devices_;
  bool is_link_up_ = false;
};

}  // namespace gridloom::bridges::mirror
