#include "app/control/simulated.h"

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/nearest.h"
#include "sim/virtual_device.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

Result<catalog::FamilyPtr> family_in(const catalog::Catalog& catalog, const JsonObject& request) {
  const Json* id = request.if_contains("family");
  for (const catalog::FamilyPtr& family : catalog.families()) {
    if (id != nullptr && *id == Json(family->id)) return family;
  }
  std::vector<std::string_view> known;
  for (const catalog::FamilyPtr& family : catalog.families()) known.emplace_back(family->id);
  const std::string_view asked = wire::text_in(request, "family");
  return fail(ErrorCode::kBadParams, fmt::format("family is {}: the server has no such family{}",
                                                 id == nullptr ? "missing" : wire::to_text(*id),
                                                 did_you_mean(asked, known)));
}

Result<std::int64_t> number_in(const JsonObject& request, std::string_view name,
                               std::int64_t most) {
  const auto number = wire::whole_in(request, name);
  if (number && *number >= 1 && *number <= most) return *number;
  return fail(ErrorCode::kBadParams, fmt::format("{} must be from 1 to {}", name, most));
}

Status make_missing(registry::Registry& registry, const catalog::Catalog& catalog,
                    const std::vector<std::string>& sns) {
  const std::string account(kSimulatedAccount);
  if (registry.directory()->find_account_by_name(account) == nullptr) {
    if (const auto added = registry.add_account({.name = account}); !added) {
      return std::unexpected(added.error());
    }
  }
  const auto directory = registry.directory();
  const registry::AccountId owner = directory->find_account_by_name(account)->id;
  std::vector<registry::DeviceSpec> missing;
  for (const std::string& sn : sns) {
    const registry::Device* known = directory->find_device(sn);
    if (known == nullptr) {
      const std::string& product = catalog.of_serial(sn)->product;
      missing.push_back({.sn = sn, .name = product.empty() ? sn : product, .owner = account});
    } else if (known->owner != owner) {
      return fail(ErrorCode::kConflict,
                  fmt::format("{} belongs to another account: its server has this device already; "
                              "play a recording against another server, or record it with "
                              "--replace-serials",
                              sn));
    }
  }
  if (missing.empty()) return {};
  if (const auto added = registry.add_devices(missing); !added) {
    return std::unexpected(added.error());
  }
  return {};
}

Result<std::vector<std::string>> sns_in(const AdminContext& context, const JsonObject& request) {
  std::vector<std::string> sns;
  if (const Json* named = request.if_contains("sns"); named != nullptr && named->is_array()) {
    for (const Json& sn : named->get_array()) {
      if (sn.is_string()) sns.emplace_back(sn.get_string());
    }
    if (std::cmp_less_equal(sns.size(), kMaxSimulatedAtOnce)) return sns;
    return fail(ErrorCode::kBadParams,
                fmt::format("sns has more than {} serial numbers", kMaxSimulatedAtOnce));
  }
  const auto family = family_in(context.catalog, request);
  if (!family) return std::unexpected(family.error());
  const auto first = number_in(request, "first", 99'999'999);
  if (!first) return std::unexpected(first.error());
  const auto count = number_in(request, "count", kMaxSimulatedAtOnce);
  if (!count) return std::unexpected(count.error());
  sns.reserve(static_cast<std::size_t>(*count));
  for (std::int64_t i = 0; i < *count; ++i) {
    sns.push_back(sim::simulated_sn(**family, static_cast<std::size_t>(*first + i)));
  }
  return sns;
}

}  // namespace

Result<Json> add_simulated(const AdminContext& context, const JsonObject& request) {
  const auto sns = sns_in(context, request);
  if (!sns) return std::unexpected(sns.error());
  if (Status made = make_missing(context.registry, context.catalog, *sns); !made) {
    return std::unexpected(std::move(made.error()));
  }
  const auto directory = context.registry.directory();
  JsonArray devices;
  for (const std::string& sn : *sns) {
    devices.push_back(JsonObject{{"sn", sn}, {"key", directory->find_device(sn)->key.reveal()}});
  }
  const auto* account = directory->find_account_by_name(kSimulatedAccount);
  return JsonObject{{"owner", account->name},
                    {"gatewayKey", account->gateway_key.reveal()},
                    {"devices", std::move(devices)}};
}

}  // namespace gridloom::app
