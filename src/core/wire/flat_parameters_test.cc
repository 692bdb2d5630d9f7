// Compares the fast sort orders with slow ones, and tests the cost of signing in counted work.
#include "wire/flat_parameters.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/signing.h"
#include "wire/test_signing.h"

namespace gridloom::wire {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string joined(const Pairs& pairs) {
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    out += name + "=" + value;
  }
  return out;
}

// A multimap keeps equal elements in the order of insertion.
template <typename Key>
std::string slowly(const Pairs& pairs, Key key) {
  std::multimap<decltype(key(pairs.front())), std::pair<std::string, std::string>> sorted;
  for (const auto& pair : pairs) sorted.emplace(key(pair), pair);
  Pairs out;
  for (const auto& [ignored, pair] : sorted) out.push_back(pair);
  return joined(out);
}

FlatParameters flat_of(const Pairs& pairs) {
  FlatParameters flat;
  for (const auto& [name, value] : pairs) flat.add(name, value);
  return flat;
}

void expect_sorted_as_slowly(const Pairs& pairs) {
  SigningWork work;
  FlatParameters flat = flat_of(pairs);
  flat.sort_by_name(work);
  ASSERT_EQ(flat.joined(), slowly(pairs, [](const auto& pair) { return pair.first; }));
  flat.sort_by_piece(work);
  ASSERT_EQ(flat.joined(),
            slowly(pairs, [](const auto& pair) { return pair.first + "=" + pair.second; }));
  flat.sort_by_level(work);
  ASSERT_EQ(flat.joined(), slowly(pairs, [](const auto& pair) { return steps_of(pair.first); }));
}

TEST(FlatParameters, EveryOrderIsThatOfTheSlowSort) {
  // Few letters, so that names share prefixes, are prefixes of each other, and are malformed.
  using namespace std::string_view_literals;
  constexpr std::string_view kLetters = "ab.[]019-\0\xff"sv;
  std::mt19937 chance(7);  // NOLINT(bugprone-random-generator-seed): each run is the same
  const auto text = [&](std::size_t most) {
    std::string out;
    const std::size_t size = chance() % (most + 1);
    while (out.size() < size) out += kLetters[chance() % kLetters.size()];
    return out;
  };
  for (int round = 0; round < 300; ++round) {
    Pairs pairs;
    const std::string beginning = text(20);
    for (std::size_t i = chance() % 40; i > 0; --i) {
      pairs.emplace_back(chance() % 2 == 0 ? beginning + text(12) : text(4), text(10));
    }
    expect_sorted_as_slowly(pairs);
  }
}

TEST(FlatParameters, NamesBuiltOfStepsAreSortedByLevel) {
  Pairs pairs;
  for (const std::string_view name :
       {"a[10]", "a[9]",  "a",   "a.b",  "a[1]", "a[1][2]",   "a[1].b",   "a-b",
        "a1",    "a10",   "a9",  "a[0]", "ab",   "a.b[11].c", "a.b[2].c", "a.b[2]",
        "a..b",  "a[01]", "[0]", "",     "a.",   "a]"}) {
    pairs.emplace_back(name, "1");
  }
  expect_sorted_as_slowly(pairs);
}

// The work for a request before its signature is known to be right or wrong.
SigningWork cost_of(std::string_view query, std::string_view body) {
  SignedRequest request{.content_type = body.empty() ? "" : "application/json",
                        .query = query,
                        .body = body,
                        .access_key = "key",
                        .nonce = "1",
                        .timestamp = "2",
                        .sign = "00"};
  const std::string sign(64, '0');
  request.sign = sign;
  auto mac = KeyedMac::make(Secret(std::string("secret")));
  SigningWork work;
  EXPECT_FALSE(verify(request, mac.value(), {}, &work));
  return work;
}

std::string elements(std::size_t count) {
  std::string out = "[1";
  for (std::size_t i = 1; i < count; ++i) out += ",1";
  return out + "]";
}

struct Costly {
  std::string_view what;
  std::string query;
  std::string body;
};

