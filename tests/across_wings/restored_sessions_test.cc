// A server of a cluster tells the others of what it restores.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "hubs/cluster.h"
#include "hubs/link_channel.h"
#include "hubs/test_memory_bus.h"
#include "server/server.h"
#include "testing/home.h"
#include "testing/loop.h"
#include "wire/mqtt/packet.h"

namespace gridloom::server {
namespace {

using testing::HasSubstr;

constexpr std::string_view kSn = "HEATER-01";

// Another node of a cluster, which keeps what it is asked for.
class OtherNode final : public hub::Peers::Handler {
 public:
  OtherNode(hub::MemoryBus& bus, const Clock& clock)
      : end_(bus.end("b")),
        channel_({.loop = loop, .clock = clock, .run = 1},
                 {.opened = [](std::uint64_t /*session*/) {},
                  .closed = [] {},
                  .received =
                      [this](const hub::NodeMessage& message) {
                        if (const auto* asked = std::get_if<hub::RemoteRequest>(&message)) {
                          requests.push_back(asked->bytes);
                        }
                      },
                  .send = [this](const std::string& frame) { return end_.send("a", frame); }}) {
    end_.use(this);
  }
  OtherNode(const OtherNode&) = delete;
  OtherNode& operator=(const OtherNode&) = delete;
  ~OtherNode() override { end_.use(nullptr); }
  void received(const std::string& /*from*/, std::string bytes) override {
    channel_.receive(bytes);
  }
  void node_is_there(const std::string& /*node*/) override { channel_.node_is_there(); }
  void node_is_away(const std::string& /*node*/) override { channel_.node_is_away(); }

  ManualLoop loop;
  std::vector<std::string> requests;

 private:
  hub::MemoryBus::End& end_;
  hub::NodeChannel channel_;
};

struct RestoredSessions : testing::Test {
  [[nodiscard]] Server::Options options() const {
    return {.data = folder.data(),
            .clocks = {.devices = clock, .wall = clock, .steady = clock},
            .catalog = shipped_catalog(),
            .loops = make_loops(2),
            .turn_loops_during = turn_during,
            .clock_is_driven = true};
  }
  void start(Server::Options with) {
    server = must(Server::open(std::move(with)));
    must(server->listen({}));
    server->start({});
    settle();
  }
  void settle() {
    for (bool busy = true, waits = true; busy || waits;) {
      waits = server->archive().health().log_waiting_bytes != 0;
      busy = turn_all(server->loops());
    }
  }

  TemporaryFolder folder;
  TestClock clock;
  std::unique_ptr<Server> server;
};

TEST_F(RestoredSessions, OtherNodesAreToldOfTheirSubscriptions) {
  using wire::mqtt::Version;
  start(options());
  must(server->registry().add_account({.name = "alice"}));
  const Secret key =
      must(server->registry().add_device({.sn = kSn, .name = kSn, .owner = "alice"}));
  settle();
  const std::string filter = fmt::format("/device/{}/set", kSn);
  std::string talk;
  encode(talk,
         wire::mqtt::Connect{
             .clean_start = false, .client_id = "kept", .username = kSn, .password = key.reveal()});
  encode(talk, wire::mqtt::Subscribe{.packet_id = 1, .entries = {{.filter = filter}}},
         Version::k311);
  const auto connection = server->protocol(Interface::kMqtt)(
      {.loop = *server->loops().front(), .wake = [] {}, .peer = "127.0.0.1"});
  connection->receive(talk, clock.now());
  settle();
  connection->lost();
  settle();
  server->stop({});
  server.reset();

  hub::MemoryBus bus;
  OtherNode other(bus, clock);
  hub::Cluster* cluster = nullptr;
  Server::Options with = options();
  with.join = [&](hub::Hub& hub) {
    cluster = &hub::Cluster::join(hub, {.peers = &bus.end("a"), .self = "a", .run = 1});
  };
  start(std::move(with));
  bus.link("a", "b");
  cluster->place(partition_of(kSn), "b", 1);
  for (bool again = true; again;) {
    again = turn_all(server->loops());
    again = bus.turn() || again;
    again = other.loop.run() || again;
  }
  EXPECT_THAT(other.requests, testing::Contains(HasSubstr(filter)));
  server.reset();
}

}  // namespace
}  // namespace gridloom::server
