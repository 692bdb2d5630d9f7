// The kinds of reports in a recording, and the names of their fields. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "recordings/family_guess.h"
#include "recordings/recorded_traffic.h"
#include "wire/json.h"

namespace gridloom::recordings {

// A member of messages that is a number, a text or a boolean.
struct EnvelopeMember {
  std::size_t count = 0;
  std::set<std::string> values{};
  wire::Json last{};
  bool numbers = true;
  bool rises = true;  // never less than before

  void add(const wire::Json& value);
  // A counter or a clock.
  [[nodiscard]] bool changes() const;
  // Its shape in a device file: the value, or a reference.
  [[nodiscard]] wire::Json shape(std::string_view name) const;
};

class GuessedReports {
 public:
  // `traffic` outlives this.
  explicit GuessedReports(const RecordedTraffic& traffic);

  [[nodiscard]] bool empty() const { return kinds_.empty(); }
  void write(GuessedFamily& family) const;

  using Value = std::pair<std::string, wire::Json>;  // by quota name
  // The values in a report, which is one of the traffic's entries.
  [[nodiscard]] std::vector<Value> values_of(const wire::JsonObject& message) const;

 private:
  struct Kind {
    std::string name{};
    wire::JsonObject match{};
    std::string prefix{};  // of the names; with a module it ends with "*."
    bool also_flat = false;
    std::size_t messages = 0;
    std::set<std::string> fields{};
  };

  void find_body();
  void find_envelope();
  void find_kinds();
  void find_prefixes();
  void find_fields();
  void join_without_envelope();
  [[nodiscard]] wire::JsonObject match_of(const wire::JsonObject& message) const;
  [[nodiscard]] const Kind* kind_of(const wire::JsonObject& message) const;
  [[nodiscard]] const wire::JsonObject* body_of(const wire::JsonObject& message) const;
  [[nodiscard]] std::string starred(std::string_view name) const;
  [[nodiscard]] bool is_group(const std::string& name) const;
  void collect(const std::string& name, const wire::Json& value, std::vector<Value>& into) const;
  [[nodiscard]] std::string best_prefix(const Kind& kind) const;
  void write_rhythm(GuessedFamily& family) const;

  const RecordedTraffic& traffic_;
  std::string body_;                              // empty: reports have no envelope
  std::string module_;                            // member with a module's serial number
  std::map<std::string, EnvelopeMember> common_;  // of the envelopes
  std::set<std::string> matching_;                // members that tell reports apart
  std::set<std::string> modules_;                 // their serial numbers
  std::map<std::string, wire::Json> known_;       // by starred name
  std::vector<Kind> kinds_;
};

}  // namespace gridloom::recordings
