#include "wire/json.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace gridloom::wire {
namespace {

TEST(SeenNames, ANameIsSeenOnceInEachObject) {
  SeenNames names;
  for (std::size_t object = 1; object < 50; ++object) {
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(names.add(object, fmt::format("name {}", i)));
  }
  for (std::size_t object = 1; object < 50; ++object) {
    for (int i = 0; i < 50; ++i) EXPECT_FALSE(names.add(object, fmt::format("name {}", i)));
  }
  EXPECT_EQ(names.count(), 49U * 50U);
  EXPECT_EQ(names.collided(), 0U);
}

// An attacker who knows the hash can create a thousand names with the same slot in the table: each
// name would be compared with all others.
TEST(SeenNames, CollidingNamesAreDistinguished) {
  constexpr std::size_t kTable = 1023;  // mask of the low bits: the slot in a table of 1024
  std::vector<std::string> same_place;
  for (std::size_t i = 0; same_place.size() < 400; ++i) {
    std::string name = fmt::format("{}", i);
    if ((std::hash<std::string>{}(name)&kTable) == 7) same_place.push_back(std::move(name));
  }
  SeenNames names;
  for (const std::string& name : same_place) EXPECT_TRUE(names.add(1, name)) << name;
  EXPECT_GE(names.collided(), same_place.size() - SeenNames::kMaxSteps);
  for (const std::string& name : same_place) EXPECT_FALSE(names.add(1, name)) << name;
  EXPECT_TRUE(names.add(2, same_place.back()));
  EXPECT_EQ(names.count(), same_place.size() + 1);
}

// Names kept outside the table are still found when the table has grown and has room for them.
TEST(SeenNames, AGrowingTableForgetsNothing) {
  std::vector<std::string> crowd;
  for (std::size_t i = 0; crowd.size() < 60; ++i) {
    std::string name = fmt::format("{}", i);
    if ((std::hash<std::string>{}(name) & 127U) == 7) crowd.push_back(std::move(name));
  }
  SeenNames names;
  for (const std::string& name : crowd) EXPECT_TRUE(names.add(1, name)) << name;
  EXPECT_GT(names.collided(), 0U);
  for (int i = 0; i < 5000; ++i) EXPECT_TRUE(names.add(1, fmt::format("x{}", i)));
  for (const std::string& name : crowd) EXPECT_FALSE(names.add(1, name)) << name;
}

}  // namespace
}  // namespace gridloom::wire
