#include "net/listener.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <functional>
#include <future>
#include <optional>
#include <type_traits>
#include <unordered_set>
#include <utility>

namespace gridloom::net {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<tcp, Executor>;
using TlsStream = asio::ssl::stream<Socket>;
using Error = boost::system::error_code;

constexpr std::size_t kReadBytes = std::size_t{16} * 1024;
constexpr Millis kHandshakeTime{10'000};
constexpr Millis kCloseTime{5'000};

// What the listener knows of a connection, whatever its stream.
class Connection {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;
  virtual void tick(TimePoint now) = 0;
  virtual void server_stops() = 0;
};

// The connections of one loop; touched on that loop only. One that ends during a sweep leaves after
// it.
class Crowd {
 public:
  void enter(std::shared_ptr<Connection> connection) { here_.insert(std::move(connection)); }
  void leave(const std::shared_ptr<Connection>& connection) {
    if (sweeping_) {
      leaving_.push_back(connection);
    } else {
      here_.erase(connection);
    }
  }
  void each(const std::function<void(Connection&)>& what) {
    sweeping_ = true;
    for (const auto& connection : here_) what(*connection);
    sweeping_ = false;
    for (const auto& connection : leaving_) here_.erase(connection);
    leaving_.clear();
  }
  [[nodiscard]] std::size_t size() const { return here_.size(); }

 private:
  std::unordered_set<std::shared_ptr<Connection>> here_;
  std::vector<std::shared_ptr<Connection>> leaving_;
  bool sweeping_ = false;
};

// Moves bytes between a stream and a protocol. An idle plain connection holds no buffer: it waits
// for readiness, then reads into the loop's one buffer.
template <typename Stream>
class Pump final : public Connection, public std::enable_shared_from_this<Pump<Stream>> {
 public:
  Pump(Stream stream, const Listener::Options& options, Crowd& crowd)
      : stream_(std::move(stream)), options_(options), crowd_(crowd) {}

  void start(Loop& loop, std::string peer) {
    crowd_.enter(this->shared_from_this());
    const std::weak_ptr<Pump> weak = this->weak_from_this();
    protocol_ = options_.make({.loop = loop,
                               .wake =
                                   [weak] {
                                     if (const auto self = weak.lock()) self->move_on();
                                   },
                               .secure = kSecure,
                               .peer = std::move(peer)});
    if constexpr (kSecure) {
      deadline_ = options_.clock->now() + kHandshakeTime;
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = this->shared_from_this()](const Error& error) {
                                if (error) return self->close();
                                self->deadline_.reset();
                                self->read();
                              });
    } else {
      read();
    }
  }

  void tick(TimePoint now) override {
    // Shaking hands, or saying goodbye: nothing else may use the stream.
    if (deadline_) {
      if (now >= *deadline_) close();
      return;
    }
    if (closing_) return;
    protocol_->tick(now);
    move_on();
  }

  void server_stops() override {
    if (deadline_) return close();
    if (closing_) return;
    protocol_->server_stops();
    move_on();
  }

 private:
  static constexpr bool kSecure = std::is_same_v<Stream, TlsStream>;

  Socket& socket() {
    if constexpr (kSecure) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  void read() {
    if (reading_ || closing_ || said_all_ || !protocol_->wants_input()) return;
    reading_ = true;
    auto self = this->shared_from_this();
    if constexpr (kSecure) {
      stream_.async_read_some(asio::buffer(buffer_), [self](const Error& error, std::size_t size) {
        self->reading_ = false;
        if (error) return self->close();
        self->take(std::string_view(self->buffer_.data(), size));
      });
    } else {
      stream_.async_wait(Socket::wait_read, [self](const Error& error) {
        self->reading_ = false;
        if (error) return self->close();
        self->read_now();
      });
    }
  }

  void read_now() {
    thread_local std::array<char, 4 * kReadBytes> shared;
    Error error;
    const std::size_t size = stream_.read_some(asio::buffer(shared), error);
    if (error == asio::error::would_block) return read();
    if (error == asio::error::eof) return said_all();
    if (error) return close();
    take(std::string_view(shared.data(), size));
  }

  // The peer sends no more. What it asked for is still sent; then nothing keeps the connection.
  void said_all() {
    said_all_ = true;
    move_on();
  }

  void take(std::string_view bytes) {
    if (closing_) return;
    protocol_->receive(bytes, options_.clock->now());
    move_on();
  }

  void move_on() {
    if (closing_) return;
    protocol_->take_output(unsent_);
    if (unsent_.size() > options_.limits.unsent_bytes) {
      spdlog::info("a connection did not take its {} bytes: closed", unsent_.size());
      return close();
    }
    write();
    if (!writing_ && unsent_.empty()) {
      if (protocol_->finished()) return end();
      if (said_all_ && protocol_->wants_input()) return close();
    }
    read();
  }

  void write() {
    if (writing_ || unsent_.empty()) return;
    if constexpr (!kSecure) {
      // Most answers fit the socket's buffer: no operation is started for them.
      Error error;
      const std::size_t sent = stream_.write_some(asio::buffer(unsent_), error);
      if (error && error != asio::error::would_block) return close();
      unsent_.erase(0, sent);
      if (unsent_.empty()) return release_if_large(unsent_);
    }
    writing_ = true;
    sending_.swap(unsent_);
    asio::async_write(stream_, asio::buffer(sending_),
                      [self = this->shared_from_this()](const Error& error, std::size_t) {
                        self->writing_ = false;
                        self->sending_.clear();
                        release_if_large(self->sending_);
                        if (error) return self->close();
                        self->move_on();
                      });
  }

  static void release_if_large(std::string& text) {
    if (text.capacity() > 4 * 1024) std::string().swap(text);
  }

  // Says goodbye in TLS; the peer may not answer, so it has a deadline.
  void end() {
    if constexpr (kSecure) {
      if (deadline_) return;
      deadline_ = options_.clock->now() + kCloseTime;
      stream_.async_shutdown([self = this->shared_from_this()](const Error&) { self->close(); });
    } else {
      Error ignored;
      socket().shutdown(tcp::socket::shutdown_send, ignored);
      close();
    }
  }

  void close() {
    if (std::exchange(closing_, true)) return;
    Error ignored;
    socket().close(ignored);
    protocol_->lost();
    crowd_.leave(this->shared_from_this());
  }

  Stream stream_;
  const Listener::Options& options_;
  Crowd& crowd_;
  std::shared_ptr<Protocol> protocol_;
  std::string unsent_;
  std::string sending_;
  std::optional<TimePoint> deadline_;
  bool reading_ = false;
  bool writing_ = false;
  bool closing_ = false;
  bool said_all_ = false;
  struct None {};
  [[no_unique_address]] std::conditional_t<kSecure, std::array<char, kReadBytes>, None> buffer_;
};

}  // namespace

bool Address::loopback() const { return host.starts_with("127.") || host == "::1"; }

std::string Address::text() const {
  return host.contains(':') ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<Address> parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  const auto wrong = [&](std::string_view why) {
    return fail(FaultKind::kBadParams,
                fmt::format("\"{}\" is no address: {}; ADDR:PORT is wanted, as 127.0.0.1:8080 or "
                            "[::1]:0 (port 0 takes any free one)",
                            text, why));
  };
  if (colon == std::string_view::npos) return wrong("it has no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  Address address{.host = std::string(host == "localhost" ? "127.0.0.1" : host)};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc{} || end != port.data() + port.size() || port.empty()) {
    return wrong("the port is 0 to 65535");
  }
  Error bad;
  asio::ip::make_address(address.host, bad);
  if (bad) return wrong("it must be an IPv4 or IPv6 address, or localhost");
  return address;
}

struct Listener::Impl : std::enable_shared_from_this<Listener::Impl> {
  Impl(Options given, const std::vector<IoLoop*>& on)
      : options(std::move(given)), loops(on), crowds(on.size()), acceptor(on.front()->context()) {}

