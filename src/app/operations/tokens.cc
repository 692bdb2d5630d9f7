// The operations token.add, token.list and token.remove: bearer tokens for /api/v1
// (own_api/v1/own_api.h). The text of a token is in the answer to token.add, and nowhere else.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "app/operations/context.h"
#include "app/operations/kinds.h"
#include "hub/hub.h"
#include "parameters/arguments.h"
#include "registry/registry.h"
#include "time/iso_text.h"

namespace gridloom::operations {
namespace {

using registry::Scope;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr std::chrono::days kLongestLife(36'500);

Scope scope_named(std::string_view name) {
  const auto* const found = std::ranges::find(registry::kScopeNames, name);
  return Scope(1 + (found - registry::kScopeNames.begin()));
}

// The time by which tokens expire: never a virtual one.
TimePoint now_of(const Context& context) {
  return context.hub == nullptr ? SystemClock().now() : context.hub->platform().wall->now();
}

JsonObject facts_of(const registry::Token& token, std::string_view account,
                    const time::TimeZone& zone) {
  JsonObject facts{{"number", token.number}, {"name", token.name}};
  if (!account.empty()) facts["account"] = account;  // an administrator's token has none
  facts["scope"] = name_of(token.scope);
  if (!token.device.empty()) facts["device"] = token.device;
  facts["madeAt"] = time::iso_text(token.made_ms, zone);
  if (token.expires_ms != 0) facts["expiresAt"] = time::iso_text(token.expires_ms, zone);
  return facts;
}

Result<Json> add_token(const Context& context, const Arguments& arguments) {
  const std::string name = arguments.text("name");
  std::string account = arguments.text("account");
  const Scope scope = scope_named(arguments.text("scope"));
  const std::string device = arguments.text("device");
  if (account.empty() && scope != Scope::kAdmin) {
    const auto directory = context.registry.directory();
    GL_TRY(const auto only, account_named(*directory, {}));
    account = only->name;
  }
  GL_TRY(const auto made,
         context.registry.add_token({.name = name,
                                     .account = account,
                                     .scope = scope,
                                     .now = now_of(context),
                                     .valid_for = Millis(*arguments.integer("validForMs")),
                                     .device = device}));
  JsonObject answer = facts_of(made.token, account, context.zone);
  answer["token"] = made.text.reveal();
  return answer;
}

Result<Json> list_tokens(const Context& context, const Arguments& arguments) {
  const auto directory = context.registry.directory();
  const std::string wanted = arguments.text("account");
  const TimePoint now = now_of(context);
  JsonArray rows;
  const auto add = [&](registry::AccountId holder, std::string_view name) {
    for (const registry::Token* token : directory->tokens_of(holder)) {
      JsonObject row = facts_of(*token, name, context.zone);
      row["expired"] = has_expired(*token, now);
      rows.push_back(std::move(row));
    }
  };
  for (const registry::Account* account : directory->accounts()) {
    if (wanted.empty() || account->name == wanted) add(account->id, account->name);
  }
  if (wanted.empty()) add({}, {});  // those of administrators
  return Json(std::move(rows));
}

Result<Json> remove_token(const Context& context, const Arguments& arguments) {
  const std::int64_t number = *arguments.integer("number");
  GL_TRY(context.registry.remove_token(number));
  return JsonObject{{"removed", number}};
}

constexpr std::array kAddParameters = {
    Parameter{.name = "name", .text = "What the token is for", .required = true},
    Parameter{.name = "account",
              .text =
                  "Account whose devices it may use, the only one if it is left out; none for the "
                  "scope admin",
              .type = Type::kAccount},
    Parameter{.name = "scope",
              .text = "What it may do: read, control as well, administer the server (admin), or "
                      "read what one card shows in another site's page (card)",
              .type = Type::kChoice,
              .required = true,
              .values = registry::kScopeNames},
    Parameter{.name = "validForMs",
              .text = "When it expires, in milliseconds from now; 0: it does not",
              .type = Type::kInteger,
              .required = true,
              .least = 0,
              .most = static_cast<double>(Millis(kLongestLife).count())},
    Parameter{
        .name = "device",
        .text = "Device whose card it shows, for the scope card; the home's if it is left out",
        .type = Type::kSerialNumber},
};
constexpr std::array kListParameters = {
    Parameter{.name = "account", .text = "Only those of this account", .type = Type::kAccount},
};
constexpr std::array kRemoveParameters = {
    Parameter{.name = "number",
              .text = "Number of the token, as listed",
              .type = Type::kInteger,
              .required = true,
              .least = 1,
              .most = 999'999'999},
};

constexpr std::array kTokenOperations = {
    Operation{.name = "token.add",
              .text = "Adds a token and prints it, once",
              .parameters = kAddParameters,
              .audit = {Recorded::kBeforeAnswer,
                        "token.add",
                        {"number", "name", "account", "scope", "device", "expiresAt"}},
              .function = add_token},
    Operation{.name = "token.list",
              .text = "Lists the tokens",
              .parameters = kListParameters,
              .audit = kChangesNothing,
              .function = list_tokens},
    Operation{.name = "token.remove",
              .text = "Removes a token; it ends at once",
              .parameters = kRemoveParameters,
              .audit = {Recorded::kBeforeAnswer, "token.remove", {"removed"}},
              .function = remove_token},
};
static_assert(are_complete(kTokenOperations));

}  // namespace

std::span<const Operation> token_operations() { return kTokenOperations; }

}  // namespace gridloom::operations
