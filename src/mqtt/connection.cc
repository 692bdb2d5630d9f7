#include "mqtt/connection.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "wire/mqtt/topic.h"

namespace gridloom::mqtt {
namespace {

using wire::mqtt::Qos;
using wire::mqtt::Reason;

constexpr std::size_t kMostFilters = 2048;  // of one connection

Reason granted(Qos qos) {
  switch (qos) {
    case Qos::kAtMostOnce:
      break;
    case Qos::kAtLeastOnce:
      return Reason::kGrantedQos1;
    case Qos::kExactlyOnce:
      return Reason::kGrantedQos2;
  }
  return Reason::kSuccess;
}

}  // namespace

// What the hub holds. It outlives the connection for as long as shards have something posted.
class Connection::HubClient final : public hub::Client {
 public:
  HubClient(Loop& loop, hub::Identity identity, std::string client_id,
            std::weak_ptr<Connection> connection)
      : Client(loop, std::move(identity), std::move(client_id)),
        connection_(std::move(connection)) {}

  void deliver(std::vector<hub::Delivery> deliveries, std::vector<hub::Ack> acks) override {
    if (const auto connection = connection_.lock()) connection->deliver(deliveries, acks);
  }
  void kick(hub::KickReason reason) override {
    if (const auto connection = connection_.lock()) connection->kick(reason);
  }

