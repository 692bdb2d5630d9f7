// Tests every operation of administration: directly, and through a running server's socket; some on
// the folder of a stopped server, too, where each request reads the catalogue anew. The outcome
// must be the same.
#include "app/control/admin.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "app/control/admin_client.h"
#include "app/control/local_socket.h"
#include "app/operations/run.h"
#include "app/operations/table.h"
#include "testing/home.h"

namespace gridloom::app {
namespace {

using registry::Registry;
using testing::HasSubstr;
using testing::Not;

enum class Way : std::uint8_t { kDirect, kSocket, kStopped };

class AdminTest : public testing::TestWithParam<Way> {
 protected:
  AdminTest() {
    if (GetParam() == Way::kStopped) return;
    registry = must(Registry::open(folder.data()));
    archive = must(history::Archive::open({.data = folder.data(), .clock = &clock}));
    if (GetParam() == Way::kSocket) socket = must(AdminSocket::open(context()));
  }
  [[nodiscard]] operations::Context context() const {
    return {.registry = *registry,
            .catalog = *shipped_catalog(),
            .archive = *archive,
            .clock = clock,
            .data = folder.data()};
  }
  Result<wire::Json> ask(std::string_view request) {
    const wire::JsonObject object = must(wire::parse_json(request)).as_object();
    return GetParam() == Way::kDirect ? operations::administer(context(), object)
                                      : ask_admin(folder.data(), object);
  }
  // The outcome as text; an error as "fault: detail".
  std::string told(std::string_view request) {
    const auto outcome = ask(request);
    return outcome ? wire::to_text(*outcome) : "fault: " + outcome.error().detail;
  }
  std::string member(std::string_view request, std::string_view name) {
    const std::string text = told(request);
    const std::string value = member_of(text, name);
    EXPECT_NE(value, "") << request << " -> " << text;
    return value.size() > 2 && value.starts_with('"') ? value.substr(1, value.size() - 2) : value;
  }

