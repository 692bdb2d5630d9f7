#include "hub/fanout.h"

#include <utility>

namespace gridloom::hub {

void Fanout::use(std::shared_ptr<const registry::Directory> directory) {
  directory_ = std::move(directory);
}

void Fanout::to_accounts(const registry::Device& device, Verb verb,
                         const OutgoingMessage& message) {
  if (verb != Verb::kQuota) {
    traffic_.message(TrafficEvent::Kind::kAppGets, device.sn, verb, message.like.payload,
                     device.owner);
  }
  const auto to = [&](registry::AccountId id) {
    const registry::Account* account = directory_->find_account(id);
    if (account != nullptr && faults_.pushes(id, device.sn, verb)) {
      router_.to_apps(account->certificate_account, device.sn, verb, message);
    }
  };
  to(device.owner);
  for (const registry::Share& share : device.shares) to(share.account);
}

void Fanout::to_device(const registry::Device& device, Verb verb, const OutgoingMessage& message) {
  router_.to_device(device.sn, verb, message);
  const registry::Account* owner = directory_->find_account(device.owner);
  if (owner != nullptr) router_.to_gateways(owner->name, device.sn, verb, message);
}

void Fanout::answer_app(const std::string& certificate_account, const std::string& sn, Verb verb,
                        const OutgoingMessage& message) {
  const registry::Account* app =
      traffic_.wants(sn) ? directory_->find_certificate(certificate_account) : nullptr;
  if (app != nullptr) {
    traffic_.message(TrafficEvent::Kind::kAppGets, sn, verb, message.like.payload, app->id);
  }
  router_.to_apps(certificate_account, sn, verb, message);
}

}  // namespace gridloom::hub
