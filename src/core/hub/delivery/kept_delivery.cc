#include "hub/delivery/kept_delivery.h"

#include "wire/mqtt/stored_message.h"

namespace gridloom::hub {

std::optional<MessageKept> keep_delivery(const SessionKeeper& keeper, std::int64_t session,
                                         Delivery& delivery, std::string& packet) {
  using wire::mqtt::Qos;
  if (delivery.qos == Qos::kAtMostOnce || !encodable(*delivery.message)) return std::nullopt;
  delivery.number = keeper.new_number();
  MessageKept kept{.session = session,
                   .message = delivery.number,
                   .expires_at_ms = wire::mqtt::stored_ms(delivery.message->expires_at),
                   .flags = {.qos = delivery.qos,
                             .retain = delivery.retain,
                             .subscription_ids = delivery.subscription_ids}};
  if (packet.empty()) {
    packet = packet_of(*delivery.message, {.qos = Qos::kAtLeastOnce});
    kept.packet = packet;
  }
  return kept;
}

}  // namespace gridloom::hub
