// The devices that a mirror has brought into its account. Others are none of the vendor's: one that
// is registered here with a key of its own reports for itself, whatever the vendor lists.
//
// Kept by States under "devices", the name before it is registered, so that a crash between leaves
// no device that is nobody's. Pure; one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gridloom::bridges::mirror {

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

}  // namespace gridloom::bridges::mirror
