// The states in which virtual devices were left, from the data folder: their last reported values
// are those of the twins; what no report shows is in DIR/virtual/SN.json.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "app/operations/context.h"
#include "app/operations/operation.h"
#include "base/result.h"
#include "sim/resume.h"
#include "wire/json.h"

namespace gridloom::operations {

// Devices of one request: the answer of a request must not take all memory.
inline constexpr std::size_t kMaxStatesAtOnce = 500;

// By `sns`; null: the device has never reported. Waits for the server's loops, which must turn.
// kBadParams: too many devices. kConflict: no server runs.
[[nodiscard]] Result<std::vector<std::shared_ptr<sim::LastState>>> last_states(
    const Context& context, const std::vector<std::string>& sns);

// The operation device.last-states {sns}: the same as a list of {at, reported, unreported} or null.
[[nodiscard]] Result<wire::Json> read_last_states(const Context& context,
                                                  const Arguments& arguments);
// A member of its answer.
[[nodiscard]] std::shared_ptr<sim::LastState> last_state_in(const wire::Json& row);

// Stores sim::LastState::unreported; durable on return. Logs an error if the disk refuses: the
// device then continues, as one whose memory is worn out.
void keep_unreported(const std::filesystem::path& data, const std::string& sn,
                     const wire::JsonObject& unreported);

}  // namespace gridloom::operations
