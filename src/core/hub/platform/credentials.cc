#include "hub/platform/credentials.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "base/printable.h"
#include "hub/clients/topic_rights.h"
#include "hub/platform/platform.h"

namespace gridloom::hub {
namespace {

using registry::Rights;

bool may_read(const registry::Directory& directory, registry::AccountId account,
              std::string_view sn) {
  const registry::Device* device = directory.find_device(sn);
  return device != nullptr && registry::Directory::rights(account, *device) != Rights::kNone;
}

}  // namespace

std::optional<Credential> find_credential(const registry::Directory& directory,
                                          std::string_view user) {
  if (const registry::Account* account = directory.find_certificate(user)) {
    return Credential{.identity = {.role = Role::kAccount,
                                   .account = account->id,
                                   .name = account->certificate_account,
                                   .generation = account->certificate_generation},
                      .password = &account->certificate_password};
  }
  if (user.starts_with(kGatewayPrefix)) {
    const registry::Account* account =
        directory.find_account_by_name(user.substr(kGatewayPrefix.size()));
    if (account == nullptr) return std::nullopt;
    return Credential{.identity = {.role = Role::kGateway,
                                   .account = account->id,
                                   .name = std::string(user),
                                   .generation = account->gateway_generation},
                      .password = &account->gateway_key};
  }
  const registry::Device* device = directory.find_device(user);
  if (device == nullptr) return std::nullopt;
  return Credential{.identity = {.role = Role::kDevice,
                                 .account = device->owner,
                                 .name = device->sn,
                                 .device = device->number,
                                 .generation = device->key_generation},
                    .password = &device->key};
}

bool still_valid(const registry::Directory& directory, const Identity& who) {
  if (who.role == Role::kDevice) {
    const registry::Device* device = directory.find_device(who.name);
    return device != nullptr && device->number == who.device &&
           device->key_generation == who.generation;
  }
  const registry::Account* account = directory.find_account(who.account);
  if (account == nullptr) return false;
  return who.generation == (who.role == Role::kAccount ? account->certificate_generation
                                                       : account->gateway_generation);
}

std::int64_t number_of(const Identity& who) {
  return who.role == Role::kDevice ? who.device : std::to_underlying(who.account);
}

Result<const registry::Device*> permitted_device(const registry::Directory& directory,
                                                 registry::AccountId account, std::string_view sn,
                                                 registry::Rights least) {
  const registry::Device* device = directory.find_device(sn);
  if (device != nullptr && registry::Directory::rights(account, *device) >= least) return device;
  return fail(ErrorCode::kNoPermission,
              fmt::format("{} is not a device that this account may {}", redacted_extract(sn),
                          least == Rights::kMonitor ? "read" : "set"));
}

bool may_receive(const registry::Directory& directory, const Identity& who,
                 std::string_view topic) {
  if (who.role == Role::kAccount) {
    const auto of_app = open_topic(topic);
    return of_app && may_read(directory, who.account, of_app->sn);
  }
  const auto of_device = device_topic(topic);
  if (!of_device) return false;
  const registry::Device* device = directory.find_device(of_device->sn);
  if (device == nullptr) return false;
  return who.role == Role::kDevice ? device->number == who.device : device->owner == who.account;
}

bool still_retained(const registry::Directory& directory, const RetainedChange& retained) {
  if (const auto of_app = open_topic(retained.topic)) {
    const registry::Account* account = directory.find_certificate(of_app->account);
    return account != nullptr && may_read(directory, account->id, of_app->sn);
  }
  const auto of_device = device_topic(retained.topic);
  const registry::Device* device = of_device ? directory.find_device(of_device->sn) : nullptr;
  // 0: stored by a version that did not record the number.
  return device != nullptr && (retained.device == 0 || retained.device == device->number);
}

}  // namespace gridloom::hub
