#include "bridges/modbus/frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "testing/dice.h"

namespace gridloom::bridges {
namespace {

using namespace std::string_view_literals;
using testing::HasSubstr;

const ModbusRequest kRead{.transaction = 0x1234, .unit = 1, .first = 0x9e4b, .count = 2};
const ModbusRequest kWrite{
    .transaction = 7, .unit = 3, .first = 0x9e7b, .written = {0xffff, 0xf830}};

TEST(ModbusFrames, RequestsHaveTheBytesOfTheProtocol) {
  EXPECT_EQ(bytes_of(kRead), "\x12\x34\0\0\0\x06\x01\x03\x9e\x4b\0\x02"sv);
  EXPECT_EQ(bytes_of({.transaction = 2, .unit = 1, .first = 0x9ea0, .written = {1}}),
            "\0\x02\0\0\0\x06\x01\x06\x9e\xa0\0\x01"sv);
  EXPECT_EQ(bytes_of(kWrite), "\0\x07\0\0\0\x0b\x03\x10\x9e\x7b\0\x02\x04\xff\xff\xf8\x30"sv);
}

TEST(ModbusFrames, AnAnswerHasTheRegisters) {
  constexpr auto kAnswer = "\x12\x34\0\0\0\x07\x01\x03\x04\x12\x34\xab\xcd"sv;
  const auto size = size_of_answer(kAnswer.substr(0, kModbusHead));
  ASSERT_TRUE(size);
  EXPECT_EQ(*size, kAnswer.size());
  const auto words = words_in(kAnswer, kRead);
  ASSERT_TRUE(words) << words.error().detail;
  EXPECT_EQ(*words, (std::vector<std::uint16_t>{0x1234, 0xabcd}));
  EXPECT_TRUE(words_in("\0\x07\0\0\0\x06\x03\x10\x9e\x7b\0\x02"sv, kWrite));
}

TEST(ModbusFrames, ARefusalIsNoLossOfTheConnection) {
  const auto words = words_in("\x12\x34\0\0\0\x03\x01\x83\x02"sv, kRead);
  ASSERT_FALSE(words);
  EXPECT_EQ(words.error().code, ErrorCode::kInvalidValue);
  EXPECT_THAT(words.error().detail, HasSubstr("register 40523"));
  EXPECT_THAT(words.error().detail, HasSubstr("there is no such register"));
}

TEST(ModbusFrames, WhatIsNoAnswerIsMalformed) {
  for (const std::string_view answer : {
           "\x12\x35\0\0\0\x07\x01\x03\x04\x12\x34\xab\xcd"sv,  // another transaction
           "\x12\x34\0\0\0\x05\x01\x03\x02\x12\x34"sv,          // fewer registers
           "\x12\x34\0\0\0\x07\x01\x03\x05\x12\x34\xab\xcd"sv,  // another number of bytes
           "\x12\x34\0\0\0\x07\x01\x04\x04\x12\x34\xab\xcd"sv,  // another function
           "\x12\x34\0\0\0\x02\x01\x03"sv,
           ""sv,
       }) {
    const auto words = words_in(answer, kRead);
    ASSERT_FALSE(words);
    EXPECT_EQ(words.error().code, ErrorCode::kMalformed);
  }
  EXPECT_FALSE(words_in("\0\x07\0\0\0\x06\x03\x10\x9e\x7c\0\x02"sv, kWrite));
}

TEST(ModbusFrames, AHeadThatIsNoModbusIsRefused) {
  for (const std::string_view head : {"HTTP/1"sv, "\0\x01\0\0\0\x01"sv, "\0\x01\0\0\x01\0"sv,
                                      "\0\x01\0\x01\0\x06"sv, "\0\x01"sv}) {
    EXPECT_FALSE(size_of_answer(head));
  }
}

TEST(ModbusFrames, NoBytesOfAnAnswerBreakTheReader) {
  Dice dice(11);
  for (int round = 0; round < 50'000; ++round) {
    std::string answer("\x12\x34");
    const std::size_t size = dice.below(24);
    for (std::size_t k = 0; k < size; ++k) answer += static_cast<char>(dice.below(256));
    if (const auto words = words_in(answer, kRead)) EXPECT_EQ(words->size(), kRead.count);
    static_cast<void>(size_of_answer(answer));
  }
}

}  // namespace
}  // namespace gridloom::bridges
