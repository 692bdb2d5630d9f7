#include "slot_history/slot_archive.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/file_descriptor.h"
#include "database/history/test_proxy.h"
#include "nats/test_forwarder.h"
#include "nats/test_server.h"
#include "postgres/test_server.h"
#include "slot_history/test_slot.h"
#include "testing/long_runs.h"
#include "testing/must.h"

namespace gridloom::history {
namespace {

using Held = nats::TestForwarder::Held;
using testing::HasSubstr;
using testing::IsEmpty;

class SlotArchiveTest : public testing::Test {
 protected:
  void SetUp() override {
    if (postgres::TestServer::programs().empty()) GTEST_SKIP() << postgres::TestServer::kMissing;
    if (nats::TestServers::program().empty()) GTEST_SKIP() << nats::TestServers::kMissing;
    nats_.emplace();
    slot_.emplace();
  }
  [[nodiscard]] SlotOwner::Ways ways() const {
    return {.nats = nats_->settings(), .database = *slot_->settings};
  }
  [[nodiscard]] std::unique_ptr<SlotOwner> next_owner() { return next_owner(ways()); }
  [[nodiscard]] std::unique_ptr<SlotOwner> next_owner(const SlotOwner::Ways& ways) {
    return std::make_unique<SlotOwner>(*slot_, ways, slot_->claim());
  }
  // Everything that was acknowledged is in history, once and in order.
  void expect_history() {
    next_owner()->close();
    const std::vector<int> acknowledged = slot_->ledger.acknowledged();
    std::set<int> missing(acknowledged.begin(), acknowledged.end());
    EXPECT_EQ(missing.size(), acknowledged.size()) << "acknowledged once";
    for (const auto& [device, values] : slot_->stored()) {
      EXPECT_EQ(std::ranges::adjacent_find(values, std::ranges::greater_equal()), values.end())
          << "device " << device << ": " << testing::PrintToString(values);
      for (const int value : values) missing.erase(value);
    }
    EXPECT_THAT(missing, IsEmpty());
  }
  void lose_streams() {
    nats_->kill(0);
    nats_->wipe(0);
    nats_->restart(0);
  }
  [[nodiscard]] std::int64_t position() { return must(slot_->claims->read()).at(0).position; }

