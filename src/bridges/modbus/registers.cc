#include "bridges/modbus/registers.h"

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
