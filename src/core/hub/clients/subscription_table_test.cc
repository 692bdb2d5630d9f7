// Matches of the subscription table, compared with the standard's rule applied to each filter, and
// their cost in steps.
#include "hub/clients/subscription_table.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hub/clients/topic_rights.h"
#include "testing/home.h"
#include "wire/mqtt/topic.h"

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Table : public testing::Test {
 protected:
  FakePtr client(std::string_view user, std::string_view id = "app") {
    return std::make_shared<FakeClient>(
        loop, Identity{.role = Role::kAccount, .account = {}, .name = std::string(user)},
        std::string(id));
  }
  void subscribe(const FakePtr& who, std::string_view filter) {
    table.subscribe(who, {.filter = std::string(filter)});
  }
  // "client filter" of each subscription, "group filter" of each group.
  Lines matched(std::string_view scope, std::string_view topic) {
    Lines lines;
    const auto* found = table.find(scope);
    if (found == nullptr) return lines;
    const auto& match = table.match(*found, topic);
    for (const Subscriber* each : match.subscribers) {
      lines.push_back(fmt::format("{} {}", each->client->client_id(), each->subscription.filter));
    }
    for (SubscriptionTable::Group* group : match.groups) {
      lines.push_back(fmt::format("group {}", table.next_member(*group).subscription.filter));
    }
    return lines;
  }
  // The number of steps that `calls` takes.
  template <typename Calls>
  std::uint64_t steps(const Calls& calls) {
    const std::uint64_t before = table.steps();
    calls();
    return table.steps() - before;
  }

  ManualLoop loop;
  SubscriptionTable table;
};

TEST_F(Table, FiltersWithoutWildcardsComeFirstThenTheOthersThenGroupsEachInTheOrderOfSubscribing) {
  const FakePtr a = client("alice", "a");
  const FakePtr b = client("alice", "b");
  subscribe(b, "$share/late/x/#");
  subscribe(a, "x/#");
  subscribe(b, "x/y");
  subscribe(b, "+/y");
  subscribe(a, "$share/later/x/y");
  subscribe(a, "x/y");
  subscribe(a, "x/+/z");
  EXPECT_THAT(matched("alice", "x/y"),
              ElementsAre("b x/y", "a x/y", "a x/#", "b +/y", "group $share/late/x/#",
                          "group $share/later/x/y"));
  EXPECT_THAT(matched("alice", "x"), ElementsAre("a x/#", "group $share/late/x/#"));
  EXPECT_THAT(matched("bob", "x/y"), IsEmpty());
}

TEST_F(Table, ASecondSubscriptionOfAFilterReplacesTheFirst) {
  const FakePtr a = client("alice", "a");
  table.subscribe(a, {.filter = "x/+", .id = 1});
  table.subscribe(a, {.filter = "x/+", .id = 2});
  const auto& match = table.match(*table.find("alice"), "x/y");
  ASSERT_EQ(match.subscribers.size(), 1U);
  EXPECT_EQ(match.subscribers[0]->subscription.id, 2U);
}

TEST_F(Table, AGroupGivesToItsConnectedMembersInTurn) {
  std::vector<FakePtr> members;
  for (const char* id : {"a", "b", "c"}) {
    members.push_back(client("alice", id));
    subscribe(members.back(), "$share/g/x/#");
  }
  members[1]->set_present(false);
  const auto next = [this] {
    return table.next_member(*table.find_group("alice", "$share/g/x/#")).client->client_id();
  };
  EXPECT_EQ(next() + next() + next() + next(), "acac");
  members[0]->set_present(false);
  members[2]->set_present(false);
  std::set<std::string> away = {next(), next(), next()};
  EXPECT_EQ(away.size(), 3U) << "those that are away have their turns as well";
  for (const FakePtr& member : members) table.remove(*member);
  EXPECT_EQ(table.find_group("alice", "$share/g/x/#"), nullptr);
}

