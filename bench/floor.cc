// The floor under every MQTT server: `floor PORT` receives, acknowledges and forwards, and does
// nothing else. It is measured beside Gridloom (bench/doors), so that a figure can be given as
// what a report costs beyond what its packets cost anyway.
//
// With a log it acknowledges a message only when the log, to which it appends each message's bytes,
// is synced: a sync begins when the last one is 5 ms old, for all messages that wait. That is the
// least that any server costs whose acknowledgement survives the loss of power.
//
// One thread and the log's, epoll, MQTT 3.1.1. Anyone may connect; a subscriber gets every message
// at QoS 0, whatever its filter. What one turn queues for a connection leaves in one send. No
// rights, no parsing of payloads, no disk, no limits. A malformed packet ends its connection.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::string_view_literals;

constexpr std::uint32_t kEnded = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

struct Connection : std::enable_shared_from_this<Connection> {
  int fd = -1;
  std::string in;   // an incomplete packet
  std::string out;  // not yet sent
  bool is_subscriber = false;
  bool is_queued = false;  // in Floor::unsent_
  bool is_lost = false;
};

struct HeldAck {
  std::shared_ptr<Connection> connection;
  std::array<char, 4> packet;
};

// Appends messages to a file and syncs them in groups, on a thread of its own that never ends.
class GroupLog {
 public:
  explicit GroupLog(const char* path)
      : fd_(::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600)) {}

  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] int synced_event() const { return synced_event_; }
  void start() {
    std::thread([this] { run(); }).detach();
  }

  // Takes what one turn collected; both are empty then.
  void append(std::string& bytes, std::vector<HeldAck>& acks) {
    bool was_empty = false;
    {
      const std::scoped_lock lock(mutex_);
      was_empty = waiting_.empty();
      waiting_ += bytes;
      std::ranges::move(acks, std::back_inserter(held_));
    }
    bytes.clear();
    acks.clear();
    if (was_empty) wake_.notify_one();
  }
  [[nodiscard]] std::vector<HeldAck> take_synced() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(synced_, {});
  }

 private:
  [[noreturn]] void run() {
    constexpr std::chrono::milliseconds kWindow{5};
    std::string bytes;
    std::chrono::steady_clock::time_point due{};
    for (std::unique_lock lock(mutex_);;) {
      wake_.wait(lock, [this] { return !waiting_.empty(); });
      wake_.wait_until(lock, due, [] { return false; });  // what comes until then is synced too
      bytes.clear();
      bytes.swap(waiting_);
      std::vector<HeldAck> acks = std::exchange(held_, {});
      lock.unlock();
      if (::write(fd_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) ||
          ::fdatasync(fd_) != 0) {
        std::perror("floor: the log");
        std::abort();
      }
      due = std::chrono::steady_clock::now() + kWindow;
      lock.lock();
      std::ranges::move(acks, std::back_inserter(synced_));
      const std::uint64_t one = 1;
      [[maybe_unused]] const ssize_t written = ::write(synced_event_, &one, sizeof one);
    }
  }

  int fd_;
  int synced_event_ = ::eventfd(0, EFD_NONBLOCK);
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string waiting_;
  std::vector<HeldAck> held_;    // of the bytes in waiting_
  std::vector<HeldAck> synced_;  // to be sent
};

