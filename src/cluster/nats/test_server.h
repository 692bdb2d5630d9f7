// For tests: nats-servers of the process' own (Debian's package nats-server), one or a cluster of
// three, in a temporary folder, on free ports of the loopback. They end with the thread that made
// them, however that ends.
//
// Each can be killed, ended, paused and begun again. A server is ready when its monitoring port
// says that it is; the wait for that ends early if the server does. Thread rule: one thread.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/file_descriptor.h"
#include "nats/settings.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::nats {

class TestServers {
 public:
  // The program; empty: the package is not installed, and a test that needs it is skipped.
  [[nodiscard]] static std::filesystem::path program() {
    std::error_code ignored;
    for (const char* path : {"/usr/bin/nats-server", "/usr/sbin/nats-server"}) {
      if (std::filesystem::exists(path, ignored)) return path;
    }
    return {};
  }
  static constexpr std::string_view kMissing = "nats-server is not installed";

  struct Options {
    std::size_t count = 1;
    std::string more = {};                // lines of every server's configuration
    std::string_view file_store = "1GB";  // the most that JetStream stores
  };
  // Begins the servers and waits until they are ready. Throws if they do not become so.
  TestServers() : TestServers(Options{}) {}
  explicit TestServers(const Options& options) : servers_(options.count) {
    reserve_ports();
    for (std::size_t i = 0; i < servers_.size(); ++i) write_configuration(i, options);
    for (std::size_t i = 0; i < servers_.size(); ++i) begin(i);
    for (std::size_t i = 0; i < servers_.size(); ++i) await_ready(i);
  }
  TestServers(const TestServers&) = delete;
  TestServers& operator=(const TestServers&) = delete;
  ~TestServers() {
    for (std::size_t i = 0; i < servers_.size(); ++i) kill(i);
  }

  [[nodiscard]] std::size_t size() const { return servers_.size(); }
  [[nodiscard]] std::string url(std::size_t i) const {
    return fmt::format("nats://127.0.0.1:{}", servers_[i].port);
  }
  // All of them, that of `first` at the front.
  [[nodiscard]] std::string urls(std::size_t first = 0) const {
    std::string all = url(first);
    for (std::size_t i = 1; i < size(); ++i) all += "," + url((first + i) % size());
    return all;
  }
  [[nodiscard]] ConnectionSettings settings(std::size_t first = 0) const {
    return must(ConnectionSettings::parse({.urls = urls(first)}));
  }
  [[nodiscard]] std::uint16_t port(std::size_t i) const { return servers_[i].port; }

