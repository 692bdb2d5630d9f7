// The contract of Claims (ownership/claims.h) and of the fence, which every kind of claims must
// fulfil. A new kind is one more row of kKinds.
#include "ownership/claims.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "ownership/postgres/fence.h"
#include "ownership/postgres/postgres_claims.h"
#include "ownership/test_memory_claims.h"
#include "postgres/connection.h"
#include "postgres/test_server.h"
#include "testing/must.h"

namespace gridloom::cluster {
namespace {

// A store of claims, which several nodes open.
class Stored {
 public:
  Stored() = default;
  Stored(const Stored&) = delete;
  Stored& operator=(const Stored&) = delete;
  virtual ~Stored() = default;
  // As another node does.
  virtual std::shared_ptr<Claims> open() = 0;
  // A store's write of an owner.
  virtual Status write(Slot slot, Revision revision) = 0;
  virtual std::uint64_t refused() = 0;
  // As a failover to a standby that lacks what was committed last.
  virtual void set_back(const SlotRow& row) = 0;
};

class InMemory final : public Stored {
 public:
  std::shared_ptr<Claims> open() override { return claims_; }
  Status write(Slot slot, Revision revision) override {
    const std::int64_t position = must(claims_->read()).at(number_of(slot)).position;
    return claims_->write(slot, revision, position, position + 1);
  }
  std::uint64_t refused() override { return claims_->refused(); }
  void set_back(const SlotRow& row) override {
    std::vector<SlotRow> rows = must(claims_->read());
    rows.at(number_of(row.slot)) = row;
    claims_->set_back(rows);
  }

 private:
  std::shared_ptr<MemoryClaims> claims_ = std::make_shared<MemoryClaims>();
};

class InPostgres final : public Stored {
 public:
  std::shared_ptr<Claims> open() override {
    return must(open_postgres_claims(database_.settings(), {.clock = clock_}));
  }
  Status write(Slot slot, Revision revision) override {
    postgres::Connection connection = database_.connect();
    auto transaction = must(postgres::Transaction::begin(connection));
    GL_TRY(fence_.check(connection, slot, revision));
    return transaction.commit();
  }
  std::uint64_t refused() override { return fence_.refused(); }
  void set_back(const SlotRow& row) override {
    must(database_.connect().execute(
        "UPDATE cluster_slot SET owner = $2, incarnation = $3, revision = $4 WHERE slot = $1",
        static_cast<std::int16_t>(number_of(row.slot)), row.owner->name, row.owner->incarnation,
        row.revision));
  }

 private:
  SystemClock clock_;
  postgres::TestDatabase database_;
  Fence fence_;
};

bool is_everywhere() { return true; }
bool has_postgres() { return !postgres::TestServer::programs().empty(); }

struct ClaimsKind {
  std::string_view name;
  std::unique_ptr<Stored> (*make)();
  bool (*is_here)() = is_everywhere;
};
void PrintTo(const ClaimsKind& kind, std::ostream* out) { *out << kind.name; }

const ClaimsKind kKinds[] = {
    {"Memory", [] -> std::unique_ptr<Stored> { return std::make_unique<InMemory>(); }},
    {"Postgres", [] -> std::unique_ptr<Stored> { return std::make_unique<InPostgres>(); },
     has_postgres},
};

constexpr Slot kSlot{2};
const NodeId kAnna{.name = "anna", .incarnation = 1};
const NodeId kBert{.name = "bert", .incarnation = 9'000'000'000'000'000'000};

class ClaimsOfSlots : public testing::TestWithParam<ClaimsKind> {
 protected:
  void SetUp() override {
    if (!GetParam().is_here()) GTEST_SKIP() << postgres::TestServer::kMissing;
    stored_ = GetParam().make();
    claims_ = stored_->open();
  }
  [[nodiscard]] SlotRow row() const { return must(claims_->read()).at(number_of(kSlot)); }

  std::unique_ptr<Stored> stored_;
  std::shared_ptr<Claims> claims_;
};
INSTANTIATE_TEST_SUITE_P(Kinds, ClaimsOfSlots, testing::ValuesIn(kKinds),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_P(ClaimsOfSlots, TheFirstNodeMakesTheClusterAndTheOthersFindIt) {
  const ClusterFacts made = must(claims_->join(8));
  EXPECT_EQ(made.slots, 8U);
  EXPECT_EQ(made.id.size(), 32U);
  EXPECT_EQ(must(stored_->open()->join(8)), made);
  const std::vector<SlotRow> rows = must(claims_->read());
  ASSERT_EQ(rows.size(), 8U);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i], SlotRow{.slot = static_cast<Slot>(i)});
  }
}

TEST_P(ClaimsOfSlots, ANodeWithAnotherNumberOfSlotsIsRefusedByBothNumbers) {
  must(claims_->join(8));
  const auto refused = stored_->open()->join(16);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_THAT(refused.error().detail, testing::HasSubstr("8"));
  EXPECT_THAT(refused.error().detail, testing::HasSubstr("16"));
  EXPECT_EQ(must(claims_->read()).size(), 8U);
}

TEST_P(ClaimsOfSlots, AClusterHasOneToSixtyFourSlots) {
  for (const std::size_t slots : {std::size_t{0}, kMostSlots + 1}) {
    const auto refused = claims_->join(slots);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kBadParams);
  }
  EXPECT_EQ(must(claims_->join(kMostSlots)).slots, kMostSlots);
}

