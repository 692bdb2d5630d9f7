// Recordings as transcripts: every line, what is masked and replaced, and that the transcript
// passes when it is played.
#include "recordings/recording.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "recordings/playback.h"
#include "testing/catalog.h"
#include "testing/source_path.h"
#include "transcripts/runner.h"
#include "transcripts/script.h"

namespace gridloom::recordings {
namespace {

using hub::TrafficEvent;
using testing::HasSubstr;
using testing::Not;
using wire::Verb;
using Kind = TrafficEvent::Kind;

constexpr TimePoint kBegun{Millis(1'763'000'000'250)};
constexpr std::string_view kSn = "R331ZEB4ZEAL0528";
constexpr registry::AccountId kOwner{7};
constexpr registry::AccountId kFriend{9};

TimePoint after(std::int64_t ms) { return kBegun + Millis(ms); }

std::vector<RecordedDevice> one_device() {
  return {{.sn = std::string(kSn),
           .family = "delta_2",
           .owner = kOwner,
           .shares = {{.account = kFriend, .rights = registry::Rights::kMonitor}}}};
}

TrafficEvent event(Kind what, std::int64_t ms, std::string_view text = {}) {
  return {.kind = what,
          .at = after(ms),
          .sn = std::string(kSn),
          .account = kOwner,
          .text = std::string(text)};
}

TrafficEvent sent(Kind what, std::int64_t ms, Verb verb, std::string_view text) {
  TrafficEvent made = event(what, ms, text);
  made.verb = verb;
  return made;
}

TrafficEvent asked(Kind what, std::int64_t ms, std::uint64_t request, std::string_view text = {}) {
  TrafficEvent made = event(what, ms, text);
  made.request = request;
  return made;
}

std::string recorded(const std::vector<TrafficEvent>& all, bool replaces_serials = false) {
  Recording recording(one_device(), kBegun, replaces_serials);
  std::string text = recording.head();
  for (const TrafficEvent& each : all) {
    // In the form in which the server streams the event.
    const auto read = traffic_event_in(to_json(each));
    EXPECT_TRUE(read.has_value());
    text += recording.lines_of(*read);
  }
  return text + recording.end();
}

std::shared_ptr<const catalog::Catalog> families() { return shipped_catalog(); }

constexpr std::string_view kSet =
    R"({"id":4711,"version":"1.0","moduleType":5,"operateType":"quietMode",)"
    R"("params":{"enabled":1}})";
constexpr std::string_view kSetBody =
    R"({"sn":"R331ZEB4ZEAL0528","moduleType":5,"operateType":"quietMode","params":{"enabled":1}})";
constexpr std::string_view kReply =
    R"({"id":4711,"version":"1.0","moduleType":5,"operateType":"quietMode","data":{"ack":0}})";

// An evening of one device: a report, a set over HTTP whose answer takes longer than a read's, a
// get, a lost connection, and a set that cannot be carried out.
std::vector<TrafficEvent> evening() {
  return {
      event(Kind::kInitialState, 0, R"({"pd.soc":61,"mppt.beepState":0})"),
      event(Kind::kOnline, 0),
      sent(Kind::kDeviceSends, 1750, Verb::kQuota,
           R"({"typeCode":"pdStatus","moduleType":1,"params":{"soc":60}})"),
      asked(Kind::kSets, 2750, 1, kSetBody),
      sent(Kind::kDeviceGets, 2750, Verb::kSet, kSet),
      asked(Kind::kReadsAll, 2800, 2),
      asked(Kind::kAnswered, 2800, 2, R"({"pd.soc":60,"mppt.beepState":0})"),
      sent(Kind::kDeviceSends, 2900, Verb::kSetReply, kReply),
      sent(Kind::kAppGets, 2900, Verb::kSetReply, kReply),
      asked(Kind::kAnswered, 2900, 1, kReply),
      sent(Kind::kAppSends, 3000, Verb::kGet, R"({"id":5,"params":{"quotas":["pd.soc"]}})"),
      sent(Kind::kAppGets, 3000, Verb::kGetReply,
           R"({"id":5,"version":"1.0","code":"0","timestamp":1763000003250,"data":{"pd.soc":60}})"),
      event(Kind::kOffline, 4000),
      asked(Kind::kSets, 5000, 3, kSetBody),
      [] {
        TrafficEvent refused = asked(Kind::kAnswered, 5000, 3);
        refused.error =
            Error{.code = ErrorCode::kOffline, .detail = "R331ZEB4ZEAL0528 is not connected"};
        return refused;
      }(),
  };
}

TEST(Recording, AnErrorOfAnUnknownCodeIsNoOtherError) {
  wire::JsonObject answered = to_json(evening().back());
  ASSERT_EQ(answered.at("code"), wire::Json("offline"));
  for (const wire::Json& unknown : {wire::Json("out_of_luck"), wire::Json(6), wire::Json()}) {
    answered["code"] = unknown;
    const auto read = traffic_event_in(answered);
    ASSERT_FALSE(read) << wire::to_text(unknown);
    EXPECT_EQ(read.error().code, ErrorCode::kMalformed);
  }
}

TEST(Recording, IsATranscriptOfTheRecordedTraffic) {
  std::ifstream file(source_path("src/lab/recordings/testdata/recorded.loom"));
  const std::string golden{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(recorded(evening()), golden);
}

TEST(Recording, HoldsWhenItIsPlayed) {
  for (const bool replaces : {false, true}) {
    const auto script = transcripts::parse_script("recorded.loom", recorded(evening(), replaces));
    ASSERT_TRUE(script.has_value()) << script.error().detail;
    transcripts::Coverage coverage;
    const auto outcome = transcripts::play(*script, families(), {}, coverage);
    for (const auto& failure : outcome.failures) ADD_FAILURE() << failure.line << failure.text;
  }
}

TEST(Recording, EndsWithRequestsUnanswered) {
  const std::string text = recorded({asked(Kind::kSets, 0, 1, kSetBody)});
  EXPECT_THAT(text, HasSubstr("# The end of the recording\n< 1: nothing\n"));
}

TEST(Recording, MasksSecrets) {
  const std::string text = recorded({sent(
      Kind::kDeviceSends, 0, Verb::kQuota,
      R"({"params":{"wifiPassword":"hunter2","net":{"accessToken":"abc","pwd":["x"]},"soc":1}})")});
  EXPECT_THAT(text, HasSubstr(R"({"params":{"wifiPassword":"***","net":{"accessToken":"***")"));
  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  EXPECT_THAT(text, HasSubstr(R"("soc":1)"));
}

TEST(Recording, ReplacesSerialNumbersAlike) {
  const std::string text =
      recorded({sent(Kind::kDeviceSends, 0, Verb::kQuota,
                     R"({"params":{"M106ZAB4Z000001F":{"sn":"M106ZAB4Z000001F"},"soc":1,)"
                     R"("moduleSn":"R331ZEB4ZEAL0528","hex":"0123456789abcdef"}})")},
               true);
  EXPECT_THAT(text, HasSubstr("device delta_2 R331RECORDED0001 owner demo real"));
  EXPECT_THAT(text, HasSubstr(R"({"M106RECORDED0002":{"sn":"M106RECORDED0002"},"soc":1,)"
                              R"("moduleSn":"R331RECORDED0001","hex":"0123456789abcdef"})"));
  EXPECT_THAT(text, Not(HasSubstr("ZEAL0528")));
}

TEST(Recording, SaysWhateverADeviceSays) {
  const std::string text =
      recorded({sent(Kind::kDeviceSends, 0, Verb::kQuota, "{\n  \"params\": {\n\"soc\": 1}}"),
                sent(Kind::kDeviceSends, 0, Verb::kQuota, "{\"params\":"),
                sent(Kind::kDeviceSends, 0, Verb::kQuota, std::string_view("\xff\x00\x01", 3))});
  EXPECT_THAT(text, HasSubstr("quota {\"params\":{\"soc\":1}}\n"));
  EXPECT_THAT(text, HasSubstr("quota {\"params\":\n"));
  EXPECT_THAT(text, HasSubstr("quota <3 bytes that are no text>\n"));
  EXPECT_TRUE(transcripts::parse_script("test.loom", text).has_value());
}

TEST(Recording, ActsAsTheAccountOfEachMessage) {
  TrafficEvent of_friend = asked(Kind::kReadsAll, 0, 1);
  of_friend.account = kFriend;
  TrafficEvent of_stranger = asked(Kind::kReadsAll, 0, 2);
  of_stranger.account = registry::AccountId{11};
  const std::string text = recorded({of_friend, of_stranger, asked(Kind::kReadsAll, 0, 3)});
  EXPECT_THAT(text, HasSubstr("as app_2\n> GET"));
  EXPECT_THAT(text, HasSubstr("account app_3\nas app_3\n> GET"));
  EXPECT_THAT(text, HasSubstr("as demo\n> GET"));
}

TEST(DeviceScripts, AreWhatTheDevicesOfARecordingDo) {
  const auto script = transcripts::parse_script("recorded.loom", recorded(evening()));
  ASSERT_TRUE(script.has_value());
  const auto scripts = device_scripts(*script, *families());
  ASSERT_TRUE(scripts.has_value()) << scripts.error().detail;
  ASSERT_EQ(scripts->size(), 1U);
  const DeviceScript& first = scripts->front();
  EXPECT_EQ(first.sn, kSn);
  std::vector<std::pair<std::int64_t, DeviceAction::Kind>> actions;
  for (const DeviceAction& action : first.actions)
    actions.emplace_back(action.at.count(), action.kind);
  using enum DeviceAction::Kind;
  EXPECT_EQ(actions, (std::vector<std::pair<std::int64_t, DeviceAction::Kind>>{
                         {0, kConnect}, {250, kSend}, {2000, kSend}, {4250, kDrop}}));
  ASSERT_EQ(first.answers.size(), 1U);
  EXPECT_EQ(first.answers[0].after, Millis(150));
  EXPECT_THAT(first.answers[0].payload, HasSubstr(R"({"id":<id>,)"));
}

TEST(DeviceScripts, WantARealDevice) {
  const auto script =
      transcripts::parse_script("test.loom", "device delta_2 R331TEST0000001 owner demo\n");
  const auto scripts = device_scripts(*script, *families());
  ASSERT_FALSE(scripts.has_value());
  EXPECT_THAT(scripts.error().detail,
              HasSubstr("test.loom: it has no device that is marked \"real\""));
}

}  // namespace
}  // namespace gridloom::recordings
