#include "mqtt/restore.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

#include "mqtt/test_peer.h"
#include "mqtt/test_server.h"

namespace gridloom::mqtt {
namespace {

using wire::mqtt::Publish;
using wire::mqtt::Qos;
using wire::mqtt::Version;

constexpr std::string_view kSn = "R331ZEB4ZEAL0528";
constexpr std::string_view kTopic = "/device/R331ZEB4ZEAL0528/quota";

TEST(Restore, DropsARetainedMessageWithoutItsPublisherForGood) {
  for (const bool removed : {false, true}) {
    Server server;
    {
      Peer device(server.home, *server.server, Version::k5);
      device.join_device(kSn);
      device.send(Publish{.qos = Qos::kAtLeastOnce,
                          .retain = true,
                          .topic = kTopic,
                          .packet_id = 1,
                          .payload = R"({"params":{"x":1}})"});
      server.home.settle();
    }
    server.stop();
    if (removed) must(server.home.registry->remove_device(kSn));
    server.start_again();
    const auto loaded = server.as_killed();
    EXPECT_EQ(std::ranges::count(loaded.retained, kTopic, &hub::RetainedChange::topic),
              removed ? 0 : 1);
  }
}

}  // namespace
}  // namespace gridloom::mqtt