  std::optional<nats::TestServers> nats_;
  std::optional<TestSlot> slot_;
};

TEST_F(SlotArchiveTest, StoresWhatIsReportedOnceOverRestarts) {
  int reports = 0;
  for (int round = 0; round < 6; ++round) {
    auto owner = next_owner();
    owner->report(20);
    reports += 20;
    ASSERT_TRUE(owner->archive().flush());
    EXPECT_EQ(owner->acknowledged(), 20);
    if (round % 2 == 0) {
      owner->close();
      EXPECT_EQ(position(), reports) << "the position is moved with the rows";
    }
  }
  expect_history();
  EXPECT_EQ(slot_->ledger.acknowledged().size(), static_cast<std::size_t>(reports));
  EXPECT_EQ(slot_->fence.refused(), 0U);
}

TEST_F(SlotArchiveTest, AcknowledgesAndStoresNothingOnceItIsAbandoned) {
  const auto owner = next_owner();
  owner->report(5);
  ASSERT_TRUE(owner->archive().flush());
  owner->abandon();
  const std::int64_t before = position();
  owner->report(5);
  EXPECT_FALSE(owner->archive().flush());
  EXPECT_EQ(owner->acknowledged(), 5);
  EXPECT_FALSE(owner->lost());
  EXPECT_LE(before, 5);
  expect_history();
  EXPECT_EQ(position(), 5);
}

TEST_F(SlotArchiveTest, HasInHistoryWhatOnlyItsCopyHad) {
  SlotOwner::Ways way = ways();
  way.head_bytes = std::size_t{1} << 26U;
  way.has_copy = true;
  way.node = "n1";
  {
    const auto owner = next_owner(way);
    owner->report(20);
    ASSERT_TRUE(owner->archive().flush());
    owner->abandon();
  }
  lose_streams();
  {
    const auto owner = next_owner(way);
    EXPECT_THAT(owner->archive().damage().all(), IsEmpty());
    owner->report(5);
    ASSERT_TRUE(owner->archive().flush());
  }
  expect_history();
  EXPECT_EQ(position(), 25);
}

TEST_F(SlotArchiveTest, SaysThatTheFolderOfAnotherNodeMayHaveWhatIsLost) {
  SlotOwner::Ways way = ways();
  way.has_copy = true;
  way.node = "n1";
  next_owner(way)->close();
  {
    SlotOwner::Ways other = ways();
    other.node = "n2";
    const auto owner = next_owner(other);
    owner->report(20);
    ASSERT_TRUE(owner->archive().flush());
    owner->close();
  }
  lose_streams();
  const auto owner = next_owner(way);
  const auto notes = owner->archive().damage().all();
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_THAT(notes[0], HasSubstr("Z: the slot's log ended with record 0, before what history has: "
                                  "what was only in the log is lost (unless slot_0/copy in the "
                                  "data folder of another node has them)"));
}

TEST_F(SlotArchiveTest, AcknowledgesNothingThatWaitedOnItsWayToNats) {
  nats::TestForwarder way(nats_->port(0));
  const auto first = next_owner({.nats = way.settings(), .database = *slot_->settings});
  first->report(10);
  ASSERT_TRUE(first->archive().flush());
  way.hold(Held::kAll);
  first->report(10);
  const auto second = next_owner();
  second->report(10);
  ASSERT_TRUE(second->archive().flush());
  way.hold(Held::kNothing);
  EXPECT_TRUE(becomes([&] { return first->lost().has_value(); }));
  EXPECT_EQ(first->lost()->code, ErrorCode::kConflict);
  EXPECT_EQ(first->acknowledged(), 10);
  EXPECT_EQ(second->acknowledged(), 10);
  expect_history();
}

TEST_F(SlotArchiveTest, StoresNothingThatWaitedOnItsWayToPostgresql) {
  TestProxy way(*slot_->settings);
  const auto first = next_owner({.nats = nats_->settings(), .database = way.settings()});
  first->report(10);
  EXPECT_TRUE(becomes([&] { return position() == 10; }));
  way.set(TestProxy::Mode::kStall);
  first->report(10);
  ASSERT_TRUE(first->archive().flush()) << "the log goes on while PostgreSQL is away";
  EXPECT_EQ(first->acknowledged(), 20);
  const auto second = next_owner();
  EXPECT_TRUE(becomes([&] { return position() == 20; })) << "the second one stores it";
  EXPECT_FALSE(first->lost());
  way.set(TestProxy::Mode::kPass);
  EXPECT_TRUE(becomes([&] { return first->lost().has_value(); })) << "when it tries to store";
  EXPECT_THAT(first->lost()->detail, HasSubstr("revision 2"));
  EXPECT_GE(slot_->fence.refused(), 1U);
  second->report(10);
  ASSERT_TRUE(second->archive().flush());
  expect_history();
}

TEST_F(SlotArchiveTest, RefusesAClaimThatWasFollowed) {
  const SlotArchive::Claim earlier = slot_->claim();
  const auto owner = next_owner();
  EXPECT_THROW(SlotOwner(*slot_, ways(), earlier), std::runtime_error);
  owner->report(1);
  EXPECT_TRUE(owner->archive().flush());
}

TEST_F(SlotArchiveTest, RefusesAHistoryThatIsNotOfTheClaimsPosition) {
  next_owner()->close();
  must(slot_->database->connect().run("UPDATE cluster_slot SET position = 7"));
  try {
    const auto owner = next_owner();
    FAIL() << "it was opened";
  } catch (const std::runtime_error& refused) {
    EXPECT_THAT(refused.what(), HasSubstr("restore both from one backup"));
  }
}

TEST_F(SlotArchiveTest, LosesNothingInManyTakeOversInARow) {
  const int take_overs = runs_long() ? 100 : 25;
  std::unique_ptr<SlotOwner> before;
  SlotOwner::Ways storing_some = ways();
  storing_some.head_bytes = 2'048;
  for (int i = 0; i < take_overs; ++i) {
    auto owner = next_owner(storing_some);
    owner->begin_reporting();
    if (before) EXPECT_TRUE(becomes([&] { return before->lost().has_value(); }));
    EXPECT_TRUE(becomes([&] { return owner->acknowledged() >= 10; }));
    before = std::move(owner);
  }
  before->stop_reporting();
  before.reset();
  expect_history();
  EXPECT_GE(slot_->ledger.acknowledged().size(), 10 * static_cast<std::size_t>(take_overs));
}

// A session of PostgreSQL that is killed makes the server end all of them and start again.
TEST_F(SlotArchiveTest, LosesNothingWhenNatsAndPostgresqlAreKilledMeanwhile) {
  constexpr int kRounds = 8;
  std::unique_ptr<SlotOwner> before;
  for (int i = 0; i < kRounds; ++i) {
    auto owner = next_owner();
    owner->begin_reporting();
    EXPECT_TRUE(becomes([&] { return owner->acknowledged() >= 10; }));
    const int until = owner->acknowledged() + 30;
    if (i % 2 == 0) {
      nats_->kill(0);
      nats_->restart(0);
    } else {
      const auto session = must(slot_->database->connect().integer(
          "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' "
          "AND pid <> pg_backend_pid() LIMIT 1"));
      ::kill(static_cast<pid_t>(session), SIGKILL);
    }
    if (i % 4 < 2) EXPECT_TRUE(becomes([&] { return owner->acknowledged() >= until; }));
    before = std::move(owner);
  }
  before->stop_reporting();
  EXPECT_TRUE(becomes([&] { return before->archive().flush(); }));
  before.reset();
  expect_history();
}

// The other process of the test below: an owner that reports until it has lost the slot, and tells
// on its standard output what was acknowledged.
TEST(SlotOwnerProcess, DISABLED_ReportsUntilItHasLostTheSlot) {
  const auto given = [](const char* name) { return std::string(std::getenv(name)); };
  TestSlot slot(must(postgres::ConnectionSettings::parse(
      {.url = given("GL_TEST_DATABASE"), .schema = given("GL_TEST_SCHEMA")})));
  slot.ledger.go_on_behind(std::stoi(given("GL_TEST_BEHIND")));
  slot.ledger.on_acknowledged = [](int value) {
    const std::string line = fmt::format("\nack {}\n", value);
    std::ignore = ::write(STDOUT_FILENO, line.data(), line.size());
  };
  SlotOwner owner(slot,
                  {.nats = must(nats::ConnectionSettings::parse({.urls = given("GL_TEST_NATS")})),
                   .database = *slot.settings},
                  {.slot = TestSlot::kSlot,
                   .revision = std::stoi(given("GL_TEST_REVISION")),
                   .position = std::stoi(given("GL_TEST_POSITION")),
                   .node = "process"});
  owner.begin_reporting();
  EXPECT_TRUE(becomes([&] { return owner.lost().has_value(); }));
}

class OwnerProcess {
 public:
  using Environment = std::vector<std::pair<std::string, std::string>>;

