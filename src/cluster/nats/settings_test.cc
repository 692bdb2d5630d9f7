#include "nats/settings.h"

#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::nats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class NatsSettings : public testing::Test {
 protected:
  std::filesystem::path file(const std::string& name, std::string_view content, unsigned mode) {
    const auto path = folder_.path() / name;
    write_content(path, content);
    ::chmod(path.c_str(), mode);
    return path;
  }

  TemporaryFolder folder_;
};

TEST_F(NatsSettings, HaveEachAddressWithItsPort) {
  const auto settings = must(ConnectionSettings::parse({.urls = "nats://n1,nats://[::1]:4333/"}));
  EXPECT_THAT(settings.urls(), ElementsAre("nats://n1:4222", "nats://[::1]:4333"));
  EXPECT_EQ(settings.description(), "n1:4222,[::1]:4333");
  EXPECT_FALSE(settings.has_tls());
  EXPECT_TRUE(must(ConnectionSettings::parse({.urls = "tls://n1"})).has_tls());
}

TEST_F(NatsSettings, SayWhatIsWrongWithAnAddress) {
  const struct {
    std::string_view urls;
    std::string_view why;
  } cases[] = {{"", "it names no host"},
               {"n1:4222", "n1:4222 is no address of NATS"},
               {"http://n1", "it has the form nats://HOST:PORT"},
               {"nats://", "it names no host"},
               {"nats://:4222", "it names no host"},
               {"nats://n1:", "its port is no number"},
               {"nats://n1:x", "its port is no number"},
               {"nats://n1,", "it does not begin with nats://"},
               {"nats://me:secret@n1", "given by options and files"}};
  for (const auto& each : cases) {
    const auto settings = ConnectionSettings::parse({.urls = each.urls});
    ASSERT_FALSE(settings) << each.urls;
    EXPECT_EQ(settings.error().code, ErrorCode::kBadParams);
    EXPECT_THAT(settings.error().detail, HasSubstr(each.why)) << each.urls;
    EXPECT_THAT(settings.error().detail, testing::Not(HasSubstr("secret")));
  }
}

TEST_F(NatsSettings, TakeAPasswordFromTheFirstLineOfAFileOfItsOwner) {
  const auto password = file("password", "open sesame\nrest", 0600);
  const auto settings = must(
      ConnectionSettings::parse({.urls = "nats://n1", .user = "me", .password_file = password}));
  EXPECT_EQ(settings.user(), "me");
  EXPECT_EQ(settings.password().reveal(), "open sesame");
}

TEST_F(NatsSettings, RefuseFilesThatDoNotBelongTogetherOrThatOthersRead) {
  const auto secret = file("secret", "x", 0600);
  const auto open = file("open", "x", 0644);
  const auto empty = file("empty", "\n", 0600);
  const auto missing = folder_.path() / "missing";
  using Source = ConnectionSettings::Source;
  const struct {
    Source source;
    std::string_view why;
  } cases[] = {
      {{.urls = "nats://n1", .user = "me"}, "needs a password file"},
      {{.urls = "nats://n1", .password_file = secret}, "needs a password file"},
      {{.urls = "nats://n1", .user = "me", .password_file = open}, "chmod 600"},
      {{.urls = "nats://n1", .user = "me", .password_file = empty}, "is empty"},
      {{.urls = "nats://n1", .user = "me", .password_file = missing}, "cannot be read"},
      {{.urls = "nats://n1", .user = "me", .password_file = secret, .credentials_file = secret},
       "not both"},
      {{.urls = "nats://n1", .credentials_file = open}, "chmod 600"},
      {{.urls = "nats://n1", .ca_file = missing}, "cannot be read"},
      {{.urls = "nats://n1", .certificate_file = open}, "needs its key"},
      {{.urls = "nats://n1", .certificate_file = open, .key_file = open}, "chmod 600"},
  };
  for (const auto& each : cases) {
    const auto settings = ConnectionSettings::parse(each.source);
    ASSERT_FALSE(settings) << each.why;
    EXPECT_THAT(settings.error().detail, HasSubstr(each.why));
  }
  EXPECT_TRUE(must(ConnectionSettings::parse({.urls = "nats://n1", .ca_file = open})).has_tls());
}

}  // namespace
}  // namespace gridloom::nats
