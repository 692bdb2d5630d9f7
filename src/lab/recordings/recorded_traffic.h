// The messages of the devices of one family in a recording, in order. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "transcripts/script.h"
#include "wire/json.h"

namespace gridloom::recordings {

struct RecordedTraffic {
  // A report, or a set with its reply.
  struct Entry {
    Millis at{0};
    std::string sn{};
    wire::JsonObject message{};
    bool is_set = false;
    std::optional<wire::JsonObject> reply{};
  };
  std::vector<std::string> sns{};
  // The quotas that the server knew when the recording began, by name.
  wire::JsonObject known{};
  bool nested_answers = false;  // `known` was nested at the dots of the names
  std::vector<Entry> entries{};
};

// kBadParams: the transcript has no device that is marked "real".
[[nodiscard]] Result<RecordedTraffic> traffic_in(const transcripts::Script& script);

}  // namespace gridloom::recordings
