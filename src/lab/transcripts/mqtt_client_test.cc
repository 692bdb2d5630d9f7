// A connection that lasts: more messages in each direction than there are packet ids. Ids are used
// again, id 0 never, and neither side ends the connection.
#include "transcripts/mqtt_client.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>

#include "testing/catalog.h"
#include "transcripts/actors.h"
#include "transcripts/server.h"
#include "wire/topics.h"

namespace gridloom::transcripts {
namespace {

constexpr std::size_t kMessages = client::MqttSession::kMaxWindow + 100;
constexpr std::size_t kAtOnce = 1'000;  // a device waits for the acknowledgements of so many
constexpr const char* kSn = "R331TEST0000001";

std::unique_ptr<TestServer> server_for(wire::mqtt::Version version) {
  const auto catalog = shipped_catalog();
  return TestServer::open(catalog, {.version = version}, TimePoint(Millis(1'750'240'800'000)))
      .value();
}

class LongConnection : public testing::TestWithParam<wire::mqtt::Version> {};

TEST_P(LongConnection, OutlastsThePacketIds) {
  const auto server = server_for(GetParam());
  const auto owner = server->registry().add_account({.name = "demo"}).value();
  const Secret key =
      server->registry().add_device({.sn = kSn, .name = "one", .owner = "demo"}).value();
  std::size_t received = 0;
  std::string last;
  const std::string& user = owner.account.certificate_account;
  MqttClient app(*server,
                 {.user = user, .password = owner.account.certificate_password, .client_id = user},
                 {.on_message =
                      [&](const MqttClient::Message& message) {
                        ++received;
                        last = message.payload;
                      },
                  .on_subscribed = {}});
  server->drain();
  app.subscribe({wire::make_open_topic(user, kSn, wire::Verb::kQuota)});
  MqttClient device(*server, {.user = kSn, .password = key, .client_id = kSn},
                    {.on_message = {}, .on_subscribed = {}});
  server->drain();
  for (std::size_t sent = 0; sent < kMessages;) {
    for (std::size_t k = 0; k < kAtOnce && sent < kMessages; ++k, ++sent) {
      device.publish(wire::make_device_topic(kSn, wire::Verb::kQuota),
                     fmt::format(R"({{"params":{{"pd.soc":{}}}}})", sent));
    }
    server->drain();
  }
  EXPECT_EQ(device.take_refused(), "");
  EXPECT_EQ(app.take_refused(), "");
  EXPECT_FALSE(device.is_over());
  EXPECT_FALSE(app.is_over());
  EXPECT_EQ(received, kMessages);
  EXPECT_EQ(last, fmt::format(R"({{"params":{{"pd.soc":{}}}}})", kMessages - 1));
}

INSTANTIATE_TEST_SUITE_P(Versions, LongConnection,
                         testing::Values(wire::mqtt::Version::k311, wire::mqtt::Version::k5));

TEST(ReceivedMessages, KeepsTheNewest) {
  ReceivedMessages inbox;
  const std::size_t third = ReceivedMessages::kMaxBytes / 3 + 1;
  inbox.add({.payload = std::string(third, 'a')});
  inbox.add({.payload = std::string(third, 'b')});
  EXPECT_EQ(inbox.messages.size(), 2U);
  inbox.next = 1;  // the first was examined
  inbox.add({.payload = std::string(third, 'c')});
  EXPECT_EQ(inbox.messages.size(), 2U);
  EXPECT_EQ(inbox.messages.front().payload.front(), 'b');
  EXPECT_EQ(inbox.next, 0U);
  EXPECT_EQ(inbox.dropped, 0U);
  inbox.add({.payload = std::string(third, 'd')});
  EXPECT_EQ(inbox.dropped, 1U);
  inbox.add({.payload = std::string(2 * ReceivedMessages::kMaxBytes, 'e')});
  EXPECT_EQ(inbox.messages.size(), 1U);
  EXPECT_EQ(inbox.messages.front().payload.front(), 'e');
  EXPECT_EQ(inbox.bytes, 2 * ReceivedMessages::kMaxBytes);
}

TEST(PublishedMessages, RemembersTheNewest) {
  PublishedMessages published;
  published.add("SN/quota", "first");
  published.add("SN/quota", "twice");
  for (std::size_t k = 0; k < PublishedMessages::kMax - 2; ++k) {
    published.add("SN/quota", std::to_string(k));
  }
  EXPECT_TRUE(published.contains("SN/quota", "first"));
  EXPECT_FALSE(published.contains("SN/set_reply", "first"));
  published.add("SN/quota", "twice");
  EXPECT_FALSE(published.contains("SN/quota", "first"));
  published.add("SN/quota", "last");
  EXPECT_TRUE(published.contains("SN/quota", "twice"));
  published.clear();
  EXPECT_FALSE(published.contains("SN/quota", "last"));
}

}  // namespace
}  // namespace gridloom::transcripts
