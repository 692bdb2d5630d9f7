// Tests which commands create a data folder: each is run with a folder that does not exist.
#include "app/command_line/data_folder.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_line/cli.h"
#include "testing/temporary_folder.h"

namespace gridloom::app {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

const std::vector<std::string> kMirror = {"--host",       "https://h",         "--access-key",
                                          "a-key-of-ann", "--secret-key-file", "/nowhere/key"};

// Further arguments that some commands require; the others need none.
const std::map<std::string_view, std::vector<std::string>> kWanted = {
    {"account keys", {"ann"}},
    {"account rotate", {"ann"}},
    {"account remove", {"ann"}},
    {"token add", {"script", "--account", "ann"}},
    {"token remove", {"1"}},
    {"bridge add mqtt", {"--broker", "mqtt://h:1"}},
    {"bridge add influx", {"--url", "http://h:1", "--database", "d"}},
    {"bridge add modbus", {"--address", "tcp://h", "--device", "SN1"}},
    {"bridge add mirror", kMirror},
    {"bridge add meter", {"--as", "ecotracker"}},
    {"bridge add home-assistant", {"--broker", "mqtt://h:1"}},
    {"bridge add webhook", {"--url", "http://h:1"}},
    {"bridge show", {"attic"}},
    {"bridge change", {"attic", "retain=true"}},
    {"bridge on", {"attic"}},
    {"bridge off", {"attic"}},
    {"bridge remove", {"attic"}},
    {"mirror add", kMirror},
    {"cluster remove", {"node3"}},
    {"device add", {"SN1", "--owner", "ann"}},
    {"device rename", {"SN1", "Kiln"}},
    {"device share", {"SN1", "ben", "full"}},
    {"device rotate", {"SN1"}},
    {"device move", {"SN1", "ben"}},
    {"device rotate", {"SN1"}},
    {"device remove", {"SN1"}},
    {"backup", {"/nowhere/backup"}},
    {"history", {"SN1", "pd.soc"}},
    {"time speed", {"2"}},
    {"time step", {"15m"}},
    {"fault on", {"flaky"}},
    {"record", {"--out", "/nowhere/a.loom"}},
    {"replay", {"/nowhere/a.loom"}},
    {"simulate", {"--family", "delta_2"}},
    {"get", {"SN1"}},
    {"set", {"SN1", "pd.soc", "1"}},
    {"device show", {"SN1"}},
    {"wait", {"SN1", "soc > 1"}},
};

std::vector<std::string> words_of(std::string_view command, const fs::path& data) {
  std::vector<std::string> words{"gridloom"};
  for (std::size_t from = 0; from < command.size();) {
    const std::size_t end = std::min(command.find(' ', from), command.size());
    words.emplace_back(command.substr(from, end - from));
    from = end + 1;
  }
  if (const auto wanted = kWanted.find(command); wanted != kWanted.end()) {
    words.insert(words.end(), wanted->second.begin(), wanted->second.end());
  }
  words.insert(words.end(), {"--data", data.string()});
  return words;
}

struct Outcome {
  int code = 0;
  std::string said;
};

Outcome run(const std::vector<std::string>& words) {
  std::vector<const char*> argv;
  for (const std::string& word : words) argv.push_back(word.c_str());
  testing::internal::CaptureStderr();
  CommandLine line;
  const int code = line.run(static_cast<int>(argv.size()), argv.data());
  return {.code = code, .said = testing::internal::GetCapturedStderr()};
}

TEST(DataFolder, EachCommandOfTheCommandLineHasARow) {
  for (const Command& command : CommandLine().commands()) {
    const auto rows = command_rows();
    const auto row = std::ranges::find(rows, command.name, &CommandRow::command);
    ASSERT_NE(row, rows.end()) << "gridloom " << command.name << " has no row in data_folder.cc";
    EXPECT_EQ(row->folder != DataFolder::kNone, command.has_data_option) << command.name;
  }
  EXPECT_EQ(CommandLine().commands().size(), command_rows().size()) << "a row of no command";
}

TEST(DataFolder, OnlyThreeCommandsMakeOne) {
  std::vector<std::string_view> makers;
  for (const CommandRow& row : command_rows()) {
    if (row.folder == DataFolder::kMayCreate) makers.push_back(row.command);
  }
  EXPECT_THAT(makers, testing::ElementsAre("serve", "restore", "account add"));
}

TEST(DataFolder, TheOthersRefuseAFolderWithoutDataAndMakeNothing) {
  const TemporaryFolder folder;
  const fs::path missing = folder.path() / "not" / "there";
  const fs::path empty = folder.path() / "empty";
  fs::create_directory(empty);
  for (const CommandRow& row : command_rows()) {
    if (row.folder != DataFolder::kMustExist) continue;
    for (const fs::path& data : {missing, empty}) {
      const Outcome outcome = run(words_of(row.command, data));
      EXPECT_EQ(outcome.code, 1) << row.command;
      EXPECT_THAT(outcome.said, HasSubstr(fmt::format("no Gridloom data in {}", data.string())))
          << row.command;
    }
    EXPECT_FALSE(fs::exists(missing.parent_path())) << row.command;
    EXPECT_TRUE(fs::is_empty(empty)) << row.command;
  }
}

TEST(DataFolder, TheOthersMakeNoRegistryWhereOneWasLost) {
  const TemporaryFolder folder;
  write_content(folder.path() / "history.db", "x");
  for (const CommandRow& row : command_rows()) {
    if (row.folder != DataFolder::kMustExist) continue;
    const Outcome outcome = run(words_of(row.command, folder.path()));
    EXPECT_EQ(outcome.code, 1) << row.command;
    EXPECT_THAT(outcome.said, HasSubstr("restore registry.sqlite and secret.key")) << row.command;
    EXPECT_FALSE(fs::exists(folder.path() / "registry.sqlite")) << row.command;
  }
}

TEST(DataFolder, WithDataInItACommandWorks) {
  const TemporaryFolder folder;
  const fs::path data = folder.path() / "new";
  testing::internal::CaptureStdout();
  EXPECT_EQ(run({"gridloom", "account", "add", "ann", "--data", data.string()}).code, 0);
  const Outcome listed = run(words_of("account list", data));
  EXPECT_EQ(listed.code, 0) << listed.said;
  EXPECT_THAT(testing::internal::GetCapturedStdout(), HasSubstr("\nann "));
}

TEST(DataFolder, ACommandWithoutARowNeedsAFolder) {
  EXPECT_FALSE(check_data_folder("no such command", "/nowhere"));
}

}  // namespace
}  // namespace gridloom::app
