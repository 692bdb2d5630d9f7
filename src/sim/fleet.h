// Virtual devices on the network: MQTT clients, as real devices are, that know nothing of the
// server but its address. Each has a connection of its own, or many share those of a gateway.
//
// Thread rules: the devices and their connections live on the loop given; unless said otherwise,
// functions are called there. The fleet is made and taken down while the loop does not run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fault_order.h"
#include "base/latencies.h"
#include "base/secret.h"
#include "base/virtual_clock.h"
#include "catalog/family.h"
#include "client/stream.h"
#include "net/io_loop.h"
#include "sim/link.h"
#include "sim/world.h"

namespace gridloom::sim {

struct Member {
  catalog::FamilyPtr family;
  std::string sn;
  Secret key;  // of no use behind a gateway
};

struct Gateway {
  std::string account;  // its name
  Secret key;
  std::size_t connections = 1;  // that share the devices
};

class Fleet {
 public:
  struct Options {
    client::Peer server;
    client::TlsClient tls{};  // null: plain
    std::optional<Gateway> gateway{};
    double sign_ins_per_second = 0;  // at most; 0: as many as the server answers
    World::Options world{};
    const Clock* clock = nullptr;
    // If that is one: time waits for each device to connect, and after each step until the server
    // has everything that was said, so that a report without a time of its own comes at its time.
    // Devices whose reports have one may be some reports ahead.
    VirtualClock* time = nullptr;
    net::IoLoop* loop = nullptr;
  };
  Fleet(const Options& options, const std::vector<Member>& members);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  // Any thread, once. Devices connect by themselves from now on, again and again.
  void start();
  // A few times a second: steps what is due.
  void tick();
  // Faults that the devices have from now on, in place of those before.
  void set_faults(std::vector<FaultOrder> orders);

  struct Counts {
    std::uint64_t connections = 0;
    std::uint64_t online = 0;   // of those
    std::uint64_t refused = 0;  // of those: the server knows no such key
    std::uint64_t arrived = 0;  // of those: have been online, or were refused or kept from it
    std::uint64_t losses = 0;   // of connections that stood
    std::uint64_t devices = 0;
    std::uint64_t steps = 0;
    std::uint64_t sent = 0;  // messages
    std::uint64_t acknowledged = 0;
    std::uint64_t sets = 0;  // that came
    std::uint64_t bytes = 0;
    Latencies latencies;  // from a message to its acknowledgement
    std::string trouble;  // why a connection was lost last, or did not come about

    void merge(const Counts& other);
  };
  [[nodiscard]] Counts counts() const;

 private:
  class Node;
  class Line;

  [[nodiscard]] Link::Options link_options();
  void add_lines(const std::vector<Member>& members);
  void add_gateway_lines(const Gateway& gateway);
  [[nodiscard]] const Surroundings& around(TimePoint now);
  void tick_later();
  void tend_connections();
  void suffer();
  void connect_more();
  void connect_later();
  [[nodiscard]] bool waits_for_server() const;

  Options options_;
  World world_;
  std::vector<FaultOrder> orders_;
  bool suffers_ = false;                // some device may have a fault
  std::optional<Surroundings> around_;  // as they were last asked for
  std::vector<char> buffer_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<Line>> lines_;
  std::deque<Line*> to_open_;
  std::size_t opening_ = 0;
  double sign_ins_left_ = 0;
  std::optional<client::Moment> ticked_;  // once it has been started
  bool ticks_later_ = false;
  bool connects_later_ = false;
  Counts counts_;
};

}  // namespace gridloom::sim
