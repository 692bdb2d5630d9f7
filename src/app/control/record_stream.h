// The operation "record" of a running server: streams the messages to and from some devices, line
// by line, to the client that requested them, for as long as that client reads. recording.h turns
// the stream into a file.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "hub/hub.h"
#include "recordings/recording.h"
#include "wire/json.h"

namespace gridloom::app {

// The answer of the operation (app/operations/streams.h), parsed by the client.
struct RecordingStart {
  std::vector<recordings::RecordedDevice> devices;
  TimePoint at;
};
[[nodiscard]] RecordingStart recording_start_from(const wire::Json& answer);

// Sends `first` and then the traffic events of these devices, until the peer closes the socket or
// `stop` is requested. A reader that is too slow misses events, and is sent the number of lost
// ones.
void stream_recording(hub::Hub& hub, const wire::Json& begun, std::string_view first, int socket,
                      const std::stop_token& stop);

}  // namespace gridloom::app
