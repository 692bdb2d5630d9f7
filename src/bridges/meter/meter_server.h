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

// Answers to datagrams in a second, of one socket; the rest is dropped. A datagram's sender may be
// forged, so that an answer goes to somebody who did not ask.
inline constexpr int kDatagramsPerSecond = 50;

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
  class Quota {
   public:
    [[nodiscard]] bool take();

   private:
    std::chrono::steady_clock::time_point begun_{};
    int taken_ = 0;
  };
  explicit MeterServer(const Options& options);
  [[nodiscard]] Status listen(const Options& options);
  [[nodiscard]] Status open_udp(const net::Address& address);
  [[nodiscard]] Status announce(const std::string& interface);
  void start();
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
  std::vector<Quota> udp_quotas_;
  std::shared_ptr<DatagramSocket> group_;  // null: it is not announced
  Quota group_quota_;
  std::optional<Announcer> announcer_;
  std::unique_ptr<net::Listener> listener_;
  bool is_running_ = false;
};

}  // namespace gridloom::bridges::meter
