#include "net/listener.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <future>
#include <utility>

#include "base/file_descriptor.h"
#include "base/per_key_limit.h"
#include "net/connection_io.h"

namespace gridloom::net {
namespace {

// Accepting only a few per turn of a busy loop would, in a flood, leave the others in the kernel's
// queue until that is full; then even a legitimate client waits for seconds.
constexpr int kAcceptedAtOnce = 256;
// Connections accepted but not yet started by their loop. Beyond this the kernel keeps them: with a
// busy loop they would otherwise accumulate here until no descriptor is left.
constexpr std::size_t kMaxPending = 512;
static_assert(kMaxPending > Listener::kMaxOverBudget);

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  void close() {
    if (fd_ >= 0) ::close(release());
  }

 private:
  int fd_;
};

// In a flood of connections that come and go at once, most have gone before they are accepted.
bool is_reset(int fd) {
  char byte = 0;
  return ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == ECONNRESET;
}

void set_on(int fd, int level, int option) {
  const int on = 1;
  ::setsockopt(fd, level, option, &on, sizeof(on));
}

std::uint16_t port_of(int fd) {
  SocketAddress address;
  ::getsockname(fd, address.raw(), &address.size);
  // The port is at the same offset for both address families.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port);  // NOLINT
}

}  // namespace

struct Listener::Impl final : IoLoop::Watched, std::enable_shared_from_this<Listener::Impl> {
  Impl(Options given, const std::vector<IoLoop*>& on, FileDescriptor socket)
      : options(std::move(given)),
        loops(on),
        connection_sets(on.size()),
        accepting(std::move(socket)) {
    if (options.budget) number = options.budget->register_listener();
  }

  void on_ready(std::uint32_t /*events*/) override { accept(); }
  void on_turn_end() override {
    turn_end_requested = false;
    accept();
  }

  // At most once a turn, so that closed connections are released as fast as others come.
  void accept_at_turn_end() {
    if (!std::exchange(turn_end_requested, true)) loops.front()->at_turn_end(shared_from_this());
  }

  // Counts an accepted connection until its loop starts or drops it. Accepting resumes when the
  // count falls to half of its maximum.
  class PendingConnection {
   public:
    explicit PendingConnection(std::shared_ptr<Impl> of)
        : PendingConnection(std::move(of), &Impl::pending, kMaxPending) {}
    static PendingConnection over_budget(std::shared_ptr<Impl> of) {
      return {std::move(of), &Impl::over_budget, kMaxOverBudget};
    }
    PendingConnection(PendingConnection&&) noexcept = default;
    PendingConnection(const PendingConnection&) = delete;
    PendingConnection& operator=(const PendingConnection&) = delete;
    PendingConnection& operator=(PendingConnection&&) = delete;
    ~PendingConnection() {
      if (!of_ || (*of_.*count_)-- != most_ / 2) return;
      of_->loops.front()->post([self = std::move(of_)] { self->accept_at_turn_end(); });
    }

   private:
    using Count = std::atomic<std::size_t> Impl::*;
    PendingConnection(std::shared_ptr<Impl> of, Count count, std::size_t most)
        : of_(std::move(of)), count_(count), most_(most) {
      ++(*of_.*count_);
    }

    std::shared_ptr<Impl> of_;
    Count count_;
    std::size_t most_;
  };