 private:
  std::weak_ptr<Connection> connection_;
};

Connection::Connection(const Door& door, net::Line line)
    : door_(door),
      line_(std::move(line)),
      session_(door.limits, door.clock->now()),
      batch_(*door.hub) {}

Connection::~Connection() = default;

void Connection::receive(std::string_view bytes, TimePoint now) {
  session_.receive(bytes, now);
  handle_events();
}

void Connection::take_output(std::string& out) {
  // The session encodes a bounded piece at a time; the rest waits until this much is sent.
  if (out.size() < door_.limits.output_bytes) out += session_.take_output(door_.clock->now());
}

bool Connection::finished() const { return session_.finished(); }

bool Connection::wants_input() const { return session_.wants_input(); }

void Connection::tick(TimePoint now) {
  const auto deadline = session_.next_deadline();
  if (!deadline || now < *deadline) return;
  session_.tick(now);
  handle_events();
}

void Connection::lost() {
  session_.lost("the connection was closed");
  handle_events();
}

void Connection::handle_events() {
  // Accepting a CONNECT lets what was held behind it through, which makes further events.
  for (auto events = session_.take_events(); !events.empty(); events = session_.take_events()) {
    for (const auto& event : events) {
      std::visit([this](const auto& each) { on(each); }, event);
    }
  }
  if (client_) batch_.post(client_);
}

void Connection::on(const wire::mqtt::ConnectRequested& event) {
  wire::mqtt::ConnectRequest& request = *event.request;
  const Secret password = request.password.value_or(Secret());
  auto identity = door_.hub->sign_in(request.username.value_or(""), password);
  if (!identity) {
    spdlog::info("MQTT sign-in refused: user \"{}\" from {}", request.username.value_or(""),
                 line_.peer);
    return session_.refuse(Reason::kBadUserNameOrPassword);
  }
  std::string assigned;
  if (request.client_id.empty()) assigned = "gl-" + random_hex(12);
  client_ = std::make_shared<HubClient>(line_.loop, std::move(*identity),
                                        assigned.empty() ? request.client_id : assigned,
                                        weak_from_this());
  will_ = request.will ? std::make_unique<wire::mqtt::Will>(std::move(*request.will)) : nullptr;
  door_.hub->connected(client_);
  session_.accept({.assigned_client_id = assigned, .server_keepalive_s = {}}, door_.clock->now());
}

void Connection::on(const wire::mqtt::PublishReceived& event) {
  if (!batch_.add(client_, event.message, event.qos, event.token)) {
    session_.acknowledge(event.token, Reason::kNotAuthorized);
  }
}

Reason Connection::subscribe(const wire::mqtt::Subscription& wanted,
                             std::uint32_t subscription_id) {
  using wire::mqtt::RetainHandling;
  if (wire::mqtt::shared_parts(wanted.filter)) return Reason::kSharedSubscriptionsNotSupported;
  const bool is_new = !filters_.contains(wanted.filter);
  if (is_new && filters_.size() >= kMostFilters) return Reason::kQuotaExceeded;
  const bool retained = wanted.retain_handling == RetainHandling::kSend ||
                        (wanted.retain_handling == RetainHandling::kSendIfNew && is_new);
  const hub::Subscription subscription{.filter = wanted.filter,
                                       .qos = wanted.qos,
                                       .id = subscription_id,
                                       .no_local = wanted.no_local,
                                       .send_retained = retained};
  if (!door_.hub->subscribe(client_, subscription)) return Reason::kNotAuthorized;
  filters_.insert(wanted.filter);
  return granted(wanted.qos);
}

void Connection::on(const wire::mqtt::SubscribeRequested& event) {
  // What was published before, in the same bytes, was published before.
  batch_.post(client_);
  std::vector<Reason> reasons;
  reasons.reserve(event.subscriptions.size());
  for (const wire::mqtt::Subscription& wanted : event.subscriptions) {
    reasons.push_back(subscribe(wanted, event.subscription_id.value_or(0)));
  }
  session_.subscribed(event.token, reasons);
}

void Connection::on(const wire::mqtt::UnsubscribeRequested& event) {
  std::vector<Reason> reasons;
  reasons.reserve(event.filters.size());
  for (const std::string& filter : event.filters) {
    const bool existed = filters_.erase(filter) != 0;
    if (existed) door_.hub->unsubscribe(client_, filter);
    reasons.push_back(existed ? Reason::kSuccess : Reason::kNoSubscriptionExisted);
  }
  session_.unsubscribed(event.token, reasons);
}

void Connection::on(const wire::mqtt::Ended& event) {
  if (!client_) {
    spdlog::debug("MQTT connection from {} ended: {}", line_.peer, event.why);
    return;
  }
  spdlog::debug("MQTT session of {} ended: {}", client_->identity().name, event.why);
  if (event.will == wire::mqtt::WillFate::kPublish && will_) {
    // One that the client may not publish is dropped: it could not have published it alive.
    static_cast<void>(batch_.add(client_, publishable(*will_, door_.clock->now()), Qos::kAtMostOnce,
                                 wire::mqtt::AckToken{}));
  }
  batch_.post(client_);
  door_.hub->gone(client_);
  client_.reset();
}

void Connection::deliver(const std::vector<hub::Delivery>& deliveries,
                         const std::vector<hub::Ack>& acks) {
  for (const hub::Ack& ack : acks) session_.acknowledge(ack.token, ack.reason);
  const TimePoint now = door_.clock->now();
  for (const hub::Delivery& delivery : deliveries) {
    session_.deliver(delivery.message,
                     {.qos = delivery.qos,
                      .retain = delivery.retain,
                      .subscription_ids = delivery.subscription_ids},
                     now);
  }
  handle_events();
  line_.wake();
}

void Connection::kick(hub::KickReason reason) {
  switch (reason) {
    case hub::KickReason::kTakenOver:
      session_.close(Reason::kSessionTakenOver, "another connection has this client id");
      break;
    case hub::KickReason::kNotAuthorized:
      session_.close(Reason::kNotAuthorized, "the credentials are no longer valid");
      break;
    case hub::KickReason::kShuttingDown:
      session_.close(Reason::kServerShuttingDown, "the server stops");
      break;
  }
  handle_events();
  line_.wake();
}

net::MakeProtocol serve(const Door& door) {
  return [&door](net::Line line) { return std::make_shared<Connection>(door, std::move(line)); };
}

}  // namespace gridloom::mqtt
