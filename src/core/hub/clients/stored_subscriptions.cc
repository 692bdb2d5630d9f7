#include "hub/clients/stored_subscriptions.h"

#include <utility>

#include "wire/mqtt/packet.h"

namespace gridloom::hub {
namespace {

using wire::mqtt::PropertyId;
using wire::mqtt::Subscribe;
using wire::mqtt::Version;

}  // namespace

std::string packets_of(const std::vector<Subscription>& subscriptions) {
  std::string bytes;
  for (const Subscription& subscription : subscriptions) {
    Subscribe packet{.packet_id = 1};
    packet.entries.push_back({.filter = subscription.filter,
                              .qos = subscription.qos,
                              .no_local = subscription.no_local,
                              .retain_as_published = subscription.retain_as_published});
    if (subscription.id != 0) packet.properties.add(PropertyId::kSubscriptionId, subscription.id);
    encode(bytes, packet, Version::k5);
  }
  return bytes;
}

std::optional<std::vector<Subscription>> subscriptions_in(std::string_view packets) {
  std::vector<Subscription> found;
  while (!packets.empty()) {
    const auto header = wire::mqtt::peek_header(packets);
    if (!header || !*header || (*header)->total_bytes() > packets.size()) return std::nullopt;
    const auto decoded =
        wire::mqtt::decode(packets.substr(0, (*header)->total_bytes()), Version::k5);
    const auto* packet = decoded ? std::get_if<Subscribe>(&*decoded) : nullptr;
    if (packet == nullptr) return std::nullopt;
    for (const wire::mqtt::FilterEntry& entry : packet->entries) {
      found.push_back({.filter = std::string(entry.filter),
                       .qos = entry.qos,
                       .id = packet->properties.number(PropertyId::kSubscriptionId).value_or(0),
                       .no_local = entry.no_local,
                       .retain_as_published = entry.retain_as_published,
                       .send_retained = false});
    }
    packets.remove_prefix((*header)->total_bytes());
  }
  return found;
}

}  // namespace gridloom::hub
