// The contract of SessionStore (mqtt/session_store.h), which every kind of store must fulfil.
#include "mqtt/session_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mqtt/store_conformance/test_stored.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"
#include "wire/mqtt/message.h"

namespace gridloom::mqtt {
namespace {

using wire::mqtt::Qos;

using Lines = std::vector<std::string>;
bool has(const Lines& lines, std::string_view line) {
  return std::ranges::find(lines, line) != lines.end();
}

std::string text_of(const std::optional<TimePoint>& time) {
  return time ? fmt::format("{}", unix_ms(*time)) : "-";
}
std::string text_of(const wire::mqtt::Message& message) {
  return fmt::format("{} {} until {}", std::string_view(message.topic),
                     std::string_view(message.payload), text_of(message.expires_at));
}

// Everything that was loaded, a line each, in order.
Lines describe(const SessionStore::Loaded& loaded) {
  Lines lines;
  for (const StoredSession& session : loaded.sessions) {
    lines.push_back(fmt::format("session {} {}/{} as {}.{} expires {} parked {}", session.number,
                                session.user, session.client_id, session.signed_in_as,
                                session.generation, session.expiry_s, text_of(session.parked_at)));
    for (const hub::Subscription& subscription : session.subscriptions) {
      lines.push_back(fmt::format("  filter {} qos {} id {}{}{}", subscription.filter,
                                  static_cast<int>(subscription.qos), subscription.id,
                                  subscription.no_local ? " no-local" : "",
                                  subscription.retain_as_published ? " as-published" : ""));
    }
    if (session.will) {
      lines.push_back(
          fmt::format("  will {} qos {}{} expires {} due {}", text_of(session.will->message),
                      static_cast<int>(session.will->qos), session.will->retain ? " retain" : "",
                      session.will->expiry_s.value_or(0), text_of(session.will_due)));
    }
    for (const auto& [stage, packet_id, entry] : session.messages) {
      lines.push_back(fmt::format(
          "  message {} stage {} id {} qos {}{} subscriptions {} {}{}", entry.number,
          static_cast<int>(stage), packet_id, static_cast<int>(entry.qos),
          entry.retain ? " retain" : "", fmt::join(entry.subscription_ids, ","),
          entry.message ? text_of(*entry.message) : "", entry.maybe_sent ? " maybe-sent" : ""));
    }
  }
  for (const StoredStream& stream : loaded.streams) {
    lines.push_back(fmt::format("stream {} {}/{} receipts {} owed {}", stream.number, stream.user,
                                stream.client_id, stream.receipts.size(),
                                fmt::join(stream.receipts.owed(), ",")));
  }
  Lines retained;
  for (const hub::RetainedChange& change : loaded.retained) {
    retained.push_back(fmt::format("retained {} {} qos {} device {}", change.topic,
                                   text_of(*change.message), static_cast<int>(change.qos),
                                   change.device));
  }
  std::ranges::sort(retained);
  std::ranges::move(retained, std::back_inserter(lines));
  return lines;
}

std::string packet_of(std::string_view topic, std::string_view payload) {
  return wire::mqtt::packet_of({.topic = topic, .payload = payload}, {.qos = Qos::kAtLeastOnce});
}
template <typename... Changes>
std::string bytes_of(const Changes&... changes) {
  std::string bytes;
  (hub::append_change(bytes, changes), ...);
  return bytes;
}
StoredSession session_of(std::int64_t number) {
  return {.number = number,
          .user = "anna",
          .signed_in_as = 4,
          .generation = 2,
          .client_id = fmt::format("c{}", number),
          .expiry_s = 600,
          .parked_at = TimePoint(Millis(5000)),
          .subscriptions = {{.filter = "t/#", .qos = Qos::kAtLeastOnce, .id = 7}}};
}

// Sessions 1 and 2, of which the second has the messages 11 and 12; stream 21, of which packet 5 is
// owed; a retained message.
std::string first_changes() {
  const std::string packet = packet_of("t/a", "first");
  return change_of(session_of(1)) + change_of(session_of(2)) +
         bytes_of(
             hub::MessageKept{.session = 2,
                              .message = 11,
                              .flags = {.qos = Qos::kAtLeastOnce, .subscription_ids = {7}},
                              .packet = packet},
             hub::MessageKept{.session = 2,
                              .message = 12,
                              .expires_at_ms = 9000,
                              .flags = {.qos = Qos::kExactlyOnce, .retain = true}},
             hub::StreamBegun{.stream = 21, .user = "anna", .client_id = "c1"},
             hub::PublicationTaken{.stream = 21,
                                   .receipt = {.packet_id = 5, .exactly_once = true, .digest = 77}},
             hub::RetainedKept{.topic = "t/r", .device = 3, .packet = packet_of("t/r", "r")});
}
const Lines kFirst = {
    "session 1 anna/c1 as 4.2 expires 600 parked 5000",
    "  filter t/# qos 1 id 7",
    "session 2 anna/c2 as 4.2 expires 600 parked 5000",
    "  filter t/# qos 1 id 7",
    "  message 11 stage 0 id 0 qos 1 subscriptions 7 t/a first until -",
    "  message 12 stage 0 id 0 qos 2 retain subscriptions  t/a first until 9000",
    "stream 21 anna/c1 receipts 1 owed 5",
    "retained t/r t/r r until - qos 1 device 3",
};

class SessionStoreTest : public testing::TestWithParam<StoredKind> {
 protected:
  void SetUp() override {
    if (!GetParam().missing().empty()) GTEST_SKIP() << GetParam().missing();
  }
  static journal::Positions at(std::uint64_t record) {
    return journal::Positions::everywhere(record);
  }
  static Lines loaded(Stored& stored) { return describe(must(stored.open()->load())); }
  // A store that has the first changes.
  static std::unique_ptr<Stored> with_first_changes() {
    auto stored = GetParam().make();
    const auto store = stored->open();
    static_cast<void>(must(store->load()));
    store->take(1, first_changes());
    return stored;
  }
};

INSTANTIATE_TEST_SUITE_P(Stores, SessionStoreTest, testing::ValuesIn(stored_kinds()),
                         [](const auto& kind) { return std::string(kind.param.name); });

TEST_P(SessionStoreTest, AFirstStartFindsNothing) {
  const auto stored = GetParam().make();
  const auto store = stored->open();
  EXPECT_EQ(store->loss(false), "");
  EXPECT_EQ(store->applied(), at(0));
  EXPECT_EQ(describe(must(store->load())), Lines{});
  EXPECT_GT(store->keeper().new_number(), 0);
}

TEST_P(SessionStoreTest, ARestartFindsWhatWasTaken) {
  const auto stored = with_first_changes();
  const auto store = stored->open();
  EXPECT_EQ(store->loss(true), "");
  EXPECT_EQ(store->applied(), at(1));
  EXPECT_EQ(describe(must(store->load())), kFirst);
}

struct Change {
  std::string_view what;
  std::string bytes;
  Lines gone;  // lines of kFirst
  Lines added;
};

const std::string kFilter = "  filter t/# qos 1 id 7";
const std::string kMessage11 = "  message 11 stage 0 id 0 qos 1 subscriptions 7 t/a first until -";
const std::string kMessage12 =
    "  message 12 stage 0 id 0 qos 2 retain subscriptions  t/a first until 9000";
const std::string kStream = "stream 21 anna/c1 receipts 1 owed 5";
const std::string kRetained = "retained t/r t/r r until - qos 1 device 3";

std::vector<Change> session_changes() {
  StoredSession with_will = session_of(1);
  with_will.parked_at.reset();
  with_will.subscriptions = {
      {.filter = "u/+", .qos = Qos::kAtMostOnce, .no_local = true, .retain_as_published = true}};
  with_will.will = {.message = {.topic = "t/w", .payload = "gone"},
                    .qos = Qos::kExactlyOnce,
                    .retain = true,
                    .expiry_s = 30};
  with_will.will_due = TimePoint(Millis(8000));
  return {
      {"nothing", "", {}, {}},
      {"a session begins",
       change_of(session_of(3)),
       {},
       {"session 3 anna/c3 as 4.2 expires 600 parked 5000", kFilter}},
      {"a session changes",
       change_of(with_will),
       {"session 1 anna/c1 as 4.2 expires 600 parked 5000", kFilter},
       {"session 1 anna/c1 as 4.2 expires 600 parked -",
        "  filter u/+ qos 0 id 0 no-local as-published",
        "  will t/w gone until - qos 2 retain expires 30 due 8000"}},
      {"a session ends with its messages",
       bytes_of(hub::SessionEnded{2}),
       {"session 2 anna/c2 as 4.2 expires 600 parked 5000", kFilter, kMessage11, kMessage12},
       {}},
  };
}

std::vector<Change> message_changes() {
  const std::string packet = packet_of("t/b", "third");
  return {
      {"a message is queued",
       bytes_of(hub::MessageKept{
           .session = 1, .message = 13, .flags = {.qos = Qos::kAtLeastOnce}, .packet = packet}),
       {},
       {"  message 13 stage 0 id 0 qos 1 subscriptions  t/b third until -"}},
      {"a message is queued for no session",
       bytes_of(hub::MessageKept{.session = 9, .message = 13, .packet = packet}),
       {},
       {}},
      {"a message is sent, and with it the one before it",
       bytes_of(hub::MessageNumbered{.session = 2, .message = 12, .packet_id = 1}),
       {kMessage11, kMessage12},
       {"  message 11 stage 1 id 11 qos 1 subscriptions 7 t/a first until -",
        "  message 12 stage 1 id 1 qos 2 retain subscriptions  t/a first until 9000"}},
      {"a message is received",
       bytes_of(hub::MessageDone{.session = 2, .message = 11},
                hub::MessageReleased{.session = 2, .message = 12, .packet_id = 4}),
       {kMessage11, kMessage12},
       {"  message 12 stage 2 id 4 qos 2 subscriptions  "}},
      {"a message is done",
       bytes_of(hub::MessageDone{.session = 2, .message = 12}),
       {kMessage12},
       {}},
      {"a message is queued and done",
       bytes_of(hub::MessageKept{.session = 1, .message = 13, .packet = packet},
                hub::MessageDone{.session = 1, .message = 13}),
       {},
       {}},
  };
}

std::vector<Change> other_changes() {
  return {
      {"a stream begins",
       bytes_of(hub::StreamBegun{.stream = 22, .user = "bert", .client_id = "b"}),
       {},
       {"stream 22 bert/b receipts 0 owed "}},
      {"a publication is taken",
       bytes_of(hub::PublicationTaken{.stream = 21, .receipt = {.packet_id = 6, .digest = 78}}),
       {kStream},
       {"stream 21 anna/c1 receipts 2 owed 5"}},
      {"a publication is released",
       bytes_of(hub::PublicationReleased{.stream = 21, .packet_id = 5}),
       {kStream},
       {"stream 21 anna/c1 receipts 0 owed "}},
      {"a stream is cleared",
       bytes_of(hub::StreamCleared{21}),
       {kStream},
       {"stream 21 anna/c1 receipts 1 owed "}},
      {"a stream ends", bytes_of(hub::StreamEnded{21}), {kStream}, {}},
      {"a retained message is replaced",
       bytes_of(hub::RetainedKept{
           .topic = "t/r", .expires_at_ms = 7000, .packet = packet_of("t/r", "other")}),
       {kRetained},
       {"retained t/r t/r other until 7000 qos 1 device 0"}},
      {"a retained message is cleared",
       bytes_of(hub::RetainedKept{.topic = "t/r"}),
       {kRetained},
       {}},
  };
}

std::vector<Change> changes() {
  std::vector<Change> all = session_changes();
  std::ranges::move(message_changes(), std::back_inserter(all));
  std::ranges::move(other_changes(), std::back_inserter(all));
  return all;
}

Lines without_one_of_each(Lines lines, const Lines& gone) {
  for (const std::string& line : gone) {
    const auto at = std::ranges::find(lines, line);
    EXPECT_NE(at, lines.end()) << line;
    if (at != lines.end()) lines.erase(at);
  }
  return lines;
}

TEST_P(SessionStoreTest, EachChangeIsStoredWhetherItIsTakenOrPut) {
  for (const Change& change : changes()) {
    Lines wanted = without_one_of_each(kFirst, change.gone);
    std::ranges::copy(change.added, std::back_inserter(wanted));
    std::ranges::sort(wanted);
    for (const bool is_logged : {true, false}) {
      SCOPED_TRACE(fmt::format("{}, {}", change.what, is_logged ? "taken" : "put"));
      const auto stored = with_first_changes();
      {
        const auto store = stored->open();
        static_cast<void>(must(store->load()));
        if (is_logged) {
          store->take(2, change.bytes);
        } else {
          store->put(change.bytes);
        }
        store->flush();
        Lines killed = loaded(*stored->copy());
        std::ranges::sort(killed);
        EXPECT_EQ(killed, wanted) << "after a kill";
      }
      Lines restarted = loaded(*stored);
      std::ranges::sort(restarted);
      EXPECT_EQ(restarted, wanted) << "after a restart";
    }
  }
}

TEST_P(SessionStoreTest, ChangesOfTheLogThatComeBeforeTheLoadAreLoaded) {
  const auto stored = with_first_changes();
  const auto store = stored->open();
  store->take(5, bytes_of(hub::SessionEnded{2}));
  store->take(6, change_of(session_of(3)));
  const Lines lines = describe(must(store->load()));
  EXPECT_FALSE(has(lines, "session 2 anna/c2 as 4.2 expires 600 parked 5000"));
  EXPECT_TRUE(has(lines, "session 3 anna/c3 as 4.2 expires 600 parked 5000"));
  store->flush();
  EXPECT_EQ(store->applied(), at(6));
}

TEST_P(SessionStoreTest, RecordsOverManyStartsGiveTheSameAsInOne) {
  const std::vector<std::string> records = {
      first_changes(),
      bytes_of(hub::MessageNumbered{.session = 2, .message = 11, .packet_id = 1}) +
          change_of(session_of(3)),
      bytes_of(hub::MessageDone{.session = 2, .message = 11}, hub::SessionEnded{3},
               hub::PublicationTaken{.stream = 21, .receipt = {.packet_id = 6, .digest = 78}}),
      bytes_of(hub::MessageReleased{.session = 2, .message = 12, .packet_id = 4},
               hub::StreamCleared{21}),
  };
  const auto in_one = GetParam().make();
  const auto in_many = GetParam().make();
  {
    const auto store = in_one->open();
    static_cast<void>(must(store->load()));
    for (std::size_t i = 0; i < records.size(); ++i) store->take(i + 1, records[i]);
  }
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto store = in_many->open();
    EXPECT_EQ(store->applied(), at(i));
    static_cast<void>(must(store->load()));
    store->take(i + 1, records[i]);
  }
  const Lines lines = loaded(*in_one);
  EXPECT_EQ(loaded(*in_many), lines);
  EXPECT_TRUE(has(lines, "  message 12 stage 2 id 4 qos 2 subscriptions  "));
}

TEST_P(SessionStoreTest, AppliedIsTheLastRecordThatIsStored) {
  const auto stored = GetParam().make();
  std::mutex mutex;
  std::vector<journal::Positions> told;
  const auto store = stored->open();
  store->on_applied([&](const journal::Positions& applied) {
    const std::lock_guard lock(mutex);
    told.push_back(applied);
  });
  static_cast<void>(must(store->load()));
  for (const std::uint64_t record : {3U, 8U}) {
    store->take(record, change_of(session_of(static_cast<std::int64_t>(record))));
    store->flush();
    EXPECT_EQ(store->applied(), at(record));
    EXPECT_EQ(stored->copy()->open()->applied(), at(record));
  }
  store->put(change_of(session_of(9)));
  store->flush();
  EXPECT_EQ(store->applied(), at(8)) << "no record was taken";
  const std::lock_guard lock(mutex);
  EXPECT_EQ(told, (std::vector{at(3), at(8)}));
}

TEST_P(SessionStoreTest, TheKeepersChangesAreStoredAndItsNumbersAreNew) {
  const auto stored = with_first_changes();
  std::int64_t last = 0;
  {
    const auto store = stored->open();
    static_cast<void>(must(store->load()));
    const hub::SessionKeeper keeper = store->keeper();
    last = keeper.new_number();
    EXPECT_GT(last, 21) << "above all numbers of sessions, messages and streams";
    EXPECT_EQ(keeper.new_number(), last + 1);
    keeper.take(change_of(session_of(++last)));
  }
  const auto store = stored->open();
  EXPECT_TRUE(has(describe(must(store->load())),
                  fmt::format("session {0} anna/c{0} as 4.2 expires 600 parked 5000", last)));
  EXPECT_GT(store->keeper().new_number(), last);
}

TEST_P(SessionStoreTest, WhatIsBehindBytesThatAreNoChangeIsLeftOut) {
  const auto stored = with_first_changes();
  {
    const auto store = stored->open();
    static_cast<void>(must(store->load()));
    store->take(2, bytes_of(hub::SessionEnded{1}) + "\xFF\xFF\xFF");
    store->take(3, bytes_of(hub::RetainedKept{.topic = "t/r"}));
  }
  EXPECT_EQ(loaded(*stored),
            without_one_of_each(
                kFirst, {"session 1 anna/c1 as 4.2 expires 600 parked 5000",
                         "  filter t/# qos 1 id 7", "retained t/r t/r r until - qos 1 device 3"}));
}

TEST_P(SessionStoreTest, AMessageOfAConnectedSessionMayHaveBeenSent) {
  const auto stored = with_first_changes();
  StoredSession connected = session_of(2);
  connected.parked_at.reset();
  {
    const auto store = stored->open();
    static_cast<void>(must(store->load()));
    store->take(2, change_of(connected));
  }
  const Lines lines = loaded(*stored);
  EXPECT_TRUE(
      has(lines, "  message 11 stage 0 id 0 qos 1 subscriptions 7 t/a first until - maybe-sent"));
  EXPECT_TRUE(
      has(lines, "  message 12 stage 0 id 0 qos 2 retain subscriptions  t/a first until 9000"));
}

}  // namespace
}  // namespace gridloom::mqtt
