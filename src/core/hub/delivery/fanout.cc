#include "hub/delivery/fanout.h"

#include <utility>

namespace gridloom::hub {

void Fanout::use(std::shared_ptr<const registry::Directory> directory) {
  directory_ = std::move(directory);
  ++directories_;
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

const ReportRoute& Fanout::route_of(const registry::Device& device,
                                    std::unique_ptr<ReportRoute>& kept) {
  const std::uint64_t subscriptions = router_.subscriptions().version();
  if (kept && kept->subscriptions == subscriptions && kept->directories == directories_) {
    return *kept;
  }
  kept = std::make_unique<ReportRoute>(
      ReportRoute{.subscriptions = subscriptions, .directories = directories_});
  const std::string own_topic = make_device_topic(device.sn, Verb::kQuota);
  const registry::Account* owner = directory_->find_account(device.owner);
  if (auto target = router_.target(device.sn, own_topic)) {
    kept->device.push_back(std::move(*target));
  }
  if (owner != nullptr) {
    if (auto target = router_.target(std::string(kGatewayPrefix) + owner->name, own_topic)) {
      kept->device.push_back(std::move(*target));
    }
  }
  const auto add_account = [&](registry::AccountId id) {
    const registry::Account* account = directory_->find_account(id);
    if (account == nullptr) return;
    const std::string& name = account->certificate_account;
    if (auto target = router_.target(name, make_open_topic(name, device.sn, Verb::kQuota))) {
      target->account = id;
      kept->accounts.push_back(std::move(*target));
    }
  };
  add_account(device.owner);
  for (const registry::Share& share : device.shares) add_account(share.account);
  return *kept;
}

void Fanout::to_accounts(const registry::Device& device, const ReportRoute& route,
                         OutgoingReport& report) {
  for (const ReportTarget& target : route.accounts) {
    if (faults_.pushes(target.account, device.sn, Verb::kQuota)) router_.send(target, report);
  }
}

void Fanout::to_device(const ReportRoute& route, OutgoingReport& report) {
  for (const ReportTarget& target : route.device) router_.send(target, report);
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
