// Converts a recording of messages to and from devices into a transcript that repeats it: every
// device is marked "real", the transcript sends the device's messages, and the messages that
// resulted are expected. Pure.
//
// Secrets are masked. The first device's owner is named "demo", other accounts "app_2" and so on.
// On request, serial numbers are replaced: those of the devices, and everything else in a message
// that looks like one (16 capital letters and digits). A replacement keeps the beginning of the
// original.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "hub/feed/traffic_tap.h"
#include "wire/json.h"

namespace gridloom::recordings {

struct RecordedDevice {
  struct Share {
    registry::AccountId account{};
    registry::Rights rights{};
  };
  std::string sn;
  std::string family;
  registry::AccountId owner{};
  std::vector<Share> shares{};
};

// The JSON form in which the server streams a traffic event. kMalformed: the JSON is not one.
[[nodiscard]] wire::JsonObject to_json(const hub::TrafficEvent& event);
[[nodiscard]] Result<hub::TrafficEvent> traffic_event_in(const wire::Json& json);

class Recording {
 public:
  Recording(std::vector<RecordedDevice> devices, TimePoint begun, bool replaces_serials);

  // The lines of the file, to be called in this order.
  [[nodiscard]] std::string head();
  [[nodiscard]] std::string lines_of(const hub::TrafficEvent& event);
  [[nodiscard]] std::string end() const;

  [[nodiscard]] std::size_t messages() const { return messages_; }
  [[nodiscard]] std::size_t requests() const { return requests_; }
  [[nodiscard]] Millis span() const { return now_ - begun_; }

 private:
  struct Device {
    bool online = true;            // initial state in a transcript
    std::vector<std::string> ids;  // ids of the sets this device received
  };
  struct Asked {
    std::string sn;
    std::uint64_t request = 0;
  };

  [[nodiscard]] std::string lines(const hub::TrafficEvent& event);
  [[nodiscard]] std::string known(const hub::TrafficEvent& event);
  [[nodiscard]] std::string connection(const std::string& sn, bool online);
  [[nodiscard]] std::string device_sends(const hub::TrafficEvent& event);
  [[nodiscard]] std::string device_gets(const hub::TrafficEvent& event);
  [[nodiscard]] std::string message(std::string_view head, const hub::TrafficEvent& event);
  [[nodiscard]] std::string asked(std::string_view line, const hub::TrafficEvent& event);
  [[nodiscard]] std::string answered(const hub::TrafficEvent& event);
  [[nodiscard]] std::string waited(TimePoint at);
  [[nodiscard]] std::string as(registry::AccountId account);
  [[nodiscard]] std::string introduced(registry::AccountId account);
  [[nodiscard]] std::string plain(std::string_view text);
  [[nodiscard]] std::string replaced(std::string text);
  [[nodiscard]] const std::string& replacement(std::string_view serial);

  std::vector<RecordedDevice> recorded_;
  TimePoint begun_;
  TimePoint now_;
  bool replaces_serials_;
  std::map<std::string, std::string, std::less<>> serials_;  // replacement by original
  std::map<registry::AccountId, std::string> accounts_;
  registry::AccountId speaks_{};
  std::map<std::string, Device> devices_;
  std::vector<Asked> unanswered_;
  std::size_t messages_ = 0;
  std::size_t requests_ = 0;
};

}  // namespace gridloom::recordings
