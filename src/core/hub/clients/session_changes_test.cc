// Session changes: encoding into bytes of the log and decoding.
#include "hub/clients/session_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
using wire::mqtt::Qos;

const std::vector<SessionChange> kEach = {
    StreamBegun{.stream = 1, .user = "R331", .client_id = "device"},
    PublicationTaken{
        .stream = 2, .receipt = {.packet_id = 3, .digest = 0xFFFF'FFFF'FFFF'FFFF}, .settled = 4},
    PublicationTaken{.stream = 2, .receipt = {.packet_id = 65535, .exactly_once = true}},
    PublicationReleased{.stream = 2, .packet_id = 65535},
    StreamCleared{3},
    StreamEnded{4},
    MessageKept{.session = 5,
                .message = 1'800'000'000'000'000,
                .expires_at_ms = 1'800'000'000'000,
                .flags = {.qos = Qos::kExactlyOnce, .retain = true, .subscription_ids = {1, 300}},
                .packet = "a packet"},
    MessageKept{.session = 6, .message = 7, .flags = {.qos = Qos::kAtLeastOnce}},
    MessageNumbered{.session = 5, .message = 7, .packet_id = 8},
    MessageReleased{.session = 5, .message = 7, .packet_id = 8},
    MessageDone{.session = 5, .message = 7},
    SessionKept{.session = 5,
                .user = "R331",
                .client_id = "phone",
                .signed_in_as = 1,
                .generation = 2,
                .expiry_s = 3600,
                .parked_at_ms = 1'800'000'000'000,
                .subscriptions = "packets",
                .will = SessionKept::Will{.packet = "a packet", .due_ms = 1, .expiry_s = 0}},
    SessionKept{.session = 5,
                .user = "R331",
                .will = SessionKept::Will{.packet = "a packet", .expiry_s = 0xFFFF'FFFF}},
    SessionEnded{5},
    RetainedKept{.topic = "/a", .device = 9, .expires_at_ms = 10, .packet = "a packet"},
    RetainedKept{.topic = "/a"},
};

std::string bytes_of(const SessionChange& change) {
  std::string bytes;
  append_change(bytes, change);
  return bytes;
}

TEST(SessionChanges, ComeBackAsTheyWere) {
  std::string bytes;
  for (const SessionChange& change : kEach) append_change(bytes, change);
  std::vector<std::string> read;  // each encoded again
  EXPECT_TRUE(each_change(bytes, [&](const SessionChange& one) { read.push_back(bytes_of(one)); }));
  std::vector<std::string> written;
  for (const SessionChange& change : kEach) written.push_back(bytes_of(change));
  EXPECT_EQ(read, written);
}

TEST(SessionChanges, ChangesOfAMessageHaveItsFlags) {
  const std::string bytes = bytes_of(kEach[6]);
  EXPECT_TRUE(each_change(bytes, [](const SessionChange& change) {
    const auto& kept = std::get<MessageKept>(change);
    EXPECT_EQ(kept.message, 1'800'000'000'000'000);
    EXPECT_EQ(kept.expires_at_ms, 1'800'000'000'000);
    EXPECT_EQ(kept.flags.qos, Qos::kExactlyOnce);
    EXPECT_TRUE(kept.flags.retain);
    EXPECT_THAT(kept.flags.subscription_ids, ElementsAre(1, 300));
    EXPECT_EQ(kept.packet, "a packet");
  }));
}

TEST(SessionChanges, TruncatedChangesAreRefused) {
  for (const SessionChange& change : kEach) {
    const std::string whole = bytes_of(change);
    for (std::size_t size = 1; size < whole.size(); ++size) {
      EXPECT_FALSE(each_change(whole.substr(0, size), [](const SessionChange&) {
        ADD_FAILURE() << "of a part";
      })) << change.index();
    }
  }
}

TEST(SessionChanges, ChangesBeforeDamageAreRead) {
  std::size_t told = 0;
  EXPECT_FALSE(each_change(bytes_of(kEach[0]) + "\x63\x01", [&](const SessionChange&) { ++told; }));
  EXPECT_EQ(told, 1U);
  // A QoS that does not exist.
  EXPECT_FALSE(each_change(std::string("\x07\x01\x01\x00\x03\x00\x00", 7),
                           [](const SessionChange&) { ADD_FAILURE(); }));
}

}  // namespace
}  // namespace gridloom::hub
