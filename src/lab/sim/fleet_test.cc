#include "sim/fleet.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "catalog/home.h"
#include "sim/test_bench.h"
#include "sim/test_family.h"
#include "testing/clock.h"
#include "wire/mqtt/packet.h"

namespace gridloom::sim {
namespace {

namespace mqtt = wire::mqtt;
constexpr mqtt::Version kVersion = mqtt::Version::k311;
constexpr std::string_view kSn = "R331TEST0000001";

// The part of a server that one device needs, on a socket of its own. It keeps the messages.
class Broker {
 public:
  enum class Acks : std::uint8_t { kAtOnce, kHeldBack };

  Broker() : listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(listener_, raw, size), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    EXPECT_EQ(getsockname(listener_, raw, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { serve(); });
  }
  ~Broker() {
    shutdown(listener_, SHUT_RDWR);
    hang_up();
    thread_.join();
    close(listener_);
  }
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }

  // Waits until the device has published `count` messages in all on the verb's topic.
  [[nodiscard]] bool heard(std::string_view verb, std::size_t count) {
    const std::string topic = "/device/" + std::string(kSn) + "/" + std::string(verb);
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds{20}, [&] {
      return static_cast<std::size_t>(std::ranges::count(topics_, topic)) >= count;
    });
  }
  // Waits until the device has disconnected.
  [[nodiscard]] bool gone() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds{20}, [&] { return client_ < 0; });
  }
  [[nodiscard]] std::size_t messages() {
    const std::scoped_lock lock(mutex_);
    return topics_.size();
  }
  [[nodiscard]] std::string last() {
    const std::scoped_lock lock(mutex_);
    return last_;
  }
  void publish(std::string_view topic, std::string_view payload) {
    std::string bytes;
    mqtt::encode(bytes, mqtt::Publish{.topic = topic, .payload = payload}, kVersion);
    const std::scoped_lock lock(mutex_);
    send_all(bytes);
  }
  void set_acks(Acks acks) {
    const std::scoped_lock lock(mutex_);
    acks_ = acks;
    if (acks == Acks::kAtOnce) send_all(std::exchange(held_, {}));
  }
  void hang_up() {
    const std::scoped_lock lock(mutex_);
    if (client_ >= 0) shutdown(client_, SHUT_RDWR);
  }

 private:
  void serve() {
    for (int client = accept(listener_, nullptr, nullptr); client >= 0;
         client = accept(listener_, nullptr, nullptr)) {
      {
        const std::scoped_lock lock(mutex_);
        client_ = client;
      }
      read_from(client);
      const std::scoped_lock lock(mutex_);
      client_ = -1;
      close(client);
      changed_.notify_all();
    }
  }

  void read_from(int client) {
    std::string bytes;
    char buffer[4096];
    for (ssize_t got = 0; (got = recv(client, buffer, sizeof(buffer), 0)) > 0;) {
      bytes.append(buffer, static_cast<std::size_t>(got));
      while (true) {
        const auto header = mqtt::peek_header(bytes);
        if (!header || !*header || bytes.size() < (*header)->total_bytes()) break;
        const std::string packet = bytes.substr(0, (*header)->total_bytes());
        bytes.erase(0, packet.size());
        const auto decoded = mqtt::decode(packet, kVersion);
        const std::scoped_lock lock(mutex_);
        if (decoded) answer(*decoded);
        changed_.notify_all();
      }
    }
  }

  void answer(const mqtt::Packet& packet) {
    std::string out;
    if (std::holds_alternative<mqtt::Connect>(packet)) {
      mqtt::encode(out, mqtt::Connack{}, kVersion);
    } else if (const auto* subscribe = std::get_if<mqtt::Subscribe>(&packet)) {
      mqtt::encode(
          out,
          mqtt::Suback{.packet_id = subscribe->packet_id, .reasons = {mqtt::Reason::kGrantedQos1}},
          kVersion);
    } else if (std::holds_alternative<mqtt::Pingreq>(packet)) {
      mqtt::encode(out, mqtt::Pingresp{}, kVersion);
    } else if (const auto* publish = std::get_if<mqtt::Publish>(&packet)) {
      topics_.emplace_back(publish->topic);
      last_ = publish->payload;
      std::string& to = acks_ == Acks::kAtOnce ? out : held_;
      mqtt::encode(to, mqtt::Puback{.packet_id = publish->packet_id}, kVersion);
    }
    send_all(out);
  }

  void send_all(std::string_view bytes) const {
    while (!bytes.empty() && client_ >= 0) {
      const ssize_t sent = send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  int listener_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  int client_ = -1;
  Acks acks_ = Acks::kAtOnce;
  std::string held_;
  std::vector<std::string> topics_;
  std::string last_;
  std::jthread thread_;
};

// Runs a task on the loop and waits until it is done.
void run_on(net::IoLoop& loop, const std::function<void()>& task) {
  std::promise<void> done;
  loop.post([&] {
    task();
    done.set_value();
  });
  done.get_future().wait();
}

client::Peer at(std::uint16_t port) { return client::peer_at({.host = "127.0.0.1", .port = port}); }

// How many reports a device without extra batteries sends.
std::size_t reports_of_alone(const catalog::Family& family) {
  const auto is_of_extra = [&family](const catalog::Field& field) {
    return std::ranges::any_of(
        catalog::pack_parts(family), [&field](const catalog::PhysicsPart* pack) {
          return std::ranges::any_of(pack->shows, [&field](const std::string& name) {
            return field.name.starts_with(name);
          });
        });
  };
  return static_cast<std::size_t>(
      std::ranges::count_if(family.reports, [&](const catalog::Report& report) {
        return std::ranges::any_of(family.fields, [&](const catalog::Field& field) {
          return report.carries(field.name) && !is_of_extra(field);
        });
      }));
}

struct FleetTest : testing::Test {
  FleetTest() {
    loop.on_sweep([this] { fleet.tick(); });
    loop.start();
  }

  TestClock clock{TimePoint(Millis{1'750'000'000'000})};
  net::IoLoop loop;
  Broker broker;
  Fleet fleet{{.server = at(broker.port()), .world = {}, .clock = &clock, .loop = &loop},
              {{.family = family_of("delta_2"), .sn = std::string(kSn), .key = Secret("key")}}};
  std::size_t everything = reports_of_alone(*family_of("delta_2"));

  // Stops the loop, as a server does when it shuts down.
  ~FleetTest() override { loop.stop(); }

  void tick(Millis time) {
    clock.pass(time);
    run_on(loop, [this] { fleet.tick(); });
  }
};

TEST_F(FleetTest, ReportsEverythingOnceItIsSubscribedAndAgainAfterALostConnection) {
  fleet.start();
  EXPECT_TRUE(broker.heard("quota", everything));
  broker.hang_up();
  EXPECT_TRUE(broker.heard("quota", 2 * everything));
}

TEST_F(FleetTest, StepsWhenItIsDue) {
  Broker other;
  Fleet still({.server = at(other.port()), .world = {}, .clock = &clock, .loop = &loop},
              {{.family = test_family(), .sn = std::string(kSn), .key = Secret("key")}});
  const auto tick_still = [&](Millis time) {
    clock.pass(time);
    run_on(loop, [&] { still.tick(); });
  };
  still.start();
  ASSERT_TRUE(other.heard("quota", 3));
  tick_still(Millis{60'000});
  ASSERT_TRUE(other.heard("quota", 6)) << "everything once a minute";
  tick_still(Millis{100});
  tick_still(Millis{2000});
  other.publish("/device/" + std::string(kSn) + "/set",
                R"({"id":5,"operateType":"direct","params":{"soc":255}})");
  ASSERT_TRUE(other.heard("set_reply", 1));
  EXPECT_EQ(other.messages(), 7U) << "nothing changed meanwhile";
  loop.stop();
}

TEST_F(FleetTest, StoresAtItsEndHowItsDevicesAreLeft) {
  wire::JsonObject kept;
  {
    const Fleet ends({.server = at(broker.port()),
                      .keep = [&kept](const std::string& /*sn*/,
                                      const wire::JsonObject& unreported) { kept = unreported; },
                      .clock = &clock,
                      .loop = &loop},
                     {{.family = family_of("power_ocean"), .sn = "HJ31", .key = Secret("key")}});
    EXPECT_TRUE(kept.empty()) << "every write is a wait for the disk";
  }
  EXPECT_EQ(kept.at("atMs"), unix_ms(clock.now()));
  EXPECT_TRUE(kept.at("physics").at("heating").is_object());
  loop.stop();
}

TEST_F(FleetTest, DevicesKeepTheirMomentsWhateverHoldsThemUp) {
  std::vector<Member> members;
  for (int i = 0; i < 100; ++i) {
    members.push_back(
        {.family = test_family(), .sn = fmt::format("TEST{}", i), .key = Secret("key")});
  }
  Fleet many({.server = at(broker.port()), .world = {}, .clock = &clock, .loop = &loop}, members);
  const auto steps_in = [&](Millis time) {
    const std::uint64_t before = many.counts().steps;
    clock.pass(time);
    run_on(loop, [&] { many.tick(); });
    return many.counts().steps - before;
  };
  EXPECT_EQ(steps_in(Millis{60'500}), 100U) << "all of them were late";
  // And yet each quarter second of the next two seconds has some of the steps.
  std::uint64_t all = 0;
  for (int i = 0; i < 8; ++i) {
    const std::uint64_t some = steps_in(Millis{250});
    EXPECT_GT(some, 0U);
    EXPECT_LT(some, 40U);
    all += some;
  }
  EXPECT_EQ(all, 100U);
}

TEST_F(FleetTest, ObeysASetAndReplies) {
  fleet.start();
  ASSERT_TRUE(broker.heard("quota", everything));
  broker.publish("/device/" + std::string(kSn) + "/set",
                 R"({"id":"5","moduleType":5,"operateType":"quietMode","params":{"enabled":1}})");
  ASSERT_TRUE(broker.heard("set_reply", 1));
  EXPECT_NE(broker.last().find(R"("id":5)"), std::string::npos) << broker.last();
}

TEST_F(FleetTest, KeepsQuietWhileTheServerDoesNotCatchUpAndThenTellsEverything) {
  fleet.start();
  ASSERT_TRUE(broker.heard("quota", everything));
  broker.set_acks(Broker::Acks::kHeldBack);
  for (int k = 0; k < 300; ++k) tick(Millis{2000});
  broker.set_acks(Broker::Acks::kAtOnce);
  // 64 that the device had sent or queued, and then everything.
  EXPECT_TRUE(broker.heard("quota", everything + 64 + everything));
  EXPECT_LT(broker.messages(), 200U);
}

TEST_F(FleetTest, ADisconnectedDeviceReportsEverythingOnItsReturn) {
  fleet.start();
  ASSERT_TRUE(broker.heard("quota", everything));
  run_on(loop, [this] { fleet.set_faults({{.fault = "disconnect"}}); });
  ASSERT_TRUE(broker.gone());
  tick(Millis{60'000});
  EXPECT_EQ(broker.messages(), everything);
  run_on(loop, [this] { fleet.set_faults({}); });
  EXPECT_TRUE(broker.heard("quota", 2 * everything));
}

TEST_F(FleetTest, BehindAGatewayADeviceThatIsCutOffIsSaidToBeAway) {
  Broker other;
  Fleet behind({.server = at(other.port()),
                .gateway = Gateway{.account = "home", .key = Secret("key")},
                .clock = &clock,
                .loop = &loop},
               {{.family = family_of("delta_2"), .sn = std::string(kSn), .key = {}}});
  behind.start();
  ASSERT_TRUE(other.heard("quota", everything));
  const auto order = [&](std::vector<FaultRule> rules) {
    run_on(loop, [&] {
      behind.set_faults(std::move(rules));
      behind.tick();
    });
  };
  order({{.fault = "disconnect"}});
  ASSERT_TRUE(other.heard("status", 1));
  EXPECT_EQ(other.last(), R"({"params":{"status":0}})");
  order({});
  EXPECT_TRUE(other.heard("quota", 2 * everything));
  loop.stop();
}

// Devices on virtual time, of which 150 days pass in one hour of wall-clock time.
struct FastFleetTest : FleetTest {
  static constexpr TimePoint kStart{Millis(1'772'323'200'000)};

  // Ticks until time is paused, and the server has taken everything up to then.
  [[nodiscard]] bool settles() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    for (VirtualClock::State at = time.state(); !at.paused || !at.settled; at = time.state()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      run_on(loop, [this] { fast.tick(); });
    }
    return true;
  }
  [[nodiscard]] Millis passed() const { return time.now() - kStart; }

  Broker server;
  VirtualClock time{clock, {.start = kStart, .speed = 3600, .until = kStart + Millis{300'000}}};
  Fleet fast{
      {.server = at(server.port()), .world = {}, .clock = &time, .time = &time, .loop = &loop},
      {{.family = family_of("delta_2"), .sn = std::string(kSn), .key = Secret("key")}}};

  ~FastFleetTest() override { loop.stop(); }
};

TEST_F(FastFleetTest, TimeWaitsForTheFirstConnection) {
  clock.pass(Millis{3'600'000});
  run_on(loop, [this] { fast.tick(); });
  EXPECT_EQ(passed(), Millis{0});
}

TEST_F(FastFleetTest, TimeStandsAtAStepUntilTheServerHasIt) {
  fast.start();
  ASSERT_TRUE(server.heard("quota", everything));
  server.set_acks(Broker::Acks::kHeldBack);
  clock.pass(Millis{3'600'000});
  run_on(loop, [this] { fast.tick(); });
  ASSERT_TRUE(server.heard("quota", 2 * everything)) << "of the first minute";
  run_on(loop, [this] { fast.tick(); });
  EXPECT_EQ(passed(), Millis{60'000});
  EXPECT_FALSE(time.state().settled);
  server.set_acks(Broker::Acks::kAtOnce);
  EXPECT_TRUE(settles());
  EXPECT_EQ(passed(), Millis{300'000});
  EXPECT_EQ(server.messages(), 6 * everything) << "one of each minute";
}

TEST_F(FastFleetTest, ReportsWithATimeOfTheirOwnMayBeAheadOfTheServer) {
  constexpr std::size_t kMaxAhead = 256;
  Broker slow;
  VirtualClock hours{clock, {.start = kStart, .speed = 3600, .until = kStart + Millis{86'400'000}}};
  Fleet ahead({.server = at(slow.port()), .clock = &hours, .time = &hours, .loop = &loop},
              {{.family = family_of("power_ocean"), .sn = std::string(kSn), .key = Secret("key")}});
  const std::size_t reports = family_of("power_ocean")->reports.size();
  ahead.start();
  ASSERT_TRUE(slow.heard("quota", reports));
  slow.set_acks(Broker::Acks::kHeldBack);
  clock.pass(Millis{3'600'000});
  run_on(loop, [&] { ahead.tick(); });
  ASSERT_TRUE(slow.heard("quota", kMaxAhead));
  const TimePoint stood = hours.now();
  EXPECT_GT(stood, kStart + Millis{10 * 60'000});
  run_on(loop, [&] { ahead.tick(); });
  EXPECT_EQ(hours.now(), stood);
  EXPECT_LE(slow.messages(), kMaxAhead + 2 * reports);
  EXPECT_FALSE(hours.state().settled);
  slow.set_acks(Broker::Acks::kAtOnce);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  for (VirtualClock::State at = hours.state(); !at.paused || !at.settled; at = hours.state()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    run_on(loop, [&] { ahead.tick(); });
  }
  EXPECT_EQ(hours.now(), kStart + Millis{86'400'000});
  Fleet::Counts counts;
  run_on(loop, [&] { counts = ahead.counts(); });
  EXPECT_GE(counts.steps, 1440U);
  EXPECT_EQ(counts.sent, counts.acknowledged);
  EXPECT_GE(slow.messages(), 1441 * reports) << "one of each minute";
  loop.stop();
}

TEST_F(FastFleetTest, AStepEndsWhenDevicesHaveComeAsFar) {
  time.pause();
  fast.start();
  ASSERT_TRUE(server.heard("quota", everything));
  time.step(Millis{90'000});
  clock.pass(Millis{1000});
  ASSERT_TRUE(settles());
  EXPECT_EQ(passed(), Millis{90'000});
  EXPECT_GT(server.messages(), 2 * everything) << "the minute, and the half";
  const std::size_t before = server.messages();
  clock.pass(Millis{1000});
  run_on(loop, [this] { fast.tick(); });
  EXPECT_EQ(passed(), Millis{90'000});
  EXPECT_EQ(server.messages(), before);
}

TEST_F(FleetTest, EndsWhetherOrNotItEverConnected) {
  Fleet lonely({.server = at(1), .world = {}, .clock = &clock, .loop = &loop},
               {{.family = family_of("power_ocean"), .sn = "HJ31TEST", .key = Secret("key")}});
  Fleet idle({.server = at(1), .world = {}, .clock = &clock, .loop = &loop},
             {{.family = family_of("power_ocean"), .sn = "HJ31IDLE", .key = Secret("key")}});
  lonely.start();
  loop.stop();
}

}  // namespace
}  // namespace gridloom::sim
