#include "bridges/modbus/protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <ranges>
#include <string>

namespace gridloom::bridges {
namespace {

constexpr std::uint8_t kRead = 3;
constexpr std::uint8_t kWriteOne = 6;
constexpr std::uint8_t kWriteSeveral = 16;
constexpr std::uint8_t kException = 0x80;
constexpr std::size_t kLeastLength = 2;  // of what the head counts: unit and function
constexpr std::size_t kMostLength = 254;
constexpr std::size_t kBody = kModbusHead + 2;  // behind unit and function

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes[at]);
}

std::uint16_t word_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>((byte_at(bytes, at) << 8U) | byte_at(bytes, at + 1));
}

void put_byte(std::string& to, std::size_t byte) {
  to += static_cast<char>(static_cast<std::uint8_t>(byte));
}

void put_word(std::string& to, std::size_t word) {
  put_byte(to, word >> 8U);
  put_byte(to, word);
}

std::uint8_t function_of(const ModbusRequest& request) {
  if (request.written.empty()) return kRead;
  return request.written.size() == 1 ? kWriteOne : kWriteSeveral;
}

std::string_view exception_text(std::uint8_t code) {
  switch (code) {
    case 1:
      return "the function is not known";
    case 2:
      return "there is no such register";
    case 3:
      return "the value is not valid";
    case 4:
      return "the device failed";
    case 6:
      return "the device is busy";
    default:
      return "another reason";
  }
}

std::unexpected<Error> malformed(std::string_view why) {
  return fail(ErrorCode::kMalformed, fmt::format("not Modbus: {}", why));
}

}  // namespace

std::string bytes_of(const ModbusRequest& request) {
  std::string body;
  put_byte(body, request.unit);
  const std::uint8_t function = function_of(request);
  put_byte(body, function);
  put_word(body, request.first);
  if (function == kRead) put_word(body, request.count);
  if (function == kWriteSeveral) {
    put_word(body, request.written.size());
    put_byte(body, request.written.size() * 2);
  }
  for (const std::uint16_t word : request.written) put_word(body, word);
  std::string bytes;
  put_word(bytes, request.transaction);
  put_word(bytes, 0);
  put_word(bytes, body.size());
  return bytes + body;
}

Result<std::size_t> size_of_answer(std::string_view head) {
  if (head.size() < kModbusHead) return malformed("the head is short");
  const std::size_t length = word_at(head, 4);
  if (word_at(head, 2) != 0) return malformed("the protocol's number is not 0");
  if (length < kLeastLength || length > kMostLength) return malformed("the length is not valid");
  return kModbusHead + length;
}

Result<std::vector<std::uint16_t>> words_in(std::string_view answer, const ModbusRequest& request) {
  if (answer.size() < kBody) return malformed("the answer is short");
  if (word_at(answer, 0) != request.transaction) return malformed("it answers another request");
  const std::uint8_t function = function_of(request);
  const std::uint8_t answered = byte_at(answer, kModbusHead + 1);
  if (answered == (function | kException)) {
    const std::uint8_t code = answer.size() > kBody ? byte_at(answer, kBody) : 0;
    return fail(ErrorCode::kInvalidValue, fmt::format("register {} is refused: {} (code {})",
                                                      request.first, exception_text(code), code));
  }
  if (answered != function) return malformed("it answers another function");
  const std::string_view body = answer.substr(kBody);
  if (function != kRead) {
    const bool is_same = body.size() == 4 && word_at(body, 0) == request.first &&
                         (function == kWriteOne || word_at(body, 2) == request.written.size());
    if (!is_same) return malformed("it answers another write");
    return std::vector<std::uint16_t>();
  }
  const std::size_t bytes = std::size_t{request.count} * 2;
  if (body.size() != bytes + 1 || byte_at(body, 0) != bytes) {
    return malformed("the answer has another number of registers");
  }
  std::vector<std::uint16_t> words;
  words.reserve(request.count);
  for (std::size_t at = 1; at < body.size(); at += 2) words.push_back(word_at(body, at));
  return words;
}

