#include "nats/connection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nats/test_server.h"
#include "testing/becomes.h"
#include "testing/must.h"

namespace gridloom::nats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Steady = std::chrono::steady_clock;

// The test's thread waits here for what arrives on threads of the library.
class Arrivals {
 public:
  void add(std::string text) {
    {
      const std::lock_guard lock(mutex_);
      all_.push_back(std::move(text));
    }
    changed_.notify_all();
  }
  // Once there are so many, or after ten seconds.
  [[nodiscard]] std::vector<std::string> await(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [&] { return all_.size() >= count; });
    return std::exchange(all_, {});
  }
  [[nodiscard]] Handler handler() {
    return [this](const Delivery& delivery) { add(std::string(delivery.data)); };
  }
  [[nodiscard]] Connection::OnReply on_reply() {
    return [this](Result<std::string> reply) {
      add(reply ? *reply
                : fmt::format("{}: {}", name_of(reply.error().code), reply.error().detail));
    };
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> all_;
};

class NatsConnection : public testing::Test {
 protected:
  void SetUp() override {
    if (TestServers::program().empty()) GTEST_SKIP() << TestServers::kMissing;
    servers_.emplace();
  }
  [[nodiscard]] std::unique_ptr<Connection> connect(const Connection::Options& options = {}) const {
    return must(Connection::open(servers_->settings(), options));
  }

  std::optional<TestServers> servers_;
  Arrivals arrivals_;
};

