#include "ownership/nats/nats_bus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nats/test_server.h"
#include "testing/must.h"

namespace gridloom::cluster {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

constexpr std::chrono::seconds kLongest{15};  // of a wait, which ends as soon as it can

// "SUBJECT=BYTES" of what arrives, for the test's thread to wait for.
class Arrivals {
 public:
  [[nodiscard]] Bus::Handler handler() {
    return [this](std::string_view subject, std::string_view bytes) {
      const std::lock_guard lock(mutex_);
      all_.push_back(std::string(subject).append("=").append(bytes));
      changed_.notify_all();
    };
  }
  [[nodiscard]] std::vector<std::string> await(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kLongest, [&] { return all_.size() >= count; });
    return std::exchange(all_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> all_;
};

class BusOverNats : public testing::Test {
 protected:
  void SetUp() override {
    if (nats::TestServers::program().empty()) GTEST_SKIP() << nats::TestServers::kMissing;
    servers_.emplace();
  }
  [[nodiscard]] std::unique_ptr<nats::Connection> connect() const {
    return must(nats::Connection::open(servers_->settings(), {}));
  }
  // Looks twenty times a second.
  template <typename Holds>
  [[nodiscard]] static bool becomes(const Holds& holds) {
    std::mutex mutex;
    std::condition_variable never;
    const auto end = std::chrono::steady_clock::now() + kLongest;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::unique_lock lock(mutex);
      never.wait_for(lock, std::chrono::milliseconds(50));
    }
    return true;
  }

  std::optional<nats::TestServers> servers_;
};

TEST_F(BusOverNats, BringsWhatIsPublishedToAllWhoSubscribedAndBack) {
  const auto mine = connect();
  const auto others = connect();
  NatsBus bus(*mine);
  NatsBus other(*others);
  Arrivals arrivals;
  const auto back = must(bus.subscribe("gl.beat.*", arrivals.handler()));
  const auto there = must(other.subscribe("gl.beat.n1", arrivals.handler()));
  must(mine->flush(Millis(5'000)));
  must(others->flush(Millis(5'000)));
  const std::string bytes("\0\xff", 2);
  must(bus.publish("gl.beat.n1", bytes));
  must(bus.publish("gl.beat.n2", "x"));
  must(bus.publish("gl.beat.n2.more", "not subscribed"));
  EXPECT_THAT(arrivals.await(3),
              UnorderedElementsAre("gl.beat.n1=" + bytes, "gl.beat.n1=" + bytes, "gl.beat.n2=x"));
}

TEST_F(BusOverNats, SaysThatItIsNotConnectedAndHasItsSubscriptionsAgain) {
  const auto connection = connect();
  NatsBus bus(*connection);
  Arrivals arrivals;
  const auto subscription = must(bus.subscribe("gl.beat.*", arrivals.handler()));
  EXPECT_TRUE(bus.link().is_connected);
  EXPECT_EQ(bus.link().connections, 1);

  servers_->kill(0);
  ASSERT_TRUE(becomes([&] { return !bus.link().is_connected; }));
  const Status refused = bus.publish("gl.beat.n1", "lost");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kIo) << refused.error().detail;

  servers_->restart(0);
  ASSERT_TRUE(becomes([&] { return bus.link().is_connected; }));
  EXPECT_EQ(bus.link().connections, 2);
  ASSERT_TRUE(becomes([&] { return bus.publish("gl.beat.n1", "here").has_value(); }));
  EXPECT_THAT(arrivals.await(1), ElementsAre("gl.beat.n1=here"));
}

}  // namespace
}  // namespace gridloom::cluster
