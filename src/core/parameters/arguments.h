// The values that somebody gave for declared parameters, checked.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "parameters/parameter.h"
#include "wire/json.h"

namespace gridloom::parameters {

// The command or operation that takes the parameters, as messages name it.
struct Taker {
  std::string_view name;
  std::span<const Parameter> declared{};
};

class Arguments {
 public:
  // kBadParams: a member is unknown, missing, of another type or outside of its limits; the message
  // names it, its value, and what would be valid. `given` and what `taker` refers to must outlive
  // the result.
  [[nodiscard]] static Result<Arguments> check(const Taker& taker, const wire::JsonObject& given);

  // The value of a declared parameter. Not given: "", false, no value, an empty list, null. Asking
  // for one that is not declared with this type ends the program.
  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name) const;
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name) const;
  [[nodiscard]] std::optional<double> number(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;
  [[nodiscard]] std::vector<std::int64_t> integers(std::string_view name) const;
  [[nodiscard]] const wire::JsonObject* object(std::string_view name) const;

  // All members, as they were given.
  [[nodiscard]] const wire::JsonObject& given() const { return *given_; }

 private:
  Arguments(std::span<const Parameter> declared, const wire::JsonObject& given)
      : declared_(declared), given_(&given) {}
  [[nodiscard]] const wire::Json* find(std::string_view name, bool (*is_type)(Type)) const;

  std::span<const Parameter> declared_;
  const wire::JsonObject* given_;
};

// A value that was given as text, for a parameter that is no object: "5", "true", "a,b".
// kBadParams: it is none for the type; whether it is within the limits is Arguments::check()'s.
[[nodiscard]] Result<wire::Json> parse_value(const Parameter& parameter, std::string_view text);

}  // namespace gridloom::parameters
