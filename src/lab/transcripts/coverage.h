// Records which parts of the device files the transcripts of one run have used, and lists the rest.
//
// A command counts once a device has received it, separately for HTTP and MQTT; a parameter once a
// command carried it; a field once a virtual device reported it, and again once an app read it. The
// data are plain sets of names.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "catalog/family.h"
#include "server/listeners.h"

namespace gridloom::transcripts {

using server::Interface;

class Coverage {
 public:
  void reported(const catalog::Family& family, const catalog::Field& field);
  void read(const catalog::Family& family, const catalog::Field& field);
  // `message` is the set as the device received it.
  void set(const catalog::Family& family, const wire::JsonObject& message, Interface interface);

  // One line for each item of the family that was never used: "delta_2: the command quietMode was
  // never set over HTTP".
  [[nodiscard]] std::vector<std::string> missing(const catalog::Family& family) const;

 private:
  struct Used {
    std::set<std::string> over_http;
    std::set<std::string> over_mqtt;
    std::set<std::string> params;  // "quietMode.enabled"
    std::set<std::string> reported;
    std::set<std::string> read;
  };
  std::map<std::string, Used> families_;
};

}  // namespace gridloom::transcripts
