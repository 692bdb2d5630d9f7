#include "node/sealed_bus.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <string>
#include <utility>

#include "base/secret.h"

namespace gridloom::node {
namespace {

// No other secret that the key has sealed is a message.
std::string place_of(std::string_view subject) { return fmt::format("bus/{}", subject); }

}  // namespace

Status SealedBus::publish(std::string_view subject, std::string_view bytes) {
  if (!is_ready_) return fail(ErrorCode::kIo, "the node has not started yet");
  return bus_.publish(subject, sealer_->seal(place_of(subject), Secret(std::string(bytes))));
}

Result<std::unique_ptr<cluster::Bus::Subscription>> SealedBus::subscribe(std::string_view subject,
                                                                         Handler handler) {
  return bus_.subscribe(subject, [this, handler = std::move(handler)](std::string_view under,
                                                                      std::string_view sealed) {
    open(under, sealed, handler);
  });
}

void SealedBus::open(std::string_view subject, std::string_view sealed, const Handler& handler) {
  if (!is_ready_) return;
  const std::string place = place_of(subject);
  const auto opened = sealer_->open({.place = place, .sealed = sealed});
  if (opened) return handler(subject, opened->reveal());
  if (const auto more = refusals_.admit(SteadyClock().now())) {
    spdlog::warn(
        "{}: a message that no node of this cluster has sent, or one with another "
        "secret.key, and {} before it",
        subject, *more);
  }
}

}  // namespace gridloom::node
