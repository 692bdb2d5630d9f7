#include "hubs/request_bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "testing/home.h"

namespace gridloom::hub {
namespace {

using testing::HasSubstr;
using wire::mqtt::Message;

class RequestBytesTest : public testing::Test {
 protected:
  FakePtr client(std::string id) {
    return std::make_shared<FakeClient>(loop, Identity{.name = "open-anna"}, std::move(id));
  }
  static Inbound publication(std::string payload) {
    return {.sn = std::string(kDelta2Sn),
            .verb = Verb::kSetReply,
            .message = std::make_shared<const Message>(
                Message{.topic = "/device/R331ZEB4ZEAL0528/set_reply",
                        .payload = std::move(payload),
                        .payload_is_text = true,
                        .expires_at = TimePoint(Millis(1'750'000'000'123)),
                        .expiry_s = 100,
                        .content_type = "json",
                        .response_topic = "a/b",
                        .correlation_data = std::string("\0x", 2),
                        .user_properties = {{"k", "v"}, {"k", "w"}}}),
            .options = {.qos = Qos::kExactlyOnce,
                        .retain = true,
                        .resent = true,
                        .identity = {.stream = 7,
                                     .receipt = {.packet_id = 65'535,
                                                 .exactly_once = true,
                                                 .digest = 0xfedcba9876543210},
                                     .settled = 3,
                                     .repeated = true,
                                     .is_complete = true},
                        .token = {.packet_id = 9, .qos = Qos::kExactlyOnce}}};
  }
  // A request of each kind, with every member set.
  std::vector<Request> each() {
    const auto message = publication("{}").message;
    const std::vector<Request::Action> actions = {
        ReadAll{.sn = std::string(kDelta2Sn), .values = ReadAll::Of::kReported},
        Read{.sn = std::string(kDelta2Sn), .quotas = {"pd.soc", "", "inv.outputWatts"}},
        Set{.sn = std::string(kDelta2Sn),
            .message = must(wire::parse_json(R"({"moduleType":5,"params":{"v":[1.5,null,"ä"]}})"))
                           .as_object(),
            .origin = {.by = "token 7", .from = "192.0.2.1"}},
        SaveTwin{std::string(kDelta2Sn)},
        Publish{.client = one, .publications = {publication(R"({"a":1})"), publication("")}},
        Subscribe{.client = one,
                  .subscription = {.filter = "$share/g/open/x/#",
                                   .qos = Qos::kAtLeastOnce,
                                   .id = 268'435'455,
                                   .no_local = true,
                                   .retain_as_published = true,
                                   .send_retained = false}},
        Unsubscribe{.client = one, .filter = "/open/x/#"},
        Connect{one},
        Disconnect{one},
        EndSession{two},
        Rebind{.old = one, .fresh = two},
        HandOn{.from = one,
               .stored_number = 12,
               .deliveries = {{.message = message,
                               .qos = Qos::kAtLeastOnce,
                               .retain = true,
                               .subscription_ids = {1, 2},
                               .share = std::make_shared<const std::string>("$share/g/x"),
                               .number = 40},
                              {.message = message, .subscription_ids = {}}}},
        ReadTwins{{std::string(kDelta2Sn), "", "R331ZEB4ZEAL0529"}},
        Call{.partition = Partition{63}, .service = "sets", .text = "{}"}};
    std::vector<Request> requests;
    for (const Request::Action& action : actions) {
      requests.push_back(
          {.account = registry::AccountId{5}, .reply = ReplyId{77}, .action = action});
    }
    return requests;
  }

