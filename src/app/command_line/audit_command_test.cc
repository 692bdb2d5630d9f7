#include "app/command_line/audit_command.h"

#include <gtest/gtest.h>

#include <string>

#include "testing/must.h"

namespace gridloom::app {
namespace {

TEST(AuditCommand, ALineSaysWhatTheEntrySays) {
  const wire::Json entry = must(wire::parse_json(
      R"({"what":"set","who":"anna","sn":"XX1","at":1000,"message":{"id":7},"why":"no way"})"));
  const std::string line = line_of(entry, {});
  EXPECT_TRUE(line.ends_with(R"( set who=anna sn=XX1 message={"id":7} why="no way")")) << line;
  EXPECT_TRUE(line.starts_with("1970-01-01 00:00:01 set ")) << line;
}

TEST(AuditCommand, WhatOthersWroteDoesNotReachATerminalAsItIs) {
  const wire::JsonObject entry{
      {"what", "sign-in"}, {"at", 0}, {"who", "a\x1b[2J\nb\x7f\xc2\x9b=\""}};
  const std::string line = line_of(entry, {});
  for (const char c : line) EXPECT_TRUE(static_cast<unsigned char>(c) >= ' ' && c != '\x7f');
  EXPECT_EQ(line.find("\xc2\x9b"), std::string::npos);
}

}  // namespace
}  // namespace gridloom::app
