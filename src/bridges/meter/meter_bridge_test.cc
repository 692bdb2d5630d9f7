// Meters on real sockets: what they show of devices, when they do not answer, how they share a
// house, and what hostile clients cost.
#include "bridges/meter/meter_bridge.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_descriptor.h"
#include "bridges/meter/test_meter.h"

namespace gridloom::bridges::meter {
namespace {

using testing::HasSubstr;

constexpr auto kGrid = "ZZ99METER0000001";
constexpr auto kBig = "ZZ99BATTERY00001";
constexpr auto kSmall = "ZZ99BATTERY00002";
constexpr std::string_view kOfGrid = R"("as":"ecotracker","source":"device:ZZ99METER0000001:grid")";

sockaddr_in loopback(std::uint16_t port, std::uint32_t host = INADDR_LOOPBACK) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(host);
  address.sin_port = htons(port);
  return address;
}
const sockaddr* raw(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);  // NOLINT
}

class MeterBridgeTest : public testing::Test {
 protected:
  MeterBridgeTest() : grid(all.add_device(kGrid)) {}

  void report(const FakePtr& device, std::string_view sn, std::string_view params) {
    all.home.report(device, sn, fmt::format(R"({{"params":{{{}}}}})", params));
    all.settle();
  }
  // The meter shows it, once its energies have been read from disk.
  static bool awaits(TestMeter& meter, std::string_view power) {
    return meter.until([&] { return meter.shows("power") == power; });
  }

  MeterHome all;
  FakePtr grid;
};

TEST_F(MeterBridgeTest, ShowsADevicesFieldAndNothingWhileItIsNotKnown) {
  TestMeter meter(all, "m", kOfGrid);
  const auto unknown = meter.ask("/v1/json");
  EXPECT_EQ(unknown.status, 503U);
  EXPECT_EQ(unknown.retry_after, Millis(1000));
  report(grid, kGrid, R"("grid":-412.4)");
  ASSERT_TRUE(awaits(meter, "-412"));
  report(grid, kGrid, R"("grid":0)");
  EXPECT_EQ(meter.shows("power"), "0") << "it is shown as it comes, without a tick";
  EXPECT_EQ(meter.health().state, State::kConnected);
}

