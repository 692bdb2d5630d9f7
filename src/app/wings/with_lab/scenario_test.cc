#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "testing/temporary_folder.h"
#include "with_lab/simulate.h"

namespace gridloom::app {
namespace {

using testing::HasSubstr;

struct Played {
  int code = 0;
  std::string said;
};

Played played(const Scenarios& scenarios) {
  testing::internal::CaptureStdout();
  const int code = play_scenarios(scenarios);
  return {.code = code, .said = testing::internal::GetCapturedStdout()};
}

constexpr std::string_view kGood =
    "seed 3\ndevice delta_2 R331TEST owner demo\nalways: energy balances\n@ +90s\n";
constexpr std::string_view kBroken = "device delta_2 R331TEST owner demo\nnever: soc > 50\n@ +1s\n";

class ScenarioFiles : public testing::Test {
 protected:
  std::string file(std::string_view name, std::string_view text) const {
    const std::filesystem::path path = folder_.path() / name;
    write_content(path, text);
    return path.string();
  }
  TemporaryFolder folder_;
};

TEST_F(ScenarioFiles, SayThatTheyAreAsExpected) {
  const Played good = played({.paths = {file("good.loom", kGood)}});
  EXPECT_EQ(good.code, 0);
  EXPECT_THAT(good.said, testing::StartsWith("ok good.loom (seed 3, 1m 30s in "));
  EXPECT_THAT(played({.paths = {file("good.loom", kGood)}, .seed = 42}).said,
              HasSubstr("(seed 42, "));
}

TEST_F(ScenarioFiles, SayWhatIsNotAsExpectedAndWhere) {
  const std::string good = file("good.loom", kGood);
  const std::string broken = file("broken.loom", kBroken);
  const Played both = played({.paths = {folder_.path().string()}, .seed = 42});
  EXPECT_EQ(both.code, 1);
  EXPECT_THAT(both.said, HasSubstr(broken + ":2: never: soc > 50\n"));
  EXPECT_THAT(both.said,
              HasSubstr(", second 0, with seed 42\nFAILED broken.loom (seed 42, 1s in "));
  EXPECT_THAT(both.said, HasSubstr("ok good.loom (seed 42, "));
  EXPECT_THAT(both.said, testing::EndsWith("2 scenarios, 1 failed\n"));
}

TEST_F(ScenarioFiles, SayWhyTheyCannotBePlayed) {
  const Played nonsense = played({.paths = {file("nonsense.loom", "play dead\n")}});
  EXPECT_EQ(nonsense.code, 1);
  EXPECT_THAT(nonsense.said, HasSubstr("nonsense.loom:1: there is no line that begins with play"));
  EXPECT_EQ(played({.paths = {"no/such.loom"}}).code, 1);
  std::filesystem::create_directory(folder_.path() / "empty");
  EXPECT_EQ(played({.paths = {(folder_.path() / "empty").string()}}).code, 1);
}

}  // namespace
}  // namespace gridloom::app