TEST_F(NatsConnection, DeliversWhatOthersPublishInItsOrder) {
  const auto connection = connect({.name = "reader"});
  const auto other = connect({.sending = Connection::Sending::kTogether});
  const Subscription subscription = must(connection->subscribe("a.*", arrivals_.handler()));
  must(connection->flush(Millis(2'000)));
  for (int i = 0; i < 100; ++i) must(other->publish("a.b", std::to_string(i)));
  std::vector<std::string> expected;
  for (int i = 0; i < 100; ++i) expected.push_back(std::to_string(i));
  EXPECT_EQ(arrivals_.await(100), expected);
  EXPECT_TRUE(connection->health().is_connected);
  EXPECT_EQ(connection->health().server, servers_->url(0));
  EXPECT_EQ(connection->health().reconnects, 0U);
}

TEST_F(NatsConnection, DeliversNothingOnceASubscriptionHasGone) {
  const auto connection = connect();
  {
    const Subscription gone = must(connection->subscribe("a", arrivals_.handler()));
    must(connection->publish("a", "1"));
    EXPECT_THAT(arrivals_.await(1), ElementsAre("1"));
  }
  const Subscription stays = must(connection->subscribe("b", arrivals_.handler()));
  must(connection->publish("a", "2"));
  must(connection->publish("b", "3"));
  EXPECT_THAT(arrivals_.await(1), ElementsAre("3"));
}

TEST_F(NatsConnection, SurvivesSubscriptionsThatComeAndGoUnderLoad) {
  const auto connection = connect();
  const auto other = connect();
  const Subscription end = must(connection->subscribe("end", arrivals_.handler()));
  std::size_t delivered = 0;
  for (int round = 0; round < 200; ++round) {
    const Subscription some =
        must(connection->subscribe("a", [&](const Delivery&) { ++delivered; }));
    for (int i = 0; i < 20; ++i) must(other->publish("a", "x"));
  }
  must(other->flush(Millis(5'000)));
  must(other->publish("end", "end"));
  EXPECT_THAT(arrivals_.await(1), ElementsAre("end"));
}

TEST_F(NatsConnection, AnswersRequestsByTheirReplies) {
  const auto connection = connect();
  const auto other = connect();
  const Subscription service = must(other->subscribe("twice", [&](const Delivery& request) {
    must(other->publish(std::string(request.reply_to),
                        std::string(request.data) + std::string(request.data)));
  }));
  must(other->flush(Millis(2'000)));
  for (const char* word : {"a", "b", "c"}) {
    connection->request("twice", word, Millis(5'000), arrivals_.on_reply());
  }
  EXPECT_THAT(arrivals_.await(3), ElementsAre("aa", "bb", "cc"));
}

TEST_F(NatsConnection, SaysAtOnceThatNobodyAnswers) {
  const auto connection = connect();
  const auto begin = Steady::now();
  connection->request("nobody", "?", Millis(9'000), arrivals_.on_reply());
  EXPECT_THAT(arrivals_.await(1), ElementsAre("offline: nobody answers there"));
  EXPECT_LT(Steady::now() - begin, std::chrono::seconds(2));
}

TEST_F(NatsConnection, EndsARequestAtItsDeadline) {
  const auto connection = connect();
  const Subscription silent = must(connection->subscribe("silent", [](const Delivery&) {}));
  connection->request("silent", "?", Millis(300), arrivals_.on_reply());
  connection->request("silent", "?", Millis(100), arrivals_.on_reply());
  EXPECT_THAT(arrivals_.await(2),
              ElementsAre("no_answer: no reply came in time", "no_answer: no reply came in time"));
}

TEST_F(NatsConnection, RefusesWhatIsSentWhileItsServerIsAwayAndSendsNothingLater) {
  const auto connection = connect();
  const Subscription subscription = must(connection->subscribe("a", arrivals_.handler()));
  const Subscription silent = must(connection->subscribe("silent", [](const Delivery&) {}));
  Arrivals replies;
  connection->request("silent", "?", Millis(60'000), replies.on_reply());
  must(connection->flush(Millis(2'000)));
  servers_->kill(0);
  EXPECT_THAT(replies.await(1), ElementsAre(HasSubstr("no_answer: the connection with NATS was")));
  const Status sent = connection->publish("a", "stale");
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, ErrorCode::kOffline);
  connection->request("a", "stale", Millis(60'000), replies.on_reply());
  EXPECT_THAT(replies.await(1), ElementsAre(HasSubstr("offline: a message on a")));
  EXPECT_FALSE(connection->health().is_connected);
  EXPECT_THAT(connection->health().failing, HasSubstr("not connected with NATS"));
  servers_->restart(0);
  ASSERT_TRUE(becomes([&] { return connection->health().is_connected; }));
  EXPECT_EQ(connection->health().reconnects, 1U);
  EXPECT_THAT(connection->health().failing, IsEmpty());
  must(connection->publish("a", "fresh"));
  EXPECT_THAT(arrivals_.await(1), ElementsAre("fresh"));
}

TEST_F(NatsConnection, NoticesAServerThatHangs) {
  const auto connection = connect();
  servers_->pause(0);
  const auto begin = Steady::now();
  ASSERT_TRUE(becomes([&] { return !connection->health().is_connected; }));
  EXPECT_LT(Steady::now() - begin, std::chrono::seconds(5));
  servers_->resume(0);
  ASSERT_TRUE(becomes([&] { return connection->health().is_connected; }));
}

TEST_F(NatsConnection, SaysWhyItCannotBeOpened) {
  servers_->stop(0);
  const auto connection = Connection::open(servers_->settings(), {});
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code, ErrorCode::kIo);
  EXPECT_THAT(connection.error().detail,
              HasSubstr(fmt::format("no connection with NATS at 127.0.0.1:{}", servers_->port(0))));
}

TEST(NatsUsers, AreRefusedWithoutTheirPassword) {
  if (TestServers::program().empty()) GTEST_SKIP() << TestServers::kMissing;
  const TestServers servers(
      {.more = "authorization { users: [{ user: \"me\", password: \"open sesame\" }] }"});
  const TemporaryFolder folder;
  const auto file = [&](const std::string& name, std::string_view content) {
    write_content(folder.path() / name, content);
    ::chmod((folder.path() / name).c_str(), 0600);
    return folder.path() / name;
  };
  const auto open = [&](const std::filesystem::path& password) {
    return Connection::open(must(ConnectionSettings::parse(
                                {.urls = servers.url(0), .user = "me", .password_file = password})),
                            {});
  };
  const auto wrong = open(file("wrong", "wrong"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::kNoPermission);
  EXPECT_FALSE(Connection::open(servers.settings(), {}));
  EXPECT_TRUE(must(open(file("right", "open sesame")))->health().is_connected);
}

class NatsTls : public testing::Test {
 protected:
  void SetUp() override {
    if (TestServers::program().empty()) GTEST_SKIP() << TestServers::kMissing;
  }
  // A key and a certificate of itself: FOLDER/NAME.key and NAME.pem.
  void make_certificate(const std::string& name, const std::string& of) const {
    const std::string base = (folder_.path() / name).string();
    const pid_t process = ::fork();
    if (process == 0) {
      const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
      ::dup2(nowhere, STDERR_FILENO);
      ::execlp("openssl", "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
               "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj", "/CN=test",
               "-addext", ("subjectAltName=" + of).c_str(), "-keyout", (base + ".key").c_str(),
               "-out", (base + ".pem").c_str(), nullptr);
      ::_exit(127);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(process, &status, 0), process);
    ASSERT_EQ(status, 0);
    ::chmod((base + ".key").c_str(), 0600);
  }
  [[nodiscard]] std::filesystem::path file(const std::string& name) const {
    return folder_.path() / name;
  }
  [[nodiscard]] TestServers::Options with(const std::string& name) const {
    return {.more = fmt::format("tls {{ cert_file: \"{0}.pem\", key_file: \"{0}.key\", "
                                "ca_file: \"{1}\", verify: true }}",
                                file(name).string(), file("client.pem").string())};
  }
  [[nodiscard]] Result<std::unique_ptr<Connection>> open(const TestServers& servers,
                                                         const std::string& ca) const {
    return Connection::open(must(ConnectionSettings::parse({.urls = servers.url(0),
                                                            .ca_file = file(ca),
                                                            .certificate_file = file("client.pem"),
                                                            .key_file = file("client.key")})),
                            {});
  }

  TemporaryFolder folder_;
};

TEST_F(NatsTls, ConnectsWithTheServerThatItKnowsAlone) {
  make_certificate("client", "DNS:client");
  make_certificate("right", "IP:127.0.0.1");
  make_certificate("other", "DNS:other.example");
  const TestServers right(with("right"));
  EXPECT_TRUE(must(open(right, "right.pem"))->health().is_connected);
  EXPECT_FALSE(open(right, "other.pem")) << "another authority";
  EXPECT_FALSE(Connection::open(right.settings(), {})) << "no certificate of our own";
  const TestServers other(with("other"));
  EXPECT_FALSE(open(other, "other.pem")) << "another host";
}

}  // namespace
}  // namespace gridloom::nats