TEST_P(ClaimsOfSlots, NodesThatStartAtOnceMakeOneCluster) {
  std::vector<ClusterFacts> facts(4);
  {
    std::vector<std::jthread> nodes;
    nodes.reserve(facts.size());
    for (ClusterFacts& each : facts) {
      nodes.emplace_back([&each, claims = stored_->open()] { each = must(claims->join(8)); });
    }
  }
  for (const ClusterFacts& each : facts) EXPECT_EQ(each, facts.front());
  EXPECT_EQ(must(claims_->read()).size(), 8U);
}

TEST_P(ClaimsOfSlots, AClaimRaisesTheRevisionAndIsRefusedToWhoHasNotSeenTheLastOne) {
  must(claims_->join(8));
  const SlotRow first = must(claims_->claim({.slot = kSlot, .node = kAnna, .seen = 0}));
  EXPECT_EQ(first, (SlotRow{.slot = kSlot, .revision = 1, .owner = kAnna}));
  const auto late = claims_->claim({.slot = kSlot, .node = kBert, .seen = 0});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::kConflict);
  EXPECT_EQ(row(), first);
  const SlotRow second = must(claims_->claim({.slot = kSlot, .node = kBert, .seen = 1}));
  EXPECT_EQ(second, (SlotRow{.slot = kSlot, .revision = 2, .owner = kBert}));
  EXPECT_EQ(row(), second);
}

TEST_P(ClaimsOfSlots, AReleasedSlotHasNoOwnerAndKeepsItsRevision) {
  must(claims_->join(8));
  must(claims_->claim({.slot = kSlot, .node = kAnna, .seen = 0}));
  must(claims_->release(kSlot, kAnna, 1));
  EXPECT_EQ(row(), (SlotRow{.slot = kSlot, .revision = 1}));
  EXPECT_EQ(must(claims_->claim({.slot = kSlot, .node = kBert, .seen = 1})).revision, 2);
}

TEST_P(ClaimsOfSlots, OnlyTheOwnerReleasesItsSlot) {
  must(claims_->join(8));
  must(claims_->claim({.slot = kSlot, .node = kAnna, .seen = 0}));
  const NodeId again{.name = kAnna.name, .incarnation = kAnna.incarnation + 1};
  for (const Status& refused :
       {claims_->release(kSlot, kBert, 1), claims_->release(kSlot, again, 1),
        claims_->release(kSlot, kAnna, 2), claims_->release(Slot{3}, kAnna, 0)}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  }
  EXPECT_EQ(row().owner, kAnna);
}

TEST_P(ClaimsOfSlots, AnOwnerThatLostItsSlotCanWriteNothing) {
  must(claims_->join(8));
  must(claims_->claim({.slot = kSlot, .node = kAnna, .seen = 0}));
  must(stored_->write(kSlot, 1));
  must(claims_->claim({.slot = kSlot, .node = kBert, .seen = 1}));
  const Status fenced = stored_->write(kSlot, 1);
  ASSERT_FALSE(fenced);
  EXPECT_EQ(fenced.error().code, ErrorCode::kConflict);
  EXPECT_EQ(stored_->refused(), 1U);
  must(stored_->write(kSlot, 2));
}

TEST_P(ClaimsOfSlots, AClaimGoesAboveWhatItsNodeKnowsAlthoughTheRowsWereSetBack) {
  must(claims_->join(8));
  const SlotRow before = must(claims_->claim({.slot = kSlot, .node = kAnna, .seen = 0}));
  must(claims_->claim({.slot = kSlot, .node = kBert, .seen = 1}));
  stored_->set_back(before);
  const SlotRow again = must(claims_->claim({.slot = kSlot, .node = kAnna, .seen = 1, .above = 2}));
  EXPECT_EQ(again.revision, 3);
  EXPECT_FALSE(stored_->write(kSlot, 2));
}

// What nodes got, and when: the order of `wrote` is that in which the writes ended.
struct Race {
  std::mutex mutex;
  std::vector<std::pair<Revision, NodeId>> claimed;
  std::vector<Revision> wrote;
};
void race(Stored& stored, const NodeId& node, int rounds, Race& race) {
  const auto claims = stored.open();
  for (int i = 0; i < rounds; ++i) {
    const SlotRow seen = must(claims->read()).at(number_of(kSlot));
    const auto mine = claims->claim({.slot = kSlot, .node = node, .seen = seen.revision});
    if (!mine) continue;
    {
      const std::scoped_lock lock(race.mutex);
      race.claimed.emplace_back(mine->revision, node);
    }
    while (stored.write(kSlot, mine->revision)) {
      const std::scoped_lock lock(race.mutex);
      race.wrote.push_back(mine->revision);
      if (race.wrote.size() % 3 == 0) break;  // on to the next claim
    }
  }
}

TEST_P(ClaimsOfSlots, OfNodesThatRaceOneGetsEachRevision) {
  must(claims_->join(8));
  constexpr int kRounds = 60;
  Race result;
  {
    std::vector<std::jthread> nodes;
    for (int i = 1; i <= 3; ++i) {
      nodes.emplace_back([&, i] {
        race(*stored_, {.name = fmt::format("n{}", i), .incarnation = i}, kRounds, result);
      });
    }
  }
  std::ranges::sort(result.claimed);
  ASSERT_GE(result.claimed.size(), static_cast<std::size_t>(kRounds));
  for (std::size_t i = 0; i < result.claimed.size(); ++i) {
    EXPECT_EQ(result.claimed[i].first, static_cast<Revision>(i + 1));
  }
  EXPECT_EQ(row().revision, static_cast<Revision>(result.claimed.size()));
  EXPECT_EQ(row().owner, result.claimed.back().second);
  EXPECT_FALSE(result.wrote.empty());
}

}  // namespace
}  // namespace gridloom::cluster