  void accept() {
    IoLoop& loop = *loops[next % loops.size()];
    acceptor.async_accept(loop.context().get_executor(),
                          [self = shared_from_this(), index = next % loops.size()](
                              const Error& error, Socket socket) {
                            if (error == asio::error::operation_aborted) return;
                            if (!error) self->hand_over(index, std::move(socket));
                            if (error) spdlog::warn("accept: {}", error.message());
                            self->accept();
                          });
    ++next;
  }

  void hand_over(std::size_t index, Socket socket) {
    if (open_connections() >= options.limits.connections) return;
    loops[index]->post([self = shared_from_this(), index, socket = std::move(socket)]() mutable {
      self->run(index, std::move(socket));
    });
  }

  void run(std::size_t index, Socket socket) {
    Error ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    socket.non_blocking(true, ignored);
    const auto endpoint = socket.remote_endpoint(ignored);
    std::string peer = ignored ? "" : endpoint.address().to_string();
    Crowd& crowd = crowds[index];
    if (options.tls) {
      std::make_shared<Pump<TlsStream>>(TlsStream(std::move(socket), *options.tls), options, crowd)
          ->start(*loops[index], std::move(peer));
    } else {
      std::make_shared<Pump<Socket>>(std::move(socket), options, crowd)
          ->start(*loops[index], std::move(peer));
    }
    count(index);
  }

