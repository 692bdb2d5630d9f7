// Guesses a device family from a recording of its devices: what they report, in which reports, with
// which types and values, how often, and what sets changed. Pure.
//
// A name, a type or a report is guessed only from messages that were recorded: nothing is invented.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/family.h"
#include "transcripts/script.h"
#include "wire/json.h"

namespace gridloom::recordings {

// Values that were seen under one name.
struct SeenValues {
  static constexpr std::size_t kMost = 8;

  void add(const wire::Json& value);
  [[nodiscard]] catalog::FieldType type() const;

  std::size_t count = 0;
  std::set<std::string> kinds{};  // wire::kind_name(), and "whole" for a number that is an integer
  std::optional<double> low{};
  std::optional<double> high{};
  std::set<std::string> texts{};  // the first kMost different ones
  bool more = false;              // there were more
  wire::Json last{};
};

// A key of an entry of a device file, and its value as YAML in one line.
using KeptKey = std::pair<std::string, std::string>;

struct GuessedField {
  std::string name{};  // quota name; '*' stands for a module's serial number
  SeenValues values{};
  // It was whole all the time, but others whose names end alike had fractions.
  bool fractions = false;
  // Only 0 was seen, of no setting, or only 100 in a report of fractions: type() may be wrong. An
  // end of a scale is no evidence for int, as devices send 0.0 as 0.
  bool only_end = false;
  // The type of a similar family's field, with the other keys of the field that agree.
  std::optional<catalog::FieldType> known_type{};
  std::vector<KeptKey> kept{};

  [[nodiscard]] catalog::FieldType type() const {
    if (known_type) return *known_type;
    return fractions ? catalog::FieldType::kFloat : values.type();
  }
};

struct GuessedReport {
  std::string name{};
  wire::JsonObject match{};
  wire::JsonObject extra{};  // members that all reports have
  std::string prefix{};
  std::string module{};
  bool also_flat = false;
  std::vector<std::string> fields{};
};

struct GuessedParam {
  std::string name{};
  SeenValues values{};
  std::vector<std::string> sets{};   // fields that took the value each time
  std::vector<std::string> maybe{};  // candidates, if there were several
};

struct GuessedCommand {
  std::string name{};
  std::vector<std::pair<std::string, wire::Json>> select{};
  std::vector<GuessedParam> params{};
  wire::JsonObject reply{};
  std::size_t sent = 0;         // 0: a similar family has the command
  std::vector<KeptKey> kept{};  // of a similar family's command; empty: guessed alone
};

struct GuessedFamily {
  std::vector<std::string> prefixes{};
  std::string sn{};  // of the first device
  bool nested_answers = false;
  bool nested = false;  // objects in a report's body are groups
  std::string report_body{};
  wire::JsonObject report{};  // envelope
  wire::JsonObject reply{};   // envelope of a set_reply
  std::string result{};
  std::int64_t change_ms = 0;  // 0: not seen
  std::int64_t full_ms = 0;
  std::vector<std::string> select{};
  std::map<std::string, std::vector<std::string>> modules{};  // by group
  std::vector<GuessedField> fields{};
  std::vector<GuessedReport> reports{};
  std::vector<GuessedCommand> commands{};
  bool has_names = false;  // the recording says the quotas' names, not only keys in reports
  std::string similar{};   // id of the similar family that entries are taken from
  std::vector<catalog::FieldGroup> groups{};
  wire::JsonObject set{};  // members of a set, as Messages::set
};

// kBadParams: the transcript has no report of a device that is marked "real". Devices whose serial
// numbers begin as that of the first one count as one family; others are left out.
[[nodiscard]] Result<GuessedFamily> guess_family(const transcripts::Script& script);

// The device file, with a question as a comment at everything that the recording does not say.
[[nodiscard]] std::string device_file_of(const GuessedFamily& guessed, std::string_view id);

// How much of what was recorded the guess has in common with the family's real device file.
struct GuessScore {
  struct Share {
    std::size_t found = 0;
    std::size_t of = 0;
  };
  Share fields{};  // of those that were reported
  Share types{};   // of the fields that were found, but for those of which only 0 was seen
  std::size_t unknown_types = 0;  // of those
  Share groups{};                 // of the fields that were found: in the same report
  Share commands{};               // of those that were sent
  std::vector<std::string> invented{};
  std::vector<std::string> mistaken{};  // "pd.soc: float instead of int", for the curious
};
[[nodiscard]] GuessScore compare(const GuessedFamily& guessed, const catalog::Family& family);

}  // namespace gridloom::recordings
