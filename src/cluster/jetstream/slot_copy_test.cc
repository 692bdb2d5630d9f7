// A slot's log with a copy on the node's disk. The stream loses what it had only in memory, owners
// are overtaken, killed and given up, and disks are full or lose their power.
#include "jetstream/slot_copy.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/chance.h"
#include "jetstream/message.h"
#include "jetstream/test_copy.h"
#include "jetstream/test_journal_server.h"
#include "jetstream/test_slot.h"
#include "journal/batch.h"
#include "journal/test_journal_suite.h"
#include "nats/jet_stream.h"
#include "nats/test_forwarder.h"
#include "nats/test_server.h"
#include "testing/becomes.h"
#include "testing/must.h"

namespace gridloom::journal {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();

class InJetStreamAndACopy : public InJetStream {
 public:
  [[nodiscard]] std::unique_ptr<SlotLog> journal(std::uint64_t known) {
    SlotLog::Options with_copy = options(known);
    with_copy.copy = {.folder = folder_.path() / "copy", .cluster = "c1"};
    with_copy.copy->limits.segment_bytes = 4'096;
    return std::make_unique<SlotLog>(std::move(with_copy));
  }

 private:
  TemporaryFolder folder_;
};
INSTANTIATE_TYPED_TEST_SUITE_P(InJetStreamAndACopy, JournalSuite, InJetStreamAndACopy);

class SlotCopyTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = missing_server(); !why.empty()) GTEST_SKIP() << why;
    slot_ = new_slot();
    connection_ = must(nats::Connection::open(shared_server().settings(), {}));
  }
  [[nodiscard]] SlotLog::Options options(std::string_view node, TestCopy* copy) {
    SlotLog::Options options{.slot = slot_,
                             .revision = ++revision_,
                             .node = std::string(node),
                             .replicas = 1,
                             .max_bytes = kStream_bytes,
                             .limits = {.wait = Millis(500), .retry = Millis(20)}};
    if (copy != nullptr) options.copy = copy->options();
    return options;
  }
  [[nodiscard]] std::unique_ptr<TestOwner> owner(std::string_view node, TestCopy* copy = nullptr,
                                                 std::uint64_t known = 0) {
    SlotLog::Options given = options(node, copy);
    given.known = known;
    return std::make_unique<TestOwner>(shared_server().settings(), std::move(given));
  }
  // An owner that appends each of the payloads, in a message of its own, and ends.
  void append_as(std::string_view node, TestCopy* copy, const std::vector<std::string>& payloads) {
    const auto writer = owner(node, copy);
    must(writer->open());
    for (const std::string& payload : payloads) {
      writer->append(payload);
      ASSERT_TRUE(writer->log().flush());
    }
  }
  void lose_behind(std::uint64_t sequence) { journal::lose_behind(*connection_, slot_, sequence); }
  // The records of the stream, as a node without a copy reads them.
  [[nodiscard]] std::vector<std::string> stream() {
    const auto reader = owner("reader");
    must(reader->open());
    return reader->records();
  }
  void publish(const MessageHead& head, std::string_view body = {}) {
    must(connection_->publish(SlotLog::subject(slot_), make_message(head, body)));
    must(connection_->flush(Millis(2'000)));
  }

  std::uint32_t slot_ = 0;
  std::uint64_t revision_ = 0;
  std::unique_ptr<nats::Connection> connection_;
  TestCopy copy_;   // of the node n1
  TestCopy other_;  // of n2
};

TEST_F(SlotCopyTest, GivesBackWhatTheStreamHasLost) {
  append_as("n1", &copy_, {"a", "b", "c"});
  lose_behind(0);
  const auto next = owner("n1", &copy_);
  must(next->open(1));
  EXPECT_THAT(next->records(), ElementsAre("2 b", "3 c"));
  EXPECT_THAT(next->log().loss().gaps, IsEmpty());
  EXPECT_FALSE(next->log().loss().ends_early);
  next->append("d");
  ASSERT_TRUE(next->log().flush());
  EXPECT_THAT(next->acknowledged(), ElementsAre("d"));
  EXPECT_THAT(stream(), ElementsAre("2 b", "3 c", "4 d")) << "other nodes read it as well";
}

// One by one 69,482 records took 102 s, in which nobody was served.
TEST_F(SlotCopyTest, GivesManyRecordsBackInFewMessages) {
  constexpr std::size_t kRecords = 150;
  std::vector<std::string> payloads;
  for (std::size_t i = 1; i <= kRecords; ++i) payloads.push_back(fmt::format("report {}", i));
  payloads.emplace_back(std::size_t{300} * 1024, 'x');
  payloads.emplace_back("the last");
  append_as("n1", &copy_, payloads);
  lose_behind(0);
  const auto next = owner("n1", &copy_);
  must(next->open());
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    expected.push_back(fmt::format("{} {}", i + 1, payloads[i]));
  }
  EXPECT_EQ(next->records(), expected);
  EXPECT_EQ(stream(), expected);
  nats::JetStream jet_stream = must(nats::JetStream::open(*connection_, {}));
  const auto state = must(jet_stream.state(
      {.name = SlotLog::stream_name(slot_), .subject = SlotLog::subject(slot_), .replicas = 1}));
  EXPECT_LT(state.last_sequence, 10U);
}

TEST_F(SlotCopyTest, GivesBackTheEndOfAStreamThatIsTooShort) {
  append_as("n1", &copy_, {"a", "b", "c"});
  lose_behind(3);  // the origin, a fence and a record are left
  const auto next = owner("n1", &copy_, 2);
  must(next->open());
  EXPECT_THAT(next->records(), ElementsAre("1 a", "2 b", "3 c"));
  EXPECT_FALSE(next->log().loss().ends_early);
}

TEST_F(SlotCopyTest, HasWhatOthersWroteBeforeItsNodeTookTheSlotOver) {
  append_as("n2", &other_, {"a", "b"});
  append_as("n1", &copy_, {"c"});
  lose_behind(0);
  const auto next = owner("n1", &copy_);
  must(next->open());
  EXPECT_THAT(next->records(), ElementsAre("1 a", "2 b", "3 c"));
}

TEST_F(SlotCopyTest, IsLeftOutWhereAnotherOwnerWentOnWithoutIt) {
  append_as("n1", &copy_, {"a", "b", "c"});
  lose_behind(0);
  append_as("n2", &other_, {"x"});
  const auto next = owner("n1", &copy_);
  must(next->open());
  EXPECT_THAT(next->records(), ElementsAre("1 x"));
  EXPECT_THAT(next->log().loss().of_copy,
              ElementsAre(Field(&LossNote::text, HasSubstr("what this node has acknowledged"))));
  next->append("y");
  ASSERT_TRUE(next->log().flush());
  next->close();
  lose_behind(0);
  const auto last = owner("n1", &copy_);
  must(last->open());
  EXPECT_THAT(last->records(), ElementsAre("1 x", "2 y"));
}

// Another node gave back the same records and went on behind them: nothing is lost.
TEST_F(SlotCopyTest, TellsNoLossOfWhatAnotherOwnerHasGivenBack) {
  append_as("n1", &copy_, {"a", "b", "c"});
  append_as("n2", &other_, {});
  lose_behind(0);
  append_as("n2", &other_, {"d"});
  {
    const auto next = owner("n1", &copy_);
    must(next->open());
    EXPECT_THAT(next->records(), ElementsAre("1 a", "2 b", "3 c", "4 d"));
    EXPECT_THAT(next->log().loss().of_copy, IsEmpty());
  }
  lose_behind(0);
  const auto last = owner("n1", &copy_);
  must(last->open());
  EXPECT_THAT(last->records(), ElementsAre("1 a", "2 b", "3 c", "4 d"));
}

TEST_F(SlotCopyTest, TellsNoLossIfItsNodeWasTheLastOwnerAndAllIsStored) {
  append_as("n1", &copy_, {"a", "b"});
  lose_behind(0);
  const auto next = owner("n1", &copy_, 3);  // the third was stored, and left the copy
  must(next->open(3));
  EXPECT_FALSE(next->log().loss().ends_early);
  next->close();
  append_as("n2", nullptr, {});
  lose_behind(0);
  const auto last = owner("n1", &copy_, 4);
  must(last->open(4));
  EXPECT_TRUE(last->log().loss().ends_early) << "n2 may have had more";
}

TEST_F(SlotCopyTest, TellsWhoseReportsAnotherOwnerHasNotGivenBack) {
  append_as("n2", &other_, {"a"});
  {
    const auto writer = owner("n1", &copy_);
    must(writer->open());
    for (const std::int64_t at_ms : {5'000, 8'000}) {
      BatchWriter batch;
      batch.begin(at_ms / 1'000, at_ms);
      batch.add("soc", "1");
      batch.end();
      writer->log().append(RecordKind::kReports, batch.take(), {});
      ASSERT_TRUE(writer->log().flush());
    }
  }
  lose_behind(0);
  append_as("n2", &other_, {"x"});
  const auto next = owner("n1", &copy_);
  must(next->open());
  EXPECT_THAT(next->records(), ElementsAre("1 a", "2 x"));
  const std::vector<LossNote>& notes = next->log().loss().of_copy;
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_THAT(notes[0].reports.devices, ElementsAre(5, 8));
  EXPECT_EQ(notes[0].reports.from_ms, 5'000);
  EXPECT_EQ(notes[0].reports.to_ms, 8'000);
}

TEST_F(SlotCopyTest, DoesNotBringBackWhatWasOvertaken) {
  nats::TestForwarder way(shared_server().port(0));
  {
    TestOwner held(way.settings(), options("n1", &copy_));
    must(held.open());
    held.append("a");
    ASSERT_TRUE(held.log().flush());
    way.hold(nats::TestForwarder::Held::kAll);
    held.append("b");
    EXPECT_FALSE(held.log().flush()) << "it is in the copy only";
    append_as("n2", &other_, {"c"});
    way.hold(nats::TestForwarder::Held::kNothing);
    ASSERT_TRUE(becomes([&] { return held.log().is_fenced(); }));
    held.append("d");
    held.close();
    EXPECT_THAT(held.acknowledged(), ElementsAre("a"));
    EXPECT_EQ(held.waiting(), 0) << "callbacks are destroyed uncalled";
  }
  const auto again = owner("n1", &copy_);
  must(again->open());
  EXPECT_THAT(again->records(), ElementsAre("1 a", "2 c"));
  EXPECT_THAT(again->log().loss().of_copy, IsEmpty()) << "nothing of it was acknowledged";
  again->close();
  lose_behind(0);
  const auto last = owner("n1", &copy_);
  must(last->open());
  EXPECT_THAT(last->records(), ElementsAre("1 a", "2 c"));
}

TEST_F(SlotCopyTest, DoesNotBringBackWhatWasOvertakenByRecordsThatAreStored) {
  nats::TestForwarder way(shared_server().port(0));
  {
    TestOwner held(way.settings(), options("n1", &copy_));
    must(held.open());
    way.hold(nats::TestForwarder::Held::kAll);
    held.append("b");
    held.append("c");
    EXPECT_FALSE(held.log().flush());
    append_as("n2", &other_, {"x"});
    held.log().abandon();
  }
  {
    const auto again = owner("n1", &copy_, 1);
    must(again->open(1));
    EXPECT_THAT(again->records(), IsEmpty());
    again->append("y");
    ASSERT_TRUE(again->log().flush());
  }
  lose_behind(0);
  const auto last = owner("n1", &copy_, 1);
  must(last->open(1));
  EXPECT_THAT(last->records(), ElementsAre("2 y"));
}

TEST_F(SlotCopyTest, DoesNotBringBackWhatMayHaveBeenOvertakenByWhatIsLost) {
  nats::TestForwarder way(shared_server().port(0));
  {
    TestOwner held(way.settings(), options("n1", &copy_));
    must(held.open());
    for (const char* payload : {"a", "b"}) {
      held.append(payload);
      ASSERT_TRUE(held.log().flush());
    }
    way.hold(nats::TestForwarder::Held::kAll);
    held.append("c");
    EXPECT_FALSE(held.log().flush());
    append_as("n2", &other_, {"x"});
    held.log().abandon();
    held.close();
  }
  lose_behind(0);
  const auto next = owner("n1", &copy_);
  must(next->open());
  EXPECT_THAT(next->records(), ElementsAre("1 a", "2 b")) << "a revision was another node's";
  EXPECT_THAT(next->log().loss().of_copy,
              ElementsAre(Field(&LossNote::text, HasSubstr("is back from this node's copy"))));
}

TEST_F(SlotCopyTest, OfAKilledOwnerIsSentToTheStreamOnce) {
  nats::TestForwarder way(shared_server().port(0));
  {
    TestOwner killed(way.settings(), options("n1", &copy_));
    must(killed.open());
    killed.append("a");
    ASSERT_TRUE(killed.log().flush());
    way.hold(nats::TestForwarder::Held::kAll);
    killed.append("b");
    EXPECT_FALSE(killed.log().flush()) << "it is in the copy only";
    killed.log().abandon();
  }
  copy_.disk().restart();
  for (int i = 0; i < 2; ++i) {
    const auto next = owner("n1", &copy_);
    must(next->open());
    EXPECT_THAT(next->records(), ElementsAre("1 a", "2 b"));
  }
  EXPECT_THAT(stream(), ElementsAre("1 a", "2 b"));
}

TEST_F(SlotCopyTest, GetsWhatAKilledOwnerHadInTheStreamOnly) {
  {
    const auto killed = owner("n1", &copy_);
    must(killed->open());
    killed->append("a");
    ASSERT_TRUE(killed->log().flush());
    copy_.disk().break_down(TestDisk::Kind::kPowerOff);
    killed->append("b");
    EXPECT_FALSE(killed->log().flush()) << "it is in the stream only";
    EXPECT_THAT(killed->acknowledged(), ElementsAre("a"));
    killed->log().abandon();
  }
  copy_.disk().power_on();
  {
    const auto next = owner("n1", &copy_);
    must(next->open());
    EXPECT_THAT(next->records(), ElementsAre("1 a", "2 b"));
    next->append("c");
    ASSERT_TRUE(next->log().flush());
  }
  lose_behind(0);
  const auto last = owner("n1", &copy_);
  must(last->open());
  EXPECT_THAT(last->records(), ElementsAre("1 a", "2 b", "3 c"));
}

TEST_F(SlotCopyTest, GoesOnWhereAnOpeningWasKilledBehindItsFence) {
  append_as("n1", &copy_, {"a", "b", "c"});
  lose_behind(0);
  must(SlotCopy::open(copy_.options(), {.revision = revision_ + 1}));
  must(owner("n1")->open());  // it ends before it has done anything with what the copy has
  const auto next = owner("n1", &copy_);
  must(next->open());
  EXPECT_THAT(next->records(), ElementsAre("1 a", "2 b", "3 c"));
}

TEST_F(SlotCopyTest, GoesOnWhereAnOpeningWasKilledWhileItAppended) {
  append_as("n1", &copy_, {"a", "b", "c"});
  lose_behind(3);
  {
    const MessageHead head{
        .kind = MessageKind::kFence, .revision = ++revision_, .node = "n1", .first = 2};
    const auto copy = must(SlotCopy::open(copy_.options(), {.revision = revision_}));
    must(copy->begin(head, kAll));
    must(copy->flush());
    publish(head);
    MessageHead records = head;
    records.kind = MessageKind::kRecords;
    records.count = 1;
    const std::vector<Record> b{{.sequence = 2, .kind = RecordKind::kAudit, .payload = "b"}};
    publish(records, make_body(b));
  }
  const auto next = owner("n1", &copy_);
  must(next->open());
  EXPECT_THAT(next->records(), ElementsAre("1 a", "2 b", "3 c"));
  EXPECT_THAT(stream(), ElementsAre("1 a", "2 b", "3 c"));
}

TEST_F(SlotCopyTest, AcknowledgesNothingWhileTheDiskIsFullAndLosesNothing) {
  SlotLog::Options given = options("n1", &copy_);
  given.limits.waiting_bytes = 1'000;
  TestOwner full(shared_server().settings(), std::move(given));
  must(full.open());
  full.append("0");
  ASSERT_TRUE(full.log().flush());
  copy_.disk().break_down(TestDisk::Kind::kNoSpace);
  std::vector<std::string> expected{"0"};
  for (int i = 1; !full.log().behind(); ++i) {
    expected.push_back(std::to_string(i));
    full.append(expected.back());
  }
  EXPECT_FALSE(full.log().flush());
  EXPECT_THAT(full.log().failing(), HasSubstr("this node's copy of the slot's log"));
  EXPECT_THAT(full.log().failing(), HasSubstr("cannot be written"));
  EXPECT_THAT(full.acknowledged(), ElementsAre("0"));
  EXPECT_THAT(full.records(), ElementsAre("1 0")) << "nothing is handed over before";
  copy_.disk().mend();
  ASSERT_TRUE(becomes([&] { return full.acknowledged_count() == expected.size(); }));
  EXPECT_EQ(full.acknowledged(), expected) << "in order";
  EXPECT_THAT(full.log().failing(), IsEmpty());
  full.close();
  EXPECT_EQ(stream().size(), expected.size()) << "once";
}

TEST_F(SlotCopyTest, OfAnotherClusterIsSetAside) {
  {
    SlotLog::Options first = options("n1", nullptr);
    first.copy = copy_.in_folder();
    TestOwner writer(shared_server().settings(), std::move(first));
    must(writer.open());
    writer.append("a");
    ASSERT_TRUE(writer.log().flush());
  }
  lose_behind(0);
  SlotLog::Options given = options("n1", nullptr);
  given.copy = copy_.in_folder();
  given.copy->cluster = "c2";
  TestOwner next(shared_server().settings(), std::move(given));
  must(next.open());
  EXPECT_THAT(next.records(), IsEmpty());
  EXPECT_THAT(
      next.log().loss().of_copy,
      ElementsAre(Field(&LossNote::text, testing::AllOf(HasSubstr("set aside as copy.set_aside_1"),
                                                        HasSubstr("it is of the cluster c1")))));
  EXPECT_TRUE(std::filesystem::exists(copy_.folder() / "copy.set_aside_1"));
  next.append("b");
  EXPECT_TRUE(next.log().flush());
}

// What a copy without a server says: it is opened under the revision for what is stored.
std::vector<std::string> notes_of(const SlotCopyOptions& options, std::uint64_t revision,
                                  std::uint64_t stored) {
  std::vector<std::string> texts;
  const auto copy = must(SlotCopy::open(options, {.revision = revision, .stored = stored}));
  for (const LossNote& note : copy->notes()) texts.push_back(note.text);
  return texts;
}

// The records of a copy from `first` to `last`.
std::vector<std::string> records_of(SlotCopy& copy, std::uint64_t first, std::uint64_t last) {
  std::vector<std::string> found;
  must(copy.read(first, last, [&](std::span<const Record> records) {
    for (const Record& record : records) {
      found.push_back(fmt::format("{} {}", record.sequence, record.payload));
    }
    return Status();
  }));
  return found;
}

void append(SlotCopy& copy, std::uint64_t revision, std::uint64_t first,
            const std::vector<std::string>& payloads) {
  std::vector<Record> records;
  for (const std::string& payload : payloads) {
    records.push_back({.kind = RecordKind::kAudit, .payload = payload});
  }
  copy.append({.kind = MessageKind::kRecords,
               .revision = revision,
               .node = "n1",
               .first = first,
               .count = records.size()},
              make_body(records), {});
}

TEST(SlotCopies, HaveWhatTheirOwnersAppended) {
  const TestCopy of;
  {
    const auto copy = must(SlotCopy::open(of.in_folder(), {.revision = 1}));
    EXPECT_EQ(copy->last(), 0U);
    must(copy->begin({.revision = 1}, kAll));
    append(*copy, 1, 4, {"d", "e"});
    append(*copy, 1, 6, {std::string(3'000, 'x')});
    append(*copy, 1, 9, {"i"});
    must(copy->flush());
  }
  const auto copy = must(SlotCopy::open(of.in_folder(), {.revision = 2}));
  EXPECT_EQ(copy->last(), 9U);
  EXPECT_EQ(copy->revision(), 1U);
  EXPECT_THAT(records_of(*copy, 1, 5), ElementsAre("4 d", "5 e"));
  EXPECT_THAT(records_of(*copy, 5, 5), ElementsAre("5 e"));
  EXPECT_THAT(records_of(*copy, 7, 20), ElementsAre("9 i"));
  EXPECT_THAT(records_of(*copy, 10, 20), IsEmpty());
}

TEST(SlotCopies, ForgetWhatWasOvertakenForEver) {
  const TestCopy of;
  {
    const auto copy = must(SlotCopy::open(of.in_folder(), {.revision = 1}));
    for (std::uint64_t i = 1; i <= 3; ++i) append(*copy, 1, i, {std::to_string(i)});
    must(copy->begin({.revision = 3}, 1));
    append(*copy, 2, 2, {"two"});
    must(copy->flush());
  }
  const auto copy = must(SlotCopy::open(of.in_folder(), {.revision = 4}));
  EXPECT_EQ(copy->revision(), 3U);
  EXPECT_THAT(records_of(*copy, 1, 9), ElementsAre("1 1", "2 two"));
}

TEST(SlotCopies, RemoveWhatIsStored) {
  const TestCopy of;
  const auto copy = must(SlotCopy::open(of.in_folder(), {.revision = 1}));
  for (std::uint64_t i = 1; i <= 100; ++i) append(*copy, 1, i, {std::string(200, 'x')});
  must(copy->flush());
  const std::uint64_t all = copy->bytes();
  copy->trim(90);
  append(*copy, 1, 101, {"end"});
  must(copy->flush());
  EXPECT_TRUE(becomes([&] { return copy->bytes() < all / 2; }));
  EXPECT_FALSE(copy->has_all(90, 90));
  EXPECT_TRUE(copy->has_all(91, 101));
}

TEST(SlotCopies, OfADatabaseThatWasRestoredAreSetAside) {
  const TestCopy of;
  {
    const auto copy = must(SlotCopy::open(of.in_folder(), {.revision = 7}));
    for (std::uint64_t i = 1; i <= 3; ++i) append(*copy, 7, i, {"x"});
    copy->trim(2);
    append(*copy, 7, 4, {"x"});
    must(copy->flush());
  }
  EXPECT_THAT(notes_of(of.in_folder(), 8, 2), IsEmpty());
  EXPECT_THAT(notes_of(of.in_folder(), 8, 1), ElementsAre(HasSubstr("restored from a backup")));
  EXPECT_TRUE(std::filesystem::exists(of.folder() / "copy.set_aside_1"));
  EXPECT_THAT(notes_of(of.in_folder(), 8, 1), IsEmpty()) << "there is a new one";
}

TEST(SlotCopies, OfALaterRevisionAreSetAside) {
  const TestCopy of;
  {
    const auto copy = must(SlotCopy::open(of.in_folder(), {.revision = 7}));
    append(*copy, 7, 1, {"x"});
    must(copy->flush());
  }
  EXPECT_THAT(notes_of(of.in_folder(), 7, 0), IsEmpty()) << "the same claim, opened again";
  EXPECT_THAT(notes_of(of.in_folder(), 6, 0), ElementsAre(HasSubstr("under the revision 7")));
}

}  // namespace
}  // namespace gridloom::journal