class Floor {
 public:
  // `log`: nullptr: messages are acknowledged at once.
  Floor(std::uint16_t port, GroupLog* log) : epoll_(::epoll_create1(0)), log_(log) {
    const sockaddr_in at{.sin_family = AF_INET,
                         .sin_port = htons(port),
                         .sin_addr = {htonl(INADDR_LOOPBACK)},
                         .sin_zero = {}};
    const int yes = 1;
    listener_.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ::setsockopt(listener_.fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    is_listening_ = ::bind(listener_.fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 &&
                    ::listen(listener_.fd, SOMAXCONN) == 0;
    watch(listener_, EPOLLIN);
    if (log_ == nullptr) return;
    synced_.fd = log_->synced_event();
    watch(synced_, EPOLLIN | EPOLLET);
  }
  [[nodiscard]] bool is_listening() const { return is_listening_; }

  [[noreturn]] void run() {
    std::array<epoll_event, 512> events{};
    for (;;) {
      const int ready = ::epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < ready; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        auto& connection = *static_cast<Connection*>(event.data.ptr);
        if (&connection == &listener_) {
          accept_all();
          continue;
        }
        if (&connection == &synced_) {
          for (const HeldAck& ack : log_->take_synced()) {
            queue(*ack.connection, {ack.packet.data(), ack.packet.size()});
          }
          continue;
        }
        if (!connection.out.empty()) queue(connection, {});
        if ((event.events & (EPOLLIN | kEnded)) != 0) {
          receive(connection, (event.events & kEnded) != 0);
        }
      }
      if (!unlogged_.empty()) log_->append(unlogged_, held_);
      for (Connection* connection : unsent_) flush(*connection);
      unsent_.clear();
      if (std::exchange(has_lost_, false)) {
        std::erase_if(subscribers_, [](const Connection* each) { return each->is_lost; });
        std::erase_if(connections_, [](const auto& each) { return each->is_lost; });
      }
    }
  }

 private:
  void watch(Connection& connection, std::uint32_t events) const {
    epoll_event event{.events = events, .data = {.ptr = &connection}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
  }

  void accept_all() {
    for (int fd = 0; (fd = ::accept4(listener_.fd, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) {
      const int yes = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      connections_.push_back(std::make_shared<Connection>());
      connections_.back()->fd = fd;
      watch(*connections_.back(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
    }
  }

  void receive(Connection& connection, bool has_ended) {
    while (!connection.is_lost) {
      const ssize_t size = ::recv(connection.fd, buffer_.data(), buffer_.size(), 0);
      if (size < 0 && errno == EAGAIN) return;
      if (size <= 0) return lose(connection);
      const std::string_view got(buffer_.data(), static_cast<std::size_t>(size));
      if (connection.in.empty()) {
        connection.in = got.substr(take(connection, got));
      } else {
        connection.in += got;
        connection.in.erase(0, take(connection, connection.in));
      }
      // Edge-triggered: more bytes are a new event, an end that was reported is not.
      if (got.size() < buffer_.size() && !has_ended) return;
    }
  }

  // Handles the packets at the beginning of `bytes`; how many bytes they have.
  std::size_t take(Connection& connection, std::string_view bytes) {
    std::size_t taken = 0;
    while (!connection.is_lost) {
      const std::string_view rest = bytes.substr(taken);
      std::size_t length = 0;
      std::size_t head = 1;
      bool is_complete = false;
      for (unsigned shift = 0; head < rest.size() && head <= 4 && !is_complete; shift += 7) {
        const auto byte = static_cast<unsigned char>(rest[head++]);
        length |= std::size_t{byte & 0x7FU} << shift;
        is_complete = byte < 0x80;
      }
      if (!is_complete || rest.size() < head + length) return taken;
      handle(connection, rest.substr(0, head + length), rest.substr(head, length));
      taken += head + length;
    }
    return bytes.size();
  }

  void handle(Connection& connection, std::string_view packet, std::string_view body) {
    const auto first = static_cast<unsigned char>(packet[0]);
    const auto word_at = [body](std::size_t at) -> std::size_t {
      if (body.size() < at + 2) return 0xFFFF;
      return static_cast<std::size_t>(static_cast<unsigned char>(body[at])) << 8U |
             static_cast<unsigned char>(body[at + 1]);
    };
    if (first == 0x10) return queue(connection, "\x20\x02\0\0"sv);
    if (first == 0xC0) return queue(connection, "\xD0\0"sv);
    if (first == 0x82 && body.size() > 2) {
      connection.is_subscriber = true;
      subscribers_.push_back(&connection);
      return queue(connection, std::string("\x90\x03"sv).append(body.substr(0, 2)) + '\0');
    }
    if (first >> 4U != 3) return lose(connection);
    const bool has_id = (first & 0x06U) != 0;
    const std::size_t topic = 2 + word_at(0);
    if (body.size() < topic + (has_id ? 2 : 0)) return lose(connection);
    if (!has_id) return forward(packet);
    const std::array<char, 4> ack{'\x40', '\x02', body[topic], body[topic + 1]};
    if (log_ == nullptr) {
      queue(connection, {ack.data(), ack.size()});
    } else {
      unlogged_ += packet;
      held_.push_back({.connection = connection.shared_from_this(), .packet = ack});
    }
    if (subscribers_.empty()) return;
    // The same message without its packet identifier.
    message_ = "\x30";
    for (std::size_t length = body.size() - 2;;) {
      message_ += static_cast<char>((length & 0x7FU) | (length > 0x7F ? 0x80U : 0U));
      if ((length >>= 7U) == 0) break;
    }
    message_.append(body.substr(0, topic)).append(body.substr(topic + 2));
    forward(message_);
  }

  void forward(std::string_view packet) {
    for (Connection* subscriber : subscribers_) queue(*subscriber, packet);
  }

  void queue(Connection& connection, std::string_view bytes) {
    connection.out += bytes;
    if (connection.is_queued || connection.is_lost) return;
    connection.is_queued = true;
    unsent_.push_back(&connection);
  }

  void flush(Connection& connection) {
    connection.is_queued = false;
    if (connection.is_lost || connection.out.empty()) return;
    const ssize_t sent =
        ::send(connection.fd, connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return lose(connection);
    connection.out.erase(0, static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
  }

  void lose(Connection& connection) {
    if (!connection.is_lost) ::close(connection.fd);
    connection.is_lost = has_lost_ = true;
  }

  int epoll_;
  bool is_listening_ = false;
  bool has_lost_ = false;  // a connection that is still in the lists
  GroupLog* log_;
  Connection listener_;
  Connection synced_;  // the log's event
  std::string unlogged_;
  std::vector<HeldAck> held_;  // of the messages in unlogged_
  std::vector<std::shared_ptr<Connection>> connections_;
  std::vector<Connection*> subscribers_;
  std::vector<Connection*> unsent_;
  std::string message_;
  std::array<char, std::size_t{64} * 1024> buffer_{};
};

}  // namespace

int main(int count, char** arguments) {
  std::uint16_t port = 0;
  const std::string_view text = count == 2 || count == 3 ? arguments[1] : "";
  std::from_chars(text.data(), text.data() + text.size(), port);
  const auto log = count == 3 ? std::make_unique<GroupLog>(arguments[2]) : nullptr;
  const auto floor = std::make_unique<Floor>(port, log.get());
  if (port == 0 || !floor->is_listening() || (log && !log->is_open())) {
    std::fputs("usage: floor PORT [LOG] (a free port of 127.0.0.1, a file that is made anew)\n",
               stderr);
    return 2;
  }
  if (log) log->start();
  floor->run();
}
