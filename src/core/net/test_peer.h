// Test helpers: a protocol that follows commands from the peer and records its calls, a server for
// it, and blocking clients, plain and TLS. Nothing here relies on timing: an event that does not
// come within kPatience fails the test.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <ranges>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "net/listener.h"
#include "testing/clock.h"

namespace gridloom::net {

inline constexpr std::chrono::seconds kPatience{20};

// Busy work that takes at least `time`.
inline void take(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

// Events that protocols report to the test, across threads.
class Events {
 public:
  void note(std::string event) {
    const std::scoped_lock lock(mutex_);
    seen_.push_back(std::move(event));
    changed_.notify_all();
  }
  [[nodiscard]] std::size_t count(std::string_view event) {
    const std::scoped_lock lock(mutex_);
    return count_locked(event);
  }
  // How often `event` was noted before `this_one`.
  [[nodiscard]] std::size_t count_before(std::string_view event, std::string_view this_one) {
    const std::scoped_lock lock(mutex_);
    return static_cast<std::size_t>(
        std::count(seen_.begin(), std::ranges::find(seen_, this_one), event));
  }
  // False: the event did not happen that often within kPatience.
  [[nodiscard]] bool await(std::string_view event, std::size_t times = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return count_locked(event) >= times; });
  }

 private:
  [[nodiscard]] std::size_t count_locked(std::string_view event) const {
    std::size_t times = 0;
    for (const std::string& each : seen_) times += each == event ? 1 : 0;
    return times;
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> seen_;
};

// A line-based protocol. Commands: "echo TEXT", "big BYTES", "bye BYTES" (then finishes), "known
// ACCOUNT" (the account from now on; 1 if none is named), "later TEXT" (responds from a posted
// task, and reads nothing until then), "move LOOP" (responds "here" or "there" from the other loop,
// for the same or another thread), "note TEXT", "slow MS" (takes that long), "work" (has work that
// never ends), "bound" (bounds the kernel's output). Notes "made", "tick", "stops", "lost", and
// "after lost" if anything is called after lost().
class LineProtocol final : public Protocol, public std::enable_shared_from_this<LineProtocol> {
 public:
  using Loops = std::vector<std::unique_ptr<IoLoop>>;
  LineProtocol(ConnectionContext line, Events& events, const Loops& loops)
      : line_(std::move(line)), events_(events), loops_(loops) {
    events_.note(line_.secure ? "made secure" : "made");
  }
  void receive(std::string_view bytes, TimePoint /*now*/) override {
    alive();
    in_ += bytes;
    for (std::size_t end = in_.find('\n'); end != std::string::npos && !finished_ && !moving_;
         end = in_.find('\n')) {
      const std::string text = in_.substr(0, end);
      in_.erase(0, end + 1);
      command(text);
    }
  }
  [[nodiscard]] bool has_work() const override { return works_; }
  void work() override {
    alive();
    events_.note("work");
  }
  void take_output(std::string& out) override {
    alive();
    out += std::exchange(out_, {});
  }
  [[nodiscard]] bool finished() const override { return finished_; }
  [[nodiscard]] bool wants_input() const override {
    return !waiting_ && !moving_ && !finished_ && !works_;
  }
  [[nodiscard]] std::int64_t account() const override { return account_; }
  [[nodiscard]] std::size_t kept_bytes() const override { return in_.size(); }
  void tick(TimePoint /*now*/) override {
    alive();
    events_.note("tick");
  }
  void server_stops() override {
    alive();
    events_.note("stops");
    out_ += "goodbye\n";
    finished_ = true;
  }
  void lost() override {
    alive();
    lost_ = true;
    events_.note("lost");
  }

 private:
  void alive() {
    if (lost_) events_.note("after lost");
  }
  void command(std::string_view text) {
    const std::size_t space = text.find(' ');
    const std::string_view verb = text.substr(0, space);
    const std::string_view rest = space == std::string_view::npos ? "" : text.substr(space + 1);
    std::size_t bytes = 0;
    std::from_chars(rest.data(), rest.data() + rest.size(), bytes);
    if (verb == "echo") out_.append(rest).append(1, '\n');
    if (verb == "big" || verb == "bye") out_.append(bytes, 'x');
    if (verb == "bye") finished_ = true;
    if (verb == "known") account_ = std::max<std::int64_t>(1, static_cast<std::int64_t>(bytes));
    if (verb == "note") events_.note(std::string(rest));
    if (verb == "work") works_ = true;
    if (verb == "bound") line_.bound_output();
    if (verb == "move") {
      moving_ = true;
      line_.move(*loops_.at(bytes), [self = shared_from_this(), from = std::this_thread::get_id()] {
        self->moving_ = false;
        self->out_ += std::this_thread::get_id() == from ? "here\n" : "there\n";
        self->receive({}, {});
      });
    }
    if (verb == "slow") take(std::chrono::milliseconds(bytes));
    if (verb == "later") {
      waiting_ = true;
      line_.loop.post([weak = weak_from_this(), reply = std::string(rest) + '\n'] {
        const auto self = weak.lock();
        if (!self || self->lost_) return;
        self->waiting_ = false;
        self->out_ += reply;
        self->line_.wake();
      });
    }
  }

