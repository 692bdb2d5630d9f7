#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/modbus/protocol.h"
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

using catalog::ModbusReading;
using catalog::RegisterType;
using catalog::WordOrder;
using Words = std::vector<std::uint16_t>;

constexpr RegisterType kAll[] = {RegisterType::kUint16, RegisterType::kInt16, RegisterType::kUint32,
                                 RegisterType::kInt32, RegisterType::kFloat32};

TEST(Registers, ValuesHaveTheBytesOfTheDevicesThatWereRead) {
  struct Row {
    RegisterType type;
    WordOrder order;
    Words words;
    double value;
  };
  for (const Row& row : {
           Row{RegisterType::kUint16, WordOrder::kHighFirst, {0xffff}, 65535},
           Row{RegisterType::kInt16, WordOrder::kHighFirst, {0xffff}, -1},
           // A capacity of 100 kWh, low half first.
           Row{RegisterType::kUint32, WordOrder::kLowFirst, {0x86a0, 0x0001}, 100'000},
           Row{RegisterType::kUint32, WordOrder::kHighFirst, {0x0001, 0x86a0}, 100'000},
           Row{RegisterType::kInt32, WordOrder::kHighFirst, {0xffff, 0xf830}, -2000},
           Row{RegisterType::kFloat32, WordOrder::kLowFirst, {0x0000, 0x3f80}, 1},
           Row{RegisterType::kFloat32, WordOrder::kLowFirst, {0x199a, 0x4366}, 230.1},
       }) {
    EXPECT_EQ(decoded(row.type, row.order, row.words), row.value);
    const auto words = encoded(row.type, row.order, row.value);
    ASSERT_TRUE(words) << words.error().detail;
    EXPECT_EQ(*words, row.words);
  }
}

TEST(Registers, WhatIsEncodedIsDecodedAsItWas) {
  Dice dice(7);
  for (int round = 0; round < 20'000; ++round) {
    for (const RegisterType type : kAll) {
      for (const WordOrder order : {WordOrder::kHighFirst, WordOrder::kLowFirst}) {
        Words words;
        for (std::size_t k = 0; k < catalog::registers_of(type); ++k) {
          words.push_back(static_cast<std::uint16_t>(dice.below(0x10000)));
        }
        const double value = decoded(type, order, words);
        if (!std::isfinite(value)) continue;
        const auto again = encoded(type, order, value);
        ASSERT_TRUE(again) << again.error().detail;
        ASSERT_EQ(*again, words) << value;
      }
    }
  }
}

TEST(Registers, AValueThatDoesNotFitIsRefused) {
  struct Row {
    RegisterType type;
    double value;
    bool fits;
  };
  for (const Row& row : {
           Row{RegisterType::kUint16, 65535, true},
           Row{RegisterType::kUint16, 65535.6, false},
           Row{RegisterType::kUint16, -1, false},
           Row{RegisterType::kInt16, -32768, true},
           Row{RegisterType::kInt16, 32768, false},
           Row{RegisterType::kUint32, 4294967295.0, true},
           Row{RegisterType::kUint32, 4294967296.0, false},
           Row{RegisterType::kInt32, -2147483648.0, true},
           Row{RegisterType::kInt32, 2147483648.0, false},
           Row{RegisterType::kFloat32, 1e39, false},
           Row{RegisterType::kFloat32, std::numeric_limits<double>::quiet_NaN(), false},
       }) {
    const auto words = encoded(row.type, WordOrder::kHighFirst, row.value);
    EXPECT_EQ(words.has_value(), row.fits) << row.value;
    if (!words) EXPECT_EQ(words.error().code, ErrorCode::kBadParams);
  }
}

ModbusReading at(std::uint16_t address, RegisterType type = RegisterType::kUint16) {
  return {.field = {}, .from = {.address = address, .type = type}};
}

TEST(Registers, NeighboursAreReadTogether) {
  const std::vector<ModbusReading> readings = {at(300), at(100), at(101, RegisterType::kFloat32),
                                               at(103 + kMaxGap), at(104 + 2 * kMaxGap + 1)};
  const auto blocks = blocks_of(readings);
  ASSERT_EQ(blocks.size(), 3U);
  EXPECT_EQ(blocks[0].first, 100);
  EXPECT_EQ(blocks[0].count, 4 + kMaxGap);
  EXPECT_EQ(blocks[0].readings, (std::vector<std::size_t>{1, 2, 3}));
  EXPECT_EQ(blocks[1].readings, (std::vector<std::size_t>{4}));
  EXPECT_EQ(blocks[2].first, 300);
  EXPECT_EQ(blocks[2].count, 1);
}

TEST(Registers, NoBlockIsLongerThanTheProtocolAllows) {
  std::vector<ModbusReading> readings;
  for (std::uint16_t address = 0; address < 1000; address += 2) {
    readings.push_back(at(address, RegisterType::kFloat32));
  }
  std::size_t read = 0;
  for (const RegisterBlock& block : blocks_of(readings)) {
    EXPECT_LE(block.count, kMaxRegisters);
    for (const std::size_t k : block.readings) {
      EXPECT_GE(readings[k].from.address, block.first);
      EXPECT_LE(readings[k].from.address + 2, block.first + block.count);
    }
    read += block.readings.size();
  }
  EXPECT_EQ(read, readings.size());
  EXPECT_TRUE(blocks_of({}).empty());
}

TEST(Registers, TheLastRegisterThereIsCanBeRead) {
  const std::vector<ModbusReading> readings = {at(65535), at(65533, RegisterType::kUint32)};
  const auto blocks = blocks_of(readings);
  ASSERT_EQ(blocks.size(), 1U);
  EXPECT_EQ(blocks[0].first, 65533);
  EXPECT_EQ(blocks[0].count, 3);
}

}  // namespace

}  // namespace gridloom::bridges
