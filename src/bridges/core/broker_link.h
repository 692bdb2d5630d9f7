// A bridge's link to an MQTT broker: reads the certificates and looks up the broker's address on a
// thread of its own, connects, and connects again after a loss. The bridge's health gets what was
// dropped, and how many messages wait for the broker, as the figure "waiting".
//
// Thread rule: the bridges' loop, on which the listener is called.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/worker.h"
#include "bridges/core/health.h"
#include "bridges/core/peer.h"
#include "client/mqtt_link.h"
#include "client/stream.h"
#include "net/io_loop.h"

namespace gridloom::bridges {

class BrokerLink {
 public:
  struct Options {
    BrokerAddress broker{};
    std::string ca{};  // a file with the certificates to trust; empty: the system's
    net::IoLoop* loop = nullptr;
    Health* health = nullptr;
    // The credentials, the subscriptions and the limits. The rest of it is the link's own.
    client::MqttLink::Options link{};
  };
  // The listener outlives the link.
  BrokerLink(Options options, client::MqttLink::Listener& listener);
  BrokerLink(const BrokerLink&) = delete;
  BrokerLink& operator=(const BrokerLink&) = delete;
  ~BrokerLink() { close(); }

  void open();
  // Says goodbye, so that the will is not published. The listener is called no more.
  void close();
  // A few times a second.
  void tick();

  // As client::MqttLink's.
  void send(std::string_view topic, std::string payload, const client::PublishOptions& options);
  void drop();
  [[nodiscard]] bool online() const { return link_ && link_->online(); }
  [[nodiscard]] std::size_t unacknowledged() const { return link_ ? link_->unacknowledged() : 0; }
  // Whether messages were dropped since forget_dropped(): the broker may have older values than
  // those that were sent last.
  [[nodiscard]] bool has_dropped() const { return link_ && link_->dropped() != forgotten_; }
  void forget_dropped();

 private:
  void read_certificates();
  void connect(Result<client::TlsClient> tls);
  void count_dropped();

  static constexpr std::size_t kReadBytes = std::size_t{16} * 1024;

  Options options_;
  client::MqttLink::Listener& listener_;
  std::array<char, kReadBytes> buffer_{};
  client::Moment open_again_;  // while there are no certificates
  std::shared_ptr<client::MqttLink> link_;
  std::shared_ptr<bool> alive_;  // from open() to close()
  std::uint64_t dropped_ = 0;    // as the health has it
  std::uint64_t forgotten_ = 0;
  Worker worker_;
};

}  // namespace gridloom::bridges