  // Begins a server that has ended; its configuration and what it has stored are as they were.
  void begin(std::size_t i) {
    Server& server = servers_[i];
    const std::string bin = program().string();
    const std::string file = (folder(i) / "configuration").string();
    const std::string log = (folder(i) / "log").string();
    const pid_t parent = ::getpid();
    server.held.clear();
    server.process = ::fork();
    if (server.process != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::setsid();  // Ctrl-C is for the tests
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::execl(bin.c_str(), bin.c_str(), "-c", file.c_str(), nullptr);
    ::_exit(127);
  }
  void restart(std::size_t i) {
    begin(i);
    await_ready(i);
  }
  void kill(std::size_t i) { end(i, SIGKILL); }
  // In order: it hands over what it leads.
  void stop(std::size_t i) { end(i, SIGTERM); }
  // Returns once it stands still.
  void pause(std::size_t i) const {
    ::kill(servers_[i].process, SIGSTOP);
    int status = 0;
    while (::waitpid(servers_[i].process, &status, WUNTRACED) < 0 && errno == EINTR) continue;
  }
  void resume(std::size_t i) const { ::kill(servers_[i].process, SIGCONT); }
  // Removes all that a server which has ended had stored.
  void wipe(std::size_t i) const { std::filesystem::remove_all(folder(i) / "store"); }

  // Until it serves, and JetStream with it: its replicas have what the others have.
  void await_ready(std::size_t i) {
    await(i, "ready", [&] {
      if (!get(i, "/healthz").contains("\"ok\"")) return false;
      return size() == 1 || get(i, "/jsz").contains("\"leader\":");
    });
  }
  // The server that leads a stream now, as `asked` says it.
  [[nodiscard]] std::size_t leader_of(std::string_view stream, std::size_t asked = 0) {
    std::optional<std::size_t> found;
    await(asked, "told who leads", [&] {
      found = leader_in(streams(asked), stream);
      return found.has_value();
    });
    return *found;
  }
  // A server's account of its streams.
  [[nodiscard]] std::string streams(std::size_t i) const {
    return get(i, "/jsz?streams=true&accounts=true");
  }
  [[nodiscard]] std::string log(std::size_t i) const { return content_of(folder(i) / "log"); }

 private:
  struct Server {
    std::uint16_t port = 0;
    std::uint16_t monitoring = 0;
    std::uint16_t routes = 0;
    pid_t process = 0;  // 0: none
    // The ports while there is no process: no other program is to get them meanwhile.
    std::vector<FileDescriptor> held{};
  };
  static constexpr std::chrono::seconds kLongestStart{40};

  [[nodiscard]] static std::string name_of(std::size_t i) { return fmt::format("n{}", i + 1); }
  [[nodiscard]] std::filesystem::path folder(std::size_t i) const {
    return folder_.path() / name_of(i);
  }

  // Ports that are free: all are taken at once, so that they differ.
  void reserve_ports() {
    std::vector<FileDescriptor> taken;
    for (Server& server : servers_) {
      for (std::uint16_t* port : {&server.port, &server.monitoring, &server.routes}) {
        taken.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address = loopback(0);
        socklen_t size = sizeof(address);
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        if (::bind(taken.back().get(), generic, size) != 0 ||
            ::getsockname(taken.back().get(), generic, &size) != 0) {
          throw std::runtime_error("no port is free");
        }
        *port = ntohs(address.sin_port);
      }
    }
  }
  [[nodiscard]] static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  void write_configuration(std::size_t i, const Options& options) const {
    std::filesystem::create_directories(folder(i));
    std::string text = fmt::format(
        "server_name: {}\nlisten: \"127.0.0.1:{}\"\nhttp: \"127.0.0.1:{}\"\n"
        "jetstream {{ store_dir: \"{}\", max_memory_store: 64MB, max_file_store: {} }}\n{}\n",
        name_of(i), servers_[i].port, servers_[i].monitoring, (folder(i) / "store").string(),
        options.file_store, options.more);
    if (servers_.size() > 1) {
      std::string routes;
      for (const Server& each : servers_) {
        routes += fmt::format("{}\"nats://127.0.0.1:{}\"", routes.empty() ? "" : ", ", each.routes);
      }
      text += fmt::format("cluster {{ name: gridloom, listen: \"127.0.0.1:{}\", routes: [{}] }}\n",
                          servers_[i].routes, routes);
    }
    write_content(folder(i) / "configuration", text);
  }

  void end(std::size_t i, int signal) {
    Server& server = servers_[i];
    if (server.process == 0) return;
    ::kill(server.process, signal);
    ::kill(server.process, SIGCONT);
    int status = 0;
    while (::waitpid(server.process, &status, 0) < 0 && errno == EINTR) continue;
    server.process = 0;
    hold_ports(server);
  }
  // Nobody listens there, so that connections are refused.
  static void hold_ports(Server& server) {
    for (const std::uint16_t port : {server.port, server.monitoring, server.routes}) {
      FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      const int on = 1;
      ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
      const sockaddr_in address = loopback(port);
      if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) {
        server.held.push_back(std::move(socket));
      }
    }
  }

  template <typename Holds>
  void await(std::size_t i, std::string_view what, const Holds& holds) {
    const FileDescriptor process(
        static_cast<int>(::syscall(SYS_pidfd_open, servers_[i].process, 0)));
    const auto deadline = std::chrono::steady_clock::now() + kLongestStart;
    pollfd ended{.fd = process.get(), .events = POLLIN, .revents = 0};
    while (!holds()) {
      constexpr int kPause_ms = 20;
      const bool has_ended = ::poll(&ended, 1, kPause_ms) > 0;
      if (has_ended || std::chrono::steady_clock::now() > deadline) {
        throw std::runtime_error(fmt::format("nats-server {} is not {}: {}", i, what, log(i)));
      }
    }
  }

  // The answer of a server's monitoring port; empty: there is none.
  [[nodiscard]] std::string get(std::size_t i, std::string_view path) const {
    const FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval most{.tv_sec = 1, .tv_usec = 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
    const sockaddr_in address = loopback(servers_[i].monitoring);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
        0) {
      return {};
    }
    const std::string request =
        fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return {};
    std::string answer;
    std::array<char, 4096> some{};
    for (ssize_t got = 0; (got = ::recv(socket.get(), some.data(), some.size(), 0)) > 0;) {
      answer.append(some.data(), static_cast<std::size_t>(got));
    }
    return answer;
  }

  [[nodiscard]] static std::string name_line(std::string_view stream) {
    return fmt::format("\"name\": \"{}\"", stream);
  }
  // Reads what follows the stream's name: "cluster": {"name": ..., "leader": "n2".
  [[nodiscard]] std::optional<std::size_t> leader_in(std::string_view jsz,
                                                     std::string_view stream) const {
    const std::size_t at = jsz.find(name_line(stream));
    if (at == std::string_view::npos) return std::nullopt;
    constexpr std::string_view kLeader = "\"leader\": \"";
    const std::size_t leader = jsz.find(kLeader, at);
    if (leader == std::string_view::npos) return std::nullopt;
    for (std::size_t i = 0; i < size(); ++i) {
      if (jsz.substr(leader + kLeader.size()).starts_with(name_of(i) + "\"")) return i;
    }
    return std::nullopt;
  }

  TemporaryFolder folder_;
  std::vector<Server> servers_;
};

}  // namespace gridloom::nats