  ManualLoop loop;
  ClientBook clients;
  FakePtr one = client("one");
  FakePtr two = client("two");
};

TEST_F(RequestBytesTest, EachKindOfRequestHasARow) {
  EXPECT_EQ(each().size(), std::variant_size_v<Request::Action>);
  for (std::size_t k = 0; k < each().size(); ++k) EXPECT_EQ(each()[k].action.index(), k);
}

// Bytes that are read mean the same: written again they are the same bytes, which differ for each
// member (below).
TEST_F(RequestBytesTest, WhatIsReadIsWhatWasWritten) {
  for (const Request& request : each()) {
    const std::string bytes = bytes_of(request, clients);
    const auto read = request_in(bytes, clients);
    ASSERT_TRUE(read) << request.action.index() << ": " << read.error().detail;
    EXPECT_EQ(read->account, request.account);
    EXPECT_EQ(read->reply, request.reply);
    EXPECT_EQ(read->action.index(), request.action.index());
    EXPECT_EQ(bytes_of(*read, clients), bytes) << request.action.index();
  }
}

TEST_F(RequestBytesTest, APublicationKeepsAllThatItIs) {
  const Inbound sent = publication(R"({"a":1})");
  const auto read = must(request_in(
      bytes_of({.action = Publish{.client = one, .publications = {sent}}}, clients), clients));
  const auto& publish = std::get<Publish>(read.action);
  EXPECT_EQ(publish.client, one);
  const Inbound& got = publish.publications.at(0);
  EXPECT_EQ(got.sn, sent.sn);
  EXPECT_EQ(got.verb, sent.verb);
  EXPECT_EQ(got.message->topic, sent.message->topic);
  EXPECT_EQ(got.message->payload, sent.message->payload);
  EXPECT_EQ(got.message->payload_is_text, sent.message->payload_is_text);
  EXPECT_EQ(got.message->expires_at, sent.message->expires_at);
  EXPECT_EQ(got.message->expiry_s, sent.message->expiry_s);
  EXPECT_EQ(got.message->content_type, sent.message->content_type);
  EXPECT_EQ(got.message->response_topic, sent.message->response_topic);
  EXPECT_EQ(got.message->correlation_data, sent.message->correlation_data);
  EXPECT_EQ(got.message->user_properties, sent.message->user_properties);
  const PublishOptions& options = got.options;
  EXPECT_EQ(options.qos, Qos::kExactlyOnce);
  EXPECT_TRUE(options.retain);
  EXPECT_TRUE(options.resent);
  EXPECT_EQ(options.identity.stream, 7);
  EXPECT_EQ(options.identity.receipt, sent.options.identity.receipt);
  EXPECT_EQ(options.identity.settled, 3U);
  EXPECT_TRUE(options.identity.repeated);
  EXPECT_TRUE(options.identity.is_complete);
  EXPECT_EQ(options.token.packet_id, 9);
  EXPECT_EQ(options.token.qos, Qos::kExactlyOnce);
}

TEST_F(RequestBytesTest, ASubscriptionAndADeliveryKeepAllThatTheyAre) {
  for (const Request& request : each()) {
    const auto read = must(request_in(bytes_of(request, clients), clients));
    if (const auto* subscribe = std::get_if<Subscribe>(&read.action)) {
      const auto& sent = std::get<Subscribe>(request.action).subscription;
      const Subscription& got = subscribe->subscription;
      EXPECT_EQ(got.filter, sent.filter);
      EXPECT_EQ(got.qos, sent.qos);
      EXPECT_EQ(got.id, sent.id);
      EXPECT_TRUE(got.no_local);
      EXPECT_TRUE(got.retain_as_published);
      EXPECT_FALSE(got.send_retained);
    }
    if (const auto* hand_on = std::get_if<HandOn>(&read.action)) {
      const Delivery& sent = std::get<HandOn>(request.action).deliveries.at(0);
      const Delivery& got = hand_on->deliveries.at(0);
      EXPECT_EQ(got.message->payload, sent.message->payload);
      EXPECT_EQ(got.qos, sent.qos);
      EXPECT_TRUE(got.retain);
      EXPECT_EQ(got.subscription_ids, sent.subscription_ids);
      EXPECT_EQ(*got.share, *sent.share);
      EXPECT_EQ(got.number, 40);
      EXPECT_EQ(hand_on->deliveries.at(1).share, nullptr);
    }
    if (const auto* set = std::get_if<Set>(&read.action)) {
      const auto& sent = std::get<Set>(request.action);
      EXPECT_EQ(set->message, sent.message);
      EXPECT_EQ(set->origin.by, sent.origin.by);
      EXPECT_EQ(set->origin.from, sent.origin.from);
    }
  }
}

TEST_F(RequestBytesTest, RepliesKeepTextTimeAndErrors) {
  const std::array replies = {
      Reply{.to = ReplyId{1}, .answer = DeviceAnswer{}},
      Reply{.to = ReplyId{~std::uint64_t{0}},
            .answer = DeviceAnswer{.text = R"({"a":1})", .last_report = TimePoint(Millis(-5))}},
      Reply{.to = ReplyId{3}, .answer = fail(ErrorCode::kDamaged, "why")},
      Reply{.to = ReplyId{4}, .answer = fail(ErrorCode::kBadParams, "")}};
  for (const Reply& reply : replies) {
    const Reply read = must(reply_in(bytes_of(reply)));
    EXPECT_EQ(read.to, reply.to);
    ASSERT_EQ(read.answer.has_value(), reply.answer.has_value());
    if (reply.answer) {
      EXPECT_EQ(read.answer->text, reply.answer->text);
      EXPECT_EQ(read.answer->last_report, reply.answer->last_report);
    } else {
      EXPECT_EQ(read.answer.error().code, reply.answer.error().code);
      EXPECT_EQ(read.answer.error().detail, reply.answer.error().detail);
    }
  }
}

// A reply with a twin that has every member set.
Reply reply_with_twin() {
  TwinSnapshot twin{.sn = std::string(kDelta2Sn),
                    .number = 1'000'000,
                    .has_values = true,
                    .last_report = TimePoint(Millis(7)),
                    .moment = TimePoint(Millis(-6)),
                    .declared = std::make_shared<const std::vector<std::string>>(
                        std::vector<std::string>{"pd.soc", "inv.outputWatts"}),
                    .extra = {"pd.brandNew"}};
  twin.values.add(0, "5");
  twin.values.add(2, R"({"a":[1]})");
  twin.before.add(1, "");
  return {.to = ReplyId{5}, .answer = DeviceAnswer{.twins = {twin, twin}}};
}

TEST_F(RequestBytesTest, ATwinKeepsAllThatItIs) {
  const Reply sent = reply_with_twin();
  const Reply read = must(reply_in(bytes_of(sent)));
  EXPECT_EQ(bytes_of(read), bytes_of(sent));
  ASSERT_EQ(read.answer->twins.size(), 2U);
  const TwinSnapshot& twin = read.answer->twins[1];
  EXPECT_EQ(twin.sn, kDelta2Sn);
  EXPECT_EQ(twin.number, 1'000'000U);
  EXPECT_TRUE(twin.has_values);
  EXPECT_EQ(twin.last_report, TimePoint(Millis(7)));
  EXPECT_EQ(twin.moment, TimePoint(Millis(-6)));
  EXPECT_EQ(twin.names(), 3U);
  EXPECT_EQ(twin.name_of(1), "inv.outputWatts");
  EXPECT_EQ(twin.name_of(2), "pd.brandNew");
  std::string values;
  twin.values.for_each([&](std::size_t slot, std::string_view text) {
    values += std::to_string(slot).append("=").append(text).append(" ");
  });
  EXPECT_EQ(values, R"(0=5 2={"a":[1]} )");
  EXPECT_EQ(twin.before.size(), 1U);
}

TEST_F(RequestBytesTest, SlotsThatATwinCannotHaveAreRefused) {
  for (const auto& [first, second] : {std::pair{1U, 1U}, std::pair{2U, 1U}, std::pair{0U, 3U}}) {
    Reply reply = reply_with_twin();
    SlotTexts& before = reply.answer->twins[1].before;
    before = {};
    before.add(first, "1");
    before.add(second, "2");
    EXPECT_FALSE(reply_in(bytes_of(reply))) << first << ", " << second;
  }
}

TEST_F(RequestBytesTest, WhatIsCutOrTooLongIsRefused) {
  for (const Request& request : each()) {
    const std::string bytes = bytes_of(request, clients);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(request_in(bytes.substr(0, size), clients)) << request.action.index();
    }
    EXPECT_FALSE(request_in(bytes + '\0', clients));
  }
  for (const Reply& each :
       {Reply{.to = ReplyId{1}, .answer = DeviceAnswer{.text = "x"}}, reply_with_twin()}) {
    const std::string reply = bytes_of(each);
    for (std::size_t size = 0; size < reply.size(); ++size) {
      EXPECT_FALSE(reply_in(reply.substr(0, size)));
    }
    EXPECT_FALSE(reply_in(reply + '\0'));
  }
}

TEST_F(RequestBytesTest, WhatAClientGetsKeepsAllThatItIs) {
  constexpr Millis kOffset{5000};
  const Delivered sent{.deliveries = std::get<HandOn>(each()[11].action).deliveries,
                       .acks = {{.token = {.packet_id = 8, .qos = Qos::kExactlyOnce},
                                 .reason = wire::mqtt::Reason::kNotAuthorized,
                                 .why = "the credentials are no longer valid"},
                                {.token = {.packet_id = 9, .qos = Qos::kAtLeastOnce}}}};
  const std::string bytes = bytes_of(sent, kOffset);
  const Delivered read = must(delivered_in(bytes, kOffset));
  EXPECT_EQ(bytes_of(read, kOffset), bytes);
  ASSERT_EQ(read.deliveries.size(), 2U);
  EXPECT_EQ(read.deliveries[0].message->expires_at, sent.deliveries[0].message->expires_at);
  ASSERT_EQ(read.acks.size(), 2U);
  EXPECT_EQ(read.acks[0].token.packet_id, 8);
  EXPECT_EQ(read.acks[0].token.qos, Qos::kExactlyOnce);
  EXPECT_EQ(read.acks[0].reason, wire::mqtt::Reason::kNotAuthorized);
  EXPECT_EQ(read.acks[0].why, "the credentials are no longer valid");
  EXPECT_EQ(read.acks[1].reason, wire::mqtt::Reason::kSuccess);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(delivered_in(bytes.substr(0, size), kOffset));
  }
}

