// Checks every message in a transcript against the declarations of the device files.
//
// These checks are not written in transcripts: they apply to each message of each run. A
// SchemaChecker records the fields it sees in a Coverage, and keeps its violations until they are
// taken.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/family.h"
#include "transcripts/coverage.h"

namespace gridloom::transcripts {

// Why a value, or a declared element or member inside it, does not fit the field, as "is 7,
// declared 0 to 5"; no value if all fit.
[[nodiscard]] std::optional<std::string> misfit(const catalog::Field& field,
                                                const wire::Json& value);

class SchemaChecker {
 public:
  explicit SchemaChecker(Coverage& coverage) : coverage_(coverage) {}

  // A message sent by a virtual device.
  void report(const catalog::Family& family, const wire::Json& message);
  void set_reply(const catalog::Family& family, const wire::JsonObject& request,
                 const wire::Json& reply);

  // An app received a report that no device sent in this form.
  void altered(std::string_view topic);

  // Messages made by the platform itself.
  void status(const wire::Json& message);
  void refusal(const wire::Json& reply);  // a set_reply or get_reply with a code that is not 0
  void get_reply(const catalog::Family& family, const wire::Json& reply);
  void envelope(const wire::Json& answer);
  void device_list(const wire::Json& data);
  // The data of an answer to quota or quota/all.
  void quotas(const catalog::Family& family, const wire::Json& data);

  // Returns the violations and clears the list.
  [[nodiscard]] std::vector<std::string> take_violations();

 private:
  enum class Use : std::uint8_t { kReported, kRead };

  void add_violation(std::string_view where, std::string_view what);
  // Checks that `object` has all members of `required`, and no others except those of `optional`.
  void members(std::string_view where, const wire::JsonObject& object,
               const std::vector<std::string>& required, const std::vector<std::string>& optional);
  // Checks the value of a quota or group: the fields inside must be declared and have valid values.
  void values(const catalog::Family& family, const std::string& name, const wire::Json& value,
              Use use);
  void field_value(const catalog::Family& family, const catalog::Field& field,
                   const std::string& name, const wire::Json& value, Use use);

  Coverage& coverage_;
  std::vector<std::string> violations_;
};

}  // namespace gridloom::transcripts
