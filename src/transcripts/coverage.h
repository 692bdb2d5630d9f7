// What of the device files the transcripts of one run have used, and what is left.
//
// A command counts once a device has got it, by the door it came through; a param when a command
// got it; a field when a virtual device reported it, and again when an app read it. Merely plain
// sets of names.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "catalog/family.h"
#include "transcripts/door.h"

namespace gridloom::transcripts {

class Coverage {
 public:
  void reported(const catalog::Family& family, const catalog::Field& field);
  void read(const catalog::Family& family, const catalog::Field& field);
  // `message` is the set as the device got it.
  void set(const catalog::Family& family, const wire::JsonObject& message, Door door);

  // A line for everything in the family that was never used: "delta_2: the command quietMode was
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
