// The operations on accounts and their keys: account.add, .list, .keys, .rotate and .remove.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/operations/context.h"
#include "app/operations/kinds.h"
#include "parameters/arguments.h"

namespace gridloom::operations {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

Result<Json> add_account(const Context& context, const Arguments& arguments) {
  const std::string name = arguments.text("name");
  const std::string access_key = arguments.text("accessKey");
  const std::string secret_key = arguments.text("secretKey");
  GL_TRY(const auto added, context.registry.add_account(
                               {.name = name, .access_key = access_key, .secret_key = secret_key}));
  return JsonObject{{"name", added.account.name},
                    {"accessKey", added.key.access_key},
                    {"secretKey", added.key.secret_key.reveal()},
                    {"gatewayKey", added.account.gateway_key.reveal()}};
}

Result<Json> list_accounts(const Context& context, const Arguments&) {
  const auto directory = context.registry.directory();
  JsonArray rows;
  for (const registry::Account* account : directory->accounts()) {
    JsonArray keys;
    for (const registry::AccessKey* key : directory->keys_of(account->id)) {
      keys.emplace_back(key->access_key);
    }
    rows.push_back(JsonObject{{"name", account->name},
                              {"accessKeys", std::move(keys)},
                              {"devices", directory->devices_of(account->id).size()},
                              {"certificateAccount", account->certificate_account}});
  }
  return Json(std::move(rows));
}

Result<Json> add_keys(const Context& context, const Arguments& arguments) {
  const std::string remove = arguments.text("remove");
  if (!remove.empty()) {
    GL_TRY(context.registry.remove_key(remove));
    return JsonObject{{"removed", remove}};
  }
  GL_TRY(const auto added, context.registry.add_keys(arguments.text("name")));
  return JsonObject{{"accessKey", added.access_key}, {"secretKey", added.secret_key.reveal()}};
}

Result<Json> rotate(const Context& context, const Arguments& arguments) {
  const std::string name = arguments.text("name");
  if (arguments.flag("gateway")) {
    GL_TRY(const auto key, context.registry.rotate_gateway(name));
    return JsonObject{{"rotated", name}, {"gatewayKey", key.reveal()}};
  }
  GL_TRY(context.registry.rotate_certificate(name));
  return JsonObject{{"rotated", name}};
}

Result<Json> remove_account(const Context& context, const Arguments& arguments) {
  const std::string name = arguments.text("name");
  GL_TRY(context.registry.remove_account(name));
  return JsonObject{{"removed", name}};
}

constexpr Parameter kName{
    .name = "name", .text = "Name of the account", .type = Type::kAccount, .required = true};

constexpr std::array kAddParameters = {
    Parameter{.name = "name", .text = "Name of the new account", .required = true},
    Parameter{.name = "accessKey",
              .text = "Access key to use instead of a generated one",
              .most_bytes = registry::kAccessKeyMaxBytes},
    Parameter{.name = "secretKey",
              .text = "Secret key of the account, with an access key",
              .type = Type::kSecret,
              .most_bytes = registry::kSecretMaxBytes},
};
constexpr std::array kKeysParameters = {
    // Not asked for where a key is removed.
    Parameter{.name = kName.name, .text = kName.text, .type = kName.type},
    Parameter{.name = "remove",
              .text = "Access key to remove",
              .most_bytes = registry::kAccessKeyMaxBytes},
};
constexpr std::array kRotateParameters = {
    kName,
    Parameter{.name = "gateway",
              .text = "Make a new gateway key instead and print it, once",
              .type = Type::kFlag},
};
constexpr std::array kRemoveParameters = {kName};

constexpr std::array kAccountOperations = {
    Operation{.name = "account.add",
              .text = "Adds an account and prints its keys, once",
              .parameters = kAddParameters,
              .audit = {Recorded::kBeforeAnswer, "account.add", {"name", "accessKey"}},
              .function = add_account},
    Operation{.name = "account.list",
              .text = "Lists the accounts",
              .audit = kChangesNothing,
              .function = list_accounts},
    Operation{.name = "account.keys",
              .text = "Adds a key pair, or removes one",
              .parameters = kKeysParameters,
              .audit = {Recorded::kBeforeAnswer, "account.keys", {"name", "accessKey", "removed"}},
              .function = add_keys},
    Operation{.name = "account.rotate",
              .text = "Gives an account a new MQTT password",
              .parameters = kRotateParameters,
              .audit = {Recorded::kBeforeAnswer, "account.rotate", {"name", "gateway"}},
              .function = rotate},
    Operation{.name = "account.remove",
              .text = "Removes an account that owns no device",
              .parameters = kRemoveParameters,
              .audit = {Recorded::kBeforeAnswer, "account.remove", {"name"}},
              .function = remove_account},
};
static_assert(are_complete(kAccountOperations));

}  // namespace

std::span<const Operation> account_operations() { return kAccountOperations; }

Result<const registry::Account*> account_named(const registry::Directory& directory,
                                               std::string_view name) {
  if (!name.empty()) {
    const registry::Account* found = directory.find_account_by_name(name);
    if (found != nullptr) return found;
    return fail(ErrorCode::kNotFound, fmt::format("there is no account \"{}\"", name));
  }
  const auto all = directory.accounts();
  if (all.size() == 1) return all.front();
  if (all.empty()) {
    return fail(ErrorCode::kNotFound,
                "there is no account yet; `gridloom account add NAME` adds one");
  }
  std::vector<std::string_view> names;
  names.reserve(all.size());
  for (const registry::Account* each : all) names.emplace_back(each->name);
  return fail(ErrorCode::kBadParams, fmt::format("choose an account with --account: there are {}",
                                                 fmt::join(names, ", ")));
}

}  // namespace gridloom::operations
