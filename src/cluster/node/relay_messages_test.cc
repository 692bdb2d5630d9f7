#include "node/relay_messages.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "testing/dice.h"
#include "testing/must.h"

namespace gridloom::node {
namespace {

using Kind = RelayEnd::Kind;

// A message of each kind, with every member set.
std::vector<RelayMessage> each() {
  return {RelayOpen{.connection = 1'000'000, .peer = "192.0.2.1", .secure = true},
          RelayBytes{.connection = 2, .data = {"\0\xff", 2}},
          RelayTaken{.connection = 3, .bytes = 70'000}, RelayAccount{.connection = 4, .account = 5},
          RelayEnd{.connection = 6, .kind = Kind::kServerStops}};
}

// `text` is what bytes of it refer to.
RelayMessage any(Dice& dice, std::string& text) {
  const auto connection = static_cast<ConnectionNumber>(dice.any_integer());
  text.resize(dice.below(300));
  for (char& one : text) one = static_cast<char>(dice.below(256));
  switch (dice.below(5)) {
    case 0:
      return RelayOpen{.connection = connection, .peer = text, .secure = dice.once_in(2)};
    case 1:
      return RelayBytes{.connection = connection, .data = text};
    case 2:
      return RelayTaken{.connection = connection,
                        .bytes = static_cast<std::uint64_t>(dice.any_integer())};
    case 3:
      return RelayAccount{.connection = connection, .account = dice.any_integer()};
    default:
      return RelayEnd{.connection = connection, .kind = static_cast<Kind>(dice.below(3))};
  }
}

TEST(RelayMessages, AnyMessageIsReadAsItWasWritten) {
  for (const RelayMessage& message : each()) {
    const std::string bytes = bytes_of(message);
    EXPECT_EQ(must(relay_message_in(bytes)), message);
    EXPECT_EQ(head_of(message) + std::string(data_of(message)), bytes);
  }
  Dice dice(1);
  std::string text;
  for (int i = 0; i < 10'000; ++i) {
    const RelayMessage message = any(dice, text);
    const std::string bytes = bytes_of(message);
    ASSERT_EQ(must(relay_message_in(bytes)), message) << i;
  }
}

// docs/internals/formats.md has these.
TEST(RelayMessages, HaveTheBytesOfTheFormat) {
  const std::vector<std::string> bytes = {
      std::string("\x01\x00\xc0\x84\x3d\x09", 6) + "192.0.2.1\x01",
      std::string("\x01\x01\x02\x00\xff", 5),
      std::string("\x01\x02\x03\xf0\xa2\x04", 6),
      std::string("\x01\x03\x04\x0a", 4),
      std::string("\x01\x04\x06\x02", 4),
  };
  for (std::size_t i = 0; i < bytes.size(); ++i) EXPECT_EQ(bytes_of(each()[i]), bytes[i]) << i;
}

// A RelayBytes ends where its bytes end.
TEST(RelayMessages, MessagesThatAreCutOrTooLongOrOfAnotherVersionAreRefused) {
  for (const RelayMessage& message : each()) {
    const std::string bytes = bytes_of(message);
    const bool has_end = !std::holds_alternative<RelayBytes>(message);
    for (std::size_t size = 0; size < (has_end ? bytes.size() : 3); ++size) {
      EXPECT_FALSE(relay_message_in(bytes.substr(0, size))) << message.index() << ' ' << size;
    }
    if (has_end) {
      EXPECT_FALSE(relay_message_in(bytes + '\0')) << message.index();
    }
    std::string other = bytes;
    other.front() = 2;
    EXPECT_FALSE(relay_message_in(other)) << message.index();
  }
}

TEST(RelayMessages, MembersThatAreOutOfRangeAreRefused) {
  EXPECT_FALSE(relay_message_in("\x01\x05\x01"));  // no kind has this number
  std::string end = bytes_of(each()[4]);
  end.back() = 3;
  EXPECT_FALSE(relay_message_in(end));
  std::string open = bytes_of(each()[0]);
  open.back() = 2;
  EXPECT_FALSE(relay_message_in(open));
}

}  // namespace
}  // namespace gridloom::node