TEST(SigningWork, IsNearlyLinearInTheBytesOfTheWorstRequests) {
  std::string deep = elements(2000);
  for (int i = 0; i < 30; ++i) deep = "{\"a\":" + deep + "}";
  std::string dots = "b";
  for (int i = 0; i < 118; ++i) dots += ".b";
  std::string pairs;
  std::string broken;
  std::string zeros = "{\"\\u0000\":1";
  for (int i = 0; i < 2000; ++i) pairs += fmt::format("&a[{}]=1", 1999 - i);
  for (int i = 0; i < 250; ++i) broken += fmt::format("&a..b[0{}]=1", i);
  for (int i = 2; i < 200; ++i) {
    zeros += ",\"";
    for (int n = 0; n < i; ++n) zeros += "\\u0000";
    zeros += "\":1";
  }
  const std::vector<Costly> rows = {
      {"a name with dots before many elements", "", "{\"" + dots + "\":" + elements(4094) + "}"},
      {"a long name before many elements", "",
       "{\"" + std::string(230, 'b') + "\":" + elements(4094) + "}"},
      {"more elements than are allowed", "", "{\"a\":" + elements(4094) + "}"},
      {"as many elements as are allowed", "", "{\"a\":" + elements(2048) + "}"},
      {"deep, then wide", "", deep},
      {"names of zero bytes", "", zeros + "}"},
      {"few parameters, in all orders", "", "{\"a\":" + elements(256) + "}"},
      {"a query backwards", pairs.substr(1), ""},
      {"a query with broken names", broken.substr(1), ""},
      {"a query with one name", pairs.substr(1, 7) + std::string(4000, '&'), ""}};
  for (const Costly& row : rows) {
    const SigningWork work = cost_of(row.query, row.body);
    const auto bytes = static_cast<double>(row.query.size() + row.body.size());
    EXPECT_LE(work.orders, 5U) << row.what;
    EXPECT_LE(static_cast<double>(work.signed_bytes), 5 * 16'384 + 5 * bytes) << row.what;
    EXPECT_LE(static_cast<double>(work.comparisons), 3 * bytes * std::log2(bytes)) << row.what;
  }
}

TEST(SigningWork, ManyParametersAreTriedInOneOrder) {
  EXPECT_EQ(cost_of("", "{\"a\":" + elements(256) + "}").orders, 2U);
  EXPECT_EQ(cost_of("", "{\"a\":" + elements(257) + "}").orders, 1U);
}

TEST(SigningWork, AnUnreadableBodyCostsNoOrder) {
  for (const std::string_view body :
       {R"({"a.b":1})", R"({"a":{"b[0]":1}})", R"({"b&c":1})", R"({"a=1":1})", R"({"":1})"}) {
    EXPECT_EQ(cost_of("", body).orders, 0U) << body;
  }
  std::string levels = "a";
  for (int i = 0; i < 32; ++i) levels += ".a";
  EXPECT_EQ(cost_of(levels + "=1", "").orders, 0U);
  EXPECT_EQ(cost_of(levels.substr(2) + "=1", "").orders, 1U);
}

// Text after the maximum number of values is not read: each value costs time, and the client is not
// authenticated yet.
TEST(SigningWork, ValuesThatAreNotSignedAreCountedToo) {
  const auto kind_of = [](const std::string& body) {
    const auto strings = canonical_strings({.content_type = "application/json",
                                            .query = "",
                                            .body = body,
                                            .access_key = "k",
                                            .nonce = "1",
                                            .timestamp = "2",
                                            .sign = ""});
    return strings ? ErrorCode::kInternal : strings.error().code;
  };
  const auto empties = [](std::size_t count) {
    std::string out = "[[]";
    for (std::size_t i = 1; i < count; ++i) out += ",[]";
    return out + "]";
  };
  EXPECT_EQ(kind_of("{\"a\":" + empties(2048) + "}"), ErrorCode::kInternal);  // accepted
  EXPECT_EQ(kind_of("{\"a\":" + empties(2049) + "}"), ErrorCode::kBadParams);
  EXPECT_EQ(kind_of("{\"a\":" + empties(2049) + "no JSON"), ErrorCode::kBadParams);
  EXPECT_EQ(kind_of(elements(2048) + "no JSON"), ErrorCode::kMalformed);
  EXPECT_EQ(kind_of(elements(2049) + "no JSON"), ErrorCode::kBadParams);
  EXPECT_EQ(kind_of(elements(2049)), ErrorCode::kBadParams);
}

}  // namespace
}  // namespace gridloom::wire