  void sweep(std::size_t index) {
    const TimePoint now = options.clock->now();
    crowds[index].each([now](Connection& connection) { connection.tick(now); });
    count(index);
  }

  void count(std::size_t index) {
    counts[index].store(crowds[index].size(), std::memory_order_relaxed);
  }
  [[nodiscard]] std::size_t open_connections() const {
    std::size_t sum = 0;
    for (std::size_t i = 0; i < loops.size(); ++i) sum += counts[i].load(std::memory_order_relaxed);
    return sum;
  }

  Options options;
  std::vector<IoLoop*> loops;
  std::vector<Crowd> crowds;  // by loop
  std::array<std::atomic<std::size_t>, 256> counts{};
  asio::basic_socket_acceptor<tcp, Executor> acceptor;
  Address bound;
  std::size_t next = 0;
};

Listener::Listener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Listener::~Listener() = default;

Result<std::unique_ptr<Listener>> Listener::open(Options options,
                                                 const std::vector<IoLoop*>& loops) {
  const Address address = options.address;
  auto impl = std::make_shared<Impl>(std::move(options), loops);
  const tcp::endpoint endpoint(asio::ip::make_address(address.host), address.port);
  Error error;
  impl->acceptor.open(endpoint.protocol(), error);
  if (!error) impl->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) impl->acceptor.bind(endpoint, error);
  if (!error) impl->acceptor.listen(4096, error);
  if (error == asio::error::address_in_use) {
    return fail(FaultKind::kConflict,
                fmt::format("{} is taken by another program", address.text()));
  }
  if (error) return fail(FaultKind::kIo, fmt::format("{}: {}", address.text(), error.message()));
  impl->bound = {.host = address.host, .port = impl->acceptor.local_endpoint().port()};
  for (std::size_t i = 0; i < loops.size(); ++i) {
    loops[i]->on_sweep([weak = std::weak_ptr(impl), i] {
      if (const auto self = weak.lock()) self->sweep(i);
    });
  }
  return std::unique_ptr<Listener>(new Listener(std::move(impl)));
}

const Address& Listener::bound() const { return impl_->bound; }

void Listener::start() {
  impl_->loops.front()->post([impl = impl_] { impl->accept(); });
}

void Listener::stop() {
  for (std::size_t i = 0; i < impl_->loops.size(); ++i) {
    std::promise<void> told;
    impl_->loops[i]->post([this, i, &told] {
      Error ignored;
      if (i == 0) impl_->acceptor.close(ignored);
      impl_->crowds[i].each([](Connection& connection) { connection.server_stops(); });
      told.set_value();
    });
    told.get_future().wait();
  }
}

std::size_t Listener::connections() const { return impl_->open_connections(); }

}  // namespace gridloom::net