TEST_F(Table, AreRemovedSoManyAtATime) {
  constexpr std::size_t kMany = 100;
  const FakePtr ended = client("alice", "a");
  const FakePtr stays = client("alice", "b");
  for (std::size_t i = 0; i < kMany; ++i) {
    table.subscribe(ended, {.filter = fmt::format("{}/+", i)});
  }
  table.subscribe(ended, {.filter = "$share/g/x"});
  table.subscribe(stays, {.filter = "7/+"});
  std::size_t left = kMany + 1;
  while (left > 0) {
    const std::uint64_t before = table.steps();
    const std::size_t removed = table.remove(*ended, 30);
    EXPECT_EQ(removed, std::min<std::size_t>(left, 30));
    EXPECT_LE(table.steps() - before, removed);
    left -= removed;
  }
  EXPECT_EQ(table.remove(*ended, 30), 0U);
  EXPECT_EQ(table.find_group("alice", "$share/g/x"), nullptr);
  const auto& match = table.match(*table.find("alice"), "7/x");
  ASSERT_EQ(match.subscribers.size(), 1U);
  EXPECT_EQ(match.subscribers[0]->client, stays);
  table.remove(*stays);
  EXPECT_TRUE(table.empty());
}

TEST_F(Table, ASuccessorKeepsItsOwnSubscriptionOfTheSameFilter) {
  const FakePtr old = client("alice", "a");
  const FakePtr fresh = client("alice", "a");
  table.subscribe(old, {.filter = "x", .id = 1});
  table.subscribe(old, {.filter = "y", .id = 1});
  table.subscribe(fresh, {.filter = "x", .id = 2});
  table.rebind(*old, fresh);
  for (const auto& [topic, id] : {std::pair{"x", 2U}, std::pair{"y", 1U}}) {
    const auto& match = table.match(*table.find("alice"), topic);
    ASSERT_EQ(match.subscribers.size(), 1U) << topic;
    EXPECT_EQ(match.subscribers[0]->client, fresh);
    EXPECT_EQ(match.subscribers[0]->subscription.id, id);
  }
  table.remove(*old);
  table.remove(*fresh);
  EXPECT_TRUE(table.empty());
}

// --- against the rule of the standard ---

// All subscriptions in the order in which they were made: the simple reference implementation.
class Plain {
 public:
  void subscribe(const FakePtr& who, const std::string& filter) {
    unsubscribe(*who, filter);
    const bool known = std::ranges::any_of(all_, [&](const One& one) { return one.is(filter); });
    if (wire::mqtt::shared_parts(filter) && !known) groups_.push_back(filter);
    all_.push_back({who, filter});
  }
  void unsubscribe(const Client& who, const std::string& filter) {
    std::erase_if(all_, [&](const One& one) { return one.who.get() == &who && one.is(filter); });
    forget_empty_groups();
  }
  void remove(const Client& who) {
    std::erase_if(all_, [&](const One& one) { return one.who.get() == &who; });
    forget_empty_groups();
  }
  void rebind(const Client& old, const FakePtr& fresh) {
    for (One& one : all_) {
      if (one.who.get() == &old) one.who = fresh;
    }
  }
  [[nodiscard]] Lines matched(std::string_view topic) const {
    Lines lines;
    for (const bool wild : {false, true}) {
      for (const One& one : all_) {
        if (wire::mqtt::shared_parts(one.filter) || has_wildcard(one.filter) != wild) continue;
        if (!wire::mqtt::filter_matches(one.filter, topic)) continue;
        lines.push_back(fmt::format("{} {}", one.who->client_id(), one.filter));
      }
    }
    for (const std::string& group : groups_) {
      if (wire::mqtt::filter_matches(wire::mqtt::shared_parts(group)->filter, topic)) {
        lines.push_back(fmt::format("group {}", group));
      }
    }
    return lines;
  }
  [[nodiscard]] bool empty() const { return all_.empty(); }

 private:
  struct One {
    FakePtr who;
    std::string filter;
    [[nodiscard]] bool is(std::string_view other) const { return filter == other; }
  };
  void forget_empty_groups() {
    std::erase_if(groups_, [this](const std::string& group) {
      return std::ranges::none_of(all_, [&](const One& one) { return one.is(group); });
    });
  }

  std::vector<One> all_;
  std::vector<std::string> groups_;
};

using Random = std::mt19937;

std::size_t below(Random& numbers, std::size_t end) {
  return std::uniform_int_distribution<std::size_t>(0, end - 1)(numbers);
}