TEST_F(MeterBridgeTest, APowerThatIsOldIsNoAnswer) {
  TestMeter meter(all, "m", fmt::format(R"({},"max-age":15)", kOfGrid));
  report(grid, kGrid, R"("grid":300)");
  ASSERT_TRUE(awaits(meter, "300"));
  all.home.pass(Millis(15'000));
  meter.tick();
  EXPECT_EQ(meter.shows("power"), "300");
  all.home.pass(Millis(1));
  meter.tick();
  EXPECT_EQ(meter.shows("power"), "503");
  report(grid, kGrid, R"("grid":200)");
  EXPECT_EQ(meter.shows("power"), "200");
  all.home.leave(grid);
  meter.tick();
  EXPECT_EQ(meter.shows("power"), "503") << "the device is gone";
}

TEST_F(MeterBridgeTest, AFieldThatIsNoPowerIsNotShown) {
  TestMeter meter(all, "m", kOfGrid);
  report(grid, kGrid, R"("grid":"much")");
  meter.tick();
  EXPECT_EQ(meter.shows("power"), "503");
}

// Neither for the moment nor in the counters, which never fall.
TEST_F(MeterBridgeTest, APowerThatNoDeviceCanHaveIsNotShownOrCounted) {
  const std::string settings = fmt::format(R"({},"max-age":3600)", kOfGrid);
  {
    TestMeter meter(all, "m", settings);
    report(grid, kGrid, R"("grid":3600)");
    ASSERT_TRUE(awaits(meter, "3600"));
    all.home.pass(Millis(60'000));
    report(grid, kGrid, R"("grid":3600)");
    ASSERT_TRUE(meter.until([&] { return meter.shows("energyCounterIn") == "60"; }));
    for (const std::string_view poison : {"1e308", "-1e308", "1.1e9", "1e999"}) {
      report(grid, kGrid, fmt::format(R"("grid":{})", poison));
      meter.tick();
      EXPECT_EQ(meter.shows("power"), "503") << poison;
      all.home.pass(Millis(60'000));
    }
    report(grid, kGrid, R"("grid":100)");
    ASSERT_TRUE(awaits(meter, "100"));
    EXPECT_EQ(meter.shows("powerAvg"), "100");
    EXPECT_EQ(meter.shows("energyCounterIn"), "60");
  }
  TestMeter again(all, "m", settings);
  EXPECT_TRUE(again.until([&] { return again.shows("energyCounterIn") == "60"; }));
}

TEST_F(MeterBridgeTest, AMinusTurnsTheSign) {
  TestMeter meter(all, "m", R"("as":"ecotracker","source":"-device:ZZ99METER0000001:grid")");
  report(grid, kGrid, R"("grid":300)");
  EXPECT_TRUE(awaits(meter, "-300"));
}

TEST_F(MeterBridgeTest, EnergiesGoOnAfterARestart) {
  const auto in_wh = [](const TestMeter& meter) { return meter.shows("energyCounterIn"); };
  {
    TestMeter meter(all, "m", fmt::format(R"({},"max-age":3600)", kOfGrid));
    report(grid, kGrid, R"("grid":600)");
    ASSERT_TRUE(awaits(meter, "600"));
    for (int minute = 0; minute < 30; ++minute) {
      all.home.pass(Millis(60'000));
      report(grid, kGrid, R"("grid":600)");
      ASSERT_TRUE(meter.until([&] { return meter.shows("power") == "600"; }));
    }
    ASSERT_TRUE(meter.until([&] { return in_wh(meter) == "300"; })) << in_wh(meter);
  }
  TestMeter again(all, "m", kOfGrid);
  EXPECT_TRUE(again.until([&] { return in_wh(again) == "300"; })) << in_wh(again);
}

TEST_F(MeterBridgeTest, MetersOfAGroupShareTheHouse) {
  const FakePtr big = all.add_device(kBig);
  const FakePtr small = all.add_device(kSmall);
  TestMeter first(
      all, "big",
      fmt::format(R"({},"group":"house","share":0.6,"own":"device:{}:out")", kOfGrid, kBig));
  TestMeter second(
      all, "small",
      fmt::format(R"({},"group":"house","share":0.4,"own":"device:{}:out")", kOfGrid, kSmall));
  report(grid, kGrid, R"("grid":100)");
  report(big, kBig, R"("out":300)");
  first.tick();
  second.tick();
  EXPECT_EQ(first.shows("power"), "503") << "the other's output is not known";
  report(small, kSmall, R"("out":100)");
  second.tick();
  ASSERT_TRUE(awaits(first, "0"));     // 0.6 * 500 - 300
  ASSERT_TRUE(awaits(second, "100"));  // 0.4 * 500 - 100
}

TEST_F(MeterBridgeTest, AnswersAsAShellyOverHttp) {
  TestMeter meter(all, "m", R"("as":"shelly-pro-3em","source":"device:ZZ99METER0000001:grid",
                               "serial":"0A1B2C3D4E5F")");
  EXPECT_EQ(meter.shows("id", "/shelly"), R"("shellypro3em-0a1b2c3d4e5f")");
  EXPECT_EQ(meter.ask("/rpc/EM.GetStatus?id=0").status, 503U);
  report(grid, kGrid, R"("grid":55.5)");
  const std::string path = "/rpc/EM.GetStatus?id=0";
  ASSERT_TRUE(meter.until([&] { return meter.shows("total_act_power", path) == "55.5"; }));
  struct Case {
    std::string_view method, path, body;
    unsigned status;
    std::string_view has;
  };
  for (const Case& each : std::vector<Case>{
           {"GET", "/rpc", "", 200, "EM.GetStatus"},
           {"POST", "/rpc", R"({"id":3,"method":"EM1.GetStatus","params":{"id":0}})", 200,
            R"("act_power":55.5)"},
           {"POST", "/rpc/EM.GetStatus", R"({"id":0})", 200, R"("total_act_power":55.5)"},
           {"POST", "/rpc", "nonsense", 400, "no request"},
           {"GET", "/rpc/EM.GetStatus?id=1", "", 404, "-105"},
           {"GET", "/rpc/EM.GetStatus?id=x", "", 404, "-105"},
           {"GET", "/rpc/Switch.Set", "", 404, "No handler"},
           {"GET", "/elsewhere", "", 404, "only"},
           {"DELETE", "/rpc", "", 405, "GET"},
       }) {
    const auto reply = meter.ask(each.path, each.method, each.body);
    EXPECT_EQ(reply.status, each.status) << each.method << ' ' << each.path;
    EXPECT_THAT(reply.body, HasSubstr(each.has)) << each.method << ' ' << each.path;
  }
}

// A battery's UDP socket.
class UdpPeer {
 public:
  explicit UdpPeer(std::uint16_t port, std::uint32_t own = INADDR_LOOPBACK)
      : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in from = loopback(0, own);
    EXPECT_EQ(::bind(socket_.get(), raw(from), sizeof(from)), 0);
    const timeval patience{.tv_sec = kPatience.count(), .tv_usec = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    const sockaddr_in to = loopback(port);
    EXPECT_EQ(::connect(socket_.get(), raw(to), sizeof(to)), 0);
  }
  void send(std::string_view frame) const {
    EXPECT_EQ(::send(socket_.get(), frame.data(), frame.size(), 0),
              static_cast<ssize_t>(frame.size()));
  }
  [[nodiscard]] std::string receive() const {
    std::array<char, 4096> buffer{};
    const auto bytes = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    return bytes < 0 ? "nothing" : std::string(buffer.data(), static_cast<std::size_t>(bytes));
  }

 private:
  FileDescriptor socket_;
};

TEST_F(MeterBridgeTest, OverUdpAnUnknownPowerIsSilence) {
  TestMeter meter(all, "m", R"("as":"shelly-pro-3em","udp":["127.0.0.1:0"],
                               "source":"device:ZZ99METER0000001:grid")");
  const UdpPeer battery(meter.udp_port());
  const auto ask = [&](int id, std::string_view method) {
    battery.send(
        fmt::format(R"({{"id":{},"src":"b","method":"{}","params":{{"id":0}}}})", id, method));
  };
  ask(1, "EM.GetStatus");
  battery.send("nonsense");
  battery.send(std::string(5000, '['));
  ask(2, "Shelly.GetDeviceInfo");
  EXPECT_THAT(battery.receive(), HasSubstr(R"({"id":2,)")) << "the first was not answered";
  report(grid, kGrid, R"("grid":-77)");
  ASSERT_TRUE(meter.until([&] { return meter.ask("/rpc/EM.GetStatus").status == 200; }));
  ask(3, "EM.GetStatus");
  EXPECT_THAT(battery.receive(), HasSubstr(R"("total_act_power":-77)"));
  EXPECT_GE(meter.health().figures.at("unanswered"), 1);
}

TEST_F(MeterBridgeTest, OverUdpAnAddressThatAsksALotSilencesNobodyElse) {
  TestMeter meter(all, "m", R"("as":"shelly-pro-3em","udp":["127.0.0.1:0"],
                               "source":"device:ZZ99METER0000001:grid")");
  const UdpPeer flood(meter.udp_port(), INADDR_LOOPBACK + 1);
  const UdpPeer battery(meter.udp_port());
  const auto frame = [](int id) {
    return fmt::format(R"({{"id":{},"src":"b","method":"Shelly.GetDeviceInfo"}})", id);
  };
  for (int i = 0; i < 100; ++i) flood.send(frame(i));
  battery.send(frame(7));
  EXPECT_THAT(battery.receive(), HasSubstr(R"({"id":7,)"));
  EXPECT_GT(meter.health().dropped, 0);
}

TEST(MeterLink, IsTheNetworkOfAnInterface) {
  const net::Network link = must(link_of("127.0.0.1"));
  EXPECT_TRUE(link.contains(*net::ip_bytes("127.1.2.3")));
  EXPECT_FALSE(link.contains(*net::ip_bytes("192.0.2.1")));
  EXPECT_FALSE(link_of("192.0.2.1"));
}

TEST_F(MeterBridgeTest, ACrowdOfConnectionsKeepsNobodyElseOut) {
  TestMeter meter(all, "m", kOfGrid);
  report(grid, kGrid, R"("grid":300)");
  ASSERT_TRUE(awaits(meter, "300"));
  std::vector<FileDescriptor> crowd;
  for (int i = 0; i < 300; ++i) {
    FileDescriptor one(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in from = loopback(0, INADDR_LOOPBACK + 1 + static_cast<std::uint32_t>(i % 30));
    ASSERT_EQ(::bind(one.get(), raw(from), sizeof(from)), 0);
    const sockaddr_in to = loopback(meter.port());
    ASSERT_EQ(::connect(one.get(), raw(to), sizeof(to)), 0);
    const std::string_view half = i % 2 == 0 ? "GET /v1/json HT" : "\xff\xfe\x00 nonsense\r\n\r\n";
    static_cast<void>(::send(one.get(), half.data(), half.size(), MSG_NOSIGNAL));
    crowd.push_back(std::move(one));
  }
  meter.tick();
  EXPECT_EQ(meter.shows("power"), "300");
}

TEST_F(MeterBridgeTest, APortThatIsTakenIsToldAndTriedAgain) {
  TestMeter first(all, "first", kOfGrid);
  wire::JsonObject given = must(wire::parse_json(fmt::format(R"({{{},"listen":"127.0.0.1:{}"}})",
                                                             kOfGrid, first.port())))
                               .as_object();
  const auto arguments = must(
      parameters::Arguments::check({.name = "meter", .declared = meter_kind().settings}, given));
  Health health(all.home.clock, "second");
  const auto bridge = meter_kind().make({.hub = *all.home.hub,
                                         .homes = all.homes,
                                         .counters = all.counters,
                                         .sets = all.sets,
                                         .registry = *all.home.registry,
                                         .loop = all.loop},
                                        {.name = "second",
                                         .account = all.account,
                                         .health = &health,
                                         .folder = all.home.folder.data() / "second"},
                                        arguments);
  bridge->start();
  EXPECT_EQ(health.report().state, State::kFailing);
  EXPECT_THAT(health.report().last_error, HasSubstr("in use by another program"));
  bridge->stop();
}

std::string refusal_of(std::string_view settings) {
  const wire::JsonObject given = must(wire::parse_json(settings)).as_object();
  const auto arguments =
      parameters::Arguments::check({.name = "meter", .declared = meter_kind().settings}, given);
  if (!arguments) return arguments.error().detail;
  const Status checked = meter_kind().check(*arguments);
  return checked ? "accepted" : checked.error().detail;
}

TEST(MeterSettings, WhatMakesNoSenseIsRefusedByName) {
  struct Case {
    std::string_view settings, says;
  };
  for (const Case& each : std::vector<Case>{
           {R"({"as":"ecotracker"})", "accepted"},
           {R"({"as":"ecotracker","source":"nature:grid.power"})", "accepted"},
           {R"({"as":"ecotracker","source":"mqtt:mqtt://nas:1883/a/b#x.y[0]"})", "accepted"},
           {R"({"as":"ecotracker","source":"mqtt:mqtts://nas/a"})", "accepted"},
           {R"({"as":"shelly-pro-3em","udp":["127.0.0.1:1010","127.0.0.1:2220"]})", "accepted"},
           {R"({"as":"ecotracker","listen":"192.0.2.1:80","announce":"192.0.2.1"})", "accepted"},
           {R"({})", "as is missing"},
           {R"({"as":"dtsu666"})", "as is \"dtsu666\""},
           {R"({"as":"ecotracker","source":"grid"})", "source is \"grid\""},
           {R"({"as":"ecotracker","source":"device:SN"})", "source is \"device:SN\""},
           {R"({"as":"ecotracker","source":"nature:battery.soc"})", "no nature of a power"},
           {R"({"as":"ecotracker","source":"mqtt:mqtt://nas:1883"})", "no topic"},
           {R"({"as":"ecotracker","source":"mqtt:nas/a"})", "source"},
           {R"({"as":"ecotracker","source":"mqtt:mqtt://nas/a/+"})", "without wildcards"},
           {R"({"as":"ecotracker","phases":["home","home"]})", "phases is \"2\""},
           {R"({"as":"ecotracker","listen":"nowhere"})", "listen: "},
           {R"({"as":"ecotracker","udp":["127.0.0.1:1010"]})", "udp is given"},
           {R"({"as":"ecotracker","announce":"eth0"})", "announce is \"eth0\""},
           {R"({"as":"ecotracker","announce":"192.0.2.1"})", "listen is \"127.0.0.1:8480\""},
           {R"({"as":"ecotracker","serial":"12"})", "serial is \"12\""},
           {R"({"as":"ecotracker","share":0.5})", "group is missing"},
           {R"({"as":"ecotracker","group":"g"})", "share is missing"},
           {R"({"as":"ecotracker","group":"g","share":2})", "share"},
           {R"({"as":"ecotracker","group":"g","share":0.5,"own":"home"})", "own is \"home\""},
       }) {
    EXPECT_THAT(refusal_of(each.settings), HasSubstr(each.says)) << each.settings;
  }
}

TEST(MeterSettings, ThePreviewShowsTheAnswers) {
  MeterHome all;
  const wire::JsonObject given = must(wire::parse_json(R"({"as":"ecotracker"})")).as_object();
  const auto arguments = must(
      parameters::Arguments::check({.name = "meter", .declared = meter_kind().settings}, given));
  const auto shown = must(meter_kind().preview({.hub = *all.home.hub,
                                                .homes = all.homes,
                                                .counters = all.counters,
                                                .sets = all.sets,
                                                .registry = *all.home.registry,
                                                .loop = all.loop},
                                               all.account, arguments));
  EXPECT_THAT(wire::to_text(shown), HasSubstr(R"("GET /v1/json":{"power":230,"powerAvg":215,)"));
}

TEST(MeterSource, FindsTheNumberInAMessage) {
  struct Case {
    std::string_view payload, path;
    std::optional<double> number;
  };
  for (const Case& each : std::vector<Case>{
           {"230.5", "", 230.5},
           {" -12\r\n", "", -12},
           {"", "", std::nullopt},
           {"12 W", "", std::nullopt},
           {"nan", "", std::nullopt},
           {R"({"a":{"b":[1,"-7.5"]}})", "a.b[1]", -7.5},
           {R"({"a":{"b":[1,2]}})", "a.b[0]", 1},
           {R"({"a":{"b":[1,2]}})", "a.b", std::nullopt},
           {R"({"a":null})", "a", std::nullopt},
           {R"({"a":true})", "a", std::nullopt},
           {R"({"a":1)", "a", std::nullopt},
       }) {
    EXPECT_EQ(number_in_message(each.payload, each.path), each.number) << each.payload;
  }
}

}  // namespace
}  // namespace gridloom::bridges::meter
