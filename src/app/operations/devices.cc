// The operations on devices, their names, owners, keys and shares: device.add, .list, .rename,
// .share, .rotate, .move and .remove.
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "app/operations/context.h"
#include "app/operations/kinds.h"
#include "catalog/family_json.h"
#include "hub/hub.h"
#include "parameters/arguments.h"

namespace gridloom::operations {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

Result<Json> add_device(const Context& context, const Arguments& arguments) {
  const std::string sn = arguments.text("sn");
  const catalog::FamilyPtr& family = context.catalog.of_serial(sn);
  std::string name = arguments.text("name");
  if (name.empty()) name = context.catalog.product_name(sn);
  if (name.empty()) name = sn;
  const std::string owner = arguments.text("owner");
  const std::string key = arguments.text("key");
  GL_TRY(const auto added,
         context.registry.add_device({.sn = sn, .name = name, .owner = owner, .key = key}));
  JsonObject row{{"sn", sn}, {"name", name}, {"family", family->id}};
  catalog::add_unserved(context.catalog, sn, row);
  row["deviceKey"] = added.reveal();
  return Json(std::move(row));
}

Result<Json> list_devices(const Context& context, const Arguments& arguments) {
  const auto directory = context.registry.directory();
  const std::string owner = arguments.text("owner");
  JsonArray rows;
  for (const registry::Device* device : directory->devices()) {
    const registry::Account* account = directory->find_account(device->owner);
    if (account == nullptr || (!owner.empty() && account->name != owner)) continue;
    JsonArray shares;
    for (const registry::Share& share : device->shares) {
      const registry::Account* with = directory->find_account(share.account);
      if (with == nullptr) continue;
      shares.push_back(JsonObject{{"account", with->name}, {"rights", name_of(share.rights)}});
    }
    JsonObject row{{"sn", device->sn},
                   {"name", device->name},
                   {"owner", account->name},
                   {"family", context.catalog.of_serial(device->sn)->id},
                   {"shares", std::move(shares)}};
    if (context.hub != nullptr) row["online"] = context.hub->online(device->owner, device->sn);
    rows.push_back(std::move(row));
  }
  return Json(std::move(rows));
}

Result<Json> rename_device(const Context& context, const Arguments& arguments) {
  const std::string sn = arguments.text("sn");
  const std::string name = arguments.text("name");
  GL_TRY(context.registry.rename_device({.sn = sn, .name = name}));
  return JsonObject{{"sn", sn}, {"name", name}};
}

constexpr auto kRightsOfShares = std::to_array<std::string_view>({"monitor", "full", "none"});

Result<Json> share_device(const Context& context, const Arguments& arguments) {
  const std::string sn = arguments.text("sn");
  const std::string account = arguments.text("account");
  const std::string rights = arguments.text("rights");
  registry::Rights given = registry::Rights::kNone;
  if (rights == "monitor") given = registry::Rights::kMonitor;
  if (rights == "full") given = registry::Rights::kFull;
  GL_TRY(context.registry.share_device({.sn = sn, .account = account, .rights = given}));
  return JsonObject{{"sn", sn}, {"account", account}, {"rights", rights}};
}

Result<Json> rotate_device(const Context& context, const Arguments& arguments) {
  const std::string sn = arguments.text("sn");
  GL_TRY(const auto key, context.registry.rotate_device(sn));
  return JsonObject{{"rotated", sn}, {"deviceKey", key.reveal()}};
}

Result<Json> move_device(const Context& context, const Arguments& arguments) {
  const std::string sn = arguments.text("sn");
  const std::string owner = arguments.text("owner");
  const bool with_history = arguments.flag("withHistory");
  const auto before = context.registry.directory();
  const registry::Device* device = before->find_device(sn);
  GL_TRY(const auto key, context.registry.move_device(
                             {.sn = sn,
                              .owner = owner,
                              .history = with_history ? registry::MovedHistory::kGoesAlong
                                                      : registry::MovedHistory::kStaysBehind}));
  if (device != nullptr && !with_history) context.archive.purge(device->number);
  return JsonObject{{"sn", sn},
                    {"owner", owner},
                    {"history", with_history ? "moved" : "deleted"},
                    {"deviceKey", key.reveal()}};
}

Result<Json> remove_device(const Context& context, const Arguments& arguments) {
  const std::string sn = arguments.text("sn");
  const auto before = context.registry.directory();
  const registry::Device* device = before->find_device(sn);
  GL_TRY(context.registry.remove_device(sn));
  if (device != nullptr) context.archive.purge(device->number);
  return JsonObject{{"removed", sn}};
}

constexpr Parameter kSn{.name = "sn",
                        .text = "Serial number of the device",
                        .type = Type::kSerialNumber,
                        .required = true,
                        .most_bytes = registry::kSnMaxBytes};

constexpr std::array kAddParameters = {
    Parameter{.name = "sn",
              .text = "Serial number of the new device",
              .type = Type::kSerialNumber,
              .required = true,
              .most_bytes = registry::kSnMaxBytes},
    Parameter{.name = "owner",
              .text = "Account that owns the device",
              .type = Type::kAccount,
              .required = true},
    Parameter{.name = "name", .text = "Name of the device; by default that of the product"},
    Parameter{.name = "key",
              .text = "MQTT password of the device, instead of a generated one",
              .type = Type::kSecret,
              .most_bytes = registry::kSecretMaxBytes},
};
constexpr std::array kListParameters = {
    Parameter{.name = "owner", .text = "Only devices of this account", .type = Type::kAccount},
};
constexpr std::array kRenameParameters = {
    kSn,
    Parameter{.name = "name", .text = "The new name", .required = true},
};
constexpr std::array kShareParameters = {
    kSn,
    Parameter{.name = "account",
              .text = "Account that gets the rights",
              .type = Type::kAccount,
              .required = true},
    Parameter{.name = "rights",
              .text = "monitor, full, or none to stop sharing",
              .type = Type::kChoice,
              .required = true,
              .values = kRightsOfShares},
};
constexpr std::array kOneDevice = {kSn};
constexpr std::array kMoveParameters = {
    kSn,
    Parameter{.name = "owner", .text = "The new owner", .type = Type::kAccount, .required = true},
    Parameter{.name = "withHistory",
              .text = "Hand the history of the device to the new owner as well",
              .type = Type::kFlag},
};

constexpr std::array kDeviceOperations = {
    Operation{.name = "device.add",
              .text = "Adds a device and prints its key, once",
              .parameters = kAddParameters,
              .audit = {Recorded::kBeforeAnswer, "device.add", {"sn", "owner", "name", "family"}},
              .function = add_device},
    Operation{.name = "device.list",
              .text = "Lists devices",
              .parameters = kListParameters,
              .audit = kChangesNothing,
              .function = list_devices},
    Operation{.name = "device.rename",
              .text = "Changes the name of a device",
              .parameters = kRenameParameters,
              .audit = {Recorded::kBeforeAnswer, "device.rename", {"sn", "name"}},
              .function = rename_device,
              .access = Access::kOwner},
    Operation{.name = "device.share",
              .text = "Shares a device with another account",
              .parameters = kShareParameters,
              .audit = {Recorded::kBeforeAnswer, "device.share", {"sn", "account", "rights"}},
              .function = share_device,
              .access = Access::kOwner},
    Operation{.name = "device.rotate",
              .text = "Gives a device a new key and prints it, once",
              .parameters = kOneDevice,
              .audit = {Recorded::kBeforeAnswer, "device.rotate", {"sn"}},
              .function = rotate_device,
              .access = Access::kOwner},
    Operation{.name = "device.move",
              .text = "Gives a device to another account, with a new key and without its history",
              .parameters = kMoveParameters,
              .audit = {Recorded::kBeforeAnswer, "device.move", {"sn", "owner", "history"}},
              .function = move_device},
    Operation{.name = "device.remove",
              .text = "Removes a device and its history",
              .parameters = kOneDevice,
              .audit = {Recorded::kBeforeAnswer, "device.remove", {"sn"}},
              .function = remove_device,
              .frees_room = FreesRoom::kYes},
};
static_assert(are_complete(kDeviceOperations));

}  // namespace

std::span<const Operation> device_operations() { return kDeviceOperations; }

}  // namespace gridloom::operations
