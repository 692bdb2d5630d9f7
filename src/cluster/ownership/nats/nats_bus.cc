#include "ownership/nats/nats_bus.h"

#include <expected>
#include <string>
#include <utility>

namespace gridloom::cluster {
namespace {

class NatsSubscription final : public Bus::Subscription {
 public:
  explicit NatsSubscription(nats::Subscription subscription)
      : subscription_(std::move(subscription)) {}

 private:
  nats::Subscription subscription_;
};

}  // namespace

Status NatsBus::publish(std::string_view subject, std::string_view bytes) {
  Status sent = connection_.publish(std::string(subject), bytes);
  if (sent || sent.error().code != ErrorCode::kOffline) return sent;
  return fail(ErrorCode::kIo, sent.error().detail);
}

Result<std::unique_ptr<Bus::Subscription>> NatsBus::subscribe(std::string_view subject,
                                                              Handler handler) {
  GL_TRY(auto subscription,
         connection_.subscribe(std::string(subject),
                               [handler = std::move(handler)](const nats::Delivery& delivery) {
                                 handler(delivery.subject, delivery.data);
                               }));
  return std::make_unique<NatsSubscription>(std::move(subscription));
}

Bus::Link NatsBus::link() const {
  const nats::Health health = connection_.health();
  return {.is_connected = health.is_connected,
          .since = health.since,
          .connections = health.reconnects + 1};
}

}  // namespace gridloom::cluster
