// The tables of stored sessions as they are copied from one store to another. They change all the
// time while a server runs.
#pragma once

#include "transfer/rows.h"

namespace gridloom::mqtt {

inline constexpr transfer::Table kSessionRows{
    .name = "MQTT sessions", .columns = 12, .is_restless = true};
inline constexpr transfer::Table kMessageRows{
    .name = "waiting messages", .columns = 6, .keys = 2, .is_restless = true};
// topic, expires_at, packet, device
inline constexpr transfer::Table kRetainedRows{
    .name = "retained messages", .columns = 4, .is_restless = true};
inline constexpr transfer::Table kStreamRows{
    .name = "MQTT streams", .columns = 4, .is_restless = true};
// 1, the last record of the log that is stored, the highest number that was given out
inline constexpr transfer::Table kSessionState{
    .name = "state of sessions", .columns = 3, .is_restless = true};

}  // namespace gridloom::mqtt
