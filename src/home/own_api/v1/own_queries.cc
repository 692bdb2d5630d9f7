#include "own_api/v1/own_queries.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "api/message/params.h"
#include "base/nearest.h"
#include "base/printable.h"

namespace gridloom::api {
namespace {

// `kind` is what the names are: "no parameter of GET /api/v1/me". Beside secrets, a name may be
// one.
Status check(const wire::JsonObject& given, const std::vector<std::string_view>& known,
             std::string_view kind) {
  const bool has_secrets = std::ranges::any_of(known, names_a_secret);
  for (const auto& [name, value] : given) {
    const std::string_view word = name;
    if (std::ranges::find(known, word) != known.end()) continue;
    return fail(
        ErrorCode::kBadParams,
        fmt::format("{} is {}: {}{}", has_secrets ? "a name" : shown(word), kind,
                    known.empty() ? "it has none" : fmt::format("must be {}", joined_or(known)),
                    did_you_mean(word, known)));
  }
  return {};
}

}  // namespace

Status check_names(const wire::JsonObject& query, std::span<const OwnParameter> known,
                   std::string_view route) {
  if (query.empty()) return {};
  std::vector<std::string_view> names;
  names.reserve(known.size());
  for (const OwnParameter& each : known) names.push_back(each.name);
  return check(query, names, fmt::format("no parameter of {}", route));
}

Status check_names(const wire::JsonObject& body, const schema::Body& known) {
  if (known.is_open) return {};
  std::vector<std::string_view> names;
  names.reserve(known.members.size());
  for (const schema::Member& each : known.members) names.push_back(each.name);
  return check(body, names, "no member of the body");
}

}  // namespace gridloom::api