  TemporaryFolder folder;
  SystemClock clock;
  std::unique_ptr<Registry> registry;
  std::unique_ptr<history::Archive> archive;
  std::unique_ptr<AdminSocket> socket;
};

INSTANTIATE_TEST_SUITE_P(Ways, AdminTest, testing::Values(Way::kDirect, Way::kSocket));

class AdminOfAnyServer : public AdminTest {};

INSTANTIATE_TEST_SUITE_P(Ways, AdminOfAnyServer,
                         testing::Values(Way::kDirect, Way::kSocket, Way::kStopped));

TEST_P(AdminOfAnyServer, AccountsAreAddedListedAndRemoved) {
  EXPECT_EQ(told(R"({"op":"account.list"})"), "[]");
  const std::string key = member(R"({"op":"account.add","name":"alice"})", "accessKey");
  EXPECT_NE(key, "");
  const std::string given =
      told(R"({"op":"account.add","name":"bob","accessKey":"bobs-access-key",)"
           R"("secretKey":"bobs-own-secret-key"})");
  EXPECT_THAT(given,
              HasSubstr(R"("accessKey":"bobs-access-key","secretKey":"bobs-own-secret-key")"));
  EXPECT_THAT(given, HasSubstr(R"("gatewayKey":")"));
  const std::string list = told(R"({"op":"account.list"})");
  EXPECT_THAT(list,
              HasSubstr(fmt::format(R"("name":"alice","accessKeys":["{}"],"devices":0)", key)));
  EXPECT_THAT(list, HasSubstr(R"("name":"bob","accessKeys":["bobs-access-key"])"));
  EXPECT_THAT(list, HasSubstr(R"("certificateAccount":"open-)"));
  EXPECT_THAT(list, Not(HasSubstr("bobs-own-secret-key")));  // only shown once
  EXPECT_THAT(told(R"({"op":"account.add","name":"alice"})"), HasSubstr("alice"));
  EXPECT_EQ(told(R"({"op":"account.remove","name":"bob"})"), R"({"removed":"bob"})");
  EXPECT_THAT(told(R"({"op":"account.list"})"), Not(HasSubstr("bob")));
}

TEST_P(AdminTest, KeysAreAddedAndRemovedAndCertificatesRotated) {
  const std::string first = member(R"({"op":"account.add","name":"alice"})", "accessKey");
  const std::string second = member(R"({"op":"account.keys","name":"alice"})", "accessKey");
  EXPECT_NE(first, second);
  EXPECT_THAT(told(R"({"op":"account.list"})"),
              HasSubstr(fmt::format(R"("accessKeys":["{}","{}"])", first, second)));
  EXPECT_EQ(told(fmt::format(R"({{"op":"account.keys","remove":"{}"}})", first)),
            fmt::format(R"({{"removed":"{}"}})", first));
  EXPECT_THAT(told(R"({"op":"account.list"})"),
              HasSubstr(fmt::format(R"("accessKeys":["{}"])", second)));
  EXPECT_EQ(told(R"({"op":"account.rotate","name":"alice"})"), R"({"rotated":"alice"})");
  const std::string gateway = R"({"op":"account.rotate","name":"alice","gateway":true})";
  EXPECT_EQ(member(gateway, "gatewayKey").size(), 32U);
  EXPECT_NE(member(gateway, "gatewayKey"), member(gateway, "gatewayKey"));
}

TEST_P(AdminTest, DevicesAreAddedSharedRenamedMovedAndRemoved) {
  must(ask(R"({"op":"account.add","name":"alice"})"));
  must(ask(R"({"op":"account.add","name":"bob"})"));
  const std::string added =
      told(R"({"op":"device.add","sn":"R331TEST1","name":"Kitchen","owner":"alice",)"
           R"("key":"a-device-key"})");
  EXPECT_EQ(added,
            R"({"sn":"R331TEST1","name":"Kitchen","family":"delta_2","deviceKey":"a-device-key"})");
  EXPECT_EQ(member(R"({"op":"device.add","sn":"HJ31TEST1","owner":"alice"})", "name"),
            "PowerOcean");
  EXPECT_EQ(member(R"({"op":"device.add","sn":"XX1","owner":"bob"})", "name"), "XX1");
  EXPECT_EQ(told(R"({"op":"device.share","sn":"R331TEST1","account":"bob","rights":"monitor"})"),
            R"({"sn":"R331TEST1","account":"bob","rights":"monitor"})");
  EXPECT_EQ(told(R"({"op":"device.list","owner":"alice"})"),
            R"([{"sn":"R331TEST1","name":"Kitchen","owner":"alice","family":"delta_2",)"
            R"("shares":[{"account":"bob","rights":"monitor"}]},)"
            R"({"sn":"HJ31TEST1","name":"PowerOcean","owner":"alice","family":"power_ocean",)"
            R"("shares":[]}])");
  must(ask(R"({"op":"device.share","sn":"R331TEST1","account":"bob","rights":"full"})"));
  EXPECT_THAT(told(R"({"op":"device.list"})"), HasSubstr(R"({"account":"bob","rights":"full"})"));
  must(ask(R"({"op":"device.share","sn":"R331TEST1","account":"bob","rights":"none"})"));
  EXPECT_THAT(told(R"({"op":"device.list"})"), Not(HasSubstr("rights")));
  EXPECT_EQ(told(R"({"op":"device.rename","sn":"R331TEST1","name":"Küche"})"),
            R"({"sn":"R331TEST1","name":"Küche"})");
  const std::string rotated = member(R"({"op":"device.rotate","sn":"R331TEST1"})", "deviceKey");
  EXPECT_EQ(rotated.size(), 32U);
  const std::string moved = told(R"({"op":"device.move","sn":"R331TEST1","owner":"bob"})");
  EXPECT_THAT(moved, testing::StartsWith(
                         R"({"sn":"R331TEST1","owner":"bob","history":"deleted","deviceKey":")"));
  EXPECT_THAT(moved, Not(HasSubstr(rotated)));
  EXPECT_THAT(told(R"({"op":"device.list","owner":"bob"})"), HasSubstr("Küche"));
  EXPECT_EQ(told(R"({"op":"device.remove","sn":"R331TEST1"})"), R"({"removed":"R331TEST1"})");
  EXPECT_THAT(told(R"({"op":"device.list"})"), Not(HasSubstr("R331TEST1")));
}

// The audit entries, without times.
std::vector<std::string> entries_of(const Result<wire::Json>& answer) {
  std::vector<std::string> lines;
  for (wire::Json entry : must(answer).as_array()) {
    EXPECT_GT(wire::whole(*wire::member(entry, "at")), 0);
    entry.as_object().erase("at");
    lines.push_back(wire::to_text(entry));
  }
  return lines;
}

TEST_P(AdminTest, EveryChangeIsInTheAuditWithoutItsSecrets) {
  std::string secrets;
  const auto change = [&](std::string_view request) { secrets += told(request) + '\n'; };
  change(R"({"op":"account.add","name":"anna","accessKey":"annas-access-key",)"
         R"("secretKey":"annas-secret-key"})");
  change(R"({"op":"account.add","name":"ben","accessKey":"bens-access-key",)"
         R"("secretKey":"bens-own-secret-key"})");
  change(R"({"op":"account.rotate","name":"anna"})");
  change(R"({"op":"device.add","sn":"XX1","owner":"anna","key":"a-device-key"})");
  change(R"({"op":"device.share","sn":"XX1","account":"ben","rights":"full"})");
  change(R"({"op":"device.rename","sn":"XX1","name":"Tank"})");
  change(R"({"op":"account.rotate","name":"anna","gateway":true})");
  change(R"({"op":"device.rotate","sn":"XX1"})");
  change(R"({"op":"device.move","sn":"XX1","owner":"ben"})");
  change(R"({"op":"device.move","sn":"XX1","owner":"anna","withHistory":true})");
  change(R"({"op":"device.move","sn":"XX1","owner":"ben"})");
  change(R"({"op":"device.remove","sn":"XX1"})");
  change(R"({"op":"account.keys","remove":"bens-access-key"})");
  change(R"({"op":"account.remove","name":"anna"})");
  change(R"({"op":"account.remove","name":"nobody"})");  // refused: nothing changed
  change(R"({"op":"device.list"})");
  const auto answer = ask(R"({"op":"audit"})");
  const auto entry = [](std::string_view what, std::string_view facts) {
    return fmt::format(R"({{"what":"{}","who":"admin","through":"command",{}}})", what, facts);
  };
  EXPECT_THAT(
      entries_of(answer),
      testing::ElementsAre(
          entry("account.add", R"("name":"anna","accessKey":"annas-access-key")"),
          entry("account.add", R"("name":"ben","accessKey":"bens-access-key")"),
          entry("account.rotate", R"("name":"anna")"),
          entry("device.add", R"("sn":"XX1","owner":"anna","name":"XX1","family":"generic")"),
          entry("device.share", R"("sn":"XX1","account":"ben","rights":"full")"),
          entry("device.rename", R"("sn":"XX1","name":"Tank")"),
          entry("account.rotate", R"("name":"anna","gateway":true)"),
          entry("device.rotate", R"("sn":"XX1")"),
          entry("device.move", R"("sn":"XX1","owner":"ben","history":"deleted")"),
          entry("device.move", R"("sn":"XX1","owner":"anna","history":"moved")"),
          entry("device.move", R"("sn":"XX1","owner":"ben","history":"deleted")"),
          entry("device.remove", R"("sn":"XX1")"),
          entry("account.keys", R"("removed":"bens-access-key")"),
          entry("account.remove", R"("name":"anna")")));
  for (const std::string_view secret :
       {"annas-secret-key", "bens-own-secret-key", "a-device-key"}) {
    EXPECT_THAT(secrets, HasSubstr(secret)) << "told once";
    EXPECT_THAT(wire::to_text(*answer), Not(HasSubstr(secret)));
  }
}

TEST_P(AdminTest, RefusalsSayWhatIsWrong) {
  must(ask(R"({"op":"account.add","name":"alice"})"));
  must(ask(R"({"op":"device.add","sn":"R331TEST1","owner":"alice"})"));
  const std::vector<std::pair<std::string_view, std::string_view>> rows = {
      {R"({"op":"account.fly"})", "account.fly"},
      {R"({"op":""})", "op"},
      {R"({})", "op"},
      {R"({"op":5})", "op"},
      {R"({"op":"account.add"})", "name"},
      {R"({"op":"account.add","name":" x"})", "name"},
      {R"({"op":"account.add","name":"bob","accessKey":"only-one-half"})", "secret key"},
      {R"({"op":"account.keys"})", "account"},
      {R"({"op":"account.keys","name":"nobody"})", "nobody"},
      {R"({"op":"account.keys","remove":"no-such-key"})", "no-such-key"},
      {R"({"op":"account.rotate"})", "account"},
      {R"({"op":"account.rotate","name":"nobody"})", "nobody"},
      {R"({"op":"account.remove"})", "account"},
      {R"({"op":"account.remove","name":"alice"})", "alice"},  // it owns a device
      {R"({"op":"device.add","owner":"alice"})", "serial number"},
      {R"({"op":"device.add","sn":"a/b","owner":"alice"})", "serial number"},
      {R"({"op":"device.add","sn":"R331TEST2"})", "account"},
      {R"({"op":"device.add","sn":"R331TEST2","owner":"nobody"})", "nobody"},
      {R"({"op":"device.add","sn":"R331TEST1","owner":"alice"})", "R331TEST1"},
      {R"({"op":"device.rename","sn":"R331TEST1"})", "name"},
      {R"({"op":"device.rename","name":"x"})", "serial number"},
      {R"({"op":"device.share","sn":"R331TEST1","account":"alice","rights":"all"})", "monitor"},
      {R"({"op":"device.share","sn":"R331TEST1","rights":"full"})", "account"},
      {R"({"op":"device.move","sn":"R331TEST1"})", "account"},
      {R"({"op":"device.move","sn":"NOSUCH","owner":"alice"})", "NOSUCH"},
      {R"({"op":"account.rotate","name":"nobody","gateway":true})", "nobody"},
      {R"({"op":"device.rotate"})", "serial number"},
      {R"({"op":"device.rotate","sn":"NOSUCH"})", "NOSUCH"},
      {R"({"op":"device.remove"})", "serial number"},
      {R"({"op":"device.remove","sn":"NOSUCH"})", "NOSUCH"},
      {R"({"op":"audit","limit":0})", "limit"},
      {R"({"op":"audit","since":"yesterday"})", "since"},
      {R"({"op":"audit","what":"set"})", "what"},
  };
  for (const auto& [request, words] : rows) {
    const auto outcome = ask(request);
    ASSERT_FALSE(outcome) << request << " -> " << wire::to_text(*outcome);
    EXPECT_NE(outcome.error().code, ErrorCode::kInternal) << request;
    EXPECT_THAT(outcome.error().detail, HasSubstr(words)) << request;
  }
  EXPECT_THAT(told(R"({"op":"device.list"})"), Not(HasSubstr("R331TEST2")));
}

// --- the socket ---

class SocketTest : public testing::Test {
 protected:
  SocketTest()
      : registry(must(Registry::open(folder.data()))),
        archive(must(history::Archive::open({.data = folder.data(), .clock = &clock}))),
        socket(must(AdminSocket::open(context()))) {}
  [[nodiscard]] operations::Context context() const {
    return {.registry = *registry,
            .catalog = *shipped_catalog(),
            .archive = *archive,
            .clock = clock,
            .data = folder.data()};
  }

  [[nodiscard]] std::string raw(std::string_view bytes) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, (folder.data() / "admin.sock").c_str(),
                 sizeof(address.sun_path) - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    std::string answer;
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
      static_cast<void>(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL));
      ::shutdown(fd, SHUT_WR);
      std::array<char, 4096> piece{};
      for (ssize_t size = ::read(fd, piece.data(), piece.size()); size > 0;
           size = ::read(fd, piece.data(), piece.size())) {
        answer.append(piece.data(), static_cast<std::size_t>(size));
      }
    }
    ::close(fd);
    return answer;
  }

  TemporaryFolder folder;
  SystemClock clock;
  std::unique_ptr<Registry> registry;
  std::unique_ptr<history::Archive> archive;
  std::unique_ptr<AdminSocket> socket;
};

TEST_F(SocketTest, TheSocketIsForItsOwnerOnlyAndRemovedAtTheEnd) {
  const std::filesystem::path path = folder.data() / "admin.sock";
  EXPECT_EQ(mode_of(path), 0600U);
  socket.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(SocketTest, TheUmaskIsAsBefore) {
  const mode_t now = ::umask(0);
  ::umask(now);
  EXPECT_NE(now, 0177U);
}

TEST_F(SocketTest, SurvivesNonsense) {
  for (const std::string_view nonsense :
       {"", "nonsense", "[]", "{\"op\":", "\xff\xfe", R"({"op":"account.list"}x)"}) {
    EXPECT_THAT(raw(nonsense), HasSubstr("error")) << nonsense;
  }
  EXPECT_EQ(raw(R"({"op":"account.list"})"), R"({"ok":[]})");
}

TEST_F(SocketTest, ReachesEachOperationOfTheTableAndChecksItsParameters) {
  for (const operations::Operation& each : operations::table()) {
    const wire::JsonObject request{{"op", each.name}, {"no-such-parameter", 1}};
    EXPECT_THAT(raw(wire::to_text(request)),
                HasSubstr(fmt::format(R"({{"error":"{} has no parameter)", each.name)))
        << each.name;
  }
}

TEST_F(SocketTest, ASocketThatAKilledServerLeftIsReplaced) {
  const std::filesystem::path path = folder.data() / "admin.sock";
  const std::filesystem::path kept = folder.data() / "kept";
  std::filesystem::create_hard_link(path, kept);
  socket.reset();
  std::filesystem::rename(kept, path);
  socket = must(AdminSocket::open(context()));
  EXPECT_EQ(raw(R"({"op":"account.list"})"), R"({"ok":[]})");
}

TEST_F(SocketTest, AKilledServersSocketDoesNotKeepAdministrationFromWorking) {
  const std::filesystem::path path = folder.data() / "admin.sock";
  const std::filesystem::path kept = folder.data() / "kept";
  std::filesystem::create_hard_link(path, kept);
  socket.reset();
  archive.reset();
  registry.reset();
  std::filesystem::rename(kept, path);
  const auto list = ask_admin(folder.data(), {{"op", "account.list"}});
  ASSERT_TRUE(list) << list.error().detail;
  EXPECT_EQ(wire::to_text(*list), "[]");
}

TEST(AdminOfAStoppedServer, KnowsTheFamiliesOfDeviceFiles) {
  const TemporaryFolder folder;
  const TemporaryFolder devices;
  std::ofstream(devices.path() / "heat_pump.yaml")
      << "family: heat_pump\nproduct: Heat Pump\ndescription: x\nprefixes: [ZZ77]\n";
  must(ask_admin(folder.data(), {{"op", "account.add"}, {"name", "alice"}}));
  const wire::JsonObject add{{"op", "device.add"}, {"sn", "ZZ77TEST1"}, {"owner", "alice"}};
  const wire::Json added = must(ask_admin(folder.data(), add, devices.path()));
  EXPECT_EQ(added.at("name"), "Heat Pump");
  EXPECT_EQ(added.at("family"), "heat_pump");
  const wire::Json list = must(ask_admin(folder.data(), {{"op", "device.list"}}, devices.path()));
  EXPECT_EQ(list.at(0).at("family"), "heat_pump");
  const auto none = ask_admin(folder.data(), {{"op", "device.list"}}, devices.path() / "none");
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().detail, HasSubstr("none"));
}

TEST_F(SocketTest, ChangesShowInTheServersDirectoryAtOnce) {
  int changes = 0;
  registry->on_change([&changes] { ++changes; });
  must(ask_admin(folder.data(), {{"op", "account.add"}, {"name", "alice"}}));
  EXPECT_NE(registry->directory()->find_account_by_name("alice"), nullptr);
  EXPECT_EQ(changes, 1);
}

TEST_F(SocketTest, ListsOfManyDevicesComeWhole) {
  must(registry->add_account({.name = "alice"}));
  std::vector<std::string> names;
  names.reserve(3000);
  for (int i = 0; i < 3000; ++i) names.push_back(fmt::format("R331TEST{:05}", i));
  std::vector<registry::DeviceSpec> specs;
  specs.reserve(names.size());
  for (const std::string& name : names)
    specs.push_back({.sn = name, .name = name, .owner = "alice"});
  must(registry->add_devices(specs));
  const auto list = ask_admin(folder.data(), {{"op", "device.list"}});
  ASSERT_TRUE(list) << list.error().detail;
  EXPECT_EQ(list->as_array().size(), 3000U);
}

TEST_F(SocketTest, AClientThatDoesNotReadItsAnswerHoldsUpNobodyForLong) {
  must(registry->add_account({.name = "alice"}));
  std::vector<std::string> names;
  for (int i = 0; i < 5000; ++i) names.push_back(fmt::format("A-LONG-SERIAL-NUMBER-{:05}", i));
  std::vector<registry::DeviceSpec> specs;
  specs.reserve(names.size());
  for (const std::string& name : names)
    specs.push_back({.sn = name, .name = name, .owner = "alice"});
  must(registry->add_devices(specs));
  const Socket silent = must(connect_to(folder.data()));
  must(send_all(silent.get(), "{\"op\":\"device.list\"}\n"));
  const auto list = ask_admin(folder.data(), {{"op", "account.list"}});
  ASSERT_TRUE(list) << list.error().detail;
}

TEST_F(SocketTest, AFolderWithTooLongANameIsExplained) {
  const std::filesystem::path deep = folder.path() / std::string(120, 'x');
  std::filesystem::create_directories(deep);
  operations::Context far = context();
  far.data = deep;
  const auto opened = AdminSocket::open(far);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kBadParams);
  EXPECT_THAT(opened.error().detail, HasSubstr("too long"));
}

// Makes the log's writes fail as on a full disk, while the registry's succeed.
void fill_disk_under_log(const std::filesystem::path& data) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  int segments = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code ignored;
    const auto file = std::filesystem::read_symlink(entry.path(), ignored);
    if (file.parent_path() != std::filesystem::canonical(data) / "log" ||
        file.extension() != ".log") {
      continue;
    }
    ASSERT_GE(::dup2(full, std::stoi(entry.path().filename().string())), 0);
    ++segments;
  }
  ::close(full);
  ASSERT_EQ(segments, 1);
  std::filesystem::rename(data / "log", data / "log-elsewhere");  // a new segment would not help
}

TEST(AdminOnAFullDisk, TellsKeysOfWhatIsMadeThoughTheAuditLacksItAndThenRefuses) {
  const TemporaryFolder folder;
  const SystemClock clock;
  const auto registry = must(Registry::open(folder.data()));
  const auto archive = must(history::Archive::open({.data = folder.data(), .clock = &clock}));
  fill_disk_under_log(folder.data());
  const operations::Context context{.registry = *registry,
                                    .catalog = *shipped_catalog(),
                                    .archive = *archive,
                                    .clock = clock,
                                    .data = folder.data()};
  const auto made = operations::administer(context, {{"op", "account.add"}, {"name", "ann"}});
  ASSERT_TRUE(made) << made.error().detail;
  const wire::JsonObject& told = made->as_object();
  EXPECT_NE(registry->directory()->find_key(told.at("accessKey").as_string().subview()), nullptr);
  EXPECT_TRUE(told.contains("secretKey"));
  EXPECT_TRUE(told.contains("gatewayKey"));
  EXPECT_THAT(std::string(told.at("warning").as_string()),
              HasSubstr("the change was made, but could not be recorded in the audit"));
  testing::internal::CaptureStderr();
  print_warning(*made);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("gridloom: warning: the change was made"));
  const auto refused = operations::administer(context, {{"op", "account.add"}, {"name", "ben"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kIo);
  EXPECT_EQ(registry->directory()->find_account_by_name("ben"), nullptr);
}

}  // namespace
}  // namespace gridloom::app
