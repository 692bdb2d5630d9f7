// What is read at another node is what is read at the slot's owner, at any moment, or an error that
// says so.
#include "slot_history/slot_reads.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <semaphore>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "database/history/test_proxy.h"
#include "history/energy_query.h"
#include "history/store/retention.h"
#include "history/test_archive.h"
#include "journal/device_event.h"
#include "nats/test_server.h"
#include "postgres/test_server.h"
#include "slot_history/head_bytes.h"
#include "slot_history/test_slot.h"
#include "slot_history/test_whole_history.h"
#include "testing/must.h"

namespace gridloom::history {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr cluster::Slot kOther{1};
constexpr DeviceNumber kOfOther = 9;  // a device of the slot kOther
const std::int64_t kFrom_ms = unix_ms(kTestStart) - kHour_ms;

// The way to an owner in this process.
class OwnersHeads final : public RemoteHeads {
 public:
  enum class Mode : std::uint8_t { kAnswers, kSilent, kRefuses, kWrongBytes };

  void heads(cluster::Slot /*slot*/, DeviceNumber device,
             Callback<Result<std::string>> done) override {
    const std::lock_guard lock(mutex_);
    ++asked;
    switch (mode.load()) {
      case Mode::kAnswers:
        if (archive_ != nullptr)
          return head_bytes_of(*archive_, revision_, device, std::move(done));
        return done(fail(ErrorCode::kOffline, "nobody listens"));
      case Mode::kSilent:
        return;
      case Mode::kRefuses:
        return done(fail(ErrorCode::kOffline, "nobody listens"));
      case Mode::kWrongBytes:
        return done("no heads");
    }
  }
  void set(Archive* archive, cluster::Revision revision) {
    const std::lock_guard lock(mutex_);
    archive_ = archive;
    revision_ = revision;
  }
  std::atomic<Mode> mode{Mode::kAnswers};
  std::atomic<int> asked{0};

