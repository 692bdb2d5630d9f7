#include "bridges/core/broker_link.h"

#include <chrono>
#include <utility>

namespace gridloom::bridges {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kLane = 1;  // of the worker
constexpr std::size_t kTasksAtOnce = 4;
// Before the certificates are read again.
constexpr std::chrono::seconds kRetryCertificates{30};

}  // namespace

BrokerLink::BrokerLink(Options options, client::MqttLink::Listener& listener)
    : options_(std::move(options)), listener_(listener), worker_({kTasksAtOnce, kTasksAtOnce}) {}

void BrokerLink::open() {
  alive_ = std::make_shared<bool>(true);
  if (!options_.broker.uses_tls) return connect(client::TlsClient());
  read_certificates();
}

void BrokerLink::read_certificates() {
  open_again_ = Steady::now() + kRetryCertificates;
  const bool is_posted = worker_.post(
      kLane, [this, ca = options_.ca, &loop = *options_.loop, alive = std::weak_ptr(alive_)] {
        auto tls = ca.empty() ? client::tls_client_of_system() : client::tls_client(ca);
        loop.post([this, alive, tls = std::move(tls)]() mutable {
          if (alive.lock()) connect(std::move(tls));
        });
      });
  if (!is_posted) options_.health->failing("the certificates cannot be read");
}

void BrokerLink::connect(Result<client::TlsClient> tls) {
  if (!tls) return options_.health->failing(tls.error().detail);
  client::MqttLink::Options options = options_.link;
  options.resolve = client::resolve_on(worker_, kLane, *options_.loop, options_.broker.host_port);
  options.tls = *std::move(tls);
  options.loop = options_.loop;
  options.buffer = buffer_;
  options.reconnects = true;
  link_ = std::make_shared<client::MqttLink>(std::move(options), listener_);
  link_->open();
}

void BrokerLink::close() {
  alive_.reset();
  if (!link_) return;
  link_->close();
  count_dropped();
  link_.reset();
}

void BrokerLink::tick() {
  const auto now = Steady::now();
  if (!link_) {
    if (alive_ && now >= open_again_) read_certificates();
    return;
  }
  link_->tick(now);
  count_dropped();
  options_.health->set_figure("waiting", static_cast<std::int64_t>(link_->unacknowledged()));
}

void BrokerLink::count_dropped() {
  const std::uint64_t dropped = link_->dropped();
  if (dropped == dropped_) return;
  options_.health->count_dropped(dropped - std::exchange(dropped_, dropped));
}

void BrokerLink::send(std::string_view topic, std::string payload,
                      const client::PublishOptions& options) {
  if (link_) link_->send(topic, std::move(payload), options);
}

void BrokerLink::drop() {
  if (link_) link_->drop();
}

void BrokerLink::forget_dropped() {
  if (link_) forgotten_ = link_->dropped();
}

}  // namespace gridloom::bridges