std::string random_levels(Random& numbers, const std::vector<std::string_view>& names) {
  std::string text(names[below(numbers, names.size())]);
  for (std::size_t more = below(numbers, 4); more > 0; --more) {
    text.append("/").append(names[below(numbers, names.size())]);
  }
  if (text.empty()) text = "a";
  return text;
}

std::string random_filter(Random& numbers) {
  std::string filter = random_levels(numbers, {"a", "b", "", "+", "$c"});
  if (below(numbers, 3) == 0) filter += "/#";
  if (below(numbers, 12) == 0) filter = "#";
  if (below(numbers, 4) == 0)
    filter = (below(numbers, 2) == 0 ? "$share/g/" : "$share/h/") + filter;
  return filter;
}

TEST_F(Table, MatchesWhatTheStandardSaysWhateverWasSubscribedAndEnded) {
  for (std::uint32_t seed = 1; seed <= 60; ++seed) {
    Random numbers(seed);
    Plain plain;
    std::vector<FakePtr> clients;
    for (int i = 0; i < 5; ++i) clients.push_back(client("alice", fmt::format("c{}", i)));
    for (int step = 0; step < 150; ++step) {
      FakePtr& who = clients[below(numbers, clients.size())];
      const std::string filter = random_filter(numbers);
      ASSERT_TRUE(wire::mqtt::valid_filter(filter)) << filter;
      switch (below(numbers, 12)) {
        case 0:
          table.remove(*who);
          plain.remove(*who);
          break;
        case 1: {
          const FakePtr fresh = client("alice", who->client_id());
          table.rebind(*who, fresh);
          plain.rebind(*who, fresh);
          who = fresh;
          break;
        }
        case 2:
        case 3:
        case 4:
          table.unsubscribe(*who, filter);
          plain.unsubscribe(*who, filter);
          break;
        default:
          subscribe(who, filter);
          plain.subscribe(who, filter);
      }
      const std::string topic = random_levels(numbers, {"a", "b", "", "$c", "d"});
      ASSERT_EQ(matched("alice", topic), plain.matched(topic)) << "seed " << seed << ": " << topic;
    }
    for (const FakePtr& each : clients) table.remove(*each);
    ASSERT_TRUE(table.empty()) << "seed " << seed;
  }
}

// --- what it costs ---

TEST_F(Table, AMessageCostsWhatItMatchesHoweverManyFiltersThereAre) {
  constexpr int kFilters = 2000;
  for (int i = 0; i < 10; ++i) {
    const FakePtr each = client("alice", fmt::format("c{}", i));
    for (int j = 0; j < kFilters; ++j) subscribe(each, fmt::format("/open/alice/+/{}-{}", i, j));
    for (int j = 0; j < kFilters; ++j) {
      subscribe(each, fmt::format("$share/{}-{}/never/{}", i, j, j));
    }
  }
  const FakePtr one = client("alice", "one");
  EXPECT_LE(steps([&] { EXPECT_THAT(matched("alice", "/open/alice/SN/quota"), IsEmpty()); }), 10U);
  subscribe(one, "/open/alice/+/quota");
  EXPECT_LE(steps([&] { EXPECT_EQ(matched("alice", "/open/alice/SN/quota").size(), 1U); }), 12U);
}

TEST_F(Table, AClientCostsItsOwnFiltersHoweverManyOthersThereAre) {
  for (int i = 0; i < 10; ++i) {
    const FakePtr other = client("alice", fmt::format("c{}", i));
    for (int j = 0; j < 1000; ++j) {
      subscribe(other, fmt::format("a/+/{}", j));
      subscribe(other, fmt::format("$share/g{}/a/{}", j, j));
      subscribe(other, fmt::format("a/{}", j));
    }
  }
  const FakePtr old = client("alice", "one");
  const FakePtr fresh = client("alice", "one");
  const Lines filters = {"a/+/7", "$share/g7/a/7", "a/7"};
  EXPECT_LE(steps([&] {
              for (const std::string& filter : filters) subscribe(old, filter);
            }),
            filters.size());
  EXPECT_LE(steps([&] { table.rebind(*old, fresh); }), filters.size());
  EXPECT_LE(steps([&] { table.unsubscribe(*fresh, filters[1]); }), 1U);
  EXPECT_LE(steps([&] { table.remove(*fresh); }), filters.size() - 1);
}

}  // namespace
}  // namespace gridloom::hub
