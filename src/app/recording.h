// A recording of what is said by and to some devices, as a transcript that plays it again: every
// device is "real", what it said is said by the transcript, and what came of it is expected. Pure.
//
// Secrets are masked. The first device's owner is called "demo", other accounts "app_2" and so on.
// Serial numbers are replaced where that is asked for: those of the devices, and whatever else in a
// message looks like one (16 capital letters and digits), of the same beginning each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "hub/ear.h"
#include "wire/json.h"

namespace gridloom::app {

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

// How what was heard comes from the server. kMalformed: it does not.
[[nodiscard]] wire::JsonObject to_json(const hub::Heard& heard);
[[nodiscard]] Result<hub::Heard> heard_from(const wire::Json& json);

class Recording {
 public:
  Recording(std::vector<RecordedDevice> devices, TimePoint begun, bool replaces_serials);

  // The file's lines, in this order.
  [[nodiscard]] std::string head();
  [[nodiscard]] std::string lines_of(const hub::Heard& heard);
  [[nodiscard]] std::string end() const;

  [[nodiscard]] std::size_t messages() const { return messages_; }
  [[nodiscard]] std::size_t requests() const { return requests_; }
  [[nodiscard]] Millis span() const { return now_ - begun_; }

 private:
  struct Device {
    bool online = true;            // a transcript's devices begin so
    std::vector<std::string> ids;  // of the sets that it got
  };
  struct Asked {
    std::string sn;
    std::uint64_t request = 0;
  };

  [[nodiscard]] std::string lines(const hub::Heard& heard);
  [[nodiscard]] std::string known(const hub::Heard& heard);
  [[nodiscard]] std::string connection(const std::string& sn, bool online);
  [[nodiscard]] std::string device_sends(const hub::Heard& heard);
  [[nodiscard]] std::string device_gets(const hub::Heard& heard);
  [[nodiscard]] std::string message(std::string_view head, const hub::Heard& heard);
  [[nodiscard]] std::string asked(std::string_view line, const hub::Heard& heard);
  [[nodiscard]] std::string answered(const hub::Heard& heard);
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
  std::map<std::string, std::string, std::less<>> serials_;  // by what they replace
  std::map<registry::AccountId, std::string> accounts_;
  registry::AccountId speaks_{};
  std::map<std::string, Device> devices_;
  std::vector<Asked> unanswered_;
  std::size_t messages_ = 0;
  std::size_t requests_ = 0;
};

}  // namespace gridloom::app