// A node whose steady clock is 5 s behind the system's time, and one where it is 2 s ahead.
TEST_F(RequestBytesTest, ATimeOfTheSteadyClockIsTheSameMomentAtAnotherNode) {
  const Inbound sent = publication("{}");
  const Request request{.action = Publish{.client = one, .publications = {sent}}};
  const auto read = must(request_in(
      bytes_of(request, clients, Millis(5000)),
      [this](std::uint64_t number) { return clients.find(number); }, Millis(-2000)));
  EXPECT_EQ(std::get<Publish>(read.action).publications.at(0).message->expires_at,
            *sent.message->expires_at + Millis(7000));
}

// The clocks of two nodes differ, and those of two processes on a busy machine seem to.
TEST_F(RequestBytesTest, NobodyIsToldALongerExpiryThanThePublisherGave) {
  const Inbound sent = publication("{}");
  const TimePoint published = *sent.message->expires_at - Millis(100'000);
  for (const auto& [ahead, told_s] : {std::pair(Millis(1), 100U), std::pair(Millis(60'000), 100U),
                                      std::pair(Millis(-2'500), 98U)}) {
    const auto read = must(request_in(
        bytes_of({.action = Publish{.client = one, .publications = {sent}}}, clients, ahead),
        [this](std::uint64_t number) { return clients.find(number); }));
    wire::mqtt::Properties told;
    const auto& message = *std::get<Publish>(read.action).publications.at(0).message;
    wire::mqtt::add_properties(told, message, published);
    EXPECT_EQ(told.number(wire::mqtt::PropertyId::kMessageExpiryS), told_s) << ahead.count();
  }
}

TEST_F(RequestBytesTest, AnotherVersionIsRefused) {
  std::string bytes = bytes_of(each().front(), clients);
  bytes.front() = 2;
  const auto read = request_in(bytes, clients);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kMalformed);
}

TEST_F(RequestBytesTest, ARequestOfAClientThatIsGoneSaysSo) {
  const std::string bytes = bytes_of({.action = Connect{one}}, clients);
  one.reset();
  const auto read = request_in(bytes, clients);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(read.error().detail, HasSubstr("gone"));
}

TEST_F(RequestBytesTest, AClientHasOneNumberAndNoOtherClientHasIt) {
  const std::uint64_t number = clients.number_of(one);
  EXPECT_EQ(clients.number_of(one), number);
  EXPECT_EQ(clients.find(number), one);
  EXPECT_NE(clients.number_of(two), number);
  one.reset();
  EXPECT_EQ(clients.find(number), nullptr);
  for (int k = 0; k < 5000; ++k) {
    const FakePtr fresh = client("fresh");
    EXPECT_NE(clients.number_of(fresh), number);
  }
  EXPECT_EQ(clients.find(clients.number_of(two)), two);
  EXPECT_EQ(clients.find(0), nullptr);
}

}  // namespace
}  // namespace gridloom::hub
