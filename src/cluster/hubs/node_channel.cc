#include "hubs/node_channel.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace gridloom::hub {

NodeChannel::NodeChannel(const Options& options, Events events)
    : link_(std::make_shared<LinkChannel>(
          options,
          LinkChannel::Events{.opened = std::move(events.opened),
                              .closed = std::move(events.closed),
                              .received =
                                  [received = std::move(events.received)](std::string_view bytes) {
                                    auto message = node_message_in(bytes);
                                    if (message) return received(std::move(*message));
                                    spdlog::error("another node: {}", message.error().detail);
                                  },
                              .send = std::move(events.send)})) {}

}  // namespace gridloom::hub
