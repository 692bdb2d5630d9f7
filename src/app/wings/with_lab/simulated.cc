// The operation that registers devices that exist only in simulation, under an account of their
// own.
#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/operations/context.h"
#include "app/operations/kinds.h"
#include "base/nearest.h"
#include "parameters/arguments.h"
#include "sim/virtual_device.h"
#include "with_lab/last_states.h"

namespace gridloom::operations {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

Result<catalog::FamilyPtr> family_in(const catalog::Catalog& catalog, const std::string& id) {
  std::vector<std::string_view> known;
  for (const catalog::FamilyPtr& family : catalog.families()) {
    if (family->id == id) return family;
    known.emplace_back(family->id);
  }
  return fail(ErrorCode::kBadParams, fmt::format("family is {}: the server has no such family{}",
                                                 id.empty() ? "missing" : wire::to_text(Json(id)),
                                                 did_you_mean(id, known)));
}

Status make_missing(registry::Registry& registry, const catalog::Catalog& catalog,
                    const std::vector<std::string>& sns) {
  const std::string account(kSimulatedAccount);
  const auto directory = registry.directory();
  const registry::Account* owner = directory->find_account_by_name(account);
  std::vector<registry::DeviceSpec> missing;
  for (const std::string& sn : sns) {
    const registry::Device* known = directory->find_device(sn);
    if (known == nullptr) {
      const std::string& product = catalog.product_name(sn);
      missing.push_back({.sn = sn, .name = product.empty() ? sn : product, .owner = account});
    } else if (owner == nullptr || known->owner != owner->id) {
      return fail(ErrorCode::kConflict,
                  fmt::format("{} belongs to another account: its server has this device already; "
                              "play a recording against another server, or record it with "
                              "--replace-serials",
                              sn));
    }
  }
  if (missing.empty()) return {};
  // The account is made last, so that a refusal leaves nothing behind.
  if (owner == nullptr) {
    GL_TRY(registry.add_account({.name = account}));
  }
  GL_TRY(registry.add_devices(missing));
  return {};
}

Result<std::vector<std::string>> sns_in(const Context& context, const Arguments& arguments) {
  std::vector<std::string> sns = arguments.texts("sns");
  if (!sns.empty()) return sns;
  GL_TRY(const auto family, family_in(context.catalog, arguments.text("family")));
  const std::int64_t first = arguments.integer("first").value_or(1);
  const std::int64_t count = arguments.integer("count").value_or(1);
  sns.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    sns.push_back(sim::simulated_sn(*family, static_cast<std::size_t>(first + i)));
  }
  return sns;
}

Result<Json> add_simulated(const Context& context, const Arguments& arguments) {
  GL_TRY(const auto sns, sns_in(context, arguments));
  GL_TRY(make_missing(context.registry, context.catalog, sns));
  const auto directory = context.registry.directory();
  JsonArray devices;
  for (const std::string& sn : sns) {
    devices.push_back(JsonObject{{"sn", sn}, {"key", directory->find_device(sn)->key.reveal()}});
  }
  const auto* account = directory->find_account_by_name(kSimulatedAccount);
  return JsonObject{{"owner", account->name},
                    {"gatewayKey", account->gateway_key.reveal()},
                    {"devices", std::move(devices)}};
}

constexpr std::array kAddParameters = {
    Parameter{.name = "sns",
              .text = "Serial numbers of the devices; instead of a family",
              .type = Type::kTexts,
              .most_bytes = registry::kSnMaxBytes,
              .most_items = kMaxSimulatedAtOnce},
    Parameter{.name = "family", .text = "Family of the devices"},
    Parameter{.name = "first",
              .text = "Number of the first device of the family",
              .type = Type::kInteger,
              .least = 1,
              .most = 99'999'999},
    Parameter{.name = "count",
              .text = "Number of devices of the family",
              .type = Type::kInteger,
              .least = 1,
              .most = kMaxSimulatedAtOnce},
};
constexpr std::array kStatesParameters = {
    Parameter{.name = "sns",
              .text = "Serial numbers of the devices",
              .type = Type::kTexts,
              .most_bytes = registry::kSnMaxBytes,
              .most_items = kMaxStatesAtOnce},
};

constexpr std::array kSimulatedOperations = {
    Operation{.name = "device.simulated",
              .text = "Adds devices that exist only in simulation, and answers with their keys",
              .parameters = kAddParameters,
              .audit = {Recorded::kBeforeAnswer,
                        "device.simulated",
                        {"owner", "family", "first", "count"}},
              .function = add_simulated},
    Operation{.name = "device.last-states",
              .text = "Shows the states in which virtual devices were left",
              .parameters = kStatesParameters,
              .audit = kChangesNothing,
              .function = read_last_states},
};
static_assert(are_complete(kSimulatedOperations));

}  // namespace

std::span<const Operation> simulated_operations() { return kSimulatedOperations; }

}  // namespace gridloom::operations
