// The operations of a running server whose answers are streams: how they begin. The lines that
// follow are sent by the admin socket (app/control/record_stream.h, follow_stream.h,
// history_stream.h).
#pragma once

#include <span>
#include <string_view>

#include "app/operations/operation.h"

namespace gridloom::operations {

inline constexpr std::string_view kRecordOp = "record";
inline constexpr std::string_view kFollowOp = "device.follow";
inline constexpr std::string_view kHistoryOp = "history";

// record answers {sns: [...]}, or {} for all devices, with the list of devices and the time at
// which the recording begins; device.follow with {"sns": [...]}. kNotFound: a named device does not
// exist; kConflict: no server runs. All of history's answer is a stream.
[[nodiscard]] std::span<const Operation> stream_operations();

}  // namespace gridloom::operations
