// The operation "record" of a running server: what is said by and to some devices goes, line by
// line, to whoever asked, for as long as he reads. recording.h makes a file of it.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "app/admin.h"
#include "app/recording.h"
#include "base/result.h"
#include "hub/hub.h"
#include "wire/json.h"

namespace gridloom::app {

// {sns: [...]}, or all devices if there are none named: who they are, and when it begins.
// kNotFound: there is no such device; kConflict: no server runs.
[[nodiscard]] Result<wire::Json> begin_recording(const Estate& estate,
                                                 const wire::JsonObject& request);
// What begin_recording() answered, as its asker reads it.
struct Begun {
  std::vector<RecordedDevice> devices;
  TimePoint at;
};
[[nodiscard]] Begun begun_from(const wire::Json& answer);

// Sends `first` and then what is heard of these devices, until the socket's other end is closed or
// `stop`. A reader that is too slow misses something, and is told how much.
void stream_recording(hub::Hub& hub, const wire::Json& begun, std::string_view first, int socket,
                      const std::stop_token& stop);

}  // namespace gridloom::app