  ConnectionContext line_;
  Events& events_;
  const Loops& loops_;
  std::string in_;
  std::string out_;
  bool waiting_ = false;
  bool works_ = false;
  bool moving_ = false;
  bool finished_ = false;
  bool lost_ = false;
  std::int64_t account_ = 0;
};

struct ServerOptions {
  std::size_t loops = 2;
  ListenerLimits limits{};
  TlsContextPtr tls{};
  Address address{.host = "127.0.0.1", .port = 0};
  std::shared_ptr<ConnectionBudget> budget{};
  ByteBudgetPtr unauthenticated_bytes{};
};

struct TestServer {
  explicit TestServer(ServerOptions options = {}) {
    std::vector<IoLoop*> raw;
    for (std::size_t i = 0; i < options.loops; ++i) {
      loops.push_back(std::make_unique<IoLoop>());
      raw.push_back(loops.back().get());
    }
    auto opened =
        Listener::open({.address = options.address,
                        .tls = options.tls,
                        .make =
                            [this](ConnectionContext line) {
                              return std::make_shared<LineProtocol>(std::move(line), events, loops);
                            },
                        .clock = &clock,
                        .limits = options.limits,
                        .budget = options.budget,
                        .unauthenticated_bytes = options.unauthenticated_bytes},
                       raw);
    if (!opened) throw std::runtime_error(opened.error().detail);
    listener = std::move(*opened);
    for (const auto& loop : loops) {
      loop->on_sweep([this] { events.note("sweep"); });
      loop->start();
    }
    listener->start();
  }
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;
  ~TestServer() {
    for (const auto& loop : loops) loop->stop();
  }
  [[nodiscard]] std::uint16_t port() const { return listener->bound().port; }

  TestClock clock;
  Events events;
  std::vector<std::unique_ptr<IoLoop>> loops;
  std::unique_ptr<Listener> listener;
};

// A blocking connection over the loopback. Data that do not arrive within kPatience count as
// missing.
class PlainPeer {
 public:
  // `from`: a loopback address in 127.0.0.0/8.
  explicit PlainPeer(std::uint16_t port, std::uint32_t from = INADDR_LOOPBACK)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{.tv_sec = kPatience.count(), .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(from);
    const auto* raw = reinterpret_cast<const sockaddr*>(&address);
    const bool is_bound = from == INADDR_LOOPBACK || ::bind(fd_, raw, sizeof(address)) == 0;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = is_bound && ::connect(fd_, raw, sizeof(address)) == 0;
  }
  PlainPeer(const PlainPeer&) = delete;
  PlainPeer& operator=(const PlainPeer&) = delete;
  ~PlainPeer() { ::close(fd_); }

  [[nodiscard]] bool connected() const { return connected_; }
  [[nodiscard]] int fd() const { return fd_; }
  // False: the connection is broken.
  bool send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t size = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (size <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(size));
    }
    return true;
  }
  // Up to `bytes`; fewer only if the connection ends earlier.
  [[nodiscard]] std::string read(std::size_t bytes) const {
    std::string text;
    std::array<char, 65'536> piece{};
    while (text.size() < bytes) {
      const ssize_t size =
          ::recv(fd_, piece.data(), std::min(piece.size(), bytes - text.size()), 0);
      if (size <= 0) return text;
      text.append(piece.data(), static_cast<std::size_t>(size));
    }
    return text;
  }
  [[nodiscard]] std::string line() const {
    std::string text;
    while (!text.ends_with('\n')) {
      const std::string next = read(1);
      if (next.empty()) return text + "(the end)";
      text += next;
    }
    text.pop_back();
    return text;
  }
  [[nodiscard]] std::string rest() const { return read(std::size_t{1} << 30U); }
  // Nothing more comes because the connection was closed or reset, not because of silence.
  [[nodiscard]] bool ended() const {
    char byte = 0;
    const ssize_t size = ::recv(fd_, &byte, 1, 0);
    return size == 0 || (size < 0 && errno != EAGAIN);
  }
  // Reads all that comes; whether the connection was reset then.
  [[nodiscard]] bool was_reset() const {
    std::array<char, 65'536> piece{};
    ssize_t size = 0;
    do {
      size = ::recv(fd_, piece.data(), piece.size(), 0);
    } while (size > 0);
    return size < 0 && errno == ECONNRESET;
  }
  void reset_at_end() const {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  }
  void send_no_more() const { ::shutdown(fd_, SHUT_WR); }

 private:
  int fd_;
  bool connected_ = false;
};

// TLS over a PlainPeer, with the server's name and chain verified.
class TlsPeer {
 public:
  // An empty `ca`: nothing is trusted.
  TlsPeer(const PlainPeer& peer, const std::string& ca, const std::string& host)
      : context_(SSL_CTX_new(TLS_client_method())) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to a connection that may be closed
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    if (!ca.empty()) SSL_CTX_load_verify_locations(context_, ca.c_str(), nullptr);
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, peer.fd());
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), host.c_str()) != 1) {
      SSL_set1_host(ssl_, host.c_str());
      SSL_set_tlsext_host_name(ssl_, host.c_str());
    }
  }
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;
  ~TlsPeer() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }

  [[nodiscard]] bool do_handshake() const { return SSL_connect(ssl_) == 1; }
  [[nodiscard]] SSL* ssl() const { return ssl_; }
  bool send(std::string_view text) const {
    return text.empty() || SSL_write(ssl_, text.data(), static_cast<int>(text.size())) > 0;
  }
  [[nodiscard]] std::string read(std::size_t bytes) const {
    std::string text;
    std::array<char, 16'384> piece{};
    while (text.size() < bytes) {
      const int size = SSL_read(ssl_, piece.data(),
                                static_cast<int>(std::min(piece.size(), bytes - text.size())));
      if (size <= 0) return text;
      text.append(piece.data(), static_cast<std::size_t>(size));
    }
    return text;
  }
  // The server sent its TLS shutdown: the data were not truncated.
  [[nodiscard]] bool ended_cleanly() const {
    char byte = 0;
    const int size = SSL_read(ssl_, &byte, 1);
    return SSL_get_error(ssl_, size) == SSL_ERROR_ZERO_RETURN;
  }

 private:
  SSL_CTX* context_;
  SSL* ssl_ = nullptr;
};

}  // namespace gridloom::net
