// The command line's description of itself: the version, and the JSON from which the manual page
// and the shell completions are made.
#include "app/command_line/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "app/process/version.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

using wire::Json;

constexpr wire::JsonLimits kTreeLimits{.keys = 100'000};

struct Outcome {
  int code = 0;
  std::string said;
};

Outcome run(const char* word) {
  const std::array<const char*, 2> argv{"gridloom", word};
  testing::internal::CaptureStdout();
  CommandLine line;
  const int code = line.run(static_cast<int>(argv.size()), argv.data());
  return {.code = code, .said = testing::internal::GetCapturedStdout()};
}

// The described commands, as in "account add", including those that have subcommands.
void add_names(const Json& command, const std::string& before, std::set<std::string>& all) {
  for (const Json& each : command.at("commands").as_array()) {
    const std::string name = before + std::string(each.at("name").as_string());
    all.insert(name);
    add_names(each, name + ' ', all);
  }
}

TEST(CommandLine, SaysItsVersion) {
  const Outcome outcome = run("--version");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.said, "gridloom " + std::string(version()) + "\n");
  EXPECT_THAT(std::string(version()), testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
}

TEST(CommandLine, DescribesEachCommandButTheOneThatDescribes) {
  const Outcome outcome = run("command-tree");
  ASSERT_EQ(outcome.code, 0);
  const auto tree = wire::parse_json(outcome.said, kTreeLimits);
  ASSERT_TRUE(tree);
  std::set<std::string> described;
  add_names(*tree, "", described);
  EXPECT_FALSE(described.contains("command-tree"));
  for (const Command& command : CommandLine().commands()) {
    EXPECT_TRUE(described.contains(command.name) || command.name == "command-tree") << command.name;
  }
}

TEST(CommandLine, DescribesAnOptionWithItsValueAndDefault) {
  const auto tree = wire::parse_json(run("command-tree").said, kTreeLimits);
  ASSERT_TRUE(tree);
  const auto& commands = tree->at("commands").as_array();
  const auto* serve =
      std::ranges::find_if(commands, [](const Json& each) { return each.at("name") == "serve"; });
  ASSERT_NE(serve, commands.end());
  std::set<std::string> names;
  for (const Json& option : serve->at("options").as_array()) {
    const std::string name(option.at("names").as_array().back().as_string());
    names.insert(name);
    if (name == "--http") {
      EXPECT_EQ(option.at("default"), "127.0.0.1:8080");
      EXPECT_EQ(option.at("value"), "TEXT");
    }
    if (name == "--demo") EXPECT_FALSE(option.as_object().contains("value")) << "a switch";
  }
  EXPECT_THAT(names, testing::IsSupersetOf({"--http", "--demo", "--core-dumps", "--help"}));
  EXPECT_FALSE(names.contains("--limits-of-file")) << "it is hidden";
}

}  // namespace
}  // namespace gridloom::app
