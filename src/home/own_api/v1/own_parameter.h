// Parameters of a query as the table of routes declares them (own_api/v1/own_api.h): a request with
// another name is refused, and /openapi.json describes each. Constant data; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "api/schema/body.h"
#include "base/result.h"
#include "wire/json.h"

namespace gridloom::api {

// How a value is written. The handlers of the routes check it.
struct ParameterForm {
  schema::Type type = schema::kType<std::string_view>;  // a text, one of words, or a whole number
  bool is_list = false;                                 // of such values, separated by commas
  std::string_view pattern{};           // of a text: a regular expression of ECMA-262
  std::optional<std::int64_t> least{};  // number
  std::optional<std::int64_t> most{};
  std::string_view example{};
};

struct OwnParameter {
  std::string_view name;
  std::string_view text;  // what it means
  bool required = false;
  ParameterForm form{};
};

// kBadParams: the query has a parameter that is not one of `known`. The detail names it, those of
// `route` ("GET /api/v1/me"), and the ones that may be meant.
[[nodiscard]] Status check_names(const wire::JsonObject& query, std::span<const OwnParameter> known,
                                 std::string_view route);
// Checks the members of a body in the same way; an open one may have any.
[[nodiscard]] Status check_names(const wire::JsonObject& body, const schema::Body& known);

}  // namespace gridloom::api
