// A transcript as text: a .loom file, line by line. README.md describes the language.
//
// A line that begins with a space goes on with the one before. Nothing here knows what lines do;
// a Script keeps every line as it stands in the file, so that it can be written again with other
// expectations. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace gridloom::transcripts {

enum class Act : std::uint8_t {
  kNothing,         // a comment or an empty line
  kClock,           // clock 2025-06-18 10:00:00
  kAccount,         // account NAME
  kDevice,          // device FAMILY SN owner ACCOUNT [real]
  kShare,           // share SN ACCOUNT monitor|full|none
  kAs,              // as ACCOUNT
  kRequest,         // > METHOD PATH [BODY]
  kAnswer,          // < STATUS [PATTERN]
  kAppSends,        // > mqtt SN set|get PAYLOAD
  kAppReceives,     // < mqtt SN VERB [retained] PATTERN|none
  kDeviceSends,     // > device SN quota|set_reply|get_reply|status PAYLOAD
  kDeviceReceives,  // < device SN set PATTERN|none
  kWait,            // @ +2s
  kDrop,            // ! drop device SN [for 30s], ! drop app
  kConnect,         // ! connect device SN, ! connect app
};

struct Line {
  Act act = Act::kNothing;
  std::size_t number = 0;          // of the first of its lines in the file
  std::vector<std::string> as_is;  // those lines
  std::vector<std::string> words;  // what follows the line's first words, up to the payload
  std::string payload;             // JSON, a pattern, or whatever a client may send
  Millis span{0};                  // kWait; kDrop: 0 is until it is connected again
};

struct Script {
  std::string file;
  std::vector<Line> lines;
};

// kMalformed: "delta_2.loom:12: ...".
[[nodiscard]] Result<Script> parse_script(std::string_view file, std::string_view text);

// Whether the line is an expectation, which --rewrite may write anew.
[[nodiscard]] bool is_expectation(Act act);

}  // namespace gridloom::transcripts
