// What a node says of its cluster, of values: problems, warnings, the status, /healthz and
// /metrics.
#include "node/node_health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "testing/must.h"

namespace gridloom::node {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Lines = std::vector<std::string>;

constexpr TimePoint kNow{Millis(100'000)};
const cluster::NodeId kSelf{.name = "n1", .incarnation = 0x1f3a};
const cluster::NodeId kOther{.name = "n2", .incarnation = 2};

// Two slots, one at each of two nodes, and nothing wrong.
NodeHealth good() {
  NodeHealth health{.now = kNow,
                    .self = kSelf,
                    .version = "1.0",
                    .address = "http://n1:8080",
                    .nats_urls = {"nats://a", "nats://b", "nats://c"},
                    .replicas = 3};
  health.nats = {.is_connected = true, .since = kNow - Millis(5'000), .server = "nats://a:4222"};
  health.log_nats = health.nats;
  health.member.facts = {.id = "c1", .slots = 2};
  health.member.phase = cluster::Phase::kServing;
  health.member.others.push_back({.id = kOther,
                                  .version = "1.1",
                                  .address = "http://n2:8080",
                                  .phase = cluster::Phase::kServing,
                                  .heard = kNow - Millis(120)});
  health.slots.push_back(
      {.owner = {.node = kSelf, .revision = 3, .is_served = true}, .here = server::StoreHealth()});
  health.slots.push_back({.owner = {.node = kOther, .revision = 4, .is_served = true}});
  health.slots[0].here->archive.unstored_records = 17;
  return health;
}

TEST(NodeHealthTest, EachProblemIsToldInWordsAndInHealthz) {
  EXPECT_THAT(problems_of(good()), IsEmpty());
  struct Row {
    const char* title;
    std::function<void(NodeHealth&)> change;
    std::string problem;
    std::string health;  // members of /healthz
    bool good = false;
  };
  const Row rows[] = {
      {"NATS",
       [](NodeHealth& h) {
         h.nats = {.since = kNow - Millis(7'000), .failing = "Connection refused"};
       },
       "NATS has been away for 7s: Connection refused",
       R"("status":"failing","nats":"Connection refused","natsFailingForMs":7000)"},
      {"the log's connection",
       [](NodeHealth& h) { h.log_nats = {.since = kNow - Millis(7'000), .failing = "gone"}; },
       "NATS has been away for 7s: gone",
       R"("status":"failing","nats":"gone","natsFailingForMs":7000)"},
      {"PostgreSQL",
       [](NodeHealth& h) {
         h.member.claims = {.since = kNow - Millis(2'000), .error = "it shuts down"};
       },
       "PostgreSQL has been away for 2s: it shuts down",
       R"("status":"failing","database":"it shuts down","databaseFailingForMs":2000)"},
      {"a slot without an owner",
       [](NodeHealth& h) {
         h.slots[1] = {.owner = {.revision = 4}, .unserved_since = kNow - Millis(9'000)};
       },
       "slot 1 has been served by nobody for 9s",
       R"("status":"degraded","slotsUnserved":[1],"slotsUnservedForMs":9000)", true},
      {"a store",
       [](NodeHealth& h) { h.slots[0].here->archive.store_failing = "the disk is full"; },
       "slot 0 cannot be stored, its history: the disk is full",
       R"("status":"failing","slot":"0, its history: the disk is full")"},
      {"a log", [](NodeHealth& h) { h.slots[0].here->archive.log.failing = "no leader"; },
       "slot 0 cannot be stored, its log: no leader",
       R"("status":"failing","slot":"0, its log: no leader")"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.title);
    NodeHealth health = good();
    row.change(health);
    EXPECT_THAT(problems_of(health), ElementsAre(row.problem));
    EXPECT_EQ(must(wire::parse_json(wire::to_text(status_of(health, {})))).get_object().at("good"),
              wire::Json(false));
    const api::Health told =
        health_with_cluster({.good = true, .text = R"({"status":"ok"})"}, health);
    EXPECT_EQ(told.good, row.good);
    EXPECT_EQ(told.text, "{" + row.health + "}");
  }
}

TEST(NodeHealthTest, ANodeThatHasNotLeftAndIsNotHeardIsMissing) {
  NodeHealth health = good();
  health.nodes = {"n1", "n2"};
  EXPECT_THAT(problems_of(health), IsEmpty());
  health.member.others[0].heard = kNow - Millis(4'000);
  EXPECT_THAT(problems_of(health),
              ElementsAre(HasSubstr("the node n2 is missing: it has not been heard for 4s")));
  health.member.others.clear();  // a minute later
  health.started = health.nats.since = kNow - Millis(90'000);
  EXPECT_THAT(problems_of(health), ElementsAre(HasSubstr("the node n2 is missing")));
  health.nodes = {"n1"};
  EXPECT_THAT(problems_of(health), IsEmpty()) << "it was stopped by plan";
  health.nodes = {"n1", "n2"};
  health.started = kNow - Millis(1'000);
  EXPECT_THAT(problems_of(health), IsEmpty()) << "this node has hardly listened yet";
  EXPECT_EQ(unheard_for(health, "n2"), std::nullopt);
  health.started = kNow - Millis(5'000);
  EXPECT_EQ(unheard_for(health, "n2"), Millis(5'000));
  EXPECT_EQ(unheard_for(health, "n1"), std::nullopt) << "itself";
  health.nats.is_connected = false;
  EXPECT_EQ(unheard_for(health, "n2"), std::nullopt) << "nobody is heard";
}

TEST(NodeHealthTest, ANodeThatStartsDoesNotCallSlotsUnserved) {
  NodeHealth health = good();
  health.started = kNow - Millis(1'000);
  health.member.phase = cluster::Phase::kJoining;
  health.slots[1] = {.unserved_since = health.started};
  EXPECT_THAT(problems_of(health), IsEmpty());
  EXPECT_EQ(health_with_cluster({.good = true, .text = R"({"status":"ok"})"}, health).text,
            R"({"status":"ok"})");
  EXPECT_THAT(cluster_metrics(health), HasSubstr("gridloom_cluster_slots_unserved 0\n"));
  health.started = kNow - Millis(6'000);
  EXPECT_THAT(problems_of(health), ElementsAre(HasSubstr("slot 1 has been served by nobody")));
}

TEST(NodeHealthTest, KnownDamageIsNotGood) {
  NodeHealth health = good();
  health.damage = {"2026-11-29T10:00:00Z slot 1: DEV-1 lacks"};
  EXPECT_THAT(wire::to_text(status_of(health, {})),
              AllOf(HasSubstr(R"("good":false)"),
                    HasSubstr(R"("damage":["2026-11-29T10:00:00Z slot 1: DEV-1 lacks"])")));
}

TEST(NodeHealthTest, HealthzKeepsWhatTheDoorSays) {
  const api::Health door{.good = false, .text = R"({"status":"failing","log":"full"})"};
  const api::Health told = health_with_cluster(door, good());
  EXPECT_EQ(told.text, door.text);
  EXPECT_FALSE(told.good);
  NodeHealth health = good();
  health.member.phase = cluster::Phase::kDraining;
  const api::Health drains = health_with_cluster({.text = R"({"status":"ok"})"}, health);
  EXPECT_EQ(drains.text, R"({"status":"draining"})");
  EXPECT_FALSE(drains.good);
}

TEST(NodeHealthTest, WhatMakesAFailureWorseIsAWarningAndNoProblem) {
  const std::vector<NatsServer> new_ones = {{.url = "nats://a:4222", .version = "2.12.0"}};
  EXPECT_THAT(warnings_of(good(), new_ones), IsEmpty());
  EXPECT_THAT(warnings_of(good(), {{.url = "nats://a:4222", .version = "2.9.10"}}),
              ElementsAre(HasSubstr("nats-server 2.9.10 at nats://a:4222 is older than 2.12")));
  EXPECT_THAT(warnings_of(good(), {{.url = "nats://a:4222", .failing = "refused"}}),
              ElementsAre("the NATS server nats://a:4222 does not answer: refused"));
  NodeHealth few = good();
  few.nats_urls = {"nats://a"};
  few.replicas = 1;
  EXPECT_THAT(warnings_of(few, new_ones),
              ElementsAre(HasSubstr("--cluster names 1 of"), HasSubstr("--cluster-replicas is 1")));
  EXPECT_THAT(problems_of(few), IsEmpty());
}

TEST(NodeHealthTest, TheStatusHasNodesSlotsAndLag) {
  const std::string text = wire::to_text(status_of(good(), {}));
  EXPECT_THAT(text, HasSubstr(R"("node":"n1","cluster":"c1","good":true)"));
  EXPECT_THAT(text, HasSubstr(R"({"node":"n2","incarnation":"2","version":"1.1","address":)"
                              R"("http://n2:8080","phase":"serving","heardMs":120,"slots":[1]})"));
  EXPECT_THAT(text, HasSubstr(R"("revision":3,"served":true,"node":"n1","unstoredRecords":17,)"
                              R"("logWaitingBytes":0,"unstoredSessions":0)"));
  EXPECT_THAT(text, HasSubstr(R"("revision":4,"served":true,"node":"n2"})"));
  EXPECT_THAT(text, HasSubstr(R"("nats":{"connected":true,"forMs":5000,)"));
}

TEST(NodeHealthTest, ASlotIsWithoutAnOwnerSinceItsLastOneWentAway) {
  const cluster::SlotOwner served{.node = kSelf, .revision = 1, .is_served = true};
  const cluster::SlotOwner moved{.node = kOther, .revision = 2, .is_served = true};
  SlotWatch watch(2, TimePoint(Millis(1)));
  const auto at = [](std::int64_t ms) { return std::optional(TimePoint(Millis(ms))); };
  EXPECT_THAT(watch.unserved_since(), ElementsAre(at(1), at(1)));
  watch.note({served, {}}, TimePoint(Millis(2)));
  EXPECT_THAT(watch.unserved_since(), ElementsAre(std::nullopt, at(1)));
  watch.note({{.revision = 1}, {}}, TimePoint(Millis(3)));
  watch.note({{.revision = 1}, {}}, TimePoint(Millis(4)));
  EXPECT_THAT(watch.unserved_since(), ElementsAre(at(3), at(1)));
  EXPECT_EQ(watch.owner_changes(), 1) << "it is still that one's";
  watch.note({served, served}, TimePoint(Millis(5)));
  watch.note({moved, served}, TimePoint(Millis(6)));
  EXPECT_THAT(watch.unserved_since(), ElementsAre(std::nullopt, std::nullopt));
  EXPECT_EQ(watch.owner_changes(), 3);
}

TEST(NodeHealthTest, TheMetricsOfSlotsHaveTheirLabelAndStandWithTheDoors) {
  const std::string door =
      "# HELP a_total A\n# TYPE a_total counter\na_total 1\n"
      "# HELP gridloom_connections C\n# TYPE gridloom_connections gauge\n"
      "gridloom_connections{door=\"http\"} 2\n";
  const std::string slot =
      "# HELP a_total A\n# TYPE a_total counter\na_total 5\na_total{reason=\"x y\"} 6\n"
      "# HELP gridloom_connections C\n# TYPE gridloom_connections gauge\n"
      "gridloom_connections{door=\"http\"} 0\n"
      "# HELP b B\n# TYPE b gauge\nb 7\n";
  EXPECT_EQ(with_slots(door, {{0, slot}, {3, slot}}),
            "# HELP a_total A\n# TYPE a_total counter\na_total 1\n"
            "a_total{slot=\"0\"} 5\na_total{slot=\"0\",reason=\"x y\"} 6\n"
            "a_total{slot=\"3\"} 5\na_total{slot=\"3\",reason=\"x y\"} 6\n"
            "# HELP gridloom_connections C\n# TYPE gridloom_connections gauge\n"
            "gridloom_connections{door=\"http\"} 2\n"
            "# HELP b B\n# TYPE b gauge\nb{slot=\"0\"} 7\nb{slot=\"3\"} 7\n");
  EXPECT_EQ(with_slots(door, {}), door);
}

TEST(NodeHealthTest, TheMetricsOfTheClusterAreOfTheHealth) {
  NodeHealth health = good();
  health.refused_transactions = 2;
  const std::string text = cluster_metrics(health);
  for (const std::string_view line :
       {"gridloom_cluster_nodes 2\n", "gridloom_cluster_slots 2\n",
        "gridloom_cluster_slots_here 1\n", "gridloom_cluster_slots_unserved 0\n",
        "gridloom_cluster_refused_transactions_total 2\n", "gridloom_cluster_nats_connected 1\n",
        "gridloom_cluster_log_waiting_records{slot=\"0\"} 17\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  health.log_nats.is_connected = false;
  health.slots[0] = {};
  EXPECT_THAT(cluster_metrics(health),
              AllOf(HasSubstr("gridloom_cluster_nats_connected 0\n"),
                    HasSubstr("gridloom_cluster_slots_unserved 1\n"), Not(HasSubstr("waiting"))));
}

}  // namespace
}  // namespace gridloom::node