  explicit OwnerProcess(const Environment& environment) {
    std::array<int, 2> out{};
    if (::pipe2(out.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe can be made");
    const FileDescriptor write_end(out[1]);
    read_end_ = FileDescriptor(out[0]);
    std::vector<std::string> texts;
    for (const auto& [name, value] : environment) texts.push_back(name + "=" + value);
    std::vector<char*> variables;
    for (std::string& text : texts) variables.push_back(text.data());
    for (char** own = environ; *own != nullptr; ++own) variables.push_back(*own);
    variables.push_back(nullptr);
    process_ = ::fork();
    if (process_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(write_end.get(), STDOUT_FILENO);
    ::execle("/proc/self/exe", "history_test", "--gtest_also_run_disabled_tests",
             "--gtest_filter=SlotOwnerProcess.*", nullptr, variables.data());
    ::_exit(127);
  }
  OwnerProcess(const OwnerProcess&) = delete;
  OwnerProcess& operator=(const OwnerProcess&) = delete;
  ~OwnerProcess() { end(); }

  void send(int signal) const { ::kill(process_, signal); }
  // The next value that was acknowledged; none: the process has ended.
  [[nodiscard]] std::optional<int> next() {
    while (true) {
      const std::size_t line_end = text_.find('\n');
      if (line_end == std::string::npos) {
        std::array<char, 4'096> some{};
        const ssize_t got = ::read(read_end_.get(), some.data(), some.size());
        if (got <= 0) return std::nullopt;
        text_.append(some.data(), static_cast<std::size_t>(got));
        continue;
      }
      const std::string line = text_.substr(0, line_end);
      text_.erase(0, line_end + 1);
      if (line.starts_with("ack ")) return std::stoi(line.substr(4));
    }
  }
  // Its exit code, once it has ended by itself.
  [[nodiscard]] int wait() {
    int status = 0;
    ::waitpid(std::exchange(process_, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  void end() {
    if (process_ == 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }

  FileDescriptor read_end_;
  pid_t process_ = 0;
  std::string text_;
};

TEST_F(SlotArchiveTest, LosesNothingWhenAnOwnersProcessStandsStill) {
  constexpr int kRounds = 4;
  constexpr int kMostOfAProcess = 1'000'000;
  std::mt19937 dice(7);
  for (int round = 0; round < kRounds; ++round) {
    const SlotArchive::Claim claim = slot_->claim();
    OwnerProcess process({{"GTEST_TOTAL_SHARDS", "1"},  // it runs one case of all
                          {"GTEST_SHARD_INDEX", "0"},
                          {"GL_TEST_DATABASE", postgres::TestServer::get().url()},
                          {"GL_TEST_SCHEMA", slot_->settings->schema()},
                          {"GL_TEST_NATS", nats_->urls()},
                          {"GL_TEST_BEHIND", std::to_string(2 * round * kMostOfAProcess)},
                          {"GL_TEST_REVISION", std::to_string(claim.revision)},
                          {"GL_TEST_POSITION", std::to_string(claim.position)}});
    for (auto left = 20 + dice() % 30; left > 0; --left) {
      const auto value = process.next();
      ASSERT_TRUE(value);
      slot_->ledger.acknowledge(*value);
    }
    process.send(SIGSTOP);
    slot_->ledger.go_on_behind((2 * round + 1) * kMostOfAProcess);
    const auto second = next_owner();
    second->report(10);
    ASSERT_TRUE(second->archive().flush());
    process.send(SIGCONT);
    while (const auto value = process.next()) slot_->ledger.acknowledge(*value);
    EXPECT_EQ(process.wait(), 0) << "it has noticed that it lost the slot";
    second->close();
  }
  slot_->ledger.go_on_behind(2 * kRounds * kMostOfAProcess);
  expect_history();
}

}  // namespace
}  // namespace gridloom::history
