// The demo home and the welcome text.
#include "with_lab/demo.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/serve.h"
#include "testing/environment_variable.h"
#include "testing/home.h"
#include "wire/signing.h"
#include "with_lab/welcome.h"

namespace gridloom::app {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

std::vector<std::string> text_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

class DemoTest : public testing::Test {
 protected:
  DemoHome home() { return must(demo_home(*registry, *shipped_catalog(), {})); }
  static std::string shown(const DemoHome& of) {
    std::string text = of.key.access_key + " " + of.key.secret_key.reveal();
    for (const sim::Member& member : of.members) {
      text += fmt::format("\n{} {} {}", member.family->id, member.sn, member.key.reveal());
    }
    return text;
  }
  [[nodiscard]] bool has(const DemoHome& of, std::string_view sn) const {
    return std::ranges::any_of(of.members, [sn](const auto& member) { return member.sn == sn; });
  }

  TemporaryFolder folder;
  std::unique_ptr<registry::Registry> registry = must(registry::Registry::open(folder.data()));
};

TEST_F(DemoTest, HasTheDocumentsDevicesOfAllFamilies) {
  const DemoHome made = home();
  for (const std::string_view sn :
       {"R331ZEB4ZEAL0528", "SP10ZAW5ZE9E0052", "M106ZAB4Z000001F", "HJ31ZDH2ZF690025",
        "HW513000SF767194", "R331ZCB4ZE86056P", "HJ31ZDH2ZF690029"}) {
    EXPECT_TRUE(has(made, sn)) << sn;
  }
  EXPECT_FALSE(made.key.secret_key.empty());
}

TEST_F(DemoTest, IsTheSameAtEveryStart) {
  const std::string first = shown(home());
  EXPECT_EQ(shown(home()), first);
  registry.reset();
  registry = must(registry::Registry::open(folder.data()));
  EXPECT_EQ(shown(home()), first);
  EXPECT_EQ(registry->directory()->accounts().size(), 1U);
}

TEST_F(DemoTest, MakesWhatIsMissingAndKeepsWhatWasChanged) {
  const DemoHome first = home();
  must(registry->remove_device("R331ZEB4ZEAL0528"));
  must(registry->rename_device({.sn = "HW513000SF767194", .name = "Balcony"}));
  must(registry->remove_key(first.key.access_key));
  const DemoHome again = home();
  EXPECT_TRUE(has(again, "R331ZEB4ZEAL0528"));
  EXPECT_EQ(again.members.size(), first.members.size());
  EXPECT_EQ(registry->directory()->find_device("HW513000SF767194")->name, "Balcony");
  EXPECT_NE(again.key.access_key, first.key.access_key);
  EXPECT_NE(registry->directory()->find_key(again.key.access_key), nullptr);
}

TEST_F(DemoTest, LeavesADeviceAloneThatBelongsToSomeoneElse) {
  must(registry->add_account({.name = "alice"}));
  must(registry->add_device({.sn = "R331ZEB4ZEAL0528", .name = "Mine", .owner = "alice"}));
  const DemoHome made = home();
  EXPECT_FALSE(has(made, "R331ZEB4ZEAL0528"));
  EXPECT_EQ(registry->directory()->find_device("R331ZEB4ZEAL0528")->name, "Mine");
}

TEST_F(DemoTest, TheWelcomesCurlIsSignedAsTheServerWantsIt) {
  const DemoHome made = home();
  const registry::Account* account = registry->directory()->find_account(made.key.account);
  ASSERT_NE(account, nullptr);
  const WelcomeFacts facts{.http = "http://127.0.0.1:8080",
                           .https = "https://localhost:8443",
                           .mqtt = "127.0.0.1:1883",
                           .mqtts = "localhost:8883",
                           .ca = "/srv/gridloom/data/tls/ca.pem",
                           .keys = "/data/ready.json",
                           .sign_in_link = Secret("http://127.0.0.1:8080/sign-in#t=x"),
                           .device = device_to_try(made.members),
                           .now = kTestStart};
  const EnvironmentVariable english("LC_ALL", "C");
  const std::string text = must(welcome(facts, made.key, *account));
  const auto found = [&text](const std::string& pattern) {
    std::smatch match;
    return std::regex_search(text, match, std::regex(pattern)) ? match[1].str() : std::string();
  };
  const std::string query = found(R"(quota/all\?([^' ]*))");
  const std::string access_key = found("accessKey: ([^']*)'");
  const std::string nonce = found("nonce: ([^']*)'");
  const std::string timestamp = found("timestamp: ([^']*)'");
  const std::string sign = found("sign: ([^']*)'");
  EXPECT_EQ(query, "sn=R331ZEB4ZEAL0528");
  EXPECT_EQ(access_key, made.key.access_key);
  auto mac = must(wire::KeyedMac::make(made.key.secret_key));
  EXPECT_TRUE(wire::verify({.content_type = {},
                            .query = query,
                            .body = {},
                            .access_key = access_key,
                            .nonce = nonce,
                            .timestamp = timestamp,
                            .sign = sign},
                           mac));
  EXPECT_THAT(text, HasSubstr("\n  gridloom status\n"));
  EXPECT_THAT(text, HasSubstr("\n  gridloom set R331ZEB4ZEAL0528 mppt.cfgChgWatts 600\n"));
  EXPECT_THAT(text, HasSubstr("-h localhost -p 8883"));
  EXPECT_THAT(text, HasSubstr(account->certificate_account));
  const std::vector<std::string> lines = text_lines(text);
  EXPECT_LT(lines.size(), 24U) << "a row is left for the cursor: " << text;
  for (const std::string& line : lines) EXPECT_LE(line.size(), 80U) << line;
  EXPECT_EQ(lines.back(), "  http://127.0.0.1:8080/sign-in#t=x");
  const EnvironmentVariable german("LC_ALL", "de_DE.UTF-8");
  const std::string translated = must(welcome(facts, made.key, *account));
  EXPECT_THAT(translated, HasSubstr("Gridloom läuft"));
  EXPECT_EQ(text_lines(translated).size(), lines.size());
}

TEST(CheckOptions, FindsWhatAServerWouldNotStartWith) {
  EXPECT_TRUE(check_options(ServeOptions()));
  const TemporaryFolder folder;
  fs::create_directory(folder.path() / "de");
  write_content(folder.path() / "de/generic.yaml", "family: [");
  ServeOptions translated;
  translated.devices = folder.path();
  const Status broken = check_options(translated);
  ASSERT_FALSE(broken);
  EXPECT_THAT(broken.error().detail, HasSubstr("de/generic.yaml"));
  const std::string none = folder.path() / "none";
  const std::vector<std::pair<std::function<void(ServeOptions&)>, std::string>> rows = {
      {[](auto& o) { o.embed_origins = {"https://home.example", "home.example"}; },
       "--embed-origin: home.example is no origin"},
      {[](auto& o) { o.public_host = "https://home.example"; },
       "--public-host: \"https://home.example\" is neither a host name nor an address"},
      {[](auto& o) { o.https = "0.0.0.0"; }, "--https: "},
      {[](auto& o) { o.http = "0.0.0.0:8080"; }, "--http 0.0.0.0:8080 would send secrets"},
      {[](auto& o) { o.bridges = {"mqtt"}; }, "--bridge: "},
      {[](auto& o) { o.bridges = {"mqtt a account=ann broker=mqtt://127.0.0.1:1"}; },
       "--bridge: a: there is no account \"ann\""},
      {[](auto& o) { o.limits = {"http.body-byte=1"}; }, "--limit http.body-byte=1: "},
      {[&](auto& o) { o.web = none; }, "--web: " + none},
      {[&](auto& o) { o.devices = none; }, none},
      {[](auto& o) { o.past = "21d"; }, "--past: there are no virtual devices"},
      {[](auto& o) { o.database = "home"; }, "postgres://USER@HOST/DATABASE"},
      {[](auto& o) {
         o.lab = true;
         o.database = "postgres://ann@localhost/home";
       },
       "--lab: "},
      {[&](auto& o) { o.world = none; }, "--world requires --demo or --home"},
      {[&](auto& o) {
         o.demo = "true";
         o.world = none;
       },
       "--world: " + none},
      {[&](auto& o) { o.home = none + ".yaml"; }, none + ".yaml: cannot be read"},
      {[](auto& o) {
         o.demo = "true";
         o.demo_home = "delta2";
       },
       "--demo-home: there is no family 'delta2'"}};
  for (const auto& [change, message] : rows) {
    ServeOptions options;
    options.data = folder.path() / "data";
    change(options);
    const Status refused = check_options(options);
    EXPECT_THAT(refused ? "" : refused.error().detail, HasSubstr(message));
  }
  ServeOptions good;
  good.data = folder.path() / "data";
  good.demo = "true";
  good.bridges = {"mqtt a account=demo broker=mqtt://127.0.0.1:1"};
  const Status known = check_options(good);
  EXPECT_TRUE(known) << known.error().detail;
  EXPECT_FALSE(fs::exists(good.data));
}

TEST_F(DemoTest, TheJournalGetsNoKeys) {
  const DemoHome made = home();
  const registry::Account* account = registry->directory()->find_account(made.key.account);
  ASSERT_NE(account, nullptr);
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  struct stat seen{};
  ASSERT_EQ(::fstat(pipe[1], &seen), 0);
  WelcomeFacts facts{};
  facts.keys = "/data/ready.json";
  for (const std::uint64_t other : {0U, 1U}) {
    const auto stream = fmt::format("{}:{}", seen.st_dev, seen.st_ino + other);
    EXPECT_EQ(is_journal(pipe[1], stream.c_str()), other == 0);
    const EnvironmentVariable set("JOURNAL_STREAM", stream);
    const std::string text = must(welcome_on(pipe[1], facts, made.key, *account));
    EXPECT_EQ(text.contains(made.key.secret_key.reveal()), other != 0) << text;
    EXPECT_EQ(text.contains(account->certificate_password.reveal()), other != 0) << text;
    EXPECT_EQ(text.contains("/data/ready.json"), other == 0) << text;
  }
  EXPECT_FALSE(is_journal(pipe[1], nullptr));
  for (const int end : pipe) ::close(end);
}

}  // namespace
}  // namespace gridloom::app
