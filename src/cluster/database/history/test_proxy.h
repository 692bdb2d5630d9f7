// For tests: stands between a client and a PostgreSQL server, and cuts their connection where a
// network would: before a COMMIT reaches the server, or after it was carried out and before that is
// answered. It can also be away, or pass nothing on.
//
// Thread rule: any function from any thread.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/file_descriptor.h"
#include "postgres/settings.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::history {

class TestProxy {
 public:
  enum class Mode : std::uint8_t {
    kPass,
    kCutBeforeCommit,
    kCutAfterCommit,
    kAway,   // nobody is connected
    kStall,  // what is sent gets nowhere
  };

  explicit TestProxy(const postgres::ConnectionSettings& server)
      : server_(server.parameters(0).at("host") + "/.s.PGSQL.5432"), schema_(server.schema()) {
    std::filesystem::create_directory(folder_.data());
    listener_ = FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_un own = address_of(folder_.data().string() + "/.s.PGSQL.5432");
    if (::bind(listener_.get(), as_address(own), sizeof(own)) != 0 ||
        ::listen(listener_.get(), 16) != 0) {
      throw std::runtime_error("the proxy cannot listen");
    }
    thread_ = std::jthread([this] { run(); });
  }
  TestProxy(const TestProxy&) = delete;
  TestProxy& operator=(const TestProxy&) = delete;
  ~TestProxy() {
    ends_ = true;
    wake();
  }

  // `then`: after a connection was cut.
  void set(Mode mode, Mode then = Mode::kPass) {
    then_ = then;
    mode_ = mode;
    wake();
  }
  [[nodiscard]] Mode mode() const { return mode_; }
  [[nodiscard]] postgres::ConnectionSettings settings() const {
    return must(postgres::ConnectionSettings::parse(
        {.url = "postgres://gridloom@/postgres?host=" + folder_.data().string(),
         .schema = schema_}));
  }

 private:
  struct Pair {
    FileDescriptor client;
    FileDescriptor server;
    bool has_committed = false;
  };

  static sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof(address.sun_path)) throw std::runtime_error("the path is too long");
    std::memcpy(&address.sun_path[0], path.data(), path.size());
    return address;
  }
  static const sockaddr* as_address(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);
  }

  void wake() {
    const std::uint64_t one = 1;
    static_cast<void>(::write(event_.get(), &one, sizeof(one)));
  }

  void run() {
    while (!ends_) {
      std::vector<pollfd> polled{{.fd = event_.get(), .events = POLLIN, .revents = 0},
                                 {.fd = listener_.get(), .events = POLLIN, .revents = 0}};
      const bool listens = mode_ != Mode::kStall;
      for (const Pair& pair : pairs_) {
        for (const FileDescriptor* end : {&pair.client, &pair.server}) {
          polled.push_back(
              {.fd = end->get(), .events = static_cast<short>(listens ? POLLIN : 0), .revents = 0});
        }
      }
      ::poll(polled.data(), polled.size(), -1);
      if (polled[0].revents != 0) {
        std::uint64_t count = 0;
        static_cast<void>(::read(event_.get(), &count, sizeof(count)));
      }
      if (mode_ == Mode::kAway) pairs_.clear();
      for (std::size_t i = 0; i < pairs_.size() && mode_ != Mode::kStall; ++i) {
        const bool goes_on = (polled[2 + 2 * i].revents == 0 || from_client(pairs_[i])) &&
                             (polled[3 + 2 * i].revents == 0 || from_server(pairs_[i]));
        if (!goes_on) pairs_[i].client = FileDescriptor();
      }
      std::erase_if(pairs_, [](const Pair& pair) { return pair.client.get() < 0; });
      if (polled[1].revents != 0) accept();
    }
  }

  void accept() {
    Pair pair;
    pair.client = FileDescriptor(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (mode_ == Mode::kAway) return;
    pair.server = FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_un server = address_of(server_);
    if (::connect(pair.server.get(), as_address(server), sizeof(server)) != 0) return;
    pairs_.push_back(std::move(pair));
  }

  // False: the connection is cut.
  bool from_client(Pair& pair) {
    const std::string_view read = read_from(pair.client);
    if (read.empty()) return false;
    const bool commits = read.contains(std::string_view("COMMIT\0", 7));
    if (commits && mode_ == Mode::kCutBeforeCommit) return cut();
    pair.has_committed = commits && mode_ == Mode::kCutAfterCommit;
    return write_to(pair.server, read);
  }
  bool from_server(Pair& pair) {
    const std::string_view read = read_from(pair.server);
    if (pair.has_committed) return cut();
    return !read.empty() && write_to(pair.client, read);
  }
  bool cut() {
    mode_ = then_.load();
    return false;
  }
  std::string_view read_from(const FileDescriptor& end) {
    const ssize_t got = ::read(end.get(), buffer_.data(), buffer_.size());
    return {buffer_.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))};
  }
  static bool write_to(const FileDescriptor& end, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t put = ::send(end.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (put <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
  }

  TemporaryFolder folder_;
  const std::string server_;
  const std::string schema_;
  FileDescriptor listener_;
  FileDescriptor event_{::eventfd(0, EFD_CLOEXEC)};
  std::atomic<Mode> mode_{Mode::kPass};
  std::atomic<Mode> then_{Mode::kPass};
  std::atomic<bool> ends_{false};
  std::array<char, 65'536> buffer_{};
  std::vector<Pair> pairs_;
  std::jthread thread_;
};

}  // namespace gridloom::history
