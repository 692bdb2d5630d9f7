// Seeded values for property tests: numbers of every size, and every other kind of JSON text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/chance.h"
#include "base/value.h"

namespace gridloom {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : chance_(seed) {}

  std::uint64_t bits() { return chance_.bits(index_++); }
  // least <= x <= most
  std::int64_t between(std::int64_t least, std::int64_t most) {
    const auto span = static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(least);
    const std::uint64_t offset = span == UINT64_MAX ? bits() : bits() % (span + 1);
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(least) + offset);
  }
  std::size_t below(std::size_t end) { return static_cast<std::size_t>(bits() % end); }
  bool once_in(std::size_t times) { return below(times) == 0; }
  template <typename T>
  const T& one_of(const std::vector<T>& all) {
    return all[below(all.size())];
  }

  // Any bit length is as likely as any other.
  std::int64_t any_integer() {
    const std::uint64_t all = bits();
    return static_cast<std::int64_t>(all >> below(64)) * (once_in(2) ? 1 : -1);
  }
  Decimal any_decimal() {
    if (once_in(16)) {
      const std::int64_t digits = once_in(2) ? std::numeric_limits<std::int64_t>::min()
                                             : std::numeric_limits<std::int64_t>::max();
      return {.digits = digits, .scale = static_cast<std::uint8_t>(below(19))};
    }
    return {.digits = any_integer(), .scale = static_cast<std::uint8_t>(below(19))};
  }

  // JSON as devices write it, including invalid JSON.
  std::string any_json() {
    static const std::vector<std::string> others = {"true",
                                                    "false",
                                                    "null",
                                                    "\"\"",
                                                    "",
                                                    "NaN",
                                                    "1e300",
                                                    "-0",
                                                    "01",
                                                    "\"NaN\"",
                                                    R"("grün \u00e4 \" 電池")",
                                                    "\"🔋\"",
                                                    "[]",
                                                    "{}",
                                                    R"([1,2,[3,{"a":null}]])",
                                                    R"({"a":{"b":[1.50,"x"]},"c":"d"})",
                                                    "123456789012345678901234567890",
                                                    "\"12\""};
    switch (below(4)) {
      case 0:
        return others[below(others.size())];
      case 1:
        return "\"" + std::string(below(40), static_cast<char>('a' + below(26))) + "\"";
      default:
        return text_of(Decimal{.digits = any_integer() % 1'000'000'000'000'000'000,
                               .scale = static_cast<std::uint8_t>(below(17))});
    }
  }

 private:
  Chance chance_;
  std::uint64_t index_ = 0;
};

}  // namespace gridloom