  // Runs on the first loop, until no connection waits.
  void accept() {
    for (int i = 0; i < kAcceptedAtOnce && accepting.get() >= 0; ++i) {
      if (pending >= kMaxPending || over_budget >= kMaxOverBudget) return;
      SocketAddress peer;
      Descriptor socket(
          ::accept4(accepting.get(), peer.raw(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (socket.get() >= 0) {
        is_reported = false;
        if (!is_reset(socket.get())) assign(socket, host_of(peer));
        continue;
      }
      if (errno == EAGAIN || errno == EWOULDBLOCK) return;
      // The connection is gone again.
      if (errno == ECONNABORTED || errno == EINTR || errno == EPROTO) continue;
      return pause_accepting(system_message(errno));
    }
    accept_at_turn_end();
  }

  // For example, no descriptors are left. The next sweep tries again, when an unauthenticated
  // connection may have been closed.
  void pause_accepting(std::string_view why) {
    if (!std::exchange(is_reported, true)) {
      spdlog::warn("{}: connections cannot be accepted: {}", bound.text(), why);
    }
    is_paused = true;
    const std::size_t full = fullest();
    loops[full]->post([self = shared_from_this(), full] {
      if (!self->connection_sets[full].close_unauthenticated()) {
        static_cast<void>(self->connection_sets[full].free_spare({}));
      }
    });
  }

  void assign(Descriptor& socket, std::string peer) {
    PerKeyLimit::Permit permit;
    if (const std::size_t most = options.limits.connections_per_address; most > 0) {
      auto taken = permits.take(peer, most);
      if (!taken) return;
      permit = std::move(*taken);
    }
    set_on(socket.get(), IPPROTO_TCP, TCP_NODELAY);
    const std::size_t index = next++ % loops.size();
    const std::size_t open = open_connections();
    // Runs on the loop of the connection set.
    auto begin = [self = shared_from_this(), stream = Stream(socket.release()), peer,
                  permit = std::move(permit), one = PendingConnection(shared_from_this())](
                     std::size_t at, SparePermit spare) mutable {
      self->run(at, std::move(stream), std::move(peer),
                {.address = std::move(permit), .spare = std::move(spare)});
    };
    if (admits(open)) {
      return loops[index]->post([index, begin = std::move(begin)]() mutable { begin(index, {}); });
    }
    const std::size_t full = fullest();
    loops[full]->post([self = shared_from_this(), index, full, from = std::move(peer),
                       begin = std::move(begin),
                       one = PendingConnection::over_budget(shared_from_this())]() mutable {
      if (self->connection_sets[full].close_unauthenticated()) {
        return self->loops[index]->post(
            [index, begin = std::move(begin)]() mutable { begin(index, {}); });
      }
      // A client with a spare permit may be on a slow network: it is closed only if no permit is
      // left. It joins the fullest set, which holds most of the connections of which one may have
      // to be closed once it has authenticated.
      auto permit = self->spare_seats.take({}, kSpareConnections);
      if (!permit) permit = self->connection_sets[full].free_spare(from);
      if (permit) begin(full, std::move(*permit));
    });
  }

  // Whether the limits admit one more connection.
  [[nodiscard]] bool admits(std::size_t open) {
    return open < options.limits.connections &&
           (!options.budget || options.budget->admits(number, open));
  }

  [[nodiscard]] std::size_t fullest() const {
    return static_cast<std::size_t>(
        std::ranges::max_element(connection_sets, {}, &ConnectionSet::size) -
        connection_sets.begin());
  }

  [[nodiscard]] ConnectionIo::Place place(std::size_t index) {
    return {.loop = loops[index], .connections = &connection_sets[index]};
  }
  // `loop` is one of the listener's.
  [[nodiscard]] ConnectionIo::Place place_of(const Loop& loop) {
    return place(static_cast<std::size_t>(std::ranges::find(loops, &loop) - loops.begin()));
  }

  void run(std::size_t index, Stream stream, std::string peer, ConnectionIo::Permits own) {
    if (options.tls && !stream.use_tls(*options.tls, Stream::Side::kServer)) return;
    std::make_shared<ConnectionIo>(std::move(stream), dependencies, place(index), std::move(own))
        ->start(options.make, std::move(peer));
  }

  void sweep(std::size_t index) {
    const TimePoint now = options.clock->now();
    connection_sets[index].each([now](ConnectionIo& connection) { connection.tick(now); });
    if (index != 0) return;
    if (options.budget) options.budget->set_open(number, open_connections());
    if (std::exchange(is_paused, false)) accept();
  }

  [[nodiscard]] std::size_t open_connections() const {
    std::size_t sum = pending;
    for (const ConnectionSet& connections : connection_sets) sum += connections.size();
    return sum;
  }

  Options options;
  const ConnectionIo::Dependencies dependencies{
      .clock = *options.clock,
      .limits = options.limits,
      .unauthenticated_bytes = options.unauthenticated_bytes,
      .overfull = [this] { return !admits(open_connections() - 1); },
      .place_of = [this](const Loop& loop) { return place_of(loop); }};
  std::vector<IoLoop*> loops;
  std::vector<ConnectionSet> connection_sets;  // by loop
  std::size_t number = 0;                      // in the connection budget
  PerKeyLimit permits;                         // by the peer's address
  PerKeyLimit spare_seats;
  std::atomic<std::size_t> pending{0};
  std::atomic<std::size_t> over_budget{0};
  FileDescriptor accepting;  // used on the first loop
  bool is_paused = false;    // this and the next one: on the first loop
  bool is_reported = false;
  bool turn_end_requested = false;  // a turn end has been requested
  Address bound;
  std::size_t next = 0;
};

Listener::Listener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Listener::~Listener() = default;

Result<std::unique_ptr<Listener>> Listener::open(Options options,
                                                 const std::vector<IoLoop*>& loops) {
  const Address address = options.address;
  GL_TRY(auto socket, listen_on(address));
  auto impl = std::make_shared<Impl>(std::move(options), loops, std::move(socket));
  impl->bound = {.host = address.host, .port = port_of(impl->accepting.get())};
  for (std::size_t i = 0; i < loops.size(); ++i) {
    loops[i]->on_sweep([weak = std::weak_ptr(impl), i] {
      if (const auto self = weak.lock()) self->sweep(i);
    });
  }
  return std::unique_ptr<Listener>(new Listener(std::move(impl)));
}

const Address& Listener::bound() const { return impl_->bound; }

void Listener::start() {
  impl_->loops.front()->post([impl = impl_] {
    if (Status watched = impl->loops.front()->watch(impl->accepting.get(), *impl); !watched) {
      spdlog::error("{}: {}", impl->bound.text(), watched.error().detail);
    }
  });
}

void Listener::stop() {
  for (std::size_t i = 0; i < impl_->loops.size(); ++i) {
    std::promise<void> stopped;
    impl_->loops[i]->post([this, i, &stopped] {
      if (i == 0) impl_->accepting = {};
      impl_->connection_sets[i].each([](ConnectionIo& connection) { connection.server_stops(); });
      stopped.set_value();
    });
    stopped.get_future().wait();
  }
}

std::size_t Listener::connections() const { return impl_->open_connections(); }

namespace {

constexpr int kBacklog = 4096;

}  // namespace

Result<FileDescriptor> listen_on(const Address& address) {
  GL_TRY(const auto raw, socket_address(address));
  FileDescriptor socket(
      ::socket(raw.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (socket.is_open()) ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (socket.is_open() && ::bind(socket.get(), raw.raw(), raw.size) == 0 &&
      ::listen(socket.get(), kBacklog) == 0) {
    return socket;
  }
  if (errno == EADDRINUSE) {
    return fail(ErrorCode::kConflict,
                fmt::format("{} is in use by another program", address.text()));
  }
  return fail(ErrorCode::kIo, fmt::format("{}: {}", address.text(), system_message(errno)));
}

}  // namespace gridloom::net
