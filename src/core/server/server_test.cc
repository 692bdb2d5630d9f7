// A whole server on a clock and loops that the test moves: what a start restores and notes, and
// which limits it enforces. What clients see of it is in tests/transcripts.
#include "server/server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "history/instant_journal.h"
#include "testing/home.h"
#include "testing/loop.h"
#include "wire/mqtt/packet.h"

namespace gridloom::server {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::string_view kSn = "HEATER-01";
constexpr std::string_view kHealth = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

class ServerTest : public testing::Test {
 protected:
  Server::Options options() {
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
  void start() { start(options()); }
  void add_home() {
    account = must(server->registry().add_account({.name = "alice"})).account.id;
    key = must(server->registry().add_device({.sn = kSn, .name = kSn, .owner = "alice"}));
    settle();
  }
  void settle() {
    for (bool busy = true, waits = true; busy || waits;) {
      waits = server->archive().health().log_waiting_bytes != 0;
      busy = turn_all(server->loops());
    }
  }

  void report(std::string_view payload) {
    const auto device = std::make_shared<FakeClient>(
        *server->loops().front(), must(server->hub().access().sign_in(kSn, key)), "device");
    server->hub().connected(device);
    hub::Hub::Batch batch(server->hub());
    const auto message = std::make_shared<const wire::mqtt::Message>(wire::mqtt::Message{
        .topic = fmt::format("/device/{}/quota", kSn), .payload = std::string(payload)});
    EXPECT_TRUE(
        batch.add(device, message,
                  {.qos = Qos::kAtLeastOnce, .token = {.packet_id = 1, .qos = Qos::kAtLeastOnce}}));
    batch.post(device);
    settle();
    EXPECT_EQ(device->acks.size(), 1U);
    server->hub().disconnected(device);
    server->hub().ended(device);
    settle();
  }
  std::string quotas() {
    std::string text;
    server->hub().read_all(
        account, {.sn = std::string(kSn)},
        {.loop = server->loops().front().get(), .done = [&text](Result<hub::DeviceAnswer> answer) {
           text = std::string_view(must(answer).text);
         }});
    settle();
    return text;
  }
  // The bytes that the server sends on a new connection on which these arrive.
  std::string ask(std::string_view bytes, std::string peer = "127.0.0.1") {
    const auto connection = server->protocol(Interface::kHttp)(
        {.loop = *server->loops().front(), .wake = [] {}, .peer = std::move(peer)});
    connection->receive(bytes, clock.now());
    settle();
    std::string out;
    connection->take_output(out);
    connection->lost();
    return out;
  }
  std::vector<std::string> audit() {
    std::vector<std::string> entries;
    history::read_now(server->archive(), [&](history::Reader& reader) {
      must(reader.each_audit([&](const history::AuditRow& row) {
        entries.push_back(row.entry);
        return true;
      }));
    });
    return entries;
  }

  TemporaryFolder folder;
  TestClock clock;
  registry::AccountId account{};
  Secret key;
  std::unique_ptr<Server> server;
};

TEST_F(ServerTest, RestoresWhatDevicesHaveSaid) {
  for (const Journaling journaling : {Journaling::kDurable, Journaling::kInstant}) {
    server.reset();
    std::filesystem::remove_all(folder.data());
    Server::Options with = options();
    with.journaling = journaling;
    start(std::move(with));
    add_home();
    report(R"({"params":{"temperature":21}})");
    const std::string before = quotas();
    EXPECT_THAT(before, HasSubstr("21"));
    server.reset();
    start();
    EXPECT_EQ(quotas(), before);
    server->stop({});  // stops in order have nothing to add
    server.reset();
    start();
    EXPECT_EQ(quotas(), before);
  }
}

TEST_F(ServerTest, NotesAtTheStartWhatIsDamaged) {
  start();
  add_home();
  report(R"({"params":{"temperature":21}})");
  EXPECT_THAT(ask(kHealth), EndsWith(R"({"status":"ok"})"));
  server.reset();
  write_content(folder.data() / "sessions.db", std::string(4096, 'x'));
  start();
  EXPECT_THAT(ask(kHealth), EndsWith(R"({"status":"damaged","damageNotes":1})"));
  EXPECT_THAT(server->archive().damage().all(), ElementsAre(HasSubstr("sessions.db")));
}

TEST_F(ServerTest, WritesItsStartAndItsStopIntoTheAudit) {
  server = must(Server::open(options()));
  must(server->listen({}));
  server->start({{"demo", true}});
  clock.pass(Millis(5));
  server->stop({{"signal", 15}});
  EXPECT_THAT(audit(), ElementsAre(fmt::format(R"({{"what":"stop","who":"server","signal":15,)"
                                               R"("at":{}}})",
                                               unix_ms(kTestStart) + 5),
                                   fmt::format(R"({{"what":"start","who":"server","demo":true,)"
                                               R"("at":{}}})",
                                               unix_ms(kTestStart))));
}

TEST_F(ServerTest, EnforcesItsLimits) {
  struct Row {
    std::string_view name;
    void (*set)(ServerLimits& limits);
    std::string first;  // a request within the limit
    std::string beyond;
    std::string_view answer;
  };
  const std::string unsigned_request = "GET /iot-open/sign/device/list HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::vector<Row> rows = {
      {"http.header-bytes", [](ServerLimits& limits) { limits.http.header_bytes = 256; },
       std::string(kHealth),
       "GET /healthz HTTP/1.1\r\nHost: x\r\nx: " + std::string(256, 'x') + "\r\n\r\n",
       "HTTP/1.1 431"},
      {"http.body-bytes", [](ServerLimits& limits) { limits.http.body_bytes = 256; },
       std::string(kHealth),
       "PUT /iot-open/sign/device/quota HTTP/1.1\r\nHost: x\r\nContent-Length: 257\r\n\r\n",
       "HTTP/1.1 413"},
      {"door.failures-per-minute", [](ServerLimits& limits) { limits.failures_per_minute = 1; },
       unsigned_request, unsigned_request, "HTTP/1.1 429"},
  };
  for (const Row& row : rows) {
    Server::Options with = options();
    row.set(with.limits);
    server.reset();
    start(std::move(with));
    EXPECT_THAT(ask(row.first, "192.0.2.1"), StartsWith("HTTP/1.1 200")) << row.name;
    EXPECT_THAT(ask(row.beyond, "192.0.2.1"), StartsWith(row.answer)) << row.name;
  }
}

TEST_F(ServerTest, TellsTheShardsAtOnceWhichFaultsToInject) {
  start();
  add_home();
  report(R"({"params":{"temperature":21}})");
  server->set_faults({{.fault = "frozen_snapshot"}});
  report(R"({"params":{"temperature":22}})");
  EXPECT_THAT(quotas(), HasSubstr("21"));
  server->set_faults({});
  EXPECT_THAT(quotas(), HasSubstr("22"));
}

TEST_F(ServerTest, IsAsStrictAsTheVendorOnRequest) {
  for (const Strictness strictness : {Strictness::kRelaxed, Strictness::kStrict}) {
    const bool is_strict = strictness == Strictness::kStrict;
    Server::Options with = options();
    with.strictness = strictness;
    with.limits.client_ids_a_day = 3;
    server.reset();
    start(std::move(with));
    const hub::Config& config = server->platform().config;
    EXPECT_EQ(config.wildcards, is_strict ? hub::Wildcards::kDenied : hub::Wildcards::kGranted);
    EXPECT_EQ(config.offline_requests,
              is_strict ? hub::OfflineRequests::kLikeTheVendor : hub::OfflineRequests::kExplained);
    EXPECT_EQ(config.client_ids_a_day, is_strict ? 3U : 0U);
  }
}

TEST_F(ServerTest, SaysWhatToDoAboutATakenPort) {
  server = must(Server::open(options()));
  must(server->listen({.listeners = {{.address = {.host = "127.0.0.1"}}}}));
  const net::Address* bound = server->listeners().bound(Interface::kHttp, Security::kPlain);
  ASSERT_NE(bound, nullptr);
  EXPECT_EQ(server->listeners().bound(Interface::kHttp, Security::kTls), nullptr);
  EXPECT_EQ(server->listeners().bound(Interface::kMqtt, Security::kPlain), nullptr);
  const TemporaryFolder other_folder;
  Server::Options with = options();
  with.data = other_folder.data();
  const auto other = must(Server::open(std::move(with)));
  const Status refused =
      other->listen({.listeners = {{.address = *bound, .if_taken = "take another"}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_EQ(refused.error().detail,
            fmt::format("{} is in use by another program; take another", bound->text()));
}

}  // namespace
}  // namespace gridloom::server
