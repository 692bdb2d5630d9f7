// The command line's description of itself: the version, and the JSON from which the manual page
// and the shell completions are made.
#include "app/command_line/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "app/command_line/command_help.h"
#include "app/process/version.h"
#include "testing/temporary_folder.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

using wire::Json;

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

Result<Json> tree_of(const std::string& said) {
  return wire::parse_json(said, {.bytes = said.size(), .keys = 100'000});
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
  EXPECT_EQ(outcome.said, version_text() + "\n");
  EXPECT_THAT(version_text(), testing::StartsWith("gridloom " + std::string(version())));
  EXPECT_THAT(std::string(commit()), testing::MatchesRegex("([0-9a-f]+[+]?)?"));
  EXPECT_THAT(std::string(version()), testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
}

TEST(CommandLine, DescribesEachCommandButTheOneThatDescribes) {
  const Outcome outcome = run("command-tree");
  ASSERT_EQ(outcome.code, 0);
  const auto tree = tree_of(outcome.said);
  ASSERT_TRUE(tree);
  std::set<std::string> described;
  add_names(*tree, "", described);
  EXPECT_FALSE(described.contains("command-tree"));
  for (const Command& command : CommandLine().commands()) {
    EXPECT_TRUE(described.contains(command.name) || command.name == "command-tree") << command.name;
  }
}

TEST(CommandLine, DescribesAnOptionWithItsValueAndDefault) {
  const auto tree = tree_of(run("command-tree").said);
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
      EXPECT_EQ(option.at("value"), "ADDR:PORT");
    }
    if (name == "--demo") EXPECT_FALSE(option.as_object().contains("value")) << "a switch";
  }
  EXPECT_THAT(names, testing::IsSupersetOf({"--http", "--demo", "--core-dumps", "--help"}));
  EXPECT_FALSE(names.contains("--limits-of-file")) << "it is hidden";
}

// Each command with its description, depth first.
void each_command(const Json& tree, const std::string& before,
                  const std::function<void(const std::string&, const Json&)>& on_command) {
  for (const Json& each : tree.at("commands").as_array()) {
    const std::string name = before + std::string(each.at("name").as_string());
    on_command(name, each);
    each_command(each, name + ' ', on_command);
  }
}

TEST(CommandLine, EachCommandHasAnExampleThatNamesIt) {
  const auto tree = tree_of(run("command-tree").said);
  ASSERT_TRUE(tree);
  each_command(*tree, "", [](const std::string& name, const Json& command) {
    const auto& examples = command.at("examples").as_array();
    const bool named = std::ranges::any_of(examples, [&name](const Json& example) {
      return std::string_view(example.as_string()).contains(name);
    });
    EXPECT_TRUE(named) << "gridloom " << name << " has no example: set_examples()";
  });
}

TEST(CommandLine, EachCommandIsInAGroup) {
  const auto tree = tree_of(run("command-tree").said);
  ASSERT_TRUE(tree);
  const std::set<std::string> groups = {group::kUse, group::kRun, group::kTest, group::kInspect};
  for (const Json& command : tree->at("commands").as_array()) {
    EXPECT_TRUE(groups.contains(std::string(command.at("group").as_string())))
        << "gridloom " << command.at("name") << " has no group: set_group()";
  }
}

TEST(CommandLine, EachValueHasAPlaceholderAndAHelp) {
  const auto tree = tree_of(run("command-tree").said);
  ASSERT_TRUE(tree);
  const std::set<std::string> types = {"", "TEXT", "INT", "UINT", "FLOAT", "BOOLEAN"};
  each_command(*tree, "", [&types](const std::string& name, const Json& command) {
    for (const Json& option : command.at("options").as_array()) {
      EXPECT_FALSE(option.at("help").as_string().empty()) << name << ' ' << option;
      if (!option.as_object().contains("value")) continue;
      EXPECT_FALSE(types.contains(std::string(option.at("value").as_string())))
          << name << ' ' << option << ": add_value() with a placeholder";
    }
    for (const Json& argument : command.at("arguments").as_array()) {
      EXPECT_FALSE(types.contains(std::string(argument.at("name").as_string())))
          << name << ' ' << argument;
      EXPECT_FALSE(argument.at("help").as_string().empty()) << name << ' ' << argument;
    }
  });
}

TEST(CommandLine, TheSameOptionHasTheSamePlaceholderEverywhere) {
  const auto tree = tree_of(run("command-tree").said);
  ASSERT_TRUE(tree);
  // A switch of `account rotate`, and an account of `simulate`; times of history, and places of
  // `migrate`; a span of a set, and a switch of `migrate`.
  const std::set<std::string> several = {"--gateway", "--from", "--to", "--wait"};
  std::map<std::string, std::string> known;
  each_command(*tree, "", [&](const std::string& name, const Json& command) {
    // Their options are settings of a kind, which has names of its own.
    if (name.starts_with("bridge add ") || name.starts_with("mirror add")) return;
    for (const Json& option : command.at("options").as_array()) {
      const std::string shown(option.at("names").as_array().back().as_string());
      if (several.contains(shown)) continue;
      const Json* value = option.as_object().if_contains("value");
      const std::string placeholder = value == nullptr ? "" : std::string(value->as_string());
      const auto [row, is_new] = known.emplace(shown, placeholder);
      EXPECT_EQ(row->second, placeholder) << name << ' ' << shown << (is_new ? "" : " before");
    }
  });
}

TEST(ConfigFile, AHashInQuotesBeginsNoCommentAndHidesNoMistakeBehindIt) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "gridloom.conf";
  write_content(file,
                "# it's a comment\n"
                "embed-origin = [\"https://a.example/#b\"]\n"
                "htttp = \"x\"\n");
  const auto options = CommandLine().options_of_file(file.string());
  ASSERT_FALSE(options);
  EXPECT_THAT(options.error().detail, testing::HasSubstr(":3: \"htttp\" is no option of serve"));
}

TEST(CommandLine, AloneItListsTheCommandsByGroup) {
  const std::array<const char*, 1> argv{"gridloom"};
  testing::internal::CaptureStdout();
  CommandLine line;
  EXPECT_EQ(line.run(1, argv.data()), 2);
  const std::string alone = testing::internal::GetCapturedStdout();
  std::size_t at = 0;
  for (const char* heading : {group::kUse, group::kRun, group::kTest, group::kInspect}) {
    const std::size_t next = alone.find(std::string("\n") + heading + ":\n");
    EXPECT_NE(next, std::string::npos) << heading;
    EXPECT_GE(next, at) << heading;
    at = next;
  }
  EXPECT_EQ(run("help").said, alone);
  EXPECT_EQ(run("--help").said, alone);
}

}  // namespace
}  // namespace gridloom::app
