// The message of a set as a client of the vendor writes it, by the family's file: what selects the
// command, its parameters, and the further members that the documents show. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "catalog/family.h"

namespace gridloom::catalog {

// The selecting members and `params`: those that are given, by their names and as they go over the
// wire. A parameter that is not given and may be left as it is is sent as the value that says so.
[[nodiscard]] JsonObject set_message(const Command& command, const JsonObject& given);

// The device that a set is sent to.
struct SetAddress {
  std::string_view sn;
  std::int64_t message_id = 0;
  // The serial number of the first module of a group; empty: none is known. A device that has not
  // reported one may be a vendor's that knows better: it is sent its own number, as the documents
  // do for the whole device.
  std::function<std::string(std::string_view group)> module_in{};
};
// The message with the further members that the vendor's documents show for a set of the family
// (`set` in a device file), which a vendor's device may insist on. Without `sn`.
[[nodiscard]] JsonObject addressed(const Family& family, const Command& command,
                                   const JsonObject& message, const SetAddress& address);

}  // namespace gridloom::catalog
