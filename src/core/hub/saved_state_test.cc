#include "hub/saved_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hub/shard_set.h"
#include "testing/home.h"

namespace gridloom::hub {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

class SavedStateTest : public testing::Test {
 protected:
  SavedStateTest() {
    home.add_account("alice");
    home.add_device(kDelta2Sn, "alice");
  }
  std::vector<SavedTwin> saved() {
    std::vector<SavedTwin> all;
    home.hub->saved_state().save_twins([&all](std::vector<SavedTwin> twins) {
      all.insert(all.end(), std::make_move_iterator(twins.begin()),
                 std::make_move_iterator(twins.end()));
    });
    home.settle();
    return all;
  }
  std::string text_of(const std::string& sn) {
    TestHome::Answer answer;
    home.hub->saved_state().save_twin(sn, home.reply_into(answer));
    home.settle();
    return answer.text();
  }

  TestHome home{4};
};

TEST_F(SavedStateTest, ATwinIsAsItWasAfterARestart) {
  home.report(home.connect_device(kDelta2Sn), kDelta2Sn, R"({"params":{"pd.soc":5}})");
  const std::string text = text_of(kDelta2Sn);
  std::vector<SavedTwin> twins = saved();
  ASSERT_THAT(twins, SizeIs(1));
  EXPECT_EQ(twins[0].text, text);
  EXPECT_THAT(saved(), IsEmpty()) << "nothing changed since";
  home.hub.reset();
  home.start_hub();
  EXPECT_EQ(text_of(kDelta2Sn), "") << "nothing is known yet";
  home.hub->saved_state().restore_twin(std::move(twins[0]));
  home.settle();
  EXPECT_EQ(text_of(kDelta2Sn), text);
  EXPECT_EQ(home.read_all(home.account("alice").id, kDelta2Sn), R"({"pd.soc":5})");
}

TEST_F(SavedStateTest, ARetainedMessageIsRestoredIfItsPublisherStillExists) {
  const RetainedChange change{
      .topic = "/device/" + kDelta2Sn + "/quota",
      .message = std::make_shared<const wire::mqtt::Message>(
          wire::mqtt::Message{.topic = "/device/" + kDelta2Sn + "/quota", .payload = "kept"}),
      .qos = Qos::kAtLeastOnce,
      .device = home.device(kDelta2Sn).number};
  RetainedChange other = change;
  other.device = change.device + 1;
  EXPECT_FALSE(home.hub->saved_state().restore_retained(other)) << "that device is gone";
  EXPECT_TRUE(home.hub->saved_state().restore_retained(change));
  home.settle();
  const FakePtr app = home.connect_app("alice");
  home.subscribe(app,
                 {.filter = home.open("alice", kDelta2Sn + "/quota"), .qos = Qos::kAtLeastOnce});
  EXPECT_THAT(app->take(), SizeIs(1));
}

}  // namespace
}  // namespace gridloom::hub
