// The made-up family, and mistakes in its file, for the catalog's tests.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/loader.h"
#include "catalog/test_family.h"

namespace gridloom::catalog {

inline FamilyPtr made_up() {
  auto family = load_family("made_up.yaml", kMadeUpFamily);
  EXPECT_TRUE(family) << (family ? "" : family.error().detail);
  return family ? *family : nullptr;
}

inline const Command& command_of(const Family& family, std::string_view name) {
  for (const Command& command : family.commands) {
    if (command.name == name) return command;
  }
  throw std::runtime_error("no such command");
}

// One change to a file, and the expected message.
struct Mistake {
  std::string_view old_text;
  std::string_view new_text;
  std::string_view told;
};

inline std::string changed(const Mistake& row, std::string_view file = kMadeUpFamily) {
  std::string text(file);
  const auto at = text.find(row.old_text);
  EXPECT_NE(at, std::string::npos) << row.old_text;
  return at == std::string::npos ? text : text.replace(at, row.old_text.size(), row.new_text);
}

// By default the file is the made-up one.
inline void expect_told(const std::vector<Mistake>& rows, std::string_view name = "made_up.yaml",
                        std::string_view file = kMadeUpFamily) {
  for (const Mistake& row : rows) {
    const auto family = load_family(name, changed(row, file));
    ASSERT_FALSE(family) << row.new_text;
    EXPECT_EQ(family.error().code, ErrorCode::kMalformed);
    EXPECT_THAT(family.error().detail, testing::HasSubstr(row.told)) << row.new_text;
  }
}

}  // namespace gridloom::catalog
