// The emulated meter on the network: HTTP, RPC over UDP, and its name over multicast DNS. It has a
// loop and a thread of its own, so that a flood of requests costs the bridges nothing.
//
// Thread rule: the owner's thread, which is not that loop.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/request_rate.h"
#include "base/result.h"
#include "bridges/core/health.h"
#include "bridges/meter/announcer.h"
#include "bridges/meter/datagram_socket.h"
#include "bridges/meter/display.h"
#include "bridges/meter/meter_service.h"
#include "net/address.h"
#include "net/io_loop.h"
#include "net/listener.h"

namespace gridloom::bridges::meter {

// Answers to datagrams of one address in a second; the rest is dropped. A datagram's sender may be
// forged, so that an answer goes to somebody who did not ask. An address that asks once a minute
// keeps its place among the addresses; those that find none share the answers of one.
inline constexpr std::size_t kAnswersPerSecond = 10;
inline constexpr std::size_t kAskers = 64;

class MeterServer {
 public:
  struct Options {
    Model model = Model::kEcoTracker;
    std::string serial{};                   // 12 hexadecimal digits
    net::Address listen{};                  // HTTP
    std::vector<net::Address> udp{};        // RPC of the Shelly
    std::optional<std::string> announce{};  // numeric IPv4 address of an interface
    const Display* display = nullptr;       // both outlive it
    Health* health = nullptr;
  };
  // Binds all sockets, and serves from now on. kConflict: a port is in use; kIo.
  [[nodiscard]] static Result<std::unique_ptr<MeterServer>> open(const Options& options);
  MeterServer(const MeterServer&) = delete;
  MeterServer& operator=(const MeterServer&) = delete;
  // Says goodbye, and ends all connections.
  ~MeterServer();

  [[nodiscard]] const net::Address& http() const { return listener_->bound(); }
  [[nodiscard]] std::vector<net::Address> udp() const;

 private:
  explicit MeterServer(const Options& options);
  [[nodiscard]] Status listen(const Options& options);
  [[nodiscard]] Status open_udp(const net::Address& address);
  [[nodiscard]] Status announce(const std::string& interface);
  void start();
  // Whether one more answer may be sent: to the address, or the name of several.
  [[nodiscard]] bool may_answer(std::string_view asker);
  void on_query(std::string_view query, const net::SocketAddress& from);
  void on_frame(std::string_view frame, const net::SocketAddress& from, std::size_t socket);

  Model model_;
  std::string serial_;
  const Display& display_;
  Health& health_;
  SteadyClock clock_;
  net::IoLoop loop_;
  MeterService service_;
  std::vector<std::shared_ptr<DatagramSocket>> udp_;
  std::shared_ptr<DatagramSocket> group_;  // null: it is not announced
  std::optional<net::Network> link_;       // of the group's interface
  RequestRate answers_{kAnswersPerSecond, {.most = kAskers, .kept = std::chrono::minutes(1)}};
  std::optional<Announcer> announcer_;
  std::unique_ptr<net::Listener> listener_;
  bool is_running_ = false;
};

}  // namespace gridloom::bridges::meter
