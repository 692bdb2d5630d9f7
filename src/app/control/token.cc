#include "app/control/token.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "app/control/request_members.h"
#include "hub/hub.h"
#include "registry/registry.h"
#include "time/iso_text.h"

namespace gridloom::app {
namespace {

using registry::Scope;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

Result<std::int64_t> number_in(const JsonObject& request, std::string_view name) {
  const Json* value = request.if_contains(name);
  if (value != nullptr && value->is_int64()) return value->get_int64();
  return fail(ErrorCode::kBadParams, fmt::format("{} is missing", name));
}

Result<Scope> scope_in(const JsonObject& request) {
  const std::string name = text_in(request, "scope");
  const auto* const found = std::ranges::find(registry::kScopeNames, name);
  if (found != registry::kScopeNames.end()) {
    return Scope(1 + (found - registry::kScopeNames.begin()));
  }
  return fail(ErrorCode::kBadParams, fmt::format("scope is \"{}\": must be {}", name,
                                                 fmt::join(registry::kScopeNames, " or ")));
}

// The time by which tokens expire: never a virtual one.
TimePoint now_of(const AdminContext& context) {
  return context.hub == nullptr ? SystemClock().now() : context.hub->platform().wall->now();
}

JsonObject facts_of(const registry::Token& token, std::string_view account,
                    const time::TimeZone& zone) {
  JsonObject facts{{"number", token.number},
                   {"name", token.name},
                   {"account", account},
                   {"scope", name_of(token.scope)},
                   {"madeAt", time::iso_text(token.made_ms, zone)}};
  if (token.expires_ms != 0) facts["expiresAt"] = time::iso_text(token.expires_ms, zone);
  return facts;
}

}  // namespace

Result<Json> add_token(const AdminContext& context, const JsonObject& request) {
  const std::string name = text_in(request, "name");
  const std::string account = text_in(request, "account");
  const auto scope = scope_in(request);
  if (!scope) return std::unexpected(scope.error());
  const auto valid_for_ms = number_in(request, "validForMs");
  if (!valid_for_ms) return std::unexpected(valid_for_ms.error());
  const auto made = context.registry.add_token({.name = name,
                                                .account = account,
                                                .scope = *scope,
                                                .now = now_of(context),
                                                .valid_for = Millis(*valid_for_ms)});
  if (!made) return std::unexpected(made.error());
  JsonObject answer = facts_of(made->token, account, context.zone);
  answer["token"] = made->text.reveal();
  return answer;
}

Result<Json> list_tokens(const AdminContext& context, const JsonObject& request) {
  const auto directory = context.registry.directory();
  const std::string wanted = text_in(request, "account");
  const TimePoint now = now_of(context);
  JsonArray rows;
  for (const registry::Account* account : directory->accounts()) {
    if (!wanted.empty() && account->name != wanted) continue;
    for (const registry::Token* token : directory->tokens_of(account->id)) {
      JsonObject row = facts_of(*token, account->name, context.zone);
      row["expired"] = has_expired(*token, now);
      rows.push_back(std::move(row));
    }
  }
  return Json(std::move(rows));
}

Result<Json> remove_token(const AdminContext& context, const JsonObject& request) {
  const auto number = number_in(request, "number");
  if (!number) return std::unexpected(number.error());
  if (Status removed = context.registry.remove_token(*number); !removed) {
    return std::unexpected(std::move(removed.error()));
  }
  return JsonObject{{"removed", *number}};
}

}  // namespace gridloom::app
