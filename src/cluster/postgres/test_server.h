// For tests: a PostgreSQL server of the process' own (Debian's package postgresql-15), which is
// started at its first use and ends with the process, however that ends; and a schema in it for
// each test.
//
// It listens on a socket in a temporary folder alone, and never waits for the disk (fsync=off). For
// root it runs as another user, because PostgreSQL refuses root. Thread rule: one thread.
#pragma once

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "base/file_descriptor.h"
#include "postgres/connection.h"
#include "postgres/settings.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::postgres {

class TestServer {
 public:
  // The folder of PostgreSQL's programs; empty: the package is not installed, and a test that needs
  // it is skipped.
  [[nodiscard]] static std::filesystem::path programs() {
    std::filesystem::path found;
    std::error_code ignored;
    for (const auto& version :
         std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
      if (std::filesystem::exists(version.path() / "bin" / "postgres", ignored)) {
        found = version.path() / "bin";
      }
    }
    return found;
  }
  static constexpr std::string_view kMissing = "postgresql-15 is not installed";

  // The server of this process.
  [[nodiscard]] static TestServer& get() {
    static TestServer server;
    return server;
  }

  // Throws if it does not start. Others than get() are for tests that stop or pause it.
  TestServer() {
    const std::string folder = folder_.path().string();
    const std::string bin = programs().string();
    std::array<int, 2> life{};
    std::array<int, 2> news{};
    if (::pipe2(life.data(), O_CLOEXEC) != 0 || ::pipe2(news.data(), O_CLOEXEC) != 0) {
      throw std::runtime_error("no pipe can be made");
    }
    const FileDescriptor life_read(life[0]);
    const FileDescriptor news_write(news[1]);
    life_ = FileDescriptor(life[1]);
    news_ = FileDescriptor(news[0]);
    script_ = ::fork();
    if (script_ == 0) {
      ::setsid();  // Ctrl-C is for the tests
      ::dup2(life_read.get(), STDIN_FILENO);
      ::dup2(news_write.get(), STDOUT_FILENO);
      ::execl("/bin/sh", "sh", "-c", kScript, "sh", folder.c_str(), bin.c_str(), nullptr);
      ::_exit(127);
    }
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;
  ~TestServer() {
    life_ = FileDescriptor();
    (void)wait_for_script();
  }

  // The process of the server: of what listens, not of a session.
  [[nodiscard]] pid_t process() {
    await_start();
    return process_;
  }
  // It is the superuser's, who needs no password.
  [[nodiscard]] std::string url() {
    await_start();
    return fmt::format("postgres://gridloom@/postgres?host={}", folder_.path().string());
  }
  [[nodiscard]] std::string log() const { return content_of(folder_.path() / "log"); }

 private:
  // Ends the server and removes its folder once its own input ends, as it does with the process
  // that has the other end.
  static constexpr const char* kScript = R"script(
folder=$1 bin=$2 as=
umask 077
if [ "$(id -u)" = 0 ]; then
  user=postgres
  getent passwd $user >/dev/null || user=nobody
  chown $user "$folder"
  as="setpriv --reuid=$user --regid=$(id -g $user) --clear-groups"
fi
cd "$folder"
: >log
mkfifo out
$as "$bin/initdb" -D "$folder/data" -U gridloom -A trust --no-sync --locale=C --encoding=UTF8 \
  --no-instructions >>log 2>&1
$as "$bin/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync=off \
  -c synchronous_commit=off -c full_page_writes=off -c max_connections=50 -c shared_buffers=32MB \
  -c autovacuum=off -c log_checkpoints=off >out 2>&1 &
server=$!
(while IFS= read -r line; do
  echo "$line" >>log
  case $line in *"is ready to accept connections"*) echo "$server" ;; esac
done <out; echo end) &
exec >&-
read -r never
kill -QUIT $server
wait
rm -rf "$folder"
)script";

  void await_start() {
    if (process_ != 0) return;
    std::string line;
    for (char letter = 0; letter != '\n';) {
      const ssize_t got = ::read(news_.get(), &letter, 1);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) throw std::runtime_error("PostgreSQL does not start: " + log());
      line.push_back(letter);
    }
    if (line == "end\n") throw std::runtime_error("PostgreSQL does not start: " + log());
    process_ = static_cast<pid_t>(std::stoi(line));
  }
  [[nodiscard]] int wait_for_script() const {
    int status = 0;
    while (::waitpid(script_, &status, 0) < 0 && errno == EINTR) continue;
    return status;
  }

  TemporaryFolder folder_;
  FileDescriptor life_;
  FileDescriptor news_;
  pid_t script_ = 0;
  pid_t process_ = 0;
};

// A schema of its own in a server, dropped at the end.
class TestDatabase {
 public:
  explicit TestDatabase(TestServer& server = TestServer::get()) : server_(server) {
    static int count = 0;
    schema_ = fmt::format("test_{}", ++count);
    must(connect().run(fmt::format("CREATE SCHEMA {}", schema_)));
  }
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;
  ~TestDatabase() {
    Result<Connection> connection = Connection::open(settings(), {});
    if (connection) (void)connection->run(fmt::format("DROP SCHEMA {} CASCADE", schema_));
  }

  [[nodiscard]] ConnectionSettings settings(std::string_view application = "gridloom") const {
    return must(ConnectionSettings::parse(
        {.url = server_.url(), .schema = schema_, .application_name = application}));
  }
  [[nodiscard]] Connection connect(const Connection::Options& options = {}) const {
    return must(Connection::open(settings(), options));
  }

 private:
  TestServer& server_;
  std::string schema_;
};

}  // namespace gridloom::postgres