namespace {

using catalog::ModbusReading;
using catalog::RegisterType;
using catalog::WordOrder;

constexpr unsigned kWordBits = 16;
constexpr std::uint32_t kWord = 0xffff;

struct Limits {
  double least = 0;
  double most = 0;
};

Limits limits_of(RegisterType type) {
  switch (type) {
    case RegisterType::kUint16:
      return {.least = 0, .most = std::numeric_limits<std::uint16_t>::max()};
    case RegisterType::kInt16:
      return {.least = std::numeric_limits<std::int16_t>::min(),
              .most = std::numeric_limits<std::int16_t>::max()};
    case RegisterType::kUint32:
      return {.least = 0, .most = std::numeric_limits<std::uint32_t>::max()};
    case RegisterType::kInt32:
      return {.least = std::numeric_limits<std::int32_t>::min(),
              .most = std::numeric_limits<std::int32_t>::max()};
    case RegisterType::kFloat32:
      break;
  }
  constexpr double kMostFloat = 3.4028235e38;  // its shortest text, a little more than itself
  return {.least = -kMostFloat, .most = kMostFloat};
}

double shortest(float value) {
  if (!std::isfinite(value)) return value;
  const std::string text = fmt::format("{}", value);
  double number = value;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::size_t end_of(const ModbusReading& reading) {
  return reading.from.address + catalog::registers_of(reading.from.type);
}

}  // namespace

double decoded(RegisterType type, WordOrder order, std::span<const std::uint16_t> words) {
  if (catalog::registers_of(type) == 1) {
    return type == RegisterType::kInt16 ? static_cast<double>(static_cast<std::int16_t>(words[0]))
                                        : static_cast<double>(words[0]);
  }
  const bool low_first = order == WordOrder::kLowFirst;
  const std::uint32_t bits = (static_cast<std::uint32_t>(words[low_first ? 1 : 0]) << kWordBits) |
                             words[low_first ? 0 : 1];
  if (type == RegisterType::kFloat32) return shortest(std::bit_cast<float>(bits));
  return type == RegisterType::kInt32 ? static_cast<double>(static_cast<std::int32_t>(bits))
                                      : static_cast<double>(bits);
}

Result<std::vector<std::uint16_t>> encoded(RegisterType type, WordOrder order, double value) {
  const bool is_float = type == RegisterType::kFloat32;
  const double number = is_float ? value : std::round(value);
  const auto [least, most] = limits_of(type);
  if (std::isnan(number) || number < least || number > most) {
    return fail(ErrorCode::kBadParams, fmt::format("{} must be {} to {} in a register of type {}",
                                                   value, least, most, catalog::name_of(type)));
  }
  const std::uint32_t bits =
      is_float ? std::bit_cast<std::uint32_t>(static_cast<float>(number))
               : static_cast<std::uint32_t>(static_cast<std::int64_t>(number) & 0xffffffff);
  const auto low = static_cast<std::uint16_t>(bits & kWord);
  if (catalog::registers_of(type) == 1) return std::vector<std::uint16_t>{low};
  const auto high = static_cast<std::uint16_t>(bits >> kWordBits);
  if (order == WordOrder::kLowFirst) return std::vector<std::uint16_t>{low, high};
  return std::vector<std::uint16_t>{high, low};
}

std::vector<RegisterBlock> blocks_of(std::span<const ModbusReading> readings) {
  std::vector<std::size_t> order(readings.size());
  std::ranges::copy(std::views::iota(std::size_t{0}, readings.size()), order.begin());
  std::ranges::sort(order, {}, [&](std::size_t k) { return readings[k].from.address; });
  std::vector<RegisterBlock> blocks;
  std::size_t end = 0;  // of the last block
  for (const std::size_t k : order) {
    const std::size_t first = readings[k].from.address;
    const bool is_near = !blocks.empty() && first <= end + kMaxGap &&
                         end_of(readings[k]) - blocks.back().first <= kMaxRegisters;
    if (!is_near) {
      blocks.push_back({.first = readings[k].from.address});
      end = first;
    }
    end = std::max(end, end_of(readings[k]));
    blocks.back().count = static_cast<std::uint16_t>(end - blocks.back().first);
    blocks.back().readings.push_back(k);
  }
  return blocks;
}

}  // namespace gridloom::bridges
