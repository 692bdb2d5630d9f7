#include "mqtt/pending_rows.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "hub/clients/session_changes.h"
#include "mqtt/test_session_changes.h"

namespace gridloom::mqtt {
namespace {

void apply_record(PendingRows& rows, std::string_view record) {
  EXPECT_TRUE(hub::each_change(
      record, [&rows](const hub::SessionChange& change) { EXPECT_TRUE(rows.apply(change)); }));
  rows.end_record();
}

std::string text_of(const PendingRows& rows) {
  std::string text;
  auto out = std::back_inserter(text);
  for (const std::int64_t session : rows.ended()) fmt::format_to(out, "ended {}\n", session);
  for (const auto& [number, session] : rows.sessions()) {
    fmt::format_to(out, "session {} {}\n", number, session.client_id);
  }
  for (const auto& [key, message] : rows.messages()) {
    fmt::format_to(out, "message {} {} {}{} stage {} id {} {}\n", key.first, key.second,
                   message.is_new ? "new" : "", message.done ? "done" : "",
                   static_cast<int>(message.stage), message.packet_id,
                   message.packet ? *message.packet : "");
  }
  for (const auto& [topic, row] : rows.retained()) {
    fmt::format_to(out, "retained {} {}\n", topic, row.packet);
  }
  fmt::format_to(out, "{} bytes, up to {}", rows.bytes(), rows.highest_number());
  return text;
}

TEST(PendingRows, AreTheSameHoweverManyBatchesTheyComeIn) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
    RandomChanges changes(seed);
    PendingRows in_one;
    std::vector<PendingRows> batches;
    for (int i = 0; i < 200; ++i) {
      const std::string record = changes.record();
      // A batch that begins while the one before it is written.
      if (i % 7 == 0) batches.emplace_back(in_one.highest_number());
      apply_record(in_one, record);
      apply_record(batches.back(), record);
    }
    PendingRows merged;
    for (PendingRows& batch : batches) merged.append(std::move(batch));
    EXPECT_EQ(text_of(merged), text_of(in_one)) << "seed " << seed;
  }
}

// One session with a message that waits; others come, get a message, and go.
std::string session_that_comes_and_goes(std::int64_t number) {
  std::string bytes = change_of({.number = number, .user = "anna", .client_id = "c"});
  hub::append_change(
      bytes, hub::MessageKept{
                 .session = number, .message = number + 1, .packet = "any bytes will do here"});
  hub::append_change(bytes, hub::MessageNumbered{.session = number, .message = number + 1});
  hub::append_change(bytes, hub::MessageDone{.session = number, .message = number + 1});
  hub::append_change(bytes, hub::SessionEnded{number});
  return bytes;
}

TEST(PendingRows, AreNoMoreThanTheRowsThatLiveHoweverLongTheStoreIsAway) {
  PendingRows rows(10);
  std::string first = change_of({.number = 11, .user = "anna", .client_id = "kept"});
  hub::append_change(first, hub::MessageKept{.session = 11, .message = 12, .packet = "waits"});
  apply_record(rows, first);
  const std::size_t bytes = rows.bytes();
  for (std::int64_t attempt = 0; attempt < 1000; ++attempt) {
    PendingRows later(rows.highest_number());
    apply_record(later, session_that_comes_and_goes(100 + attempt * 2));
    EXPECT_EQ(later.size(), 0);
    rows.append(std::move(later));
  }
  EXPECT_EQ(rows.size(), 2) << text_of(rows);
  EXPECT_EQ(rows.bytes(), bytes);
  EXPECT_EQ(rows.highest_number(), 2099);
}

TEST(PendingRows, ThatMayBeStoredAreDeletedThereToo) {
  const auto after = [](bool is_maybe_stored) {
    PendingRows rows(10);
    std::string begun = change_of({.number = 11, .user = "anna", .client_id = "c"});
    hub::append_change(begun, hub::MessageKept{.session = 11, .message = 12, .packet = "x"});
    begun += change_of({.number = 13, .user = "anna", .client_id = "d"});
    apply_record(rows, begun);
    if (is_maybe_stored) rows.set_maybe_stored();
    std::string ended;
    hub::append_change(ended, hub::MessageDone{.session = 11, .message = 12});
    hub::append_change(ended, hub::SessionEnded{13});
    apply_record(rows, ended);
    return text_of(rows);
  };
  EXPECT_EQ(after(false), "session 11 c\n0 bytes, up to 13");
  EXPECT_EQ(after(true),
            "ended 13\nsession 11 c\nmessage 11 12 done stage 0 id 0 \n0 bytes, up to 13");
}

}  // namespace
}  // namespace gridloom::mqtt
