#include "home/history_devices.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/string_map.h"
#include "catalog/natures.h"
#include "hub/feed/twin_snapshot.h"
#include "wire/json.h"

namespace gridloom::home {
namespace {

// The text of a quota; empty: it has none.
std::string text_of(const hub::TwinSnapshot& twin, std::string_view quota) {
  std::string found;
  twin.values.for_each([&](std::size_t slot, std::string_view text) {
    if (twin.name_of(slot) != quota) return;
    const auto value = wire::parse_json(text);
    if (value && value->is_string()) found = value->get_string();
  });
  return found;
}

void set_roles(std::vector<HistoryDevice>& devices, const StringMap<std::string>& meters) {
  std::vector<overview::Member> members;
  members.reserve(devices.size());
  for (const HistoryDevice& each : devices) {
    const auto meter = meters.find(each.sn);
    members.push_back({.family = each.family.get(),
                       .sn = each.sn,
                       .meter_sn = meter == meters.end() ? std::string_view() : meter->second});
  }
  const std::vector<overview::Role> roles = overview::roles_of(members);
  for (std::size_t i = 0; i < devices.size(); ++i) devices[i].role = roles[i];
}

}  // namespace

void find_roles(hub::Hub& hub, AccountId account, std::vector<HistoryDevice> devices,
                hub::ReplyTo<std::vector<HistoryDevice>> reply_to) {
  StringMap<std::string> quotas;  // by device
  std::vector<std::string> sns;
  for (const HistoryDevice& each : devices) {
    const catalog::Field* const field = catalog::meter_field(*each.family);
    if (field == nullptr) continue;
    quotas.emplace(each.sn, field->name);
    sns.push_back(each.sn);
  }
  if (sns.empty()) {
    set_roles(devices, {});
    return reply_to.done(std::move(devices));
  }
  hub.read_twins(account, sns,
                 {.loop = reply_to.loop,
                  .done = [devices = std::move(devices), quotas = std::move(quotas),
                           done = std::move(reply_to.done)](
                              const Result<std::vector<hub::TwinSnapshot>>& twins) mutable {
                    StringMap<std::string> meters;
                    for (const hub::TwinSnapshot& twin : *twins) {
                      meters.emplace(twin.sn, text_of(twin, quotas.at(twin.sn)));
                    }
                    set_roles(devices, meters);
                    done(std::move(devices));
                  }});
}

}  // namespace gridloom::home
