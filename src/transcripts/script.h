// A transcript as text: a .loom file, line by line. README.md describes the language.
//
// A line that begins with a space goes on with the one before. Nothing here knows what lines do;
// a Script keeps every line as it stands in the file, so that it can be written again with other
// expectations. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fault_order.h"
#include "base/result.h"

namespace gridloom::transcripts {

enum class Act : std::uint8_t {
  kNothing,         // a comment or an empty line
  kClock,           // clock 2025-06-18 10:00:00
  kSeed,            // seed 42
  kSite,            // site latitude 51 household_kwh 3500
  kRecorded,        // recorded
  kAccount,         // account NAME
  kDevice,          // device FAMILY SN owner ACCOUNT [real]
  kShare,           // share SN ACCOUNT monitor|full|none
  kAs,              // as ACCOUNT
  kWeather,         // weather sun 0.2 air -5, weather as it comes
  kAlways,          // always: CONDITION
  kNever,           // never: CONDITION
  kRequest,         // > METHOD PATH [BODY]
  kAnswer,          // < [NUMBER:] STATUS [PATTERN], < nothing, < ended
  kAppSends,        // > mqtt SN set|get PAYLOAD
  kAppReceives,     // < mqtt SN VERB [retained] PATTERN|none
  kDeviceSends,     // > device SN quota|set_reply|get_reply|status PAYLOAD
  kDeviceReceives,  // < device SN set PATTERN|none
  kRefused,         // < refused
  kWait,            // @ +2s, @ +7d in 1min steps
  kDrop,            // ! drop device SN [for 30s], ! drop app
  kConnect,         // ! connect device SN, ! connect app
  kRotate,          // ! rotate app
  kFaultOn,         // ! fault on NAME [device SN] [account NAME] [share 0.2] [value 10] [for 30s]
  kFaultOff,        // ! fault off NAME [device SN], ! fault off all
};

struct Line {
  Act act = Act::kNothing;
  std::size_t number = 0;          // of the first of its lines in the file
  std::vector<std::string> as_is;  // those lines
  std::vector<std::string> words;  // what follows the line's first words, up to the payload
  std::string payload;             // JSON, a pattern, a condition, whatever a client may send
  Millis span{0};                  // kWait; kDrop: 0 is until it is connected again; kFaultOn: 0
                                   // is until it is off again
  Millis step{0};                  // kWait: 0 is as devices do by themselves
  std::uint64_t seed = 0;          // kSeed
  std::size_t which = 1;           // kAnswer: of the requests that have none, the oldest first
  std::map<std::string, double> numbers;  // kSite, kWeather
  FaultOrder order;                       // kFaultOn; kFaultOff: its name, and perhaps the device
};

struct Script {
  std::string file;
  std::vector<Line> lines;
};

// kMalformed: "delta_2.loom:12: ...".
[[nodiscard]] Result<Script> parse_script(std::string_view file, std::string_view text);

// kNotFound: there is no such file; otherwise as parse_script().
[[nodiscard]] Result<Script> load_script(const std::filesystem::path& file);
// The *.loom files of a folder, in order; a path that is no folder stands for itself.
[[nodiscard]] std::vector<std::filesystem::path> scripts_at(const std::filesystem::path& path);

// Whether the line is an expectation, which --rewrite may write anew.
[[nodiscard]] bool is_expectation(Act act);

}  // namespace gridloom::transcripts