 private:
  std::mutex mutex_;
  Archive* archive_ = nullptr;
  cluster::Revision revision_ = 0;
};

class SlotReadsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (postgres::TestServer::programs().empty()) GTEST_SKIP() << postgres::TestServer::kMissing;
    if (nats::TestServers::program().empty()) GTEST_SKIP() << nats::TestServers::kMissing;
    nats_.emplace();
    slot_.emplace();
    here_ = reads();
    there_ = reads();
  }
  void TearDown() override {
    if (slot_) lose_owner();
    there_.reset();
    here_.reset();
  }

  [[nodiscard]] std::unique_ptr<SlotReads> reads() { return reads(*slot_->settings); }
  [[nodiscard]] std::unique_ptr<SlotReads> reads(const postgres::ConnectionSettings& database,
                                                 Millis idle = Millis(30'000)) {
    return std::make_unique<SlotReads>(
        SlotReads::Options{.slots = 2,
                           .slot_of = [](DeviceNumber device) -> std::optional<cluster::Slot> {
                             if (device > 2 * kOfOther) return std::nullopt;
                             return device < kOfOther ? TestSlot::kSlot : kOther;
                           },
                           .database = database,
                           .connection = {.call_timeout = Millis(5'000)},
                           .heads = &heads_,
                           .damage = &damage_,
                           .clock = &slot_->clock,
                           .patience = patience_,
                           .idle = idle});
  }
  static Reads as_reads(const std::unique_ptr<SlotReads>& reads) {
    return [of = reads.get()](Query query) { return of->read(std::move(query)); };
  }

  // The slot gets another owner, which `here_` reads directly and `there_` as another node.
  void take_over() {
    lose_owner();
    const SlotArchive::Claim claim = slot_->claim();
    owner_ = std::make_unique<SlotOwner>(
        *slot_,
        SlotOwner::Ways{
            .nats = nats_->settings(),
            .database = *slot_->settings,
            .head_bytes = head_bytes_,
            .integrate = hour_integrator_by([](DeviceNumber) { return measured_family(); })},
        claim);
    heads_.set(&owner_->archive(), claim.revision);
    here_->add(TestSlot::kSlot, owner_->archive());
  }
  void lose_owner() {
    if (!owner_) return;
    heads_.set(nullptr, 0);
    here_->remove(TestSlot::kSlot);
    if (draws_() % 2 == 0) owner_->close();
    owner_.reset();
  }
  // Rows of all devices, of which some have a field that nobody reported before.
  void report(int rows) {
    journal::BatchWriter writer;
    for (int i = 0; i < rows; ++i) {
      slot_->clock.pass(Millis(1'000 + static_cast<std::int64_t>(draws_() % 9'000)));
      writer.begin(static_cast<DeviceNumber>(1 + draws_() % Ledger::kDevices),
                   unix_ms(slot_->clock.now()));
      writer.add(draws_() % 2 == 0 ? "w.pv" : "w.load", fmt::format("{}", draws_() % 4'000));
      if (draws_() % 20 == 0) writer.add(fmt::format("field{}", ++fields_), R"("new")");
      writer.end();
    }
    owner_->archive().append(journal::RecordKind::kReports, writer.take(), {});
  }
  void add_event() {
    const journal::DeviceEvent event{.device = static_cast<DeviceNumber>(1 + draws_() % 3),
                                     .at_ms = unix_ms(slot_->clock.now()),
                                     .kind = journal::EventKind::kFaultBegan,
                                     .field = "pd.error",
                                     .text = fmt::format("{}", draws_() % 100)};
    owner_->archive().append(journal::RecordKind::kEvents,
                             journal::make_events(std::span(&event, 1)), {});
  }
  void add_audit(Archive& archive) {
    archive.append(journal::RecordKind::kAudit,
                   fmt::format(R"({{"at":{},"what":"set"}})", unix_ms(slot_->clock.now())), {});
  }
  // Hours that are older than a day become rollups.
  void expire() {
    const auto stores = postgres_store_factory(slot_settings(*slot_->settings, TestSlot::kSlot),
                                               {.clock = &slot_->clock});
    Retention retention(must(stores->open_retention()), {.raw_days = 1});
    while (must(retention.work(slot_->clock.now()))) {
    }
  }
  [[nodiscard]] WholeHistory whole(std::vector<DeviceNumber> devices = {1, 2, 3}) const {
    return {std::move(devices), kFrom_ms, unix_ms(slot_->clock.now()) + kHour_ms};
  }
  void expect_same() {
    ASSERT_TRUE(owner_->archive().flush());
    std::vector<double> wh_here;
    std::vector<double> wh_there;
    const std::string read_here = must(read_whole(as_reads(here_), whole(), &wh_here));
    const std::string read_there = must(read_whole(as_reads(there_), whole(), &wh_there));
    ASSERT_EQ(read_there, read_here);
    // What is stored is rounded.
    ASSERT_THAT(wh_there, testing::Pointwise(testing::DoubleNear(0.01), wh_here));
    EXPECT_EQ(must(read_records(as_reads(there_), 0)), must(read_records(as_reads(here_), 0)));
  }
  // The error of a query at another node.
  [[nodiscard]] std::string error_of(const std::unique_ptr<SlotReads>& reads) {
    const auto read = read_whole(as_reads(reads), whole());
    if (read) return "none";
    return fmt::format("{}: {}", name_of(read.error().code), read.error().detail);
  }

  std::mt19937 draws_{20261127};
  int fields_ = 0;
  std::size_t head_bytes_ = std::size_t{64} * 1024 * 1024;
  Millis patience_{2'000};
  TemporaryFolder folder_;
  DamageNotes damage_{folder_.path()};
  OwnersHeads heads_;
  std::optional<nats::TestServers> nats_;
  std::optional<TestSlot> slot_;
  std::unique_ptr<SlotReads> here_;   // serves the slot
  std::unique_ptr<SlotReads> there_;  // does not
  std::unique_ptr<SlotOwner> owner_;
};

TEST_F(SlotReadsTest, ReadsAtAnotherNodeWhatIsInMemoryAndNowhereElse) {
  take_over();
  report(20);
  add_event();
  add_audit(owner_->archive());
  ASSERT_TRUE(owner_->archive().flush());
  const std::string text = must(read_whole(as_reads(there_), whole()));
  EXPECT_THAT(text, HasSubstr("w.pv="));
  EXPECT_THAT(text, HasSubstr("event "));
  EXPECT_EQ(must(read_records(as_reads(there_), 0)).size(), 2U);
  expect_same();
}

TEST_F(SlotReadsTest, ReadsTheSameEverywhereAfterAnyHistory) {
  for (int round = 0; round < 40; ++round) {
    SCOPED_TRACE(fmt::format("round {}", round));
    if (round % 10 == 0) {
      head_bytes_ = draws_() % 2 == 0 ? 2'000 : std::size_t{64} * 1024 * 1024;
      take_over();
    }
    switch (draws_() % 6) {
      case 0:
        slot_->clock.pass(Millis(static_cast<std::int64_t>(draws_() % 5'000'000)));
        break;
      case 1:
        add_event();
        break;
      case 2:
        add_audit(owner_->archive());
        break;
      case 3:
        slot_->clock.pass(8h);
        expire();
        break;
      default:
        report(static_cast<int>(1 + draws_() % 60));
    }
    expect_same();
    if (HasFatalFailure()) return;
  }
}

// Each query that begins after a report was acknowledged reads it, once and in order, while the
// owner stores what it has, and other owners follow; or it fails so that it can be asked again.
TEST_F(SlotReadsTest, ReadsWhatWasAcknowledgedWhileReportsAndOwnersCome) {
  int good = 0;
  for (int owners = 0; owners < 4; ++owners) {
    head_bytes_ = owners % 2 == 0 ? 1 : 3'000;
    take_over();
    auto reading = std::async(std::launch::async, [&] {
      for (int i = 0; i < 12; ++i) {
        const std::vector<int> acknowledged = slot_->ledger.acknowledged();
        const auto read = read_whole(as_reads(there_), whole());
        if (!read) {
          EXPECT_EQ(read.error().code, ErrorCode::kIo) << read.error().detail;
          continue;
        }
        ++good;
        std::set<int> missing(acknowledged.begin(), acknowledged.end());
        std::map<DeviceNumber, int> last;
        for (std::size_t at = 0; (at = read->find(" value=", at)) != std::string::npos; ++at) {
          const int value = std::stoi(read->substr(at + 7));
          missing.erase(value);
          int& before = last[Ledger::device_of(value)];
          EXPECT_GT(value, before);
          before = value;
        }
        EXPECT_TRUE(missing.empty()) << missing.size() << " of " << acknowledged.size();
      }
    });
    for (int rows = 0; rows < 400 && reading.wait_for(0s) != std::future_status::ready; rows += 4) {
      owner_->report(4);
      ASSERT_TRUE(owner_->archive().flush());
      if (owners % 2 == 1 && rows % 100 == 96) take_over();
    }
    reading.get();
  }
  EXPECT_GE(good, 20);
}

TEST_F(SlotReadsTest, SaysThatTheOwnerDoesNotAnswer) {
  take_over();
  report(5);
  expect_same();
  patience_ = Millis(50);
  const auto impatient = reads();
  for (const auto& [mode, error] : {std::pair(OwnersHeads::Mode::kSilent,
                                              "io: the node that has the device's last hour does "
                                              "not answer: ask again in a moment"),
                                    std::pair(OwnersHeads::Mode::kRefuses,
                                              "io: the node that has the device's last hour does "
                                              "not answer: ask again in a moment"),
                                    std::pair(OwnersHeads::Mode::kWrongBytes,
                                              "io: another node sent heads of another version")}) {
    heads_.mode = mode;
    const auto& asking = mode == OwnersHeads::Mode::kSilent ? impatient : there_;
    EXPECT_EQ(error_of(asking), error);
    const auto audit = read_records(as_reads(asking), 0);
    EXPECT_EQ(audit ? ErrorCode::kInternal : audit.error().code, ErrorCode::kIo);
  }
  heads_.mode = OwnersHeads::Mode::kAnswers;
  expect_same();
}

TEST_F(SlotReadsTest, SaysThatTheDatabaseIsAwayAndReadsAgainLater) {
  TestProxy way(*slot_->settings);
  there_ = reads(way.settings());
  take_over();
  report(50);
  expect_same();
  for (const auto mode : {TestProxy::Mode::kAway, TestProxy::Mode::kStall}) {
    way.set(mode);
    EXPECT_THAT(error_of(there_), HasSubstr("io: "));
    way.set(TestProxy::Mode::kPass);
    EXPECT_TRUE(becomes([&] { return error_of(there_) == "none"; }));
    expect_same();
  }
}

// What the former owner said last does not complete what another one stores.
TEST_F(SlotReadsTest, RefusesTheHeadsOfAFormerOwner) {
  take_over();
  report(30);
  ASSERT_TRUE(owner_->archive().flush());
  const std::unique_ptr<SlotOwner> former = std::move(owner_);
  here_->remove(TestSlot::kSlot);
  const SlotArchive::Claim claim = slot_->claim();
  EXPECT_THAT(error_of(there_), HasSubstr("io: the history of a device was moved"));
  former->abandon();
  take_over();
  expect_same();
  EXPECT_GT(claim.revision, 1);
}

// A series that is read piece by piece, each by a query of its own, as a client takes it.
TEST_F(SlotReadsTest, FailsInTheMiddleOfADeviceOnceItHasAnotherOwner) {
  for (const bool at_owner : {false, true}) {
    take_over();
    report(40);
    ASSERT_TRUE(owner_->archive().flush());
    const auto& at = at_owner ? here_ : there_;
    SeriesReader series({.device = 1,
                         .request = {.fields = {"*"},
                                     .from_ms = kFrom_ms,
                                     .to_ms = unix_ms(slot_->clock.now()) + 1},
                         .limits = {.names = 1, .fields = 1'000, .points = 100'000}});
    SeriesLines lines;
    bool is_read = false;  // something of the device
    must(run_query(as_reads(at), [&](Reader& reader) -> Result<bool> {
      GL_TRY(series.work(reader, lines));
      is_read = !reader.is_elsewhere();
      return is_read;
    }));
    ASSERT_FALSE(series.done());
    take_over();
    const Status rest = run_query(as_reads(at), [&](Reader& reader) -> Result<bool> {
      GL_TRY(series.work(reader, lines));
      return series.done();
    });
    ASSERT_FALSE(rest) << at_owner;
    EXPECT_EQ(rest.error().code, ErrorCode::kIo);
    EXPECT_THAT(rest.error().detail, HasSubstr("moved to another node"));
    expect_same();
  }
}

TEST_F(SlotReadsTest, VisitsTheArchivesOfItsDevicesOneAfterTheOther) {
  take_over();
  report(40);
  ASSERT_TRUE(owner_->archive().flush());
  const auto archive = open_archive(folder_.data(), slot_->clock, {});
  journal::BatchWriter writer;
  writer.begin(kOfOther, unix_ms(slot_->clock.now()));
  writer.add("w.other", "17");
  writer.end();
  archive->append(journal::RecordKind::kReports, writer.take(), {});
  ASSERT_TRUE(archive->flush());
  add_audit(*archive);
  ASSERT_TRUE(archive->flush());
  for (const auto& at : {std::cref(here_), std::cref(there_)}) {
    at.get()->add(kOther, *archive);
    const std::string text =
        must(read_whole(as_reads(at.get()), whole({kOfOther, 1, 2, kOfOther, 3})));
    EXPECT_LT(text.find("w.other=17"), text.find("w.pv=")) << "it is first";
    EXPECT_NE(text.find("w.other=17"), text.rfind("w.other=17")) << "and read again";
    EXPECT_THAT(text, HasSubstr("w.pv="));
    EXPECT_EQ(must(read_records(as_reads(at.get()), 1)).size(), 1U);
    EXPECT_EQ(must(read_records(as_reads(at.get()), 0)).size(), 0U);
    at.get()->remove(kOther);
  }
  const auto unknown = read_whole(as_reads(there_), whole({1, 100}));
  EXPECT_EQ(unknown ? ErrorCode::kInternal : unknown.error().code, ErrorCode::kNotFound);
  archive->stop();
}

TEST_F(SlotReadsTest, RemovesAnArchiveOnceNoStepUsesIt) {
  take_over();
  std::binary_semaphore begun(0);
  std::binary_semaphore goes_on(0);
  DeviceVisit visit(1);
  auto query = std::async(std::launch::async, [&] {
    return run_query(as_reads(here_), [&](Reader& reader) -> Result<bool> {
      const auto is_here = visit.enter(reader);
      if (!is_here || !*is_here) return is_here;
      begun.release();
      goes_on.acquire();
      return false;  // it has more to read
    });
  });
  begun.acquire();
  auto removal = std::async(std::launch::async, [&] { here_->remove(TestSlot::kSlot); });
  EXPECT_EQ(removal.wait_for(50ms), std::future_status::timeout);
  goes_on.release();
  removal.get();
  const Status ended = query.get();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::kIo);
  expect_same();
}

TEST_F(SlotReadsTest, ClosesConnectionsThatNobodyUses) {
  there_ = reads(*slot_->settings, Millis(20));
  take_over();
  report(10);
  EXPECT_EQ(there_->connections(), 0U);
  expect_same();
  EXPECT_TRUE(becomes([&] { return there_->connections() == 0; }));
  expect_same();
}

TEST_F(SlotReadsTest, RefusesMoreQueriesThanAnAccountMayHave) {
  heads_.mode = OwnersHeads::Mode::kSilent;
  std::vector<std::unique_ptr<DeviceVisit>> visits;
  int taken = 0;
  for (int i = 0; i < 64; ++i) {
    DeviceVisit& visit = *visits.emplace_back(std::make_unique<DeviceVisit>(1));
    if (there_->read(Query{.account = 7, .step = [&visit](Reader& reader) {
                             const auto is_here = visit.enter(reader);
                             return is_here ? Progress::kMore : Progress::kDone;
                           }})) {
      ++taken;
    }
  }
  EXPECT_EQ(taken, static_cast<int>(FairLimits().entries));
  there_->stop();
}

}  // namespace
}  // namespace gridloom::history
