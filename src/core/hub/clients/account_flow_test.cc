#include "hub/clients/account_flow.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "testing/home.h"

namespace gridloom::hub {
namespace {

using std::chrono::hours;

constexpr std::size_t kAhead = 1000;

// A client that counts its calls of resume_reading(), and may do something in them.
class Reader final : public Client {
 public:
  Reader(Loop& loop, std::string id) : Client(loop, Identity{}, std::move(id)) {}
  void deliver(std::vector<Delivery> /*deliveries*/, std::vector<Ack> /*acks*/) override {}
  void kick(KickReason /*reason*/) override {}
  void rights_changed() override {}
  void resume_reading() override {
    ++told;
    if (then) then();
  }
  int told = 0;
  std::function<void()> then;
};

class AccountFlowTest : public testing::Test {
 protected:
  std::shared_ptr<Reader> reader() {
    readers.push_back(std::make_shared<Reader>(loop, std::to_string(readers.size())));
    return readers.back();
  }
  [[nodiscard]] int told() const {
    int sum = 0;
    for (const auto& each : readers) sum += each->told;
    return sum;
  }

  ManualLoop loop;
  AccountFlowPtr flow = std::make_shared<AccountFlow>(AccountFlow::Limits{.credit_bytes = kAhead});
  std::vector<std::shared_ptr<Reader>> readers;
};

TEST_F(AccountFlowTest, NoClientIsThrottledBelowTheLimit) {
  flow->charge_credit(kAhead - 1);
  EXPECT_FALSE(flow->holds_back(reader()));
  flow->charge_credit(1);
  EXPECT_TRUE(flow->holds_back(readers[0]));
}

TEST_F(AccountFlowTest, AThrottledClientIsResumedOnce) {
  flow->charge_credit(kAhead);
  EXPECT_TRUE(flow->holds_back(reader()));
  EXPECT_TRUE(flow->holds_back(readers[0]));
  loop.run();
  EXPECT_EQ(told(), 0);
  flow->consume_credit(1);
  loop.run();
  EXPECT_EQ(told(), 1);
  flow->consume_credit(1);
  loop.run();
  EXPECT_EQ(told(), 1);
}

TEST_F(AccountFlowTest, ManyThrottledClientsAreResumedOneByOne) {
  flow->charge_credit(kAhead);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(flow->holds_back(reader()));
  readers.erase(readers.begin() + 5, readers.begin() + 50);  // they are destroyed
  flow->consume_credit(kAhead);
  loop.run();
  for (const auto& each : readers) EXPECT_EQ(each->told, 1) << each->client_id();
}

TEST_F(AccountFlowTest, WhenTheFirstGetAheadAgainTheOthersWait) {
  flow->charge_credit(kAhead);
  for (int i = 0; i < 100; ++i) {
    const auto one = reader();
    one->then = [this] { flow->charge_credit(kAhead / 2); };
    EXPECT_TRUE(flow->holds_back(one));
  }
  std::size_t out = kAhead;
  for (int before = -1; told() != before;) {
    before = told();
    flow->consume_credit(out);
    loop.run();
    EXPECT_LE(told() - before, 10);
    out = static_cast<std::size_t>(told() - before) * (kAhead / 2);
  }
  for (const auto& each : readers) EXPECT_EQ(each->told, 1) << each->client_id();
}

struct Written {
  std::size_t bytes;
  Millis later;  // than the row before
  bool too_much;
};

TEST(AccountFlow, ADaysWorthMayBeWrittenAndComesBackEvenly) {
  constexpr std::size_t kDay = 24'000;
  AccountFlow flow({.written_bytes_a_day = kDay});
  TimePoint now = kTestStart;
  const auto rows = std::vector<Written>{
      {.bytes = kDay - 1, .later = {}, .too_much = false},
      {.bytes = 1, .later = {}, .too_much = true},
      {.bytes = 0, .later = hours(1), .too_much = false},  // 1000 bytes are refunded
      {.bytes = 2000, .later = {}, .too_much = true},
      {.bytes = 0, .later = hours(1), .too_much = true},  // 1000 more than a day's allowance
      {.bytes = 0, .later = hours(1), .too_much = false},
      {.bytes = 5000, .later = hours(-100), .too_much = true},  // the clock is set back
      {.bytes = 0, .later = hours(6), .too_much = false},
      {.bytes = 0, .later = hours(1000), .too_much = false},  // at most everything is refunded
      {.bytes = kDay, .later = {}, .too_much = true},
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    now += rows[i].later;
    flow.wrote(rows[i].bytes);
    EXPECT_EQ(flow.wrote_too_much(now), rows[i].too_much) << "row " << i;
  }
}

TEST(AccountFlow, FrequentChecksDoNotLoseTheRefund) {
  constexpr std::size_t kDay = 24'000;
  AccountFlow flow({.written_bytes_a_day = kDay});
  EXPECT_FALSE(flow.wrote_too_much(kTestStart));
  flow.wrote(kDay);
  int asked = 0;
  for (TimePoint now = kTestStart; flow.wrote_too_much(now); now += Millis(100)) ++asked;
  EXPECT_LE(asked, 37);  // one byte every 3.6 s
}

TEST(AccountFlow, WithoutALimitAnythingMayBeWritten) {
  AccountFlow flow({.written_bytes_a_day = 0});
  flow.wrote(std::size_t{1} << 60U);
  EXPECT_FALSE(flow.wrote_too_much(kTestStart));
}

// One account floods the shard with publications, another makes one request.
TEST(AccountFlow, AFloodOfOneAccountDoesNotHoldUpAnother) {
  TestHome home(1);
  home.add_account("evil");
  const registry::AccountId dora = home.add_account("dora");
  home.add_device("DEV-E", "evil");
  home.add_device("DEV-D", "dora");
  const FakePtr watching = home.subscriber("evil");
  std::vector<FakePtr> devices;
  for (int i = 0; i < 20; ++i) {
    devices.push_back(home.connect_device("DEV-E", std::to_string(i)));
  }
  watching->take();
  constexpr std::size_t kEach = 100;
  const auto report = std::make_shared<const wire::mqtt::Message>(
      wire::mqtt::Message{.topic = "/device/DEV-E/quota", .payload = R"({"params":{"a":1}})"});
  for (const FakePtr& device : devices) {
    Hub::Batch batch(*home.hub);
    for (std::size_t i = 0; i < kEach; ++i) ASSERT_TRUE(batch.add(device, report, {}));
    batch.post(device);
  }
  std::optional<std::size_t> seen;  // of the flood, when the answer came
  home.hub->read_all(dora, {.sn = "DEV-D"},
                     {.loop = &home.client_loop, .done = [&](const Result<DeviceAnswer>& answer) {
                        EXPECT_TRUE(answer);
                        seen = watching->got.size();
                      }});
  home.settle();
  ASSERT_TRUE(seen);
  EXPECT_LT(*seen, 500U);
  EXPECT_EQ(watching->got.size(), devices.size() * kEach);
}

}  // namespace
}  // namespace gridloom::hub
