// Checks of everything that passes in a transcript against what the device files declare.
//
// Nobody writes these checks into a transcript: they hold for each message of each run. A Shapes
// notes what it sees in a Coverage, and keeps what it finds wrong until it is asked.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/family.h"
#include "transcripts/coverage.h"

namespace gridloom::transcripts {

// "is 7, declared 0 to 5": why a value is none of the field's; nothing if it is one.
[[nodiscard]] std::optional<std::string> misfit(const catalog::Field& field,
                                                const wire::Json& value);

class Shapes {
 public:
  explicit Shapes(Coverage& coverage) : coverage_(coverage) {}

  // What a virtual device sent.
  void report(const catalog::Family& family, const wire::Json& message);
  void set_reply(const catalog::Family& family, const wire::JsonObject& request,
                 const wire::Json& reply);

  // What an app got as a report, and no device sent so.
  void altered(std::string_view topic);

  // What the platform itself made.
  void status(const wire::Json& message);
  void refusal(const wire::Json& reply);  // a set_reply or get_reply with a code that is not 0
  void get_reply(const catalog::Family& family, const wire::Json& reply);
  void envelope(const wire::Json& answer);
  void device_list(const wire::Json& data);
  // The data of quota or quota/all.
  void quotas(const catalog::Family& family, const wire::Json& data);

  // And forgets them.
  [[nodiscard]] std::vector<std::string> take_complaints();

 private:
  enum class Use : std::uint8_t { kReported, kRead };

  void complain(std::string_view where, std::string_view what);
  // `object` has the members of `required` and none beside those and `optional`.
  void members(std::string_view where, const wire::JsonObject& object,
               const std::vector<std::string>& required, const std::vector<std::string>& optional);
  // A value under a quota's or group's name: fields inside must be declared, and fit.
  void values(const catalog::Family& family, const std::string& name, const wire::Json& value,
              Use use);
  void field_value(const catalog::Family& family, const catalog::Field& field,
                   const std::string& name, const wire::Json& value, Use use);

  Coverage& coverage_;
  std::vector<std::string> complaints_;
};

}  // namespace gridloom::transcripts
