// The parsed form of a transcript: a .loom file, line by line. README.md describes the language.
//
// A line that begins with a space continues the previous line. The parser does not know what the
// lines do; a Script keeps every line exactly as in the file, so that the file can be written again
// with other expectations. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fault_rule.h"
#include "base/result.h"

namespace gridloom::transcripts {

enum class Directive : std::uint8_t {
  kNothing,         // a comment or an empty line
  kClock,           // clock 2025-06-18 10:00:00
  kSeed,            // seed 42
  kSite,            // site latitude 51 household_kwh 3500
  kRecorded,        // recorded
  kAccount,         // account NAME
  kDevice,          // device FAMILY SN owner ACCOUNT [real], or with a set-up (device_setup.h)
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
  Directive directive = Directive::kNothing;
  std::size_t number = 0;                 // of its first line in the file
  std::vector<std::string> as_is;         // its lines in the file, unchanged
  std::vector<std::string> words;         // the words after the directive, up to the payload
  std::string payload;                    // JSON, a pattern, a condition, or any client payload
  Millis span{0};                         // kWait; kDrop: 0 is until connected again; kFaultOn: 0
                                          // is until switched off
  Millis step{0};                         // kWait: 0 lets the devices choose their own steps
  std::uint64_t seed = 0;                 // kSeed
  std::size_t which = 1;                  // kAnswer: which unanswered request, oldest first
  std::map<std::string, double> numbers;  // kSite, kWeather
  FaultRule fault_rule;                   // kFaultOn; kFaultOff: name and optional device
};

struct Script {
  std::string file;
  std::vector<Line> lines;
};

// kMalformed: "delta_2.loom:12: ...".
[[nodiscard]] Result<Script> parse_script(std::string_view file, std::string_view text);

// kNotFound: the file does not exist; otherwise as parse_script().
[[nodiscard]] Result<Script> load_script(const std::filesystem::path& file);
// The *.loom files of a folder, in order; a path that is not a folder is returned as is.
[[nodiscard]] std::vector<std::filesystem::path> scripts_at(const std::filesystem::path& path);

// Whether the line is an expectation, which --rewrite may replace.
[[nodiscard]] bool is_expectation(Directive directive);

}  // namespace gridloom::transcripts
