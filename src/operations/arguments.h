// The parameters of one request, checked against what the operation declares.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "operations/operation.h"
#include "wire/json.h"

namespace gridloom::operations {

class Arguments {
 public:
  // kBadParams: a member is unknown, missing, of another type or outside of its limits; the message
  // names it, its value, and what would be valid. `given` and `operation` must outlive the result.
  [[nodiscard]] static Result<Arguments> check(const Operation& operation,
                                               const wire::JsonObject& given);

  // The value of a declared parameter. Not given: "", false, no value, an empty list, null. Asking
  // for one that the operation does not declare with this type ends the program.
  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name) const;
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name) const;
  [[nodiscard]] std::optional<double> number(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;
  [[nodiscard]] std::vector<std::int64_t> integers(std::string_view name) const;
  [[nodiscard]] const wire::JsonObject* object(std::string_view name) const;

  // All members, as they were given.
  [[nodiscard]] const wire::JsonObject& given() const { return *given_; }
  [[nodiscard]] const Operation& operation() const { return *operation_; }

 private:
  Arguments(const Operation& operation, const wire::JsonObject& given)
      : operation_(&operation), given_(&given) {}
  [[nodiscard]] const wire::Json* find(std::string_view name, bool (*is_type)(Type)) const;

  const Operation* operation_;
  const wire::JsonObject* given_;
};

// A value that the parameter can have, for messages and descriptions: "a text of at most 64 bytes",
// "monitor, full or none", "from 1 to 100".
[[nodiscard]] std::string valid_text(const Parameter& parameter);
// "text", "serial number", ...
[[nodiscard]] std::string_view name_of(Type type);

}  // namespace gridloom::operations
