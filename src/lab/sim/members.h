// The numbers inside an array or object field that a model writes, such as the watts of each
// channel. Their places in the field's JSON text are found once; a number that changes replaces
// its own bytes of the text, and nothing is built anew.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/fields.h"

namespace gridloom::sim {

// A field and the paths of the members that a model writes, as "[0].ctrlSta": shared by the devices
// of a family (ModelSlots::members()).
struct MemberSlots {
  Slot slot;
  std::vector<std::string> paths;
};

// The members' places and numbers in one device. One thread at a time.
class Members {
 public:
  // `slots` must outlive this.
  explicit Members(const MemberSlots& slots) : slots_(slots) {}

  // Finds the members if the text is another one since the last call. False while the field keeps
  // its value because it is pinned. Call it before set(), whenever others may have set the field.
  [[nodiscard]] bool bind(const Fields& fields) {
    const std::uint32_t version = fields.text_version(slots_.slot);
    if (version != version_) find_members(fields, version);
    return version != 0;
  }
  // Writes mantissa / 10^decimals into the member of that index. A member that the field does not
  // have, or that is no number there, is not written.
  void set(Fields& fields, std::size_t member, std::int64_t mantissa, unsigned decimals = 0) {
    const Place& place = places_[member];
    if (place.mantissa == mantissa && place.decimals == decimals) return;
    if (place.length != 0) write(fields, member, mantissa, decimals);
  }

 private:
  struct Place {
    std::int64_t mantissa = 0;
    std::uint32_t at = 0;  // in the text
    std::uint8_t length = 0;
    std::uint8_t decimals = 0;
  };
  void find_members(const Fields& fields, std::uint32_t version);
  void write(Fields& fields, std::size_t member, std::int64_t mantissa, unsigned decimals);

  const MemberSlots& slots_;
  std::vector<Place> places_;  // by MemberSlots::paths
  std::uint32_t version_ = 0;  // of the text that they are in
};

}  // namespace gridloom::sim
